"""Rehearsal: what is put aside teaches the answers alone, and nothing that is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.models.hybrid.planted import ITEMS, USERS, told
from triptych.catalogue.history import UNTIMED, History
from triptych.errors import UnknownName, UsageError
from triptych.models.hybrid.fitted import Fitted
from triptych.models.hybrid.gates import Scene
from triptych.models.hybrid.rehearsal import STRANGERS, Rehearsal, _new
from triptych.models.hybrid.voices import HISTORICAL, NAMES

#: Items that are made new.
HELD = np.arange(0, ITEMS, 4)


def scenes(rehearsal: Rehearsal, fitted: Fitted, history: History) -> list[Scene]:
    voices = fitted.voices
    return rehearsal.scenes(voices.counting, history, voices.tower, voices.anchors, fitted.shown, HELD)


def judges(history: History, aside: np.ndarray) -> np.ndarray:
    """Who likes something of what is put aside."""
    return np.unique(history.users[aside & (history.values >= 4)])


def said_alike(one: Scene, here: np.ndarray, other: Scene, there: np.ndarray) -> None:
    """To the last bit, of users at places ``here`` of the one scene and ``there`` of the other."""
    assert np.array_equal(one.voices[:, here], other.voices[:, there])
    assert np.array_equal(one.unsure, other.unsure)
    assert one.told.keys() == other.told.keys()
    assert one.told
    for voice, own in one.told.items():
        assert np.array_equal(own[here], other.told[voice][there])


def turned(history: History, aside: np.ndarray) -> History:
    """What is put aside, liked where it was not and the other way round."""
    return replace(history, values=np.where(aside, 6 - history.values, history.values).astype(np.float32))


def test_the_latest_rows_are_put_aside_and_of_nobody_more_than_half() -> None:
    history = told()
    aside = Rehearsal(rows=3).put_aside(history, 0)
    for user in range(USERS):
        own, times = aside[history.users == user], history.times[history.users == user]
        assert own.sum() == min(3, len(own) // 2)
        assert not own.any() or times[own].min() > times[~own].max()
    part = Rehearsal(later="all", part=0.2).put_aside(history, 0)
    assert part.mean() == pytest.approx(0.2, abs=0.01)
    assert history.times[part].min() > history.times[~part].max()


def test_without_times_a_lot_decides_and_not_the_order() -> None:
    history = told(timed=False)
    order = np.random.default_rng(1).permutation(len(history))
    for rehearsal in (Rehearsal(rows=3), Rehearsal(later="all", rows=3)):
        aside = rehearsal.put_aside(history, 0)
        assert aside.any()
        assert np.array_equal(rehearsal.put_aside(history.take(order), 0), aside[order])
        assert not np.array_equal(rehearsal.put_aside(history, 1), aside)


def test_what_is_put_aside_says_nothing(fitted: Fitted) -> None:
    """Were it liked or not, the voices of who judges either time are the same bits; the answers are not."""
    history = fitted.history
    rehearsal = Rehearsal(rows=4, rounds=1)
    aside = rehearsal.put_aside(history, 0)
    other = turned(history, aside)
    one, two = (scenes(rehearsal, fitted, rows)[-1] for rows in (history, other))
    asked = judges(history, aside), judges(other, aside)
    both = np.intersect1d(*asked)
    assert len(both) > 10
    here, there = (np.searchsorted(own, both) for own in asked)
    said_alike(one, here, two, there)
    assert np.array_equal(one.sizes[:, here], two.sizes[:, there])
    assert np.array_equal(one.likes, two.likes)
    assert np.array_equal(one.may[here], two.may[there])
    assert not (one.liked[here] & two.liked[there]).any()
    # Whoever does see it says something else.
    third = scenes(rehearsal, fitted, replace(history, values=6 - history.values))[-1]
    assert not np.array_equal(one.likes, third.likes)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_an_item_made_new_keeps_so_many_rows_and_what_it_lost_says_nothing(fitted: Fitted, number: int) -> None:
    history = fitted.history
    rehearsal = Rehearsal(later="none", rounds=number + 1)
    one = scenes(rehearsal, fitted, history)[number]
    keeps = (0, 1, 5)[number]
    assert (one.likes <= keeps).all()
    assert 3 < len(one.likes) < ITEMS // 2
    # The items are those with more rows than they keep that a lot chose: found again by what differs.
    pairs = np.zeros((USERS, ITEMS), bool)
    pairs[history.users, history.items] = True
    hidden = one.may.sum(axis=0)
    assert (hidden >= len(one.may) - keeps).all()
    assert one.liked.any(axis=1).all()
    assert not (one.liked & ~one.may).any()
    silent = one.voices[:2][:, :, one.likes == 0]
    if keeps == 0:
        assert not silent.any(), "of an item without rows nobody can say who had it with what"
        assert not any(own.any() for own in one.told.values()), "and its likes tell nothing"
        assert not one.voices[-2:].any()


def test_all_values_put_aside_may_change_and_items_without_rows_sound_the_same(fitted: Fitted) -> None:
    """Round 0 takes all rows from the items that are held: whatever those were, the same is said of the items."""
    history = fitted.history
    rehearsal = Rehearsal(later="none", rounds=1)
    one = scenes(rehearsal, fitted, history)[0]
    new = _new(history, HELD, 0)
    assert new.sum() == len(one.likes)
    aside = new[history.items]
    other = turned(history, aside)
    two = scenes(rehearsal, fitted, other)[0]
    asked = judges(history, aside), judges(other, aside)
    both = np.intersect1d(*asked)
    here, there = (np.searchsorted(own, both) for own in asked)
    assert len(both) > 10
    said_alike(one, here, two, there)
    assert not np.array_equal(one.liked[here], two.liked[there])


def test_strangers_rehearse_where_all_items_stand_side_by_side(fitted: Fitted) -> None:
    history = fitted.history
    *rounds, last = scenes(Rehearsal(rounds=2), fitted, history)
    assert all(one.strangers is None for one in rounds)
    own = last.strangers
    assert own is not None
    assert own.voices.shape == (len(NAMES) - len(HISTORICAL), len(own.liked), ITEMS)
    assert np.array_equal(own.voices, np.repeat(own.voices[:, :1], len(own.liked), axis=1)), "all hear the same"
    assert np.array_equal(own.voices[:, 0], last.voices[len(HISTORICAL) :, 0])
    # Nobody came without a history: all do as if.
    assert np.array_equal(own.liked, last.liked)
    assert all(one.strangers is not None for one in scenes(Rehearsal(later="none", rounds=2), fitted, history))


def test_those_who_came_without_a_history_speak_for_strangers(fitted: Fitted) -> None:
    history = fitted.history
    late = np.isin(history.users, np.arange(STRANGERS + 5))
    times = np.where(late, 10**9, history.times % 10**8)
    last = scenes(Rehearsal(later="all", part=float(late.mean()), rounds=1), fitted, replace(history, times=times))[-1]
    assert last.strangers is not None
    assert len(last.strangers.liked) <= STRANGERS + 5
    assert last.strangers.may.all(), "they had nothing that could not be listed again"


def test_where_nothing_is_left_there_is_no_scene(fitted: Fitted) -> None:
    history = fitted.history
    moment = replace(history, times=np.full(len(history), 7))
    assert scenes(Rehearsal(later="all", rounds=1), fitted, moment)[1:] == []
    single = history.take(history.users == 0)
    assert len(scenes(Rehearsal(rounds=1), fitted, single)) <= 2
    untimed = replace(history, times=np.full(len(history), UNTIMED))
    assert len(scenes(Rehearsal(rounds=1), fitted, untimed)) == 2


def test_settings_that_cannot_be_are_refused() -> None:
    with pytest.raises(UnknownName):
        Rehearsal(later="sometime")  # type: ignore[arg-type]
    for wrong in ({"rows": 0}, {"rounds": 0}, {"part": 0.0}, {"part": 1.0}):
        with pytest.raises(UsageError):
            Rehearsal(**wrong)
