"""Representativeness: whether what was kept is like what was there.

What was kept is a part of all there was, so the two can never be independent, and testing one against the other
means nothing. What is tested is kept against *removed*, which are. How far what was kept has moved from all is that
difference times the share that was removed, and is told beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from triptych.curation.contingency import chi2_of, joined_of, members_of, p_of_two, pool, split, statistic_of
from triptych.curation.effect import (
    COHENS_H,
    Effect,
    Numbers,
    Z,
    cliffs_delta,
    cohens_d,
    cohens_h,
    cramers_v,
    effect,
    holm,
    jensen_shannon,
    largest,
)

#: Relabellings of items that a permutation test draws, and resamplings that an interval is drawn from.
PERMUTATIONS = 999
RESAMPLES = 1000
#: A comparison wants this many on either side.
FEWEST = 5
#: A name is beyond chance below this p, after Holm.
SURE = 0.05
#: So many relabellings are held in memory at a time.
_AT_ONCE = 100


@dataclass(frozen=True, kw_only=True)
class Side:
    """Kept, removed, or all: how many items, of how many of them it is known, and the middle of it.

    ``mean`` of numbers; of a share it is the share.
    """

    items: int
    known: int
    mean: float | None = None
    median: float | None = None


@dataclass(frozen=True, kw_only=True)
class Tested:
    """A test of kept against removed. ``by`` says where p is from."""

    name: str
    statistic: float
    df: int | None
    p: float
    by: str


@dataclass(frozen=True, kw_only=True)
class Bars:
    """A subject drawn: labels, and how many items or ratings of each side are there, for the figures."""

    labels: tuple[str, ...]
    kept: tuple[float, ...]
    removed: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One subject of kept against removed. ``verdict`` goes by the largest of the effects, never by p.

    ``at_least`` and ``up_to`` are the least and the largest word that the intervals allow: of few items chance alone
    makes large differences. Without a test, ``note`` says why there is none.
    """

    subject: str
    unit: str
    kept: Side
    removed: Side
    everything: Side
    tests: tuple[Tested, ...] = ()
    effects: tuple[Effect, ...] = ()
    verdict: str | None = None
    at_least: str | None = None
    up_to: str | None = None
    note: str = ""
    bars: Bars | None = None


@dataclass(frozen=True, kw_only=True)
class Named:
    """One name, such as a genre: the share of kept and of removed items that have it.

    ``difference`` is standardised: (p − q) / √((p (1 − p) + q (1 − q)) / 2), after Austin (2009), graded by Cohen's h.
    ``p`` is of a χ² test, Fisher's where few are expected; ``p_holm`` is adjusted for the number of names.
    ``retained`` is the share of the items of this name that was kept.
    """

    name: str
    kept: int
    removed: int
    of_kept: float
    of_removed: float
    retained: float
    difference: float
    h: float
    magnitude: str
    p: float
    p_holm: float


def compare_numbers(
    subject: str, kept: Sequence[float | None], removed: Sequence[float | None], *, unit: str = ""
) -> Comparison:
    """A number of every item, None where it is not known. Kolmogorov–Smirnov; Cohen's d, Cliff's delta, and
    Cramér's V over tenths, which also sees a change of spread that leaves the middle alone."""
    import warnings

    from scipy import stats

    a, b = _known(kept), _known(removed)
    both = np.concatenate([a, b])
    sides: dict[str, Any] = {
        "subject": subject,
        "unit": unit,
        "kept": _side(len(kept), a),
        "removed": _side(len(removed), b),
        "everything": _side(len(kept) + len(removed), both),
    }
    if min(len(a), len(b)) < FEWEST:
        return Comparison(**sides, note=_too_few(len(a), len(b)))
    # The exact distribution is for few numbers. Where rounding defeats it (p a hair above 1), scipy warns and goes by
    # the other; so p must not be told as exact.
    exact = len(a) * len(b) <= 10_000
    with warnings.catch_warnings(record=True) as failed:
        warnings.simplefilter("always")
        ks: Any = stats.ks_2samp(a, b, method="exact" if exact else "asymp")
    exact = exact and not failed
    tests = [
        Tested(
            name="Kolmogorov–Smirnov",
            statistic=float(ks.statistic),
            df=None,
            p=float(ks.pvalue),
            by="exact" if exact else "asymptotic",
        )
    ]
    effects = [found for found in (cohens_d(a, b), cliffs_delta(a, b)) if found is not None]
    edges = np.unique(np.quantile(both, np.arange(1, 10) / 10))
    cells = [np.bincount(np.searchsorted(edges, x, side="left"), minlength=len(edges) + 1) for x in (a, b)]
    test = _chi2(np.stack(cells), "χ² over tenths")
    if test is not None:
        tests.append(test[0])
        effects.append(test[1])
    for name, other in (("removed", b), ("all", both)):
        apart = float(cast("float", stats.wasserstein_distance(a, other)))
        effects.append(effect(f"Wasserstein distance, kept to {name}", apart, unit=unit))
    return _judged(sides, tests, effects)


