"""Mise-en-scène: seven numbers that tell how a film is cut, coloured, moved and lit (Deldjoo et al. 2016)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from triptych.features.extractor import Needs, Showing
from triptych.features.feature import Feature
from triptych.features.recipe import Recipe
from triptych.features.seeing import pictures
from triptych.media.flow import FLOW, flow_of
from triptych.media.loader import decoding_recipe
from triptych.media.reel import Want
from triptych.media.sampling import TRACK, TWO_PASS, Sampling
from triptych.media.shots import METHOD, RULES, ShotRules, shots_of

F64 = npt.NDArray[np.float64]
U8 = npt.NDArray[np.uint8]

#: Added before the logarithm, so that what is 0 has one. Their own: the steps of the published number of shots are
#: those of log(n + 0.01) to the last digit.
FLOOR = 0.01
#: Every so many pixels are looked at that the shorter side has this many: variances need no more.
SIDE_PX = 56
COLUMNS = (
    "shot_length",
    "colour_variance_mean",
    "colour_variance_std",
    "motion_mean",
    "motion_std",
    "lighting_key",
    "shots",
)


@dataclass(frozen=True, kw_only=True)
class MiseEnScene:
    """The seven features of Deldjoo et al. 2016, *Content-based video recommendation system based on stylistic visual
    features*, each as the natural logarithm of x + 0.01.

    - ``shot_length``: mean length of the shots [s].
    - ``colour_variance_mean, _std``: over the pictures, mean and standard deviation of the generalised variance of
      colour, the determinant of the covariance matrix of a picture's L*, u* and v*.
    - ``motion_mean, _std``: over the pairs of neighbouring pictures, of the mean optical flow [short sides a second].
    - ``lighting_key``: over the pictures, mean of μ·σ of the value in HSV, 0…0.25.
    - ``shots``: how many shots there are.

    Shots and motion are read from the track, the others from the pictures of ``sampling``: spread evenly over the film
    itself, where the paper takes one key frame for each shot.

    The authors published these numbers for some 13,000 trailers of MovieLens 20M, as columns f1 … f7 without names,
    each brought to 0…1 by its least and greatest. What the columns themselves tell: f7 is the number of shots (its
    steps are log(n + 0.01) for n = 1, 2, 3 …, up to some 2,960), and f1 their mean length (Pearson −.83 with f7, and
    with no other above .06). f2 and f3 (.97) and f4 and f5 (.95) are two pairs of a mean and its deviation, and f6
    stands alone: the lighting key, which goes with the colour variance (.30 with f2, .25 with f3) and not with the
    motion (.08, .07). Of each pair the first is taken for the mean, as in the paper's order; the numbers do not say.
    The min–max over a set is learned from it, so it belongs to fusion and is not done here.
    """

    sampling: Sampling = TWO_PASS
    rules: ShotRules = RULES

    @property
    def recipe(self) -> Recipe:
        params: dict[str, Any] = {
            "sampling": asdict(self.sampling),
            "track": asdict(TRACK),
            "decoding": decoding_recipe(self._want),
            "shots": {"rules": asdict(self.rules), "method": METHOD},
            "flow": FLOW,
            "side_px": SIDE_PX,
            "log_floor": FLOOR,
        }
        return Recipe(panel="seeing", name="mise-en-scene", version=1, params=params)

    @property
    def _want(self) -> Want:
        return Want(samplings=frozenset({self.sampling, TRACK}))

    @property
    def needs(self) -> Needs:
        return pictures.needs(self.sampling, TRACK)

    def ready(self) -> None:
        """Needs nothing beyond the core."""

    def columns(self) -> tuple[str, ...]:
        """The name of each entry of the vector."""
        return COLUMNS

    def extract(self, showings: Sequence[Showing]) -> Sequence[Feature]:
        return [self._measure(showing) for showing in showings]

    def _measure(self, showing: Showing) -> Feature:
        frames = pictures.pictures_of(showing, self.sampling)
        if isinstance(frames, Feature):
            return frames
        assert showing.reel is not None  # or there were no pictures
        shots = showing.reel.once(shots_of, self.rules)
        flow = showing.reel.once(flow_of)
        if shots is None or len(shots.lengths_s) == 0:
            return Feature.missing("the clip has no shot")
        if flow is None or len(flow) == 0:
            return Feature.missing("no two pictures of the clip belong to one shot: there is no motion")
        small = thinned(frames.rgb)
        variance, key = colour_variance(small), lighting_key(small)
        raw = np.array(
            [
                shots.lengths_s.mean(),
                variance.mean(),
                variance.std(),
                flow.magnitude.mean(),
                flow.magnitude.std(),
                key.mean(),
                len(shots.lengths_s),
            ]
        )
        return Feature(values=np.log(raw + FLOOR).astype(np.float32))


def colour_variance(rgb: U8) -> F64:
    """Generalised variance of each picture's colour (Deldjoo et al. 2016): det of the covariance of L*, u* and v*.

    ``rgb``: uint8 ``[n, h, w, 3]`` → float64 ``[n]``, 0 for a picture of one colour, or of greys alone.
    """
    count, height, width, _ = rgb.shape
    tall = rgb.reshape(count * height, width, 3).astype(np.float32) * np.float32(1 / 255)
    luv = np.asarray(cv2.cvtColor(tall, cv2.COLOR_RGB2Luv), np.float32).reshape(count, height * width, 3)
    planes = np.ascontiguousarray(luv.transpose(0, 2, 1))
    planes -= planes.mean(axis=2, keepdims=True)
    covariance = np.einsum("nip,njp->nij", planes, planes).astype(np.float64) / (height * width)
    return np.maximum(np.linalg.det(covariance), 0.0)  # rounding may take it a little below


def lighting_key(rgb: U8) -> F64:
    """μ·σ of the value in HSV (Rasheed et al. 2005): uint8 ``[n, h, w, 3]`` → float64 ``[n]``, 0…0.25."""
    value = np.maximum(np.maximum(rgb[..., 0], rgb[..., 1]), rgb[..., 2]).reshape(len(rgb), -1)
    light = value.astype(np.float32) * np.float32(1 / 255)
    return light.mean(axis=1, dtype=np.float64) * light.std(axis=1, dtype=np.float64)


def thinned(rgb: U8) -> U8:
    """Every so many pixels of each picture: unlike a smaller picture, they vary as the picture does."""
    step = max(min(rgb.shape[1], rgb.shape[2]) // SIDE_PX, 1)
    return np.ascontiguousarray(rgb[:, ::step, ::step])
