"""Scenarios: splits that leave something unknown on purpose: items, users, both, or a share of what is learned from.

Where items or users are cold, those of the validation are cold too: what is chosen for cold items must be chosen on
cold ones. They are in neither training nor test.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from triptych.catalogue.history import History
from triptych.errors import UsageError
from triptych.evaluate.split import GIVEN, TEST, TRAIN, UNUSED, VALIDATION, Split
from triptych.evaluate.splits import check_share, generator, lots, newest, timed
from triptych.models.turn import turns

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Warmth:
    """One test, judged twice: with half of the ratings of its items in training, and with none of them."""

    non_cold: Split
    hard_cold: Split


def folds(count: int, k: int, seed: int) -> npt.NDArray[np.int64]:
    """``[count]``: in which fold, 0…k−1, each of so many things in order is the test.

    They are those of scikit-learn's ``KFold(k, shuffle=True, random_state=seed)``, by asking it, so that anybody who
    has the same list in the same order has the same folds.
    """
    from sklearn.model_selection import KFold

    if not 2 <= k <= count:
        raise UsageError(f"{count} cannot make {k} folds; give 2 to {count}.")
    fold = np.empty(count, np.int64)
    parts = cast("Iterable[tuple[Any, Any]]", KFold(k, shuffle=True, random_state=seed).split(np.zeros(count)))
    for number, (_, test) in enumerate(parts):
        fold[test] = number
    return fold


def cold_items(history: History, *, k: int = 5, validation: float = 0.0, seed: int = 0) -> list[Split]:
    """``k`` splits: all rows of a fold of the items are the test, see :func:`folds` of ``history.item_ids``.

    ``validation``: this share of the other items has all its rows there. An item that no row is of is in a fold too.
    """
    return _cold(history, "items", history.items, history.item_counts, k=k, validation=validation, seed=seed)


def cold_users(history: History, *, k: int = 5, validation: float = 0.0, seed: int = 0) -> list[Split]:
    """``k`` splits: all rows of a fold of the users are the test, as :func:`cold_items` has it of items."""
    return _cold(history, "users", history.users, history.user_counts, k=k, validation=validation, seed=seed)


def _cold(
    history: History,
    unit: str,
    of_rows: npt.NDArray[np.int32],
    counts: npt.NDArray[np.int64],
    *,
    k: int,
    validation: float,
    seed: int,
) -> list[Split]:
    """The folds of one unit, "items" or "users": ``of_rows`` tells whose each row is, ``counts`` how many each has."""
    check_share(validation, "validation")
    fold = folds(len(counts), k, seed)
    made: list[Split] = []
    for number in range(k):
        test = fold == number
        side = _sides_of(test, _some(~test & (counts > 0), validation, [seed, number]))
        params = {"kind": f"cold_{unit}", "k": k, "fold": number, "validation": validation, "seed": seed}
        made.append(_split(history, side[of_rows], f"cold {unit}, fold {number + 1} of {k}", params, unit))
    return made


def cold_both(history: History, *, k: int = 5, validation: float = 0.0, seed: int = 0) -> list[Split]:
    """``k`` splits: rows of cold users with cold items are the test; those of cold users with training items are given.

    Other rows of which the user is on one side and the item on another belong to none, and are unused. The items are
    drawn by ``seed`` + 1: by one seed as many items as users would be parted like them, the first user with the first
    item.
    """
    by_user = cold_users(history, k=k, validation=validation, seed=seed)
    by_item = cold_items(history, k=k, validation=validation, seed=seed + 1)
    made: list[Split] = []
    for number, (one, other) in enumerate(zip(by_user, by_item, strict=True)):
        side = np.where(one.side == other.side, one.side, UNUSED).astype(np.int8)
        side[(one.side == TEST) & (other.side == TRAIN)] = GIVEN
        params = {**one.params, "kind": "cold_both"}
        name = f"cold users and items, fold {number + 1} of {k}"
        made.append(_split(history, side, name, params, "items", "users"))
    return made


def newest_items(
    history: History,
    *,
    share: float = 0.2,
    released: Mapping[str, str] | None = None,
    validation: float = 0.0,
) -> Split:
    """The newest share of the items is cold, and the newest ``validation`` of the others is the validation.

    ``released``: item id → date as ISO 8601 has it, or a year; without it an item is as old as its first row, and all
    rows need a time. Items of one date stay together, so the share is met as nearly as that allows. An item whose
    date is not known stays in training, counted in the params.
    """
    check_share(share, "cold items")
    check_share(validation, "validation")
    met = history.item_counts > 0
    if released is None:
        timed(history)
        dates: npt.NDArray[Any] = np.full(len(history.item_ids), np.iinfo(np.int64).max)
        np.minimum.at(dates, history.items, history.times)
        dated = met
    else:
        dates = np.array([released.get(item_id, "") for item_id in history.item_ids], np.str_)
        dated = met & (dates != "")
    if not dated.any():
        raise UsageError("the date of no item is known, so that none is newer than another; give released.")
    # As ranks, since that is all that matters, and numbers and text are then cut alike.
    age = np.unique(dates, return_inverse=True)[1]
    cut = newest(age[dated], share)
    test = dated & (age >= cut)
    held = np.zeros_like(test)
    if validation:
        rest = dated & ~test
        held = rest & (age >= newest(age[rest], validation))
    by = "first row" if released is None else "release"
    params = {
        "kind": "newest_items",
        "by": by,
        "share": share,
        "from": dates[dated & (age == cut)][0].item(),
        "cold": int(test.sum()),
        "undated": int((met & ~dated).sum()),
        "validation": validation,
    }
    return _split(history, _sides_of(test, held)[history.items], f"newest items by {by}", params, "items")


def non_cold_and_hard_cold(history: History, *, k: int = 2, validation: float = 0.0, seed: int = 0) -> list[Warmth]:
    """``k`` folds of the items, each twice with the same test: an item is met in training, or nothing is known of it.

    Half of each test item's rows, drawn by lot, are the test; the other half is in training (non-cold) or unused
    (hard-cold). Of an odd number the larger part is learned from, so that every tested item is met where it should be;
    an item with a single row is never tested, and the params count those. The validation is made in the same way of a
    share of the other items: it too is the same in both, and hard-cold items are chosen for on hard-cold items.
    (Both scenarios and the two folds are those of the study ``audiovisual-cf``, §4.1.2 of its thesis.)
    """
    check_share(validation, "validation")
    fold = folds(len(history.item_ids), k, seed)
    judged = turns(lots(history, seed, "halves"), history.items) < (history.item_counts // 2)[history.items]
    made: list[Warmth] = []
    for number in range(k):
        test = fold == number
        of_item = _sides_of(test, _some(~test & (history.item_counts > 0), validation, [seed, number]))
        side = of_item[history.items]
        apart = (side != TRAIN) & ~judged
        params = {
            "k": k,
            "fold": number,
            "validation": validation,
            "seed": seed,
            "untested_items": int((test & (history.item_counts == 1)).sum()),
        }
        where = f"fold {number + 1} of {k}"
        non_cold = np.where(apart, TRAIN, side).astype(np.int8)
        hard_cold = np.where(apart, UNUSED, side).astype(np.int8)
        made.append(
            Warmth(
                non_cold=_split(history, non_cold, f"non-cold items, {where}", {"kind": "non_cold", **params}),
                hard_cold=_split(
                    history, hard_cold, f"hard-cold items, {where}", {"kind": "hard_cold", **params}, "items"
                ),
            )
        )
    return made


def mask(split: Split, *, share: float, seed: int = 0) -> Split:
    """The same with a share of the training rows unused; what decides and what judges stays.

    Of one seed a larger share masks the same rows and more.
    """
    check_share(share, "masked rows")
    rows = np.flatnonzero(split.side == TRAIN)
    order = np.argsort(lots(split.history, seed, "mask")[rows], kind="stable")
    side = split.side.copy()
    side[rows[order[: _rounded(len(rows) * share)]]] = UNUSED
    params = {**split.params, "masked": {"share": share, "seed": seed}}
    return replace(split, side=side, params=params, name=f"{split.name}, {share * 100:.4g} % masked")


def cap(history: History, rows: int, *, seed: int = 0) -> History:
    """So many rows of each user, drawn by lot; all of a user who has no more. The lists of ids stay whole.

    Of one seed a larger number keeps the same rows and more.
    """
    if rows < 1:
        raise UsageError(f"users cannot be cut to {rows} rows; give 1 or more.")
    return history.take(turns(lots(history, seed, "cap"), history.users) < rows)


def top(history: History, *, items: int, users: int, seed: int = 0) -> History:
    """The rows of the users with the most rows and the items with the most, both counted in the whole history.

    Those with as many as the last draw lots. The lists of ids become those of the chosen, in the order they had.
    """
    chosen_users = _most(history.user_counts, history.user_ids, users, generator(seed, "top users"))
    chosen_items = _most(history.item_counts, history.item_ids, items, generator(seed, "top items"))
    kept = history.take(chosen_users[history.users] & chosen_items[history.items])
    place_user, place_item = (np.cumsum(chosen) - 1 for chosen in (chosen_users, chosen_items))
    return History(
        user_ids=tuple(history.user_ids[k] for k in np.flatnonzero(chosen_users)),
        item_ids=tuple(history.item_ids[k] for k in np.flatnonzero(chosen_items)),
        users=place_user[kept.users].astype(np.int32),
        items=place_item[kept.items].astype(np.int32),
        values=kept.values,
        times=kept.times,
    )


def _most(counts: npt.NDArray[np.int64], ids: tuple[str, ...], n: int, by_lot: np.random.Generator) -> Bools:
    """bool ``[ids]``: the ``n`` with the most rows; one without any is not chosen."""
    if n < 1:
        raise UsageError(f"the top {n} are none; give 1 or more.")
    drawn = np.empty(len(ids))
    drawn[sorted(range(len(ids)), key=ids.__getitem__)] = by_lot.random(len(ids))
    chosen = np.zeros(len(ids), bool)
    chosen[np.lexsort((drawn, -counts))[:n]] = True
    return chosen & (counts > 0)


def _some(among: Bools, share: float, seed: list[int]) -> Bools:
    """A share of those that are true, one at least; none where the share is 0."""
    chosen = np.zeros_like(among)
    if share:
        places = np.flatnonzero(among)
        number = max(_rounded(len(places) * share), 1)
        chosen[np.random.default_rng(seed).permutation(places)[:number]] = True
    return chosen


def _sides_of(test: Bools, validation: Bools) -> npt.NDArray[np.int8]:
    return np.where(test, TEST, np.where(validation, VALIDATION, TRAIN)).astype(np.int8)


def _split(history: History, side: npt.NDArray[np.int8], name: str, params: Mapping[str, Any], *apart: str) -> Split:
    for what, number in (("test", TEST), ("training", TRAIN)):
        if len(history) and not (side == number).any():
            raise UsageError(f"{name}: no row is left on the side of the {what}; give other folds or shares.")
    return Split(history=history, side=side, name=name, params=params, disjoint=("pairs", *apart))


def _rounded(number: float) -> int:
    return int(np.floor(number + 0.5))
