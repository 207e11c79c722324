"""Contributions: of what a score is made, feature by feature."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from triptych.spaces.search import Blocks

#: Pairs that are looked at together: some megabytes of each feature.
PAIRS = 4096


def contributions(
    queries: Blocks,
    rows: Blocks,
    pairs: npt.NDArray[np.int64],
    *,
    weights: Mapping[str, float] | None = None,
) -> npt.NDArray[np.float64]:
    """``[q, n, P]``: the share that each block has in the cosine score of each pair. The shares sum to the score.

    ``pairs``: int ``[q, n]``, rows of ``rows`` for each row of ``queries``, −1 for none. ``weights``: panel → weight,
    as the search had them; alike when left out. With A the blocks that the query has and S those that both have,

        share_f = w_f a_f·b_f / √(Σ_{g∈A} w_g |a_g|² · Σ_{g∈S} w_g |b_g|²)    for f in S, else 0

    which is the score of :mod:`triptych.spaces.search` before its sum is taken: exact up to the 2⁻²⁴ that scores are
    rounded to. Below 0 is a block by which the two are unlike. Shares of a panel's blocks add up to the panel's. After
    late fusion a share hangs on the features' cosines and on which features are there, and on nothing else.
    """
    w = np.array([1.0 if weights is None else weights[panel] for panel in queries.panels])
    found = np.zeros((*pairs.shape, len(w)))
    query, place = np.nonzero(pairs >= 0)
    row = pairs[query, place]
    left = np.where(queries.mask, queries.squares, 0) @ w
    for start in range(0, len(query), PAIRS):
        part = slice(start, start + PAIRS)
        here, there = query[part], row[part]
        shared = queries.mask[here] & rows.mask[there]
        dots = np.zeros(shared.shape)
        for p in np.flatnonzero(w):
            one, other = queries.values[p][here].astype(np.float64), rows.values[p][there].astype(np.float64)
            dots[:, p] = w[p] * np.einsum("ij,ij->i", one, other)
        bottom = np.sqrt(left[here]) * np.sqrt((rows.squares[there] * shared) @ w)
        shares = np.divide(dots * shared, bottom[:, None], out=np.zeros(dots.shape), where=bottom[:, None] > 0)
        found[here, place[part]] = shares
    return found


def of_panels(blocks: Blocks, shares: npt.NDArray[np.float64]) -> dict[str, npt.NDArray[np.float64]]:
    """The same by panel: ``[q, n]`` each."""
    panels = np.array(blocks.panels)
    return {panel: shares[..., panels == panel].sum(axis=-1) for panel in dict.fromkeys(blocks.panels)}
