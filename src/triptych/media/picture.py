"""Picture: one decoded frame as people see it: upright, square pixels, opaque, ordinary dynamic range, small."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt
from av import VideoFrame
from av.buffer import Buffer
from av.video.reformatter import Colorspace, VideoReformatter

#: ITU-T H.273 codes.
PQ, HLG = 16, 18
BT2020 = 9
BT2020_CONSTANT = 10
#: Colour matrices that the scaler knows: RGB, BT.709, FCC, BT.601 (two codes), SMPTE 240M, BT.2020.
KNOWN_MATRICES = frozenset({0, 1, 4, 5, 6, 7, 9})
#: Untagged pictures this wide, or taller than this, are taken as BT.709, smaller ones as BT.601, as players do.
HD_WIDTH_PX, SD_HEIGHT_PX = 1280, 576
#: Longer than this many short sides is squeezed: a 1 × 10,000 strip must not become a gigabyte.
MAX_ASPECT = 4
#: Linear light (relative to SDR white at 203 cd/m², ITU-R BT.2408) that the tone curve maps to 1.
PEAK = 1000 / 203

RGB = npt.NDArray[np.uint8]


@dataclass(kw_only=True, eq=False)
class Scaler:
    """What is kept from picture to picture of one clip and one size.

    ``reformatter`` is set up once. ``turns``: the display matrix for each angle that was met. Asking a frame for its
    side data ties it into a cycle, so that its buffer waits for the garbage collector instead of going back to the
    decoder, which then takes half as long again: one frame of each angle is asked.
    """

    reformatter: VideoReformatter = field(default_factory=VideoReformatter)
    turns: dict[int, tuple[int, ...] | None] = field(default_factory=dict[int, tuple[int, ...] | None])


def shown_size(width_px: int, height_px: int, *, pixel_aspect: float, short_side_px: int) -> tuple[int, int]:
    """Width and height, as stored (before rotation), after scaling the shorter shown side to ``short_side_px``.

    >>> shown_size(1280, 720, pixel_aspect=1.0, short_side_px=224)
    (398, 224)
    >>> shown_size(640, 360, pixel_aspect=2.0, short_side_px=90)
    (320, 90)
    """
    wide = max(width_px * pixel_aspect, 1.0)
    tall = max(float(height_px), 1.0)
    scale = short_side_px / min(wide, tall)
    longest = MAX_ASPECT * short_side_px
    return min(max(round(wide * scale), 1), longest), min(max(round(tall * scale), 1), longest)


def to_rgb(frame: VideoFrame, *, width_px: int, height_px: int, scaler: Scaler | None = None) -> RGB:
    """uint8 ``[height, width, 3]`` sRGB, turned upright (so sides are swapped for a portrait recording).

    ``scaler``: the one that is kept for all pictures of a clip and this size.
    """
    scaler = scaler or Scaler()
    if int(frame.color_trc) in (PQ, HLG):
        picture = _from_hdr(cast(npt.NDArray[np.uint16], _scaled(frame, scaler, "rgb48le", width_px, height_px)), frame)
    elif any(part.is_alpha for part in frame.format.components) or frame.format.name == "pal8":
        rgba = _scaled(frame, scaler, "rgba", width_px, height_px).astype(np.uint16)
        # Over black, as a video player shows it.
        picture = ((rgba[..., :3] * rgba[..., 3:] + 127) // 255).astype(np.uint8)
    else:
        picture = cast(RGB, _scaled(frame, scaler, "rgb24", width_px, height_px))
    return _upright(picture, frame, scaler)


def _matrix(frame: VideoFrame) -> int | None:
    """The colour matrix to read the picture with, where its tag does not say or says what the scaler refuses."""
    if frame.colorspace in KNOWN_MATRICES:
        return None
    if frame.colorspace == BT2020_CONSTANT:
        return Colorspace.BT2020
    return Colorspace.ITU709 if frame.width >= HD_WIDTH_PX or frame.height > SD_HEIGHT_PX else Colorspace.ITU601


def _upright(picture: RGB, frame: VideoFrame, scaler: Scaler) -> RGB:
    """Turn and mirror by quarter turns, as the file's display matrix says."""
    angle = frame.rotation
    if angle not in scaler.turns:
        scaler.turns[angle] = _display_matrix(frame)
    matrix = scaler.turns[angle]
    if matrix is None:
        return picture
    # Row-major 3 × 3 in native 16.16: (x, y) is shown at (a x + c y, b x + d y), y downwards.
    a, b, _, c, d = matrix
    across, down = a, d
    if abs(b) > abs(a):
        picture = picture.transpose(1, 0, 2)
        across, down = c, b
    return np.ascontiguousarray(picture[:: -1 if down < 0 else 1, :: -1 if across < 0 else 1])


