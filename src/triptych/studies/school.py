"""School: where the rows of a run learn. Each is taught once for each split, and what it learned is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from triptych.errors import UsageError
from triptych.evaluate.record import Choice, Fit
from triptych.evaluate.split import Split
from triptych.models.similarity import Learned, Lessons, Report, Snapshot
from triptych.studies.arrangement import Arranged
from triptych.studies.folds import learned_items
from triptych.studies.learned import kept_or_fitted, name_of
from triptych.studies.learning import Learning, Objective, learning_of
from triptych.studies.material import Material
from triptych.studies.scope import Scope
from triptych.studies.shown import ITEMS, Shown
from triptych.studies.variant import Variant


@dataclass(frozen=True, kw_only=True, eq=False)
class Taught:
    """``place``: the name of the folder that it stands in."""

    learning: Learning
    learned: Learned
    place: str

    @property
    def epoch(self) -> int:
        """The one that the row is judged at."""
        return self.learned.best if self.learning.at == "best" else self.learned.snapshots[-1].epoch

    def fits(self, split: Split) -> list[Fit]:
        objective = self.learning.objective
        rated = Fit(name=f"{objective}, from ratings", kind="similarity", learned_from=split.train)
        if not self.learned.learned_from:
            return [rated]
        return [rated, Fit(name=f"{objective}, from content", kind="embedding", learned_from=self.learned.learned_from)]

    def choices(self) -> list[Choice]:
        """The best epoch is chosen on what the similarity holds back of the training side, so there it is no test."""
        if self.learning.at != "best":
            return []
        epochs = [one["epoch"] for one in self.learned.epochs]
        return [
            Choice(
                model=self.learning.objective,
                role="proposed",
                what="epoch",
                grid={"epoch": epochs},
                chosen={"epoch": self.learned.best},
                chosen_on="held-back",
            )
        ]

    def facts(self, judged: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
        """``judged``: epoch → what its snapshot came to."""
        epochs = {one["epoch"]: dict(one) for one in self.learned.epochs}
        for epoch, figures in judged.items():
            epochs.setdefault(epoch, {"epoch": epoch})["judged"] = figures
        return {
            "epochs": [epochs[epoch] for epoch in sorted(epochs)],
            "best": self.learned.best,
            "learned": {
                "objective": self.learning.objective,
                "at": self.learning.at,
                "epoch": self.epoch,
                "metric": self.learning.metric,
                "place": self.place,
                "items": len(self.learned.learned_from),
                "settings": dict(self.learning.similarity.key),
                **self.learned.facts,
            },
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class School:
    """``folder``: where what is learned is kept; ``data``: the digest of what it is learned from; ``seed``: the
    study's. ``report`` is told of epochs."""

    folder: Path
    data: str
    seed: int
    objectives: Mapping[str, Objective]
    report: Report | None = None

    def taught(
        self, variant: Variant, arranged: Arranged, material: Material, split: Split, scope: Scope, fold: int
    ) -> Taught:
        """Five folds have five seeds: that of the study and those after it."""
        where = repr(variant.name)
        if not len(split.train):
            raise UsageError(f"{where} learns from ratings, and where all ratings judge there are none to learn from.")
        learning = learning_of(variant.learn or {}, seed=self.seed + fold, where=where, objectives=self.objectives)
        similarity = learning.similarity
        key = {
            "similarity": {"objective": learning.objective, "name": similarity.name, "settings": dict(similarity.key)},
            "data": self.data,
            "scope": scope.key,
            "split": dict(split.params),
            "features": variant.chosen(material.titles),
            "fusion": dict(variant.fusion),
            "select": None if variant.select is None else dict(variant.select),
            "seed": self.seed,
        }
        place = name_of(key)

        def tell(what: str, done: int, total: int) -> None:
            del what  # the similarity calls itself otherwise than the row is called
            if self.report is not None:
                self.report(f"{variant.name}, fold {fold + 1}", done, total)

        lessons = _lessons(arranged, material, split, learning)
        if not (self.folder / place / ITEMS).is_file():  # before it learns: what has learned is then told of whole
            _shown(arranged, material).write(self.folder / place)
        learned = kept_or_fitted(similarity, lessons, self.folder / place, key, report=tell)
        return Taught(learning=learning, learned=learned, place=place)


def placed(arranged: Arranged, snapshot: Snapshot, learning: Learning) -> Arranged:
    """The same items, compared by where they were placed."""
    return arranged.by(snapshot.blocks, metric=learning.metric)


def _shown(arranged: Arranged, material: Material) -> Shown:
    return Shown.of(
        material.items,
        material.history,
        content=arranged.blocks,
        weights=arranged.weights,
        metric=arranged.metric,
    )


def _lessons(arranged: Arranged, material: Material, split: Split, learning: Learning) -> Lessons:
    chosen = set(learned_items(split))
    return Lessons(
        blocks=arranged.blocks,
        train=split.train,
        may_learn=np.array([item_id in chosen for item_id in material.item_ids], bool),
        genres=material.genres[0],
        sequences=material.sequences(learning.sequences),
    )
