"""similar --all: the list of every item, into a file that reads back; and what cannot be asked."""

from __future__ import annotations

from pathlib import Path

import pytest

import triptych as library
from tests.cli.conftest import Triptych
from triptych.spaces.lists import Lists


@pytest.mark.parametrize("name", ["lists.csv", "lists.parquet"])
def test_the_lists_of_all_are_those_of_each(name: str, built: Path, tmp_path: Path, triptych: Triptych) -> None:
    out = tmp_path / name
    told = triptych("similar", built, "--all", "--out", out, "-n", "3", "--metric", "euclidean", "--json").json
    items = library.Catalogue.open(built).item_ids()
    assert {k: told[k] for k in ("items", "lists", "without", "rows", "n", "metric", "space")} == {
        "items": 6, "lists": 6, "without": 0, "rows": 18, "n": 3, "metric": "euclidean", "space": "fused",
    }  # fmt: skip
    assert told["seconds"] >= 0
    alone = triptych("similar", built, *items, "-n", "3", "--metric", "euclidean", "--json").json
    expected = [
        (one["item_id"], near["rank"], near["item_id"], near["score"]) for one in alone for near in one["similar"]
    ]
    assert Lists.read(out).rows.rows() == expected
    assert all(score < 0 for *_, score in expected)
    answer = triptych("similar", built, "--all", "--out", out, "--panels", "seeing")
    assert answer.out.splitlines()[0].split("\t")[:3] == ["out", "space", "metric"]
    assert Lists.read(out).longest == 5


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        ([], 2, "given were neither"),
        (["{first}", "--all", "--out", "lists.csv"], 2, "given were ids and --all"),
        (["--all"], 2, "--out lists.csv"),
        (["{first}", "--out", "lists.csv"], 2, "Give --all"),
        (["--all", "--out", "lists.txt"], 2, "let its name end in .csv"),
        (["--all", "--out", "no/such/lists.csv"], 2, "cannot be written"),
        (["--all", "--out", "lists.csv", "--metric", "manhattan"], 2, "no metric 'manhattan'"),
        (["{first}", "--metric", "l2"], 2, "'euclidean'"),
        (["--all", "--out", "lists.csv", "--panels", "tasting"], 2, "no panel 'tasting'"),
    ],
)
def test_what_cannot_be_asked(
    arguments: list[str],
    status: int,
    words: str,
    built: Path,
    tmp_path: Path,
    triptych: Triptych,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    first = library.Catalogue.open(built).item_ids()[0]
    answer = triptych("similar", built, *(argument.format(first=first) for argument in arguments))
    assert (answer.status, answer.out) == (status, "")
    assert words in answer.err
    assert "Traceback" not in answer.err
    assert list(tmp_path.iterdir()) == []
