"""Alignment: sequences of unlike length at one width; what stays, what turns round, and what times change."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triptych.catalogue.tables import Tables
from triptych.errors import ExtractionError, UsageError
from triptych.features.feature import Feature
from triptych.features.hearing.fingerprint import Fingerprint
from triptych.features.recipe import Recipe
from triptych.features.store import FeatureStore
from triptych.fusion.align import Alignment, Kind, aligned_recipe, aligned_table

BEATS = Recipe(panel="hearing", name="beats")
SEQUENCES = st.builds(
    lambda seed, steps, entries: np.random.default_rng(seed).normal(0, 50, (steps, entries)).astype(np.float32),
    st.integers(0, 2**31),
    st.integers(1, 12),
    st.integers(1, 4),
)


def rising(steps: int, seed: int) -> np.ndarray:
    return np.cumsum(np.random.default_rng(seed).exponential(1, steps))


def column(*values: float) -> np.ndarray:
    return np.array(values, np.float32)[:, None]


# -- interpolation -------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(SEQUENCES, st.sampled_from([None, 0.1, 1 / 3, 29.97]), st.floats(-1e3, 1e6))
def test_resampled_to_its_own_length_nothing_changes(values: np.ndarray, hop_s: float | None, start_s: float) -> None:
    times = None if hop_s is None else start_s + hop_s * np.arange(len(values))
    same = Alignment(length=len(values))(values, times)
    if hop_s is None:
        assert same.tobytes() == values.tobytes()
    np.testing.assert_allclose(same, values.ravel(), rtol=1e-5, atol=1e-4)


@settings(max_examples=60, deadline=None)
@given(SEQUENCES, st.integers(2, 30), st.integers(0, 2**31))
def test_it_is_the_straight_line_between_steps_and_keeps_both_ends(values: np.ndarray, length: int, seed: int) -> None:
    times = rising(len(values), seed)
    made = Alignment(length=length)(values, times)
    assert made.dtype == np.float32
    made = made.reshape(length, -1)
    wanted = np.linspace(times[0], times[-1], length)
    for entry in range(values.shape[1]):
        np.testing.assert_allclose(made[:, entry], np.interp(wanted, times, values[:, entry]), rtol=1e-5, atol=1e-4)
    assert made[0].tobytes() == values[0].tobytes()
    assert made[-1].tobytes() == values[-1].tobytes()
    assert (made.min(axis=0) >= values.min(axis=0)).all()
    assert (made.max(axis=0) <= values.max(axis=0)).all()


@settings(max_examples=60, deadline=None)
@given(SEQUENCES, st.integers(1, 30), st.integers(0, 2**31), st.booleans())
def test_time_turned_round_turns_the_vector_round(values: np.ndarray, length: int, seed: int, timed: bool) -> None:
    # Whole seconds: some steps share one.
    times = np.floor(rising(len(values), seed)) if timed else None
    back = None if times is None else (times[-1] - times)[::-1]
    there = Alignment(length=length)(values, times).reshape(length, -1)
    np.testing.assert_allclose(
        Alignment(length=length)(values[::-1], back).reshape(length, -1)[::-1], there, rtol=1e-5, atol=1e-4
    )


def test_uneven_times_matter() -> None:
    values = column(0, 9, 10)
    assert Alignment(length=3)(values).tolist() == [0, 9, 10]
    assert Alignment(length=3)(values, np.array([0.0, 9.0, 10.0])).tolist() == [0, 5, 10]
    assert Alignment(length=3)(values, np.array([5.0, 5.5, 15.0])).tolist() == pytest.approx([0, 9 + 4.5 / 9.5, 10])


def test_steps_of_one_time_become_their_mean() -> None:
    values = column(0, 2, 4, 8)
    assert Alignment(length=3)(values, np.array([0.0, 1, 1, 2])).tolist() == [0, 3, 8]
    assert Alignment(length=2)(values, np.array([1.0, 1, 2, 2])).tolist() == [1, 6]
    assert Alignment(length=2)(values, np.full(4, 7.0)).tolist() == [3.5, 3.5]


def test_one_step_is_held_and_one_moment_is_the_middle() -> None:
    assert Alignment(length=3)(np.array([[1, 2]], np.float32), np.array([4.0])).tolist() == [1, 2] * 3
    assert Alignment(length=1)(column(0, 1, 10)).tolist() == [1]
    assert Alignment(length=1)(column(0, 1, 10), np.array([0.0, 2, 3])).tolist() == [0.75]


def test_huge_values_stay_finite() -> None:
    largest = float(np.finfo(np.float32).max)
    made = Alignment(length=3)(column(-largest, largest))
    assert made.tolist() == [-largest, 0, largest]
    told = Alignment(kind="statistics")(column(-largest, largest))
    assert told.tolist() == [2, 0, largest, -largest, largest]


# -- padding, statistics ------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(SEQUENCES, st.integers(0, 9))
def test_padded_and_cut_back_nothing_changes(values: np.ndarray, more: int) -> None:
    steps, entries = values.shape
    padded = Alignment(kind="pad", length=steps + more)(values).reshape(-1, entries)
    assert (padded[steps:] == 0).all()
    assert Alignment(kind="pad", length=steps)(padded).tobytes() == values.tobytes()
    assert Alignment(kind="pad", length=1)(values).tobytes() == values[0].tobytes()


@settings(max_examples=60, deadline=None)
@given(SEQUENCES, st.integers(0, 2**31))
def test_statistics_are_numpys_and_do_not_know_the_order(values: np.ndarray, seed: int) -> None:
    told = Alignment(kind="statistics")(values)
    shuffled = np.random.default_rng(seed).permutation(values)
    assert Alignment(kind="statistics")(shuffled, rising(len(values), seed)).tobytes() == told.tobytes()
    wide = values.astype(np.float64)
    wanted = np.concatenate([[len(values)], wide.mean(0), wide.std(0), wide.min(0), wide.max(0)])
    np.testing.assert_allclose(told, wanted, rtol=1e-5, atol=1e-5)


def test_what_stays_the_same_does_not_deviate_at_all() -> None:
    tenth = float(np.float32(0.1))
    assert Alignment(kind="statistics")(np.full((7, 1), 0.1, np.float32)).tolist() == [7, tenth, 0, tenth, tenth]


@pytest.mark.parametrize("alignment", [Alignment(length=3), Alignment(kind="pad", length=3)])
def test_columns_say_what_stands_where(alignment: Alignment) -> None:
    values = np.array([[0, 10], [1, 11], [2, 12]], np.float32)
    assert dict(zip(alignment.columns(["a", "b"]), alignment(values).tolist(), strict=True)) == {
        "a@0": 0,
        "a@1": 1,
        "a@2": 2,
        "b@0": 10,
        "b@1": 11,
        "b@2": 12,
    }


def test_columns_of_statistics() -> None:
    statistics = Alignment(kind="statistics")
    values = np.array([[0, 10], [2, 18]], np.float32)
    told = dict(zip(statistics.columns(["a", "b"]), statistics(values).tolist(), strict=True))
    assert told == {
        "count": 2,
        "a.mean": 1,
        "b.mean": 14,
        "a.std": 1,
        "b.std": 4,
        "a.min": 0,
        "b.min": 10,
        "a.max": 2,
        "b.max": 18,
    }


# -- tables --------------------------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path: Path) -> FeatureStore:
    return FeatureStore(Tables(tmp_path / "lance"))


def test_a_table_is_each_sequence_aligned_and_masks_stay(store: FeatureStore) -> None:
    rng = np.random.default_rng(3)
    beats = {
        f"m{steps}": Feature(values=rng.random((steps, 2), np.float32), times_s=rising(steps, steps))
        for steps in (5, 1, 8, 2)
    }
    store.write(BEATS, {**beats, "mute": Feature.missing("no track"), "hush": Feature.silent("silence")})
    hashes = {BEATS.hash}
    for alignment in (
        Alignment(length=4),
        Alignment(length=6),
        Alignment(kind="pad", length=4),
        Alignment(kind="statistics"),
    ):
        table = aligned_table(store, BEATS, alignment)
        assert table.values.shape == (6, alignment.width(2))
        assert table.recipe == aligned_recipe(BEATS, alignment)
        assert table.recipe.title == "hearing/beats"
        values, mask = table.aligned([*beats, "mute", "hush"])
        assert mask.tolist() == [True] * 4 + [False] * 2
        assert (values[4:] == 0).all()
        for row, feature in zip(values, beats.values(), strict=False):
            assert feature.values is not None
            assert row.tobytes() == alignment(feature.values, feature.times_s).tobytes()
        presence = dict(zip(table.item_ids, table.presence.tolist(), strict=True))
        assert (presence["mute"], presence["hush"], presence["m5"]) == ("missing", "silent", "present")
        hashes.add(table.recipe.hash)
    assert len(hashes) == 5


def test_where_nothing_is_present_nothing_is_known_of_the_width(store: FeatureStore) -> None:
    store.write(BEATS, {"mute": Feature.missing("no track")})
    table = aligned_table(store, BEATS, Alignment(length=4))
    assert table.values.shape == (1, 0)
    assert not table.present.any()


def test_vectors_and_bits_are_no_sequences(store: FeatureStore) -> None:
    store.write(BEATS, {"a": Feature(values=np.ones(3, np.float32))})
    with pytest.raises(ExtractionError, match="hearing/beats holds vectors"):
        aligned_table(store, BEATS, Alignment(length=4))
    bits = Fingerprint().recipe
    store.write(bits, {"a": Feature(values=np.ones((2, 2), np.float32), times_s=np.arange(2.0))})
    with pytest.raises(ExtractionError, match="holds bits"):
        aligned_table(store, bits, Alignment(length=4))


@pytest.mark.parametrize(
    ("kind", "length", "said"),
    [
        ("stretch", 3, "cannot be aligned by 'stretch'; choose one of interpolate, pad, statistics"),
        ("interpolate", None, "length is None"),
        ("pad", 0, "length is 0"),
        ("statistics", 4, "have no length"),
    ],
)
def test_what_is_no_alignment(kind: Kind, length: int | None, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Alignment(kind=kind, length=length)


def test_a_sequence_has_steps() -> None:
    with pytest.raises(UsageError, match="without steps"):
        Alignment(length=2)(np.zeros((0, 3), np.float32))
