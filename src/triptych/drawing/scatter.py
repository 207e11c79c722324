"""Scatter: two numbers of each thing as a dot, in the colour of its group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from triptych.drawing.axis import Axis, Says, count_text, fitted, width_of
from triptych.drawing.chart import FOOT
from triptych.drawing.fan import PITCH, spread
from triptych.drawing.stroke import Drawing, foot_line, grid, text


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """``points``: x, y, and what the dot is called. A cloud of the tone soft is pale, for what is only background."""

    tone: str
    name: str
    points: Sequence[tuple[float, float, str]]


def scatter(
    width: float,
    *,
    clouds: Sequence[Cloud],
    across: str,
    up: str,
    x_says: Says = count_text,
    y_says: Says = count_text,
    log_y: bool = False,
    zero: bool = True,
    bare: bool = False,
    named: bool = False,
    height: float = 300,
) -> Drawing:
    """Later clouds lie over earlier ones. ``across`` and ``up`` name the axes. A logarithmic axis spans three powers
    of ten at most: what is less lies at its foot. ``zero``: whether the others begin at 0; ``bare``: dots say
    nothing, as there are very many. ``named``: each cloud is one dot, and is called beside it."""
    xs = [x for cloud in clouds for x, _, _ in cloud.points] or [0.0]
    ys = [y for cloud in clouds for _, y, _ in cloud.points] or [0.0]
    # Of a few dots the axis spans a power of ten at least, or what hardly differs would seem to.
    y = (
        _powers([*ys, max(ys) / 10] if named else ys, height, 30)
        if log_y
        else _axis(min(ys), max(ys), height, 30, zero=zero)
    )
    left = 8 + max(width_of(y_says(tick)) for tick in y.ticks())
    x = _axis(min(xs), max(xs), left + 6, width - 10, zero=zero)
    parts = [text(0, 12, up, "start", quiet=True), *grid(y, left, width, y_says)]
    taken = -1e9
    for tick in x.ticks(5):
        words = x_says(tick)
        half = width_of(words) / 2
        if x(tick) - half > taken:
            parts.append(text(min(x(tick), width - half), height + FOOT, words, "middle", quiet=True))
            taken = x(tick) + half + 8
    parts.append(foot_line(left, width, height))
    parts.append(text((left + width) / 2, height + FOOT + 19, across, "middle", quiet=True))
    for cloud in clouds:
        pale = cloud.tone == "soft"
        if bare:
            # A line of no length with a round end is a dot of ten letters.
            path = "".join(f"M{x(a):.1f} {y(b):.1f}h0" for a, b, _ in cloud.points)
            told = f"<title>{escape(cloud.name)}: {len(cloud.points):,}</title>"
            parts.append(
                f'<path class="dots line-{cloud.tone}" stroke-width="{3 if pale else 4}" d="{path}">{told}</path>'
            )
            continue
        # What all dots of a cloud share is said once: there may be thousands.
        parts.append(f'<g class="fill-{cloud.tone}" fill-opacity="{0.45 if pale and not named else 0.85}">')
        size = 4 if named else 2 if pale else 3
        parts += [
            f'<circle cx="{x(a):.1f}" cy="{y(b):.1f}" r="{size}"><title>{escape(told)}</title></circle>'
            for a, b, told in cloud.points
        ]
        parts.append("</g>")
    if named:
        parts += _called(
            [(x(one.points[0][0]), y(one.points[0][1]), one) for one in clouds if one.points], width, height
        )
    return Drawing(width=width, height=height + FOOT + 27, body="".join(parts))


def _called(dots: Sequence[tuple[float, float, Cloud]], width: float, height: float) -> list[str]:
    """Names to the right of their dots, unless there is no room, moved up or down so that none lies on another."""
    parts: list[str] = []
    for (across, up, one), at in zip(dots, spread([up for _, up, _ in dots], PITCH, 24, height - 6), strict=True):
        short = fitted(one.name, width * 0.4)
        right = across + 9 + width_of(short) < width
        end = across + (6 if right else -6)
        if abs(at - up) > 3:
            parts.append(f'<line class="leader" x1="{across:.1f}" x2="{end:.1f}" y1="{up:.1f}" y2="{at:.1f}"/>')
        kind = "quiet" if one.tone == "soft" else ""
        parts.append(text(end + (3 if right else -3), at + 4, short, "start" if right else "end", kind=kind))
    return parts


def _powers(values: Sequence[float], start: float, end: float) -> Axis:
    high = max(*values, 1e-300)
    low = max(min((value for value in values if value > 0), default=high), high / 1000)
    return Axis(low=low if low < high else high / 10, high=high * 1.1, start=start, end=end, log=True)


def _axis(low: float, high: float, start: float, end: float, *, zero: bool) -> Axis:
    """From 0 unless there is less; with some air above."""
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    air = (high - low) * 0.04 or 1.0
    return Axis(low=low if low == 0 else low - air, high=high + air, start=start, end=end)
