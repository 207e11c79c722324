"""Results: the cells of a run as tables: means with intervals, differences with tests, and what became of claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from triptych.evaluate.measured import Measured
from triptych.evaluate.significance import Comparison, Interval, adjusted, compare_all, intervals
from triptych.studies import pooled
from triptych.studies.cell import Cell
from triptych.studies.protocol import Protocol
from triptych.studies.rated import CHOSEN
from triptych.studies.run import Done
from triptych.studies.scope import scope_of
from triptych.studies.study import ORACLE, Bracket, Claim, Table

#: One alone who judges has no interval.
FEWEST = 2
LEVEL, CERTAIN = 0.95, 0.05
AGREES, CONTRADICTS, UNDECIDED, UNTESTED = "agrees", "contradicts", "undecided", "not tested"


@dataclass(frozen=True, kw_only=True, eq=False)
class Line:
    """One row as it is shown. ``kind``: variant, control, or oracle. ``against``: its comparison with the row that all
    are tested against, metric by metric, where the same users or items judge both. ``nothing``: why it has no figures.
    ``by_fold``: what the whole of each fold has, in order, such as its RMSE. ``chosen``: of predicted ratings, what
    they came to as a choice, of the users who like something; its metrics are among the figures.
    """

    name: str
    kind: str
    scope: str
    measured: Measured | None = None
    figures: Mapping[str, Interval] = field(default_factory=dict[str, Interval])
    whole: Mapping[str, float] = field(default_factory=dict[str, float])
    against: Mapping[str, Comparison] = field(default_factory=dict[str, Comparison])
    nothing: str = ""
    seconds: float = 0.0
    facts: Sequence[Mapping[str, Any]] = ()
    by_fold: Sequence[Mapping[str, float]] = ()
    chosen: Measured | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Judgement:
    """A table under one protocol and one row of it, such as cold items. ``unit``: who judges, users or items."""

    table: Table
    protocol: Protocol
    row: str
    unit: str
    lines: tuple[Line, ...]

    def line(self, name: str) -> Line | None:
        return next((line for line in self.lines if line.name == name), None)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What became of a claim under one protocol: ``difference`` of two rows, and p after Holm where it was paired."""

    claim: Claim
    protocol: str
    row: str
    verdict: str
    difference: float | None = None
    relative: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None


@dataclass(frozen=True, kw_only=True)
class Check:
    """A bracket, and the figure that should lie in it; None where it is not there."""

    bracket: Bracket
    value: float | None

    @property
    def held(self) -> bool:
        return self.value is not None and self.bracket.low <= self.value <= self.bracket.high


@dataclass(frozen=True, kw_only=True, eq=False)
class Results:
    done: Done
    judgements: tuple[Judgement, ...]
    verdicts: tuple[Verdict, ...]
    checks: tuple[Check, ...]

    @classmethod
    def of(cls, done: Done) -> Results:
        study = done.study
        judgements = [
            _judgement(done, table, protocol, row)
            for table in study.tables
            for protocol in study.protocols_of(table)
            for row in protocol.parts
            if any((scope_of(one).name, protocol.name, one.digest) in done.cells for one in table.rows)
        ]
        verdicts = [
            _verdict(claim, judgement, seed=study.seed, draws=study.draws)
            for claim in study.claims
            for judgement in judgements
            if judgement.table.name == claim.table and claim.protocol in ("", judgement.protocol.name)
        ]
        return cls(
            done=done,
            judgements=tuple(judgements),
            verdicts=tuple(verdicts),
            checks=tuple(_check(bracket, judgements) for bracket in study.brackets),
        )


