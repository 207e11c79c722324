"""Shot types: how near the camera is, told from the faces that it finds and from the edges where it finds none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from triptych.errors import UsageError
from triptych.features.extractor import Needs, Showing
from triptych.features.feature import Feature
from triptych.features.pooling import MEAN, Pooling
from triptych.features.recipe import Recipe
from triptych.features.seeing import pictures
from triptych.features.seeing.picture_hash import BAR_LUMA, BAR_SHARE, LEAST_SIDE, without_bars
from triptych.media.faces import FINDER, PICTURES, Faces, faces_of
from triptych.media.reel import Frames
from triptych.media.sampling import TWO_PASS, Sampling

F64 = npt.NDArray[np.float64]
Grey = npt.NDArray[np.uint8]

#: Edges are looked for in pictures of this short side, by Canny's two thresholds: in larger ones, a re-encoding of a
#: quarter of the pixels has so few of them that it looks like another film.
EDGES_PX = 96
CANNY = (60, 120)
#: Side of the Gaussian that goes before.
EDGES_BLUR_PX = 3
#: The picture is parted into so many cells by so many; a cell has edges if this share of its pixels is on one.
CELLS = 4
CELL_EDGES = 0.04
#: With fewer edges than this a picture is plain: black, white, a fade, the sky.
PLAIN_EDGES = 0.01
NAMES = (
    "close_up",
    "medium",
    "wide",
    "plain",
    "faces",
    "with_face",
    "with_several",
    "face_height",
    "face_aside",
    "face_above",
    "edge_density",
    "edge_spread",
)


@dataclass(frozen=True, kw_only=True)
class ShotTypes:
    """Mean of what the nearness of each picture is; of the first three, that is the share of the pictures.

    Maes 2025 §3.2.1 tells close-ups, medium and wide shots by faces and by the density of edges, and gives no rule.
    Here, for each picture that is looked at, of height H between its black bars:

    - With a face, the largest of height h: a close-up if h/H is ``close_up_from`` or more, medium if it is
      ``medium_from`` or more, else wide.
    - Without one, by its edges: plain (none of the three) if next to nothing is on an edge; a close-up if few pixels
      are (less than ``close_up_below``) or few cells have any (``close_up_within``), since what is near fills the
      picture and what is behind it is out of focus; wide if many are (``wide_from``) and nearly all cells have some
      (``wide_over``); else medium. That is a rule of thumb, and takes textures that are near for wide shots.
    - A border is no cliff: from (1 − s) to (1 + s) times it a picture passes from one type to the other in proportion,
      so that a re-encoding cannot turn a whole clip over; s is ``face_softness`` for the borders of faces and
      ``edge_softness`` for those of edges, which a coarser encoding has fewer of.

    Entries of a picture: ``close_up, medium, wide, plain``, which sum to 1; ``faces``, how many; ``with_face,
    with_several`` 0 or 1; of the largest face, 0 where there is none, ``face_height`` as a share of H, ``face_aside``
    how far its middle is from the picture's, 0…1, left and right alike, and ``face_above`` how far it is above it,
    −1…1; ``edge_density`` the share of pixels on an edge (Canny) and ``edge_spread`` the share of cells that have some.

    A face is found from about a sixth of the picture's short side on, if it looks towards the camera: most wide shots
    are told by their edges. There is no greatest height, since one false alarm would make it; its standard deviation
    stands for it.

    ``look_at``: at most so many of the sampling's pictures, evenly spread; for the cascades are slow.
    """

    sampling: Sampling = TWO_PASS
    pooling: Pooling = MEAN
    look_at: int = PICTURES
    close_up_from: float = 0.35
    medium_from: float = 0.12
    close_up_below: float = 0.06
    close_up_within: float = 0.5
    wide_from: float = 0.14
    wide_over: float = 0.66
    face_softness: float = 0.25
    edge_softness: float = 0.5

    def __post_init__(self) -> None:
        if self.look_at < 1:
            raise UsageError(f"look_at is {self.look_at}; at least 1 picture must be looked at.")
        for less, more in (("medium_from", "close_up_from"), ("close_up_below", "wide_from")):
            if not 0 <= getattr(self, less) <= getattr(self, more):
                raise UsageError(f"{less} is {getattr(self, less)}; it may be 0 to {more}, {getattr(self, more)}.")
        for name in ("close_up_within", "wide_over"):
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(f"{name} is {getattr(self, name)}; a share of the cells is 0 to 1.")
        for name in ("face_softness", "edge_softness"):
            if not 0 <= getattr(self, name) < 1:
                raise UsageError(f"{name} is {getattr(self, name)}; a share of each border is 0 to less than 1.")

    @property
    def recipe(self) -> Recipe:
        params = {
            "look_at": self.look_at,
            "faces": FINDER,
            "close_up_from": self.close_up_from,
            "medium_from": self.medium_from,
            "close_up_below": self.close_up_below,
            "close_up_within": self.close_up_within,
            "wide_from": self.wide_from,
            "wide_over": self.wide_over,
            "face_softness": self.face_softness,
            "edge_softness": self.edge_softness,
            "edges": {
                "short_side_px": EDGES_PX,
                "blur_px": EDGES_BLUR_PX,
                "canny": CANNY,
                "cells": CELLS,
                "cell": CELL_EDGES,
                "plain": PLAIN_EDGES,
            },
            "bars": {"luma": BAR_LUMA, "share": BAR_SHARE, "least_side": LEAST_SIDE},
            **pictures.recipe_params(self.sampling, self.pooling),
        }
        return Recipe(panel="seeing", name="shot-types", version=1, params=params)

    @property
    def needs(self) -> Needs:
        return pictures.needs(self.sampling)

    def ready(self) -> None:
        """Needs nothing beyond the core."""

    def columns(self) -> tuple[str, ...]:
        """The name of each entry of the vector."""
        return self.pooling.columns(NAMES)

    def extract(self, showings: Sequence[Showing]) -> Sequence[Feature]:
        return [self._measure(showing) for showing in showings]

    def _measure(self, showing: Showing) -> Feature:
        frames = pictures.pictures_of(showing, self.sampling)
        if isinstance(frames, Feature):
            return frames
        assert showing.reel is not None  # or there were no pictures
        faces = showing.reel.once(faces_of, self.sampling, self.look_at)
        assert faces is not None  # or there were no pictures
        rows = self._rows(frames, faces)
        return self.pooling.of(rows, faces.times_s, duration_s=showing.reel.probe.duration_s)

    def _rows(self, frames: Frames, faces: Faces) -> F64:
        """float64 ``[n, len(NAMES)]`` of the pictures that were looked at."""
        luma = np.stack([np.asarray(cv2.cvtColor(frames.rgb[k], cv2.COLOR_RGB2GRAY), np.uint8) for k in faces.places])
        film = without_bars(luma)
        film = luma if film is None else film
        # Bars are as good as always alike on both sides, so the middle stays the middle.
        grown = np.array(luma.shape[1:]) / film.shape[1:]
        return np.stack(
            [self._picture(picture, boxes, grown) for picture, boxes in zip(film, faces.boxes, strict=True)]
        )

    def _picture(self, luma: Grey, boxes: F64, grown: F64) -> F64:
        density, spread = edges(luma)
        height = aside = above = 0.0
        if len(boxes):
            left, top, width, height = boxes[0] * grown[[1, 0, 1, 0]]
            # From the middle of the picture, in halves of it.
            aside = abs(2 * left + width - grown[1])
            above = grown[0] - 2 * top - height
        kinds = self._by_face(height) if len(boxes) else self._by_edges(density, spread)
        count = len(boxes)
        position = [min(height, 1.0), min(aside, 1.0), min(max(above, -1.0), 1.0)]
        return np.array([*kinds, count, float(count > 0), float(count > 1), *position, density, spread])

    def _by_face(self, height: float) -> tuple[float, ...]:
        """How much of the picture is a close-up, medium, wide and plain; together 1."""
        near = _past(height, self.close_up_from, self.face_softness)
        far = 1 - _past(height, self.medium_from, self.face_softness)
        return (near, (1 - near) * (1 - far), (1 - near) * far, 0.0)

    def _by_edges(self, density: float, spread: float) -> tuple[float, ...]:
        soft = self.edge_softness
        some = _past(density, PLAIN_EDGES, soft)
        focused = _past(density, self.close_up_below, soft) * _past(spread, self.close_up_within, soft)
        far = _past(density, self.wide_from, soft) * _past(spread, self.wide_over, soft)
        return (some * (1 - focused), some * focused * (1 - far), some * focused * far, 1 - some)


def _past(value: float, border: float, softness: float) -> float:
    """0 well below the border, 1 well above it."""
    width = 2 * softness * border
    if width == 0:
        return float(value >= border)
    return min(max((value - border * (1 - softness)) / width, 0.0), 1.0)


def edges(luma: Grey) -> tuple[float, float]:
    """The share of pixels on an edge, and the share of the cells that have some: uint8 ``[h, w]`` → 0…1 both.

    Canny 1986, *A computational approach to edge detection*, after a Gaussian of 3 × 3 pixels.
    """
    scale = min(EDGES_PX / min(luma.shape), 1.0)
    size = (max(round(luma.shape[1] * scale), 1), max(round(luma.shape[0] * scale), 1))
    small = np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), np.uint8)
    blurred = cv2.GaussianBlur(small, (EDGES_BLUR_PX, EDGES_BLUR_PX), 0)
    found = np.asarray(cv2.Canny(blurred, *CANNY), np.uint8)
    cells = np.asarray(cv2.resize(found.astype(np.float32) / 255, (CELLS, CELLS), interpolation=cv2.INTER_AREA))
    return float((found > 0).mean()), float((cells >= CELL_EDGES).mean())
