"""Judge: which vectors of an offering can be features. What is not finite is masked or dropped, and counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.errors import SourceError, UsageError
from triptych.interchange.offering import Offering

POLICIES = ("rows", "columns")
_LARGEST = float(np.finfo(np.float32).max)
#: Beyond this a number is hardly a measurement; it is kept, and told of.
ABSURD = 1e6


@dataclass(frozen=True, kw_only=True)
class BadCells:
    """Cells that are NaN, infinite, or larger than a float32 can be. Columns are counted from 0."""

    cells: int
    columns: Mapping[int, int]
    ids: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.cells:,} in {len(self.ids):,} rows, columns {spans(self.columns)}" if self.cells else "none"


@dataclass(frozen=True, kw_only=True, eq=False)
class Judged:
    """``values``: float32 ``[n, d]``, finite where ``reasons[i]`` is empty. ``dropped``: columns taken from all."""

    values: npt.NDArray[np.float32]
    reasons: tuple[str, ...]
    bad: BadCells
    dropped: tuple[int, ...]
    notes: tuple[str, ...]


def judge(offering: Offering, *, on_bad_cells: str = "rows") -> Judged:
    """``rows``: a row with a bad cell is masked; ``columns``: a column with one is dropped from all rows."""
    if on_bad_cells not in POLICIES:
        raise UsageError(f"on_bad_cells is {on_bad_cells!r}; it is one of {', '.join(POLICIES)}.")
    there = np.ones(len(offering.ids), bool)
    there[list(offering.absent)] = False
    good = np.abs(offering.values) <= _LARGEST  # NaN is not
    good |= ~there[:, None]
    per_column = (~good).sum(axis=0)
    bad_rows = np.flatnonzero(~good.all(axis=1))
    bad = BadCells(
        cells=int(per_column.sum()),
        columns={int(k): int(per_column[k]) for k in np.flatnonzero(per_column)},
        ids=tuple(offering.ids[k] for k in bad_rows),
    )
    values, dropped = offering.values, ()
    reasons = ["" for _ in offering.ids]
    if bad.cells and on_bad_cells == "columns":
        dropped = tuple(bad.columns)
        if len(dropped) == values.shape[1]:
            raise SourceError(
                f"every one of its {values.shape[1]} columns has a cell that is not finite; dropping them leaves "
                "nothing. Mask rows instead: --on-bad-cells rows"
            )
        values = np.delete(values, dropped, axis=1)
    else:
        for k in bad_rows:
            columns = np.flatnonzero(~good[k])
            verb = "is" if len(columns) == 1 else "are"
            reasons[k] = f"{len(columns)} of {values.shape[1]} cells {verb} not finite: {_named(columns)}"
    for k, reason in offering.absent.items():
        reasons[k] = reason
    kept = np.array([not reason for reason in reasons], bool)
    clean = np.zeros(values.shape, np.float32)
    clean[kept] = values[kept]
    return Judged(values=clean, reasons=tuple(reasons), bad=bad, dropped=dropped, notes=_absurd(clean))


def spans(columns: Sequence[int] | Mapping[int, Any] | npt.NDArray[Any]) -> str:
    """Whole numbers in ascending order, neighbours drawn together.

    >>> spans([1, 104, 105, 106])
    '1, 104–106'
    """
    found: list[list[int]] = []
    for column in sorted(int(k) for k in columns):
        if found and column == found[-1][1] + 1:
            found[-1][1] = column
        else:
            found.append([column, column])
    shown = [str(a) if a == b else f"{a}–{b}" for a, b in found[:12]]
    return ", ".join([*shown, *(["…"] if len(found) > 12 else [])])


def _named(columns: npt.NDArray[Any]) -> str:
    return f"{'column' if len(columns) == 1 else 'columns'} {spans(columns)}"


def _absurd(values: npt.NDArray[np.float32]) -> tuple[str, ...]:
    large = np.abs(values) > ABSURD
    if not large.any():
        return ()
    columns = np.flatnonzero(large.any(axis=0))
    told = (
        f"{int(large.sum()):,} cells are larger than {ABSURD:,.0f}, up to {float(np.abs(values).max()):.2g}, in "
        f"{_named(columns)}; they are kept, and will drown the rest of their column unless it is scaled by rank"
    )
    return (told,)
