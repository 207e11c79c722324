"""Select: planted columns are found, and what is learned is learned from training items alone."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from triptych.catalogue.history import History
from triptych.errors import UnknownName, UsageError
from triptych.features.recipe import Recipe
from triptych.features.table import FeatureTable
from triptych.fusion.importance import Curve, binned, elbow, neighbours, reaching
from triptych.fusion.pick import Pick
from triptych.fusion.prefilter import Held, spreads, twins
from triptych.fusion.select import Selecting, select
from triptych.fusion.selected import Selected, mean_values

ITEMS, TRAIN = 360, 300
IDS = tuple(f"m{k:03d}" for k in range(ITEMS))
#: Of the seeing panel: these make the target, this follows the first of them, this never varies.
LINEAR, SQUARE, FOLLOWER, CONSTANT = 3, 8, 11, 20
QUICK = Selecting(trees=30)


def table(title: str, values: np.ndarray, mask: np.ndarray | None = None) -> FeatureTable:
    panel, _, name = title.partition("/")
    mask = np.ones(len(values), bool) if mask is None else mask
    return FeatureTable(
        recipe=Recipe(panel=panel, name=name),
        item_ids=IDS[: len(values)],
        values=np.where(mask[:, None], values, 0).astype(np.float32),
        presence=np.where(mask, "present", "absent"),
    )


def world(seed: int = 0) -> tuple[list[FeatureTable], dict[str, float]]:
    """Twenty-four columns to see, two of which make the target; twelve to hear, all noise and not all there."""
    rng = np.random.default_rng(seed)
    seen = rng.normal(size=(ITEMS, 24))
    seen[:, FOLLOWER] = -0.95 * seen[:, LINEAR] + 0.3 * rng.normal(size=ITEMS)
    seen[:, CONSTANT] = 7.5
    wanted = seen[:, LINEAR] + np.square(seen[:, SQUARE]) + 0.3 * rng.normal(size=ITEMS)
    heard = table("hearing/noise", rng.normal(size=(ITEMS, 12)), rng.random(ITEMS) < 0.8)
    return [table("seeing/painted", seen), heard], dict(zip(IDS, wanted.tolist(), strict=True))


@pytest.fixture(scope="module")
def found() -> Selected:
    tables, target = world()
    return select(tables, target, train=IDS[:TRAIN], selecting=QUICK, names={"hearing/noise": list("abcdefghijkl")})


def column(chosen: Selected, title: str, index: int, *, component: bool = False):
    return next(c for c in chosen.columns if (c.title, c.index, c.component) == (title, index, component))


def test_what_is_planted_is_kept_and_noise_is_not(found: Selected) -> None:
    assert {LINEAR, SQUARE} <= set(found.entries["seeing/painted"])
    assert len(found.kept) <= 4
    for index in (LINEAR, SQUARE):
        assert column(found, "seeing/painted", index).kept_by == "both"
    # Every column is told of once, and the counts add up.
    assert len(found.columns) == 24 + 12
    seeing, hearing = found.counts
    assert (seeing.original, seeing.filtered, seeing.scored) == (24, 22, 22)
    assert seeing.kept + hearing.kept == len(found.kept)
    assert column(found, "hearing/noise", 2).label == "hearing/noise c"
    assert found.scored_on == TRAIN


def test_the_rule_of_the_paper_keeps_noise_with_it() -> None:
    tables, target = world()
    chosen = select(tables, target, train=IDS[:TRAIN], selecting=Selecting.paper(0.8, trees=30))
    assert {LINEAR, SQUARE} <= set(chosen.entries["seeing/painted"])
    # Eight tenths of what twelve columns of noise have of importance: no rule that only adds up can keep none.
    assert len(chosen.entries["hearing/noise"]) >= 4


def test_of_a_pair_the_later_is_dropped_once_and_what_is_constant_goes(found: Selected) -> None:
    follower = column(found, "seeing/painted", FOLLOWER)
    assert follower.dropped_by.startswith(f"correlation (seeing/painted {LINEAR}, -0.9")
    assert follower.twin == ("seeing/painted", LINEAR)
    assert follower.mutual_information is None
    assert column(found, "seeing/painted", CONSTANT).dropped_by == "variance"
    assert column(found, "seeing/painted", LINEAR).dropped_by == ""


def test_nothing_moves_when_items_that_are_not_trained_on_change(found: Selected) -> None:
    tables, target = world()
    rng = np.random.default_rng(1)
    order = np.r_[np.arange(TRAIN), TRAIN + rng.permutation(ITEMS - TRAIN)]
    shuffled = {IDS[k]: target[IDS[to]] for k, to in enumerate(order)} | {IDS[-1]: float("nan")}
    others = [replace(one, values=one.values.copy(), presence=one.presence[order]) for one in tables]
    for one in others:
        one.values[TRAIN:] *= 100
    names = {"hearing/noise": list("abcdefghijkl")}
    # Neither does the order in which items are named.
    again = select(others, shuffled, train=[*IDS[TRAIN - 1 :: -1], IDS[0]], selecting=QUICK, names=names, jobs=1)
    assert again.to_json() == found.to_json()
    # It can move: the same change on the training side does.
    target[IDS[0]] += 50
    moved = select(tables, target, train=IDS[:TRAIN], selecting=QUICK, names=names)
    assert moved.to_json() != found.to_json()


def test_it_comes_back_from_json_and_picks_the_same(found: Selected) -> None:
    again = Selected.from_json(json.loads(json.dumps(found.to_json())))
    assert again.to_json() == found.to_json()
    assert again.columns == found.columns
    tables, _ = world()
    (picked, *_), (same, *_) = found.tables(tables), again.tables(tables)
    assert picked.recipe == same.recipe
    assert picked.recipe != tables[0].recipe
    assert (picked.values == tables[0].values[:, list(found.entries["seeing/painted"])]).all()
    assert (same.values == picked.values).all()


def test_components_stand_for_what_is_left_of_a_feature() -> None:
    tables, _ = world()
    rng = np.random.default_rng(3)
    # What tells of the target is a direction that no column has by itself.
    hidden = rng.normal(size=ITEMS)
    tables.append(table("reading/deep", hidden[:, None] * rng.normal(size=16) + 0.7 * rng.normal(size=(ITEMS, 16))))
    target = dict(zip(IDS, (hidden + 0.2 * rng.normal(size=ITEMS)).tolist(), strict=True))
    selecting = replace(QUICK, pca={"reading/deep": 5})
    chosen = select(tables, target, train=IDS[:TRAIN], selecting=selecting)
    own = [c for c in chosen.columns if c.title == "reading/deep"]
    assert [c.label for c in own if c.component] == [f"reading/deep pca_{k}" for k in range(5)]
    assert {c.dropped_by for c in own if not c.component} <= {"pca", *(c.dropped_by for c in own if c.twin)}
    assert column(chosen, "reading/deep", 0, component=True).kept_by == "both"
    assert "reading/deep" not in chosen.entries
    (count,) = [count for count in chosen.counts if count.panel == "reading"]
    assert (count.original, count.scored) == (16, 5)
    pick = chosen.picks["reading/deep"]
    (deep,) = [one for one in tables if one.recipe.title == "reading/deep"]
    placed = pick(deep.values, deep.present)
    assert placed.shape[1] == count.kept
    assert abs(np.corrcoef(placed[:, 0], hidden)[0, 1]) > 0.9
    # A row comes out the same alone, and by a step that was kept.
    assert (Pick.from_arrays(pick.arrays())(deep.values[5:6], deep.present[5:6]) == placed[5:6]).all()
    assert not pick(deep.values[:2], np.zeros(2, bool)).any()
    assert Selected.from_json(json.loads(json.dumps(chosen.to_json()))).to_json() == chosen.to_json()
    half = select(tables, target, train=IDS[:TRAIN], selecting=replace(QUICK, trees=5, pca={"reading/deep": 0.5}))
    assert 1 <= sum(c.component for c in half.columns) < 5


def test_that_a_feature_is_lacking_tells_nothing() -> None:
    rng = np.random.default_rng(5)
    target = rng.normal(size=ITEMS)
    # It is lacking just where the target is low; its values are noise.
    lacking = table("seeing/a", rng.normal(5, 1, size=(ITEMS, 6)), target > 0)
    whole = table("seeing/b", rng.normal(size=(ITEMS, 6)))
    wanted = dict(zip(IDS, target.tolist(), strict=True))
    chosen = select([lacking, whole], wanted, train=IDS, selecting=replace(QUICK, trees=60))
    assert len(chosen.kept) <= 1
    shares = [c.forest or 0.0 for c in chosen.columns]
    assert sum(shares[:6]) < 1.5 * sum(shares[6:])


def test_a_feature_that_too_few_have_is_refused_with_the_reason() -> None:
    tables, target = world()
    rare = table("hearing/rare", np.random.default_rng(0).normal(size=(ITEMS, 2)), np.arange(ITEMS) < 7)
    chosen = select([tables[0], rare], target, train=IDS[:TRAIN], selecting=replace(QUICK, trees=5))
    assert chosen.refused == {"hearing/rare": "7 training items have it and a target, and 20 are needed"}
    assert {c.dropped_by for c in chosen.columns if c.title == "hearing/rare"} == {"refused"}
    assert [count.original for count in chosen.counts] == [24, 2]


def test_what_cannot_be_selected_from_is_said() -> None:
    tables, target = world()
    train = IDS[:TRAIN]
    masked = table("seeing/none", np.zeros((ITEMS, 3)), np.zeros(ITEMS, bool))
    for given, wanted, among, message in (
        ([masked], target, train, "no feature is left to select from. seeing/none: 0 training items"),
        (tables, dict.fromkeys(IDS, 3.5), train, "the target is 3.5 for all 300 training items"),
        (tables, {**target, "m004": float("nan")}, train, "the target of item 'm004' is nan"),
        (tables, {"other": 1.0}, train, "none of the 300 training items has a target, of 1"),
        (tables, target, [], "none of the 0 training items"),
        ([], target, train, "there are no features to select from"),
        ([tables[0], tables[0]], target, train, "one is given twice"),
    ):
        with pytest.raises(UsageError, match=message):
            select(given, wanted, train=among)
    with pytest.raises(UnknownName, match="no feature 'seeing/deep'"):
        select(tables, target, train=train, selecting=Selecting(pca={"seeing/deep": 4}))
    with pytest.raises(UsageError, match="2 names are given for the 24 columns"):
        select(tables, target, train=train, names={"seeing/painted": ["a", "b"]})
    for settings in ({"keep": 0}, {"keep": "knee"}, {"variance": 1}, {"correlation": 0}, {"chance": -1}, {"fewest": 2}):
        with pytest.raises(UsageError, match="; "):
            Selecting(**settings)
    with pytest.raises(UsageError, match=r"to become 2\.5 components"):
        Selecting(pca={"seeing/deep": 2.5})


def test_where_all_is_chance_next_to_nothing_is_kept(found: Selected) -> None:
    tables, _ = world()
    kept = 0
    for seed in range(6):
        wanted = dict(zip(IDS, np.random.default_rng(seed).normal(size=ITEMS).tolist(), strict=True))
        selecting = Selecting(trees=10, seed=seed)
        kept += len(select(tables[1:], wanted, train=IDS[:TRAIN], selecting=selecting, jobs=1).kept)
    # Each score lets one column of a panel through in about one of four dealings.
    assert kept <= 6
    with pytest.raises(UsageError, match="nothing is kept"):
        replace(found, picks={}).tables(tables)


def test_the_elbow_is_the_point_furthest_from_the_chord() -> None:
    assert elbow(np.array([0.6, 0.9, 0.95, 1.0])) == 2
    assert elbow(np.array([0.9, 0.95, 1.0])) == 1
    # .5 − ¼ and .75 − ½ are as far: the first counts.
    assert elbow(np.array([0.5, 0.75, 0.9, 1.0])) == 1
    assert elbow(np.array([0.25, 0.5, 0.75, 1.0])) == 4
    assert elbow(np.array([1.0])) == 1
    assert elbow(np.zeros(3)) == 0


def test_columns_are_added_up_the_greatest_first() -> None:
    importance = np.array([0.1, 0.5, -0.3, 0.3, 0.1])
    curve = Curve.of(importance, 0.8)
    assert curve.columns[:2].tolist() == [1, 3]
    assert curve.kept == 2
    assert Curve.of(importance, 0.81).kept == 3
    # Of equal ones the first; what is of no importance is never kept.
    assert Curve.of(importance, 1.0).columns[: Curve.of(importance, 1.0).kept].tolist() == [1, 3, 0, 4]
    assert Curve.of(np.zeros(3), 0.9).kept == 0
    assert reaching(np.zeros(0), 0.9) == 0


def test_variance_is_on_a_scale_of_its_own() -> None:
    rng = np.random.default_rng(0)
    rows = np.stack(
        [
            rng.normal(size=5000),
            rng.random(5000) < 0.3,
            rng.random(5000) < 0.005,
            np.full(5000, 3e7),
            np.r_[rng.normal(size=4999), 1e6],
        ],
        axis=1,
    ).astype(np.float32)
    found = spreads(rows)
    assert found[0] == pytest.approx(0.045, abs=0.004)
    assert found[1] == pytest.approx(0.21, abs=0.01)
    assert 0 < found[2] < 0.01
    assert found[3] == 0
    # One outlier does not make what varies look constant.
    assert found[4] == pytest.approx(0.045, abs=0.004)
    # Neither unit nor origin matters.
    assert spreads(rows[:, :2] * 1000 - 5) == pytest.approx(found[:2], rel=1e-3)


def test_twins_are_found_across_features_over_the_rows_of_both() -> None:
    rng = np.random.default_rng(0)
    base = rng.normal(size=(400, 5)).astype(np.float32)
    mask = np.arange(400) < 200
    # Alike where both are, apart elsewhere; and a chain: 1 follows 0, 2 follows 1 and not 0.
    other = np.where(mask[:, None], base[:, :1], -base[:, :1])
    chain = np.cumsum(np.c_[base[:, 1], 0.55 * base[:, 2], 0.6 * base[:, 3]], axis=1, dtype=np.float32)
    features = [
        Held(title="a", values=np.c_[base[:, 4], base[:, 0]], mask=mask),
        Held(title="b", values=np.c_[other, chain], mask=np.ones(400, bool)),
    ]
    taken = [np.ones(2, bool), np.ones(4, bool)]
    first, second = twins(features, taken, limit=0.85, fewest=20)
    assert first == {}
    assert {k: (twin.feature, twin.column) for k, twin in second.items()} == {0: (0, 1), 2: (1, 1)}
    assert second[0].r == pytest.approx(1, abs=1e-5)
    # Of too few rows nothing is concluded, and a column that is not looked at drops none.
    assert 0 not in twins(features, taken, limit=0.85, fewest=201)[1]
    assert 0 not in twins(features, [np.array([True, False]), taken[1]], limit=0.85, fewest=20)[1]


def test_wide_features_are_met_block_by_block_as_column_by_column() -> None:
    rng = np.random.default_rng(2)
    rows = rng.normal(size=(60, 3, 200)).cumsum(axis=2).reshape(60, 600).astype(np.float32)
    r = np.abs(np.corrcoef(rows.T))
    kept: list[int] = []
    for k in range(600):
        if not (r[k, kept] > 0.85).any():
            kept.append(k)
    (found,) = twins(
        [Held(title="a", values=rows, mask=np.ones(60, bool))], [np.ones(600, bool)], limit=0.85, fewest=20
    )
    assert sorted(set(range(600)) - set(found)) == kept
    for follower, twin in found.items():
        assert twin.column == next(k for k in kept if r[k, follower] > 0.85)


def test_both_estimates_rank_relations_alike_and_noise_about_nothing() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1500, 30)).astype(np.float32)
    target = np.stack([x[:, 0] + rng.normal(size=1500), np.square(x[:, 1]) + 0.5 * rng.normal(size=1500)])
    nats, nearest = binned(x, target), neighbours(x[:, :4], target, seed=0)
    for k in range(2):
        assert nats[k].argmax() == nearest[k].argmax() == k
    # Of a normal pair with correlation r it is −ln(1 − r²)/2 = .347; classes lose a little.
    assert 0.25 < nats[0, 0] < 0.36
    assert abs(nats[:, 2:].mean()) < 2e-3
    # It hangs on ranks alone.
    assert binned(np.exp(x), np.exp(target / 2)) == pytest.approx(nats)


def test_the_mean_of_an_item_needs_enough_values() -> None:
    users = np.array([0, 1, 2, 0, 1, 0], np.int32)
    history = History(
        user_ids=("u", "v", "w"),
        item_ids=("a", "b", "c", "d"),
        users=users,
        items=np.array([0, 0, 0, 1, 1, 2], np.int32),
        values=np.array([1, 2, 3, 4, 5, 5], np.float32),
        times=np.zeros(6, np.int64),
    )
    assert mean_values(history, least=2) == {"a": 2.0, "b": 4.5}
    assert mean_values(history, least=1)["c"] == 5.0
    with pytest.raises(UsageError, match="1 is the least"):
        mean_values(history, least=0)


@pytest.mark.parametrize("keep", [0.5, 0.9, "elbow"])
@pytest.mark.parametrize("pca", [{}, {"seeing/painted": 6}])
def test_keeping_less_needs_no_scores_anew(keep: float | str, pca: dict[str, float]) -> None:
    tables, target = world()
    asked = Selecting.paper(1.0, trees=10, information="bins", pca=pca)
    narrowed = select(tables, target, train=IDS[:TRAIN], selecting=asked).narrowed(keep)
    anew = select(tables, target, train=IDS[:TRAIN], selecting=replace(asked, keep=keep))
    assert narrowed.to_json() == anew.to_json()
