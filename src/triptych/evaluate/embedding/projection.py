"""Projection: a map of vectors on which a few coordinates tell where each stands, for pictures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from triptych.errors import UnknownName, UsageError
from triptych.fusion.reduce import PCA, UMAP
from triptych.fusion.step import Step

F32 = npt.NDArray[np.float32]
Method = Literal["pca", "umap"]

METHODS = ("pca", "umap")


@dataclass(frozen=True, kw_only=True, eq=False)
class Projection:
    """``coordinates``: float32 ``[items, n]``, 0 where the item has no content. ``shares``: of the variance, what each
    coordinate keeps, ``[n]``; None where that is not known. ``step``: places other vectors on the same map, such as
    those of a trailer's sequences, see :meth:`place`."""

    method: str
    coordinates: F32
    shares: tuple[float, ...] | None
    step: Step

    def place(self, vectors: npt.NDArray[np.floating]) -> F32:
        """float32 ``[m, n]`` of vectors ``[m, d]``."""
        return _wide(self.step(_single(vectors), np.ones(len(vectors), bool)), self.coordinates.shape[1])


def projection(
    vectors: npt.NDArray[np.floating],
    *,
    method: Method = "pca",
    n: int = 2,
    mask: npt.NDArray[np.bool_] | None = None,
    neighbours: int = 15,
    seed: int = 0,
) -> Projection:
    """Of ``vectors`` ``[items, d]``, those that are true in ``mask`` ``[items]``, all unless given.

    ``pca``: the directions of the greatest variance; where there are fewer than ``n``, the last coordinates are 0.
    ``umap``: see :class:`~triptych.fusion.reduce.UMAP`, by so many ``neighbours`` and ``seed``; it needs the extra of
    that name. On such a map only who is near whom means anything, and neither distance nor direction.
    """
    if method not in METHODS:
        raise UnknownName("method", method, METHODS)
    if vectors.ndim != 2 or n < 1:
        raise UsageError(f"vectors of {vectors.shape} were to become {n} coordinates; give a row for each item.")
    has = np.ones(len(vectors), bool) if mask is None else mask
    if not np.isfinite(vectors[has]).all():
        raise UsageError("vectors hold NaN or infinite ones; mask those items.")
    values = _single(np.where(has[:, None], vectors, 0))
    if method == "umap":
        step: Any = UMAP.fit(values, has, components=n, neighbours=neighbours, seed=seed)
        shares = None
    else:
        whole = PCA.fit(values, has, share=1.0)
        step = replace(whole, components=whole.components[:n], variances=whole.variances[:n])
        kept = [float(one) for one in step.shares]
        shares = tuple(kept + [0.0] * (n - len(kept)))
    return Projection(method=method, coordinates=_wide(step(values, has), n), shares=shares, step=step)


def _single(vectors: npt.NDArray[np.floating]) -> F32:
    return np.ascontiguousarray(vectors, np.float32)


def _wide(found: F32, n: int) -> F32:
    return np.pad(found, ((0, 0), (0, n - found.shape[1])))
