"""``triptych inspect``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from triptych.cli.catalogue_argument import CatalogueFolder
from triptych.cli.output import Json, emit, say

#: What may follow the name of a file to be written, and what is then written.
KINDS = (".html", ".htm", ".png")
#: Characters of an id in the name of a file.
LONGEST = 60


def command(
    catalogue: CatalogueFolder,
    item: Annotated[str, typer.Argument(metavar="ITEM", help="The item's id.", show_default=False)],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A page (.html) or a picture (.png). [default: CATALOGUE/inspect-ITEM.html]",
            show_default=False,
        ),
    ] = None,
    read: Annotated[bool, typer.Option("--read", help="Read its cards too; that takes up to a second a card.")] = False,
    show: Annotated[bool, typer.Option("--open", help="Open it when it is written.")] = False,
    as_json: Json = False,
) -> None:
    """Show what is seen, heard and read of one item, its clip decoded afresh: shots, loudness, speech, beats, names.

    Example: triptych inspect films noir.mp4

    Example: triptych inspect films noir.mp4 --out noir.png
    """
    from triptych.catalogue.catalogue import Catalogue
    from triptych.cli import inspect_page, inspect_sheet
    from triptych.cli.inspect_hearing_words import heard_opening
    from triptych.cli.inspect_reading_words import read_opening
    from triptych.cli.inspect_words import opening
    from triptych.cli.inspection import inspected
    from triptych.errors import CatalogueUnwritable, UsageError
    from triptych.features.reading import recogniser

    if read:
        recogniser.require("triptych inspect --read")
    opened = Catalogue.open(catalogue)
    path = out or opened.folder / f"inspect-{file_word(item)}.html"
    if path.suffix.lower() not in KINDS:
        raise UsageError(f"--out is {str(path)!r}; its name must end in {', '.join(KINDS[:-1])} or {KINDS[-1]}.")
    found, pictures = inspected(opened, item, read=read)
    if as_json and out is None:
        emit(found)
        return
    write = inspect_sheet.write if path.suffix.lower() == ".png" else inspect_page.write
    try:
        write(path, found, pictures)
    except OSError as fault:
        raise CatalogueUnwritable(
            f"{str(path)!r} cannot be written: {fault.strerror}. Give another place: --out FILE.html"
        ) from fault
    if as_json:
        emit(found)
    else:
        typer.echo(path)
    for line in (opening(found), heard_opening(found.hearing), read_opening(found.reading)):
        if line:
            say(line)
    if show:
        _show(path)


def file_word(item_id: str) -> str:
    """The id as a part of a file's name. One that had to be changed ends in its digest, so that no two become one.

    >>> file_word("tt0111161"), file_word("../a b")
    ('tt0111161', 'a-b-f20d9ce8')
    """
    import hashlib
    import re

    word = re.sub(r"[^A-Za-z0-9._-]+", "-", item_id).strip("._-")[:LONGEST]
    if word and word == item_id:
        return word
    digest = hashlib.blake2b(item_id.encode(), digest_size=4).hexdigest()
    return f"{word}-{digest}" if word else digest


def _show(path: Path) -> None:
    import webbrowser

    if not webbrowser.open(path.resolve().as_uri()):
        say(f"No browser was found to open it: {path.resolve().as_uri()}")
