"""Rising: shares added up, the greatest first, from nothing to all; where they bend, and reach a threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from triptych.drawing.axis import Axis, fitted, whole_share
from triptych.drawing.chart import FOOT
from triptych.drawing.stroke import Drawing, foot_line, grid, text


@dataclass(frozen=True, kw_only=True)
class Rise:
    """``shares``: of the first, the first two, …, up to 1. ``bend``: how many stand before the curve's elbow; 0 for
    none. ``words`` stand in the corner that such a curve leaves free, with ``name``."""

    tone: str
    name: str
    shares: Sequence[float]
    bend: int = 0
    words: str = ""


def rising(
    width: float, *, rises: Sequence[Rise], thresholds: Sequence[float] = (), below: str = "", height: float = 250
) -> Drawing:
    """``thresholds``: shares at which a line lies across, with a dot where each curve reaches it."""
    y = Axis(low=0, high=1, start=height, end=10)
    left = 46.0
    x = Axis(low=0, high=1, start=left, end=width - 8)
    parts = grid(y, left, width, whole_share)
    parts.append(f'<line class="leader" x1="{x(0):.1f}" y1="{y(0):.1f}" x2="{x(1):.1f}" y2="{y(1):.1f}"/>')
    for share in thresholds:
        at = y(share)
        parts.append(f'<line class="mark" x1="{left}" x2="{width:.1f}" y1="{at:.1f}" y2="{at:.1f}"/>')
        parts.append(text(width - 4, at - 5, whole_share(share), "end", quiet=True))
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        last = tick == 1
        parts.append(
            text(width if last else x(tick), height + FOOT, whole_share(tick), "end" if last else "middle", quiet=True)
        )
    for one in rises:
        parts.append(_drawn(one, x, y, thresholds))
    foot = height - 14 - 30 * (len(rises) - 1)
    for k, one in enumerate(rises):
        at, start = foot + 30 * k, x(0.42 if width > 420 else 0.3)
        parts.append(f'<circle class="fill-{one.tone}" cx="{start:.1f}" cy="{at - 17:.1f}" r="4"/>')
        parts.append(text(start + 10, at - 13, fitted(one.name, width - start - 14), "start"))
        parts.append(text(start + 10, at + 1, fitted(one.words, width - start - 12), "start", quiet=True))
    parts.append(foot_line(left, width, height))
    if below:
        parts.append(text((left + width) / 2, height + FOOT + 19, below, "middle", quiet=True))
    return Drawing(width=width, height=height + FOOT + (27 if below else 8), body="".join(parts))


def _drawn(one: Rise, x: Axis, y: Axis, thresholds: Sequence[float]) -> str:
    count = len(one.shares)
    points = [(0.0, 0.0), *(((k + 1) / count, share) for k, share in enumerate(one.shares))]
    path = " ".join(f"{'L' if k else 'M'}{x(a):.1f} {y(b):.1f}" for k, (a, b) in enumerate(_thinned(points)))
    parts = [f'<path class="line line-{one.tone}" d="{path}"><title>{escape(one.name)}</title></path>']
    for share in thresholds:
        reached = next((k for k, found in enumerate(one.shares) if found >= share - 1e-9), None)
        if reached is not None:
            place = f'cx="{x((reached + 1) / count):.1f}" cy="{y(one.shares[reached]):.1f}"'
            told = f"{one.name}: {reached + 1:,} of {count:,} reach {whole_share(share)}"
            parts.append(f'<circle class="hollow line-{one.tone}" {place} r="3"><title>{escape(told)}</title></circle>')
    if 0 < one.bend <= count:
        place = f'cx="{x(one.bend / count):.1f}" cy="{y(one.shares[one.bend - 1]):.1f}"'
        told = f"{one.name}: the elbow, after {one.bend:,} of {count:,}"
        parts.append(f'<circle class="fill-{one.tone} halo" {place} r="5"><title>{escape(told)}</title></circle>')
    return "".join(parts)


def _thinned(points: Sequence[tuple[float, float]], most: int = 300) -> list[tuple[float, float]]:
    """Of very many points as many as are seen, the ends among them."""
    every = -(-len(points) // most)
    return [*points[:-1:every], points[-1]]
