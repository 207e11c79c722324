"""Material: the catalogue that a study runs on, made ready, and what of it each fold may see."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.history import History
from triptych.catalogue.records import Item
from triptych.errors import ExtractionError, UnknownName, UsageError
from triptych.evaluate.split import Split
from triptych.features import registry
from triptych.features.extractor import Learner, Showing, learned_from
from triptych.features.feature import Feature
from triptych.features.recipe import Recipe, plain
from triptych.features.store import FeatureStore, Row
from triptych.features.table import FeatureTable
from triptych.fusion.selected import Selected
from triptych.models import lot
from triptych.models.genres import marks_of, names_of
from triptych.models.similarity import Sequences


@dataclass(frozen=True, kw_only=True, eq=False)
class Material:
    """``items``: those that are studied. ``history``: the ratings of them, its items in the same order.
    ``standing``: title → the feature as the catalogue has it; ``asked``: of those that were learned from items, the
    settings of what learned them. ``running``: title → the recipe of what was measured in time; ``sequences`` reads it.
    ``users``: what is written of users, as :data:`triptych.catalogue.users.USERS`.

    Features that were learned from items are learned again for every fold, from its training items alone: a table
    that was learned from all of them would know the words and names of those that are held out.
    """

    items: tuple[Item, ...]
    history: History
    standing: dict[str, FeatureTable]
    asked: dict[str, object]
    running: dict[str, Recipe] = field(default_factory=dict[str, Recipe])
    users: pa.Table | None = None
    _store: FeatureStore | None = None
    _sequences: dict[str, Sequences] = field(default_factory=dict[str, Sequences])
    _learned: dict[tuple[str, str], FeatureTable] = field(default_factory=dict[tuple[str, str], FeatureTable])
    _selected: WeakKeyDictionary[Split, dict[str, Selected]] = field(
        default_factory=WeakKeyDictionary["Split", "dict[str, Selected]"]
    )

    @classmethod
    def of(cls, catalogue: Catalogue, *, having: Sequence[str] = ()) -> Material:
        """Of all that a catalogue holds, or of the items that have all features ``having``."""
        store = FeatureStore(catalogue.tables)
        standing: dict[str, FeatureTable] = {}
        asked: dict[str, object] = {}
        running: dict[str, Recipe] = {}
        for title in sorted({recipe.title for recipe in store.recipes()}):
            recipe = store.recipe_of(title)
            if store.holds_sequences(recipe):
                running[title] = recipe
                continue
            standing[title] = store.read(recipe)
            if "learned_from" in recipe.params:
                asked[title] = recipe.params.get("asked")
        for title in having:
            if title not in standing:
                raise UsageError(f"the study asks for items that have {title}, and no item was measured by it.")
        known = {item.item_id: item for item in catalogue.items()}
        ids = ordered(known)
        for title in having:
            _, mask = standing[title].aligned(ids)
            ids = [item_id for item_id, there in zip(ids, mask.tolist(), strict=True) if there]
        if not ids:
            raise UsageError(
                f"no item of the catalogue has {' and '.join(having) or 'an id'}; there is nothing to study."
            )
        return cls(
            items=tuple(known[item_id] for item_id in ids),
            history=History.of_table(catalogue.interactions(), item_ids=ids),
            standing=standing,
            asked=asked,
            running=running,
            users=catalogue.users(),
            _store=store,
        )

    @property
    def item_ids(self) -> tuple[str, ...]:
        return self.history.item_ids

    @property
    def titles(self) -> list[str]:
        return list(self.standing)

    @cached_property
    def genres(self) -> tuple[npt.NDArray[np.float32], tuple[str, ...]]:
        """float32 ``[items, genres]``, 1 where an item is of a genre; and their names."""
        names = names_of(self.items)
        return marks_of(self.items, names), names

    def only(self, genres: Sequence[str], most: int) -> Material:
        """The items of some genres; of each the ``most`` that have most ratings, 0 for all. Of equals the lot tells."""
        counts = self.history.item_counts
        lots = lot.scattered(lot.keys(self.item_ids), 0)
        kept: set[int] = set()
        for genre in genres:
            rows = [k for k, item in enumerate(self.items) if genre in item.genres]
            rows.sort(key=lambda k: (-int(counts[k]), int(lots[k])))
            kept.update(rows[:most] if most else rows)
        if not kept:
            raise UsageError(f"no item is of {' or '.join(genres)}; the genres are {', '.join(self.genres[1])}.")
        return self._of(sorted(kept))

    def having(self, titles: Sequence[str]) -> Material:
        """The items that have all of these features."""
        there = np.ones(len(self.items), bool)
        for title in titles:
            if title not in self.standing:
                raise UsageError(f"a row asks for items that have {title}, and no item was measured by it.")
            there &= self.standing[title].aligned(self.item_ids)[1]
        if not there.any():
            raise UsageError(f"no item that is studied has {' and '.join(titles)}.")
        return self._of(np.flatnonzero(there).tolist())

    def _of(self, chosen: Sequence[int]) -> Material:
        """Some of the items, by their places, rising."""
        place = np.full(len(self.items), -1, np.int32)
        place[chosen] = np.arange(len(chosen))
        part = self.history.take(place[self.history.items] >= 0)
        ids = tuple(self.item_ids[k] for k in chosen)
        return replace(
            self,
            items=tuple(self.items[k] for k in chosen),
            history=replace(part, item_ids=ids, items=place[part.items]),
            _sequences={},
            _learned={},
            _selected=WeakKeyDictionary(),
        )

    def tables(self, titles: Sequence[str], train: Sequence[str]) -> list[FeatureTable]:
        """The features, of which those that learn have looked at ``train`` alone."""
        return [self._again(title, train) if title in self.asked else self.standing[title] for title in titles]

    def sequences(self, titles: Sequence[str]) -> dict[str, Sequences]:
        """Of all items, ``[0, d]`` where one has none. Read when they are asked for, and then kept: they are large."""
        for title in titles:
            if title not in self.running:
                raise UnknownName(
                    "feature that is a sequence", title, self.running, hint="Measure it: triptych extract"
                )
            if title not in self._sequences:
                assert self._store is not None
                rows = {row.item_id: row for row in self._store.rows(self.running[title])}
                self._sequences[title] = sequences_of(title, self.item_ids, rows)
        return {title: self._sequences[title] for title in titles}

    def widths_of(self, titles: Sequence[str]) -> dict[str, int]:
        """Panel → entries, of features in time."""
        found: dict[str, int] = {}
        for title, one in self.sequences(titles).items():
            panel = title.partition("/")[0]
            found[panel] = found.get(panel, 0) + max((values.shape[1] for values in one.values), default=0)
        return found

    def selected(self, split: Split, key: str, select: Callable[[], Selected]) -> Selected:
        """What was selected on this split before under ``key``: rows that keep another share of it share its scores."""
        known = self._selected.setdefault(split, {})
        if key not in known:
            known[key] = select()
        return known[key]

    def learner(self, title: str) -> Learner | None:
        """What learns a feature anew; None of one that was not learned. ExtractionError where it cannot be had."""
        return _learner(title, self.asked[title]) if title in self.asked else None

    def reads(self, title: str) -> tuple[str, ...]:
        """The fields of an item that a learned feature is learned from and measured by."""
        try:
            learner = self.learner(title)
        except ExtractionError:  # no row can take it, so no number hangs on it
            return ()
        return () if learner is None else learner.learn([]).needs.fields

    def _again(self, title: str, train: Sequence[str]) -> FeatureTable:
        chosen = set(train)
        source = [item for item in self.items if item.item_id in chosen]
        key = (title, json.dumps(learned_from(source), sort_keys=True))
        if key not in self._learned:
            extractor = _learner(title, self.asked[title]).learn(source)
            found = extractor.extract([Showing(item=item) for item in self.items])
            self._learned[key] = table_of(extractor.recipe, self.item_ids, found)
        return self._learned[key]


def ordered(item_ids: Iterable[str]) -> list[str]:
    """Ids in the order of their numbers where all are numbers, else of their letters: anyone can repeat it."""
    ids = list(item_ids)
    numbers = all(item_id.isascii() and item_id.isdigit() for item_id in ids)
    return sorted(ids, key=lambda item_id: (len(item_id.lstrip("0")), item_id)) if numbers else sorted(ids)


def table_of(recipe: Recipe, item_ids: Sequence[str], found: Sequence[Feature]) -> FeatureTable:
    """Features that were measured just now, as the store would give them back."""
    width = next((len(one.values) for one in found if one.values is not None), 0)
    values = np.zeros((len(found), width), np.float32)
    for row, one in enumerate(found):
        if one.values is not None:
            values[row] = one.values
    return FeatureTable(
        recipe=recipe,
        item_ids=tuple(item_ids),
        values=values,
        presence=np.array([one.presence.value for one in found], dtype="U8"),
    )


def sequences_of(title: str, item_ids: Sequence[str], rows: Mapping[str, Row]) -> Sequences:
    """In the order of the ids. All have one width, or something else was measured of some than of others."""
    widths = {row.values.shape[1] for row in rows.values() if row.values is not None}
    if len(widths) > 1:
        raise ExtractionError(f"{title} holds vectors of {sorted(widths)} entries; they must be of one width.")
    blank = np.zeros((0, max(widths, default=0)), np.float32)
    values: list[npt.NDArray[np.float32]] = []
    times_s: list[npt.NDArray[np.float64]] = []
    for item_id in item_ids:
        row = rows.get(item_id)
        values.append(blank if row is None or row.values is None else row.values)
        times_s.append(np.zeros(0) if row is None or row.times_s is None else row.times_s)
    return Sequences(title=title, values=tuple(values), times_s=tuple(times_s))


def _learner(title: str, asked: object) -> Learner:
    """The learner that measured a feature, with the settings it had."""
    part = registry.build(title)
    if isinstance(part, Learner) and plain(part.asked, title) == asked:
        return part
    raise ExtractionError(
        f"{title} was learned with settings of its own ({asked}), and a study must learn it again for every fold. "
        "Measure it with its default settings, or leave it out."
    )
