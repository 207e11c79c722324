"""Pooled: figures are of all ratings at once, and tests are of what each user adds to the error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from triptych.evaluate.measured import Measured
from triptych.studies import pooled


def measured(name: str, off: Sequence[float], counts: Sequence[float]) -> Measured:
    error = np.array(off, np.float64)
    values = {"rmse": error, "mse": error**2, "mae": error, "ratings": np.array(counts, np.float64)}
    whole = {"rmse": float(np.sqrt(np.average(error**2, weights=counts)))}
    return Measured(name=name, unit="user", ids=tuple(f"u{k}" for k in range(len(off))), values=values, whole=whole)


def test_differences_are_tested_by_what_each_user_adds_to_the_error() -> None:
    rng = np.random.default_rng(0)
    counts = rng.integers(1, 40, 60)
    off = rng.uniform(0.5, 1.5, 60)
    a, b = measured("a", off - 0.1, counts), measured("b", off, counts)
    found = pooled.compared(a, b, ["rmse", "mae"], seed=0, level=0.95, draws=200)
    assert found["rmse"].difference == pytest.approx(a.whole["rmse"] - b.whole["rmse"])
    assert found["mae"].difference == pytest.approx(-0.1)
    assert found["mae"].low == pytest.approx(-0.1)
    assert found["rmse"].low < found["rmse"].difference < found["rmse"].high < 0
    assert found["rmse"].p_permutation < 0.001
    turned = pooled.compared(b, a, ["rmse"], seed=0, level=0.95, draws=200)["rmse"]
    assert (turned.low, turned.high) == pytest.approx((-found["rmse"].high, -found["rmse"].low))
    # One who rates very much decides against all others, whatever most users have.
    heavy = [4000, *([1] * 59)]
    c, d = (measured(name, [first, *([rest] * 59)], heavy) for name, first, rest in (("c", 1, 0.5), ("d", 0.5, 1)))
    assert pooled.compared(c, d, ["rmse"], seed=0, level=0.95, draws=200)["rmse"].difference > 0
    # With fewer ratings of one user they were not judged by the same ones.
    assert pooled.paired(a, b)
    assert not pooled.paired(a, measured("b", off, [*counts[:-1], 99]))


def test_the_order_of_users_decides_nothing() -> None:
    rng = np.random.default_rng(1)
    counts, off = rng.integers(1, 9, 30), rng.uniform(0, 1, 30)
    a, b = measured("a", off, counts), measured("b", off + rng.normal(0, 0.1, 30) ** 2, counts)
    order = rng.permutation(30)
    turned = replace(b, ids=tuple(b.ids[k] for k in order), values={name: own[order] for name, own in b.values.items()})
    assert pooled.paired(a, turned)
    same, other = (pooled.compared(a, one, ["rmse", "mae"], seed=3, level=0.95, draws=100) for one in (b, turned))
    for metric in same:
        for key in ("difference", "low", "high", "p_permutation"):
            assert getattr(same[metric], key) == pytest.approx(getattr(other[metric], key))


def test_folds_are_put_together_by_how_many_ratings_they_have() -> None:
    one, two = measured("a", [1.0, 2.0], [1, 3]), measured("a", [3.0, 4.0], [9, 1])
    found = pooled.merged([one, replace(two, ids=("u1", "u2"))])
    assert found.ids == ("u0", "u1", "u2")
    assert found.values["ratings"].tolist() == [1, 12, 1]
    assert found.values["mse"] == pytest.approx([1, (3 * 4 + 9 * 9) / 12, 16])
    assert found.values["rmse"] ** 2 == pytest.approx(found.values["mse"])
    assert found.whole["rmse"] ** 2 == pytest.approx((1 + 3 * 4 + 9 * 9 + 16) / 14)
    figures = pooled.figures(found, seed=0, level=0.95, draws=50)
    assert figures["rmse"].value == pytest.approx(found.whole["rmse"])
    assert set(figures) == {"rmse", "mse", "mae"}
    # Where nobody counted, no figure of all ratings can be had from users.
    without = replace(found, values={name: own for name, own in found.values.items() if name != "ratings"})
    assert pooled.figures(without, seed=0, level=0.95, draws=50) == {}
