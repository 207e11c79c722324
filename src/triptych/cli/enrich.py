"""``triptych enrich``."""

from __future__ import annotations

from typing import Annotated

import typer

from triptych.cli.catalogue_argument import CatalogueFolder
from triptych.cli.output import Json, emit, printable, progress, say
from triptych.errors import FetchError, UsageError

#: So many ambiguous items are shown one by one; --json has them all.
SHOWN = 12
#: A film is a few kilobytes.
MOST_BYTES = 1 << 20


def command(
    catalogue: CatalogueFolder,
    address: Annotated[str, typer.Option(help="Where OMDb, or what speaks like it, answers.")] = (
        "https://www.omdbapi.com/"
    ),
    per_second: Annotated[float, typer.Option(min=0.01, help="Requests a second at most.")] = 5.0,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Items at most in this run; those never asked about come first.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what items say already.")] = False,
    as_json: Json = False,
) -> None:
    """Fill what items lack from OMDb: plot, people, languages, runtime and more, by IMDb id or by title and year.

    Reads your key from the environment variable OMDB_API_KEY; get one at omdbapi.com/apikey.aspx. Answers are kept
    in the catalogue's folder, so a run that was stopped, killed, or ended by the daily limit asks nothing twice.

    Example: triptych enrich films
    """
    import os

    from triptych.catalogue.catalogue import Catalogue
    from triptych.cli.network import web
    from triptych.gather.omdb.cache import Cache
    from triptych.gather.omdb.client import Omdb
    from triptych.gather.omdb.enrich import enrich
    from triptych.gather.pace import Pace

    key = os.environ.get("OMDB_API_KEY", "").strip()
    if not key:
        raise UsageError(
            "OMDb wants a key, and the environment variable OMDB_API_KEY is empty. Get one at "
            "https://www.omdbapi.com/apikey.aspx, then: export OMDB_API_KEY=…"
        )
    opened = Catalogue.open(catalogue)
    with web(pace=Pace(per_second=per_second), most_bytes=MOST_BYTES) as client, progress("Asking", "items") as report:
        omdb = Omdb(client, key=key, cache=Cache(opened.folder / "cache" / "omdb"), address=address)
        made = enrich(opened, omdb, overwrite=overwrite, limit=limit, progress=report)
    if as_json:
        emit(made)
    else:
        filled = ", ".join(f"{name} {count}" for name, count in made.filled.items())
        say(
            f"{made.found} found, {made.missing} missing, {made.ambiguous} ambiguous, {made.failed} failed, "
            f"{made.left} left, {made.complete} lacked nothing; {made.asked} questions asked, {made.recalled} recalled."
        )
        say(f"Filled: {filled or 'nothing'}.")
        for account in made.ambiguities[:SHOWN]:
            say(f"Ambiguous: {printable(account.item_id)}: {printable(account.reason)}")
        if len(made.ambiguities) > SHOWN:
            say(f"… and {len(made.ambiguities) - SHOWN} more ambiguous; --json lists them all.")
    if made.stopped:
        raise FetchError(made.stopped)
    if not as_json:
        say(f"Next: triptych extract {catalogue}")
