"""Run: a study from its catalogue to its last cell. What was computed before is read back, so a kill loses one cell.

A folder has one run at a time. Cells of other data or settings than those of now stay beside the others and are not
looked at; records for the audit are of what the study asks for now, and no others stand.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from triptych.catalogue.lock import WriterLock
from triptych.errors import MissingExtra, SourceError, TriptychError, UsageError
from triptych.studies import controls
from triptych.studies.arrangement import check
from triptych.studies.cell import Cell, Key
from triptych.studies.folds import folds_of
from triptych.studies.known import Known
from triptych.studies.learning import OBJECTIVES, Objective, learning_of, sequences_of
from triptych.studies.manifest import DRAFT, Manifest
from triptych.studies.material import Material
from triptych.studies.predicting import Predicting, titles_of
from triptych.studies.prepare import Report, data_folder, prepare
from triptych.studies.protocol import Protocol
from triptych.studies.rated import joined
from triptych.studies.records import record, sweep
from triptych.studies.school import School
from triptych.studies.scope import Scope, scope_of
from triptych.studies.study import CONTROLS, ORACLE, RATED_CONTROLS, Study
from triptych.studies.trial import Trial
from triptych.studies.variant import Variant

CELLS, RECORDS, LEARNED, CATALOGUE, LOCK = "cells", "records", "learned", "catalogue", "run.lock"
#: The settings that a catalogue is made by; it is not made again, so they cannot change.
MADE_BY = ("source", "folder", "clips", "users", "seconds", "seed")


@dataclass(frozen=True, kw_only=True, eq=False)
class Done:
    """A finished run. ``cells``: (scope, protocol, row) → one cell for each fold, in order; a row is the digest of a
    variant or the name of a control. ``notes``: for whoever runs it."""

    study: Study
    manifest: Manifest
    cells: Mapping[tuple[str, str, str], Sequence[Cell]]
    folder: Path
    notes: tuple[str, ...] = ()


def run(
    study: Study,
    folder: Path,
    *,
    given: Path | None = None,
    catalogue: Path | None = None,
    only: Sequence[str] = (),
    report: Report,
    preparing: Report | None = None,
    learning: Report | None = None,
    objectives: Mapping[str, Objective] = OBJECTIVES,
) -> Done:
    """Run what is not done yet. ``only``: names of tables, all by default; the others' cells are left for another time,
    and those that stand are told with them.

    ``folder`` keeps the run: its manifest, a catalogue where the study makes one, cells, what rows have learned, and
    records for the audit. ``preparing``: told how far the catalogue is, in place of ``report``, which is told of cells;
    ``learning``: told of the epochs of a row that learns. ``objectives``: what rows may learn by.
    """
    for name in only:
        study.table(name)
    for variant in study.variants:
        check(variant)
        _check_learning(variant, objectives)
    before = _before(study, folder, own=catalogue is None)
    with _alone(folder):
        started = time.monotonic()
        opened = prepare(study.data, folder / CATALOGUE, given=given, catalogue=catalogue, report=preparing or report)
        material = Material.of(opened, having=study.data.having)
        _learners(study, material)
        looked_at = {title for one in study.variants for title in sequences_of(one.learn, objectives)}
        read_by = {title for one in study.variants for title in _read_by(one, material.running)}
        manifest, notes = (
            Manifest.of(
                study,
                material,
                sequences=sorted(looked_at),
                rated=sorted(read_by) if any(table.rated for table in study.tables) else None,
                files=_files(study, given),
            ),
            (),
        )
        if before is not None:
            manifest = replace(manifest, began=before.began, runs=before.runs + 1, seconds=before.seconds)
            notes = _changes(before, manifest)
        manifest.write(folder)
        spent = manifest.seconds

        def kept(*, finished: bool = False) -> Manifest:
            now = replace(manifest, seconds=spent + time.monotonic() - started, finished=finished)
            now.write(folder)
            return now

        school = School(
            folder=folder / LEARNED,
            data=str(manifest.data["digest"]),
            seed=study.seed,
            objectives=objectives,
            report=learning,
        )
        _cells(study, material, manifest, school, folder, only, report, kept, given)
        done = _read(study, manifest, folder)
        folds = {one.name: max(one.folds, 1) for one in study.protocols}
        protocols = {one.name: one for one in study.protocols}
        finished = all(
            len(done.cells.get((scope.name, name, row), ())) == folds[name]
            for (scope, name), variants in _plan(study, ()).items()
            for row in _rows(variants, protocols[name])
        )
        return replace(done, manifest=kept(finished=finished), notes=notes)


def _files(study: Study, given: Path | None) -> list[Path]:
    """Those that say how ratings are split."""
    named = dict.fromkeys(name for one in study.protocols for name in (*one.train, *one.test))
    return [data_folder(given) / name for name in named] if named else []


def _read_by(variant: Variant, titles: Iterable[str]) -> list[str]:
    """Those that the rating model of a row looks at; none where a package is missing that it needs."""
    if variant.predict is None:
        return []
    try:
        return titles_of(Predicting.of(variant).model(0).key, titles)
    except MissingExtra:
        return []


def _check_learning(variant: Variant, objectives: Mapping[str, Objective]) -> None:
    """Refuse what cannot be learned by; a package that is missing is told in the row's place, and others go on."""
    if variant.learn is None:
        return
    try:
        learning_of(variant.learn, seed=0, where=repr(variant.name), objectives=objectives)
    except MissingExtra:
        return


