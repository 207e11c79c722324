"""``triptych duplicates``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from triptych.cli.catalogue_argument import CatalogueFolder
from triptych.cli.output import Json, emit, progress, say, table
from triptych.errors import UnknownName

if TYPE_CHECKING:
    from triptych.catalogue.catalogue import Catalogue


def command(
    catalogue: CatalogueFolder,
    kind: Annotated[str | None, typer.Option(help="Only groups of content, title or franchise.")] = None,
    no_extract: Annotated[
        bool, typer.Option("--no-extract", help="Compare what was measured before, and decode nothing.")
    ] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; one for each core if not given.")] = None,
    as_json: Json = False,
) -> None:
    """Find the same content in several files, the same title under several ids, and franchises, each with evidence.

    Content is told by pictures and sound, titles and franchises by what is written of the items. The groups are kept
    in the catalogue, in place of those of an earlier run; no item is changed or removed.

    Example: triptych duplicates films --kind content
    """
    from triptych.catalogue.catalogue import Catalogue
    from triptych.curation import duplicates, families
    from triptych.curation.groups import KINDS, Group, Groups, Kind

    if kind is not None and kind not in KINDS:
        raise UnknownName("kind of group", kind, KINDS)
    asked: tuple[Kind, ...] = tuple(known for known in KINDS if kind in (None, known))
    opened = Catalogue.open(catalogue)
    found: dict[Kind, tuple[Group, ...]] = {}
    shared: tuple[duplicates.Pair, ...] = ()
    disputed: tuple[families.Disputed, ...] = ()
    with opened.writing("duplicates"):
        if "content" in asked and not no_extract:
            _measure(opened, workers)
        items = opened.items()
        if "content" in asked:
            with progress("Comparing", "pairs") as report:
                content = duplicates.find(opened, progress=lambda done, total: report(done, total, ""))
            found["content"] = content.groups({item.item_id: item.title for item in items})
            shared = content.shared_sound
        if "title" in asked:
            found["title"] = families.same_titles(items)
            disputed = families.disputed(items)
        if "franchise" in asked:
            found["franchise"] = families.franchises(items)
        for one, groups in found.items():
            Groups(opened.tables).write(one, groups)
    groups = [group for one in found.values() for group in one]
    if as_json:
        emit({"groups": groups, "shared_sound": shared, "disputed": disputed})
        return
    table(
        ["kind", "name", "items", "evidence"],
        [[group.kind, group.name, group.item_ids, "; ".join(group.evidence)] for group in groups],
    )
    for pair in shared:
        say(f"Shared sound, other pictures: {pair.evidence}")
    for dispute in disputed:
        one, other = dispute.titles
        say(f"IMDb id {dispute.imdb_id} stands at {one!r} and at {other!r}: one of them is wrong.")
    counts: list[str] = []
    for one, some in found.items():
        noun = "group" if len(some) == 1 else "groups"
        counts.append(f"{len(some)} {noun} of {one} with {sum(len(group.item_ids) for group in some)} items")
    say(f"{'; '.join(counts)}.")


def _measure(opened: Catalogue, workers: int | None) -> None:
    """Decode what was not decoded for this yet; the ledger says which."""
    from triptych.features import registry
    from triptych.features.extraction import Progress, extract

    with progress("Extracting", "items") as report:

        def tell(state: Progress) -> None:
            report(state.done, state.total, f"{state.failed} failed" if state.failed else "")

        made = extract(opened, extractors=registry.profile("duplicates"), workers=workers, progress=tell)
    if made.clips_decoded:
        say(f"{made.clips_decoded} clips decoded in {made.seconds:.1f} s, {made.failed} measurements failed.")
