"""Content: which stretches at the ends of a clip are not of the film: black, logos, rating cards, credits.

The first pass of two-pass sampling (Maes 2025, §3.3): pictures in the first and last 15 % are judged by
brightness, text density and edge complexity, and single hits are widened to whole segments. Text density is
measured by the shape that lines of writing leave in the gradient, not by recognising letters: it needs no
model and costs a millisecond a picture, against a fifth of a second.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from triptych.media.reel import Span
from triptych.media.timeline import Slot, Timeline, choose

RGB = npt.NDArray[np.uint8]
Grey = npt.NDArray[np.uint8]
Look = Callable[[Sequence[int]], Mapping[int, RGB]]

#: The short side, in pixels, of the pictures that are judged.
JUDGED_PX = 224


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Thresholds of the first pass; part of the recipe of whatever was measured on its result."""

    zone: float = 0.15  # share of the clip looked at, at each end
    reach: float = 0.30  # how far a segment that crosses the zone's inner border is followed
    grid: int = 24  # pictures judged in each zone, besides its keyframes
    border_s: float = 0.12  # a segment's start and end are known to this
    flicker_s: float = 0.4  # two segments closer than this are one
    shortest_s: float = 0.3  # shorter than this is a flash, and part of the film
    ordinary: float = 0.5  # where more than this share of the middle looks like a card too, it is the film itself
    longest: float = 0.4  # a segment that takes more of the clip than this is no card
    black_mean: float = 24.0  # luma 0..255
    black_high: float = 48.0
    black_top: float = 56.0  # small lights in the dark are a night scene
    white_low: float = 225.0
    gradient: float = 48.0  # Sobel magnitude (/4) from which a pixel is an edge
    margin: float = 0.08  # width of the margins, as a share of the short side
    margin_edges: float = 0.004  # share of edge pixels that an empty margin may have
    margin_range: float = 26.0  # 5–95 % range of luma within an empty margin
    text_cover: float = 0.006  # share of the picture under lines of writing
    stray_edges: float = 0.012  # share of edge pixels outside the writing that a text card may have
    stray_texture: float = 3.0  # mean Sobel magnitude (/4) outside the writing that a text card may have
    side_edges: float = 0.05  # share of edge pixels in a side margin: writing keeps clear of the sides, houses do not


RULES = Rules()


@dataclass(frozen=True, kw_only=True)
class Measures:
    """What one picture measures, all shares in 0…1, luma in 0…255."""

    mean: float
    low: float
    high: float
    top: float
    edges: float
    margins_plain: bool
    text: float
    stray: float
    texture: float
    sides: float


def measure(rgb: RGB, rules: Rules = RULES) -> Measures:
    """Brightness, edge complexity, plain margins and text density of one picture ``[h, w, 3]``."""
    grey = cast(Grey, cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))
    low, high, top = _percentiles(grey, (0.02, 0.98, 0.999))
    across = cv2.Sobel(grey, cv2.CV_32F, 1, 0) / 4
    down = cv2.Sobel(grey, cv2.CV_32F, 0, 1) / 4
    steep = cv2.magnitude(across, down)
    edge = (steep >= rules.gradient).astype(np.uint8)
    boxes = _lines_of_writing(grey, np.abs(across))
    covered = np.zeros_like(edge)
    for left, above, width, height in boxes:
        covered[above : above + height, left : left + width] = 1
    wide = _margin_px(grey, rules)
    return Measures(
        mean=float(grey.mean()),
        low=low,
        high=high,
        top=top,
        edges=float(edge.mean()),
        margins_plain=_margins_plain(grey, edge, rules),
        text=float(covered.mean()),
        stray=float((edge & (1 - covered)).mean()),
        texture=float((steep * (1 - covered)).mean()),
        sides=float(max(edge[:, :wide].mean(), edge[:, -wide:].mean())),
    )


def judge(look: Measures, rules: Rules = RULES) -> str:
    """Why a picture is not of the film: ``"black"``, ``"white"``, ``"text"``, ``"card"``; empty when it is."""
    if look.mean <= rules.black_mean and look.high <= rules.black_high and look.top <= rules.black_top:
        return "black"
    plain = look.stray <= rules.stray_edges and look.texture <= rules.stray_texture
    if look.text >= rules.text_cover and plain and look.sides <= rules.side_edges:
        return "text"
    if look.low >= rules.white_low:
        return "white"
    if look.margins_plain and look.edges > 0:
        return "card"
    return ""


