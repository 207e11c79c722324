"""Ledger: what is settled, and what is measured again."""

from __future__ import annotations

from pathlib import Path

import pytest

from triptych.catalogue.tables import Tables
from triptych.features.ledger import Entry, Ledger, Status


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(Tables(tmp_path / "lance"))


def entry(
    item_id: str, status: Status = Status.DONE, *, recipe: str = "r1", source: str = "s1", **more: object
) -> Entry:
    return Entry(item_id=item_id, recipe=recipe, feature="seeing/level", status=status, source=source, **more)  # type: ignore[arg-type]


def test_an_empty_ledger_settles_nothing(ledger: Ledger) -> None:
    assert ledger.entries() == []
    assert ledger.settled() == {}


def test_done_skipped_and_failed_are_all_settled_until_failures_are_to_be_retried(ledger: Ledger) -> None:
    ledger.write([entry("a"), entry("b", Status.SKIPPED, reason="no plot"), entry("c", Status.FAILED, reason="broken")])
    assert set(ledger.settled()) == {("a", "r1"), ("b", "r1"), ("c", "r1")}
    assert set(ledger.settled(retry_failed=True)) == {("a", "r1"), ("b", "r1")}


def test_settled_tells_which_source_was_measured(ledger: Ledger) -> None:
    ledger.write([entry("a", source="old"), entry("a", recipe="r2", source="old")])
    ledger.write([entry("a", source="new")])
    assert ledger.settled() == {("a", "r1"): "new", ("a", "r2"): "old"}


def test_a_row_is_replaced_by_item_and_recipe_and_keeps_everything(ledger: Ledger) -> None:
    first = entry("it's\n🎬", Status.FAILED, reason="broken", attempts=2, seconds=0.1 + 0.2, at=1.5)
    ledger.write([first, entry("b", at=2.0)])
    assert sorted(ledger.entries(), key=lambda e: e.at) == [first, entry("b", at=2.0)]
    second = entry("it's\n🎬", warnings=("one", "two"), at=3.0)
    ledger.write([second])
    assert sorted(ledger.entries(), key=lambda e: e.at) == [entry("b", at=2.0), second]


def test_rows_are_stamped_when_they_are_written(ledger: Ledger) -> None:
    ledger.write([entry("a")])
    [first] = ledger.entries()
    assert first.at > 1.6e9
    ledger.write([entry("b")])
    assert next(e for e in ledger.entries() if e.item_id == "a") == first


def test_ten_thousand_rows_come_back(ledger: Ledger) -> None:
    ledger.write([entry(f"i{k}", source=str(k)) for k in range(10_000)])
    settled = ledger.settled()
    assert len(settled) == len(ledger.entries()) == 10_000
    assert settled["i4321", "r1"] == "4321"
