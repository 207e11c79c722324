"""Folds: the splits that a protocol of a study asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from triptych.catalogue.history import History
from triptych.catalogue.sources.events import EventFile
from triptych.errors import UsageError
from triptych.evaluate import scenarios, splits
from triptych.evaluate.split import TEST, TRAIN, UNUSED, VALIDATION, Split
from triptych.studies.prepare import data_folder
from triptych.studies.protocol import Protocol

#: The columns of a file of a split that has no line of names, as MovieLens has them.
COLUMNS = ("user_id", "item_id", "rating", "timestamp")


def folds_of(protocol: Protocol, history: History, *, given: Path | None = None) -> list[Split]:
    """In order. Everything hangs on the protocol's seed and on the ids, nothing on the order of the interactions.

    ``given``: the folder of data, in which the files of a split that is given stand.
    """
    if not len(history):
        raise UsageError("there are no ratings of the items that are studied, so nothing can be judged.")
    if protocol.rated:
        return _of_ratings(protocol, history, given)
    match protocol.split:
        case "cold-items":
            return scenarios.cold_items(history, k=protocol.folds, seed=protocol.seed)
        case "cold-users":
            return scenarios.cold_users(history, k=protocol.folds, seed=protocol.seed)
        case "cold-both":
            return scenarios.cold_both(history, k=protocol.folds, seed=protocol.seed)
        case "per-user":
            return [splits.per_user(history, holdout=protocol.share, seed=protocol.seed)]
        case "leave-last":
            return [splits.leave_last(history, validation=False, seed=protocol.seed)]
        case "by-time":
            return [splits.by_time(history, share=protocol.share)]
        case _:
            # All ratings judge, so that nothing may be learned from any.
            side = np.full(len(history), TEST, np.int8)
            return [Split(history=history, side=side, name="all ratings judge", params={"kind": "all"})]


def _of_ratings(protocol: Protocol, history: History, given: Path | None) -> list[Split]:
    """The lists of ids stay whole: what is known of items and users stands in their order."""
    rows = _subset(protocol, history)
    k, seed, held = protocol.folds, protocol.seed, protocol.validation
    match protocol.split:
        case "non-cold":
            made = [one.non_cold for one in scenarios.non_cold_and_hard_cold(rows, k=k, validation=held, seed=seed)]
        case "hard-cold":
            made = [one.hard_cold for one in scenarios.non_cold_and_hard_cold(rows, k=k, validation=held, seed=seed)]
        case "cold-items":
            made = scenarios.cold_items(rows, k=k, validation=held, seed=seed)
        case "cold-users":
            made = scenarios.cold_users(rows, k=k, validation=held, seed=seed)
        case "cold-both":
            made = scenarios.cold_both(rows, k=k, validation=held, seed=seed)
        case "rows":
            made = splits.k_fold(rows, k, validation=held, seed=seed)
        case "per-user":
            made = [splits.per_user(rows, holdout=protocol.share, validation=held, seed=seed)]
        case "leave-last":
            made = [splits.leave_last(rows, validation=held > 0, seed=seed)]
        case "by-time":
            made = [splits.by_time(rows, share=protocol.share, validation=held)]
        case _:
            root = data_folder(given)
            pairs = zip(protocol.train, protocol.test, strict=True)
            made = [_given(rows, root, train, test, held, seed) for train, test in pairs]
    if protocol.mask:
        made = [scenarios.mask(one, share=protocol.mask, seed=seed) for one in made]
    cut = {"cap": protocol.cap, "top": list(protocol.top)}
    told = {name: value for name, value in cut.items() if value}
    return [replace(one, params={**one.params, **told}) for one in made] if told else made


def _subset(protocol: Protocol, history: History) -> History:
    """The ratings of the items and users with most, each user's cut to so many; whatever of it is asked for."""
    rows = history
    if protocol.top:
        items, users = protocol.top
        chosen = scenarios.top(rows, items=items, users=users, seed=protocol.seed)
        kept_items, kept_users = set(chosen.item_ids), set(chosen.user_ids)
        item = np.array([one in kept_items for one in rows.item_ids], bool)
        user = np.array([one in kept_users for one in rows.user_ids], bool)
        rows = rows.take(item[rows.items] & user[rows.users])
    return scenarios.cap(rows, protocol.cap, seed=protocol.seed) if protocol.cap else rows


def _given(history: History, root: Path, train: str, test: str, validation: float, seed: int) -> Split:
    """The ratings of the catalogue, on the sides that two files give their pairs. Rows of pairs that neither names are
    unused; pairs that the catalogue does not have, or not with that rating, are counted in the params."""
    split = splits.given(_file(root / train), _file(root / test), validation=validation, seed=seed)
    theirs = split.history
    users = _placed(theirs.user_ids, history.user_ids)[theirs.users]
    items = _placed(theirs.item_ids, history.item_ids)[theirs.items]
    known = (users >= 0) & (items >= 0)
    keys = users[known] * max(len(history.item_ids), 1) + items[known]
    order = np.argsort(history.keys, kind="stable")
    found = np.searchsorted(history.keys[order], keys)
    at = order[np.minimum(found, len(order) - 1)]
    there = history.keys[at] == keys
    side = np.full(len(history), UNUSED, np.int8)
    side[at[there]] = split.side[known][there]
    others = int(np.count_nonzero(history.values[at[there]] != theirs.values[known][there]))
    params = {
        "kind": "given",
        "train": train,
        "test": test,
        "validation": validation,
        "seed": seed,
        "absent": len(theirs) - int(there.sum()),
        "rated_otherwise": others,
    }
    for number, name in ((TRAIN, train), (TEST, test)):
        if not (side == number).any():
            raise UsageError(
                f"of the ratings in {name!r} the catalogue has none of the items that are studied; its ids are such as "
                f"user {history.user_ids[0]!r} and item {history.item_ids[0]!r}."
            )
    if validation and not (side == VALIDATION).any():
        raise UsageError(f"a share of {validation:g} of {train!r} leaves no rating for the validation; give more.")
    return Split(history=history, side=side, name=f"{train} / {test}", params=params)


def _placed(theirs: Sequence[str], ours: Sequence[str]) -> npt.NDArray[np.int64]:
    """Where each of their ids stands among ours, −1 where it does not."""
    places = {name: k for k, name in enumerate(ours)}
    return np.array([places.get(name, -1) for name in theirs], np.int64)


def _file(path: Path) -> EventFile:
    """A file of MovieLens: no line of names, between its columns a tab."""
    return EventFile(path=path, names=COLUMNS, separator="\t")


def learned_items(split: Split) -> Sequence[str]:
    """The items whose content may be learned from: those of the training side. Where all ratings judge there is no
    such side, and no item is held out."""
    return split.train_item_ids if len(split.train) else split.history.item_ids
