"""Pick: the columns that are kept of one feature, or of its principal components."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.fusion.normalise import ZScore, same_width
from triptych.fusion.reduce import PCA
from triptych.fusion.step import F32, Mask


@dataclass(frozen=True, kw_only=True, eq=False)
class Components:
    """Principal components of columns that are z-scored first."""

    scale: ZScore
    pca: PCA

    @classmethod
    def fit(cls, values: F32, mask: Mask, *, amount: float) -> Components:
        """Learn from the rows that are present: a share of the variance below 1, or a number of components from 1 up,
        at most as many as the rows span."""
        scale = ZScore.fit(values, mask)
        scaled = scale(values, mask)
        if amount < 1:
            return cls(scale=scale, pca=PCA.fit(scaled, mask, share=amount))
        varied = int(np.isfinite(scale.std).sum())
        most = max(min(int(amount), int(mask.sum()) - 1, varied), 1)
        return cls(scale=scale, pca=PCA.fit(scaled, mask, components=most))

    def __call__(self, values: F32, mask: Mask) -> F32:
        return self.pca(self.scale(values, mask), mask)

    def only(self, kept: npt.NDArray[np.int64]) -> Components:
        pca = replace(self.pca, components=self.pca.components[kept], variances=self.pca.variances[kept])
        return Components(scale=self.scale, pca=pca)


@dataclass(frozen=True, kw_only=True, eq=False)
class Pick:
    """``columns`` int64 of the ``entries`` that a feature has, or ``components`` of them. A step, as scaling is."""

    entries: int
    columns: npt.NDArray[np.int64]
    components: Components | None = None

    def __call__(self, values: F32, mask: Mask) -> F32:
        """float32 ``[n, kept]``; masked rows are 0."""
        same_width(values, self.entries)
        picked = np.where(mask[:, None], values[:, self.columns], 0).astype(np.float32)
        return picked if self.components is None else self.components(picked, mask)

    def arrays(self) -> Mapping[str, npt.NDArray[Any]]:
        found: dict[str, npt.NDArray[Any]] = {"entries": np.array([self.entries], np.int64), "columns": self.columns}
        if self.components is not None:
            found.update({f"scale:{name}": part for name, part in self.components.scale.arrays().items()})
            found.update({f"pca:{name}": part for name, part in self.components.pca.arrays().items()})
        return found

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Pick:
        parts = {
            name: {key.partition(":")[2]: part for key, part in arrays.items() if key.startswith(f"{name}:")}
            for name in ("scale", "pca")
        }
        components = None
        if parts["pca"]:
            components = Components(scale=ZScore.from_arrays(parts["scale"]), pca=PCA.from_arrays(parts["pca"]))
        return cls(
            entries=int(arrays["entries"][0]), columns=np.array(arrays["columns"], np.int64), components=components
        )
