"""The miner takes what a loop takes: the nearest semi-hard negative, of unlike genres where there is one."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from triptych.errors import UsageError
from triptych.models.siamese import losses, mining


def by_loop(rows: np.ndarray, items: list[int], genres: list[set[int]], metric: str, margin: float) -> list[int]:
    """For each pair (k, k + b) of the batch, one number at a time, in float64."""
    half = len(items) // 2

    def far(a: int, b: int) -> float:
        if metric == "euclidean":
            return float(np.sqrt(((rows[a] - rows[b]) ** 2).sum()))
        return float(1 - rows[a] @ rows[b] / np.sqrt((rows[a] @ rows[a]) * (rows[b] @ rows[b])))

    def unlike(a: int, b: int) -> bool:
        mine, other = genres[items[a]], genres[items[b]]
        return bool(mine) and bool(other) and len(mine & other) / len(mine | other) < 0.1

    taken: list[int] = []
    for anchor in range(half):
        near = far(anchor, anchor + half)
        best: tuple[bool, float, int] | None = None
        for row in range(2 * half):
            if items[row] in (items[anchor], items[anchor + half]):
                continue
            if near < far(anchor, row) < near + margin:
                candidate = (not unlike(anchor, row), far(anchor, row), row)
                best = candidate if best is None else min(best, candidate)
        taken.append(-1 if best is None else best[2])
    return taken


def mined(rows: np.ndarray, items: list[int], genres: list[set[int]], metric: str, margin: float) -> list[int]:
    table = torch.zeros(len(genres), 8, dtype=torch.float64)
    for item, own in enumerate(genres):
        table[item, list(own)] = 1
    vectors, places = torch.from_numpy(rows), torch.tensor(items)
    first, second = vectors.chunk(2)
    anchors, positives = places.chunk(2)
    found = mining.semi_hard(
        losses.all_distances(first, vectors, metric=metric),
        losses.distances(first, second, metric=metric),
        margin=margin,
        allowed=mining.others(anchors, positives, places),
        preferred=mining.unlike(anchors, places, table),
    )
    return found.tolist()


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), half=st.integers(1, 9), metric=st.sampled_from(["cosine", "euclidean"]))
def test_it_takes_what_a_loop_takes(seed: int, half: int, metric: str) -> None:
    """Few items, so that batches hold one item several times; some of no genre."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(2 * half, 4))
    items = rng.integers(0, 12, 2 * half).tolist()
    genres = [set(rng.integers(0, 8, rng.integers(0, 3)).tolist()) for _ in range(12)]
    margin = float(rng.choice([0.2, 1.0]))
    assert mined(rows, items, genres, metric, margin) == by_loop(rows, items, genres, metric, margin)


def test_of_several_the_nearest_is_taken_and_of_equals_the_first() -> None:
    distance = torch.tensor([[0.0, 1.0, 1.6, 1.2, 1.2, 3.0]])
    allowed = torch.tensor([[False, False, True, True, True, True]])
    near = torch.tensor([1.0])
    assert mining.semi_hard(distance, near, margin=1.0, allowed=allowed).tolist() == [3]
    unlike = torch.tensor([[False, False, True, False, False, True]])
    assert mining.semi_hard(distance, near, margin=1.0, allowed=allowed, preferred=unlike).tolist() == [2]
    # The only unlike one is beyond the margin: others serve.
    unlike = torch.tensor([[False, False, False, False, False, True]])
    assert mining.semi_hard(distance, near, margin=1.0, allowed=allowed, preferred=unlike).tolist() == [3]


def test_neither_harder_nor_farther_ones_are_taken() -> None:
    """As near as the positive, nearer, as far as the margin, and farther."""
    distance = torch.tensor([[1.0, 0.5, 1.5, 2.0]])
    allowed = torch.ones(1, 4, dtype=torch.bool)
    assert mining.semi_hard(distance, torch.tensor([1.0]), margin=0.5, allowed=allowed).tolist() == [mining.NONE]


def test_what_is_mined_lacks_something_but_less_than_the_margin() -> None:
    rng = np.random.default_rng(2)
    rows = torch.from_numpy(rng.normal(size=(32, 6)))
    places = torch.arange(32)
    first, second = rows.chunk(2)
    near = losses.distances(first, second, metric="cosine")
    found = mining.semi_hard(
        losses.all_distances(first, rows, metric="cosine"),
        near,
        margin=0.3,
        allowed=mining.others(places[:16], places[16:], places),
    )
    has = found != mining.NONE
    assert int(has.sum()) > 0
    loss = (near[has] - losses.distances(first[has], rows[found[has]], metric="cosine")) + 0.3
    assert bool(((loss > 0) & (loss < 0.3)).all())


def test_a_margin_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="margin"):
        mining.semi_hard(torch.ones(1, 1), torch.ones(1), margin=0.0, allowed=torch.ones(1, 1, dtype=torch.bool))
