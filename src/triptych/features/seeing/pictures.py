"""Pictures: what the extractors that look at one picture at a time have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.features.extractor import Needs, Showing
from triptych.features.feature import Feature
from triptych.features.pooling import Pooling
from triptych.media.loader import decoding_recipe
from triptych.media.reel import Frames, Want
from triptych.media.sampling import Sampling


def pictures_of(showing: Showing, sampling: Sampling) -> Frames | Feature:
    """The sampled pictures, at least one; or the mask that says why there are none."""
    if showing.reel is None:
        return Feature.missing("the item has no clip")
    frames = showing.reel.frames_of(sampling)
    if frames is None:
        return Feature.missing("the clip has no picture track")
    if len(frames) == 0:
        of = "of the film itself" if sampling.where == "content" else "that can be sampled"
        return Feature.missing(f"the clip has no picture {of}")
    return frames


def pooled(
    showing: Showing,
    sampling: Sampling,
    pooling: Pooling,
    measure: Callable[[Frames], npt.NDArray[np.floating]],
) -> Feature:
    """``measure`` gives one row for each picture, ``[n, d]``; they are pooled over the clip."""
    frames = pictures_of(showing, sampling)
    if isinstance(frames, Feature):
        return frames
    assert showing.reel is not None  # or there were no pictures
    return pooling.of(measure(frames), frames.times_s, duration_s=showing.reel.probe.duration_s)


def needs(*samplings: Sampling) -> Needs:
    return Needs(want=Want(samplings=frozenset(samplings)))


def recipe_params(sampling: Sampling, pooling: Pooling | None = None) -> dict[str, Any]:
    """What of the params every such extractor has: which pictures, how they were decoded and how they were pooled."""
    params: dict[str, Any] = {
        "sampling": asdict(sampling),
        "decoding": decoding_recipe(Want(samplings=frozenset({sampling}))),
    }
    return params if pooling is None else {**params, "pooling": asdict(pooling)}
