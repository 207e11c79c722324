"""Inspect canvas: what the sheet is drawn with: letters, lanes, curves, and what lies over what is left out."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from triptych.cli.inspect_lane import binned
from triptych.cli.inspection import Segment
from triptych.drawing.axis import Axis, roof

Canvas = npt.NDArray[np.uint8]
RGB = tuple[int, int, int]

WIDTH_PX, MARGIN_PX, GAP_PX = 1600, 48, 10
#: The page's colours by day: one sheet is for all hours.
INK, SOFT, PAPER, LINE = (29, 27, 25), (106, 100, 92), (250, 248, 244), (228, 222, 212)
SEEING, HEARING, READING = (180, 73, 47), (47, 111, 143), (109, 127, 44)
FONT = cv2.FONT_HERSHEY_DUPLEX
#: [px] Height of a capital letter at scale 1.
CAPITAL_PX = 22


def plain(words: str) -> str:
    """In letters that the drawing has: accents are dropped, what is left over becomes a question mark.

    >>> plain("Amélie – 4 × 3")
    'Amelie - 4 x 3'
    """
    swapped = words.translate({ord("×"): "x", ord("–"): "-", ord("−"): "-", ord("…"): "...", ord("·"): "-"})
    bare = "".join(c for c in unicodedata.normalize("NFKD", swapped) if not unicodedata.combining(c))
    return "".join(c if " " <= c <= "~" else "?" for c in bare)


def blank(high: int) -> Canvas:
    return np.full((high, WIDTH_PX, 3), PAPER, np.uint8)


def say(
    canvas: Canvas, words: str, x: float, y: float, *, px: float = 13, colour: RGB = INK, anchor: str = "start"
) -> None:
    """Words whose foot is at ``y``; ``px`` is the height of a capital letter."""
    scale = px / CAPITAL_PX
    wide = wide_of(words, px)
    left = x - wide if anchor == "end" else x - wide / 2 if anchor == "middle" else x
    cv2.putText(canvas, plain(words), (round(left), round(y)), FONT, scale, colour, 1, cv2.LINE_AA)


def wide_of(words: str, px: float) -> int:
    (wide, _), _ = cv2.getTextSize(plain(words), FONT, px / CAPITAL_PX, 1)
    return wide


def folded(words: str, px: float, room: float) -> list[str]:
    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        if wide_of(longer, px) <= room or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return [cut(line, px, room) for line in lines]


def cut(words: str, px: float, room: float) -> str:
    if wide_of(words, px) <= room:
        return words
    kept = words
    while kept and wide_of(f"{kept}...", px) > room:
        kept = kept[: len(kept) - max(len(kept) // 20, 1)]
    return f"{kept}..."


def hatch(canvas: Canvas, x: int, y: int, wide: int, high: int) -> None:
    """Slanting strokes over a box, within it; what lies below them is still to be seen."""
    box = canvas[y : y + high, x : x + wide]
    if box.size == 0:
        return
    down, across = np.mgrid[: box.shape[0], : box.shape[1]]
    strokes = (down + across) % 14 < 2
    box[strokes] = (box[strokes] * 0.5 + np.array(SOFT) * 0.5).round().astype(np.uint8)


def lane(name: str, high: int, left: float) -> tuple[Canvas, int]:
    canvas = blank(high + 46)
    say(canvas, name, left, 18, px=12)
    return canvas, 28


def veil(canvas: Canvas, span: Segment, x: Axis, top: int, high: int) -> None:
    left, right = round(x(span.start_s)), max(round(x(span.end_s)), round(x(span.start_s)) + 1)
    box = canvas[top : top + high, left:right]
    box[:] = (box * 0.35 + np.array(PAPER) * 0.65).round().astype(np.uint8)
    hatch(canvas, left, top, right - left, high)


def curve(
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
    canvas, top = lane(name, high, x.start)
    kept = binned(points, int(x.end - x.start))
    y = Axis(low=0, high=roof(max(value for _, value in kept), 3), start=top + high, end=top)
    for tick in (0.0, y.high):
        cv2.line(canvas, (round(x.start), round(y(tick))), (round(x.end), round(y(tick))), LINE, 1)
        say(canvas, f"{tick * unit:g}", x.start - 8, y(tick) + 5, px=10, colour=SOFT, anchor="end")
    for at_s in borders:
        cv2.line(canvas, (round(x(at_s)), top), (round(x(at_s)), top + high), LINE, 1)
    path = np.array([(round(x(a) * 16), round(y(b) * 16)) for a, b in kept])
    ground = np.array([(path[0][0], round(y(0) * 16)), *path, (path[-1][0], round(y(0) * 16))])
    under = canvas.copy()
    cv2.fillPoly(under, [ground], colour, cv2.LINE_AA, shift=4)
    cv2.addWeighted(under, 0.16, canvas, 0.84, 0, dst=canvas)
    cv2.polylines(canvas, [path], False, colour, 2, cv2.LINE_AA, shift=4)
    for span in rejected:
        veil(canvas, span, x, top, high)
    return canvas
