"""Neighbours by content: equal to the definition written out in loops, and fair where similarities tie."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.contracts.recommender import checkerboard, everyone, history_of
from triptych.catalogue.history import History
from triptych.errors import UnknownName, UsageError
from triptych.models import neighbours
from triptych.models.neighbours import ContentNeighbours
from triptych.spaces.blocks import Blocks


def by_definition(history: History, similar: np.ndarray, *, k: int, like: float) -> np.ndarray:
    """Scores ``[users, items]``, one pair of items after another. ``similar`` ``[items, items]``."""
    found = np.zeros((len(history.user_ids), len(history.item_ids)))
    liked = (history.matrix.toarray() >= like) & (history.pairs.toarray() > 0)
    for i in range(similar.shape[0]):
        others = [j for j in np.flatnonzero(history.item_counts) if j != i]
        for j in others:
            nearer = sum(similar[i, h] > similar[i, j] for h in others)
            tied = sum(similar[i, h] == similar[i, j] for h in others)
            share = min(max((k - nearer) / tied, 0), 1)
            found[:, i] += liked[:, j] * share * max(similar[i, j], 0)
    return found


def ratings(rng: np.random.Generator, users: int, items: int) -> np.ndarray:
    values = rng.integers(1, 6, (users, items)) * (rng.random((users, items)) < 0.3)
    values[:, -4:] = 0  # cold
    values[0, 0] = 5
    return values.astype(np.float32)


@pytest.mark.parametrize("k", [1, 4, 30])
def test_by_genres_it_is_what_the_definition_says(k: int) -> None:
    rng = np.random.default_rng(k)
    history = history_of(ratings(rng, 15, 40))
    genres = {item_id: [g for g in "abcd" if rng.random() < 0.4] for item_id in history.item_ids}
    hot = np.array([[g in genres[i] for g in "abcd"] for i in history.item_ids], float)
    length = np.sqrt(hot.sum(axis=1))
    similar = np.divide(
        hot @ hot.T, np.outer(length, length), out=np.zeros((40, 40)), where=np.outer(length, length) > 0
    )
    model = ContentNeighbours.of_genres(genres, k=k)
    found = model.fit(history).scores(everyone(history))
    np.testing.assert_allclose(found, by_definition(history, similar.round(9), k=k, like=4.0), atol=1e-5)
    assert found.any()


def test_by_features_of_which_some_are_missing_it_is_what_the_definition_says() -> None:
    rng = np.random.default_rng(5)
    history = history_of(ratings(rng, 12, 30))
    seeing, reading = rng.standard_normal((2, 30, 6)).astype(np.float32)
    mask = np.ones((30, 2), bool)
    mask[rng.permutation(30)[:8], 1] = False
    mask[3] = False  # of which nothing is known
    seeing[~mask[:, 0]], reading[~mask[:, 1]] = 0, 0
    weights = {"seeing": 2.0, "reading": 1.0}
    both = mask[:, None, :] & mask[None, :, :]
    parts = [w * both[:, :, p] for p, w in enumerate((2.0, 1.0))]
    top = parts[0] * (seeing @ seeing.T) + parts[1] * (reading @ reading.T)
    squares = np.stack([2 * (seeing**2).sum(axis=1), (reading**2).sum(axis=1)], axis=1)
    bottom = np.sqrt(squares.sum(axis=1)[:, None] * (both * squares[None]).sum(axis=2))
    similar = np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)
    blocks = Blocks(panels=("seeing", "reading"), values=(seeing, reading), mask=mask)

    turned = rng.permutation(30)  # ids join content and history, places do not
    model = ContentNeighbours(
        item_ids=tuple(history.item_ids[i] for i in turned), blocks=blocks.rows(turned), k=5, like=3.0, weights=weights
    )
    found = model.fit(history).scores(everyone(history))
    np.testing.assert_allclose(found, by_definition(history, similar, k=5, like=3.0), atol=1e-4)
    assert not found[:, 3].any()


def test_by_distance_the_nearest_count_most() -> None:
    rng = np.random.default_rng(8)
    history = history_of(ratings(rng, 12, 30))
    values = rng.integers(0, 4, (30, 3)).astype(np.float32)  # of which many are as far
    similar = 1 / (1 + np.sqrt(((values[:, None] - values[None]) ** 2).sum(axis=2)))
    blocks = Blocks(panels=("seeing",), values=(values,), mask=np.ones((30, 1), bool))
    found = ContentNeighbours(item_ids=history.item_ids, blocks=blocks, k=4, metric="euclidean").fit(history)
    expected = by_definition(history, similar, k=4, like=4.0)
    np.testing.assert_allclose(found.scores(everyone(history)), expected, atol=1e-5)


def test_all_that_tie_share_what_room_there_is_however_many_they_are() -> None:
    """Fifty items are each like the cold one in one genre of two: five of them are its neighbours, a tenth of each."""
    values = np.zeros((2, 51), np.float32)
    values[0, :50], values[1, 49] = 5, 5
    history = history_of(values)
    genres = {item_id: ["shared", f"own-{k}"] for k, item_id in enumerate(history.item_ids)}
    genres[history.item_ids[50]] = ["shared"]
    found = ContentNeighbours.of_genres(genres, k=5).fit(history).scores(np.array([0, 1]))
    np.testing.assert_allclose(found[:, 50], [5 * np.sqrt(0.5), 0.1 * np.sqrt(0.5)], atol=1e-6)


def test_of_too_many_that_tie_a_lot_tells_which_and_not_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "MOST_TIED", 8)
    values = np.zeros((1, 51), np.float32)
    values[0, :50:2] = 5
    values[0, 1:50:2] = 1
    history = history_of(values)
    genres = {item_id: ["shared", f"own-{k}"] for k, item_id in enumerate(history.item_ids)}
    genres[history.item_ids[50]] = ["shared"]
    scores = set[float]()
    for seed in range(12):
        one = replace(ContentNeighbours.of_genres(genres, k=5), seed=seed)
        turned = replace(one, item_ids=one.item_ids[::-1], blocks=one.blocks.rows(np.arange(51)[::-1]))
        [found], [other] = one.fit(history).scores(np.array([0])), turned.fit(history).scores(np.array([0]))
        assert (found == other).all()
        scores.add(float(found[50]))
    assert len(scores) > 2
    assert 1 < np.mean(list(scores)) < 2.6  # half of five neighbours at √½


def test_without_likes_all_score_0_and_what_is_unlike_is_no_neighbour() -> None:
    history = history_of(np.array([[5, 0, 0], [3, 2, 0]], np.float32), ("near", "far", "new"))
    values = np.array([[1, 0], [-1, 0], [-1, 0.1]], np.float32)
    blocks = Blocks(panels=("seeing",), values=(values,), mask=np.ones((3, 1), bool))
    fitted = ContentNeighbours(item_ids=history.item_ids, blocks=blocks).fit(history)
    assert not fitted.scores(np.array([0, 1])).any()
    every = ContentNeighbours(item_ids=history.item_ids, blocks=blocks, like=None).fit(history)
    assert (every.scores(np.array([0, 1]))[:, 2] > 0).tolist() == [False, True]


def test_on_a_checkerboard_the_colour_finds_all_of_it() -> None:
    history, answers = checkerboard()
    genres = {item_id: ["light" if k % 2 else "dark"] for k, item_id in enumerate(history.item_ids)}
    scores = ContentNeighbours.of_genres(genres).fit(history).scores(everyone(history))
    scores[history.pairs.toarray() > 0] = -1
    assert (scores.argmax(axis=1) == answers).all()


def test_what_cannot_be_honoured_is_refused() -> None:
    blocks = Blocks(panels=("seeing",), values=(np.eye(2, dtype=np.float32),), mask=np.ones((2, 1), bool))
    with pytest.raises(UsageError, match="k is 0"):
        ContentNeighbours(item_ids=("a", "b"), blocks=blocks, k=0)
    with pytest.raises(UsageError, match="2 ids, 1 of them different, for 2 rows"):
        ContentNeighbours(item_ids=("a", "a"), blocks=blocks)
    with pytest.raises(UnknownName, match="no panel 'hearing'"):
        ContentNeighbours(item_ids=("a", "b"), blocks=blocks, weights={"hearing": 1})
    with pytest.raises(UnknownName, match="no metric 'manhattan'"):
        ContentNeighbours(item_ids=("a", "b"), blocks=blocks, metric="manhattan")
    with pytest.raises(UsageError, match="all weights are 0"):
        ContentNeighbours(item_ids=("a", "b"), blocks=blocks, weights={})
