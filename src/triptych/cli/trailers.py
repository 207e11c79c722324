"""``triptych trailers``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from triptych.cli.catalogue_argument import CatalogueFolder
from triptych.cli.output import Json, emit, progress, say, table
from triptych.errors import SourceError


def command(
    catalogue: CatalogueFolder,
    wanted: Annotated[
        Path | None,
        typer.Argument(
            metavar="[LIST]",
            help="A table (.csv .tsv .jsonl .parquet) with movieId and youtubeId, or item_id and url; or a text file "
            "of addresses, one a line. Without it, the url of each item.",
            show_default=False,
        ),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="So many are fetched side by side.")] = 4,
    per_second: Annotated[float, typer.Option(help="At most so many are started in a second, by all together.")] = 2.0,
    max_mb: Annotated[float, typer.Option(help="Larger files are not taken. [MB]")] = 200.0,
    min_seconds: Annotated[float, typer.Option(min=0, help="Shorter films are not taken.")] = 5.0,
    max_seconds: Annotated[float, typer.Option(help="Longer films are not taken.")] = 600.0,
    height: Annotated[
        int, typer.Option(min=1, help="The highest picture to ask for, where there is a choice. [px]")
    ] = 720,
    timeout: Annotated[
        float, typer.Option(help="Seconds that one try may take; the next goes on where it ended.")
    ] = 60.0,
    tries: Annotated[int, typer.Option(min=1, help="Tries in one run, where another may help.")] = 3,
    retry_missing: Annotated[
        bool, typer.Option("--retry-missing", help="Also try again what was not to be had.")
    ] = False,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Also ask addresses of this machine and of the local network.")
    ] = False,
    limit: Annotated[int | None, typer.Option(min=0, help="Fetch at most so many.", show_default="all")] = None,
    as_json: Json = False,
) -> None:
    """Fetch a trailer for each item that has no clip, and tell why the rest have none.

    Example: triptych trailers films ml-youtube.csv
    """
    from triptych.catalogue.catalogue import Catalogue
    from triptych.gather.trailers.fetch import fetch_trailers
    from triptych.gather.trailers.settings import Settings
    from triptych.gather.trailers.wanted import wanted_of

    settings = Settings(
        workers=workers,
        per_second=per_second,
        max_mb=max_mb,
        min_s=min_seconds,
        max_s=max_seconds,
        height_px=height,
        timeout_s=timeout,
        tries=tries,
        retry_missing=retry_missing,
        allow_private=allow_private,
        limit=limit,
    )
    opened = Catalogue.open(catalogue)
    if wanted is not None and not wanted.is_file():
        raise SourceError(f"there is no file {str(wanted)!r}. Give a list of trailers, or none for the items' own url.")
    asked = wanted_of(opened.items(), wanted, allow_private=allow_private)
    with progress("Fetching", "trailers") as report:
        fetched = fetch_trailers(opened, asked, settings, progress=report)
    if as_json:
        emit(fetched)
        return
    rows = [[name, number, f"{100 * number / fetched.listed:.1f}"] for name, number in fetched.counts.items()]
    table(["outcome", "items", "% of the list"], [*rows, ["all", fetched.listed, "100.0" if fetched.listed else "-"]])
    passed_over = {
        "of items that the catalogue does not have": fetched.unknown,
        "of an item that is named before (the first stands; two addresses with one name need an id and a tab)": (
            fetched.doubled
        ),
        "without an item": fetched.unreadable,
    }
    for what, number in passed_over.items():
        if number:
            say(f"Passed over: {number:,} of {fetched.rows:,} rows {what}.")
    say(f"New clips: {fetched.arrived:,}, in {fetched.folder}")
    if opened.tables.count("clips"):
        say(f"Next: triptych extract {catalogue}")
    else:
        say(f"There are no clips. Give a list of where they are: triptych trailers {catalogue} LIST")
