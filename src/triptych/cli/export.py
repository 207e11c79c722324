"""``triptych export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from triptych.cli.catalogue_argument import CatalogueFolder
from triptych.cli.output import Json, emit, printable, say
from triptych.errors import UnknownName, UsageError

FORMATS = ("recbole", "mmrec", "ducho", "parquet", "npy")


def command(
    catalogue: CatalogueFolder,
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="A new or empty folder, or an earlier export.", show_default=False)
    ],
    kind: Annotated[
        str,
        typer.Option(
            "--as",
            help="[b]recbole[/b]: items, users, interactions; [b]mmrec[/b]: interactions and features; "
            "[b]ducho[/b], [b]parquet[/b], [b]npy[/b]: features.",
        ),
    ],
    name: Annotated[str, typer.Option(help="What to call the data set; the folder's name by default.")] = "",
    feature: Annotated[
        list[str] | None, typer.Option("--feature", "-f", help="Write only this feature; may be given again.")
    ] = None,
    selection: Annotated[str, typer.Option(help="Write only what this selection keeps (triptych clean).")] = "",
    missing: Annotated[
        str,
        typer.Option(help="mmrec: rows of items without a feature are [b]zero[/b], [b]mean[/b] or an [b]error[/b]."),
    ] = "zero",
    seed: Annotated[int, typer.Option(min=0, help="mmrec: seed of the split into train, validation and test.")] = 0,
    as_json: Json = False,
) -> None:
    """Write a catalogue, or its features, in the format of another program.

    Example: triptych export films films-recbole --as recbole
    """
    from triptych.catalogue.catalogue import Catalogue

    if kind not in FORMATS:
        raise UnknownName("format", kind, FORMATS)
    if kind == "recbole" and feature:
        raise UsageError("atomic files hold no features; export those apart: --as mmrec, ducho, parquet or npy")
    opened = Catalogue.open(catalogue)
    called = name or folder.absolute().name
    item_ids, interactions = None, None
    if selection:
        from triptych.curation.selection import Selections

        kept = Selections(opened.tables).read(selection)
        item_ids = list(kept.item_ids)
        if kind in ("recbole", "mmrec"):
            interactions = kept.interactions(opened.interactions())
    if kind == "recbole":
        from triptych.interchange.recbole import write_recbole

        made = write_recbole(opened, folder, called, item_ids=item_ids, interactions=interactions)
    elif kind == "mmrec":
        from triptych.interchange.mmrec import write_mmrec

        made = write_mmrec(
            opened,
            folder,
            called,
            features=feature,
            missing=missing,
            seed=seed,
            item_ids=item_ids,
            interactions=interactions,
        )
    elif kind == "ducho":
        from triptych.interchange.ducho import write_ducho

        made = write_ducho(opened, folder, called, features=feature, item_ids=item_ids)
    else:
        from triptych.interchange.vectors import write_npy, write_parquet

        write = write_parquet if kind == "parquet" else write_npy
        made = write(opened, folder, called, features=feature, item_ids=item_ids)
    if as_json:
        emit(made)
        return
    shown = made.files if len(made.files) <= 12 else (*made.files[:12], f"… and {len(made.files) - 12} more")
    for file in shown:
        say(f"Wrote {printable(str(folder / file))}")
    said = [f"{made.items:,} items"]
    if kind in ("recbole", "mmrec"):
        said += [f"{made.users:,} users", f"{made.interactions:,} interactions"]
    if made.features:
        said.append(f"features {', '.join(made.features)}")
    say(f"{', '.join(said)}.")
    for note in made.notes:
        say(f"Note: {printable(note)}.")
