"""A model that obeys the seam of the hybrid and can be worked out by hand: content near what was liked, and likes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from triptych.catalogue.history import History
from triptych.models import scores
from triptych.models.parts import Evidence, Parts
from triptych.spaces.blocks import Blocks

COLUMNS = ("users", "items", "values", "times")


@dataclass(frozen=True, kw_only=True, eq=False)
class Taste:
    items: Any
    content: Blocks | None = None


@dataclass(frozen=True, kw_only=True)
class FakeHybrid:
    like: float | None = 4.0
    popular: float = 0.01
    seed: int = 0
    name: str = "hybrid"
    fits: ClassVar[list[str]] = []

    @property
    def key(self) -> dict[str, Any]:
        return {"like": self.like, "popular": self.popular, "seed": self.seed}

    def fit(self, lessons: Any, *, folder: Any = None, report: Any = None) -> FakeFitted:
        self.fits.append(self.name)
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "checkpoint").write_text("half way")
        if report:
            report("hybrid", 1, 1)
        train: History = lessons.train
        scores.needed(train, self.name, like=self.like)
        liked = train if self.like is None else train.liked(self.like)
        return FakeFitted(
            history=train,
            content=np.concatenate(lessons.blocks.values, axis=1),
            likes=liked.pairs.toarray(),
            popular=self.popular,
            like=self.like,
            facts={"rehearsal": {"ndcg@10": 0.25}},
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class FakeFitted:
    history: History
    content: Any
    likes: Any
    popular: float
    like: float | None
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def item_ids(self) -> tuple[str, ...]:
        return self.history.item_ids

    @property
    def user_ids(self) -> tuple[str, ...]:
        return self.history.user_ids

    def taste(self, user: int) -> Taste:
        items = np.flatnonzero(self.likes[user]) if user >= 0 else np.zeros(0, np.int64)
        return Taste(items=items)

    def told(self, items: Any, values: Any = None, times: Any = None, *, content: Blocks | None = None) -> Taste:
        return Taste(items=np.asarray(items), content=content)

    def scores(self, users: Any) -> Any:
        return self.scores_of([self.taste(int(user)) for user in users])

    def scores_of(self, tastes: Sequence[Taste]) -> Any:
        every = np.arange(len(self.item_ids))
        return np.stack([self.parts(taste, every).scores for taste in tastes]).astype(np.float32)

    def _of_text(self, taste: Taste, items: Any) -> Any:
        if taste.content is None:
            return np.zeros(len(items))
        rows = np.concatenate(taste.content.values, axis=1)
        return (self.content[items] @ rows.T).sum(axis=1).astype(np.float64)

    def parts(self, taste: Taste, items: Any, *, features: bool = False) -> Parts:
        near = self.evidence(taste, items).values.sum(axis=1) + self._of_text(taste, items)
        count = self.popular * self.likes.sum(axis=0)[items].astype(np.float64)
        names = ("reading", "popularity")
        return Parts(names=names, groups=names, values=np.stack([near, count], axis=1))

    def evidence(self, taste: Taste, items: Any) -> Evidence:
        values = (self.content[items] @ self.content[taste.items].T).astype(np.float64)
        rest = self._of_text(taste, items) + self.popular * self.likes.sum(axis=0)[items]
        return Evidence(history=np.asarray(taste.items, np.int64), values=values, rest=rest)

    def uncertainty(self) -> Any:
        return (1 / (1 + self.likes.sum(axis=0))).astype(np.float32)

    def with_items(self, item_ids: Sequence[str], blocks: Blocks) -> FakeFitted:
        more = np.concatenate(blocks.values, axis=1)
        return replace(
            self,
            history=replace(self.history, item_ids=(*self.item_ids, *item_ids)),
            content=np.concatenate([self.content, more]),
            likes=np.pad(self.likes, ((0, 0), (0, len(item_ids)))),
        )

    def with_rows(self, rows: History) -> FakeFitted:
        users = (*self.user_ids, *(user for user in rows.user_ids if user not in set(self.user_ids)))
        likes = np.pad(self.likes, ((0, len(users) - len(self.user_ids)), (0, 0)))
        liked = rows if self.like is None else rows.liked(self.like)
        place = {user: k for k, user in enumerate(users)}
        item = {one: k for k, one in enumerate(self.item_ids)}
        for user, what in zip(liked.users.tolist(), liked.items.tolist(), strict=True):
            likes[place[rows.user_ids[user]], item[rows.item_ids[what]]] = 1
        return replace(self, history=replace(self.history, user_ids=users), likes=likes)

    def vectors(self) -> Any:
        return self.content.astype(np.float32)

    def arrays(self) -> dict[str, Any]:
        return {"content": self.content, "likes": self.likes, **{name: getattr(self.history, name) for name in COLUMNS}}

    def body(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("item_ids", "user_ids", "popular", "like", "facts")}

    @classmethod
    def again(cls, body: Mapping[str, Any], arrays: Mapping[str, Any]) -> FakeFitted:
        ids = {name: tuple(body[name]) for name in ("item_ids", "user_ids")}
        return cls(
            history=History(**ids, **{name: arrays[name] for name in COLUMNS}),
            content=arrays["content"],
            likes=arrays["likes"],
            **{name: body[name] for name in ("popular", "like", "facts")},
        )
