"""Inspect figure: a clip from its beginning to its end, drawn to scale: what is seen, and below it what is heard."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from html import escape
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from triptych.cli import inspect_hearing_figure
from triptych.cli.inspect_lane import GAP, HEAD, TAIL, binned, clock, cuts, lane_name, sliced, tidy_times
from triptych.cli.inspection import Inspection, Segment, Shot
from triptych.drawing.axis import Axis, Says, roof, width_of
from triptych.drawing.stroke import Drawing, foot_line, svg_of, text

Spectrum = npt.NDArray[np.float32]

#: [px] For a desk, for a tablet, for a telephone: letters are of one size on all three.
WIDTHS = {"full": 1160.0, "half": 680.0, "slim": 345.0}
COLOURS, RUG, SHOTS, MOTION, CHANGE = 44, 12, 26, 120, 64
#: [px] Shots that are closer than this are no more to be told apart: how many there are a minute is drawn instead.
LEAST_SHOT, PACE_BIN = 5.0, 10.0
PACE = 64

STYLE = (
    inspect_hearing_figure.STYLE
    + """
.half, .slim { display: none !important; }
@media (max-width: 66rem) { .full { display: none !important; } .half { display: block !important; } }
@media (max-width: 40rem) { .half { display: none !important; } .slim { display: block !important; } }
svg .lane { font-weight: 600; } svg .hatch { stroke: var(--ink); stroke-width: 1.6; } svg .veil { fill: var(--paper); }
svg .rim { fill: none; stroke: var(--line); } svg .cut { stroke: var(--soft); stroke-width: 1; opacity: .38; }
svg .tick { stroke: var(--seeing); stroke-width: 1; } svg .on { font-weight: 600; }
svg .fade { fill: var(--paper); stroke: var(--seeing); stroke-width: 1.4; } svg .thin { stroke-width: 1.5; }
"""
)


def timeline(found: Inspection, spectrum: Spectrum | None, *, about: str) -> str:
    """The drawing in three widths, of which a page shows the one that fits."""
    return "".join(
        svg_of(drawn(found, width, kind, spectrum), f"along-{kind}", kind, "Along the clip", about)
        for kind, width in WIDTHS.items()
    )


def drawn(found: Inspection, width: float, kind: str, spectrum: Spectrum | None = None) -> Drawing:
    """Lanes one above the other on one axis of time; of a lane of which nothing is known there is none."""
    assert found.clip is not None
    left = 46.0
    x = Axis(low=0, high=max(found.clip.duration_s, 1e-9), start=left, end=width - TAIL)
    hatch = f"hatch-{kind}"
    pattern = f'<pattern id="{hatch}" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    parts = [f'<defs>{pattern}<line class="hatch" x1="0" y1="0" x2="0" y2="7"/></pattern></defs>']
    at = 0.0
    close = crowded(found.shots, x)
    borders = [] if close else [shot.start_s for shot in found.shots[1:]]
    if found.colours:
        parts += lane_name("Colour", left, at)
        parts += _left_out_names(found.rejected, x, at)
        at += HEAD
        parts += _strip(found, x, at) + _left_out(found.rejected, x, at, COLOURS, hatch)
        parts += _rug(found.measured_s, x, at + COLOURS + 3)
        at += COLOURS + RUG + GAP
    if found.shots and close:
        points = pace(found.shots, x)
        parts += lane_name("Shots", left, at, "a minute")
        parts += _curve(points, found.rejected, (), x, at + HEAD, PACE, "seeing", _short, hatch)
        at += HEAD + PACE + GAP
    elif found.shots:
        parts += [*lane_name("Shots", left, at), *_shots(found.shots, x, at + HEAD)]
        at += HEAD + SHOTS + GAP
    # What lies on both sides of a cut is no motion, but it is the change that tells of the cut.
    for name, unit, points, parted, high, tone, says in (
        ("Motion", "short sides a second", found.motion, borders, MOTION, "seeing", _short),
        ("Change", "from picture to picture", found.change, (), CHANGE, "soft", _share),
    ):
        if points:
            parts += lane_name(name, left, at, unit)
            parts += cuts(borders, x, at + HEAD, high)
            parts += _curve(points, found.rejected, parted, x, at + HEAD, high, tone, says, hatch)
            at += HEAD + high + GAP
    if found.hearing is not None:
        heard, at = inspect_hearing_figure.lanes(found.hearing, spectrum, borders, x, at)
        parts += heard
    parts += _axis(x, at - GAP + 6)
    return Drawing(width=width, height=at + 8, body="".join(parts))


def crowded(shots: Sequence[Shot], x: Axis) -> bool:
    """Whether there are more shots than can be told apart side by side."""
    return len(shots) * LEAST_SHOT > x.end - x.start


def pace(shots: Sequence[Shot], x: Axis) -> list[tuple[float, float]]:
    """How many shots begin in each stretch of the axis: its middle, and that number a minute."""
    bins = max(int((x.end - x.start) / PACE_BIN), 1)
    wide_s = (x.high - x.low) / bins
    counts = [0] * bins
    for shot in shots:
        counts[min(int(shot.start_s / wide_s), bins - 1)] += 1
    return [((k + 0.5) * wide_s, 60 * count / wide_s) for k, count in enumerate(counts)]


def _strip(found: Inspection, x: Axis, at: float) -> list[str]:
    """Mean colours, each from half-way to its neighbours; of very many, those of slices."""
    kept = sliced(found.colours, int((x.end - x.start) / 3))
    times = [at_s for at_s, _ in kept]
    edges = [x.low, *((a + b) / 2 for a, b in pairwise(times)), x.high]
    parts = [
        f'<rect x="{x(a):.1f}" y="{at:.0f}" width="{x(b) - x(a) + 0.6:.1f}" height="{COLOURS}" '
        f'fill="#{r:02x}{g:02x}{b_:02x}"/>'
        for a, b, (_, (r, g, b_)) in zip(edges, edges[1:], kept, strict=False)
        if b > a
    ]
    box = f'x="{x.start:.1f}" y="{at:.1f}" width="{x.end - x.start:.1f}" height="{COLOURS}"'
    return [*parts, f'<rect class="rim" {box}/>']


def _left_out(spans: Sequence[Segment], x: Axis, at: float, high: float, hatch: str) -> list[str]:
    parts: list[str] = []
    for span in spans:
        box = f'x="{x(span.start_s):.1f}" y="{at:.1f}" width="{max(x(span.end_s) - x(span.start_s), 1):.1f}"'
        parts.append(f'<rect class="veil" fill-opacity=".62" {box} height="{high}"/>')
        parts.append(
            f'<rect fill="url(#{hatch})" fill-opacity=".55" {box} height="{high}"><title>'
            f"left out: {escape(span.words)}, {clock(span.start_s, fine=True)} to {clock(span.end_s, fine=True)}"
            "</title></rect>"
        )
    return parts


def _left_out_names(spans: Sequence[Segment], x: Axis, at: float) -> list[str]:
    """The reasons over the strip, as far as they do not touch each other or the lane's name."""
    parts: list[str] = []
    taken = x.start + width_of("Colour") + 12
    for span in spans:
        half = width_of(span.reason) / 2
        middle = (x(span.start_s) + x(span.end_s)) / 2
        place = min(max(middle, taken + half), x.end - half)
        if place - half < taken or abs(place - middle) > max(half + 14, (x(span.end_s) - x(span.start_s)) / 2 + half):
            continue
        parts.append(text(place, at + 12, span.reason, "middle", quiet=True))
        taken = place + half + 8
    return parts


