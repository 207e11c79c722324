"""Graph: the knowledge graph of all items as GraphML, which Gephi, yEd and networkx read, or as CSV.

Items are written one after the other; only the keys of nodes are kept.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from xml.sax.saxutils import escape

from triptych.catalogue.records import Item
from triptych.errors import UsageError
from triptych.features.reading.clauses import Reader, clause_of
from triptych.features.reading.graph import Node, Triple, item_node, triples_of
from triptych.features.reading.text import repaired

#: What may follow the name of the file.
KINDS = (".graphml", ".csv")
#: Ties the subject of a plot's sentence to its item, so that no item's plot hangs in the air.
TELLS_OF = "tells_of"
NODE_COLUMNS = ("key", "kind", "label")
EDGE_COLUMNS = ("item_id", "head", "relation", "tail", "sentence")

#: What XML 1.0 cannot hold, not even escaped.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """What was written."""

    files: tuple[str, ...]
    items: int
    nodes: int
    edges: int


def write_graph(
    items: Iterable[Item],
    path: Path,
    *,
    read: Reader = clause_of,
    report: Callable[[int], None] | None = None,
) -> Drawn:
    """Write the graph in the format that the file's name ends in; what stood there before is replaced at the end.

    ``.graphml``: directed, nodes with ``kind``, ``label`` and ``key``, edges with ``relation``, ``item_id`` and
    ``sentence`` (0 for metadata). ``.csv``: one row for each edge, and in ``NAME.nodes.csv`` one for each node, which
    the edges name by its key; every cell in quotes, as text. A cell that a spreadsheet would take for a formula is left
    as it is. ``report`` is told how many items are done.
    """
    kind = path.suffix.lower()
    if kind not in KINDS:
        raise UsageError(f"the graph's file is {str(path)!r}; its name must end in {' or '.join(KINDS)}.")
    try:
        if kind == ".csv":
            return _write_csv(items, path, read, report)
        return _write_graphml(items, path, read, report)
    except OSError as fault:
        raise UsageError(
            f"{str(path)!r} cannot be written: {fault.strerror or fault}. Give another place: --out FILE{kind}"
        ) from fault


def edges_of(item: Item, *, read: Reader = clause_of) -> Iterator[Triple]:
    """The item's triples, each of its plot's after the edge that ties it to the item."""
    for triple in triples_of(item, read=read):
        if triple.sentence:
            yield Triple(
                item_id=item.item_id,
                head=item_node(item),
                relation=TELLS_OF,
                tail=triple.head,
                sentence=triple.sentence,
            )
        yield triple


@dataclass(kw_only=True)
class _Nodes:
    """Which nodes are written, and by what number."""

    numbers: dict[str, int]

    def add(self, node: Node) -> bool:
        """Whether it is new."""
        before = len(self.numbers)
        self.numbers.setdefault(node.key, before)
        return len(self.numbers) > before


def _write_graphml(items: Iterable[Item], path: Path, read: Reader, report: Callable[[int], None] | None) -> Drawn:
    nodes, edges, count = _Nodes(numbers={}), 0, 0
    with _draft(path) as handle:
        handle.write(_HEAD)
        for count, item in enumerate(items, start=1):
            if nodes.add(item_node(item)):
                handle.write(_graphml_node(nodes, item_node(item)))
            for triple in edges_of(item, read=read):
                for node in (triple.head, triple.tail):
                    if nodes.add(node):
                        handle.write(_graphml_node(nodes, node))
                handle.write(_graphml_edge(nodes, triple, edges))
                edges += 1
            if report is not None:
                report(count)
        handle.write("</graph>\n</graphml>\n")
    return Drawn(files=(path.name,), items=count, nodes=len(nodes.numbers), edges=edges)


_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'
    + "".join(
        f'<key id="{name}" for="{domain}" attr.name="{name}" attr.type="{kind}"/>\n'
        for name, domain, kind in (
            ("key", "node", "string"),
            ("kind", "node", "string"),
            ("label", "node", "string"),
            ("relation", "edge", "string"),
            ("item_id", "edge", "string"),
            ("sentence", "edge", "int"),
        )
    )
    + '<graph id="catalogue" edgedefault="directed">\n'
)


def _graphml_node(nodes: _Nodes, node: Node) -> str:
    number = nodes.numbers[node.key]
    cells = (("key", node.key), ("kind", node.kind.value), ("label", node.label))
    return f'<node id="n{number}">{_data(cells)}</node>\n'


def _graphml_edge(nodes: _Nodes, triple: Triple, number: int) -> str:
    ends = f'source="n{nodes.numbers[triple.head.key]}" target="n{nodes.numbers[triple.tail.key]}"'
    cells = (("relation", triple.relation), ("item_id", triple.item_id), ("sentence", str(triple.sentence)))
    return f'<edge id="e{number}" {ends}>{_data(cells)}</edge>\n'


def _data(cells: Iterable[tuple[str, str]]) -> str:
    return "".join(f'<data key="{name}">{_xml(value)}</data>' for name, value in cells)


def _xml(text: str) -> str:
    return escape(_NO_XML.sub("\ufffd", repaired(text)), {'"': "&quot;", "\r": "&#13;"})


def _write_csv(items: Iterable[Item], path: Path, read: Reader, report: Callable[[int], None] | None) -> Drawn:
    beside = path.with_name(f"{path.stem}.nodes{path.suffix}")
    nodes, edges, count = _Nodes(numbers={}), 0, 0
    with _draft(path) as edge_file, _draft(beside) as node_file:
        told = csv.writer(edge_file, quoting=csv.QUOTE_ALL, lineterminator="\n")
        known = csv.writer(node_file, quoting=csv.QUOTE_ALL, lineterminator="\n")
        told.writerow(EDGE_COLUMNS)
        known.writerow(NODE_COLUMNS)
        for count, item in enumerate(items, start=1):
            if nodes.add(item_node(item)):
                known.writerow(_node_row(item_node(item)))
            for triple in edges_of(item, read=read):
                for node in (triple.head, triple.tail):
                    if nodes.add(node):
                        known.writerow(_node_row(node))
                row = (triple.item_id, triple.head.key, triple.relation, triple.tail.key, str(triple.sentence))
                told.writerow([_cell(cell) for cell in row])
                edges += 1
            if report is not None:
                report(count)
    return Drawn(files=(path.name, beside.name), items=count, nodes=len(nodes.numbers), edges=edges)


def _node_row(node: Node) -> list[str]:
    return [_cell(cell) for cell in (node.key, node.kind.value, node.label)]


def _cell(text: str) -> str:
    return repaired(text).replace("\0", "\ufffd")


@contextmanager
def _draft(path: Path) -> Generator[IO[str]]:
    """A file beside, renamed into place when it is whole."""
    draft = path.with_name(f".{path.name}.triptych-draft")
    try:
        with draft.open("w", encoding="utf-8", newline="") as handle:
            yield handle
        draft.replace(path)
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
