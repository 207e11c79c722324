"""Siamese networks: pairs, towers, losses and mining, and the settings that put them together."""
