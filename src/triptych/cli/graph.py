"""``triptych graph``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from triptych.cli.catalogue_argument import CatalogueFolder
from triptych.cli.output import Json, emit, printable, progress, say, table
from triptych.errors import UsageError

if TYPE_CHECKING:
    from triptych.catalogue.records import Item
    from triptych.features.reading.clauses import Reader


def command(
    catalogue: CatalogueFolder,
    item: Annotated[
        str | None, typer.Argument(metavar="[ITEM]", help="The item's id; all items without it.", show_default=False)
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the graph of all items: .graphml or .csv.", show_default=False),
    ] = None,
    parser: Annotated[
        str,
        typer.Option(help="A spaCy pipeline, by name or folder, to read plots with; rules for English without it."),
    ] = "",
    limit: Annotated[int, typer.Option(min=1, help="So many neighbours of an item.")] = 10,
    as_json: Json = False,
) -> None:
    """Show an item's knowledge graph and its neighbours there, or write the graph of the whole catalogue.

    Example: triptych graph films noir.mp4

    Example: triptych graph films --out films.graphml
    """
    from triptych.catalogue.catalogue import Catalogue
    from triptych.features.reading.graph import reader
    from triptych.features.reading.knowledge import described_parser

    if item is not None and out is not None:
        raise UsageError("--out writes the graph of all items; leave out the item, or --out.")
    opened = Catalogue.open(catalogue)
    read = reader(described_parser(parser) if parser else None)
    items = sorted(opened.items(), key=lambda one: one.item_id)
    if item is not None:
        _show(items, item, read, limit, as_json=as_json)
    elif out is not None:
        _write(items, out, read, as_json=as_json)
    else:
        _count(items, read, as_json=as_json)


def _show(items: list[Item], item_id: str, read: Reader, limit: int, *, as_json: bool) -> None:
    from triptych.features.reading.graph import plot_triples
    from triptych.features.reading.neighbourhood import neighbourhood

    found = neighbourhood(items, item_id, n=limit)
    told = plot_triples(next(one for one in items if one.item_id == item_id), read=read)
    rows: list[dict[str, Any]] = [
        {"head": t.head.label, "relation": t.relation, "tail": t.tail.label, "sentence": t.sentence, "items": items_at}
        for t, items_at in [*zip(found.triples, found.items_at, strict=True), *((t, None) for t in told)]
    ]
    if as_json:
        emit({"item_id": item_id, "triples": rows, "neighbours": found.nearest})
        return
    table(
        ["head", "relation", "tail", "from", "items there"],
        [[row["head"], row["relation"], row["tail"], _origin(row["sentence"]), row["items"]] for row in rows],
    )
    if not rows:
        say("Nothing is known of it: it has no metadata beside its title, and no plot with a clause in it.")
    if not found.nearest:
        say("No other item shares a node with it.")
        return
    typer.echo()
    table(["neighbour", "title", "score", "shares"], [[n.item_id, n.title, n.score, n.nodes] for n in found.nearest])


def _origin(sentence: int) -> str:
    return f"sentence {sentence}" if sentence else "metadata"


def _write(items: list[Item], out: Path, read: Reader, *, as_json: bool) -> None:
    from triptych.interchange.graph import write_graph

    with progress("graph", "items") as report:
        drawn = write_graph(items, out, read=read, report=lambda done: report(done, len(items), ""))
    if as_json:
        emit(drawn)
        return
    for name in drawn.files:
        say(f"Wrote {printable(str(out.with_name(name)))}")
    say(f"{drawn.items:,} items, {drawn.nodes:,} nodes, {drawn.edges:,} edges.")


def _count(items: list[Item], read: Reader, *, as_json: bool) -> None:
    """How many edges there are of each relation; the verbs of plots together."""
    from collections import Counter

    from triptych.features.reading.graph import triples_of

    edges: Counter[str] = Counter()
    tails: dict[str, set[str]] = {}
    for one in items:
        for triple in triples_of(one, read=read):
            name = "plot" if triple.sentence else triple.relation
            edges[name] += 1
            tails.setdefault(name, set()).add(triple.tail.key)
    rows = [{"relation": name, "edges": count, "tails": len(tails[name])} for name, count in edges.most_common()]
    if as_json:
        emit({"items": len(items), "relations": rows})
        return
    table(["relation", "edges", "different tails"], [[row["relation"], row["edges"], row["tails"]] for row in rows])
    total = sum(edges.values())
    say(f"{len(items):,} items, {total:,} edges. To write them: triptych graph CATALOGUE --out FILE.graphml")
