"""Two-stage: candidates of several sources, put in order by what came next in the past.

The training side alone is cut by time into past and later (:mod:`~triptych.models.rerank.cuts`). Sources learn from
each past and name candidates; LambdaMART learns to put those first that are liked later, stops where that no longer
helps on the latest cut, and learns once more from all cuts, with as many trees. Then the sources learn from everything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.catalogue.history import History
from triptych.models import scores
from triptych.models.background import Field
from triptych.models.recommender import Recommender
from triptych.models.rerank.candidates import Candidates, Pool, above
from triptych.models.rerank.cuts import LATER, Cut, cuts
from triptych.models.rerank.features import Column, Content, Features
from triptych.models.rerank.lambdamart import LambdaMART, Lists, Trees
from triptych.models.rerank.source import OfHistory, Source, sources_of
from triptych.models.settings import one_of, whole
from triptych.models.similarity import Lessons, Report

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

#: The sources where nothing else is said.
DEFAULT = ("recent-ease", "succession", "item-knn", "recent-popularity", "popularity")


@dataclass(frozen=True, kw_only=True)
class TwoStage:
    """``sources``: names, or sources (:mod:`~triptych.models.rerank.source`); the first orders what is no candidate.
    ``each``: how many candidates each of them names; ``candidates``: the most that are re-ranked for a user.

    ``later``: by "user" or "all", how the past is cut. "all" is the default: lists are served on a day that is the
    same for everyone, and what is popular then must be told from what was. "user" fits where each user is judged by
    their own last rows. ``cuts``: how many; ``rows`` of each user, or ``share`` of all rows, are later in each. Many
    short ones teach more than few long ones, for what is popular is told anew at each.
    ``like``: the least value of a like, None where every row is one; sources that are given by name go by it too.
    ``seeds``: how many rankers there are, whose scores are averaged.
    """

    sources: Sequence[str | Source] = DEFAULT
    candidates: int = 200
    each: int = 100
    later: str = "all"
    cuts: int = 8
    rows: int = 5
    share: float = 0.05
    like: float | None = 4.0
    ranker: LambdaMART = field(default_factory=LambdaMART)
    seeds: int = 1
    seed: int = 0
    name: str = "two-stage"

    def __post_init__(self) -> None:
        sources_of(self.sources)
        object.__setattr__(self, "sources", tuple(self.sources))
        one_of("way of cutting a history by time", self.later, LATER)
        whole(self.name, candidates=self.candidates, each=self.each, cuts=self.cuts, rows=self.rows, seeds=self.seeds)

    @property
    def every_source(self) -> tuple[Source, ...]:
        """Those of names too, in their order."""
        return sources_of(self.sources, like=self.like)

    def fit(
        self, lessons: Lessons, *, fields: Mapping[str, Field] | None = None, report: Report | None = None
    ) -> Reranked:
        """``fields``: what else is known of the items, such as their year. UsageError where rows have no times."""
        practice = self.practise(lessons, fields=fields, report=report)
        features = practice.stage.features
        recommenders = tuple(one.fit(lessons) for one in self.every_source)
        stage = self.stage(recommenders, lessons.train, features.contents, features.fields)
        return Reranked(stage=stage, trees=practice.trees, facts=practice.facts)

    def parted(self, history: History) -> tuple[Cut, ...]:
        """The pasts that are learned from, with what came next, the latest first. UsageError where there is none."""
        return cuts(history, later=self.later, count=self.cuts, rows=self.rows, share=self.share, seed=self.seed)

    def practise(
        self, lessons: Lessons, *, fields: Mapping[str, Field] | None = None, report: Report | None = None
    ) -> Practice:
        """What there is to learn of the pasts."""
        scores.needed(lessons.train, self.name, like=self.like)
        parted = self.parted(lessons.train)
        contents, steps = Content.all_of(lessons), len(parted) + 1
        taught: list[Lists] = []
        stages: list[Stage] = []
        for k, cut in enumerate(parted):
            past = replace(lessons, train=cut.past)
            stage = self.stage(tuple(one.fit(past) for one in self.every_source), cut.past, contents, fields or {})
            taught.append(_taught(stage, cut, self.like))
            stages = stages or [stage]
            _tell(report, self.name, k + 1, steps)
        columns = stages[0].columns
        both = [self._learned(taught, columns, self.seed + k) for k in range(self.seeds)]
        _tell(report, self.name, steps, steps)
        trees = tuple(whole for _, whole in both)
        facts: dict[str, Any] = {
            "cuts": len(parted),
            "lists": [len(one.counts) for one in taught],
            "rows": [len(one.labels) for one in taught],
            "liked": [int(one.labels.sum()) for one in taught],
            "trees": [one.count for one in trees],
            "gains": {column.name: float(np.mean([one.gains()[column.name] for one in trees])) for column in columns},
        }
        before = tuple(stopped for stopped, _ in both if stopped is not None)
        return Practice(trees=trees, facts=facts, cut=parted[0], stage=stages[0], before=before)

    def stage(
        self,
        recommenders: Sequence[Recommender],
        history: History,
        contents: tuple[Content, ...],
        fields: Mapping[str, Field],
    ) -> Stage:
        """``recommenders``: one for each source, in their order, fitted on ``history``."""
        pool = Pool(recommenders=recommenders, history=history, each=self.each, most=self.candidates, seed=self.seed)
        features = Features(past=history, contents=contents, like=self.like, later=self.later, fields=fields)
        return Stage(sources=self.every_source, pool=pool, features=features)

    def _learned(self, taught: Sequence[Lists], columns: Sequence[Column], seed: int) -> tuple[Trees | None, Trees]:
        """Trees of all cuts but the latest, as many as rank that one best; and as many of all cuts."""
        names, directions = [one.name for one in columns], [one.direction for one in columns]
        ranker, whole = replace(self.ranker, seed=seed), Lists.joined(taught)
        earlier = [one for one in taught[1:] if len(one.useful().counts)]
        stopped = None
        if earlier:
            stopped = ranker.fit(Lists.joined(earlier), names, directions=directions, judge=taught[0])
            ranker = replace(ranker, trees=stopped.count)
        return stopped, ranker.fit(whole, names, directions=directions)


@dataclass(frozen=True, kw_only=True, eq=False)
class Practice:
    """What was learned of the pasts. ``trees``: of all of them. ``before``: trees that learned from all but the latest,
    none where there is no other; ``cut``: that latest one, ``stage``: the sources as they stood then. So they can be
    judged by rows that they did not learn from, but for how many trees there are, which those rows told."""

    trees: tuple[Trees, ...]
    facts: Mapping[str, Any]
    cut: Cut
    stage: Stage
    before: tuple[Trees, ...]

    @property
    def rehearsed(self) -> Reranked | None:
        """Who can be judged so."""
        return Reranked(stage=self.stage, trees=self.before) if self.before else None


def _tell(report: Report | None, name: str, done: int, total: int) -> None:
    if report:
        report(name, done, total)


def _taught(stage: Stage, cut: Cut, like: float | None) -> Lists:
    """The candidates of all who like one of them later, and which it is. An item whose first row came after all that is
    no candidate: it may not have been there, and to have it last would teach that what is new is not liked."""
    liked = cut.later if like is None else cut.later.liked(like)
    there: npt.NDArray[np.bool_] = cut.past.item_counts + cut.later.item_counts > 0
    users: I64 = np.flatnonzero(liked.user_counts)
    parts = [
        Lists(
            values=np.zeros((0, len(stage.columns)), np.float32),
            labels=np.zeros(0, np.int8),
            counts=np.zeros(0, np.int64),
        )
    ]
    for _, every in stage.pool.parts(users):
        found = every.take(there[every.items])
        labels = np.isin(found.users * len(liked.item_ids) + found.items, liked.keys)
        rows = np.repeat(np.arange(len(found.counts)), found.counts)
        keep = (np.bincount(rows, weights=labels, minlength=len(found.counts)) > 0)[rows]
        kept = found.take(keep)
        labels = labels[keep].astype(np.int8)
        parts.append(Lists(values=stage.table(kept), labels=labels, counts=kept.counts[kept.counts > 0]))
    return Lists.joined(parts)


@dataclass(frozen=True, kw_only=True, eq=False)
class Stage:
    """Sources that have learned, and what is told of what they name."""

    sources: tuple[Source, ...]
    pool: Pool
    features: Features

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Of :meth:`table`, in its order."""
        said = [
            (Column(f"score by {one.name}", one.group, 1), Column(f"rank by {one.name}", one.group, -1))
            for one in self.sources
        ]
        return (*(column for pair in said for column in pair), *self.features.columns)

    def table(self, candidates: Candidates) -> F32:
        """float32 ``[m, columns]``."""
        said = np.empty((len(candidates), 2 * len(self.sources)), np.float32)
        said[:, 0::2] = candidates.scores
        said[:, 1::2] = np.log1p(candidates.ranks)
        # Who learns from rows alone has nothing to say of an item without any.
        told = self.features.past.item_counts[candidates.items] > 0
        for k, one in enumerate(self.sources):
            if isinstance(one, OfHistory):
                said[~told, 2 * k : 2 * k + 2] = np.nan
        return np.hstack([said, self.features.table(candidates)])


