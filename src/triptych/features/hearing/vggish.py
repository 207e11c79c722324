"""VGGish: what the published network hears in each 0.96 s of a clip, kept one by one or pooled over the clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from triptych.errors import UsageError
from triptych.features.backbones import network, sound_network, state_dict
from triptych.features.backbones.vggish import BESIDE, CLIP, LEVELS, MEANS, PCA_SIZE_MB, PCA_URL, SIZE_MB, URL, VECTORS
from triptych.features.backbones.weights import Weights, describe
from triptych.features.extractor import Needs, Showing
from triptych.features.feature import Feature
from triptych.features.hearing import listening, log_mel
from triptych.features.hearing.listening import DECODING, Heard, heard, too_short
from triptych.features.hearing.log_mel import EXAMPLE, RATE_HZ
from triptych.features.pooling import EACH, MEAN, Pooling
from triptych.features.recipe import Recipe
from triptych.media.reel import Reel

F32 = npt.NDArray[np.float32]

#: The published step: 96 frames of 10 ms, so that no two examples share a start.
EVERY_S = 0.96
#: Examples that go through the network together if nothing is said. One core does 15, 28, 36 and 38 examples a second
#: at 1, 4, 16 and 32 together; a GPU takes a whole clip.
CPU_BATCH, GPU_BATCH = 16, 256

Dtype = Literal["auto", "float32", "bfloat16"]


@dataclass(frozen=True, kw_only=True)
class Vggish:
    """float32 ``[d]``, the mean over a clip of what VGGish makes of each 0.96 s of its sound; or, as ``pooling`` says,
    ``[t, d]`` with times. d is 128 for the published weights.

    An example is 0.975 s of sound (:mod:`~triptych.features.hearing.log_mel`); one begins each ``every_s``, and its
    time is its middle. What is left at the end is left out, as published; a clip with less sound than one example is
    missing, since zeros in its place would be heard as silence. ``rectified``: see
    :func:`~triptych.features.backbones.vggish.network`.

    ``postprocess``: the embeddings are whitened and brought to the whole numbers 0…255, as AudioSet published its own,
    see :class:`~triptych.features.backbones.vggish.Whitening`; its numbers are in the file ``pca``, or in ``weights``.
    Else they are as the network gives them.

    ``weights`` and ``pca`` are described and hashed when the extractor is made, and verified against that when a
    process first loads them. The device and the batch are not in the recipe, since they move the last bits only (and
    so, where a value lies on the border of two levels, one level in 255).
    """

    name: str
    weights: Weights
    pca: Weights | None
    postprocess: bool = True
    rectified: bool = True
    every_s: float = EVERY_S
    pooling: Pooling = MEAN
    device: str = "cpu"
    dtype: str = "auto"
    batch: int = 0

    def __post_init__(self) -> None:
        # Settled here, so that the recipe says what was computed with.
        object.__setattr__(self, "dtype", network.settled(self.device, self.dtype))
        log_mel.step_of(self.every_s)
        if self.batch < 0:
            raise UsageError(
                f"batch is {self.batch}; it may be 1 or more examples, or 0, which leaves it to the device."
            )
        if self.batch == 0:
            object.__setattr__(self, "batch", CPU_BATCH if self.device == "cpu" else GPU_BATCH)
        if not self.postprocess:
            # So that two recipes that do the same are the same.
            object.__setattr__(self, "pca", None)

    @property
    def title(self) -> str:
        return f"hearing/{self.name}"

    @property
    def recipe(self) -> Recipe:
        params: dict[str, Any] = {
            "weights": self.weights.facts(),
            "front_end": log_mel.PARAMS,
            "every_frames": log_mel.step_of(self.every_s),
            "rectified": self.rectified,
            "postprocess": self.postprocess,
            "sound": DECODING,
            "dtype": self.dtype,
            "pooling": asdict(self.pooling),
        }
        if self.postprocess:
            pca = "in weights" if self.pca is None else self.pca.facts()
            params["whitening"] = {"from": pca, "clip": CLIP, "levels": LEVELS, "rounded": "down"}
        return Recipe(panel="hearing", name=self.name, version=1, params=params)

    @property
    def needs(self) -> Needs:
        return listening.needs(RATE_HZ)

    def ready(self) -> None:
        """Raise MissingExtra if a package is not installed, importing none; torch is imported to look for a device
        other than the CPU, which is refused if it is not there."""
        network.require(self.title, ("torch", "safetensors"))
        network.present(self.device)

    def columns(self) -> tuple[str, ...]:
        """The name of each entry. Loads the network, which alone knows how wide it is."""
        width = sound_network.load_vggish(self.weights, self.rectified, self.device, self.dtype).width
        return self.pooling.columns([f"vggish_{k:03d}" for k in range(width)])

    def extract(self, showings: Sequence[Showing]) -> Sequence[Feature]:
        return [self._feature(listening.reel_of(showing, self.title)) for showing in showings]

    def _feature(self, reel: Reel) -> Feature:
        sound = reel.once(heard, RATE_HZ)
        if isinstance(sound, Feature):
            return sound
        if (short := too_short(sound, EXAMPLE, "one example of 0.975 s")) is not None:
            return short
        step = log_mel.step_of(self.every_s)
        asked = (self.weights, self.rectified, step, self.device, self.dtype, self.batch)
        rows = reel.once(example_embeddings, *asked)
        if self.postprocess:
            rows = sound_network.load_whitening(self.pca or self.weights, rows.shape[1]).apply(rows)
        return self.pooling.of(rows, log_mel.middles_s(len(rows), step), duration_s=reel.probe.duration_s)


def example_embeddings(
    reel: Reel, weights: Weights, rectified: bool, step: int, device: str, dtype: str, batch: int
) -> F32:
    """float32 ``[n, d]``, one row for each example, as the network gives them. Ask with
    ``reel.once(example_embeddings, …)``, so that the vector, the sequence and the subclips go through it once."""
    loaded = sound_network.load_vggish(weights, rectified, device, dtype)
    sound = reel.once(heard, RATE_HZ)
    if not isinstance(sound, Heard):
        return np.zeros((0, loaded.width), np.float32)
    samples = sound.samples

    def examples(first: int, last: int) -> F32:
        return log_mel.examples(samples, step=step, first=first, last=last)

    return loaded.vectors(log_mel.count(len(samples), step), examples, batch=batch)


def vggish(
    *,
    weights: str | Path = "",
    pca: str | Path = "",
    postprocess: bool = True,
    rectified: bool = True,
    every_s: float = EVERY_S,
    pooling: Pooling = MEAN,
    device: str = "cpu",
    dtype: Dtype = "auto",
    batch: int = 0,
) -> Vggish:
    """What VGGish hears in each 0.96 s, mean over the clip (Maes 2025 §3.2.2).

    ``weights``: the file that torchvggish publishes, or its tensors as safetensors, or the folder that holds it and
    that of the whitening, ``pca``; they are on no hub, and must be given. ``every_s``: 1.0 is Pingali 2022's.
    """
    given = _Given(weights=weights, pca=pca, postprocess=postprocess, rectified=rectified, every_s=every_s)
    return given.made("vggish", pooling, device=device, dtype=dtype, batch=batch)


def vggish_frames(
    *,
    weights: str | Path = "",
    pca: str | Path = "",
    postprocess: bool = True,
    rectified: bool = True,
    every_s: float = EVERY_S,
    device: str = "cpu",
    dtype: Dtype = "auto",
    batch: int = 0,
) -> Vggish:
    """What VGGish hears in each 0.96 s, with its time; the network runs once for this and hearing/vggish."""
    given = _Given(weights=weights, pca=pca, postprocess=postprocess, rectified=rectified, every_s=every_s)
    return given.made("vggish-frames", EACH, device=device, dtype=dtype, batch=batch)


def vggish_subclips(
    *,
    weights: str | Path = "",
    pca: str | Path = "",
    postprocess: bool = True,
    rectified: bool = True,
    every_s: float = EVERY_S,
    parts: int = 20,
    statistic: str = "mean-var",
    device: str = "cpu",
    dtype: Dtype = "auto",
    batch: int = 0,
) -> Vggish:
    """What VGGish hears, pooled over each of 20 equal subclips, which are the pictures' too (audiovisual-cf).

    The thesis tries ``parts`` 10, 20, 30 and 40, and as ``statistic`` mean, mean-var, median and median-mad.
    """
    if parts < 1:
        raise UsageError(f"parts is {parts}; a clip is cut into at least 1.")
    given = _Given(weights=weights, pca=pca, postprocess=postprocess, rectified=rectified, every_s=every_s)
    pooling = Pooling(parts=parts, statistic=statistic)
    return given.made("vggish-subclips", pooling, device=device, dtype=dtype, batch=batch)


@dataclass(frozen=True, kw_only=True)
class _Given:
    """What every maker is given."""

    weights: str | Path
    pca: str | Path
    postprocess: bool
    rectified: bool
    every_s: float

    def made(self, name: str, pooling: Pooling, *, device: str, dtype: str, batch: int) -> Vggish:
        title = f"hearing/{name}"
        if not str(self.weights):
            raise UsageError(
                f"{title} needs VGGish's weights, which are on no hub: fetch {URL} ({SIZE_MB} MB) and {PCA_URL} "
                f"({PCA_SIZE_MB} MB) into one folder, for example with curl -LO. "
                f"Then: triptych extract films -f {title} --set {title}.weights=FOLDER"
            )
        file, beside = self._found(title)
        weights = describe(str(file), title=title)
        pca = describe(str(beside), title=title) if beside is not None and self.postprocess else None
        if self.postprocess and pca is None and not state_dict.mentions(file, BESIDE + MEANS):
            raise UsageError(
                f"{title} is to postprocess, and {str(file)!r} has no {BESIDE + VECTORS!r} and {BESIDE + MEANS!r}: "
                f"fetch {PCA_URL} ({PCA_SIZE_MB} MB) and add --set {title}.pca={Path(PCA_URL).name}; or, for the "
                f"embeddings as the network gives them, --set {title}.postprocess=no"
            )
        return Vggish(
            name=name,
            weights=weights,
            pca=pca,
            postprocess=self.postprocess,
            rectified=self.rectified,
            every_s=self.every_s,
            pooling=pooling,
            device=device,
            dtype=dtype,
            batch=batch,
        )

    def _found(self, title: str) -> tuple[Path, Path | None]:
        """The file of the network, and that of the whitening if there is one."""
        at, pca = Path(self.weights).expanduser(), Path(self.pca).expanduser() if str(self.pca) else None
        if pca is not None and not pca.is_file():
            raise UsageError(
                f"{title} has no file at {str(self.pca)!r}, given as pca. Fetch {PCA_URL} ({PCA_SIZE_MB} MB), and give "
                "the file that was fetched."
            )
        if at.is_file():
            return at, pca
        if not at.is_dir():
            raise UsageError(
                f"{title} has no weights at {str(self.weights)!r}: there is no such file or folder, and they are on no "
                f"hub. Fetch {URL} ({SIZE_MB} MB), and give the file that was fetched, or its folder."
            )
        files = [file for file in sorted(at.iterdir()) if file.suffix in (".pth", ".pt", ".safetensors", ".npz")]
        whitenings = [file for file in files if "pca" in file.stem]
        networks = [file for file in files if "pca" not in file.stem and file.suffix != ".npz"]
        if len(networks) != 1 or (pca is None and len(whitenings) > 1):
            told = ", ".join(file.name for file in files) or "no file of weights"
            raise UsageError(
                f"{title} was given the folder {str(self.weights)!r}, with {told}. One file of VGGish's weights, "
                f"{Path(URL).name}, and one of its whitening, {Path(PCA_URL).name}, are due; give files to choose."
            )
        return networks[0], pca or (whitenings[0] if whitenings else None)
