"""Affinity: how well an item suits a user, told from content alone and learned by ranking items as if cold."""
