"""``triptych add``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triptych.cli.catalogue_argument import CatalogueFolder
from triptych.cli.output import Json, emit, printable, progress, say
from triptych.errors import UnknownName, UsageError

if TYPE_CHECKING:
    from triptych.catalogue.catalogue import Added, Catalogue
    from triptych.catalogue.sources.source import Source
    from triptych.interchange.given import Attached

#: So many refusals are shown one by one; --json has them all.
SHOWN = 12
KINDS = ("folder", "table", "movielens", "recbole", "mmrec", "synthetic")


def command(
    catalogue: CatalogueFolder,
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="A folder of videos; a table (.csv .tsv .jsonl .parquet) of items or of interactions; a folder of "
            "MovieLens, of any year, of RecBole's or MMRec's files; or the word [b]synthetic[/b], which makes clips, "
            "items and users whose truth is known.",
            show_default=False,
        ),
    ],
    kind: Annotated[
        str | None, typer.Option(help=f"What SOURCE is, where that is not plain: {', '.join(KINDS)}.")
    ] = None,
    columns: Annotated[
        str, typer.Option(help="table, recbole: what is called otherwise there, as ours=theirs, comma between.")
    ] = "",
    scale: Annotated[
        str, typer.Option(help="table, recbole, mmrec: least and greatest rating, as 0.5:5; others are refused.")
    ] = "",
    clips: Annotated[int, typer.Option(min=1, help="synthetic: how many clips.")] = 48,
    users: Annotated[int, typer.Option(min=1, help="synthetic: how many users.")] = 200,
    seconds: Annotated[float, typer.Option(min=1, help="synthetic: seconds of each clip.")] = 8.0,
    seed: Annotated[int, typer.Option(min=0, help="synthetic: seed; the same seed makes the same clips.")] = 0,
    as_json: Json = False,
) -> None:
    """Add items, clips and interactions, or bring them up to date.

    Example: triptych add films ~/videos

    What is there already stays where a source says nothing: sources complete one another. A table with other names:

        triptych add films ratings.csv --columns user_id=userId,item_id=movieId --scale 0.5:5
    """
    from triptych.catalogue.catalogue import Catalogue
    from triptych.catalogue.sources.movielens import MovieLens
    from triptych.catalogue.sources.synthetic import Synthetic

    opened = Catalogue.open(catalogue)
    if kind is not None and kind not in KINDS:
        raise UnknownName("kind of source", kind, KINDS)
    names, bounds = _columns(columns), _scale(scale)
    tag_genome: Attached | None = None
    if kind == "synthetic" or (kind is None and source == "synthetic" and not Path(source).exists()):
        with progress("Making clips", "clips") as report:
            told = partial(report, note="")
            added = opened.add(Synthetic(clips=clips, users=users, seconds=seconds, seed=seed, progress=told))
    else:
        with progress("Reading", "MB") as report:
            chosen = _source(Path(source), kind, names, bounds, lambda done, of: report(done >> 20, of >> 20, ""))
            added = opened.add(chosen)
        if isinstance(chosen, MovieLens):
            tag_genome = _genome(opened, chosen.path)
    if as_json:
        emit({**asdict(added), "tag_genome": tag_genome})
        return
    _tell(added)
    if tag_genome is not None:
        say(f"Tag genome: {tag_genome.covered:,} items have {tag_genome.width:,} tags, as {tag_genome.feature}.")
    say(f"Next: {_next(opened, catalogue)}")


def _source(
    path: Path,
    kind: str | None,
    columns: Mapping[str, str],
    scale: tuple[float, float] | None,
    report: Callable[[int, int], None],
) -> Source:
    from triptych.catalogue.sources.choice import source_of
    from triptych.interchange.mmrec import MMRec
    from triptych.interchange.recbole import RecBole
    from triptych.interchange.recognise import source_of as foreign_source_of

    if kind == "recbole":
        return RecBole(path=path, columns=columns, scale=scale)
    if kind == "mmrec":
        return MMRec(path=path, scale=scale)
    foreign = foreign_source_of(path, columns=columns, scale=scale) if kind is None and path.is_dir() else None
    return foreign or source_of(path, kind=kind or "auto", columns=columns, scale=scale, progress=report)


def _genome(opened: Catalogue, path: Path) -> Attached | None:
    """What MovieLens has from 20M on, and what no table of items can hold."""
    from triptych.interchange.given import attach
    from triptych.interchange.given.genome import TITLE, genome_of

    offering = genome_of(path)
    return attach(opened, offering, TITLE, replace=True) if offering is not None else None


def _next(opened: Catalogue, catalogue: Path) -> str:
    if opened.tables.count("clips"):
        return f"triptych extract {catalogue}"
    items = opened.items()
    if items and not any(item.plot for item in items):
        return f"there are no clips and no plots yet: triptych enrich {catalogue}, triptych trailers {catalogue} LIST"
    clips = f"triptych trailers {catalogue}" + ("" if any(item.url for item in items) else " LIST")
    return f"there are no clips yet: {clips}; or read only: triptych extract {catalogue}"


def _tell(added: Added) -> None:
    said = (
        f"Items: {added.items_new} new, {added.items_changed} changed, {added.items_same} as they were. "
        f"Clips: {added.clips_new} new, {added.clips_changed} changed. Interactions: {added.interactions:,}"
    )
    known = added.interactions - added.interactions_new
    said += f", {known:,} of them known ({added.interactions_changed:,} changed)." if known else "."
    for count, what in ((added.users, "users described"), (added.tags, "tags")):
        said += f" {count:,} {what}." if count else ""
    say(said)
    for refusal in added.refused[:SHOWN]:
        say(f"Refused: {printable(refusal.what)}: {printable(refusal.reason)}")
    if len(added.refused) > SHOWN:
        say(f"… and {len(added.refused) - SHOWN} more refused; --json lists them all.")
    for note in added.notes:
        say(f"Note: {printable(note)}.")
    if added.unused_columns:
        say(f"Columns not used: {printable(', '.join(added.unused_columns))}")


def _columns(given: str) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in given.split(",") if pair.strip()]
    if wrong := [ours for ours, sign, theirs in pairs if not (sign and ours.strip() and theirs.strip())]:
        raise UsageError(f"--columns holds {wrong[0]!r}; write ours=theirs, such as user_id=userId,item_id=movieId.")
    return {ours.strip(): theirs.strip() for ours, _, theirs in pairs}


def _scale(given: str) -> tuple[float, float] | None:
    if not given:
        return None
    low, _, high = given.partition(":")
    try:
        bounds = float(low), float(high)
    except ValueError:
        bounds = (1.0, 0.0)
    if not bounds[0] < bounds[1]:
        raise UsageError(f"--scale is {given!r}; write the least and the greatest rating, such as 0.5:5.")
    return bounds
