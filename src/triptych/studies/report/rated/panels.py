"""Panels: rows that read what is seen, heard or read of items, by which of these they do, with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from triptych.drawing.figure import Figure
from triptych.drawing.span import Span, spans
from triptych.features.recipe import PANELS
from triptych.studies.report.figures import short
from triptych.studies.report.learned.told import mapping
from triptych.studies.report.rated.told import sequence
from triptych.studies.report.view import base_of, ends, label, listed, main, measure, measured, number
from triptych.studies.results import Judgement, Line

#: Settings of a model that are called as a panel, and what is written of items besides, which is read too.
_SETTINGS: Sequence[tuple[str, str]] = (*((panel, panel) for panel in PANELS), ("meta", "reading"))
FEWEST = 3


def panels_of(line: Line) -> tuple[str, ...]:
    """The panels that a row's model is given features of, in their order; () where its settings do not tell."""
    found: set[str] = set()
    for facts in line.facts:
        key: Mapping[str, Any] = mapping(mapping(facts.get("model")).get("key"))
        found |= {panel for setting, panel in _SETTINGS if sequence(key.get(setting))}
    return tuple(panel for panel in PANELS if panel in found)


def by_panel(judgement: Judgement, name: str) -> Figure | None:
    """Those of one panel first, then those of several, the best first; nothing where rows do not differ in panels."""
    metric = main(judgement)
    lines = [(line, panels_of(line)) for line in measured(judgement, "variant") if metric in line.figures]
    lines = [(line, own) for line, own in lines if own]
    if len(lines) < FEWEST or len({own for _, own in lines}) < 2:
        return None
    sign = 1 if measure(metric).better == "lower" else -1
    lines.sort(key=lambda told: (len(told[1]), sign * told[0].figures[metric].value))
    base = base_of(judgement)
    rule = base.figures[metric].value if base is not None and metric in base.figures else None
    drawn: list[Span] = []
    for line, own in lines:
        one = line.figures[metric]
        drawn.append(
            Span(
                name=line.name,
                value=one.value,
                low=one.low,
                high=one.value if one.high is None else one.high,
                tone=own[0] if len(own) == 1 else "ink",
                words=number(one.value),
                told=f"{line.name} ({listed(own, quotes=False)}): {number(one.value)} {ends(one)}",
                band=len(own) > 1,
            )
        )
    dotted = f" The dotted line is “{base.name}”." if base is not None and rule is not None else ""
    there = [panel for panel in PANELS if any(own == (panel,) for _, own in lines)]
    key = [*((panel, f"{panel} alone") for panel in there), ("ink-fill", "several")]
    return Figure(
        name=name,
        title="By panel",
        draw=partial(spans, spans=drawn, says=short, rule=rule, below=label(metric)),
        says=(
            f"{label(metric)} with 95 % intervals over users, of rows that are given features of one panel, and on "
            f"grey of several.{dotted}"
        ),
        heads=("", "panels", label(metric), "95 % interval"),
        rows=[
            (line.name, listed(own, quotes=False), number(line.figures[metric].value), ends(line.figures[metric]))
            for line, own in lines
        ],
        key=key,
    )
