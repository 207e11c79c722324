"""Spaces: item ids with a matrix, searchable panel by panel."""