def _rug(times_s: Sequence[float], x: Axis, at: float) -> list[str]:
    """One short stroke for each picture that is measured."""
    strokes = "".join(f"M{x(t):.1f} {at:.0f}v6" for t in times_s)
    told = f"<title>{len(times_s)} pictures are measured</title>"
    return [f'<path class="tick" d="{strokes}">{told}</path>'] if strokes else []


def _shots(shots: Sequence[Shot], x: Axis, at: float) -> list[str]:
    parts: list[str] = []
    for k, shot in enumerate(shots):
        start, wide = x(shot.start_s), x(shot.end_s) - x(shot.start_s)
        told = f"shot {k + 1}: {clock(shot.start_s, fine=True)}, {shot.length_s:.1f} s, begins with a {shot.kind}"
        parts.append(
            f'<rect class="fill-seeing" fill-opacity="{0.5 if k % 2 else 1}" x="{start:.1f}" y="{at:.1f}" '
            f'width="{max(wide, 0.5):.1f}" height="{SHOTS}"><title>{escape(told)}</title></rect>'
        )
        if wide > width_of(str(k + 1)) + 5:
            parts.append(
                text(start + wide / 2, at + SHOTS / 2 + 4, str(k + 1), "middle", kind="lane" if k % 2 else "on")
            )
    for shot in shots:
        if shot.kind == "fade":
            a, foot = x(shot.start_s), at + SHOTS
            parts.append(
                f'<path class="fade" d="M{a - 6:.1f} {at - 3:.0f}H{a + 6:.1f}L{a:.1f} {at + 7:.0f}z">'
                f"<title>fade at {clock(shot.start_s, fine=True)}</title></path>"
                f'<line class="cut" x1="{a:.1f}" x2="{a:.1f}" y1="{at:.0f}" y2="{foot:.0f}"/>'
            )
    return parts


