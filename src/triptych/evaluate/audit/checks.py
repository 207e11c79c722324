"""Checks: all that an audit looks for, one small function each."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from triptych.evaluate.audit.findings import Audit, Finding
from triptych.evaluate.audit.judging import dropped_cold, sampled
from triptych.evaluate.audit.sides import fitted_on_test, future, overlap
from triptych.evaluate.audit.tuning import chosen_on_test, edge_of_grid, smaller_budget
from triptych.evaluate.record import Record

#: In the order in which an experiment goes wrong: its sides, what learns, what is chosen, what is judged.
CHECKS: Mapping[str, Callable[[Record], Finding]] = {
    "overlap": overlap,
    "future": future,
    "fitted-on-test": fitted_on_test,
    "chosen-on-test": chosen_on_test,
    "edge-of-grid": edge_of_grid,
    "smaller-budget": smaller_budget,
    "dropped-cold": dropped_cold,
    "sampled": sampled,
}


def audit(record: Record) -> Audit:
    """All checks of one record."""
    return Audit(name=record.name, findings=tuple(check(record) for check in CHECKS.values()))
