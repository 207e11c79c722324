"""Curves: how rows learned, epoch by epoch, and whether ranking follows what they learn to tell apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from triptych.drawing.axis import count_text
from triptych.drawing.chart import NARROW
from triptych.drawing.figure import Figure
from triptych.drawing.route import Route, routes
from triptych.drawing.track import Level, Track, tracks
from triptych.studies.report.figures import short
from triptych.studies.report.gap import ALONE, APPEARS, LATE, Gap, Mean
from triptych.studies.report.learned.told import (
    Path,
    Point,
    fixed,
    folds_of,
    followed,
    gap,
    judged_path,
    path_of,
    taught,
)
from triptych.studies.report.view import label, listed, number, signed
from triptych.studies.results import Judgement, Line

#: So many rows are drawn together; of more, the first.
ROWS = 6
TRAIN, HELD = ("soft", "the training side"), ("ink", "the validation side")
#: Panels have no part here: their colours only tell rows apart.
_TONES = ("seeing", "hearing", "reading", "ink")


def losses(judgement: Judgement, name: str) -> list[Figure]:
    """One for each row: what it minimised, on the side it learned from and on the one it did not."""
    found: list[Figure] = []
    for k, line in enumerate(drawn(judgement), start=1):
        train, held = path_of(line, "train_loss"), path_of(line, "loss")
        if not train.folds and not held.folds:
            continue
        sides = [(path, *side) for path, side in ((train, TRAIN), (held, HELD)) if path.folds]
        values = [("training", train), ("validation", held)]
        found.append(
            Figure(
                name=f"{name}-{k}",
                title=f"Loss: “{line.name}”",
                draw=partial(
                    tracks,
                    tracks=[
                        _track(path, tone, words.rpartition(" ")[0].removeprefix("the "), marks=_best(line, path))
                        for path, tone, words in sides
                    ],
                    x_says=count_text,
                    y_says=short,
                    below="epoch",
                    zero=True,
                ),
                says=f"{_bands(line)} {_stopped(line)}".strip(),
                heads=("epoch", *(words for words, path in values if path.folds)),
                rows=_rows([path for _, path in values if path.folds]),
                wide=NARROW,
            )
        )
    return found


def by_epoch(judgement: Judgement, name: str, key: str, title: str, says: str) -> Figure | None:
    """One figure of all rows: ``key`` of the training."""
    return _over_rows(judgement, name, title, says, lambda line: path_of(line, key))


def ranking(judgement: Judgement, name: str) -> Figure | None:
    """The metric that judges, by epoch, with what was not learned as a line across."""
    metric = followed(judgement)
    if not metric:
        return None
    level = level_of(judgement, metric)
    beside = f" Across: “{level.name}”, which learns nothing, with its 95 % interval." if level is not None else ""
    return _over_rows(
        judgement,
        name,
        f"{label(metric)} by epoch",
        f"What the snapshots of each epoch come to on the side that judges.{beside}",
        lambda line: judged_path(line, judgement, metric),
        levels=[level] if level is not None else [],
    )


def against(judgement: Judgement, name: str) -> Figure | None:
    """AUC and ranking as a path through epochs, a small picture for each row."""
    metric = followed(judgement)
    level = level_of(judgement, metric) if metric else None
    found: list[Route] = []
    cells: list[tuple[str, ...]] = []
    tones = _tones(judgement)
    for line in drawn(judgement):
        auc, rank = path_of(line, "auc"), judged_path(line, judgement, metric) if metric else Path.of([])
        classified = dict(auc.mean)
        steps = [(classified[epoch], value, epoch) for epoch, value in rank.mean if epoch in classified]
        if len(steps) < 2:
            continue
        words = f"epoch {steps[0][2]}", f"{steps[-1][2]}"
        points = [(a, b, f"{line.name}, epoch {e}: AUC {number(a)}, {label(metric)} {number(b)}") for a, b, e in steps]
        threads = [_joined(fold.series("auc"), fold.judged(metric, judgement.row)) for fold in folds_of(line)]
        found.append(Route(tone=tones[line.name], name=line.name, points=points, threads=threads, ends=words))
        cells += [(f"{line.name}, epoch {e}", number(a), number(b)) for a, b, e in steps]
    if not found:
        return None
    dotted = f" Dashed across: “{level.name}”." if level is not None else ""
    return Figure(
        name=name,
        title=f"AUC against {label(metric)}",
        draw=partial(routes, routes=found, across="AUC", up=label(metric), level=level, x_says=short, y_says=short),
        says=(
            "Each dot is a snapshot, the ring the first: a path that goes right and down classifies better and ranks "
            f"worse. Means over folds; thin lines are single folds.{dotted}"
        ),
        heads=("", "AUC", label(metric)),
        rows=cells,
        broad=len(found) > 4,
    )


def verdicts(judgement: Judgement) -> list[tuple[str, str, str]]:
    """Row, verdict, and the sentence with its figures."""
    metric = followed(judgement)
    found: list[tuple[str, str, str]] = []
    for line in taught(judgement):
        own = gap(line, judgement)
        if own is not None:
            found.append((line.name, own.verdict, _says(own, metric)))
    return found


def headline(judgement: Judgement) -> str:
    """What the verdicts come to; "" where there are none."""
    told = verdicts(judgement)
    if not told:
        return ""
    there = [row for row, verdict, _ in told if verdict in (APPEARS, LATE)]
    if there:
        return f"Where AUC rises, ranking falls, with {listed(there)}: {len(there)} of {len(told)} learned rows."
    if all(verdict == ALONE for _, verdict, _ in told):
        return "One fold alone was trained, so nothing can be said beyond what it shows."
    return f"With none of {len(told)} learned rows is it beyond chance that ranking falls while AUC rises."


def level_of(judgement: Judgement, metric: str) -> Level | None:
    line = fixed(judgement)
    if line is None or metric not in line.figures:
        return None
    one = line.figures[metric]
    high = one.value if one.high is None else one.high
    return Level(tone="soft", name=line.name, value=one.value, low=one.low, high=high)


def drawn(judgement: Judgement) -> list[Line]:
    return taught(judgement)[:ROWS]


def _says(own: Gap, metric: str) -> str:
    """From the first snapshot to the one that classifies best, and what goes with what over all of them."""
    since = f"from epoch {_epochs(own.first)} to {_epochs(own.top)}"
    if own.rise is None:
        said = [f"{since.capitalize()} {label(metric)} changes by {_mean(own.change)}."]
        if own.trend is not None:
            said.append(f"Rank correlation with the epoch: {_mean(own.trend, 2)}.")
    else:
        said = [f"{since.capitalize()}, AUC changes by {_mean(own.rise)} and {label(metric)} by {_mean(own.change)}."]
        if own.spearman is not None:
            said.append(f"Over all snapshots their rank correlation is {_mean(own.spearman, 2)}.")
        if own.slope is not None:
            tenth = Mean(
                value=own.slope.value / 10,
                low=None if own.slope.low is None else own.slope.low / 10,
                high=None if own.slope.high is None else own.slope.high / 10,
                folds=own.slope.folds,
            )
            said.append(f"With each .1 of AUC goes {_mean(tenth)} {label(metric)}.")
    if own.peak is not None and own.descent is not None and own.epochs and own.peak != own.epochs[-1]:
        to = f"from such a peak to epoch {own.epochs[-1]}"
        said.append(f"It ranks best about epoch {own.peak}; {to}: {_mean(own.descent)}.")
    return " ".join(said)


def _mean(one: Mean, digits: int = 3) -> str:
    if one.low is None or one.high is None:
        return f"{signed(one.value, digits)} (one fold)"
    return f"{signed(one.value, digits)} [{signed(one.low, digits)}, {signed(one.high, digits)}]"


def _epochs(numbers: Sequence[int]) -> str:
    """
    >>> _epochs([1, 1]), _epochs([15, 40, 25])
    ('1', '15–40')
    """
    return str(numbers[0]) if len({*numbers}) == 1 else f"{min(numbers)}–{max(numbers)}"


def _over_rows(
    judgement: Judgement,
    name: str,
    title: str,
    says: str,
    path: Callable[[Line], Path],
    *,
    levels: Sequence[Level] = (),
) -> Figure | None:
    lines = [(line, own) for line in drawn(judgement) if (own := path(line)).folds]
    if not lines:
        return None
    tones = _tones(judgement)
    left = [one.name for one in taught(judgement)[ROWS:]]
    more = f" Not drawn: {listed(left)}." if left else ""
    cells = [(f"{line.name}, epoch {epoch}", number(value)) for line, own in lines for epoch, value in own.mean]
    for line, own in lines:
        cells += [] if own.mean else [(f"{line.name}, folds share no epoch", "")]
    cells += [(f"{one.name}, not learned", number(one.value)) for one in levels]
    return Figure(
        name=name,
        title=title,
        draw=partial(
            tracks,
            tracks=[_track(own, tones[line.name], line.name, marks=_best(line, own)) for line, own in lines],
            levels=levels,
            x_says=count_text,
            y_says=short,
            below="epoch",
        ),
        says=f"{says} {_bands(lines[0][0])}{more}",
        heads=("", title.removesuffix(" by epoch")),
        rows=cells,
    )


def _track(path: Path, tone: str, name: str, *, marks: Sequence[tuple[float, float, str]]) -> Track:
    return Track(
        tone=tone,
        name=name,
        points=path.mean if len(path.mean) > 1 or len(path.folds) == 1 else (),
        band=path.band,
        # Where the band tells where the folds lie, their lines are drawn only past its end.
        threads=[_past(points, path.mean) for points in path.folds] if len(path.folds) > 1 else (),
        marks=marks,
    )


def _past(points: Sequence[Point], mean: Sequence[Point]) -> list[Point]:
    last = mean[-1][0] if len(mean) > 1 else -1
    return [one for one in points if one[0] >= last] if points[-1][0] > last else []


def _best(line: Line, path: Path) -> list[tuple[float, float, str]]:
    """A ring for the best epoch of each fold, on that fold's own value."""
    folds = folds_of(line)
    found: list[tuple[float, float, str]] = []
    if len(folds) != len(path.folds):  # some fold has none of it, so that it is not known whose is whose
        return found
    for fold, points in zip(folds, path.folds, strict=True):
        at = dict(points)
        if fold.best and fold.best in at:
            told = f"{line.name}, fold {fold.number}: best by validation, epoch {fold.best}, {number(at[fold.best])}"
            found.append((fold.best, at[fold.best], told))
    return found


