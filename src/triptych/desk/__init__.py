"""Desk: what answers: fitted models on disk, and a warm one that is asked, explained and brought up to date."""
