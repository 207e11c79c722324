"""Contact sheet: a clip at a glance, as a JPEG and as a strip of colours over time; or as a wall of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from triptych.media.content import JUDGED_PX
from triptych.media.reel import Frames, Reel, Span
from triptych.media.sampling import TRACK, TWO_PASS, Sampling

RGB = npt.NDArray[np.uint8]
Colour = tuple[int, int, int]

#: Enough pictures for a strip of colours, small enough to be quick.
GLANCE = Sampling(count=48, short_side_px=96)
#: Over the whole clip, what is left out included; of the size that the first pass looks at, so decoded with it.
#: From the middle half of each slot, so that no two are nearly the same.
WALL = Sampling(count=48, where="all", short_side_px=JUDGED_PX, tolerance=0.25)
#: [% of JPEG] Small pictures that are looked at once.
QUALITY = 78


@dataclass(frozen=True, kw_only=True, eq=False)
class ContactSheet:
    """``jpeg``: ``tiles`` pictures in one row, or empty when the clip has none. ``strip``: (time, sRGB) pairs."""

    jpeg: bytes
    width_px: int
    height_px: int
    strip: tuple[tuple[float, Colour], ...]
    rejected: tuple[Span, ...]
    duration_s: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Tile:
    """One picture of a wall, ``rgb`` uint8 ``[h, w, 3]``. ``reason``: why it is not of the film, empty when it is."""

    at_s: float
    rgb: RGB
    reason: str = ""


def contact_sheet(reel: Reel, *, tiles: int = 6, sampling: Sampling = GLANCE) -> ContactSheet:
    """The pictures nearest the middles of ``tiles`` equal parts of the sampled ones, side by side."""
    frames = reel.frames_of(sampling)
    if frames is None or len(frames) == 0:
        return ContactSheet(jpeg=b"", width_px=0, height_px=0, strip=(), rejected=(), duration_s=reel.probe.duration_s)
    chosen = ((np.arange(tiles) + 0.5) * len(frames) / tiles).astype(int)
    row = np.concatenate(list(frames.rgb[chosen]), axis=1)
    return ContactSheet(
        jpeg=jpeg_of(row),
        width_px=row.shape[1],
        height_px=row.shape[0],
        strip=colours(frames),
        rejected=reel.rejected,
        duration_s=reel.probe.duration_s,
    )


def wall(reel: Reel, *, sampling: Sampling = WALL) -> tuple[Tile, ...]:
    """The sampled pictures in order, each with why the first pass left it out; none without a picture track."""
    frames = reel.frames_of(sampling)
    if frames is None:
        return ()
    return tuple(
        Tile(at_s=float(at_s), rgb=rgb, reason=reason_at(reel.rejected, float(at_s)))
        for at_s, rgb in zip(frames.times_s, frames.rgb, strict=True)
    )


def best_picture(reel: Reel, start_s: float, end_s: float) -> Tile | None:
    """Of the pictures that were decoded anyway, one to stand for ``start_s`` ≤ t < ``end_s``: the nearest to its middle
    among the large ones, else among those of the track; None where there is none."""
    middle_s = (start_s + end_s) / 2
    for samplings in ((WALL, TWO_PASS), (TRACK,)):
        held = [reel.frames[sampling] for sampling in samplings if sampling in reel.frames]
        inside = [
            (abs(float(frames.times_s[k]) - middle_s), float(frames.times_s[k]), frames.rgb[k])
            for frames in held
            for k in np.flatnonzero((frames.times_s >= start_s) & (frames.times_s < end_s)).tolist()
        ]
        if inside:
            _, at_s, rgb = min(inside, key=lambda one: one[:2])
            return Tile(at_s=at_s, rgb=rgb, reason=reason_at(reel.rejected, at_s))
    return None


def reason_at(rejected: Sequence[Span], at_s: float) -> str:
    """Why the picture at ``at_s`` is not of the film; empty when it is.

    >>> spans = (Span(start_s=0.0, end_s=1.5, reason="black"),)
    >>> reason_at(spans, 1.0), reason_at(spans, 1.5)
    ('black', '')
    """
    return next((span.reason for span in rejected if span.start_s <= at_s < span.end_s), "")


def colours(frames: Frames) -> tuple[tuple[float, Colour], ...]:
    """Of each picture its time and its mean colour, sRGB 0…255."""
    # One picture at a time: the whole track as float64 would be eight times what it is.
    means = [rgb.reshape(-1, 3).mean(axis=0).round().astype(int).tolist() for rgb in frames.rgb]
    return tuple((float(t), (r, g, b)) for t, (r, g, b) in zip(frames.times_s, means, strict=True))


def jpeg_of(rgb: RGB, *, short_side_px: int | None = None) -> bytes:
    """A picture uint8 ``[h, w, 3]`` as JPEG, made smaller if its short side is more than ``short_side_px``."""
    small = rgb if short_side_px is None else shrunk(rgb, short_side_px)
    done, coded = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    assert done  # encoding a picture in memory fails only for shapes that cannot occur here
    return coded.tobytes()


def shrunk(rgb: RGB, short_side_px: int) -> RGB:
    """The picture with a short side of at most ``short_side_px``."""
    high, wide = rgb.shape[:2]
    scale = short_side_px / min(high, wide)
    if scale >= 1:
        return rgb
    size = (max(round(wide * scale), 1), max(round(high * scale), 1))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
