"""Splits: sides are apart, every row has one, time is respected, and nothing but the pairs and the seed decides."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triptych.catalogue.history import UNTIMED, History
from triptych.catalogue.sources.events import EventFile
from triptych.errors import UsageError
from triptych.evaluate import splits
from triptych.evaluate.split import TEST, TRAIN, UNUSED, VALIDATION, Split

SEEDS = st.integers(0, 2**20)
WAYS: dict[str, Callable[[History, int], list[Split]]] = {
    "random": lambda h, seed: [splits.random(h, shares=(0.6, 0.2, 0.2), seed=seed)],
    "per_user": lambda h, seed: [splits.per_user(h, holdout=0.3, validation=0.25, seed=seed)],
    "per_user_number": lambda h, seed: [splits.per_user(h, holdout=2, validation=0.25, seed=seed)],
    "leave_last": lambda h, seed: [splits.leave_last(h, seed=seed)],
    "by_time": lambda h, seed: [splits.by_time(h, share=0.3, validation=0.2)],
    "k_fold": lambda h, seed: splits.k_fold(h, 3, validation=0.2, seed=seed),
}


def world(seed: int, *, users: int = 12, items: int = 15) -> History:
    """A third of all pairs, with few different times, so that rows of one moment are common."""
    rng = np.random.default_rng(seed)
    pairs = rng.permutation(users * items)[: users * items // 3]
    pairs = np.union1d(pairs, np.arange(users) * items)  # each user has a row
    return History(
        user_ids=tuple(f"u{k}" for k in range(users)),
        item_ids=tuple(f"i{k}" for k in range(items)),
        users=(pairs // items).astype(np.int32),
        items=(pairs % items).astype(np.int32),
        values=rng.integers(1, 6, len(pairs)).astype(np.float32),
        times=rng.integers(0, 40, len(pairs)),
    )


def by_pair(split: Split) -> dict[tuple[str, str], int]:
    h = split.history
    pairs = zip(h.users.tolist(), h.items.tolist(), split.side.tolist(), strict=True)
    return {(h.user_ids[u], h.item_ids[i]): side for u, i, side in pairs}


def otherwise(history: History, seed: int) -> History:
    """The same interactions, rows and lists of ids in another order."""
    rng = np.random.default_rng(seed)
    users, items = rng.permutation(len(history.user_ids)), rng.permutation(len(history.item_ids))
    rows = rng.permutation(len(history))
    mixed = history.take(rows)
    return History(
        user_ids=tuple(history.user_ids[k] for k in users),
        item_ids=tuple(history.item_ids[k] for k in items),
        users=np.argsort(users)[mixed.users].astype(np.int32),
        items=np.argsort(items)[mixed.items].astype(np.int32),
        values=mixed.values,
        times=mixed.times,
    )


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_every_row_has_one_side_and_only_pairs_and_seed_decide(way: str, seed: int) -> None:
    history = world(seed)
    made = WAYS[way](history, seed)
    again = WAYS[way](otherwise(history, seed), seed)
    for split, other in zip(made, again, strict=True):
        assert len(split.train) + len(split.validation) + len(split.test) == len(history)
        assert min(len(split.train), len(split.validation), len(split.test)) > 0
        assert by_pair(split) == by_pair(other)
    if way not in ("by_time", "leave_last"):  # of which the seed decides little or nothing
        assert by_pair(made[0]) != by_pair(WAYS[way](history, seed + 1)[0])


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_time_is_respected(seed: int) -> None:
    history = world(seed)
    cut = splits.by_time(history, share=0.3, validation=0.2)
    assert cut.train.times.max() < cut.validation.times.min()
    assert cut.validation.times.max() < cut.test.times.min()
    last = splits.leave_last(history, seed=seed)
    for user in range(len(history.user_ids)):
        mine = history.users == user
        train, validation, test = (history.times[mine & (last.side == s)] for s in (TRAIN, VALIDATION, TEST))
        assert (len(test), len(validation)) == (int(mine.sum() > 1), int(mine.sum() > 2))
        assert max(train, default=0) <= min([*validation, *test], default=99)
        assert max(validation, default=0) <= min(test, default=99)


def test_shares_are_met_and_each_user_keeps_a_row() -> None:
    history = world(1)
    split = splits.random(history, shares=(0.5, 0.3, 0.2), seed=3)
    assert abs(len(split.test) - 0.2 * len(history)) <= 0.5
    assert abs(len(split.validation) - 0.3 * len(history)) <= 0.5
    ten = splits.per_user(history, holdout=99, validation=0.9)
    assert (ten.train.user_counts == 1).all()
    assert len(ten.validation) == 0
    some = splits.per_user(history, holdout=2)
    assert (some.test.user_counts == np.minimum(2, history.user_counts - 1)).all()
    share = splits.per_user(history, holdout=0.25, validation=0.5)
    held = np.floor(history.user_counts * 0.25 + 0.5)
    assert (share.test.user_counts == np.minimum(held, history.user_counts - 1)).all()


def test_each_row_is_the_test_of_one_fold() -> None:
    made = splits.k_fold(world(2), 4, validation=0.1, seed=5)
    assert (np.sum([split.side == TEST for split in made], axis=0) == 1).all()
    sizes = [len(split.test) for split in made]
    assert max(sizes) - min(sizes) <= 1


def test_rows_without_a_time_are_refused_where_time_decides() -> None:
    history = world(3)
    history.times[:7] = UNTIMED
    for way in ("leave_last", "by_time"):
        with pytest.raises(UsageError, match=r"7 of \d+ rows have no time"):
            WAYS[way](history, 0)
    for fault in ({"at": -5}, {"at": 10**9}, {}, {"at": 5, "share": 0.1}):
        with pytest.raises(UsageError):
            splits.by_time(world(3), **fault)
    with pytest.raises(UsageError, match="add up to 1"):
        splits.random(history, shares=(0.5, 0.1, 0.1))
    with pytest.raises(UsageError, match="holdout"):
        splits.per_user(history, holdout=1.5)


def test_given_files_are_the_sides_and_a_pair_in_both_is_named(tmp_path: Path) -> None:
    base, test = tmp_path / "u1.base", tmp_path / "u1.test"
    base.write_text("1\t10\t5\t100\n1\t20\t3\t200\n2\t10\t4\t300\n2\t30\t1\t400\n")
    test.write_text("1\t30\t2\t50\n3\t40\t5\t60\n")
    files = [
        EventFile(path=f, names=("user_id", "item_id", "rating", "timestamp"), separator="\t") for f in (base, test)
    ]
    split = splits.given(*files, validation=0.25)
    assert (len(split.train), len(split.validation), len(split.test)) == (3, 1, 2)
    assert {pair for pair, side in by_pair(split).items() if side == TEST} == {("1", "30"), ("3", "40")}
    assert split.history.item_ids == ("10", "20", "30", "40")
    assert split.cold_items.tolist()[-1]
    assert UNUSED not in split.side
    assert split.params["files"][0] == {"file": "u1.base", "rows": 4, "left_out": 0, "refused": []}
    test.write_text("1\t10\t2\t50\n2\t30\t2\t50\n3\t40\t5\t60\n")
    with pytest.raises(UsageError, match=r"2 of the 3 pairs of the test stand in training too, such as user '1'"):
        splits.given(*files)