def compare_groups(
    subject: str, kept: Sequence[str | None], removed: Sequence[str | None], *, order: Sequence[str]
) -> Comparison:
    """One of several names of every item, such as its decade; ``order`` is that of the figure."""
    place = {name: k for k, name in enumerate(order)}
    a, b = (np.array([place[name] for name in side if name is not None], np.int64) for side in (kept, removed))
    table = np.stack([np.bincount(side, minlength=len(order)) for side in (a, b)])
    sides: dict[str, Any] = {
        "subject": subject,
        "unit": "",
        "kept": Side(items=len(kept), known=len(a)),
        "removed": Side(items=len(removed), known=len(b)),
        "everything": Side(items=len(kept) + len(removed), known=len(a) + len(b)),
        "bars": _bars(order, table),
    }
    if min(len(a), len(b)) < FEWEST:
        return Comparison(**sides, note=_too_few(len(a), len(b)))
    found = _chi2(table, "χ²")
    if found is None:
        return Comparison(**sides, note="all are alike in this: there is nothing to compare")
    return _judged(sides, [found[0]], [found[1], *_distances(table)])


def compare_names(
    subject: str, kept: Sequence[Sequence[str]], removed: Sequence[Sequence[str]], *, seed: int
) -> tuple[Comparison, tuple[Named, ...]]:
    """Any number of names of every item, such as its genres; items without a name are left out.

    One item counts once under each of its names, so χ² does not follow its own distribution: p is from relabelling
    whole items. χ² sees how names share out what is said, and not that items of one side have more of them; nor does
    it see one rare name that is gone. So the name furthest apart counts as well, if it is beyond chance after Holm.
    """
    sides_names = [[tuple(dict.fromkeys(names)) for names in side if names] for side in (kept, removed)]
    n, m = map(len, sides_names)
    counts: dict[str, int] = {}
    for names in (*sides_names[0], *sides_names[1]):
        for name in names:
            counts[name] = counts.get(name, 0) + 1
    order = sorted(counts, key=lambda name: (-counts[name], name))
    members = members_of((*sides_names[0], *sides_names[1]), order)
    is_kept = np.arange(n + m) < n
    table = split(members, is_kept[None, :])[0]
    sides: dict[str, Any] = {
        "subject": subject,
        "unit": "",
        "kept": Side(items=len(kept), known=n),
        "removed": Side(items=len(removed), known=m),
        "everything": Side(items=len(kept) + len(removed), known=n + m),
        "bars": _bars(order, table),
    }
    if min(n, m) < FEWEST:
        return Comparison(**sides, note=_too_few(n, m)), ()
    named = _each(order, table, n, m)
    joined = joined_of(table)
    if joined is None:
        return Comparison(**sides, note="all are alike in this: there is nothing to compare"), named
    groups, pooled = joined
    statistic = statistic_of(pooled)
    rng = np.random.default_rng(seed)
    drawn: list[float] = []
    for at in range(0, PERMUTATIONS, _AT_ONCE):
        labels = rng.permuted(np.tile(is_kept, (min(_AT_ONCE, PERMUTATIONS - at), 1)), axis=1)
        drawn += [statistic_of(pool(split, groups)) for split in split(members, labels)]
    df = pooled.shape[1] - 1
    test = Tested(
        name="χ²",
        statistic=statistic,
        df=df,
        p=_permuted_p(np.array(drawn), statistic),
        by=f"{PERMUTATIONS} relabellings of items",
    )
    inflation = max(float(np.mean(drawn)) / df, 1e-9)
    v = cramers_v(statistic, df, float(pooled.sum()), inflation=inflation)
    return _judged(sides, [test], [v, *_furthest(named, n, m), *_distances(table)]), named


