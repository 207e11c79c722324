"""Maps: where rows place items, as pictures: maps by genre, overlaps of genres, and what is told of mean ratings."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from importlib.util import find_spec

import numpy as np
import numpy.typing as npt

from triptych.drawing.axis import whole_share
from triptych.drawing.chart import NARROW, heat
from triptych.drawing.figure import Figure
from triptych.drawing.map import HUES, Group, dots
from triptych.drawing.scatter import Cloud, scatter
from triptych.drawing.span import Span, spans
from triptych.evaluate.embedding.correlation import Correlation, Score
from triptych.evaluate.embedding.projection import Projection, projection
from triptych.models import lot
from triptych.studies.report.figures import short
from triptych.studies.report.learned.embedded import Embedded
from triptych.studies.report.learned.placing import COMPONENTS, RATINGS, Placing
from triptych.studies.report.view import number

#: Items that are drawn at most, by lot.
MOST = 2000
#: Of the items that are looked at so many are called by name.
PINNED = 3
#: Of fewer than these a map by neighbours shows little.
FEWEST = 60
_ONE, _OTHER = "hearing", "soft"


def maps(told: Placing, name: str, *, seed: int, umap: bool = True) -> list[list[Figure]]:
    """Each row by principal components, and by UMAP where its extra is installed and there are items enough."""
    drawn = _drawn(told, seed)
    methods = ["pca"]
    if umap and find_spec("umap") is not None and len(drawn) >= FEWEST:
        methods.append("umap")
    return [
        [_map(told, one, drawn, f"{name}-{method}-{k}", method, seed) for k, one in enumerate(told.embedded, start=1)]
        for method in methods
    ]


def overlaps(told: Placing, name: str) -> list[Figure]:
    found: list[Figure] = []
    for k, one in enumerate(told.embedded, start=1):
        own = told.overlaps.get(one.name)
        if own is None or len(own.names) < 2:
            continue
        apart = own.matrix[np.triu_indices(len(own.names), 1)]
        left = (
            f" Left out: {', '.join(f'{name} ({why})' for name, why in own.left_out.items())}." if own.left_out else ""
        )
        values: list[list[float]] = own.matrix.tolist()
        found.append(
            Figure(
                name=f"{name}-{k}",
                title=f"How far genres overlap: “{one.name}”",
                draw=partial(
                    heat, down=own.names, across=own.names, values=values, tone="hearing", says=hundredths, most=1.0
                ),
                says=(
                    f"Bhattacharyya coefficients of the inner thirds of genres in the first {COMPONENTS} principal "
                    f"components, taken as Gaussian: 1 for one and the same, 0 for nothing in common; "
                    f"{float(apart.mean()):.2f} in the mean.{left}"
                ),
                heads=("", *own.names),
                rows=[
                    (genre, *(f"{value:.3f}" for value in row)) for genre, row in zip(own.names, values, strict=True)
                ],
            )
        )
    return found


def told_of_ratings(told: Placing, name: str) -> Figure | None:
    """R² held out, of all rows on one axis."""
    ones = [(one, told.correlations[one.name]) for one in told.embedded if one.name in told.correlations]
    if not ones:
        return None
    held = ones[0][1].held_out
    return Figure(
        name=name,
        title="What vectors tell of mean ratings",
        draw=partial(
            spans,
            spans=[
                Span(
                    name=one.name,
                    value=own.held_out.r2,
                    low=own.held_out.r2_low,
                    high=own.held_out.r2_high,
                    tone="soft" if one.fixed else "reading",
                    words=f"{own.held_out.r2:.3f}".replace("-", "−"),
                    band=one.fixed,
                )
                for one, own in ones
            ],
            says=short,
            rule=0.0,
            below="R² of items that were held out",
        ),
        says=(
            f"A linear regression of mean ratings (items of {RATINGS} ratings or more) on the vectors, with a little "
            f"ridge. Held out are {held.n:,} items, {_held_out(told)}; 0 is what their mean achieves. In sample every "
            "further entry raises R², so that it says little."
        ),
        heads=("", "R, in sample", "R², in sample", "R, held out", "R², held out", "95 % interval", "entries"),
        rows=[(one.name, *_figures(own)) for one, own in ones],
    )


def fits(told: Placing, name: str) -> list[list[Figure]]:
    """Told against rated, and what is left over, a row of pictures each."""
    fitted: list[Figure] = []
    left: list[Figure] = []
    for k, one in enumerate(told.embedded, start=1):
        own = told.correlations.get(one.name)
        if own is None:
            continue
        same = bool(own.judged.all())
        sides = [("soft", "in sample", ~own.judged, own.fitted), ("reading", "held out", own.judged, own.predicted)]
        used = [(tone, words, mask, values) for tone, words, mask, values in sides if mask.any()]
        key = [(f"{tone}-fill" if tone == "soft" else tone, words) for tone, words, *_ in used]
        r = own.held_out.r
        fitted.append(
            Figure(
                name=f"{name}-{k}",
                title=f"Told and rated: “{one.name}”",
                draw=partial(
                    scatter,
                    clouds=[_cloud(tone, words, own.target[mask], values[mask]) for tone, words, mask, values in used],
                    across="mean rating",
                    up="told by the regression",
                    x_says=short,
                    y_says=short,
                    zero=False,
                    bare=True,
                    height=250,
                ),
                says=f"{'All items, each when it was held out' if same else 'Each dot an item'}; R {r:.2f} held out.",
                heads=("", "items", "mean rating", "told"),
                rows=[_row(words, own.target[mask], values[mask]) for _, words, mask, values in used],
                wide=NARROW,
                key=key,
            )
        )
        left.append(
            Figure(
                name=f"{name}-left-{k}",
                title=f"What is left over: “{one.name}”",
                draw=partial(
                    scatter,
                    clouds=[
                        _cloud(tone, words, values[mask], own.target[mask] - values[mask])
                        for tone, words, mask, values in used
                    ],
                    across="told by the regression",
                    up="mean rating less what is told",
                    x_says=short,
                    y_says=short,
                    zero=False,
                    bare=True,
                    height=250,
                ),
                says=f"Residuals; their standard deviation held out is {_deviation(own):.2f}.",
                heads=("", "items", "told", "left over"),
                rows=[_row(words, values[mask], own.target[mask] - values[mask]) for _, words, mask, values in used],
                wide=NARROW,
                key=key,
            )
        )
    return [fitted, left]


def hundredths(value: float) -> str:
    """
    >>> hundredths(0.824), hundredths(1), hundredths(0.001)
    ('.82', '1', '.00')
    """
    return "1" if value >= 0.995 else f"{value:.2f}".removeprefix("0")


def _map(told: Placing, one: Embedded, drawn: npt.NDArray[np.int64], name: str, method: str, seed: int) -> Figure:
    mask = np.zeros(len(one.mask), bool)
    mask[drawn] = True
    if method == "umap":
        found = projection(one.vectors, method="umap", mask=mask, seed=seed)
    else:
        found = projection(one.vectors, method="pca", mask=one.mask)
    genres = one.shown.first_genres(len(HUES))
    firsts = [own[0] if own else "" for own in one.shown.genres]
    at = found.coordinates
    groups = [
        Group(hue=hue, name=genre, points=_points(at, [k for k in drawn.tolist() if firsts[k] == genre]))
        for hue, genre in zip(HUES, genres, strict=False)
    ]
    others = [k for k in drawn.tolist() if firsts[k] not in genres]
    groups.append(Group(hue="", name="other genres", points=_points(at, others)))
    place = {item: k for k, item in enumerate(one.shown.ids)}
    pins = [(*_points(at, [place[item]])[0], told.title(item)) for item in told.named[:PINNED]]
    return Figure(
        name=name,
        title=f"{'UMAP' if method == 'umap' else 'Principal components'}: “{one.name}”",
        draw=partial(
            dots, groups=groups, pins=pins if method == "pca" or mask[[place[i] for i in told.named]].all() else []
        ),
        says=_about_map(found, len(drawn), len(one.shown.ids), method),
        heads=("first genre", "items"),
        rows=[(group.name, f"{len(group.points):,}") for group in groups],
        wide=NARROW,
        key=[*((f"of-{group.hue}", group.name) for group in groups if group.hue), ("soft-fill", "other genres")],
    )


def _about_map(found: Projection, drawn: int, whole: int, method: str) -> str:
    why = ", by lot" if drawn == MOST else ", those with content" if drawn < whole else ""
    part = f"{drawn:,} of {whole:,} items{why}"
    if method == "umap":
        return f"{part}; only who is near whom means anything."
    kept = sum(found.shares or ())
    return f"{part}; the two directions keep {whole_share(kept)} of the variance."


def _drawn(told: Placing, seed: int) -> npt.NDArray[np.int64]:
    """Places of the items that are drawn, in order: all rows place them; the named ones are among them."""
    shown = told.shown
    there = np.flatnonzero(np.logical_and.reduce([one.mask for one in told.embedded]))
    if len(there) <= MOST:
        return there
    lots = lot.scattered(lot.keys(shown.ids, "map"), seed)
    named = np.flatnonzero(np.isin(np.array(shown.ids), told.named))
    rest = np.setdiff1d(there, named)
    return np.sort(np.concatenate([named, rest[np.argsort(lots[rest])][: MOST - len(named)]]))


def _points(at: npt.NDArray[np.float32], places: Sequence[int]) -> list[tuple[float, float]]:
    return [(float(at[k, 0]), float(at[k, 1])) for k in places]


def _cloud(tone: str, name: str, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> Cloud:
    """Of very many dots every so-manieth."""
    every = -(-len(x) // MOST)
    points = zip(x[::every].tolist(), y[::every].tolist(), strict=True)
    return Cloud(tone=tone, name=name, points=[(a, b, "") for a, b in points])


def _row(words: str, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> tuple[str, ...]:
    return words, f"{len(x):,}", f"{x.mean():.2f} ± {x.std():.2f}", f"{y.mean():.2f} ± {y.std():.2f}".replace("-", "−")


def _figures(own: Correlation) -> tuple[str, ...]:
    def both(one: Score) -> tuple[str, str]:
        return number(one.r), number(one.r2)

    held = own.held_out
    ends = f"[{number(held.r2_low)}, {number(held.r2_high)}]"
    return *both(own.in_sample), *both(held), ends, str(own.width)


def _deviation(own: Correlation) -> float:
    return float((own.target - own.predicted)[own.judged].std())


def _held_out(told: Placing) -> str:
    taught = told.embedded[0].taught
    if taught.any() and not taught.all():
        return "those that the networks did not learn from"
    return "each in one of five folds"
