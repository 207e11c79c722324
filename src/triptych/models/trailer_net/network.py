"""Network: frames in time become one vector, by two recurrent layers that read both ways and two dense ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from triptych.errors import UnknownName

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {"elu": nn.ELU, "relu": nn.ReLU, "tanh": nn.Tanh}


class TrailerNetwork(nn.Module):
    """The embedding network of Lehmann 2021 (§2.3, figure 3) behind its frames: two bidirectional LSTM of ``units``
    each way, and dense layers of ``dense``, 512 and 256.

    ``width``: entries of a frame's vector, 1,280 of a MobileNetV2. ``encoder`` makes such vectors of pictures,
    ``[n, 3, h, w]`` to ``[n, width]``; it is trained with the rest, end to end. Without one the frames are vectors.

    What the first dense layer reads is the last state of the second LSTM in each direction: of the forward one that
    after the last frame, of the backward one that after the first. The paper does not say, nor which activation stands
    behind the dense layers, nor of any dropout; its authors' published code reads the last states, and has exponential
    linear units, and a ``dropout`` of .2 at the input of each LSTM. These are the defaults of the settings.

    ``standing``: float32 ``[2, width]``, mean and deviation of each entry over the frames that teach, which stand in
    the weights so that new items are scaled alike; nothing is scaled without them.
    """

    def __init__(
        self,
        *,
        width: int,
        units: int = 256,
        dense: Sequence[int] = (512, 256),
        activation: str = "elu",
        dropout: float = 0.0,
        encoder: nn.Module | None = None,
        standing: npt.NDArray[np.float32] | None = None,
    ) -> None:
        super().__init__()
        if activation not in ACTIVATIONS:
            raise UnknownName("activation", activation, ACTIVATIONS)
        mean, deviation = (torch.zeros(width), torch.ones(width)) if standing is None else map(torch.tensor, standing)
        self.register_buffer("frame_mean", mean)
        self.register_buffer("frame_deviation", deviation)
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.recurrent = nn.LSTM(width, units, num_layers=2, bidirectional=True, batch_first=True, dropout=dropout)
        self.dense_first = nn.Linear(2 * units, dense[0])
        self.dense_second = nn.Linear(dense[0], dense[1])
        self.activation = ACTIVATIONS[activation]()

    def forward(self, frames: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
        """``frames``: ``[b, t, width]``, or ``[b, t, 3, h, w]`` where there is an encoder; of window k the first
        ``counts[k]`` are read, int64 ``[b]`` on the CPU. Returns both dense layers, ``[b, 512]`` and ``[b, 256]``."""
        if self.encoder is not None:
            frames = self._encoded(frames, counts)
        mean, deviation = cast(Tensor, self.frame_mean), cast(Tensor, self.frame_deviation)
        frames = self.dropout((frames - mean) / deviation)
        if bool((counts == frames.shape[1]).all()):
            _, (states, _) = self.recurrent(frames)
        else:
            packed = nn.utils.rnn.pack_padded_sequence(frames, counts, batch_first=True, enforce_sorted=False)
            _, (states, _) = self.recurrent(packed)
        first = self.activation(self.dense_first(torch.cat([states[-2], states[-1]], dim=1)))
        return first, self.activation(self.dense_second(first))

    def _encoded(self, pictures: Tensor, counts: Tensor) -> Tensor:
        """Only what is read is shown to the encoder, whose normalisation would else learn from what fills up."""
        assert self.encoder is not None
        there = (torch.arange(pictures.shape[1]) < counts[:, None]).to(pictures.device)
        vectors = self.encoder(pictures[there])
        spread = vectors.new_zeros((*there.shape, vectors.shape[1]))
        spread[there] = vectors
        return spread


class Pooled(nn.Module):
    """A network of transformers as an encoder: what its global average pool makes of pixel values."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixel_values: Tensor) -> Tensor:
        return self.network(pixel_values=pixel_values).pooler_output.flatten(1)


class Heads(nn.Module):
    """What the network is taught by, and rid of afterwards (Lehmann 2021 §2.3): the mean rating through 64, 32 and 1,
    the genres through 128, 64 and one for each, the trailer through 64 and one for each. ``width`` 256.

    A rating is left linear, genres and trailers are logits.
    """

    def __init__(self, *, width: int = 256, genres: int = 20, trailers: int, activation: str = "elu") -> None:
        super().__init__()
        self.rating = _layers([width, 64, 32, 1], activation)
        self.genres = _layers([width, 128, 64, genres], activation)
        self.trailer = _layers([width, 64, trailers], activation)

    def forward(self, embedding: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """``[b, width]`` → ``[b]``, ``[b, genres]``, ``[b, trailers]``."""
        return self.rating(embedding)[:, 0], self.genres(embedding), self.trailer(embedding)


class Taught(nn.Module):
    """The network with its heads, as the trainer has it."""

    def __init__(self, body: TrailerNetwork, heads: Heads) -> None:
        super().__init__()
        self.body = body
        self.heads = heads

    def forward(self, frames: Tensor, counts: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        _, embedding = self.body(frames, counts)
        return self.heads(embedding)


def parameter_lines(net: nn.Module) -> dict[str, int]:
    """Trainable numbers by part: ``encoder`` where there is one, ``recurrent.l0`` with both its directions, …, and
    ``heads.rating`` and its like.

    A layer of an LSTM has two vectors of biases here, as in cuDNN; counts of Keras, which has one, are less by
    8 × units for each layer.
    """
    found: dict[str, int] = {}
    for name, weight in net.named_parameters():
        parts = name.removeprefix("body.").split(".")
        if parts[0] == "recurrent":
            part = f"recurrent.l{parts[1].split('_l')[1][0]}"
        elif parts[0] == "heads":
            part = ".".join(parts[:2])
        else:
            part = parts[0]
        found[part] = found.get(part, 0) + weight.numel() * weight.requires_grad
    return found


def _layers(widths: Sequence[int], activation: str) -> nn.Sequential:
    """Dense layers, with the activation behind all but the last."""
    found: list[nn.Module] = []
    for entering, leaving in pairwise(widths):
        found += [nn.Linear(entering, leaving), ACTIVATIONS[activation]()]
    return nn.Sequential(*found[:-1])
