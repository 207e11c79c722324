"""An explanation sums to its score, or it cannot be made: of a hybrid, of a re-ranker, with boosts."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from triptych.catalogue.records import Item
from triptych.errors import UsageError
from triptych.explain.alike import Alike, rarity_of
from triptych.explain.of_hybrid import Known, of_hybrid, witnessed
from triptych.explain.of_ranked import of_ranked, parts_of
from triptych.explain.reason import Explanation, Named, Reason, Spoken, Whom, Witness
from triptych.models.parts import Evidence, Parts
from triptych.programme.arranged import Placed

NAMES = ("seeing/colour", "reading/genres", "seeing/shots", "liked together", "popularity", "usual")
GROUPS = ("seeing", "reading", "seeing", "ratings", "popularity", "usual")
ITEMS = {
    "alien": Item(
        item_id="alien", title="Alien", year=1979, genres=("Horror", "Sci-Fi"), plot="The crew of a ship meets a beast."
    ),
    "solaris": Item(
        item_id="solaris",
        title="Solaris",
        year=1972,
        genres=("Drama", "Sci-Fi"),
        plot="A station, a crew and the past.",
    ),
    "aliens": Item(
        item_id="aliens",
        title="Aliens",
        year=1983,
        genres=("Sci-Fi",),
        plot="The ship's crew is lost, and the beast is many.",
        people=("S. Weaver",),
    ),
}


@dataclass(frozen=True)
class Fitted:
    """A hybrid as the seam has it, whose numbers are drawn."""

    item_ids: tuple[str, ...] = ("alien", "solaris", "aliens")
    seed: int = 0

    def parts(self, taste: Any, items: np.ndarray, *, features: bool = False) -> Parts:
        assert features
        values = np.random.default_rng(self.seed).normal(size=(3, len(NAMES))) * taste
        return Parts(names=NAMES, groups=GROUPS, values=values[items])

    def evidence(self, taste: Any, items: np.ndarray) -> Evidence:
        values = np.random.default_rng(self.seed + 1).normal(size=(3, 2))[items] * taste
        rest = self.parts(taste, items, features=True).scores - values.sum(axis=1)
        return Evidence(history=np.array([0, 1]), values=values, rest=rest)


def placed(base: float, *boosts: tuple[str, float]) -> Placed:
    score = base + sum(value for _, value in boosts)
    return Placed(
        item_id="aliens", rank=1, score=score, base=base, boosts=boosts, chosen_by="score", by_score=1, place=2
    )


@pytest.mark.parametrize("seed", range(10))
def test_parts_and_history_of_a_hybrid_sum_to_its_score(seed: int) -> None:
    fitted, taste, asked = Fitted(seed=seed), 10.0 ** (seed - 4), [2, 1]
    known = Known(items=ITEMS, when={"alien": "1998-03-14"}, weights={"solaris": -0.5}, ratings={"aliens": 7})
    found = of_hybrid(fitted, taste, asked, whom=Whom(user_id="u"), known=known)
    scores = fitted.parts(taste, np.array(asked), features=True).scores
    for one, score in zip(found, scores.tolist(), strict=True):
        assert sum(reason.value for reason in one.reasons) == pytest.approx(score, abs=1e-6, rel=1e-9)
        assert sum(reason.value for reason in one.by_group()) == pytest.approx(score, abs=1e-6, rel=1e-9)
        told = one.spoken
        assert told is not None
        assert told.score == pytest.approx(score, abs=1e-6, rel=1e-9)
        assert [w.value for w in told.witnesses] == sorted((w.value for w in told.witnesses), reverse=True)
        by_id = {w.item.item_id: w for w in told.witnesses}
        assert (by_id["alien"].when, by_id["alien"].weight, by_id["solaris"].weight) == ("1998-03-14", 1.0, -0.5)
    assert [one.ratings for one in found] == [7, 0]
    assert [reason.group for reason in found[0].by_group()] == ["seeing", "reading", "ratings", "popularity", "usual"]
    alien = next(w for w in found[0].spoken.witnesses if w.item.item_id == "alien")  # pyright: ignore[reportOptionalMemberAccess]
    assert alien.alike == Alike(genres=("Sci-Fi",), years=(1983, 1979), words=("ship", "crew", "beast"))


def test_too_many_features_are_told_by_panels() -> None:
    class Many(Fitted):
        def parts(self, taste: Any, items: np.ndarray, *, features: bool = False) -> Parts:
            if features:
                raise UsageError("26 features take too many looks.")
            return super().parts(taste, items, features=True).by_group()

    [one] = of_hybrid(Many(), 1.0, [2], whom=Whom(), known=Known(items=ITEMS), evidence=False)
    assert [reason.name for reason in one.reasons] == ["seeing", "reading", "ratings", "popularity", "usual"]
    assert one.notes == ("Panels are not split into their features: 26 features take too many looks.",)


def test_what_does_not_sum_is_not_said() -> None:
    reasons = (Reason(name="a", group="a", value=0.5), Reason(name="b", group="b", value=0.25))
    whole = Explanation(item=Named(item_id="x"), whom=Whom(), base=0.75, reasons=reasons)
    with pytest.raises(UsageError, match=r"the reasons of 'x' came to 0\.75, and its score is 0\.750002"):
        replace(whole, base=0.750002)
    with pytest.raises(UsageError, match="reasons"):
        replace(whole, base=float("nan"))
    told = Spoken(witnesses=(Witness(item=Named(item_id="y"), value=0.5),), rest=0.2)
    with pytest.raises(UsageError, match="history"):
        replace(whole, spoken=told)
    # Of another score it need not sum to this one.
    assert replace(whole, spoken=replace(told, of="what the hybrid says")).score == 0.75
    with pytest.raises(UsageError, match="model's score"):
        replace(whole, placed=placed(0.7))
    lifted = replace(whole, placed=placed(0.75, ("week", 0.5), ("old", -0.125)))
    assert (lifted.base, lifted.score) == (0.75, 1.125)
    with pytest.raises(UsageError, match="not both"):
        Whom(user_id="u", item=Named(item_id="x"))


def test_shap_values_are_parts_and_history_speaks_of_its_own_score() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(size=(2, 3))
    parts = parts_of(("seeing", "recency", "reading"), ("seeing", "recency", "reading"), values, -2.0)
    assert np.allclose(parts.scores, values.sum(axis=1) - 2.0, atol=1e-12)
    known, whom = Known(items=ITEMS), Whom(user_id="u")
    plain = of_ranked(parts, ["alien", "nowhere"], whom=whom, known=known)
    assert [one.item.name for one in plain] == ["Alien", "nowhere"]
    assert plain[0].reasons[-1] == Reason(name="usual", group="usual", value=-2.0)
    fitted = Fitted()
    own = witnessed(fitted.evidence(1.0, np.array([2])), 0, fitted.item_ids, 2, known)
    with pytest.raises(UsageError, match="name the score"):
        of_ranked(parts, ["alien", "aliens"], whom=whom, known=known, spoken=[own, own])
    named = replace(own, of="the hybrid")
    assert of_ranked(parts, ["alien", "aliens"], whom=whom, known=known, spoken=[named] * 2)[1].spoken == named
    with pytest.raises(UsageError, match=r"\[items, columns\]"):
        parts_of(("a",), ("a",), [[float("nan")]])


def test_rare_words_come_first() -> None:
    rarity = rarity_of([*ITEMS.values(), Item(item_id="z", plot="A crew, again a crew; and a ship.")])
    assert (rarity["crew"], rarity["ship"], rarity["beast"]) == (4, 3, 2)
    assert Alike.of(ITEMS["aliens"], ITEMS["alien"], rarity=rarity).words == ("beast", "ship", "crew")
    assert Alike.of(Item(item_id="a"), Item(item_id="b")) == Alike()
    both = Alike.with_any([Alike(genres=("A",), words=("x",)), Alike(genres=("B", "A"), certificate="R")])
    assert both == Alike(genres=("A", "B"), words=("x",), certificate="R")


def test_all_of_it_is_json() -> None:
    known = Known(items=ITEMS, when={"alien": "1998-03-14"})
    [one] = of_hybrid(Fitted(), 1.0, [2], whom=Whom(likes=(Named.of("alien", ITEMS),)), known=known)
    told = json.loads(json.dumps(one.to_json(), allow_nan=False))
    assert told["item"] == {"item_id": "aliens", "title": "Aliens", "year": 1983}
    assert sum(part["value"] for part in told["reasons"]) == pytest.approx(told["score"], abs=1e-6)
    held = told["history"]
    assert sum(w["value"] for w in held["items"]) + held["rest"] == pytest.approx(told["base"], abs=1e-6)
    assert told["for"]["likes"][0]["title"] == "Alien"
    assert told["place"] is None
