"""Inspect sheet: one item, seen, heard and read, as one picture, for a terminal's viewer, a mail or a report."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from triptych.cli import inspect_sheet_heard, inspect_sheet_read
from triptych.cli.inspect_canvas import (
    GAP_PX,
    MARGIN_PX,
    PAPER,
    SEEING,
    SOFT,
    WIDTH_PX,
    Canvas,
    blank,
    curve,
    cut,
    folded,
    hatch,
    lane,
    say,
    veil,
    wide_of,
)
from triptych.cli.inspect_figure import crowded, pace
from triptych.cli.inspect_hearing_words import heard_opening
from triptych.cli.inspect_lane import clock, sliced, tidy_times
from triptych.cli.inspect_reading_words import read_opening
from triptych.cli.inspect_words import opening
from triptych.cli.inspection import Inspection, Pictures
from triptych.drawing.axis import Axis, share_text
from triptych.media.contact_sheet import Tile

#: Pictures side by side: as many as make them about so wide.
TILE_PX = 180
#: More pictures than this are thinned out.
MOST_TILES = 64
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
    if found.clip is not None and (found.colours or found.hearing is not None):
        parts.append(_lanes(found, pictures))
    parts.append(inspect_sheet_read.block(found.item, found.reading))
    if found.objects:
        parts.append(_objects(found))
    foot = blank(MARGIN_PX)
    return np.concatenate([blank(MARGIN_PX), *parts, foot])


def _head(found: Inspection) -> Canvas:
    room = WIDTH_PX - 2 * MARGIN_PX
    title = found.item.title or found.item.item_id
    year = f" ({found.item.year})" if found.item.year is not None else ""
    told = (opening(found), heard_opening(found.hearing), read_opening(found.reading))
    lines = [line for words in told if words for line in folded(words, 14, room)]
    canvas = blank(58 + 30 * len(lines) + 14)
    say(canvas, cut(f"{title}{year}", 30, room), MARGIN_PX, 34, px=30)
    for k, line in enumerate(lines):
        say(canvas, line, MARGIN_PX, 76 + 30 * k, px=14, colour=SOFT)
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
    canvas = blank(-(-len(kept) // across) * pitch + 16)
    for k, tile in enumerate(kept):
        x, y = MARGIN_PX + (k % across) * (tile_w + GAP_PX), (k // across) * pitch
        method = cv2.INTER_AREA if wide >= tile_w else cv2.INTER_LINEAR
        picture = np.asarray(cv2.resize(tile.rgb, (tile_w, tile_h), interpolation=method), np.float32)
        if tile.reason:
            picture = picture * 0.45 + np.array(PAPER, np.float32) * 0.55
        canvas[y : y + tile_h, x : x + tile_w] = picture.round().astype(np.uint8)
        if tile.reason:
            hatch(canvas, x, y, tile_w, tile_h)
        words = clock(tile.at_s, fine=True) + (f" {tile.reason}" if tile.reason else "")
        say(canvas, words, x, y + tile_h + 18, px=10, colour=SEEING if tile.reason else SOFT)
    return canvas


def _lanes(found: Inspection, pictures: Pictures) -> Canvas:
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
        lanes.append(curve("Shots a minute", pace(found.shots, x), (), found.rejected, x, 70, SEEING, unit=1))
    elif found.shots:
        lanes.append(_shots(found, x))
    if found.motion:
        name = "Motion, short sides a second"
        lanes.append(curve(name, found.motion, borders, found.rejected, x, 120, SEEING, unit=1))
    if found.change:
        name = "Change from picture to picture, %"
        lanes.append(curve(name, found.change, borders, found.rejected, x, 70, SOFT, unit=100))
    if found.hearing is not None:
        lanes += inspect_sheet_heard.lanes(found.hearing, pictures.spectrum, x)
    axis = blank(40)
    for at_s, words in tidy_times(x, 110):
        place = round(x(at_s))
        cv2.line(axis, (place, 0), (place, 5), SOFT, 1)
        say(axis, words, min(place, x.end - wide_of(words, 10) / 2), 22, px=10, colour=SOFT, anchor="middle")
    return np.concatenate([*lanes, axis])


def _colours(found: Inspection, x: Axis) -> Canvas:
    canvas, top = lane("Colour", 62, x.start)
    kept = sliced(found.colours, int(x.end - x.start))
    edges = [x.low, *((a + b) / 2 for (a, _), (b, _) in pairwise(kept)), x.high]
    for a, b, (_, colour) in zip(edges, edges[1:], kept, strict=False):
        canvas[top : top + 50, round(x(a)) : max(round(x(b)), round(x(a)) + 1)] = colour
    for at_s in found.measured_s:
        canvas[top + 54 : top + 60, round(x(at_s))] = SEEING
    taken = x.start + wide_of("Colour", 12) + 14
    for span in found.rejected:
        veil(canvas, span, x, top, 50)
        middle = max((x(span.start_s) + x(span.end_s)) / 2, taken + wide_of(span.reason, 10) / 2)
        if middle + wide_of(span.reason, 10) / 2 <= x.end + 30:
            say(canvas, span.reason, middle, 18, px=10, colour=SOFT, anchor="middle")
            taken = middle + wide_of(span.reason, 10) / 2 + 10
    return canvas


def _shots(found: Inspection, x: Axis) -> Canvas:
    canvas, top = lane("Shots", 30, x.start)
    pale = tuple(round(0.5 * a + 0.5 * b) for a, b in zip(SEEING, PAPER, strict=True))
    for k, shot in enumerate(found.shots):
        left, right = round(x(shot.start_s)), max(round(x(shot.end_s)), round(x(shot.start_s)) + 1)
        canvas[top : top + 30, left:right] = pale if k % 2 else SEEING
        if right - left > wide_of(str(k + 1), 10) + 6:
            say(canvas, str(k + 1), (left + right) / 2, top + 20, px=10, colour=PAPER, anchor="middle")
        if shot.kind == "fade":
            notch = np.array([(left - 7, top - 4), (left + 7, top - 4), (left, top + 9)])
            cv2.fillPoly(canvas, [notch], PAPER, cv2.LINE_AA)
            cv2.polylines(canvas, [notch], True, SEEING, 1, cv2.LINE_AA)
    return canvas


def _objects(found: Inspection) -> Canvas:
    shown = found.objects[:OBJECTS]
    canvas, top = lane("Objects, share of the pictures", 26 * len(shown), MARGIN_PX)
    left = MARGIN_PX + max(wide_of(name, 11) for name, _ in shown) + 16
    x = Axis(low=0, high=1, start=left, end=WIDTH_PX - MARGIN_PX - 90)
    for k, (name, share) in enumerate(shown):
        foot = top + 26 * k + 18
        say(canvas, name, left - 10, foot, px=11, anchor="end")
        canvas[foot - 13 : foot + 2, round(left) : max(round(x(share)), round(left) + 1)] = SEEING
        say(canvas, share_text(share), x(share) + 8, foot, px=10, colour=SOFT)
    return canvas
