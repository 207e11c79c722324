"""Learned: what a report shows of rows that were trained: how they learned, and where they place items."""
