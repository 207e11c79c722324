"""Band: how numbers are spread at each place of an axis: percentiles about their median, and the mean across them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from triptych.drawing.axis import Axis, Says, count_text, fitted, thinned, width_of
from triptych.drawing.chart import FOOT
from triptych.drawing.fan import PITCH, spread
from triptych.drawing.stroke import Drawing, foot_line, grid, text
from triptych.drawing.track import tidy_ends

#: [px] of the names at the right end, at most this share of the width.
TAIL = 0.3


@dataclass(frozen=True, kw_only=True)
class Band:
    """``levels``: name and values at ``xs``, from the highest percentile to the lowest, so that the first and the last
    bound the outermost band and the one in the middle is the median. ``mean``: at ``xs``, too; () for none.
    ``marks``: x, y and what a ring there says."""

    tone: str
    xs: Sequence[float]
    levels: Sequence[tuple[str, Sequence[float]]]
    mean: Sequence[float] = ()
    marks: Sequence[tuple[float, float, str]] = ()


def band(
    width: float,
    *,
    band: Band,
    x_says: Says = count_text,
    y_says: Says = count_text,
    across: str = "",
    log_x: bool = False,
    height: float = 230,
) -> Drawing:
    """Each level is named where it ends; inner bands are deeper, as the outer lie beneath them."""
    named = [*band.levels, *([("mean", band.mean)] if band.mean else [])]
    height = max(height, len(named) * PITCH + 24)
    every = [value for _, values in named for value in values] + [y for _, y, _ in band.marks]
    low, high = tidy_ends(min(every, default=0.0), max(every, default=1.0))
    y = Axis(low=low, high=high, start=height, end=12)
    left = 8 + max(width_of(y_says(tick)) for tick in y.ticks())
    tail = min(max((width_of(name) for name, _ in named), default=0) + 22, width * TAIL)
    x = Axis(low=min(band.xs, default=0), high=max(band.xs, default=1), start=left + 4, end=width - tail, log=log_x)
    parts = [*grid(y, left, width - tail + 4, y_says), foot_line(left, width - tail + 4, height)]
    half = len(band.levels) // 2
    for (_, over), (_, under) in zip(
        band.levels[:half], reversed(band.levels[-half or len(band.levels) :]), strict=True
    ):
        there = [f"{x(a):.1f} {y(b):.1f}" for a, b in zip(band.xs, over, strict=True)]
        back = [f"{x(a):.1f} {y(b):.1f}" for a, b in reversed(list(zip(band.xs, under, strict=True)))]
        parts.append(f'<path class="fill-{band.tone} under" d="M{" L".join([*there, *back])} Z"/>')
    if len(band.levels) % 2:
        parts.append(_line(band, band.levels[half], x, y, "thin dashed"))
    if band.mean:
        parts.append(_line(band, ("mean", band.mean), x, y, ""))
    for a, b, told in band.marks:
        parts.append(
            f'<circle class="hollow line-{band.tone}" cx="{x(a):.1f}" cy="{y(b):.1f}" r="4.5">'
            f"<title>{escape(told)}</title></circle>"
        )
    parts += _names([(name, y(values[-1])) for name, values in named if values], x.end, tail, height, band.tone)
    parts += _ticks(band.xs, x, x_says, height)
    if across:
        parts.append(text((left + width - tail) / 2, height + FOOT + 19, across, "middle", quiet=True))
    return Drawing(width=width, height=height + FOOT + (27 if across else 8), body="".join(parts))


def _line(band: Band, level: tuple[str, Sequence[float]], x: Axis, y: Axis, kind: str) -> str:
    name, values = level
    path = " ".join(
        f"{'L' if k else 'M'}{x(a):.1f} {y(b):.1f}" for k, (a, b) in enumerate(zip(band.xs, values, strict=True))
    )
    kind = f"line line-{band.tone}{f' {kind}' if kind else ''}"
    return f'<path class="{kind}" d="{path}"><title>{escape(name)}</title></path>'


def _names(ends: Sequence[tuple[str, float]], right: float, tail: float, height: float, tone: str) -> list[str]:
    parts: list[str] = []
    for (name, end), at in zip(ends, spread([end for _, end in ends], PITCH, 12, height), strict=True):
        if abs(at - end) > 3:
            parts.append(
                f'<line class="leader" x1="{right + 4:.1f}" x2="{right + 13:.1f}" y1="{end:.1f}" y2="{at:.1f}"/>'
            )
        kind = f"fill-{tone}" if name == "mean" else "quiet"
        parts.append(text(right + 16, at + 4, fitted(name, tail - 16), "start", kind=kind))
    return parts


def _ticks(xs: Sequence[float], x: Axis, says: Says, foot: float) -> list[str]:
    """The places themselves where they are few and evenly apart; else tidy numbers."""
    steps = {round(x(b) - x(a), 3) for a, b in pairwise(xs)}
    places = list(xs) if len(steps) == 1 and len(xs) <= 24 else x.ticks(5)
    pitch = (x.end - x.start) / max(len(places) - 1, 1)
    labels = [says(place) for place in places]
    return [text(x(places[k]), foot + FOOT, labels[k], "middle", quiet=True) for k in thinned(labels, pitch)]
