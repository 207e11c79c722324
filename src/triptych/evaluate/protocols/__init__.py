"""Protocols: what is asked of a list or a model, of whom, and how the answers are averaged."""