def merged(cells: Sequence[Cell], row: str) -> Measured | None:
    """The folds together: who judges in several of them has the mean of these, or of ratings the mean over all of them.
    None where no fold has figures."""
    parts = [cell.measured[row] for cell in cells if row in cell.measured]
    # A fold without any cold rating, say, has nobody.
    parts = [part for part in parts if part.values] or parts[:1]
    if not parts:
        return None
    if all(pooled.COUNT in part.values for part in parts):
        return pooled.merged(parts)
    ids = tuple(dict.fromkeys(one for part in parts for one in part.ids))
    place = {one: k for k, one in enumerate(ids)}
    rows = np.concatenate([np.array([place[one] for one in part.ids], np.int64) for part in parts])
    counts = np.bincount(rows, minlength=len(ids))
    values = {
        metric: np.bincount(rows, weights=np.concatenate([part.values[metric] for part in parts]), minlength=len(ids))
        / np.maximum(counts, 1)
        for metric in parts[0].values
    }
    shared = [metric for metric in parts[0].whole if all(metric in part.whole for part in parts)]
    whole = {metric: float(np.mean([part.whole[metric] for part in parts])) for metric in shared}
    return Measured(name=parts[0].name, unit=parts[0].unit, ids=ids, values=values, whole=whole)


def _lacking(cells: Sequence[Cell], row: str, folds: int) -> str:
    """Why a row has no figures: of some folds there are none. "" where there are of all."""
    if not cells:
        return "not run yet"
    without = [cell.nothing for cell in cells if row not in cell.measured]
    if without:
        return (f"in {len(without)} of {folds} folds: " if folds > 1 and len(without) < folds else "") + without[0]
    return f"{len(cells)} of {folds} folds are run" if len(cells) < folds else ""


def _judgement(done: Done, table: Table, protocol: Protocol, row: str) -> Judgement:
    study = done.study
    scopes = {scope_of(variant).name for variant in table.rows}
    named: list[tuple[str, str, str, str]] = [
        (variant.name, "variant", scope_of(variant).name, variant.digest) for variant in table.rows
    ]
    for scope in sorted(scopes):
        mark = f" ({scope})" if len(scopes) > 1 and scope else ""
        named += [(f"{name}{mark}", "control", scope, name) for name in table.controls]
        # What looks ahead is told of rankings alone: of predicted ratings it would be right each time.
        named += [] if table.rated else [(f"{ORACLE}{mark}", "oracle", scope, ORACLE)]
    lines: list[Line] = []
    for name, kind, scope, key in named:
        cells = done.cells.get((scope, protocol.name, key), ())
        lacking = _lacking(cells, row, max(protocol.folds, 1))
        # Of some folds alone it would be judged by others than the rows beside it.
        found = None if lacking else merged(cells, row)
        facts = tuple(cell.facts for cell in cells)
        seconds = sum(cell.seconds for cell in cells)
        if found is None or len(found.ids) < FEWEST:
            why = lacking or "hardly anybody judges it"
            lines.append(Line(name=name, kind=kind, scope=scope, nothing=why, seconds=seconds, facts=facts))
            continue
        chosen = merged(cells, f"{row}{CHOSEN}") if table.rated else None
        figures = _figures(found, seed=study.seed, draws=study.draws)
        whole = dict(found.whole)
        if chosen is not None and len(chosen.ids) >= FEWEST:
            figures |= intervals(chosen.values, seed=study.seed, level=LEVEL, draws=study.draws)
            whole |= chosen.whole
        lines.append(
            Line(
                name=name,
                kind=kind,
                scope=scope,
                measured=found,
                figures=figures,
                whole={name: value for name, value in whole.items() if name not in figures},
                seconds=seconds,
                facts=facts,
                by_fold=tuple(_by_fold(cell, row) for cell in cells),
                chosen=chosen,
            )
        )
    unit = next((line.measured.unit for line in lines if line.measured is not None), "user")
    claimed = {claim.metric for claim in study.claims if claim.table == table.name}
    compared = _compared(lines, table, {*table.metrics, *claimed}, seed=study.seed, draws=study.draws)
    return Judgement(table=table, protocol=protocol, row=row, unit=unit, lines=compared)


