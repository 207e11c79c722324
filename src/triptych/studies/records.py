"""Records: what a study leaves for the audit, one for each fold of a protocol, of all rows together."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from triptych.evaluate.protocols.item_based import judges
from triptych.evaluate.record import Choice, Fit, Judged, Record, Terms
from triptych.evaluate.recording import RUN
from triptych.evaluate.split import TEST, TRAIN, VALIDATION, Split
from triptych.studies import controls
from triptych.studies.cell import Cell
from triptych.studies.manifest import versions
from triptych.studies.pooled import COUNT
from triptych.studies.protocol import Protocol
from triptych.studies.scope import Scope
from triptych.studies.study import Study
from triptych.studies.variant import Variant


def record(
    study: Study,
    scope: Scope,
    protocol: Protocol,
    fold: int,
    split: Split,
    cells: Mapping[str, Cell],
    variants: Mapping[str, Variant],
    folder: Path,
) -> None:
    """Write what the audit reads of one fold. ``cells``: those of its rows that stand."""
    fits: dict[str, Fit] = {}
    choices: list[Choice] = []
    for row, cell in cells.items():
        label = variants[row].name if row in variants else row
        for told in cell.facts.get("fits", []):
            name = f"{label}: {told['name']}"
            ids = split.train if told["ids"] == "train" else told["ids"]
            fits[name] = Fit(name=name, kind=told["kind"], unit=told["unit"], learned_from=ids)
        own: dict[str, Any] = {"model": label} if row in variants else {}
        choices += [Choice(**{**told, **own}) for told in cell.facts.get("choices", [])]
    apart = set(split.disjoint) & {"items", "users"}
    if apart and not protocol.rated:
        # The rows that tuned the controls are of items and users that training knows, or controls would be tuned on
        # nothing. Called validation they would break what the split promises; they are of the training side.
        choices = [replace(choice, chosen_on="held-back") for choice in choices]
    made = Record(
        name=f"{study.name}: {protocol.name}{f', {scope.name}' if scope.name else ''}, fold {fold + 1}",
        split=split if apart or protocol.rated else _with_validation(split, study.seed),
        protocol=_terms(protocol),
        fits=tuple(fits.values()),
        choices=tuple(choices),
        judged=_predicted(split, protocol, cells.values())
        if protocol.rated
        else _judged(split, protocol, cells.values()),
        versions=versions(),
        seeds={"study": study.seed, "protocol": protocol.seed},
        wall_s=sum(cell.seconds for cell in cells.values()),
    )
    made.write(folder / name_of(scope, protocol, fold))


def name_of(scope: Scope, protocol: Protocol, fold: int) -> str:
    """A name that no other has: genres may be called anything, and two scopes differ in how many of each they take."""
    if not scope.name:
        return f"{protocol.name}-{fold + 1}"
    told = "".join(c if c.isascii() and c.isalnum() else "-" for c in scope.name.lower())[:40].strip("-")
    return f"{protocol.name}-{fold + 1}-{told}-{hashlib.blake2b(scope.name.encode(), digest_size=3).hexdigest()}"


def sweep(folder: Path, asked: Sequence[tuple[Scope, Protocol]]) -> None:
    """Remove the records of folds that the study no longer asks for: an audit of them would be of another study."""
    if not folder.is_dir():
        return
    names = {name_of(scope, one, fold) for scope, one in asked for fold in range(max(one.folds, 1))}
    for one in folder.iterdir():
        if one.name not in names and not one.is_symlink() and (one / RUN).is_file():
            shutil.rmtree(one, ignore_errors=True)


def _with_validation(split: Split, seed: int) -> Split:
    """The split as the controls saw it, which were tuned on some of the training rows before they learned from all."""
    train = np.flatnonzero(split.side == TRAIN)
    if not len(train):
        return split
    side = split.side.copy()
    side[train[controls.held_back(split.train, seed).side == TEST]] = VALIDATION
    return replace(split, side=side)


def _terms(protocol: Protocol) -> Terms:
    if protocol.rated:
        return Terms(kind="rating-prediction", candidates="", cutoffs=protocol.cutoffs)
    return Terms(kind=protocol.kind, candidates="all", like=protocol.like, cutoffs=protocol.cutoffs)


def _predicted(split: Split, protocol: Protocol, cells: Iterable[Cell]) -> Judged:
    """The ratings of the test in the first row of the protocol, and the fewest that any row of the table predicted."""
    row, rows = protocol.rows[0], split.test
    cold = split.cold_items[rows.items] | split.cold_users[rows.users]
    within = {"overall": np.ones_like(cold), "cold": cold, "warm": ~cold}[row]
    expected = rows.take(within)
    counts = [sum(cell.measured[row].values.get(COUNT, [])) for cell in cells if row in cell.measured]
    evaluated = {"rows": int(min(counts, default=0))}
    return Judged(expected={"rows": len(expected)}, evaluated=evaluated)


def _judged(split: Split, protocol: Protocol, cells: Iterable[Cell]) -> Judged:
    """Whom there was to judge by, counted off the test side; and the fewest that any row was judged by."""
    row, unit = "", "items"
    if protocol.kind == "item-based":
        listed, history = judges(split)
        liked = history.liked(protocol.like)
        enough = liked.user_counts >= max(protocol.least, 2)
        expected = int(np.count_nonzero((liked.take(enough[liked.users]).item_counts > 0) & listed))
    else:
        liked = split.test.liked(protocol.like)
        row, unit = "overall" if "overall" in protocol.rows else protocol.rows[0], "users"
        cold = split.cold_items[liked.items]
        within = {"overall": np.ones_like(cold), "cold": cold, "warm": ~cold}[row]
        expected = int(np.count_nonzero(liked.take(within).user_counts))
    counts = [len(cell.measured[row].ids) for cell in cells if row in cell.measured]
    return Judged(expected={unit: expected}, evaluated={unit: min(counts, default=0)})
