"""The parts of a cosine sum to it, whatever is missing and however panels are weighed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triptych.catalogue.records import Item
from triptych.errors import UnknownName, UsageError
from triptych.explain.of_space import of_space
from triptych.spaces.blocks import Blocks
from triptych.spaces.space import Space

NAMES = ("seeing/colour", "seeing/shots", "hearing/rhythm", "reading/genres", "reading/plot")
PANELS = tuple(name.partition("/")[0] for name in NAMES)


def space(mask: np.ndarray, seed: int) -> Space:
    rng = np.random.default_rng(seed)
    values = tuple(
        (rng.normal(size=(len(mask), 3)) * mask[:, [p]] * rng.choice([0.1, 1, 30])).astype(np.float32)
        for p in range(len(NAMES))
    )
    ids = tuple(f"i{k}" for k in range(len(mask)))
    return Space(name="s", item_ids=ids, blocks=Blocks(panels=PANELS, names=NAMES, values=values, mask=mask), recipe="")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.booleans(), min_size=10, max_size=10),
    st.tuples(*[st.sampled_from([0.0, 0.3, 1.0, 7.0])] * 3).filter(any),
    st.integers(0, 99),
)
def test_parts_sum_to_the_score_of_the_search(held: list[bool], w: tuple[float, float, float], seed: int) -> None:
    mask = np.array(held).reshape(2, 5)
    made = space(mask, seed)
    weights: dict[str, float] = dict(zip(("seeing", "hearing", "reading"), w, strict=True))
    found = of_space(made, "i0", "i1", items={}, weights=weights)
    near = made.similar(["i0"], n=1, weights=weights).of("i0")
    assert found.score == (near[0].score if near else 0.0)
    assert abs(sum(one.value for one in found.reasons) - found.score) <= 1e-6
    both: list[bool] = np.logical_and(mask[0], mask[1]).tolist()
    there = {name for name, held_by in zip(NAMES, both, strict=True) if held_by and weights[name.split("/")[0]]}
    assert {one.name for one in found.reasons} == there


def test_what_is_not_compared_is_told() -> None:
    mask = np.array([[1, 1, 1, 1, 0], [1, 0, 0, 0, 1], [0, 0, 1, 0, 0]], bool)
    items = {"i0": Item(item_id="i0", title="One"), "i1": Item(item_id="i1", title="Two")}
    found = of_space(space(mask, 1), "i0", "i1", items=items)
    assert found.item.name == "Two"
    assert found.whom.item is not None
    assert found.whom.item.name == "One"
    assert [one.name for one in found.reasons] == ["seeing/colour"]
    assert found.notes == (
        "What is heard is not compared: of Two nothing of it is known.",
        "What is read is not compared: they share no feature of it.",
    )
    with pytest.raises(UsageError, match="against itself"):
        of_space(space(mask, 1), "i0", "i0", items={})
    with pytest.raises(UnknownName, match="no item 'x'"):
        of_space(space(mask, 1), "i0", "x", items={})
    with pytest.raises(UnknownName, match="no panel"):
        of_space(space(mask, 1), "i0", "i1", items={}, weights={"tasting": 1})
