"""Trial: one fold of a protocol, in which each row learns what it may and is judged; what it comes to is a cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from triptych.evaluate.measured import Measured
from triptych.evaluate.protocols.full_ranking import full_ranking
from triptych.evaluate.protocols.item_based import item_based, judges
from triptych.evaluate.record import Fit
from triptych.evaluate.split import Split
from triptych.models.background import Field
from triptych.models.recommender import Recommender
from triptych.models.similarity import Snapshot
from triptych.studies import controls
from triptych.studies.arrangement import Arranged, arrange
from triptych.studies.assessment import Assessment, one_told
from triptych.studies.cell import Cell
from triptych.studies.known import Known, learned_field
from triptych.studies.lists import I64
from triptych.studies.material import Material
from triptych.studies.predicting import Predicting
from triptych.studies.protocol import Protocol
from triptych.studies.school import School, Taught, placed
from triptych.studies.scope import Scope
from triptych.studies.study import Study
from triptych.studies.variant import Variant


@dataclass(frozen=True, kw_only=True, eq=False)
class Trial:
    """``fold``: its number, 0 the first. ``material``: the items of ``scope``; ``known``: what is known of them besides
    ratings, read off the material where it is not given; ``school``: where rows learn."""

    study: Study
    scope: Scope
    material: Material
    protocol: Protocol
    split: Split
    fold: int
    school: School
    known: Known | None = None

    def of_ratings(self, asked: Predicting, number: int, place: Path, variant: Variant | None = None) -> Cell:
        """A rating model, fitted for the ``number``-th time, 0 the first: by the study's seed, or one after it.
        ``place``: where it keeps its checkpoints. ``variant``: None of a control."""
        learned: Field | None = None
        taught: Taught | None = None
        fits: tuple[Fit, ...] = ()
        if variant is not None and variant.learn is not None:
            arranged = arrange(variant, self.material, self.split, seed=self.study.seed)
            taught = self.school.taught(variant, arranged, self.material, self.split, self.scope, self.fold)
            snapshot = next(one for one in taught.learned.snapshots if one.epoch == taught.epoch)
            learned, fits = learned_field(snapshot), (*arranged.fits, *taught.fits(self.split))

        def tell(what: str, done: int, total: int) -> None:
            if self.school.report is not None:
                self.school.report(f"{asked.where}, fold {self.fold + 1}: {what}", done, total)

        made = Assessment(
            protocol=self.protocol,
            split=self.split,
            known=self.known or Known(material=self.material),
            place=place,
            seed=self.study.seed + number,
            learned=learned,
            report=tell,
        ).cell(asked)
        if taught is None:
            return made
        own = self._cell({}, fits, taught.choices(), {}).facts
        both = {name: [*own[name], *made.facts[name]] for name in ("fits", "choices")}
        return replace(made, facts={**made.facts, **taught.facts({}), **both})

    def of_variant(self, variant: Variant) -> Cell:
        arranged = arrange(variant, self.material, self.split, seed=self.study.seed)
        if variant.learn is not None:
            return self._of_learned(variant, arranged)
        return self._cell(self._judged(arranged, variant.name), arranged.fits, (), arranged.facts)

    def of_control(self, name: str) -> Cell:
        study, protocol = self.study, self.protocol
        control = controls.learned(name, self.material, self.split, protocol, study.tuning, study.seed)
        if protocol.kind == "item-based":
            lists = controls.neighbours(control, name, self.material, protocol, study.seed)
            measured = {"": self._by_lists(lists, name)}
        else:
            measured = self._by_ranking(control.recommender, name)
        return self._cell(measured, control.fits, control.choices, control.facts)

    def _of_learned(self, variant: Variant, arranged: Arranged) -> Cell:
        """Every snapshot is judged, so that it is seen how ranking fares while training goes on; the row's own figures
        are of one epoch alone, which is not chosen by these."""
        taught = self.school.taught(variant, arranged, self.material, self.split, self.scope, self.fold)
        own: dict[str, Measured] = {}
        judged: dict[int, dict[str, Any]] = {}
        for snapshot in taught.learned.snapshots:
            mine = snapshot.epoch == taught.epoch
            found = self._judged_at(taught, snapshot, arranged, variant.name, character=mine)
            judged[snapshot.epoch] = self._means(found)
            own = found if mine else own
        facts = {**arranged.facts, **taught.facts(judged)}
        if taught.learning.sequences:
            facts["widths"] = self.material.widths_of(taught.learning.sequences)
        return self._cell(own, (*arranged.fits, *taught.fits(self.split)), taught.choices(), facts)

    def _judged_at(
        self, taught: Taught, snapshot: Snapshot, arranged: Arranged, name: str, *, character: bool
    ) -> dict[str, Measured]:
        where = placed(arranged, snapshot, taught.learning)
        if self.protocol.kind != "item-based":
            similarity, told = taught.learning.similarity, self.split.told
            recommender = similarity.recommender(snapshot, told, like=self.protocol.like)
            if recommender is not None:
                return self._by_ranking(recommender, name, character=character)
        return self._judged(where, name, character=character)

    def _judged(self, arranged: Arranged, name: str, *, character: bool = True) -> dict[str, Measured]:
        """What items are compared by, as lists or as neighbours that speak for them."""
        seed = self.study.seed
        if self.protocol.kind == "item-based":
            return {"": self._by_lists(arranged.lists(n=max(self.protocol.cutoffs), seed=seed), name)}
        neighbours = arranged.neighbours(k=self.protocol.neighbours, like=self.protocol.like, seed=seed)
        return self._by_ranking(neighbours.fit(self.split.told), name, character=character)

    def _by_lists(self, lists: I64, name: str) -> Measured:
        listed, history = judges(self.split)
        one = self.protocol
        of_listed = np.where(listed[:, None], lists, -1)
        return item_based(of_listed, history, name=name, like=one.like, least=one.least, cutoffs=one.cutoffs)

    def _by_ranking(self, recommender: Recommender, name: str, *, character: bool = True) -> dict[str, Measured]:
        """``character``: whether to tell what lists are like, too."""
        genres, names = self.material.genres
        told = genres if names and character else None
        found = full_ranking(
            recommender,
            self.split,
            name=name,
            rows=self.protocol.rows,
            like=self.protocol.like,
            cutoffs=self.protocol.cutoffs,
            seed=self.study.seed,
            vectors=told,
            genres=told,
        )
        return {row: ranked.measured for row, ranked in found.items()}

    def _means(self, found: Mapping[str, Measured]) -> dict[str, Any]:
        """Metric → mean, or that for each row of the protocol where it has several. What is no number is left out."""
        means = {
            row: {metric: value for metric, value in one.means().items() if np.isfinite(value)}
            for row, one in found.items()
        }
        return next(iter(means.values())) if len(means) == 1 else means

    def _cell(self, measured: Mapping[str, Measured], fits: Any, choices: Any, facts: Mapping[str, Any]) -> Cell:
        told = {
            "fits": [one_told(fit) for fit in fits],
            "choices": [asdict(choice) for choice in choices],
            **facts,
        }
        return Cell(measured=measured, seconds=0.0, facts=told)
