"""Painted clips for the benchmark of what is left out around a film."""
