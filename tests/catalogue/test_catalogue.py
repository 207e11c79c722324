"""The catalogue: what goes in comes out, once; every change is one commit, and every commit can be seen again."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.worlds.catalogues import Listed, catalogue_of
from triptych.catalogue.catalogue import MARK, Catalogue
from triptych.catalogue.ids import fault_of_id
from triptych.catalogue.interactions import INTERACTIONS
from triptych.catalogue.records import Clip, Item
from triptych.catalogue.sources.source import Addition
from triptych.catalogue.sources.table import TableFile
from triptych.errors import (
    CatalogueError,
    CatalogueExists,
    CatalogueMissing,
    CatalogueUnwritable,
    SourceError,
    UnknownName,
)

ODD = [
    "a/b",
    "it's",
    '"',
    "two\nlines",
    "a\tb",
    "🎬",
    "\u202eפילם",
    "x" * 1000,
    "%",
    "_",
    "\\",
    "\\'",
    "'; DROP TABLE items; --",
    "nan",
    "None",
    "null",
    "a b",
    "a  b",
    "A B",
    "é",
    "e\u0301",
]
FULL = Item(
    item_id="tt1",
    title="Nosferatu",
    year=1922,
    genres=("Horror", "Fantasy"),
    plot="A count.\nA ship.",
    people=("Max Schreck",),
    languages=("German",),
    released_at="1922-03-04",
)


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A source that offers what a test holds in its hand."""

    addition: Addition

    def read(self, folder: Path) -> Addition:
        return self.addition


def items(*item_ids: str) -> Listed:
    return Listed(items=[Item(item_id=item_id) for item_id in item_ids])


# -- coming into being -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["new", "new/with/parents", "empty"])
def test_init_makes_an_empty_catalogue(tmp_path: Path, where: str) -> None:
    (tmp_path / "empty").mkdir()
    for catalogue in (Catalogue.init(tmp_path / where), Catalogue.open(str(tmp_path / where))):
        assert (catalogue.items(), catalogue.item_ids(), catalogue.clips(), catalogue.commits()) == ([], [], [], [])
        assert catalogue.interactions().equals(INTERACTIONS.empty_table())


def test_init_leaves_what_is_there_alone(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"x")
    with pytest.raises(CatalogueExists, match=r"not an empty folder. Give a new or empty one"):
        Catalogue.init(tmp_path)
    with pytest.raises(CatalogueExists, match="not an empty folder"):
        Catalogue.init(tmp_path / "film.mp4")
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(CatalogueExists, match="not an empty folder"):
        Catalogue.init(tmp_path / "link")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film.mp4", "link"]
    catalogue = catalogue_of(tmp_path / "C", FULL)
    with pytest.raises(CatalogueExists, match=r"is a catalogue already. Add to it"):
        Catalogue.init(tmp_path / "C")
    assert catalogue.items() == [FULL]
    with pytest.raises(CatalogueUnwritable, match="cannot be made: Not a directory"):
        Catalogue.init(tmp_path / "film.mp4" / "C")


