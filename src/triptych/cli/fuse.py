"""``triptych fuse``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from triptych.cli.catalogue_argument import CatalogueFolder
from triptych.cli.output import Json, emit, say

if TYPE_CHECKING:
    from triptych.fusion.align import Alignment
    from triptych.fusion.fusion import Fusion


def command(
    catalogue: CatalogueFolder,
    name: Annotated[str, typer.Option(help="What to call the space.")] = "fused",
    feature: Annotated[
        list[str] | None, typer.Option("--feature", "-f", help="Use only this feature; may be given again.")
    ] = None,
    selection: Annotated[
        str | None, typer.Option(help="Only items that this selection kept; see triptych clean.")
    ] = None,
    scaling: Annotated[
        str | None, typer.Option(help="z-score (if nothing is said), min-max, robust, ranks, direction or none.")
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(help="concatenation (if nothing is said), late (one similarity for each), weighted or average."),
    ] = None,
    balance: Annotated[
        str | None,
        typer.Option(help="What weighs alike: features (if nothing is said), panels, or none: width decides."),
    ] = None,
    reduce: Annotated[
        str | None,
        typer.Option(
            metavar="KIND:MUCH", help="pca:64 keeps components, pca:0.95 variance; incremental-pca:0.95; umap:50."
        ),
    ] = None,
    per: Annotated[
        str | None, typer.Option(help="What is reduced: each feature (if nothing is said) or panel.")
    ] = None,
    align: Annotated[
        str | None,
        typer.Option(
            metavar="KIND[:STEPS]",
            help="Take sequences too, as vectors: interpolate:32, pad:32 or statistics. They are left out otherwise.",
        ),
    ] = None,
    weight: Annotated[
        list[str] | None,
        typer.Option(metavar="PANEL=WEIGHT", help="Such as seeing=0.5; panels that are not named count 0. Again."),
    ] = None,
    train: Annotated[
        Path | None, typer.Option(help="A file of item ids, one in a line: what is learned, is from these items alone.")
    ] = None,
    refit: Annotated[bool, typer.Option("--refit", help="Learn the scaling anew from all items.")] = False,
    as_json: Json = False,
) -> None:
    """Fuse the panels into one space, or place new items in the space that stands.

    A space keeps the settings that it was made by, and what it learned; new and changed items are placed in it. Other
    settings, other features, --train and --refit make it anew.

    Example: triptych fuse films

    Example: triptych fuse films --name late --method late --weight seeing=1 --weight reading=0.5

    Example: triptych fuse films --name small --reduce pca:0.95 --per panel --align interpolate:32
    """
    from triptych.catalogue.catalogue import Catalogue
    from triptych.cli.id_file import item_ids
    from triptych.curation.selection import Selections
    from triptych.fusion.fuse import fuse

    fusion = _fusion(scaling, method, balance, reduce, per, align, weight)
    opened = Catalogue.open(catalogue)
    items = Selections(opened.tables).read(selection).item_ids if selection is not None else None
    learned_from = None if train is None else item_ids(train)
    made = fuse(opened, name=name, features=feature, items=items, train=learned_from, refit=refit, fusion=fusion)
    space = made.space
    panels = {panel: {"width": space.width(panel), "items": space.holding(panel)} for panel in space.panels}
    if as_json:
        emit(
            {
                "space": name,
                "fitted": made.fitted,
                "placed": made.placed,
                "removed": made.removed,
                "items": len(made.space.item_ids),
                "panels": panels,
                "unmeasured": made.unmeasured,
                "sequences": made.sequences,
                "settings": made.fusion.to_json(),
            }
        )
        return
    shares = ", ".join(f"{panel} {facts['width']}-d in {facts['items']} items" for panel, facts in panels.items())
    whom = "all items" if learned_from is None else f"{len(set(learned_from))} declared items"
    what = f"Fitted on {whom}" if made.fitted else f"Placed {made.placed} items in the standing fit"
    say(f"Space {name!r}: {len(made.space.item_ids)} items; {shares}. {what}.")
    for title, count in made.unmeasured.items():
        say(f"{title} was not measured yet for {count} items: triptych extract {catalogue}")
    if made.sequences:
        say(
            f"Left out, having a vector for each moment: {', '.join(made.sequences)}. Take them: --align interpolate:32"
        )
    say(f"Next: triptych similar {catalogue} ITEM_ID" + (f" --space {name}" if name != "fused" else ""))


def _fusion(
    scaling: str | None,
    method: str | None,
    balance: str | None,
    reduce: str | None,
    per: str | None,
    align: str | None,
    weight: list[str] | None,
) -> Fusion | None:
    """The settings that were given, over the baseline; None where none was, so that a space stays what it is."""
    from triptych.cli.similar import parse_weights
    from triptych.errors import UsageError
    from triptych.fusion.fusion import Fusion
    from triptych.fusion.reduction import Reduction

    if per is not None and reduce is None:
        raise UsageError(f"--per {per} says what is reduced, and nothing is; say how too, such as --reduce pca:64.")
    named = {"scaling": scaling, "method": method, "balance": balance}
    given: dict[str, Any] = {key: value for key, value in named.items() if value is not None}
    if reduce is not None:
        given["reduce"] = Reduction.parse(reduce, per=per or "feature")
    if align is not None:
        given["align"] = _alignment(align)
    if weight:
        given["panel_weights"] = parse_weights(",".join(weight))
    return Fusion(**given) if given else None


def _alignment(text: str) -> Alignment:
    from triptych.errors import UsageError
    from triptych.fusion.align import KINDS, Alignment

    kind, colon, steps = text.partition(":")
    for known in KINDS:
        if kind == known and (steps.isdecimal() or not colon):
            return Alignment(kind=known, length=int(steps) if steps else None)
    raise UsageError(f"{text!r} is no alignment; write it like interpolate:32, pad:32 or statistics.")
