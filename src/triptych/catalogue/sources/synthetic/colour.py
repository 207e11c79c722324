"""Colour: palettes that stay refined however far the seed bends them, because they bend in OKLCH."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.float32]

# OKLab to linear sRGB (Ottosson 2020, "A perceptual color space for image processing").
_LAB_TO_CONES = np.array(
    [[1, 0.3963377774, 0.2158037573], [1, -0.1055613458, -0.0638541728], [1, -0.0894841775, -1.2914855480]]
)
_CONES_TO_RGB = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)


@dataclass(frozen=True, kw_only=True)
class Shade:
    """A colour in OKLCH: ``lightness`` 0–1, ``chroma`` 0 to about .3, ``hue_deg``."""

    lightness: float
    chroma: float
    hue_deg: float


@dataclass(frozen=True, kw_only=True)
class Tint:
    """How one clip bends its theme's palette: hue turned, lightness shifted, chroma scaled."""

    hue_deg: float = 0.0
    lightness: float = 0.0
    chroma: float = 1.0

    def rgb(self, shade: Shade) -> Image:
        """One shade as float32 ``[3]``, sRGB 0–1."""
        return _to_rgb(self._lab([shade]))[0]

    def ramp(self, shades: Sequence[Shade], steps: int = 256) -> Image:
        """A smooth passage through the shades: float32 ``[steps, 3]``, sRGB 0–1."""
        lab = self._lab(shades)
        at, stops = np.linspace(0.0, 1.0, steps), np.linspace(0.0, 1.0, len(shades))
        return _to_rgb(np.stack([np.interp(at, stops, lab[:, axis]) for axis in range(3)], axis=1))

    def _lab(self, shades: Sequence[Shade]) -> npt.NDArray[np.float64]:
        lch = np.array([(shade.lightness, shade.chroma, shade.hue_deg) for shade in shades])
        hue = np.radians(lch[:, 2] + self.hue_deg)
        chroma = lch[:, 1] * self.chroma
        return np.stack(
            [np.clip(lch[:, 0] + self.lightness, 0.0, 1.0), chroma * np.cos(hue), chroma * np.sin(hue)], axis=1
        )


def shades(*triples: tuple[float, float, float]) -> tuple[Shade, ...]:
    """Shades from ``(lightness, chroma, hue_deg)`` triples."""
    return tuple(Shade(lightness=a, chroma=b, hue_deg=c) for a, b, c in triples)


def _to_rgb(lab: npt.NDArray[np.float64]) -> Image:
    linear = np.clip((lab @ _LAB_TO_CONES.T) ** 3 @ _CONES_TO_RGB.T, 0.0, 1.0)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return encoded.astype(np.float32)
