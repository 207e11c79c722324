"""``triptych attach``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from triptych.cli.catalogue_argument import CatalogueFolder
from triptych.cli.output import Json, emit, printable, progress, say, table

#: So many columns with bad cells are shown one by one; --json has them all.
SHOWN = 8


def command(
    catalogue: CatalogueFolder,
    source: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="A table (.csv .tsv .jsonl .parquet) with a column of vectors or a column for each entry; an array "
            "(.npy .npz); or a folder of MMRec's, Ducho's or triptych export's layout.",
            show_default=False,
        ),
    ],
    name: Annotated[str, typer.Option("--as", help="What to call it: PANEL/NAME, such as seeing/avf.")],
    column: Annotated[
        list[str] | None, typer.Option(help="The column of vectors, or one of entries; may be given again.")
    ] = None,
    ids: Annotated[Path | None, typer.Option(help="Of an array: the table whose rows name its rows.")] = None,
    id_column: Annotated[str, typer.Option(help="The column with the ids.")] = "",
    feature: Annotated[str, typer.Option(help="Of an export that holds several: which one.")] = "",
    join: Annotated[Path | None, typer.Option("--map", help="A table from the ids of the file to the items.")] = None,
    map_from: Annotated[str, typer.Option(help="Its column with the ids of the file.")] = "",
    map_to: Annotated[str, typer.Option(help="Its column with the ids of the catalogue.")] = "",
    on_bad_cells: Annotated[
        str,
        typer.Option(
            help="[b]rows[/b]: mask a vector with a cell that is not finite; [b]columns[/b]: drop its column."
        ),
    ] = "rows",
    replace: Annotated[
        bool, typer.Option("--replace", help="Take out what was attached under this name before, from another file.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Attach features that somebody else measured, as vectors by item id.

    Example: triptych attach films avf.csv --as seeing/avf
    """
    from triptych.catalogue.catalogue import Catalogue
    from triptych.interchange.given import Join, attach, read_given

    opened = Catalogue.open(catalogue)
    panel = name.partition("/")[0]
    offering = read_given(source, panel=panel, columns=column or (), ids=ids, id_column=id_column, feature=feature)
    joined = None if join is None else Join.read(join, theirs=map_from, ours=map_to)
    with progress("Attaching", "items") as report:
        made = attach(
            opened,
            offering,
            name,
            join=joined,
            on_bad_cells=on_bad_cells,
            replace=replace,
            progress=lambda done, total: report(done, total, ""),
        )
    if as_json:
        emit(made)
        return
    rows = [
        ["items of the catalogue", made.items],
        ["with a vector", made.covered],
        ["masked", made.masked],
        ["without a vector", made.without],
        ["vectors in the file", made.vectors],
        ["width", made.width],
        ["cells that are not finite", made.bad.cells],
        ["rows with such cells", len(made.bad.ids)],
        *([f"of them in column {k}", count] for k, count in list(made.bad.columns.items())[:SHOWN]),
        ["columns dropped", list(made.dropped)],
        ["ids that no item has", made.unknown],
        ["rows without an id", made.nameless],
        ["rows of an item that has another", made.doubles],
        ["of them with another vector", made.differing],
    ]
    table(["what", "count"], rows)
    for note in made.notes:
        say(f"Note: {printable(note)}.")
    if made.written:
        say(f"{made.feature}@{made.recipe}: {made.written} items written.")
    else:
        say(f"{made.feature} stood already; nothing was written.")
    if made.replaced:
        say(f"Taken out: {', '.join(f'{made.feature}@{one}' for one in made.replaced)}.")
    if made.rivals:
        again = f" --feature {made.feature}@{made.recipe}"
        say(f"Next: triptych fuse {catalogue}{again}, and a --feature for each other one that is wanted")
    elif made.written or made.replaced:
        say(f"Next: triptych fuse {catalogue}")
