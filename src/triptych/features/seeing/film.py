"""Film: a clip's pictures without their black bars, in luma and small, computed once for all that measure on them."""

from __future__ import annotations

from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt

from triptych.features.extractor import Showing
from triptych.features.seeing.picture_hash import BAR_LUMA, BAR_SHARE, LEAST_SIDE
from triptych.media.picture import MAX_ASPECT
from triptych.media.reel import Reel
from triptych.media.sampling import Sampling

Grey = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
#: Rows and columns of the film itself within a picture.
Window = tuple[slice, slice]

#: The short side on which layout and texture are measured. Finer detail belongs to the encoder: at 80 px, a film and
#: its re-encoding at another size are half as far from each other as at 224, and a picture costs an eighth.
MEASURED_PX = 80
#: Where a bar ends, scaling blurs it with the film: so many more rows or columns are left out on that side.
BAR_BLUR_PX = 2


def film_params(short_side_px: int) -> dict[str, Any]:
    """What of the recipe decides the pictures that :func:`film_of` gives."""
    return {"short_side_px": short_side_px, "max_aspect": MAX_ASPECT, "bars": bar_params()}


def bar_params() -> dict[str, Any]:
    """What of the recipe decides the window that :func:`window_of` gives."""
    return {"luma": BAR_LUMA, "share": BAR_SHARE, "least_side": LEAST_SIDE, "blur_px": BAR_BLUR_PX}


def small_film(showing: Showing, sampling: Sampling, short_side_px: int) -> Grey:
    assert showing.reel is not None  # or there were no pictures
    return showing.reel.once(film_of, sampling, short_side_px)


def greys_of(reel: Reel, sampling: Sampling) -> Grey:
    """Luma of each picture, uint8 ``[n, height, width]``. Ask with ``reel.once(greys_of, sampling)``."""
    frames = reel.frames_of(sampling)
    assert frames is not None  # pictures.pooled looked
    grey = np.empty(frames.rgb.shape[:3], np.uint8)
    for picture, rgb in zip(grey, frames.rgb, strict=True):
        cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY, dst=picture)
    return grey


def window_of(reel: Reel, sampling: Sampling) -> Window:
    """The pictures without the black bars that all of them have. Ask with ``reel.once(window_of, sampling)``."""
    return window(reel.once(greys_of, sampling))


def film_of(reel: Reel, sampling: Sampling, short_side_px: int) -> Grey:
    """Luma without bars, averaged to the short side: uint8 ``[n, height, width]``. Ask through ``reel.once``."""
    rows, columns = reel.once(window_of, sampling)
    return scaled(reel.once(greys_of, sampling)[:, rows, columns], short_side_px)


def window(grey: Grey) -> Window:
    """Where luma ``[n, height, width]`` is more than bars that are black in every picture.

    The rule is that of :func:`triptych.features.seeing.picture_hash.without_bars`; where it leaves next to nothing, the
    pictures themselves are black, and are taken as they are.
    """
    height, width = grey.shape[1:]
    whole = slice(0, height), slice(0, width)
    borders = (grey[:, 0], grey[:, -1], grey[:, :, 0], grey[:, :, -1])
    if all(((border > BAR_LUMA).mean(axis=1) > BAR_SHARE).any() for border in borders):
        return whole
    by_row, by_column = np.zeros(height), np.zeros(width)
    picture: Grey
    for picture in grey:
        light = cv2.threshold(picture, BAR_LUMA, 1, cv2.THRESH_BINARY)[1]
        np.maximum(by_row, cv2.reduce(light, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S)[:, 0], out=by_row)
        np.maximum(by_column, cv2.reduce(light, 0, cv2.REDUCE_SUM, dtype=cv2.CV_32S)[0], out=by_column)
    rows, columns = _inside(by_row / width), _inside(by_column / height)
    if min((rows.stop - rows.start) / height, (columns.stop - columns.start) / width) < LEAST_SIDE:
        return whole
    return rows, columns


def _inside(light: F64) -> slice:
    """From the first to the last that is no bar, less the blur where there are bars. ``light``: largest shares."""
    found = np.flatnonzero(light > BAR_SHARE)
    if len(found) == 0:
        return slice(0, 0)
    first, end = int(found[0]), int(found[-1]) + 1
    return slice(first + BAR_BLUR_PX * (first > 0), end - BAR_BLUR_PX * (end < len(light)))


def scaled(grey: Grey, short_side_px: int) -> Grey:
    """Each picture area-averaged so that its shorter side is ``short_side_px``, the longer at most four times that."""
    height, width = grey.shape[1:]
    scale, longest = short_side_px / min(height, width), MAX_ASPECT * short_side_px
    size = tuple(min(max(round(side * scale), short_side_px), longest) for side in (width, height))
    # Means of two by two come at a tenth of the price of others, so the first halving is one of those.
    half = (width // 2, height // 2) if scale <= 0.5 else (width, height)
    even = grey[:, : height // half[1] * half[1], : width // half[0] * half[0]]
    small = np.empty((len(grey), size[1], size[0]), np.uint8)
    picture: Grey
    for picture, room in zip(even, small, strict=True):
        halved = picture if half == (width, height) else cv2.resize(picture, half, interpolation=cv2.INTER_AREA)
        cv2.resize(halved, size, dst=room, interpolation=cv2.INTER_AREA)
    return small


def slopes(picture: Grey) -> tuple[F32, F32, F32]:
    """Sobel's slopes across and down, and their magnitude, grey levels a pixel: float32 ``[height, width]`` each."""
    across = cast(F32, cv2.Sobel(picture, cv2.CV_32F, 1, 0, scale=1 / 8))
    down = cast(F32, cv2.Sobel(picture, cv2.CV_32F, 0, 1, scale=1 / 8))
    # Not cv2.magnitude, whose last bit hangs on where in memory its arguments happen to lie.
    return across, down, np.sqrt(across * across + down * down)
