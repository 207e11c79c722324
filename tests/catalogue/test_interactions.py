"""Interactions: keys are compared by number, and say what comparing text would say."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triptych.catalogue.interactions import EVENT_KEY, INTERACTIONS, against, codes, plain, repeated

Row = tuple[str, str, float, int | None, str]
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["u", "v", "ü"]),
        st.sampled_from(["i", "j", "u"]),
        st.sampled_from([1.0, 2.0]),
        st.sampled_from([None, 0, 5]),
        st.sampled_from(["rating", "play"]),
    )
)


def table(*rows: Row) -> pa.Table:
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in INTERACTIONS.names]
    return pa.table(columns, schema=INTERACTIONS)


def key_of(row: Row) -> tuple[str, str, str]:
    return row[0], row[1], row[4]


def encoded(rows: pa.Table) -> pa.Table:
    """In two chunks with dictionaries of their own."""
    half = rows.num_rows // 2

    def part(rows: pa.Table) -> pa.Table:
        columns = [rows[name].dictionary_encode() if name in EVENT_KEY else rows[name] for name in rows.schema.names]
        return pa.table(columns, names=rows.schema.names)

    return pa.concat_tables([part(rows.slice(0, half)), part(rows.slice(half))])


def test_against_tells_new_from_changed_from_known() -> None:
    old = table(("u", "i", 1.0, None, "rating"), ("u", "j", 1.0, 5, "rating"), ("v", "i", 1.0, 5, "rating"))
    new = table(("w", "i", 1.0, 5, "rating"), ("u", "j", 1.0, None, "rating"), ("u", "i", 1.0, None, "rating"))
    fresh, changed = against(new, old.to_batches())
    assert (fresh.to_pylist(), changed.to_pylist()) == (new.to_pylist()[:1], new.to_pylist()[1:2])
    assert [part.num_rows for part in against(old, old.to_batches())] == [0, 0]
    fresh, changed = against(new, table().to_batches())
    assert (fresh, changed.num_rows) == (new, 0)


@given(rows=ROWS, old=ROWS)
def test_against_says_what_looking_up_each_row_says(rows: list[Row], old: list[Row]) -> None:
    held = {key_of(row): row for row in old}
    offered = list({key_of(row): row for row in rows}.values())
    fresh, changed = against(encoded(table(*offered)), table(*held.values()).to_batches(max_chunksize=2))
    assert plain(fresh) == table(*(row for row in offered if key_of(row) not in held))
    assert plain(changed) == table(*(row for row in offered if held.get(key_of(row), row) != row))


@given(rows=ROWS)
def test_repeated_is_all_but_the_last_of_each_key(rows: list[Row]) -> None:
    last = {key_of(row): place for place, row in enumerate(rows)}
    expected = [last[key_of(row)] != place for place, row in enumerate(rows)]
    assert repeated(table(*rows)).tolist() == repeated(encoded(table(*rows))).tolist() == expected


def test_codes_stand_for_texts() -> None:
    numbers, texts = codes(pa.chunked_array([["b", "a"], ["a", "c"]]))
    assert [texts[number] for number in numbers] == ["b", "a", "a", "c"]
    assert codes(pa.chunked_array([], pa.string()))[1] == []


def test_more_keys_than_64_bits_can_tell_apart_are_not_confused_silently(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = np.zeros(1, np.int32)
    monkeypatch.setattr("triptych.catalogue.interactions.codes", lambda column: (numbers, range(2**31)))
    with pytest.raises(OverflowError, match="64 bits"):
        repeated(table(("u", "i", 1.0, 1, "rating")))
