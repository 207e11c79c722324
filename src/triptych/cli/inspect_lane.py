"""Inspect lane: what lanes along a clip share: times as they are written, names, borders, points thinned out."""

from __future__ import annotations

from collections.abc import Sequence

from triptych.drawing.axis import Axis, width_of
from triptych.drawing.stroke import text
from triptych.media.contact_sheet import Colour

#: [px] Letters, and the air below a lane.
HEAD, GAP = 20, 26
#: [px] On the right, for the last letters of the axis.
TAIL = 8
#: Tidy steps of a time axis, in seconds.
STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)


def clock(seconds: float, *, fine: bool = False) -> str:
    """
    >>> clock(7.44, fine=True), clock(75), clock(3671)
    ('0:07.4', '1:15', '1:01:11')
    """
    tenths = round(seconds * 10) if fine else round(seconds) * 10
    whole, rest = divmod(tenths, 10)
    minutes, left = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    told = f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"
    return f"{told}.{rest}" if fine else told


def binned(points: Sequence[tuple[float, float]], bins: int) -> list[tuple[float, float]]:
    """At most ``bins`` points: of each stretch of time the highest, so that no peak is lost.

    >>> binned([(0.0, 1.0), (1.0, 3.0), (2.0, 2.0), (3.0, 0.0)], 2)
    [(1.0, 3.0), (2.0, 2.0)]
    """
    if len(points) <= bins:
        return list(points)
    start_s, wide_s = points[0][0], (points[-1][0] - points[0][0]) / bins or 1.0
    best: dict[int, tuple[float, float]] = {}
    for at_s, value in points:
        k = min(int((at_s - start_s) / wide_s), bins - 1)
        if k not in best or value > best[k][1]:
            best[k] = (at_s, value)
    return [best[k] for k in sorted(best)]


def sliced(colours: Sequence[tuple[float, Colour]], most: int) -> list[tuple[float, Colour]]:
    """At most ``most`` colours, each the mean of its neighbours in time.

    >>> sliced([(0.0, (0, 0, 0)), (1.0, (20, 0, 0)), (2.0, (9, 9, 9))], 2)
    [(0.5, (10, 0, 0)), (2.0, (9, 9, 9))]
    """
    every = max(-(-len(colours) // most), 1)
    found: list[tuple[float, Colour]] = []
    for k in range(0, len(colours), every):
        part = colours[k : k + every]
        r, g, b = (round(sum(colour[n] for _, colour in part) / len(part)) for n in range(3))
        found.append((sum(at_s for at_s, _ in part) / len(part), (r, g, b)))
    return found


def stretches(times_s: Sequence[float], gap_s: float) -> list[tuple[float, float]]:
    """From where to where times follow each other within ``gap_s``.

    >>> stretches([0.0, 0.5, 1.0, 9.0], 1.0)
    [(0.0, 1.0), (9.0, 9.0)]
    """
    found: list[tuple[float, float]] = []
    for at_s in times_s:
        if found and at_s - found[-1][1] <= gap_s:
            found[-1] = (found[-1][0], at_s)
        else:
            found.append((at_s, at_s))
    return found


def tidy_times(x: Axis, pitch: float) -> list[tuple[float, str]]:
    """Times for an axis and how they are written, ``pitch`` px apart or more."""
    room = max(int((x.end - x.start) / pitch), 2)
    step = next((step for step in STEPS_S if x.high / step <= room), STEPS_S[-1])
    count = min(int(x.high / step + 1e-9), 10_000) + 1
    return [(k * step, clock(k * step, fine=step < 1)) for k in range(count)]


def after(name: str, left: float) -> float:
    """[px] Where, beside the name of a lane, other words may begin."""
    return left + 1.15 * width_of(name) + 8


def lane_name(name: str, left: float, at: float, unit: str = "") -> list[str]:
    parts = [text(left, at + 12, name, "start", kind="lane")]
    if unit:
        parts.append(text(after(name, left), at + 12, unit, "start", quiet=True))
    return parts


def cuts(borders: Sequence[float], x: Axis, at: float, high: float) -> list[str]:
    """Thin strokes through a lane where shots part."""
    strokes = "".join(f"M{x(t):.1f} {at:.0f}v{high:.0f}" for t in borders)
    return [f'<path class="cut" d="{strokes}"/>'] if strokes else []
