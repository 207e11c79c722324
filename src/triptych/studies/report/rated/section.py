"""Section: what a report has of rating prediction beyond the table of figures, for a page, Markdown and machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from triptych.drawing.figure import Figure
from triptych.studies.report.rated import beside, costs, folds, searches
from triptych.studies.report.rated.figures import calibration, histograms, roc, sweeps, weighings
from triptych.studies.report.rated.panels import by_panel, panels_of
from triptych.studies.report.rated.told import facts_of, spent_of
from triptych.studies.results import Judgement, Line


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A table of words; ``strong``: row and column of the cells that are the best variant's."""

    title: str
    says: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    strong: frozenset[tuple[int, int]] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Beyond:
    """``says``: sentences that go before all."""

    figures: Sequence[Figure] = ()
    tables: Sequence[Listed] = ()
    says: Sequence[str] = ()

    @property
    def there(self) -> bool:
        return bool(self.figures or self.tables)


def of_judgement(judgement: Judgement, name: str) -> Beyond:
    """``name`` is what the figures' ids begin with. Nothing of a judgement that is not of ratings."""
    if not judgement.protocol.rated:
        return Beyond()
    found = (
        by_panel(judgement, f"{name}-panels"),
        roc(judgement, f"{name}-roc"),
        calibration(judgement, f"{name}-sure"),
        costs.picture(judgement, f"{name}-cost"),
        histograms(judgement, f"{name}-ratings"),
    )
    figures = [*weighings(judgement, f"{name}-weight"), *sweeps(judgement, f"{name}-sweep")]
    return Beyond(figures=[*figures, *(one for one in found if one is not None)], tables=_tables(judgement))


def of_table(judgements: Sequence[Judgement], name: str) -> Beyond:
    """Of all protocols that judge a table by ratings, side by side."""
    ones = [one for one in judgements if one.protocol.rated]
    found = beside.series(ones)
    heads, rows = beside.table(ones)
    tables: list[Listed] = []
    if heads:
        strong = frozenset((r, c) for r, row in enumerate(rows) for c, (_, best) in enumerate(row) if best)
        cells = [[words for words, _ in row] for row in rows]
        says = "Bold: the best variant under a protocol."
        tables.append(Listed(title="Every protocol", says=says, heads=heads, rows=cells, strong=strong))
    for own in found:
        more, lines = beside.costs(own)
        if more and own.setting in ("cap", "top"):
            says = "Seconds of one fit, and of predicting its test, by the clock."
            title = f"What size costs: {own.of}" if own.of else "What size costs"
            tables.append(Listed(title=title, says=says, heads=more, rows=lines))
    figures = [one for n, own in enumerate(found, 1) if (one := beside.picture(own, f"{name}-{n}")) is not None]
    return Beyond(figures=figures, tables=tables, says=[words for own in found for words in beside.says(own)])


def of_line(judgement: Judgement, line: Line) -> dict[str, Any]:
    """For machines; nothing of a line that is not of ratings, or has no figures."""
    if not judgement.protocol.rated or line.measured is None:
        return {}
    return {
        "rated": {
            "searched": searches.told(line) or None,
            "panels": panels_of(line),
            "cost": costs.told(spent_of(line)),
            **folds.told(judgement, line),
            **facts_of(judgement, line),
        }
    }


def _tables(judgement: Judgement) -> list[Listed]:
    found: list[Listed] = []
    heads, rows = folds.over_runs(judgement)
    if heads:
        says = "Each fit has a seed of its own, and the mean of its folds; ± is the standard deviation over fits."
        found.append(Listed(title="From fit to fit", says=says, heads=heads, rows=rows))
    heads, rows = folds.over_folds(judgement)
    if heads:
        says = f"Over {judgement.protocol.folds} folds, each by itself."
        found.append(Listed(title="From fold to fold", says=says, heads=heads, rows=rows))
    heads, rows = searches.table(judgement)
    if heads:
        says = "By ratings that are held back from training and do not judge. Of several fits the first."
        found.append(Listed(title="What was searched for", says=says, heads=heads, rows=rows))
    heads, rows = costs.table(judgement)
    if heads:
        says = "Seconds by the clock of one fit, the mean; memory above what was held before, the most of any fit."
        found.append(Listed(title="What it costs", says=says, heads=heads, rows=rows))
    return found
