"""Rated: one rating model, fitted and judged, with what it cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from triptych.evaluate.cost import Cost, Meter, spending
from triptych.evaluate.measured import Measured
from triptych.evaluate.protocols.choosing import Choosing
from triptych.evaluate.protocols.rating_prediction import Predicted, asked, judged
from triptych.evaluate.split import Split
from triptych.models.predictor import RatingLessons, RatingModel, Report


@dataclass(frozen=True, kw_only=True, eq=False)
class Rated:
    """``rows``: *overall*, *warm* and *cold*. ``facts``: what the predictor tells of itself."""

    name: str
    key: Mapping[str, Any]
    facts: Mapping[str, Any]
    rows: Mapping[str, Predicted]
    cost: Cost

    def to_json(self, *, seed: int, level: float = 0.95, draws: int = 1000) -> dict[str, Any]:
        """All figures, with intervals by drawing users anew; ``certainty`` of all ratings, None where none is said."""
        return {
            "model": self.name,
            "key": dict(self.key),
            "facts": dict(self.facts),
            "cost": asdict(self.cost),
            "rows": {row: _told(one, seed, level, draws) for row, one in self.rows.items()},
            "certainty": _certain(self.rows["overall"]),
            "bootstrap": {"seed": seed, "level": level, "draws": draws},
        }


def rated(
    model: RatingModel,
    lessons: RatingLessons,
    split: Split,
    *,
    side: str = "test",
    choosing: Choosing | None = None,
    folder: Path | None = None,
    report: Report | None = None,
    meter: Callable[[], Any] = spending,
) -> Rated:
    """Fit to ``lessons``, ask about the rows of ``side``, and judge. ``meter``: opens what measures the cost."""
    opened: Meter
    with meter() as opened:
        predictor = model.fit(lessons, folder=folder, report=report)
    fit = opened.spent
    rows = split.validation if side == "validation" else split.test
    with meter() as opened:
        said = asked(predictor, rows)
    return Rated(
        name=model.name,
        key=model.key,
        facts=predictor.facts,
        rows=judged(said, split, name=model.name, side=side, scale=lessons.scale, choosing=choosing),
        cost=Cost.of(fit, opened.spent),
    )


def _told(one: Predicted, seed: int, level: float, draws: int) -> dict[str, Any]:
    reach = one.intervals(seed=seed, level=level, draws=draws)
    chosen = one.chosen
    return {
        "ratings": len(one.judged),
        "users": len(one.measured.ids),
        "metrics": dict(one.measured.whole),
        "chosen": None if chosen is None or not chosen.whole else _choice(chosen),
        "intervals": {metric: {"low": found.low, "high": found.high} for metric, found in reach.items()},
    }


def _choice(chosen: Measured) -> dict[str, Any]:
    """Where nobody likes anything, there is only what is told of all together."""
    return {"users": len(chosen.ids), **(chosen.means() if chosen.ids else chosen.whole)}


def _certain(one: Predicted) -> dict[str, Any] | None:
    found = one.certainty
    if found is None:
        return None
    return {
        "levels": list(found.levels),
        "covered": list(found.covered),
        "widths": list(found.widths),
        "curve": [found.nominal.tolist(), found.found.tolist()],
        "error": found.error,
        "nll": found.nll,
        "crps": found.crps,
    }
