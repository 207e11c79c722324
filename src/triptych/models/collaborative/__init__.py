"""Collaborative: ratings told from other ratings alone."""
