"""Strokes: the stage a picture is painted on, and the few ways of putting light and ink on it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from triptych.catalogue.sources.synthetic.colour import Image, Tint

Plane = npt.NDArray[np.float32]
#: What may be painted with: computed in either precision, laid down in float32.
Field = npt.NDArray[np.float32 | np.float64]

#: cv2 draws at sixteenths of a pixel with this shift: slow motion does not stutter.
_SHIFT = 4


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What a shot is painted on. ``pace``: the clip's speed, about 1. ``heading``: −1 or 1, left or right."""

    width: int
    height: int
    tint: Tint
    pace: float
    heading: int
    close: bool

    def grid(self) -> tuple[Plane, Plane]:
        """``x`` 0 … aspect and ``y`` 0 … 1 of every pixel, in heights."""
        y, x = np.mgrid[0 : self.height, 0 : self.width].astype(np.float32) / np.float32(self.height)
        return x, y

    @property
    def aspect(self) -> float:
        return self.width / self.height


def through(ramp: Image, field: Field) -> Image:
    """Colours of a field 0–1 along a ramp of at most 256 steps."""
    at = field.astype(np.float32) * np.float32(len(ramp) - 1)
    return np.take(ramp, np.rint(at).astype(np.uint8), axis=0)


def step(field: Field) -> Plane:
    """A smooth step from 0 to 1 while the field goes from −1 to 1."""
    t = np.clip(field.astype(np.float32) * 0.5 + 0.5, 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t), dtype=np.float32)


def screen(image: Image, amount: Field, colour: Field) -> Image:
    """Light laid over a picture: it brightens and never clips."""
    lit = amount[..., None].astype(np.float32) * colour.astype(np.float32)
    return np.asarray(1.0 - (1.0 - image) * (1.0 - np.clip(lit, 0.0, 1.0)), dtype=np.float32)


def disc(
    image: Image, centre: npt.NDArray[np.float64], radius: float, *, colour: Image, alpha: float, soft: float
) -> None:
    """One translucent disc with a brighter rim, blended into its own rectangle only."""
    height, width = image.shape[:2]
    reach = radius + soft
    left, right = int((centre[0] - reach) * height), int((centre[0] + reach) * height) + 2
    top, bottom = int((centre[1] - reach) * height), int((centre[1] + reach) * height) + 2
    left, top, right, bottom = max(left, 0), max(top, 0), min(right, width), min(bottom, height)
    if left >= right or top >= bottom:
        return
    across = np.arange(left, right, dtype=np.float32) / np.float32(height) - np.float32(centre[0])
    down = np.arange(top, bottom, dtype=np.float32) / np.float32(height) - np.float32(centre[1])
    far = np.sqrt(across * across + (down * down)[:, None])
    mask = np.clip((np.float32(radius) - far) / np.float32(soft) * 0.5 + 0.5, 0.0, 1.0)
    mask *= np.float32(alpha) * (0.7 + 0.3 * np.minimum(far / np.float32(radius), 1.0) ** 4)
    box = image[top:bottom, left:right]
    box += mask[..., None] * (colour - box)


def cloud(rng: np.random.Generator, stage: Stage, power: float) -> Plane:
    """Noise with a spectrum of ``f^-power`` that joins at its edges: float32 ``[height, 2·width]``, 0–1."""
    shape = (stage.height, 2 * stage.width)
    down, across = np.fft.fftfreq(shape[0])[:, None], np.fft.rfftfreq(shape[1])[None, :]
    frequency = np.hypot(down, across)
    frequency[0, 0] = np.inf
    spectrum = rng.normal(size=frequency.shape) + 1j * rng.normal(size=frequency.shape)
    field = np.fft.irfft2(spectrum * frequency**-power, s=shape)
    field = (field - field.mean()) / (field.std() * 4.5) + 0.5
    return np.clip(field, 0.0, 1.0).astype(np.float32)


def pan(plane: Plane, across_px: float, down_px: float) -> Plane:
    """The left half of a strip that goes round for ever, moved by parts of a pixel."""
    height, width = plane.shape[:2]
    move = np.array([[1.0, 0.0, across_px % width], [0.0, 1.0, down_px % height]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(plane, move, (width // 2, height), flags=flags, borderMode=cv2.BORDER_WRAP)
    return np.asarray(moved, dtype=np.float32)


def splat(where_px: npt.NDArray[np.float64], light: npt.NDArray[np.float64], stage: Stage) -> Image:
    """Points of light, each spread over the four pixels around it."""
    size = stage.width * stage.height
    corner = np.floor(where_px).astype(np.int64)
    part = where_px - corner
    image = np.zeros((size, 3), np.float64)
    for dx in (0, 1):
        for dy in (0, 1):
            x, y = corner[:, 0] + dx, corner[:, 1] + dy
            inside = (x >= 0) & (x < stage.width) & (y >= 0) & (y < stage.height)
            weight = np.abs(1 - dx - part[:, 0]) * np.abs(1 - dy - part[:, 1])
            np.add.at(image, (y * stage.width + x)[inside], (weight[:, None] * light)[inside])
    return image.reshape(stage.height, stage.width, 3).astype(np.float32)


def fill(image: npt.NDArray[np.uint8], points: npt.NDArray[np.float64], colour: Image | int) -> None:
    """A filled shape; ``points`` ``[n, 2]`` in heights."""
    cv2.fillPoly(image, [_fixed(points, image)], _ink(colour), cv2.LINE_AA, _SHIFT)


def line(image: npt.NDArray[np.uint8], points: npt.NDArray[np.float64], colour: Image | int, thick_px: int) -> None:
    """An open line; ``points`` ``[n, 2]`` in heights."""
    cv2.polylines(image, [_fixed(points, image)], False, _ink(colour), thick_px, cv2.LINE_AA, _SHIFT)


def _fixed(points: npt.NDArray[np.float64], image: npt.NDArray[np.uint8]) -> npt.NDArray[np.int32]:
    return np.rint(points * (image.shape[0] * 2**_SHIFT)).astype(np.int32)


def _ink(colour: Image | int) -> tuple[float, ...]:
    if isinstance(colour, int):
        return (float(colour),)
    return tuple(float(channel) * 255 for channel in colour)


def to_bytes(image: Image) -> npt.NDArray[np.uint8]:
    return np.clip(image * 255.0 + 0.5, 0, 255).astype(np.uint8)
