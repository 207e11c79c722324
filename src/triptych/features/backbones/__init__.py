"""Backbones: published networks that look at pictures, their weights, and how pictures are made ready for them."""
