"""Run: a study from its catalogue to its last cell. What was computed before is read back, so a kill loses one cell."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from triptych.errors import TriptychError, UsageError
from triptych.evaluate.measured import Measured
from triptych.evaluate.protocols.full_ranking import full_ranking
from triptych.evaluate.protocols.item_based import item_based
from triptych.evaluate.record import Choice, Fit, Judged, Record, Terms
from triptych.evaluate.split import TEST, TRAIN, VALIDATION, Split
from triptych.models.recommender import Recommender
from triptych.studies import controls
from triptych.studies.arrangement import arrange
from triptych.studies.cell import Cell, Key
from triptych.studies.folds import folds_of
from triptych.studies.manifest import Manifest, versions
from triptych.studies.material import Material
from triptych.studies.prepare import Report, prepare
from triptych.studies.study import CONTROLS, ORACLE, Protocol, Study
from triptych.studies.variant import Variant

CELLS, RECORDS, CATALOGUE = "cells", "records", "catalogue"


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Which items are studied: all, ``""``, or those of some genres."""

    name: str
    genres: tuple[str, ...] = ()
    most: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Done:
    """A finished run. ``cells``: (scope, protocol, row) → one cell for each fold, in order; a row is the digest of a
    variant or the name of a control."""

    study: Study
    manifest: Manifest
    cells: Mapping[tuple[str, str, str], Sequence[Cell]]
    folder: Path


def run(
    study: Study,
    folder: Path,
    *,
    given: Path | None = None,
    catalogue: Path | None = None,
    only: Sequence[str] = (),
    report: Report,
) -> Done:
    """Run what is not done yet. ``only``: names of tables, all by default; the others' cells are left for another time.

    ``folder`` keeps the run: its manifest, a catalogue where the study makes one, cells, and records for the audit.
    """
    for name in only:
        study.table(name)
    before = Manifest.read(folder)
    if before is not None and before.study != study.name:
        raise UsageError(f"{str(folder)!r} holds a run of {before.study!r}; give {study.name!r} a folder of its own.")
    if before is None and folder.exists() and any(one.name != CATALOGUE for one in folder.iterdir()):
        raise UsageError(f"{str(folder)!r} holds something that is no run of a study. Give a new or empty folder.")
    started = time.monotonic()
    opened = prepare(study.data, folder / CATALOGUE, given=given, catalogue=catalogue, report=report)
    material = Material.of(opened, having=study.data.having)
    manifest = Manifest.of(study, material)
    if before is not None:
        manifest = replace(manifest, began=before.began, runs=before.runs + 1, seconds=before.seconds)
    manifest.write(folder)
    spent = manifest.seconds

    def kept(*, finished: bool = False) -> Manifest:
        now = replace(manifest, seconds=spent + time.monotonic() - started, finished=finished)
        now.write(folder)
        return now

    cells = _cells(study, material, manifest, folder, only, report, kept)
    return Done(study=study, manifest=kept(finished=not only), cells=cells, folder=folder)


def scope_of(variant: Variant) -> Scope:
    name = (
        "" if not variant.genres else f"{', '.join(variant.genres)}{f' ({variant.most} each)' if variant.most else ''}"
    )
    return Scope(name=name, genres=variant.genres, most=variant.most)


def key_of(study: Study, manifest: Manifest, scope: Scope, protocol: Protocol, fold: int, row: str) -> Key:
    """Names and titles decide no number, so a row or a protocol that is called otherwise is the same cell."""
    settings = {name: value for name, value in asdict(protocol).items() if name not in ("name", "title")}
    if row in controls.GRIDS:
        settings |= asdict(study.tuning)
    digest = str(manifest.data["digest"])
    return Key(data=digest, scope=scope.name, protocol=settings, fold=fold, row=row, seed=study.seed)


def read(folder: Path) -> Done:
    """What a run has come to, from its folder alone: nothing is computed, and no catalogue is needed."""
    manifest = Manifest.read(folder)
    if manifest is None:
        raise UsageError(f"{str(folder)!r} is no run of a study. Make one: triptych study run NAME --to {folder}")
    study = Study.of_toml(manifest.source, source=manifest.study)
    protocols = {one.name: one for one in study.protocols}
    found: dict[tuple[str, str, str], list[Cell]] = {}
    for (scope, name), variants in _plan(study, ()).items():
        protocol = protocols[name]
        for fold in range(max(protocol.folds, 1)):
            for row in (*variants, *CONTROLS, ORACLE):
                cell = Cell.read(folder / CELLS, key_of(study, manifest, scope, protocol, fold, row).name)
                if cell is not None:
                    found.setdefault((scope.name, name, row), []).append(cell)
    return Done(study=study, manifest=manifest, cells=found, folder=folder)


