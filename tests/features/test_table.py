"""FeatureTable: rows are found by id, and what is not there is masked."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triptych.errors import ExtractionError
from triptych.features.recipe import Recipe
from triptych.features.table import FeatureTable

RECIPE = Recipe(panel="seeing", name="level")


def table(ids: tuple[str, ...] = ("a", "b", "c"), **changed: object) -> FeatureTable:
    parts: dict[str, object] = {
        "recipe": RECIPE,
        "item_ids": ids,
        "values": np.arange(2 * len(ids), dtype=np.float32).reshape(-1, 2),
        "presence": np.array(["present"] * len(ids), "U8"),
    }
    return FeatureTable(**{**parts, **changed})  # type: ignore[arg-type]


@given(st.lists(st.sampled_from("abcdexyz"), max_size=12))
def test_rows_follow_the_ids_that_are_asked_for(asked: list[str]) -> None:
    values, mask = table().aligned(asked)
    assert values.shape == (len(asked), 2)
    assert values.dtype == np.float32
    for k, item_id in enumerate(asked):
        row = "abc".find(item_id)
        assert mask[k] == (row >= 0)
        assert values[k].tolist() == ([2 * row, 2 * row + 1] if row >= 0 else [0, 0])


def test_missing_and_silent_rows_are_masked() -> None:
    held = table(presence=np.array(["present", "missing", "silent"], "U8"))
    assert held.present.tolist() == [True, False, False]
    assert held.aligned(["c", "b", "a"])[1].tolist() == [False, False, True]


def test_an_empty_table_masks_everything() -> None:
    values, mask = table((), values=np.zeros((0, 2), np.float32)).aligned(["a", "b"])
    assert values.shape == (2, 2)
    assert not mask.any()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"values": np.ones((2, 2), np.float32)}, "differ in length"),
        ({"presence": np.array(["present"], "U8")}, "differ in length"),
        ({"item_ids": ("a", "b", "a")}, "stands twice"),
        ({"values": np.array([[1, 2], [3, np.nan], [5, 6]], np.float32)}, "NaN or infinite"),
    ],
)
def test_what_is_no_table(changed: dict[str, object], said: str) -> None:
    with pytest.raises(ExtractionError, match=said):
        table(**changed)
