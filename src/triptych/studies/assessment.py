"""Assessment: one fit of a rating model on one fold, and how far what it says is from what users said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from triptych.errors import UsageError
from triptych.evaluate.cost import Cost, spending
from triptych.evaluate.protocols.choosing import Choosing
from triptych.evaluate.protocols.rating_prediction import Predicted, rating_prediction
from triptych.evaluate.record import Choice, Fit
from triptych.evaluate.split import Split
from triptych.models.background import Field
from triptych.models.predictor import Asked, RatingLessons, RatingModel, RatingPredictor, Report
from triptych.studies import rated
from triptych.studies.cell import Cell
from triptych.studies.chosen import choices_of, weights_of
from triptych.studies.known import Known, scale_of
from triptych.studies.learned import finite, name_of
from triptych.studies.predicting import Predicting, grid_of
from triptych.studies.protocol import Protocol

#: Numbers of neighbours at which a model that compares content is asked, beside its own.
KS = (1, 2, 3, 5, 8, 12, 20, 40, 80)


@dataclass(frozen=True, kw_only=True, eq=False)
class Assessment:
    """``place``: where what trains long keeps its checkpoints, and a search its trials, for this fit alone; whoever
    keeps the cell removes it then. ``learned``: what the row learned of items, if anything."""

    protocol: Protocol
    split: Split
    known: Known
    place: Path
    seed: int
    learned: Field | None = None
    report: Report | None = None

    def cell(self, asked: Predicting) -> Cell:
        """Fitted by ``seed`` and judged. What it is taught by is the training side alone."""
        split, protocol = self.split, self.protocol
        scale = scale_of(protocol.scale, split)
        base = asked.model(self.seed)
        background, fits = self.known.of(split, base.key, self.learned)
        lessons = RatingLessons(
            train=split.train,
            scale=scale,
            validation=split.validation if len(split.validation) else None,
            background=background,
        )
        # By the settings too: of those of another version there may be checkpoints left, which are none of these.
        place = self.place / name_of({"rating": dict(base.key)})
        model, searched, choices = self._searched(asked, base, lessons, place)
        with spending() as fitting:
            predictor = model.fit(lessons, folder=place / "model", report=self.report)
        with spending() as predicting:
            found = rating_prediction(
                predictor, split, name=asked.where, rows=protocol.rows, scale=scale, choosing=self._choosing()
            )
        told = dict(predictor.facts)
        facts: dict[str, Any] = {
            "kind": "ratings",
            "seed": self.seed,
            "scale": list(scale),
            "cost": rated.cost(Cost.of(fitting.spent, predicting.spent)),
            "model": {"name": model.name, "key": dict(model.key), "facts": told},
            **rated.facts(found, split, relevant=protocol.relevant),
            **self._swept(predictor, found[protocol.rows[0]]),
            **self._weighed(predictor, found[protocol.rows[0]], scale),
            **({} if searched is None else {"searched": searched}),
        }
        held = "validation" if lessons.validation is not None else "held-back"
        fits = [*fits, *_fits(model.name, split)]
        role = "baseline" if asked.control else "proposed"
        choices = [*choices, *choices_of(model.name, told, role=role, held=held)]
        return Cell(
            measured=rated.measured(found),
            seconds=0.0,
            facts=finite(
                {"fits": [one_told(fit) for fit in fits], "choices": [asdict(one) for one in choices], **facts}
            ),
        )

    def _choosing(self) -> Choosing:
        genres, names = self.known.material.genres
        return Choosing(
            relevant_from=self.protocol.relevant,
            recommended_from=self.protocol.recommended,
            cutoffs=self.protocol.cutoffs,
            vectors=genres if names else None,
            seed=self.protocol.seed,
        )

    def _searched(
        self, asked: Predicting, base: RatingModel, lessons: RatingLessons, place: Path
    ) -> tuple[RatingModel, dict[str, Any] | None, list[Choice]]:
        """The model with settings that were chosen on validation rows, if the row asks for that."""
        if asked.searching is None:
            return base, None, []
        from triptych.models.search import search

        searching = asked.searching

        def tell(trial: object, number: int, of: int) -> None:
            if self.report is not None:
                self.report("trial", number, of)

        found = search(
            asked.name,
            lessons,
            grid=grid_of(asked),
            settings=asked.settings,
            budget=searching.budget,
            extend=searching.beyond if searching.method == "grid" else 0,
            method=searching.method,
            seed=self.seed,
            folder=place / "search",
            progress=tell,
        )
        chosen = Choice.of(found, role="proposed", chosen_on=found.chosen_on)
        return found.model, found.to_json(), [chosen]

    def _swept(self, predictor: RatingPredictor, one: Predicted) -> dict[str, Any]:
        """What is said at other numbers of neighbours. It describes the test, and nothing is chosen by it."""
        by_k: Callable[..., Any] | None = getattr(predictor, "predictions_by_k", None)
        if by_k is None or not len(one.judged):
            return {}
        own = getattr(predictor, "k", None)
        ks = sorted({*KS, *(() if own is None else (int(own),))})
        said = np.asarray(by_k(Asked.of(one.judged), ks), np.float64)
        return {"sweep": rated.sweep("k", ks, said, one.judged, chosen=own)}

    def _weighed(self, predictor: RatingPredictor, one: Predicted, scale: tuple[float, float]) -> dict[str, Any]:
        """Of a blend of two what each weight would come to on the test, so that it can be said what choosing there is
        worth. The row's own weight is that of the validation."""
        judged, parts = weights_of(predictor.facts), getattr(predictor, "parts", ())
        if judged is None or len(parts) != 2 or not len(one.judged):
            return {}
        asked = Asked.of(one.judged)
        first, second = (part.predict(asked).mean for part in parts)
        weights = [weight for weight, _ in judged]
        said = np.array([np.clip(k * first + (1 - k) * second, *scale) for k in weights])
        chosen = float(predictor.facts["parts"][0]["weight"])
        return {
            "weighing": rated.weighing(judged, weights, said, one.judged, chosen),
            "sweep": rated.sweep("weight", weights, said, one.judged, chosen=chosen),
        }


def one_told(fit: Fit) -> dict[str, Any]:
    """A fit as JSON. The rows of the training side are said by name: they are in the record as it is."""
    rows = fit.unit == "interactions"
    return {"name": fit.name, "kind": fit.kind, "unit": fit.unit, "ids": "train" if rows else list(fit.learned_from)}  # pyright: ignore[reportArgumentType]


def _fits(name: str, split: Split) -> list[Fit]:
    if not len(split.train):
        raise UsageError("where all ratings judge there are none to learn from; give the protocol another split.")
    return [Fit(name=name, kind="model", learned_from=split.train)]
