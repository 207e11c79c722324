"""Towers: what one panel of an item becomes, a vector of length 1, before the panels are brought together.

The towers of the thesis take named features of fixed widths and have the parameters of its Table D.1. A *panel tower*
takes whatever features a catalogue has of the panel, through the same shape of network. ``parts`` of a tower names its
lines in a table of parameters: attribute → name and output width. Genres go into none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import nn
from torch.nn import functional

from triptych.models.siamese.inputs import LANGUAGES

Tensors = Mapping[str, torch.Tensor]
#: Attribute of a tower → what tables call it, and the width of what comes out.
Parts = Mapping[str, tuple[str, int | None]]


def unit(rows: torch.Tensor) -> torch.Tensor:
    """Of length 1; rows of 0 stay 0."""
    return functional.normalize(rows, dim=-1)


class BatchNorm(nn.BatchNorm1d):
    """Batch normalisation that a single row does not stop: it is scaled by what was seen so far, and teaches it
    nothing. Batches of one row come about where the others lack the panel."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:  # noqa: A002  the name is torch's
        if self.training and len(input) < 2:
            return functional.batch_norm(
                input, self.running_mean, self.running_var, self.weight, self.bias, training=False, eps=self.eps
            )
        return super().forward(input)


class PanelTower(nn.Module):
    """Linear → BatchNorm → ReLU → Dropout → Linear → length 1, of all that a catalogue has of one panel.

    An item without the panel gets a vector that is learned. In training only items that have the panel go through the
    tower, so that the others do not move its batch statistics.
    """

    parts: ClassVar[Parts] = {"mlp": ("mlp", None), "absent": ("absent", None)}

    def __init__(self, panel: str, width: int, *, hidden: int, output: int, dropout: float = 0.4) -> None:
        super().__init__()
        self.panel, self.output = panel, output
        self.mlp = nn.Sequential(
            nn.Linear(width, hidden), BatchNorm(hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, output)
        )
        self.absent = nn.Parameter(torch.randn(output) / output**0.5)

    def forward(self, tensors: Tensors, present: torch.Tensor) -> torch.Tensor:
        """``[n, output]``. ``present``: bool ``[n]``."""
        values = tensors[self.panel]
        if bool(present.all()):
            return unit(self.mlp(values))
        filled = self.absent.expand(len(values), -1)
        if not self.training:  # all rows, so that what an item gets does not hang on who else lacks the panel
            return unit(torch.where(present[:, None], self.mlp(values), filled))
        rows = present.nonzero().squeeze(1)
        if len(rows):
            made = self.mlp(values.index_select(0, rows))
            filled = filled.to(made.dtype).index_copy(0, rows, made)  # which mixed precision makes narrower
        return unit(filled)


class PaperSeeing(nn.Module):
    """256 numbers: 16 frames of DINOv2-small (384) → LayerNorm each, which is the backbone's last and the one part of
    it that learns → mean → length 1 → LayerNorm → Linear 192, BatchNorm, ReLU, Dropout .4, Linear 192; beside it 5
    low-level numbers → Linear 64, Tanh; both side by side, of length 1.

    The norm of the backbone starts at 1 and 0: it normalises anew what its trained weights scaled before the frames
    were written down.
    """

    parts: ClassVar[Parts] = {
        "frame_fusion_mlp": ("frame_fusion_mlp", 192),
        "low_level_projection": ("low_level_projection", 64),
        "backbone_norm": ("(fine-tuned DINOv2 norm)", None),
        "frame_norm": ("(other LayerNorm)", None),
    }
    output = 256

    def __init__(self) -> None:
        super().__init__()
        self.backbone_norm = nn.LayerNorm(384, eps=1e-6)
        self.frame_norm = nn.LayerNorm(384)
        self.frame_fusion_mlp = nn.Sequential(
            nn.Linear(384, 192), BatchNorm(192), nn.ReLU(), nn.Dropout(0.4), nn.Linear(192, 192)
        )
        self.low_level_projection = nn.Sequential(nn.Linear(5, 64), nn.Tanh())

    def forward(self, tensors: Tensors, present: torch.Tensor) -> torch.Tensor:
        frames = unit(self.backbone_norm(tensors["frames"]).mean(dim=1))
        high = self.frame_fusion_mlp(self.frame_norm(frames))
        low = self.low_level_projection(tensors["low_level"])
        return _held(torch.cat([high, low], dim=1), present)


class PaperHearing(nn.Module):
    """192 numbers: VGGish (128), of length 1 and never trained, beside 64 that a small network sees in a mel
    spectrogram: three times convolution 3×3, BatchNorm, GELU and MaxPool 2 with 16, 32 and 64 channels, then the
    average → Linear 128, LayerNorm, GELU, Dropout .5, Linear 192 → Linear 192, Tanh → length 1."""

    parts: ClassVar[Parts] = {
        "spec_cnn": ("spec_cnn", 64),
        "fusion": ("fusion", 192),
        "temporal_pooling": ("temporal_pooling", 192),
    }
    output = 192

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in ((1, 16), (16, 32), (32, 64)):
            layers += [nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.GELU(), nn.MaxPool2d(2)]
        self.spec_cnn = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.fusion = nn.Sequential(
            nn.Linear(192, 128), nn.LayerNorm(128), nn.GELU(), nn.Dropout(0.5), nn.Linear(128, 192)
        )
        self.temporal_pooling = nn.Sequential(nn.Linear(192, 192), nn.Tanh())

    def forward(self, tensors: Tensors, present: torch.Tensor) -> torch.Tensor:
        pictures = tensors["spectrogram"].contiguous()
        # Channels last halves the time on a CPU. With one channel that is the same memory by another name.
        high, wide = pictures.shape[2:]
        seen = self.spec_cnn(pictures.as_strided(pictures.shape, (high * wide, 1, wide, 1)))
        fused = self.fusion(torch.cat([unit(tensors["vggish"]), seen], dim=1))
        return _held(self.temporal_pooling(fused), present)


class PaperReading(nn.Module):
    """384 numbers: frozen BERT (768), of length 1, beside TF-IDF 5,000 → Linear 100, LayerNorm; a vector of 16 for one
    of 160 languages; the year. All 885 → Linear 256, BatchNorm, ReLU, Dropout .4, Linear 384 → length 1."""

    parts: ClassVar[Parts] = {
        "tfidf_projection": ("tfidf_projection", 100),
        "tfidf_norm": ("tfidf_norm", 100),
        "language_embedding": ("language_embedding", 16),
        "fusion": ("fusion", 384),
    }
    output = 384

    def __init__(self) -> None:
        super().__init__()
        self.tfidf_projection = nn.Linear(5000, 100)
        self.tfidf_norm = nn.LayerNorm(100)
        self.language_embedding = nn.Embedding(LANGUAGES, 16)
        self.fusion = nn.Sequential(
            nn.Linear(768 + 100 + 16 + 1, 256), BatchNorm(256), nn.ReLU(), nn.Dropout(0.4), nn.Linear(256, 384)
        )

    def forward(self, tensors: Tensors, present: torch.Tensor) -> torch.Tensor:
        words = self.tfidf_norm(self.tfidf_projection(tensors["tfidf"]))
        language = self.language_embedding(tensors["language"])
        joined = torch.cat([unit(tensors["bert"]), words, language, tensors["year"]], dim=1)
        return _held(self.fusion(joined), present)


def _held(rows: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
    """Of length 1, and 0 where the panel is missing, as the thesis has it."""
    return unit(rows) * present[:, None]
