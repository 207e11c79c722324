"""Diversify: both ways against plain loops over their definitions, and against how lists are judged."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import numpy as np
import pytest
import scipy.sparse as sp

from triptych.catalogue.records import Item
from triptych.evaluate.metrics.content import calibration, diversity
from triptych.programme.arranged import places
from triptych.programme.column import F64, I64
from triptych.programme.facts import Facts
from triptych.programme.programme import Programme

ON = date(2020, 1, 1)
M, G = 40, 5


@pytest.fixture(scope="module")
def world() -> tuple[Facts, F64]:
    """Forty films of one to three of five genres, three of none; two have no vector. Scores in sixteenths, so that
    none is lost on the way."""
    rng = np.random.default_rng(5)
    genres = [tuple(f"g{g}" for g in rng.permutation(G)[: rng.integers(1, 4)]) if k > 2 else () for k in range(M)]
    vectors = rng.normal(size=(M, 6)).astype(np.float32) + 1
    vectors[[7, 8]] = 0
    items = [Item(item_id=f"i{k}", title=f"{chr(65 + k % 26)} film {k}", genres=genres[k]) for k in range(M)]
    return Facts.of(items, vectors=vectors, groups=()), rng.permutation(M) / 16


def usual(alike: F64, known: np.ndarray) -> float:
    pairs = [alike[a, b] for a in np.flatnonzero(known) for b in np.flatnonzero(known) if a != b]
    return float(np.mean(pairs))


@pytest.mark.parametrize("by", ["genres", "vectors"])
@pytest.mark.parametrize("strength", [0.2, 0.7, 1.0])
def test_mmr_takes_what_its_formula_says(world: tuple[Facts, F64], by: str, strength: float) -> None:
    facts, scores = world
    sets = [set(item.genres) for item in facts.items]
    if by == "genres":
        alike = np.array([[len(a & b) / max(len(a | b), 1) for b in sets] for a in sets])
        known = np.array([bool(one) for one in sets])
    else:
        assert facts.vectors is not None
        alike = (facts.vectors.astype(float) @ facts.vectors.T.astype(float)).copy()
        known = facts.vectored
    mean = usual(alike, known)
    alike = np.where(known[:, None] & known, alike, mean)
    relevance = (scores - scores.min()) / (scores.max() - scores.min())
    listed: list[int] = []
    for _ in range(8):
        worth = {
            k: (1 - strength) * relevance[k] - strength * max((alike[k, j] for j in listed), default=0.0)
            for k in range(M)
            if k not in listed
        }
        # The first has nothing to be like; and what is equal goes by score.
        listed.append(max(worth, key=lambda k: (round(worth[k] * 2**26), scores[k])))
    programme = Programme(n=8, diversify="mmr", diversify_by=by, strength=strength)  # type: ignore[arg-type]
    found = programme.arrange(None, scores, facts=facts, on=ON)
    assert [one.place for one in found.placed] == listed


@pytest.mark.parametrize("strength", [0.3, 0.9])
def test_calibration_takes_what_stecks_formula_says(world: tuple[Facts, F64], strength: float) -> None:
    facts, scores = world
    scores = scores + 3 * (np.arange(M) < 3)  # those without a genre are listed too
    had = [3, 4, 5, 2]
    shares = facts.genre_shares

    def far(chosen: list[int]) -> float:
        p = shares[had].sum(axis=0) / shares[had].sum()
        q = shares[chosen].sum(axis=0) / max(shares[chosen].sum(), 1e-300)
        return float(sum(a * np.log(a / (0.99 * b + 0.01 * a)) for a, b in zip(p, q, strict=True) if a > 0))

    relevance = (scores - scores.min()) / (scores.max() - scores.min())
    listed: list[int] = []
    for _ in range(8):
        others = [k for k in range(M) if k not in listed]
        listed.append(
            max(
                others,
                key=lambda k: (1 - strength) * relevance[[*listed, k]].sum() - strength * far([*listed, k]),
            )
        )
    programme = Programme(n=8, diversify="calibrated", strength=strength)
    found = programme.arrange(None, scores, facts=facts, on=ON, history=[], liked=had)
    assert [one.place for one in found.placed] == listed


def test_the_more_of_it_the_better_lists_are_judged_by_it(world: tuple[Facts, F64]) -> None:
    facts, scores = world
    had = np.array([3, 4, 5])
    profile = sp.csr_array((np.ones(3), (np.zeros(3, int), had)), shape=(1, M))

    def lists(how: str, strength: float) -> I64:
        programme = Programme(n=10, diversify=how, diversify_by="vectors", strength=strength, seen=True)  # type: ignore[arg-type]
        return places([programme.arrange(None, scores, facts=facts, on=ON, history=had)], 10)

    told = [
        float(
            calibration(lists("calibrated", s), facts.genres.astype(float), profile, cutoffs=(10,))["calibration@10"][0]
        )
        for s in (0, 0.5, 1)
    ]
    assert all(a > b for a, b in pairwise(told)), told
    assert facts.vectors is not None
    spread = [float(diversity(lists("mmr", s), facts.vectors, cutoffs=(10,))["diversity@10"][0]) for s in (0, 0.5, 1)]
    assert spread[2] > spread[0]


@pytest.mark.parametrize("how", ["mmr", "calibrated"])
def test_no_strength_is_by_score_and_who_overtook_is_marked(world: tuple[Facts, F64], how: str) -> None:
    facts, scores = world
    plain = Programme().arrange(None, scores, facts=facts, on=ON, history=[3, 4])
    none = Programme(diversify=how, strength=0).arrange(None, scores, facts=facts, on=ON, history=[3, 4])  # type: ignore[arg-type]
    assert none.placed == plain.placed
    much = Programme(diversify=how, strength=0.8).arrange(None, scores, facts=facts, on=ON, history=[3, 4])  # type: ignore[arg-type]
    assert much.item_ids != plain.item_ids
    for k, one in enumerate(much.placed):
        better = {later.score for later in much.placed[k + 1 :] if later.score > one.score}
        missing = set(plain.item_ids[:1]) - {held.item_id for held in much.placed[: k + 1]}
        assert (one.chosen_by == "diversity") >= bool(better or missing)
        assert one.score == one.base == scores[one.place]


def test_without_a_genre_to_follow_the_list_is_by_score_and_says_so(world: tuple[Facts, F64]) -> None:
    facts, scores = world
    for had in ([], [0, 1]):
        found = Programme(diversify="calibrated", seen=True).arrange(None, scores, facts=facts, on=ON, history=had)
        assert found.placed == Programme(seen=True).arrange(None, scores, facts=facts, on=ON, history=had).placed
        assert len(found.notes) == 1
        assert "calibrated to none" in found.notes[0]
