"""Sound network: published weights loaded once per process, and the vectors that they make of sound."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from triptych.errors import ExtractionError, UsageError
from triptych.features.backbones import network, state_dict, vggish
from triptych.features.backbones.pretrained import pretrained
from triptych.features.backbones.running import kept_still
from triptych.features.backbones.vggish import Whitening
from triptych.features.backbones.weights import Weights

F32 = npt.NDArray[np.float32]

#: Family, which is the model_type of config.json → the feature extractor that its preprocessor_config.json is of.
TRANSFORMERS = {"wav2vec2": "Wav2Vec2FeatureExtractor", "clap": "ClapFeatureExtractor"}
#: The kernels of attention, named so that another release's default cannot move the bits; CLAP's has one alone.
ATTENTION = {"wav2vec2": "sdpa", "clap": "eager"}
#: What the published weights of wav2vec2 leave out: it stands for what is masked in training, and nothing is after.
_TRAINING_ONLY = ("masked_spec_embed",)


@dataclass(frozen=True, kw_only=True)
class Hearing:
    """What the configuration of a folder says of the sound that its weights take.

    ``rate_hz``: of the sound. ``least``: samples that make one vector. ``window``: samples that make the longest
    input, 0 where there is no longest.
    """

    rate_hz: int
    least: int
    window: int


def hearing_of(family: str, weights: Weights) -> Hearing:
    """Reads config.json and preprocessor_config.json alone; refuses weights that are of another family."""
    if not Path(weights.path).is_dir():
        raise UsageError(f"weights of the family {family} are a folder; {weights.path!r} is a file.")
    config, prepared = weights.config(), weights.config("preprocessor_config.json")
    found = config.get("model_type")
    if found != family:
        raise UsageError(f"the weights in {weights.path!r} are of the model_type {found!r}; {family!r} is due.")
    kind = prepared.get("feature_extractor_type", TRANSFORMERS[family])
    if kind != TRANSFORMERS[family]:
        raise _refused(weights, f"feature_extractor_type is {kind!r}", repr(TRANSFORMERS[family]))
    if family == "wav2vec2":
        rate_hz = _whole(weights, prepared, "sampling_rate", 16_000)
        return Hearing(rate_hz=rate_hz, least=_field(weights, config), window=0)
    audio = config.get("audio_config")
    if isinstance(audio, dict) and cast("Mapping[str, Any]", audio).get("enable_fusion"):
        raise UsageError(
            f"the weights in {weights.path!r} fuse excerpts that are chosen at random; take a CLAP without fusion, "
            "such as laion/clap-htsat-unfused."
        )
    if prepared.get("truncation", "fusion") != "rand_trunc":
        raise _refused(weights, f"truncation is {prepared.get('truncation', 'fusion')!r}", "'rand_trunc'")
    rate_hz = _whole(weights, prepared, "sampling_rate", 48_000)
    longest_s = _whole(weights, prepared, "max_length_s", 10)
    return Hearing(
        rate_hz=rate_hz, least=_whole(weights, prepared, "fft_window_size", 1024), window=rate_hz * longest_s
    )


class Vggish:
    """A loaded VGGish: examples of log-mel in, one embedding of each out."""

    def __init__(self, *, module: Any, device: str, dtype: str) -> None:
        self._module = module
        self._device = device
        self._dtype = dtype

    @property
    def width(self) -> int:
        return int([layer for layer in self._module[-1] if hasattr(layer, "out_features")][-1].out_features)

    def vectors(self, count: int, examples: Callable[[int, int], F32], *, batch: int) -> F32:
        """float32 ``[count, width]``, ``batch`` examples at a time; ``examples(first, last)`` gives float32
        ``[last - first, 96, 64]``, so that no more of them are ever held."""

        def called(first: int, last: int) -> Any:
            return self._module(_moved(examples(first, last)[:, None], self._device, self._dtype))

        return _gathered("VGGish", count, self.width, called, batch=batch, device=self._device, dtype=self._dtype)


class Wav2Vec2:
    """A loaded wav2vec2: a stretch of sound in, the mean of its last hidden states out."""

    def __init__(self, *, module: Any, extractor: Any, device: str, dtype: str) -> None:
        self._module = module
        self._extractor = extractor
        self._device = device
        self._dtype = dtype

    @property
    def width(self) -> int:
        config = self._module.config
        return int(config.output_hidden_size if config.add_adapter else config.hidden_size)

    def vector(self, samples: F32) -> F32:
        """float32 ``[n]`` → float32 ``[width]``. All of it goes through at once and alone, so nothing is padded; its
        mean and variance are brought to 0 and 1 first where the folder's feature extractor says so."""

        def called(_first: int, _last: int) -> Any:
            ready: Any = self._extractor(samples, sampling_rate=self._extractor.sampling_rate, return_tensors="np")
            moved = _moved(ready["input_values"].astype(np.float32), self._device, self._dtype)
            return self._module(moved).last_hidden_state.float().mean(dim=1)

        return _gathered("wav2vec2", 1, self.width, called, batch=1, device=self._device, dtype=self._dtype)[0]