def compare_shares(
    subject: str, hits: NDArray[np.float64], events: NDArray[np.float64], kept: NDArray[np.bool_], *, seed: int
) -> Comparison:
    """A share of events, such as that of positive ratings. Each item has ``hits`` among its ``events``, ``(items,)``.

    Ratings of one film are alike, so whole items are resampled for the interval, and relabelled for p.
    """
    held = [kept & (events > 0), ~kept & (events > 0)]
    sides: dict[str, Any] = {"subject": subject, "unit": ""}
    for name, side, items in (
        ("kept", held[0], kept.sum()),
        ("removed", held[1], (~kept).sum()),
        ("everything", held[0] | held[1], len(kept)),
    ):
        total = float(events[side].sum())
        mean = float(hits[side].sum()) / total if total else None
        sides[name] = Side(items=int(items), known=int(side.sum()), mean=mean)
    if min(int(held[0].sum()), int(held[1].sum())) < FEWEST:
        return Comparison(**sides, note=_too_few(int(held[0].sum()), int(held[1].sum())))
    pairs = [np.stack([hits[side], events[side]]) for side in held]
    gap = _share(pairs[0]) - _share(pairs[1])
    rng = np.random.default_rng(seed)
    resampled = np.stack([_resampled(side, rng) for side in pairs])
    low, high = np.quantile(resampled[0] - resampled[1], [0.025, 0.975]).tolist()
    h_drawn = [cohens_h(p, q) for p, q in zip(resampled[0].tolist(), resampled[1].tolist(), strict=True)]
    h_low, h_high = np.quantile(h_drawn, [0.025, 0.975]).tolist()
    both = np.concatenate(pairs, axis=1)
    test = Tested(
        name="difference of shares",
        statistic=float(gap),
        df=None,
        p=_permuted_p(np.abs(_relabelled(both, pairs[0].shape[1], rng)), abs(float(gap))),
        by=f"{PERMUTATIONS} relabellings of items",
    )
    h = effect(COHENS_H, cohens_h(float(_share(pairs[0])), float(_share(pairs[1]))), h_low, h_high)
    return _judged(sides, [test], [h, effect("risk difference", float(gap), low, high)])


# -- within ------------------------------------------------------------------------------------------------


def _known(values: Sequence[float | None]) -> Numbers:
    return np.array([value for value in values if value is not None], np.float64)


def _side(items: int, values: Numbers) -> Side:
    if not len(values):
        return Side(items=items, known=0)
    return Side(items=items, known=len(values), mean=float(values.mean()), median=float(np.median(values)))


def _bars(labels: Sequence[str], table: NDArray[np.int64]) -> Bars:
    return Bars(labels=tuple(labels), kept=tuple(table[0].tolist()), removed=tuple(table[1].tolist()))


def _too_few(a: int, b: int) -> str:
    return f"it is known of {a:,} kept and {b:,} removed items; at least {FEWEST} of either are compared"


