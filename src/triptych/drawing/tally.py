"""Tally: how often each number was had and how often it was foretold, bars and a line over them; small pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from triptych.drawing.axis import Axis, Says, abreast, count_text, fitted, roof, share_text, whole_share, width_of
from triptych.drawing.stroke import Drawing, foot_line, grid, text

#: [px] that one picture is wide at least, high, and what stands over and under it.
LEAST, TALL, OVER, UNDER = 190.0, 104.0, 40.0, 30.0


@dataclass(frozen=True, kw_only=True)
class Tally:
    """``edges``: one more than there are bins. ``bars`` and ``line``: counts in each bin. ``words``: under the name."""

    tone: str
    name: str
    edges: Sequence[float]
    bars: Sequence[float]
    line: Sequence[float]
    words: str = ""


def tallies(
    width: float,
    *,
    tallies: Sequence[Tally],
    names: tuple[str, str],
    says: Says = count_text,
) -> Drawing:
    """Shares, all pictures on the same axes. ``names``: what bars and line are called."""
    ends = [edge for one in tallies for edge in (one.edges[0], one.edges[-1])] or [0.0, 1.0]
    columns = abreast(len(tallies), int(width // LEAST))
    pitch = width / columns
    high = roof(max((share for one in tallies for share in (*shares(one.bars), *shares(one.line))), default=0), 3)
    y = Axis(low=0, high=high, start=TALL, end=0)
    left = 8 + max(width_of(whole_share(tick)) for tick in y.ticks(3))
    parts: list[str] = []
    for k, one in enumerate(tallies):
        begin, top = (k % columns) * pitch, (k // columns) * (TALL + OVER + UNDER)
        x = Axis(low=min(ends), high=max(ends), start=begin + left, end=begin + pitch - 14)
        own = Axis(low=0, high=high, start=top + OVER + TALL, end=top + OVER)
        parts.append(text(begin + 2, top + 13, fitted(one.name, pitch - 20), "start"))
        parts.append(text(begin + 2, top + 29, fitted(one.words, pitch - 20), "start", quiet=True))
        parts += grid(own, begin + left, x.end, whole_share)
        parts += _drawn(one, x, own, names, says)
        parts.append(foot_line(begin + left, x.end, own.start))
        taken = -1e9
        for tick in x.ticks(5):
            half = width_of(says(tick)) / 2
            if x(tick) - half > taken:
                parts.append(text(x(tick), own.start + 16, says(tick), "middle", quiet=True))
                taken = x(tick) + half + 6
    rows = -(-len(tallies) // columns)
    return Drawing(width=width, height=rows * (TALL + OVER + UNDER), body="".join(parts))


def shares(counts: Sequence[float]) -> list[float]:
    """
    >>> shares([1, 3]), shares([0, 0])
    ([0.25, 0.75], [0.0, 0.0])
    """
    whole = sum(counts)
    return [count / whole if whole > 0 else 0.0 for count in counts]


def _drawn(one: Tally, x: Axis, y: Axis, names: tuple[str, str], says: Says) -> list[str]:
    parts: list[str] = []
    bars, line = shares(one.bars), shares(one.line)
    for (low, high), bar, share in zip(pairwise(one.edges), bars, line, strict=True):
        told = f"{says(low)} to {says(high)}: {names[0]} {share_text(bar)}, {names[1]} {share_text(share)}"
        parts.append(
            f'<rect class="fill-soft" fill-opacity=".45" x="{x(low) + 0.5:.1f}" y="{y(bar):.1f}" '
            f'width="{max(x(high) - x(low) - 1, 0.5):.1f}" height="{max(y.start - y(bar), 0):.1f}">'
            f"<title>{escape(one.name)}, {escape(told)}</title></rect>"
        )
    corners = [(one.edges[0], 0.0)]
    for (low, high), share in zip(pairwise(one.edges), line, strict=True):
        corners += [(low, share), (high, share)]
    corners.append((one.edges[-1], 0.0))
    path = " ".join(f"{'L' if k else 'M'}{x(a):.1f} {y(b):.1f}" for k, (a, b) in enumerate(corners))
    parts.append(
        f'<path class="line line-{one.tone}" d="{path}"><title>{escape(one.name)}, {escape(names[1])}</title></path>'
    )
    return parts
