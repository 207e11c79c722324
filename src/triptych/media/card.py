"""Card: whether a picture is of the film or of what surrounds it, and how alike two pictures are but for their light.

A card has a ground: what lies along its sides goes on behind its letters or its emblem, and nothing touches the
borders. So a smooth surface is laid through the margins; where they do not lie on one, the picture is of the film,
and nothing more is asked. Else it is a card when lines of writing or something in the middle stand before that ground.
Writing is told by the shape that it leaves in the gradient, not by recognising letters: it needs no model and costs
a millisecond a picture, against a fifth of a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

RGB = npt.NDArray[np.uint8]
Grey = npt.NDArray[np.uint8]
Field = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class CardRules:
    """Thresholds for one picture. Luma is 0…255; shares are 0…1; blocks are pixels of the small picture."""

    small_px: int = 32  # short side of the small picture, in which a block is the mean of what it covers
    margin: float = 0.08  # width of the margins, as a share of the short side
    fits: int = 3  # times the ground's surface is laid, each time without the blocks that lay far off the last one
    far_off: float = 3.0  # which is this many times the usual distance
    usual_least: float = 1.0
    on_ground: float = 5.0  # a block this near the ground's surface lies on it
    plain_sides: float = 0.93  # share of the side margins that lies on the ground of a card
    plain_ring: float = 0.93  # and of all four margins, where there is no writing
    written_sides: float = 0.8  # large letters may reach into the side margins
    soft_step: float = (
        4.0  # or the ground may be softly uneven: neighbouring blocks differ by no more (95 % of margins)
    )
    uneven_step: float = 12.0  # or it is dark, and drifts as smoke does; then more is asked of the writing
    uneven_light: float = 60.0  # mean of the margins
    uneven_stray: float = 0.006  # share of edge pixels outside the writing; and the writing is centred as an emblem is
    black_mean: float = 24.0
    black_top: float = 56.0  # small lights in the dark are a night scene (99.9 % of pixels)
    black_range: float = 14.0  # blocks of a black picture differ by no more
    white_low: float = 225.0  # (2 % of pixels)
    white_range: float = 8.0
    before: float = 12.0  # a block this far from the ground stands before it
    before_faded: float = 0.15  # or this share of the farthest, where a card is faded
    before_least: float = 4.0
    smallest: float = 0.004  # share of the picture that an emblem takes
    largest: float = 0.45
    centred: float = 0.09  # an emblem's centre lies this near the middle, in half widths
    even: float = 0.1  # and it keeps as far from the left as from the right, to this share of the width
    text_cover: float = 0.006  # share of the picture under lines of writing
    subtitles: float = 0.8  # writing below this share of the height may be what someone says
    edge: float = 48.0  # gradient (Sobel / 4) from which a pixel is an edge
    stroke: float = 40.0  # and from which it is an upright stroke of a letter
    letter_gap_px: int = 13  # strokes nearer than this are of one line
    line_px: tuple[int, int] = (3, 9)  # what is lower or shorter is no line
    line_low_px: int = 4
    line_high: float = 0.25  # of the picture's height
    line_long: float = 1.8  # in its own heights
    line_filled: float = 0.5  # share of its box
    line_turns: tuple[float, float] = (6.0, 0.25)  # from dark to light and back: at least, and per height of its length
    stray_edges: float = 0.02  # share of edge pixels outside the writing that a text card may have
    bar_luma: float = 24.0  # rows above and below that are no brighter are the bars of a wider picture
    bar_share: float = 0.25  # and take no more of the height than this, each
    flat: float = 2.0  # a picture of less contrast (standard deviation of blocks) shows nothing
    same_light: float = 12.0  # two that show nothing are alike when their light differs by less


CARD_RULES = CardRules()


@dataclass(frozen=True, kw_only=True, eq=False)
class Seen:
    """A picture as it was judged.

    ``reason``: why it is not of the film: ``"black"``, ``"white"``, ``"text"``, ``"card"``; empty when it is.
    ``small``: float32 ``[h, w]``, luma of blocks. ``centre``: where what stands before the ground has its middle,
    −1…1 from left to right.
    """

    reason: str
    small: Field
    centre: float = 0.0


def judge(rgb: RGB, rules: CardRules = CARD_RULES) -> Seen:
    """Look at one picture ``[h, w, 3]``."""
    grey = cast(Grey, cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))
    small = blocks(grey, rules.small_px)
    spread = float(small.max() - small.min())
    if spread <= rules.black_range and small.mean() <= rules.black_mean and _percentile(grey, 0.999) <= rules.black_top:
        return Seen(reason="black", small=small)
    if spread <= rules.white_range and small.min() >= rules.white_low and _percentile(grey, 0.02) >= rules.white_low:
        return Seen(reason="white", small=small)
    above, below = _bars(small, rules)
    inner = small[above : len(small) - below]
    off, side, ring = _off_ground(inner, rules)
    on_ground = off <= rules.on_ground
    sides = float(on_ground[side].mean())
    step = 0.0 if sides >= rules.written_sides else _step(inner, ring)
    if step > (rules.uneven_step if float(inner[ring].mean()) <= rules.uneven_light else rules.soft_step):
        return Seen(reason="", small=small)
    centre, even, share = _middle(off, rules)
    if _written(grey, rules, uneven=step > rules.soft_step):
        return Seen(reason="text", small=small, centre=centre)
    plain = sides >= rules.plain_sides and float(on_ground[ring].mean()) >= rules.plain_ring
    stands = rules.smallest <= share <= rules.largest and abs(centre) <= rules.centred and even <= rules.even
    return Seen(reason="card" if plain and stands else "", small=small, centre=centre)


def likeness(one: Field, other: Field, rules: CardRules = CARD_RULES) -> float:
    """Whether two small pictures show the same, −1…1: their correlation, which no fade and no dimming changes.

    One that shows nothing is like another such of the same light, and unlike any that shows something.
    """
    if one.shape != other.shape:
        return 0.0
    a, b = one - one.mean(), other - other.mean()
    size_a, size_b = float(np.sqrt(np.square(a).mean())), float(np.sqrt(np.square(b).mean()))
    if size_a < rules.flat or size_b < rules.flat:
        both = size_a < rules.flat and size_b < rules.flat
        return float(both and abs(float(one.mean()) - float(other.mean())) < rules.same_light)
    return float((a * b).mean()) / (size_a * size_b)


def blocks(grey: Grey, short_px: int) -> Field:
    """Mean luma of square blocks, float32 ``[h, w]``; what the blocks leave over is left out evenly on both sides."""
    side = max(round(min(grey.shape) / short_px), 1)
    high, wide = grey.shape[0] // side, grey.shape[1] // side
    top, left = (grey.shape[0] - high * side) // 2, (grey.shape[1] - wide * side) // 2
    inside = grey[top : top + high * side, left : left + wide * side]
    return cv2.resize(inside, (wide, high), interpolation=cv2.INTER_AREA).astype(np.float32)


def _percentile(grey: Grey, share: float) -> int:
    """The luma at or below which a share of the pixels lies."""
    counts = cv2.calcHist([grey], [0], None, [256], [0, 256])[:, 0]
    return int(np.searchsorted(counts.cumsum(), share * grey.size))


def _bars(small: Field, rules: CardRules) -> tuple[int, int]:
    """Rows of the bars above and below a wider picture. A card on black has black sides too, and no bars."""
    dark = small.max(1) <= rules.bar_luma
    if not dark[0] or not dark[-1] or dark.all():
        return 0, 0
    above, below = int(np.argmin(dark)), int(np.argmin(dark[::-1]))
    if abs(above - below) > 2 or max(above, below) > rules.bar_share * len(small):
        return 0, 0
    sides = small[above : len(small) - below, [0, -1]]
    return (above, below) if float(np.median(sides)) > rules.bar_luma else (0, 0)


@lru_cache(maxsize=32)
def _surface(high: int, wide: int, margin: float) -> tuple[Field, Mask, Mask]:
    """The quadratic terms at each block ``[h·w, 6]``, and which blocks are side margins, and any margin."""
    y, x = np.mgrid[-1 : 1 : high * 1j, -1 : 1 : wide * 1j]
    terms = np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], -1).reshape(-1, 6).astype(np.float32)
    px = max(round(min(high, wide) * margin), 1)
    side = np.zeros((high, wide), bool)
    side[:, :px] = side[:, -px:] = True
    ring = side.copy()
    ring[:px] = ring[-px:] = True
    return terms, side, ring


def _off_ground(small: Field, rules: CardRules) -> tuple[Field, Mask, Mask]:
    """How far each block lies from the quadratic surface through the margins, letters in them left out; and which
    blocks are side margins, and any margin."""
    terms, side, ring = _surface(*small.shape, rules.margin)
    light, around = small.ravel(), np.flatnonzero(ring)
    off = np.zeros_like(light)
    kept = around
    for _ in range(rules.fits):
        normal = terms[kept].T @ terms[kept] + 1e-3 * np.eye(6, dtype=np.float32)
        off = np.abs(light - terms @ np.linalg.solve(normal, terms[kept].T @ light[kept]))
        usual = 1.5 * max(float(np.median(off[kept])), rules.usual_least)
        kept = around[off[around] <= rules.far_off * usual]
    return off.reshape(small.shape), side, ring


def _step(small: Field, ring: Mask) -> float:
    """How much neighbouring blocks of the margins differ, but for the 5 % that differ most."""
    right = np.abs(np.diff(small, axis=1, append=small[:, -1:]))
    below = np.abs(np.diff(small, axis=0, append=small[-1:]))
    return float(np.percentile(np.maximum(right, below)[ring], 95))


def _middle(off: Field, rules: CardRules) -> tuple[float, float, float]:
    """Of what stands before the ground: its middle (−1…1), how unevenly it lies, and its share of the picture."""
    least = min(max(rules.before_faded * float(off.max()), rules.before_least), rules.before)
    before = off > least
    if not before.any():
        return 0.0, 0.0, 0.0
    weight = (off * before).sum(0)
    columns = np.flatnonzero(weight)
    wide = off.shape[1]
    centre = float((weight * np.linspace(-1, 1, wide)).sum() / weight.sum())
    return centre, abs(int(columns[0]) - (wide - 1 - int(columns[-1]))) / wide, float(before.mean())


def _written(grey: Grey, rules: CardRules, *, uneven: bool) -> bool:
    """Whether lines of writing are what is in the picture."""
    across = cast(Grey, cv2.convertScaleAbs(cv2.Sobel(grey, cv2.CV_16S, 1, 0), alpha=0.25))
    lines = _lines_of_writing(across, rules)
    covered = np.zeros_like(grey)
    for left, above, wide, high in lines:
        covered[above : above + high, left : left + wide] = 1
    columns = covered[: round(rules.subtitles * len(grey))].sum(0)
    cover = float(columns.sum())
    if cover < rules.text_cover * grey.size:
        return False
    down = cv2.convertScaleAbs(cv2.Sobel(grey, cv2.CV_16S, 0, 1), alpha=0.25)
    stray = float(((cv2.max(across, down) >= rules.edge) & (covered == 0)).mean())
    if not uneven:
        return stray <= rules.stray_edges
    centre = float((columns * np.linspace(-1, 1, len(columns))).sum()) / cover
    return stray <= rules.uneven_stray and abs(centre) <= rules.centred


def _lines_of_writing(across: Grey, rules: CardRules) -> list[tuple[int, int, int, int]]:
    """Boxes (left, top, width, height) that look like lines of letters.

    Letters are many strong upright strokes close together: the horizontal gradient, closed along the line,
    makes a long, low, well filled blob, in which dark and light alternate.
    """
    strokes = (across >= rules.stroke).astype(np.uint8)
    joined = cv2.morphologyEx(strokes, cv2.MORPH_CLOSE, np.ones((1, rules.letter_gap_px), np.uint8))
    joined = cv2.morphologyEx(joined, cv2.MORPH_OPEN, np.ones(rules.line_px, np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=4)
    found: list[tuple[int, int, int, int]] = []
    for left, top, wide, high, area in stats[1:count].tolist():
        sized = rules.line_low_px <= high <= rules.line_high * len(across) and wide >= rules.line_long * high
        if not sized or area < rules.line_filled * wide * high:
            continue
        inside = strokes[top : top + high, left : left + wide]
        changes = np.abs(np.diff(inside.astype(np.int8), axis=1)).sum(axis=1)
        least, each = rules.line_turns
        if float(np.median(changes)) >= max(least, each * wide / high):
            found.append((left, top, wide, high))
    return found
