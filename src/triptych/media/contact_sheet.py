"""Contact sheet: a clip at a glance, as a JPEG and as a strip of colours over time."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from triptych.media.reel import Reel, Span
from triptych.media.sampling import Sampling

#: Enough pictures for a strip of colours, small enough to be quick.
GLANCE = Sampling(count=48, short_side_px=96)


@dataclass(frozen=True, kw_only=True, eq=False)
class ContactSheet:
    """``jpeg``: ``tiles`` pictures in one row, or empty when the clip has none. ``strip``: (time, sRGB) pairs."""

    jpeg: bytes
    width_px: int
    height_px: int
    strip: tuple[tuple[float, tuple[int, int, int]], ...]
    rejected: tuple[Span, ...]
    duration_s: float


def contact_sheet(reel: Reel, *, tiles: int = 6, sampling: Sampling = GLANCE) -> ContactSheet:
    """The pictures nearest the middles of ``tiles`` equal parts of the sampled ones, side by side."""
    frames = reel.frames_of(sampling)
    if frames is None or len(frames) == 0:
        return ContactSheet(jpeg=b"", width_px=0, height_px=0, strip=(), rejected=(), duration_s=reel.probe.duration_s)
    chosen = ((np.arange(tiles) + 0.5) * len(frames) / tiles).astype(int)
    row = np.concatenate(list(frames.rgb[chosen]), axis=1)
    done, coded = cv2.imencode(".jpg", cv2.cvtColor(row, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 78])
    assert done  # encoding a picture in memory fails only for shapes that cannot occur here
    means = frames.rgb.reshape(len(frames), -1, 3).mean(axis=1).round().astype(int)
    return ContactSheet(
        jpeg=coded.tobytes(),
        width_px=row.shape[1],
        height_px=row.shape[0],
        strip=tuple((float(t), (int(r), int(g), int(b))) for t, (r, g, b) in zip(frames.times_s, means, strict=True)),
        rejected=reel.rejected,
        duration_s=reel.probe.duration_s,
    )
