"""The availability table: one row for each item, the last word stands."""

from __future__ import annotations

from triptych import Catalogue
from triptych.gather.trailers.availability import SCHEMA, Availability, Finding
from triptych.gather.trailers.reason import Reason, Status


def test_rows_are_replaced_by_item_and_counted(catalogue: Catalogue) -> None:
    table = Availability(catalogue.tables)
    assert table.read().num_rows == 0
    assert table.reasons() == {}
    with catalogue.writing("try"):
        table.write([])
        table.write(
            [
                Finding(item_id="a", url="u", reason=Reason.STALLED, tries=3, seconds=1.5),
                Finding(item_id="b", url="u", reason=Reason.UNAVAILABLE, http_status=404, detail="it's gone"),
                Finding(item_id="c", url="u", reason=Reason.UNAVAILABLE),
            ]
        )
        table.write([Finding(item_id="a", url="u", bytes=5, duration_s=6.0, at=7.0)])
    assert table.reasons() == {"fetched": 1, "unavailable": 2}
    assert table.read().schema.names == SCHEMA.names
    rows = {row["item_id"]: row for row in table.read().to_pylist()}
    assert (rows["a"]["status"], rows["a"]["reason"], rows["a"]["at"]) == ("fetched", "", 7.0)
    assert (rows["b"]["status"], rows["b"]["http_status"], rows["b"]["bytes"]) == ("missing", 404, None)
    assert table.findings()["a"] == Finding(item_id="a", url="u", bytes=5, duration_s=6.0, at=7.0)


def test_each_reason_has_a_status() -> None:
    assert {reason for reason in Reason if reason.status is Status.REFUSED} == {
        Reason.NOT_A_LINK,
        Reason.REFUSED_ADDRESS,
    }
    assert {reason for reason in Reason if reason.passing} == {
        reason for reason in Reason if reason.status is Status.FAILED
    }
    assert not any(reason.status is Status.FETCHED for reason in Reason)