class Clap:
    """The loaded half of a CLAP that listens: windows of sound in, one vector of length 1 of each out."""

    def __init__(self, *, module: Any, extractor: Any, device: str, dtype: str) -> None:
        self._module = module
        self._extractor = extractor
        self._device = device
        self._dtype = dtype

    @property
    def width(self) -> int:
        return int(self._module.config.projection_dim)

    def vectors(self, windows: Sequence[F32], *, batch: int) -> F32:
        """Windows float32 ``[n]``, none longer than the weights take → float32 ``[windows, width]``.

        What is shorter is repeated and filled up as the folder's feature extractor says; it cuts nothing off, since
        where it does, it does so at random.
        """
        import torch

        longest = int(self._extractor.nb_max_samples)
        if any(len(window) > longest for window in windows):
            raise ExtractionError(f"a window has {max(map(len, windows))} samples; CLAP takes {longest} at most.")

        def called(first: int, last: int) -> Any:
            rate_hz = self._extractor.sampling_rate
            ready: Any = self._extractor(list(windows[first:last]), sampling_rate=rate_hz, return_tensors="np")
            mel = np.asarray(ready["input_features"], np.float32)
            found = self._module(input_features=_moved(mel, self._device, self._dtype)).audio_embeds
            return torch.nn.functional.normalize(found.float(), dim=-1)

        return _gathered("CLAP", len(windows), self.width, called, batch=batch, device=self._device, dtype=self._dtype)


@lru_cache(maxsize=4)
def load_vggish(weights: Weights, rectified: bool, device: str = "cpu", dtype: str = "float32") -> Vggish:
    """VGGish, its file verified, loaded once per process for each device and dtype."""
    import torch

    tensors, where = _tensors(weights, "VGGish's weights", f"{vggish.URL} ({vggish.SIZE_MB} MB)", device)
    module = vggish.network(tensors, rectified=rectified, where=where).requires_grad_(False)
    return Vggish(module=module.to(device=device, dtype=getattr(torch, dtype)), device=device, dtype=dtype)


@lru_cache(maxsize=4)
def load_whitening(weights: Weights, width: int) -> Whitening:
    """The whitening of VGGish's embeddings, from its own file or from that of the network."""
    again = f"{vggish.PCA_URL} ({vggish.PCA_SIZE_MB} MB)"
    tensors, where = _tensors(weights, "VGGish's whitening", again, "cpu")
    return vggish.whitening(tensors, width=width, where=where)


@lru_cache(maxsize=2)
def load_wav2vec2(weights: Weights, device: str = "cpu", dtype: str = "float32") -> Wav2Vec2:
    """wav2vec2, its files verified, loaded once per process for each device and dtype."""
    module, extractor = _loaded("wav2vec2", "Wav2Vec2Model", weights, device, dtype)
    return Wav2Vec2(module=module, extractor=extractor, device=device, dtype=dtype)


