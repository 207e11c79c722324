"""``triptych init``."""

from __future__ import annotations

from triptych.cli.catalogue_argument import CatalogueFolder
from triptych.cli.output import Json, emit, say


def command(catalogue: CatalogueFolder, as_json: Json = False) -> None:
    """Make an empty catalogue.

    Example: triptych init films
    """
    from triptych.catalogue.catalogue import Catalogue

    made = Catalogue.init(catalogue)
    if as_json:
        emit({"catalogue": str(made.folder)})
    else:
        say(f"Made {made.folder}. Next: triptych add {made.folder} FOLDER")