def _display_matrix(frame: VideoFrame) -> tuple[int, ...] | None:
    """The first five numbers of the matrix, or None where there is none."""
    try:
        attached = cast(Mapping[str, Buffer], frame.side_data)
        return tuple(np.frombuffer(bytes(attached["DISPLAYMATRIX"]), np.int32)[:5].tolist())
    except KeyError:
        return None
    except ValueError:
        # PyAV cannot list a frame to which FFmpeg attached what PyAV has no name for; the angle it reads all the same.
        unit = 1 << 16
        upright = ((unit, 0), (0, unit), (-unit, 0), (0, -unit))
        a, b = upright[round(frame.rotation / 90) % 4]
        return (a, -b, 0, b, a)


def _scaled(
    frame: VideoFrame, scaler: Scaler, pixels: str, width_px: int, height_px: int
) -> npt.NDArray[np.uint8 | np.uint16]:
    matrix = _matrix(frame)
    if min(frame.width, frame.height) >= 16:
        # Pictures are small and many are decoded side by side: threads of the scaler's own cost more than they gain.
        scaled = scaler.reformatter.reformat(
            frame, width_px, height_px, pixels, matrix, interpolation="AREA", threads=1
        )
        return cast(npt.NDArray[np.uint8 | np.uint16], scaled.to_ndarray())
    # swscale reads past the edge of pictures of a few pixels; OpenCV does not.
    plain = frame.reformat(None, None, pixels, matrix, threads=1).to_ndarray()
    scaled = cv2.resize(plain, (width_px, height_px), interpolation=cv2.INTER_LINEAR)
    return cast(npt.NDArray[np.uint8 | np.uint16], scaled)


def _from_hdr(coded: npt.NDArray[np.uint16], frame: VideoFrame) -> RGB:
    """PQ (SMPTE ST 2084) or HLG (ARIB STD-B67) to sRGB: to linear light, BT.2020 to BT.709, a soft shoulder.

    A fixed tone curve and no gamut mapping: good for looking and measuring at thumbnail size, not for mastering.
    """
    signal = coded.astype(np.float32) / 65535
    if int(frame.color_trc) == PQ:
        m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
        root = signal ** (1 / m2)
        light = (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1) * (10000 / 203)
    else:
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
        luma = scene @ np.array([0.2627, 0.6780, 0.0593], np.float32)
        light = scene * np.maximum(luma, 1e-6)[..., None] ** 0.2 * PEAK
    if int(frame.color_primaries) == BT2020:
        to_709 = np.array(
            [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32
        )
        light = light @ to_709.T
    light = np.maximum(light, 0)
    mapped = light * (1 + light / PEAK**2) / (1 + light)  # Reinhard et al. 2002, Eq. 4
    srgb = np.where(mapped <= 0.0031308, 12.92 * mapped, 1.055 * np.maximum(mapped, 1e-9) ** (1 / 2.4) - 0.055)
    return np.rint(np.clip(srgb, 0, 1) * 255).astype(np.uint8)
