"""Strokes: letters and grounds, of which the painted clips are made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

RGB = npt.NDArray[np.uint8]
Rng = np.random.Generator
#: Number of the picture → the picture.
Painter = Callable[[int], RGB]
#: Random numbers, width, height, how many pictures.
Kind = Callable[[Rng, int, int, int], Painter]

AA = cv2.LINE_AA
FACES = ("aileron", "aileron", cv2.FONT_HERSHEY_TRIPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_DUPLEX)
SYLLABLES = (
    "ar",
    "bel",
    "con",
    "da",
    "el",
    "fi",
    "gra",
    "ho",
    "in",
    "ker",
    "lo",
    "mar",
    "no",
    "or",
    "pel",
    "ra",
    "sen",
    "ti",
    "ul",
    "ver",
)


@cache
def font(px: int) -> Any:
    return ImageFont.load_default(size=px)


def word(rng: Rng) -> str:
    return "".join(str(part) for part in rng.choice(SYLLABLES, int(rng.integers(2, 4)))).title()


def words(rng: Rng, count: int) -> str:
    return " ".join(word(rng) for _ in range(count))


def mask_of(line: str, px: int, face: str | int) -> npt.NDArray[np.uint8]:
    """The letters of one line, 255 where they are, ``px`` from the top of a capital to the foot of a comma."""
    if face == "aileron":
        left, top, right, low = font(px).getbbox(line)
        image = Image.new("L", (int(right - left) + 2, int(low - top) + 2))
        ImageDraw.Draw(image).text((1 - left, 1 - top), line, fill=255, font=font(px))
        return np.asarray(image)
    scale = px / 28
    (wide, tall), below = cv2.getTextSize(line, int(face), scale, max(1, round(1.3 * scale)))
    mask = np.zeros((tall + below + 2, wide + 2), np.uint8)
    cv2.putText(mask, line, (1, tall + 1), int(face), scale, 255, max(1, round(1.3 * scale)), AA)
    return mask


def lay(
    picture: RGB, line: str, at: tuple[float, float], size: float, ink: Sequence[float], face: str | int = "aileron"
) -> None:
    """A line around ``at`` (shares of width and height), ``size`` of the height tall; what sticks out is shrunk."""
    height, width = picture.shape[:2]
    mask = mask_of(line, max(7, round(size * height)), face)
    room = 2 * min(at[0], 1 - at[0]) * width * 0.94
    if mask.shape[1] > room:
        mask = np.asarray(
            cv2.resize(
                mask,
                (max(int(room), 1), max(int(mask.shape[0] * room / mask.shape[1]), 1)),
                interpolation=cv2.INTER_AREA,
            )
        )
    tall, wide = mask.shape
    left, top = round(at[0] * width - wide / 2), round(at[1] * height - tall / 2)
    low, high = max(top, 0), min(top + tall, height)
    if low >= high:
        return
    cover = mask[low - top : high - top, :, None] / np.float32(255)
    part = picture[low:high, left : left + wide]
    part[:] = (part + cover * (np.asarray(ink, np.float32) - part)).astype(np.uint8)


def plain(width: int, height: int, colour: Sequence[float]) -> RGB:
    return np.full((height, width, 3), colour, np.float32).astype(np.uint8)


def smooth(rng: Rng, width: int, height: int, lumps: float, dark: Sequence[float], light: Sequence[float]) -> RGB:
    """Soft noise between two colours; ``lumps``: how many stand in its height."""
    small = rng.random((max(int(lumps), 2), max(int(lumps * width / height), 2))).astype(np.float32)
    field = np.clip(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), 0, 1)[..., None]
    return (
        np.asarray(dark, np.float32) + field * (np.asarray(light, np.float32) - np.asarray(dark, np.float32))
    ).astype(np.uint8)


def slope(width: int, height: int, above: Sequence[float], below: Sequence[float]) -> RGB:
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    return np.repeat(
        np.asarray(above, np.float32) + down * (np.asarray(below, np.float32) - np.asarray(above, np.float32)), width, 1
    ).astype(np.uint8)


def zoomed(picture: RGB, by: float) -> RGB:
    height, width = picture.shape[:2]
    move = np.array([[by, 0, (1 - by) * width / 2], [0, by, (1 - by) * height / 2]])
    return np.asarray(
        cv2.warpAffine(picture, move, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    )


def still(picture: RGB) -> Painter:
    return lambda k: picture


def colour(rng: Rng, low: int, high: int) -> tuple[int, int, int]:
    drawn = rng.integers(low, high, 3)
    return int(drawn[0]), int(drawn[1]), int(drawn[2])


def oval(picture: RGB, at: Sequence[int], axes: Sequence[int], ink: Sequence[int]) -> None:
    cv2.ellipse(picture, at, axes, 0, 0, 360, ink, -1, AA)
