"""Learning: what a row's ``learn`` asks for, as the settings of a similarity. Which there are stands in one table.

What learns is imported where a row asks for it, and not before: it needs torch, which a study may do without.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from triptych.errors import MissingExtra, UnknownName, UsageError
from triptych.models.similarity import Similarity

#: By which epoch a row is judged: the best by validation, or the last.
AT = ("best", "last")


@dataclass(frozen=True, kw_only=True)
class Objective:
    """``settings``: ``module:Class`` of the settings, whose fields a row may set; ``preset``: the name that its
    ``preset`` is asked for, "" where the class itself is called. ``metric``: by which items are compared where they are
    placed. ``sequence``: the setting, if any, that names the feature in time that is looked at, in place of all others.
    ``also``: what a row may set besides, and ``own`` what it may not. ``paper``: ``module:function`` that tells, of a
    preset, the trainable parameters of the paper's own network line by line, the last being all. ``needs``: packages.
    """

    settings: str
    preset: str = ""
    metric: str = "cosine"
    sequence: str = ""
    also: tuple[str, ...] = ()
    own: tuple[str, ...] = ("name", "seed", "trainer")
    paper: str = ""
    needs: tuple[str, ...] = ("torch", "safetensors")


def _siamese(preset: str, metric: str) -> Objective:
    """Of its trainer's settings those that its presets take."""
    return Objective(
        settings="triptych.models.siamese.siamese:Siamese",
        preset=preset,
        metric=metric,
        paper="triptych.models.siamese.presets:table",
        also=("epochs", "patience", "device", "threads", "precision", "plateau", "weight_decay", "rates"),
    )


def _affinity(preset: str) -> Objective:
    return Objective(
        settings="triptych.models.affinity.affinity:Affinity",
        preset=preset,
        also=("epochs", "rate", "patience", "plateau", "device", "threads"),
    )


OBJECTIVES: Mapping[str, Objective] = {
    "pair-cosine": _siamese("pair-cosine", "cosine"),
    "pair-euclidean": _siamese("pair-euclidean", "euclidean"),
    "triplet-cosine": _siamese("triplet-cosine", "cosine"),
    "triplet-euclidean": _siamese("triplet-euclidean", "euclidean"),
    "rank": _affinity("affinity"),
    "rank-launch": _affinity("affinity-launch"),
    "rank-popular": _affinity("affinity-popular"),
    "trailer": Objective(settings="triptych.models.trailer_net.trailer_net:TrailerNet", sequence="title"),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Learning:
    """What a row learns by. ``at``: the epoch it is judged at; ``sequences``: titles of what it looks at in time."""

    objective: str
    similarity: Similarity
    metric: str
    at: str = "best"
    sequences: tuple[str, ...] = ()


def learning_of(
    settings: Mapping[str, Any], *, seed: int, where: str, objectives: Mapping[str, Objective] = OBJECTIVES
) -> Learning:
    """``settings``: ``objective``, ``at``, and fields of the objective's settings. MissingExtra where a package is
    missing; UsageError for what there is not."""
    asked = dict(settings)
    name, at = asked.pop("objective", None), asked.pop("at", "best")
    if name is None:
        raise UsageError(f"{where} learns, and does not say what: give objective, one of {', '.join(objectives)}.")
    if name not in objectives:
        raise UnknownName(f"objective in {where}", str(name), objectives)
    if at not in AT:
        raise UnknownName(f"epoch to be judged at in {where}", str(at), AT)
    if "seed" in asked:
        raise UsageError(f"{where} gives a seed to its learning; each fold has one of its own, from that of the study.")
    objective = objectives[name]
    check_needs(name, objective)
    made = _class_of(objective)
    known = [one.name for one in fields(made) if one.init and one.name not in objective.own]
    for setting in asked:
        if setting not in (*known, *objective.also):
            raise UnknownName(f"setting of {name} in {where}", setting, [*known, *objective.also, "at"])
    try:
        if objective.preset:
            similarity = made.preset(objective.preset, **asked, seed=seed)
        else:
            similarity = made(**asked, seed=seed)
    except (TypeError, ValueError, AttributeError) as fault:  # a number where there is text, a list where a table is
        raise UsageError(f"the learning of {where} cannot be read: {fault}.") from fault
    return Learning(
        objective=name,
        similarity=similarity,
        metric=objective.metric,
        at=at,
        sequences=sequences_of(settings, objectives),
    )


def check_needs(name: str, objective: Objective) -> None:
    """MissingExtra for a package that is not there."""
    for package in objective.needs:
        if find_spec(package) is None:
            raise MissingExtra(f"The objective {name}", "train", missing=package)


def sequences_of(
    settings: Mapping[str, Any] | None, objectives: Mapping[str, Objective] = OBJECTIVES
) -> tuple[str, ...]:
    """Titles of the features in time that are looked at; without the packages, too, that learning needs."""
    objective = objectives.get(str((settings or {}).get("objective")))
    if settings is None or objective is None or not objective.sequence:
        return ()
    usual = {one.name: one.default for one in fields(_class_of(objective))}
    return (str(settings.get(objective.sequence, usual[objective.sequence])),)


def _class_of(objective: Objective) -> Any:
    module, _, called = objective.settings.partition(":")
    return getattr(import_module(module), called)
