"""Bhattacharyya: closed forms, and what no change of the axes alters."""

from __future__ import annotations

import json

import numpy as np
import pytest

from triptych.errors import UnknownName, UsageError
from triptych.evaluate.embedding.bhattacharyya import bhattacharyya


def cross(middle: tuple[float, float], reach: tuple[float, float]) -> np.ndarray:
    """Four points with exactly this mean, and variances of 2/3 · reach²."""
    a, b = reach
    return np.array(middle) + np.array([[a, 0], [-a, 0], [0, b], [0, -b]])


def of(*parts: np.ndarray, **how: object):  # type: ignore[no-untyped-def]
    own = np.repeat(np.arange(len(parts)), [len(one) for one in parts])
    groups = {chr(97 + k): own == k for k in range(len(parts))}
    return bhattacharyya(np.concatenate(parts), groups, **how)  # type: ignore[arg-type]


def test_closed_forms_of_gaussians() -> None:
    # Same spread σ² = ⅔: D = ⅛ · |μ₁ − μ₂|² / σ². Same middle, spreads 1 : 4 along both: D = ½ ln(2.5² / (1 · 4)).
    found = of(cross((0, 0), (1, 1)), cross((1, 2), (1, 1)), cross((0, 0), (2, 2)), inner=1)
    assert found.matrix[0, 1] == pytest.approx(np.exp(-5 / (8 * 2 / 3)))
    assert found.matrix[0, 2] == pytest.approx(np.exp(-np.log(2.5**2 / 4) / 2)) == pytest.approx(0.8)
    middle, away = np.eye(2) * (2 / 3 + 8 / 3) / 2, np.array([1.0, 2.0])
    expected = away @ np.linalg.inv(middle) @ away / 8 + np.log(np.linalg.det(middle) / (4 / 9 * 4)) / 2
    assert found.matrix[1, 2] == pytest.approx(np.exp(-expected))
    np.testing.assert_array_equal(found.matrix, found.matrix.T)
    np.testing.assert_array_equal(np.diag(found.matrix), 1)
    assert found.sizes.tolist() == [4, 4, 4]
    assert json.loads(json.dumps(found.told)) == found.told


def test_a_drawn_sample_comes_to_the_closed_form_and_axes_do_not_matter() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.standard_normal((4000, 3)), rng.standard_normal((3000, 3)) * [1, 2, 0.5] + [1, 0, 0]
    whole = of(one, other, inner=1)
    middle = np.array([1, 2.5, 0.625])
    expected = np.exp(-(1 / 8 + np.log(np.prod(middle) / 1) / 2))
    assert whole.matrix[0, 1] == pytest.approx(expected, abs=0.02)
    assert of(one[:2000], one[2000:], inner=1).matrix[0, 1] > 0.995
    # Of the inner third the spreads are smaller, so the same groups lie further apart.
    inner = of(one, other)
    assert inner.sizes.tolist() == [1334, 1000]
    assert inner.matrix[0, 1] < whole.matrix[0, 1]
    # The mean squared radius of the innermost third of a ball of three normal entries is .6 of each entry's 3.
    assert inner.inner == pytest.approx(1 / 3)
    skew = np.array([[2.0, 1, 0], [0, 1, 5], [0, 0, 0.1]])
    for share in (1.0, 1 / 3):
        before, after = of(one, other, inner=share), of(one @ skew + 7, other @ skew + 7, inner=share)
        np.testing.assert_allclose(after.matrix, before.matrix, atol=1e-9)


def test_the_inner_tercile_is_of_each_group_and_by_its_own_spread() -> None:
    rng = np.random.default_rng(1)
    core = rng.standard_normal((300, 2))
    # A far tail, a tenth of the points, is cut off.
    tail = np.vstack([core, rng.standard_normal((30, 2)) + 40])
    assert of(core, tail).matrix[0, 1] > 0.8 > 0.5 > of(core, tail, inner=1).matrix[0, 1]


def test_histograms_need_no_gaussian() -> None:
    line = np.linspace(0, 1, 1001)[:, None]
    left, right = line / 2, 0.5 + line / 2
    apart, same = of(left, right, inner=1, method="histogram"), of(line, line, inner=1, method="histogram")
    assert apart.matrix[0, 1] < 0.05
    assert same.matrix[0, 1] == pytest.approx(1)
    # Half of one is where all of the other is: √(½ · 1).
    assert of(line, left, inner=1, method="histogram").matrix[0, 1] == pytest.approx(np.sqrt(0.5), abs=0.02)
    # Two rings of one middle and spread: alike to a Gaussian, and not to cells.
    turn = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    ring = np.column_stack([np.cos(turn), np.sin(turn)])
    disc = np.random.default_rng(0).standard_normal((400, 2)) * np.sqrt(0.5)
    assert of(ring, disc, inner=1).matrix[0, 1] > 0.98
    assert of(ring, disc, inner=1, method="histogram").matrix[0, 1] < 0.7


def test_a_point_may_be_of_several_groups_and_small_ones_are_told() -> None:
    points = np.random.default_rng(0).standard_normal((60, 2))
    every = np.ones(60, bool)
    few = np.arange(60) < 5
    # On a line, whatever else there is.
    points[40:] = np.arange(20)[:, None]
    found = bhattacharyya(points, {"all": every, "again": every, "few": few, "line": np.arange(60) >= 40})
    assert found.names == ("all", "again")
    assert found.matrix[0, 1] == pytest.approx(1)
    assert "5 points" in found.left_out["few"]
    assert "fewer directions" in found.left_out["line"]


def test_what_cannot_be_honoured_is_told() -> None:
    points = np.zeros((4, 2))
    with pytest.raises(UsageError, match="none of 1 groups"):
        bhattacharyya(points, {"a": np.ones(4, bool)})
    with pytest.raises(UnknownName, match="method 'kde'"):
        bhattacharyya(points, {}, method="kde")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="above 0 and at most 1"):
        bhattacharyya(points, {}, inner=0)
    with pytest.raises(UsageError, match="mask of"):
        bhattacharyya(points, {"a": np.ones(3, bool)})
    with pytest.raises(UsageError, match="finite"):
        bhattacharyya(np.full((4, 2), np.inf), {})
