"""Folders: which files become items, under which ids, and what is refused, without opening what must not be opened."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Item
from triptych.catalogue.sources import folder as module
from triptych.catalogue.sources.folder import Folder
from triptych.catalogue.sources.source import Addition
from triptych.errors import SourceError


def make(root: Path, *names: str) -> None:
    """Files that hold their own name: no two alike."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode("utf-8", "surrogateescape"))


def read(root: Path) -> Addition:
    return Folder(path=root).read(root)


def ids(addition: Addition) -> list[str]:
    return [item.item_id for item in addition.items]


def clips(addition: Addition) -> dict[str, str]:
    return {clip.item_id: clip.path for clip in addition.clips}


def reasons(addition: Addition) -> dict[str, str]:
    return {refusal.what: refusal.reason for refusal in addition.refused}


def write(path: Path, content: Any) -> None:
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")


# -- which files -----------------------------------------------------------------------------------------------------


def test_media_files_at_any_depth_in_order_and_nothing_else(tmp_path: Path) -> None:
    make(tmp_path, "b.mp4", "a.MKV", "noir/deep/c.webm", "noir/d.mp3")
    make(tmp_path, "readme.txt", "poster.jpg", "b.srt", "mp4", ".hidden.mp4", ".trash/e.mp4", "noir/.cache/f.mp4")
    addition = read(tmp_path)
    assert ids(addition) == ["a.MKV", "b.mp4", "noir/d.mp3", "noir/deep/c.webm"]
    assert clips(addition) == {name: str(tmp_path / name) for name in ids(addition)}
    assert addition.refused == ()
    assert addition.bare == set(ids(addition))


def test_an_empty_folder_offers_nothing_and_a_file_is_no_folder(tmp_path: Path) -> None:
    assert ids(read(tmp_path)) == []
    make(tmp_path, "a.mp4")
    for path in (tmp_path / "a.mp4", tmp_path / "nothing"):
        with pytest.raises(SourceError, match="is not a folder"):
            read(path)


def test_names_that_are_hard_to_write_are_kept(tmp_path: Path) -> None:
    names = [
        "two\nlines.mp4",
        "🎬 film.mp4",
        'it\'s "so".mp4',
        "100%_\\.mp4",
        "פילם.mp4",
        "nan.mp4",
        "'; DROP.mp4",
        "trail .mp4",
    ]
    make(tmp_path, *names)
    catalogue = Catalogue.init(tmp_path / "C")
    added = catalogue.add(Folder(path=tmp_path))
    assert added.refused == ()
    assert sorted(catalogue.item_ids()) == sorted(names)
    assert all(Path(clip.path).read_bytes() == clip.item_id.encode() for clip in catalogue.clips())
    assert {item.title for item in catalogue.items(["two\nlines.mp4", "nan.mp4"])} == {"two lines", "nan"}


def test_a_name_that_can_be_no_id_is_refused_with_the_way_out_and_the_way_out_works(tmp_path: Path) -> None:
    make(tmp_path, " lead.mp4", "a.mp4")
    addition = read(tmp_path)
    assert ids(addition) == ["a.mp4"]
    assert reasons(addition) == {
        " lead.mp4": "its id begins or ends with white space; rename it, or give it an item_id in a table or a sidecar"
    }
    write(tmp_path / " lead.json", {"item_id": "lead"})
    assert clips(read(tmp_path))["lead"] == str(tmp_path / " lead.mp4")
    (tmp_path / " lead.json").unlink()
    write(tmp_path / "items.csv", "item_id,path\nlead, lead.mp4\n")
    assert clips(read(tmp_path))["lead"] == str(tmp_path / " lead.mp4")


def test_a_name_that_is_not_utf8_is_refused_readably(tmp_path: Path) -> None:
    make(tmp_path, os.fsdecode(b"caf\xe9.mp4"), os.fsdecode(b"dir\xff/a.mp4"), "b.mp4")
    addition = read(tmp_path)
    assert ids(addition) == ["b.mp4"]
    assert set(reasons(addition)) == {"caf\\udce9.mp4", "dir\\udcff/a.mp4"}
    assert all("not valid UTF-8; rename it" in reason for reason in reasons(addition).values())
    "".join(f"{refusal.what}{refusal.reason}" for refusal in addition.refused).encode()


# -- what is not a plain file ----------------------------------------------------------------------------------------


