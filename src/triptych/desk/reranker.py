"""Reranker: what puts candidates in order, once it has learned: kept with its model, and put to work on what is there.

Trees are kept as LightGBM writes them, ``ranker.txt``, and what they are told of items as arrays: what items are like
when they are asked about is what it was when trees learned. Sources other than the model learn from rows alone, and do
so anew from the rows that there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from triptych.catalogue.history import History
from triptych.catalogue.records import Item
from triptych.errors import CatalogueError, MissingExtra, TriptychError, UsageError
from triptych.models.background import Field
from triptych.models.genres import marks_of
from triptych.models.recommender import Recommender
from triptych.models.rerank.features import Content
from triptych.models.rerank.lambdamart import LambdaMART, Trees
from triptych.models.rerank.source import OfModel
from triptych.models.rerank.two_stage import Reranked, TwoStage
from triptych.models.similarity import Lessons
from triptych.spaces.blocks import Blocks

#: What the model is called among the sources, which it is the first of.
MODEL = OfModel()
YEAR = "year"
_PLAIN = ("candidates", "each", "later", "cuts", "rows", "share", "like", "seeds", "seed")


@dataclass(frozen=True, kw_only=True, eq=False)
class Described:
    """What is told of items besides their rows. ``genres``: the names of all; ``years``: None where none is known."""

    contents: tuple[Content, ...]
    genres: tuple[str, ...]
    years: Field | None

    @classmethod
    def of(cls, lessons: Lessons, items: Sequence[Item], genres: Sequence[str]) -> Described:
        """``items``: those of the lessons, in their order."""
        years = _years(items)
        contents = Content.all_of(lessons)
        return cls(contents=contents, genres=tuple(genres), years=years if years.mask.any() else None)

    @property
    def fields(self) -> dict[str, Field]:
        return {} if self.years is None else {YEAR: self.years}

    def beside(self, items: Sequence[Item], blocks: Blocks) -> Described:
        """With items that came later, and their content."""
        genres = Content.of_genres(marks_of(items, self.genres))
        own = {one.name: one for one in (*Content.of_blocks(blocks), genres)}
        years = self.years
        if years is not None:
            more = _years(items)
            values = np.concatenate([years.dense(), more.dense()])
            years = Field(values=values, mask=np.concatenate([years.mask, more.mask]))
        contents = tuple(one.beside(own[one.name]) for one in self.contents)
        return Described(contents=contents, genres=self.genres, years=years)


@dataclass(frozen=True, kw_only=True, eq=False)
class Reranker:
    """``settings``: sources are the model and names of others. ``columns``: what trees were told, by name."""

    settings: TwoStage
    trees: tuple[Trees, ...]
    columns: tuple[str, ...]
    described: Described

    def over(
        self, fitted: Recommender, history: History, *, new: Sequence[Item] = (), content: Blocks | None = None
    ) -> Reranked:
        """At work. ``fitted``: the model as it is now; ``history``: all rows there are now, by its places; ``new``:
        items that were folded in, the last of the history's, with their ``content``."""
        described = self.described if content is None else self.described.beside(new, content)
        count = len(history.item_ids)
        nothing = Blocks(panels=(), values=(), mask=np.zeros((count, 0), bool))
        genres = np.zeros((count, 0), np.float32)
        lessons = Lessons(blocks=nothing, train=history, may_learn=np.ones(count, bool), genres=genres)
        others = [one.fit(lessons) for one in self.settings.every_source[1:]]
        stage = self.settings.stage([fitted, *others], history, described.contents, described.fields)
        if (made := tuple(one.name for one in stage.columns)) != self.columns:
            other = min(set(made) ^ set(self.columns), default="in another order")
            raise CatalogueError(
                f"the re-ranker learned from other columns than this version makes ({other}). Fit it anew, triptych "
                "fit CATALOGUE --rerank, or ask for the model's own order: --no-rerank"
            )
        return Reranked(stage=stage, trees=self.trees)

    # -- kept ----------------------------------------------------------------------------------------------

    @property
    def key(self) -> dict[str, Any]:
        """JSON of all settings; the model, as a source, goes without saying."""
        own = {name: getattr(self.settings, name) for name in _PLAIN}
        return {"sources": list(self.settings.sources[1:]), **own, "ranker": asdict(self.settings.ranker)}

    def body(self) -> dict[str, Any]:
        return {
            "settings": self.key,
            "columns": list(self.columns),
            "contents": [one.name for one in self.described.contents],
            "genres": list(self.described.genres),
        }

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        found: dict[str, npt.NDArray[Any]] = {}
        for one in self.described.contents:
            found |= {f"{one.name}.vectors": one.vectors, f"{one.name}.mask": one.mask}
        for name, one in self.described.fields.items():
            found |= {f"{name}.values": one.dense(), f"{name}.mask": one.mask}
        return found

    def texts(self) -> dict[str, str]:
        return {_file(k): one.text for k, one in enumerate(self.trees)}

    @classmethod
    def again(
        cls,
        body: Mapping[str, Any],
        arrays: Mapping[str, npt.NDArray[Any]],
        texts: Mapping[str, str],
        *,
        items: int,
        name: str,
    ) -> Reranker:
        """From what was kept. ``items``: how many it is to tell of; ``name``: of the model, for errors."""
        try:
            told: Mapping[str, Any] = body["settings"]
            own: dict[str, Any] = {one: told[one] for one in _PLAIN}
            sources = (MODEL, *told["sources"])
            settings = TwoStage(sources=sources, ranker=LambdaMART(**told["ranker"]), **own)
            columns = tuple(body["columns"])
            trees = tuple(
                Trees.of_text(texts[_file(k)], columns, name=f"{name}/{_file(k)}") for k in range(settings.seeds)
            )
            contents = tuple(_content(one, arrays) for one in cast("list[str]", body["contents"]))
            years = None
            if f"{YEAR}.values" in arrays:
                years = Field(values=arrays[f"{YEAR}.values"], mask=arrays[f"{YEAR}.mask"].astype(bool))
            if wrong := {len(one.mask) for one in (*contents, *([] if years is None else [years]))} - {items}:
                raise UsageError(f"it tells of {min(wrong)} items, and the model has {items}")
        except MissingExtra as fault:
            raise UsageError(
                f"the model {name!r} was fitted with --rerank: {fault} Or ask for the model's own order: --no-rerank"
            ) from fault
        except (TriptychError, KeyError, TypeError) as fault:
            what = f"{fault} is missing" if isinstance(fault, KeyError) else str(fault).rstrip(".")
            raise CatalogueError(
                f"the re-ranker of the model {name!r} cannot be used: {what}. Fit it anew, triptych fit CATALOGUE "
                f"--model {name} --rerank, or ask for the model's own order: --no-rerank"
            ) from fault
        described = Described(contents=contents, genres=tuple(body["genres"]), years=years)
        return cls(settings=settings, trees=trees, columns=columns, described=described)


def _file(k: int) -> str:
    return f"ranker-{k + 1}.txt" if k else "ranker.txt"


def _content(name: str, arrays: Mapping[str, npt.NDArray[Any]]) -> Content:
    mask = arrays[f"{name}.mask"].astype(bool)
    return Content(name=name, group=name, vectors=np.asarray(arrays[f"{name}.vectors"], np.float32), mask=mask)


def _years(items: Sequence[Item]) -> Field:
    values = np.array([[item.year or 0] for item in items], np.float32).reshape(len(items), 1)
    return Field(values=values, mask=np.array([item.year is not None for item in items], bool))
