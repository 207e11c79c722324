"""What is in a catalogue, what of it is kept, and why: duplicates, cleaning, accounts."""