def test_links_within_are_files_of_their_own_name_and_links_out_are_refused(tmp_path: Path) -> None:
    films = tmp_path / "films"
    make(tmp_path, "films/a.mp4", "films/sub/b.mp4", "outside.mp4", "other/c.mp4")
    (films / "near.mp4").symlink_to("a.mp4")
    (films / "far.mp4").symlink_to("../outside.mp4")
    (films / "root.mp4").symlink_to(tmp_path / "outside.mp4")
    (films / "gone.mp4").symlink_to("nothing.mp4")
    (films / "round.mp4").symlink_to("round.mp4")
    (films / "door").symlink_to("sub")
    (films / "loop").symlink_to(".")
    (films / "exit").symlink_to("../other")
    (films / "folder.mp4").mkdir()
    addition = read(films)
    assert ids(addition) == ["a.mp4", "near.mp4", "sub/b.mp4"]
    assert clips(addition)["near.mp4"] == str(films / "near.mp4")
    assert reasons(addition) == {
        "far.mp4": "a link that leads out of the folder",
        "root.mp4": "a link that leads out of the folder",
        "exit": "a link that leads out of the folder",
        "gone.mp4": "a link to a file that is not there",
        "round.mp4": "a link to a file that is not there",
    }


def test_a_folder_that_is_itself_a_link(tmp_path: Path) -> None:
    make(tmp_path, "films/a.mp4")
    (tmp_path / "link").symlink_to("films")
    assert clips(read(tmp_path / "link")) == {"a.mp4": str(tmp_path / "films" / "a.mp4")}


def test_a_pipe_is_refused_without_waiting_for_its_writer(tmp_path: Path) -> None:
    make(tmp_path, "a.mp4", "a.json")
    write(tmp_path / "a.json", {"title": "Alpha"})
    os.mkfifo(tmp_path / "pipe.mp4")
    os.mkfifo(tmp_path / "a.mp4.json")  # nor is it a sidecar
    addition = read(tmp_path)
    assert [item.title for item in addition.items] == ["Alpha"]
    assert reasons(addition) == {"pipe.mp4": "not a regular file"}
    os.mkfifo(tmp_path / "items.csv")
    with pytest.raises(SourceError, match=r"items.csv' is not a regular file"):
        read(tmp_path)


def test_what_may_not_be_read_is_refused_and_the_rest_goes_in(common: Path, stranger: int) -> None:
    make(common, "a.mp4", "closed.mp4", "listed.mp4", "shut/b.mp4")
    write(common / "items.csv", "item_id,path\nl,listed.mp4\n")
    code = (
        "import json, os, sys; from pathlib import Path; from triptych.catalogue.sources.folder import Folder\n"
        "source = Folder(path=Path(sys.argv[1]))\n"
        "source.read(source.path)  # imports all that is imported late\n"
        "for name in ('closed.mp4', 'listed.mp4', 'shut'): (source.path / name).chmod(0)\n"
        "if int(sys.argv[2]): os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[2]))\n"
        "found = source.read(source.path)\n"
        "print(json.dumps([[i.item_id for i in found.items], {r.what: r.reason for r in found.refused}]))"
    )
    for path in common.iterdir():
        path.chmod(0o755)
    command = [sys.executable, "-c", code, str(common), str(stranger)]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    (common / "shut").chmod(0o755)
    taken, refused = json.loads(said)
    assert taken == ["l", "a.mp4"]
    assert refused == {
        "closed.mp4": "it may not be read (permission denied)",
        "listed.mp4": "it may not be read (permission denied)",
        "l": "its path 'listed.mp4': it may not be read (permission denied)",
        "shut": "a folder that cannot be read: Permission denied",
    }


def test_a_file_that_goes_away_meanwhile_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "a.mp4", "b.mp4")
    listing = module.media_files

    def then_gone(root: Path) -> Any:
        found = listing(root)
        (tmp_path / "a.mp4").unlink()
        return found

    monkeypatch.setattr(module, "media_files", then_gone)
    addition = read(tmp_path)
    assert ids(addition) == ["b.mp4"]
    assert reasons(addition) == {"a.mp4": "it cannot be read: No such file or directory"}


# -- what is told of them --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["film.mp4.json", "film.json"])
def test_a_sidecar_tells_of_its_film(tmp_path: Path, name: str) -> None:
    make(tmp_path, "sub/film.mp4")
    content = json.dumps({"title": "Nosferatu", "year": "(1922)", "genres": ["Horror"], "plot": "A\nB", "budget": 1})
    (tmp_path / "sub" / name).write_bytes(b"\xef\xbb\xbf" + content.encode())
    addition = read(tmp_path)
    assert addition.items == [
        Item(item_id="sub/film.mp4", title="Nosferatu", year=1922, genres=("Horror",), plot="A\nB")
    ]
    assert (addition.refused, addition.bare) == ((), frozenset())


