"""Figures: rows that predict ratings as pictures: what they predict, how sure they are, and how a weight was chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

from triptych.drawing.axis import whole_share
from triptych.drawing.band import Band, band
from triptych.drawing.curve import Trace, square
from triptych.drawing.figure import Figure
from triptych.drawing.tally import Tally, tallies
from triptych.drawing.track import Track, tracks
from triptych.studies.report.figures import looks, short
from triptych.studies.report.rated.told import (
    Weighing,
    area_of,
    coverage_of,
    histogram_of,
    roc_of,
    sweep_of,
    weighing_of,
)
from triptych.studies.report.view import base_of, called, listed, measured, number, signed
from triptych.studies.results import Judgement, Line

#: So many rows are drawn, beside the controls.
ROWS = 6
#: What is swept, for a title, and along an axis; neighbours grow by factors.
SETTINGS = {"k": ("neighbours", "number of neighbours"), "weight": ("weight", "weight of the first of the two")}


def drawn(judgement: Judgement, there: Callable[[Line], bool]) -> tuple[list[Line], list[Line]]:
    """Of the rows that have something, the base, the first others and the controls; and what is left out."""
    lines = [one for one in measured(judgement) if there(one)]
    base = base_of(judgement)
    variants = [one for one in lines if one.kind == "variant"]
    first = ([base] if base in variants else []) + [one for one in variants if one is not base]
    kept = first[:ROWS]
    return [one for one in lines if one.kind != "variant" or one in kept], [one for one in variants if one not in kept]


def histograms(judgement: Judgement, name: str) -> Figure | None:
    """Which ratings each row predicts, beside those that were given, in small pictures."""
    lines, left = drawn(judgement, lambda line: histogram_of(judgement, line) is not None)
    told = [(line, own) for line in lines if (own := histogram_of(judgement, line)) is not None]
    if not told:
        return None
    look = looks(judgement)
    spread = [(_deviation(own.edges, own.given), _deviation(own.edges, own.predicted)) for _, own in told]
    own_tallies = [
        Tally(
            tone=look.get(line.name, ("soft", False))[0] if line.kind == "variant" else "soft",
            name=called(judgement, line),
            edges=own.edges,
            bars=own.given,
            line=own.predicted,
            words=f"deviation {predicted:.2f}" if predicted is not None else "",
        )
        for (line, own), (_, predicted) in zip(told, spread, strict=True)
    ]
    given = spread[0][0]
    beside = f" Those that were given have one of {given:.2f}." if given is not None else ""
    return Figure(
        name=name,
        title="Ratings, given and predicted",
        draw=partial(tallies, tallies=own_tallies, names=("given", "predicted"), says=short),
        says=(
            "The share of each rating as it was given, bars, and as it was predicted, a line; under each name the "
            f"standard deviation of what it predicts, by these bins.{beside}{_undrawn(left)}"
        ),
        heads=("", "rating", "given", "predicted"),
        rows=[
            (called(judgement, line), f"{a:g} to {b:g}", f"{g:,.0f}", f"{p:,.0f}")
            for line, own in told
            for (a, b), g, p in zip(pairwise(own.edges), own.given, own.predicted, strict=True)
        ],
        broad=True,
    )


def roc(judgement: Judgement, name: str) -> Figure | None:
    """What is gained and what is let through as the rating from which an item is recommended falls."""
    lines, left = drawn(judgement, lambda line: len(roc_of(judgement, line)) > 1)
    if not lines:
        return None
    look = looks(judgement)
    areas = {line.name: area_of(judgement, line) or 0.0 for line in lines}
    lines.sort(key=lambda line: -areas[line.name])
    traces = [
        Trace(
            tone=look.get(line.name, ("soft", False))[0] if line.kind == "variant" else "soft",
            dashed=line.kind == "variant" and look.get(line.name, ("", False))[1],
            name=called(judgement, line),
            points=roc_of(judgement, line),
            words=f"{areas[line.name]:.3f}",
        )
        for line in lines
    ]
    like = judgement.protocol.relevant
    places = (0.1, 0.2, 0.5)
    return Figure(
        name=name,
        title="ROC",
        draw=partial(
            square,
            traces=traces,
            across="of what is not liked, recommended",
            up="of what is liked, recommended",
            diagonal="by chance",
        ),
        says=(
            f"As the prediction from which an item is recommended falls: liked are ratings of {like:g} or more. Behind "
            f"each name the area under its curve, 0.5 by chance.{_undrawn(left)}"
        ),
        heads=("", "area", *(f"recommended of liked, at {whole_share(at)} of not liked" for at in places)),
        rows=[
            (line.name, number(areas[line.name]), *(number(_at(roc_of(judgement, line), at)) for at in places))
            for line in lines
        ],
    )


def calibration(judgement: Judgement, name: str) -> Figure | None:
    """Of rows that say how sure they are: which share of ratings lies within an interval of each nominal level."""
    lines, left = drawn(judgement, lambda line: len(coverage_of(judgement, line)) > 0)
    if not lines:
        return None
    look = looks(judgement)
    told = {line.name: coverage_of(judgement, line) for line in lines}
    levels = sorted({level for own in told.values() for level, _ in own})
    shown = 0.8 if 0.8 in levels else levels[len(levels) // 2]
    traces = [
        Trace(
            tone=look.get(line.name, ("soft", False))[0] if line.kind == "variant" else "soft",
            dashed=line.kind == "variant" and look.get(line.name, ("", False))[1],
            name=called(judgement, line),
            points=told[line.name],
            words=f"{value * 100:.1f} %" if (value := dict(told[line.name]).get(shown)) is not None else "",
            dots=True,
        )
        for line in lines
    ]
    return Figure(
        name=name,
        title="How sure, and how often right",
        draw=partial(square, traces=traces, across="nominal", up="covered", diagonal="as said"),
        says=(
            "The share of ratings within the interval that a row gives, by the share that it promises: above the "
            "dotted line it is right more often than it says, below it less often. Behind each name: covered of a "
            f"nominal {whole_share(shown)}.{_undrawn(left)}"
        ),
        heads=("", *(f"nominal {whole_share(level)}" for level in levels)),
        rows=[(line.name, *(_covered(dict(told[line.name]).get(level)) for level in levels)) for line in lines],
    )


def sweeps(judgement: Judgement, name: str) -> list[Figure]:
    """For each row that was asked at several of one setting: RMSE of users by the setting, as percentiles."""
    found: list[Figure] = []
    lines, _ = drawn(judgement, lambda line: sweep_of(line) is not None)
    for n, line in enumerate(lines, start=1):
        own = sweep_of(line)
        if own is None:
            continue
        what, across = SETTINGS.get(own.setting, (own.setting, own.setting))
        at = own.mean.index(min(own.mean))
        levels = [("median" if level == 50 else f"{level} %", values) for level, values in own.levels.items()]
        least = f"{number(own.mean[at])} at {own.values[at]:g}"
        means = dict(zip(own.values, own.mean, strict=True))
        marks = [(own.values[at], own.mean[at], f"least mean: {least}")]
        marks += [(k, means[k], f"the row itself: {number(means[k])} at {k:g}") for k in {*own.chosen} if k in means]
        rings = "A ring" if not own.chosen or {*own.chosen} == {own.values[at]} else "Rings"
        chosen = f", and the row itself, at {_range(own.chosen)}" if own.chosen else ""
        found.append(
            Figure(
                name=f"{name}-{n}",
                title=f"By {what}: “{line.name}”",
                draw=partial(
                    band,
                    band=Band(tone="hearing", xs=own.values, levels=levels, mean=own.mean, marks=marks),
                    x_says=short,
                    y_says=short,
                    across=across,
                    log_x=own.setting == "k" and min(own.values) > 0,
                ),
                says=(
                    f"RMSE of each user by {across}: the mean over users, and percentiles of users. {rings}: the least "
                    f"mean, {least}{chosen}. Nothing was chosen by this, and it is not RMSE of all ratings at once."
                ),
                heads=(across, "mean", *(words for words, _ in levels), *(("all ratings",) if own.rmse else ())),
                rows=[
                    (
                        short(value),
                        number(own.mean[k]),
                        *(number(values[k]) for _, values in levels),
                        *((number(own.rmse[k]),) if own.rmse else ()),
                    )
                    for k, value in enumerate(own.values)
                ],
            )
        )
    return found


def weighings(judgement: Judgement, name: str) -> list[Figure]:
    """For each blend: RMSE by weight where it was chosen and where it judges, and what looking there was worth."""
    found: list[Figure] = []
    lines, _ = drawn(judgement, lambda line: weighing_of(line) is not None)
    for n, line in enumerate(lines, start=1):
        own = weighing_of(line)
        if own is None:
            continue
        own_tracks = [
            Track(tone=tone, name=words, points=points, marks=_marked(points, own), dashed=words == "validation")
            for points, words, tone in ((own.validation, "validation", "soft"), (own.test, "test", "ink"))
            if len(points) > 1
        ]
        if not own_tracks:
            continue
        # Where folds differ, each has a line of its own, and the first has the words.
        rules = [
            (k, words if not m else "")
            for at, words in ((own.chosen, "chosen"), (own.best, "best on the test"))
            for m, k in enumerate(sorted({*at}))
        ]
        tests, held = dict(own.test), dict(own.validation)
        found.append(
            Figure(
                name=f"{name}-{n}",
                title=f"Choosing the weight: “{line.name}”",
                draw=partial(tracks, tracks=own_tracks, rules=rules, x_says=short, y_says=short, below="weight"),
                says=" ".join(weighed(line)),
                heads=("weight", "validation", "test"),
                rows=[(short(k), number(held.get(k)), number(tests.get(k))) for k in sorted({*tests, *held})],
            )
        )
    return found


def _marked(points: Sequence[tuple[float, float]], own: Weighing) -> list[tuple[float, float, str]]:
    """Rings where the line is at the weights that were chosen, and at those that would have been best."""
    at = dict(points)
    told = [("chosen on validation", own.chosen), ("best on the test, which nobody may look at", own.best)]
    return [(k, at[k], f"{words}: {short(k)}, {number(at[k])}") for words, ks in told for k in sorted({*ks}) if k in at]


def weighed(line: Line) -> list[str]:
    """What choosing on validation came to, and what the leak was worth."""
    own = weighing_of(line)
    if own is None or not own.chosen:
        return []
    if not own.best or own.leak is None or own.at_chosen is None or own.at_best is None:
        return [f"The weight that was chosen on validation is {_range(own.chosen)}."]
    return [
        f"Chosen on validation the weight is {_range(own.chosen)}, with a test RMSE of {number(own.at_chosen)}.",
        (
            f"Chosen on the test itself it would be {_range(own.best)}, with {number(own.at_best)}: looking there "
            f"would have been worth {signed(-own.leak)} RMSE."
        ),
    ]


def _range(values: Sequence[float]) -> str:
    low, high = min(values), max(values)
    return short(low) if low == high else f"{short(low)} to {short(high)}"


def _deviation(edges: Sequence[float], counts: Sequence[float]) -> float | None:
    total = sum(counts)
    if total <= 0:
        return None
    middles = [(a + b) / 2 for a, b in pairwise(edges)]
    mean = sum(a * b for a, b in zip(middles, counts, strict=True)) / total
    return (sum(b * (a - mean) ** 2 for a, b in zip(middles, counts, strict=True)) / total) ** 0.5


def _undrawn(left: Sequence[Line]) -> str:
    return f" Not drawn: {listed([one.name for one in left])}." if left else ""


def _at(points: Sequence[tuple[float, float]], x: float) -> float:
    """The height of a curve at ``x``, between its points."""
    for (a, b), (c, d) in pairwise(points):
        if a <= x <= c:
            return max(b, d) if c == a else b + (d - b) * (x - a) / (c - a)
    return points[-1][1]


def _covered(value: float | None) -> str:
    return "–" if value is None else f"{value * 100:.1f} %"
