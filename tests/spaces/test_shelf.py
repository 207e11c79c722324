"""Shelf: a space comes back from disk as it was put there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from triptych.catalogue.tables import Tables
from triptych.errors import UnknownName
from triptych.spaces.search import Blocks
from triptych.spaces.shelf import Shelf
from triptych.spaces.space import Space

ODD = ["", " padded ", "%_", "a/b", "it's", 'so "said"', "two\nlines", "é", "ﷺ", "🎬", "\U0001f3ac\ufe0f"]


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(Tables(tmp_path / "lance"))


def space(ids: list[str], *, name: str = "fused", widths: tuple[int, ...] = (3, 2), seed: int = 0) -> Space:
    rng = np.random.default_rng(seed)
    ids = sorted(ids)
    mask = rng.random((len(ids), len(widths))) < 0.7
    values = tuple(
        np.where(mask[:, p, None], rng.standard_normal((len(ids), width)), 0).astype(np.float32)
        for p, width in enumerate(widths)
    )
    panels = ("seeing", "hearing", "reading")[: len(widths)]
    blocks = Blocks(panels=panels, values=values, mask=mask)
    return Space(name=name, item_ids=tuple(ids), blocks=blocks, recipe=f'{{"seed":{seed}}}')


def same(a: Space, b: Space) -> bool:
    return (a.name, a.item_ids, a.recipe, a.panels) == (b.name, b.item_ids, b.recipe, b.panels) and all(
        x.tobytes() == y.tobytes() and x.dtype == y.dtype and x.shape == y.shape
        for x, y in zip((*a.blocks.values, a.blocks.mask), (*b.blocks.values, b.blocks.mask), strict=True)
    )


@pytest.mark.parametrize("ids", [ODD, ["one"], []], ids=["odd", "one", "none"])
def test_a_space_comes_back_bit_for_bit(shelf: Shelf, ids: list[str]) -> None:
    made = space(ids)
    shelf.replace(made, {"mean": [0.1 + 0.2]})
    assert same(shelf.read("fused"), made)
    assert shelf.fit("fused") == (made.recipe, {"mean": [0.1 + 0.2]})
    assert shelf.names() == ["fused"]


def test_a_space_is_replaced_whole_even_by_one_of_another_shape(shelf: Shelf) -> None:
    shelf.replace(space(ODD), {"fit": 1})
    other = space(["x", "y"], widths=(5, 1, 4), seed=9)
    shelf.replace(other, {"fit": 2})
    assert same(shelf.read("fused"), other)
    assert shelf.fit("fused") == (other.recipe, {"fit": 2})


def test_only_the_items_that_are_placed_are_written(shelf: Shelf) -> None:
    old = space(ODD)
    shelf.replace(old, {"fit": 1})
    new = space([*ODD, "new"], seed=3)
    shelf.place(new, ["it's", "new"], {"fit": 1})
    read = shelf.read("fused")
    assert read.item_ids == new.item_ids
    for item_id in read.item_ids:
        source = new if item_id in ("it's", "new") else old
        for p in range(2):
            here, there = read.item_ids.index(item_id), source.item_ids.index(item_id)
            assert read.blocks.values[p][here].tobytes() == source.blocks.values[p][there].tobytes()
            assert read.blocks.mask[here, p] == source.blocks.mask[there, p]
    assert shelf.fit("fused") == (old.recipe, {"fit": 1})


def test_items_are_removed(shelf: Shelf) -> None:
    shelf.replace(space(ODD), {})
    shelf.remove("fused", ["it's", "🎬", "not there"])
    assert set(shelf.read("fused").item_ids) == set(ODD) - {"it's", "🎬"}


def test_spaces_are_kept_apart_by_name(shelf: Shelf) -> None:
    one, two = space(["a"], name="one"), space(["b", "c"], name="two", seed=1)
    shelf.replace(one, 1)
    shelf.replace(two, 2)
    assert shelf.names() == ["one", "two"]
    assert same(shelf.read("one"), one)
    assert same(shelf.read("two"), two)


def test_a_space_that_is_not_there(shelf: Shelf) -> None:
    assert shelf.fit("fused") is None
    with pytest.raises(UnknownName, match=r"no space 'fused'; there is none yet. .*make one: triptych fuse"):
        shelf.read("fused")
    shelf.replace(space(["a"]), {})
    with pytest.raises(UnknownName, match="no space 'fuse'; there is 'fused'"):
        shelf.read("fuse")


def test_several_blocks_of_one_panel_come_back_as_they_were(shelf: Shelf) -> None:
    one = space(["x", "y"])
    blocks = Blocks(
        panels=("reading", "reading"), names=("reading/a", "reading/b"), values=one.blocks.values, mask=one.blocks.mask
    )
    made = Space(name="fused", item_ids=one.item_ids, blocks=blocks, recipe="{}")
    shelf.replace(made, {})
    read = shelf.read("fused")
    assert same(read, made)
    assert read.blocks.names == ("reading/a", "reading/b")


def test_a_space_written_before_blocks_had_names_is_read(shelf: Shelf, tmp_path: Path) -> None:
    made = space(["x", "y"])
    shelf.replace(made, {})
    tables = Tables(tmp_path / "lance")
    rows = tables.read("space.fused")
    metadata = {"recipe": made.recipe, "fit": "{}", "widths": '{"seeing": 3, "hearing": 2}'}
    tables.replace("space.fused", rows.replace_schema_metadata(metadata))
    assert same(Shelf(tables).read("fused"), made)
