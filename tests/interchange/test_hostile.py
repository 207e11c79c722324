"""Hostile files: each is refused with a sentence, nothing in it is run, and nothing is written."""

from __future__ import annotations

import io
import pickle  # noqa: TID251 - to show that it is not loaded
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.interchange.worlds import catalogue_of
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Item
from triptych.errors import SourceError, TriptychError, UsageError
from triptych.features.store import FeatureStore
from triptych.interchange.given import attach, read_given


class Trap:
    """Unpickling it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[str, ...]]:
        return Path.touch, (self.path,)  # type: ignore[return-value]


def header(text: str, body: bytes = b"") -> bytes:
    """A .npy file with this header."""
    raw = text.encode("latin1")
    raw += b" " * (-(len(raw) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(raw).to_bytes(2, "little") + raw + body


def zipped(**files: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, body in files.items():
            archive.writestr(f"{name}.npy", body)
    return held.getvalue()


def saved(array: Any, *, pickles: bool = False) -> bytes:
    held = io.BytesIO()
    np.save(held, array, allow_pickle=pickles)
    return held.getvalue()


@pytest.fixture
def films(tmp_path: Path) -> Catalogue:
    return catalogue_of(tmp_path / "films", items=[Item(item_id="1"), Item(item_id="2")])


@pytest.fixture
def ids(tmp_path: Path) -> Path:
    path = tmp_path / "ids.csv"
    path.write_text("item_id\n1\n2\n")
    return path


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
@pytest.mark.parametrize("wrapped", [True, False])
def test_a_pickle_is_never_loaded(tmp_path: Path, ids: Path, suffix: str, wrapped: bool) -> None:
    trap = Trap(tmp_path / "sprung")
    raw = saved(np.array([trap, trap], object), pickles=True) if wrapped else pickle.dumps(trap)
    path = tmp_path / f"x{suffix}"
    path.write_bytes(zipped(x=raw) if suffix == ".npz" and wrapped else raw)
    with pytest.raises(SourceError, match="cannot be read as"):
        read_given(path, panel="seeing", ids=ids)
    assert not (tmp_path / "sprung").exists()
    if wrapped:
        np.load(io.BytesIO(raw), allow_pickle=True)
        assert (tmp_path / "sprung").exists(), "the trap would have worked"


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "cannot be read"),
        (b"rubbish", "cannot be read"),
        (b"\x93NUMPY", "cannot be read"),
        (saved(np.zeros((2, 3)))[:-8], "cannot be read"),
        (header("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1000000000000)}"), "cannot be read"),
        (header("{'descr': '<f4', 'fortran_order': False, 'shape': (-2, 3)}"), "cannot be read|numbers"),
        (header("{'descr': '<f4', 'fortran_order': False, 'shape': (True, 3)}"), "cannot be read|rows"),
        (header("__import__('os').system('true')"), "cannot be read"),
        (header("(" * 3000), "cannot be read"),
        (header("{'descr': [('a', 'O')], 'fortran_order': False, 'shape': (2,)}", b"x" * 64), "Python objects"),
        (saved(np.zeros(2)), "numbers"),
        (saved(np.zeros((2, 0))), "numbers"),
        (saved(np.zeros((2, 3, 4))), "numbers"),
        (saved(np.zeros((2, 3), complex)), "numbers"),
        (saved(np.array([["a"], ["b"]])), "numbers"),
        (saved(np.zeros((2, 1), "datetime64[s]")), "numbers"),
        (saved(np.float32(3)), "numbers|rows"),
        (saved(np.zeros((3, 2))), "3 rows, but there are 2 ids"),
        (saved(np.zeros((0, 2))), "0 rows"),
        (zipped(x=saved(np.zeros((2, 2)))), "cannot be read|several arrays"),
    ],
    ids=range(20),
)
def test_an_array_that_is_none_is_refused(tmp_path: Path, ids: Path, raw: bytes, said: str) -> None:
    path = tmp_path / "x.npy"
    path.write_bytes(raw)
    with pytest.raises(SourceError, match=said):
        read_given(path, panel="seeing", ids=ids)


@pytest.mark.parametrize(
    "raw",
    [b"", b"PK\x03\x04rubbish", zipped(x=b"rubbish"), zipped(x=saved(np.zeros((2, 2))))[:-30], zipped()],
    ids=range(5),
)
def test_an_archive_that_is_none_is_refused(tmp_path: Path, ids: Path, raw: bytes) -> None:
    path = tmp_path / "x.npz"
    path.write_bytes(raw)
    with pytest.raises(TriptychError):
        read_given(path, panel="seeing", ids=ids)


def test_an_archive_that_claims_to_unpack_without_end_is_refused(tmp_path: Path, ids: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez_compressed(path, np.ones((4, 2), np.float32))
    raw = bytearray(path.read_bytes())
    size = raw.index(b"PK\x01\x02") + 24  # where the directory of the archive says how long the member is
    raw[size : size + 4] = (3 << 30).to_bytes(4, "little")
    path.write_bytes(raw)
    with pytest.raises(SourceError, match="would unpack to 3,072 MB"):
        read_given(path, panel="seeing", ids=ids)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("id,embedding\n", "column names and no rows"),
        ('id,embedding\n1,"1,2"\n2,"1,2,3"\n', "several widths"),
        ("id,embedding\n1,\n2,\n", "every cell of the column 'embedding' is empty"),
        ("id,embedding\n1,hello there\n2,you two\n", "holds no numbers, but 'hello'"),
        ("id,embedding,embedding\n1,2,3\n", "two of its columns"),
        ("id,title\n1,x\n", "which column of 'x.csv' holds the vectors"),
        ("who,embedding\n1,2\n", "which column of 'x.csv' holds the ids"),
        ("embedding\n1 2\n", "no numbers|which column|none is in the catalogue"),
        ('id,embedding\n1,"1,2\n', "quoted field"),
    ],
)
def test_a_table_without_vectors_is_refused(tmp_path: Path, films: Catalogue, text: str, said: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text)
    with pytest.raises(TriptychError, match=said):
        attach(films, read_given(path, panel="seeing"), "seeing/x")
    assert FeatureStore(films.tables).recipes() == []


def test_ids_that_can_be_none_are_counted(tmp_path: Path, films: Catalogue) -> None:
    path = tmp_path / "x.csv"
    path.write_text(f'id,embedding\n1,"1"\n,"2"\n 2,"3"\n{"x" * 5000},"4"\nnan,"5"\n2.5,"6"\n')
    made = attach(films, read_given(path, panel="seeing"), "seeing/x")
    assert (made.covered, made.nameless, made.unknown) == (1, 3, 2)


def test_a_cell_of_ten_megabytes_masks_its_item_alone(tmp_path: Path, films: Catalogue) -> None:
    path = tmp_path / "x.csv"
    path.write_text('id,embedding\n1,"1 2"\n2,"' + "7 " * 5_000_000 + '"\n3,"1 2"\n')
    made = attach(films, read_given(path, panel="seeing"), "seeing/x")
    assert (made.covered, made.masked) == (1, 1)
    features = FeatureStore(films.tables)
    reason = features.sequences(features.recipe_of("seeing/x"))["2"].reason
    assert reason == "its vector has 5,000,000 entries, others have 2"


def test_a_few_vectors_of_another_width_are_masked(tmp_path: Path, films: Catalogue) -> None:
    path = tmp_path / "x.csv"
    path.write_text('id,embedding\n1,"1 2"\n2,"1 2 3"\n3,"1 2"\n')
    made = attach(films, read_given(path, panel="seeing"), "seeing/x")
    assert (made.covered, made.masked, made.width) == (1, 1, 2)


def test_files_of_other_kinds_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x.pkl").write_bytes(pickle.dumps([1]))
    with pytest.raises(SourceError, match="of no kind that is read here"):
        read_given(tmp_path / "x.pkl", panel="seeing")
    with pytest.raises(SourceError, match="no file or folder"):
        read_given(tmp_path / "none.csv", panel="seeing")
    (tmp_path / "x.csv").write_text("id,a\n1,2\n")
    with pytest.raises(UsageError, match="--ids is for arrays"):
        read_given(tmp_path / "x.csv", panel="seeing", ids=tmp_path / "x.csv")
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="holds no arrays"):
        read_given(tmp_path / "empty", panel="seeing")
