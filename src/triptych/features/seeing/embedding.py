"""Embedding: what a published network makes of each picture, kept picture by picture or pooled over the clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from triptych.errors import UnknownName, UsageError
from triptych.features.backbones import alexnet as alexnet_network
from triptych.features.backbones import network
from triptych.features.backbones.network import ALEXNET, ATTENTION, TOKENS
from triptych.features.backbones.preparation import Preparation
from triptych.features.backbones.weights import Weights, describe
from triptych.features.extractor import Needs, Showing
from triptych.features.feature import Feature
from triptych.features.pooling import EACH, MEAN, Pooling
from triptych.features.recipe import Recipe
from triptych.features.seeing import pictures
from triptych.media.reel import Frames, Reel
from triptych.media.sampling import EACH_SECOND, HALF_SECONDS, PIVOT, TWO_PASS, Sampling

F32 = npt.NDArray[np.float32]

DINOV2 = "facebook/dinov2-base"
RESNET50 = "microsoft/resnet-50"
MOBILENETV2 = "google/mobilenet_v2_1.0_224"
#: Pictures that go through a network together if nothing is said. One core does 1.8, 1.9 and 1.7 pictures a second of
#: DINOv2-base at 1, 4 and 16 together, and the convolutional ones are no different; a GPU takes a whole clip.
CPU_BATCH, GPU_BATCH = 4, 128

Dtype = Literal["auto", "float32", "bfloat16"]
Token = Literal["cls", "mean"]


@dataclass(frozen=True, kw_only=True)
class Embedding:
    """float32 ``[d]``, the mean over the sampled pictures of the vectors that a network makes of each; or, as
    ``pooling`` says, ``[t, d]`` with times.

    d is 768 for DINOv2-base and 384 for -small, 2,048 for ResNet-50, 1,280 for MobileNetV2 and 4,096 for AlexNet. How
    pictures are made ready is said in :class:`~triptych.features.backbones.preparation.Preparation`, and what is read
    off each network in :meth:`~triptych.features.backbones.network.Network.vectors`.

    ``weights`` are described and hashed when the extractor is made, and verified against that when a process first
    loads them. ``sampling.short_side_px`` must be that of ``preparation``, since pictures are scaled once.

    ``device``: cpu, cuda, cuda:1, mps. ``dtype``: "auto" is bfloat16 on cuda and float32 elsewhere. ``batch``: pictures
    at a time; 0 leaves it to the device. The dtype is in the recipe. The device and the batch are not, since they move
    the last bits only; on one machine with one setting the bits are always the same, whatever else is measured beside.

    Every worker process loads a network of its own: on one GPU, a few workers that decode are enough.
    """

    name: str
    family: str
    weights: Weights
    preparation: Preparation
    sampling: Sampling
    pooling: Pooling = MEAN
    token: str = "cls"
    device: str = "cpu"
    dtype: str = "auto"
    batch: int = 0

    def __post_init__(self) -> None:
        # Settled here, so that the recipe says what was computed with.
        object.__setattr__(self, "dtype", network.settled(self.device, self.dtype))
        if self.family not in (*network.TRANSFORMERS, ALEXNET):
            raise UnknownName("family of networks", self.family, (*network.TRANSFORMERS, ALEXNET))
        if self.token not in TOKENS:
            raise UnknownName("token", self.token, TOKENS)
        if self.batch < 0:
            raise UsageError(
                f"batch is {self.batch}; it may be 1 or more pictures, or 0, which leaves it to the device."
            )
        if self.batch == 0:
            object.__setattr__(self, "batch", CPU_BATCH if self.device == "cpu" else GPU_BATCH)
        if self.sampling.short_side_px != self.preparation.short_side_px:
            raise UsageError(
                f"{self.title} was given a sampling of {self.sampling.short_side_px} pixels; its weights take pictures "
                f"whose shorter side is {self.preparation.short_side_px}. Give a sampling with that short_side_px."
            )

    @property
    def title(self) -> str:
        return f"seeing/{self.name}"

    @property
    def recipe(self) -> Recipe:
        params: dict[str, Any] = {
            "family": self.family,
            "weights": self.weights.facts(),
            "preparation": asdict(self.preparation),
            "dtype": self.dtype,
            **pictures.recipe_params(self.sampling, self.pooling),
        }
        if self.family == "dinov2":
            params |= {"token": self.token, "attention": ATTENTION}
        return Recipe(panel="seeing", name=self.name, version=1, params=params)

    @property
    def needs(self) -> Needs:
        return pictures.needs(self.sampling)

    def ready(self) -> None:
        """Raise MissingExtra if a package is not installed, importing none; torch is imported to look for a device
        other than the CPU, which is refused if it is not there."""
        network.require(self.title, network.packages(self.family))
        network.present(self.device)

    def columns(self) -> tuple[str, ...]:
        """The name of each entry. Loads the network, which alone knows how wide it is."""
        width = network.load(self.family, self.weights, self.device, self.dtype).width
        return self.pooling.columns([f"{self.family}_{k:04d}" for k in range(width)])

    def extract(self, showings: Sequence[Showing]) -> Sequence[Feature]:
        return [self._feature(showing) for showing in showings]

    def _feature(self, showing: Showing) -> Feature:
        def rows(_: Frames) -> F32:
            assert showing.reel is not None  # or there were no pictures
            asked = (self.family, self.weights, self.preparation, self.sampling, self.token)
            return showing.reel.once(frame_embeddings, *asked, self.device, self.dtype, self.batch)

        return pictures.pooled(showing, self.sampling, self.pooling, rows)


def frame_embeddings(
    reel: Reel,
    family: str,
    weights: Weights,
    preparation: Preparation,
    sampling: Sampling,
    token: str,
    device: str,
    dtype: str,
    batch: int,
) -> F32:
    """float32 ``[n, d]``, one row for each sampled picture. Ask with ``reel.once(frame_embeddings, …)``, so that the
    vector and the sequence of one clip go through the network once."""
    frames = reel.frames_of(sampling)
    loaded = network.load(family, weights, device, dtype)
    if frames is None:
        return np.zeros((0, loaded.width), np.float32)
    return loaded.vectors(frames.rgb, preparation=preparation, batch=batch, token=token)


def dinov2(
    *,
    weights: str | Path = DINOV2,
    revision: str = "main",
    sampling: Sampling = TWO_PASS,
    pooling: Pooling = MEAN,
    token: Token = "cls",
    device: str = "cpu",
    dtype: Dtype = "auto",
    batch: int = 0,
) -> Embedding:
    """The class token of a DINOv2, mean over 120 pictures of the film itself (Maes 2025 §3.2.1).

    ``weights``: a folder, or a hub id; facebook/dinov2-small gives 384 numbers in place of 768. ``sampling`` says which
    pictures; how large they are is said by the weights.
    """
    given = _Given(weights=weights, revision=revision, device=device, dtype=dtype, batch=batch)
    return given.made("dinov2", "dinov2", sampling, pooling, token=token)


def dinov2_frames(
    *,
    weights: str | Path = DINOV2,
    revision: str = "main",
    sampling: Sampling = TWO_PASS,
    token: Token = "cls",
    device: str = "cpu",
    dtype: Dtype = "auto",
    batch: int = 0,
) -> Embedding:
    """The class token of a DINOv2 for each picture, with its time; the network runs once for this and seeing/dinov2."""
    given = _Given(weights=weights, revision=revision, device=device, dtype=dtype, batch=batch)
    return given.made("dinov2-frames", "dinov2", sampling, EACH, token=token)


def resnet50(
    *,
    weights: str | Path = RESNET50,
    revision: str = "main",
    sampling: Sampling = PIVOT,
    pooling: Pooling = MEAN,
    device: str = "cpu",
    dtype: Dtype = "auto",
    batch: int = 0,
) -> Embedding:
    """The pool of a ResNet-50, mean over the middle picture and one each second before and after it (Pingali 2022)."""
    given = _Given(weights=weights, revision=revision, device=device, dtype=dtype, batch=batch)
    return given.made("resnet50", "resnet", sampling, pooling)


def resnet50_frames(
    *,
    weights: str | Path = RESNET50,
    revision: str = "main",
    sampling: Sampling = PIVOT,
    device: str = "cpu",
    dtype: Dtype = "auto",
    batch: int = 0,
) -> Embedding:
    """The pool of a ResNet-50 for each candidate picture, with its time (Pingali 2022)."""
    given = _Given(weights=weights, revision=revision, device=device, dtype=dtype, batch=batch)
    return given.made("resnet50-frames", "resnet", sampling, EACH)


def mobilenetv2(
    *,
    weights: str | Path = MOBILENETV2,
    revision: str = "main",
    sampling: Sampling = EACH_SECOND,
    pooling: Pooling = MEAN,
    squash: bool = False,
    device: str = "cpu",
    dtype: Dtype = "auto",
    batch: int = 0,
) -> Embedding:
    """The pool of a MobileNetV2, mean over one picture a second (Lehmann 2021).

    ``squash``: the whole picture is brought to a square, its aspect not kept, as Lehmann does; else the middle is cut
    out, as the weights were trained.
    """
    given = _Given(weights=weights, revision=revision, device=device, dtype=dtype, batch=batch)
    return given.made("mobilenetv2", "mobilenet_v2", sampling, pooling, squash=squash)


def mobilenetv2_frames(
    *,
    weights: str | Path = MOBILENETV2,
    revision: str = "main",
    sampling: Sampling = EACH_SECOND,
    squash: bool = False,
    device: str = "cpu",
    dtype: Dtype = "auto",
    batch: int = 0,
) -> Embedding:
    """The pool of a MobileNetV2 for each of one picture a second, with its time (Lehmann 2021).

    :func:`triptych.features.windows.windows` cuts this into his sequences of 10 or 20.
    """
    given = _Given(weights=weights, revision=revision, device=device, dtype=dtype, batch=batch)
    return given.made("mobilenetv2-frames", "mobilenet_v2", sampling, EACH, squash=squash)


def alexnet(
    *,
    weights: str | Path = "",
    sampling: Sampling = HALF_SECONDS,
    pooling: Pooling = MEAN,
    device: str = "cpu",
    dtype: Dtype = "auto",
    batch: int = 0,
) -> Embedding:
    """The layer fc7 of an AlexNet, mean over two pictures a second (audiovisual-cf).

    ``weights``: the file that torchvision publishes, or its tensors as safetensors; it is on no hub, and must be given.
    """
    given = _Given(weights=weights, revision="", device=device, dtype=dtype, batch=batch)
    return given.made("alexnet", ALEXNET, sampling, pooling)


def alexnet_frames(
    *,
    weights: str | Path = "",
    sampling: Sampling = HALF_SECONDS,
    device: str = "cpu",
    dtype: Dtype = "auto",
    batch: int = 0,
) -> Embedding:
    """The layer fc7 of an AlexNet for each of two pictures a second, with its time (audiovisual-cf)."""
    given = _Given(weights=weights, revision="", device=device, dtype=dtype, batch=batch)
    return given.made("alexnet-frames", ALEXNET, sampling, EACH)


def alexnet_subclips(
    *,
    weights: str | Path = "",
    sampling: Sampling = HALF_SECONDS,
    parts: int = 20,
    statistic: str = "mean-var",
    device: str = "cpu",
    dtype: Dtype = "auto",
    batch: int = 0,
) -> Embedding:
    """The layer fc7 of an AlexNet, pooled over each of 20 equal subclips, which are the sound's too (audiovisual-cf).

    The thesis tries ``parts`` 10, 20, 30 and 40, and as ``statistic`` mean, mean-var, median and median-mad.
    """
    if parts < 1:
        raise UsageError(f"parts is {parts}; a clip is cut into at least 1.")
    given = _Given(weights=weights, revision="", device=device, dtype=dtype, batch=batch)
    return given.made("alexnet-subclips", ALEXNET, sampling, Pooling(parts=parts, statistic=statistic))


@dataclass(frozen=True, kw_only=True)
class _Given:
    """What every maker is given."""

    weights: str | Path
    revision: str
    device: str
    dtype: str
    batch: int

    def made(
        self, name: str, family: str, sampling: Sampling, pooling: Pooling, *, token: str = "cls", squash: bool = False
    ) -> Embedding:
        title = f"seeing/{name}"
        if family == ALEXNET and not str(self.weights):
            raise UsageError(
                f"{title} needs AlexNet's weights, which are on no hub: fetch {alexnet_network.URL} "
                f"({alexnet_network.SIZE_MB} MB), for example with curl -O. "
                f"Then: triptych extract films -f {title} --set {title}.weights={Path(alexnet_network.URL).name}"
            )
        if family == ALEXNET and not Path(self.weights).expanduser().exists():
            raise UsageError(
                f"{title} has no weights at {str(self.weights)!r}: there is no such file, and they are on no hub. "
                f"Fetch {alexnet_network.URL} ({alexnet_network.SIZE_MB} MB), and give the file that was fetched."
            )
        found = describe(str(self.weights), revision=self.revision, title=title)
        preparation = network.preparation_of(family, found, squash=squash)
        return Embedding(
            name=name,
            family=family,
            weights=found,
            preparation=preparation,
            sampling=replace(sampling, short_side_px=preparation.short_side_px),
            pooling=pooling,
            token=token,
            device=self.device,
            dtype=self.dtype,
            batch=self.batch,
        )
