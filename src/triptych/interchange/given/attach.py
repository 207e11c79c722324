"""Attach: the vectors of an offering become a feature of a catalogue, with a recipe that says whose they are."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from triptych.catalogue.catalogue import Catalogue
from triptych.errors import UsageError
from triptych.features.feature import Feature
from triptych.features.forget import clear
from triptych.features.ledger import Entry, Ledger, Status
from triptych.features.recipe import PANELS, Recipe
from triptych.features.registry import titles
from triptych.features.store import FeatureStore
from triptych.interchange.given.join import Join
from triptych.interchange.given.judge import BadCells, Judged, judge
from triptych.interchange.given.titles import doubt
from triptych.interchange.offering import Offering

#: Items whose features are committed together.
BATCH = 2048
#: Changes when the same file would be read as other numbers.
VERSION = 1
#: Names of files, which tell people more than they tell apart: the digest does that.
_NAMES = ("file", "ids_file")


@dataclass(frozen=True, kw_only=True)
class Attached:
    """What was attached, and what not.

    Of the catalogue's ``items``, ``covered`` have a vector, ``masked`` have one that could not be taken, ``without``
    have none. ``written`` were new or changed, the others stood already. ``replaced``: hashes of recipes of the same
    title that were taken out, ``rivals``: of those that stand beside it. Of the file: its ``vectors`` of ``width``
    entries each, ``bad`` cells, ``dropped`` columns, ids that the catalogue does not have (``unknown``) and rows
    without an id that can be one (``nameless``). ``doubles``: rows whose item has another row, ``differing`` of
    which say something else; the last row stands.
    """

    feature: str
    recipe: str
    items: int
    covered: int
    masked: int
    without: int
    written: int
    vectors: int
    width: int
    bad: BadCells
    dropped: tuple[int, ...]
    unknown: int
    nameless: int
    doubles: int
    differing: int
    replaced: tuple[str, ...]
    rivals: tuple[str, ...]
    notes: tuple[str, ...]


def attach(
    catalogue: Catalogue,
    offering: Offering,
    title: str,
    *,
    join: Join | None = None,
    on_bad_cells: str = "rows",
    replace: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Attached:
    """Write the feature ``title`` (``seeing/avf``) of every item, masked where there is no vector for it.

    ``on_bad_cells``: ``rows`` masks the whole vector of an item that has a cell which is not finite; ``columns``
    drops such columns from all vectors, and the recipe says which. Attaching the same again writes only what is
    not there yet. ``replace``: take out what was attached under this title before from another file, or otherwise,
    once this stands whole. ``progress`` is told how many items of how many are written.
    """
    panel, name = _named(title)
    judged = judge(offering, on_bad_cells=on_bad_cells)
    given = {**offering.facts, "on_bad_cells": on_bad_cells, "dropped": list(judged.dropped)}
    if join is not None:
        given["map"] = dict(join.facts)
    with catalogue.writing("attach"):
        made = Recipe(panel=panel, name=name, version=VERSION, params={"given": given})
        recipe = _recipe(FeatureStore(catalogue.tables), made)
        item_ids = catalogue.item_ids()
        placed = _Placed.of(offering, judged, join, set(item_ids))
        if not placed.rows:
            raise UsageError(_strangers(offering, item_ids, join))
        return _Writing(catalogue, recipe, judged, placed, str(offering.facts.get("file", "the file"))).run(
            item_ids, offering, replace, progress
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Placed:
    """``rows``: item id → the row of the offering that stands for it."""

    rows: Mapping[str, int]
    unknown: int
    nameless: int
    doubles: int
    differing: int

    @classmethod
    def of(cls, offering: Offering, judged: Judged, join: Join | None, known: set[str]) -> _Placed:
        rows: dict[str, int] = {}
        unknown: set[str] = set()
        nameless = doubles = differing = 0
        for row, theirs in enumerate(offering.ids):
            nameless += not theirs
            ours = [theirs] if join is None else join.ids.get(theirs, ())
            found = [item_id for item_id in ours if item_id in known]
            if theirs and not found:
                unknown.add(theirs)
            for item_id in found:
                before = rows.get(item_id)
                if before is not None:
                    doubles += 1
                    differing += not _same(judged, before, row)
                rows[item_id] = row
        return cls(rows=rows, unknown=len(unknown), nameless=nameless, doubles=doubles, differing=differing)


class _Writing:
    """Features and ledger rows of one recipe, in batches, the features first."""

    def __init__(self, catalogue: Catalogue, recipe: Recipe, judged: Judged, placed: _Placed, source: str) -> None:
        self._catalogue = catalogue
        self._recipe = recipe
        self._judged = judged
        self._placed = placed
        self._source = source
        self._store = FeatureStore(catalogue.tables)
        self._ledger = Ledger(catalogue.tables)

    def run(
        self, item_ids: list[str], offering: Offering, replace: bool, progress: Callable[[int, int], None] | None
    ) -> Attached:
        digest = str(offering.facts.get("digest", ""))
        settled = self._ledger.settled()
        fresh = [item_id for item_id in item_ids if settled.get((item_id, self._recipe.hash)) != digest]
        for k in range(0, len(fresh), BATCH):
            batch = fresh[k : k + BATCH]
            features = {item_id: self._feature(item_id) for item_id in batch}
            self._store.write(self._recipe, features)
            self._ledger.write([self._entry(item_id, feature, digest) for item_id, feature in features.items()])
            if progress is not None:
                progress(min(k + BATCH, len(fresh)), len(fresh))
        replaced, rivals = self._others(replace)
        reasons = [self._judged.reasons[row] for row in self._placed.rows.values()]
        masked = sum(bool(reason) for reason in reasons)
        return Attached(
            feature=self._recipe.title,
            recipe=self._recipe.hash,
            items=len(item_ids),
            covered=len(reasons) - masked,
            masked=masked,
            without=len(item_ids) - len(reasons),
            written=len(fresh),
            vectors=offering.vectors,
            width=self._judged.values.shape[1],
            bad=self._judged.bad,
            dropped=self._judged.dropped,
            unknown=self._placed.unknown,
            nameless=self._placed.nameless,
            doubles=self._placed.doubles,
            differing=self._placed.differing,
            replaced=replaced,
            rivals=rivals,
            notes=(*offering.notes, *self._judged.notes, *self._doubt(offering), *_told_of(self._recipe, rivals)),
        )

    def _feature(self, item_id: str) -> Feature:
        row = self._placed.rows.get(item_id)
        if row is None:
            return Feature.missing(f"{self._source} has no vector for it")
        reason = self._judged.reasons[row]
        return Feature.missing(reason) if reason else Feature(values=self._judged.values[row])

    def _entry(self, item_id: str, feature: Feature, digest: str) -> Entry:
        return Entry(
            item_id=item_id,
            recipe=self._recipe.hash,
            feature=self._recipe.title,
            status=Status.SKIPPED if feature.values is None else Status.DONE,
            reason=feature.reason,
            source=digest,
        )

    def _doubt(self, offering: Offering) -> tuple[str, ...]:
        if not offering.titles:
            return ()
        items = self._catalogue.items(list(self._placed.rows))
        found = doubt((offering.titles[self._placed.rows[item.item_id]], item) for item in items)
        return (found,) if found else ()

    def _others(self, replace: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Hashes of the recipes of this title that were taken out, and of those that still stand."""
        replaced: list[str] = []
        rivals: list[str] = []
        for recipe in self._store.recipes():
            if recipe.title != self._recipe.title or recipe == self._recipe:
                continue
            if replace and is_given(recipe):
                clear(self._catalogue, recipe)
                replaced.append(recipe.hash)
            else:
                rivals.append(recipe.hash)
        return tuple(replaced), tuple(rivals)


