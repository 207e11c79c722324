"""Sources: where items, clips and interactions come from."""
