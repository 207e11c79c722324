"""Labels: the genres, languages and countries of an item, a column for each that was learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from triptych.catalogue.records import Item
from triptych.errors import ExtractionError, UnknownName, UsageError
from triptych.features.extractor import Needs, Showing, learned_from
from triptych.features.feature import Feature
from triptych.features.reading import spelling
from triptych.features.reading.countries import COUNTRIES
from triptych.features.reading.languages import LANGUAGES
from triptych.features.reading.rules import rules_of
from triptych.features.reading.spelling import Thesaurus, key_of, most_held
from triptych.features.recipe import Recipe

Field = Literal["genres", "languages", "countries"]

#: So many labels of an item are read: a source that lists more has listed something else.
MOST = 200
#: The column of all that have none. A label of this name, as some catalogues have it, says nothing else.
OTHER = "other"

#: Those of IMDb, TMDB and MovieLens, so that a cell with several of them is several.
_GENRES = """
Action:
Adventure:
Animation: animated
Biography: biopic, biographical
Children: children's, kids, children's film
Comedy: comedies
Crime:
Documentary: documentaries, doc
Drama: dramas
Family:
Fantasy:
Film-Noir: noir
History: historical
Horror:
Music:
Musical: musicals
Mystery:
News:
Reality-TV: reality
Romance: romantic
Sci-Fi: science fiction, sf
Short: short film, shorts
Sport: sports
Talk-Show: talk
Thriller: thrillers
War:
Western: westerns
"""


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """One field of the record: what one of its labels is called, and whether the first counts by itself."""

    one: str
    thesaurus: Thesaurus
    first: bool


_KINDS: Mapping[str, _Kind] = {
    "genres": _Kind(one="genre", thesaurus=Thesaurus(table=_GENRES), first=False),
    "languages": _Kind(one="language", thesaurus=LANGUAGES, first=True),
    "countries": _Kind(one="country", thesaurus=COUNTRIES, first=False),
}


def genres(*, limit: int = 64, min_items: int = 1) -> LabelLearner:
    """Which genres the item is of, over the 64 most frequent in the items that were learned from."""
    return LabelLearner(field="genres", limit=limit, min_items=min_items)


def languages(*, limit: int = 32, min_items: int = 1) -> LabelLearner:
    """The item's first language, and all of them, over the 32 most frequent in the items that were learned from."""
    return LabelLearner(field="languages", limit=limit, min_items=min_items)


def countries(*, limit: int = 32, min_items: int = 1) -> LabelLearner:
    """Which countries made the item, over the 32 most frequent in the items that were learned from."""
    return LabelLearner(field="countries", limit=limit, min_items=min_items)


@dataclass(frozen=True, kw_only=True)
class LabelLearner:
    """Learns which labels are worth a column: the ``limit`` that the most items have, of equals the first in order of
    the alphabet; not those that fewer than ``min_items`` have.

    Labels are compared without case, accents, spaces, hyphens and what is noted in brackets; other names of the same
    are the same, such as ``en``, ``eng`` and ``English``. Those that say that there is none, such as ``(no genres
    listed)``, are none. In which order the items come, and how often an item has the same label, moves nothing.
    """

    field: Field
    limit: int
    min_items: int = 1

    def __post_init__(self) -> None:
        if self.field not in _KINDS:
            raise UnknownName("field of labels", self.field, _KINDS)
        if self.limit < 1 or self.min_items < 1:
            raise UsageError(
                f"{self.title} was asked for {self.limit} columns of what at least {self.min_items} items have; both "
                "must be 1 or more."
            )

    @property
    def title(self) -> str:
        return f"reading/{self.field}"

    @property
    def asked(self) -> Mapping[str, Any]:
        return {
            "limit": self.limit,
            "min_items": self.min_items,
            "first": _KINDS[self.field].first,
            "other": OTHER,
            "most": MOST,
            "spelling": rules_of(spelling),
            "thesaurus": _KINDS[self.field].thesaurus.digest,
        }

    def ready(self) -> None:
        """Needs nothing beyond the core."""

    def learn(self, items: Sequence[Item]) -> Labels:
        """The extractor that these items teach."""
        held = ([slug for slug in self.slugs(item) if slug != OTHER] for item in items)
        names = most_held(held, limit=self.limit, min_items=self.min_items)
        return Labels(learner=self, recipe=self._recipe({"names": names}, learned_from(items)))

    def again(self, recipe: Recipe) -> Labels:
        """What :meth:`learn` gave when it wrote this recipe, to the bit."""
        mine = self._recipe(recipe.params.get("learned"), recipe.params.get("learned_from"))
        if recipe != mine:
            raise ExtractionError(
                f"a recipe of {recipe.title} is not one that {self.title} wrote with these settings; learn anew."
            )
        return Labels(learner=self, recipe=mine)

    def slugs(self, item: Item) -> list[str]:
        """What the item is labelled with, each once, in its order."""
        return _KINDS[self.field].thesaurus.slugs(self.given(item), most=MOST)

    def given(self, item: Item) -> tuple[str, ...]:
        return getattr(item, self.field)

    def _recipe(self, learned: Any, source: Any) -> Recipe:
        params = {"asked": self.asked, "learned": learned, "learned_from": source}
        return Recipe(panel="reading", name=self.field, version=1, params=params)


