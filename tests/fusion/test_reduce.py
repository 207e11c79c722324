"""Reductions: PCA against another's, batches against the whole, and maps whose every place can be worked out."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import decomposition

from triptych.errors import MissingExtra, UsageError
from triptych.fusion import reduce
from triptych.fusion.reduce import PCA, UMAP, IncrementalPCA

REDUCTIONS = {"pca": PCA, "incremental-pca": IncrementalPCA, "umap": UMAP}


def world(count: int, width: int, seed: int = 0, *, rank: int | None = None) -> np.ndarray:
    """Rows that vary in some directions more than in others, off the origin."""
    rng = np.random.default_rng(seed)
    rank = rank or width
    mixed = rng.standard_normal((count, rank)) * 0.8 ** np.arange(rank) @ rng.standard_normal((rank, width))
    return (mixed + rng.normal(0, 5, width)).astype(np.float32)


def all_of(values: np.ndarray) -> np.ndarray:
    return np.ones(len(values), bool)


# -- PCA -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "width"), [(200, 12), (9, 40), (12, 12)])
def test_it_is_anothers_pca(count: int, width: int) -> None:
    values = world(count, width)
    mask = np.arange(count) % 8 > 0
    rows = values[mask].astype(np.float64)
    for asked in ({"components": 5}, {"share": 0.9}):
        ours = PCA.fit(values, mask, **asked)
        theirs = decomposition.PCA(n_components=next(iter(asked.values())), svd_solver="full").fit(rows)
        assert len(ours.components) == theirs.n_components_
        np.testing.assert_allclose(ours.variances, theirs.explained_variance_, rtol=1e-8)
        np.testing.assert_allclose(ours.shares, theirs.explained_variance_ratio_, rtol=1e-8)
        along = np.sum(ours.components * theirs.components_, axis=1)
        np.testing.assert_allclose(np.abs(along), 1, rtol=1e-8)
        wanted = theirs.transform(rows) * np.sign(along)
        np.testing.assert_allclose(ours(values, mask)[mask], wanted, rtol=1e-4, atol=1e-4)
    assert (ours(values, mask)[~mask] == 0).all()


def test_a_share_is_kept_by_as_few_as_can() -> None:
    values = world(100, 10)
    whole = np.cumsum(PCA.fit(values, all_of(values), share=1).shares)
    assert whole[-1] == pytest.approx(1)
    for share in (0.3, 0.9, 0.95, float(whole[3])):
        kept = PCA.fit(values, all_of(values), share=share).shares
        assert kept.sum() >= share - 1e-12
        assert kept[:-1].sum() < share


def test_each_component_has_one_sign_whatever_the_order_of_the_rows() -> None:
    values = world(60, 8)
    first = PCA.fit(values, all_of(values), components=4)
    for turned in (values[::-1], 2 * values.mean(axis=0) - values):
        other = PCA.fit(turned, all_of(turned), components=4)
        np.testing.assert_allclose(other.components, first.components, atol=1e-4)
    largest = np.abs(first.components).argmax(axis=1)
    assert (first.components[np.arange(4), largest] > 0).all()


def test_an_entry_that_only_rounding_tells_apart_counts_for_nothing() -> None:
    values = world(50, 4)
    noise = np.where(np.arange(50) % 2, np.float32(1e6), np.nextafter(np.float32(1e6), np.float32(2e6)))
    with_noise = np.concatenate([values, noise[:, None]], axis=1)
    step = PCA.fit(with_noise, all_of(values), components=4)
    assert (step.components[:, 4] == 0).all()
    np.testing.assert_allclose(step.variances, PCA.fit(values, all_of(values), components=4).variances, rtol=1e-10)


def test_the_largest_numbers_stay_finite() -> None:
    largest = np.finfo(np.float32).max
    values = np.array([[-largest, -largest], [largest, largest], [0, 1], [1, 0]], np.float32)
    for step in (
        PCA.fit(values, all_of(values), share=1),
        IncrementalPCA.fit(values, all_of(values), share=1, batch=3),
    ):
        assert np.isfinite(step(values, all_of(values))).all()


# -- in batches ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch", [7, 13, 500])
def test_batches_come_to_the_pca_of_all_where_they_carry_all_directions(batch: int) -> None:
    values = world(150, 30, rank=6)
    mask = np.arange(150) % 7 > 0
    whole = PCA.fit(values, mask, share=0.99)
    step = IncrementalPCA.fit(values, mask, share=0.99, batch=batch)
    np.testing.assert_allclose(step.pca.mean, whole.mean, rtol=1e-9)
    np.testing.assert_allclose(step.pca.variances, whole.variances, rtol=1e-6)
    np.testing.assert_allclose(step.pca.components, whole.components, atol=1e-5)
    np.testing.assert_allclose(step(values, mask), whole(values, mask), atol=1e-3)


def test_what_is_dropped_between_batches_is_not_claimed() -> None:
    """Of rows in 80 directions batches carry 15: at least the share that is told is kept, and nearly as few do it."""
    values = world(400, 80)
    step = IncrementalPCA.fit(values, all_of(values), share=0.9, batch=15)
    centred = values.astype(np.float64) - values.mean(axis=0, dtype=np.float64)
    really = np.square(centred @ step.pca.components.T).sum() / np.square(centred).sum()
    assert 0.9 <= step.pca.shares.sum() <= really + 1e-9
    whole = PCA.fit(values, all_of(values), share=0.9)
    assert len(whole.components) <= len(step.pca.components) <= len(whole.components) + 1
    np.testing.assert_allclose(step.pca.components @ step.pca.components.T, np.eye(len(step.pca.components)), atol=1e-9)


def test_memory_is_that_of_a_batch(tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", world(5000, 240, rank=10))
    values: Any = np.load(tmp_path / "rows.npy", mmap_mode="r")
    mask = all_of(values)
    tracemalloc.start()
    try:
        step = IncrementalPCA.fit(values, mask, batch=50)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < values.nbytes / 2
    assert step.pca.shares.sum() >= 0.95


# -- maps ----------------------------------------------------------------------------------------------------

LINE = UMAP(
    rows=np.array([[0], [1], [2], [4], [8]], np.float32),
    places=np.array([[0, 0], [1, 0], [2, 5], [4, 0], [9, 9]], np.float32),
    neighbours=2,
)


def placed(step: UMAP, *rows: float) -> np.ndarray:
    values = np.array(rows, np.float32)[:, None]
    return step(values, all_of(values))


def test_training_rows_stand_at_their_places_and_others_between() -> None:
    assert placed(LINE, 0, 8, 2, -0.0).tolist() == [[0, 0], [9, 9], [2, 5], [0, 0]]
    # 2.5 is 0.5 from 2 and 1.5 from 4, and as far from 1: all the weight is with 2.
    np.testing.assert_allclose(placed(LINE, 2.5), [[2, 5]])
    # 3 is 1 from 2 and from 4, and 2 from 1: both weigh alike.
    np.testing.assert_allclose(placed(LINE, 3), [[3, 2.5]])
    # 3.5: 0.5 from 4 and 1.5 from 2; 2.5 from 1. Weights ((2.5 − .5) / .5)² = 16 and ((2.5 − 1.5) / 1.5)² = 4/9.
    np.testing.assert_allclose(placed(LINE, 3.5), [(16 * np.array([4, 0]) + 4 / 9 * np.array([2, 5])) / (16 + 4 / 9)])


def test_a_row_that_moves_a_little_moves_a_little() -> None:
    """Also past the training rows, and where one neighbour becomes another."""
    path = np.linspace(-3, 9, 2401)
    steps = np.abs(np.diff(placed(LINE, *path.tolist()), axis=0)).max(axis=1)
    assert steps.max() < 0.12
    far = placed(LINE, -1e30, 1e30)
    assert (far >= LINE.places.min(axis=0)).all()
    assert (far <= LINE.places.max(axis=0)).all()


def test_neighbours_at_one_distance_weigh_alike() -> None:
    corners = np.array([[1, 0], [-1, 0], [0, 1], [0, -1]], np.float32)
    step = UMAP(rows=corners, places=corners + np.float32(7), neighbours=3)
    np.testing.assert_allclose(step(np.zeros((1, 2), np.float32), np.ones(1, bool)), [[7, 7 + 1 / 3]])


DRAWN = """
import sys
import numpy as np
from triptych.fusion.reduce import UMAP
from triptych.fusion.reduction import Reduction
rng = np.random.default_rng(0)
values = rng.normal(0, 1, (14, 4)).astype(np.float32)
values[7:] += 30
values[13] = values[12]
mask = np.arange(14) != 4
spoilt = values.copy()
spoilt[4] = 1e6
steps = [UMAP.fit(rows, mask, components=2, neighbours=4, seed=3) for rows in (values, spoilt)]
(drawn, scale), width = Reduction(kind="umap", components=2, neighbours=4, seed=4).fit(values, mask, 4)
steps.append(drawn)
assert width == 2 and np.allclose(scale(drawn(values, mask), mask)[mask].std(axis=0), 1)
kept = {f"{name}{k}": part for k, step in enumerate(steps) for name, part in step.arrays().items()}
np.savez(sys.argv[1], values=values, mask=mask, made=steps[0](values, mask), **kept)
"""


def test_a_map_is_drawn_once_for_a_seed_and_keeps_apart_what_is_apart(tmp_path: Path) -> None:
    """In a process of its own, where the package's code is not compiled first: that takes longer than all else here."""
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    command = [sys.executable, "-c", DRAWN, str(tmp_path / "drawn.npz")]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert ran.returncode == 0, ran.stderr
    assert "Warning" not in ran.stderr
    with np.load(tmp_path / "drawn.npz") as file:
        drawn = dict(file)
    values, mask, made = drawn["values"], drawn["mask"], drawn["made"]
    for name in ("rows", "places", "neighbours"):
        assert drawn[name + "0"].tobytes() == drawn[name + "1"].tobytes()  # the masked row taught nothing
    assert drawn["places0"].tobytes() != drawn["places2"].tobytes()
    assert drawn["rows0"].tobytes() == values[mask][:-1].tobytes()  # the last two are alike
    assert made[mask][:-1].tobytes() == drawn["places0"].tobytes()
    assert made[13].tobytes() == made[12].tobytes()
    assert not made[4].any()
    near, far = made[[0, 1, 2, 3, 5, 6]], made[7:]
    gap = np.linalg.norm(near[:, None] - far[None], axis=2).min()
    assert gap > np.linalg.norm(near[:, None] - near[None], axis=2).max()
    step = UMAP(rows=drawn["rows0"], places=drawn["places0"], neighbours=4)
    fresh = (values[:3] + np.float32(0.01)).astype(np.float32)
    assert (np.linalg.norm(step(fresh, np.ones(3, bool)) - made[:3], axis=1) < gap / 10).all()