def _margin_px(grey: Grey, rules: Rules) -> int:
    return max(round(min(grey.shape) * rules.margin), 2)


def _percentiles(grey: Grey, shares: Sequence[float]) -> list[float]:
    """The luma at or below which each share of the pixels lies."""
    reached = cast(npt.NDArray[np.int64], np.bincount(grey.ravel(), minlength=256).cumsum())
    return [float(np.searchsorted(reached, share * grey.size)) for share in shares]


def _margins_plain(grey: Grey, edge: Grey, rules: Rules) -> bool:
    """All four margins empty. Letterboxed film has its picture in the side margins, so it does not pass."""
    wide = _margin_px(grey, rules)
    for part in (np.s_[:wide, :], np.s_[-wide:, :], np.s_[:, :wide], np.s_[:, -wide:]):
        if float(edge[part].mean()) > rules.margin_edges:
            return False
        low, high = _percentiles(grey[part], (0.05, 0.95))
        if high - low > rules.margin_range:
            return False
    return True


def _lines_of_writing(grey: Grey, across: npt.NDArray[np.float32]) -> list[tuple[int, int, int, int]]:
    """Boxes (left, top, width, height) that look like lines of letters.

    Letters are many strong upright strokes close together: the horizontal gradient, closed along the line,
    makes a long, low, well filled blob, in which dark and light alternate.
    """
    strokes = (across >= 40).astype(np.uint8)
    joined = cv2.morphologyEx(strokes, cv2.MORPH_CLOSE, np.ones((1, 13), np.uint8))
    joined = cv2.morphologyEx(joined, cv2.MORPH_OPEN, np.ones((3, 9), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=4)
    found: list[tuple[int, int, int, int]] = []
    for left, top, width, height, area in stats[1:count].tolist():
        if not (4 <= height <= 0.25 * grey.shape[0] and width >= 1.8 * height and area >= 0.5 * width * height):
            continue
        inside = strokes[top : top + height, left : left + width]
        changes = np.abs(np.diff(inside.astype(np.int8), axis=1)).sum(axis=1)
        if float(np.median(changes)) >= max(6.0, 0.25 * width / height):
            found.append((left, top, width, height))
    return found


def non_content(timeline: Timeline, look: Look, rules: Rules = RULES) -> tuple[Span, ...]:
    """Find the non-content segments at both ends of a clip, in seconds from its first picture.

    ``look`` gives the pictures with the given pts, decoding those that it does not hold yet.
    """
    verdicts: dict[int, str] = {}

    def see(pts: Sequence[int]) -> None:
        fresh = look([p for p in pts if p not in verdicts])
        verdicts.update({p: judge(measure(picture, rules), rules) for p, picture in fresh.items()})

    whole_s = timeline.duration_s
    head, tail = _zones(timeline, rules)
    followed = [(head[1], rules.reach * whole_s), ((1 - rules.reach) * whole_s, tail[0])]
    see(first_look(timeline, rules))
    # A segment that reaches the inner border of its zone is followed further in.
    see(
        [
            p
            for (start_s, end_s) in _crossed(timeline, verdicts, followed)
            for p in _grid(timeline, start_s, end_s, rules)
        ]
    )
    if _crossed(timeline, verdicts, followed):
        # And one that goes on even there may be no segment: a lecture is all text, a night film all black.
        middle = _spread(timeline, rules.reach * whole_s, (1 - rules.reach) * whole_s, rules.grid // 2)
        see(middle)
        alike = [bool(verdicts[p]) for p in middle if p in verdicts]
        if sum(alike) > rules.ordinary * len(alike):
            return ()
    see(_borders(timeline, verdicts, rules))
    return tuple(
        span
        for span in _segments(timeline, verdicts, rules)
        if (span.start_s < head[1] or span.end_s > tail[0]) and span.end_s - span.start_s <= rules.longest * whole_s
    )


def first_look(timeline: Timeline, rules: Rules = RULES) -> list[int]:
    """The pictures that are judged in any case: a grid over both zones, and their keyframes."""
    return sorted({p for start_s, end_s in _zones(timeline, rules) for p in _grid(timeline, start_s, end_s, rules)})


def _zones(timeline: Timeline, rules: Rules) -> list[tuple[float, float]]:
    whole_s = timeline.duration_s
    return [(0.0, rules.zone * whole_s), ((1 - rules.zone) * whole_s, whole_s)]


def _crossed(
    timeline: Timeline, verdicts: Mapping[int, str], inner: Sequence[tuple[float, float]]
) -> list[tuple[float, float]]:
    """Of the two stretches inside the zones, those on whose side the innermost judged picture is not of the film."""
    order = sorted(verdicts)
    before = [p for p in order if timeline.seconds(p) < timeline.duration_s / 2]
    after = [p for p in order if timeline.seconds(p) >= timeline.duration_s / 2]
    edges = (before[-1:], after[:1])
    return [stretch for stretch, edge in zip(inner, edges, strict=True) if edge and verdicts[edge[0]]]


def _grid(timeline: Timeline, start_s: float, end_s: float, rules: Rules) -> list[int]:
    """Pictures of one zone. A cut to a card makes a keyframe, so where there are enough of those, they will do;
    where there are few, an even grid joins them; where nearly all are, the grid chooses among them."""
    inside = timeline.between(start_s, end_s)
    keys: list[int] = inside[np.isin(inside, timeline.keys)].tolist()
    found = set(keys) if len(keys) <= 2 * rules.grid else set[int]()
    if not rules.grid // 2 <= len(keys) <= 2 * rules.grid:
        found.update(_spread(timeline, start_s, end_s, rules.grid))
    if len(inside) and inside[-1] == timeline.pts[-1]:
        found.add(int(inside[-1]))  # the last picture tells whether the clip ends in black
    return sorted(found)


def _spread(timeline: Timeline, start_s: float, end_s: float, count: int) -> list[int]:
    edges_s = np.linspace(start_s, end_s, count + 1).tolist()
    return choose(timeline, [Slot(start_s=a, aim_s=(a + b) / 2, end_s=b) for a, b in pairwise(edges_s)])


def _borders(timeline: Timeline, verdicts: Mapping[int, str], rules: Rules) -> list[int]:
    """Pictures between two neighbours of unlike verdict, close enough to know the border to ``border_s``."""
    order = sorted(verdicts)
    found: list[int] = []
    for before, after in pairwise(order):
        low_s, high_s = float(timeline.seconds(before)), float(timeline.seconds(after))
        # The middle of the clip is not looked at: a border is never sought across it.
        if bool(verdicts[before]) == bool(verdicts[after]) or high_s - low_s > 0.2 * timeline.duration_s:
            continue
        inside = timeline.between(low_s, high_s)[1:]
        times = timeline.seconds(inside)
        last_s = low_s
        for pts, at_s in zip(inside.tolist(), np.asarray(times).tolist(), strict=True):
            if at_s - last_s >= rules.border_s * 0.99:
                found.append(pts)
                last_s = at_s
    return found


def _segments(timeline: Timeline, verdicts: Mapping[int, str], rules: Rules) -> tuple[Span, ...]:
    """Runs of pictures that are not of the film, ending half-way to the next that is."""
    order = sorted(verdicts)
    times = [float(timeline.seconds(p)) for p in order]
    gap_s = 0.2 * timeline.duration_s
    runs: list[tuple[float, float, list[str]]] = []
    for k, pts in enumerate(order):
        if not verdicts[pts]:
            continue
        if k == 0:
            start_s = 0.0
        else:
            start_s = times[k] if times[k] - times[k - 1] > gap_s else (times[k - 1] + times[k]) / 2
        if k + 1 == len(order):
            end_s = timeline.duration_s
        else:
            end_s = times[k] if times[k + 1] - times[k] > gap_s else (times[k] + times[k + 1]) / 2
        if runs and start_s - runs[-1][1] <= rules.flicker_s:
            runs[-1] = (runs[-1][0], end_s, [*runs[-1][2], verdicts[pts]])
        else:
            runs.append((start_s, end_s, [verdicts[pts]]))
    return tuple(
        Span(start_s=start_s, end_s=end_s, reason=max(sorted(set(reasons)), key=reasons.count))
        for start_s, end_s, reasons in runs
        if end_s - start_s >= rules.shortest_s
    )
