"""Ducho: one array for each item, found again by its id, and no path that leaves the folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.interchange.worlds import AWKWARD, COLOUR, SOUND, catalogue_of, store
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Item
from triptych.errors import SourceError, UsageError
from triptych.features.feature import Presence
from triptych.features.store import FeatureStore
from triptych.interchange.ducho import file_names, write_ducho
from triptych.interchange.given import attach, read_given

IDS = [text for text in AWKWARD if text.strip() == text]


@pytest.fixture
def awkward(tmp_path: Path) -> Catalogue:
    made = catalogue_of(tmp_path / "c", items=[Item(item_id=text) for text in [*IDS, "masked"]])
    store(made, COLOUR, {**{text: [k, -k] for k, text in enumerate(IDS)}, "masked": "no picture"})
    return made


def test_every_item_has_its_own_file_and_gets_its_vector_back(tmp_path: Path, awkward: Catalogue) -> None:
    written = write_ducho(awkward, tmp_path / "out", "films")
    layer = tmp_path / "out" / "visual_embeddings" / "triptych" / "tint" / COLOUR.hash
    arrays = sorted(layer.glob("*.npy"))
    assert len(arrays) == len(IDS)
    assert len({path.name.lower() for path in arrays}) == len(IDS), "also where large letters are not told apart"
    assert all(np.load(path, allow_pickle=False).shape == (1, 2) for path in arrays)
    assert set(tmp_path.rglob("*.npy")) == set(arrays), "nothing was written elsewhere"
    assert written.items == len(IDS) + 1
    made = attach(awkward, read_given(tmp_path / "out", panel="seeing"), "seeing/again")
    assert (made.covered, made.masked) == (len(IDS), 1)
    features = FeatureStore(awkward.tables)
    values, _ = features.read(features.recipe_of("seeing/again")).aligned(IDS)
    assert values.tolist() == [[k, -k] for k in range(len(IDS))]
    masked = features.sequences(features.recipe_of("seeing/again"))["masked"]
    assert (masked.presence, masked.reason) == (Presence.MISSING, "no picture")


def test_names_are_plain_and_unlike() -> None:
    names = file_names([*AWKWARD, "a.b", "y" * 5000, "con", "Con"])
    assert len({name.lower() for name in names.values()}) == len(AWKWARD) + 4
    for name in names.values():
        assert len(name) < 240
        assert not set(name.removesuffix(".npy")) & set('./\\:*?"<>| \n\t')


def test_the_folders_of_ducho_itself_are_read(tmp_path: Path) -> None:
    layer = tmp_path / "data" / "visual_embeddings_1" / "torch" / "ResNet50" / "avgpool"
    layer.mkdir(parents=True)
    np.save(layer / "a.npy", np.array([1.0, 2.0], np.float32))
    np.save(layer / "b.npy", np.array([[3.0, 4.0]]))
    np.save(layer / "c.npy", np.zeros((3, 2)))
    np.save(layer / "d.npy", np.zeros(5))
    (layer / "e.npy").write_bytes(b"rubbish")
    words = tmp_path / "data" / "textual_embeddings_1" / "sentence_transformers" / "mpnet" / "1"
    words.mkdir(parents=True)
    np.save(words / "a.npy", np.array([9.0]))
    made = catalogue_of(tmp_path / "c", items=[Item(item_id=item_id) for item_id in "abcdef"])
    done = attach(made, read_given(tmp_path / "data", panel="seeing"), "seeing/resnet")
    assert (done.covered, done.masked, done.without, done.width) == (2, 3, 1, 2)
    features = FeatureStore(made.tables)
    found = features.sequences(features.recipe_of("seeing/resnet"))
    assert [found[item_id].values.tolist() for item_id in "ab"] == [[1, 2], [3, 4]]  # type: ignore[union-attr]
    assert "(3, 2)" in found["c"].reason
    assert found["d"].reason == "its vector has 5 entries, others have 2"
    assert "cannot be read as an array" in found["e"].reason
    assert attach(made, read_given(tmp_path / "data", panel="reading"), "reading/mpnet").covered == 1
    assert attach(made, read_given(words, panel="reading"), "reading/direct").covered == 1
    with pytest.raises(SourceError, match="holds no arrays"):
        read_given(tmp_path / "data", panel="hearing")
    second = layer.parent / "fc"
    second.mkdir()
    np.save(second / "a.npy", np.array([1.0]))
    with pytest.raises(UsageError, match="holds 2 layers of seeing"):
        read_given(tmp_path / "data", panel="seeing")


@pytest.mark.parametrize(
    "name", ["../../secret.npy", "/etc/passwd", "sub/../../secret.npy", "..", "sub/x.npy", "a\x00b"]
)
def test_a_mapping_that_leads_out_of_the_folder_is_not_followed(tmp_path: Path, name: str) -> None:
    np.save(tmp_path / "secret.npy", np.array([6.0, 6.0]))
    layer = tmp_path / "data" / "audio_embeddings" / "b" / "m" / "l"
    (layer / "sub").mkdir(parents=True)
    np.save(layer / "sub" / "x.npy", np.array([5.0, 5.0]))
    np.save(layer / "good.npy", np.array([1.0, 2.0]))
    (layer / "item_ids.csv").write_text(f'item_id,file\na,"{name}"\nb,good.npy\n')
    offering = read_given(layer, panel="hearing")
    assert offering.ids == ("a", "b")
    assert "leaves the folder" in offering.absent[0]
    assert offering.values[1].tolist() == [1, 2]


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    np.save(tmp_path / "secret.npy", np.array([6.0, 6.0]))
    layer = tmp_path / "l"
    layer.mkdir()
    np.save(layer / "good.npy", np.array([1.0, 2.0]))
    (layer / "bad.npy").symlink_to(tmp_path / "secret.npy")
    offering = read_given(layer, panel="seeing")
    assert dict(zip(offering.ids, range(2), strict=True)) == {"bad": 0, "good": 1}
    assert list(offering.absent) == [0]


def test_a_changed_file_is_another_offering(tmp_path: Path) -> None:
    made = catalogue_of(tmp_path / "c", items=[Item(item_id="a")])
    store(made, SOUND, {"a": [1, 2]})
    write_ducho(made, tmp_path / "out", "films")
    before = read_given(tmp_path / "out", panel="hearing").facts["digest"]
    assert before == read_given(tmp_path / "out", panel="hearing").facts["digest"]
    (path,) = (tmp_path / "out").rglob("a.npy")
    np.save(path, np.array([[1, 3]], np.float32))
    assert before != read_given(tmp_path / "out", panel="hearing").facts["digest"]
