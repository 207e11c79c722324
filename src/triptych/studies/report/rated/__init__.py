"""Rated: what a report shows of rows that predict ratings: folds, costs, curves, and protocols side by side."""
