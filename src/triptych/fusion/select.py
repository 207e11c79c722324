"""Select: which columns of which features tell of a target, as learned from declared training items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from triptych.errors import UnknownName, UsageError
from triptych.features.recipe import PANELS
from triptych.features.table import FeatureTable
from triptych.fusion.importance import Curve, binned, forest, neighbours
from triptych.fusion.pick import Components, Pick
from triptych.fusion.prefilter import Held, Twin, spreads, twins
from triptych.fusion.selected import Column, Count, Selected
from triptych.fusion.step import F32, Mask

F64 = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Selecting:
    """How columns are selected: three stages, panel by panel (Maes 2025, §3.4).

    1. Without the target: columns whose ``variance`` on a scale of 0 to 1 is not above the threshold are dropped
       (:func:`~triptych.fusion.prefilter.spreads`), and of each pair with |Pearson's r| above ``correlation`` the one
       that is met later (:func:`~triptych.fusion.prefilter.twins`). ``pca``: feature → what stands in its place from
       here on, principal components of what is left of it: a number of them, or a share of the variance below 1.
    2. Two scores of each column: mutual information with the target, and importance in a random forest of ``trees``
       with at least ``leaf`` items in a leaf. ``information``: by ``bins``, or by ``neighbours`` as is customary.
    3. Of each score the most important columns that together reach the share ``keep`` of all importance, or those
       before the ``elbow`` of that curve; and the union of the two.

    ``chance``: importance is never nothing, and of two thousand columns of noise hundreds are needed for 80 % of it. So
    the scores are taken again that often with nothing to find, and the greatest that chance gave is taken off
    every score before the third stage; what chance reaches is not kept. For mutual information the target is dealt anew
    among the items (Westfall and Young 1993, *Resampling-based multiple testing*); the forest is given each column a
    second time, with its rows dealt anew (Kursa and Rudnicki 2010, *Feature selection with the Boruta package*). 0: the
    scores as they are. With it ``keep`` is 1 by default: all that stands above chance.

    ``fewest``: a feature that fewer training items have, with a target, is refused.
    """

    variance: float = 0.01
    correlation: float = 0.85
    pca: Mapping[str, float] = field(default_factory=dict[str, float])
    information: Literal["bins", "neighbours"] = "bins"
    trees: int = 100
    leaf: int = 5
    chance: int = 3
    keep: float | Literal["elbow"] = 1.0
    fewest: int = 20
    seed: int = 0

    @classmethod
    def paper(cls, keep: float | Literal["elbow"] = 0.9, **changes: Any) -> Selecting:
        """The rule as the paper has it: nothing is taken off the scores."""
        usual: dict[str, Any] = {"information": "neighbours", "leaf": 1, "chance": 0, "keep": keep}
        return cls(**{**usual, **changes})

    def __post_init__(self) -> None:
        if not 0 <= self.variance < 0.25:
            raise UsageError(
                f"the threshold of variance is {self.variance}; on a scale of 0 to 1 it is 0 to below 0.25."
            )
        if not 0 < self.correlation <= 1:
            raise UsageError(f"columns correlate beyond {self.correlation}; give a number above 0 and at most 1.")
        if self.keep != "elbow" and (isinstance(self.keep, str) or not 0 < self.keep <= 1):
            raise UsageError(
                f"{self.keep!r} of the importance is kept; give a share above 0 and at most 1, or 'elbow'."
            )
        if self.information not in ("bins", "neighbours"):
            raise UnknownName("estimate of mutual information", self.information, ["bins", "neighbours"])
        for name, least in (("trees", 1), ("leaf", 1), ("chance", 0), ("fewest", 8), ("seed", 0)):
            if getattr(self, name) < least:
                raise UsageError(f"{name} is {getattr(self, name)}; it is {least} or more.")
        for title, amount in self.pca.items():
            if not (0 < amount < 1 or (amount >= 1 and amount == int(amount))):
                raise UsageError(
                    f"{title} is to become {amount} components; give a share of the variance below 1, or a number."
                )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Scored:
    """What is scored of one feature: its columns, or its components."""

    title: str
    values: F32
    mask: Mask
    columns: npt.NDArray[np.int64]
    components: Components | None


def select(
    tables: Sequence[FeatureTable],
    target: Mapping[str, float],
    *,
    train: Sequence[str],
    selecting: Selecting | None = None,
    names: Mapping[str, Sequence[str]] | None = None,
    jobs: int = -1,
) -> Selected:
    """Learn from the items in ``train`` which columns tell of ``target``, and from nothing else.

    ``target``: item → number, such as :func:`~triptych.fusion.selected.mean_values`; an item that has none helps to
    filter, not to score. ``names``: feature → what its columns are called. Mutual information is taken over the items
    that have a feature. A forest needs all of a panel: an item that lacks a feature is given that of another, drawn
    by lot, so that neither its absence nor a made-up middle tells anything. ``jobs``: cores for the forest, all by -1.
    """
    selecting = selecting or Selecting()
    names = names or {}
    item_ids, known, wanted = _given(tables, target, train, selecting, names)
    held = [Held(title=t.recipe.title, values=v, mask=m) for t in tables for v, m in [t.aligned(item_ids)]]
    refused = {
        feature.title: f"{count} training items have it and a target, and {selecting.fewest} are needed"
        for feature in held
        if (count := int((feature.mask & known).sum())) < selecting.fewest
    }
    if len(refused) == len(held):
        told = "; ".join(f"{title}: {why}" for title, why in refused.items())
        raise UsageError(f"no feature is left to select from. {told}. Extract more items, or train on more.")
    columns: list[Column] = []
    counts: list[Count] = []
    curves: dict[str, dict[str, Curve]] = {}
    picks: dict[str, Pick] = {}
    for panel in PANELS:
        own = [feature for feature in held if feature.title.partition("/")[0] == panel]
        if not own:
            continue
        taken = [feature for feature in own if feature.title not in refused]
        rng = np.random.default_rng([selecting.seed, PANELS.index(panel)])
        found, left = _prefiltered(taken, selecting)
        scored = [_scored(feature, kept, selecting) for feature, kept in zip(taken, left, strict=True) if kept.any()]
        curves[panel], parts = _curves(scored, known, wanted, selecting, rng, jobs)
        for feature in own:
            if feature.title in refused:
                width = feature.values.shape[1]
                found[feature.title] = [
                    Column(title=feature.title, index=k, dropped_by="refused") for k in range(width)
                ]
            part = next((k for k, one in enumerate(scored) if one.title == feature.title), None)
            told = found[feature.title]
            if part is not None:
                told = _told(told, scored[part], parts[part])
                kept = np.array([c.index for c in told if c.kept_by], np.int64)
                if len(kept):
                    picks[feature.title] = _pick(scored[part], kept, feature.values.shape[1])
            called = names.get(feature.title, ())
            columns += [replace(c, name=called[c.index]) if called and not c.component else c for c in told]
        counts.append(
            Count(
                panel=panel,
                original=sum(feature.values.shape[1] for feature in own),
                filtered=int(sum(kept.sum() for kept in left)),
                scored=sum(one.values.shape[1] for one in scored),
                kept=sum(1 for c in columns if c.kept_by and c.title.partition("/")[0] == panel),
            )
        )
    seen = np.any([feature.mask for feature in held], axis=0)
    return Selected(
        columns=tuple(columns),
        counts=tuple(counts),
        curves=curves,
        picks=picks,
        refused=refused,
        learned_from=tuple(item_id for item_id, was in zip(item_ids, seen, strict=True) if was),
        scored_on=int((seen & known).sum()),
    )


def _given(
    tables: Sequence[FeatureTable],
    target: Mapping[str, float],
    train: Sequence[str],
    selecting: Selecting,
    names: Mapping[str, Sequence[str]],
) -> tuple[list[str], Mask, F64]:
    """The training items in an order of their own, which of them have a target, and that."""
    titles = [table.recipe.title for table in tables]
    if not titles:
        raise UsageError("there are no features to select from. Measure some: triptych extract CATALOGUE")
    if len(set(titles)) < len(titles):
        raise UsageError(f"of {', '.join(titles)} one is given twice; give each feature once.")
    for title in [*selecting.pca, *names]:
        if title not in titles:
            raise UnknownName("feature", title, titles)
    for table in tables:
        called, width = names.get(table.recipe.title), table.values.shape[1]
        if called is not None and len(called) != width:
            raise UsageError(f"{len(called)} names are given for the {width} columns of {table.recipe.title}.")
    item_ids = sorted(set(train))
    known = np.array([item_id in target for item_id in item_ids], bool)
    if not known.any():
        raise UsageError(
            f"none of the {len(item_ids)} training items has a target, of {len(target)} that are given. The two are "
            "joined by id: see that both are of one catalogue."
        )
    wanted = np.array([target.get(item_id, 0.0) for item_id in item_ids], np.float64)
    for item_id, value in zip(item_ids, wanted.tolist(), strict=True):
        if not np.isfinite(value):
            raise UsageError(f"the target of item {item_id!r} is {value}; leave out items that have no number.")
    if np.ptp(wanted[known]) == 0:
        raise UsageError(
            f"the target is {wanted[known][0]:g} for all {int(known.sum())} training items that have one, so no column "
            "can tell of it. Give one that varies."
        )
    return item_ids, known, wanted


def _prefiltered(features: Sequence[Held], selecting: Selecting) -> tuple[dict[str, list[Column]], list[Mask]]:
    """What became of each column without the target, and those that are left."""
    variances = [spreads(feature.values[feature.mask]) for feature in features]
    varied = [variance > selecting.variance for variance in variances]
    followed = twins(features, varied, limit=selecting.correlation, fewest=selecting.fewest)
    found: dict[str, list[Column]] = {}
    left: list[Mask] = []
    for feature, variance, taken, twin in zip(features, variances, varied, followed, strict=True):
        kept = taken.copy()
        kept[list(twin)] = False
        left.append(kept)

        def why(k: int, *, taken: Mask = taken, twin: Mapping[int, Twin] = twin) -> str:
            if not taken[k]:
                return "variance"
            return (
                f"correlation ({features[twin[k].feature].title} {twin[k].column}, {twin[k].r:.2f})"
                if k in twin
                else ""
            )

        found[feature.title] = [
            Column(
                title=feature.title,
                index=k,
                variance=float(variance[k]),
                dropped_by=why(k),
                twin=(features[twin[k].feature].title, twin[k].column) if k in twin else None,
            )
            for k in range(len(variance))
        ]
    return found, left


def _scored(feature: Held, kept: Mask, selecting: Selecting) -> _Scored:
    columns = np.flatnonzero(kept).astype(np.int64)
    values, components = feature.values[:, columns], None
    if feature.title in selecting.pca:
        components = Components.fit(values, feature.mask, amount=selecting.pca[feature.title])
        values = components(values, feature.mask)
    return _Scored(title=feature.title, values=values, mask=feature.mask, columns=columns, components=components)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Scores:
    """Of the columns of one feature: both scores, and which of them are kept by each."""

    information: F64
    forest: F64
    by_information: Mask
    by_forest: Mask


def _curves(
    scored: Sequence[_Scored], known: Mask, target: F64, selecting: Selecting, rng: np.random.Generator, jobs: int
) -> tuple[dict[str, Curve], list[_Scores]]:
    """The two curves of a panel, and the scores of each of its features."""
    if not scored:
        return {}, []
    widths = [one.values.shape[1] for one in scored]
    edges: list[int] = np.cumsum([0, *widths]).tolist()
    information, chance = _information(scored, known, target, selecting, rng)
    by_trees, luck = _forest(scored, known, target, selecting, rng, jobs)
    curves = {
        "mutual_information": Curve.of(information - chance, selecting.keep, chance=float(chance.max())),
        "forest": Curve.of(by_trees - luck, selecting.keep, chance=luck),
    }
    kept = {name: np.isin(np.arange(edges[-1]), curve.columns[: curve.kept]) for name, curve in curves.items()}
    return curves, [
        _Scores(
            information=np.maximum(information[start:end], 0),
            forest=by_trees[start:end],
            by_information=kept["mutual_information"][start:end],
            by_forest=kept["forest"][start:end],
        )
        for start, end in pairwise(edges)
    ]


def _information(
    scored: Sequence[_Scored], known: Mask, target: F64, selecting: Selecting, rng: np.random.Generator
) -> tuple[F64, F64]:
    """``[m]``: the mutual information of each column, and the most that chance gave any of the panel."""
    found: list[F64] = []
    items: list[int] = []
    greatest = 0.0
    for one in scored:
        rows = one.mask & known
        values, own = one.values[rows], target[rows]
        dealt = np.stack([own, *(rng.permutation(own) for _ in range(selecting.chance))])
        nats = (
            binned(values, dealt) if selecting.information == "bins" else neighbours(values, dealt, seed=selecting.seed)
        )
        found.append(nats[0])
        items.append(len(own))
        # What chance gives falls with the number of items: n · I is what features of unlike coverage have in common.
        greatest = max(greatest, float(nats[1:].max(initial=0)) * len(own))
    widths = [len(nats) for nats in found]
    return np.concatenate(found), np.repeat(greatest / np.array(items, np.float64), widths)


def _forest(
    scored: Sequence[_Scored],
    known: Mask,
    target: F64,
    selecting: Selecting,
    rng: np.random.Generator,
    jobs: int,
) -> tuple[F64, float]:
    """``[m]``: the importance of each column, the mean of all rounds, and the most that chance gave in any round."""
    rows = known & np.any([one.mask for one in scored], axis=0)
    importance: list[F64] = []
    luck: list[float] = []
    for turn in range(max(selecting.chance, 1)):
        values = _filled(scored, rows, rng)
        width = values.shape[1]
        if selecting.chance:
            values = np.concatenate([values, values[rng.permutation(len(values))]], axis=1)
        seed = selecting.seed + turn
        found = forest(values, target[rows], trees=selecting.trees, leaf=selecting.leaf, seed=seed, jobs=jobs)
        importance.append(found[:width])
        luck.append(float(found[width:].max(initial=0)))
    return np.mean(importance, axis=0), max(luck)


def _filled(scored: Sequence[_Scored], rows: Mask, rng: np.random.Generator) -> F32:
    """The panel's columns of these rows; where one lacks a feature, that of another of them by lot."""
    found: list[F32] = []
    for one in scored:
        values, mask = one.values[rows], one.mask[rows]
        values[~mask] = values[rng.choice(np.flatnonzero(mask), int((~mask).sum()))]
        found.append(values)
    return np.concatenate(found, axis=1)