def test_without_the_package_it_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reduce, "find_spec", lambda name: None)
    values = world(30, 3)
    with pytest.raises(MissingExtra, match=r"UMAP needs .*'umap-learn'.*triptych\[umap\]"):
        UMAP.fit(values, all_of(values))


# -- what cannot be reduced ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "rows", "asked", "said"),
    [
        ("pca", 9, {}, "either how many components to keep, or the share"),
        ("pca", 9, {"components": 2, "share": 0.5}, "and not both"),
        ("pca", 9, {"components": 0}, "0 components were asked for; ask for 1 or more"),
        ("pca", 9, {"share": 1.5}, "a share of 1.5 of the variance"),
        ("pca", 9, {"components": 9}, "9 components were asked for, and the training rows vary in 8 directions"),
        ("pca", 4, {"components": 4}, "vary in 3 directions"),
        ("pca", 1, {"components": 1}, "2 training rows or more; 1 is present"),
        ("pca", 0, {"components": 1}, "no row to learn components from"),
        ("incremental-pca", 9, {"share": 0.0}, "a share of 0 of the variance"),
        ("incremental-pca", 9, {"batch": 1}, "a batch of 1 rows has no spread"),
        ("incremental-pca", 9, {"share": 0.99, "batch": 2}, r"2 components, all that batches of 2 rows carry, keep \d"),
        ("incremental-pca", 1, {}, "2 training rows or more; 1 is present"),
        ("incremental-pca", 0, {}, "2 training rows or more; 0 is present"),
        ("umap", 9, {}, "by 15 neighbours needs 16 unlike training rows or more; there are 9"),
        ("umap", 9, {"components": 8, "neighbours": 3}, "in 8 components by 3 neighbours needs 10 unlike"),
        ("umap", 9, {"neighbours": 1}, "from 2 or more of each row"),
        ("umap", 9, {"components": 0}, "0 components were asked for"),
    ],
)
def test_what_cannot_be_reduced_is_said(name: str, rows: int, asked: dict[str, Any], said: str) -> None:
    values = world(12, 9)
    with pytest.raises(UsageError, match=said):
        REDUCTIONS[name].fit(values, np.arange(12) < rows, **asked)


@pytest.mark.parametrize("name", ["pca", "incremental-pca"])
def test_rows_that_are_all_alike_have_no_direction(name: str) -> None:
    values = np.full((10, 3), 0.1, np.float32)
    with pytest.raises(UsageError, match="all alike"):
        REDUCTIONS[name].fit(values, all_of(values), share=0.9)


@pytest.mark.parametrize("step", [PCA.fit(world(9, 5), np.ones(9, bool), components=2), LINE])
def test_rows_of_another_width_are_refused(step: PCA | UMAP) -> None:
    with pytest.raises(UsageError, match="rows of 7 entries were given to a step that learned from rows of"):
        step(np.zeros((2, 7), np.float32), np.ones(2, bool))