def _plan(study: Study, only: Sequence[str]) -> dict[tuple[Scope, str], dict[str, Variant]]:
    """(scope, protocol) → digest → variant: what two tables share is computed once."""
    found: dict[tuple[Scope, str], dict[str, Variant]] = {}
    for table in study.tables:
        if only and table.name not in only:
            continue
        for protocol in study.protocols_of(table):
            for variant in table.rows:
                found.setdefault((scope_of(variant), protocol.name), {}).setdefault(variant.digest, variant)
    return found


def _cells(
    study: Study,
    material: Material,
    manifest: Manifest,
    folder: Path,
    only: Sequence[str],
    report: Report,
    kept: Callable[[], Manifest],
) -> dict[tuple[str, str, str], list[Cell]]:
    plan = _plan(study, only)
    protocols = {one.name: one for one in study.protocols}
    found: dict[tuple[str, str, str], list[Cell]] = {}
    scopes = {scope: material.only(scope.genres, scope.most) if scope.genres else material for scope, _ in plan}
    splits = {(scope, name): folds_of(protocols[name], scopes[scope].history) for scope, name in plan}
    total = sum(len(splits[key]) * (len(variants) + len(CONTROLS) + 1) for key, variants in plan.items())
    done = 0
    for (scope, name), variants in plan.items():
        protocol, part = protocols[name], scopes[scope]
        for fold, split in enumerate(splits[scope, name]):
            row_cells: dict[str, Cell] = {}
            for row, compute in _rows(study, part, split, protocol, variants):
                key = key_of(study, manifest, scope, protocol, fold, row)
                cell = Cell.read(folder / CELLS, key.name)
                if cell is None:
                    cell = _timed(compute)
                    cell.write(folder / CELLS, key.name)
                row_cells[row] = cell
                found.setdefault((scope.name, name, row), []).append(cell)
                done += 1
                label = variants[row].name if row in variants else row
                report(f"{name}, fold {fold + 1} of {len(splits[scope, name])}: {label}", done, total)
            _record(study, scope, protocol, fold, split, row_cells, variants, folder)
            kept()
    return found


def _rows(
    study: Study, material: Material, split: Split, protocol: Protocol, variants: Mapping[str, Variant]
) -> Iterator[tuple[str, Callable[[], Cell]]]:
    """Each row of one fold, and how it is computed."""
    for digest, variant in variants.items():
        yield digest, lambda variant=variant: _of_variant(variant, material, split, protocol, study.seed)
    for name in (*CONTROLS, ORACLE):
        yield name, lambda name=name: _of_control(name, study, material, split, protocol)


def _timed(compute: Callable[[], Cell]) -> Cell:
    started = time.perf_counter()
    try:
        cell = compute()
    except TriptychError as fault:
        # A row that cannot be had, such as a panel that no item has, is told in its place; the others go on.
        cell = Cell(measured={}, seconds=0.0, nothing=str(fault))
    return replace(cell, seconds=time.perf_counter() - started)


def _of_variant(variant: Variant, material: Material, split: Split, protocol: Protocol, seed: int) -> Cell:
    arranged = arrange(variant, material, split, seed=seed)
    if protocol.kind == "item-based":
        lists = arranged.lists(n=max(protocol.cutoffs), seed=seed)
        measured = {"": _judged_lists(lists, split, protocol, variant.name)}
    else:
        recommender = arranged.neighbours(k=protocol.neighbours, like=protocol.like, seed=seed).fit(split.train)
        measured = _ranked(recommender, material, split, protocol, variant.name, seed)
    facts = {"fits": [_told(fit) for fit in arranged.fits], "choices": [], **arranged.facts}
    return Cell(measured=measured, seconds=0.0, facts=facts)


