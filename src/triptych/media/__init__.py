"""Media: what is decoded from a clip. It knows paths, never items."""
