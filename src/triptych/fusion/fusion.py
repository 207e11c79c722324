"""Fusion: the settings by which features become one space, and what they learned from the training items."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from triptych.errors import SpaceError, UnknownName, UsageError
from triptych.features.recipe import PANELS, Recipe, plain
from triptych.features.table import FeatureTable
from triptych.fusion.align import Alignment
from triptych.fusion.normalise import SCALINGS
from triptych.fusion.parts import Part, Whole, in_order, scaled_by
from triptych.fusion.pieces import BALANCES, Piece, averaged, balanced, by_panel, directed, weighted
from triptych.fusion.reduction import Reduction, principal
from triptych.fusion.step import F32, Mask, Step
from triptych.fusion.steps import again, kind_of
from triptych.spaces.search import Blocks

#: Fewer items than this have no spread worth dividing by.
FEWEST = 2
METHODS = ("concatenation", "late", "weighted", "average")
#: The scalings after which an entry is so many deviations from the middle; the others have ends of their own, or none.
IN_DEVIATIONS = ("z-score", "robust", "ranks")
#: The methods that add panels up, entry by entry.
ADDING = ("weighted", "average")


@dataclass(frozen=True, kw_only=True)
class Fusion:
    """How features become a space. The defaults are the baseline: z-scored, laid side by side, each weighing alike.

    ``scaling``: of each entry by what the training items have of it: z-score, min-max, robust, ranks, direction, none;
    ``scalings``: feature → its own, in place of that.
    ``furthest``: no entry counts as further from the middle than so many deviations (z-score, robust, ranks): one rare
    genre, or the oldest film's year, would else be all that an item is compared by.
    ``align``: how sequences of unlike lengths become vectors; without, they are left out.
    ``columns``: feature → the entries that are kept of it, as selection found them; features that are not named are
    left out. None: all of all.
    ``balance``: how features share the weight of their panel, see :func:`~triptych.fusion.pieces.balanced`;
    late fusion, which brings each to length 1, leaves nothing of it but in how whole panels are reduced.
    ``panel_weights``: panel → weight; all alike when left out, and when given those that are not named count 0.

    ``method``, with blocks x_f of a feature f and its panel p of F_p features and weight w_p:

    - ``concatenation``: the blocks side by side.
    - ``late``: each block is brought to length 1 first. What two items share is then S, what the query has A, and with
      c_f = w_p / F_p their score in :mod:`triptych.spaces.search` is

      score(a, b) = Σ_{f∈S} c_f cos(a_f, b_f) / √(Σ_{f∈A} c_f · Σ_{f∈S} c_f)

      a weighted mean of the features' own cosines where nothing is missing: Σ_p w_p mean_{f∈p} cos(a_f, b_f) / Σ_p w_p.
    - ``weighted``: each panel is brought to ``width`` entries by the principal components of the training items, and
      f = Σ_p w_p f_p / Σ_p w_p over the panels that an item has (Maes 2025, §3.3.2): one block, ``all``.
    - ``average``: the same with equal weights.
    """

    scaling: str = "z-score"
    furthest: float | None = 3.0
    scalings: Mapping[str, str] = field(default_factory=dict[str, str])
    align: Alignment | None = None
    reduce: Reduction | None = None
    columns: Mapping[str, Sequence[int]] | None = None
    method: str = "concatenation"
    balance: str = "features"
    panel_weights: Mapping[str, float] = field(default_factory=dict[str, float])
    width: int = 64

    def __post_init__(self) -> None:
        for scaling in (self.scaling, *self.scalings.values()):
            _one_of("scaling", scaling, [*SCALINGS, "none"])
        _one_of("method of fusion", self.method, METHODS)
        _one_of("balance", self.balance, BALANCES)
        if self.furthest is not None and not self.furthest > 0:
            raise UsageError(f"no entry counts as further than {self.furthest} deviations; that is a number above 0.")
        for panel, weight in self.panel_weights.items():
            _one_of("panel", panel, PANELS)
            if not (np.isfinite(weight) and weight >= 0):
                raise UsageError(f"the weight of {panel} is {weight}; a weight is 0 or above.")
        if self.panel_weights and not any(self.panel_weights.values()):
            raise UsageError("all weights are 0; give at least one panel a weight above 0.")
        if self.method == "average" and self.panel_weights:
            raise UsageError("the average weighs all panels alike; for weights of its own take the method weighted.")
        if self.width < 1 or (self.width != 64 and self.method not in ADDING):
            raise UsageError(
                f"width is {self.width}; it is 1 or more, and of the methods {' and '.join(ADDING)} alone."
            )
        if self.columns is not None:
            kept = {title: tuple(int(column) for column in columns) for title, columns in self.columns.items()}
            for title, columns in kept.items():
                if len(set(columns)) < len(columns) or min(columns, default=0) < 0:
                    raise UsageError(f"the columns of {title} are {columns}; each is named once, counted from 0.")
            object.__setattr__(self, "columns", kept)

    def takes(self, title: str) -> bool:
        """Whether a feature has a part in it: its panel weighs something, and some of its columns are kept."""
        heard = not self.panel_weights or self.panel_weights.get(title.partition("/")[0], 0) > 0
        return heard and (self.columns is None or bool(self.columns.get(title)))

    def recipe(self, tables: Sequence[FeatureTable]) -> Recipe:
        """What a space is known by: the features, by their recipes, and each setting that is not the baseline's."""
        own: dict[str, Any] = {"features": {table.recipe.title: table.recipe.hash for table in tables}}
        for one in fields(self):
            usual = one.default_factory() if one.default_factory is not MISSING else one.default
            value = getattr(self, one.name)
            # The first two were there before the others: a baseline that stands is known as one.
            if one.name in ("scaling", "furthest") or (one.name != "method" and value != usual):
                own[one.name] = value
        return Recipe(panel="all", name=self.method, version=2, params=own)

    def to_json(self) -> dict[str, Any]:
        return plain(self, "fusion")

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Fusion:
        align, reduce = body["align"], body["reduce"]
        own: dict[str, Any] = {"align": align and Alignment(**align), "reduce": reduce and Reduction(**reduce)}
        return cls(**{**body, **own})

    def fit(self, tables: Sequence[FeatureTable], train: Sequence[str]) -> Fitted:
        """Learn from these items, of which the rest is told nothing. Their order and repetition do not matter.

        Features that next to none of them has say nothing, and are left out of their panel.
        """
        taken = self._taken(tables)
        item_ids = sorted(set(train))
        parts: list[Part] = []
        pieces: list[Piece] = []
        for table in taken:
            columns = None if self.columns is None else np.array(self.columns[table.recipe.title], np.int64)
            values, mask = table.aligned(item_ids)
            if int(mask.sum()) < FEWEST:
                continue
            part, piece = self._part(table, columns, values, mask)
            parts.append(part)
            pieces.append(piece)
        if not parts:
            titles = ", ".join(table.recipe.title for table in taken)
            raise SpaceError(
                f"of {titles}, none is present in {FEWEST} items or more of the {len(item_ids)} items to learn from. "
                "See why: triptych ledger CATALOGUE"
            )
        seen = np.any([piece.mask for piece in pieces], axis=0)
        reduced, common = self._wholes(balanced(pieces, self.balance))
        return Fitted(
            fusion=self,
            parts=tuple(parts),
            reduced=reduced,
            common=common,
            learned_from=tuple(item_id for item_id, was in zip(item_ids, seen, strict=True) if was),
        )

    def _taken(self, tables: Sequence[FeatureTable]) -> list[FeatureTable]:
        titles = [table.recipe.title for table in tables]
        if len(set(titles)) < len(titles):
            raise UsageError(f"of {', '.join(titles)} one is given twice; give each feature once.")
        for title in filter(self.takes, self.columns or ()):
            _one_of("feature", title, titles)
        taken = [table for table in tables if self.takes(table.recipe.title)]
        if not taken:
            raise UsageError(f"of {', '.join(titles) or 'no features'} nothing is left: no weight, or no column kept.")
        return sorted(taken, key=lambda table: in_order(table.recipe.title))

    def _part(
        self, table: FeatureTable, columns: npt.NDArray[np.int64] | None, values: F32, mask: Mask
    ) -> tuple[Part, Piece]:
        title, entries = table.recipe.title, values.shape[1]
        if columns is not None:
            if columns.max() >= entries:
                raise UsageError(f"column {columns.max()} of {title} is kept; it has {entries}, counted from 0.")
            values = values[:, columns]
        scaling = self.scalings.get(title, self.scaling)
        scale = SCALINGS[scaling](values, mask) if scaling != "none" else None
        furthest = self.furthest if scaling in IN_DEVIATIONS else None
        scaled = scaled_by(values, mask, scale, furthest)
        steps: tuple[Step, ...] = ()
        width = scaled.shape[1]
        if self.reduce is not None and self.reduce.per == "feature":
            steps, width = self.reduce.fit(scaled, mask, width)
        for step in steps:
            scaled = step(scaled, mask)
        part = Part(
            title=title,
            recipe=table.recipe.hash,
            entries=entries,
            columns=columns,
            scale=scale,
            furthest=furthest,
            steps=steps,
            width=width,
            out=scaled.shape[1],
        )
        return part, part.piece(scaled, mask)

    def _wholes(self, pieces: Sequence[Piece]) -> tuple[tuple[Whole, ...], tuple[Whole, ...]]:
        """What is learned of whole panels: their reduction, and the width that they share to be added up."""
        reduced: list[Whole] = []
        common: list[Whole] = []
        if self.reduce is not None and self.reduce.per == "panel":
            for panel, own in by_panel(pieces).items():
                centre = Whole.centre_of(own)
                values, mask = Whole.joined(own, centre)
                # Balanced pieces make a panel of about length 1; the whole width is that of what is not.
                width = sum(piece.width for piece in own) if self.balance == "none" else 1
                steps, width = self.reduce.fit(values, mask, width)
                reduced.append(Whole(panel=panel, centre=centre, steps=steps, width=width))
            pieces = _made(reduced, pieces, self.balance)
        if self.method in ADDING:
            for panel, own in by_panel(pieces).items():
                centre = Whole.centre_of(own)
                values, mask = Whole.joined(own, centre)
                steps = (principal(values, mask, self.width),)
                common.append(Whole(panel=panel, centre=centre, steps=steps, width=self.width))
        return tuple(reduced), tuple(common)


