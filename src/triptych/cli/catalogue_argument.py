"""Catalogue argument: the folder that most commands begin with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

CatalogueFolder = Annotated[
    Path, typer.Argument(metavar="CATALOGUE", help="The catalogue's folder.", show_default=False)
]
