"""Selection: what a selection of features kept, as pictures: how many, of which panel, and what they tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from triptych.drawing.axis import Says, count_text
from triptych.drawing.chart import rows
from triptych.drawing.figure import Figure
from triptych.drawing.rising import Rise, rising
from triptych.drawing.scatter import Cloud, scatter
from triptych.features.recipe import PANELS
from triptych.fusion.importance import elbow, reaching
from triptych.studies.report.figures import short
from triptych.studies.report.view import main, measure, measured
from triptych.studies.results import Judgement, Line
from triptych.studies.selection import FILTERED

#: So many columns are drawn as bars.
TOP = 12
THRESHOLDS = (0.8, 0.9)
#: By whom a column is kept: colour and words.
KEEPERS = {
    "both": ("ink", "kept by both"),
    "mi": ("reading", "by mutual information alone"),
    "forest": ("seeing", "by the forest alone"),
    "": ("soft", "not kept"),
}
KEY = tuple((f"{tone}-fill" if tone in ("soft", "ink") else tone, words) for tone, words in KEEPERS.values())


def selecting(judgement: Judgement) -> list[Line]:
    """The variants that selected features, in order."""
    return [one for one in measured(judgement, "variant") if any("selected" in facts for facts in one.facts)]


def pick(judgement: Judgement) -> Line | None:
    """The selection that is drawn in detail: of those that keep by importance the best."""
    by = {one.name: one for one in judgement.table.rows}
    lines = [one for one in selecting(judgement) if not _filtered(by[one.name].select)]
    name = main(judgement)
    if not lines or not name:
        return next(iter(lines), None)
    sign = -1 if measure(name).better == "lower" else 1
    return max(lines, key=lambda one: sign * one.figures[name].value if name in one.figures else -np.inf)


def selection_figures(judgement: Judgement, name: str) -> list[Figure]:
    """``name`` is what their ids begin with. What is scored differs by fold: scores are those of the first."""
    line = pick(judgement)
    if line is None:
        return []
    told: Mapping[str, Any] = next(facts["selected"] for facts in line.facts if "selected" in facts)
    return [
        _reduction(judgement, f"{name}-reduction"),
        _clouds(line, told, f"{name}-scatter"),
        *_bars(line, told, f"{name}-top"),
        *_curves(line, told, f"{name}-curve"),
    ]


def counts(line: Line) -> dict[str, dict[str, float]]:
    """Panel → original, filtered, scored and kept, the mean of the folds."""
    found: dict[str, dict[str, list[float]]] = {}
    for facts in line.facts:
        for count in facts.get("selected", {}).get("counts", ()):
            own = found.setdefault(count["panel"], {})
            for key in ("original", "filtered", "scored", "kept"):
                own.setdefault(key, []).append(count[key])
    return {panel: {key: float(np.mean(values)) for key, values in own.items()} for panel, own in found.items()}


def kept(judgement: Judgement, line: Line) -> dict[str, float]:
    """Panel → columns that are left. A selection that ends with the filters keeps what these leave."""
    row = next(one for one in judgement.table.rows if one.name == line.name)
    key = "filtered" if _filtered(row.select) else "kept"
    return {panel: own[key] for panel, own in counts(line).items()}


def _filtered(select: Mapping[str, Any] | None) -> bool:
    return select is not None and select.get("keep") == FILTERED


def _reduction(judgement: Judgement, name: str) -> Figure:
    lines = selecting(judgement)
    first = counts(lines[0])
    names: list[str] = []
    values: list[float] = []
    tones: list[str] = []
    faint: list[bool] = []
    cells: list[tuple[str, ...]] = []
    for panel, own in first.items():
        own_rows = [("given", own["original"]), ("filtered", own["filtered"])]
        row = [panel, count_text(own["original"]), count_text(own["filtered"])]
        for line in lines:
            left = kept(judgement, line).get(panel, 0.0)
            row.append(_count(left))
            if _variant_ends_with_filters(judgement, line):
                continue
            own_rows.append((line.name, left))
        cells.append(tuple(row))
        for k, (what, value) in enumerate(own_rows):
            names.append(f"{panel}: {what}" if not k else what)
            values.append(value)
            tones.append(_tone(panel))
            faint.append(k < 2)
    total = sum(own["original"] for own in first.values())
    ends = [
        f"“{line.name}” leaves {count_text(round(sum(kept(judgement, line).values())))}"
        for line in lines
        if not _variant_ends_with_filters(judgement, line)
    ]
    return Figure(
        name=name,
        title="How many columns are left",
        draw=partial(rows, names=names, values=values, tone=tones, says=_count, log=True, faint=faint),
        says=f"Of {count_text(total)} columns {', '.join(ends)}. Means over folds; the axis is logarithmic.",
        heads=("", "given", "filtered", *(line.name for line in lines)),
        rows=cells,
    )


def _clouds(line: Line, told: Mapping[str, Any], name: str) -> Figure:
    columns = _scored(told)
    clouds = [
        Cloud(
            tone=KEEPERS[by][0],
            name=KEEPERS[by][1],
            points=[
                (mi, forest, f"{what}: {short(mi)} nats, {forest:.2g} × even")
                for what, mi, forest, own in columns
                if own == by
            ],
        )
        for by in ("", "mi", "forest", "both")
    ]
    held = {by: sum(1 for *_, own in columns if own == by) for by in KEEPERS}
    r = _rank_correlation([mi for _, mi, _, _ in columns], [forest for _, _, forest, _ in columns])
    agree = "" if r is None else f" The two agree by a rank correlation of {r:.2f}.".replace("-", "−")
    return Figure(
        name=name,
        title=f"Two ways to see importance: “{line.name}”",
        draw=partial(
            scatter,
            clouds=clouds,
            across="mutual information with the mean rating, nats",
            up="importance in a forest, times an even share of its panel",
            x_says=short,
            y_says=short,
            log_y=True,
        ),
        says=(
            f"{len(columns):,} columns: {held['both']:,} kept by both, {held['mi']:,} by mutual information alone, "
            f"{held['forest']:,} by the forest alone, {held['']:,} not kept.{agree} First fold; "
            "the upright axis is logarithmic."
        ),
        heads=("", "mutual information", "forest, × even", "kept by"),
        rows=[_column(one) for one in sorted(columns, key=lambda one: (-one[1], -one[2]))],
        key=KEY,
    )


def _bars(line: Line, told: Mapping[str, Any], name: str) -> list[Figure]:
    columns = _scored(told)
    found: list[Figure] = []
    asked: tuple[tuple[int, str, str, Says], ...] = (
        (1, "mi", "What tells most by mutual information", lambda value: f"{value:.3f}"),
        (2, "forest", "What tells most to a forest", lambda value: f"{value:.1f} ×"),
    )
    for at, kind, title, says in asked:
        top = sorted(columns, key=lambda one: -float(one[at]))[:TOP]
        panels = [one[0].partition("/")[0] for one in top]
        spread = ", ".join(f"{panels.count(panel)} {panel}" for panel in dict.fromkeys(panels))
        unit = "in nats" if kind == "mi" else "as multiples of an even share of its panel"
        found.append(
            Figure(
                name=f"{name}-{kind}",
                title=title,
                draw=partial(
                    rows,
                    names=[one[0].partition("/")[2] or one[0] for one in top],
                    values=[max(float(one[at]), 0.0) for one in top],
                    tone=[KEEPERS[one[3]][0] for one in top],
                    says=says,
                    room=0.45,
                ),
                says=f"The first {len(top)} of {len(columns):,}, {unit}: {spread}. “{line.name}”, first fold.",
                heads=("", "mutual information", "forest, × even", "kept by"),
                rows=[_column(one) for one in top],
                key=KEY,
            )
        )
    return found


def _curves(line: Line, told: Mapping[str, Any], name: str) -> list[Figure]:
    found: list[Figure] = []
    for kind, title in (
        ("mutual_information", "Mutual information, added up"),
        ("forest", "Forest importance, added up"),
    ):
        rises: list[Rise] = []
        cells: list[tuple[str, ...]] = []
        for panel, own in told["curves"].items():
            share = np.array(own[kind]["share"], np.float64)
            if not len(share) or share[-1] <= 0:
                continue
            bend = elbow(share)
            reached = [reaching(share, wanted) for wanted in THRESHOLDS]
            rises.append(
                Rise(
                    tone=_tone(panel),
                    name=f"{panel}, {len(share):,} columns",
                    shares=share.tolist(),
                    bend=bend,
                    words=f"elbow {bend:,} · 80 % {reached[0]:,} · 90 % {reached[1]:,}",
                )
            )
            cells.append(
                (panel, f"{len(share):,}", f"{bend:,}", *(f"{one:,}" for one in reached), f"{own[kind]['kept']:,}")
            )
        if not rises:
            continue
        found.append(
            Figure(
                name=f"{name}-{kind.partition('_')[0]}",
                title=title,
                draw=partial(rising, rises=rises, thresholds=THRESHOLDS, below="share of the columns, the best first"),
                says=(
                    "Full dots are elbows, furthest from the line on which all columns would tell alike; rings are "
                    f"where 80 and 90 % are reached. “{line.name}”, first fold."
                ),
                heads=("", "columns", "to the elbow", "to 80 %", "to 90 %", "kept here"),
                rows=cells,
            )
        )
    return found


def _scored(told: Mapping[str, Any]) -> list[tuple[str, float, float, str]]:
    """Label, nats, forest importance over an even share of its panel, and by whom it is kept.

    A forest's importances add up to 1 in each panel, so those of a narrow panel are larger for that alone.
    """
    columns: Sequence[Sequence[Any]] = told["columns"]
    scored = {str(count["panel"]): int(count["scored"]) for count in told["counts"]}
    found: list[tuple[str, float, float, str]] = []
    for what, mi, forest, by in columns:
        own = str(by) if by in KEEPERS else ""
        found.append((str(what), float(mi), float(forest or 0) * scored.get(str(what).partition("/")[0], 1), own))
    return found


def _column(one: tuple[str, float, float, str]) -> tuple[str, str, str, str]:
    return one[0], f"{one[1]:.4f}", f"{one[2]:.2f}", KEEPERS[one[3]][1]


def _rank_correlation(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Spearman's; None where one of them does not vary."""
    from scipy import stats

    if len(set(one)) < 2 or len(set(other)) < 2:
        return None
    a, b = (np.asarray(stats.rankdata(values), np.float64) for values in (one, other))
    return float(np.corrcoef(a, b)[0, 1])


def _variant_ends_with_filters(judgement: Judgement, line: Line) -> bool:
    row = next(one for one in judgement.table.rows if one.name == line.name)
    return _filtered(row.select)


def _tone(panel: str) -> str:
    """A cell may come from anyone, and a tone is a class of the page."""
    return panel if panel in PANELS else "soft"


def _count(value: float) -> str:
    return count_text(round(value) if value >= 10 else round(value, 1))
