"""Worth: what each panel adds to a recommender that was fitted, and what it takes to measure that panel.

The recommender is fitted with all panels, without each of them, and with each alone, on the same splits; so a panel
that says what another says as well adds little, however much it tells alone. What is held against each other is what
the same users found in their lists.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from triptych.catalogue.history import History
from triptych.errors import UsageError
from triptych.evaluate.measured import Measured
from triptych.evaluate.protocols.full_ranking import ROWS, full_ranking
from triptych.evaluate.scenarios import cold_items
from triptych.evaluate.significance import Comparison, Interval, adjusted, compare, interval
from triptych.evaluate.split import TEST, Split
from triptych.evaluate.splits import check_share, lots
from triptych.features.ledger import Entry
from triptych.features.status import Status
from triptych.models.recommender import Recommender
from triptych.models.similarity import Lessons

F64 = npt.NDArray[np.float64]

METRIC = "ndcg@10"
HOUR_S = 3600.0

#: Fits what is taught without the features that are named: ``fit(lessons, ("seeing/colour",))``.
Fit = Callable[[Lessons, tuple[str, ...]], Recommender]
#: Told which fit of how many is done, and which that was.
Told = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class Worth:
    """Of one panel in one row (``cold``, ``warm`` or ``overall``). ``added``: all panels less all but this one, None
    where too few users could be measured; ``alone``: with this panel only."""

    panel: str
    row: str
    added: Comparison | None
    alone: Interval | None


@dataclass(frozen=True, kw_only=True)
class Account:
    """``whole``: row → what all panels together come to, None where too few could be measured. ``worths``: panel by
    panel, of each row; p-values are adjusted for all of them together (Holm)."""

    metric: str
    panels: tuple[str, ...]
    splits: tuple[str, ...]
    whole: Mapping[str, Interval | None]
    worths: tuple[Worth, ...]

    def of(self, panel: str, row: str) -> Worth:
        return next(one for one in self.worths if (one.panel, one.row) == (panel, row))


@dataclass(frozen=True, kw_only=True)
class Price:
    """What measuring a panel took: ``seconds`` of work on ``hours`` of video, by feature, ``of_features``. ``unknown``:
    features of which neither is known, such as those that were measured elsewhere."""

    panel: str
    of_features: Mapping[str, float]
    hours: float
    unknown: tuple[str, ...]

    @property
    def seconds_an_hour(self) -> float | None:
        """Of work, for an hour of video; None where nothing is known. At least so much where something is not."""
        return sum(self.of_features.values()) if self.of_features else None


def cold_and_warm(history: History, *, k: int = 5, share: float = 0.1, seed: int = 0) -> list[Split]:
    """``k`` splits that judge items with and without a history at once: all rows of a fold of the items, as
    :func:`~triptych.evaluate.scenarios.cold_items` has it, and of the rest a ``share`` of the rows, drawn by lot."""
    check_share(share, "rows of the other items")
    drawn = lots(history, seed, "warm rows") < share
    made: list[Split] = []
    for number, split in enumerate(cold_items(history, k=k, seed=seed)):
        side = split.side.copy()
        side[drawn] = TEST
        params = {"kind": "cold_and_warm", "k": k, "fold": number, "share": share, "seed": seed}
        made.append(
            Split(history=history, side=side, name=f"cold and warm items, fold {number + 1} of {k}", params=params)
        )
    return made


def worth(
    fit: Fit,
    splits: Sequence[Split],
    lessons: Callable[[Split], Lessons],
    *,
    like: float,
    rows: Sequence[str] = ROWS,
    metric: str = METRIC,
    seed: int = 0,
    told: Told | None = None,
) -> Account:
    """``lessons``: what may be learned from on a split. ``like``: the least value that is an answer."""
    if not splits:
        raise UsageError("there is no split to fit and to judge on; give one at least.")
    taught = lessons(splits[0]).blocks
    of_panel: dict[str, list[str]] = {}
    for p, (name, panel) in enumerate(zip(taught.names, taught.panels, strict=True)):
        if taught.mask[:, p].any():
            of_panel.setdefault(panel, []).append(name)
    panels = tuple(of_panel)
    if len(panels) < 2:
        raise UsageError(
            f"items are known by {' and '.join(panels) or 'nothing'} alone; what a panel adds is told beside another "
            "one. Measure features of two panels, and fuse them: triptych extract CATALOGUE, triptych fuse CATALOGUE"
        )
    wanted = _sets(panels)
    found: dict[tuple[frozenset[str], str], list[Measured]] = {}
    done = 0
    for split in splits:
        taught = lessons(split)
        for kept in wanted:
            without = tuple(name for panel in panels if panel not in kept for name in of_panel[panel])
            ranked = full_ranking(fit(taught, without), split, rows=rows, like=like, cutoffs=(10, 20), seed=seed)
            for row, one in ranked.items():
                found.setdefault((kept, row), []).append(one.measured)
            done += 1
            if told is not None:
                told(" + ".join(panel for panel in panels if panel in kept), done, len(wanted) * len(splits))
    return _account(panels, [split.name for split in splits], found, rows, metric, seed)


def pooled(parts: Sequence[Measured], name: str, metrics: Sequence[str]) -> Measured:
    """Splits together: of a user who was measured on several, the mean."""
    ids = [one for part in parts for one in part.ids]
    place = {one: k for k, one in enumerate(dict.fromkeys(ids))}
    at = np.array([place[one] for one in ids], np.int64)
    times = np.bincount(at, minlength=len(place)).clip(min=1)
    values: dict[str, F64] = {}
    for metric in metrics:
        found: F64 = np.concatenate([np.zeros(0), *(part.values[metric] for part in parts)])
        values[metric] = np.bincount(at, weights=found, minlength=len(place)) / times
    return Measured(name=name, unit="user", ids=tuple(place), values=values, whole={})


def prices(entries: Iterable[Entry], durations_s: Mapping[str, float], recipes: Mapping[str, str]) -> tuple[Price, ...]:
    """By panel, what a ledger tells of measuring. ``durations_s``: item → how long its clip is, where that is known;
    ``recipes``: title → hash, of the features in question."""
    spent: dict[str, list[tuple[float, float]]] = {title: [] for title in recipes}
    for entry in entries:
        lasts_s = durations_s.get(entry.item_id, 0.0)
        if recipes.get(entry.feature) == entry.recipe and entry.status is Status.DONE and lasts_s > 0:
            spent[entry.feature].append((entry.seconds, lasts_s / HOUR_S))
    panels = dict.fromkeys(title.partition("/")[0] for title in recipes)
    return tuple(
        _price(panel, {title: one for title, one in spent.items() if _is_of(title, panel)}) for panel in panels
    )


def _is_of(title: str, panel: str) -> bool:
    return title.partition("/")[0] == panel


def _price(panel: str, spent: Mapping[str, Sequence[tuple[float, float]]]) -> Price:
    sums = {title: (sum(s for s, _ in own), sum(h for _, h in own)) for title, own in spent.items()}
    return Price(
        panel=panel,
        of_features={title: seconds / hours for title, (seconds, hours) in sums.items() if hours > 0},
        hours=max((hours for _, hours in sums.values()), default=0.0),
        unknown=tuple(title for title, (_, hours) in sums.items() if not hours > 0),
    )


def _sets(panels: Collection[str]) -> list[frozenset[str]]:
    """All, all but each, and each alone; each set once: of two panels, all but one is the other alone."""
    every = frozenset(panels)
    found = [every, *(every - {panel} for panel in panels), *(frozenset({panel}) for panel in panels)]
    return list(dict.fromkeys(found))


def _account(
    panels: tuple[str, ...],
    splits: Sequence[str],
    found: Mapping[tuple[frozenset[str], str], Sequence[Measured]],
    rows: Sequence[str],
    metric: str,
    seed: int,
) -> Account:
    every = frozenset(panels)
    together = {(kept, row): pooled(parts, " + ".join(sorted(kept)), [metric]) for (kept, row), parts in found.items()}
    wholes: dict[str, Interval | None] = {}
    told: list[tuple[str, str, Comparison | None, Interval | None]] = []
    for row in rows:
        whole = together[every, row]
        # An interval takes two users.
        enough = len(whole.ids) > 1
        wholes[row] = interval(whole.values[metric], seed=seed) if enough else None
        for panel in panels:
            others, own = together[every - {panel}, row], together[frozenset({panel}), row]
            told.append(
                (
                    panel,
                    row,
                    compare(whole, others, metric, seed=seed) if enough else None,
                    interval(own.values[metric], seed=seed) if enough else None,
                )
            )
    held = iter(adjusted([added for _, _, added, _ in told if added is not None]))
    worths = [
        Worth(panel=panel, row=row, added=None if added is None else next(held), alone=alone)
        for panel, row, added, alone in told
    ]
    return Account(
        metric=metric,
        panels=panels,
        splits=tuple(splits),
        whole=wholes,
        worths=tuple(sorted(worths, key=lambda one: panels.index(one.panel))),
    )
