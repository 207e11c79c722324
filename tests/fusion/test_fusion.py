"""Fusion: it learns from the training items alone, places any, and says of what its scores are made."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from triptych.errors import SpaceError, UnknownName, UsageError
from triptych.features.recipe import Recipe
from triptych.features.table import FeatureTable
from triptych.fusion.contributions import contributions, of_panels
from triptych.fusion.fusion import METHODS, Fitted, Fusion
from triptych.fusion.normalise import SCALINGS
from triptych.fusion.pieces import BALANCES
from triptych.fusion.reduction import Reduction
from triptych.spaces.search import Blocks, nearest

IDS = tuple(f"i{k:02d}" for k in range(40))
TRAIN = IDS[:28]
WIDTHS = {"seeing/look": 6, "seeing/grain": 3, "hearing/tone": 5, "reading/words": 9}
PANELS = ("seeing", "hearing", "reading")


def table(title: str, values: np.ndarray, mask: np.ndarray | None = None, ids: Sequence[str] = IDS) -> FeatureTable:
    there = np.ones(len(ids), bool) if mask is None else mask
    panel, _, name = title.partition("/")
    return FeatureTable(
        recipe=Recipe(panel=panel, name=name),
        item_ids=tuple(ids),
        values=np.where(there[:, None], values, 0).astype(np.float32),
        presence=np.where(there, "present", "missing").astype("U8"),
    )


def world(*, whole: bool = False, seed: int = 0) -> list[FeatureTable]:
    """Four features that vary in three ways together, in unlike units; each is missing of a few items."""
    rng = np.random.default_rng(seed)
    ways = rng.standard_normal((len(IDS), 3))
    found: list[FeatureTable] = []
    for k, (title, width) in enumerate(WIDTHS.items()):
        values = ways @ rng.standard_normal((3, width)) + 0.3 * rng.standard_normal((len(IDS), width))
        mask = rng.random(len(IDS)) < (2 if whole else 0.85)
        found.append(table(title, 10.0 ** (k - 1) * values + k, mask))
    return found


def same(a: Blocks, b: Blocks) -> bool:
    return (a.names, a.panels) == (b.names, b.panels) and all(
        one.tobytes() == other.tobytes() for one, other in zip((*a.values, a.mask), (*b.values, b.mask), strict=True)
    )


def bits(fitted: Fitted) -> dict[str, Any]:
    arrays = {name: (values.dtype.str, values.shape, values.tobytes()) for name, values in fitted.arrays().items()}
    return {"settings": fitted.to_json(), **arrays}


def scores(blocks: Blocks, weights: dict[str, float] | None = None) -> tuple[np.ndarray, np.ndarray]:
    chosen = weights or dict.fromkeys(blocks.panels, 1.0)
    return nearest(blocks, blocks, n=len(blocks), weights=chosen, exclude=np.arange(len(blocks)))


REDUCED = {
    "whole": None,
    "pca": Reduction(components=2),
    "pca by variance": Reduction(variance=0.9),
    "incremental": Reduction(kind="incremental-pca", variance=0.9),
    "panels": Reduction(components=4, per="panel"),
}
SETTINGS = [
    pytest.param(Fusion(scaling=scaling, reduce=reduction, method=method), id=f"{scaling}, {name}, {method}")
    for scaling in (*SCALINGS, "none")
    for name, reduction in REDUCED.items()
    for method in METHODS
]


@pytest.mark.parametrize("fusion", SETTINGS)
def test_what_test_items_have_moves_nothing_that_was_learned(fusion: Fusion) -> None:
    check_that_test_items_move_nothing(fusion)


def check_that_test_items_move_nothing(fusion: Fusion, train: Sequence[str] = TRAIN) -> None:
    """The rows of the test side are dealt out anew, with what is missing; the training rows stay where they were."""
    rng = np.random.default_rng(1)
    tables = world()
    shuffled: list[FeatureTable] = []
    for one in tables:
        order = np.concatenate([np.arange(len(train)), len(train) + rng.permutation(len(IDS) - len(train))])
        shuffled.append(replace(one, values=1000 * one.values[order], presence=one.presence[order]))
        shuffled[-1].values[: len(train)] = one.values[: len(train)]
    fitted, other = fusion.fit(tables, train), fusion.fit(shuffled, train)
    assert bits(fitted) == bits(other)
    assert same(fitted.blocks(tables, train), other.blocks(shuffled, train))
    assert not same(fitted.blocks(tables, IDS), other.blocks(shuffled, IDS))
    seen = np.any([one.aligned(train)[1] for one in tables if one.recipe.title in fitted.features], axis=0)
    assert fitted.learned_from == tuple(item_id for item_id, was in zip(train, seen, strict=True) if was)

    written = json.loads(json.dumps(fitted.to_json(), allow_nan=False))
    again = Fitted.again(written, fitted.arrays())
    assert bits(again) == bits(fitted)
    assert again.fusion == fusion
    assert same(again.blocks(tables, IDS), fitted.blocks(tables, IDS))


@pytest.mark.parametrize("scaling", SCALINGS)
def test_a_training_value_moves_what_was_learned(scaling: str) -> None:
    tables = world(whole=True)
    before = bits(Fusion(scaling=scaling).fit(tables, TRAIN))
    tables[0].values[0] += 50
    assert bits(Fusion(scaling=scaling).fit(tables, TRAIN)) != before


@pytest.mark.parametrize("method", METHODS)
def test_a_row_is_placed_alone_as_among_others(method: str) -> None:
    tables = world()
    fitted = Fusion(method=method, reduce=Reduction(variance=0.9, per="panel")).fit(tables, TRAIN)
    every = fitted.blocks(tables, IDS)
    for k in (0, 30, 39):
        assert same(fitted.blocks(tables, IDS[k : k + 1]), every.rows(slice(k, k + 1)))
    assert not fitted.blocks(tables, ["never measured"]).mask.any()


def test_training_items_count_once_in_any_order_and_those_without_a_feature_were_not_seen() -> None:
    tables = [replace(one, presence=np.where(np.arange(len(IDS)) == 3, "missing", one.presence)) for one in world()]
    for one in tables:
        one.values[3] = 0
    fitted = Fusion(method="weighted").fit(tables, TRAIN)
    assert bits(Fusion(method="weighted").fit(tables, [*TRAIN[::-1], *TRAIN, "nobody"])) == bits(fitted)
    assert fitted.learned_from == tuple(item_id for item_id in TRAIN if item_id != IDS[3])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("panel", PANELS)
def test_another_unit_changes_nothing_under_z_scores(method: str, panel: str) -> None:
    """By a power of two, which rounds nothing, the same to the last bit."""
    tables = world()
    other = [replace(one, values=one.values * (4096 if one.recipe.panel == panel else 1)) for one in tables]
    fusion = Fusion(method=method)
    assert same(fusion.fit(tables, TRAIN).blocks(tables, IDS), fusion.fit(other, TRAIN).blocks(other, IDS))


def test_late_fusion_is_the_mean_over_panels_of_the_mean_of_the_features_cosines() -> None:
    tables = world(whole=True)
    fitted = Fusion(method="late", furthest=None).fit(tables, TRAIN)
    found, scored = scores(fitted.blocks(tables, IDS))
    cosines: dict[str, list[np.ndarray]] = {}
    for one in tables:
        z = (one.values - one.values[: len(TRAIN)].mean(axis=0)) / one.values[: len(TRAIN)].std(axis=0)
        z /= np.linalg.norm(z, axis=1, keepdims=True)
        cosines.setdefault(one.recipe.panel, []).append(z @ z.T)
    expected = np.mean([np.mean(own, axis=0) for own in cosines.values()], axis=0)
    at = np.arange(len(IDS))[:, None], found
    np.testing.assert_allclose(scored[:, :-1], expected[at][:, :-1], atol=1e-5)


def test_late_fusion_knows_no_balance() -> None:
    tables = world()
    blocks = [Fusion(method="late", balance=one).fit(tables, TRAIN).blocks(tables, IDS) for one in BALANCES]
    for values, *others in zip(*(one.values for one in blocks), strict=True):
        for other in others:
            np.testing.assert_allclose(other, values, atol=1e-6)


def test_late_fusion_by_hand_where_features_are_missing() -> None:
    weights = {"seeing": 2.0, "hearing": 1.0, "reading": 0.5}
    tables = world()
    fitted = Fusion(method="late", panel_weights=weights).fit(tables, TRAIN)
    blocks = fitted.blocks(tables, IDS)
    lengths = np.stack([np.linalg.norm(values, axis=1) for values in blocks.values], axis=1)
    c = np.array([weights[panel] / blocks.panels.count(panel) for panel in blocks.panels])
    np.testing.assert_allclose(lengths, blocks.mask * np.sqrt(c), rtol=1e-5)
    pairs, scored = scores(blocks)
    for a, b, score in [(0, int(pairs[0, 0]), scored[0, 0]), (9, int(pairs[9, 5]), scored[9, 5])]:
        cosines = np.array([float(v[a] @ v[b]) for v in blocks.values]) / c
        shared = blocks.mask[a] & blocks.mask[b]
        by_hand = (c * cosines)[shared].sum() / np.sqrt(c[blocks.mask[a]].sum() * c[shared].sum())
        assert score == pytest.approx(by_hand, abs=1e-5)


@pytest.mark.parametrize("weights", [None, {"seeing": 1.0, "hearing": 0.25, "reading": 0.0}])
@pytest.mark.parametrize("method", ["concatenation", "late"])
def test_contributions_sum_to_the_score(method: str, weights: dict[str, float] | None) -> None:
    tables = world()
    blocks = Fusion(method=method, balance="features").fit(tables, TRAIN).blocks(tables, IDS)
    pairs, scored = scores(blocks, weights)
    shares = contributions(blocks, blocks, pairs, weights=weights)
    assert shares.shape == (*pairs.shape, len(blocks.names))
    np.testing.assert_allclose(shares.sum(axis=-1), scored, atol=2.0**-24)
    assert (shares[pairs < 0] == 0).all()
    there = blocks.mask[:, None, :] & blocks.mask[pairs]
    assert (shares[~there] == 0).all()
    assert shares[there].any()
    panels = of_panels(blocks, shares)
    np.testing.assert_allclose(sum(panels.values()), scored, atol=2.0**-24)
    assert weights is None or not panels["reading"].any()


def test_contributions_of_the_sum_of_panels_are_the_score() -> None:
    tables = world()
    blocks = Fusion(method="weighted").fit(tables, TRAIN).blocks(tables, IDS)
    assert (blocks.names, blocks.panels) == (("all",), ("all",))
    pairs, scored = scores(blocks)
    np.testing.assert_allclose(contributions(blocks, blocks, pairs)[..., 0], scored, atol=2.0**-24)


def test_an_item_that_lacks_a_panel_has_the_weights_of_the_others_brought_to_one() -> None:
    """One item in three guises: with all panels, with some alone, and with none."""
    weights = {"seeing": 1.0, "hearing": 3.0, "reading": 0.5}
    tables = world(whole=True)
    fitted = Fusion(method="weighted", panel_weights=weights, width=8).fit(tables, TRAIN)

    def guise(*panels: str) -> np.ndarray:
        own = [table(one.recipe.title, one.values[:1], np.array([one.recipe.panel in panels]), ["x"]) for one in tables]
        blocks = fitted.blocks(own, ["x"])
        assert blocks.mask.tolist() == [[bool(panels)]]
        return blocks.values[0][0].astype(float)

    alone = {panel: guise(panel) for panel in PANELS}
    for panels in (PANELS, ("seeing", "hearing"), ("hearing", "reading")):
        expected = sum(weights[panel] * alone[panel] for panel in panels) / sum(weights[panel] for panel in panels)
        np.testing.assert_allclose(guise(*panels), expected, atol=1e-6)
    assert not guise().any()
    assert all(row.any() for row in alone.values())
    # Five entries are heard, and no more; the width is that of all.
    assert alone["hearing"].shape == (8,)
    assert not alone["hearing"][5:].any()


def test_the_average_is_the_sum_by_equal_weights() -> None:
    tables = world()
    average = Fusion(method="average").fit(tables, TRAIN).blocks(tables, IDS)
    even = Fusion(method="weighted", panel_weights=dict.fromkeys(PANELS, 1.0)).fit(tables, TRAIN).blocks(tables, IDS)
    assert same(average, even)


def test_weights_of_the_fusion_are_weights_of_the_search() -> None:
    tables = world()
    weights = {"seeing": 0.5, "hearing": 2.0}
    own = Fusion(panel_weights=weights).fit(tables, TRAIN).blocks(tables, IDS)
    assert set(own.panels) == {"seeing", "hearing"}  # the panel that is not named counts 0
    plain = Fusion().fit(tables, TRAIN).blocks(tables, IDS)
    found, scored = scores(own)
    others, expected = scores(plain, {**weights, "reading": 0.0})
    np.testing.assert_array_equal(found, others)
    np.testing.assert_allclose(scored, expected, atol=1e-6)


@pytest.mark.parametrize("per", ["feature", "panel"])
def test_components_that_keep_all_the_variance_keep_the_scores(per: str) -> None:
    tables = world(whole=True)
    plain = Fusion(furthest=None).fit(tables, IDS).blocks(tables, IDS)
    turned = Fusion(furthest=None, reduce=Reduction(variance=1 - 1e-12, per=per)).fit(tables, IDS).blocks(tables, IDS)
    assert turned.names == (plain.names if per == "feature" else PANELS)
    np.testing.assert_allclose(scores(turned)[1], scores(plain)[1], atol=1e-5)


def test_an_item_that_lacks_a_feature_of_a_reduced_panel_stands_at_the_centre_in_it() -> None:
    tables = world(whole=True)
    fitted = Fusion(reduce=Reduction(components=4, per="panel")).fit(tables, TRAIN)
    scaled = Fusion().fit(tables, TRAIN).blocks(tables, TRAIN)
    values = {one.recipe.title: one.values[:1] for one in tables}
    gone = [table(title, values[title], np.array([title != "seeing/grain"]), ["x"]) for title in WIDTHS]
    own = fitted.blocks(gone, ["x"])
    assert own.mask.all()
    seen = dict(zip(scaled.names, scaled.values, strict=True))
    row = np.concatenate([seen["seeing/grain"].mean(axis=0), seen["seeing/look"][0]])
    (whole,) = [one for one in fitted.reduced if one.panel == "seeing"]
    expected = whole.steps[0](row[None].astype(np.float32), np.ones(1, bool))
    np.testing.assert_allclose(own.values[own.names.index("seeing")], expected, atol=1e-5)


@pytest.mark.parametrize(
    ("balance", "lengths"),
    [
        ("features", {"seeing/grain": 1 / 2, "seeing/look": 1 / 2, "hearing/tone": 1, "reading/words": 1}),
        ("panels", {"seeing/grain": 3 / 9, "seeing/look": 6 / 9, "hearing/tone": 1, "reading/words": 1}),
        ("none", {"seeing/grain": 3, "seeing/look": 6, "hearing/tone": 5, "reading/words": 9}),
    ],
)
def test_what_weighs_alike(balance: str, lengths: dict[str, float]) -> None:
    """The mean squared length of each block over the training items."""
    tables = world(whole=True)
    blocks = Fusion(balance=balance, furthest=None).fit(tables, TRAIN).blocks(tables, TRAIN)
    for name, values in zip(blocks.names, blocks.values, strict=True):
        assert np.square(values, dtype=float).sum(axis=1).mean() == pytest.approx(lengths[name], rel=1e-4)


def test_chosen_columns_are_as_if_there_were_no_others() -> None:
    tables = world()
    kept = {"seeing/look": (4, 0), "reading/words": (2,), "hearing/tone": ()}
    narrow = [
        replace(one, values=one.values[:, list(kept[one.recipe.title])]) for one in tables if kept.get(one.recipe.title)
    ]
    fitted = Fusion(columns=kept).fit(tables, TRAIN)
    assert fitted.features == ("seeing/look", "reading/words")
    assert same(fitted.blocks(tables, IDS), Fusion().fit(narrow, TRAIN).blocks(narrow, IDS))
    with pytest.raises(UsageError, match=r"column 9 of reading/words is kept; it has 9, counted from 0\."):
        Fusion(columns={"reading/words": [9]}).fit(tables, TRAIN)
    with pytest.raises(UnknownName, match="no feature 'reading/word'; there is 'reading/words'"):
        Fusion(columns={"reading/word": [0]}).fit(tables, TRAIN)


def test_a_feature_may_have_a_scaling_of_its_own() -> None:
    tables = world()
    blocks = Fusion(scalings={"hearing/tone": "ranks"}).fit(tables, TRAIN).blocks(tables, IDS)
    ranks, z = (Fusion(scaling=name).fit(tables, TRAIN).blocks(tables, IDS) for name in ("ranks", "z-score"))
    for name, values, ranked, scored in zip(blocks.names, blocks.values, ranks.values, z.values, strict=True):
        assert values.tobytes() == (ranked if name == "hearing/tone" else scored).tobytes()


def test_a_feature_that_never_varies_says_nothing_and_stops_nothing() -> None:
    tables = [*world(), table("hearing/still", np.full((len(IDS), 4), 7.0))]
    for method in METHODS:
        for reduction in REDUCED.values():
            blocks = Fusion(method=method, reduce=reduction).fit(tables, TRAIN).blocks(tables, IDS)
            assert np.isfinite(scores(blocks)[1]).all()
    still = [tables[-1], tables[-2]]
    blocks = Fusion(method="weighted").fit(still, TRAIN).blocks(still, IDS)
    assert blocks.values[0].any()


def test_the_baseline_is_known_by_the_recipe_that_it_always_had() -> None:
    tables = world()
    parts = {one.recipe.title: one.recipe.hash for one in tables}
    params = {"features": parts, "scaling": "z-score", "furthest": 3.0}
    assert Fusion().recipe(tables) == Recipe(panel="all", name="concatenation", version=2, params=params)
    settings = [one.values[0] for one in SETTINGS] + [Fusion(balance="panels"), Fusion(panel_weights={"seeing": 1})]
    assert len({fusion.recipe(tables).hash for fusion in settings}) == len(settings)
    assert all(Fusion.from_json(json.loads(json.dumps(fusion.to_json()))) == fusion for fusion in settings)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"scaling": "zscore"}, "no scaling 'zscore'; there is 'z-score'"),
        ({"scalings": {"seeing/look": "rank"}}, "no scaling 'rank'; there is 'ranks'"),
        ({"method": "sum"}, "no method of fusion 'sum'"),
        ({"balance": "panel"}, "no balance 'panel'; there is 'panels'"),
        ({"furthest": 0.0}, "no entry counts as further than 0.0 deviations"),
        ({"panel_weights": {"sight": 1}}, "no panel 'sight'"),
        ({"panel_weights": {"seeing": -1}}, "the weight of seeing is -1"),
        ({"panel_weights": {"seeing": float("nan")}}, "the weight of seeing is nan"),
        ({"panel_weights": {"seeing": 0}}, "all weights are 0"),
        ({"method": "average", "panel_weights": {"seeing": 1}}, "take the method weighted"),
        ({"width": 8}, "width is 8; it is 1 or more, and of the methods weighted and average alone"),
        ({"method": "average", "width": 0}, "width is 0"),
        ({"columns": {"seeing/look": [1, 1]}}, "each is named once"),
        ({"columns": {"seeing/look": [-1]}}, "counted from 0"),
    ],
)
def test_settings_that_cannot_be_honoured(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Fusion(**settings)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("lda:3", "no reduction 'lda'"),
        ("pca", "by components or by variance; give one of the two"),
        ("pca:many", "'pca:many' is no reduction; write it like pca:64"),
        ("pca:0", "0 components are left"),
        ("pca:1.5", "1.5 of the variance is kept; it is a share above 0 and below 1"),
        ("pca:nan", "nan of the variance is kept"),
        ("umap:0.5", "umap has no share of variance"),
        ("incremental-pca:8", "incremental-pca keeps a share of the variance"),
    ],
)
def test_reductions_that_cannot_be_honoured(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Reduction.parse(text)


def test_what_was_learned_of_one_recipe_places_no_other() -> None:
    tables = world()
    fitted = Fusion().fit(tables, TRAIN)
    other = replace(tables[0], recipe=Recipe(panel="seeing", name="look", version=2))
    with pytest.raises(SpaceError, match=rf"learned as recipe {tables[0].recipe.hash} measured it"):
        fitted.blocks([other, *tables[1:]], IDS)
    with pytest.raises(UnknownName, match="no feature 'seeing/look'"):
        fitted.blocks(tables[1:], IDS)
    with pytest.raises(SpaceError, match="seeing/look has 7 entries; when it was learned it had 6"):
        fitted.blocks([replace(tables[0], values=np.ones((len(IDS), 7), np.float32)), *tables[1:]], IDS)
    with pytest.raises(UsageError, match="one is given twice"):
        Fusion().fit([*tables, tables[0]], TRAIN)
    with pytest.raises(UsageError, match="nothing is left: no weight, or no column kept"):
        Fusion(panel_weights={"hearing": 1}).fit(tables[:1], TRAIN)
