"""Mining: a negative for each pair of anchor and positive, out of the batch that they came in.

Schroff et al. 2015, *FaceNet*, §3.2: semi-hard is a negative that is farther from the anchor than the positive, by less
than the margin: d(a, p) < d(a, n) < d(a, p) + m. What the description leaves open is settled here so:

* Of several semi-hard negatives the nearest to the anchor is taken, and of equally near ones that which comes first.
* Those whose genres are unlike the anchor's go before all others; the others serve where there are none of these.
* The anchor's item, the positive's, and further rows of either are never negatives.
* A pair without a semi-hard negative teaches nothing in this batch: what is nearer than the positive would draw all
  items to one point early on, and what is beyond the margin has no gradient.
"""

from __future__ import annotations

import torch

from triptych.errors import UsageError

#: Stands for no negative.
NONE = -1


def semi_hard(
    distance: torch.Tensor,
    to_positive: torch.Tensor,
    *,
    margin: float,
    allowed: torch.Tensor,
    preferred: torch.Tensor | None = None,
) -> torch.Tensor:
    """int64 ``[b]``: of each anchor the place of its negative among the rows of the batch, :data:`NONE` for none.

    ``distance`` ``[b, r]``: of each anchor to each row; ``to_positive`` ``[b]``. ``allowed`` bool ``[b, r]``: rows of
    other items than the anchor's and the positive's; ``preferred`` bool ``[b, r]``: those to be taken first.
    """
    if not margin > 0:
        raise UsageError(f"a margin of {margin:g} leaves no room for a negative; give one above 0.")
    with torch.no_grad():
        near = to_positive[:, None]
        fits = allowed & (distance > near) & (distance < near + margin)
        if preferred is not None:
            first = fits & preferred
            fits = torch.where(first.any(dim=1, keepdim=True), first, fits)
        nearest = distance.masked_fill(~fits, torch.inf).argmin(dim=1)
        return torch.where(fits.any(dim=1), nearest, NONE)


def others(anchors: torch.Tensor, positives: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """bool ``[b, r]``: which rows of a batch are of other items. Arguments hold items' numbers, ``[b]`` or ``[r]``."""
    return (rows != anchors[:, None]) & (rows != positives[:, None])


def unlike(anchors: torch.Tensor, rows: torch.Tensor, genres: torch.Tensor, *, below: float = 0.1) -> torch.Tensor:
    """bool ``[b, r]``: whether the genres of row and anchor share less than ``below`` by Jaccard, |∩| / |∪|.

    ``genres`` ``[items, g]`` of 0 and 1. An item that is of no genre is unlike none, as nothing is known of it.
    """
    left, right = genres[anchors], genres[rows]
    shared = left @ right.T
    many, few = left.sum(dim=1, keepdim=True), right.sum(dim=1)
    known = (many > 0) & (few > 0)
    return known & (shared < below * (many + few - shared))
