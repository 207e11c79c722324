"""Formats of other programs, each read and written in one room."""
