"""Attrition: the figures of a published table come out of its steps, and nothing is divided by nought."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from triptych.curation.attrition import attrition
from triptych.curation.selection import Step


def step(rule: str, title: str, removed: int, left: int, **rest: Any) -> Step:
    given: dict[str, Any] = {"users_removed": 0, "users_left": 100, "interactions_removed": 0}
    given |= {"interactions_left": 1000, "issue": f"No {title}"}
    return Step(rule=rule, title=title, items_removed=removed, items_left=left, **{**given, **rest})


# Maes 2025, Tables 3.1 and B.1.
STEPS = (
    step("catalogue", "Initial dataset", 0, 27_278),
    step("link", "Valid links", 8_013, 19_265, items_alone=8_013),
    step("trailer", "Retrieved videos", 4_323, 14_942, items_alone=12_336),
    step(
        "full",
        "Final corpus",
        1_022,
        13_920,
        items_alone=1_500,
        items_unknown=22,
        users_removed=7,
        users_left=93,
        interactions_removed=386,
        interactions_left=614,
        reasons=(("By title", 1_000), ("By length", 22)),
    ),
)


def test_the_table_of_stages() -> None:
    found = attrition(STEPS)
    assert [(row.title, row.items, f"{row.items_loss_pct:.1f}") for row in found.stages] == [
        ("Initial dataset", 27_278, "0.0"),
        ("Valid links", 19_265, "29.4"),
        ("Retrieved videos", 14_942, "45.2"),
        ("Final corpus", 13_920, "49.0"),
    ]
    assert (found.stages[3].users_loss_pct, found.stages[3].interactions) == (7.0, 614)


def test_the_table_of_issues() -> None:
    found = attrition(STEPS)
    assert [(row.items, f"{row.items_pct:.1f}", row.items_alone) for row in found.issues] == [
        (8_013, "29.4", 8_013),
        (4_323, "15.8", 12_336),
        (1_022, "3.7", 1_500),
    ]
    assert (found.issues[2].users_pct, found.issues[2].interactions_pct) == (7.0, 38.6)


def test_as_text() -> None:
    stages, issues = attrition(STEPS).text().split("\n\n")
    assert stages.splitlines()[0].split() == ["stage", "items", "loss", "users", "loss", "interactions", "loss"]
    assert stages.splitlines()[4].split() == ["Final", "corpus", "13,920", "49.0%", "93", "7.0%", "614", "38.6%"]
    row = "No Final corpus 1,022 3.7% 1,500 22 7 7.0% 0 386 38.6% 0"
    assert issues.splitlines()[3].split() == row.split()
    assert issues.splitlines()[4].split() == ["By", "title", "1,000"]
    assert len({len(line) for line in stages.splitlines()}) == 1


def test_rows_are_as_wide_as_their_names() -> None:
    for names, rows in (attrition(STEPS).stage_table(), attrition(STEPS).issue_table()):
        assert {len(row) for row in rows} == {len(names)}


def test_one_reason_is_not_split() -> None:
    alone = step("years", "Years", 1, 9, reasons=(("Before 1970", 1),))
    assert len(attrition([step("catalogue", "All", 0, 10), alone]).issue_table()[1]) == 1


def test_of_nothing_there_is_no_share() -> None:
    empty = step("catalogue", "All", 0, 0, users_left=0, interactions_left=0)
    after = step("years", "Years", 0, 0, users_left=0, interactions_left=0)
    found = attrition([empty, after])
    assert found.stages[1].items_loss_pct is None
    assert found.issues[0].users_pct is None
    assert "-" in found.text()
    assert attrition([]).text().startswith("stage")


def test_it_is_json() -> None:
    again = json.loads(json.dumps(asdict(attrition(STEPS)), allow_nan=False))
    assert again["stages"][3]["items"] == 13_920
    assert again["issues"][2]["reasons"] == [["By title", 1_000], ["By length", 22]]


def test_where_nobody_acted_the_tables_are_of_items_alone() -> None:
    nobody = {"users_left": 0, "interactions_left": 0}
    steps = (
        step("catalogue", "Initial dataset", 0, 2_728, **nobody),
        step("link", "Valid links", 801, 1_927, **nobody),
        step("trailer", "Retrieved videos", 433, 1_494, **nobody),
        step("full", "Final corpus", 102, 1_392, **nobody),
    )
    names, rows = attrition(steps).stage_table()
    assert names == ["stage", "items", "loss"]
    assert rows == [
        ["Initial dataset", "2,728", "0.0%"],
        ["Valid links", "1,927", "29.4%"],
        ["Retrieved videos", "1,494", "45.2%"],
        ["Final corpus", "1,392", "49.0%"],
    ]
    names, rows = attrition(steps).issue_table()
    assert names == ["removed", "items", "of all", "alone", "unknown"]
    assert [row[1:3] for row in rows] == [["801", "29.4%"], ["433", "15.9%"], ["102", "3.7%"]]
