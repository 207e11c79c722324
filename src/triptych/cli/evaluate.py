"""``triptych evaluate``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from triptych.cli import evaluate_ratings
from triptych.cli.output import Json, emit, say, table
from triptych.errors import SourceError, UnknownName, UsageError

if TYPE_CHECKING:
    import pyarrow as pa

    from triptych.catalogue.sources.events import EventFile
    from triptych.spaces.lists import Lists

PROTOCOLS = ("item-based",)
#: What others call our columns, in lower case.
_THEIRS = {"user_id": ("userid",), "item_id": ("movieid", "itemid")}

app = typer.Typer(no_args_is_help=True, help="Judge recommendations by what users did.")


@app.callback()
def group() -> None:
    """Judge recommendations by what users did, and predictions of their ratings.

    Example: triptych evaluate lists similar.csv --interactions films

    Example: triptych evaluate ratings --train u1.base --test u1.test --model bias
    """


app.command("ratings")(evaluate_ratings.command)


@app.command("lists")
def lists(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="LISTS",
            help="CSV, TSV or Parquet with item_id, rank and neighbour_id: for each item its list, best first.",
            show_default=False,
        ),
    ],
    interactions: Annotated[
        Path,
        typer.Option(
            metavar="FILE|CATALOGUE",
            help="Who rated what: a catalogue's folder; CSV, TSV or Parquet; u.data or ratings.dat as they are.",
            show_default=False,
        ),
    ],
    protocol: Annotated[
        str, typer.Option(help="item-based: by the users who like the item a list is of.")
    ] = "item-based",
    like: Annotated[float, typer.Option(help="Ratings of this or more are liked.")] = 3.5,
    least: Annotated[int, typer.Option(min=1, help="Users with fewer liked items do not judge.")] = 5,
    k: Annotated[str, typer.Option("-k", metavar="K,K,...", help="At which ranks lists are cut off.")] = "1,3,5,10",
    only_listed: Annotated[
        bool, typer.Option("--only-listed", help="Leave out ratings of items that have no list themselves.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the bootstrap.")] = 0,
    as_json: Json = False,
) -> None:
    """Judge lists of similar items by the users who like the item that a list is of.

    Example: triptych evaluate lists similar.csv --interactions u.data --protocol item-based -k 1,3,5,10
    """
    if protocol not in PROTOCOLS:
        raise UnknownName("protocol", protocol, PROTOCOLS)
    import numpy as np

    from triptych.catalogue.history import History
    from triptych.evaluate.protocols.item_based import item_based
    from triptych.evaluate.significance import intervals
    from triptych.spaces.lists import Lists

    cutoffs = cutoffs_of(k)
    given = Lists.read(path)
    rows = interactions_of(interactions)
    rated = History.of_table(rows)
    known = set(rated.item_ids)
    own = set(given.item_ids)
    listed = own | set(given.rows["neighbour_id"].unique())
    strangers = {
        "listed_unrated": len(own - known),
        "neighbours_unrated": len(listed - known - own),
        "rated_unlisted": len(known - own),
    }
    if not listed & known:
        raise UsageError(
            f"no item of {path.name!r} was rated in {str(interactions)!r}; are their ids those of the interactions? "
            f"A list is of {_some(own)}, a rating of {_some(known)}."
        )
    item_ids = sorted(listed | known)
    history = History.of_table(rows, item_ids=item_ids)
    if only_listed:
        history = history.take(np.isin(history.items, [k for k, one in enumerate(item_ids) if one in own]))
    places = given.positions(item_ids)  # all of its ids are among them
    laid = np.full((len(item_ids), given.longest), -1, np.int64)
    laid[places.queries] = places.lists
    found = item_based(laid, history, name=path.name, like=like, least=least, cutoffs=cutoffs)
    # Of one item alone there is no interval.
    reach = intervals(found.values, seed=seed) if len(found.ids) > 1 else {}
    means = {metric: found.mean(metric) if found.ids else None for metric in found.values}
    counts = {name: int(found.whole[name]) for name in ("listed", "users", "pairs")} | {"tied": _tied(given)}
    if as_json:
        emit(
            {
                "protocol": protocol,
                "like": like,
                "least": least,
                "cutoffs": cutoffs,
                "interactions": len(history),
                **counts,
                "evaluated": len(found.ids),
                **strangers,
                "only_listed": only_listed,
                "metrics": means,
                "intervals": {metric: {"low": one.low, "high": one.high} for metric, one in reach.items()},
                "level": next((one.level for one in reach.values()), None),
                "seed": seed,
            }
        )
        return
    names = dict.fromkeys(metric.split("@")[0] for metric in found.values)
    table(
        ["metric", *(f"@{cutoff}" for cutoff in cutoffs)],
        [[name, *(_cell(f"{name}@{cutoff}", means, reach) for cutoff in cutoffs)] for name in names],
    )
    _tell(counts, len(found.ids), strangers, len(reach) > 0)


def _tell(counts: Mapping[str, int], evaluated: int, strangers: Mapping[str, int], intervals: bool) -> None:
    say(
        f"{counts['listed']:,} items have a list; {evaluated:,} of them could be judged, by {counts['users']:,} users "
        f"in {counts['pairs']:,} judgements."
    )
    if intervals:
        say("In brackets, 95 % intervals by drawing items anew.")
    if counts["tied"]:
        say(
            f"In {counts['tied']:,} lists items of equal score follow one another, and what put them in that order "
            "decides these figures too. Let it be a lot; the order of a data set is often that of popularity."
        )
    said = {
        "listed_unrated": "items with a list were rated by nobody",
        "neighbours_unrated": "others on the lists were rated by nobody",
        "rated_unlisted": "rated items have no list",
    }
    for name, text in said.items():
        if strangers[name]:
            say(f"{strangers[name]:,} {text}.")


def cutoffs_of(text: str) -> list[int]:
    """Ranks, as written on the command line.

    >>> cutoffs_of("1,3,5,10")
    [1, 3, 5, 10]
    """
    try:
        found = sorted({int(part) for part in text.split(",")})
    except ValueError:
        raise UsageError(f"{text!r} are no ranks; write them like 1,3,5,10") from None
    if found[0] < 1:
        raise UsageError(f"a list cannot be cut off at {found[0]}; the first rank is 1.")
    return found


def interactions_of(path: Path) -> pa.Table:
    """Those of a catalogue or of a file. What was refused of a file is told."""
    if path.is_dir():
        from triptych.catalogue.catalogue import Catalogue

        return Catalogue.open(path).interactions()
    from triptych.catalogue.sources.events import read_events

    if not path.exists():
        raise SourceError(f"{str(path)!r} is not there; give a catalogue's folder or a file of interactions.")
    rows, refused, _ = read_events(_laid_out(path))
    for refusal in refused:
        say(f"Left out of {refusal.what}: {refusal.reason}.")
    return rows


def _laid_out(path: Path) -> EventFile:
    """Told by the first line: MovieLens's older files have no names in it."""
    from triptych.catalogue.sources.events import EventFile
    from triptych.catalogue.sources.movielens.textfile import first_line

    if path.suffix.lower() == ".parquet":
        return EventFile(path=path, columns=_columns(_parquet_names(path)))
    first = first_line(path)
    if all(map(_is_number, parts := first.split("::"))) and len(parts) == 4:
        return EventFile(path=path, names=("user_id", "", "item_id", "", "rating", "", "timestamp"), separator=":")
    if all(map(_is_number, parts := first.split("\t"))) and len(parts) in (3, 4):
        return EventFile(path=path, names=("user_id", "item_id", "rating", "timestamp")[: len(parts)], separator="\t")
    names = [name.strip().strip('"') for name in first.split("\t" if path.suffix.lower() == ".tsv" else ",")]
    return EventFile(path=path, columns=_columns(names))


def _columns(names: Sequence[str]) -> dict[str, str]:
    return {
        ours: theirs for ours, others in _THEIRS.items() if ours not in names for theirs in others if theirs in names
    }


def _parquet_names(path: Path) -> list[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return [name.strip().lower() for name in pq.read_schema(path).names]
    except (OSError, pa.ArrowException):
        return []  # whoever reads the rows says what is wrong with it


def _tied(given: Lists) -> int:
    """In how many lists an item's score is that of the one before it."""
    item, score = given.rows["item_id"], given.rows["score"]
    tied = ((item == item.shift(1)) & (score == score.shift(1))).fill_null(False)
    return item.filter(tied).n_unique()


def _cell(metric: str, means: Mapping[str, float | None], reach: Mapping[str, Any]) -> str | None:
    value = means[metric]
    if value is None or metric not in reach:
        return None if value is None else f"{value:.4f}"
    return f"{value:.4f} [{reach[metric].low:.4f}, {reach[metric].high:.4f}]"


def _some(ids: set[str]) -> str:
    return repr(min(ids)) if ids else "nothing"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
