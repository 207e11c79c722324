"""Networks: what the rows of a study are trained by, part by part, as the papers have them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from triptych.errors import MissingExtra
from triptych.studies.learning import OBJECTIVES, Objective, check_needs
from triptych.studies.study import Study


@dataclass(frozen=True, kw_only=True)
class Network:
    """``lines``: of each module, and of each part of it, the shape of what it gives and how many numbers are trained.
    ``total``: of all. ``nothing``: why there are none, if so."""

    lines: tuple[Mapping[str, Any], ...] = ()
    total: int | None = None
    nothing: str = ""


def networks(study: Study, objectives: Mapping[str, Objective] = OBJECTIVES) -> dict[str, Network]:
    """Objective → its network with the towers of its paper; a study's own have the widths of the features there are.
    Of those whose paper has such a table."""
    asked = dict.fromkeys(
        str(one.learn["objective"]) for one in study.variants if one.learn and "objective" in one.learn
    )
    return {name: _network(name, objectives[name]) for name in asked if name in objectives and objectives[name].paper}


def _network(name: str, objective: Objective) -> Network:
    try:
        check_needs(name, objective)
    except MissingExtra as fault:
        return Network(nothing=str(fault))
    module, _, called = objective.paper.partition(":")
    found: list[dict[str, Any]] = getattr(import_module(module), called)(objective.preset)
    return Network(lines=tuple(found[:-1]), total=int(found[-1]["parameters"]))
