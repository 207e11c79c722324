"""Features: what extractors measure of an item, and where it is kept."""
