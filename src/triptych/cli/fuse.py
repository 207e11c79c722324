"""``triptych fuse``."""

from __future__ import annotations

from typing import Annotated

import typer

from triptych.cli.catalogue_argument import CatalogueFolder
from triptych.cli.output import Json, emit, say


def command(
    catalogue: CatalogueFolder,
    name: Annotated[str, typer.Option(help="What to call the space.")] = "fused",
    feature: Annotated[
        list[str] | None, typer.Option("--feature", "-f", help="Use only this feature; may be given again.")
    ] = None,
    selection: Annotated[
        str | None, typer.Option(help="Only items that this selection kept; see triptych clean.")
    ] = None,
    refit: Annotated[bool, typer.Option("--refit", help="Learn the scaling anew from all items.")] = False,
    as_json: Json = False,
) -> None:
    """Fuse the panels into one space, or place new items in the space that stands.

    Example: triptych fuse films
    """
    from triptych.catalogue.catalogue import Catalogue
    from triptych.curation.selection import Selections
    from triptych.fusion.fuse import fuse

    opened = Catalogue.open(catalogue)
    items = Selections(opened.tables).read(selection).item_ids if selection is not None else None
    made = fuse(opened, name=name, features=feature, items=items, refit=refit)
    space = made.space
    panels = {panel: {"width": space.width(panel), "items": space.holding(panel)} for panel in space.panels}
    if as_json:
        emit(
            {
                "space": name,
                "fitted": made.fitted,
                "placed": made.placed,
                "removed": made.removed,
                "items": len(made.space.item_ids),
                "panels": panels,
                "unmeasured": made.unmeasured,
                "sequences": made.sequences,
            }
        )
        return
    shares = ", ".join(f"{panel} {facts['width']}-d in {facts['items']} items" for panel, facts in panels.items())
    what = "Fitted on all items" if made.fitted else f"Placed {made.placed} items in the standing fit"
    say(f"Space {name!r}: {len(made.space.item_ids)} items; {shares}. {what}.")
    for title, count in made.unmeasured.items():
        say(f"{title} was not measured yet for {count} items: triptych extract {catalogue}")
    if made.sequences:
        say(f"Left out, having a vector for each moment: {', '.join(made.sequences)}.")
    say(f"Next: triptych similar {catalogue} ITEM_ID" + (f" --space {name}" if name != "fused" else ""))
