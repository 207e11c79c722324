"""Search: exact nearest rows by masked cosine, in batches, without ever holding all pairs.

Rows are made of panels, and either row may lack some. With weights w and the panels S that both rows have,

    score(a, b) = Σ_{p∈S} w_p a_p·b_p / sqrt(Σ_{p∈S} w_p |a_p|²  ·  Σ_{p∈S} w_p |b_p|²)

so a missing panel neither pulls towards a row nor away from it. Rows that share no panel have no score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

F32 = npt.NDArray[np.float32]

#: Rows of the catalogue and of the queries that meet in one matrix product: 128 MB of scores.
ROWS = 65_536
QUERIES = 512


@dataclass(frozen=True, kw_only=True, eq=False)
class Blocks:
    """The panels of many rows: ``values[p]`` float32 ``[n, d_p]``, zero where masked; ``mask`` bool ``[n, P]``."""

    panels: tuple[str, ...]
    values: tuple[F32, ...]
    mask: npt.NDArray[np.bool_]

    def rows(self, which: npt.NDArray[np.int64] | slice) -> Blocks:
        return Blocks(panels=self.panels, values=tuple(v[which] for v in self.values), mask=self.mask[which])

    def __len__(self) -> int:
        return len(self.mask)

    @property
    def squares(self) -> F32:
        """``[n, P]``: squared length of each panel."""
        return np.stack([np.einsum("ij,ij->i", v, v) for v in self.values], axis=1).astype(np.float32)


def nearest(
    queries: Blocks,
    rows: Blocks,
    *,
    n: int,
    weights: Mapping[str, float],
    exclude: Sequence[int] | None = None,
) -> tuple[npt.NDArray[np.int64], F32]:
    """Indices ``[q, n]`` of the best rows, best first, −1 where there are fewer, and their scores.

    ``exclude``: for each query one row that is left out (itself), −1 for none. Equal scores keep the order
    of the rows, so the answer does not depend on how the work is cut.
    """
    w = np.array([weights[panel] for panel in queries.panels], np.float32)
    found = np.full((len(queries), n), -1, np.int64)
    best = np.full((len(queries), n), -np.inf, np.float32)
    row_squares = rows.squares
    for q in range(0, len(queries), QUERIES):
        part = queries.rows(slice(q, q + QUERIES))
        for r in range(0, len(rows), ROWS):
            block = rows.rows(slice(r, r + ROWS))
            scores = _scores(part, block, w, row_squares[r : r + ROWS])
            if exclude is not None:
                own = np.asarray(exclude[q : q + QUERIES]) - r
                inside = np.flatnonzero((own >= 0) & (own < len(block)))
                scores[inside, own[inside]] = -np.inf
            _merge(best[q : q + QUERIES], found[q : q + QUERIES], scores, r)
    found[np.isneginf(best)] = -1
    best[found < 0] = 0
    return found, best


def _scores(a: Blocks, b: Blocks, w: F32, b_squares: F32) -> F32:
    """``[q, r]`` masked cosine; −inf where nothing is shared."""
    top = np.zeros((len(a), len(b)), np.float32)
    for weight, left, right in zip(w, a.values, b.values, strict=True):
        if weight:
            top += (weight * left) @ right.T
    a_mask, b_mask = a.mask.astype(np.float32) * (w > 0), b.mask.astype(np.float32)
    a_length = (a.squares * a_mask * w) @ b_mask.T
    b_length = a_mask @ (b_squares * b_mask * w).T
    bottom = np.sqrt(a_length * b_length)
    with np.errstate(divide="ignore", invalid="ignore"):
        scores = np.where(bottom > 1e-12, top / bottom, np.float32(0))
    return np.where(a_mask @ b_mask.T > 0, scores, np.float32(-np.inf)).astype(np.float32)


def _merge(best: F32, found: npt.NDArray[np.int64], scores: F32, offset: int) -> None:
    """Fold a block of scores into the best so far, in place."""
    n = best.shape[1]
    if scores.shape[1] > n:
        # argpartition may cut between equal scores anywhere: keep all that reach the n-th, then sort stably.
        cut = -np.partition(-scores, n - 1, axis=1)[:, n - 1]
    else:
        cut = np.full(len(scores), -np.inf, np.float32)
    for k in range(len(scores)):
        near = np.flatnonzero(scores[k] >= cut[k])
        values = np.concatenate([best[k], scores[k, near]])
        index = np.concatenate([found[k], near + offset])
        order = np.argsort(-values, kind="stable")[:n]
        best[k], found[k] = values[order], index[order]


def panel_scores(a: Blocks, b: Blocks, pairs: npt.NDArray[np.int64]) -> dict[str, F32]:
    """Cosine of each panel alone for ``pairs`` ``[q, n]`` (row of ``b`` for each row of ``a``, −1 for none)."""
    found: dict[str, F32] = {}
    for p, panel in enumerate(a.panels):
        right = b.values[p][np.maximum(pairs, 0)]
        top = np.einsum("qd,qnd->qn", a.values[p], right)
        bottom = np.linalg.norm(a.values[p], axis=1)[:, None] * np.linalg.norm(right, axis=2)
        shared = a.mask[:, p, None] & b.mask[np.maximum(pairs, 0), p] & (pairs >= 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            cosine = np.where(bottom > 1e-12, top / bottom, 0)
        found[panel] = np.where(shared, cosine, np.nan).astype(np.float32)
    return found