def _compared(lines: Sequence[Line], table: Table, wanted: Set[str], *, seed: int, draws: int) -> tuple[Line, ...]:
    """Each line against the one of the table, with p after Holm over all lines of a metric."""
    base = next((line for line in lines if line.name == table.against), None)
    if base is None or base.measured is None:
        return tuple(lines)
    metrics = [metric for metric in base.figures if metric in wanted] or list(base.figures)
    pairs: dict[int, dict[str, Comparison]] = {}
    for k, line in enumerate(lines):
        if line is base or line.measured is None or not pooled.paired(line.measured, base.measured):
            continue
        pairs[k] = _tested(line, base, metrics, seed=seed, draws=draws)
    for metric in metrics:
        for kinds in (("variant",), ("control", "oracle")):
            family = [k for k in pairs if lines[k].kind in kinds]
            family = [k for k in family if metric in pairs[k]]
            for k, one in zip(family, adjusted([pairs[k][metric] for k in family]), strict=True):
                pairs[k][metric] = one
    return tuple(replace(line, against=pairs[k]) if k in pairs else line for k, line in enumerate(lines))


def _verdict(claim: Claim, judgement: Judgement, *, seed: int, draws: int) -> Verdict:
    untested = Verdict(claim=claim, protocol=judgement.protocol.name, row=judgement.row, verdict=UNTESTED)
    line, base = judgement.line(claim.row), judgement.line(claim.against)
    if line is None or base is None or line.measured is None or base.measured is None:
        return untested
    if claim.metric not in line.figures or claim.metric not in base.figures:
        return untested
    known = line.against.get(claim.metric) if claim.against == judgement.table.against else None
    if known is None and pooled.paired(line.measured, base.measured):
        known = _tested(line, base, [claim.metric], seed=seed, draws=draws).get(claim.metric)
    one, other = line.figures[claim.metric], base.figures[claim.metric]
    if known is not None:
        difference, low, high = known.difference, known.low, known.high
        p = known.p_holm if known.p_holm is not None else known.p_permutation
        certain = p < CERTAIN
    else:
        # Other users or items judge the two, so there are no pairs: the intervals' halves are put together.
        difference, p = one.value - other.value, None
        half = float(np.hypot(_half(one), _half(other)))
        low, high = difference - half, difference + half
        certain = low > 0 or high < 0
    seen = "same" if not certain else "higher" if difference > 0 else "lower"
    verdict = AGREES if seen == claim.sign else UNDECIDED if seen == "same" else CONTRADICTS
    return replace(
        untested,
        verdict=verdict,
        difference=difference,
        relative=difference / other.value if other.value else None,
        low=low,
        high=high,
        p=p,
    )


def _figures(found: Measured, *, seed: int, draws: int) -> dict[str, Interval]:
    if pooled.COUNT in found.values:
        return pooled.figures(found, seed=seed, level=LEVEL, draws=draws)
    return intervals(found.values, seed=seed, level=LEVEL, draws=draws)


def _tested(line: Line, base: Line, metrics: Sequence[str], *, seed: int, draws: int) -> dict[str, Comparison]:
    """Of the metrics that both have, of users that both have."""
    found: dict[str, Comparison] = {}
    for a, b in ((line.measured, base.measured), (line.chosen, base.chosen)):
        if a is None or b is None or set(a.ids) != set(b.ids) or len(a.ids) < FEWEST:
            continue
        own = [metric for metric in metrics if metric in a.values and metric in b.values]
        compare_ = pooled.compared if pooled.COUNT in a.values else compare_all
        found |= compare_(a, b, own, seed=seed, level=LEVEL, draws=draws)
    return found


def _by_fold(cell: Cell, row: str) -> dict[str, float]:
    """Of ratings, the figures of all at once, and the means of users' choices."""
    chosen = cell.measured.get(f"{row}{CHOSEN}")
    more = chosen.means() if chosen is not None and chosen.ids else {}
    return {**cell.measured[row].whole, **more}


def _half(one: Interval) -> float:
    return ((one.high if one.high is not None else one.value) - one.low) / 2


def _check(bracket: Bracket, judgements: Sequence[Judgement]) -> Check:
    for judgement in judgements:
        if judgement.table.name == bracket.table and judgement.protocol.name == bracket.protocol:
            line = judgement.line(bracket.row)
            if line is not None and line.measured is not None:
                own = line.figures.get(bracket.metric)
                return Check(bracket=bracket, value=own.value if own is not None else line.whole.get(bracket.metric))
    return Check(bracket=bracket, value=None)
