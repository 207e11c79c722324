"""Embedding: what published networks of speech (wav2vec2) and of sound (CLAP) make of a clip."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from triptych.errors import UsageError
from triptych.features.backbones import network, sound_network
from triptych.features.backbones.sound_network import ATTENTION, Hearing
from triptych.features.backbones.weights import PICKLED, WANTED, Weights, describe
from triptych.features.extractor import Needs, Showing
from triptych.features.feature import Feature
from triptych.features.hearing import listening
from triptych.features.hearing.listening import DECODING, heard, too_short
from triptych.features.recipe import Recipe
from triptych.media.reel import Sound

F32 = npt.NDArray[np.float32]

WAV2VEC2 = "facebook/wav2vec2-base-960h"
CLAP = "laion/clap-htsat-unfused"
#: Windows that go through CLAP together if nothing is said; on one core each takes 0.3 s, however many there are.
CPU_BATCH, GPU_BATCH = 2, 32
#: A pass takes memory in proportion: 1 GB for 30 s, 2.4 for 90, some 16 for this.
LONGEST_S = 600.0

Dtype = Literal["auto", "float32", "bfloat16"]


@dataclass(frozen=True, kw_only=True)
class Wav2Vec2:
    """float32 ``[d]``: the mean over time of a wav2vec2's last hidden states, of the first ``limit_s`` of the sound.

    d is 768 for the base model. One state stands for 25 ms each 20 ms. The stretch goes through in one pass, alone and
    unpadded, so it hangs on nothing else that is measured; 30 s take a core 8 s and 1 GB. Before that it is brought to
    a mean of 0 and a variance of 1, where the weights' feature extractor says so (``do_normalize``), by itself: what
    comes after ``limit_s`` moves nothing. Sound shorter than one state takes is missing; where it only begins after
    ``limit_s``, it is silent.

    ``weights`` are described and hashed when the extractor is made, and verified against that when a process first
    loads them. The device is not in the recipe, since it moves the last bits only.
    """

    weights: Weights
    hearing: Hearing
    limit_s: float = 30.0
    device: str = "cpu"
    dtype: str = "auto"

    def __post_init__(self) -> None:
        object.__setattr__(self, "dtype", network.settled(self.device, self.dtype))
        if not 1 <= self.limit_s <= LONGEST_S:
            raise UsageError(f"limit_s is {self.limit_s}; it may be 1 to {LONGEST_S:g} seconds.")

    title = "hearing/wav2vec2"

    @property
    def recipe(self) -> Recipe:
        params: dict[str, Any] = {
            "weights": self.weights.facts(),
            "rate_hz": self.hearing.rate_hz,
            "limit_s": self.limit_s,
            "pooling": "mean of the last hidden states",
            "attention": ATTENTION["wav2vec2"],
            "sound": DECODING,
            "dtype": self.dtype,
        }
        return Recipe(panel="hearing", name="wav2vec2", version=1, params=params)

    @property
    def needs(self) -> Needs:
        return listening.needs(self.hearing.rate_hz)

    def ready(self) -> None:
        """Raise MissingExtra if a package is not installed, importing none; torch is imported to look for a device
        other than the CPU, which is refused if it is not there."""
        network.require(self.title, network.packages("wav2vec2"))
        network.present(self.device)

    def columns(self) -> tuple[str, ...]:
        """The name of each entry. Loads the network, which alone knows how wide it is."""
        width = sound_network.load_wav2vec2(self.weights, self.device, self.dtype).width
        return tuple(f"wav2vec2_{k:04d}" for k in range(width))

    def extract(self, showings: Sequence[Showing]) -> Sequence[Feature]:
        return [self._feature(showing) for showing in showings]

    def _feature(self, showing: Showing) -> Feature:
        sound = listening.reel_of(showing, self.title).once(heard, self.hearing.rate_hz)
        if isinstance(sound, Feature):
            return sound
        if (short := too_short(sound, self.hearing.least, "one hidden state")) is not None:
            return short
        first = sound.samples[: round(self.limit_s * sound.rate_hz)]
        # Its rounding would be brought to a variance of 1, and heard.
        if np.ptp(first) / 2 < Sound.SILENCE_PEAK:
            return Feature.silent(f"the first {self.limit_s:g} s of the sound are silent (peak under -70 dBFS)")
        return Feature(values=sound_network.load_wav2vec2(self.weights, self.device, self.dtype).vector(first))


@dataclass(frozen=True, kw_only=True)
class Clap:
    """float32 ``[d]`` of length 1: the mean of what CLAP hears in windows of 10 s over the whole clip, 512 for LAION's.

    A CLAP takes 10 s at a time. The clip is laid out in as few windows of that as cover it, the first at its beginning,
    the last at its end and the others evenly between, so that they overlap a little, nothing is left out and nothing is
    filled up. A clip shorter than one window is repeated until it fills one, as published. Each window's vector has the
    length 1, and so has their mean in the end; it lies where that of a text does that describes the sound.

    Only one batch of windows is held at a time. ``weights`` are described and hashed when the extractor is made, and
    verified against that when a process first loads them. The device and the batch are not in the recipe, since they
    move the last bits only.
    """

    weights: Weights
    hearing: Hearing
    device: str = "cpu"
    dtype: str = "auto"
    batch: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "dtype", network.settled(self.device, self.dtype))
        if self.batch < 0:
            raise UsageError(
                f"batch is {self.batch}; it may be 1 or more windows, or 0, which leaves it to the device."
            )
        if self.batch == 0:
            object.__setattr__(self, "batch", CPU_BATCH if self.device == "cpu" else GPU_BATCH)

    title = "hearing/clap"

    @property
    def recipe(self) -> Recipe:
        params: dict[str, Any] = {
            "weights": self.weights.facts(),
            "rate_hz": self.hearing.rate_hz,
            "window": self.hearing.window,
            "windows": "as few as cover the clip, evenly",
            "pooling": "mean, then to length 1",
            "attention": ATTENTION["clap"],
            "sound": DECODING,
            "dtype": self.dtype,
        }
        return Recipe(panel="hearing", name="clap", version=1, params=params)

    @property
    def needs(self) -> Needs:
        return listening.needs(self.hearing.rate_hz)

    def ready(self) -> None:
        """Raise MissingExtra if a package is not installed, importing none; torch is imported to look for a device
        other than the CPU, which is refused if it is not there."""
        network.require(self.title, network.packages("clap"))
        network.present(self.device)

    def columns(self) -> tuple[str, ...]:
        """The name of each entry. Loads the network, which alone knows how wide it is."""
        width = sound_network.load_clap(self.weights, self.device, self.dtype).width
        return tuple(f"clap_{k:04d}" for k in range(width))

    def extract(self, showings: Sequence[Showing]) -> Sequence[Feature]:
        return [self._feature(showing) for showing in showings]

    def _feature(self, showing: Showing) -> Feature:
        sound = listening.reel_of(showing, self.title).once(heard, self.hearing.rate_hz)
        if isinstance(sound, Feature):
            return sound
        if (short := too_short(sound, self.hearing.least, "one frame")) is not None:
            return short
        loaded = sound_network.load_clap(self.weights, self.device, self.dtype)
        rows = loaded.vectors(windows(sound.samples, self.hearing.window), batch=self.batch).astype(np.float64)
        mean = rows.mean(axis=0)
        return Feature(values=(mean / np.linalg.norm(mean)).astype(np.float32))


def windows(samples: F32, length: int) -> list[F32]:
    """As few stretches of ``length`` samples as cover them all, evenly; of fewer samples than that the one they are.
    Views, not copies.

    >>> [window.tolist() for window in windows(np.arange(5, dtype=np.float32), 2)]
    [[0.0, 1.0], [2.0, 3.0], [3.0, 4.0]]
    """
    if len(samples) <= length:
        return [samples]
    starts = np.linspace(0, len(samples) - length, math.ceil(len(samples) / length)).round().astype(int)
    return [samples[start : start + length] for start in starts]


def wav2vec2(
    *,
    weights: str | Path = WAV2VEC2,
    revision: str = "main",
    limit_s: float = 30.0,
    device: str = "cpu",
    dtype: Dtype = "auto",
) -> Wav2Vec2:
    """What a wav2vec2 hears in the first 30 s: its last hidden states, mean over time (Maes 2025 §3.2.2).

    ``weights``: a folder, or a hub id.
    """
    found = describe(str(weights), revision=revision, title=Wav2Vec2.title)
    hearing = sound_network.hearing_of("wav2vec2", found)
    return Wav2Vec2(weights=found, hearing=hearing, limit_s=limit_s, device=device, dtype=dtype)


def clap(
    *,
    weights: str | Path = CLAP,
    revision: str = "main",
    device: str = "cpu",
    dtype: Dtype = "auto",
    batch: int = 0,
) -> Clap:
    """What a CLAP hears in windows of 10 s, mean over the clip, where a text that describes it would lie.

    ``weights``: a folder, or a hub id, of a CLAP without fusion.
    """
    found = describe(str(weights), revision=revision, wanted=(*WANTED, PICKLED), title=Clap.title)
    hearing = sound_network.hearing_of("clap", found)
    return Clap(weights=found, hearing=hearing, device=device, dtype=dtype, batch=batch)
