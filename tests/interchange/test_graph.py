"""Graph: GraphML and CSV of hostile catalogues, read back by other programs."""

from __future__ import annotations

import csv
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from triptych.catalogue.records import Item
from triptych.errors import UsageError
from triptych.features.reading.neighbourhood import neighbourhood
from triptych.interchange.graph import write_graph

HOSTILE = 'A "quoted" <b>&amp; title,\r\nwith\x00 \x0b\ufffe lines]]> =1+1 \ud800'
ITEMS = (
    Item(item_id="park", title="Jurassic Park", directors=("Steven Spielberg",), year=1993, genres=("Adventure",),
         plot="John Hammond invited four individuals."),
    Item(item_id="jaws", title="Jaws", directors=("STEVEN SPIELBERG",), year=1975, genres=("Adventure", "Horror")),
    Item(item_id='=cmd|"x"', title=HOSTILE, people=("=HYPERLINK(1)", "Bob\x1b[2J"), year=1993),
    Item(item_id="bare"),
)  # fmt: skip
NAMESPACE = "{http://graphml.graphdrawing.org/xmlns}"


def test_graphml_parses_and_says_what_there_is(tmp_path: Path) -> None:
    drawn = write_graph(iter(ITEMS), tmp_path / "films.graphml")
    root = ET.parse(tmp_path / "films.graphml").getroot()
    nodes, edges = root.findall(f".//{NAMESPACE}node"), root.findall(f".//{NAMESPACE}edge")
    assert (drawn.items, drawn.nodes, drawn.edges) == (4, len(nodes), len(edges))
    ids = {node.get("id") for node in nodes}
    assert len(ids) == len(nodes)
    assert all(edge.get("source") in ids and edge.get("target") in ids for edge in edges)
    assert not list(tmp_path.glob(".*")), "the draft is gone"


def test_networkx_reads_it(tmp_path: Path) -> None:
    networkx = pytest.importorskip("networkx")
    write_graph(ITEMS, tmp_path / "films.graphml")
    graph = networkx.read_graphml(tmp_path / "films.graphml")
    key = {data["key"]: node for node, data in graph.nodes(data=True)}
    told = {(data["relation"], data["sentence"]) for _, _, data in graph.edges(data=True)}
    assert {("directed_by", 0), ("tells_of", 1), ("invited", 1)} <= told
    # The two films share their director, whatever the case; the plot hangs on its film.
    assert set(graph.predecessors(key["person:steven spielberg"])) == {key["item:park"], key["item:jaws"]}
    assert networkx.has_path(graph, key["item:park"], key["plot:individuals"])
    assert "item:bare" in key


def test_csv_gives_every_cell_back(tmp_path: Path) -> None:
    drawn = write_graph(ITEMS, tmp_path / "films.csv")
    assert drawn.files == ("films.csv", "films.nodes.csv")
    with (tmp_path / "films.csv").open(newline="", encoding="utf-8") as handle:
        edges = list(csv.DictReader(handle))
    with (tmp_path / "films.nodes.csv").open(newline="", encoding="utf-8") as handle:
        nodes = {row["key"]: row for row in csv.DictReader(handle)}
    assert (len(edges), len(nodes)) == (drawn.edges, drawn.nodes)
    assert all(edge["head"] in nodes and edge["tail"] in nodes for edge in edges)
    assert nodes["person:=hyperlink(1)"]["label"] == "=HYPERLINK(1)"
    assert {edge["item_id"] for edge in edges} == {"park", "jaws", '=cmd|"x"'}
    raw = (tmp_path / "films.csv").read_text(encoding="utf-8")
    assert all(line.startswith('"') and line.endswith('"') for line in raw.splitlines())


def test_a_graph_that_was_there_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "films.graphml"
    write_graph(ITEMS[:1], path)
    before = path.read_bytes()

    def broken(sentence: str) -> None:
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError):
        write_graph(ITEMS, path, read=broken)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["films.graphml"]


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"must end in \.graphml or \.csv"):
        write_graph(ITEMS, tmp_path / "films.gexf")
    with pytest.raises(UsageError, match="cannot be written"):
        write_graph(ITEMS, tmp_path / "nowhere" / "films.csv")


def test_neighbours_share_what_is_rare_first() -> None:
    found = neighbourhood(ITEMS, "park")
    assert [shared.item_id for shared in found.nearest] == ["jaws", '=cmd|"x"']
    assert found.nearest[0].nodes == ("has_genre Adventure", "directed_by Steven Spielberg")
    assert found.nearest[0].score > found.nearest[1].score
    assert dict(zip((t.relation for t in found.triples), found.items_at, strict=True)) == {
        "directed_by": 2,
        "has_genre": 2,
        "released_in": 2,
    }