def _curve(
    points: Sequence[tuple[float, float]],
    rejected: Sequence[Segment],
    parted: Sequence[float],
    x: Axis,
    at: float,
    high: float,
    tone: str,
    says: Says,
    hatch: str,
) -> list[str]:
    """An area under a line that is broken at the ``parted`` times."""
    kept = binned(points, int((x.end - x.start) / 1.5))
    y = Axis(low=0, high=roof(max(value for _, value in kept), 3), start=at + high, end=at)
    parts: list[str] = []
    ticks = y.ticks(3)
    for tick in (ticks[0], ticks[-1]) if high < 90 else ticks:
        parts.append(f'<line class="grid" x1="{x.start:.1f}" x2="{x.end:.1f}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>')
        parts.append(text(x.start - 7, y(tick) + 4, says(tick), "end", quiet=True))
    runs = _runs(kept, parted)
    line, area = "", ""
    for run in runs:
        path = "L".join(f"{x(a):.1f} {y(b):.1f}" for a, b in run)
        line += f"M{path}" if len(run) > 1 else f"M{path}h.1"
        area += f"M{x(run[0][0]):.1f} {y(0):.1f}L{path}L{x(run[-1][0]):.1f} {y(0):.1f}z"
    parts.append(f'<path class="fill-{tone} under" d="{area}"/><path class="line thin line-{tone}" d="{line}"/>')
    parts += _left_out(rejected, x, at, high, hatch)
    return [*parts, foot_line(x.start, x.end, at + high)]


def _runs(points: Sequence[tuple[float, float]], borders: Sequence[float]) -> list[list[tuple[float, float]]]:
    """The points, parted where a shot begins.

    >>> _runs([(0.0, 1.0), (1.0, 1.0), (2.0, 1.0)], [1.5])
    [[(0.0, 1.0), (1.0, 1.0)], [(2.0, 1.0)]]
    """
    runs: dict[int, list[tuple[float, float]]] = {}
    for point in points:
        runs.setdefault(bisect_left(borders, point[0]), []).append(point)
    return list(runs.values())


def _axis(x: Axis, at: float) -> list[str]:
    parts: list[str] = []
    for at_s, words in tidy_times(x, 80):
        place = x(at_s)
        parts.append(f'<line class="rule" x1="{place:.1f}" x2="{place:.1f}" y1="{at - 6:.0f}" y2="{at - 1:.0f}"/>')
        anchor = "end" if place + width_of(words) / 2 > x.end + TAIL else "middle"
        parts.append(text(place, at + 11, words, anchor, quiet=True))
    return parts


def _short(value: float) -> str:
    return f"{value:g}"


def _share(value: float) -> str:
    return f"{value * 100:g} %"
