"""Worth: a panel that alone decides what is liked adds, one of chance does not; and what measuring took."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from triptych.catalogue.history import History
from triptych.errors import UsageError
from triptych.evaluate.measured import Measured
from triptych.evaluate.scenarios import cold_items
from triptych.evaluate.split import Split
from triptych.evaluate.worth import Account, cold_and_warm, pooled, prices, worth
from triptych.features.ledger import Entry
from triptych.features.status import Status
from triptych.models.affinity.affinity import Affinity
from triptych.models.hybrid.hybrid import Hybrid
from triptych.models.recommender import Recommender
from triptych.models.similarity import Lessons
from triptych.spaces.blocks import Blocks

ITEMS, USERS = 60, 24
LIGHT = Hybrid(tower=Affinity.preset("affinity-launch", batch=4096, steps=1, epochs=3), rounds=1, rows=2)


def history() -> History:
    """Users and items of two kinds. Each user has rated a half of the items, and likes those of the own kind."""
    rng = np.random.default_rng(0)
    users, items = np.nonzero(rng.random((USERS, ITEMS)) < 0.5)
    return History(
        user_ids=tuple(f"u{k:02}" for k in range(USERS)),
        item_ids=tuple(f"i{k:02}" for k in range(ITEMS)),
        users=users.astype(np.int32),
        items=items.astype(np.int32),
        values=np.where(users % 2 == items % 2, 5, 2).astype(np.float32),
        times=np.arange(len(users), dtype=np.int64),
    )


def blocks(*panels: str) -> Blocks:
    """``seeing`` tells the kinds apart; the others are noise."""
    rng = np.random.default_rng(1)
    kinds = np.eye(2)[np.arange(ITEMS) % 2]
    values = [kinds if panel == "seeing" else rng.normal(size=(ITEMS, 2)) for panel in panels]
    return Blocks(
        panels=panels,
        names=tuple(f"{panel}/one" for panel in panels),
        values=tuple(one.astype(np.float32) for one in values),
        mask=np.ones((ITEMS, len(panels)), bool),
    )


def lessons(split: Split, *panels: str) -> Lessons:
    genres = np.zeros((ITEMS, 1), np.float32)
    return Lessons(blocks=blocks(*panels), train=split.train, may_learn=~split.cold_items, genres=genres)


def fit(taught: Lessons, without: tuple[str, ...]) -> Recommender:
    return replace(LIGHT, without=without).fit(taught)


@pytest.fixture(scope="module")
def account() -> Account:
    splits = cold_and_warm(history(), k=4, share=0.2)[:1]
    return worth(fit, splits, lambda split: lessons(split, "seeing", "hearing"), like=4.0)


def test_the_panel_that_decides_is_worth_having_where_nothing_else_is_known(account: Account) -> None:
    cold = account.of("seeing", "cold").added
    assert cold is not None
    assert cold.low > 0.1
    assert cold.p_holm is not None
    assert cold.p_holm < 0.01
    useless = account.of("hearing", "cold").added
    assert useless is not None
    assert abs(useless.difference) < 0.05
    whole, alone = account.whole["cold"], account.of("seeing", "cold").alone
    assert whole is not None
    assert alone is not None
    # What seeing adds is what is lost without it, and of two panels that is the other alone.
    other = account.of("hearing", "cold").alone
    assert other is not None
    assert cold.difference == pytest.approx(whole.value - other.value)
    # Where likes are known they say the same.
    warm = account.of("seeing", "warm").added
    assert warm is not None
    assert abs(warm.difference) < cold.difference / 2


def test_each_set_of_panels_is_fitted_once_on_each_split() -> None:
    asked: list[tuple[str, ...]] = []

    class Same:
        def scores(self, users: np.ndarray) -> np.ndarray:
            return np.tile(np.arange(ITEMS, dtype=np.float32), (len(users), 1))

    def note(_: Lessons, without: tuple[str, ...]) -> Recommender:
        asked.append(without)
        return Same()

    told: list[tuple[str, int, int]] = []
    splits = cold_items(history(), k=4)[:2]
    found = worth(
        note,
        splits,
        lambda split: lessons(split, "seeing", "hearing", "reading"),
        like=4.0,
        rows=("cold",),
        told=lambda *one: told.append(one),
    )
    s, h, r = (f"{panel}/one" for panel in ("seeing", "hearing", "reading"))
    assert asked[:7] == [(), (s,), (h,), (r,), (h, r), (s, r), (s, h)]
    assert asked[7:] == asked[:7]
    assert told[0] == ("seeing + hearing + reading", 1, 14)
    # What ranks alike with and without a panel gains nothing by it, and that is no finding.
    added = [one.added for one in found.worths]
    assert [(one.difference, one.p_holm) for one in added if one is not None] == [(0.0, 1.0)] * 3


def test_one_panel_and_no_split_are_refused() -> None:
    splits = cold_items(history(), k=4)[:1]
    with pytest.raises(UsageError, match="known by seeing alone"):
        worth(fit, splits, lambda split: lessons(split, "seeing"), like=4.0)
    with pytest.raises(UsageError, match="there is no split"):
        worth(fit, [], lambda split: lessons(split, "seeing"), like=4.0)


def test_a_split_of_cold_and_warm_items_tests_both() -> None:
    splits = cold_and_warm(history(), k=4, share=0.2)
    cold = cold_items(history(), k=4)[0]
    one = splits[0]
    assert (one.cold_items == cold.cold_items).all()
    held = one.test.items[~one.cold_items[one.test.items]]
    assert len(held) / (len(held) + len(one.train)) == pytest.approx(0.2, abs=0.06)
    assert len(one.test) + len(one.train) == len(history())


def test_a_user_of_several_splits_has_the_mean_of_them() -> None:
    def measured(ids: tuple[str, ...], values: list[float]) -> Measured:
        return Measured(name="", unit="user", ids=ids, values={"m": np.array(values)}, whole={})

    found = pooled([measured(("a", "b"), [1.0, 0.0]), measured(("b", "c"), [0.5, 0.2])], "both", ["m"])
    assert (found.ids, found.values["m"].tolist()) == (("a", "b", "c"), [1.0, 0.25, 0.2])


def test_a_price_is_of_what_the_ledger_and_the_clips_tell() -> None:
    def entry(item: str, feature: str, seconds: float, **more: object) -> Entry:
        told = {"recipe": "new", "status": Status.DONE, **more}
        return Entry(item_id=item, feature=feature, seconds=seconds, **told)  # type: ignore[arg-type]

    entries = [
        entry("a", "seeing/colour", 2.0),
        entry("b", "seeing/colour", 4.0),
        entry("c", "seeing/colour", 9.0),  # nobody knows how long it is
        entry("a", "seeing/colour", 50.0, recipe="old"),
        entry("a", "seeing/shots", 1.0),
        entry("b", "seeing/shots", 70.0, status=Status.FAILED),
    ]
    recipes = dict.fromkeys(["seeing/colour", "seeing/shots", "hearing/given"], "new")
    seeing, hearing = prices(entries, {"a": 60.0, "b": 120.0}, recipes)
    assert seeing.of_features == pytest.approx({"seeing/colour": 6 / 180 * 3600, "seeing/shots": 1 / 60 * 3600})
    assert seeing.seconds_an_hour == pytest.approx(180.0)
    assert (seeing.hours, seeing.unknown) == (pytest.approx(0.05), ())
    assert (hearing.seconds_an_hour, hearing.unknown) == (None, ("hearing/given",))
