"""Entities: names by rules in texts of several kinds and languages; the same by a small trained recogniser."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.worlds import parsed
from triptych.catalogue.records import Item
from triptych.errors import MissingExtra, UsageError
from triptych.features.extractor import Extractor, Showing
from triptych.features.feature import Feature, Presence
from triptych.features.reading import pipeline
from triptych.features.reading.entities import Entities, Entity, Kind, entities_of, entities_spacy

P, ORG, L = Kind.PERSON, Kind.ORGANISATION, Kind.PLACE

#: Text → names in order.
TRUTH = {
    "In Paris, Dr. Ellie Sattler calls the FBI.": [(L, "Paris"), (P, "Dr. Ellie Sattler"), (ORG, "FBI")],
    "The police of New York City hunt John F. Kennedy's killer.": [(L, "New York City"), (P, "John F. Kennedy")],
    "Captain Miller leads the Second Division through Normandy.": [
        (P, "Captain Miller"),
        (ORG, "Second Division"),
        (L, "Normandy"),
    ],
    "A professor of the University of Chicago visits Skull Island.": [
        (ORG, "University of Chicago"),
        (L, "Skull Island"),
    ],
    "Rick meets Ilsa in Casablanca. Ilsa is married.": [(P, "Rick"), (P, "Ilsa"), (L, "Casablanca"), (P, "Ilsa")],
    "He works for Wayne Enterprises and the CIA.": [(ORG, "Wayne Enterprises"), (ORG, "CIA")],
    "On Monday an American finds the Titanic. I am English.": [],
    "Young love blooms. Three friends meet. Time is short.": [],
    "Emily has a secret. Will she tell?": [(P, "Emily")],
    "Sean O'Brien robs a bank near Los Angeles.": [(P, "Sean O'Brien"), (L, "Los Angeles")],
    "Leonardo da Vinci paints King Louis of France.": [(P, "Leonardo da Vinci"), (P, "King Louis"), (L, "France")],
}


@pytest.mark.parametrize("text", TRUTH)
def test_the_rules_find_names(text: str) -> None:
    assert [(entity.kind, entity.text) for entity in entities_of(text)] == TRUTH[text]


def test_places_in_the_text_hold_through_any_white_space() -> None:
    text = "  Far away…\r\n\n\tIn  Paris,\u2028 “Anna Karenina” meets   Count\u00a0Vronsky.  Vronsky\tleaves."
    found = entities_of(text)
    assert [text[entity.start : entity.end] for entity in found] == [entity.text for entity in found]
    assert {"Paris", "Anna Karenina", "Vronsky"} <= {entity.text for entity in found}


def test_german_nouns_are_no_names() -> None:
    found = entities_of(
        "Der alte Hund lebt mit einer Frau in Berlin. Anna Meier ist die Tochter des Bäckers und der Katze."
    )
    assert [entity.text for entity in found] == ["Berlin", "Anna Meier"]


def feature(plot: str, extractor: Extractor | None = None) -> Feature:
    [found] = (extractor or Entities()).extract([Showing(item=Item(item_id="x", plot=plot))])
    return found


def value(plot: str, column: str) -> float:
    found = feature(plot)
    assert found.values is not None, found.reason
    return float(found.values[Entities().columns().index(column)])


def test_counts_and_shares() -> None:
    plot = "Anna meets Bob in Paris. Later Anna leaves Paris for the FBI."
    assert np.isclose(value(plot, "persons_log1p"), np.log(4))
    assert np.isclose(value(plot, "persons_distinct_log1p"), np.log(3))
    assert np.isclose(value(plot, "places_share"), 2 / 6)
    assert np.isclose(value(plot, "entities_distinct_log1p"), np.log(5))
    assert np.isclose(value(plot, "named_word_share"), 6 / 12)


def test_more_of_the_same_names_moves_mentions_and_not_names() -> None:
    once, twice = "Anna meets Bob in Paris.", "Anna meets Bob in Paris. Anna loves Bob in Paris."
    assert value(twice, "entities_log1p") > value(once, "entities_log1p")
    assert value(twice, "entities_distinct_log1p") == value(once, "entities_distinct_log1p")


@pytest.mark.parametrize("plot", ["彼は東京で働いている。", "رجل يعيش في القاهرة", "HE ROBS A BANK IN PARIS."])
def test_where_capitals_say_nothing_it_is_missing_and_says_so(plot: str) -> None:
    found = feature(plot)
    assert found.presence is Presence.MISSING
    assert "capitals" in found.reason
    assert "entities-spacy" in found.reason


@pytest.mark.parametrize("plot", ["", "  \n", "…!?", "\ud800"])
def test_without_a_plot_it_is_missing(plot: str) -> None:
    assert feature(plot).presence is Presence.MISSING


def test_the_writer_of_the_summary_is_none_of_the_story() -> None:
    plot = "A thief robs a train."
    assert feature(f"{plot} —John Doe <doe@example.org>").values is not None
    assert value(f"{plot} —John Doe <doe@example.org>", "persons_log1p") == 0


def test_a_long_plot_is_cut_with_a_warning() -> None:
    found = feature("Anna meets Bob. " * 5_000)
    assert found.values is not None
    assert "the first 32,768 were read" in found.warnings[0]


# With a spaCy pipeline


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return parsed.saved(tmp_path_factory.mktemp("names") / "en_tiny")


def test_a_pipeline_finds_names(folder: Path) -> None:
    found = feature("John Hammond invited four individuals .", entities_spacy(model=str(folder)))
    assert found.values is not None
    assert np.isclose(found.values[Entities().columns().index("persons_log1p")], np.log(2))
    recipe = entities_spacy(model=str(folder)).recipe
    assert recipe.title == "reading/entities-spacy"
    assert recipe.params["pipeline"]["name"] == "en_pipeline"
    assert str(folder) not in recipe.to_json()


def test_a_pipeline_without_a_recogniser_is_refused(tmp_path: Path) -> None:
    import spacy

    spacy.blank("en").to_disk(tmp_path / "blank")
    with pytest.raises(UsageError, match="knows no persons"):
        entities_spacy(model=str(tmp_path / "blank"))
    with pytest.raises(UsageError, match="python -m spacy download xx_none"):
        entities_spacy(model="xx_none")


def test_without_spacy_it_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"reading/entities-spacy needs .*triptych\[spacy\]"):
        entities_spacy(model="en_core_web_sm")


def test_an_entity_is_a_value() -> None:
    assert Entity(kind=P, text="Anna", start=0, end=4) == entities_of("Anna, Bob and Carl meet.")[0]
