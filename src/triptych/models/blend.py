"""Blend: a weighted sum of other models' predictions, weighed on validation rows.

With two parts the prediction is k·a + (1 − k)·b, and k the best of a grid from 0 to 1, as Lehmann 2021 has it; the
whole curve is kept. With more it is Σ w_j p_j + b, with w ≥ 0, which makes

    mean over validation rows of (r − Σ w_j p_j − b)²  +  λ Σ (w_j − 1/m)²

least: many parts say nearly the same, and λ keeps m of them near alike where the rows cannot tell them apart. The parts
have learned from the other training rows only; then they learn again, from all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self, cast

import numpy as np
import numpy.typing as npt

from triptych.errors import UnknownName, UsageError
from triptych.models.predictor import Asked, Prediction, RatingLessons, RatingModel, RatingPredictor, Report
from triptych.models.predictors import model_of, seeded

F64 = npt.NDArray[np.float64]

#: Of a normal distribution, how many standard deviations about the mean hold the middle 80 %.
MIDDLE = 1.2815515655446004
#: What is blended where nothing else is said.
PARTS: Sequence[Mapping[str, Any]] = ({"model": "svd++"}, {"model": "item-knn-z"})


@dataclass(frozen=True, kw_only=True)
class Blend:
    """``parts``: names of rating models, or tables ``{model = "…", settings = {…}}``, or one table of settings by name.

    ``held``: the share of the training rows that is held back to weigh by where no validation is given. ``step``: of
    the grid, for two parts. ``penalty``: λ, for more. ``refit``: whether the parts learn from all training rows in the
    end; without, those that were weighed answer. ``seed`` decides which rows are held back, and is that of each part
    that draws and has none of its own.
    """

    parts: Sequence[str | Mapping[str, Any]] | Mapping[str, Mapping[str, Any]] = PARTS
    held: float = 0.1
    step: float = 0.05
    penalty: float = 1e-3
    refit: bool = True
    seed: int = 0
    name: str = "blend"

    def __post_init__(self) -> None:
        if not 0 < self.held < 1:
            raise UsageError(f"held is {self.held:g}; it is a share of the training rows, above 0 and below 1.")
        if not 0 < self.step <= 1 or abs(round(1 / self.step) * self.step - 1) > 1e-9:
            raise UsageError(f"step is {self.step:g}; it goes into 1 a whole number of times, such as 0.05.")
        if not (np.isfinite(self.penalty) and self.penalty >= 0):
            raise UsageError(f"penalty is {self.penalty:g}; it is a number of 0 or more.")
        object.__setattr__(self, "parts", tuple(_parts(self.parts)))
        for part in self._parts:
            self._model(part)  # so that what cannot be made is said before anything is fitted

    @classmethod
    def preset(cls, preset: str, **settings: Any) -> Self:
        if preset not in PRESETS:
            raise UnknownName("preset of a blend", preset, PRESETS)
        told: dict[str, Any] = {"name": preset, **PRESETS[preset], **settings}
        return cls(**told)

    @property
    def _parts(self) -> tuple[Mapping[str, Any], ...]:
        return cast("tuple[Mapping[str, Any], ...]", self.parts)

    def _model(self, part: Mapping[str, Any]) -> RatingModel:
        name, settings = str(part["model"]), dict(part["settings"])
        made = model_of(name, settings, where=f"the parts of {self.name}")
        own = {"seed": self.seed, **settings}
        return model_of(name, own) if seeded(name, settings, self.seed).keys() == own.keys() else made

    @property
    def key(self) -> Mapping[str, Any]:
        return {
            "model": "Blend",
            "parts": [dict(self._model(part).key) for part in self._parts],
            **{name: getattr(self, name) for name in ("held", "step", "penalty", "refit", "seed")},
        }

    def fit(self, lessons: RatingLessons, *, folder: Path | None = None, report: Report | None = None) -> Blended:
        inner, held = lessons.held_back(seed=self.seed, share=self.held)
        first = self._fitted(replace(lessons, train=inner, validation=None), "weigh", folder, report)
        asked = Asked.of(held)
        told = [part.predict(asked) for part in first]
        means, truth = np.stack([one.mean for one in told]), held.values.astype(np.float64)
        weights, offset, curve = self._weighed(means, truth, lessons)
        last = first
        if self.refit and inner is not lessons.train:
            last = self._fitted(lessons, "refit", folder, report)
        error = np.abs(lessons.clipped(weights @ means + offset) - truth)
        spread = _spread(weights, [one.sd for one in told], len(truth))
        unsure = spread > 0
        factor = float(np.quantile(error[unsure] / spread[unsure], 0.8)) / MIDDLE if unsure.any() else 0.0
        facts: dict[str, Any] = {
            "parts": [
                {
                    "model": part["model"],
                    "settings": dict(part["settings"]),
                    "weight": float(weight),
                    "validation_rmse": _rmse(mean, truth),
                    "facts": dict(fitted.facts),
                }
                for part, weight, mean, fitted in zip(self._parts, weights, means, last, strict=True)
            ],
            "offset": offset,
            "curve": curve,
            "validation_rows": len(held),
            "validation_rmse": _rmse(lessons.clipped(weights @ means + offset), truth),
            "refitted": last is not first,
            "sd_factor": factor,
        }
        return Blended(lessons=lessons, parts=tuple(last), weights=weights, offset=offset, factor=factor, facts=facts)

    def _fitted(
        self, lessons: RatingLessons, stage: str, folder: Path | None, report: Report | None
    ) -> list[RatingPredictor]:
        found: list[RatingPredictor] = []
        for k, part in enumerate(self._parts):
            own = None if folder is None else folder / f"{stage}-{k}-{part['model']}"
            found.append(self._model(part).fit(lessons, folder=own, report=report))
            if report:
                report(stage, k + 1, len(self._parts))
        return found

    def _weighed(self, means: F64, truth: F64, lessons: RatingLessons) -> tuple[F64, float, list[dict[str, float]]]:
        if len(means) == 1:
            return np.ones(1), 0.0, []
        if len(means) == 2:
            grid = np.arange(round(1 / self.step) + 1) / round(1 / self.step)
            losses = [_rmse(lessons.clipped(k * means[0] + (1 - k) * means[1]), truth) for k in grid]
            best = float(grid[int(np.argmin(losses))])
            curve = [{"k": float(k), "rmse": loss} for k, loss in zip(grid, losses, strict=True)]
            return np.array([best, 1 - best]), 0.0, curve
        return *_stacked(means, truth, self.penalty), []


def _parts(given: Any) -> list[dict[str, Any]]:
    if isinstance(given, Mapping):
        given = [{"model": name, "settings": settings} for name, settings in cast("Mapping[str, Any]", given).items()]
    if isinstance(given, str) or not isinstance(given, Sequence) or not given:
        raise UsageError("a blend needs parts: names of rating models, or tables with a model and its settings.")
    found: list[dict[str, Any]] = []
    for one in cast("Sequence[Any]", given):
        part: dict[str, Any] = {"model": one} if isinstance(one, str) else dict(one)
        for name in part:
            if name not in ("model", "settings"):
                raise UnknownName("entry of a part of a blend", name, ("model", "settings"))
        if not isinstance(part.get("model"), str):
            raise UsageError('a part of a blend names no model; write model = "…", and its settings in a table.')
        found.append({"model": part["model"], "settings": dict(part.get("settings") or {})})
    return found


def _stacked(means: F64, truth: F64, penalty: float) -> tuple[F64, float]:
    """Weights of 0 or more, and the offset."""
    from scipy import optimize

    solver: Any = optimize
    parts, rows = means.shape
    centre, usual = means.mean(axis=1), float(truth.mean())
    pull = np.sqrt(penalty * rows)
    left = np.vstack([(means - centre[:, None]).T, pull * np.eye(parts)])
    right = np.concatenate([truth - usual, np.full(parts, pull / parts)])
    weights = np.asarray(solver.nnls(left, right)[0], np.float64)
    return weights, usual - float(weights @ centre)


def _rmse(mean: F64, truth: F64) -> float:
    return float(np.sqrt(np.mean((mean - truth) ** 2)))


def _spread(weights: F64, sds: Sequence[F64 | None], rows: int) -> F64:
    """What the parts that know a standard deviation say of it, by their weights; 1 where none does."""
    known = [(weight, sd) for weight, sd in zip(weights, sds, strict=True) if sd is not None and weight > 0]
    if not known:
        return np.ones(rows)
    return np.sqrt(sum(weight * sd**2 for weight, sd in known) / sum(weight for weight, _ in known))


@dataclass(frozen=True, kw_only=True, eq=False)
class Blended:
    """``factor``: what makes 80 % of the validation rows lie within the middle 80 % that their deviations tell of."""

    lessons: RatingLessons
    parts: tuple[RatingPredictor, ...]
    weights: F64
    offset: float
    factor: float
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def predict(self, asked: Asked) -> Prediction:
        told = [part.predict(asked) for part in self.parts]
        mean = self.offset + sum(weight * one.mean for weight, one in zip(self.weights, told, strict=True))
        spread = _spread(self.weights, [one.sd for one in told], len(asked))
        return Prediction(mean=self.lessons.clipped(np.asarray(mean)), sd=spread * self.factor)


#: The best there is here: two that err otherwise. What each reads, and when it is known, its facts tell.
PRESETS: Mapping[str, Mapping[str, Any]] = {
    "best": {
        "parts": (
            {"model": "gaussian", "settings": {}},
            {"model": "fm", "settings": {"moments": ("day", "user-day"), "iterations": 200, "kept": 160}},
        )
    },
}
