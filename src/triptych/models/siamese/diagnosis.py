"""Diagnosis: how well vectors tell alike pairs from unlike ones, keep triplets in order, and whether they collapse.

Distances are 1 − cosine, 0…2, or Euclidean. A pair is called alike where its distance is below a threshold. Unless
given, that is half the margin of the contrastive loss, which draws alike pairs to 0 and drives unlike ones beyond the
margin: nothing is then chosen by what is judged. A threshold that is chosen, see :func:`best_threshold`, is to be
chosen on the validation side and given for the test.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.errors import UnknownName, UsageError
from triptych.models.siamese.pairs import Pairs

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.floating]

METRICS = ("cosine", "euclidean")
#: Triplets that are looked at, by lot if there are more.
TRIPLETS = 1_000_000
#: Items whose nearest others are looked for, by lot if there are more.
ITEMS = 2048

#: Pairs whose distances are taken in one go.
_AT_ONCE = 1 << 16
#: Distances that are held at a time.
_CELLS = 1 << 22


def distances(vectors: Vectors, a: I64, b: I64, metric: str) -> F64:
    """float64 ``[n]``: from row ``a[k]`` of ``vectors`` ``[items, d]`` to row ``b[k]``.

    A vector of zeros has no direction: its cosine to any other is 0.
    """
    _known(vectors, metric)
    found = np.empty(len(a))
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1) if metric == "cosine" else np.zeros(0)
    for start in range(0, len(a), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        one, other = vectors[a[part]].astype(np.float64), vectors[b[part]].astype(np.float64)
        if metric == "cosine":
            scale = lengths[a[part]] * lengths[b[part]]
            product = np.einsum("ij,ij->i", one, other)
            cosine = np.divide(product, scale, out=np.zeros(len(one)), where=scale > 0)
            found[part] = 1 - np.clip(cosine, -1, 1)
        else:
            found[part] = np.sqrt(np.square(one - other).sum(axis=1))
    return found


def diagnose(
    vectors: Vectors,
    pairs: Pairs,
    *,
    metric: str,
    margin: float,
    threshold: float | None = None,
    bins: int = 40,
    reach: float | None = None,
) -> dict[str, Any]:
    """What the classification of pairs comes to, as JSON has it.

    ``auc``: the chance that an alike pair is nearer than an unlike one, equal ones counting half. ``confusion``: how
    many of the alike (the positive) and the unlike are called which at the ``threshold``, with ``accuracy``,
    ``precision``, ``recall`` and ``f1``. ``histogram``: how many of each kind lie between ``edges`` ``[bins + 1]``,
    from 0 to ``reach`` (2 for the cosine and the largest distance otherwise, unless given, as for histograms that stand
    beside one another), the last bin taking in what lies beyond.
    """
    if len(pairs) == 0 or pairs.alike.all() or not pairs.alike.any():
        raise UsageError("a diagnosis needs pairs of both kinds, alike and unlike; generate more of them.")
    if bins < 1:
        raise UsageError(f"{bins} bins were asked for; ask for 1 or more.")
    far = distances(vectors, pairs.first, pairs.second, metric)
    limit = margin / 2 if threshold is None else threshold
    called, alike = far < limit, pairs.alike
    counts = {
        "true_positive": int((called & alike).sum()),
        "false_positive": int((called & ~alike).sum()),
        "true_negative": int((~called & ~alike).sum()),
        "false_negative": int((~called & alike).sum()),
    }
    right = counts["true_positive"]
    precision, recall = _share(right, int(called.sum())), _share(right, int(alike.sum()))
    widest = reach if reach is not None else 2.0 if metric == "cosine" else float(far.max()) or 1.0
    edges = np.linspace(0, widest, bins + 1)
    inside = np.minimum(far, widest)
    return {
        "metric": metric,
        "pairs": len(pairs),
        "auc": auc(far, alike),
        "threshold": float(limit),
        "threshold_by": "half the margin" if threshold is None else "given",
        "confusion": counts,
        "accuracy": _share(right + counts["true_negative"], len(pairs)),
        "precision": precision,
        "recall": recall,
        "f1": _share(2 * right, int(called.sum()) + int(alike.sum())),
        "mean_alike": float(far[alike].mean()),
        "mean_unlike": float(far[~alike].mean()),
        "histogram": {
            "edges": edges.tolist(),
            "alike": np.histogram(inside[alike], edges)[0].tolist(),
            "unlike": np.histogram(inside[~alike], edges)[0].tolist(),
        },
    }


def auc(far: F64, alike: npt.NDArray[np.bool_]) -> float:
    """The chance that an alike pair is nearer than an unlike one (Mann and Whitney, 1947): both kinds must be there."""
    # Of each alike pair the unlike ones that are farther, and half of those that are as far.
    unlike = np.sort(far[~alike])
    nearer = np.searchsorted(unlike, far[alike], "left") + np.searchsorted(unlike, far[alike], "right")
    return float(1 - nearer.mean() / (2 * len(unlike)))


def best_threshold(vectors: Vectors, pairs: Pairs, *, metric: str) -> float:
    """The distance below which calling pairs alike gives the best balanced accuracy on these pairs (Youden, 1950);
    midway between two distances, the smallest of several as good. To be chosen on other pairs than are judged."""
    if len(pairs) == 0 or pairs.alike.all() or not pairs.alike.any():
        raise UsageError("a threshold is chosen by pairs of both kinds, alike and unlike; generate more of them.")
    far = distances(vectors, pairs.first, pairs.second, metric)
    order = np.argsort(far, kind="stable")
    rising, alike = far[order], pairs.alike[order]
    last = np.flatnonzero(np.append(rising[1:] != rising[:-1], True))
    gain = np.cumsum(alike)[last] / alike.sum() - np.cumsum(~alike)[last] / (~alike).sum()
    best = int(last[np.argmax(gain)])
    if gain.max() <= 0:
        return 0.0
    # Below means strictly, so the threshold is above the last that is called alike.
    after = rising[best + 1] if best + 1 < len(rising) else rising[best] + 1
    return float(max((rising[best] + after) / 2, np.nextafter(rising[best], np.inf)))


def satisfaction(
    vectors: Vectors, pairs: Pairs, *, metric: str, margin: float, most: int = TRIPLETS, seed: int = 0
) -> dict[str, Any]:
    """Of triplets (a, p, n), a alike p and unlike n, the share with d(a, p) + margin < d(a, n): ``satisfied``.

    ``ordered``: the share with d(a, p) < d(a, n), equal ones counting half, so that a space in which all are at one
    place comes to .5. ``semi_hard``: the share in order but within the margin. ``triplets``: how many the pairs make,
    an alike and an unlike pair that share an item; ``looked_at``: those judged, ``most`` drawn by lot if there are
    more. Where p and n are one item there is none (of more than ``most`` this is seen only of those drawn). The shares
    are None where there is no triplet.
    """
    if most < 1:
        raise UsageError(f"at most {most} triplets were asked for; ask for 1 or more.")
    far = distances(vectors, pairs.first, pairs.second, metric)
    triplets, positive, negative = _triplets(pairs, most, seed)
    found: dict[str, Any] = {"triplets": triplets, "looked_at": len(positive), "margin": float(margin)}
    if not len(positive):
        return found | {"satisfied": None, "ordered": None, "semi_hard": None}
    near, away = far[positive], far[negative]
    satisfied, ordered = near + margin < away, near < away
    return found | {
        "satisfied": float(satisfied.mean()),
        "ordered": float(ordered.mean() + (near == away).mean() / 2),
        "semi_hard": float((ordered & ~satisfied).mean()),
    }


def spread(vectors: Vectors, *, metric: str = "cosine", most: int = ITEMS, seed: int = 0) -> dict[str, Any]:
    """Whether the vectors ``[items, d]`` still fill their space, or all collapse into one place or a few directions.

    ``mean_cosine``: between two different items, over all. With λ the eigenvalues of the covariance,
    ``participation`` = (Σλ)² / Σλ², and ``effective_rank`` = exp(−Σ p ln p), p = λ / Σλ (Roy and Vetterli, 2007), both
    from 1 to d; 0 where nothing varies. ``nearest``: mean distance from an item to the nearest other;
    ``mean_distance``: to any other; and ``crowding``: the first by the second, which does not hang on the scale:
    towards 0 as items fall into clusters, or None where all are at one place. The last three are of ``looked_at``
    items, ``most`` by lot, against all. Give the items that have content alone.
    """
    _known(vectors, metric)
    n = len(vectors)
    if n < 2:
        raise UsageError(f"{n} items were given; a spread is of 2 or more.")
    wide = vectors.astype(np.float64)
    unit = wide / np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), np.finfo(np.float64).tiny)
    own = np.square(unit).sum()
    total = float(np.square(unit.sum(axis=0)).sum() - own)
    rows = unit if metric == "cosine" else wide
    asked = np.sort(np.random.default_rng(seed).permutation(n)[:most])
    nearest, mean = _nearest(rows, asked, metric)
    eigenvalues = _eigenvalues(wide)
    shares = eigenvalues / eigenvalues.sum() if eigenvalues.sum() > 0 else np.zeros(0)
    shares = shares[shares > 0]
    return {
        "metric": metric,
        "items": n,
        "looked_at": len(asked),
        "mean_cosine": total / (n * (n - 1)),
        "participation": float(1 / np.square(shares).sum()) if len(shares) else 0.0,
        "effective_rank": float(np.exp(-(shares * np.log(shares)).sum())) if len(shares) else 0.0,
        "nearest": nearest,
        "mean_distance": mean,
        "crowding": nearest / mean if mean > 0 else None,
    }


def _known(vectors: Vectors, metric: str) -> None:
    if metric not in METRICS:
        raise UnknownName("metric", metric, METRICS)
    if vectors.ndim != 2 or not np.isfinite(vectors).all():
        raise UsageError("vectors are a table of finite numbers, a row for each item.")


def _triplets(pairs: Pairs, most: int, seed: int) -> tuple[int, I64, I64]:
    """How many there are, and for each that is looked at the place of its alike pair and of its unlike one."""
    a, p, with_p = _both_ends(pairs, np.flatnonzero(pairs.alike))
    b, n, with_n = _both_ends(pairs, np.flatnonzero(~pairs.alike))
    by_anchor = np.argsort(b, kind="stable")
    b, n, with_n = b[by_anchor], n[by_anchor], with_n[by_anchor]
    starts, stops = np.searchsorted(b, a, "left"), np.searchsorted(b, a, "right")
    ends = np.cumsum(stops - starts)
    total = int(ends[-1]) if len(ends) else 0
    few = total <= most
    flat = np.arange(total) if few else np.sort(np.random.default_rng(seed).integers(total, size=most))
    row = np.searchsorted(ends, flat, "right")
    place = starts[row] + flat - (ends[row] - (stops - starts)[row])
    proper = p[row] != n[place]
    return int(proper.sum()) if few else total, with_p[row][proper], with_n[place][proper]


def _both_ends(pairs: Pairs, which: I64) -> tuple[I64, I64, I64]:
    """Anchors, others, and the place of the pair, each way round."""
    first, second = pairs.first[which], pairs.second[which]
    return np.concatenate([first, second]), np.concatenate([second, first]), np.concatenate([which, which])


def _nearest(rows: F64, asked: I64, metric: str) -> tuple[float, float]:
    """Mean distance from the rows asked for to their nearest other, and to all others; of unit rows if by cosine."""
    squares = np.square(rows).sum(axis=1)
    nearest, total = 0.0, 0.0
    step = max(_CELLS // len(rows), 1)
    for start in range(0, len(asked), step):
        own = asked[start : start + step]
        far = rows[own] @ rows.T
        if metric == "cosine":
            far = 1 - np.clip(far, -1, 1)
        else:
            far = np.sqrt(np.maximum(squares[own][:, None] + squares - 2 * far, 0))
        at = np.arange(len(own))
        far[at, own] = 0
        total += float(far.sum())
        far[at, own] = np.inf
        # The product of two equal rows is off by rounding, which the root of it makes large: measured again.
        near = far.argmin(axis=1)
        nearest += float(distances(rows, own, near, metric).sum())
    return nearest / len(asked), total / (len(asked) * (len(rows) - 1))


def _eigenvalues(wide: F64) -> F64:
    """Of the covariance, but for what is rounding."""
    centred = wide - wide.mean(axis=0)
    # Of the smaller of the two tables of products, whose eigenvalues other than 0 are the same.
    products = centred.T @ centred if len(wide) >= wide.shape[1] else centred @ centred.T
    found: F64 = np.linalg.eigvalsh(products).astype(np.float64)
    least = np.square(wide).sum() * max(wide.shape) * np.finfo(np.float64).eps
    return found[found > least]


def _share(part: int, of: int) -> float:
    return part / of if of else 0.0
