"""Moment: all that answers are made of, until a refresh puts another in its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cached_property

import numpy as np
import numpy.typing as npt

from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.history import UNTIMED, History
from triptych.catalogue.records import Item
from triptych.curation.groups import TABLE as GROUPS
from triptych.curation.groups import Groups
from triptych.desk.folding import Folded
from triptych.desk.kinds import FittedModel
from triptych.desk.order import Order, Own, Ranked
from triptych.desk.reranker import MODEL, Reranker
from triptych.errors import UnknownName, UsageError
from triptych.programme.day import Day
from triptych.programme.facts import Facts
from triptych.programme.programme import Programme

I64 = npt.NDArray[np.int64]

#: Days, each of a programme and a date, that are kept for the next request.
DAYS = 8


@dataclass(frozen=True, kw_only=True, eq=False)
class Moment:
    """``items``: of the catalogue, by id. ``facts``: of the model's items, by place. ``history``: all rows there are,
    by the model's places; ``like``: the least value of a like, None where all rows are. ``reranker``: None where users
    get the model's own order."""

    folded: Folded
    items: Mapping[str, Item]
    facts: Facts
    history: History
    like: float | None
    reranker: Reranker | None = None
    _days: dict[tuple[Programme, date], Day] = field(default_factory=dict[tuple[Programme, date], Day])

    @classmethod
    def of(
        cls, catalogue: Catalogue, folded: Folded, *, like: float | None, reranker: Reranker | None = None
    ) -> Moment:
        tables = catalogue.tables
        items = {item.item_id: item for item in catalogue.items()}
        groups = Groups(tables).read() if tables.exists(GROUPS) else None
        history = replace(folded.history, item_ids=tuple(folded.fitted.item_ids))
        facts = Facts.of(items.values(), history=history, like=like, vectors=folded.fitted.vectors(), groups=groups)
        return cls(folded=folded, items=items, facts=facts, history=history, like=like, reranker=reranker)

    @property
    def fitted(self) -> FittedModel:
        return self.folded.fitted

    @cached_property
    def own(self) -> Order:
        """The model's."""
        return Own(fitted=self.fitted)

    @cached_property
    def order(self) -> Order:
        """That which users get."""
        if self.reranker is None:
            return self.own
        folded = self.folded
        new = [self.items.get(item_id) or Item(item_id=item_id) for item_id in folded.items]
        made = self.reranker.over(self.fitted, self.history, new=new, content=folded.content)
        return Ranked(fitted=self.fitted, reranked=made, source=MODEL.name)

    @cached_property
    def user_places(self) -> Mapping[str, int]:
        return {user_id: place for place, user_id in enumerate(self.fitted.user_ids)}

    @cached_property
    def there(self) -> I64 | None:
        """Places of the items that the catalogue has; None where that is all."""
        found = np.array([item_id in self.items for item_id in self.facts.item_ids], bool)
        return None if found.all() else np.flatnonzero(found)

    @cached_property
    def doubts(self) -> npt.NDArray[np.float32]:
        return self.fitted.uncertainty()

    @cached_property
    def liked(self) -> History:
        return self.history if self.like is None else self.history.liked(self.like)

    def day(self, programme: Programme, on: date) -> Day:
        key = (programme, on)
        found = self._days.get(key)
        if found is None:
            found = programme.on(on, self.facts)
            while len(self._days) >= DAYS:
                self._days.pop(next(iter(self._days)), None)
            self._days[key] = found
        return found

    def item(self, item_id: str) -> int:
        """The place of an item, or an error that says what to do about it."""
        if item_id in self.facts.places:
            return self.facts.places[item_id]
        if item_id in self.items:
            raise UsageError(
                f"the model does not have item {item_id!r} yet, as nothing was measured by which to place it: "
                "triptych extract CATALOGUE"
            )
        raise UnknownName("item", item_id, self.facts.places, hint="List them: triptych items CATALOGUE")

    def user(self, user_id: str) -> int:
        if user_id not in self.user_places:
            hint = "Somebody of whom nothing is known can be asked for by what they like: items, a text or a clip."
            raise UnknownName("user", user_id, self.user_places, hint=hint)
        return self.user_places[user_id]

    def users(self, user_ids: Sequence[str]) -> I64:
        return np.array([self.user(user_id) for user_id in user_ids], np.int64)

    def had(self, user: int) -> I64:
        """Places of the items that a user has a row of."""
        return _of(self.history, user)

    def likes_of(self, user: int) -> I64:
        """Of these, those that are liked."""
        return _of(self.liked, user)

    def weights_of(self, user_id: str) -> dict[str, float]:
        """Item id → −1 for what a user had and did not like; nothing of the rest, nor of who is no user."""
        if not user_id:
            return {}
        user = self.user(user_id)
        disliked = np.setdiff1d(self.had(user), self.likes_of(user))
        return {self.facts.item_ids[k]: -1.0 for k in disliked}

    def days_of(self, user_id: str) -> dict[str, str]:
        """Item id → the day on which a user had it, where that is known; nothing of who is no user."""
        if not user_id:
            return {}
        mine = np.flatnonzero(self.history.users == self.user(user_id))
        items: list[int] = self.history.items[mine].tolist()
        times: list[int] = self.history.times[mine].tolist()
        return {
            self.facts.item_ids[item]: datetime.fromtimestamp(seconds, UTC).date().isoformat()
            for item, seconds in zip(items, times, strict=True)
            if seconds != UNTIMED
        }


def _of(history: History, user: int) -> I64:
    pairs = history.pairs
    ends: I64 = np.asarray(pairs.indptr, np.int64)
    found: I64 = np.asarray(pairs.indices[ends[user] : ends[user + 1]], np.int64)
    return found
