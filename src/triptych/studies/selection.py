"""Selection: which columns a variant keeps on one fold, by what the training side tells."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from triptych.errors import UnknownName, UsageError
from triptych.evaluate.split import Split
from triptych.features.recipe import plain
from triptych.features.table import FeatureTable
from triptych.fusion.pick import Pick
from triptych.fusion.select import Selecting, select
from triptych.fusion.selected import Selected, mean_values
from triptych.studies.material import Material
from triptych.studies.names import names_of

RULES = ("paper", "chance")
FILTERED = "filtered"
#: An item's mean rating is a target only where so many training ratings make it.
LEAST = 5


def selection(
    settings: Mapping[str, Any],
    tables: Sequence[FeatureTable],
    material: Material,
    split: Split,
    train: Sequence[str],
    *,
    seed: int,
    where: str,
) -> tuple[list[FeatureTable], Selected]:
    """What is kept of the features, and why. ``rule``: the paper's, or ``chance``, what stands above chance alone.

    ``keep = "filtered"`` stops after the first stage: what varies, and follows no other column.
    """
    selecting, keep = settings_of(settings, [table.recipe.title for table in tables], where, seed=seed)
    key = json.dumps([plain(selecting, where), [table.recipe.hash for table in tables]])

    def scored() -> Selected:
        target = mean_values(split.train, least=LEAST)
        return select(tables, target, train=train, selecting=selecting, names=names_of(tables))

    selected = material.selected(split, key, scored)
    if keep != FILTERED:
        selected = selected if keep is None else selected.narrowed(keep)
        return selected.tables(tables), selected
    left: dict[str, list[int]] = {}
    for column in selected.columns:
        if not column.dropped_by and not column.component:
            left.setdefault(column.title, []).append(column.index)
    width = {table.recipe.title: table.values.shape[1] for table in tables}
    picks = {title: Pick(entries=width[title], columns=np.array(columns, np.int64)) for title, columns in left.items()}
    filtered = replace(selected, picks=picks)
    return filtered.tables(tables), filtered


def settings_of(
    settings: Mapping[str, Any], titles: Sequence[str], where: str, *, seed: int
) -> tuple[Selecting, float | Literal["elbow", "filtered"] | None]:
    """The settings by which all is scored, and what is kept of it: that differs between rows that share the scores."""
    asked = dict(settings)
    rule, keep = asked.pop("rule", "paper"), asked.pop("keep", None)
    if rule not in RULES:
        raise UnknownName(f"rule of the selection in {where}", str(rule), RULES)
    known = [name for name in Selecting.__dataclass_fields__ if name not in ("seed", "keep")]
    for name in asked:
        if name not in known:
            raise UnknownName(f"setting of the selection in {where}", name, ["rule", "keep", *known])
    try:
        asked["pca"] = {title: amount for title, amount in asked.get("pca", {}).items() if title in titles}
        asked["seed"] = seed
        if keep not in (None, FILTERED):
            Selecting(keep=keep)  # which says what may be kept
        make = Selecting if rule == "chance" else Selecting.paper
        return make(**asked, keep=1.0), keep
    except (TypeError, AttributeError) as fault:  # a number where there is text, a list where there is a table
        raise UsageError(f"the selection of {where} cannot be read: {fault}.") from fault


def told(selected: Selected) -> dict[str, Any]:
    """What a report draws of a selection: counts, curves, and each column that was scored."""
    body = selected.to_json()
    return {
        "counts": body["counts"],
        "curves": body["curves"],
        "refused": body["refused"],
        "scored_on": body["scored_on"],
        "columns": [
            [column.label, column.mutual_information, column.forest, column.kept_by]
            for column in selected.columns
            if column.mutual_information is not None
        ],
    }