def _before(study: Study, folder: Path, *, own: bool) -> Manifest | None:
    """The manifest of a run that stands there, None of a folder that a run may begin in. ``own``: whether the study
    makes its catalogue."""
    before = Manifest.read(folder)
    if before is not None and before.study != study.name:
        raise UsageError(f"{str(folder)!r} holds a run of {before.study!r}; give {study.name!r} a folder of its own.")
    if before is None and folder.exists():
        # A run that was killed before it had a manifest leaves these.
        ours = (CATALOGUE, LOCK, DRAFT)
        if not folder.is_dir() or any(one.name not in ours for one in folder.iterdir()):
            raise UsageError(f"{str(folder)!r} holds something that is no run of a study. Give a new or empty folder.")
    if before is not None and own and (folder / CATALOGUE).is_dir():
        was: Mapping[str, Any] = before.settings["data"]
        now = asdict(study.data)
        if changed := [name for name in MADE_BY if was.get(name, now[name]) != now[name]]:
            raise UsageError(
                f"{str(folder)!r} made its catalogue by {', '.join(f'{name} {was[name]!r}' for name in changed)}, and "
                f"the study now has {', '.join(f'{name} {now[name]!r}' for name in changed)}. Give a new folder."
            )
    return before


@contextmanager
def _alone(folder: Path) -> Generator[None]:
    """Two runs in one folder would write the same drafts; the second is refused, naming the first."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise UsageError(f"{str(folder)!r} cannot be made: {fault.strerror or fault}.") from fault
    lock = WriterLock(folder / LOCK)
    lock.take("study run")
    try:
        yield
    finally:
        lock.release()


def _learners(study: Study, material: Material) -> None:
    """Refuse at once what no fold could learn again, and not cell by cell."""
    for variant in study.variants:
        alone = variant.predict is not None and variant.learn is None
        for title in _read_by(variant, material.asked) if alone else variant.matching(material.titles):
            material.learner(title)


def _changes(before: Manifest, now: Manifest) -> tuple[str, ...]:
    """What is other than when the folder was run last, so that what stands may not be what was meant."""
    notes: list[str] = []
    # A study that predicts ratings since the folder was run last has a digest more, which is no other one.
    if any(before.data.get(name, now.data[name]) != now.data[name] for name in ("digest", "rated") if name in now.data):
        notes.append(
            "The items, ratings or features are others than when this folder was run last, so that all was computed "
            "anew; what was computed of the former stands in the folder and is not told."
        )
    names = sorted(before.versions.keys() | now.versions.keys())
    if changed := [name for name in names if before.versions.get(name) != now.versions.get(name)]:
        told = ", ".join(f"{name} {before.versions.get(name)} → {now.versions.get(name)}" for name in changed)
        notes.append(
            f"Cells that stood were computed by other versions: {told}. Where that may matter, run the study in a new "
            "folder."
        )
    return tuple(notes)


def key_of(
    study: Study, manifest: Manifest, scope: Scope, protocol: Protocol, fold: int, row: str, number: int = 0
) -> Key:
    """Names and titles decide no number, so a row or a protocol that is called otherwise is the same cell. ``number``:
    which fit of a row that has several, each of the seed after the one before."""
    settings = protocol.settings
    if row in controls.GRIDS:
        settings |= asdict(study.tuning)
    digest = str(manifest.data["rated" if protocol.rated else "digest"])
    return Key(data=digest, scope=scope.key, protocol=settings, fold=fold, row=row, seed=study.seed + number)


def read(folder: Path) -> Done:
    """What a run has come to, from its folder alone: nothing is computed, and no catalogue is needed."""
    manifest = Manifest.read(folder)
    if manifest is None:
        raise UsageError(f"{str(folder)!r} is no run of a study. Make one: triptych study run NAME --to {folder}")
    return _read(Study.of_toml(manifest.source, source=manifest.study), manifest, folder)


def _read(study: Study, manifest: Manifest, folder: Path) -> Done:
    protocols = {one.name: one for one in study.protocols}
    found: dict[tuple[str, str, str], list[Cell]] = {}
    for (scope, name), variants in _plan(study, ()).items():
        protocol = protocols[name]
        for fold in range(max(protocol.folds, 1)):
            for row in _rows(variants, protocol):
                cell = _standing(study, manifest, scope, protocol, fold, row, variants, folder)
                if cell is not None:
                    found.setdefault((scope.name, name, row), []).append(cell)
    return Done(study=study, manifest=manifest, cells=found, folder=folder)


def _standing(
    study: Study,
    manifest: Manifest,
    scope: Scope,
    protocol: Protocol,
    fold: int,
    row: str,
    variants: Mapping[str, Variant],
    folder: Path,
) -> Cell | None:
    """What a row came to on one fold; None until all its fits stand."""
    found: list[Cell] = []
    for number in range(_runs(protocol, row, variants)):
        cell = Cell.read(folder / CELLS, key_of(study, manifest, scope, protocol, fold, row, number).name)
        if cell is None:
            return None
        found.append(cell)
    return joined(found) if protocol.rated else found[0]


def _runs(protocol: Protocol, row: str, variants: Mapping[str, Variant]) -> int:
    """How often a row is fitted on each fold."""
    if not protocol.rated:
        return 1
    return _asked(row, variants).runs(protocol, variants[row].seeds if row in variants else 0)


def _asked(row: str, variants: Mapping[str, Variant]) -> Predicting:
    """What a row of predicted ratings asks for; a control is called as its model is."""
    return (
        Predicting.of(variants[row]) if row in variants else Predicting(name=row, settings={}, where=row, control=True)
    )


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
    school: School,
    folder: Path,
    only: Sequence[str],
    report: Report,
    kept: Callable[[], Manifest],
    given: Path | None,
) -> None:
    plan, whole = _plan(study, only), _plan(study, ())
    protocols = {one.name: one for one in study.protocols}
    scopes = {scope: _of_scope(material, scope) for scope, _ in plan}
    known = {scope: Known(material=part) for scope, part in scopes.items()}
    splits = {(scope, name): folds_of(protocols[name], scopes[scope].history, given=given) for scope, name in plan}
    total = sum(
        len(splits[scope, name]) * _runs(protocols[name], row, variants)
        for (scope, name), variants in plan.items()
        for row in _rows(variants, protocols[name])
    )
    done = 0
    sweep(folder / RECORDS, [(scope, protocols[name]) for scope, name in whole])
    for (scope, name), variants in plan.items():
        protocol, part = protocols[name], scopes[scope]
        for fold, split in enumerate(splits[scope, name]):
            trial = Trial(
                study=study,
                scope=scope,
                material=part,
                protocol=protocol,
                split=split,
                fold=fold,
                school=school,
                known=known[scope],
            )
            for row in _rows(variants, protocol):
                label, runs = variants[row].name if row in variants else row, _runs(protocol, row, variants)
                for number in range(runs):
                    key = key_of(study, manifest, scope, protocol, fold, row, number).name
                    place = folder / LEARNED / key
                    cell = _kept_or_made(folder, key, partial(_made, trial, row, variants, number, place))
                    if not cell.nothing and place.exists():  # what it has learned is in the cell, as far as it is told
                        shutil.rmtree(place, ignore_errors=True)
                    done += 1
                    of = f", {number + 1} of {runs}" if runs > 1 else ""
                    report(f"{name}, fold {fold + 1} of {len(splits[scope, name])}: {label}{of}", done, total)
            # With the rows of tables that are not run now, if they stand.
            asked = whole[scope, name]
            cells = {
                row: _standing(study, manifest, scope, protocol, fold, row, asked, folder)
                for row in _rows(asked, protocol)
            }
            standing = {row: cell for row, cell in cells.items() if cell is not None}
            record(study, scope, protocol, fold, split, standing, asked, folder / RECORDS)
            kept()


def _made(trial: Trial, row: str, variants: Mapping[str, Variant], number: int, place: Path) -> Cell:
    """One row on one fold, computed. ``place``: for checkpoints of a rating model."""
    variant = variants.get(row)
    if trial.protocol.rated:
        return trial.of_ratings(_asked(row, variants), number, place, variant)
    return trial.of_control(row) if variant is None else trial.of_variant(variant)


def _of_scope(material: Material, scope: Scope) -> Material:
    found = material.only(scope.genres, scope.most) if scope.genres else material
    return found.having(scope.having) if scope.having else found


def _kept_or_made(folder: Path, name: str, compute: Callable[[], Cell]) -> Cell:
    """What could not be had is tried again: an extra may be installed by now, or a file back in its place."""
    cell = Cell.read(folder / CELLS, name)
    if cell is not None and not cell.nothing:
        return cell
    made = _timed(compute)
    if cell is None or made.nothing != cell.nothing:
        made.write(folder / CELLS, name)
    return made


def _rows(variants: Mapping[str, Variant], protocol: Protocol) -> tuple[str, ...]:
    """Each row of one fold: digests of variants, then names."""
    return (*variants, *RATED_CONTROLS) if protocol.rated else (*variants, *CONTROLS, ORACLE)


def _timed(compute: Callable[[], Cell]) -> Cell:
    started = time.perf_counter()
    try:
        cell = compute()
    except SourceError:  # something on disk that is not whole: whoever runs this has to know
        raise
    except TriptychError as fault:
        # A row that cannot be had, such as a panel that no item has, is told in its place; the others go on.
        cell = Cell(measured={}, seconds=0.0, nothing=str(fault))
    return replace(cell, seconds=time.perf_counter() - started)
