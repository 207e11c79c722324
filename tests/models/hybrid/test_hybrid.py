"""A hybrid ranks items by content where nobody knows them, by likes where they do, and well on the way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.models.hybrid.planted import GRUMPY, IS_COLD, SILENT, USERS, lessons, right, settings, told
from triptych.errors import UnknownName, UsageError
from triptych.models.hybrid.fitted import Fitted
from triptych.models.hybrid.hybrid import Hybrid

EVERYBODY = np.arange(USERS)
#: Who has a taste.
ASKED = np.setdiff1d(EVERYBODY, [GRUMPY, SILENT])


def judged(fitted: Fitted, among: np.ndarray) -> float:
    return right(fitted.scores(EVERYBODY), among, ASKED)


def test_items_of_a_taste_stand_above_the_others_cold_and_warm(fitted: Fitted) -> None:
    assert judged(fitted, IS_COLD) > 0.95
    assert judged(fitted, ~IS_COLD) > 0.9
    assert judged(fitted, np.ones_like(IS_COLD)) > 0.8  # what nobody has had stands behind what all have


@pytest.mark.parametrize("n", [1, 5, 20])
def test_as_likes_come_in_an_item_is_ranked_no_worse_for_it(fitted: Fitted, n: int) -> None:
    rows = told()
    turn = np.random.default_rng(1).permutation(len(rows))
    which = [turn[rows.items[turn] == item][:n] for item in np.flatnonzero(IS_COLD)]
    grown = fitted.with_rows(rows.take(np.concatenate(which)))
    assert judged(grown, IS_COLD) > judged(fitted, IS_COLD) - 0.12
    assert judged(grown, ~IS_COLD) > judged(fitted, ~IS_COLD) - 0.02
    assert judged(grown, np.ones_like(IS_COLD)) > judged(fitted, np.ones_like(IS_COLD)) - 0.02


def test_a_fit_is_the_same_bits_again_and_after_it_was_killed(tmp_path: Path) -> None:
    made = settings(rounds=1, epochs=4)
    whole = made.fit(lessons(), folder=tmp_path / "whole")

    class Killed(Exception):
        pass

    def stop(name: str, done: int, of: int) -> None:
        if done == 2 and name != f"{made.name}, rehearsal":
            raise Killed

    with pytest.raises(Killed):
        made.fit(lessons(), folder=tmp_path / "killed", report=stop)
    said: list[tuple[str, int, int]] = []
    again = made.fit(lessons(), folder=tmp_path / "killed", report=lambda *one: said.append(one))
    own = [done for name, done, _ in said if "rehearsal" not in name]
    assert 1 not in own, "it began from the start"
    assert said[-1] == (f"{made.name}, rehearsal", 1, 1)
    plain = made.fit(lessons())
    for other in (again, plain):
        assert other.scores(EVERYBODY).tobytes() == whole.scores(EVERYBODY).tobytes()
        assert other.gates.weights.tobytes() == whole.gates.weights.tobytes()


def test_a_kernel_serves_several_fits() -> None:
    made = settings(rounds=1)
    tower, anchors, facts = made.kernel(lessons())
    one = made.fit_by(lessons(), tower, anchors, facts)
    two = replace(made, other=0.0, half_life_rows=2.0).fit_by(lessons(), tower, anchors, facts, gates=one.gates)
    assert one.scores(EVERYBODY).tobytes() == made.fit(lessons()).scores(EVERYBODY).tobytes()
    assert two.gates is one.gates
    assert not np.array_equal(one.scores(EVERYBODY), two.scores(EVERYBODY))
    assert np.array_equal(one.voices.foretold.met, two.voices.foretold.met)


def test_settings_that_cannot_be_are_refused() -> None:
    for name in ("half_life_rows", "regularisation", "width", "most"):
        with pytest.raises(UsageError, match=name):
            Hybrid(**{name: 0})
    for name in ("other", "floor"):
        with pytest.raises(UsageError, match=name):
            Hybrid(**{name: -1.0})
    with pytest.raises(UnknownName):
        Hybrid(later="sometime")  # type: ignore[arg-type]


def test_nothing_liked_is_said_so() -> None:
    rows = told()
    with pytest.raises(UsageError, match="lower 'like'"):
        settings().fit(lessons(rows.take(rows.values < 4)))


def test_its_key_tells_settings_apart() -> None:
    assert settings().key == settings().key
    assert settings().key == replace(settings(), name="another").key
    for other in (settings(other=0.1), settings(epochs=2), settings(seed=1), settings(without=("seeing/noise",))):
        assert other.key != settings().key
