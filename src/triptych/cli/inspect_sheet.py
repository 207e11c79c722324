"""Inspect sheet: what is seen of one item as one picture, for a terminal's viewer, a mail or a report."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from triptych.cli.axis import Axis, roof, share_text
from triptych.cli.inspect_figure import binned, clock, crowded, pace, sliced, tidy_times
from triptych.cli.inspect_words import opening
from triptych.cli.inspection import FLOOR_DB, Inspection, Pictures, Segment
from triptych.media.contact_sheet import Tile

Canvas = npt.NDArray[np.uint8]
RGB = tuple[int, int, int]

WIDTH_PX, MARGIN_PX, GAP_PX = 1600, 48, 10
#: Pictures side by side: as many as make them about so wide.
TILE_PX = 180
#: More pictures than this are thinned out.
MOST_TILES = 64
#: The page's colours by day: one sheet is for all hours.
INK, SOFT, PAPER, LINE = (29, 27, 25), (106, 100, 92), (250, 248, 244), (228, 222, 212)
SEEING, HEARING = (180, 73, 47), (47, 111, 143)
FONT = cv2.FONT_HERSHEY_DUPLEX
#: [px] Height of a capital letter at scale 1.
CAPITAL_PX = 22
OBJECTS = 8


def write(path: Path, found: Inspection, pictures: Pictures) -> Path:
    """Write the picture as a PNG and return its path."""
    done, coded = cv2.imencode(".png", cv2.cvtColor(sheet(found, pictures), cv2.COLOR_RGB2BGR))
    assert done  # encoding a picture in memory fails only for shapes that cannot occur here
    path.write_bytes(coded.tobytes())
    return path


def sheet(found: Inspection, pictures: Pictures) -> Canvas:
    """uint8 ``[h, 1600, 3]``, sRGB."""
    parts = [_head(found)]
    if pictures.wall:
        parts.append(_wall(pictures.wall))
    if found.clip is not None and (found.colours or found.levels):
        parts.append(_lanes(found))
    if found.objects:
        parts.append(_objects(found))
    foot = _blank(MARGIN_PX)
    return np.concatenate([_blank(MARGIN_PX), *parts, foot])


def plain(words: str) -> str:
    """In letters that the drawing has: accents are dropped, what is left over becomes a question mark.

    >>> plain("Amélie – 4 × 3")
    'Amelie - 4 x 3'
    """
    swapped = words.translate({ord("×"): "x", ord("–"): "-", ord("−"): "-", ord("…"): "...", ord("·"): "-"})
    bare = "".join(c for c in unicodedata.normalize("NFKD", swapped) if not unicodedata.combining(c))
    return "".join(c if " " <= c <= "~" else "?" for c in bare)


def _blank(high: int) -> Canvas:
    return np.full((high, WIDTH_PX, 3), PAPER, np.uint8)


def _say(
    canvas: Canvas, words: str, x: float, y: float, *, px: float = 13, colour: RGB = INK, anchor: str = "start"
) -> None:
    """Words whose foot is at ``y``; ``px`` is the height of a capital letter."""
    scale = px / CAPITAL_PX
    wide = _wide(words, px)
    left = x - wide if anchor == "end" else x - wide / 2 if anchor == "middle" else x
    cv2.putText(canvas, plain(words), (round(left), round(y)), FONT, scale, colour, 1, cv2.LINE_AA)


def _wide(words: str, px: float) -> int:
    (wide, _), _ = cv2.getTextSize(plain(words), FONT, px / CAPITAL_PX, 1)
    return wide


def _folded(words: str, px: float, room: float) -> list[str]:
    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        if _wide(longer, px) <= room or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return [_cut(line, px, room) for line in lines]


def _cut(words: str, px: float, room: float) -> str:
    if _wide(words, px) <= room:
        return words
    kept = words
    while kept and _wide(f"{kept}...", px) > room:
        kept = kept[: len(kept) - max(len(kept) // 20, 1)]
    return f"{kept}..."


def _head(found: Inspection) -> Canvas:
    room = WIDTH_PX - 2 * MARGIN_PX
    title = found.item.title or found.item.item_id
    year = f" ({found.item.year})" if found.item.year is not None else ""
    lines = _folded(opening(found), 14, room)
    canvas = _blank(58 + 30 * len(lines) + 14)
    _say(canvas, _cut(f"{title}{year}", 30, room), MARGIN_PX, 34, px=30)
    for k, line in enumerate(lines):
        _say(canvas, line, MARGIN_PX, 76 + 30 * k, px=14, colour=SOFT)
    return canvas


def _wall(tiles: Sequence[Tile]) -> Canvas:
    kept = tiles[:: -(-len(tiles) // MOST_TILES)]
    room = WIDTH_PX - 2 * MARGIN_PX
    high, wide = kept[0].rgb.shape[:2]
    # Upright pictures stand closer, so that a row of them is not as high as the sheet is wide.
    across = max(round(room / (TILE_PX * min(max(wide / high, 0.5), 1.8) / 1.78)), 1)
    tile_w = (room - GAP_PX * (across - 1)) // across
    tile_h = max(round(tile_w * high / wide), 1)
    pitch = tile_h + 30
    canvas = _blank(-(-len(kept) // across) * pitch + 16)
    for k, tile in enumerate(kept):
        x, y = MARGIN_PX + (k % across) * (tile_w + GAP_PX), (k // across) * pitch
        method = cv2.INTER_AREA if wide >= tile_w else cv2.INTER_LINEAR
        picture = np.asarray(cv2.resize(tile.rgb, (tile_w, tile_h), interpolation=method), np.float32)
        if tile.reason:
            picture = picture * 0.45 + np.array(PAPER, np.float32) * 0.55
        canvas[y : y + tile_h, x : x + tile_w] = picture.round().astype(np.uint8)
        if tile.reason:
            _hatch(canvas, x, y, tile_w, tile_h)
        words = clock(tile.at_s, fine=True) + (f" {tile.reason}" if tile.reason else "")
        _say(canvas, words, x, y + tile_h + 18, px=10, colour=SEEING if tile.reason else SOFT)
    return canvas


def _hatch(canvas: Canvas, x: int, y: int, wide: int, high: int) -> None:
    """Slanting strokes over a box, within it; what lies below them is still to be seen."""
    box = canvas[y : y + high, x : x + wide]
    if box.size == 0:
        return
    down, across = np.mgrid[: box.shape[0], : box.shape[1]]
    strokes = (down + across) % 14 < 2
    box[strokes] = (box[strokes] * 0.5 + np.array(SOFT) * 0.5).round().astype(np.uint8)


def _lanes(found: Inspection) -> Canvas:
    clip = found.clip
    assert clip is not None
    left = MARGIN_PX + 56
    x = Axis(low=0, high=max(clip.duration_s, 1e-9), start=left, end=WIDTH_PX - MARGIN_PX)
    close = crowded(found.shots, x)
    borders = [] if close else [shot.start_s for shot in found.shots[1:]]
    lanes: list[Canvas] = []
    if found.colours:
        lanes.append(_colours(found, x))
    if found.shots and close:
        lanes.append(_curve("Shots a minute", pace(found.shots, x), (), found.rejected, x, 70, SEEING, unit=1))
    elif found.shots:
        lanes.append(_shots(found, x))
    if found.motion:
        name = "Motion, short sides a second"
        lanes.append(_curve(name, found.motion, borders, found.rejected, x, 120, SEEING, unit=1))
    if found.change:
        name = "Change from picture to picture, %"
        lanes.append(_curve(name, found.change, borders, found.rejected, x, 70, SOFT, unit=100))
    if found.levels:
        lanes.append(_levels(found, x))
    axis = _blank(40)
    for at_s, words in tidy_times(x, 110):
        place = round(x(at_s))
        cv2.line(axis, (place, 0), (place, 5), SOFT, 1)
        _say(axis, words, min(place, x.end - _wide(words, 10) / 2), 22, px=10, colour=SOFT, anchor="middle")
    return np.concatenate([*lanes, axis])


def _lane(name: str, high: int, left: float) -> tuple[Canvas, int]:
    canvas = _blank(high + 46)
    _say(canvas, name, left, 18, px=12)
    return canvas, 28


def _colours(found: Inspection, x: Axis) -> Canvas:
    canvas, top = _lane("Colour", 62, x.start)
    kept = sliced(found.colours, int(x.end - x.start))
    edges = [x.low, *((a + b) / 2 for (a, _), (b, _) in pairwise(kept)), x.high]
    for a, b, (_, colour) in zip(edges, edges[1:], kept, strict=False):
        canvas[top : top + 50, round(x(a)) : max(round(x(b)), round(x(a)) + 1)] = colour
    for at_s in found.measured_s:
        canvas[top + 54 : top + 60, round(x(at_s))] = SEEING
    taken = x.start + _wide("Colour", 12) + 14
    for span in found.rejected:
        _veil(canvas, span, x, top, 50)
        middle = max((x(span.start_s) + x(span.end_s)) / 2, taken + _wide(span.reason, 10) / 2)
        if middle + _wide(span.reason, 10) / 2 <= x.end + 30:
            _say(canvas, span.reason, middle, 18, px=10, colour=SOFT, anchor="middle")
            taken = middle + _wide(span.reason, 10) / 2 + 10
    return canvas


def _veil(canvas: Canvas, span: Segment, x: Axis, top: int, high: int) -> None:
    left, right = round(x(span.start_s)), max(round(x(span.end_s)), round(x(span.start_s)) + 1)
    box = canvas[top : top + high, left:right]
    box[:] = (box * 0.35 + np.array(PAPER) * 0.65).round().astype(np.uint8)
    _hatch(canvas, left, top, right - left, high)


def _shots(found: Inspection, x: Axis) -> Canvas:
    canvas, top = _lane("Shots", 30, x.start)
    pale = tuple(round(0.5 * a + 0.5 * b) for a, b in zip(SEEING, PAPER, strict=True))
    for k, shot in enumerate(found.shots):
        left, right = round(x(shot.start_s)), max(round(x(shot.end_s)), round(x(shot.start_s)) + 1)
        canvas[top : top + 30, left:right] = pale if k % 2 else SEEING
        if right - left > _wide(str(k + 1), 10) + 6:
            _say(canvas, str(k + 1), (left + right) / 2, top + 20, px=10, colour=PAPER, anchor="middle")
        if shot.kind == "fade":
            notch = np.array([(left - 7, top - 4), (left + 7, top - 4), (left, top + 9)])
            cv2.fillPoly(canvas, [notch], PAPER, cv2.LINE_AA)
            cv2.polylines(canvas, [notch], True, SEEING, 1, cv2.LINE_AA)
    return canvas


def _curve(
    name: str,
    points: Sequence[tuple[float, float]],
    borders: Sequence[float],
    rejected: Sequence[Segment],
    x: Axis,
    high: int,
    colour: RGB,
    *,
    unit: float,
) -> Canvas:
    canvas, top = _lane(name, high, x.start)
    kept = binned(points, int(x.end - x.start))
    y = Axis(low=0, high=roof(max(value for _, value in kept), 3), start=top + high, end=top)
    for tick in (0.0, y.high):
        cv2.line(canvas, (round(x.start), round(y(tick))), (round(x.end), round(y(tick))), LINE, 1)
        _say(canvas, f"{tick * unit:g}", x.start - 8, y(tick) + 5, px=10, colour=SOFT, anchor="end")
    for at_s in borders:
        cv2.line(canvas, (round(x(at_s)), top), (round(x(at_s)), top + high), LINE, 1)
    path = np.array([(round(x(a) * 16), round(y(b) * 16)) for a, b in kept])
    ground = np.array([(path[0][0], round(y(0) * 16)), *path, (path[-1][0], round(y(0) * 16))])
    under = canvas.copy()
    cv2.fillPoly(under, [ground], colour, cv2.LINE_AA, shift=4)
    cv2.addWeighted(under, 0.16, canvas, 0.84, 0, dst=canvas)
    cv2.polylines(canvas, [path], False, colour, 2, cv2.LINE_AA, shift=4)
    for span in rejected:
        _veil(canvas, span, x, top, high)
    return canvas


def _levels(found: Inspection, x: Axis) -> Canvas:
    high = 56
    canvas, top = _lane("Loudness, dB below full scale", high, x.start)
    y = Axis(low=FLOOR_DB, high=0, start=top + high, end=top)
    for tick in (0.0, FLOOR_DB):
        _say(canvas, f"{tick:.0f}", x.start - 8, y(tick) + 5, px=10, colour=SOFT, anchor="end")
    for one in found.levels:
        left, right = round(x(one.start_s)), round(min(x(one.end_s), x.end))
        canvas[round(y(one.db)) : top + high, left : max(right, left + 1)] = HEARING
    cv2.line(canvas, (round(x.start), top + high), (round(x.end), top + high), SOFT, 1)
    return canvas


def _objects(found: Inspection) -> Canvas:
    shown = found.objects[:OBJECTS]
    canvas, top = _lane("Objects, share of the pictures", 26 * len(shown), MARGIN_PX)
    left = MARGIN_PX + max(_wide(name, 11) for name, _ in shown) + 16
    x = Axis(low=0, high=1, start=left, end=WIDTH_PX - MARGIN_PX - 90)
    for k, (name, share) in enumerate(shown):
        foot = top + 26 * k + 18
        _say(canvas, name, left - 10, foot, px=11, anchor="end")
        canvas[foot - 13 : foot + 2, round(left) : max(round(x(share)), round(left) + 1)] = SEEING
        _say(canvas, share_text(share), x(share) + 8, foot, px=10, colour=SOFT)
    return canvas
