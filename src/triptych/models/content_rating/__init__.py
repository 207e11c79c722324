"""Content rating: what a user would give an item, told from their own ratings of items that are like it in content."""
