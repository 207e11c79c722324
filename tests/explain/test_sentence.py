"""Sentences claim what the numbers bear, and admit what is not to the item's own credit."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from triptych.explain.alike import Alike
from triptych.explain.reason import Cited, Explanation, Named, Reason, Spoken, Whom, Witness
from triptych.explain.scenes import Match, Scene
from triptych.explain.sentence import LEAST, claims_of, sentence
from triptych.programme.arranged import Placed

ALIEN, SOLARIS, HEAT = (Named(item_id=name.lower(), title=name) for name in ("Alien", "Solaris", "Heat"))
NAMES = ("seeing/colour", "seeing/shots", "hearing/rhythm", "reading/genres", "reading/people", "popularity", "usual")


def explanation(*parts: tuple[str, float], whom: Whom | None = None) -> Explanation:
    reasons = tuple(Reason(name=name, group=name.partition("/")[0], value=value) for name, value in parts)
    return Explanation(
        item=Named(item_id="m", title="Moon"),
        whom=whom or Whom(user_id="u"),
        base=sum(one.value for one in reasons),
        reasons=reasons,
    )


def placed(base: float, by: Literal["score", "diversity", "exploration"], *boosts: tuple[str, float]) -> Placed:
    score = base + sum(value for _, value in boosts)
    return Placed(item_id="m", rank=3, score=score, base=base, boosts=boosts, chosen_by=by, by_score=37, place=0)


def scene(panel: str, carried: float) -> Cited:
    match = Match(
        panel=panel,
        feature=f"{panel}/x",
        one=Scene(start_s=72.6, end_s=90.0),
        other=Scene(start_s=3.0, end_s=19.5),
        likeness=0.9,
        carried=carried,
        by={},
    )
    return Cited(item=ALIEN, match=match)


def told(one: Explanation, *values: tuple[Named, float, float]) -> Explanation:
    genres = Alike(genres=("Sci-Fi", "Drama"))
    witnesses = tuple(Witness(item=item, value=value, weight=weight, alike=genres) for item, value, weight in values)
    return replace(one, spoken=Spoken(witnesses=witnesses, rest=one.base - sum(v for _, v, _ in values)))


def test_what_speaks_for_it_in_plain_words() -> None:
    one = explanation(("reading/genres", 0.5), ("seeing/colour", 0.3), ("hearing/rhythm", -0.02), ("usual", 2.0))
    one = told(one, (ALIEN, 0.3, 1.0), (SOLARIS, 0.2, 1.0), (HEAT, 0.01, 1.0))
    assert sentence(one) == (
        "Because you liked Alien and Solaris: Moon is of the same genres (Sci-Fi, Drama) and looks alike in colours."
    )
    seen = replace(one, scenes=(scene("hearing", 0.2), scene("seeing", 0.1)))
    assert "looks from 1:12 to 1:30 as Alien does from 0:03 to 0:20." in sentence(seen)
    assert "sounds" not in sentence(seen)
    # A scene that carries nothing is not cited.
    assert "1:12" not in sentence(replace(one, scenes=(scene("seeing", -0.1),)))
    asked = replace(one, spoken=None, whom=Whom(text="a slow film"))
    assert (
        sentence(asked) == "Because you asked for “a slow film”: Moon reads alike by genres and looks alike in colours."
    )


def test_what_was_disliked_is_never_liked() -> None:
    one = explanation(("ratings", 0.5), ("popularity", 0.4))
    disliked = told(one, (HEAT, 0.4, -1.0), (ALIEN, 0.1, 1.0))
    assert sentence(disliked) == "Because you liked Alien: Moon is liked by those who like the same and is popular."
    assert "Because" not in sentence(told(one, (HEAT, 0.4, -1.0), (ALIEN, -0.1, 1.0)))


def test_what_must_be_admitted_is() -> None:
    one = explanation(("reading/genres", 0.4), ("popularity", 0.2), ("hearing/rhythm", -0.3))
    new = replace(one, ratings=0, placed=placed(one.base, "exploration", ("Hallowe'en", 0.4), ("old", -0.1)))
    assert sentence(new).endswith(
        "What is heard speaks against it; nobody has rated it yet: its popularity is foretold. The boost Hallowe'en "
        "lifted it; the boost old lowered it; it stands here as a new title, to be tried (by score it is number 37)."
    )
    assert "is popular" not in sentence(new)
    assert "It is here for variety (by score it is number 37)." in sentence(
        replace(one, placed=placed(one.base, "diversity"))
    )


def test_two_items_and_nothing() -> None:
    whom = Whom(item=ALIEN)
    one = explanation(("seeing/colour", 0.3), ("hearing/rhythm", -0.2), whom=whom)
    assert sentence(one) == "Moon is like Alien: it looks alike in colours. What is heard sets them apart."
    farthest = explanation(("seeing/colour", 0.05), ("hearing/rhythm", -0.7), whom=whom)
    assert sentence(farthest) == "Nothing that was compared makes Moon like Alien. What is heard sets them apart."
    far = explanation(("seeing/colour", 0.3), ("hearing/rhythm", -0.7), whom=whom)
    assert sentence(far).startswith("On the whole Moon is not like Alien, though it looks alike in colours.")
    assert sentence(explanation(("hearing/rhythm", -0.2), whom=whom)).startswith("Nothing that was compared makes Moon")
    assert sentence(explanation(("seeing", 0.5))) == "Going by all that you liked: Moon looks alike."
    assert sentence(explanation(("popularity", 0.5))) == "Moon is popular."
    assert sentence(explanation(("usual", 3.0))) == "Nothing in particular speaks for Moon."
    assert "\n" not in sentence(replace(one, item=Named(item_id="x", title="a\nb" + "x" * 500)))
    assert len(sentence(replace(one, item=Named(item_id="x", title="x" * 500)))) < 250


values = st.floats(-1, 1).map(lambda value: round(value, 3))


@settings(max_examples=150, deadline=None)
@given(
    st.tuples(*[values] * len(NAMES)),
    st.lists(st.tuples(st.sampled_from([ALIEN, SOLARIS, HEAT]), values, values), max_size=4),
    st.sampled_from([None, 0, 12]),
    st.booleans(),
)
def test_no_claim_that_the_numbers_do_not_bear(
    parts: tuple[float, ...],
    history: list[tuple[Named, float, float]],
    ratings: int | None,
    scenes: bool,
) -> None:
    one = told(explanation(*zip(NAMES, parts, strict=True)), *history)
    one = replace(one, ratings=ratings, alike=Alike(people=("A. B.",)))
    if scenes:
        one = replace(one, scenes=(scene("seeing", 0.5), scene("hearing", 0.5)))
    text, groups = sentence(one), {reason.group: reason.value for reason in one.by_group()}
    claims = claims_of(one)
    for claim in claims:
        if claim.about in groups:
            assert claim.value > 0
            assert groups[claim.about] >= LEAST * max(one.speaking, one.opposing) > 0
        elif claim.about == "against":
            assert claim.value < 0
    for panel, words in (("seeing", "looks"), ("hearing", "sounds"), ("popularity", "is popular")):
        if groups[panel] <= 0:
            assert words not in text
    if one.value_of("reading") <= 0:
        assert not re.search("same|reads", text)
    for named in (ALIEN, SOLARIS, HEAT):
        if f"liked {named.name}" in text:
            assert any(item is named and value > 0 and weight > 0 for item, value, weight in history)
    assert ("nobody has rated it yet" in text.lower()) == (ratings == 0)
    assert 1 <= len(re.findall(r"\.(?: |$)", text)) <= 3
    assert text == sentence(one)
