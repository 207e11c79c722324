"""Folding: taking in what came after a model was fitted, items by their content and rows of who had what.

Nothing is learned: what was learned is asked about what is new. Of items and users that were there before, items that
are folded in change nothing at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from triptych.catalogue.history import History
from triptych.errors import UsageError
from triptych.models import scores
from triptych.models.affinity.tower import Shown
from triptych.models.hybrid.passage import Foretold
from triptych.models.hybrid.voices import EVER, Voices, said_by


def with_content(voices: Voices, foretold: Foretold) -> Voices:
    """With items at the end that have no rows. ``foretold``: of these."""
    more = len(foretold)
    count = len(voices.likes) + more
    made = replace(
        voices,
        counted=tuple(_wider(one, count) for one in voices.counted),
        together=voices.together.grown(count),
        foretold=_joined(voices.foretold, foretold),
        likes=np.r_[voices.likes, np.zeros(more, np.int64)],
        told=np.vstack([voices.told, np.zeros((more, voices.told.shape[1]))]),
        lately=np.hstack([voices.lately, np.zeros((len(voices.lately), more))]),
    )
    # Where the others lie was found out before; an item without likes lies where it was foretold.
    for name, own in (("lies", foretold.met), ("liked", foretold.liked)):
        if name in voices.__dict__:
            made.__dict__[name] = _under(voices.__dict__[name], own)
    return made


def with_history(voices: Voices, history: History) -> Voices:
    """With other rows of the same items; users may have come after those that were there."""
    counting = voices.counting
    users = len(history.user_ids)
    basis = voices.basis.grown(users)
    said = said_by(counting, history, counting.likes(history), basis)
    before, after = _taller(voices.counted[EVER], users), said["counted"][EVER]
    changed = np.flatnonzero(_differ(before, after))
    return replace(
        voices,
        together=voices.together.renewed(before[changed], cast(Any, after)[changed]),
        basis=basis,
        **said,
    )


def merged(known: History, rows: History) -> History:
    """Both; of a pair that stands in both, the newer. New users come last, in the order of their ids."""
    items = {name: k for k, name in enumerate(known.item_ids)}
    if missing := sorted(set(_named(rows.item_ids, rows.items)) - set(items)):
        raise UsageError(
            f"{len(missing)} items of the new rows are not known, {missing[0]!r} first; fold in the items before them."
        )
    places = {name: k for k, name in enumerate(known.user_ids)}
    fresh = sorted(set(_named(rows.user_ids, rows.users)) - set(places))
    places.update({name: len(known.user_ids) + k for k, name in enumerate(fresh)})
    users = np.array([places.get(name, -1) for name in rows.user_ids], np.int64)[rows.users]
    item = np.array([items.get(name, -1) for name in rows.item_ids], np.int64)[rows.items]
    keys = users * len(items) + item
    kept = ~np.isin(known.keys, keys)
    _, last = np.unique(keys[::-1], return_index=True)
    which = np.sort(len(keys) - 1 - last)
    return History(
        user_ids=(*known.user_ids, *fresh),
        item_ids=known.item_ids,
        users=np.r_[known.users[kept], users[which]].astype(np.int32),
        items=np.r_[known.items[kept], item[which]].astype(np.int32),
        values=np.r_[known.values[kept], rows.values[which]],
        times=np.r_[known.times[kept], rows.times[which]],
    )


def beside(one: Shown, other: Shown) -> Shown:
    """The content of some items, then of others."""
    return Shown(
        values=tuple(np.vstack([a, b]) for a, b in zip(one.values, other.values, strict=True)),
        lacking=np.vstack([one.lacking, other.lacking]),
    )


def _under(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """One and under it the other, laid out in memory as the first is."""
    found = np.empty((len(one) + len(other), one.shape[1]), order="F" if one.flags.f_contiguous else "C")
    found[: len(one)], found[len(one) :] = one, other
    return found


def _joined(one: Foretold, other: Foretold) -> Foretold:
    return Foretold(
        liked=np.vstack([one.liked, other.liked]),
        met=np.vstack([one.met, other.met]),
        launch=np.r_[one.launch, other.launch],
        variance=np.r_[one.variance, other.variance],
    )


def _wider(rows: Any, count: int) -> Any:
    return scores.sparse((rows.data, rows.indices, rows.indptr), shape=(rows.shape[0], count))


def _taller(rows: Any, users: int) -> Any:
    ends = np.r_[rows.indptr, np.full(users - rows.shape[0], rows.indptr[-1])]
    return scores.sparse((rows.data, rows.indices, ends), shape=(users, rows.shape[1]))


def _differ(before: Any, after: Any) -> npt.NDArray[np.bool_]:
    """bool ``[users]``."""
    change = before - after
    return np.asarray(abs(change).sum(axis=1)).reshape(-1) > 0


def _named(ids: Sequence[str], places: npt.NDArray[Any]) -> list[str]:
    """Of whom or what there is a row."""
    found: list[int] = np.unique(places).tolist()
    return [ids[k] for k in found]
