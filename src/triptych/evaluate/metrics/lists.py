"""Lists: what was recommended, as rows of items' places.

int64 ``[u, n]``: row u holds places of items, best first, −1 from where the list ends early.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from triptych.errors import UsageError

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

#: No item.
END = -1


def checked(lists: npt.NDArray[np.integer], *, items: int, cutoffs: Sequence[int]) -> I64:
    """The lists as int64 ``[u, max(cutoffs)]``: nothing that is measured at a cut-off lies beyond the last of them.

    An item that stands twice, a gap, or a cut-off beyond the width of the lists is an error: each would give a number.
    """
    if lists.ndim != 2:
        raise UsageError(f"lists are a table of users and ranks; what was given has the shape {lists.shape}.")
    if not cutoffs or min(cutoffs) < 1:
        raise UsageError(f"cut-offs {tuple(cutoffs)} were given; give whole numbers of 1 or more.")
    if max(cutoffs) > lists.shape[1]:
        raise UsageError(
            f"lists of {lists.shape[1]} cannot be measured at {max(cutoffs)}; "
            "make longer lists, filled with −1 where there is nothing more to recommend."
        )
    cut = lists[:, : max(cutoffs)].astype(np.int64)
    if cut.size and (cut.min() < END or cut.max() >= items):
        raise UsageError(f"lists hold places from {cut.min()} to {cut.max()}; there are {items} items, from 0 on.")
    if ((cut[:, :-1] == END) & (cut[:, 1:] != END)).any():
        raise UsageError("a list goes on after its end; −1 stands only where nothing more follows.")
    ordered = np.sort(cut, axis=1)
    if ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] != END)).any():
        raise UsageError("an item stands twice in one list.")
    return cut


def mean_over(values: F64, lists: I64, cutoffs: Sequence[int]) -> dict[int, F64]:
    """For each cut-off float64 ``[u]``: the mean of ``values`` ``[u, n]`` over the items of each list; 0 of an empty
    one."""
    held = lists != END
    sums, lengths = np.cumsum(np.where(held, values, 0), axis=1), np.cumsum(held, axis=1)
    return {k: sums[:, k - 1] / np.maximum(lengths[:, k - 1], 1) for k in cutoffs}
