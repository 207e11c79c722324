"""Splits: ways to part a history into what is learned from, what decides choices and what judges.

Each is a function of the rows and a seed alone: neither the order of the rows nor that of the lists of ids decides.
``validation`` is a share of what is left beside the test, and is taken in the same way as the test was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.catalogue.history import UNTIMED, History
from triptych.catalogue.sources.events import EventFile, read_events
from triptych.errors import UsageError
from triptych.evaluate.split import TEST, TRAIN, VALIDATION, Split
from triptych.models.turn import turns

Ints = npt.NDArray[np.int64]
Sides = npt.NDArray[np.int8]


def random(history: History, *, shares: Sequence[float] = (0.8, 0.0, 0.2), seed: int = 0) -> Split:
    """Any row may be anywhere. ``shares``: of the rows in training, validation and test; they add up to 1."""
    if len(shares) != 3 or min(shares) < 0 or abs(sum(shares) - 1) > 1e-9:
        raise UsageError(
            f"the shares of training, validation and test are three that add up to 1, such as 0.8 0.1 0.1; "
            f"{', '.join(f'{share:g}' for share in shares)} are not."
        )
    test, held = _rounded(len(history) * shares[2]), _rounded(len(history) * shares[1])
    side = _sides(turns(lots(history, seed)), test, held)
    params = {"kind": "random", "shares": list(shares), "seed": seed}
    return _split(history, side, f"random rows, {' / '.join(f'{share:.4g}' for share in shares)}", params)


def per_user(history: History, *, holdout: float = 0.2, validation: float = 0.0, seed: int = 0) -> Split:
    """Of each user's rows, drawn by lot, a share (``holdout`` below 1) or a number (a whole one) is the test.

    Each user keeps one row in training at least: who has one row is not tested, who has two is on no validation.
    """
    check_share(validation, "validation")
    number = isinstance(holdout, int)
    if not number:
        check_share(holdout, "holdout")
    elif holdout < 1:
        raise UsageError(f"{holdout} rows of each user cannot be the test; give 1 or more, or a share such as 0.2.")
    count = history.user_counts[history.users]
    test = np.minimum(holdout if number else _rounded(count * holdout), count - 1)
    held = np.minimum(_rounded((count - test) * validation), count - test - 1)
    side = _sides(turns(lots(history, seed), history.users), test, held)
    what = f"{holdout} rows" if number else f"{holdout:.4g} of the rows"
    params = {"kind": "per_user", "holdout": holdout, "validation": validation, "seed": seed}
    return _split(history, side, f"{what} of each user", params)


def leave_last(history: History, *, validation: bool = True, seed: int = 0) -> Split:
    """The last row of each user is the test, the one before it the validation; of rows at the same time the lot tells.

    Who has two rows has none in validation, who has one is not tested. UsageError for rows without a time.
    """
    timed(history)
    last = turns(lots(history, seed), -history.times, history.users)
    count = history.user_counts[history.users]
    side = np.full(len(history), TRAIN, np.int8)
    side[(last == 0) & (count > 1)] = TEST
    if validation:
        side[(last == 1) & (count > 2)] = VALIDATION
    params = {"kind": "leave_last", "validation": validation, "seed": seed}
    return _split(history, side, "the last row of each user", params, by_time="user")


def by_time(history: History, *, at: int | None = None, share: float | None = None, validation: float = 0.0) -> Split:
    """One moment for all: rows from it on are the test, so that nothing learned from is later than what judges.

    ``at`` [s since 1970], or the moment with about ``share`` of the rows from it on: rows of one moment stay together.
    The validation is what is newest before it. UsageError for rows without a time.
    """
    timed(history)
    check_share(validation, "validation")
    if (at is None) == (share is None):
        raise UsageError("a split by time needs a moment or the share of rows from it on: give one of at and share.")
    if share is not None:
        check_share(share, "test")
        at = newest(history.times, share)
    assert at is not None
    test = history.times >= at
    if test.all() or not test.any():
        raise UsageError(
            f"{int(test.sum())} of {len(history)} rows are from the moment {at} on, so that one side would be empty; "
            f"times go from {history.times.min(initial=0)} to {history.times.max(initial=0)}."
        )
    side = np.where(test, TEST, TRAIN).astype(np.int8)
    if validation:
        side[~test & (history.times >= newest(history.times[~test], validation))] = VALIDATION
    params = {"kind": "by_time", "at": at, "share": share, "validation": validation}
    return _split(history, side, f"by time, from {at} s on", params, by_time="all")


def k_fold(history: History, k: int = 5, *, validation: float = 0.0, seed: int = 0) -> list[Split]:
    """``k`` splits; each row is the test of exactly one of them."""
    check_share(validation, "validation")
    if not 2 <= k <= len(history):
        raise UsageError(f"{len(history)} rows cannot make {k} folds; give 2 to {len(history)}.")
    rank = turns(lots(history, seed))
    fold = rank * k // len(history)
    within = turns(lots(history, seed, "validation"))
    made: list[Split] = []
    for number in range(k):
        test = fold == number
        # Those of the test come first, then the others by a lot of their own.
        order = turns(np.where(test, -1, within))
        side = _sides(order, int(test.sum()), _rounded(int((~test).sum()) * validation))
        params = {"kind": "k_fold", "k": k, "fold": number, "validation": validation, "seed": seed}
        made.append(_split(history, side, f"fold {number + 1} of {k} of the rows", params))
    return made


def given(
    train: History | EventFile,
    test: History | EventFile,
    *,
    validation: float = 0.0,
    seed: int = 0,
    kinds: Sequence[str] = ("rating",),
) -> Split:
    """What others have split, such as ``u1.base`` and ``u1.test``. UsageError where a pair stands in both.

    Rows of files that are refused, or are of other ``kinds``, are counted in the params of the split.
    """
    check_share(validation, "validation")
    parts: list[History] = []
    files: list[dict[str, Any]] = []
    for part in (train, test):
        history, facts = _read(part, kinds) if isinstance(part, EventFile) else (part, {})
        parts.append(history)
        files.append(facts)
    before = len(parts[0])
    joined = _joined(parts)
    keys = joined.keys
    keys.sort()
    both = keys[1:][keys[1:] == keys[:-1]]
    if len(both):
        user, item = divmod(int(both[0]), len(joined.item_ids))
        raise UsageError(
            f"{len(both)} of the {len(joined) - before} pairs of the test stand in training too, such as user "
            f"{joined.user_ids[user]!r} with item {joined.item_ids[item]!r}; take them out of one of the two."
        )
    side = np.full(len(joined), TEST, np.int8)
    learned = joined.take(np.arange(before))
    side[:before] = np.where(turns(lots(learned, seed)) < _rounded(before * validation), VALIDATION, TRAIN)
    params = {"kind": "given", "validation": validation, "seed": seed, "files": [one for one in files if one]}
    name = " / ".join(str(one["file"]) for one in files if one) or "as given"
    return _split(joined, side, name, params)


def lots(history: History, seed: int, purpose: str = "split") -> npt.NDArray[np.float64]:
    """``[n]`` in 0…1: what each row drew. It hangs on the pairs that there are, not on the order of anything.

    Each ``purpose`` draws anew: what was last in one draw must not be last in the next one too.
    """
    users, items = _order_of(history.user_ids), _order_of(history.item_ids)
    keys = users[history.users] * max(len(history.item_ids), 1) + items[history.items]
    drawn = np.empty(len(history))
    drawn[np.argsort(keys, kind="stable")] = generator(seed, purpose).random(len(history))
    return drawn


def generator(seed: int, purpose: str) -> np.random.Generator:
    return np.random.default_rng([seed, *purpose.encode()])


def newest(values: npt.NDArray[Any], share: float) -> Any:
    """The value from which on there is about this share of them: equal ones stay together, and some stay below."""
    known, counts = np.unique(values, return_counts=True)
    if len(known) < 2:
        raise UsageError(f"all {len(values)} are of one moment, so that none is newer than another.")
    from_it_on = np.cumsum(counts[::-1])[::-1][1:] / len(values)
    return known[1:][np.argmin(np.abs(from_it_on - share))].item()


def timed(history: History) -> None:
    """UsageError unless all rows have a time."""
    if absent := int((history.times == UNTIMED).sum()):
        raise UsageError(
            f"{absent:,} of {len(history):,} rows have no time, so that they are neither early nor late; leave them "
            "out, or split in another way."
        )


def check_share(share: float, what: str) -> None:
    if not 0 <= share < 1:
        raise UsageError(f"the share of the {what} is {share:g}; give at least 0 and less than 1.")


def _split(history: History, side: Sides, name: str, params: Mapping[str, Any], *, by_time: str = "") -> Split:
    return Split(history=history, side=side, name=name, params=params, by_time=by_time)


def _sides(rank: Ints, test: Any, validation: Any) -> Sides:
    """The first ``test`` by ``rank`` are the test, the next ``validation`` the validation, the others training."""
    side = np.full(len(rank), TRAIN, np.int8)
    side[rank < test + validation] = VALIDATION
    side[rank < test] = TEST
    return side


def _rounded(number: Any) -> Any:
    """To the nearest whole one, halves up: of two rows a share of a quarter is one."""
    return np.floor(np.asarray(number) + 0.5).astype(np.int64)


def _order_of(ids: Sequence[str]) -> Ints:
    """``[n]``: which each id is among all, sorted as text."""
    order = sorted(range(len(ids)), key=ids.__getitem__)
    places = np.empty(len(ids), np.int64)
    places[order] = np.arange(len(ids))
    return places


def _read(file: EventFile, kinds: Sequence[str]) -> tuple[History, dict[str, Any]]:
    """A file's rows, and which file it is: what of it was refused, and how many rows of other kinds were left out."""
    rows, refused, _ = read_events(file)
    history = History.of_table(rows, kinds=kinds)
    left_out = rows.num_rows - len(history)
    reasons = [refusal.reason for refusal in refused]
    return history, {"file": file.path.name, "rows": len(history), "left_out": left_out, "refused": reasons}


def _joined(parts: Sequence[History]) -> History:
    """All rows, one part after the other, over one list of ids: theirs if it is the same, else sorted."""
    user_ids, item_ids = (
        lists[0] if len(set(lists)) == 1 else tuple(sorted({name for ids in lists for name in ids}))
        for lists in ([part.user_ids for part in parts], [part.item_ids for part in parts])
    )
    users, items = ({name: k for k, name in enumerate(ids)} for ids in (user_ids, item_ids))

    def placed(ids: Sequence[str], places: Mapping[str, int], column: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        return np.array([places[name] for name in ids], np.int32)[column]

    return History(
        user_ids=user_ids,
        item_ids=item_ids,
        users=np.concatenate([placed(part.user_ids, users, part.users) for part in parts]),
        items=np.concatenate([placed(part.item_ids, items, part.items) for part in parts]),
        values=np.concatenate([part.values for part in parts]),
        times=np.concatenate([part.times for part in parts]),
    )
