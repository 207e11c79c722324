"""Source: where candidates come from. Its scores and ranks are columns of what re-ranks them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from triptych.catalogue.history import History
from triptych.errors import UnknownName, UsageError
from triptych.models.ease import EASE
from triptych.models.item_knn import ItemKNN
from triptych.models.popularity import Popularity
from triptych.models.recent import RecentEASE, RecentPopularity
from triptych.models.recommender import Model, Recommender
from triptych.models.similarity import Lessons
from triptych.models.succession import Succession


class Source(Protocol):
    """Settings of one. ``group``: which share of an explanation its columns belong to."""

    @property
    def name(self) -> str: ...

    @property
    def group(self) -> str: ...

    def fit(self, lessons: Lessons) -> Recommender:
        """Learns from these lessons alone; their ``train`` is the past, as it stood at some moment."""
        ...


@dataclass(frozen=True, kw_only=True)
class OfHistory:
    """A model that learns from interactions alone, as a source."""

    model: Model
    group: str = "history"

    @property
    def name(self) -> str:
        return self.model.name

    def fit(self, lessons: Lessons) -> Recommender:
        return self.model.fit(lessons.train)


class Foldable(Protocol):
    """A fitted model that takes in rows without learning anew."""

    @property
    def history(self) -> History: ...

    def scores(self, users: Any) -> Any: ...

    def with_rows(self, rows: History) -> Foldable: ...


@dataclass(frozen=True, kw_only=True, eq=False)
class OfModel:
    """A model that has learned already, as a source: what came since is folded in. ``first``: fitted on a past that is
    no later than any that is asked of it; None where what it says is brought along, as whoever serves does."""

    first: Foldable | None = None
    name: str = "hybrid"
    group: str = "hybrid"

    def fit(self, lessons: Lessons) -> Recommender:
        if self.first is None:
            raise UsageError(f"the source {self.name} has no model that knows a past; give it one that was fitted.")
        rows = lessons.train
        fresh = rows.take(~np.isin(rows.keys, self.first.history.keys))
        return self.first.with_rows(fresh) if len(fresh) else self.first


#: Sources by name, with settings that did well on held-back rows of MovieLens.
SOURCES: Mapping[str, Source] = {
    "recent-ease": OfHistory(model=RecentEASE(regularisation=300.0), group="recency"),
    "succession": OfHistory(model=Succession(shrinkage=50.0), group="succession"),
    "item-knn": OfHistory(model=ItemKNN(weighting="tf-idf", like=4.0)),
    "ease": OfHistory(model=EASE(regularisation=300.0)),
    "recent-popularity": OfHistory(model=RecentPopularity(), group="popularity"),
    "popularity": OfHistory(model=Popularity(like=4.0), group="popularity"),
}


def sources_of(given: Sequence[str | Source], *, like: float | None = 4.0) -> tuple[Source, ...]:
    """Those of these names, with this for the least value of a like, or as they are. Names of sources are those of
    columns, so none stands twice."""
    if isinstance(given, str) or not given:
        raise UsageError("sources are given as a list of one or more: names, or settings that are fitted to lessons.")
    found: list[Source] = []
    for one in given:
        if isinstance(one, str):
            if one not in SOURCES:
                raise UnknownName("source of candidates", one, SOURCES)
            found.append(_liking(SOURCES[one], like))
        else:
            if not hasattr(one, "group"):
                name: Any = getattr(one, "name", one)
                raise UsageError(
                    f"{name} is no source of candidates; give OfHistory(model=…) for a model of histories."
                )
            found.append(one)
    names = [one.name for one in found]
    if len(set(names)) < len(names):
        raise UsageError(f"two sources have one name among {', '.join(names)}; give each a name of its own.")
    return tuple(found)


def _liking(source: Source, like: float | None) -> Source:
    if not isinstance(source, OfHistory) or getattr(source.model, "like", None) is None:
        return source
    model: Any = source.model
    return replace(source, model=replace(model, like=like))
