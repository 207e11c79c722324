"""Placing: what the vectors of learned rows hold apart from how they rank: neighbours of a few items, and correlations
with mean ratings, and how far genres lie over each other. Beside them the content as it was given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.errors import UsageError
from triptych.evaluate.embedding.bhattacharyya import Overlap, bhattacharyya
from triptych.evaluate.embedding.cases import LENGTHS, Cases, shared
from triptych.evaluate.embedding.correlation import Correlation, correlation
from triptych.evaluate.embedding.projection import projection
from triptych.models import lot
from triptych.studies.report.learned.embedded import GIVEN, Embedded, embedded
from triptych.studies.report.learned.told import taught
from triptych.studies.results import Judgement, Results
from triptych.studies.shown import Shown

#: Items that are looked at: those with most ratings, and some by lot.
KNOWN, BY_LOT = 3, 3
#: Mean ratings of fewer ratings than these are mostly noise.
RATINGS = 5
#: Genres that are compared, the commonest, and the principal components in which they are.
GENRES, COMPONENTS = 12, 3
#: λ of the regression on vectors whose lengths are 1 in the mean.
RIDGE = 0.1


@dataclass(frozen=True, kw_only=True, eq=False)
class Placing:
    """``cases``, ``correlations``, ``overlaps``: by the name of the row, of those that have them."""

    embedded: tuple[Embedded, ...]
    named: tuple[str, ...]
    cases: dict[str, Cases]
    correlations: dict[str, Correlation]
    overlaps: dict[str, Overlap]

    @property
    def shown(self) -> Shown:
        return self.embedded[0].shown

    def title(self, item_id: str) -> str:
        return self._titles.get(item_id, item_id)

    def shared(self, row: str) -> dict[str, dict[str, float]]:
        """For each named item the share of its longest list that ``row`` has in common with the first of all."""
        return shared(self.cases[self.embedded[0].name], self.cases[row])

    @property
    def told(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "named": [{"item_id": one, "title": self.title(one)} for one in self.named],
            "rows": [
                {
                    "name": one.name,
                    "learned": not one.fixed,
                    "epoch": None if one.fixed else one.epoch,
                    "cases": self.cases[one.name].told,
                    "shared": self.shared(one.name) if one is not self.embedded[0] else None,
                    "correlation": own.told if (own := self.correlations.get(one.name)) else None,
                    "overlap": own.told if (own := self.overlaps.get(one.name)) else None,
                }
                for one in self.embedded
            ],
        }

    @property
    def _titles(self) -> dict[str, str]:
        return dict(zip(self.shown.ids, self.shown.titles, strict=True))


def placings(results: Results) -> dict[str, Placing]:
    """By the name of a table, of those whose learned rows left where they placed items: on the first fold of the first
    protocol."""
    found: dict[str, Placing] = {}
    for judgement in results.judgements:
        if judgement.table.name not in found and taught(judgement):
            own = placing(results, judgement)
            found |= {judgement.table.name: own} if own is not None else {}
    return found


def placing(results: Results, judgement: Judgement) -> Placing | None:
    ones = embedded(results.done, judgement)
    if not any(not one.fixed for one in ones):
        return None
    seed = results.done.study.seed
    named = picked(ones, seed=seed)
    width = next(one.vectors.shape[1] for one in ones if not one.fixed)
    correlations = {one.name: own for one in ones if (own := _correlation(one, width, seed)) is not None}
    overlaps = {one.name: own for one in ones if (own := _overlap(one)) is not None}
    return Placing(
        embedded=tuple(ones),
        named=tuple(ones[0].shown.ids[k] for k in named),
        cases={one.name: one.cases(named, LENGTHS) for one in ones},
        correlations=correlations,
        overlaps=overlaps,
    )


def about(told: Placing) -> str:
    """Whose vectors these are."""
    epochs = ", ".join(f"“{one.name}” after epoch {one.epoch}" for one in told.embedded if not one.fixed)
    given = f" “{GIVEN}” is what they were made of, compared without learning." if told.embedded[0].fixed else ""
    return (
        f"On the first fold: {epochs}.{given} All items are shown, {int(told.embedded[0].taught.sum()):,} of "
        f"{len(told.shown.ids):,} were learned from; mean ratings are of all ratings there are."
    )


def about_cases(told: Placing) -> str:
    known = min(KNOWN, len(told.named))
    return (
        f"The {known} items with most ratings, and {len(told.named) - known} by lot. Below each list: how many of the "
        f"first {max(LENGTHS)} it shares with “{told.embedded[0].name}”, and how many two lists drawn at random would."
    )


def case_rows(told: Placing, item_id: str) -> tuple[list[str], list[tuple[str, ...]]]:
    """Heads, and rows of titles: the nearest to an item by each row; last, how many of the longest lists are shared."""
    lists = [told.cases[one.name].top(item_id, max(LENGTHS)) for one in told.embedded]
    rows = [
        (str(k + 1), *(told.title(own[k].item_id) if k < len(own) else "" for own in lists))
        for k in range(min(LENGTHS))
    ]
    cells: list[str] = []
    for one, own in zip(told.embedded, lists, strict=True):
        if one is told.embedded[0]:
            cells.append("")
            continue
        found = told.shared(one.name)[item_id]
        n = min(len(own), len(lists[0]))
        cells.append(f"{found['shared'] * n:.0f} of {n}; by chance {found['by_chance'] * n:.0f}")
    return ["", *(one.name for one in told.embedded)], [*rows, ("shared", *cells)]


def picked(ones: Sequence[Embedded], *, seed: int) -> list[int]:
    """Places of the items that are looked at: those with most ratings, then others by lot. All rows place them."""
    shown = ones[0].shown
    there = np.flatnonzero(np.logical_and.reduce([one.mask for one in ones]))
    lots = lot.scattered(lot.keys(shown.ids, "case studies"), seed)
    known = there[np.lexsort((lots[there], -shown.counts[there]))][:KNOWN]
    others = np.setdiff1d(there, known)
    return [*known.tolist(), *others[np.argsort(lots[others])][:BY_LOT].tolist()]


def reduced(one: Embedded, components: int) -> npt.NDArray[np.float32]:
    """float32 ``[n, components]``: the first principal components of those that have content; 0 of others."""
    return projection(one.vectors, method="pca", n=components, mask=one.mask).coordinates


def _correlation(one: Embedded, width: int, seed: int) -> Correlation | None:
    """With mean ratings, of items with enough of them; learned from those that the row learned from, where there are
    others. Content that is wider than what is learned is reduced to as many components: each further one raises R²."""
    shown = one.shown
    own = one.mask & shown.rated & (shown.counts >= RATINGS)
    vectors = one.vectors
    if vectors.shape[1] > width:
        vectors = reduced(one, min(width, int(one.mask.sum())))
    sides = one.taught[own]
    try:
        train = sides if sides.any() and not sides.all() else None
        return correlation(vectors[own], shown.ratings[own], ridge=RIDGE, train=train, seed=seed)
    except UsageError:  # too few items, or all rated alike: nothing can be told
        return None


def _overlap(one: Embedded) -> Overlap | None:
    names = sorted(
        {name for own in one.shown.genres for name in own},
        key=lambda name: (-sum(name in own for own in one.shown.genres), name),
    )[:GENRES]
    groups = {name: np.array([name in own for own in one.shown.genres], bool)[one.mask] for name in names}
    try:
        return bhattacharyya(reduced(one, COMPONENTS)[one.mask], groups)
    except UsageError:  # no genre has items enough
        return None
