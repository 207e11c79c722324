"""``triptych ledger``."""

from __future__ import annotations

from typing import Annotated

import typer

from triptych.cli.catalogue_argument import CatalogueFolder
from triptych.cli.output import Json, emit, say, table
from triptych.errors import UnknownName


def command(
    catalogue: CatalogueFolder,
    status: Annotated[str | None, typer.Option(help="Only rows that are done, skipped or failed.")] = None,
    feature: Annotated[str | None, typer.Option("--feature", "-f", help="Only rows of this feature.")] = None,
    item: Annotated[str | None, typer.Option(help="Only rows of this item.")] = None,
    as_json: Json = False,
) -> None:
    """Show what came of each clip and feature: done, skipped or failed, why, and in how many seconds.

    Example: triptych ledger films --status failed
    """
    from triptych.catalogue.catalogue import Catalogue
    from triptych.features.ledger import Ledger, Status

    if status is not None and status not in tuple(Status):
        raise UnknownName("status", status, tuple(Status))
    entries = [
        entry
        for entry in Ledger(Catalogue.open(catalogue).tables).entries()
        if (status is None or entry.status == status)
        and (feature is None or entry.feature == feature)
        and (item is None or entry.item_id == item)
    ]
    entries.sort(key=lambda entry: (entry.item_id, entry.feature))
    if as_json:
        emit(entries)
        return
    rows = [[e.item_id, e.feature, e.status.value, e.seconds, e.account] for e in entries]
    table(["item_id", "feature", "status", "seconds", "reason and warnings"], rows)
    counts = ", ".join(f"{sum(e.status == s for e in entries)} {s.value}" for s in Status)
    say(f"{len(entries)} rows: {counts}.")
