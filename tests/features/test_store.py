"""FeatureStore: what is read is what was written, bit for bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from triptych.catalogue.tables import Tables
from triptych.errors import ExtractionError, UnknownName
from triptych.features.feature import Feature, Presence
from triptych.features.hearing.fingerprint import Fingerprint
from triptych.features.recipe import Recipe
from triptych.features.seeing.picture_hash import PictureHash
from triptych.features.store import FeatureStore, schema_of

LEVEL = Recipe(panel="seeing", name="level", params={"bins": 3})
FINER = Recipe(panel="seeing", name="level", params={"bins": 4})
BEATS = Recipe(panel="hearing", name="beats")
ODD = ["plain", "a/b", "it's", 'say "so"', "two\nlines", "🎬", " padded ", "", "%_\\", "ﷺ" * 40]


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    return Tables(tmp_path / "lance")


@pytest.fixture
def store(tables: Tables) -> FeatureStore:
    return FeatureStore(tables)


def vector(*values: float) -> Feature:
    return Feature(values=np.array(values, np.float32))


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_vectors_come_back_bit_for_bit(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    finite = st.floats(width=32, allow_nan=False, allow_infinity=False)
    values = data.draw(hnp.arrays(np.float32, st.tuples(st.integers(1, 6), st.integers(1, 5)), elements=finite))
    store = FeatureStore(Tables(tmp_path_factory.mktemp("lance")))
    store.write(LEVEL, {ODD[k]: Feature(values=row) for k, row in enumerate(values)})
    read = store.read(LEVEL)
    order = [read.item_ids.index(ODD[k]) for k in range(len(values))]
    assert read.values[order].tobytes() == values.tobytes()  # −0 and denormals too
    assert read.recipe == LEVEL


def test_sequences_come_back_bit_for_bit_with_their_times(store: FeatureStore) -> None:
    rng = np.random.default_rng(0)
    given_ = {
        item_id: Feature(values=rng.standard_normal((t, 3)).astype(np.float32), times_s=np.cumsum(rng.random(t)))
        for item_id, t in zip(ODD, (1, 2, 3, 5, 8, 1, 4, 2, 9, 7), strict=True)
    }
    store.write(BEATS, {**given_, "none": Feature.missing("no beat")})
    read = store.sequences(BEATS)
    assert set(read) == {*ODD, "none"}
    for item_id, feature in given_.items():
        found = read[item_id]
        assert found.values is not None
        assert found.times_s is not None
        assert feature.values is not None
        assert feature.times_s is not None
        assert found.values.shape == feature.values.shape
        assert found.values.tobytes() == feature.values.tobytes()
        assert found.times_s.tobytes() == feature.times_s.tobytes()
    assert (read["none"].presence, read["none"].reason) == (Presence.MISSING, "no beat")
    with pytest.raises(ExtractionError, match="holds sequences"):
        store.read(BEATS)


def test_vectors_can_be_read_one_by_one_too(store: FeatureStore) -> None:
    store.write(LEVEL, {"a": vector(1, 2), "b": Feature.silent("no sound")})
    read = store.sequences(LEVEL)
    assert read["a"].values is not None
    assert read["a"].values.tolist() == [1, 2]
    assert read["b"].presence is Presence.SILENT


def test_masks_stay_masks(store: FeatureStore) -> None:
    features = {"a": vector(1, 2), "b": Feature.missing("no track"), "c": vector(3, 4), "d": Feature.silent("silence")}
    store.write(LEVEL, features)
    read = store.read(LEVEL)
    found = {i: (p, v.tolist()) for i, p, v in zip(read.item_ids, read.presence, read.values, strict=True)}
    assert found == {
        "a": ("present", [1, 2]),
        "b": ("missing", [0, 0]),
        "c": ("present", [3, 4]),
        "d": ("silent", [0, 0]),
    }


def test_a_later_write_replaces_the_same_items_and_leaves_the_others(store: FeatureStore) -> None:
    store.write(LEVEL, {item_id: vector(k, k) for k, item_id in enumerate(ODD)})
    store.write(LEVEL, {"it's": Feature.missing("gone"), "🎬": vector(9, 9), "new": vector(7, 7)})
    read = store.read(LEVEL)
    assert sorted(read.item_ids) == sorted([*ODD, "new"])
    values, mask = read.aligned(["plain", "it's", "🎬", "two\nlines", "new"])
    assert mask.tolist() == [True, False, True, True, True]
    assert values[:, 0].tolist() == [0, 0, 9, 4, 7]


def test_a_table_of_masks_alone_has_no_width(store: FeatureStore) -> None:
    store.write(LEVEL, {"a": Feature.missing("no track")})
    read = store.read(LEVEL)
    assert read.values.shape == (1, 0)
    assert not read.present.any()
    store.write(LEVEL, {"b": vector(1, 2)})
    assert store.read(LEVEL).values.shape == (2, 2)


def test_an_empty_table_can_be_read_and_written(store: FeatureStore) -> None:
    store.write(LEVEL, {})
    assert store.read(LEVEL).values.shape == (0, 0)
    assert store.sequences(LEVEL) == {}
    store.write(LEVEL, {"a": vector(1)})
    store.write(LEVEL, {})
    assert store.read(LEVEL).item_ids == ("a",)


@pytest.mark.parametrize("fresh", [False, True])
def test_unlike_widths_are_refused_and_nothing_is_written(tables: Tables, fresh: bool) -> None:
    """Widths 2 and 4 average to 3: shared out among the rows they would look like two whole vectors."""
    store = FeatureStore(tables)
    store.write(LEVEL, {"a": vector(1, 2), "m": Feature.missing("no track")})
    if fresh:
        store = FeatureStore(tables)  # knows the width from disk
    with pytest.raises(ExtractionError, match=r"seeing/level of 'b' cannot be kept: it is a vector of 4 entries, but"):
        store.write(LEVEL, {"c": vector(5, 6), "b": vector(1, 2, 3, 4)})
    assert sorted(store.read(LEVEL).item_ids) == ["a", "m"]
    sequence = Feature(values=np.ones((3, 2), np.float32), times_s=np.arange(3.0))
    assert "sequence of vectors of 2" in store.refusal(LEVEL, sequence)
    assert store.refusal(LEVEL, Feature.missing("why not")) == ""


def test_unlike_widths_that_stand_on_disk_are_told(tables: Tables) -> None:
    """As written by something else than this store."""
    name = f"feature.{LEVEL.panel}.{LEVEL.name}.{LEVEL.hash}"
    rows = {
        "item_id": ["a", "b"],
        "presence": ["present", "present"],
        "reason": ["", ""],
        "steps": [0, 0],
        "width": [2, 4],
        "values": [[1.0, 2.0], [1.0, 2.0, 3.0, 4.0]],
        "times_s": [None, None],
    }
    tables.upsert(name, pa.table(rows, schema=schema_of(LEVEL)), key="item_id")
    with pytest.raises(ExtractionError, match=r"vectors of \[2, 4\] entries"):
        FeatureStore(tables).read(LEVEL)


def test_recipes_of_one_title_are_kept_apart(store: FeatureStore) -> None:
    store.write(LEVEL, {"a": vector(1, 2, 3)})
    store.write(FINER, {"a": vector(1, 2, 3, 4), "b": vector(5, 6, 7, 8)})
    store.write(BEATS, {"a": vector(1)})
    assert store.recipes() == sorted([LEVEL, FINER, BEATS], key=lambda recipe: (recipe.title, recipe.hash))
    assert store.read(LEVEL).values.shape == (1, 3)
    assert store.read(FINER).values.shape == (2, 4)
    assert store.recipe_of("hearing/beats") == BEATS
    assert store.recipe_of("seeing/level", prefer=FINER.hash) == FINER
    with pytest.raises(ExtractionError, match=rf"seeing/level@{FINER.hash} in 2 items"):
        store.recipe_of("seeing/level")
    with pytest.raises(UnknownName, match=f"no recipe of seeing/level 'nonesuch'; there is .*{LEVEL.hash}"):
        store.recipe_of("seeing/level", prefer="nonesuch")


def test_what_was_never_measured_is_named(store: FeatureStore) -> None:
    with pytest.raises(UnknownName, match=r"no feature 'seeing/level'; there is none yet"):
        store.recipe_of("seeing/level")
    store.write(BEATS, {"a": vector(1)})
    with pytest.raises(UnknownName, match="'hearing/beats'"):
        store.recipe_of("hearing/beat")
    with pytest.raises(UnknownName, match="triptych extract"):
        store.read(LEVEL)


def test_presence_is_counted_without_reading_values(tmp_path: Path) -> None:
    store = FeatureStore(Tables(tmp_path))
    recipe = Recipe(panel="hearing", name="steps")
    steps = Feature(values=np.ones((3, 2), np.float32), times_s=np.arange(3.0))
    store.write(recipe, {"a": steps, "b": Feature.missing("no track"), "c": Feature.silent("hush"), "d": steps})
    assert store.presence(recipe) == {Presence.PRESENT: 2, Presence.MISSING: 1, Presence.SILENT: 1}


def test_rows_are_what_sequences_and_vectors_are(store: FeatureStore) -> None:
    rng = np.random.default_rng(1)
    beats = {
        k: Feature(values=rng.random((t, 2)).astype(np.float32), times_s=np.arange(t) * 0.5)
        for k, t in zip("abc", (3, 1, 7), strict=True)
    }
    for recipe, held in ((BEATS, beats), (LEVEL, {"a": vector(1, 2), "c": vector(3, 4)})):
        store.write(recipe, {**held, "none": Feature.missing("nothing there")})
        read = {row.item_id: row for row in store.rows(recipe)}
        assert set(read) == {*held, "none"}
        assert (read["none"].presence, read["none"].values, read["none"].times_s) == (Presence.MISSING, None, None)
        for item_id, feature in store.sequences(recipe).items():
            row = read[item_id]
            assert row.presence is feature.presence
            assert np.array_equal(np.asarray(row.values), np.asarray(feature.values))
            assert (row.times_s is None) == (feature.times_s is None)
            if row.times_s is not None and feature.times_s is not None:
                assert row.times_s.tolist() == feature.times_s.tolist()


@pytest.mark.parametrize("extractor", [PictureHash(), Fingerprint()])
def test_packed_bits_are_not_taken_for_vectors(store: FeatureStore, extractor: PictureHash | Fingerprint) -> None:
    packed = Feature(values=np.ones((2, 2), np.float32), times_s=np.arange(2) * 1.0)
    store.write(extractor.recipe, {"a": packed})
    with pytest.raises(ExtractionError, match="holds bits"):
        store.read(extractor.recipe)
