"""Whoever asks a space again is answered from vectors that are laid out for single queries: sooner, and the same."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from triptych.spaces import space as spaces
from triptych.spaces.blocks import Blocks
from triptych.spaces.ranking import Ranking
from triptych.spaces.score import each, exact
from triptych.spaces.space import Space

ITEMS, WIDTHS = 90, (4, 7, 3, 5)


def made() -> Space:
    rng = np.random.default_rng(0)
    mask = rng.random((ITEMS, len(WIDTHS))) < 0.8
    values = [np.where(mask[:, [p]], rng.normal(size=(ITEMS, width)), 0) for p, width in enumerate(WIDTHS)]
    blocks = Blocks(
        panels=("seeing", "seeing", "hearing", "reading"),
        names=tuple("abcd"),
        values=tuple(one.astype(np.float32) for one in values),
        mask=mask,
    )
    return Space(name="small", item_ids=tuple(map(str, range(ITEMS))), blocks=blocks, recipe="{}")


def same(one: Ranking, other: Ranking) -> bool:
    return (
        np.array_equal(one.items, other.items)
        and one.scores.tobytes() == other.scores.tobytes()
        and all(one.panels[panel].tobytes() == other.panels[panel].tobytes() for panel in one.panels)
    )


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("weights", [None, {"seeing": 1.0, "reading": 0.3}, {"hearing": 2.0}])
@pytest.mark.parametrize("asked", [1, 3, 5, 70])
def test_asked_again_it_answers_the_same(metric: str, weights: Mapping[str, float] | None, asked: int) -> None:
    space, items = made(), [str(7 * k % ITEMS) for k in range(asked)]
    first = space.similar(items, n=6, weights=weights, metric=metric)
    assert "turned" not in space.blocks.__dict__
    assert same(space.similar(items, n=6, weights=weights, metric=metric), first)
    assert space.blocks.turned.flags.c_contiguous
    among = [str(k) for k in range(0, ITEMS, 2)]
    fresh = made().similar(items, n=6, weights=weights, metric=metric, candidates=among)
    assert same(space.similar(items, n=6, weights=weights, metric=metric, candidates=among), fresh)


def test_large_spaces_are_not_held_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spaces, "TURNED", 100)
    space = made()
    first = space.similar(["1"], n=3)
    assert same(space.similar(["1"], n=3), first)
    assert "turned" not in space.blocks.__dict__


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_scores_by_several_weights_are_those_by_each(metric: str) -> None:
    blocks = made().blocks
    rng = np.random.default_rng(1)
    of, to = rng.integers(0, ITEMS, (2, 200))
    for weights in (np.array([[1.0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]), np.array([[1.0, 0, 0, 1], [1, 1, 1, 1]])):
        found = each(metric, blocks, of, blocks, to, weights)
        for own, w in zip(found, weights, strict=True):
            shares = (blocks.mask[of] & blocks.mask[to])[:, w > 0].any(axis=1)
            wanted = exact(metric, blocks, of[shares], blocks, to[shares], w)
            assert own[shares].tobytes() == wanted.tobytes()