def _bands(line: Line) -> str:
    count = len(folds_of(line))
    if count < 2:
        return "One fold; the ring is its best epoch by validation."
    return (
        f"Mean of {count} folds as far as all of them go, then single folds; the band spans them. Rings: each fold's "
        "best epoch by validation."
    )


def _stopped(line: Line) -> str:
    folds = folds_of(line)
    last = sorted({fold.epochs[-1]["epoch"] for fold in folds})
    best = sorted({fold.best for fold in folds if fold.best})
    span = f"{last[0]}" if len(last) == 1 else f"{last[0]} to {last[-1]}"
    told = f"Trained for {span} epochs"
    return f"{told}; the best {'is' if len(best) == 1 else 'are'} {_epochs(best)}." if best else f"{told}."


def _rows(paths: Sequence[Path]) -> list[tuple[str, ...]]:
    tables = [dict(path.mean) for path in paths]
    epochs = sorted({epoch for own in tables for epoch in own})
    return [(str(epoch), *(number(own.get(epoch)) for own in tables)) for epoch in epochs]


def _joined(auc: Sequence[Point], rank: Sequence[Point]) -> list[tuple[float, float]]:
    own = dict(auc)
    return [(own[epoch], value) for epoch, value in rank if epoch in own]


def _tones(judgement: Judgement) -> dict[str, str]:
    return {one.name: _TONES[k % len(_TONES)] for k, one in enumerate(taught(judgement))}
