"""Passage: what content foretold of an item gives way to what its likes tell."""

from __future__ import annotations

import numpy as np

from tests.models.hybrid.planted import IS_COLD, ITEMS, told
from triptych.models.hybrid.fitted import Fitted
from triptych.models.hybrid.folding import with_history
from triptych.models.hybrid.passage import FADING, Foretold, Passage

PASSAGE = Passage(noise=4.0, own=1.0)


def test_what_likes_tell_counts_nothing_without_likes_and_in_the_end_all() -> None:
    likes = np.array([0, 1, 2, 5, 20, 100, 10_000_000])
    share = PASSAGE.share(np.full(len(likes), 0.5), likes)
    assert share[0] == 0
    assert (np.diff(share) > 0).all()
    assert share[-1] > 0.999_999
    assert share[1] == 1.5 / (1.5 + 4.0)


def test_an_item_unlike_all_others_leaves_what_was_foretold_sooner() -> None:
    share = PASSAGE.share(np.array([0.1, 0.5, 2.0]), np.array([3, 3, 3]))
    assert (np.diff(share) > 0).all()


def test_of_likes_to_come_less_and_less_is_foretold() -> None:
    launch = np.full(4, np.log1p(12.0))
    likes = np.array([0, 5, 50, 5000])
    found = PASSAGE.likes_to_come(launch, likes)
    np.testing.assert_allclose(found, likes + 12 * FADING / (FADING + likes))
    assert (np.diff(found - likes) < 0).all()
    assert PASSAGE.likes_to_come(np.array([-3.0]), np.array([0])) == 0  # nothing is liked less than never


def test_what_is_foretold_is_cut_as_it_was_put_together() -> None:
    made = np.arange(10.0).reshape(2, 5)
    found = Foretold.of(made, np.ones(2))
    assert found.liked.tolist() == [[0, 1], [5, 6]]
    assert found.met.tolist() == [[2, 3], [7, 8]]
    assert found.launch.tolist() == [4, 9]


def test_an_item_comes_to_lie_where_its_likes_put_it_as_they_come_in(fitted: Fitted) -> None:
    """Of some items all likes but n are taken away, and given back: by and by they are where they were."""
    history, voices = fitted.history, fitted.voices
    likes = history.take(history.values >= 4)
    some = np.flatnonzero(~IS_COLD & (likes.item_counts >= 8))[::3]
    assert len(some) >= 5
    turn = np.random.default_rng(0).permutation(len(history))
    away: list[float] = []
    alike: list[float] = []
    for n in (0, 1, 4, 8, ITEMS * ITEMS):
        kept = np.ones(len(history), bool)
        for item in some:
            own = turn[(history.items[turn] == item) & (history.values[turn] >= 4)]
            kept[own[n:]] = False
        found = with_history(voices, history.take(kept))
        lies, there = found.lies[some], voices.lies[some]
        away.append(float(np.linalg.norm(lies - there, axis=1).mean()))
        lengths = np.linalg.norm(lies, axis=1) * np.linalg.norm(there, axis=1)
        alike.append(float(((lies * there).sum(axis=1) / lengths).mean()))
        if not n:
            np.testing.assert_array_equal(lies, voices.foretold.met[some])
            np.testing.assert_array_equal(found.liked[some], voices.foretold.liked[some])
    # One like says where to look before it says how far.
    assert (np.diff(alike) > 0.05).all()
    assert away[1] > away[2] > away[3] > away[4] == 0
    assert away[0] > away[3]


def test_where_nobody_rated_an_item_its_content_alone_says_where_it_lies(fitted: Fitted) -> None:
    voices = fitted.voices
    assert not voices.likes[IS_COLD].any()
    np.testing.assert_array_equal(voices.lies[IS_COLD], voices.foretold.met[IS_COLD])
    at = voices.foretold.launch[IS_COLD] + voices.basis.log_likes
    np.testing.assert_allclose(voices.promise[IS_COLD], np.maximum(at, 0))
    assert not voices.standing[IS_COLD].any()
    assert not voices.lately[:, IS_COLD].any()
    # And what it does say does not hang on rows of it that come later.
    rows = told()
    again = fitted.with_rows(rows.take(IS_COLD[rows.items])).voices
    assert again.likes[IS_COLD].all()
    assert (again.promise[IS_COLD] <= voices.promise[IS_COLD]).all()
    assert (again.standing[IS_COLD] > 0).all()
    np.testing.assert_array_equal(again.foretold.met, voices.foretold.met)


def test_who_is_still_to_come_is_fewer_as_likes_come_in() -> None:
    likes = np.array([0, 1, 5, 20, 100, 1000])
    left = PASSAGE.to_come(np.full(6, np.log1p(40.0)), likes)
    assert left[0] == 1
    assert (np.diff(left) < 0).all()
    assert left[-1] < 0.01
    coming = PASSAGE.likes_to_come(np.full(6, np.log1p(40.0)), likes)
    np.testing.assert_allclose(left[1:], ((coming - likes) / coming)[1:])
    # Of an item that nobody was to like nobody is left once there are likes.
    assert PASSAGE.to_come(np.zeros(2), np.array([0, 3])).tolist() == [1.0, 0.0]
