"""Genome: how strongly each film shows each of a thousand tags, from ``genome-scores.csv`` and ``genome-tags.csv``.

Jesse Vig, Shilad Sen, John Riedl. The Tag Genome: Encoding Community Knowledge to Support Novel Interaction.
ACM Transactions on Interactive Intelligent Systems 2(3), 2012.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from triptych.catalogue.sources.cell import text_of
from triptych.catalogue.sources.movielens.account import Account
from triptych.catalogue.sources.movielens.generation import generation_at, recognises
from triptych.catalogue.sources.movielens.textfile import TextFile, first_line
from triptych.catalogue.sources.source import Refusal
from triptych.errors import SourceError

_SCORES, _TAGS = "genome-scores.csv", "genome-tags.csv"
_COLUMNS = {"movieid": pl.Int32, "tagid": pl.Int32, "relevance": pl.Float32}


@dataclass(frozen=True, kw_only=True, eq=False)
class Genome:
    """``relevance``: float32 ``[len(item_ids), len(tags)]`` in [0, 1], nothing missing.

    ``item_ids`` are in the order of their numbers, ``tags`` in that of theirs. ``refused`` tells of rows that could
    not be read, and of films without a score for every tag.
    """

    item_ids: tuple[str, ...]
    tags: tuple[str, ...]
    relevance: NDArray[np.float32]
    refused: tuple[Refusal, ...] = ()


def has_genome(path: Path) -> bool:
    """Whether a folder of MovieLens has a tag genome: from 20M on most have."""
    return recognises(path) and generation_at(path).file(_SCORES) is not None


def genome(path: Path) -> Genome:
    """The tag genome of a folder of MovieLens. SourceError where there is none."""
    generation = generation_at(path)
    scores, names = generation.file(_SCORES), generation.file(_TAGS)
    if scores is None or names is None:
        raise SourceError(
            f"{str(generation.folder)!r} has no {_TAGS if scores else _SCORES}; a tag genome is both files."
        )
    account = Account()
    tags = _tags(names, account)
    frame = _scores(scores, account)
    films, rows = np.unique(frame["movieid"].to_numpy(), return_inverse=True)
    numbers = np.array(sorted(tags), np.int32)
    ids = frame["tagid"].to_numpy()
    columns = np.searchsorted(numbers, ids)
    known = numbers[np.minimum(columns, max(len(numbers) - 1, 0))] == ids if len(numbers) else np.zeros(len(ids), bool)
    account.count(int((~known).sum()), scores.name, f"scores for tags that {names.name} does not name")
    relevance = np.full((len(films), len(numbers)), np.nan, np.float32)
    relevance[rows[known], columns[known]] = frame["relevance"].to_numpy()[known]
    whole = ~np.isnan(relevance).any(axis=1)
    account.count(int((~whole).sum()), scores.name, "films without a score for every tag")
    return Genome(
        item_ids=tuple(map(str, films[whole].tolist())),
        tags=tuple(tags[number] for number in numbers.tolist()),
        relevance=relevance[whole],
        refused=tuple(account.refused),
    )


def _tags(path: Path, account: Account) -> dict[int, str]:
    file = TextFile.open(path, account)
    found: dict[int, str] = {}
    for number, row in file.records(("tagid", "tag"), account):
        if row["tagid"].strip().isdecimal() and int(row["tagid"]) < 2**31 and text_of(row["tag"]):
            found.setdefault(int(row["tagid"]), text_of(row["tag"]))
        else:
            account.refuse(file.at(number), "it is not the number of a tag and the tag")
    return found


def _scores(path: Path, account: Account) -> pl.DataFrame:
    """``movieid, tagid, relevance`` of the rows that are whole, the later of two for the same film and tag last."""
    names = [name.strip().strip('"') for name in first_line(path).split(",")]
    if missing := [name for name in _COLUMNS if name not in names]:
        raise SourceError(f"{path.name!r} has no column {' and no '.join(missing)}; it has {', '.join(names)}.")
    try:
        with path.open("rb") as handle:  # given a path, Polars takes [1] for a pattern
            frame = pl.read_csv(
                handle,
                has_header=False,
                skip_lines=1,
                new_columns=names,
                schema_overrides={name: _COLUMNS.get(name, pl.String) for name in names},
                ignore_errors=True,
                truncate_ragged_lines=True,
            ).select(*_COLUMNS)
    except pl.exceptions.NoDataError:
        return pl.DataFrame(schema=_COLUMNS)
    except (OSError, pl.exceptions.PolarsError) as fault:
        raise SourceError(f"{path.name!r} cannot be read: {str(fault).splitlines()[0]}.") from fault
    blank = pl.all_horizontal(pl.all().is_null())
    said = frame.filter(~blank)
    whole = pl.all_horizontal(pl.all().is_not_null()) & pl.col("relevance").is_between(0, 1)
    kept = said.filter(whole)
    account.count(said.height - kept.height, path.name, "scores that are no number from 0 to 1, or of no film or tag")
    return kept
