"""Likeness: how alike two users rated what both rated, or two items by whom both were rated.

Over the n ratings that both have, r and s, with d = r − s in steps of a scale of five:

    msd       1 / (Σ d² / n + 1)
    cosine    Σ r s / √(Σ r² Σ s²)
    pearson   (n Σ r s − Σ r Σ s) / √((n Σ r² − (Σ r)²) (n Σ s² − (Σ s)²)),  0 where either is constant
    residual  Σ e f / √(Σ e² Σ f²), where e and f are what r and s are off the bias of user and item

The first three are scikit-surprise's where a scale is from 1 to 5; ``residual`` is what it calls ``pearson_baseline``,
with other biases and another shrinkage. It is then n / (n + shrink) of that, and 0 where n is below ``support`` or the
similarity below 0. Rows of similarities are made from sparse products, some at a time: nothing holds all pairs at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.models import scores

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

SIMILARITIES = ("msd", "cosine", "pearson", "residual")
#: Similarities are rounded to whole multiples of 1 / GRAIN where equal ones must be equal to the last bit.
GRAIN = 2.0**40


@dataclass(frozen=True, kw_only=True, eq=False)
class Likeness:
    """``left``, ``right``: products of a row of one with a column of the other are the sums that the similarity is made
    of. ``ones``, ``values``, ``squares``: sparse ``[units, others]``, of 1, of what ``kind`` wants, and of its square,
    for each rating; ``turned``: their transposes. ``even``: whether similarities are rounded, so that those that are
    equal are so however they were added up: 1/√2 and 2/√8 are not."""

    kind: str
    support: int
    shrink: float
    even: bool
    ones: Any
    values: Any
    squares: Any
    turned: tuple[Any, Any, Any]

    @classmethod
    def of(cls, kind: str, values: Any, *, support: int, shrink: float, even: bool) -> Likeness:
        """``values``: sparse float64 ``[units, others]``, as ``kind`` wants them; 0 is stored too."""
        shape, where = values.shape, (values.indices, values.indptr)
        ones = scores.sparse((np.ones(len(values.data)), *where), shape=shape)
        squares = scores.sparse((values.data**2, *where), shape=shape)
        turned = tuple(scores.sparse(one.T) for one in (ones, values, squares))
        return cls(
            kind=kind,
            support=support,
            shrink=shrink,
            even=even,
            ones=ones,
            values=values,
            squares=squares,
            turned=(turned[0], turned[1], turned[2]),
        )

    def rows(self, units: I64) -> F64:
        """``[len(units), all units]``: 0 where two have less than ``support`` in common, where they are unlike, and of
        a unit with itself."""
        ones, values, squares = self.ones[units], self.values[units], self.squares[units]
        to_ones, to_values, to_squares = self.turned
        both = (ones @ to_ones).toarray()
        product = (values @ to_values).toarray()
        own, other = (squares @ to_ones).toarray(), (ones @ to_squares).toarray()
        n = np.maximum(both, 1)
        if self.kind == "msd":
            found = 1 / (np.maximum(own + other - 2 * product, 0) / n + 1)
        elif self.kind == "pearson":
            mine, theirs = (values @ to_ones).toarray(), (ones @ to_values).toarray()
            found = _ratio(n * product - mine * theirs, n * own - mine**2, n * other - theirs**2, n * own, n * other)
        else:
            found = _ratio(product, own, other, own, other)
        if self.shrink:
            found *= both / (both + self.shrink)
        found[(both < max(self.support, 1)) | (found < 0)] = 0
        found[np.arange(len(units)), units] = 0
        return np.rint(found * GRAIN) / GRAIN if self.even else found


def _ratio(top: F64, left: F64, right: F64, left_whole: F64, right_whole: F64) -> F64:
    """``top`` / √(left · right); 0 where either is nothing but what rounding left of its whole."""
    some = (left > 1e-12 * left_whole) & (right > 1e-12 * right_whole)
    return np.divide(top, np.sqrt(np.where(some, left * right, 1)), out=np.zeros_like(top), where=some)
