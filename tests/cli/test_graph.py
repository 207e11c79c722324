"""``triptych graph``: an item's triples and neighbours, counts, and the file of all."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.cli.conftest import Triptych
from tests.interchange.test_graph import ITEMS
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.sources.source import Addition


class Given:
    def read(self, folder: Path) -> Addition:
        return Addition(items=list(ITEMS[:2]))


@pytest.fixture
def films(tmp_path: Path) -> Path:
    Catalogue.init(tmp_path / "films").add(Given())
    return tmp_path / "films"


def test_an_item_shows_its_triples_and_neighbours(triptych: Triptych, films: Path) -> None:
    shown = triptych("graph", films, "park")
    assert shown.status == 0, shown.err
    assert "Jurassic Park\tdirected_by\tSteven Spielberg\tmetadata\t2" in shown.out
    assert "John Hammond\tinvited\tindividuals\tsentence 1\t-" in shown.out
    assert "jaws\tJaws" in shown.out
    told = triptych("graph", films, "park", "--json").json
    assert told["triples"][-1] == {
        "head": "John Hammond",
        "relation": "invited",
        "tail": "individuals",
        "sentence": 1,
        "items": None,
    }
    assert [shared["item_id"] for shared in told["neighbours"]] == ["jaws"]


def test_the_whole_graph_is_written_or_counted(triptych: Triptych, films: Path, tmp_path: Path) -> None:
    written = triptych("graph", films, "--out", tmp_path / "films.csv")
    assert (written.status, written.out) == (0, "")
    assert "2 items" in written.err
    with (tmp_path / "films.csv").open(newline="") as handle:
        assert len(list(csv.reader(handle))) == 1 + 3 + 2 + 4
    counted = triptych("graph", films, "--json").json
    assert {row["relation"]: row["edges"] for row in counted["relations"]}["has_genre"] == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("none",), "no item 'none'"),
        (("park", "--out", "x.csv"), "leave out the item"),
        (("--out", "x.txt"), "must end in .graphml or .csv"),
        (("--parser", "none_such"), "python -m spacy download none_such"),
    ],
)
def test_what_cannot_be_done_is_said(triptych: Triptych, films: Path, arguments: tuple[str, ...], said: str) -> None:
    answer = triptych("graph", films, *arguments)
    assert answer.status == 2
    assert said in answer.err
