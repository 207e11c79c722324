"""Reduction: the settings by which features, or panels, are made narrower."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from triptych.errors import UnknownName, UsageError
from triptych.fusion.normalise import ZScore, varies
from triptych.fusion.reduce import PCA, UMAP, IncrementalPCA
from triptych.fusion.step import F32, Mask, Step

REDUCTIONS = ("pca", "incremental-pca", "umap")


@dataclass(frozen=True, kw_only=True)
class Reduction:
    """Fewer entries for each feature, or for each panel. What is no wider than ``components``, or
    does not vary in training, stays as it is.

    ``components``: at most so many entries are left; or ``variance``: as few as keep this share of the variance.
    Incremental PCA takes the share alone. UMAP takes components alone, and its coordinates are z-scored, as their unit
    and their zero mean nothing; ``neighbours`` and ``seed`` are its own.

    >>> Reduction.parse("pca:0.95", per="panel").variance
    0.95
    """

    kind: str = "pca"
    components: int | None = None
    variance: float | None = None
    per: str = "feature"
    neighbours: int = 15
    seed: int = 0

    def __post_init__(self) -> None:
        if self.kind not in REDUCTIONS:
            raise UnknownName("reduction", self.kind, REDUCTIONS)
        if self.per not in ("feature", "panel"):
            raise UsageError(f"a reduction is per {self.per!r}; it is per feature or per panel.")
        if (self.components is None) == (self.variance is None):
            raise UsageError(
                f"{self.kind} is to be told how much is left, by components or by variance; give one of the two, "
                "such as pca:64, pca:0.95, incremental-pca:0.95 or umap:50."
            )
        if self.kind == "umap" and self.components is None:
            raise UsageError("umap has no share of variance to keep; give it components, such as umap:50.")
        if self.kind == "incremental-pca" and self.variance is None:
            raise UsageError(
                "incremental-pca keeps a share of the variance; give it one, such as incremental-pca:0.95."
            )
        if self.components is not None and self.components < 1:
            raise UsageError(f"{self.components} components are left of a feature; keep at least 1.")
        if self.variance is not None and not 0 < self.variance < 1:
            raise UsageError(f"{self.variance} of the variance is kept; it is a share above 0 and below 1.")

    @classmethod
    def parse(cls, text: str, *, per: str = "feature") -> Reduction:
        """As it is written in settings: ``pca:64`` keeps components, ``pca:0.95`` a share of the variance."""
        kind, _, much = text.partition(":")
        if kind not in REDUCTIONS:
            raise UnknownName("reduction", kind, REDUCTIONS)
        try:
            if much.isdecimal():
                return cls(kind=kind, components=int(much), per=per)
            return cls(kind=kind, variance=float(much) if much else None, per=per)
        except ValueError:
            raise UsageError(f"{text!r} is no reduction; write it like pca:64, pca:0.95 or umap:50.") from None

    def fit(self, values: F32, mask: Mask, width: int) -> tuple[tuple[Step, ...], int]:
        """The steps, learned from the rows that are present, and the width after them (see :class:`Piece`)."""
        if (self.components is not None and values.shape[1] <= self.components) or not _vary(values, mask):
            return (), width
        if self.kind == "umap":
            assert self.components is not None
            placed = UMAP.fit(values, mask, components=self.components, neighbours=self.neighbours, seed=self.seed)
            return (placed, ZScore.fit(placed(values, mask), mask)), self.components
        if self.components is not None:
            return (principal(values, mask, self.components),), width
        assert self.variance is not None
        made = PCA if self.kind == "pca" else IncrementalPCA
        return (made.fit(values, mask, share=self.variance),), width


def principal(values: F32, mask: Mask, most: int) -> PCA:
    """At most so many components; fewer where the training rows vary in fewer directions, none where in none."""
    if not _vary(values, mask):
        nowhere = np.zeros((0, values.shape[1]))
        return PCA(
            mean=values[mask].mean(axis=0, dtype=np.float64), components=nowhere, variances=nowhere[:, 0], total=0.0
        )
    whole = PCA.fit(values, mask, share=1.0)
    return replace(whole, components=whole.components[:most], variances=whole.variances[:most])


def _vary(values: F32, mask: Mask) -> bool:
    """Whether the rows that are present differ by more than rounding."""
    rows = values[mask].astype(np.float64)
    return bool(varies(rows.mean(axis=0), rows.std(axis=0)).any())