@lru_cache(maxsize=2)
def load_clap(weights: Weights, device: str = "cpu", dtype: str = "float32") -> Clap:
    """The half of a CLAP that listens, without the four fifths of its weights that read."""

    def audio(folder: Path) -> dict[str, Any]:
        from transformers import ClapConfig

        return {"config": cast(Any, ClapConfig).from_pretrained(str(folder)).audio_config}

    module, extractor = _loaded("clap", "ClapAudioModelWithProjection", weights, device, dtype, beside=audio)
    return Clap(module=module, extractor=extractor, device=device, dtype=dtype)


def _loaded(
    family: str,
    name: str,
    weights: Weights,
    device: str,
    dtype: str,
    *,
    beside: Callable[[Path], dict[str, Any]] | None = None,
) -> tuple[Any, Any]:
    network.require(f"a network of the family {family}", network.packages(family))
    network.present(device)
    weights.verify()
    import torch
    import transformers

    module = pretrained(
        name, weights, may_lack=_TRAINING_ONLY, beside=beside, attn_implementation=ATTENTION[family]
    ).to(device=device, dtype=getattr(torch, dtype))
    with weights.apart() as folder:
        extractor: Any = getattr(transformers, TRANSFORMERS[family]).from_pretrained(str(folder), local_files_only=True)
    return module, extractor


def _tensors(weights: Weights, of: str, again: str, device: str) -> tuple[Mapping[str, Any], str]:
    network.require(of, ("torch", "safetensors"))
    network.present(device)
    weights.verify()
    path = Path(weights.path)
    return state_dict.read(path, of=of, again=again), repr(str(path))


def _moved(values: F32, device: str, dtype: str) -> Any:
    import torch

    return torch.tensor(values).to(device=device, dtype=getattr(torch, dtype))


def _gathered(
    who: str, count: int, width: int, called: Callable[[int, int], Any], *, batch: int, device: str, dtype: str
) -> F32:
    """float32 ``[count, width]``: what ``called(first, last)`` gives, ``batch`` at a time.

    What stands together in a batch follows from the clip alone, so that the bits do not hang on what else is measured;
    on a CPU that takes one thread, since the count of threads orders the sums.
    """
    found = np.empty((count, width), np.float32)
    with kept_still(device):
        for first in range(0, count, batch):
            last = min(first + batch, count)
            found[first:last] = called(first, last).float().cpu().numpy()
    if bad := int((~np.isfinite(found)).any(axis=1).sum()):
        raise ExtractionError(
            f"{who} makes NaN or infinity of {bad} of {count} stretches of sound in {dtype}. Fetch its weights again; "
            "with dtype bfloat16, try float32."
        )
    return found


def _field(weights: Weights, config: Mapping[str, Any]) -> int:
    """How many samples the first layers of a wav2vec2 make one vector of; 400 for the published ones."""
    kernels, strides = (
        config.get("conv_kernel", (10, 3, 3, 3, 3, 2, 2)),
        config.get("conv_stride", (5, 2, 2, 2, 2, 2, 2)),
    )
    try:
        field = 1
        for kernel, stride in zip(reversed(kernels), reversed(strides), strict=True):
            field = (field - 1) * int(stride) + int(kernel)
    except (TypeError, ValueError) as error:
        raise ExtractionError(
            f"the config.json in {weights.path!r} has conv_kernel {kernels!r} and conv_stride {strides!r}, which do "
            "not fit each other. Fetch it again."
        ) from error
    return field


def _whole(weights: Weights, given: Mapping[str, Any], name: str, default: int) -> int:
    value = given.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise _refused(weights, f"{name} is {value!r}", "a whole number above 0")
    return value


def _refused(weights: Weights, given: str, allowed: str) -> ExtractionError:
    return ExtractionError(
        f"in the preprocessor_config.json in {weights.path!r} {given}; implemented is {allowed}. Choose other weights, "
        "or correct the file."
    )
