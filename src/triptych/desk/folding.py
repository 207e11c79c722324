"""Folding: what a catalogue got since a model was fitted, taken in without learning anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.history import History
from triptych.catalogue.tables import quote
from triptych.desk.kinds import FittedModel
from triptych.desk.placing import FEW
from triptych.desk.standing import Standing
from triptych.spaces.blocks import Blocks

I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Folded:
    """A model as it was fitted, and what came since. ``history``: all rows there are now, by the places of ``fitted``.

    ``items``: those that are new, with their ``content``; ``waiting``: new ones of which nothing was measured yet by
    which they could be placed. ``users``: new ones. ``fresh``: interactions that are new or have changed; ``gone``: how
    many were learned from and are there no more; ``unknown``: how many are of items that the model does not have.
    """

    fitted: FittedModel
    history: History
    items: tuple[str, ...] = ()
    content: Blocks | None = None
    waiting: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    fresh: History | None = None
    gone: int = 0
    unknown: int = 0

    @property
    def rows(self) -> int:
        return 0 if self.fresh is None else len(self.fresh)


def fold(standing: Standing, catalogue: Catalogue, *, before: Folded | None = None) -> Folded:
    """Always from the fit: what comes out hangs on what the catalogue holds, not on how often it was looked at.

    ``before``: what was folded last, where no interaction came or went since; those that it knows are not read again.
    """
    known = set(standing.rows.item_ids)
    new = sorted(set(catalogue.item_ids()) - known)
    fitted, items, content = standing.fitted, tuple[str, ...](), None
    if new:
        blocks = standing.placing.items(catalogue, new)
        there = np.flatnonzero(blocks.mask.any(axis=1))
        items = tuple(new[k] for k in there)
        if items:
            content = blocks.rows(there)
            fitted = fitted.with_items(items, content)
    found = None if before is None else _more(before, catalogue, standing, fitted.item_ids)
    if found is None:
        found = _all(catalogue, standing, fitted.item_ids)
    now, fresh, gone, unknown = found
    now = _by_users(now, standing.rows.user_ids)
    fresh = _heard(_by_users(fresh, now.user_ids), len(standing.rows.user_ids))
    if len(fresh):
        # In one order, however they came: the last bits of sums hang on it.
        fitted = fitted.with_rows(fresh.take(np.argsort(fresh.keys, kind="stable")))
    return Folded(
        fitted=fitted,
        history=_by_users(now, fitted.user_ids),
        items=items,
        content=content,
        waiting=tuple(sorted(set(new) - set(items))),
        users=tuple(sorted(set(fitted.user_ids) - set(standing.rows.user_ids))),
        fresh=fresh,
        gone=gone,
        unknown=unknown,
    )


def _all(catalogue: Catalogue, standing: Standing, item_ids: Sequence[str]) -> tuple[History, History, int, int]:
    """All rows there are, those of them that are fresh, and how many are gone or of unknown items."""
    table = catalogue.interactions()
    now = _by_users(History.of_table(table, kinds=standing.kinds, item_ids=item_ids), standing.rows.user_ids)
    fresh, gone = _changed(_by_items(standing.rows, item_ids), now)
    unknown = len(History.of_table(table, kinds=standing.kinds)) - len(now)
    return now, now.take(fresh), gone, unknown


def _more(
    before: Folded, catalogue: Catalogue, standing: Standing, item_ids: Sequence[str]
) -> tuple[History, History, int, int] | None:
    """The same, where interactions are as they were and only more items are known. None where some are known no more,
    or so many are new that all rows are looked at sooner."""
    assert before.fresh is not None
    had = set(before.history.item_ids)
    more = [one for one in item_ids if one not in had]
    if len(more) > FEW or had - set(item_ids):
        return None
    now, fresh = _by_items(before.history, item_ids), _by_items(before.fresh, item_ids)
    if not more or not before.unknown:
        return now, fresh, before.gone, before.unknown
    where = f"item_id IN ({', '.join(quote(item_id) for item_id in more)})"
    table = catalogue.tables.read("interactions", where=where)
    rows = History.of_table(table, kinds=standing.kinds, item_ids=item_ids)
    now, fresh = _joined(now, rows), _joined(fresh, rows)
    return now, fresh, before.gone, before.unknown - len(rows)


def _joined(one: History, other: History) -> History:
    """Rows of both, which are of the same items and of no pair twice; the users of the first, then others by id."""
    whole = _by_users(other, one.user_ids)
    columns = {
        name: np.concatenate([getattr(one, name), getattr(whole, name)])
        for name in ("users", "items", "values", "times")
    }
    return History(user_ids=whole.user_ids, item_ids=one.item_ids, **columns)


def _by_users(rows: History, user_ids: Sequence[str]) -> History:
    """The same rows with these users first, in their order, and others after them by their ids."""
    whole = (*user_ids, *sorted(set(rows.user_ids) - set(user_ids)))
    return replace(rows, user_ids=whole, users=_moved(rows.user_ids, whole)[rows.users])


def _heard(rows: History, first: int) -> History:
    """The same rows without users that no row is of, but for the ``first`` so many."""
    there = np.zeros(len(rows.user_ids), bool)
    there[:first] = True
    there[rows.users] = True
    places = np.cumsum(there, dtype=np.int32) - 1
    return replace(rows, user_ids=tuple(rows.user_ids[k] for k in np.flatnonzero(there)), users=places[rows.users])


def _by_items(rows: History, item_ids: Sequence[str]) -> History:
    """The same rows by other places of the same items, among which there may be more."""
    return replace(rows, item_ids=tuple(item_ids), items=_moved(rows.item_ids, item_ids)[rows.items])


def _moved(ids: Sequence[str], whole: Sequence[str]) -> npt.NDArray[np.int32]:
    """int32 ``[ids]``: where each stands in ``whole``."""
    places = {one: place for place, one in enumerate(whole)}
    return np.array([places[one] for one in ids], np.int32)


def _changed(before: History, now: History) -> tuple[npt.NDArray[Any], int]:
    """bool ``[now]``: rows that were not there before, or were of another value or time; and how many are gone."""
    order = np.argsort(before.keys, kind="stable")
    keys = before.keys[order]
    at = np.searchsorted(keys, now.keys)
    met = at < len(keys)
    met[met] = keys[at[met]] == now.keys[met]
    was = order[at[met]]
    same = met.copy()
    same[met] = (before.values[was] == now.values[met]) & (before.times[was] == now.times[met])
    return ~same, len(keys) - int(met.sum())
