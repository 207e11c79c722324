"""Harmony: which pitch classes a clip's sound holds, how they stand to each other, and whether they make a key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.features.extractor import Needs, Showing
from triptych.features.feature import Feature
from triptych.features.hearing import listening
from triptych.features.hearing.spectrogram import A4_HZ, PARAMS, RATE_HZ, Spectrogram, pooled
from triptych.features.hearing.spectrum import Array
from triptych.features.pooling import MEAN_STD, Pooling
from triptych.features.recipe import Recipe

TITLE = "hearing/harmony"
PITCH_CLASSES = ("c", "c_sharp", "d", "d_sharp", "e", "f", "f_sharp", "g", "g_sharp", "a", "a_sharp", "b")
#: How well each pitch class, from the tonic up, is heard to fit after a cadence in its key, major and minor.
PROFILES = (
    (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
)
#: A mean chroma whose classes deviate by less than this holds no key: noise has all classes alike.
LEAST_DEVIATION = 1e-3
#: Frames between two tonal centroids that are compared: half a second.
CHANGE_FRAMES = 22

_FRAMEWISE = (
    *(f"chroma_{name}" for name in PITCH_CLASSES),
    *(f"{circle}_{axis}" for circle in ("fifths", "minor_thirds", "major_thirds") for axis in ("x", "y")),
)
_CLIPWISE = ("key_strength", "key_margin", "major", "concentration", "harmonic_change")


@dataclass(frozen=True, kw_only=True)
class Harmony:
    """Mean and standard deviation, over the audible frames of a clip, of chroma and tonal centroid; and its key.

    Another ``pooling`` keeps each frame's row, 43 a second, or pools by subclips, on the borders of what is seen.

    Per frame of 93 ms: ``chroma_c`` … ``chroma_b``, each re the frame's strongest, in 0…1; ``fifths_x`` …
    ``major_thirds_y``, where they lie on the circles of fifths, minor and major thirds (tonnetz). Definitions are
    librosa's, of an untuned chroma of its short-time Fourier transform.

    Of the clip, from its mean chroma:

    - ``key_strength``: its largest correlation with the profile of one of 24 keys (Krumhansl & Kessler 1982).
      ``key_margin``: how far that lies over the largest of the other keys. ``major``: the largest of a major key less
      the largest of a minor one. All are 0 where no pitch class stands out.
    - ``concentration``: 1 less the entropy of the classes' shares re that of twelve equal ones; 0 of noise, 1 of one
      class.
    - ``harmonic_change``: mean distance between the tonal centroids of audible frames half a second apart (after Harte,
      Sandler & Gasser 2006).

    Neither a gain nor a constant offset moves anything. Silence and presence are those of ``hearing/acoustic``.
    """

    pooling: Pooling = MEAN_STD

    @property
    def recipe(self) -> Recipe:
        params: dict[str, Any] = {
            **PARAMS,
            "a4_hz": A4_HZ,
            "chroma": "gaussian, re the strongest",
            "key_profiles": PROFILES,
            "least_deviation": LEAST_DEVIATION,
            "change_frames": CHANGE_FRAMES,
            "pooling": asdict(self.pooling),
        }
        return Recipe(panel="hearing", name="harmony", version=1, params=params)

    @property
    def needs(self) -> Needs:
        return listening.needs(RATE_HZ)

    def ready(self) -> None:
        """Nothing to check: the kernels are numpy."""

    def columns(self) -> tuple[str, ...]:
        """The name of each entry of the vector, or of a row.

        >>> Harmony().columns()[:2], len(Harmony().columns())
        (('chroma_c_mean', 'chroma_c_sharp_mean'), 41)
        """
        return listening.columns(self.pooling, _FRAMEWISE, _CLIPWISE)

    def extract(self, showings: Sequence[Showing]) -> list[Feature]:
        return [pooled(showing, TITLE, self.pooling, _rows, _clip) for showing in showings]


@lru_cache(maxsize=1)
def tonnetz_basis() -> Array:
    """Where each pitch class lies on the circles of fifths, minor and major thirds: float64 ``[6, 12]``, read-only.

    Rows are ``r sin πks, r cos πks`` of class k, with (r, s) = (1, 7/6), (1, 3/2) and (1/2, 2/3).

    Citation: Harte, Sandler & Gasser 2006, *Detecting harmonic change in musical audio*.
    """
    rows: list[Array] = []
    for radius, step in ((1.0, 7 / 6), (1.0, 3 / 2), (0.5, 2 / 3)):
        angle = np.pi * step * np.arange(12)
        rows += [radius * np.sin(angle), radius * np.cos(angle)]
    basis = np.stack(rows)
    basis.setflags(write=False)
    return basis


def tonnetz(chroma: Array) -> Array:
    """The tonal centroid of a frame, the mean place of its pitch classes by their shares: ``[t, 12]`` → ``[t, 6]``.

    >>> tonnetz(np.eye(12)[:1]) + 0.0
    array([[0. , 1. , 0. , 1. , 0. , 0.5]])
    """
    return _shares(chroma) @ tonnetz_basis().T


def keys(classes: Array) -> Array:
    """The correlation of pitch classes with each key's profile: ``[12]`` → ``[2, 12]``, major and minor by tonic.

    Zeros where the classes deviate by less than ``LEAST_DEVIATION``.

    Citation: Krumhansl & Kessler 1982, *Tracing the dynamic changes in perceived tonal organization*; the correlation
    is that of Krumhansl 1990, *Cognitive foundations of musical pitch*.

    >>> scale = np.array([1.0, 0, 1, 0, 1, 1, 0, 1, 0, 1, 0, 1])
    >>> np.unravel_index(keys(scale).argmax(), (2, 12)), np.unravel_index(keys(np.roll(scale, 7)).argmax(), (2, 12))
    ((np.int64(0), np.int64(0)), (np.int64(0), np.int64(7)))
    """
    deviation = float(classes.std())
    if deviation < LEAST_DEVIATION:
        return np.zeros((2, 12))
    profiles = np.array([[np.roll(profile, tonic) for tonic in range(12)] for profile in PROFILES])
    profiles = (profiles - profiles.mean(axis=-1, keepdims=True)) / profiles.std(axis=-1, keepdims=True)
    return profiles @ ((classes - classes.mean()) / deviation) / 12


def _rows(seen: Spectrogram) -> Array:
    """float64 ``[t, 18]``."""
    return np.concatenate([seen.chroma, tonnetz(seen.chroma)], axis=1)


def _clip(seen: Spectrogram) -> list[float]:
    classes = seen.chroma[seen.audible].mean(axis=0)
    fits = keys(classes)
    second, first = np.sort(fits.ravel())[-2:]
    major, minor = fits.max(axis=-1)
    shares = _shares(classes)
    entropy = -float((shares * np.log(np.maximum(shares, 1e-12))).sum()) / np.log(12)
    return [float(first), float(first - second), float(major - minor), 1 - entropy, _change(seen)]


def _change(seen: Spectrogram) -> float:
    """0 where no two audible frames are half a second apart."""
    both: npt.NDArray[np.bool_] = seen.audible[CHANGE_FRAMES:] & seen.audible[:-CHANGE_FRAMES]
    if not both.any():
        return 0.0
    centroids = tonnetz(seen.chroma)
    return float(np.linalg.norm(centroids[CHANGE_FRAMES:] - centroids[:-CHANGE_FRAMES], axis=1)[both].mean())


def _shares(chroma: Array) -> Array:
    """Classes as shares of their sum; of no sound at all they stay 0."""
    return chroma / np.maximum(chroma.sum(axis=-1, keepdims=True), np.finfo(np.float64).tiny)
