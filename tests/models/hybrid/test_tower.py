"""Tower: regression by a kernel of content, beside the plain loops over its formulas."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.models.hybrid.planted import ITEMS, lessons, settings
from triptych.errors import SpaceError, UsageError
from triptych.models.affinity.affinity import Affinity
from triptych.models.affinity.co_likes import CoLikes
from triptych.models.affinity.content import LACKED
from triptych.models.affinity.scoring import NARROW
from triptych.models.affinity.tower import Shown, Tower
from triptych.spaces.blocks import Blocks

N, WIDTHS = 14, (3, 5, 2)


def shown(n: int, *, seed: int) -> Shown:
    rng = np.random.default_rng(seed)
    lacking = rng.random((n, len(WIDTHS))) < 0.25
    lacking[0] = True  # of which nothing is known
    values = [np.where(lacking[:, [p]], 0, rng.normal(size=(n, width)) / width) for p, width in enumerate(WIDTHS)]
    return Shown(values=tuple(one.astype(np.float32) for one in values), lacking=lacking)


@pytest.fixture(scope="module")
def tower() -> Tower:
    rng = np.random.default_rng(1)
    return Tower(
        names=("seeing/colour", "reading/plot", "reading/cast"),
        panels=("seeing", "reading", "reading"),
        spreads=np.array([2.0, 1.0, 0.5]),
        anchors=shown(N, seed=2),
        noise=rng.random(N) + 0.5,
        weights=rng.random((2, 3)),
        shares=rng.random(2) + 0.2,
        alone=rng.random(3) * 0.2,
        targets=rng.normal(size=(N, 4)),
    )


def alike(tower: Tower, one: Shown, i: int, other: Shown, j: int) -> float:
    """k of two items, by its formula."""
    lacking = one.lacking[i].astype(float) + other.lacking[j]
    distances = [
        float(((a[i].astype(np.float64) - b[j]) ** 2).sum()) + LACKED * lacking[p]
        for p, (a, b) in enumerate(zip(one.values, other.values, strict=True))
    ]
    far = sum(
        tower.shares[m] * np.exp(-sum(tower.weights[m, p] * d for p, d in enumerate(distances)))
        for m in range(len(tower.shares))
    )
    return float(far + sum(tower.alone[p] * np.exp(-NARROW * d) for p, d in enumerate(distances)))


def kernel(tower: Tower, one: Shown, other: Shown) -> np.ndarray:
    return np.array([[alike(tower, one, i, other, j) for j in range(len(other))] for i in range(len(one))])


def square(tower: Tower) -> np.ndarray:
    """K of the anchors; none is further from itself than 0, whatever it lacks."""
    found = kernel(tower, tower.anchors, tower.anchors)
    found[np.diag_indices_from(found)] = tower.shares.sum() + tower.alone.sum()
    return found


def test_it_makes_what_its_formulas_say(tower: Tower) -> None:
    rows = shown(6, seed=3)
    towards = kernel(tower, rows, tower.anchors)
    np.testing.assert_allclose(tower.kernel(rows), towards, atol=1e-6)
    inverse = np.linalg.inv(square(tower) + np.diag(tower.noise))
    made, variance = tower.made(rows)
    np.testing.assert_allclose(made, towards @ inverse @ tower.targets, atol=1e-5)
    np.testing.assert_allclose(variance, tower.prior - np.diag(towards @ inverse @ towards.T), atol=1e-5)
    assert (variance > 0).all()
    # An item of which nothing is known is as unsure as any.
    assert variance[0] == variance.max()


def test_left_out_is_what_is_made_without_the_item(tower: Tower) -> None:
    """Exactly: by the same K, each time without one."""
    found, variance = tower.left_out()
    towards = tower.kernel(tower.anchors)
    towards = (towards + towards.T) / 2
    towards[np.diag_indices_from(towards)] = tower.prior
    for i in range(N):
        others = np.arange(N) != i
        inverse = np.linalg.inv(towards[np.ix_(others, others)] + np.diag(tower.noise[others]))
        own = towards[i, others]
        np.testing.assert_allclose(found[i], own @ inverse @ tower.targets[others], atol=1e-8)
        np.testing.assert_allclose(variance[i], tower.prior - own @ inverse @ own, atol=1e-8)
        solved = tower.without(i, tower.solved[:, 1])
        assert solved[i] == 0
        np.testing.assert_allclose(solved[others], inverse @ tower.targets[others, 1], atol=1e-8)
        again = tower.among(others, tower.targets[others]).made(tower.anchors.take([i]))
        np.testing.assert_allclose(again[0][0], found[i], atol=1e-5)
        np.testing.assert_allclose(again[1], variance[i], atol=1e-5)


def test_what_is_seen_is_what_is_made_of_what_is_not_hidden(tower: Tower) -> None:
    rows, towards = shown(3, seed=4), np.random.default_rng(5).normal(size=N)
    looks = np.array([[k >> p & 1 for p in range(3)] for k in range(8)], bool)
    for k in range(len(rows)):
        one = rows.take([k])
        one_by_one = [float(kernel(tower, one.hidden(~look[None, :]), tower.anchors)[0] @ towards) for look in looks]
        np.testing.assert_allclose(tower.seen(one, looks, towards), one_by_one, atol=1e-6)


def test_some_of_the_anchors_are_a_tower_of_their_own(tower: Tower) -> None:
    which, rows = np.array([1, 4, 5, 9]), shown(3, seed=6)
    _ = tower.solved  # so that K is there, and is not found anew
    found = tower.among(which, tower.targets[which])
    fresh = replace(tower, anchors=tower.anchors.take(which), targets=tower.targets[which], noise=tower.noise[which])
    np.testing.assert_allclose(found.made(rows)[0], fresh.made(rows)[0], atol=1e-6)
    np.testing.assert_allclose(found.left_out()[0], fresh.left_out()[0], atol=1e-6)
    with pytest.raises(UsageError, match="no item is left"):
        tower.among(np.array([], np.int64), np.zeros((0, 4)))


def test_content_comes_in_by_the_names_of_its_features(tower: Tower) -> None:
    """Scaled as what was learned from; a feature that is not there is lacked, and another is not looked at."""
    rng = np.random.default_rng(7)
    given = Blocks(
        panels=("reading", "seeing", "hearing"),
        names=("reading/cast", "seeing/colour", "hearing/beat"),
        values=tuple(rng.normal(size=(2, width)).astype(np.float32) for width in (2, 3, 4)),
        mask=np.array([[True, True, True], [False, True, True]]),
    )
    found = tower.shown(given)
    assert found.lacking.tolist() == [[False, True, False], [False, True, True]]
    np.testing.assert_allclose(found.values[0], given.values[1] / 2, rtol=1e-6)
    np.testing.assert_allclose(found.values[2][0], given.values[0][0] / 0.5, rtol=1e-6)
    assert not found.values[1].any()
    assert not found.values[2][1].any()
    wide = replace(given, values=(given.values[0], rng.normal(size=(2, 9)).astype(np.float32), given.values[2]))
    with pytest.raises(SpaceError, match="seeing/colour has 9 entries"):
        tower.shown(wide)


def test_it_comes_back_from_its_arrays(tower: Tower) -> None:
    rows = shown(5, seed=8)
    again = Tower.again(tower.body(), tower.arrays())
    for one, other in zip((*tower.made(rows), *tower.left_out()), (*again.made(rows), *again.left_out()), strict=True):
        assert one.tobytes() == other.tobytes()


def test_a_tower_of_what_an_affinity_learned_puts_items_where_it_does() -> None:
    """The tower of the best epoch, told where the others lie, and the snapshot of that epoch."""
    given = lessons()
    affinity: Affinity = settings().tower
    learned = affinity.fit(given)
    tower, anchors, facts = affinity.tower(given)
    assert facts["best"] == learned.best
    liked = given.train.liked(affinity.like).pairs[:, anchors]
    own = CoLikes.of(liked[np.diff(liked.indptr) > 0], width=affinity.width)
    met = own.vectors * np.sqrt(own.energy / (own.energy + facts["held_back"]))
    met /= own.commonness[:, None] ** affinity.correction
    targets = np.hstack([met - met.mean(axis=0), own.launches[:, None]]).astype(np.float64)
    others = np.setdiff1d(np.arange(ITEMS), anchors)
    made, _ = tower.among(np.arange(len(tower)), targets).made(tower.shown(given.blocks).take(others))
    snapshot, has = learned.snapshot, learned.snapshot.mask[others]
    assert has.sum() >= 7
    np.testing.assert_allclose(made[has, :-1], snapshot.vectors[others][has], atol=2e-5)
    np.testing.assert_allclose(made[has, -1], snapshot.extra["launches"][others][has], atol=2e-5)
