"""``triptych similar``."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triptych.cli.catalogue_argument import CatalogueFolder
from triptych.cli.output import Json, emit, printable, progress, say, table
from triptych.errors import UsageError

if TYPE_CHECKING:
    from triptych.spaces.space import Space


def command(
    catalogue: CatalogueFolder,
    item: Annotated[
        list[str] | None, typer.Argument(metavar="[ITEM_ID...]", help="One item or several.", show_default=False)
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="The list of every item, into the file --out.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="With --all: a .csv, .tsv or .parquet of item_id, rank, neighbour_id, score."),
    ] = None,
    n: Annotated[int, typer.Option("-n", min=1, help="How many neighbours.")] = 10,
    space: Annotated[str, typer.Option(help="Which space.")] = "fused",
    panels: Annotated[
        str | None,
        typer.Option(help="Only these panels, with weights if wanted: seeing,hearing or seeing=1,reading=0.5"),
    ] = None,
    metric: Annotated[
        str, typer.Option(help="cosine, or euclidean: distances, with their sign turned so that higher is nearer.")
    ] = "cosine",
    as_json: Json = False,
) -> None:
    """Show the titles most like one, with the score of each panel; or write the lists of all.

    Example: triptych similar films noir.mp4 -n 5 --panels seeing=1,reading=0.5
    """
    from triptych.catalogue.catalogue import Catalogue
    from triptych.spaces.shelf import Shelf

    if every == bool(item):
        given = "ids and --all" if every else "neither"
        raise UsageError(f"similar takes ids of items, or --all for the lists of every one; given were {given}.")
    if every and out is None:
        raise UsageError("--all makes a list of every item; say where to write them: --out lists.csv")
    if out is not None and not every:
        raise UsageError("--out is where --all writes the lists of every item. Give --all, or leave --out away.")
    opened = Catalogue.open(catalogue)
    shelf = Shelf(opened.tables)
    found = shelf.read(space)
    waiting = opened.tables.count("items") - len(found.item_ids)
    if waiting and shelf.holds_all(space):
        say(f"{abs(waiting)} items came or went since this space was made: triptych fuse {catalogue} --name {space}")
    if out is not None:
        write_all(found, out, n=n, weights=parse_weights(panels), metric=metric, as_json=as_json)
        return
    ranking = found.similar(item or [], n=n, weights=parse_weights(panels), metric=metric)
    titles = {known.item_id: known.title for known in opened.items()}
    if as_json:
        emit(
            [
                {
                    "item_id": query,
                    "title": titles.get(query, ""),
                    "space": space,
                    "metric": metric,
                    "similar": [
                        {
                            "item_id": near.item_id,
                            "title": titles.get(near.item_id, ""),
                            "rank": near.rank,
                            "score": near.score,
                            "panels": near.panels,
                        }
                        for near in neighbours
                    ],
                }
                for query, neighbours in ranking
            ]
        )
        return
    for query, neighbours in ranking:
        if not neighbours:
            say(f"{printable(query)} has nothing that this space compares. See why: triptych ledger {catalogue}")
    rows = [
        [query, near.rank, near.item_id, titles.get(near.item_id, ""), near.score]
        + [near.panels.get(panel) for panel in found.panels]
        for query, neighbours in ranking
        for near in neighbours
    ]
    table(["of", "rank", "item_id", "title", "score", *found.panels], rows)


def write_all(space: Space, out: Path, *, n: int, weights: dict[str, float] | None, metric: str, as_json: bool) -> None:
    """The lists of all items of a space into a file, and on stdout how many and in which time."""
    from triptych.spaces.lists import Lists, write

    began = time.perf_counter()
    items = len(space.item_ids)
    listed = 0
    with progress("similar", "items") as report:
        batches = space.lists(n, weights=weights, metric=metric, progress=lambda done, total: report(done, total, ""))

        def parts() -> Iterator[Lists]:
            nonlocal listed
            for batch in batches:
                listed += int((batch.neighbours[:, 0] >= 0).sum())
                yield Lists.of(space, batch)

        rows = write(out, parts())
    told = {
        "out": str(out),
        "space": space.name,
        "metric": metric,
        "n": n,
        "items": items,
        "lists": listed,
        "without": items - listed,
        "rows": rows,
        "seconds": round(time.perf_counter() - began, 3),
    }
    if items > listed:
        say(f"{items - listed} of {items} items have nothing that this space compares, and have no list.")
    if as_json:
        emit(told)
        return
    table(list(told), [list(told.values())])


def parse_weights(text: str | None) -> dict[str, float] | None:
    """Panels with weights, as written on the command line.

    >>> parse_weights("seeing,reading=0.5")
    {'seeing': 1.0, 'reading': 0.5}
    """
    if text is None:
        return None
    weights: dict[str, float] = {}
    for part in text.split(","):
        panel, equals, weight = part.strip().partition("=")
        try:
            weights[panel.strip()] = float(weight) if equals else 1.0
        except ValueError:
            raise UsageError(f"{part.strip()!r} is no panel with a weight; write it like seeing=1") from None
    return weights