@dataclass(frozen=True, kw_only=True, eq=False)
class Explained:
    """Of one user and some ``items``: ``values`` float64 ``[items, columns]``, what each column adds to the score, and
    ``start`` ``[items]``, what it starts from: they add up to it. ``told`` float32 ``[items, columns]``: what stood in
    the columns, NaN where nothing was known.

    ``candidate`` bool ``[items]``: which items were re-ranked. To the others no column adds anything.
    """

    columns: tuple[Column, ...]
    values: F64
    start: F64
    told: F32
    candidate: npt.NDArray[np.bool_]

    def by_group(self) -> dict[str, F64]:
        """Group → float64 ``[items]``, what its columns add together."""
        found: dict[str, F64] = {}
        for k, column in enumerate(self.columns):
            found[column.group] = found.get(column.group, np.zeros(len(self.values))) + self.values[:, k]
        return found


@dataclass(frozen=True, kw_only=True, eq=False)
class Reranked:
    """A recommender. Candidates score what the trees say; every other item stands below them all, in the order of the
    first source, so that all are ranked; what that source never recommends is −inf unless it is a candidate. What the
    user has a row of is no candidate, and stands below too.
    """

    stage: Stage
    trees: tuple[Trees, ...]
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def scores(self, users: I64) -> F32:
        history = self.stage.pool.history
        places = scores.asked(users, len(history.user_ids))
        found = np.empty((len(places), len(history.item_ids)), np.float32)
        at = 0
        for some, candidates in self.stage.pool.parts(places):
            value = self._mean([one.scores(self.stage.table(candidates)) for one in self.trees])
            found[at : at + len(some)] = self._whole(candidates, value)
            at += len(some)
        return found

    def explain(self, user: int, items: npt.NDArray[np.integer]) -> Explained:
        """Why each of ``items``, by their places, scores what it does for the user at this place."""
        places = scores.asked(np.asarray(items), len(self.stage.pool.history.item_ids))
        users = scores.asked(np.array([user]), len(self.stage.pool.history.user_ids))
        candidates = self.stage.pool.of(users)
        at = np.searchsorted(candidates.items, places)
        among = at < len(candidates)
        among[among] = candidates.items[at[among]] == places[among]
        table = self.stage.table(candidates)
        value = self._mean([one.scores(table) for one in self.trees])
        chosen = table[at[among]]
        parts = self._mean([one.contributions(chosen) for one in self.trees])
        columns = self.stage.columns
        values, told = np.zeros((len(places), len(columns))), np.full((len(places), len(columns)), np.nan, np.float32)
        start = self._whole(candidates, value)[0, places].astype(np.float64)
        values[among], start[among], told[among] = parts[:, :-1], parts[:, -1], chosen
        return Explained(columns=columns, values=values, start=start, told=told, candidate=among)

    def _whole(self, candidates: Candidates, value: F64) -> F32:
        """float32 ``[u, items]``."""
        rest = candidates.first
        place = above(rest, np.ones(rest.shape, bool))
        rows = np.repeat(np.arange(len(rest)), candidates.counts)
        least = np.zeros(len(rest))
        np.minimum.at(least, rows, value)
        found = np.where(np.isnan(place), -np.inf, least[:, None] - 1 - place / max(1, rest.shape[1]))
        found[rows, candidates.items] = value
        return found.astype(np.float32)

    def _mean(self, of_trees: Sequence[F64]) -> F64:
        return np.mean(of_trees, axis=0)
