"""Fan: lines over a few places, each named where it ends, so that no key has to be looked up."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from triptych.drawing.axis import Axis, Says, count_text, fitted, roof, width_of
from triptych.drawing.chart import FOOT, Curve
from triptych.drawing.stroke import Drawing, foot_line, grid, text

#: [px] from one name to the next.
PITCH = 15.0


def fan(
    width: float,
    *,
    curves: Sequence[Curve],
    x_ticks: Sequence[tuple[float, str]],
    y_says: Says = count_text,
    log_x: bool = False,
    below: str = "",
    height: float = 230,
) -> Drawing:
    """A dot for each point. Curves of the tone soft are thin and lie below the others. ``height``: at least so much."""
    height = max(height, len(curves) * PITCH + 24)
    xs = [x for one in curves for x, _ in one.points]
    high = roof(max([y for one in curves for _, y in one.points], default=0))
    y = Axis(low=0, high=high, start=height, end=12)
    left = 8 + max(width_of(y_says(tick)) for tick in y.ticks())
    tail = min(max((width_of(one.name) for one in curves), default=0) + 20, width * 0.38)
    x = Axis(low=min(xs, default=0), high=max(xs, default=1), start=left + 4, end=width - tail, log=log_x)
    parts = grid(y, left, width - tail + 4, y_says)
    parts.append(foot_line(left, width - tail + 4, height))
    taken = -1e9
    for at, words in x_ticks:
        if x(at) - width_of(words) / 2 > taken:
            parts.append(text(x(at), height + FOOT, words, "middle", quiet=True))
            taken = x(at) + width_of(words) / 2 + 6
    if below:
        parts.append(text((left + width - tail) / 2, height + FOOT + 19, below, "middle", quiet=True))
    named = dict(x_ticks)
    for one in sorted(curves, key=lambda one: one.tone != "soft"):
        parts.append(_line(one, x, y, y_says, named))
    ends = [y(one.points[-1][1]) for one in curves]
    for one, end, at in zip(curves, ends, spread(ends, PITCH, 12, height), strict=True):
        tip = x(one.points[-1][0]) + 6
        if abs(at - end) > 3:
            parts.append(f'<line class="leader" x1="{tip:.1f}" x2="{tip + 9:.1f}" y1="{end:.1f}" y2="{at:.1f}"/>')
        short = fitted(one.name, tail - 18)
        whole = f"<title>{escape(one.name)}</title>" if short != one.name else ""
        quiet = ' class="quiet"' if one.tone == "soft" else f' class="fill-{one.tone}"'
        parts.append(f'<text{quiet} x="{tip + 11:.1f}" y="{at + 4:.1f}">{escape(short)}{whole}</text>')
    return Drawing(width=width, height=height + FOOT + (27 if below else 8), body="".join(parts))


def spread(places: Sequence[float], pitch: float, low: float, high: float) -> list[float]:
    """The places, moved as little as need be so that they lie ``pitch`` apart and, if they can, in ``low`` … ``high``.

    >>> spread([10, 10, 40], 15, 0, 100)
    [2.5, 17.5, 40.0]
    """
    order = sorted(range(len(places)), key=lambda k: (places[k], k))
    groups: list[tuple[float, int]] = []
    for k in order:
        middle, size = float(places[k]), 1
        middle = _within(middle, size, pitch, low, high)
        # Those that would touch become one group about their common middle.
        while groups and groups[-1][0] + (groups[-1][1] + size) * pitch / 2 > middle:
            other, count = groups.pop()
            middle = (other * count + middle * size) / (count + size)
            size += count
            middle = _within(middle, size, pitch, low, high)
        groups.append((middle, size))
    found = [0.0] * len(places)
    flat = [middle + (n - (size - 1) / 2) * pitch for middle, size in groups for n in range(size)]
    for k, at in zip(order, flat, strict=True):
        found[k] = at
    return found


def _within(middle: float, size: int, pitch: float, low: float, high: float) -> float:
    half = (size - 1) * pitch / 2
    return max(min(middle, high - half), low + half)


def _line(one: Curve, x: Axis, y: Axis, says: Says, named: dict[float, str]) -> str:
    path = " ".join(f"{'L' if k else 'M'}{x(a):.1f} {y(b):.1f}" for k, (a, b) in enumerate(one.points))
    kind = f"line line-{one.tone}{' dashed' if one.dashed else ''}{' thin' if one.tone == 'soft' else ''}"
    dots = "".join(
        f'<circle class="fill-{one.tone}" cx="{x(a):.1f}" cy="{y(b):.1f}" r="{2 if one.tone == "soft" else 3}">'
        f"<title>{escape(one.name)}, {escape(named.get(a, count_text(a)))}: {escape(says(b))}</title></circle>"
        for a, b in one.points
    )
    return f'<path class="{kind}" d="{path}"/>{dots}'
