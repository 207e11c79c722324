"""Fuse: a world with a known answer, what the scaling may learn from, and what a standing space keeps."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from tests.worlds import clusters
from tests.worlds.catalogues import Listed, catalogue_of
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Item
from triptych.errors import CatalogueLocked, ExtractionError, SpaceError, UnknownName, UsageError
from triptych.features.feature import Feature
from triptych.features.recipe import Recipe
from triptych.features.store import FeatureStore
from triptych.fusion.align import Alignment
from triptych.fusion.fuse import fuse
from triptych.fusion.fusion import Fusion
from triptych.fusion.reduction import Reduction
from triptych.spaces.shelf import Shelf, digest_of
from triptych.spaces.space import Space

LOOK = Recipe(panel="seeing", name="look")
GRAIN = Recipe(panel="seeing", name="grain")
TONE = Recipe(panel="hearing", name="tone")
MISSING = Feature.missing("nothing there")


def vector(*values: float) -> Feature:
    return Feature(values=np.array(values, np.float32))


def catalogue(folder: Path, features: Mapping[Recipe, Mapping[str, Feature]] | None = None, *ids: str) -> Catalogue:
    made = catalogue_of(folder, *(Item(item_id=item_id) for item_id in ids))
    for recipe, rows in (features or {}).items():
        measure(made, recipe, rows)
    return made


def measure(films: Catalogue, recipe: Recipe, rows: Mapping[str, Feature]) -> None:
    with films.writing("test"):
        FeatureStore(films.tables).write(recipe, rows)


def rows_of(space: Space) -> dict[str, tuple[bytes, ...]]:
    return {
        item_id: (*(values[k].tobytes() for values in space.blocks.values), space.blocks.mask[k].tobytes())
        for k, item_id in enumerate(space.item_ids)
    }


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = catalogue(tmp_path_factory.mktemp("measured") / "c", None, *clusters.ITEMS)
    for panel, rows in clusters.features().items():
        measure(made, clusters.RECIPES[panel], rows)
    return made.folder


@pytest.fixture
def world(measured: Path, tmp_path: Path) -> Catalogue:
    """A copy for each test: copying is ten times as quick as measuring."""
    return Catalogue.open(shutil.copytree(measured, tmp_path / "c"))


def right(space: Space, weights: dict[str, float] | None = None) -> set[str]:
    """The items of which all three nearest are of their own group."""
    return {
        item_id
        for item_id, near in space.similar(clusters.ITEMS, n=3, weights=weights)
        if all(clusters.group_of(one.item_id) == clusters.group_of(item_id) for one in near)
    }


def test_each_panel_alone_is_wrong_about_some_items_and_together_they_are_right_about_all(world: Catalogue) -> None:
    space = fuse(world).space
    for panel in space.panels:
        assert right(space, {panel: 1.0}).isdisjoint(clusters.misplaced(panel))
        assert clusters.misplaced(panel)
    assert right(space) == set(clusters.ITEMS)


def test_a_panel_weighs_the_same_whatever_its_unit_its_zero_and_its_width(world: Catalogue) -> None:
    space = fuse(world).space
    for values in space.blocks.values:
        assert np.square(values, dtype=np.float64).sum(axis=1).mean() == pytest.approx(1, rel=1e-5)
        np.testing.assert_allclose(values.mean(axis=0), 0, atol=1e-5)


@pytest.mark.parametrize(("unit", "zero"), [(1000.0, 0.0), (1e-4, 7.0)])
def test_another_unit_gives_the_same_neighbours(tmp_path: Path, unit: float, zero: float) -> None:
    rng = np.random.default_rng(3)
    plain = {f"i{k:02d}": rng.standard_normal(5) for k in range(20)}
    spaces = []
    for name, change in (("a", lambda v: v), ("b", lambda v: unit * v + zero)):
        rows = {item_id: vector(*change(values)) for item_id, values in plain.items()}
        spaces.append(fuse(catalogue(tmp_path / name, {LOOK: rows}, *plain)).space)
    np.testing.assert_allclose(spaces[0].blocks.values[0], spaces[1].blocks.values[0], atol=2e-3)
    assert spaces[0].similar(["i00"]).items.tolist() == spaces[1].similar(["i00"]).items.tolist()


def test_a_masked_score_by_hand(tmp_path: Path) -> None:
    """Two entries are seen, of means 1 and 2 and deviations 1 and 1; one is heard, of a, b and e alone."""
    seen = {"a": vector(0, 1), "b": vector(2, 3), "c": vector(0, 3), "d": vector(2, 1), "e": MISSING}
    heard = {"a": vector(0), "b": vector(10), "c": MISSING, "d": Feature.silent("silence"), "e": vector(10)}
    space = fuse(catalogue(tmp_path / "c", {LOOK: seen, TONE: heard}, *"abcde", "f")).space
    root = np.sqrt(2)
    expected = {"a": (-1, -1), "b": (1, 1), "c": (-1, 1), "d": (1, -1), "e": (0, 0), "f": (0, 0)}
    assert space.item_ids == tuple("abcdef")
    np.testing.assert_allclose(space.blocks.values[0], np.array([*expected.values()]) / root, atol=1e-6)
    # Heard are 0, 10 and 10: mean 20/3, deviation sqrt(200)/3.
    z = np.array([0, 10, 0, 0, 10, 0], float)
    z[[0, 1, 4]] = (z[[0, 1, 4]] - 20 / 3) / (np.sqrt(200) / 3)
    np.testing.assert_allclose(space.blocks.values[1][:, 0], z, atol=1e-6)
    assert space.blocks.mask.tolist() == [
        [True, True],
        [True, True],
        [True, False],
        [True, False],
        [False, True],
        [False, False],
    ]

    near = {one.item_id: one for one in space.similar(["a"]).of("a")}
    assert near["c"].score == pytest.approx(0, abs=1e-6)  # seen alone
    # Heard alone, a below the mean, e above it; and what a is heard like is only a part of a.
    assert near["e"].score == pytest.approx(-abs(z[0]) / np.linalg.norm([1 / root, 1 / root, z[0]]))
    a, b = np.array([-1 / root, -1 / root, z[0]]), np.array([1 / root, 1 / root, z[1]])
    assert near["b"].score == pytest.approx(a @ b / np.linalg.norm(a) / np.linalg.norm(b), abs=1e-6)
    assert near["b"].panels == pytest.approx({"seeing": -1, "hearing": -1})
    assert near["c"].panels == pytest.approx({"seeing": 0}, abs=1e-6)


def test_what_has_no_feature_has_no_neighbours_and_is_nobodys(tmp_path: Path) -> None:
    seen = {"a": vector(0), "b": vector(2), "c": MISSING}
    space = fuse(catalogue(tmp_path / "c", {LOOK: seen}, *"abcd")).space
    assert space.similar(["c", "d"]).items.tolist() == [["", "", "", ""]] * 2
    assert [n.item_id for n in space.similar(["a"]).of("a")] == ["b"]


def test_constant_entries_tell_nothing_and_become_0(tmp_path: Path) -> None:
    seen = {i: vector(0.1, k, 1e6, -3e-7) for k, i in enumerate("abc")}
    space = fuse(catalogue(tmp_path / "c", {LOOK: seen}, *"abc")).space
    assert (space.blocks.values[0][:, [0, 2, 3]] == 0).all()
    assert (space.blocks.values[0][[0, 2], 1] != 0).all()


def test_features_of_a_panel_weigh_the_same_however_wide(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    ids = [f"i{k:02d}" for k in range(40)]
    look = {i: vector(*rng.standard_normal(30)) for i in ids}
    grain = {i: vector(*rng.standard_normal(2)) for i in ids}
    space = fuse(catalogue(tmp_path / "c", {LOOK: look, GRAIN: grain}, *ids)).space
    for values in space.blocks.values:
        assert np.square(values, dtype=np.float64).sum(axis=1).mean() == pytest.approx(0.5, rel=0.02)


def test_no_entry_counts_for_more_than_three_deviations(tmp_path: Path) -> None:
    rows = {f"i{k:02d}": vector(float(k % 2), 0 if k else 1e6) for k in range(40)}
    space = fuse(catalogue(tmp_path / "c", {LOOK: rows}, *rows)).space
    assert np.abs(space.blocks.values[0]).max() == pytest.approx(3 / np.sqrt(2))


def test_items_that_lack_a_feature_of_a_panel_are_compared_on_the_others(tmp_path: Path) -> None:
    look = {i: vector(k) for k, i in enumerate("abcd")}
    grain = {"a": vector(1, 2), "b": MISSING, "c": vector(2, 1), "d": vector(1, 2)}
    space = fuse(catalogue(tmp_path / "c", {LOOK: look, GRAIN: grain}, *"abcd")).space
    assert space.panels == ("seeing",)
    assert space.width("seeing") == 3
    assert space.holding("seeing") == 4
    assert space.blocks.names == ("seeing/grain", "seeing/look")
    assert space.blocks.mask.tolist() == [[True, True], [False, True], [True, True], [True, True]]
    assert (space.blocks.values[0][1] == 0).all()
    # b is judged by look alone, where it stands on a's side of the mean, and that is all it can answer for; c is on
    # the other side in both.
    near = {one.item_id: one.score for one in space.similar(["a"]).of("a")}
    a = [values[0] for values in space.blocks.values]
    assert near["b"] == pytest.approx(np.linalg.norm(a[1]) / np.linalg.norm(np.concatenate(a)), rel=1e-5)
    assert near["c"] < -0.5


def fitted(tmp_path: Path, name: str, look: dict[str, float], train: list[str] | None) -> tuple[str, Space]:
    made = catalogue(tmp_path / name, {LOOK: {i: vector(v, -v) for i, v in look.items()}}, *look)
    space = fuse(made, train=train).space
    return digest_of(Shelf(made.tables).arrays("fused")), space


def test_a_test_item_cannot_leak_into_the_scaling_and_a_training_item_counts(tmp_path: Path) -> None:
    look = {"a": 1.0, "b": 2.0, "c": 4.0, "test": 3.0}
    train = ["a", "b", "c"]
    fit, space = fitted(tmp_path, "plain", look, train)
    other_fit, other = fitted(tmp_path, "test changed", {**look, "test": -1e6}, train)
    assert other_fit == fit
    assert {i: row for i, row in rows_of(other).items() if i != "test"} == {
        i: row for i, row in rows_of(space).items() if i != "test"
    }
    assert fitted(tmp_path, "train changed", {**look, "c": 4.5}, train)[0] != fit
    assert fitted(tmp_path, "all", look, None)[0] != fit
    mean, std = np.mean([1, 2, 4]), np.std([1, 2, 4])
    np.testing.assert_allclose(space.blocks.values[0][3, 0], (3 - mean) / std / np.sqrt(2), rtol=1e-6)


def test_training_items_count_once_in_any_order(tmp_path: Path) -> None:
    look = {"a": 1.0, "b": 2.0, "c": 4.0}
    fits = [fitted(tmp_path, f"{k}", look, train)[0] for k, train in enumerate((["a", "b"], ["b", "a", "b", "b"]))]
    assert fits[0] == fits[1]


def test_no_training_items_are_not_all_items(world: Catalogue) -> None:
    with pytest.raises(SpaceError, match="present in 2 items or more of the 0 items to learn from"):
        fuse(world, train=[])
    with pytest.raises(UnknownName, match="no item 'p9'"):
        fuse(world, train=["p0", "p9"])
    assert Shelf(world.tables).names() == []


def test_train_given_for_a_standing_space_fits_it_anew(world: Catalogue) -> None:
    before = fuse(world)
    again = fuse(world, train=clusters.ITEMS[:12])
    assert before.fitted
    assert again.fitted
    assert rows_of(again.space) != rows_of(before.space)
    assert rows_of(Shelf(world.tables).read("fused")) == rows_of(again.space)


def test_a_space_of_declared_items_is_never_fitted_on_all_unasked(world: Catalogue) -> None:
    train = clusters.ITEMS[:12]
    fuse(world, features=["seeing/cluster"], train=train)
    kept = fuse(world, features=["seeing/cluster"])
    assert not kept.fitted
    with pytest.raises(SpaceError, match="fitted on 12 declared items, and its features are others now"):
        fuse(world)  # now with hearing and reading
    assert fuse(world, train=train).fitted
    assert fuse(world, features=["seeing/cluster"], refit=True).fitted
    assert fuse(world).fitted  # learned from all before: nothing to keep apart


# -- what a standing space keeps -----------------------------------------------------------------------------


def test_a_second_fuse_writes_nothing(world: Catalogue) -> None:
    first = fuse(world)
    commits = world.commits()
    second = fuse(world)
    assert (first.fitted, first.placed, first.unmeasured) == (True, 24, {})
    assert (second.fitted, second.placed, second.removed) == (False, 0, 0)
    assert world.commits() == commits
    assert rows_of(second.space) == rows_of(first.space)


def test_a_new_item_is_placed_and_every_other_row_stays_bit_for_bit(world: Catalogue) -> None:
    before = rows_of(fuse(world).space)
    world.add(Listed(items=[Item(item_id="new")]))
    for panel, rows in clusters.features().items():
        measure(world, clusters.RECIPES[panel], {"new": rows["q1"]})
    made = fuse(world)
    assert (made.fitted, made.placed, made.removed) == (False, 1, 0)
    after = rows_of(Shelf(world.tables).read("fused"))
    assert {item_id: after[item_id] for item_id in before} == before
    assert after["new"] == before["q1"]
    assert made.space.similar(["new"], n=1).of("new")[0].item_id == "q1"
    assert made.space.similar(["new"], n=1).of("new")[0].score == 1


def test_an_outlier_that_comes_later_does_not_move_the_scaling(world: Catalogue) -> None:
    before = rows_of(fuse(world).space)
    world.add(Listed(items=[Item(item_id="outlier")]))
    measure(world, clusters.RECIPES["hearing"], {"outlier": vector(1e9, -1e9, 1e9)})
    after = rows_of(fuse(world).space)
    assert {item_id: after[item_id] for item_id in before} == before
    assert rows_of(fuse(world, refit=True).space)["p0"] != before["p0"]


def test_a_changed_feature_is_placed_anew_and_a_removed_item_disappears(world: Catalogue) -> None:
    before = rows_of(fuse(world).space)
    measure(world, clusters.RECIPES["seeing"], {"p0": clusters.features()["seeing"]["s0"], "p1": MISSING})
    world.remove(["q0", "q1"])
    made = fuse(world)
    assert (made.fitted, made.placed) == (False, 2)
    after = rows_of(Shelf(world.tables).read("fused"))
    assert set(after) == set(clusters.ITEMS) - {"q0", "q1"}
    assert {item_id for item_id in after if after[item_id] != before[item_id]} == {"p0", "p1"}
    with pytest.raises(UnknownName, match="no item 'q0'"):
        made.space.similar(["q0"])


def test_other_features_fit_the_space_anew(world: Catalogue) -> None:
    two = fuse(world, features=["seeing/cluster", "hearing/cluster"])
    assert two.space.panels == ("seeing", "hearing")
    assert fuse(world, features=["hearing/cluster", "seeing/cluster"]).fitted is False  # the same, otherwise put
    three = fuse(world)
    assert three.fitted
    assert three.space.panels == ("seeing", "hearing", "reading")


def test_a_feature_that_comes_to_be_measured_joins_a_space_that_had_to_do_without_it(tmp_path: Path) -> None:
    """One item was heard when the space was made: too few to scale. Later many are, and hearing must not stay out."""
    films = catalogue(
        tmp_path / "c", {LOOK: {i: vector(k) for k, i in enumerate("abcd")}, TONE: {"a": vector(1)}}, *"abcd"
    )
    first = fuse(films)
    assert first.space.panels == ("seeing",)
    assert first.unmeasured == {"hearing/tone": 3}
    assert not fuse(films).fitted
    measure(films, TONE, {"b": vector(2), "c": vector(5)})
    second = fuse(films)
    assert second.fitted
    assert second.space.panels == ("seeing", "hearing")
    assert second.unmeasured == {"hearing/tone": 1}


def test_spaces_of_other_names_are_left_alone(world: Catalogue) -> None:
    seen = fuse(world, name="seen", features=["seeing/cluster"])
    fuse(world)
    assert Shelf(world.tables).names() == ["fused", "seen"]
    assert rows_of(Shelf(world.tables).read("seen")) == rows_of(seen.space)


def test_what_was_not_measured_yet_is_counted_and_failures_are_not(tmp_path: Path) -> None:
    look = {"a": vector(0), "b": vector(1), "c": MISSING}
    made = fuse(catalogue(tmp_path / "c", {LOOK: look, TONE: {"a": vector(1), "b": vector(3)}}, *"abcde"))
    assert made.unmeasured == {"seeing/look": 2, "hearing/tone": 3}


# -- what cannot be fused ------------------------------------------------------------------------------------


def test_a_title_that_several_recipes_measured_is_given_with_a_hash(tmp_path: Path) -> None:
    other = Recipe(panel="seeing", name="look", version=2)
    rows = {i: vector(k) for k, i in enumerate("abc")}
    films = catalogue(tmp_path / "c", {LOOK: rows, other: {i: vector(-k, 1, k) for k, i in enumerate("abc")}}, *"abc")
    with pytest.raises(ExtractionError, match=rf"several recipes.*seeing/look@{LOOK.hash} in 3 items"):
        fuse(films)
    assert fuse(films, features=[f"seeing/look@{LOOK.hash}"]).space.blocks.values[0].shape == (3, 1)
    assert fuse(films, features=[f"seeing/look@{other.hash}"]).space.blocks.values[0].shape == (3, 3)
    with pytest.raises(UnknownName, match="no recipe of seeing/look 'abc'"):
        fuse(films, features=["seeing/look@abc"])
    with pytest.raises(UsageError, match="seeing/look is given by two recipes"):
        fuse(films, features=[f"seeing/look@{LOOK.hash}", f"seeing/look@{other.hash}"])


def test_what_is_not_there_is_named(tmp_path: Path, world: Catalogue) -> None:
    with pytest.raises(SpaceError, match=r"no features were measured yet. Measure them: triptych extract"):
        fuse(catalogue(tmp_path / "bare", None, "a"))
    with pytest.raises(SpaceError, match=r"the catalogue has no items. Add some: triptych add"):
        fuse(Catalogue.init(tmp_path / "empty"))
    with pytest.raises(UnknownName, match=r"no feature 'seeing/clusters'; there is .*'seeing/cluster'"):
        fuse(world, features=["seeing/clusters"])
    with pytest.raises(UsageError, match="features is empty"):
        fuse(world, features=[])
    with pytest.raises(SpaceError, match=r"of seeing/look, none is present in 2 items or more of the 2 .*See why"):
        fuse(catalogue(tmp_path / "lone", {LOOK: {"a": vector(1), "b": MISSING}}, *"ab"))


@pytest.mark.parametrize("name", ["", "a b", "../x", "a/b", "-x", "é", "a" * 65, "fused\n"])
def test_names_that_a_space_cannot_have(world: Catalogue, name: str) -> None:
    with pytest.raises(UsageError, match="a space cannot be called"):
        fuse(world, name=name)


def test_sequences_are_not_fused_as_vectors(tmp_path: Path) -> None:
    steps = Feature(values=np.ones((3, 2), np.float32), times_s=np.arange(3.0))
    films = catalogue(tmp_path / "c", {LOOK: {"a": MISSING, "b": steps}}, *"ab")
    with pytest.raises(ExtractionError, match="seeing/look holds sequences"):
        fuse(films, features=["seeing/look"])
    with pytest.raises(SpaceError, match="no features were measured yet"):
        fuse(films)
    measure(films, TONE, {"a": vector(1), "b": vector(2)})
    made = fuse(films)
    assert (made.space.panels, made.sequences) == (("hearing",), ("seeing/look",))


def test_a_space_of_some_items_holds_those_and_is_scaled_by_those(world: Catalogue) -> None:
    some = sorted(world.item_ids())[:7]
    made = fuse(world, name="some", items=[*some, some[0]])
    assert made.space.item_ids == tuple(some)
    lone = fuse(world, name="lone", items=some, train=some)
    assert rows_of(made.space) == rows_of(lone.space)
    whole = rows_of(fuse(world).space)
    assert rows_of(made.space) != {item_id: whole[item_id] for item_id in some}
    with pytest.raises(UnknownName, match="no item 'nobody'"):
        fuse(world, items=["nobody"])
    with pytest.raises(UsageError, match="items is empty"):
        fuse(world, items=[])


def test_two_writers_do_not_write_at_once(world: Catalogue) -> None:
    with Catalogue.open(world.folder).writing("something else"), pytest.raises(CatalogueLocked):
        fuse(world)


# -- other fusions -------------------------------------------------------------------------------------------

FUSIONS = {
    "late": Fusion(method="late", panel_weights={"seeing": 1, "hearing": 2}),
    "weighted": Fusion(method="weighted", width=6),
    "average": Fusion(method="average", scaling="ranks"),
    "panels reduced": Fusion(reduce=Reduction(variance=0.9, per="panel"), balance="panels"),
    "columns": Fusion(columns={"seeing/cluster": [5, 1], "reading/cluster": range(7)}, scaling="robust"),
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """The same world for all that write spaces of other names."""
    made = catalogue(tmp_path_factory.mktemp("shared") / "c", None, *clusters.ITEMS, "late")
    for panel, rows in clusters.features().items():
        measure(made, clusters.RECIPES[panel], rows)
    return made


@pytest.mark.parametrize("name", FUSIONS)
def test_every_fusion_comes_back_from_the_shelf_and_places_what_is_new(shared: Catalogue, name: str) -> None:
    """The settings are not given again: a space stays what it was made."""
    called = name.replace(" ", "-")
    chosen, train = clusters.ITEMS[:20], clusters.ITEMS[:16]
    first = fuse(shared, name=called, items=chosen, train=train, fusion=FUSIONS[name])
    again = fuse(shared, name=called, items=chosen)
    assert (again.fitted, again.placed, again.fusion) == (False, 0, FUSIONS[name])
    more = fuse(shared, name=called, items=clusters.ITEMS)
    assert (more.fitted, more.placed, more.removed) == (False, 4, 0)
    rows = rows_of(Shelf(shared.tables).read(called))
    assert {item_id: rows[item_id] for item_id in chosen} == rows_of(first.space)
    whole = FUSIONS[name].fit(
        [
            FeatureStore(shared.tables).read(recipe)
            for recipe in clusters.RECIPES.values()
            if name != "columns" or recipe.panel != "hearing"
        ],
        train,
    )
    assert whole.learned_from == tuple(sorted(train))
    assert digest_of(whole.arrays()) == digest_of(Shelf(shared.tables).arrays(called))


def test_other_settings_fit_the_space_anew_and_declared_items_are_asked_for_again(shared: Catalogue) -> None:
    assert fuse(shared, name="a").fusion == Fusion()
    assert not fuse(shared, name="a", fusion=Fusion()).fitted
    late = fuse(shared, name="a", fusion=Fusion(method="late"))
    assert late.fitted
    assert not fuse(shared, name="a").fitted
    assert fuse(shared, name="a", refit=True).fusion == Fusion(method="late")
    fuse(shared, name="a", train=clusters.ITEMS[:12])
    with pytest.raises(SpaceError, match="12 declared items, and its features are others now, or its settings"):
        fuse(shared, name="a", fusion=Fusion())


def test_a_space_whose_fit_was_lost_is_made_anew_when_told_to(shared: Catalogue) -> None:
    fuse(shared, name="lost")
    shared.tables.delete("fit.lost", "name", ["learned_from"])
    with pytest.raises(SpaceError, match="is not on disk as it was written"):
        fuse(shared, name="lost")
    assert fuse(shared, name="lost", refit=True).fitted
    assert not fuse(shared, name="lost").fitted


def test_a_space_of_the_form_before_arrays_is_read_and_placed_into(shared: Catalogue) -> None:
    """Its fit was JSON in the metadata: means and deviations, and how many items they were of."""
    made = fuse(shared, name="older", items=clusters.ITEMS[:20], train=clusters.ITEMS[:16])
    tables = shared.tables
    scales: dict[str, dict[str, list[float]]] = {}
    for name, values in Shelf(tables).arrays("older").items():
        if name != "learned_from":
            title, _, what = name.split(":")
            scales.setdefault(title, {})[what] = values.tolist()
    metadata = tables.metadata("space.older")
    fit = {"scales": scales, "train": 16, "chosen": True}
    older = {"recipe": metadata["recipe"], "fit": json.dumps(fit), "blocks": metadata["blocks"]}
    tables.replace("space.older", tables.read("space.older").replace_schema_metadata(older))
    tables.delete("fit.older", "digest", [metadata["arrays"]])
    assert rows_of(Shelf(tables).read("older")) == rows_of(made.space)

    again = fuse(shared, name="older", items=clusters.ITEMS)
    assert (again.fitted, again.placed) == (False, 4)
    assert again.fusion == Fusion()
    rows = rows_of(Shelf(tables).read("older"))
    assert {item_id: rows[item_id] for item_id in made.space.item_ids} == rows_of(made.space)
    assert Shelf(tables).fit("older") == (metadata["recipe"], fit)
    fresh = fuse(shared, name="fresh", items=clusters.ITEMS, train=clusters.ITEMS[:16])
    assert rows == rows_of(fresh.space)


def test_sequences_are_taken_where_an_alignment_is_told(tmp_path: Path) -> None:
    def ramp(steps: int, top: float) -> Feature:
        return Feature(
            values=np.linspace([0, 1], [top, 1 - top], steps).astype(np.float32), times_s=np.arange(steps) / 2
        )

    moments = {"a": ramp(3, 4), "b": ramp(9, 4), "c": ramp(5, -2), "d": MISSING}
    films = catalogue(tmp_path / "c", {LOOK: moments, TONE: {i: vector(k) for k, i in enumerate("abcd")}}, *"abcd")
    made = fuse(films, fusion=Fusion(align=Alignment(length=4)))
    assert (made.sequences, made.space.blocks.names) == ((), ("seeing/look", "hearing/tone"))
    values = made.space.blocks.values[0]
    assert values.shape == (4, 8)
    np.testing.assert_allclose(values[0], values[1], atol=1e-6)  # one rise, seen three times or nine
    assert made.space.blocks.mask[:, 0].tolist() == [True, True, True, False]
    assert not fuse(films).fitted
    assert fuse(films, fusion=Fusion()).sequences == ("seeing/look",)
