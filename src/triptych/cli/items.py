"""``triptych items``."""

from __future__ import annotations

from typing import Annotated

import typer

from triptych.cli.catalogue_argument import CatalogueFolder
from triptych.cli.output import Json, emit, table


def command(
    catalogue: CatalogueFolder,
    search: Annotated[str | None, typer.Option(help="Only items whose id, title or plot holds this text.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many.")] = None,
    as_json: Json = False,
) -> None:
    """List the items with their clips.

    Example: triptych items films --search noir
    """
    from dataclasses import asdict

    from triptych.catalogue.catalogue import Catalogue

    opened = Catalogue.open(catalogue)
    clips = {clip.item_id: clip.path for clip in opened.clips()}
    needle = (search or "").casefold()
    found = [i for i in opened.items() if needle in f"{i.item_id}\n{i.title}\n{i.plot}".casefold()]
    found = sorted(found, key=lambda item: item.item_id)[:limit]
    if as_json:
        emit([{**asdict(item), "clip": clips.get(item.item_id)} for item in found])
        return
    rows = [[i.item_id, i.title, i.year, i.genres, "yes" if i.plot else "no", clips.get(i.item_id)] for i in found]
    table(["item_id", "title", "year", "genres", "plot", "clip"], rows)
