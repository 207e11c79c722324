"""RecBole: what is written comes back as it was, and other programs' files are read as they are."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.interchange.worlds import AWKWARD, Given, awkward, catalogue_of, events, same
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.ids import fault_of_id
from triptych.catalogue.records import Item
from triptych.catalogue.tags import TAGS
from triptych.catalogue.users import USERS
from triptych.errors import SourceError, UsageError
from triptych.interchange.recbole import RecBole, atomic, write_recbole
from triptych.interchange.recbole.atomic import Atomic
from triptych.interchange.recbole.layout import EVENT
from triptych.interchange.recbole.source import _exact_items
from triptych.interchange.recbole.write import _event_cells, _item_cells
from triptych.interchange.recognise import source_of


def files(folder: Path, **parts: str) -> Path:
    """``inter="…"`` becomes NAME.inter; ``|`` stands for a tab."""
    folder.mkdir(exist_ok=True)
    for suffix, text in parts.items():
        (folder / f"x.{suffix}").write_text(text.replace("|", "\t"), encoding="utf-8")
    return folder


def test_a_catalogue_goes_there_and_back_unchanged(tmp_path: Path) -> None:
    old = awkward(tmp_path / "old")
    written = write_recbole(old, tmp_path / "out", "films")
    assert written.files == ("films.inter", "films.item", "films.tag", "films.user")
    assert (written.items, written.users, written.interactions) == (len(AWKWARD) + 3, len(AWKWARD), 7 * len(AWKWARD))
    new = Catalogue.init(tmp_path / "new")
    added = new.add(RecBole(path=tmp_path / "out"))
    assert added.refused == ()
    assert added.unused_columns == ()
    assert same(old, new)


def test_what_is_compared_would_notice_a_difference(tmp_path: Path) -> None:
    old = awkward(tmp_path / "old")
    write_recbole(old, tmp_path / "out", "films")
    path = tmp_path / "out" / "films.inter"
    path.write_text(path.read_text("utf-8").replace("1152921504606846977", "1152921504606846976", 1), "utf-8")
    new = Catalogue.init(tmp_path / "new")
    new.add(RecBole(path=tmp_path / "out"))
    assert not same(old, new)


def test_an_empty_catalogue_goes_there_and_back(tmp_path: Path) -> None:
    old = Catalogue.init(tmp_path / "old")
    write_recbole(old, tmp_path / "out", "films")
    new = Catalogue.init(tmp_path / "new")
    new.add(RecBole(path=tmp_path / "out"))
    assert same(old, new)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
PARTS = st.lists(TEXT, max_size=3).map(tuple)
ITEMS = st.builds(
    Item,
    item_id=TEXT.filter(bool),
    title=TEXT,
    year=st.none() | st.integers(1, 9999),
    plot=TEXT,
    runtime_min=st.none() | st.floats(0, allow_nan=False, allow_infinity=False),
    genres=PARTS,
    people=PARTS,
    url=TEXT,
    imdb_votes=st.none() | st.integers(0, 2**62),
)


@settings(deadline=None)
@given(st.lists(ITEMS, max_size=4))
def test_any_item_comes_back_from_its_cells(items: list[Item]) -> None:
    cells = _item_cells(items)
    texts = cells.select([c.cast(str) if c.dtype.is_integer() else c for c in cells])
    assert _exact_items(Atomic(name="x", types=dict.fromkeys(cells.columns, "token"), frame=texts)) == items


NAMES = st.sampled_from([*AWKWARD, "a.", "\ufeff", "\x85x", "e\u0301", "\u2028x", "%7", "x:token"]) | TEXT
IDS = NAMES.filter(lambda text: not fault_of_id(text))
TIMES = st.none() | st.integers(0, 2**63 - 1)
ROWS = st.tuples(
    IDS,
    IDS,
    st.floats(width=32, allow_nan=False, allow_infinity=False),
    TIMES,
    st.sampled_from(["rating", "like", "skip"]),
)
PEOPLE = st.tuples(IDS, st.none() | st.integers(0, 2**31 - 1), *[st.none() | NAMES] * 3)
WORDS_OF = st.tuples(IDS, IDS, NAMES, TIMES)


@settings(deadline=None, max_examples=12)
@given(
    st.lists(ITEMS, max_size=3, unique_by=lambda item: item.item_id),
    st.lists(ROWS, max_size=8, unique_by=lambda row: (row[0], row[1], row[4])),
    st.lists(PEOPLE, max_size=3, unique_by=lambda row: row[0]),
    st.lists(WORDS_OF, max_size=3, unique_by=lambda row: row[:3]),
)
def test_any_catalogue_comes_back(
    tmp_path_factory: pytest.TempPathFactory,
    items: list[Item],
    rows: list[tuple[str, str, float, int | None, str]],
    people: list[tuple[object, ...]],
    words: list[tuple[object, ...]],
) -> None:
    folder = tmp_path_factory.mktemp("x")
    users, tags = (
        pa.table(dict(zip(schema.names, map(list, zip(*part, strict=True)), strict=True)), schema=schema)
        if part
        else None
        for part, schema in ((people, USERS), (words, TAGS))
    )
    items = [item for item in items if not fault_of_id(item.item_id)]
    old = catalogue_of(folder / "old", items=items, interactions=events(*rows), users=users, tags=tags)
    write_recbole(old, folder / "out", "x")
    new = Catalogue.init(folder / "new")
    assert new.add(RecBole(path=folder / "out")).refused == ()
    assert same(old, new)


@settings(deadline=None)
@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=30))
def test_values_come_back_bit_for_bit(tmp_path_factory: pytest.TempPathFactory, values: list[float]) -> None:
    folder = tmp_path_factory.mktemp("x")
    rows = events(*((f"u{k}", "i", value, k, "rating") for k, value in enumerate(values)))
    cells = _event_cells(pl.DataFrame(pl.from_arrow(rows)))
    atomic.write(folder / "x.inter", {name: EVENT[name] for name in cells.columns}, cells)
    found = RecBole(path=folder).read(folder).interactions
    assert found is not None
    bits = [np.array(one, np.float32).view(np.int32).tolist() for one in (found["value"].to_pylist(), values)]
    assert bits[0] == bits[1]


def test_recbole_reads_what_was_written(tmp_path: Path) -> None:
    """As RecBole does it: pandas, tabs, text and float64, missing where a cell is empty; sequences split at blanks."""
    old = awkward(tmp_path / "old")
    write_recbole(old, tmp_path / "out", "films")
    for suffix, rows in (("inter", 7 * len(AWKWARD)), ("item", len(AWKWARD) + 3), ("user", len(AWKWARD))):
        path = tmp_path / "out" / f"films.{suffix}"
        with path.open(encoding="utf-8") as handle:
            head = handle.readline()[:-1].split("\t")
        types = {field: np.float64 if field.endswith(":float") else str for field in head}
        frame = pd.read_csv(path, delimiter="\t", dtype=types, engine="python", encoding="utf-8")
        assert list(frame.columns) == head
        assert len(frame) == rows
        for field in head[: 2 if suffix == "inter" else 1]:
            assert frame[field].notna().all()
            assert frame[field].nunique() == len(set(frame[field]))
        if suffix == "item":
            genres = [list(filter(None, cell.split(" "))) for cell in frame["genres:token_seq"].fillna("")]
            assert [len(parts) for parts in genres] == [3] * len(AWKWARD) + [0, 1, 0]
            assert genres[0][0] == "Film%20Noir"


def test_plain_files_are_read_as_they_are(tmp_path: Path) -> None:
    folder = files(
        tmp_path / "ml",
        inter="user_id:token|item_id:token|rating:float|timestamp:float|label:float\n196|242|3|881250949|1\n22|242|4.5|881250949.7|0\n",
        item="movie_id:token|movie_title:token_seq|release_year:token|class:token_seq|colour:token\n"
        "242|Kolya 100%25|1996|Comedy Sci-Fi|b\n267|unkonwn|unkonwn|unknown|\n",
        user="user_id:token|age:token|gender:token|occupation:token|zip_code:token\n196|49.0|M|writer|55105\n22|x|F||\n",
        kg="head_id:token|relation_id:token|tail_id:token\na|b|c\n",
    )
    addition = RecBole(path=folder).read(tmp_path)
    assert list(addition.items) == [
        Item(item_id="242", title="Kolya 100%25", year=1996, genres=("Comedy", "Sci-Fi")),
        Item(item_id="267", title="unkonwn", genres=("unknown",)),
    ]
    assert addition.interactions is not None
    assert addition.interactions.to_pylist() == [
        {"user_id": "196", "item_id": "242", "value": 3.0, "timestamp": 881250949, "kind": "rating"},
        {"user_id": "22", "item_id": "242", "value": 4.5, "timestamp": 881250949, "kind": "rating"},
    ]
    assert addition.users is not None
    assert addition.users.to_pylist() == [
        {"user_id": "196", "age": 49, "gender": "M", "occupation": "writer", "region": "55105"},
        {"user_id": "22", "age": None, "gender": "F", "occupation": None, "region": None},
    ]
    assert addition.unused_columns == ("colour (x.item)", "label (x.inter)")
    assert [note for note in addition.notes if "year" in note] == [
        "1 items whose year cannot be read as one, such as 'unkonwn', are kept without it"
    ]
    assert any("x.kg" in note for note in addition.notes)


def test_movielens_as_recbole_lays_it_out(tmp_path: Path) -> None:
    """The fields and types of the files that its documentation shows, told by what is in the folder."""
    folder = tmp_path / "ml-100k"
    folder.mkdir()
    texts = {
        "inter": "user_id:token|item_id:token|rating:float|timestamp:float\n196|242|3|881250949\n186|302|3|891717742\n",
        "item": "item_id:token|movie_title:token_seq|release_year:token|class:token_seq\n"
        "242|Kolya|1996|Comedy\n302|L.A. Confidential|1997|Crime Film-Noir Mystery Thriller\n9|Léon||\n",
        "user": "user_id:token|age:token|gender:token|occupation:token|zip_code:token\n"
        "196|49|M|writer|55105\n186|39|F|executive|00000\n7|57|M|administrator|T8H1N\n",
    }
    for suffix, text in texts.items():
        (folder / f"ml-100k.{suffix}").write_text(text.replace("|", "\t"), encoding="utf-8")
    source = source_of(folder)
    assert isinstance(source, RecBole)
    made = Catalogue.init(tmp_path / "c")
    added = made.add(source)
    assert (added.refused, added.notes, added.unused_columns) == ((), (), ())
    assert {item.item_id: (item.title, item.year, item.genres) for item in made.items()} == {
        "242": ("Kolya", 1996, ("Comedy",)),
        "302": ("L.A. Confidential", 1997, ("Crime", "Film-Noir", "Mystery", "Thriller")),
        "9": ("Léon", None, ()),
    }
    assert sorted(tuple(row.values()) for row in made.interactions().to_pylist()) == [
        ("186", "302", 3.0, 891717742, "rating"),
        ("196", "242", 3.0, 881250949, "rating"),
    ]
    assert {row["user_id"]: (row["age"], row["region"]) for row in made.users().to_pylist()} == {
        "196": (49, "55105"),
        "186": (39, "00000"),
        "7": (57, "T8H1N"),
    }


def test_quotation_marks_that_do_not_pair_are_letters(tmp_path: Path) -> None:
    head = "item_id:token|movie_title:token_seq|release_year:token\n"
    folder = files(
        tmp_path / "a", item=f'{head}1|"Great Performances" Cats|1998\n2|"Say ""Ah"""|\n3|The 5" disc|1990\n'
    )
    addition = RecBole(path=folder).read(tmp_path)
    assert [(item.title, item.year) for item in addition.items] == [
        ('"Great Performances" Cats', 1998),
        ('Say "Ah"', None),
        ('The 5" disc', 1990),
    ]
    assert addition.notes == ("quotation marks in x.item do not pair, and were read as letters",)
    paired = files(tmp_path / "b", item=f'{head}1|"Cats\nand dogs"|1998\n')
    assert [item.title for item in RecBole(path=paired).read(tmp_path).items] == ["Cats and dogs"]
    astray = files(tmp_path / "c", item=f'{head}1|"Cats\n2|Dogs|1998\n')
    with pytest.raises(SourceError, match="quoted field"):
        RecBole(path=astray).read(tmp_path)


