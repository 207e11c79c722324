"""VGGish: the network of the published weights, which gives 128 numbers of each 0.96 s of sound, and their whitening.

The names are those of torchvggish, a port of AudioSet's own (Hershey 2017, *CNN Architectures for Large-Scale Audio
Classification*).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from triptych.errors import ExtractionError
from triptych.features.backbones.layout import Layout

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]

#: Where the weights and their whitening are published, under torchvggish's licence (Apache 2.0).
URL = "https://github.com/harritaylor/torchvggish/releases/download/v0.1/vggish-10086976.pth"
SIZE_MB = 289
PCA_URL = "https://github.com/harritaylor/torchvggish/releases/download/v0.1/vggish_pca_params-970ea276.pth"
PCA_SIZE_MB = 0.2
#: Frames and mel bands of one example, which :mod:`triptych.features.hearing.log_mel` makes.
EXAMPLE = (96, 64)
#: Places of the convolutions in ``features``, of 3 × 3; after some the maps are halved.
_CONVOLUTIONS = (0, 3, 6, 8, 11, 13)
_HALVED_AFTER = (0, 3, 8, 13)
_SIDE = 3
#: Places of the wide layers in ``embeddings``.
_WIDE = (0, 2, 4)
#: The last maps, whatever the widths: 96 × 64, halved four times.
_MAP = (EXAMPLE[0] >> len(_HALVED_AFTER), EXAMPLE[1] >> len(_HALVED_AFTER))
#: Name → shape of the published weights.
PUBLISHED_SHAPES: Mapping[str, tuple[int, ...]] = {
    "features.0.weight": (64, 1, 3, 3),
    "features.0.bias": (64,),
    "features.3.weight": (128, 64, 3, 3),
    "features.3.bias": (128,),
    "features.6.weight": (256, 128, 3, 3),
    "features.6.bias": (256,),
    "features.8.weight": (256, 256, 3, 3),
    "features.8.bias": (256,),
    "features.11.weight": (512, 256, 3, 3),
    "features.11.bias": (512,),
    "features.13.weight": (512, 512, 3, 3),
    "features.13.bias": (512,),
    "embeddings.0.weight": (4096, 12288),
    "embeddings.0.bias": (4096,),
    "embeddings.2.weight": (4096, 4096),
    "embeddings.2.bias": (4096,),
    "embeddings.4.weight": (128, 4096),
    "embeddings.4.bias": (128,),
}
#: How its state dict must be laid out.
LAYOUT = Layout(
    of="torchvggish's VGGish",
    again=f"{URL} ({SIZE_MB} MB)",
    shapes=PUBLISHED_SHAPES,
    channels=1,
    convolutions=tuple((place, _SIDE) for place in _CONVOLUTIONS),
    places=_MAP[0] * _MAP[1],
    head="embeddings",
    wide=_WIDE,
)
check = LAYOUT.check
#: What the whitening is called, in a file of its own or, after this beginning, in one file with the network.
VECTORS, MEANS = "pca_eigen_vectors", "pca_means"
BESIDE = "pproc."
#: Whitened values beyond this are clipped before they become 0…255.
CLIP = 2.0
LEVELS = 255


def network(tensors: Mapping[str, Any], *, rectified: bool = True, where: str = "the file") -> Any:
    """The torch module ``[n, 1, 96, 64] → [n, d]`` that these tensors are of; d is 128 for the published ones.

    ``rectified``: negative values become 0 at the end, as torchvggish and torchaudio have it; AudioSet's own code left
    that out later. How wide each layer is follows from the tensors, which must fit one another. The whitening may be
    among them, and is passed over.
    """
    import torch
    from torch import nn

    own = {name: tensor for name, tensor in tensors.items() if name not in (BESIDE + VECTORS, BESIDE + MEANS)}
    # A whole training checkpoint also holds what is no tensor.
    check({name: tuple(getattr(tensor, "shape", ())) for name, tensor in own.items()}, where=where)
    with torch.device("meta"):
        layers: list[Any] = []
        for place in _CONVOLUTIONS:
            made, given = own[f"features.{place}.weight"].shape[:2]
            layers += [nn.Conv2d(given, made, _SIDE, padding=1), nn.ReLU()]
            layers += [nn.MaxPool2d(2)] if place in _HALVED_AFTER else []
        wide: list[Any] = []
        for place in _WIDE:
            made, given = own[f"embeddings.{place}.weight"].shape
            wide += [nn.Linear(given, made), nn.ReLU()]
        whole = nn.ModuleDict({"features": nn.Sequential(*layers), "embeddings": nn.Sequential(*wide)})
    first = own["embeddings.0.weight"]
    # TensorFlow lays out the channels of one place side by side, torch the places of one channel.
    columns = first.unflatten(1, (*_MAP, -1)).permute(0, 3, 1, 2).flatten(1)
    whole.load_state_dict(
        {name: tensor.float() for name, tensor in {**own, "embeddings.0.weight": columns}.items()}, assign=True
    )
    embeddings = cast(Any, whole["embeddings"])
    return nn.Sequential(whole["features"], nn.Flatten(), embeddings if rectified else embeddings[:-1]).eval()


@dataclass(frozen=True, kw_only=True, eq=False)
class Whitening:
    """AudioSet's postprocessing: principal components of unit variance, clipped to ±2, in 256 levels.

    ``vectors``: float64 ``[d, d]``, one row for each component; ``means``: float64 ``[d]``.
    """

    vectors: F64
    means: F64

    def apply(self, rows: F32) -> F32:
        """float32 ``[n, d]`` → float32 ``[n, d]`` of the whole numbers 0…255:
        ``⌊(min(max(V(x − m), −2), 2) + 2) · 255 / 4⌋``.

        AudioSet's own cuts the rest off, as here; torchvggish rounds to the nearest, half a level more on average.
        """
        # Not by a matrix product: that of a BLAS orders its sums by its threads, and levels have borders.
        white = np.einsum("ij,nj->ni", self.vectors, rows.astype(np.float64) - self.means)
        return np.floor((np.clip(white, -CLIP, CLIP) + CLIP) * (LEVELS / (2 * CLIP))).astype(np.float32)


def whitening(tensors: Mapping[str, Any], *, width: int, where: str = "the file") -> Whitening:
    """The whitening for embeddings of ``width`` numbers, from a file of its own or from one with the network.

    Raises ExtractionError naming what is not there, or a shape that does not fit.
    """
    inside = BESIDE + VECTORS in tensors or BESIDE + MEANS in tensors
    names = tuple((BESIDE if inside else "") + name for name in (VECTORS, MEANS))
    absent = [name for name in names if name not in tensors]
    beside = [] if inside else sorted(tensors.keys() - set(names))
    if absent or beside:
        what = f"lacks {absent[0]!r}" if absent else f"has {beside[0]!r}"
        raise ExtractionError(
            f"{where} {what}: VGGish's embeddings are whitened by {VECTORS!r} and {MEANS!r} and nothing else. Fetch "
            f"them from {PCA_URL} ({PCA_SIZE_MB} MB), or leave it: postprocess=no."
        )
    shapes = [tuple(getattr(tensors[name], "shape", ())) for name in names]
    if shapes[0] != (width, width) or shapes[1] not in ((width,), (width, 1)):
        raise ExtractionError(
            f"{where} has {names[0]!r} of shape {list(shapes[0])} and {names[1]!r} of shape {list(shapes[1])}; "
            f"{[width, width]} and {[width]} are due for embeddings of {width} numbers."
        )
    vectors, means = (np.asarray(tensors[name].double().numpy(), np.float64) for name in names)
    return Whitening(vectors=vectors, means=means.reshape(-1))
