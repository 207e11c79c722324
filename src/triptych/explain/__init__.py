"""Explain: why an item is recommended, or like another, as data, as a sentence and as a picture."""
