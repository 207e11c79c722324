"""Selected: what selection kept, why, and what it learned it from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from triptych.catalogue.history import History
from triptych.errors import UsageError
from triptych.features.table import FeatureTable
from triptych.fusion.importance import Curve
from triptych.fusion.pick import Pick


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a feature, or one component of those that were left of it, and what became of it.

    ``variance``: on a scale of 0 to 1, of a component as it is; None where it was not looked at. ``dropped_by``:
    ``""``, ``variance``, ``correlation (with what, r)``, ``pca`` where components stand in its place, or ``refused``.
    ``twin``: the feature and column that it follows. ``mutual_information`` in nats and ``forest`` as a share, None
    where it was not scored. ``kept_by``: ``mi``, ``forest``, ``both`` or ``""``.
    """

    title: str
    index: int
    component: bool = False
    name: str = ""
    variance: float | None = None
    dropped_by: str = ""
    twin: tuple[str, int] | None = None
    mutual_information: float | None = None
    forest: float | None = None
    kept_by: str = ""

    @property
    def label(self) -> str:
        """``seeing/dinov2 pca_4``, ``reading/genres Drama``, ``seeing/colour 12``."""
        return f"{self.title} {self.name or self.index}"


@dataclass(frozen=True, kw_only=True)
class Count:
    """How many columns a panel had, how many the prefilter left, how many were scored (fewer where components stand
    for columns), and how many are kept."""

    panel: str
    original: int
    filtered: int
    scored: int
    kept: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Selected:
    """``columns``: every one, with what became of it. ``curves``: panel → ``mutual_information`` and ``forest``.

    ``picks``: feature → the step that takes what is kept of it; a feature of which nothing is kept is not named.
    ``refused``: feature → why it was not looked at. ``learned_from``: the training items that have any of the features;
    ``scored_on``: how many of these have a target.
    """

    columns: tuple[Column, ...]
    counts: tuple[Count, ...]
    curves: Mapping[str, Mapping[str, Curve]]
    picks: Mapping[str, Pick]
    refused: Mapping[str, str]
    learned_from: tuple[str, ...]
    scored_on: int

    @property
    def kept(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.kept_by)

    @property
    def entries(self) -> dict[str, tuple[int, ...]]:
        """Feature → the columns kept of it, for features that no components stand for."""
        return {title: tuple(pick.columns.tolist()) for title, pick in self.picks.items() if pick.components is None}

    def tables(self, tables: Sequence[FeatureTable]) -> list[FeatureTable]:
        """The features with what is kept of them, and nothing else. Each keeps its title; its recipe is another."""
        found: list[FeatureTable] = []
        for table in tables:
            pick = self.picks.get(table.recipe.title)
            if pick is None:
                continue
            recipe = replace(table.recipe, params={"of": table.recipe.hash, "picked": _digest(pick)})
            found.append(replace(table, recipe=recipe, values=pick(table.values, table.present)))
        if not found:
            raise UsageError("nothing is kept of these features: none told more of the target than chance.")
        return found

    def narrowed(self, keep: float | Literal["elbow"]) -> Selected:
        """The same with fewer columns kept, as selecting with this ``keep`` would have it: scores are not taken again.

        Only what is kept here can be kept there, so select with ``keep`` 1 first.
        """
        curves = {panel: {name: curve.cut(keep) for name, curve in own.items()} for panel, own in self.curves.items()}
        columns = [
            column if column.mutual_information is None else replace(column, kept_by="") for column in self.columns
        ]
        for panel, own in curves.items():
            scored = [
                k
                for k, column in enumerate(columns)
                if column.mutual_information is not None and column.title.partition("/")[0] == panel
            ]
            for name, mark in (("mutual_information", "mi"), ("forest", "forest")):
                cut: list[int] = own[name].columns[: own[name].kept].tolist()
                for place in cut:
                    old = columns[scored[place]]
                    columns[scored[place]] = replace(old, kept_by="both" if old.kept_by else mark)
        left: dict[str, list[int]] = {}
        for column in columns:
            if column.kept_by:
                left.setdefault(column.title, []).append(column.index)
        before: dict[str, list[int]] = {}
        for column in self.kept:
            before.setdefault(column.title, []).append(column.index)
        picks: dict[str, Pick] = {}
        for title, indices in left.items():
            pick, kept = self.picks[title], np.array(indices, np.int64)
            places = np.searchsorted(np.array(before[title], np.int64), kept)
            picks[title] = (
                replace(pick, columns=kept)
                if pick.components is None
                else replace(pick, components=pick.components.only(places))
            )
        counts = [
            replace(count, kept=sum(1 for one in columns if one.kept_by and one.title.startswith(f"{count.panel}/")))
            for count in self.counts
        ]
        return replace(self, columns=tuple(columns), counts=tuple(counts), curves=curves, picks=picks)

    def to_json(self) -> dict[str, Any]:
        """All of it, arrays as lists. Numbers come back as they were."""
        return {
            "columns": [asdict(column) for column in self.columns],
            "counts": [asdict(count) for count in self.counts],
            "curves": {
                panel: {
                    name: {"kept": curve.kept, "chance": curve.chance}
                    | {part: getattr(curve, part).tolist() for part in ("columns", "importance", "share")}
                    for name, curve in own.items()
                }
                for panel, own in self.curves.items()
            },
            "picks": {
                title: {
                    name: {"dtype": str(part.dtype), "values": part.tolist()} for name, part in pick.arrays().items()
                }
                for title, pick in self.picks.items()
            },
            "refused": dict(self.refused),
            "learned_from": list(self.learned_from),
            "scored_on": self.scored_on,
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Selected:
        return cls(
            columns=tuple(_column(column) for column in body["columns"]),
            counts=tuple(Count(**count) for count in body["counts"]),
            curves={
                panel: {
                    name: Curve(
                        columns=np.array(curve["columns"], np.int64),
                        importance=np.array(curve["importance"], np.float64),
                        share=np.array(curve["share"], np.float64),
                        kept=curve["kept"],
                        chance=curve["chance"],
                    )
                    for name, curve in own.items()
                }
                for panel, own in body["curves"].items()
            },
            picks={
                title: Pick.from_arrays({name: _array(part) for name, part in arrays.items()})
                for title, arrays in body["picks"].items()
            },
            refused=body["refused"],
            learned_from=tuple(body["learned_from"]),
            scored_on=body["scored_on"],
        )


def mean_values(history: History, *, least: int = 5) -> dict[str, float]:
    """Item → the mean of its values, for items with at least ``least`` of them. Give the training side of a split.

    A rating for each row, as the paper has it, would repeat an item's columns for every user who rated it, and make
    each user's taste noise that no column can tell of; and a mean of few ratings is mostly their raters' noise.
    """
    if least < 1:
        raise UsageError(f"items with {least} values are asked for; 1 is the least that has a mean.")
    sums = np.bincount(history.items, weights=history.values, minlength=len(history.item_ids))
    enough = np.flatnonzero(history.item_counts >= least)
    return {history.item_ids[k]: float(sums[k] / history.item_counts[k]) for k in enough.tolist()}


def _digest(pick: Pick) -> str:
    made = hashlib.blake2b(digest_size=8)
    for name, part in sorted(pick.arrays().items()):
        made.update(f"{name} {part.dtype} {part.shape} ".encode())
        made.update(np.ascontiguousarray(part).tobytes())
    return made.hexdigest()


def _column(body: Mapping[str, Any]) -> Column:
    own = dict(body)
    own["twin"] = None if body["twin"] is None else tuple(body["twin"])
    return Column(**own)


def _array(part: Mapping[str, Any]) -> npt.NDArray[Any]:
    return np.array(part["values"], np.dtype(part["dtype"]))
