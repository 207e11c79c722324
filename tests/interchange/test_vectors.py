"""Vectors: features leave as files and come back as they were, masks and reasons with them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.interchange.worlds import AWKWARD, COLOUR, SOUND, catalogue_of, store
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Item
from triptych.errors import ExtractionError, SourceError, UnknownName, UsageError
from triptych.features.feature import Feature
from triptych.features.recipe import Recipe
from triptych.features.store import FeatureStore
from triptych.interchange.given import attach, read_given
from triptych.interchange.held import Held, held
from triptych.interchange.vectors import read_npy, read_parquet, write_npy, write_parquet

IDS = [text for text in AWKWARD if text.strip() == text]


@pytest.fixture
def films(tmp_path: Path) -> Catalogue:
    made = catalogue_of(tmp_path / "c", items=[Item(item_id=text) for text in [*IDS, "late"]])
    store(made, COLOUR, {text: [k / 3, -k] if k % 4 else f"no picture\nin {text}" for k, text in enumerate(IDS)})
    store(made, SOUND, {text: [k] for k, text in enumerate(IDS)})
    return made


def told(one: Held) -> tuple[object, ...]:
    return one.recipe, one.item_ids, one.values.tolist(), one.presence, one.reasons


def test_parquet_comes_back_as_it_was(tmp_path: Path, films: Catalogue) -> None:
    written = write_parquet(films, tmp_path / "out", "films")
    assert written.features == ("hearing/hum", "seeing/tint")
    found = read_parquet(tmp_path / "out" / "films.parquet")
    assert [told(one) for one in found] == [told(one) for one in held(films, None, films.item_ids())]
    frame = pl.read_parquet(tmp_path / "out" / "films.parquet")
    assert frame.columns == ["item_id", "panel", "name", "recipe", "presence", "reason", "vector"]
    (row,) = frame.filter((pl.col("item_id") == "%41") & (pl.col("name") == "tint")).to_dicts()
    k = IDS.index("%41")
    assert row["vector"] == ([np.float32(k / 3), -k] if k % 4 else None)
    late = frame.filter(pl.col("item_id") == "late")
    assert set(late["reason"]) == {"it was not measured"}


def test_arrays_come_back_as_they_were(tmp_path: Path, films: Catalogue) -> None:
    write_npy(films, tmp_path / "out", "films")
    found = read_npy(tmp_path / "out")
    assert [told(one) for one in found] == [told(one) for one in held(films, None, films.item_ids())]
    values = np.load(tmp_path / "out" / "seeing-tint.npy", allow_pickle=False)
    mask = np.load(tmp_path / "out" / "seeing-tint.mask.npy", allow_pickle=False)
    ids = pl.read_csv(tmp_path / "out" / "item_ids.csv", infer_schema=False)["item_id"].to_list()
    assert ids == films.item_ids()
    assert (values.dtype, values.shape, mask.dtype) == (np.float32, (len(ids), 2), np.bool_)
    assert values[ids.index(IDS[1])].tolist() == [np.float32(1 / 3), -1]
    assert not mask[ids.index(IDS[4])]
    assert not values[~mask].any()


def test_one_of_several_features_is_attached_with_its_old_recipe_told(tmp_path: Path, films: Catalogue) -> None:
    write_parquet(films, tmp_path / "out", "films")
    write_npy(films, tmp_path / "arrays", "films", features=["hearing/hum"])
    with pytest.raises(UsageError, match="Say which: --feature"):
        read_given(tmp_path / "out" / "films.parquet", panel="seeing")
    with pytest.raises(UnknownName, match="seeing/tine"):
        read_given(tmp_path / "out" / "films.parquet", panel="seeing", feature="seeing/tine")
    offering = read_given(tmp_path / "out" / "films.parquet", panel="seeing", feature="seeing/tint")
    made = attach(films, offering, "seeing/again")
    assert made.covered == sum(k % 4 > 0 for k in range(len(IDS)))
    recipe = FeatureStore(films.tables).recipe_of("seeing/again")
    assert Recipe.from_json(recipe.params["given"]["recipe"]) == COLOUR
    assert attach(films, read_given(tmp_path / "arrays", panel="hearing"), "hearing/again").covered == len(IDS)


def test_a_selection_is_written_in_its_order(tmp_path: Path, films: Catalogue) -> None:
    write_npy(films, tmp_path / "out", "films", features=["hearing/hum"], item_ids=[IDS[5], IDS[2]])
    assert np.load(tmp_path / "out" / "hearing-hum.npy", allow_pickle=False)[:, 0].tolist() == [5, 2]


def test_sequences_and_nothing_at_all_are_said_to_be_so(tmp_path: Path) -> None:
    made = catalogue_of(tmp_path / "c", items=[Item(item_id="a")])
    with pytest.raises(UsageError, match="no feature to write"):
        write_parquet(made, tmp_path / "out", "films")
    steps = Feature(values=np.zeros((2, 3), np.float32), times_s=np.array([0.0, 1.0]))
    with made.writing("test"):
        FeatureStore(made.tables).write(COLOUR, {"a": steps})
    with pytest.raises(ExtractionError, match="sequences"):
        write_parquet(made, tmp_path / "out", "films")


def test_arrays_that_do_not_belong_together_are_refused(tmp_path: Path, films: Catalogue) -> None:
    out = tmp_path / "out"
    write_npy(films, out, "films")
    np.save(out / "hearing-hum.npy", np.zeros((2, 1), np.float32))
    with pytest.raises(SourceError, match="differ in length"):
        read_npy(out)
    np.save(out / "hearing-hum.npy", np.zeros((len(IDS) + 1, 1)))
    with pytest.raises(SourceError, match="do not belong together"):
        read_npy(out)


def test_a_manifest_cannot_lead_out_of_the_folder(tmp_path: Path, films: Catalogue) -> None:
    out = tmp_path / "out"
    write_npy(films, out, "films")
    manifest = out / "films.triptych.json"
    body = json.loads(manifest.read_text())
    body["files"] = ["../secret"]
    manifest.write_text(json.dumps(body))
    (tmp_path / "secret").write_text("s")
    with pytest.raises(SourceError, match="not a file within"):
        read_given(out, panel="hearing", feature="hearing/hum")
    body["files"], body["features"] = [], [{"recipe": '{"panel":"../..","name":"x","version":1,"params":{}}'}]
    manifest.write_text(json.dumps(body))
    with pytest.raises(SourceError, match="a recipe that is none"):
        read_npy(out)
