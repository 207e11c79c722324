"""Presets: the four networks of the thesis, Table F.1, by loss and metric.

Where the thesis says two things the table stands: §5.3.2 has one learning rate of 1e-4 for all but pair-cosine, the
table 5e-5 for pair-euclidean; §F.2 has the weaker weight decay for what is cosine, the table for pair-cosine alone;
§F.4 has larger batches for triplets, the table 16 for all. Of a pair's two items one is drawn to be the anchor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from triptych.errors import UnknownName
from triptych.models.siamese.network import Plan, blank, parameters


@dataclass(frozen=True, kw_only=True)
class Preset:
    """``rates``: of the components seeing, hearing, reading and fusion; ``plateau``: epochs without progress before
    rates fall, None for never; ``patience``: before training stops."""

    loss: str
    metric: str
    margin: float
    fusion: str
    rates: Mapping[str, float]
    weight_decay: float
    plateau: int | None
    epochs: int
    patience: int
    batch: int = 16


def _rates(seeing: float, hearing: float, reading: float, fusion: float) -> Mapping[str, float]:
    return {"seeing": seeing, "hearing": hearing, "reading": reading, "fusion": fusion}


PRESETS: Mapping[str, Preset] = {
    "pair-cosine": Preset(
        loss="contrastive",
        metric="cosine",
        margin=0.8,
        fusion="hybrid",
        rates=_rates(1e-4, 5e-5, 5e-5, 1e-4),
        weight_decay=5e-3,
        plateau=3,
        epochs=50,
        patience=8,
    ),
    "pair-euclidean": Preset(
        loss="contrastive",
        metric="euclidean",
        margin=1.2,
        fusion="simple",
        rates=_rates(5e-5, 5e-5, 5e-5, 5e-5),
        weight_decay=1e-2,
        plateau=3,
        epochs=50,
        patience=8,
    ),
    "triplet-cosine": Preset(
        loss="triplet",
        metric="cosine",
        margin=0.3,
        fusion="simple",
        rates=_rates(1e-4, 1e-4, 1e-4, 1e-4),
        weight_decay=1e-2,
        plateau=None,
        epochs=100,
        patience=10,
    ),
    "triplet-euclidean": Preset(
        loss="triplet",
        metric="euclidean",
        margin=1.0,
        fusion="ultra-simple",
        rates=_rates(1e-4, 1e-4, 1e-4, 1e-4),
        weight_decay=1e-2,
        plateau=None,
        epochs=100,
        patience=10,
    ),
}


def preset(name: str) -> Preset:
    if name not in PRESETS:
        raise UnknownName("preset of a Siamese network", name, PRESETS)
    return PRESETS[name]


def table(name: str) -> list[dict[str, Any]]:
    """The trainable parameters of the thesis's network, line by line; of triplet-cosine it is Table D.1."""
    found = preset(name)
    return parameters(blank(Plan(fusion=found.fusion, metric=found.metric)))
