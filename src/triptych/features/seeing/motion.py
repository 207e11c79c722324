"""Motion: how much a clip's pictures change, and how what is in them moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from triptych.features.extractor import Needs, Showing
from triptych.features.feature import Feature
from triptych.features.pooling import MEAN_STD, Pooling
from triptych.features.recipe import Recipe
from triptych.features.seeing import pictures
from triptych.media.change import Change, change_of
from triptych.media.flow import DIRECTIONS, FLOW, Flow, flow_of
from triptych.media.reel import Reel
from triptych.media.sampling import TRACK, Sampling

F64 = npt.NDArray[np.float64]

#: What two neighbouring pictures differ by, and what of their flow is told.
DIFFERENCES = ("histogram", "pixels", "similarity")
MOVEMENT = (
    "magnitude",
    "fast",
    "still",
    "coherence",
    "camera",
    "local",
    "divergence",
    *(f"towards_{way}" for way in DIRECTIONS),
)


@dataclass(frozen=True, kw_only=True)
class Motion:
    """Mean and standard deviation, over the pairs of neighbouring pictures of the track, of what changes and moves.

    Per pair, at the middle of its two pictures:

    - ``histogram, pixels, similarity``: difference of the colour histograms, mean difference of luma, and SSIM, see
      :class:`~triptych.media.change.Change`.
    - ``magnitude, fast``: mean and 90th percentile of the optical flow [short sides a second]; ``still``: share of
      pixels that do not move; ``coherence``: whether all moves as one; ``camera``: speed of the median movement;
      ``local``: mean speed of what is left without it; ``divergence``: zoom [1/s]; ``towards_right`` …
      ``towards_up_right``: share of the movement that goes that way. See :class:`~triptych.media.flow.Flow`.

    A cut is a difference and no movement: pairs that one lies between count in the first three entries and not in the
    others, which are pooled over the rest; where a subclip holds cuts alone, the nearest pair stands for it. With
    ``Pooling(parts=0)``, the curve of motion, a row is a pair that no cut lies between.

    The differences are those from one picture of the track to the next, however long that is (a sixth of a second as
    a rule); the flow is over true time.
    """

    sampling: Sampling = TRACK
    pooling: Pooling = MEAN_STD

    @property
    def recipe(self) -> Recipe:
        # The constants of the differences stand in FLOW, whose cuts are read from them.
        params = {"flow": FLOW, **pictures.recipe_params(self.sampling, self.pooling)}
        return Recipe(panel="seeing", name="motion", version=1, params=params)

    @property
    def needs(self) -> Needs:
        return pictures.needs(self.sampling)

    def ready(self) -> None:
        """Needs nothing beyond the core."""

    def columns(self) -> tuple[str, ...]:
        """The name of each entry of a vector, or of a row."""
        return (*self.pooling.columns(DIFFERENCES), *self.pooling.columns(MOVEMENT))

    def extract(self, showings: Sequence[Showing]) -> Sequence[Feature]:
        return [self._measure(showing) for showing in showings]

    def _measure(self, showing: Showing) -> Feature:
        frames = pictures.pictures_of(showing, self.sampling)
        if isinstance(frames, Feature):
            return frames
        if len(frames) < 2:
            return Feature.missing("the clip has one picture: nothing moves between fewer than two")
        assert showing.reel is not None  # or there were no pictures
        change, flow = _seen(showing.reel, self.sampling)
        if len(flow) == 0:
            return Feature.missing("a cut lies between every picture of the clip and the next: there is no motion")
        middles_s = (change.times_s[:-1] + change.times_s[1:]) / 2
        differences, movement = _differences(change), _movement(flow)
        if self.pooling.parts == 0:
            return self.pooling.of(np.hstack([differences[flow.pairs], movement]), flow.times_s, duration_s=0.0)
        duration_s = showing.reel.probe.duration_s
        first = self.pooling.of(differences, middles_s, duration_s=duration_s)
        second = self.pooling.of(movement, flow.times_s, duration_s=duration_s)
        assert first.values is not None  # pooled, so present
        assert second.values is not None
        return Feature(values=np.concatenate([first.values, second.values], axis=-1), times_s=first.times_s)


def _seen(reel: Reel, sampling: Sampling) -> tuple[Change, Flow]:
    """What is computed once for all that look at the track."""
    change, flow = reel.once(change_of, sampling), reel.once(flow_of, sampling)
    assert change is not None  # the reel has pictures
    assert flow is not None
    return change, flow


def _differences(change: Change) -> F64:
    return np.stack([change.histogram, change.pixels, change.similarity], axis=1)


def _movement(flow: Flow) -> F64:
    camera = np.hypot(flow.camera[:, 0], flow.camera[:, 1])
    parts = [flow.magnitude, flow.fast, flow.still, flow.coherence, camera, flow.local, flow.divergence]
    return np.hstack([np.stack(parts, axis=1), flow.directions])
