"""``triptych report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from triptych.cli.catalogue_argument import CatalogueFolder
from triptych.cli.output import Json, emit, say

#: Where the page goes within the catalogue's folder.
FILE = "report-data.html"

app = typer.Typer(no_args_is_help=True, help="Write an account of a catalogue as a page.")


@app.callback()
def group() -> None:
    """Write an account of a catalogue as a page.

    Example: triptych report data films
    """


@app.command("data")
def data(
    catalogue: CatalogueFolder,
    selection: Annotated[
        str | None,
        typer.Option(
            help="What was kept: the name of a selection. Without it, the items with a title and a plot, and a clip if "
            "any item has one.",
            show_default=False,
        ),
    ] = None,
    to: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="The page. [default: CATALOGUE/report-data.html]")
    ] = None,
    positive: Annotated[
        float | None,
        typer.Option(
            help="Ratings of this or more are positive. Without it, 3.5 of five stars, and as far up any other scale.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the resamplings.")] = 0,
    as_json: Json = False,
) -> None:
    """Account for what a catalogue holds, and how representative the part that is kept is, as one page.

    Example: triptych report data films
    """
    from triptych.catalogue.catalogue import Catalogue
    from triptych.cli.report_page import write
    from triptych.curation.account import account_of
    from triptych.errors import CatalogueUnwritable

    opened = Catalogue.open(catalogue)
    account = account_of(opened, selection=selection, positive=positive, seed=seed)
    if account.ratings is not None and account.ratings.positive_assumed:
        say(f"Ratings of {account.ratings.positive_from:g} or more count as positive; --positive says otherwise.")
    if account.counts.mistimed:
        say(f"{account.counts.mistimed:,} times are no seconds since 1970 and are left out: are they milliseconds?")
    if as_json and to is None:
        emit(account)
        return
    path = to or opened.folder / FILE
    try:
        write(path, account)
    except OSError as fault:
        raise CatalogueUnwritable(
            f"{str(path)!r} cannot be written: {fault.strerror}. Give another place: --to FILE.html"
        ) from fault
    if as_json:
        emit(account)
        return
    typer.echo(path)
    kept = account.kept
    say(f"{kept.kept:,} of {kept.items:,} items were kept. Open the page in a browser.")
