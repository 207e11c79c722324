"""Projection: a picture of what varies most; what is masked is in none, and what is new finds its place."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

from triptych.errors import MissingExtra, UnknownName, UsageError
from triptych.evaluate.embedding.projection import projection
from triptych.fusion import reduce


def world(n: int = 60) -> np.ndarray:
    rng = np.random.default_rng(0)
    return (rng.standard_normal((n, 5)) * [9, 3, 1, 0.5, 0.1] + 4).astype(np.float32)


def test_pca_keeps_what_varies_most_and_tells_how_much() -> None:
    vectors = world()
    found = projection(vectors)
    assert found.coordinates.shape == (60, 2)
    assert found.coordinates.dtype == np.float32
    for k in range(2):
        assert abs(np.corrcoef(found.coordinates[:, k], vectors[:, k])[0, 1]) > 0.95
    variance = vectors.astype(np.float64).var(axis=0)
    assert found.shares == pytest.approx(tuple(np.sort(variance / variance.sum())[::-1][:2]), abs=0.02)
    # Sequences of a trailer go on the same map.
    np.testing.assert_array_equal(found.place(vectors[3:5]), found.coordinates[3:5])


def test_what_has_no_content_stands_nowhere_and_decides_nothing() -> None:
    vectors, mask = world(), np.arange(60) < 50
    vectors[50:] = np.nan
    found = projection(vectors, mask=mask)
    assert not found.coordinates[50:].any()
    np.testing.assert_array_equal(found.coordinates[:50], projection(vectors[:50]).coordinates)
    with pytest.raises(UsageError, match="NaN"):
        projection(vectors)


def test_vectors_on_a_line_are_drawn_on_a_line() -> None:
    line = np.outer(np.arange(10), np.ones(4)).astype(np.float32)
    found = projection(line, n=3)
    assert found.coordinates.shape == (10, 3)
    assert found.coordinates[:, 0].std() > 0
    assert not found.coordinates[:, 1:].any()
    assert found.shares == pytest.approx((1.0, 0.0, 0.0))
    assert found.place(line[:2]).shape == (2, 3)


def test_without_the_package_a_umap_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reduce, "find_spec", lambda name: None if name == "umap" else find_spec(name))
    with pytest.raises(MissingExtra, match=r"triptych\[umap\]"):
        projection(world(), method="umap")
    with pytest.raises(UnknownName, match="method 'tsne'"):
        projection(world(), method="tsne")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="0 coordinates"):
        projection(world(), n=0)
