"""Metrics: each with a written definition, over whole arrays, one value for each user or item."""
