"""Shares are Shapley's values, panel by panel, of whatever a score is."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest

from triptych.errors import UsageError
from triptych.models.hybrid.shares import Shares, shares


class Game:
    """A score of every set of features, drawn at random; which sets were asked about."""

    def __init__(self, width: int, *, seed: int = 0, dummy: int | None = None, alike: tuple[int, int] | None = None):
        rng = np.random.default_rng(seed)
        self.values = rng.normal(size=2**width)
        self._width, self._dummy, self._alike = width, dummy, alike

    def of(self, look: frozenset[int]) -> float:
        if self._dummy is not None:
            look = look - {self._dummy}
        if self._alike is not None and self._alike[1] in look and self._alike[0] not in look:
            look = look - {self._alike[1]} | {self._alike[0]}
        return float(self.values[sum(1 << k for k in look)])

    def __call__(self, looks: np.ndarray) -> np.ndarray:
        assert len(np.unique(looks, axis=0)) == len(looks), "a look is asked for twice"
        return np.array([self.of(frozenset(np.flatnonzero(look).tolist())) for look in looks])

    def told(self, players: list[tuple[int, ...]], unions: list[list[int]]) -> Shares:
        return shares(players, unions, self, width=self._width)


def tried(game: Game, players: list[tuple[int, ...]], unions: list[list[int]]) -> np.ndarray:
    """The mean over every order in which panels, and players of each, can come in."""
    found = np.zeros(len(players))
    orders = [
        [player for own in order for player in own]
        for panels in permutations(unions)
        for order in product(*(permutations(panel) for panel in panels))
    ]
    for order in orders:
        shown: frozenset[int] = frozenset()
        for player in order:
            more = shown | set(players[player])
            found[player] += game.of(more) - game.of(shown)
            shown = more
    return found / len(orders)


UNIONS = (
    [[0], [1], [2], [3]],  # no two of one panel: Shapley's own
    [[0, 1, 2, 3]],
    [[0, 2], [1, 3]],
    [[1], [0, 2, 3]],
    [[3, 1], [0], [2]],
)


@pytest.mark.parametrize("unions", UNIONS)
def test_they_are_the_mean_over_all_orders(unions: list[list[int]]) -> None:
    players = [(0,), (4, 1), (2,), (3,)]
    game = Game(5, seed=len(unions))
    found = game.told(players, unions)
    np.testing.assert_allclose(found.values, tried(game, players, unions), atol=1e-12)
    assert found.none == game.of(frozenset())
    assert found.values.sum() + found.none == pytest.approx(game.of(frozenset(range(5))), abs=1e-12)


def test_a_feature_that_changes_nothing_has_no_share_and_two_that_do_the_same_have_equal_ones() -> None:
    players, unions = [(0,), (1,), (2,), (3,)], [[0, 1], [2, 3]]
    assert Game(4, dummy=2).told(players, unions).values[2] == pytest.approx(0, abs=1e-15)
    found = Game(4, alike=(0, 1)).told(players, unions).values
    assert found[0] == pytest.approx(found[1], abs=1e-12)
    assert abs(found[0] - found[3]) > 1e-3


def test_a_panel_has_what_its_features_have() -> None:
    game = Game(5, seed=3)
    features = game.told([(k,) for k in range(5)], [[0, 1], [2, 3, 4]]).values
    panels = game.told([(0, 1), (2, 3, 4)], [[0], [1]]).values
    np.testing.assert_allclose([features[:2].sum(), features[2:].sum()], panels, atol=1e-12)


def test_too_many_features_are_refused_before_anything_is_looked_at() -> None:
    def never(looks: np.ndarray) -> np.ndarray:
        raise AssertionError

    with pytest.raises(UsageError, match="ask for the shares of panels"):
        shares([(k,) for k in range(40)], [list(range(40))], never, width=40)
