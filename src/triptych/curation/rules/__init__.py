"""Rules: what is taken out of a catalogue for a purpose, each rule a few settings and one function."""
