"""The reading panel: what is measured of an item's words."""
