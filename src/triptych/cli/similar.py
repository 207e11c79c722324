"""``triptych similar``."""

from __future__ import annotations

from typing import Annotated

import typer

from triptych.cli.catalogue_argument import CatalogueFolder
from triptych.cli.output import Json, emit, printable, say, table
from triptych.errors import UsageError


def command(
    catalogue: CatalogueFolder,
    item: Annotated[list[str], typer.Argument(metavar="ITEM_ID...", help="One item or several.", show_default=False)],
    n: Annotated[int, typer.Option("-n", min=1, help="How many neighbours.")] = 10,
    space: Annotated[str, typer.Option(help="Which space.")] = "fused",
    panels: Annotated[
        str | None,
        typer.Option(help="Only these panels, with weights if wanted: seeing,hearing or seeing=1,reading=0.5"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the titles most like one, with the score of each panel.

    Example: triptych similar films noir.mp4 -n 5 --panels seeing=1,reading=0.5
    """
    from triptych.catalogue.catalogue import Catalogue
    from triptych.spaces.shelf import Shelf

    opened = Catalogue.open(catalogue)
    shelf = Shelf(opened.tables)
    found = shelf.read(space)
    ranking = found.similar(item, n=n, weights=parse_weights(panels))
    waiting = opened.tables.count("items") - len(found.item_ids)
    if waiting and shelf.holds_all(space):
        say(f"{abs(waiting)} items came or went since this space was made: triptych fuse {catalogue} --name {space}")
    titles = {known.item_id: known.title for known in opened.items()}
    if as_json:
        emit(
            [
                {
                    "item_id": query,
                    "title": titles.get(query, ""),
                    "space": space,
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
