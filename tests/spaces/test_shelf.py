"""Shelf: a space comes back from disk as it was put there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from triptych.catalogue.tables import Tables
from triptych.errors import SpaceError, UnknownName
from triptych.spaces.search import Blocks
from triptych.spaces.shelf import Shelf, digest_of
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
    shelf.place(new, ["it's", "new"])
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


# -- the arrays of a fit -------------------------------------------------------------------------------------

ARRAYS = {
    "seeing/a:mean": np.array([0.1 + 0.2, -0.0, np.inf]),
    "components": np.arange(6, dtype=np.float32).reshape(2, 3)[::-1],
    "none": np.zeros((0, 4)),
    "ids": np.array(["a", "\U0001f3ac"]),
    "count": np.array([3], np.int64),
}


def digests(tables: Tables) -> set[str]:
    return set(tables.read("fit.fused", columns=["digest"])["digest"].to_pylist())


def test_the_arrays_of_a_fit_come_back_bit_for_bit(shelf: Shelf) -> None:
    made = space(["x", "y"])
    shelf.replace(made, {"kind": "pca"}, ARRAYS)
    held = shelf.arrays("fused")
    assert held.keys() == ARRAYS.keys()
    for name, values in ARRAYS.items():
        assert (held[name].dtype, held[name].shape) == (values.dtype, values.shape)
        assert held[name].tobytes() == values.tobytes()
    assert shelf.fit("fused") == (made.recipe, {"kind": "pca"})
    assert shelf.names() == ["fused"]  # what stands beside a space is none
    shelf.place(space(["x", "y", "z"], seed=5), ["z"])
    assert digest_of(shelf.arrays("fused")) == digest_of(ARRAYS)
    with pytest.raises(SpaceError, match="the array odd of a fit holds object"):
        shelf.replace(made, {}, {"odd": np.array([None])})


class Dying(Tables):
    """What is killed before a space is committed."""

    def replace(self, name: str, rows: pa.Table) -> None:
        raise KeyboardInterrupt


def test_a_kill_between_arrays_and_space_leaves_the_old_space_with_its_own(shelf: Shelf, tmp_path: Path) -> None:
    tables = Tables(tmp_path / "lance")
    old, new = space(["x"]), space(["x", "y"], seed=1)
    shelf.replace(old, {}, ARRAYS)
    others = {"mean": np.arange(3.0)}
    with pytest.raises(KeyboardInterrupt):
        Shelf(Dying(tmp_path / "lance")).replace(new, {}, others)
    assert digests(tables) == {digest_of(ARRAYS), digest_of(others)}
    assert same(shelf.read("fused"), old)
    assert digest_of(shelf.arrays("fused")) == digest_of(ARRAYS)
    shelf.place(old, ["x"])
    assert digests(tables) == {digest_of(ARRAYS)}
    shelf.replace(new, {}, others)
    assert digests(tables) == {digest_of(others)}
    assert same(shelf.read("fused"), new)
    shelf.replace(old, {"all": "in here"})
    assert shelf.arrays("fused") == {}
    assert digests(tables) == set()


def test_arrays_that_are_not_as_they_were_written_are_no_fit(shelf: Shelf, tmp_path: Path) -> None:
    shelf.replace(space(["x"]), {}, ARRAYS)
    Tables(tmp_path / "lance").delete("fit.fused", "name", ["count"])
    with pytest.raises(SpaceError, match=r"what space 'fused' learned is not on disk .* triptych fuse .*--refit"):
        shelf.arrays("fused")
