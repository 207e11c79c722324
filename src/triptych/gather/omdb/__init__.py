"""What OMDb knows of films: asked politely, kept on disk, joined to the items of a catalogue."""