def _told_of(recipe: Recipe, rivals: tuple[str, ...]) -> tuple[str, ...]:
    if not rivals:
        return ()
    said = f"{recipe.title} stands by other recipes too ({', '.join(rivals)})"
    return (f"{said}. Say which, {recipe.title}@{recipe.hash}, or attach it again with --replace to have it alone",)


def _named(title: str) -> tuple[str, str]:
    panel, _, name = title.partition("/")
    if panel not in PANELS or not name:
        raise UsageError(
            f"a feature cannot be called {title!r}; it is PANEL/NAME, such as seeing/avf, and a panel is one of "
            f"{', '.join(PANELS)}."
        )
    if title in titles():
        raise UsageError(f"{title} is what Triptych measures itself. Give what others measured another name.")
    return panel, name


def _recipe(store: FeatureStore, made: Recipe) -> Recipe:
    """The recipe of a feature that stands already, if it differs by nothing but the names of files."""
    for recipe in store.recipes():
        if recipe.title == made.title and recipe.version == made.version and _told(recipe) == _told(made):
            return recipe
    return made


def _told(recipe: Recipe) -> str:
    given: Any = recipe.params.get("given")
    if not isinstance(given, dict):
        return recipe.to_json()
    body: dict[str, Any] = {name: value for name, value in given.items() if name not in _NAMES}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(body.get("map"), dict):
        body["map"] = {name: value for name, value in body["map"].items() if name not in _NAMES}
    return json.dumps(body, sort_keys=True)


def _same(judged: Judged, one: int, other: int) -> bool:
    return judged.reasons[one] == judged.reasons[other] and np.array_equal(judged.values[one], judged.values[other])


def _strangers(offering: Offering, item_ids: list[str], join: Join | None) -> str:
    theirs = next((one for one in offering.ids if one), "")
    if not item_ids:
        return "the catalogue has no items. Add some: triptych add CATALOGUE SOURCE"
    how = (
        "Is the map the right one, and the right way round?"
        if join
        else "If they are of another numbering, give --map."
    )
    return (
        f"of the {len(set(offering.ids)):,} ids of the file none is in the catalogue: it has ids like {theirs!r}, the "
        f"catalogue like {item_ids[0]!r}. {how}"
    )


def is_given(recipe: Recipe) -> bool:
    """Whether a recipe is that of an attached feature."""
    return "given" in recipe.params
