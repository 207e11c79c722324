"""Overlap: two distributions over each other, and how much they share; small pictures of several times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from triptych.drawing.axis import Axis, Says, abreast, count_text, fitted, whole_share, width_of
from triptych.drawing.stroke import Drawing, foot_line, text

#: [px] that one picture is wide at least, high, and what stands over and under it.
LEAST, TALL, OVER, UNDER = 165.0, 96.0, 40.0, 26.0


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """``edges``: one more than there are bins. ``one`` and ``other``: counts in each bin, of ``names``."""

    name: str
    edges: Sequence[float]
    one: Sequence[float]
    other: Sequence[float]

    @property
    def shared(self) -> float:
        """The area under both, of distributions that have 1 each.

        >>> Overlap(name="", edges=[0, 1, 2, 3], one=[2, 2, 0], other=[0, 1, 1]).shared
        0.5
        """
        a, b = sum(self.one) or 1.0, sum(self.other) or 1.0
        return sum(min(x / a, y / b) for x, y in zip(self.one, self.other, strict=True))


def overlaps(
    width: float,
    *,
    overlaps: Sequence[Overlap],
    tones: tuple[str, str],
    names: tuple[str, str],
    says: Says = count_text,
) -> Drawing:
    """All share the axis that lies; each is as high as its own peak, as what is narrow is tall."""
    ends = [edge for one in overlaps for edge in (one.edges[0], one.edges[-1])]
    columns = abreast(len(overlaps), int(width // LEAST))
    pitch = width / columns
    parts: list[str] = []
    for k, one in enumerate(overlaps):
        left, top = (k % columns) * pitch, (k // columns) * (TALL + OVER + UNDER)
        x = Axis(low=min(ends), high=max(ends), start=left + 2, end=left + pitch - 16)
        foot = top + OVER + TALL
        high = max((*_density(one.edges, one.one), *_density(one.edges, one.other)), default=0) or 1.0
        y = Axis(low=0, high=high, start=foot, end=top + OVER)
        parts.append(text(left + 2, top + 13, fitted(one.name, pitch - 20), "start"))
        parts.append(text(left + 2, top + 29, f"overlap {whole_share(one.shared)}", "start", quiet=True))
        for counts, tone, name in zip((one.other, one.one), reversed(tones), reversed(names), strict=True):
            path = _outline(one.edges, _density(one.edges, counts), x, y)
            told = f"<title>{escape(one.name)}: {escape(name)}, {sum(counts):,.0f} pairs</title>"
            parts.append(f'<path class="fill-{tone} under" d="{path} Z"/>')
            parts.append(f'<path class="line line-{tone} thin" d="{path}">{told}</path>')
        parts.append(foot_line(left + 2, left + pitch - 16, foot))
        low, far = says(x.low), says(x.high)
        parts.append(text(x.start, foot + 16, low, "start", quiet=True))
        if width_of(low) + width_of(far) + 10 < x.end - x.start:
            parts.append(text(x.end, foot + 16, far, "end", quiet=True))
    rows = -(-len(overlaps) // columns)
    return Drawing(width=width, height=rows * (TALL + OVER + UNDER), body="".join(parts))


def _density(edges: Sequence[float], counts: Sequence[float]) -> list[float]:
    whole = sum(counts) or 1.0
    return [count / whole / ((edges[k + 1] - edges[k]) or 1.0) for k, count in enumerate(counts)]


def _outline(edges: Sequence[float], values: Sequence[float], x: Axis, y: Axis) -> str:
    corners = [(edges[0], 0.0)]
    for k, value in enumerate(values):
        corners += [(edges[k], value), (edges[k + 1], value)]
    corners.append((edges[-1], 0.0))
    return " ".join(f"{'L' if k else 'M'}{x(a):.1f} {y(b):.1f}" for k, (a, b) in enumerate(corners))
