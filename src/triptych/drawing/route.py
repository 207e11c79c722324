"""Route: two numbers that change together, step by step, as paths; small pictures side by side on the same axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from triptych.drawing.axis import Axis, Says, abreast, count_text, fitted, width_of
from triptych.drawing.chart import FOOT
from triptych.drawing.stroke import Drawing, foot_line, grid, text
from triptych.drawing.track import Level, tidy_ends

#: [px] that one picture is wide at least, and high.
LEAST, TALL = 230.0, 170.0


@dataclass(frozen=True, kw_only=True)
class Route:
    """``points``: x, y and what its dot says, in the order of steps; ``threads``: what it is a mean of. ``ends``: what
    is written at the first and the last point."""

    tone: str
    name: str
    points: Sequence[tuple[float, float, str]]
    threads: Sequence[Sequence[tuple[float, float]]] = ()
    ends: tuple[str, str] = ("", "")


def routes(
    width: float,
    *,
    routes: Sequence[Route],
    across: str,
    up: str,
    level: Level | None = None,
    x_says: Says = count_text,
    y_says: Says = count_text,
) -> Drawing:
    """The first point of a path is a ring, the last has a halo."""
    xs = [a for one in routes for a, *_ in (*one.points, *(p for thread in one.threads for p in thread))]
    ys = [p[1] for one in routes for p in (*one.points, *(p for thread in one.threads for p in thread))]
    ys += [level.low, level.high] if level is not None else []
    low, high = tidy_ends(min(ys, default=0), max(ys, default=1), 3)
    first, last = tidy_ends(min(xs, default=0), max(xs, default=1), 4)
    columns = abreast(len(routes), int(width // LEAST))
    pitch = width / columns if columns > 1 else min(width, 400.0)
    y = Axis(low=low, high=high, start=TALL, end=0)
    left = 8 + max(width_of(y_says(tick)) for tick in y.ticks(3))
    tall = TALL + FOOT + 52
    parts = [text(0, 12, f"{up}, by {across}", "start", quiet=True)]
    for k, one in enumerate(routes):
        begin, top = (k % columns) * pitch, 26 + (k // columns) * tall
        x = Axis(low=first, high=last, start=begin + left + 6, end=begin + pitch - 22)
        moved = Axis(low=low, high=high, start=top + 22 + TALL, end=top + 22)
        parts.append(text(begin + left, top + 10, fitted(one.name, pitch - left - 20), "start"))
        parts += grid(moved, begin + left, begin + pitch - 14, y_says)
        parts.append(foot_line(begin + left, begin + pitch - 14, moved.start))
        parts += _ticks(x, x_says, moved.start)
        if level is not None:
            parts.append(_across(level, begin + left, begin + pitch - 14, moved, y_says))
        parts += _drawn(one, x, moved)
    rows = -(-len(routes) // columns)
    return Drawing(width=width, height=26 + rows * tall, body="".join(parts))


def _ticks(x: Axis, says: Says, foot: float) -> list[str]:
    parts: list[str] = []
    taken = -1e9
    for tick in x.ticks(4):
        half = width_of(says(tick)) / 2
        if x(tick) - half > taken:
            parts.append(text(x(tick), foot + FOOT, says(tick), "middle", quiet=True))
            taken = x(tick) + half + 10
    return parts


def _across(level: Level, left: float, right: float, y: Axis, says: Says) -> str:
    return (
        f'<rect class="fill-{level.tone} under" x="{left:.1f}" y="{y(level.high):.1f}" width="{right - left:.1f}" '
        f'height="{max(y(level.low) - y(level.high), 0):.1f}"/>'
        f'<line class="line line-{level.tone} thin dashed" x1="{left:.1f}" x2="{right:.1f}" y1="{y(level.value):.1f}" '
        f'y2="{y(level.value):.1f}"><title>{escape(level.name)}: {escape(says(level.value))}</title></line>'
    )


def _drawn(one: Route, x: Axis, y: Axis) -> list[str]:
    parts = [
        f'<path class="line line-{one.tone} thread" d="{_path(thread, x, y)}"/>' for thread in one.threads if thread
    ]
    if not one.points:
        return parts
    parts.append(f'<path class="line line-{one.tone}" d="{_path([(a, b) for a, b, _ in one.points], x, y)}"/>')
    end = len(one.points) - 1
    for k, (a, b, told) in enumerate(one.points):
        kind = f"hollow line-{one.tone}" if not k else f"fill-{one.tone}{' halo' if k == end else ''}"
        size = 4.5 if k in (0, end) else 2.5
        parts.append(
            f'<circle class="{kind}" cx="{x(a):.1f}" cy="{y(b):.1f}" r="{size}"><title>{escape(told)}</title></circle>'
        )
    for k, words in zip((0, end), one.ends, strict=True):
        place = one.points[k]
        beside = one.points[1 if not k else end - 1] if end else place
        at, wide = x(place[0]), width_of(words)
        right = at + 9 + wide < x.end + 20
        # On the side that the path does not lie on, unless that is under the foot.
        off = 17 if beside[1] > place[1] and y(place[1]) < y.start - 18 else -9
        parts.append(text(at + (7 if right else -7), y(place[1]) + off, words, "start" if right else "end", quiet=True))
    return parts


def _path(points: Sequence[tuple[float, float]], x: Axis, y: Axis) -> str:
    return " ".join(f"{'L' if k else 'M'}{x(a):.1f} {y(b):.1f}" for k, (a, b) in enumerate(points))
