"""Objects: what a detector finds in a clip's pictures, label by label."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from triptych.errors import UnknownName, UsageError
from triptych.features.backbones import detector, network
from triptych.features.backbones.detector import ATTENTION, BACKEND, Found, Labels
from triptych.features.backbones.network import DTYPES
from triptych.features.backbones.weights import Weights, describe
from triptych.features.extractor import Needs, Showing
from triptych.features.feature import Feature
from triptych.features.pooling import EACH, MEAN, STATISTICS, Pooling
from triptych.features.recipe import Recipe
from triptych.features.seeing import pictures
from triptych.media.reel import Frames, Reel
from triptych.media.sampling import Sampling

F64 = npt.NDArray[np.float64]

YOLOS = "hustvl/yolos-tiny"
#: Pictures of the film itself, so few because a detector takes 0.2 s and more for each on a CPU.
PICTURES = Sampling(count=30)
SHORT_SIDE_PX = 320
#: Pictures that go through a detector together; more are no faster on a CPU.
BATCH = 4
#: What is said of each label: 1 where it is in the picture, how many there are, the area of the largest as a share of
#: the picture's, 0 where there is none.
MEASURES = ("share", "count", "area")

Dtype = Literal["float32", "bfloat16"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Detections:
    """What is in n pictures. ``times_s``: float64 ``[n]``; ``pictures``: one for each."""

    times_s: F64
    pictures: tuple[Found, ...]


@dataclass(frozen=True, kw_only=True)
class Objects:
    """Mean over the sampled pictures, for each label, of whether it is there, how many there are and how large.

    So ``person_share_mean`` is the share of the pictures with a person in them. Labels come in the order of the
    model's numbers, first all shares, then all counts, then all areas, as ``measures`` has them; those that stand for
    no object are left out. Another ``pooling`` gives the same of equal subclips or of each picture.

    ``weights`` are described and hashed when the extractor is made, and verified against that when a process first
    loads them; how pictures go through them is said in
    :meth:`~triptych.features.backbones.detector.Detector.found`. The device and the batch are not in the recipe, since
    they move the last bits only.
    """

    name: str
    weights: Weights
    labels: Labels
    sampling: Sampling
    pooling: Pooling = MEAN
    measures: tuple[str, ...] = MEASURES
    threshold: float = 0.5
    device: str = "cpu"
    dtype: str = "float32"
    batch: int = BATCH

    def __post_init__(self) -> None:
        network.named(self.device)
        if self.dtype not in DTYPES:
            raise UnknownName("dtype", self.dtype, DTYPES)
        for measure in self.measures:
            if measure not in MEASURES:
                raise UnknownName("measure of objects", measure, MEASURES)
        if not self.measures:
            raise UsageError(f"no measures were given; choose from {', '.join(MEASURES)}.")
        if not 0 <= self.threshold < 1:
            raise UsageError(f"threshold is {self.threshold}; a score is 0 to 1.")
        if self.batch < 1:
            raise UsageError(f"batch is {self.batch}; at least 1 picture goes through a network at a time.")

    @property
    def title(self) -> str:
        return f"seeing/{self.name}"

    @property
    def recipe(self) -> Recipe:
        params: dict[str, Any] = {
            "weights": self.weights.facts(),
            "labels": [[number, label] for number, label in self.labels],
            "measures": self.measures,
            "threshold": self.threshold,
            "enlarged": False,
            "processor": BACKEND,
            "attention": ATTENTION,
            "dtype": self.dtype,
            **pictures.recipe_params(self.sampling, self.pooling),
        }
        return Recipe(panel="seeing", name=self.name, version=1, params=params)

    @property
    def needs(self) -> Needs:
        return pictures.needs(self.sampling)

    def ready(self) -> None:
        """Raise MissingExtra if a package is not installed, importing none; torch is imported to look for a device
        other than the CPU, which is refused if it is not there."""
        detector.require(self.title)
        network.present(self.device)

    def columns(self) -> tuple[str, ...]:
        """The name of each entry of the vector."""
        words = slugs(self.labels)
        return self.pooling.columns([f"{word}_{measure}" for measure in self.measures for word in words])

    def extract(self, showings: Sequence[Showing]) -> Sequence[Feature]:
        return [self._feature(showing) for showing in showings]

    def _feature(self, showing: Showing) -> Feature:
        def rows(_: Frames) -> F64:
            assert showing.reel is not None  # or there were no pictures
            asked = (self.weights, self.sampling, self.threshold, self.device, self.dtype, self.batch)
            return self._rows(showing.reel.once(detections_of, *asked))

        return pictures.pooled(showing, self.sampling, self.pooling, rows)

    def _rows(self, detections: Detections) -> F64:
        """float64 ``[n, measures × labels]``."""
        places = {number: k for k, (number, _) in enumerate(self.labels)}
        counts = np.zeros((len(detections.pictures), len(places)))
        areas = np.zeros_like(counts)
        for row, found in enumerate(detections.pictures):
            columns = np.array([places[int(number)] for number in found.labels], np.int64)
            np.add.at(counts[row], columns, 1)
            np.maximum.at(areas[row], columns, (found.boxes[:, 2] * found.boxes[:, 3]).astype(np.float64))
        told = {"share": (counts > 0).astype(np.float64), "count": counts, "area": areas}
        return np.concatenate([told[measure] for measure in self.measures], axis=1)


def detections_of(
    reel: Reel, weights: Weights, sampling: Sampling, threshold: float, device: str, dtype: str, batch: int
) -> Detections:
    """What is in the sampled pictures; of a clip without pictures, nothing. Ask with ``reel.once(detections_of, …)``,
    so that the vector and the sequence of one clip go through the network once."""
    frames = reel.frames_of(sampling)
    if frames is None or len(frames) == 0:
        return Detections(times_s=np.zeros(0), pictures=())
    loaded = detector.load(weights, device, dtype)
    found = loaded.found(frames.rgb, threshold=threshold, batch=batch)
    return Detections(times_s=frames.times_s, pictures=found)


def objects(
    *,
    weights: str | Path = YOLOS,
    revision: str = "main",
    sampling: Sampling = PICTURES,
    short_side_px: int = SHORT_SIDE_PX,
    pooling: Pooling = MEAN,
    threshold: float = 0.5,
    device: str = "cpu",
    dtype: Dtype = "float32",
    batch: int = BATCH,
) -> Objects:
    """Of each thing that a detector knows, in how many of 30 pictures it is, how many there are and how large.

    ``weights``: a folder that ``save_pretrained`` wrote of any object detector of transformers and of its image
    processor (YOLOS, DETR, RT-DETR …), or a hub id. With a detector of faces, these are the faces.

    ``short_side_px``: of the pictures that the detector is given; it does not enlarge them. ``threshold``: the least
    score; YOLOS and DETR are surer of themselves than RT-DETR, and .7 to .9 leaves fewer false alarms of theirs.
    """
    given = _Given(weights=weights, revision=revision, device=device, dtype=dtype, batch=batch, threshold=threshold)
    return given.made("objects", replace(sampling, short_side_px=short_side_px), pooling, MEASURES)


def objects_frames(
    *,
    weights: str | Path = YOLOS,
    revision: str = "main",
    sampling: Sampling = PICTURES,
    short_side_px: int = SHORT_SIDE_PX,
    threshold: float = 0.5,
    device: str = "cpu",
    dtype: Dtype = "float32",
    batch: int = BATCH,
) -> Objects:
    """How many of each thing that a detector knows are in each of 30 pictures, with its time.

    The network runs once for this and seeing/objects.
    """
    given = _Given(weights=weights, revision=revision, device=device, dtype=dtype, batch=batch, threshold=threshold)
    return given.made("objects-frames", replace(sampling, short_side_px=short_side_px), EACH, ("count",))


@dataclass(frozen=True, kw_only=True)
class _Given:
    """What every maker is given."""

    weights: str | Path
    revision: str
    device: str
    dtype: str
    batch: int
    threshold: float

    def made(self, name: str, sampling: Sampling, pooling: Pooling, measures: tuple[str, ...]) -> Objects:
        found = describe(str(self.weights), revision=self.revision, title=f"seeing/{name}")
        return Objects(
            name=name,
            weights=found,
            labels=detector.labels_of(found),
            sampling=sampling,
            pooling=pooling,
            measures=measures,
            threshold=self.threshold,
            device=self.device,
            dtype=self.dtype,
            batch=self.batch,
        )


def slugs(labels: Labels) -> tuple[str, ...]:
    """The labels as parts of column names; where two would be the same, or nothing is left, with their number.

    >>> slugs(((1, "person"), (2, "Traffic light"), (3, "person"), (4, "犬")))
    ('1_person', 'traffic_light', '3_person', '4')
    """
    words = [re.sub("[^a-z0-9]+", "_", label.lower()).strip("_") for _, label in labels]
    told = [f"{number}_{word}".strip("_") for (number, _), word in zip(labels, words, strict=True)]
    mixed = [word if word and words.count(word) == 1 else told[k] for k, word in enumerate(words)]
    return tuple(mixed if len(set(mixed)) == len(mixed) else told)


def top_objects(recipe: Recipe, values: npt.NDArray[np.floating], n: int = 10) -> list[tuple[str, float]]:
    """The ``n`` labels that are in most of the pictures, with the share of pictures, most first; none that is in none.

    ``recipe`` and ``values`` are those of a stored seeing/objects, ``[d]`` or ``[t, d]``, whatever its weights were; of
    several subclips or pictures the mean counts. The recipe must have pooled by a mean.
    """
    params = recipe.params
    labels = [str(label) for _, label in params["labels"]]
    pooling = Pooling(**params["pooling"])
    if STATISTICS[pooling.statistic][0] != "mean" or params["measures"][0] != "share":
        raise UsageError(
            f"{recipe.title} was pooled by {pooling.statistic} of {', '.join(params['measures'])}; the share of the "
            "pictures with an object is read off a mean of shares. Measure it with another pooling."
        )
    rows = np.atleast_2d(np.asarray(values, np.float64))
    shares = rows[:, : len(labels)].mean(axis=0)
    order = np.argsort(-shares, kind="stable")[:n]
    return [(labels[k], float(shares[k])) for k in order if shares[k] > 0]
