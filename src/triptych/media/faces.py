"""Faces: where people look out of a clip's pictures, by the Haar cascades that OpenCV brings along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt

from triptych.errors import MediaError
from triptych.media.reel import Reel
from triptych.media.sampling import TWO_PASS, Sampling

F64 = npt.NDArray[np.float64]
Grey = npt.NDArray[np.uint8]
Box = tuple[float, float, float, float]

#: Pictures of the sampling that are looked at: one for each three seconds of a trailer, about one for each shot.
PICTURES = 30
#: The first look goes over pictures of this short side. The cascade's window is 20 px, so it finds faces from .16 of
#: the short side on; at 224 px, from .09 on, it takes four times as long.
FIRST_PX = 128
FIRST_CASCADE, FIRST_STEP, FIRST_NEIGHBOURS, FIRST_WINDOW_PX = "haarcascade_frontalface_alt2.xml", 1.25, 1, 20
#: The second look goes over what the first found and this share of it on each side, in full size but brought to
#: between so many pixels, with a cascade that was trained otherwise and errs elsewhere.
SECOND_MARGIN = 0.4
SECOND_LEAST_PX, SECOND_MOST_PX = 32, 64
SECOND_CASCADE, SECOND_STEP, SECOND_NEIGHBOURS, SECOND_WINDOW_PX = "haarcascade_frontalface_default.xml", 1.1, 5, 24
#: How much smaller or larger than the first look's box the second look's may be.
SECOND_SMALLER, SECOND_LARGER = 0.65, 1.5
#: Two boxes that have more than this share of the smaller one in common are one face.
SAME_FACE = 0.4

#: Everything that decides which faces are found, for the recipe of whoever measures on them.
FINDER: Mapping[str, object] = {
    "first": {
        "cascade": FIRST_CASCADE,
        "short_side_px": FIRST_PX,
        "step": FIRST_STEP,
        "neighbours": FIRST_NEIGHBOURS,
        "window_px": FIRST_WINDOW_PX,
    },
    "second": {
        "cascade": SECOND_CASCADE,
        "margin": SECOND_MARGIN,
        "face_px": [SECOND_LEAST_PX, SECOND_MOST_PX],
        "step": SECOND_STEP,
        "neighbours": SECOND_NEIGHBOURS,
        "window_px": SECOND_WINDOW_PX,
        "size": [SECOND_SMALLER, SECOND_LARGER],
    },
    "same_face": SAME_FACE,
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Faces:
    """The faces in n pictures that were looked at.

    ``times_s``: float64 ``[n]``. ``places``: int64 ``[n]``, which of the sampling's pictures these are. ``boxes``: for
    each picture float64 ``[k, 4]``, left, top, width and height as shares of the picture's width and height, the
    largest first.
    """

    times_s: F64
    places: npt.NDArray[np.int64]
    boxes: tuple[F64, ...]

    def __len__(self) -> int:
        return len(self.times_s)


def faces_of(reel: Reel, sampling: Sampling = TWO_PASS, pictures: int = PICTURES) -> Faces | None:
    """The faces in ``pictures`` of the sampling's, evenly spread; None without a picture track.

    Ask with ``reel.once(faces_of, sampling, pictures)``.
    """
    frames = reel.frames_of(sampling)
    if frames is None:
        return None
    places = evenly(len(frames), pictures)
    boxes = tuple(faces(_luma(frames.rgb[k])) for k in places)
    return Faces(times_s=frames.times_s[places].astype(np.float64), places=places, boxes=boxes)


def evenly(count: int, wanted: int) -> npt.NDArray[np.int64]:
    """Places of ``wanted`` out of ``count``, each in the middle of its part; all of them if there are no more.

    >>> evenly(120, 5).tolist(), evenly(3, 5).tolist()
    ([12, 36, 60, 84, 108], [0, 1, 2])
    """
    if count <= wanted:
        return np.arange(count, dtype=np.int64)
    return ((np.arange(wanted) + 0.5) * count / wanted).astype(np.int64)


def faces(luma: Grey) -> F64:
    """The faces of one picture: uint8 ``[h, w]`` → float64 ``[k, 4]`` as in :class:`Faces`, the largest first.

    Viola and Jones 2001, *Rapid object detection using a boosted cascade of simple features*. Two looks in place of
    one: the first is quick and takes every hint, the second takes a hint for a face only if another cascade does.
    What is seen from the side, from behind or bent over is not found.
    """
    height, width = luma.shape
    found = [box for hint in _first_look(luma) for box in _second_look(luma, hint)]
    return np.array(_each_once(found), np.float64).reshape(-1, 4) / (width, height, width, height)


def _first_look(luma: Grey) -> list[Box]:
    """Left, top, width and height in pixels of whatever may be a face."""
    scale = min(FIRST_PX / min(luma.shape), 1.0)
    small = _scaled(luma, scale)
    seen = _seen(FIRST_CASCADE, small, FIRST_STEP, FIRST_NEIGHBOURS, FIRST_WINDOW_PX, max(small.shape))
    return [(x / scale, y / scale, w / scale, h / scale) for x, y, w, h in _each_once(seen)]


def _second_look(luma: Grey, hint: Box) -> list[Box]:
    """What the other cascade makes of a hint: its own box, or none."""
    x, y, w, h = hint
    left, top = max(int(x - SECOND_MARGIN * w), 0), max(int(y - SECOND_MARGIN * h), 0)
    right, bottom = int(x + (1 + SECOND_MARGIN) * w) + 1, int(y + (1 + SECOND_MARGIN) * h) + 1
    scale = min(max(SECOND_LEAST_PX / w, 1.0), SECOND_MOST_PX / w)
    near = _scaled(luma[top:bottom, left:right], scale)
    least = max(int(w * scale * SECOND_SMALLER), SECOND_WINDOW_PX)
    most = int(w * scale * SECOND_LARGER) + 1
    seen = _seen(SECOND_CASCADE, near, SECOND_STEP, SECOND_NEIGHBOURS, least, most)
    if not seen:
        return []
    x, y, w, h = min(seen, key=lambda box: (-box[2] * box[3], box))
    return [(x / scale + left, y / scale + top, w / scale, h / scale)]


def _seen(name: str, luma: Grey, step: float, neighbours: int, least_px: int, most_px: int) -> list[Box]:
    if min(luma.shape) < least_px:
        return []
    boxes: Any = _cascade(name).detectMultiScale(
        luma, scaleFactor=step, minNeighbors=neighbours, minSize=(least_px, least_px), maxSize=(most_px, most_px)
    )
    return [(float(x), float(y), float(w), float(h)) for x, y, w, h in boxes]


def _each_once(boxes: Sequence[Box]) -> list[Box]:
    """The largest first, and none that is over one before it."""
    kept: list[Box] = []
    # By place where two are as large, so that the order does not hang on which thread saw what.
    for box in sorted(boxes, key=lambda box: (-box[2] * box[3], box[0], box[1])):
        if all(_common(box, other) <= SAME_FACE for other in kept):
            kept.append(box)
    return kept


def _common(one: Box, other: Box) -> float:
    """The area that two boxes have in common, as a share of the smaller."""
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    down = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return max(across, 0.0) * max(down, 0.0) / min(one[2] * one[3], other[2] * other[3])


def _scaled(luma: Grey, scale: float) -> Grey:
    if scale == 1:
        return np.ascontiguousarray(luma)
    size = (max(round(luma.shape[1] * scale), 1), max(round(luma.shape[0] * scale), 1))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(luma, size, interpolation=how), np.uint8)


def _luma(rgb: npt.NDArray[np.uint8]) -> Grey:
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)


@lru_cache(maxsize=2)
def _cascade(name: str) -> Any:
    """A cascade of the OpenCV wheel, loaded once per process (30 ms)."""
    folder = getattr(getattr(cv2, "data", None), "haarcascades", None)
    path = Path(cast(str, folder)) / name if folder else None
    if path is None or not path.is_file():
        raise MediaError(
            f"the OpenCV that is installed ({cv2.__version__}) brings no {name}. "
            "Run: pip install 'opencv-python-headless<5'"
        )
    return cv2.CascadeClassifier(str(path))
