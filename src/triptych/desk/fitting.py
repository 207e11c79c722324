"""Fitting: from what a catalogue holds to a model in its folder."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any, cast

import numpy as np
import pyarrow as pa

from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.history import History
from triptych.catalogue.interactions import KINDS
from triptych.catalogue.records import Item
from triptych.desk.kinds import Settings
from triptych.desk.model_folder import KEEP, ModelFolder
from triptych.desk.placing import Placing
from triptych.desk.reranker import Described, Reranker
from triptych.desk.reranking import checked, learned
from triptych.desk.standing import Standing, digest_of
from triptych.errors import SpaceError, UnknownName, UsageError
from triptych.models.genres import marks_of, names_of
from triptych.models.rerank.two_stage import TwoStage
from triptych.models.similarity import Lessons, Report
from triptych.spaces.blocks import Blocks
from triptych.spaces.shelf import Shelf
from triptych.spaces.space import Space

#: What tells that somebody liked something, in so many words or in none.
EXPLICIT: tuple[str, ...] = ("rating",)
IMPLICIT: tuple[str, ...] = tuple(kind for kind in KINDS if kind != "skip")
#: Of the packages that a number may hang on.
_PACKAGES = ("triptych", "numpy", "scipy", "scikit-learn", "torch", "lightgbm")


@dataclass(frozen=True, kw_only=True, eq=False)
class Material:
    """What there is to learn from: ``items``, all of the catalogue in the order of their ids, ``lessons`` of them, and
    how new ones will be placed among them. ``unknown``: rows of items that the catalogue does not have, which are left
    out; ``others``: how many rows there are of kinds that are not learned from."""

    items: tuple[Item, ...]
    lessons: Lessons
    placing: Placing
    kinds: tuple[str, ...]
    unknown: int
    others: Mapping[str, int]

    @property
    def with_content(self) -> int:
        """How many items have any content."""
        return int(self.lessons.blocks.mask.any(axis=1).sum())


@dataclass(frozen=True, kw_only=True, eq=False)
class Made:
    """A model that was fitted, and is kept. ``manifest``: as its folder has it."""

    standing: Standing
    manifest: Mapping[str, Any]
    material: Material


def fit(
    catalogue: Catalogue,
    settings: Settings,
    *,
    at: datetime,
    model: str = "hybrid",
    kind: str = "hybrid",
    space: str = "fused",
    kinds: Sequence[str] | None = None,
    keep: int = KEEP,
    report: Report | None = None,
    rerank: TwoStage | None = None,
) -> Made:
    """Fit a model on all that a catalogue holds, and keep it under a name, in the place of the one that stood there.

    ``at``: when, for the manifest; without a zone it is UTC. ``space``: whose content items are known by. ``kinds``: of
    interactions that are learned from: ratings; ratings, likes and plays where the settings take all rows for likes. A
    fit that was stopped goes on where it was when the same is asked for again. ``rerank``: settings of a re-ranker that
    is learned over the model, see :mod:`triptych.desk.reranking`; its sources are names.
    """
    folder = ModelFolder(catalogue.folder, model)
    began = time.perf_counter()
    found = gather(catalogue, space=space, kinds=_kinds(settings, kinds))
    cure = f"triptych fit {catalogue.folder} --no-rerank"
    if rerank is not None:
        checked(rerank, found.lessons.train, settings.like, cure=cure)
    with folder.fitting() as learning:
        gathered_s = time.perf_counter() - began
        began = time.perf_counter()
        fitted = settings.fit(found.lessons, folder=learning, report=report)
        fitted_s = time.perf_counter() - began
        seconds = {"gathered": round(gathered_s, 3), "fitted": round(fitted_s, 3)}
        reranker: Reranker | None = None
        reranked: dict[str, Any] | None = None
        if rerank is not None:
            began = time.perf_counter()
            described = Described.of(found.lessons, found.items, names_of(found.items))
            past = learning / "past"
            reranker, reranked = learned(
                rerank, settings, found.lessons, described, cure=cure, folder=past, report=report
            )
            seconds["reranker"] = round(time.perf_counter() - began, 3)
        commits = catalogue.commits()
        rows = found.lessons.train
        told: dict[str, Any] = {
            "kind": kind,
            "fitted_at": (at if at.tzinfo else at.replace(tzinfo=UTC)).isoformat(timespec="seconds"),
            "settings": dict(settings.key),
            "space": {"name": space, "features": sorted(found.placing.recipes)},
            "interactions": {"kinds": list(found.kinds), "like": settings.like},
            "counts": counts_of(found, settings.like),
            "ids": digest_of(rows.item_ids, rows.user_ids),
            "commit": commits[-1]["commit"] if commits else 0,
            "packages": packages(),
            "figures": dict(fitted.facts),
            "rerank": reranked,
            "seconds": seconds,
        }
        standing = Standing(fitted=fitted, placing=found.placing, manifest=told, reranker=reranker)
        manifest = folder.write(
            told=told, body=standing.body(), arrays=standing.arrays(), texts=standing.texts(), keep=keep
        )
    return Made(standing=replace(standing, manifest=manifest), manifest=manifest, material=found)


def gather(catalogue: Catalogue, *, space: str = "fused", kinds: Sequence[str] = EXPLICIT) -> Material:
    """What a model is taught with. UsageError and SpaceError say what a catalogue lacks, and what to run first."""
    items = sorted(catalogue.items(), key=lambda item: item.item_id)
    if not items:
        raise UsageError(f"the catalogue has no items. Add some: triptych add {catalogue.folder} SOURCE")
    table = catalogue.interactions()
    if not table.num_rows:
        raise UsageError(
            "the catalogue has no interactions, and nobody's taste can be learned from none. Add some: triptych add "
            f"{catalogue.folder} ratings.csv"
        )
    placing = Placing.of(catalogue, space)
    shelf = Shelf(catalogue.tables).read(space)
    item_ids = tuple(item.item_id for item in items)
    train = History.of_table(table, kinds=kinds, item_ids=item_ids)
    counts = _of_kinds(table)
    if not len(train):
        _refuse(counts, kinds, catalogue)
    blocks = aligned(shelf, item_ids)
    if not blocks.mask.any():
        raise SpaceError(
            f"the space {space!r} has no item of the catalogue any more. Bring it up to date: triptych fuse "
            f"{catalogue.folder}"
        )
    genres = marks_of(items, names_of(items))
    lessons = Lessons(blocks=blocks, train=train, may_learn=np.ones(len(items), bool), genres=genres)
    return Material(
        items=tuple(items),
        lessons=lessons,
        placing=placing,
        kinds=tuple(kinds),
        unknown=len(History.of_table(table, kinds=kinds)) - len(train),
        others={kind: count for kind, count in counts.items() if kind not in kinds},
    )


def aligned(space: Space, item_ids: Sequence[str]) -> Blocks:
    """The content of these items, in their order; masked where the space has none of an item."""
    rows = {item_id: row for row, item_id in enumerate(space.item_ids)}
    at = np.array([rows.get(item_id, -1) for item_id in item_ids], np.int64)
    there = at >= 0
    found = space.blocks.rows(np.where(there, at, 0)) if len(space.item_ids) else None
    if found is None:
        raise SpaceError(f"the space {space.name!r} has no items. Make it anew: triptych fuse CATALOGUE")
    return Blocks(
        panels=found.panels,
        names=found.names,
        values=tuple(np.where(there[:, None], values, np.float32(0)) for values in found.values),
        mask=found.mask & there[:, None],
    )


def counts_of(found: Material, like: float | None) -> dict[str, int]:
    rows = found.lessons.train
    return {
        "items": len(rows.item_ids),
        "with_content": found.with_content,
        "with_interactions": int(np.count_nonzero(rows.item_counts)),
        "users": len(rows.user_ids),
        "interactions": len(rows),
        "likes": len(rows if like is None else rows.liked(like)),
        "of_unknown_items": found.unknown,
    }


def packages() -> dict[str, str]:
    """Releases of what a number may hang on, of those that are installed, and of Python."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _kinds(settings: Settings, kinds: Sequence[str] | None) -> tuple[str, ...]:
    if kinds is None:
        return IMPLICIT if settings.like is None else EXPLICIT
    for kind in kinds:
        if kind not in KINDS:
            raise UnknownName("kind of interaction", kind, KINDS)
    if not kinds:
        raise UsageError("no kind of interaction is given to learn from; name one, or leave it out.")
    return tuple(kinds)


def _of_kinds(table: pa.Table) -> dict[str, int]:
    counted: list[Any] = cast("Any", table["kind"]).value_counts().to_pylist()
    return {one["values"]: one["counts"] for one in sorted(counted, key=lambda one: one["values"])}


def _refuse(counts: Mapping[str, int], kinds: Sequence[str], catalogue: Catalogue) -> None:
    wanted = " or ".join(kinds)
    if any(counts.get(kind) for kind in kinds):
        raise UsageError(
            f"no interaction of kind {wanted} is of an item of the catalogue. Add the items, under the same ids: "
            f"triptych add {catalogue.folder} SOURCE"
        )
    there = ", ".join(f"{count:,} of kind {kind}" for kind, count in counts.items())
    cure = f" Take all for likes: triptych fit {catalogue.folder} --implicit" if set(kinds) == set(EXPLICIT) else ""
    raise UsageError(f"there are no interactions of kind {wanted} to learn from; there are {there}.{cure}")
