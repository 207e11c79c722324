"""Labels: genres, languages and countries, however they are written; and learning that nothing but its items moves."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest

from triptych.catalogue.records import Item
from triptych.errors import ExtractionError, UnknownName, UsageError
from triptych.features.extractor import Extractor, Learner, Showing
from triptych.features.feature import Feature, Presence
from triptych.features.reading.countries import COUNTRIES
from triptych.features.reading.labels import LabelLearner, Labels, countries, genres, languages
from triptych.features.reading.languages import LANGUAGES
from triptych.features.reading.spelling import CHARACTERS, Thesaurus, key_of, spelt
from triptych.features.recipe import Recipe

FILMS = [
    Item(item_id="both", genres=("Drama", "Film-Noir"), languages=("English", "French"), countries=("USA",)),
    Item(item_id="other", genres=("Sci-Fi", "Drama"), languages=("de",), countries=("West Germany", "France")),
    Item(item_id="mute"),
    Item(item_id="third", genres=("science fiction",), languages=("eng",), countries=("US",)),
    Item(item_id="fourth", genres=("(no genres listed)",), languages=("None",)),
]


def measure(extractor: Extractor, **fields: object) -> Feature:
    [feature] = extractor.extract([Showing(item=Item(item_id="x", **fields))])  # type: ignore[arg-type]
    return feature


def told(extractor: Labels, **fields: object) -> set[str]:
    """The columns that are 1; all others must be 0."""
    feature = measure(extractor, **fields)
    assert feature.values is not None, feature.reason
    assert set(np.unique(feature.values)) <= {0.0, 1.0}
    return {name for name, value in zip(extractor.columns(), feature.values, strict=True) if value}


def test_a_genre_has_a_column_by_how_many_items_have_it_and_is_one_however_it_is_written() -> None:
    learned = genres().learn(FILMS)
    assert learned.columns() == ("genre_drama", "genre_sci_fi", "genre_film_noir", "genre_other")
    assert told(learned, genres=("SCIFI", "film noir", "sci-fi")) == {"genre_sci_fi", "genre_film_noir"}
    assert told(learned, genres=("Drama, Sci-Fi",)) == {"genre_drama", "genre_sci_fi"}, "a cell that was not split"


def test_a_genre_without_a_column_is_other_and_one_that_is_none_is_missing() -> None:
    learned = genres(limit=1).learn(FILMS)
    assert learned.columns() == ("genre_drama", "genre_other")
    assert told(learned, genres=("Drama", "Sci-Fi")) == {"genre_drama", "genre_other"}
    assert told(learned, genres=("Gialli",)) == {"genre_other"}
    assert measure(learned).reason == "the item has no genre"
    for nothing in ("(no genres listed)", "N/A", "nan", "Unknown", " ", "\x00", "\ud800"):
        feature = measure(learned, genres=(nothing,))
        assert feature.presence is Presence.MISSING
        assert "says that there is none" in feature.reason
        feature.reason.encode()


def test_a_genre_of_the_name_other_shares_the_column_of_the_others() -> None:
    learned = genres().learn([Item(item_id="a", genres=("Other",)), Item(item_id="b", genres=("War",))])
    assert learned.columns() == ("genre_war", "genre_other")
    assert told(learned, genres=("other",)) == {"genre_other"}


def test_min_items_leaves_out_what_too_few_have() -> None:
    assert genres(min_items=2).learn(FILMS).columns() == ("genre_drama", "genre_sci_fi", "genre_other")


def test_the_first_language_stands_by_itself_and_its_place_is_a_number() -> None:
    learned = languages().learn(FILMS)
    names = ("english", "french", "german", "other")
    assert learned.columns() == (*(f"first_language_{n}" for n in names), *(f"language_{n}" for n in names))
    assert told(learned, languages=("French", "en-GB")) == {
        "first_language_french",
        "language_french",
        "language_english",
    }
    values = measure(learned, languages=("Klingon", "de")).values
    assert values is not None
    assert int(values[: len(values) // 2].argmax()) == 3, "a language that was not learned has the last number"


@pytest.mark.parametrize(
    "names", [["en", "English", "eng", "ENG", "English (US)", "en-US", "en_GB"], ["zh", "chi", "Mandarin"]]
)
def test_a_language_is_one_by_its_name_and_by_any_of_its_codes(names: list[str]) -> None:
    assert len(LANGUAGES.slugs(names, most=20)) == 1


def test_languages_that_differ_stay_apart_and_unknown_ones_keep_their_names() -> None:
    given = ["Chinese", "Cantonese", "pt-BR", "German", "Old English", "Serbo-Croatian", "Serbian", "हिन्दी", "Na'vi"]
    assert LANGUAGES.slugs(given, most=20) == [
        "chinese",
        "cantonese",
        "portuguese",
        "german",
        "old_english",
        "serbo_croatian",
        "serbian",
        "hindi",
        "navi",
    ]
    assert LANGUAGES.slugs(["English, French; fr"], most=20) == ["english", "french"]
    assert LANGUAGES.slugs(["und", "xx", "zxx", "N/A", "No Language"], most=20) == []
    assert COUNTRIES.slugs(["US", "United States of America", "USA", "UK", "Korea, Republic of"], most=20) == [
        "united_states",
        "united_kingdom",
        "south_korea",
    ]


@pytest.mark.parametrize("thesaurus", [LANGUAGES, COUNTRIES])
def test_no_code_of_a_table_stands_for_two(thesaurus: Thesaurus) -> None:
    names = [
        key_of(spelt(name))
        for line in thesaurus.table.strip().splitlines()
        for name in line.replace(":", ",").split(",")
    ]
    names += [key_of(spelt(name)) for name in thesaurus.nothing]
    assert [name for name, count in Counter(names).items() if count > 1] == []


@pytest.mark.parametrize("make", [genres, languages, countries])
def test_what_is_learned_hangs_on_the_items_alone(make: type[LabelLearner]) -> None:
    learner = make()
    assert isinstance(learner, Learner)
    one = learner.learn(FILMS)
    mixed = random.Random(3).sample(FILMS, len(FILMS))
    assert learner.learn(mixed).recipe == one.recipe
    twice = [
        Item(item_id=f.item_id, genres=f.genres * 3, languages=f.languages * 3, countries=f.countries * 3)
        for f in FILMS
    ]
    assert learner.learn(twice).recipe == one.recipe, "an item that says a thing three times has it once"
    again = learner.again(Recipe.from_json(one.recipe.to_json()))
    assert again.recipe.hash == one.recipe.hash
    shown = [Showing(item=item) for item in FILMS]
    for a, b in zip(one.extract(shown), again.extract(shown), strict=True):
        assert (a.values is None and b.values is None) or a.values.tobytes() == b.values.tobytes()  # type: ignore[union-attr]
    assert one.recipe.params["asked"] == Recipe(panel="reading", name="asked", params=learner.asked).params
    assert one.recipe.params["learned_from"]["items"] == len(FILMS)
    with pytest.raises(ExtractionError, match="learn anew"):
        make(limit=3).again(one.recipe)


def test_items_that_are_held_out_teach_nothing() -> None:
    taught, held_out = FILMS[:3], Item(item_id="late", genres=("Western", "Drama"))
    learned = genres().learn(taught)
    before = measure(learned, genres=held_out.genres).values
    learned.extract([Showing(item=held_out)] * 5)
    assert learned.recipe == genres().learn(taught).recipe
    assert "western" not in learned.recipe.to_json()
    after = measure(learned, genres=held_out.genres).values
    assert before is not None
    assert after is not None
    assert before.tobytes() == after.tobytes()


def test_of_nothing_to_learn_from_every_item_is_missing() -> None:
    learned = genres().learn([Item(item_id="a")])
    feature = measure(learned, genres=("Drama",))
    assert feature.presence is Presence.MISSING
    assert "--relearn" in feature.reason


def test_hostile_labels_do_no_harm() -> None:
    hostile = ("x" * 5_000_000, "\ud800Drama", "Dra\x00ma", "\u0301" * 100_000, "=" * 1_000, *map(str, range(9_999)))
    item = Item(item_id="h", genres=hostile, languages=hostile)
    for make in (genres, languages):
        learned = make(limit=500).learn([*FILMS, item])
        assert all(len(name) <= CHARACTERS + 30 for name in learned.columns())
        assert len(set(learned.columns())) == len(learned.columns())
        assert Recipe.from_json(learned.recipe.to_json()) == learned.recipe
        [feature] = learned.extract([Showing(item=item)])
        assert feature.values is not None
        assert np.isfinite(feature.values).all()
        assert "the first 200 were read" in feature.warnings[0]


def test_what_cannot_be_asked_is_refused() -> None:
    with pytest.raises(UsageError, match="must be 1 or more"):
        genres(limit=0)
    with pytest.raises(UnknownName, match="field of labels"):
        LabelLearner(field="plot", limit=3)  # type: ignore[arg-type]