def _of_control(name: str, study: Study, material: Material, split: Split, protocol: Protocol) -> Cell:
    seed = study.seed
    control = controls.learned(name, material, split, protocol, study.tuning, seed)
    if protocol.kind == "item-based":
        lists = controls.neighbours(control, name, material, protocol, seed)
        measured = {"": _judged_lists(lists, split, protocol, name)}
    else:
        measured = _ranked(control.recommender, material, split, protocol, name, seed)
    facts = {
        "fits": [_told(fit) for fit in control.fits],
        "choices": [asdict(choice) for choice in control.choices],
        **control.facts,
    }
    return Cell(measured=measured, seconds=0.0, facts=facts)


def _judged_lists(lists: Any, split: Split, protocol: Protocol, name: str) -> Measured:
    return item_based(lists, split.test, name=name, like=protocol.like, least=protocol.least, cutoffs=protocol.cutoffs)


def _ranked(
    recommender: Recommender, material: Material, split: Split, protocol: Protocol, name: str, seed: int
) -> dict[str, Measured]:
    genres, names = material.genres
    found = full_ranking(
        recommender,
        split,
        name=name,
        rows=protocol.rows,
        like=protocol.like,
        cutoffs=protocol.cutoffs,
        seed=seed,
        vectors=genres if names else None,
        genres=genres if names else None,
    )
    return {row: ranked.measured for row, ranked in found.items()}


def _told(fit: Fit) -> dict[str, Any]:
    """A fit as JSON. The rows of the training side are said by name: they are in the record as it is."""
    rows = fit.unit == "interactions"
    return {"name": fit.name, "kind": fit.kind, "unit": fit.unit, "ids": "train" if rows else list(fit.learned_from)}  # pyright: ignore[reportArgumentType]


def _record(
    study: Study,
    scope: Scope,
    protocol: Protocol,
    fold: int,
    split: Split,
    cells: Mapping[str, Cell],
    variants: Mapping[str, Variant],
    folder: Path,
) -> None:
    """What the audit reads: one record for each fold of a protocol, of all rows together."""
    fits: dict[str, Fit] = {}
    choices: list[Choice] = []
    for row, cell in cells.items():
        label = variants[row].name if row in variants else row
        for told in cell.facts.get("fits", []):
            name = f"{label}: {told['name']}"
            ids = split.train if told["ids"] == "train" else told["ids"]
            fits[name] = Fit(name=name, kind=told["kind"], unit=told["unit"], learned_from=ids)
        choices += [Choice(**told) for told in cell.facts.get("choices", [])]
    record = Record(
        name=f"{study.name}: {protocol.name}{f', {scope.name}' if scope.name else ''}, fold {fold + 1}",
        split=_with_validation(split, study.seed),
        protocol=Terms(kind=protocol.kind, candidates="all", like=protocol.like, cutoffs=protocol.cutoffs),
        fits=tuple(fits.values()),
        choices=tuple(choices),
        judged=_judged(split, protocol, cells.values()),
        versions=versions(),
        seeds={"study": study.seed, "protocol": protocol.seed},
        wall_s=sum(cell.seconds for cell in cells.values()),
    )
    mark = f"-{'-'.join(scope.genres).lower()}" if scope.name else ""
    safe = "".join(c if c.isalnum() or c in "-_" else "_" for c in f"{protocol.name}{mark}-{fold + 1}")
    record.write(folder / RECORDS / safe)


def _with_validation(split: Split, seed: int) -> Split:
    """The split as the controls saw it, which were tuned on some of the training rows before they learned from all."""
    train = np.flatnonzero(split.side == TRAIN)
    if not len(train):
        return split
    side = split.side.copy()
    side[train[controls.held_back(split.train, seed).side == TEST]] = VALIDATION
    return replace(split, side=side)


def _judged(split: Split, protocol: Protocol, cells: Iterable[Cell]) -> Judged:
    """Whom there was to judge by, counted off the test side; and the fewest that any row was judged by."""
    liked = split.test.liked(protocol.like)
    row, unit = "", "items"
    if protocol.kind == "item-based":
        enough = liked.user_counts >= max(protocol.least, 2)
        expected = int(np.count_nonzero(liked.take(enough[liked.users]).item_counts))
    else:
        row, unit = "overall" if "overall" in protocol.rows else protocol.rows[0], "users"
        cold = split.cold_items[liked.items]
        within = {"overall": np.ones_like(cold), "cold": cold, "warm": ~cold}[row]
        expected = int(np.count_nonzero(liked.take(within).user_counts))
    counts = [len(cell.measured[row].ids) for cell in cells if row in cell.measured]
    return Judged(expected={unit: expected}, evaluated={unit: min(counts, default=0)})
