"""``triptych forget``."""

from __future__ import annotations

from typing import Annotated

import typer

from triptych.cli.catalogue_argument import CatalogueFolder
from triptych.cli.output import Json, emit, say


def command(
    catalogue: CatalogueFolder,
    feature: Annotated[
        str,
        typer.Argument(
            metavar="FEATURE", help="PANEL/NAME, or PANEL/NAME@HASH where several recipes have it.", show_default=False
        ),
    ],
    as_json: Json = False,
) -> None:
    """Take a feature out of a catalogue, with what the ledger says of it.

    Example: triptych forget films seeing/avf
    """
    from triptych.catalogue.catalogue import Catalogue
    from triptych.features.forget import forget

    gone = forget(Catalogue.open(catalogue), feature)
    if as_json:
        emit({"feature": gone.title, "recipe": gone.hash})
        return
    say(f"Taken out: {gone.title}@{gone.hash}. Spaces stand as they are until they are fused again.")
    say(f"Next: triptych fuse {catalogue}")