def _judged(sides: dict[str, Any], tests: Sequence[Tested], effects: Sequence[Effect]) -> Comparison:
    graded = [found for found in effects if found.magnitude is not None]
    return Comparison(
        **sides,
        tests=tuple(tests),
        effects=tuple(effects),
        verdict=largest([found.magnitude or "" for found in graded]) if graded else None,
        at_least=largest([found.at_least or "" for found in graded]) if graded else None,
        up_to=largest([found.up_to or "" for found in graded]) if graded else None,
    )


def _chi2(table: NDArray[np.int64], name: str) -> tuple[Tested, Effect] | None:
    found = chi2_of(table)
    if found is None:
        return None
    statistic, df, p, n = found
    return Tested(name=name, statistic=statistic, df=df, p=p, by="asymptotic"), cramers_v(statistic, df, n)


def _distances(table: NDArray[np.int64]) -> list[Effect]:
    kept, removed = table.astype(np.float64)
    return [
        effect("Jensen–Shannon distance, kept to removed", jensen_shannon(kept, removed)),
        effect("Jensen–Shannon distance, kept to all", jensen_shannon(kept, kept + removed)),
    ]


def _each(order: Sequence[str], table: NDArray[np.int64], n: int, m: int) -> tuple[Named, ...]:
    """Every name by itself; one that all items have, or none, tells nothing and is not tested."""
    rows = [(name, int(a), int(b)) for name, a, b in zip(order, *table.tolist(), strict=True)]
    p = [p_of_two(a, n, b, m) for _, a, b in rows]
    named: list[Named] = []
    for (name, a, b), raw, adjusted in zip(rows, p, holm(p), strict=True):
        of_kept, of_removed = a / n, b / m
        spread = np.sqrt((of_kept * (1 - of_kept) + of_removed * (1 - of_removed)) / 2)
        h = cohens_h(of_kept, of_removed)
        named.append(
            Named(
                name=name,
                kept=a,
                removed=b,
                of_kept=of_kept,
                of_removed=of_removed,
                retained=a / (a + b),
                difference=float((of_kept - of_removed) / spread) if spread else 0.0,
                h=h,
                magnitude=effect(COHENS_H, h).magnitude or "",
                p=raw,
                p_holm=adjusted,
            )
        )
    return tuple(named)


def _furthest(named: Sequence[Named], n: int, m: int) -> list[Effect]:
    """Cohen's h of the name that is furthest apart of those that are beyond chance; its variance is 1/n + 1/m."""
    sure = [one.h for one in named if one.p_holm < SURE]
    if not sure:
        return []
    h, reach = max(sure, key=abs), Z * (1 / n + 1 / m) ** 0.5
    return [effect(COHENS_H, h, h - reach, h + reach)]


def _share(pair: NDArray[np.float64]) -> float:
    return float(pair[0].sum() / pair[1].sum())


def _resampled(pair: Numbers, rng: np.random.Generator) -> Numbers:
    """float64 ``(RESAMPLES,)``: the share in items drawn with replacement."""
    n = pair.shape[1]
    drawn = np.empty(RESAMPLES)
    for k in range(RESAMPLES):
        again = cast("NDArray[np.int64]", rng.integers(n, size=n))
        drawn[k] = pair[0, again].sum() / pair[1, again].sum()
    return drawn


def _relabelled(pair: Numbers, n: int, rng: np.random.Generator) -> Numbers:
    """float64 ``(PERMUTATIONS,)``: the difference of shares when ``n`` items drawn at random are called kept."""
    hits, events = pair.sum(axis=1).tolist()
    drawn = np.empty(PERMUTATIONS)
    for k in range(PERMUTATIONS):
        some = rng.permutation(pair.shape[1])[:n]
        a, b = float(pair[0, some].sum()), float(pair[1, some].sum())
        drawn[k] = a / b - (hits - a) / (events - b)
    return drawn


def _permuted_p(drawn: Numbers, statistic: float) -> float:
    """(1 + as extreme) / (1 + drawn): never 0, as the labelling at hand is one of those possible."""
    # Sums in another order differ in their last bits; what is equal must count as equal.
    return (1 + int((drawn >= statistic * (1 - 1e-9)).sum())) / (1 + len(drawn))
