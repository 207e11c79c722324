"""Bhattacharyya: how much the distributions of groups of items overlap, such as those of genres or of subclips."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from triptych.errors import UnknownName, UsageError

F64 = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Method = Literal["gaussian", "histogram"]

METHODS = ("gaussian", "histogram")
#: The inner tercile of each group is compared.
INNER = 1 / 3


@dataclass(frozen=True, kw_only=True, eq=False)
class Overlap:
    """``matrix``: float64 ``[g, g]``, symmetric, from 0, nothing in common, to 1, one distribution; of the groups
    ``names``. ``sizes``: int64 ``[g]``, how many points were compared. ``left_out``: other groups, and why."""

    names: tuple[str, ...]
    matrix: F64
    sizes: npt.NDArray[np.int64]
    method: str
    inner: float
    left_out: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def told(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "method": self.method,
            "inner": self.inner,
            "names": list(self.names),
            "matrix": self.matrix.tolist(),
            "sizes": self.sizes.tolist(),
            "left_out": dict(self.left_out),
        }


def bhattacharyya(
    points: npt.NDArray[np.floating],
    groups: Mapping[str, Bools],
    *,
    inner: float = INNER,
    method: Method = "gaussian",
    bins: int = 10,
) -> Overlap:
    """Coefficients between ``groups``, each a mask ``[n]`` of ``points`` ``[n, d]`` that have been reduced to few
    entries; a point may be of several.

    ``gaussian``: exp(−D) with means μ, covariances Σ₁ and Σ₂, and Σ their mean (Bhattacharyya, 1943)::

        D = ⅛ (μ₁ − μ₂)ᵀ Σ⁻¹ (μ₁ − μ₂) + ½ ln(det Σ / √(det Σ₁ det Σ₂))

    which holds as far as the groups are Gaussian. ``histogram``: Σ √(p q) over cells, ``bins`` along each entry from
    the least to the greatest, which supposes nothing but needs many points for each cell that there are.

    ``inner``: the share of each group that is compared, those nearest to its middle as its own covariance measures
    that (Mahalanobis, 1936); 1 for all. The thesis of ``audiovisual-cf`` (§4.2.2) compares the "inner tercile of each
    sample" and does not say more. What is left out are tails, so that groups seem further apart than they are. Nor do
    two samples of one distribution come to 1: 900 points of each in 30 entries come to about .88, fewer to less.
    """
    x = np.asarray(points, np.float64)
    if method not in METHODS:
        raise UnknownName("method", method, METHODS)
    if x.ndim != 2 or not np.isfinite(x).all():
        raise UsageError("points are a table of finite numbers, a row for each; leave out those that have none.")
    if not 0 < inner <= 1:
        raise UsageError(f"an inner share of {inner:g} was given; it is above 0 and at most 1.")
    if bins < 1:
        raise UsageError(f"{bins} bins were asked for; ask for 1 or more.")
    kept: dict[str, F64] = {}
    left_out: dict[str, str] = {}
    for name, mask in groups.items():
        if mask.shape != (len(x),):
            raise UsageError(f"the group {name!r} is a mask of {mask.shape} for {len(x)} points; give one for each.")
        own = x[mask]
        if len(own) * inner < x.shape[1] + 1:
            left_out[name] = f"{len(own)} points, of which {inner:.0%} are too few for {x.shape[1]} entries"
        elif _flat(own):
            left_out[name] = "its points lie in fewer directions than they have entries"
        else:
            kept[name] = _inner(own, inner)
    if not kept:
        raise UsageError(
            f"none of {len(groups)} groups has points enough to be compared in {x.shape[1]} entries; reduce them."
        )
    parts = list(kept.values())
    return Overlap(
        names=tuple(kept),
        matrix=_gaussian(parts) if method == "gaussian" else _histogram(parts, bins),
        sizes=np.array([len(one) for one in parts], np.int64),
        method=method,
        inner=inner,
        left_out=left_out,
    )


def _flat(x: F64) -> bool:
    singular = np.linalg.svd(x - x.mean(axis=0), compute_uv=False)
    return bool(singular[-1] <= max(x.shape) * np.finfo(np.float64).eps * max(singular[0], np.abs(x).max()))


def _inner(x: F64, share: float) -> F64:
    if share == 1:
        return x
    away = x - x.mean(axis=0)
    squares = np.einsum("ij,ji->i", away, _solved(away.T @ away, away.T))
    return x[np.argsort(squares, kind="stable")[: int(np.ceil(share * len(x)))]]


def _gaussian(parts: list[F64]) -> F64:
    means = np.array([one.mean(axis=0) for one in parts])
    spreads = np.array([np.atleast_2d(np.cov(one, rowvar=False)) for one in parts])
    logs = np.linalg.slogdet(spreads)[1]
    found = np.ones((len(parts), len(parts)))
    for k in range(len(parts)):
        middle = (spreads[k] + spreads[k + 1 :]) / 2
        away = (means[k] - means[k + 1 :])[:, :, None]
        squares = np.einsum("kij,kij->k", away, _solved(middle, away))
        distance = squares / 8 + (np.linalg.slogdet(middle)[1] - (logs[k] + logs[k + 1 :]) / 2) / 2
        found[k, k + 1 :] = found[k + 1 :, k] = np.exp(-np.maximum(distance, 0))
    return found


def _solved(a: F64, b: F64) -> F64:
    return np.asarray(np.linalg.solve(a, b), np.float64)


def _histogram(parts: list[F64], bins: int) -> F64:
    every = np.concatenate(parts)
    low, high = every.min(axis=0), every.max(axis=0)
    cells = np.minimum(((every - low) / (high - low) * bins).astype(np.int64), bins - 1)
    # Only cells that hold something: there are bins to the power of the entries.
    _, cell = np.unique(cells, axis=0, return_inverse=True)
    own = np.repeat(np.arange(len(parts)), [len(one) for one in parts])
    counts = np.zeros((len(parts), int(cell.max()) + 1))
    np.add.at(counts, (own, cell.ravel()), 1)
    roots = np.sqrt(counts / counts.sum(axis=1, keepdims=True))
    return np.clip(roots @ roots.T, 0, 1)
