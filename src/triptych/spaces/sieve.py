"""Sieve: what float32 products tell of scores, and how far that can be from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from triptych.spaces.blocks import F32, F64, I64, Blocks, Mask

#: Half of what float32 can tell apart at 1.
UNIT = 2.0**-24
#: Blocks of so many queries are put side by side, and those of the rows they meet, for one product instead of many.
_JOINED = 64
#: So few queries meet rows one by one, where these are laid out for it.
_SINGLE = 4


@dataclass(frozen=True, kw_only=True, eq=False)
class Meeting:
    """No row scores more than ``high`` float32 ``[q, r]``, none less than ``high − slack``; −inf is no score at all.
    ``slack`` is float32 ``[q, r]``, or ``[1, 1]`` where it is the same for all.

    In a measure of each query's own, in which the higher is the better, and which may begin anywhere: a cosine is told
    half a slack too low, which is the same for all rows.
    """

    high: F32
    slack: F32

    def low_of(self, queries: I64 | slice) -> F32:
        """What the rows score at least with some of the queries."""
        return self.high[queries] - (self.slack if self.slack.size == 1 else self.slack[queries])

    def low_at(self, query: I64, row: I64) -> F32:
        """The same of pairs."""
        return self.high[query, row] - (self.slack[0] if self.slack.size == 1 else self.slack[query, row])

    def columns(self, which: slice) -> Meeting:
        slack = self.slack if self.slack.size == 1 else self.slack[:, which]
        return Meeting(high=self.high[:, which], slack=slack)

    @property
    def turned(self) -> Meeting:
        return Meeting(high=self.high.T, slack=self.slack.T)


def rounding(widths: Sequence[int]) -> float:
    """How far a float32 cosine of blocks of such widths can be from the score.

    The error of a dot product of float32 is at most d UNIT |a| |b| (Higham 2002, §3.1), with a few roundings more for
    what it is scaled by, and those of the score itself. It counts twice: once for the row that is judged, and once for
    the n-th best that it is held against.
    """
    return (sum(widths) + len(widths) + 32) * UNIT


def scaled(w: F64) -> F64:
    """Of the weights of a cosine only the ratios count. Divided by a power of two, which rounds nothing."""
    return np.ldexp(w, -int(np.frexp(w.max(initial=0.0))[1]))


class Sieve:
    """Some queries, ready to meet rows. ``w`` ``[P]``: the weight of each block. ``scale``: the longest squared length
    of any row, which the Euclidean measure is told in, so that it does not overflow."""

    def __init__(self, metric: str, queries: Blocks, w: F64, scale: float) -> None:
        self._queries, self._w, self._scale = queries, w, scale
        self._used: list[int] = np.flatnonzero(w > 0).tolist()
        self._widths = [queries.values[p].shape[1] for p in self._used]
        self._error = rounding(self._widths)
        self._slack = np.full((1, 1), 2 * self._error, np.float32)
        self._cosine = metric == "cosine"
        if self._cosine:
            self._lengths = np.sqrt(self._squares(queries).sum(axis=1))
            unit, factor = _inverse(self._lengths), w
        else:
            # In two steps, neither of which leaves what float32 can hold.
            unit, factor = np.full(len(queries), scale**-0.5, np.float32), 2 * w * scale**-0.5
        left = [queries.values[p] * unit[:, None] * np.float32(factor[p]) for p in self._used]
        self._left: F32 = np.concatenate(left, axis=1, dtype=np.float32)
        self._kinds, self._of = _kinds(queries, self._used)

    def meet(self, rows: Blocks) -> Meeting:
        """These queries against those rows."""
        return self.both(rows, turned=False)[0]

    def both(self, rows: Blocks, *, turned: bool = True) -> tuple[Meeting, Meeting]:
        """The same, and those rows as queries against these, of one product. Without ``turned`` the first twice."""
        dots = self._products(rows)
        known = rows.kinds[0][:, self._used]
        full = bool(self._kinds.all() and known.all())
        if not self._cosine:
            found = self._distances(dots, rows, full=full)
        elif full:
            dots *= _inverse(np.sqrt(self._squares(rows).sum(axis=1)))
            found = Meeting(high=dots, slack=self._slack)
        else:
            other = self._turned(dots, rows) if turned else None
            straight = self._answered(dots, self._kinds, self._of, rows)
            return straight, other or straight
        return found, found.turned

    def _products(self, rows: Blocks) -> F32:
        values = [rows.values[p] for p in self._used]
        if len(values) == 1:
            return self._left @ values[0].T
        if len(self._left) >= _JOINED:
            return self._left @ np.concatenate(values, axis=1).T
        found, at = np.zeros((len(self._left), len(rows)), np.float32), 0
        if "turned" in rows.__dict__ and len(self._left) <= _SINGLE:
            for first, last in self._runs:
                turned = rows.turned[first:last]
                for k in range(len(found)):
                    found[k] += self._left[k, at : at + len(turned)] @ turned
                at += len(turned)
            return found
        for part in values:
            found += self._left[:, at : at + part.shape[1]] @ part.T
            at += part.shape[1]
        return found

    @cached_property
    def _runs(self) -> list[tuple[int, int]]:
        """First and last entry, among those of all blocks, of blocks that count and stand side by side."""
        edges: list[int] = np.cumsum([0, *(values.shape[1] for values in self._queries.values)]).tolist()
        found: list[tuple[int, int]] = []
        for p in self._used:
            first, last = edges[p], edges[p + 1]
            if found and found[-1][1] == first:
                first = found.pop()[0]
            found.append((first, last))
        return found

    def _turned(self, dots: F32, rows: Blocks) -> Meeting:
        """The products are those of these queries at length 1; the rows are to be, and not over what both have."""
        kinds, of = _kinds(rows, self._used)
        lengths = _inverse(np.sqrt(self._squares(rows).sum(axis=1)))
        return self._answered(dots.T * lengths[:, None], kinds, of, self._queries, self._lengths)

    def _answered(self, dots: F32, kinds: Mask, of: I64, rows: Blocks, unit: F64 | float = 1.0) -> Meeting:
        """Products with queries of length 1 over what these have, divided by the rows' length over what both have.

        ``unit``: what the rows of ``dots`` have been divided by already.
        """
        whole = len(self._used) == len(self._w)
        squares = rows.squares if whole else rows.squares[:, self._used]
        lengths = np.sqrt((kinds * self._w[self._used]) @ squares.T)
        factor = np.divide(unit, lengths, out=np.zeros(lengths.shape), where=lengths > 0).astype(np.float32)
        high = dots * (factor if len(factor) == 1 else factor[of])
        self._unanswered(high, kinds, of, rows)
        return Meeting(high=high, slack=self._slack)

    def _distances(self, dots: F32, rows: Blocks, *, full: bool) -> Meeting:
        """Squared distances with their sign turned, over ``scale`` and over the weighted entries that both rows have.

        Those that the query has are left out: they are the same for all its rows. So it is the same both ways.
        """
        own, other = self._squares(self._queries) / self._scale, self._squares(rows) / self._scale
        if full:
            both = own.sum(axis=1).astype(np.float32)[:, None] + other.sum(axis=1).astype(np.float32)
            return self._between(dots, both)
        kinds, of = _kinds(rows, self._used)
        both = (self._kinds @ other.T).astype(np.float32)[self._of]
        both += (own @ kinds.T).astype(np.float32)[:, of]
        found = self._between(dots, both)
        entries = self._w[self._used] * self._widths
        shared = (self._kinds * entries) @ kinds.T
        factor = np.divide(entries.sum(), shared, out=np.zeros(shared.shape), where=shared > 0).astype(np.float32)
        factor = factor[self._of][:, of]
        high, slack = found.high * factor, found.slack * factor
        self._unanswered(high, self._kinds, self._of, rows)
        return Meeting(high=high, slack=slack)

    def _between(self, dots: F32, both: F32) -> Meeting:
        """2 a·b − |a|² − |b|²: what it is off by is in the measure of ``both``, the two squared lengths."""
        dots -= both * np.float32(1 - self._error)
        both *= np.float32(2 * self._error)
        # Lengths may be too small for float32, beside the longest.
        both += np.finfo(np.float32).tiny
        return Meeting(high=dots, slack=both)

    def _unanswered(self, high: F32, kinds: Mask, of: I64, rows: Blocks) -> None:
        there, which = _kinds(rows, self._used)
        shared = np.asarray((kinds[:, None] & there).any(axis=2))
        if not shared.all():
            high[~shared[of][:, which]] = -np.inf

    def _squares(self, blocks: Blocks) -> F64:
        """``[n, blocks that count]``: weighted squared lengths, 0 where masked."""
        return blocks.squares[:, self._used] * self._w[self._used]


def _kinds(blocks: Blocks, used: list[int]) -> tuple[Mask, I64]:
    """Of a few rows: what is in the mask of some of them, of the blocks that count, and which each has."""
    kinds, of = blocks.kinds
    if len(of) >= len(kinds) and np.bincount(of, minlength=len(kinds)).all():
        return kinds[:, used], of  # of all of them: what follows takes as long as a query
    present, of = np.unique(of, return_inverse=True)
    return kinds[present][:, used], of


def _inverse(lengths: F64) -> F32:
    return np.divide(1, lengths, out=np.zeros(len(lengths)), where=lengths > 0).astype(np.float32)
