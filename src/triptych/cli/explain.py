"""``triptych explain``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triptych.cli.catalogue_argument import CatalogueFolder
from triptych.cli.model_order import Reranked, asked_of
from triptych.cli.output import Json, emit, printable, say

if TYPE_CHECKING:
    from triptych.catalogue.catalogue import Catalogue
    from triptych.desk.who import Who
    from triptych.explain.reason import Explanation


def command(
    catalogue: CatalogueFolder,
    item: Annotated[str | None, typer.Argument(metavar="[ITEM]", help="The item's id.", show_default=False)] = None,
    other: Annotated[
        str | None, typer.Argument(metavar="[OTHER]", help="The id of one listed with it.", show_default=False)
    ] = None,
    user: Annotated[str | None, typer.Option(help="Why the item is recommended to this user.")] = None,
    likes: Annotated[
        str | None, typer.Option(metavar="A,B", help="Or to somebody who likes these items, the latest last.")
    ] = None,
    text: Annotated[str | None, typer.Option(help="Or to somebody who asks for this.")] = None,
    clip: Annotated[Path | None, typer.Option(metavar="FILE", help="Or to somebody who likes this clip.")] = None,
    n: Annotated[int, typer.Option("-n", min=1, help="Without an item: how many of the list are explained.")] = 3,
    model: Annotated[str, typer.Option(help="Which fitted model recommends.")] = "hybrid",
    rerank: Reranked = None,
    space: Annotated[str, typer.Option(help="Which space two items are held against each other in.")] = "fused",
    panels: Annotated[
        str | None, typer.Option(help="For two items: only these panels, with weights if wanted: seeing=1,reading=0.5")
    ] = None,
    scenes: Annotated[
        bool, typer.Option("--scenes/--no-scenes", help="Find the scenes that match; that takes a second for a pair.")
    ] = True,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a page with the parts, scenes and thumbnails.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say why a title is listed with another one, or recommended to somebody: exact shares, history, scenes.

    Example: triptych explain films noir.mp4 dusk.mp4 --html why.html

    Example: triptych explain films --user 196 -n 3
    """
    from triptych.catalogue.catalogue import Catalogue
    from triptych.errors import CatalogueUnwritable, UsageError
    from triptych.explain import strip
    from triptych.explain.cited import cited
    from triptych.explain.sentence import sentence

    somebody = bool(user or likes or text or clip)
    if somebody == (other is not None) or (item is None and not somebody):
        raise UsageError(
            "explain takes two items, or somebody (--user, --likes, --text, --clip) and one item or none: "
            f"triptych explain {catalogue} ITEM OTHER, or triptych explain {catalogue} ITEM --user USER"
        )
    if panels is not None and somebody:
        raise UsageError("--panels weighs panels between two items; a model has weighed its own. Leave it away.")
    opened = Catalogue.open(catalogue)
    if item is not None and other is not None:
        found = (_of_pair(opened, item, other, space, panels),)
    else:
        found = _of_model(opened, item, _who(user, likes, text, clip), model, n, rerank)
    if scenes:
        clips = {one.item_id: Path(one.path) for one in opened.clips()}
        found = tuple(cited(one, clips, pictures=html is not None) for one in found)
    if html is not None:
        try:
            strip.write(html, found)
        except OSError as fault:
            raise CatalogueUnwritable(
                f"{str(html)!r} cannot be written: {fault.strerror}. Give another place: --html FILE.html"
            ) from fault
    if as_json:
        emit([{"sentence": sentence(one), **one.to_json()} for one in found])
        return
    for one in found:
        typer.echo(printable(sentence(one)))
        for note in one.notes:
            say(printable(note))
    if html is not None:
        say(f"The page is {html}")


def _of_pair(opened: Catalogue, item: str, other: str, name: str, panels: str | None) -> Explanation:
    from triptych.cli.similar import parse_weights
    from triptych.explain.of_space import of_space
    from triptych.spaces.shelf import Shelf

    space = Shelf(opened.tables).read(name)
    items = {one.item_id: one for one in opened.items()}
    return of_space(space, item, other, items=items, weights=parse_weights(panels))


def _of_model(
    opened: Catalogue, item: str | None, who: Who, model: str, n: int, rerank: bool | None
) -> tuple[Explanation, ...]:
    from datetime import UTC, datetime

    from triptych.desk.desk import Desk

    desk = Desk.open(opened, model=model, rerank=rerank is not False)
    asked_of(desk, rerank)
    for told in desk.refresh(at=datetime.now(UTC)).told:
        say(told)
    if item is not None:
        return (desk.explain(who, item),)
    arranged = desk.recommend(who, on=datetime.now().astimezone().date(), n=n)
    for note in (*arranged.notes, arranged.short):
        if note:
            say(printable(note))
    return desk.why(who, arranged)


def _who(user: str | None, likes: str | None, text: str | None, clip: Path | None) -> Who:
    from triptych.desk.who import Who

    ids = tuple(one.strip() for one in (likes or "").split(",") if one.strip())
    return Who(user=user or "", likes=ids, text=text or "", clip=clip)
