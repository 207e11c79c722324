"""``triptych read``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from triptych.cli.catalogue_argument import CatalogueFolder
from triptych.cli.output import Json, emit, progress, say, table


def command(
    catalogue: CatalogueFolder,
    items: Annotated[
        list[str] | None, typer.Argument(metavar="[ITEM_ID]...", help="Only these items; all by default.")
    ] = None,
    kind: Annotated[
        list[str] | None, typer.Option(help="Only lines of this kind, such as date or tagline; may be given again.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Read the cards of clips: titles, taglines, release dates, credits, with the time at which each line stands.

    Cards are what the sampler finds in the first and last 15 % of a clip. Reading one takes up to a second.

    Example: triptych read films "noir/the third man.mp4"
    """
    from triptych.catalogue.catalogue import Catalogue
    from triptych.errors import MediaError, UnknownName, UsageError
    from triptych.features.reading import recogniser
    from triptych.features.reading.lettering import KINDS, lettering_of
    from triptych.media.loader import open_reel
    from triptych.media.reel import Want
    from triptych.media.sampling import CARDS

    for one in kind or ():
        if one not in KINDS:
            raise UnknownName("kind of line", one, KINDS)
    recogniser.require("triptych read")
    clips = {clip.item_id: clip for clip in Catalogue.open(catalogue).clips()}
    for item_id in items or ():
        if item_id not in clips:
            raise UnknownName("item with a clip", item_id, clips)
    asked = sorted(clips) if not items else list(dict.fromkeys(items))
    if not asked:
        raise UsageError(f"no item of {str(catalogue)!r} has a clip. Add some: triptych add {catalogue} SOURCE")
    found: list[dict[str, Any]] = []
    failed: dict[str, str] = {}
    with progress("Reading", "clips") as report:
        for done, item_id in enumerate(asked, 1):
            try:
                reel = open_reel(Path(clips[item_id].path), Want(samplings=frozenset({CARDS})), name=item_id)
                lettering = lettering_of(reel)
            except MediaError as fault:
                failed[item_id] = str(fault)
                lettering = None
            lines = lettering.lines if lettering is not None else ()
            found += [{"item_id": item_id, **asdict(line)} for line in lines if not kind or line.kind in kind]
            report(done, len(asked), f"{len(failed)} failed" if failed else "")
    if as_json:
        emit({"lines": found, "failed": failed})
        return
    rows = [[one["item_id"], round(one["at_s"], 1), one["kind"], one["text"], round(one["sure"], 2)] for one in found]
    table(["item_id", "seconds", "kind", "line", "sure"], rows)
    for item_id, reason in failed.items():
        say(f"{item_id}: {reason}")
    held = len({one["item_id"] for one in found})
    say(f"{len(asked)} clips looked at; lines found: {len(found)}, on the cards of {held}.")