def test_of_two_sidecars_the_longer_name_goes_first(tmp_path: Path) -> None:
    make(tmp_path, "film.mp4", "film.mkv")
    write(tmp_path / "film.json", {"title": "Short", "plot": "of both"})
    write(tmp_path / "film.mp4.json", {"title": "Long"})
    assert {item.item_id: (item.title, item.plot) for item in read(tmp_path).items} == {
        "film.mp4": ("Long", ""),
        "film.mkv": ("Short", "of both"),
    }


def test_a_sidecar_without_a_title_leaves_that_of_the_file(tmp_path: Path) -> None:
    make(tmp_path, "the_third-man.1949.mp4")
    write(tmp_path / "the_third-man.1949.json", {"plot": "A sewer.", "title": None, "item_id": ""})
    assert read(tmp_path).items == [Item(item_id="the_third-man.1949.mp4", title="the third man 1949", plot="A sewer.")]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "a sidecar that cannot be read: Expecting property name"),
        ("", "a sidecar that cannot be read: Expecting value"),
        ("[1]", "a sidecar that cannot be read: it is not an object"),
        ('{"year": "abc"}', "a sidecar that cannot be read: its year is 'abc'"),
        ('{"item_id": " a"}', "a sidecar that cannot be read: its id ' a' begins or ends"),
        ('{"item_id": ["a"]}', "a sidecar that cannot be read: its id ['a'] is neither text"),
        ('{"title": {}}', "a sidecar that cannot be read: its title is dict, not text"),
        ("[" * 100_000, "a sidecar that cannot be read: "),
        ('{"year": ' + "9" * 5000 + "}", "a sidecar that cannot be read: "),
    ],
    ids=range(9),
)  # fmt: skip
def test_a_broken_sidecar_is_said_and_its_film_is_taken_all_the_same(tmp_path: Path, content: str, reason: str) -> None:
    make(tmp_path, "sub/film.mp4")
    write(tmp_path / "sub" / "film.json", content)
    addition = read(tmp_path)
    assert addition.items == [Item(item_id="sub/film.mp4", title="film")]
    assert addition.bare == {"sub/film.mp4"}
    assert list(reasons(addition)) == ["sub/film.json"]
    assert reasons(addition)["sub/film.json"].startswith(reason)


def test_a_sidecar_that_is_a_link_out_tells_nothing(tmp_path: Path) -> None:
    make(tmp_path, "films/film.mp4")
    write(tmp_path / "secret.json", {"plot": "not yours"})
    (tmp_path / "films" / "film.json").symlink_to("../secret.json")
    addition = read(tmp_path / "films")
    assert [item.plot for item in addition.items] == [""]
    assert reasons(addition) == {"film.json": "a link that leads out of the folder"}


def test_two_files_that_would_get_one_id(tmp_path: Path) -> None:
    make(tmp_path, "a.mp4", "b.mp4", "c.mp4")
    for name in ("a", "b"):
        write(tmp_path / f"{name}.json", {"item_id": "same", "title": name})
    write(tmp_path / "c.json", {"item_id": "b.mp4"})
    addition = read(tmp_path)
    assert clips(addition) == {"same": str(tmp_path / "a.mp4"), "b.mp4": str(tmp_path / "c.mp4")}
    assert [item.title for item in addition.items] == ["a", "c"]
    assert reasons(addition) == {"b.mp4": "its id 'same' is taken by another clip"}


def test_a_table_of_items_claims_files_and_tells_of_the_others(tmp_path: Path) -> None:
    make(tmp_path, "a.mp4", "sub/b.mp4", "c.mp4", "d.mp4", "e.mp4")
    (tmp_path / "near.mp4").symlink_to("a.mp4")
    (tmp_path / "door").symlink_to("sub")
    rows = [
        "item_id,title,path,mood",
        "tt1,Alpha,./a.mp4,",
        "tt2,Beta,door/b.mp4,",
        "c.mp4,Gamma,,",
        "e.mp4,Epsilon,d.mp4,",
        "tt9,Nothing,,",
        "tt8,Gone,gone.mp4,",
    ]
    write(tmp_path / "items.csv", "\n".join(rows))
    write(tmp_path / "c.json", {"title": "not asked: the table has spoken"})
    addition = read(tmp_path)
    assert {item.item_id: item.title for item in addition.items} == {
        "tt1": "Alpha",
        "tt2": "Beta",
        "c.mp4": "Gamma",
        "e.mp4": "Epsilon",
        "tt9": "Nothing",
        "tt8": "Gone",
        "near.mp4": "near",
    }
    assert clips(addition) == {
        "tt1": str(tmp_path / "a.mp4"),
        "tt2": str(tmp_path / "sub" / "b.mp4"),
        "c.mp4": str(tmp_path / "c.mp4"),
        "e.mp4": str(tmp_path / "d.mp4"),
        "near.mp4": str(tmp_path / "near.mp4"),
    }
    assert reasons(addition) == {
        "tt8": "its path 'gone.mp4': there is no such file",
        "e.mp4": "its id 'e.mp4' is taken by another clip",
    }
    assert (addition.unused_columns, addition.bare) == (("mood",), {"near.mp4"})


