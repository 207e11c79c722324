"""Fusion: many features become one space."""