def test_fields_of_other_names_can_be_told(tmp_path: Path) -> None:
    folder = files(tmp_path / "b", inter="who:token|what:token\nu|i\n")
    with pytest.raises(SourceError, match="no field user_id and no item_id; it has who, what"):
        RecBole(path=folder).read(tmp_path)
    found = RecBole(path=folder, columns={"user_id": "who", "item_id": "what"}).read(tmp_path).interactions
    assert found is not None
    assert found.to_pylist() == [{"user_id": "u", "item_id": "i", "value": 1.0, "timestamp": None, "kind": "play"}]


def test_items_of_one_id_that_differ_are_refused_but_the_first(tmp_path: Path) -> None:
    folder = files(tmp_path / "b", item="item_id:token|name:token_seq\n1|A\n1|A\n1|B\n|C\n x|D\n")
    addition = RecBole(path=folder).read(tmp_path)
    assert list(addition.items) == [Item(item_id="1", title="A")]
    assert [refusal.what for refusal in addition.refused] == ["x.item row 3", "x.item row 4", "x.item row 5"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("user_id|item_id\nu|i\n", "first line has 'user_id'"),
        ("user_id:token|item_id:words\nu|i\n", "'item_id:words'"),
        ("user_id:token|item_id:token\nu|i|j\n", "line 2 has 3 fields"),
        ("user_id:token|user_id:float\nu|1\n", "two fields called 'user_id'"),
        ("", "empty"),
    ],
)
def test_what_is_no_atomic_file_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        RecBole(path=files(tmp_path / "b", inter=text)).read(tmp_path)


