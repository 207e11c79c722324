"""Arrangement: a variant made real on one fold: its features selected and fused by what the training side tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.errors import UnknownName, UsageError
from triptych.evaluate.record import Fit
from triptych.evaluate.split import Split
from triptych.fusion.fusion import Fusion
from triptych.fusion.reduction import Reduction
from triptych.models.neighbours import ContentNeighbours
from triptych.spaces.search import Blocks
from triptych.studies import predicting
from triptych.studies.folds import learned_items
from triptych.studies.lists import by_content, filled
from triptych.studies.material import Material
from triptych.studies.selection import selection, settings_of, told
from triptych.studies.variant import Variant


@dataclass(frozen=True, kw_only=True, eq=False)
class Arranged:
    """``blocks``: of all items, in their order. ``fits``: what was learned from which items; ``facts``: for readers."""

    blocks: Blocks
    item_ids: tuple[str, ...]
    weights: Mapping[str, float]
    metric: str
    fits: tuple[Fit, ...]
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def by(self, blocks: Blocks, *, metric: str) -> Arranged:
        """The same items, compared by other content, all panels of which weigh alike."""
        return replace(self, blocks=blocks, weights=dict.fromkeys(blocks.panels, 1.0), metric=metric)

    def lists(self, *, n: int, seed: int) -> npt.NDArray[np.int64]:
        """int64 ``[items, n]``. What an item is compared by may be missing: its places are then drawn by lot, so that
        all rows of a table are judged on the same items."""
        lists = by_content(
            self.blocks, n=n, weights=self.weights, metric=self.metric, item_ids=self.item_ids, seed=seed
        )
        return filled(lists, self.item_ids, seed)

    def neighbours(self, *, k: int, like: float, seed: int) -> ContentNeighbours:
        return ContentNeighbours(
            item_ids=self.item_ids,
            blocks=self.blocks,
            k=k,
            like=like,
            weights=self.weights,
            metric=self.metric,
            seed=seed,
        )


def fusion_of(told: Mapping[str, Any], where: str) -> Fusion:
    """The fusion that a variant asks for: the fields of :class:`Fusion`, and ``reduce`` with ``per`` as they are
    written on the command line."""
    settings = dict(told)
    per = settings.pop("per", "feature")
    known = [name for name in Fusion.__dataclass_fields__ if name not in ("columns", "align")]
    for name in settings:
        if name not in known:
            raise UnknownName(f"setting of fusion in {where}", name, [*known, "per"])
    try:
        if "reduce" in settings:
            settings["reduce"] = Reduction.parse(settings["reduce"], per=per)
        return Fusion(**settings)
    except (TypeError, AttributeError) as fault:  # a number where there is text, a list where there is a table
        raise UsageError(f"the fusion of {where} cannot be read: {fault}.") from fault


def check(variant: Variant) -> None:
    """Raise for a setting that there is not, before any work starts: it would else be told cell by cell."""
    where = repr(variant.name)
    if variant.predict is not None:
        predicting.check(variant)
        if variant.learn is None:
            return
    fusion_of(variant.fusion, where)
    if variant.select is not None:
        settings_of(variant.select, [], where, seed=0)
    if variant.learn is not None and (variant.weights or variant.metric != "cosine"):
        raise UsageError(f"{where} is compared as its objective has it; leave out weights and metric.")


def arrange(variant: Variant, material: Material, split: Split, *, seed: int) -> Arranged:
    """Only training items, and of those with a target only training ratings, decide anything here."""
    train = list(learned_items(split))
    titles = variant.chosen(material.titles)
    tables = material.tables(titles, train)
    fits: list[Fit] = [
        Fit(name=f"vocabulary of {title}", kind="vocabulary", learned_from=train)
        for title in titles
        if title in material.asked
    ]
    fusion = fusion_of(variant.fusion, repr(variant.name))
    facts: dict[str, Any] = {}
    if variant.select is not None:
        tables, selected = selection(
            variant.select, tables, material, split, train, seed=seed, where=repr(variant.name)
        )
        fits.append(Fit(name="selection", kind="selection", learned_from=selected.learned_from))
        fits.append(Fit(name="target of the selection", kind="mean ratings", learned_from=split.train))
        facts["selected"] = told(selected)
    fitted = fusion.fit(tables, train)
    fits.append(Fit(name="fusion", kind="scaling", learned_from=fitted.learned_from))
    blocks = fitted.blocks(tables, material.item_ids)
    facts["widths"] = widths(blocks)
    panels = dict.fromkeys(blocks.panels)
    weights = {panel: float(variant.weights.get(panel, 0.0 if variant.weights else 1.0)) for panel in panels}
    if not any(weights.values()):
        raise UsageError(f"{variant.name!r} gives no weight to any panel there is: {', '.join(panels)}.")
    return Arranged(
        blocks=blocks,
        item_ids=material.item_ids,
        weights=weights,
        metric=variant.metric,
        fits=tuple(fits),
        facts=facts,
    )


def widths(blocks: Blocks) -> dict[str, int]:
    """Panel → entries."""
    found: dict[str, int] = {}
    for panel, values in zip(blocks.panels, blocks.values, strict=True):
        found[panel] = found.get(panel, 0) + values.shape[1]
    return found
