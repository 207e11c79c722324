"""Chosen: what a rating model chose while it was fitted, by what it tells of it, as the audit has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from triptych.evaluate.record import Choice


def choices_of(name: str, told: Mapping[str, Any], *, role: str, held: str) -> list[Choice]:
    """``told``: the facts of a predictor; ``held``: the rows that decided, "validation" or "held-back"."""
    common: dict[str, Any] = {"model": name, "role": role, "chosen_on": held}
    if (curve := weights_of(told)) is not None:
        return [
            Choice(
                **common,
                what="weight",
                grid={"weight": [weight for weight, _ in curve]},
                chosen={"weight": told["parts"][0]["weight"]},
                limits={"weight": (0.0, 1.0)},
            )
        ]
    tried, epoch = _epochs(told)
    if tried:
        return [Choice(**common, what="epoch", grid={"epoch": tried}, chosen={"epoch": epoch}, trials=1)]
    settings = {setting: told[setting] for setting in told if setting.endswith("_damping")}
    if settings and told.get("tried"):
        # Which values were tried of each, the model keeps to itself; how many, it tells.
        return [Choice(**common, grid={}, chosen=settings, trials=int(told["tried"]))]
    return []


def weights_of(told: Mapping[str, Any]) -> list[tuple[float, float]] | None:
    """Of a blend of two models: the weight of the first, and the RMSE by which it was chosen. None of any other."""
    parts: Any = told.get("parts")
    curve: Any = told.get("curve")
    if not isinstance(parts, Sequence) or len(cast("Sequence[Any]", parts)) != 2 or not curve:
        return None
    return [(float(point["k"]), float(point["rmse"])) for point in curve]


def _epochs(told: Mapping[str, Any]) -> tuple[list[int], int]:
    """Those that were tried, and the best. A model tells a line for each and which was the best; or how many were best,
    and what each came to."""
    epochs: Any = told.get("epochs")
    curve: Any = told.get("curve")
    if isinstance(epochs, int) and curve:
        return list(range(1, len(curve) + 1)), epochs
    if epochs and not isinstance(epochs, int) and told.get("best") is not None:
        return [int(line["epoch"]) for line in epochs], int(told["best"])
    return [], 0
