"""Contingency: tables of kept and removed by name, and how far they are from what chance would give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: A χ² test wants this many expected in every cell; columns with fewer are joined.
EXPECTED = 5.0
Numbers = NDArray[np.float64]


def chi2_of(table: NDArray[np.int64]) -> tuple[float, int, float, float] | None:
    """Pearson's χ², degrees of freedom, p and n of two rows whose thin columns are joined; None if one is left."""
    from scipy import stats

    joined = joined_of(table)
    if joined is None:
        return None
    pooled = joined[1]
    statistic, df = statistic_of(pooled), pooled.shape[1] - 1
    return statistic, df, float(stats.chi2.sf(statistic, df)), float(pooled.sum())


def statistic_of(table: Numbers) -> float:
    """Σ (observed − expected)² / expected; no row or column may be empty."""
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    return float(((table - expected) ** 2 / expected).sum())


def joined_of(table: NDArray[np.int64]) -> tuple[NDArray[np.int64], Numbers] | None:
    """Which group each column goes to (−1: empty, left out), and the table of the groups. None if only one is left."""
    columns = table.sum(axis=0)
    least = min(table.sum(axis=1)) / max(table.sum(), 1)
    groups = np.full(len(columns), -1, np.int64)
    wide = np.flatnonzero(columns * least >= EXPECTED)
    groups[wide] = np.arange(len(wide))
    thin = np.flatnonzero((columns * least < EXPECTED) & (columns > 0))
    if len(thin):
        # Together they may still be too few: then they go with the smallest of the others.
        alone = columns[thin].sum() * least >= EXPECTED or not len(wide)
        groups[thin] = len(wide) if alone else groups[wide[np.argmin(columns[wide])]]
    return (groups, pool(table, groups)) if groups.max(initial=-1) >= 1 else None


def pool(table: NDArray[Any], groups: NDArray[np.int64]) -> Numbers:
    held = groups >= 0
    pooled = [np.bincount(groups[held], weights=row[held]) for row in table]
    return np.stack(pooled).astype(np.float64)


def p_of_two(a: int, n: int, b: int, m: int) -> float:
    """p of ``a`` of ``n`` against ``b`` of ``m``: χ², or Fisher's exact test where few are expected."""
    from scipy import stats

    table = np.array([[a, n - a], [b, m - b]], np.float64)
    if not table.sum(axis=0).all():
        return 1.0
    if (np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()).min() < EXPECTED:
        exact: Any = stats.fisher_exact(table.astype(np.int64))
        return float(min(exact.pvalue, 1.0))
    return float(stats.chi2.sf(statistic_of(table), 1))


def members_of(named: Sequence[Sequence[str]], order: Sequence[str]) -> Any:
    """A sparse 0/1 matrix ``(names, items)``, float32."""
    from scipy.sparse import csr_matrix

    place = {name: k for k, name in enumerate(order)}
    rows = [place[name] for names in named for name in names]
    columns = [k for k, names in enumerate(named) for _ in names]
    return csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=(len(order), len(named)))


def split(members: Any, labels: NDArray[np.bool_]) -> NDArray[np.int64]:
    """int64 ``(labellings, 2, names)``: of each labelling ``(items,)``, how many kept and removed have a name."""
    kept: NDArray[np.float32] = (members @ labels.T.astype(np.float32)).T
    whole = np.asarray(members.sum(axis=1)).ravel()
    return np.rint(np.stack([kept, whole - kept], axis=1)).astype(np.int64)
