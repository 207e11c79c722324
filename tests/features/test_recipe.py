"""Recipe: what the hash must see, and what it must not."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triptych.errors import UsageError
from triptych.features.recipe import Recipe

WORDS = st.text(max_size=8)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=12,
)
PARAMS = st.dictionaries(WORDS, PLAIN, max_size=5)


def recipe(**params: object) -> Recipe:
    return Recipe(panel="seeing", name="colour", params=params)


def turned(value: object) -> object:
    """The same with every mapping written the other way round."""
    if isinstance(value, dict):
        return {name: turned(part) for name, part in reversed(value.items())}
    return [turned(part) for part in value] if isinstance(value, list) else value


@given(PARAMS)
def test_the_order_in_which_params_were_written_does_not_count(params: dict[str, object]) -> None:
    other = Recipe(panel="seeing", name="colour", params=turned(params))  # type: ignore[arg-type]
    assert recipe_of(params).hash == other.hash


@given(PARAMS)
def test_a_recipe_read_back_is_the_one_that_was_written(params: dict[str, object]) -> None:
    written = recipe_of(params)
    read = Recipe.from_json(written.to_json())
    assert read == written
    assert (read.hash, read.to_json()) == (written.hash, written.to_json())


@given(PARAMS, PARAMS)
def test_other_params_have_another_hash(a: dict[str, object], b: dict[str, object]) -> None:
    if json.dumps(a, sort_keys=True) != json.dumps(b, sort_keys=True):
        assert recipe_of(a).hash != recipe_of(b).hash


def recipe_of(params: dict[str, object]) -> Recipe:
    return Recipe(panel="seeing", name="colour", params=params)


def test_recipes_are_equal_when_their_hashes_are() -> None:
    assert len({recipe(bins=1), recipe(bins=1), recipe(bins=1.0), recipe(bins=True)}) == 3
    assert recipe(bins=1) != recipe(bins=1.0)
    assert recipe(bins=1) != "seeing/colour"


def test_panel_name_version_and_params_all_count() -> None:
    a = Recipe(panel="seeing", name="colour", version=1, params={"bins": 32})
    others = [
        Recipe(panel="hearing", name="colour", version=1, params={"bins": 32}),
        Recipe(panel="seeing", name="colours", version=1, params={"bins": 32}),
        Recipe(panel="seeing", name="colour", version=2, params={"bins": 32}),
        Recipe(panel="seeing", name="colour", version=1, params={"bins": 33}),
    ]
    assert len({a.hash, *(other.hash for other in others)}) == 5


@dataclass(frozen=True, kw_only=True)
class Window:
    length: int
    hops: tuple[int, ...] = (1, 2)


def test_tuples_sets_and_dataclasses_are_kept_as_json_has_them() -> None:
    made = recipe(rates=(1, 2), names=frozenset({"b", "a", "c"}), window=Window(length=3))
    assert made.params == {"rates": [1, 2], "names": ["a", "b", "c"], "window": {"length": 3, "hops": [1, 2]}}
    assert Recipe.from_json(made.to_json()) == made


def test_what_is_changed_afterwards_does_not_change_the_recipe() -> None:
    params = {"bins": [1, 2]}
    made = recipe_of(params)  # type: ignore[arg-type]
    before = made.hash
    params["bins"].append(3)
    params["more"] = []
    assert made.hash == before


def test_the_hash_is_the_same_in_every_process() -> None:
    """Sets of text come in another order in each process; the hash must not follow them."""
    program = (
        "from triptych.features.recipe import Recipe\n"
        "print(Recipe(panel='seeing', name='x', params={'words': {'a', 'bb', 'ccc', 'dddd'}, 'on': {3, 1, 2}}).hash)"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}\n{program}"],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(found) == 1
    assert (
        found.pop().strip()
        == Recipe(panel="seeing", name="x", params={"words": ["a", "bb", "ccc", "dddd"], "on": [1, 2, 3]}).hash
    )


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"a": float("nan")}, r"seeing/colour\.a is nan"),
        ({"a": [1, float("inf")]}, r"seeing/colour\.a\[1\] is inf"),
        ({"a": np.float32(1)}, "a float32"),
        ({"a": np.arange(3)}, "a ndarray"),
        ({"a": {"path": Path("x")}}, r"seeing/colour\.a\.path is"),
        ({"a": {1: "one"}}, "keys of a recipe are text"),
        ({"a": b"bytes"}, "a bytes"),
    ],
)
def test_params_that_json_cannot_hold_are_named(params: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        recipe_of(params)


@pytest.mark.parametrize("name", ["", "Colour", "a/b", "a b", "../x", "é", "a" * 65, "a\n", ".hidden"])
def test_names_that_cannot_be_part_of_a_table_name(name: str) -> None:
    with pytest.raises(UsageError, match="lower-case"):
        Recipe(panel="seeing", name=name)
    with pytest.raises(UsageError, match="lower-case"):
        Recipe(panel=name, name="colour")
