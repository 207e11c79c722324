"""Panels: a panel of chance is dropped, one that decides is kept; by the training side alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from triptych.catalogue.history import History
from triptych.errors import UnknownName
from triptych.models.affinity.affinity import Affinity
from triptych.models.hybrid import panels
from triptych.models.hybrid.hybrid import Hybrid
from triptych.models.hybrid.panels import chosen
from triptych.models.similarity import Lessons
from triptych.spaces.blocks import Blocks

ITEMS, USERS = 60, 40
LIGHT = Hybrid(tower=Affinity.preset("affinity-launch", batch=4096, steps=1))


def lessons(*, cold: int = 10) -> Lessons:
    """Items of two kinds, which seeing tells apart and hearing does not; users mostly like those of one kind. The first
    ``cold`` items have no rows."""
    rng = np.random.default_rng(0)
    users, items = np.nonzero(rng.random((USERS, ITEMS)) < 0.5)
    kept = items >= cold
    kinds = np.eye(2)[np.arange(ITEMS) % 2]
    values = (kinds, rng.normal(size=(ITEMS, 1)))
    own = (users % 2 == items % 2) ^ (rng.random(len(users)) < 0.2)
    history = History(
        user_ids=tuple(f"u{k:02}" for k in range(USERS)),
        item_ids=tuple(f"i{k:02}" for k in range(ITEMS)),
        users=users[kept].astype(np.int32),
        items=items[kept].astype(np.int32),
        values=np.where(own, 5, 2)[kept].astype(np.float32),
        times=np.arange(int(kept.sum()), dtype=np.int64),
    )
    blocks = Blocks(
        panels=("seeing", "hearing"),
        names=("seeing/kind", "hearing/noise"),
        values=tuple(one.astype(np.float32) for one in values),
        mask=np.ones((ITEMS, 2), bool),
    )
    return Lessons(
        blocks=blocks, train=history, may_learn=np.arange(ITEMS) >= cold, genres=np.zeros((ITEMS, 1), np.float32)
    )


def test_what_is_chance_is_dropped_and_what_decides_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panels, "EPOCHS", 6)
    taught = lessons()
    found = chosen(LIGHT, taught)
    assert (found.panels, found.dropped) == (("seeing",), ("hearing",))
    assert found.gains["seeing"][0] > 3 * found.gains["seeing"][1]
    assert found.settings == replace(LIGHT, without=("hearing/noise",))
    # What cold items look like decides nothing.
    other = [np.where((np.arange(ITEMS) < 10)[:, None], one[::-1], one) for one in taught.blocks.values]
    changed = replace(taught, blocks=replace(taught.blocks, values=tuple(other)))
    again = chosen(LIGHT, changed)
    assert (again.dropped, again.gains) == (found.dropped, found.gains)


def test_a_fit_by_helpful_panels_learns_without_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panels, "EPOCHS", 6)
    settings = replace(LIGHT, rounds=1, tower=Affinity.preset("affinity", batch=256, steps=1, epochs=2))
    fitted = replace(settings, panels="helpful").fit(lessons())
    assert fitted.facts["panels"]["dropped"] == ["hearing"]
    assert fitted.voices.tower.names == ("seeing/kind",)
    plain = replace(settings, without=("hearing/noise",)).fit(lessons())
    np.testing.assert_array_equal(fitted.scores(np.arange(USERS)), plain.scores(np.arange(USERS)))
    with pytest.raises(UnknownName, match="helpful"):
        Hybrid(panels="best")  # type: ignore[arg-type]


def test_nothing_is_dropped_where_there_is_too_little_to_tell_or_one_panel_alone() -> None:
    few = lessons(cold=ITEMS - 8)
    assert chosen(LIGHT, few).settings == LIGHT
    alone = replace(LIGHT, without=("hearing/noise",))
    assert chosen(alone, lessons()).settings == alone
