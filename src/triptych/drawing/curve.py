"""Curve: shares against shares, as lines in a square whose diagonal is what chance, or honesty, would have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from triptych.drawing.axis import Axis, fitted, whole_share, width_of
from triptych.drawing.chart import FOOT
from triptych.drawing.stroke import Drawing, foot_line, grid, text

#: [px] of a side at most, and what is left beside it for names at least.
SIDE, BESIDE = 300.0, 200.0
#: [px] from one name to the next.
PITCH = 19.0
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, kw_only=True)
class Trace:
    """``points``: from 0 to 1 both ways. ``words`` stand behind the name; with ``dots`` each point is one, and says
    where it lies."""

    tone: str
    name: str
    points: Sequence[tuple[float, float]]
    words: str = ""
    dashed: bool = False
    dots: bool = False


def square(width: float, *, traces: Sequence[Trace], across: str, up: str, diagonal: str = "") -> Drawing:
    """Names stand beside the square in the order of ``traces``, or under it where the page is narrow. ``diagonal``:
    what is written along it."""
    left, top = 46.0, 22.0
    beside = width - BESIDE - left > 240
    side = min(width - left - (BESIDE if beside else 16), SIDE)
    x = Axis(low=0, high=1, start=left, end=left + side)
    y = Axis(low=0, high=1, start=top + side, end=top)
    parts = [text(0, 11, up, "start", quiet=True), *grid(y, left, x.end, whole_share)]
    parts += [text(x(tick), y.start + FOOT, whole_share(tick), "middle", quiet=True) for tick in _TICKS]
    parts.append(foot_line(left, x.end, y.start))
    parts.append(text((x.start + x.end) / 2, y.start + FOOT + 19, across, "middle", quiet=True))
    parts.append(f'<line class="mark" x1="{x(0):.1f}" y1="{y(0):.1f}" x2="{x(1):.1f}" y2="{y(1):.1f}"/>')
    if diagonal:
        at = f"{x(0.72):.1f} {y(0.72):.1f}"
        parts.append(
            f'<text class="quiet" x="{x(0.72):.1f}" y="{y(0.72) + 14:.1f}" text-anchor="middle" '
            f'transform="rotate(-45 {at})">{escape(diagonal)}</text>'
        )
    parts += [_drawn(one, x, y) for one in traces]
    start, first = (x.end + 26, top + 10) if beside else (left, y.start + FOOT + 44)
    room = width - start - 20
    for k, one in enumerate(traces):
        parts.append(_named(one, start, first + k * PITCH, room))
    foot = y.start + FOOT + 27
    high = max(foot, first + len(traces) * PITCH - 6) if traces else foot
    return Drawing(width=width, height=high, body="".join(parts))


def _drawn(one: Trace, x: Axis, y: Axis) -> str:
    path = " ".join(f"{'L' if k else 'M'}{x(a):.1f} {y(b):.1f}" for k, (a, b) in enumerate(one.points))
    kind = f"line line-{one.tone}{' dashed' if one.dashed else ''}{' thin' if one.tone == 'soft' else ''}"
    line = f'<path class="{kind}" d="{path}"><title>{escape(one.name)}</title></path>' if one.points else ""
    if not one.dots:
        return line
    return line + "".join(
        f'<circle class="fill-{one.tone}" cx="{x(a):.1f}" cy="{y(b):.1f}" r="3">'
        f"<title>{escape(one.name)}, {whole_share(a)}: {b * 100:.1f} %</title></circle>"
        for a, b in one.points
    )


def _named(one: Trace, start: float, at: float, room: float) -> str:
    kind = f"line line-{one.tone}{' dashed' if one.dashed else ''}{' thin' if one.tone == 'soft' else ''}"
    words = f" {one.words}" if one.words else ""
    short = fitted(one.name, max(room - width_of(words), 40))
    whole = f"<title>{escape(one.name)}</title>" if short != one.name else ""
    behind = f'<tspan class="quiet">{escape(words)}</tspan>' if words else ""
    return (
        f'<line class="{kind}" x1="{start:.1f}" x2="{start + 16:.1f}" y1="{at:.1f}" y2="{at:.1f}"/>'
        f'<text x="{start + 22:.1f}" y="{at + 4:.1f}">{escape(short)}{behind}{whole}</text>'
    )
