"""Track: lines over steps, such as epochs, each with the band its parts span; and levels that they are to reach."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from triptych.drawing.axis import Axis, Says, count_text, fitted, tidy_step, width_of
from triptych.drawing.chart import FOOT
from triptych.drawing.fan import PITCH, spread
from triptych.drawing.stroke import Drawing, foot_line, grid, text

Point = tuple[float, float]
#: Up to so many points of a line have a dot each.
DOTS = 24


@dataclass(frozen=True, kw_only=True)
class Track:
    """``band``: x, low and high around the points. ``threads``: what the line is a mean of, drawn as thin lines.
    ``marks``: x, y and what a ring there says."""

    tone: str
    name: str
    points: Sequence[Point]
    band: Sequence[tuple[float, float, float]] = ()
    threads: Sequence[Sequence[Point]] = ()
    marks: Sequence[tuple[float, float, str]] = ()
    dashed: bool = False


@dataclass(frozen=True, kw_only=True)
class Level:
    """A number that does not change from step to step, with its interval, drawn across."""

    tone: str
    name: str
    value: float
    low: float
    high: float


def tracks(
    width: float,
    *,
    tracks: Sequence[Track],
    levels: Sequence[Level] = (),
    x_says: Says = count_text,
    y_says: Says = count_text,
    below: str = "",
    zero: bool = False,
    places: Sequence[tuple[float, str]] = (),
    rules: Sequence[tuple[float, str]] = (),
    height: float = 230,
) -> Drawing:
    """Each line is named where it ends. The axis begins near the least number, or at 0 with ``zero``. ``places``: where
    along the foot something is written, and what; tidy numbers otherwise. ``rules``: where a dotted line stands, and
    what is written over it."""
    names = [*(one.name for one in tracks), *(one.name for one in levels)]
    height = max(height, len(names) * PITCH + 24)
    low, high = _ends(tracks, levels, zero=zero)
    over = 16 * sum(1 for _, words in rules if words)
    height += over
    y = Axis(low=low, high=high, start=height, end=12 + over)
    left = 8 + max(width_of(y_says(tick)) for tick in y.ticks())
    tail = min(max(map(width_of, names), default=0) + 20, width * 0.36)
    xs = [x for one in tracks for points in (one.points, *one.threads) for x, _ in points]
    x = Axis(low=min(xs, default=0), high=max(xs, default=1), start=left + 4, end=width - tail)
    parts = [*grid(y, left, width - tail + 4, y_says), foot_line(left, width - tail + 4, height)]
    parts += _steps(places or [(tick, x_says(tick)) for tick in dict.fromkeys([x.low, *x.ticks(5)])], x, height)
    parts += _rules(rules, x, height, width)
    parts += [_level(one, x, y, y_says) for one in levels]
    parts += [_band(one, x, y) for one in tracks]
    named = dict(places)
    parts += [_line(one, x, y, lambda at: named.get(at) or x_says(at), y_says) for one in tracks]
    last = [_tip(one) for one in tracks]
    tips = [*((x(a), y(b)) for a, b in last), *((x.end, y(one.value)) for one in levels)]
    tones = [*(one.tone for one in tracks), *(one.tone for one in levels)]
    for (across, end), at, name, tone in zip(
        tips, spread([end for _, end in tips], PITCH, 12, height), names, tones, strict=True
    ):
        tip = x.end + 6
        if abs(at - end) > 3 or across < x.end - 6:
            parts.append(
                f'<line class="leader" x1="{across + 6:.1f}" x2="{tip + 9:.1f}" y1="{end:.1f}" y2="{at:.1f}"/>'
            )
        short = fitted(name, tail - 18)
        whole = f"<title>{escape(name)}</title>" if short != name else ""
        kind = "quiet" if tone == "soft" else f"fill-{tone}"
        parts.append(f'<text class="{kind}" x="{tip + 11:.1f}" y="{at + 4:.1f}">{escape(short)}{whole}</text>')
    if below:
        parts.append(text((left + width - tail) / 2, height + FOOT + 19, below, "middle", quiet=True))
    return Drawing(width=width, height=height + FOOT + (27 if below else 8), body="".join(parts))


def tidy_ends(low: float, high: float, count: int = 4) -> tuple[float, float]:
    """The tidy numbers at or about both.

    >>> tidy_ends(0.51, 0.88), tidy_ends(3, 3)
    ((0.5, 0.9), (2.0, 4.0))
    """
    if high <= low:
        apart = abs(low) / 3 or 1.0
        low, high = low - apart, high + apart
    step = tidy_step(high - low, count)
    return round(math.floor(low / step + 1e-9) * step, 10), round(math.ceil(high / step - 1e-9) * step, 10)


def _ends(tracks: Sequence[Track], levels: Sequence[Level], *, zero: bool) -> tuple[float, float]:
    ys = [b for one in tracks for points in (one.points, *one.threads) for _, b in points]
    ys += [b for one in tracks for _, *ends in one.band for b in ends]
    ys += [b for one in levels for b in (one.low, one.high, one.value)]
    low = min(ys, default=0.0)
    return tidy_ends(min(low, 0.0) if zero else low, max(ys, default=1.0))


def _tip(one: Track) -> Point:
    """Where a line is named: at its own end, or at that of the thread that goes on longest."""
    ends = [points[-1] for points in (one.points, *one.threads) if points]
    return max(ends, key=lambda end: end[0], default=(0.0, 0.0))


def _steps(places: Sequence[tuple[float, str]], x: Axis, height: float) -> list[str]:
    parts: list[str] = []
    taken = -1e9
    for tick, words in places:
        if x(tick) - width_of(words) / 2 > taken:
            parts.append(text(x(tick), height + FOOT, words, "middle", quiet=True))
            taken = x(tick) + width_of(words) / 2 + 8
    return parts


def _rules(rules: Sequence[tuple[float, str]], x: Axis, foot: float, width: float) -> list[str]:
    """Words stand one under the other, each beside the top of its line; lines without begin under all of them."""
    parts: list[str] = []
    top, under = 0, 16 * sum(1 for _, words in rules if words)
    for at, words in rules:
        begin = (top if words else under) + 4
        parts.append(f'<line class="mark" x1="{x(at):.1f}" x2="{x(at):.1f}" y1="{begin}" y2="{foot:.1f}"/>')
        if words:
            anchor = "end" if x(at) + 6 + width_of(words) > width else "start"
            parts.append(text(x(at) + (-6 if anchor == "end" else 6), top + 12, words, anchor, quiet=True))
            top += 16
    return parts


def _level(one: Level, x: Axis, y: Axis, says: Says) -> str:
    told = f"<title>{escape(one.name)}: {escape(says(one.value))}</title>"
    high = y(one.low) - y(one.high)
    return (
        f'<rect class="fill-{one.tone} under" x="{x.start:.1f}" y="{y(one.high):.1f}" width="{x.end - x.start:.1f}" '
        f'height="{max(high, 0):.1f}"/>'
        f'<line class="line line-{one.tone} thin dashed" x1="{x.start:.1f}" x2="{x.end:.1f}" y1="{y(one.value):.1f}" '
        f'y2="{y(one.value):.1f}">{told}</line>'
    )


def _band(one: Track, x: Axis, y: Axis) -> str:
    if len(one.band) < 2:
        return ""
    over = [f"{x(a):.1f} {y(high):.1f}" for a, _, high in one.band]
    under = [f"{x(a):.1f} {y(low):.1f}" for a, low, _ in reversed(one.band)]
    return f'<path class="fill-{one.tone} under" d="M{" L".join([*over, *under])} Z"/>'


def _line(one: Track, x: Axis, y: Axis, x_says: Says, y_says: Says) -> str:
    parts = [
        f'<path class="line line-{one.tone} thread" d="{_path(points, x, y)}"/>' for points in one.threads if points
    ]
    if one.points:
        kind = f"line line-{one.tone}{' dashed' if one.dashed else ''}"
        parts.append(f'<path class="{kind}" d="{_path(one.points, x, y)}"><title>{escape(one.name)}</title></path>')
    if len(one.points) <= DOTS:
        parts += [
            f'<circle class="fill-{one.tone}" cx="{x(a):.1f}" cy="{y(b):.1f}" r="2.5">'
            f"<title>{escape(one.name)}, {escape(x_says(a))}: {escape(y_says(b))}</title></circle>"
            for a, b in one.points
        ]
    parts += [
        f'<circle class="hollow line-{one.tone}" cx="{x(a):.1f}" cy="{y(b):.1f}" r="4">'
        f"<title>{escape(told)}</title></circle>"
        for a, b, told in one.marks
    ]
    return "".join(parts)


def _path(points: Sequence[Point], x: Axis, y: Axis) -> str:
    return " ".join(f"{'L' if k else 'M'}{x(a):.1f} {y(b):.1f}" for k, (a, b) in enumerate(points))