@dataclass(frozen=True, kw_only=True, eq=False)
class Fitted:
    """A fusion and all that it learned. ``learned_from``: the ids of the items that it saw anything of.

    ``parts``: of each feature; ``reduced`` and ``common``: of each panel, where panels are reduced or added up.
    """

    fusion: Fusion
    parts: tuple[Part, ...]
    reduced: tuple[Whole, ...] = ()
    common: tuple[Whole, ...] = ()
    learned_from: tuple[str, ...] = ()

    @property
    def features(self) -> tuple[str, ...]:
        """The titles of those that are in it."""
        return tuple(part.title for part in self.parts)

    def blocks(self, tables: Sequence[FeatureTable], item_ids: Sequence[str]) -> Blocks:
        """Any items as rows that can be searched; a block is masked where an item has nothing of it."""
        given = {table.recipe.title: table for table in tables}
        for part in self.parts:
            if part.title not in given:
                raise UnknownName("feature", part.title, given, hint="Give all that the fusion was fitted on")
        pieces = balanced([part(given[part.title], item_ids) for part in self.parts], self.fusion.balance)
        if self.reduced:
            pieces = _made(self.reduced, pieces, self.fusion.balance)
        asked = self.fusion.panel_weights
        weights = {piece.panel: float(asked.get(piece.panel, 0) if asked else 1) for piece in pieces}
        if self.common:
            panels = by_panel(pieces)
            pieces = [averaged([whole(panels[whole.panel]) for whole in self.common], weights, self.fusion.width)]
        elif self.fusion.method == "late":
            pieces = weighted(directed(pieces), weights)
        else:
            pieces = weighted(pieces, weights)
        return Blocks(
            panels=tuple(piece.panel for piece in pieces),
            names=tuple(piece.name for piece in pieces),
            values=tuple(piece.values for piece in pieces),
            mask=np.stack([piece.mask for piece in pieces], axis=1),
        )

    def to_json(self) -> dict[str, Any]:
        """All but the arrays."""
        wholes = {"reduced": self.reduced, "common": self.common}
        return {
            "fusion": self.fusion.to_json(),
            "features": [
                {
                    **{
                        name: getattr(part, name) for name in ("title", "recipe", "entries", "furthest", "width", "out")
                    },
                    "scale": None if part.scale is None else kind_of(part.scale),
                    "steps": [kind_of(step) for step in part.steps],
                }
                for part in self.parts
            ],
            **{
                name: [
                    {"panel": whole.panel, "width": whole.width, "steps": [kind_of(step) for step in whole.steps]}
                    for whole in own
                ]
                for name, own in wholes.items()
            },
        }

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """All that it learned, by name. The ids of the training items are text as JSON has it, in bytes."""
        ids = json.dumps(self.learned_from).encode()
        found: dict[str, npt.NDArray[Any]] = {"learned_from": np.frombuffer(ids, np.uint8)}
        for part in self.parts:
            _keep(found, f"{part.title}:scale", () if part.scale is None else (part.scale,))
            _keep(found, f"{part.title}:step", part.steps)
        for name, own in (("reduced", self.reduced), ("common", self.common)):
            for whole in own:
                found[f"{name}:{whole.panel}:centre"] = whole.centre
                _keep(found, f"{name}:{whole.panel}:step", whole.steps)
        return found

    @classmethod
    def again(cls, body: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Fitted:
        """From what :meth:`to_json` and :meth:`arrays` gave, the same bit for bit."""
        fusion = Fusion.from_json(body["fusion"])
        parts: list[Part] = []
        for own in body["features"]:
            title = own["title"]
            kept = None if fusion.columns is None else np.array(fusion.columns[title], np.int64)
            scale = None if own["scale"] is None else _steps(f"{title}:scale", [own["scale"]], arrays)[0]
            steps = _steps(f"{title}:step", own["steps"], arrays)
            parts.append(
                Part(
                    title=title,
                    recipe=own["recipe"],
                    entries=own["entries"],
                    columns=kept,
                    scale=scale,
                    furthest=own["furthest"],
                    steps=steps,
                    width=own["width"],
                    out=own["out"],
                )
            )
        wholes = {
            name: tuple(
                Whole(
                    panel=own["panel"],
                    width=own["width"],
                    centre=arrays[f"{name}:{own['panel']}:centre"],
                    steps=_steps(f"{name}:{own['panel']}:step", own["steps"], arrays),
                )
                for own in body[name]
            )
            for name in ("reduced", "common")
        }
        ids = cast("list[str]", json.loads(arrays["learned_from"].tobytes()))
        return cls(fusion=fusion, parts=tuple(parts), learned_from=tuple(ids), **wholes)


def _one_of(what: str, given: str, known: Sequence[str]) -> None:
    if given not in known:
        raise UnknownName(what, given, known)


def _made(wholes: Sequence[Whole], pieces: Sequence[Piece], balance: str) -> list[Piece]:
    """Panels in place of their features; what a reduction gave another length is balanced again."""
    panels = by_panel(pieces)
    return balanced([whole(panels[whole.panel]) for whole in wholes], balance)


def _keep(found: dict[str, npt.NDArray[Any]], where: str, steps: Sequence[Step]) -> None:
    for k, step in enumerate(steps):
        found.update({f"{where}{k}:{name}": values for name, values in step.arrays().items()})


def _steps(where: str, kinds: Sequence[str], arrays: Mapping[str, npt.NDArray[Any]]) -> tuple[Step, ...]:
    found: list[Step] = []
    for k, kind in enumerate(kinds):
        prefix = f"{where}{k}:"
        found.append(again(kind, {name[len(prefix) :]: v for name, v in arrays.items() if name.startswith(prefix)}))
    return tuple(found)