def test_interactions_beside_the_films_are_read_too(tmp_path: Path) -> None:
    make(tmp_path, "a.mp4")
    write(tmp_path / "interactions.tsv", "user_id\titem_id\trating\tmood\nu\ta.mp4\t4\tx\nu\ta.mp4\tx\ty\n")
    addition = read(tmp_path)
    assert addition.interactions is not None
    assert addition.interactions.num_rows == 1
    assert addition.unused_columns == ("mood",)
    assert reasons(addition) == {"interactions.tsv": "1 interactions whose value is not a finite number"}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("interactions.csv", "user,item\n1,2\n", "'interactions.csv' has no column item_id and no user_id"),
        ("items.csv", "title\nAlpha\n", "'items.csv' has the columns title; a table of items needs item_id or path"),
        ("items.csv", "", "'items.csv' cannot be read as csv: it is empty"),
    ],
)
def test_a_table_beside_the_films_that_cannot_be_read(tmp_path: Path, name: str, content: str, said: str) -> None:
    write(tmp_path / name, content)
    with pytest.raises(SourceError, match=said):
        read(tmp_path)


def test_two_tables_of_the_same_and_a_table_that_is_a_link_out(tmp_path: Path) -> None:
    films = tmp_path / "films"
    make(films, "a.mp4")
    write(films / "items.csv", "item_id\n1\n")
    write(films / "items.tsv", "item_id\n1\n")
    with pytest.raises(SourceError, match=r"items.csv and items.tsv; keep one of them"):
        read(films)
    (films / "items.tsv").unlink()
    shutil.move(films / "items.csv", tmp_path / "items.csv")
    (films / "items.csv").symlink_to("../items.csv")
    with pytest.raises(SourceError, match=r"'items.csv' in .* is a link that leads out of the folder"):
        read(films)


# -- again, and at size ----------------------------------------------------------------------------------------------


def test_adding_the_folder_again_brings_new_files_and_keeps_what_a_table_told(tmp_path: Path) -> None:
    from triptych.catalogue.sources.table import TableFile

    films = tmp_path / "films"
    make(films, "a.mp4")
    write(tmp_path / "told.csv", "item_id,title,plot\na.mp4,Alpha,A plot.\n")
    catalogue = Catalogue.init(tmp_path / "C")
    catalogue.add(Folder(path=films))
    catalogue.add(TableFile(path=tmp_path / "told.csv"))
    make(films, "b.mp4")
    added = catalogue.add(Folder(path=films))
    assert (added.items_new, added.items_changed, added.items_same, added.clips_new) == (1, 0, 1, 1)
    assert [(item.title, item.plot) for item in catalogue.items(["a.mp4", "b.mp4"])] == [
        ("Alpha", "A plot."),
        ("b", ""),
    ]
    write(films / "a.json", {"title": "By its sidecar"})
    assert catalogue.add(Folder(path=films)).items_changed == 1
    assert catalogue.items(["a.mp4"])[0].title == "By its sidecar"


def test_work_grows_with_the_number_of_files_not_with_its_square(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted, not timed: looks at a clip's id, over twice the files, are twice as many."""
    looks = 0
    plain = module.Clip.__getattribute__

    def counted(clip: Any, name: str) -> Any:
        nonlocal looks
        looks += 1
        return plain(clip, name)

    monkeypatch.setattr(module.Clip, "__getattribute__", counted)
    counts: list[int] = []
    for files in (1000, 2000):
        root = tmp_path / str(files)
        make(root, *(f"{k % 10}/{k}.mp4" for k in range(files)))
        write(root / "items.csv", "item_id\n" + "".join(f"{k % 10}/{k}.mp4\n" for k in range(files)))
        looks = 0
        assert len(read(root).clips) == files
        counts.append(looks)
    assert counts[1] <= 2.2 * counts[0] + 100


def test_interactions_under_the_name_of_items_are_not_taken_for_items(tmp_path: Path) -> None:
    write(tmp_path / "items.csv", "user_id,item_id,rating\na,1,4\nb,1,5\n")
    with pytest.raises(SourceError, match=r"'items\.csv' holds interactions, .* call it interactions\.csv"):
        read(tmp_path)
    make(tmp_path, "a.mp4")
    write(tmp_path / "items.csv", "user_id,item_id,path,title\nuploader,1,a.mp4,A\n")
    assert [(item.item_id, item.title) for item in read(tmp_path).items] == [("1", "A")]
