"""Recognise: a folder is told by what its files begin with."""

from __future__ import annotations

from pathlib import Path

import pytest

from triptych.interchange.mmrec import MMRec
from triptych.interchange.recbole import RecBole
from triptych.interchange.recognise import source_of


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("x.inter", "user_id:token\titem_id:token\n", RecBole),
        ("x.item", "item_id:token\ttitle:token_seq\r\n", RecBole),
        ("x.inter", "\ufeffuser_id:token\n", RecBole),
        ("x.inter", "userID\titemID\tx_label\n", MMRec),
        ("x.inter", "user\titem\n", type(None)),
        ("x.item", "userID\titemID\n", type(None)),
        ("x.csv", "user_id:token\titem_id:token\n", type(None)),
        ("x.inter", "", type(None)),
    ],
)
def test_a_folder_is_told_by_its_first_lines(tmp_path: Path, name: str, text: str, kind: type) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert type(source_of(tmp_path)) is kind


def test_what_is_called_otherwise_and_the_scale_go_with_it(tmp_path: Path) -> None:
    (tmp_path / "x.inter").write_text("who:token\titem_id:token\trating:float\nu\ti\t9\nu\tj\t3\n")
    source = source_of(tmp_path, columns={"user_id": "who"}, scale=(1, 5))
    assert source is not None
    addition = source.read(tmp_path)
    assert addition.interactions is not None
    assert [tuple(row.values())[:3] for row in addition.interactions.to_pylist()] == [("u", "j", 3.0)]
    assert len(addition.refused) == 1


def test_an_empty_folder_is_no_ones(tmp_path: Path) -> None:
    assert source_of(tmp_path) is None
