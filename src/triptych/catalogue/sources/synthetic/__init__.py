"""Synthetic: trailer-like clips, items and users whose truth is known.

Each item draws its look, its sound and its plot independently, and each user weighs the three differently: every
panel alone is wrong for some items, and the truth says for which.

- :func:`make_world` makes a folder of clips and tables.
- :func:`make_clip` makes one more title, as if it arrived later.
- :class:`Synthetic` and :class:`Late` add them to a catalogue as any other source.
- :func:`draw_world` draws items, users, ratings and truth without painting anything.
"""

from __future__ import annotations

from triptych.catalogue.sources.synthetic.make import Arrival, make_clip, make_world
from triptych.catalogue.sources.synthetic.source import Late, Synthetic
from triptych.catalogue.sources.synthetic.timeline import Part
from triptych.catalogue.sources.synthetic.world import Settings, Truth, World, draw_item, draw_world, utility

__all__ = [
    "Arrival",
    "Late",
    "Part",
    "Settings",
    "Synthetic",
    "Truth",
    "World",
    "draw_item",
    "draw_world",
    "make_clip",
    "make_world",
    "utility",
]
