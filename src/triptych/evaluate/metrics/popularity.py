"""Popularity: how far lists go beyond what everybody watches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from triptych.errors import UsageError
from triptych.evaluate.metrics.lists import F64, checked, mean_over
from triptych.evaluate.metrics.ranking import CUTOFFS
from triptych.evaluate.metrics.table import Table


def novelty(
    lists: npt.NDArray[np.integer],
    counts: npt.NDArray[np.integer],
    users: int,
    *,
    cutoffs: Sequence[int] = CUTOFFS,
) -> dict[str, F64]:
    """``novelty@k``, float64 ``[u]``, in bits: the mean of −log2 p over the list, after Zhou et al. (2010).

    ``counts``: int ``[items]``, how many of the ``users`` training users each item has. p = (count + 1) / (users + 1):
    an item that nobody has yet would be infinitely novel otherwise. 0 of an empty list.
    """
    if users < 1 or (len(counts) and not 0 <= counts.min() <= counts.max() <= users):
        raise UsageError(f"counts of items must lie between 0 and the number of training users, which is {users}.")
    cut = checked(lists, items=len(counts), cutoffs=cutoffs)
    bits = np.append(np.log2(users + 1) - np.log2(counts + 1.0), 0)  # the last is that of no item
    return {f"novelty@{k}": mean for k, mean in mean_over(bits[cut], cut, cutoffs).items()}


def serendipity(
    lists: npt.NDArray[np.integer],
    relevant: sp.csr_array,
    expected: npt.NDArray[np.integer],
    *,
    cutoffs: Sequence[int] = CUTOFFS,
) -> dict[str, F64]:
    """``serendipity@k``, float64 ``[u]``: the share of the k places that hold something relevant that the first k of
    ``expected`` do not hold: what popularity gives the same user out of the same candidates.

    After Ge, Delgado-Battenfeld and Jannach (2010): useful, and not given by a primitive recommender. All k places are
    divided by, so that precision less serendipity is what popularity would have found too.
    """
    liked = Table.of(relevant).marks()
    cut = checked(lists, items=liked.width, cutoffs=cutoffs)
    plain = checked(expected, items=liked.width, cutoffs=cutoffs)
    if len(plain) != len(cut):
        raise UsageError(f"{len(cut)} lists cannot be held against {len(plain)} of popularity.")
    hit = liked.looked_up(cut)
    found: dict[str, F64] = {}
    for k in cutoffs:
        foreseen = Table.of_lists(plain[:, :k], items=liked.width).looked_up(cut[:, :k])
        found[f"serendipity@{k}"] = (hit[:, :k] * (1 - foreseen)).sum(axis=1) / k
    return found


def popularity_lift(
    lists: npt.NDArray[np.integer],
    counts: npt.NDArray[np.integer],
    profile: sp.csr_array,
    *,
    cutoffs: Sequence[int] = CUTOFFS,
) -> dict[str, F64]:
    """``popularity-lift@k``, float64 ``[u]``: the mean count of the list's items over the mean count of the profile's,
    less 1, after Abdollahpouri et al. (2020), who divide the means of whole groups. −1 of an empty list.

    ``counts``: int ``[items]``, training users of each item. ``profile``: ``[u, items]``, what each user has in
    training, whatever the value. A user without a profile is an error, for the caller to leave out and to count.
    """
    cut = checked(lists, items=len(counts), cutoffs=cutoffs)
    own = profiled(profile, users=len(cut))
    usual = own.times(counts.astype(np.float64)) / own.counts
    if (usual == 0).any():
        raise UsageError("a profile holds only items that no training user has; count the items of the same history.")
    shown = mean_over(np.append(counts.astype(np.float64), 0)[cut], cut, cutoffs)
    return {f"popularity-lift@{k}": mean / usual - 1 for k, mean in shown.items()}


def profiled(profile: sp.csr_array, *, users: int) -> Table:
    """1 for each item that the profile stores, whatever its value; nobody may be without any."""
    kept = Table.of(profile).ones()
    if len(kept) != users:
        raise UsageError(f"{users} lists were given, and profiles of {len(kept)} users; they must be the same users.")
    if (kept.counts == 0).any():
        raise UsageError(
            f"{int((kept.counts == 0).sum())} of {users} users have no profile to compare their lists with; "
            "leave them out, and say how many they are."
        )
    return kept