def test_the_data_set_is_told_by_its_name(tmp_path: Path) -> None:
    folder = files(tmp_path / "b", inter="user_id:token|item_id:token\nu|i\n")
    (folder / "y.inter").write_text("user_id:token\titem_id:token\nv\tj\n")
    with pytest.raises(SourceError, match="several data sets, x, y"):
        RecBole(path=folder).read(tmp_path)
    found = RecBole(path=folder, name="y").read(tmp_path).interactions
    assert found is not None
    assert found["user_id"].to_pylist() == ["v"]
    with pytest.raises(SourceError, match="no data set 'z'"):
        RecBole(path=folder, name="z").read(tmp_path)
    with pytest.raises(SourceError, match="no folder"):
        RecBole(path=tmp_path / "none").read(tmp_path)


def test_a_link_that_leads_out_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("user_id:token\titem_id:token\nu\ti\n")
    folder = tmp_path / "b"
    folder.mkdir()
    (folder / "x.inter").symlink_to(tmp_path / "secret")
    with pytest.raises(SourceError, match="leads out of the folder"):
        RecBole(path=folder).read(tmp_path)


def test_only_what_is_selected_is_written(tmp_path: Path) -> None:
    old = catalogue_of(
        tmp_path / "old",
        items=[Item(item_id="a"), Item(item_id="b")],
        interactions=events(("u", "a", 1, 1, "rating"), ("v", "b", 2, 2, "rating")),
    )
    written = write_recbole(old, tmp_path / "out", "films", item_ids=["b"])
    assert (written.items, written.interactions) == (1, 1)
    assert (tmp_path / "out" / "films.inter").read_text().splitlines()[1:] == ["v\tb\t2.0\t2"]
    kept = old.interactions().slice(0, 1)
    ids = kept["item_id"].dictionary_encode()
    kept = kept.set_column(1, "item_id", ids)
    assert write_recbole(old, tmp_path / "two", "films", item_ids=["a"], interactions=kept).interactions == 1
    assert (tmp_path / "two" / "films.inter").read_text().splitlines()[1:] == ["u\ta\t1.0\t1"]


def test_an_earlier_export_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    old = catalogue_of(tmp_path / "old", items=[Item(item_id="a")], interactions=events(("u", "a", 1, 1, "rating")))
    out = tmp_path / "out"
    write_recbole(old, out, "films")
    old.add(Given(items=[Item(item_id="b")]))
    write_recbole(old, out, "others")
    assert {path.name for path in out.iterdir()} == {"others.inter", "others.item", "others.triptych.json"}
    assert json.loads((out / "others.triptych.json").read_text())["items"] == 2
    (out / "mine.txt").write_text("dear to me")
    with pytest.raises(UsageError, match=r"holds 'mine\.txt'"):
        write_recbole(old, out, "others")
    assert (out / "mine.txt").read_text() == "dear to me"
    with pytest.raises(UsageError, match="cannot be called"):
        write_recbole(old, tmp_path / "x", "../x")
