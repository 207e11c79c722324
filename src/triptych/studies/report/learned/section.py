"""Section: how the networks of a table learned, put together: figures for a page, rows of words for all readers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from triptych.drawing.figure import Figure
from triptych.studies.report.learned.curves import against, by_epoch, headline, losses, ranking, verdicts
from triptych.studies.report.learned.pairs import confusions, distances, parameters
from triptych.studies.report.learned.told import by_epoch as table_by_epoch
from triptych.studies.report.learned.told import followed, taught
from triptych.studies.report.view import label, number
from triptych.studies.results import Judgement

#: What is told of training, in the table by epoch: the key, and its words.
OF_TRAINING = (
    ("auc", "AUC"),
    ("satisfaction", "satisfied"),
    ("train_loss", "loss, training"),
    ("loss", "loss, validation"),
    ("effective_rank", "effective rank"),
    ("mean_cosine", "mean cosine"),
)
_AUC = "The chance that an alike pair is nearer than an unlike one."
_SATISFIED = "The share of triplets whose unlike item is farther than the alike one, by the margin."


@dataclass(frozen=True, kw_only=True)
class Followed:
    """What became of classification and ranking under one protocol. ``verdicts``: row, verdict and figures."""

    title: str
    headline: str
    verdicts: Sequence[tuple[str, str, str]]
    figures: Sequence[Figure]


def followed_by(judgement: Judgement, name: str) -> Followed | None:
    """None where no snapshot of a learned row was judged."""
    if not followed(judgement):
        return None
    found = [ranking(judgement, f"{name}-ranking"), against(judgement, f"{name}-gap")]
    row = f", {judgement.row} items" if judgement.row else ""
    return Followed(
        title=f"{judgement.protocol.title or judgement.protocol.name}{row}",
        headline=headline(judgement),
        verdicts=verdicts(judgement),
        figures=[one for one in found if one is not None],
    )


def training(judgement: Judgement, name: str) -> tuple[list[Figure], list[list[Figure]]]:
    """Of the training itself, which all protocols that split alike share: figures that are wide, and rows of narrow
    ones."""
    curves = [
        by_epoch(judgement, f"{name}-auc", "auc", "AUC by epoch", _AUC),
        by_epoch(judgement, f"{name}-satisfaction", "satisfaction", "Triplets satisfied by epoch", _SATISFIED),
    ]
    wide = [one for one in curves if one is not None] + distances(judgement, f"{name}-distances")
    return wide, [losses(judgement, f"{name}-loss"), confusions(judgement, f"{name}-confusion")]


def epochs_table(judgements: Sequence[Judgement]) -> tuple[list[str], list[tuple[str, ...]]]:
    """Every judged epoch of every learned row: what was told of its training, and the metric of each protocol.

    Of the training it has what the first protocol's networks came to; ``judgements`` are of one table.
    """
    ones = [(one, followed(one)) for one in judgements if followed(one)]
    if not ones:
        return [], []
    first, _ = ones[0]
    tables = [{line.name: rows_of(one, line.name) for line in taught(one)} for one, _ in ones]
    there = {key for rows in tables[0].values() for row in rows for key, value in row.items() if value is not None}
    keys = [(key, words) for key, words in OF_TRAINING if key in there]
    heads = ["", "epoch", "folds", *(words for _, words in keys)]
    heads += [f"{label(metric)}, {one.protocol.name}{f', {one.row}' if one.row else ''}" for one, metric in ones]
    cells: list[tuple[str, ...]] = []
    for line in taught(first):
        others = [{row["epoch"]: row for row in table.get(line.name, ())} for table in tables]
        for row in tables[0][line.name]:
            judged = [own.get(row["epoch"], {}).get(metric) for own, (_, metric) in zip(others, ones, strict=True)]
            told = [number(row[key]) for key, _ in keys]
            cells.append((line.name, str(row["epoch"]), str(row["folds"]), *told, *map(number, judged)))
    return heads, cells


def rows_of(judgement: Judgement, name: str) -> list[dict[str, Any]]:
    """The table by epoch of one row under one protocol, as numbers."""
    line = judgement.line(name)
    metric = followed(judgement)
    if line is None or not metric:
        return []
    return table_by_epoch(line, judgement, [key for key, _ in OF_TRAINING], [metric])


def counted(judgement: Judgement) -> list[tuple[str, list[tuple[str, str, str, str]]]]:
    """Rows and the lines of their parameters; rows whose lines are the same stand together."""
    found: dict[tuple[tuple[str, str, str, str], ...], list[str]] = {}
    for line in taught(judgement):
        if own := tuple(parameters(line)):
            found.setdefault(own, []).append(line.name)
    return [(", ".join(names), list(lines)) for lines, names in found.items()]
