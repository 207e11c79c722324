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


def test_an_empty_folder_is_no_ones(tmp_path: Path) -> None:
    assert source_of(tmp_path) is None
