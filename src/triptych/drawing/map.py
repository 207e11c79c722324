"""Map: very many things as dots in a plane, coloured by group, with names of groups and of a few things."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from statistics import median

from triptych.drawing.axis import Axis, fitted, width_of
from triptych.drawing.fan import PITCH, spread
from triptych.drawing.stroke import Drawing

#: Colours that tell groups apart and mean no panel, by day and by night; so many groups have one.
HUES = ("blue", "orange", "green", "violet", "gold", "rose")
_OF_EACH = ".dots.{0} {{ stroke: var(--{0}); }} .of-{0} {{ fill: var(--{0}); background: var(--{0}); }}\n"
STYLE = """
:root { --blue: #2a6bb0; --orange: #c9570c; --green: #1f8560; --violet: #7350a8; --gold: #96750a; --rose: #bb3f79; }
@media (prefers-color-scheme: dark) { :root { --blue: #6fb0ec; --orange: #f79256; --green: #5fcfa4; --violet: #b79bea;
  --gold: #dcbd4e; --rose: #f08bb8; } }
svg .called { paint-order: stroke; stroke: var(--paper); stroke-width: 3.5px; stroke-linejoin: round; }
""" + "".join(map(_OF_EACH.format, HUES))


@dataclass(frozen=True, kw_only=True)
class Group:
    """``hue`` is one of :data:`HUES`, or "" for what is only background and has no name in the picture."""

    hue: str
    name: str
    points: Sequence[tuple[float, float]]


def dots(
    width: float, *, groups: Sequence[Group], pins: Sequence[tuple[float, float, str]] = (), tall: float = 0.86
) -> Drawing:
    """Both axes have one scale: distances are what is to be seen. Without numbers, for only distances mean anything.

    ``pins``: x, y and a name, each a ring. A group's name stands about the median of its dots.
    """
    xs = [x for one in groups for x, _ in one.points] or [0.0]
    ys = [y for one in groups for _, y in one.points] or [0.0]
    height = width * tall
    room = 10.0
    scale = min((width - 2 * room) / ((max(xs) - min(xs)) or 1), (height - 2 * room) / ((max(ys) - min(ys)) or 1))
    middle = ((max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2)
    reach = width / 2 / scale, height / 2 / scale
    x = Axis(low=middle[0] - reach[0], high=middle[0] + reach[0], start=0, end=width)
    y = Axis(low=middle[1] - reach[1], high=middle[1] + reach[1], start=height, end=0)
    size = 4.5 if len(xs) < 400 else 3.2 if len(xs) < 1500 else 2.2
    parts = [f'<rect class="zone" x="0" y="0" width="{width:.0f}" height="{height:.0f}" rx="4"/>']
    for one in sorted(groups, key=lambda one: bool(one.hue)):
        # A dot is a line of no length with a round end: ten letters each, and there are thousands.
        path = "".join(f"M{x(a):.1f} {y(b):.1f}h0" for a, b in one.points)
        if path:
            told = f"<title>{escape(one.name)}: {len(one.points):,}</title>"
            parts.append(f'<path class="dots {one.hue or "line-soft"}" stroke-width="{size}" d="{path}">{told}</path>')
    named = [one for one in groups if one.hue and one.points]
    places = [(x(median(a for a, _ in one.points)), y(median(b for _, b in one.points))) for one in named]
    heights = spread([at for _, at in places], PITCH, 14, height - 8)
    for one, (across, _), at in zip(named, places, heights, strict=True):
        parts.append(_name(across, at + 4, one.name, width, f"called of-{one.hue}"))
    sides = spread([y(b) for _, b, _ in pins], PITCH, 10, height - 6)
    for (a, b, name), at in zip(pins, sides, strict=True):
        short = fitted(name, width * 0.45)
        # To the right of its ring, unless there is no room.
        off, anchor = (8, "start") if x(a) + 10 + width_of(short) < width else (-8, "end")
        parts.append(
            f'<circle class="hollow line-ink" cx="{x(a):.1f}" cy="{y(b):.1f}" r="4"><title>{escape(name)}</title>'
            f'</circle><text class="called" x="{x(a) + off:.1f}" y="{at + 4:.1f}" text-anchor="{anchor}">'
            f"{escape(short)}</text>"
        )
    return Drawing(width=width, height=height, body="".join(parts))


def _name(across: float, at: float, name: str, width: float, kind: str) -> str:
    half = width_of(name) / 2
    place = min(max(across, half + 6), width - half - 6)
    return f'<text class="{kind}" x="{place:.1f}" y="{at:.1f}" text-anchor="middle">{escape(name)}</text>'