INIT = """
import os, sys
from triptych.catalogue.catalogue import Catalogue
def die_before(folder, steps):
    def audit(event, arguments):
        nonlocal steps
        if event in ("os.mkdir", "open", "os.rename") and folder in str(arguments[0]):
            steps -= 1
            if steps < 0:
                os.kill(os.getpid(), 9)
    sys.addaudithook(audit)
for steps in range(9):
    folder = f"{sys.argv[1]}/{steps}/deep/C"
    child = os.fork()
    if child == 0:
        die_before(folder, steps)
        Catalogue.init(folder)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_whatever_a_killed_init_left_can_be_initialised_or_opened(tmp_path: Path) -> None:
    """Killed before its first step to the disk, before its second, and so on until it gets through."""
    said = subprocess.run(
        [sys.executable, "-c", INIT, str(tmp_path)], check=True, capture_output=True, text=True, timeout=60
    ).stdout
    ends = [int(line) for line in said.split()]
    assert ends.count(-9) >= 3
    assert ends[-1] == 0
    left = set[str]()
    for steps in range(len(ends)):
        folder = tmp_path / str(steps) / "deep" / "C"
        left.add(" ".join(sorted(path.name for path in folder.iterdir())) if folder.exists() else "nothing")
        if (folder / MARK).exists():
            assert Catalogue.open(folder).item_ids() == []
            continue
        with pytest.raises(CatalogueMissing, match=r"is no catalogue. Make one: triptych init"):
            Catalogue.open(folder)
        Catalogue.init(folder).add(items("a"))
        assert Catalogue.open(folder).item_ids() == ["a"]
    assert {"nothing", "lance", "catalogue.json.tmp lance", "catalogue.json lance"} <= left


def test_a_folder_with_tables_but_no_mark_is_not_taken_for_empty(tmp_path: Path) -> None:
    catalogue_of(tmp_path / "C", FULL)
    (tmp_path / "C" / MARK).unlink()
    (tmp_path / "C" / "writer.lock").unlink()
    with pytest.raises(CatalogueExists):
        Catalogue.init(tmp_path / "C")
    assert (tmp_path / "C" / "lance" / "items.lance").is_dir()


@pytest.mark.parametrize("where", ["nothing", "empty", "file"])
def test_there_is_no_catalogue(tmp_path: Path, where: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    with pytest.raises(CatalogueMissing, match=f"is no catalogue. Make one: triptych init .*{where}"):
        Catalogue.open(tmp_path / where)


@pytest.mark.parametrize("mark", [b"", b"{", b"[]", b"7", b"null", b"{}", b'"x"', b"\xff\xfe", b"[" * 100_000])
def test_a_damaged_mark_is_said_and_can_be_mended_as_said(tmp_path: Path, mark: bytes) -> None:
    catalogue_of(tmp_path / "C", FULL)
    (tmp_path / "C" / MARK).write_bytes(mark)
    with pytest.raises(
        CatalogueError, match=r"catalogue.json' cannot be read: .* writing {\"format\": 2} into it mends"
    ):
        Catalogue.open(tmp_path / "C")
    (tmp_path / "C" / MARK).write_text('{"format": 2}')
    assert Catalogue.open(tmp_path / "C").items() == [FULL]


def test_a_later_format_is_not_guessed_at(tmp_path: Path) -> None:
    catalogue_of(tmp_path / "C", FULL)
    (tmp_path / "C" / MARK).write_text(json.dumps({"format": 3}))
    with pytest.raises(CatalogueError, match=r"has format 3; this version reads format 2. Update Triptych"):
        Catalogue.open(tmp_path / "C")


def test_an_earlier_format_is_to_be_made_anew(tmp_path: Path) -> None:
    catalogue_of(tmp_path / "C", FULL)
    (tmp_path / "C" / MARK).write_text(json.dumps({"format": 1}))
    with pytest.raises(CatalogueError, match=r"has format 1; .* Make a new catalogue and add its sources again"):
        Catalogue.open(tmp_path / "C")


# -- upserting -------------------------------------------------------------------------------------------------------


def test_an_item_comes_out_as_it_went_in(tmp_path: Path) -> None:
    bare = Item(item_id="bare")
    catalogue = catalogue_of(tmp_path / "C", FULL, bare)
    assert catalogue.items(["tt1"]) == [FULL]
    assert catalogue.items(["bare"]) == [bare]


def test_the_same_twice_changes_nothing_and_is_no_commit(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"x")
    source = Listed(items=[FULL, Item(item_id="b")], paths={"tt1": tmp_path / "a.mp4"})
    catalogue = Catalogue.init(tmp_path / "C")
    first = catalogue.add(source)
    before = catalogue.commits()
    files = sorted(path for path in (tmp_path / "C" / "lance").rglob("*"))
    second = Catalogue.open(tmp_path / "C").add(source)
    assert (first.items_new, first.items_same, first.clips_new) == (2, 0, 1)
    assert (second.items_new, second.items_changed, second.items_same) == (0, 0, 2)
    assert (second.clips_new, second.clips_changed) == (0, 0)
    assert catalogue.commits() == before
    assert sorted(path for path in (tmp_path / "C" / "lance").rglob("*")) == files


@pytest.mark.parametrize(
    "silence",
    [{"title": ""}, {"year": None}, {"plot": ""}, {"people": ()}, {"imdb_rating": None}],
    ids=str,
)
def test_what_a_source_leaves_empty_keeps_what_another_said(tmp_path: Path, silence: dict[str, object]) -> None:
    known = replace(FULL, imdb_rating=8.0)
    catalogue = catalogue_of(tmp_path / "C", known)
    added = catalogue.add(Listed(items=[replace(known, **silence)]))  # type: ignore[arg-type]
    assert (added.items_changed, added.items_same) == (0, 1)
    assert catalogue.items() == [known]


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Dracula"},
        {"year": 1923},
        {"genres": ("Fantasy", "Horror")},
        {"plot": "Another."},
        {"people": ("Nobody",)},
        {"runtime_min": 94.5},
        {"directors": ("F. W. Murnau",)},
        {"imdb_rating": 0.0},
        {"imdb_votes": 0},
        {"languages": ("German", "")},
        {"released_at": "x"},
    ],
    ids=str,
)
def test_changed_metadata_updates_one_row(tmp_path: Path, change: dict[str, object]) -> None:
    catalogue = catalogue_of(tmp_path / "C", FULL, Item(item_id="b", title="Beta"))
    changed = replace(FULL, **change)  # type: ignore[arg-type]
    added = catalogue.add(Listed(items=[changed, Item(item_id="b", title="Beta")]))
    assert (added.items_new, added.items_changed, added.items_same) == (0, 1, 1)
    assert catalogue.items(["tt1", "b"]) == [changed, Item(item_id="b", title="Beta")]
    assert len(catalogue.item_ids()) == 2


def test_a_replaced_file_is_a_changed_clip(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"first")
    (tmp_path / "b.mp4").write_bytes(b"other")
    catalogue = catalogue_of(
        tmp_path / "C", FULL, Item(item_id="b"), paths={"tt1": tmp_path / "a.mp4", "b": tmp_path / "b.mp4"}
    )
    before = {clip.item_id: clip for clip in catalogue.clips()}
    (tmp_path / "a.mp4").write_bytes(b"secnd")
    added = catalogue.add(
        Listed(items=[FULL, Item(item_id="b")], paths={"tt1": tmp_path / "a.mp4", "b": tmp_path / "b.mp4"})
    )
    after = {clip.item_id: clip for clip in catalogue.clips()}
    assert (added.clips_new, added.clips_changed, added.items_same) == (0, 1, 2)
    assert after["tt1"].fingerprint != before["tt1"].fingerprint
    assert after["b"] == before["b"]


def test_an_item_offered_without_its_file_keeps_the_clip_it_has(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"first")
    catalogue = catalogue_of(tmp_path / "C", FULL, paths={"tt1": tmp_path / "a.mp4"})
    catalogue.add(Listed(items=[replace(FULL, title="Dracula")]))
    assert [clip.item_id for clip in catalogue.clips()] == ["tt1"]


def test_what_is_known_of_an_item_is_not_lost_to_a_bare_file_name(tmp_path: Path) -> None:
    catalogue = catalogue_of(tmp_path / "C", FULL)
    bare = [Item(item_id="tt1", title="tt1"), Item(item_id="new", title="new")]
    added = catalogue.add(Offer(addition=Addition(items=bare, bare=frozenset({"tt1", "new"}))))
    assert (added.items_new, added.items_changed, added.items_same) == (1, 0, 1)
    assert catalogue.items(["tt1", "new"]) == [FULL, bare[1]]


@pytest.mark.parametrize(
    ("addition", "said"),
    [
        (Addition(items=[FULL, FULL]), "offers 2 items of the id 'tt1'; it may offer one"),
        (Addition(clips=[Clip(item_id="a", path="/a", bytes=1, fingerprint="x")] * 3), "offers 3 clips of the id 'a'"),
        (Addition(items=[Item(item_id="")]), "whose id '' is empty"),
        (Addition(items=[Item(item_id="a ")]), "begins or ends with white space"),
        (Addition(items=[Item(item_id="a\x00")]), "holds a NUL"),
    ],
)
def test_a_source_that_breaks_its_promise_is_stopped_before_anything_is_written(
    tmp_path: Path, addition: Addition, said: str
) -> None:
    catalogue = catalogue_of(tmp_path / "C", FULL)
    with pytest.raises(SourceError, match=said):
        catalogue.add(Offer(addition=addition))
    assert (catalogue.items(), len(catalogue.commits())) == ([FULL], 1)


@settings(max_examples=12, deadline=None)
@given(
    st.lists(
        st.builds(
            Item,
            item_id=st.text(st.characters(codec="utf-8"), max_size=9).filter(lambda text: fault_of_id(text) is None),
            title=st.text(st.characters(codec="utf-8"), max_size=9),
            year=st.none() | st.integers(1870, 2200),
            genres=st.lists(st.text(st.characters(codec="utf-8"), max_size=9), max_size=3).map(tuple),
            plot=st.text(st.characters(codec="utf-8")),
        ),
        unique_by=lambda item: item.item_id,
        max_size=6,
    )
)
def test_any_items_come_out_as_they_went_in(tmp_path_factory: pytest.TempPathFactory, offered: list[Item]) -> None:
    catalogue = catalogue_of(tmp_path_factory.mktemp("any") / "C", *offered)
    assert catalogue.items([item.item_id for item in offered]) == offered
    assert catalogue.add(Listed(items=offered)).items_same == len(offered)


# -- ids -------------------------------------------------------------------------------------------------------------


def test_odd_ids_are_stored_found_and_removed_exactly(tmp_path: Path) -> None:
    catalogue = catalogue_of(tmp_path / "C", *(Item(item_id=odd, title=ascii(odd)) for odd in ODD))
    assert sorted(catalogue.item_ids()) == sorted(ODD)
    left = list(ODD)
    for odd in random.Random(0).sample(ODD, len(ODD)):
        assert catalogue.items([odd]) == [Item(item_id=odd, title=ascii(odd))]
    for odd in random.Random(1).sample(ODD, 7):
        catalogue.remove([odd])
        left.remove(odd)
        assert sorted(catalogue.item_ids()) == sorted(left)
    catalogue.remove(left)
    assert catalogue.item_ids() == []


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_odd_ids_of_items_and_users_survive_a_table(tmp_path: Path, suffix: str) -> None:
    refused = [" lead", "trail ", "nul\x00", "\t", ""]
    rows = [{"user_id": odd, "item_id": odd} for odd in [*ODD, *refused]]
    quoted = ['"{}"'.format(row["item_id"].replace('"', '""')) for row in rows]
    events, listed = tmp_path / f"events.{suffix}", tmp_path / f"items.{suffix}"
    if suffix == "csv":
        events.write_text("user_id,item_id\n" + "".join(f"{text},{text}\n" for text in quoted), newline="")
        listed.write_text("item_id,title\n" + "".join(f"{text},x\n" for text in quoted), newline="")
    else:
        events.write_text("".join(json.dumps(row) + "\n" for row in rows))
        listed.write_text("".join(json.dumps({"item_id": row["item_id"], "title": "x"}) + "\n" for row in rows))
    catalogue = Catalogue.init(tmp_path / "C")
    assert len(catalogue.add(TableFile(path=listed)).refused) == len(refused)
    catalogue.add(TableFile(path=events))
    assert sorted(catalogue.item_ids()) == sorted(ODD)
    assert sorted(catalogue.interactions()["item_id"].to_pylist()) == sorted(ODD)
    assert sorted(catalogue.interactions()["user_id"].to_pylist()) == sorted(ODD)


@pytest.mark.parametrize("count", [0, 1, 50, 51, 120])
def test_items_come_in_the_order_asked_for(tmp_path: Path, count: int) -> None:
    names = [f"item-{k:03}" for k in range(150)]
    catalogue = catalogue_of(tmp_path / "C", *(Item(item_id=name) for name in names))
    asked = random.Random(count).sample(names, count)
    assert [item.item_id for item in catalogue.items(asked)] == asked
    assert [item.item_id for item in catalogue.items([*asked, *asked[:1]])] == [*asked, *asked[:1]]
    assert sorted(item.item_id for item in catalogue.items()) == names
    with pytest.raises(UnknownName, match=r"no item 'itm-007'; there is 'item-007'.*List them: triptych items"):
        catalogue.items([*asked, "itm-007"])


def test_an_unknown_id_in_an_empty_catalogue(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="no item 'a'; there is none yet"):
        Catalogue.init(tmp_path / "C").items(["a"])


# -- at size ---------------------------------------------------------------------------------------------------------


def test_ten_thousand_items(tmp_path: Path) -> None:
    lines: Sequence[str] = [f'i{k},"Title, {k}",{1900 + k % 100},Drama|War,plot {k}' for k in range(10_000)]
    (tmp_path / "t.csv").write_text("item_id,title,year,genres,plot\n" + "\n".join(lines))
    catalogue = Catalogue.init(tmp_path / "C")
    assert catalogue.add(TableFile(path=tmp_path / "t.csv")).items_new == 10_000
    assert catalogue.add(TableFile(path=tmp_path / "t.csv")).items_same == 10_000
    assert len(catalogue.items()) == len(set(catalogue.item_ids())) == 10_000
    assert catalogue.items(["i9999"])[0].title == "Title, 9999"