@dataclass(frozen=True, kw_only=True, eq=False)
class Labels:
    """float32 ``[names + 1]`` of 0 and 1: which of the learned labels an item has; last, ``other``, whether it has one
    that has no column. So an item that has labels is never all zeros.

    Of languages there are two such blocks, ``[2 × (names + 1)]``: first ``first_language_…``, of which just one is 1,
    then ``language_…``. The place of that 1 is the item's language as a number in 0…names, for whoever embeds it; with
    ``limit=159`` there are the 160 of Maes 2025.

    Missing is what has no label, or only such as say nothing; and everything, if there was nothing to learn from.
    """

    learner: LabelLearner
    #: Made once, since it holds all names, and is asked for often.
    recipe: Recipe
    _places: Mapping[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        names = self.recipe.params["learned"]["names"]
        places = {key_of(name): k for k, name in enumerate(names)}
        if len(places) != len(names):
            raise ExtractionError(
                f"the recipe of {self.recipe.title} has {len(names)} names, {len(places)} of them different; no name "
                "may stand twice."
            )
        object.__setattr__(self, "_places", places)

    @property
    def needs(self) -> Needs:
        return Needs(fields=(self.learner.field,))

    def ready(self) -> None:
        """Needs nothing beyond the core."""

    def columns(self) -> tuple[str, ...]:
        """``genre_drama``, ``genre_sci_fi``, …, ``genre_other``: those that the most items had come first."""
        one = self._kind.one
        names = [f"{one}_{name}" for name in (*self.recipe.params["learned"]["names"], OTHER)]
        return (*(f"first_{name}" for name in names), *names) if self._kind.first else tuple(names)

    def extract(self, showings: Sequence[Showing]) -> Sequence[Feature]:
        return [self._feature(showing.item) for showing in showings]

    @property
    def _kind(self) -> _Kind:
        return _KINDS[self.learner.field]

    def _feature(self, item: Item) -> Feature:
        given, one = self.learner.given(item), self._kind.one
        if not given:
            return Feature.missing(f"the item has no {one}")
        slugs = self.learner.slugs(item)
        if not slugs:
            return Feature.missing(f"the item has no {one}: {given[0][:40]!r} says that there is none")
        if not self._places:
            return Feature.missing(f"no {one} was there to learn from; learn anew, with --relearn")
        found = [self._places.get(key_of(slug), len(self._places)) for slug in slugs]
        values = np.zeros((2, len(self._places) + 1), np.float32)
        values[0, found[0]] = 1
        values[1, found] = 1
        warnings = (
            (f"the item has {len(given):,} {self.learner.field}; the first {MOST} were read",)
            if len(given) > MOST
            else ()
        )
        return Feature(values=values.ravel() if self._kind.first else values[1], warnings=warnings)
