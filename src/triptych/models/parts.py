"""Parts: what a score is the sum of, part by part, and what of a user's history speaks for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from triptych.errors import UsageError

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Parts:
    """``values[k, p]``: float64 ``[items, parts]``, what part p adds to the score of item k; a row sums to the score.

    ``names``: of the parts, such as ``reading/genres`` or ``liked together``; ``groups``: what each belongs to, a panel
    or ``ratings``, ``popularity``, ``usual`` (what any item would have) and the like. Parts of one group may stand
    anywhere.
    """

    names: tuple[str, ...]
    groups: tuple[str, ...]
    values: F64

    def __post_init__(self) -> None:
        if not len(self.names) == len(self.groups) == self.values.shape[1]:
            raise UsageError(
                f"{len(self.names)} names and {len(self.groups)} groups came with {self.values.shape[1]} parts; "
                "each part has one of both."
            )

    @property
    def scores(self) -> F64:
        """``[items]``."""
        return self.values.sum(axis=1)

    def by_group(self) -> Parts:
        """One part for each group, in the order in which groups first stand."""
        groups = tuple(dict.fromkeys(self.groups))
        own = np.array(self.groups)
        values = np.stack([self.values[:, own == group].sum(axis=1) for group in groups], axis=1)
        return Parts(names=groups, groups=groups, values=values)


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """What each item of a history adds to the score of each item asked about.

    ``history``: int64 ``[h]``, places of the history's items; ``values``: float64 ``[items, h]``; ``rest``: float64
    ``[items]``, what hangs on none of them. A row of ``values`` and its ``rest`` sum to the score.
    """

    history: I64
    values: F64
    rest: F64

    @property
    def scores(self) -> F64:
        """``[items]``."""
        return self.values.sum(axis=1) + self.rest
