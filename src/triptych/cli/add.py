"""``triptych add``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from triptych.cli.catalogue_argument import CatalogueFolder
from triptych.cli.output import Json, emit, printable, progress, say
from triptych.errors import SourceError

#: So many refusals are shown one by one; --json has them all.
SHOWN = 12


def command(
    catalogue: CatalogueFolder,
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="A folder of videos; a table (.csv .tsv .jsonl .parquet) of items or of interactions; or the word "
            "[b]synthetic[/b], which makes clips, items and users whose truth is known.",
            show_default=False,
        ),
    ],
    clips: Annotated[int, typer.Option(min=1, help="synthetic: how many clips.")] = 48,
    users: Annotated[int, typer.Option(min=1, help="synthetic: how many users.")] = 200,
    seconds: Annotated[float, typer.Option(min=1, help="synthetic: seconds of each clip.")] = 8.0,
    seed: Annotated[int, typer.Option(min=0, help="synthetic: seed; the same seed makes the same clips.")] = 0,
    as_json: Json = False,
) -> None:
    """Add items, clips and interactions, or bring them up to date.

    Example: triptych add films ~/videos
    """
    from functools import partial

    from triptych.catalogue.catalogue import Catalogue
    from triptych.catalogue.sources.folder import Folder
    from triptych.catalogue.sources.source import Source
    from triptych.catalogue.sources.synthetic import Synthetic
    from triptych.catalogue.sources.table import TableFile

    opened = Catalogue.open(catalogue)
    path = Path(source)
    chosen: Source
    with progress("Making clips", "clips") as report:
        if source == "synthetic" and not path.exists():
            told = partial(report, note="")
            chosen = Synthetic(clips=clips, users=users, seconds=seconds, seed=seed, progress=told)
        elif path.is_dir():
            chosen = Folder(path=path)
        elif path.is_file():
            chosen = TableFile(path=path)
        else:
            raise SourceError(f"there is no folder or file {source!r}. Give one, or the word synthetic.")
        added = opened.add(chosen)
    if as_json:
        emit(added)
        return
    say(
        f"Items: {added.items_new} new, {added.items_changed} changed, {added.items_same} as they were. "
        f"Clips: {added.clips_new} new, {added.clips_changed} changed. Interactions: {added.interactions:,}."
    )
    for refusal in added.refused[:SHOWN]:
        say(f"Refused: {printable(refusal.what)}: {printable(refusal.reason)}")
    if len(added.refused) > SHOWN:
        say(f"… and {len(added.refused) - SHOWN} more refused; --json lists them all.")
    if added.unused_columns:
        say(f"Columns not used: {printable(', '.join(added.unused_columns))}")
    say(f"Next: triptych extract {catalogue}")
