"""ALS solves the equations of its paper, and finds what a checkerboard hides."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.contracts.recommender import checkerboard, everyone, history_of
from triptych.catalogue.history import History
from triptych.errors import UsageError
from triptych.models import als
from triptych.models.als import ALS, Factors


def ratings(seed: int = 0) -> History:
    rng = np.random.default_rng(seed)
    values = rng.integers(1, 6, (40, 30)) * (rng.random((40, 30)) < rng.random(30))
    values[:, 7], values[5] = 0, 0
    return history_of(values.astype(np.float32))


def loss(history: History, model: ALS, fitted: Factors) -> float:
    """What is made least, over every pair of a user and an item that have rows."""
    users, items = history.user_counts > 0, history.item_counts > 0
    held = history.pairs.toarray()[np.ix_(users, items)]
    extra = history.matrix.toarray()[np.ix_(users, items)] if model.by_value else held
    confidence = 1 + model.alpha * extra
    x, y = fitted.users[users], fitted.items[items]
    misses = (confidence * (held - x @ y.T) ** 2).sum()
    penalties = [
        (model.regularisation * confidence.sum(axis=axis) ** model.power * (side**2).sum(axis=1)).sum()
        for axis, side in ((1, x), (0, y))
    ]
    return float(misses + sum(penalties))


@pytest.mark.parametrize("model", [ALS(factors=2), ALS(factors=2, power=0.5, regularisation=0.3, by_value=True)])
def test_each_vector_is_the_best_that_there_is(model: ALS) -> None:
    """Once both sides have settled, the loss is level there in every direction, and rises from there."""
    history = ratings()
    fitted = replace(model, iterations=200).fit(history)
    least = loss(history, model, fitted)
    rng = np.random.default_rng(1)
    for side in ("users", "items"):
        vectors = getattr(fitted, side)
        for _ in range(10):
            step = rng.standard_normal(vectors.shape) * 1e-3 * (vectors != 0)
            there, back = (loss(history, model, replace(fitted, **{side: vectors + s})) for s in (step, -step))
            assert abs(there - back) < 1e-3 * (there + back - 2 * least)


def test_the_loss_falls_with_every_iteration_and_the_seed_decides_where_it_starts() -> None:
    history, model = ratings(), ALS(factors=4)
    falling = [loss(history, model, replace(model, iterations=n).fit(history)) for n in (1, 2, 4, 8)]
    assert falling == sorted(falling, reverse=True)
    other = replace(model, seed=1, iterations=1).fit(history)
    assert not np.allclose(other.items, replace(model, iterations=1).fit(history).items)


def test_how_the_work_is_cut_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    history, model = ratings(), ALS(factors=4, iterations=3)
    whole = model.fit(history)
    monkeypatch.setattr(als, "CHUNK", 500)
    chunked = model.fit(history)
    assert (chunked.items == whole.items).all()
    monkeypatch.setattr(als, "LONGEST", 5)
    pieces = model.fit(history)
    np.testing.assert_allclose(pieces.items, whole.items, atol=1e-10)


def test_what_has_no_rows_has_no_vector_and_moves_no_other() -> None:
    history = ratings()
    fitted = ALS(factors=4).fit(history)
    assert not fitted.items[7].any()
    assert not fitted.users[5].any()
    keep = np.arange(30) != 7
    fewer = replace(
        history,
        item_ids=tuple(one for one, kept in zip(history.item_ids, keep, strict=True) if kept),
        items=(np.cumsum(keep) - 1)[history.items].astype(np.int32),
    )
    np.testing.assert_allclose(ALS(factors=4).fit(fewer).items, fitted.items[keep], atol=1e-10)


def test_it_finds_what_a_checkerboard_hides() -> None:
    history, answers = checkerboard()
    scores = ALS(factors=4).fit(history).scores(everyone(history))
    scores[history.pairs.toarray() > 0] = -np.inf
    assert (scores.argmax(axis=1) == answers).all()


def test_settings_that_make_no_sense_are_refused() -> None:
    for wrong in ({"factors": 0}, {"iterations": 0}, {"alpha": 0.0}, {"regularisation": 0.0}, {"power": 1.5}):
        with pytest.raises(UsageError, match=next(iter(wrong))):
            ALS(**wrong)
    history = replace(ratings(), values=np.zeros(len(ratings()), np.float32))
    with pytest.raises(UsageError, match="must be above 0"):
        ALS(by_value=True).fit(history)
