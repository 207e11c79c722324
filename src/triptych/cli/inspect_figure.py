"""Inspect figure: a clip from its beginning to its end, drawn to scale. Colours, shots, motion, change, loudness."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from html import escape
from itertools import pairwise

from triptych.cli.axis import Axis, Says, roof, width_of
from triptych.cli.inspection import FLOOR_DB, Inspection, Level, Segment, Shot
from triptych.cli.stroke import Drawing, foot_line, svg_of, text
from triptych.media.contact_sheet import Colour

#: [px] For a desk, for a tablet, for a telephone: letters are of one size on all three.
WIDTHS = {"full": 1160.0, "half": 680.0, "slim": 345.0}
#: [px] Letters, and the air below a lane.
HEAD, GAP = 20, 26
COLOURS, RUG, SHOTS, MOTION, CHANGE, LEVELS = 44, 12, 26, 120, 64, 52
#: [px] On the right, for the last letters of the axis.
TAIL = 8
#: [px] Shots that are closer than this are no more to be told apart: how many there are a minute is drawn instead.
LEAST_SHOT, PACE_BIN = 5.0, 10.0
PACE = 64
#: Tidy steps of a time axis, in seconds.
STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)

STYLE = """
.half, .slim { display: none !important; }
@media (max-width: 66rem) { .full { display: none !important; } .half { display: block !important; } }
@media (max-width: 40rem) { .half { display: none !important; } .slim { display: block !important; } }
svg .lane { font-weight: 600; } svg .hatch { stroke: var(--ink); stroke-width: 1.6; } svg .veil { fill: var(--paper); }
svg .rim { fill: none; stroke: var(--line); } svg .cut { stroke: var(--soft); stroke-width: 1; opacity: .38; }
svg .tick { stroke: var(--seeing); stroke-width: 1; } svg .on { font-weight: 600; }
svg .fade { fill: var(--paper); stroke: var(--seeing); stroke-width: 1.4; } svg .thin { stroke-width: 1.5; }
"""


def timeline(found: Inspection, *, about: str) -> str:
    """The drawing in three widths, of which a page shows the one that fits."""
    return "".join(
        svg_of(drawn(found, width, kind), f"along-{kind}", kind, "Along the clip", about)
        for kind, width in WIDTHS.items()
    )


def drawn(found: Inspection, width: float, kind: str) -> Drawing:
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
        parts += _name("Colour", left, at)
        parts += _left_out_names(found.rejected, x, at)
        at += HEAD
        parts += _strip(found, x, at) + _left_out(found.rejected, x, at, COLOURS, hatch)
        parts += _rug(found.measured_s, x, at + COLOURS + 3)
        at += COLOURS + RUG + GAP
    if found.shots and close:
        points = pace(found.shots, x)
        parts += _name("Shots", left, at, "a minute")
        parts += _curve(points, found.rejected, (), x, at + HEAD, PACE, "seeing", _short, hatch)
        at += HEAD + PACE + GAP
    elif found.shots:
        parts += [*_name("Shots", left, at), *_shots(found.shots, x, at + HEAD)]
        at += HEAD + SHOTS + GAP
    # What lies on both sides of a cut is no motion, but it is the change that tells of the cut.
    for name, unit, points, parted, high, tone, says in (
        ("Motion", "short sides a second", found.motion, borders, MOTION, "seeing", _short),
        ("Change", "from picture to picture", found.change, (), CHANGE, "soft", _share),
    ):
        if points:
            parts += _name(name, left, at, unit)
            parts += _cuts(borders, x, at + HEAD, high)
            parts += _curve(points, found.rejected, parted, x, at + HEAD, high, tone, says, hatch)
            at += HEAD + high + GAP
    if found.levels:
        parts += _name("Loudness", left, at, "dB below full scale")
        parts += _levels(found.levels, borders, x, at + HEAD)
        at += HEAD + LEVELS + GAP
    parts += _axis(x, at - GAP + 6)
    return Drawing(width=width, height=at + 8, body="".join(parts))


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


def _name(name: str, left: float, at: float, unit: str = "") -> list[str]:
    parts = [text(left, at + 12, name, "start", kind="lane")]
    if unit:
        parts.append(text(left + 1.15 * width_of(name) + 8, at + 12, unit, "start", quiet=True))
    return parts


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


def _cuts(borders: Sequence[float], x: Axis, at: float, high: float) -> list[str]:
    strokes = "".join(f"M{x(t):.1f} {at:.0f}v{high:.0f}" for t in borders)
    return [f'<path class="cut" d="{strokes}"/>'] if strokes else []


def _levels(levels: Sequence[Level], borders: Sequence[float], x: Axis, at: float) -> list[str]:
    y = Axis(low=FLOOR_DB, high=0, start=at + LEVELS, end=at)
    parts: list[str] = []
    for tick in (0.0, FLOOR_DB):
        parts.append(f'<line class="grid" x1="{x.start:.1f}" x2="{x.end:.1f}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>')
        parts.append(text(x.start - 7, y(tick) + 4, f"{tick:.0f}".replace("-", "−"), "end", quiet=True))
    parts += _cuts(borders, x, at, LEVELS)
    shape = f"M{x(levels[0].start_s):.1f} {y(FLOOR_DB):.1f}" + "".join(
        f"L{min(x(one.start_s), x.end):.1f} {y(one.db):.1f}H{min(x(one.end_s), x.end):.1f}" for one in levels
    )
    shape += f"V{y(FLOOR_DB):.1f}z"
    parts.append(f'<path class="fill-hearing" fill-opacity=".8" d="{shape}"><title>loudness</title></path>')
    return [*parts, foot_line(x.start, x.end, at + LEVELS)]


def tidy_times(x: Axis, pitch: float) -> list[tuple[float, str]]:
    """Times for an axis and how they are written, ``pitch`` px apart or more."""
    room = max(int((x.end - x.start) / pitch), 2)
    step = next((step for step in STEPS_S if x.high / step <= room), STEPS_S[-1])
    count = min(int(x.high / step + 1e-9), 10_000) + 1
    return [(k * step, clock(k * step, fine=step < 1)) for k in range(count)]


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