def _told(columns: Sequence[Column], one: _Scored, scores: _Scores) -> list[Column]:
    """The columns of a feature with their scores; or marked as replaced, and the components after them."""

    def with_scores(column: Column, k: int) -> Column:
        first, second = bool(scores.by_information[k]), bool(scores.by_forest[k])
        kept_by = "both" if first and second else "mi" if first else "forest" if second else ""
        nats, gain = float(scores.information[k]), float(scores.forest[k])
        return replace(column, mutual_information=nats, forest=gain, kept_by=kept_by)

    if one.components is None:
        place = {int(column): k for k, column in enumerate(one.columns.tolist())}
        return [with_scores(c, place[c.index]) if c.index in place else c for c in columns]
    replaced = [replace(c, dropped_by="pca") if not c.dropped_by else c for c in columns]
    made = [
        Column(title=one.title, index=k, component=True, name=f"pca_{k}", variance=variance)
        for k, variance in enumerate(one.components.pca.variances.tolist())
    ]
    return replaced + [with_scores(c, c.index) for c in made]


def _pick(one: _Scored, kept: npt.NDArray[np.int64], entries: int) -> Pick:
    if one.components is None:
        return Pick(entries=entries, columns=kept)
    return Pick(entries=entries, columns=one.columns, components=one.components.only(kept))
