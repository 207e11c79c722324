"""Rules: a list or pattern that is mended, wherever it stands, makes another recipe of all that go by it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from triptych.features import registry
from triptych.features.extractor import Learner
from triptych.features.reading.rules import digest_of, rules_in

#: Title → where the lists stand by which it goes.
LISTS = {
    "reading/entities": (
        *("gazetteer.GIVEN_NAMES", "gazetteer.PLACES", "mentions.SHOUTED", "mentions._UNCOUNTED", "grammar.ARTICLES"),
        *("grammar._IRREGULAR", "sentences._NEVER", "words._INNER", "credit._TAIL"),
    ),
    "reading/knowledge": (
        *("predicate._GOING", "clauses._TIMES", "tokens._CLITICS", "tokens._TOKEN", "noun_phrase._PLURALS"),
        *("grammar._REGULAR", "sentences._NEVER", "words._INNER", "credit._CREDIT"),
    ),
    "reading/text-statistics": ("syllables._VOWELS", "sentences._NEVER", "words._INNER", "stop_words._ELIDED"),
    "reading/tfidf-plot": ("stop_words._ELIDED", "words._ALONE", "credit._CREDIT"),
    "reading/tfidf-title": ("stop_words._ELIDED",),
    "reading/sentence": ("credit._CREDIT",),
    "reading/sentence-mean": ("sentences._PLACE", "credit._CREDIT"),
    "reading/sentence-each": ("sentences._PLACE", "credit._CREDIT"),
    "reading/genres": ("spelling._NOTHING", "spelling._BETWEEN"),
    "reading/people": ("spelling._ACCENTS",),
    "reading/people-top": ("spelling._ACCENTS",),
    "reading/certificate": ("spelling._NOTHING", "certificates._REASONS"),
    "reading/on-screen": ("lettering._PATTERNS", "lettering.TAGLINE_WORDS"),
}


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    rules_in.cache_clear()
    yield
    rules_in.cache_clear()


def settings(title: str) -> object:
    part = registry.build(title)
    return dict(part.asked) if isinstance(part, Learner) else part.recipe.hash


def mended(value: Any) -> Any:
    if isinstance(value, re.Pattern):
        return re.compile(value.pattern + "x")
    if isinstance(value, frozenset):
        return value | {"mended"}
    return value + (("mended",) if isinstance(value, tuple) else "x" if isinstance(value, str) else 1)


@pytest.mark.parametrize(("title", "place"), [(title, place) for title, places in LISTS.items() for place in places])
def test_a_list_that_is_mended_makes_another_recipe(title: str, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    room, _, name = place.partition(".")
    module = import_module(f"triptych.features.reading.{room}")
    before = settings(title)
    rules_in.cache_clear()
    assert settings(title) == before
    monkeypatch.setattr(module, name, mended(getattr(module, name)))
    rules_in.cache_clear()
    assert settings(title) != before


def test_the_order_of_sets_and_tables_does_not_count() -> None:
    assert digest_of({"b": frozenset("xyz"), "a": 1}) == digest_of({"a": 1, "b": frozenset("zyx")})
    assert digest_of(("x", "y")) != digest_of(("y", "x"))
    assert digest_of(re.compile("x")) != digest_of(re.compile("x", re.IGNORECASE))
