"""Lists: tables, plain text, the catalogue's own links; what is passed over is counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from triptych.catalogue.records import Item
from triptych.errors import SourceError
from triptych.gather.trailers.reason import Reason
from triptych.gather.trailers.wanted import wanted_of

ITEMS = [Item(item_id=item_id) for item_id in ("1", "2", "3", "4")]


def written(tmp_path: Path, name: str, text: str) -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_columns_of_movielens_trailers(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "ml-youtube.csv",
        "youtubeId,movieId,title\n-C-xXZyX2zU,1,One\n#NAME?,2,Two\nK26_sDKnvMU,9,Nine\nK26_sDKnvMU,1,One\n,3,Three\n",
    )
    found = wanted_of(ITEMS, path)
    assert (found.rows, found.unknown, found.doubled, found.unreadable) == (5, 1, 1, 0)
    assert [(entry.item_id, entry.reason) for entry in found.wanted] == [
        ("1", None),
        ("2", Reason.NOT_A_LINK),
        ("3", Reason.NO_LINK),
    ]
    assert found.wanted[0].link is not None
    assert found.wanted[0].link.url == "https://www.youtube.com/watch?v=-C-xXZyX2zU"


def test_any_table_with_item_and_address(tmp_path: Path) -> None:
    text = (
        'item_id,url\n1,https://example.org/a\n2,"https://example.org/\n;rm -rf x"\n3,file:///etc/passwd\n,https://b\n'
    )
    found = wanted_of(ITEMS, written(tmp_path, "list.csv", text))
    assert [entry.reason for entry in found.wanted] == [None, Reason.NOT_A_LINK, Reason.REFUSED_ADDRESS]
    assert found.unreadable == 1
    assert "\n" not in found.wanted[1].given


def test_a_text_of_addresses_brings_its_items(tmp_path: Path) -> None:
    text = (
        "# trailers\n\nhttps://example.org/the_long_night.mp4\r\n2\thttps://example.org/x.mp4\n"
        "nobody\thttps://example.org/y.mp4\nhttps://www.youtube.com/watch?v=K26_sDKnvMU\n--exec rm\n"
        "https://example.net/the_long_night.mp4\n"
    )
    found = wanted_of(ITEMS, written(tmp_path, "list.txt", text))
    assert [(entry.item_id, entry.title, entry.new) for entry in found.wanted] == [
        ("the_long_night.mp4", "the long night", True),
        ("2", "", False),
        ("K26_sDKnvMU", "K26 sDKnvMU", True),
        ("--exec rm", "", False),
    ]
    assert (found.rows, found.unknown, found.doubled) == (6, 1, 1)


def test_a_quotation_mark_astray_costs_nothing_and_a_row_of_another_width_only_itself(tmp_path: Path) -> None:
    text = 'youtubeId,movieId,title\n3haDg8wk3BE,1,11\'09"01 - September 11\nK26_sDKnvMU,2\nK26_sDKnvMU,3,"A, B"\n\n'
    found = wanted_of(ITEMS, written(tmp_path, "list.csv", text))
    assert [entry.item_id for entry in found.wanted] == ["1", "3"]
    assert (found.rows, found.unreadable) == (3, 1)
    with pytest.raises(SourceError, match="line 2"):
        wanted_of(ITEMS, written(tmp_path, "list.csv", 'item_id,url,title\n1,https://a.example,"runaway\n'))


def test_tables_of_other_kinds(tmp_path: Path) -> None:
    lines = '{"item_id": 1, "url": "https://example.org/a"}\n{"item_id": 2, "url": null}\n{"item_id": [3]}\n'
    found = wanted_of(ITEMS, written(tmp_path, "list.jsonl", lines))
    assert [(entry.item_id, entry.reason) for entry in found.wanted] == [("1", None), ("2", Reason.NO_LINK)]
    assert found.unreadable == 1
    found = wanted_of(ITEMS, written(tmp_path, "list.tsv", "item_id\turl\n1\thttps://example.org/a\n"))
    assert found.wanted[0].link is not None


def test_without_a_list_the_items_own_links() -> None:
    items = [Item(item_id="a", url="https://example.org/a"), Item(item_id="b"), Item(item_id="c", url="c.mp4")]
    found = wanted_of(items)
    assert [entry.reason for entry in found.wanted] == [None, Reason.NO_LINK, Reason.NOT_A_LINK]


def test_other_tables_and_other_bytes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="a list of trailers has item_id and url"):
        wanted_of(ITEMS, written(tmp_path, "list.csv", "a,b\n1,2\n"))
    (tmp_path / "list.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(SourceError, match="not UTF-8"):
        wanted_of(ITEMS, tmp_path / "list.txt")
