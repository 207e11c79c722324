"""Activity: a handful of interactions counted by hand, and a world counted again by polars."""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from triptych.catalogue.interactions import INTERACTIONS
from triptych.curation.activity import GROUPS, activity_of
from triptych.curation.ratings import user_spread


def table(*rows: tuple[str, str, float | None, int | None, str]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [[]] * 5
    return pa.table(dict(zip(INTERACTIONS.names, columns, strict=True)), schema=INTERACTIONS)


def test_five_interactions_by_hand() -> None:
    found = activity_of(
        table(
            ("u", "a", 4.0, 100, "rating"),
            ("u", "b", 2.0, 50, "rating"),
            ("v", "a", 5.0, None, "rating"),
            ("v", "a", 1.0, 300, "play"),
            ("w", "z", 4.0, 200, "rating"),
        ),
        ["b", "a", "c"],
    )
    assert (found.n, found.items, found.kinds) == (5, 3, {"rating": 4, "play": 1})
    assert found.item_counts.tolist() == [1, 3, 0, 1]  # z comes after what the catalogue knows
    assert found.user_counts.tolist() == [2, 2, 1]
    assert found.scale.tolist() == [2, 4, 5]
    assert found.item_values.tolist() == [[1, 0, 0], [0, 1, 1], [0, 0, 0], [0, 1, 0]]
    assert found.item_sums.tolist() == [2, 9, 0, 4]
    assert found.item_positives.tolist() == [0, 2, 0, 1]
    assert found.user_ratings.tolist() == [2, 1, 1]
    assert (found.timed, found.first_s, found.last_s) == (4, 50, 300)
    assert found.pairs() == 4
    assert found.users_of(np.array([True, False, False])) == 1
    assert found.users_of(np.array([False, True, True])) == 2


def test_nothing_at_all() -> None:
    found = activity_of(INTERACTIONS.empty_table(), ["a"])
    assert (found.n, found.kinds, found.item_counts.tolist(), found.months) == (0, {}, [0], ())
    assert found.first_s is None
    assert found.item_values.shape == (1, 0)


def test_a_value_without_a_number_is_no_rating() -> None:
    found = activity_of(table(("u", "a", None, 1, "rating"), ("u", "b", 3.0, 1, "rating")), ["a", "b"])
    assert found.n == 2
    assert found.item_ratings.tolist() == [0, 1]


def test_a_threshold_that_is_no_round_number_in_binary_counts_its_own_value() -> None:
    rows = table(("u", "a", 3.3, 1, "rating"), ("u", "b", 3.2, 1, "rating"))
    assert activity_of(rows, ["a", "b"], positive=3.3).item_positives.tolist() == [1, 0]


def test_a_fine_scale_is_cut_into_parts_and_its_sums_stay_exact() -> None:
    rng = np.random.default_rng(0)
    values = np.round(rng.random(500) * 100, 2).astype(np.float32)
    rows = table(*((f"u{k}", "a", float(v), None, "rating") for k, v in enumerate(values)))
    found = activity_of(rows, ["a"], positive=50)
    assert found.grouped
    assert len(found.scale) == GROUPS
    assert found.item_values.sum() == 500
    assert found.item_sums[0] == np.float64(values.astype(np.float64).sum())
    assert found.item_positives[0] == (values >= 50).sum()


def test_a_world_counted_again() -> None:
    rng = np.random.default_rng(1)
    frame = pl.DataFrame(
        {
            "user_id": [f"u{k}" for k in rng.integers(0, 40, 3000)],
            "item_id": [f"i{k}" for k in rng.integers(0, 60, 3000)],
            "value": (rng.integers(1, 11, 3000) / 2).astype(np.float32),
        }
    ).unique(["user_id", "item_id"], maintain_order=True)
    rows = frame.with_columns(timestamp=pl.lit(0, pl.Int64), kind=pl.lit("rating")).to_arrow().cast(INTERACTIONS)
    ids = [f"i{k}" for k in range(60)]
    # In pieces, as a table on disk comes.
    pieces = pa.concat_tables([rows.slice(k, 100) for k in range(0, rows.num_rows, 100)])
    found = activity_of(pieces, ids)
    counted = frame.group_by("item_id").agg(pl.len(), pl.col("value").cast(pl.Float64).sum()).rows_by_key("item_id")
    for k, item_id in enumerate(ids):
        n, total = counted[item_id][0] if item_id in counted else (0, 0.0)
        assert (found.item_counts[k], found.item_sums[k]) == (n, total)
    spread = frame.group_by("user_id").agg(pl.len(), pl.col("value").cast(pl.Float64).std().alias("sd"))
    expected = np.sort(spread.filter(pl.col("len") >= 5)["sd"].to_numpy())
    np.testing.assert_allclose(np.sort(user_spread(found)), expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("values", "begins"),
    [
        ([0.5, 5], 3.5),
        ([1, 4], 3.5),
        ([1, 10], 7),
        ([0, 1], 0.7),
        ([3, 100], 70),
        ([-10, 10], 4),
        ([-1, 1], 0.4),
        ([], 3.5),
        ([0, 0], 3.5),
    ],
)
def test_where_positive_begins_follows_the_scale(values: list[float], begins: float) -> None:
    found = activity_of(table(*((f"u{k}", "a", value, 1, "rating") for k, value in enumerate(values))), ["a"])
    assert (found.positive, found.positive_assumed) == (begins, True)


def test_where_positive_begins_goes_by_ratings_alone() -> None:
    rows = table(("u", "a", 4.0, 1, "rating"), ("u", "b", 300.0, 1, "play"))
    assert activity_of(rows, ["a", "b"]).positive == 3.5
    told = activity_of(rows, ["a", "b"], positive=2)
    assert (told.positive, told.positive_assumed) == (2, False)


def test_milliseconds_are_no_seconds() -> None:
    found = activity_of(table(("u", "a", 4.0, 1_600_000_000_000, "rating"), ("v", "a", 4.0, 100, "rating")), ["a"])
    assert (found.timed, found.mistimed, found.last_s, found.months) == (1, 1, 100, (("1970-01", 1),))
