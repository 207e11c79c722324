"""Span: a number with its interval, as a dot on a line; many of them below each other, on one axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from triptych.drawing.axis import Axis, Says, count_text, fitted, tidy_step, width_of
from triptych.drawing.chart import FOOT, ROW
from triptych.drawing.stroke import Drawing, foot_line, name_before, room_for, text


@dataclass(frozen=True, kw_only=True)
class Span:
    """``low`` … ``high`` around ``value``. ``words`` stand behind it, ``told`` is what it says when pointed at.

    ``hollow``: a ring instead of a dot. ``band``: on a shaded row, for what is there to compare with.
    """

    name: str
    value: float
    low: float
    high: float
    tone: str
    words: str
    told: str = ""
    hollow: bool = False
    band: bool = False


def spans(
    width: float,
    *,
    spans: Sequence[Span],
    says: Says = count_text,
    rule: float | None = None,
    sides: tuple[str, str] | None = None,
    begin: float | None = None,
    below: str = "",
) -> Drawing:
    """``rule``: where an upright line stands that all are to be compared with; ``sides``: what lies to its left and
    right, written above. ``begin``: where the axis begins, at the least of all unless told."""
    ends = [end for one in spans for end in (one.low, one.high, one.value)]
    ends += [one for one in (rule, begin) if one is not None]
    low, high = min(ends, default=0.0), max(ends, default=1.0)
    if high <= low:
        low, high = low - 0.5 * (abs(low) or 1), high + 0.5 * (abs(high) or 1)
    margin = (high - low) * 0.04
    low, high = (low if begin is not None and low >= begin else low - margin), high + margin
    left = room_for([one.name for one in spans], width)
    words = [fitted(one.words, width / 4) for one in spans]
    right = width - max(map(width_of, words), default=0) - 12
    x = Axis(low=low, high=high, start=left, end=right)
    top = ROW if sides else 6
    foot = top + len(spans) * ROW
    parts = [
        f'<rect class="zone" x="0" y="{top + k * ROW:.1f}" width="{width:.1f}" height="{ROW}"/>'
        for k, one in enumerate(spans)
        if one.band
    ]
    for at, told in _ticks(x, says, right - left):
        parts.append(f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{top}" y2="{foot}"/>')
        parts.append(text(at, foot + FOOT, told, "middle", quiet=True))
    parts.append(foot_line(left, right, foot))
    if rule is not None:
        parts.append(f'<line class="mark" x1="{x(rule):.1f}" x2="{x(rule):.1f}" y1="{top - 4}" y2="{foot}"/>')
    if sides and rule is not None:
        for side, anchor, room in ((0, "end", x(rule) - 8), (1, "start", width - x(rule) - 8)):
            told = fitted(sides[side], max(room - 20, 0))
            # Words that do not fit at all are no words: an arrow is left out with them.
            if room > 60:
                arrow = f"← {told}" if side == 0 else f"{told} →"
                parts.append(text(x(rule) + (8 if side else -8), 13, arrow, anchor, quiet=True))
    for k, one in enumerate(spans):
        at = top + k * ROW
        parts.append(name_before(one.name, left, at))
        parts.append(_drawn(one, x, at + 12))
        parts.append(text(right + 10, at + 16, words[k], "start", quiet=True))
    if below:
        parts.append(text((left + right) / 2, foot + FOOT + 19, below, "middle", quiet=True))
    return Drawing(width=width, height=foot + FOOT + (27 if below else 8), body="".join(parts))


def _drawn(one: Span, x: Axis, y: float) -> str:
    kind = f"hollow line-{one.tone}" if one.hollow else f"fill-{one.tone}"
    told = escape(one.told or f"{one.name}: {one.words}")
    return (
        f'<line class="line line-{one.tone}" x1="{x(one.low):.1f}" x2="{x(one.high):.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<circle class="{kind}" cx="{x(one.value):.1f}" cy="{y:.1f}" r="5"><title>{told}</title></circle>'
    )


def _ticks(x: Axis, says: Says, room: float) -> list[tuple[float, str]]:
    """As many as stand without touching, and at least the one in the middle of them."""
    for count in (6, 4, 3, 2):
        step = tidy_step(x.high - x.low, count)
        ticks = [(x(tick), says(tick)) for tick in x.ticks(count)]
        if ticks and room * step / (x.high - x.low) > max(width_of(told) for _, told in ticks) + 10:
            return ticks
    ticks = x.ticks(2)
    middle = ticks[len(ticks) // 2] if ticks else x.low
    return [(x(middle), says(middle))]
