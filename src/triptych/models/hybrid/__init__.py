"""Hybrid: one model of what is collaborative and what is content, for items with a history and without."""
