"""reading/tfidf-…: scikit-learn's numbers, whatever the items' order, and nothing of what was held out."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from tests.contracts.extractor import PLACES, alike
from triptych.catalogue.records import Item
from triptych.errors import ExtractionError, UnknownName, UsageError
from triptych.features.extractor import Extractor, Learner, Showing
from triptych.features.feature import Feature, Presence
from triptych.features.reading.tfidf import Terms, Tfidf, tfidf_plot, tfidf_plot_5000, tfidf_title
from triptych.features.recipe import Recipe

STOCK = [
    "dog",
    "cat",
    "ship",
    "moon",
    "storm",
    "love",
    "bread",
    "rose",
    "night",
    "road",
    "king",
    "war",
    "train",
    "river",
    "snow",
    "the",
    "of",
    "and",
]


def plots(count: int, *, seed: int = 7) -> list[Item]:
    """Items of 3 to 40 words each, some of which are rare."""
    chance = random.Random(seed)
    made: list[Item] = []
    for k in range(count):
        chosen = chance.choices(STOCK, weights=range(1, len(STOCK) + 1), k=chance.randint(3, 40))
        made.append(Item(item_id=f"i{k}", title=f"{chosen[0]} {k % 9}", plot=" ".join([*chosen, f"rare{k % 50}."])))
    return made


ITEMS = plots(120)


def extract(extractor: Extractor, items: Sequence[Item]) -> list[Feature]:
    return list(extractor.extract([Showing(item=item) for item in items]))


def matrix(extractor: Extractor, items: Sequence[Item]) -> np.ndarray:
    found = [feature.values for feature in extract(extractor, items)]
    return np.stack([values for values in found if values is not None])


@pytest.mark.parametrize(
    "asked", [{"terms": 5000}, {"terms": 5000, "ngrams": 2}, {"terms": 5000, "min_items": 3}, {"terms": 12}]
)
def test_it_is_what_scikit_learn_finds(asked: dict[str, int]) -> None:
    learner = Tfidf(**asked)  # pyright: ignore[reportArgumentType]
    reference = TfidfVectorizer(
        analyzer=learner.terms_in, max_features=learner.terms, min_df=learner.min_items, dtype=np.float64
    )
    texts = [item.plot for item in ITEMS]
    theirs = reference.fit_transform(texts).toarray()
    mine = learner.learn(ITEMS)
    assert mine.columns() == tuple(reference.get_feature_names_out())
    np.testing.assert_allclose(mine.recipe.params["learned"]["idf"], reference.idf_, rtol=0, atol=1e-9)
    np.testing.assert_allclose(matrix(mine, ITEMS), theirs, rtol=0, atol=1e-7)


def test_figures_worked_out_by_hand() -> None:
    taught = [Item(item_id="a", plot="Dog dog cat."), Item(item_id="b", plot="The dog"), Item(item_id="c", plot="")]
    mine = Tfidf().learn(taught)
    assert mine.columns() == ("cat", "dog")
    rare = np.log(3 / 2) + 1  # of two texts; the third item has none
    assert mine.recipe.params["learned"] == {"terms": ["cat", "dog"], "idf": [round(rare, 9), 1.0], "texts": 2}
    [first, second, third] = extract(mine, taught)
    assert first.values == pytest.approx(np.array([rare, 2]) / np.hypot(rare, 2))
    assert second.values == pytest.approx([0, 1])
    assert third.presence is Presence.MISSING


def test_of_terms_as_frequent_the_first_of_the_alphabet_are_kept_in_whatever_order_items_come() -> None:
    taught = [Item(item_id=str(k), plot=f"zebra {word}") for k, word in enumerate(("pear", "fig", "apple", "kiwi"))]
    one, other = Tfidf(terms=3).learn(taught), Tfidf(terms=3).learn(taught[::-1])
    assert one.columns() == ("apple", "fig", "zebra")
    assert one.recipe == other.recipe


def test_order_of_words_and_items_moves_no_bit() -> None:
    shuffled = ITEMS.copy()
    random.Random(1).shuffle(shuffled)
    mine = tfidf_plot().learn(ITEMS)
    assert tfidf_plot().learn(shuffled).recipe.to_json() == mine.recipe.to_json()
    for item in ITEMS[:20]:
        turned = Item(item_id="x", plot=" ".join(item.plot.split()[::-1]))
        [a, b] = extract(mine, [item, turned])
        assert alike(a, b)


def test_what_is_held_out_teaches_nothing() -> None:
    train, held_out = ITEMS[:80], ITEMS[80:]
    before = tfidf_plot().learn(train)
    alone = extract(before, train)
    changed = [Item(item_id=item.item_id, plot=f"{item.plot} spoiler spoiler dog") for item in held_out]
    for others in (held_out, changed, [*changed, *plots(30, seed=8)]):
        catalogue = {item.item_id: item for item in [*others, *train]}
        after = tfidf_plot().learn([catalogue[item.item_id] for item in train])
        assert after.recipe == before.recipe
        among = extract(after, [*others, *train])[len(others) :]
        assert all(alike(a, b) for a, b in zip(among, alone, strict=True))
    # And it would show if it did.
    assert tfidf_plot().learn([*train, *changed]).recipe != before.recipe


@pytest.mark.parametrize("make", [tfidf_title, tfidf_plot, tfidf_plot_5000])
def test_it_comes_again_from_its_recipe_to_the_bit(make: Callable[[], Tfidf]) -> None:
    learner = make()
    assert isinstance(learner, Learner)
    one = learner.learn(ITEMS)
    read = Recipe.from_json(one.recipe.to_json())
    again = make().again(read)
    assert again.recipe == one.recipe
    assert one.recipe.title == learner.title
    assert one.recipe is one.recipe  # made once: it holds every term
    assert all(alike(a, b) for a, b in zip(extract(again, ITEMS), extract(one, ITEMS), strict=True))


def test_another_learners_recipe_is_refused() -> None:
    recipe = tfidf_plot().learn(ITEMS).recipe
    for other in (tfidf_plot(terms=99), tfidf_plot(languages=()), tfidf_plot_5000(), tfidf_title()):
        with pytest.raises(ExtractionError, match="reading/tfidf-plot"):
            other.again(recipe)
    learned = {**recipe.params["learned"], "idf": recipe.params["learned"]["idf"][:-1]}
    torn = Recipe(panel="reading", name="tfidf-plot", params={**recipe.params, "learned": learned})
    with pytest.raises(ExtractionError, match="one idf for each term"):
        tfidf_plot().again(torn)


def test_no_text_is_missing_and_no_known_term_is_zeros() -> None:
    mine = tfidf_plot().learn(ITEMS)
    blank, wordless, stopped, unseen, known = extract(
        mine,
        [Item(item_id="x", title="Dog", plot=plot) for plot in ("  ", "\ud800 \u2026!", "of the", "Ωκεανός 海", "DOG")],
    )
    assert (blank.presence, blank.reason) == (Presence.MISSING, "the item has no plot")
    assert (wordless.presence, wordless.reason) == (Presence.MISSING, "there is no word in the item's plot")
    for feature in (stopped, unseen):
        assert feature.values is not None
        assert not feature.values.any()
    assert known.values is not None
    assert known.values[mine.columns().index("dog")] == 1


def test_titles_are_read_for_titles() -> None:
    mine = tfidf_title().learn(ITEMS)
    assert mine.needs.fields == ("title",)
    named, nameless = extract(mine, [Item(item_id="x", title=mine.columns()[-1]), Item(item_id="y", plot="A dog.")])
    assert named.values is not None
    assert named.values[-1] == 1
    assert nameless.reason == "the item has no title"


@pytest.mark.parametrize("taught", [[], [Item(item_id="a", title="Alone")], [Item(item_id="b", plot="It was...")]])
def test_of_nothing_it_learns_nothing(taught: list[Item]) -> None:
    mine = tfidf_plot().learn(taught)
    assert mine.columns() == ()
    assert all(feature.presence is Presence.MISSING for feature in extract(mine, ITEMS))
    assert tfidf_plot().again(mine.recipe).recipe == mine.recipe


def test_terms_are_folded_bare_and_worth_something() -> None:
    learner = Tfidf(languages=("en", "fr"))
    assert learner.terms_in("Andy's TOYS -- l\u2019Étranger, don't! J. R. 7 千") == [
        "andy",
        "toys",
        "étranger",
        "7",
        "千",
    ]
    assert Tfidf(languages=()).terms_in("Of the Dog") == ["of", "the", "dog"]
    assert Tfidf(ngrams=2).terms_in("the old man of the sea") == ["old", "man", "sea", "old man", "man sea"]


def test_a_text_of_hostile_length_is_read_in_part() -> None:
    mine = Tfidf().learn([Item(item_id="a", plot="dog " * 100_000 + "cat")])
    assert mine.columns() == ("dog",)
    [feature] = extract(mine, [Item(item_id="a", plot="dog " * 100_000)])
    assert "32,768" in feature.warnings[0]


def test_settings_that_cannot_be_honoured() -> None:
    for wrong, said in (({"terms": 0}, "1 or more"), ({"min_items": 0}, "1 or more"), ({"ngrams": 3}, "1 or 2")):
        with pytest.raises(UsageError, match=said):
            Tfidf(**wrong)  # pyright: ignore[reportArgumentType]
    with pytest.raises(UnknownName, match="'xx'"):
        tfidf_plot(languages=("en", "xx"))


def learned(make: Callable[[], Tfidf]) -> Terms:
    return make().learn(list(PLACES.values()))
