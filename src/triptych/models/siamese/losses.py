"""Losses: what pulls like items together and pushes others apart, by the distance of their vectors.

Hadsell, Chopra and LeCun 2006, *Dimensionality reduction by learning an invariant mapping*, doi:10.1109/CVPR.2006.100,
for pairs; Schroff, Kalenichenko and Philbin 2015, *FaceNet*, doi:10.1109/CVPR.2015.7298682, for triplets.
"""

from __future__ import annotations

import torch
from torch.nn import functional

from triptych.errors import UnknownName

METRICS = ("cosine", "euclidean")
#: No vector counts as shorter than this; the cosine with a vector of 0 is 0.
SHORTEST = 1e-9


def distances(first: torch.Tensor, second: torch.Tensor, *, metric: str) -> torch.Tensor:
    """``[n]``: of each row of ``first`` ``[n, d]`` to the same row of ``second``: 1 − cos, or the length of what lies
    between them. Where two vectors are equal the Euclidean distance has no gradient; it is taken as 0."""
    if metric == "cosine":
        return 1 - functional.cosine_similarity(first, second, dim=-1, eps=SHORTEST)
    if metric == "euclidean":
        return torch.linalg.vector_norm(first - second, dim=-1)  # pyright: ignore[reportUnknownVariableType]
    raise UnknownName("metric", metric, METRICS)


def all_distances(first: torch.Tensor, second: torch.Tensor, *, metric: str) -> torch.Tensor:
    """``[n, m]``: of each row of ``first`` ``[n, d]`` to each of ``second`` ``[m, d]``. Euclidean ones are of
    differences: by products, float32 would be off by more than near items are apart."""
    if metric == "cosine":
        left, right = (functional.normalize(rows, dim=-1, eps=SHORTEST) for rows in (first, second))
        return 1 - left @ right.T
    if metric == "euclidean":
        return torch.cdist(first, second, compute_mode="donot_use_mm_for_euclid_dist")
    raise UnknownName("metric", metric, METRICS)


def contrastive(distance: torch.Tensor, alike: torch.Tensor, *, margin: float, half: bool = False) -> torch.Tensor:
    """Mean of y d² + (1 − y) max(0, m − d)² over pairs; ``half`` of that with the factor ½.

    ``distance`` ``[n]``; ``alike`` ``[n]``, bool: y. Eq. 4.2 of the thesis has the factor, its listing has not. It
    halves all gradients alike, which AdamW divides out again, but for its smallest ones.
    """
    near, far = distance.square(), (margin - distance).clamp(min=0).square()
    mean = torch.where(alike, near, far).mean()
    return mean / 2 if half else mean


def triplet(to_positive: torch.Tensor, to_negative: torch.Tensor, *, margin: float) -> torch.Tensor:
    """Mean of max(0, d(a, p) − d(a, n) + m) over triplets, ``[n]`` distances each; 0, and no gradient, for none."""
    lacking = (to_positive - to_negative + margin).clamp(min=0)
    return lacking.sum() / max(len(lacking), 1)
