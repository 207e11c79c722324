"""People: who directs an item and who plays in it, hashed into columns, or a column for each of the most frequent."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np

from triptych.catalogue.records import Item
from triptych.errors import ExtractionError, UsageError
from triptych.features.extractor import Needs, Showing, learned_from
from triptych.features.feature import Feature
from triptych.features.reading import spelling
from triptych.features.reading.rules import rules_of
from triptych.features.reading.spelling import key_of, most_held, spelt
from triptych.features.recipe import Recipe

#: So many names of a list are looked at, whatever is asked for: a source that lists more has listed something else.
MOST = 2_000
#: Bytes of the hash that choose one place and its sign; blake2b gives no more than 64 in all.
PLACE_BYTES = 8
MOST_PLACES = 64 // PLACE_BYTES
MOST_COLUMNS = 65_536

_NEEDS = Needs(fields=("people", "directors"))
_PARAMS: Mapping[str, Any] = {
    "weight": "1 / log2(1 + rank)",
    "most": MOST,
    "normalise": "l2 over all names",
}


@dataclass(frozen=True, kw_only=True)
class People:
    """Who directs the item and who plays in it, hashed into 256 columns.

    A name in a role has a pseudorandom direction that any catalogue knows without learning: it is added to ``places``
    columns with a sign, as its blake2b hash says (Weinberger et al. 2009, doi:10.1145/1553374.1553516; with several
    places to a name as in Kane & Nelson 2014, doi:10.1145/2559902). A director is another name than the same person in
    the cast. The r-th name of either list weighs 1 / log2(1 + r), those of the directors ``director_weight`` times as
    much. With s names' signed places the vector is

        v = sum over names of w(name) * s(name) / sqrt(places),    normalised to length 1.

    The dot product of two items' vectors is near the weighted share of the names they have in common, but for names
    that fall into the same columns. With one place, two names are unlike or the same, and in 256 columns the false
    friends drown the true: for 1,484 films of six names each, the 10 nearest hold 27 % of the films sharing somebody
    that they could hold. With eight places they hold 62 %, in 1,024 columns 83 %.

    Names are compared without case, accents, punctuation and spaces. The first ``cast`` different names of each list
    are read, each once. Missing is an item without names.
    """

    width: int = 256
    places: int = 8
    cast: int = 50
    director_weight: float = 1.0

    def __post_init__(self) -> None:
        if not 2 <= self.width <= MOST_COLUMNS:
            raise UsageError(f"reading/people was asked for {self.width} columns; it may be 2 to {MOST_COLUMNS:,}.")
        if not 1 <= self.places <= MOST_PLACES:
            raise UsageError(f"reading/people was asked for {self.places} places; a name has 1 to {MOST_PLACES}.")
        _check("reading/people", self.cast, self.director_weight)

    @property
    def recipe(self) -> Recipe:
        params = {
            **_PARAMS,
            "spelling": rules_of(spelling),
            "width": self.width,
            "places": self.places,
            "cast": self.cast,
            "director_weight": float(self.director_weight),
            "hash": "blake2b",
            "place_bytes": PLACE_BYTES,
        }
        return Recipe(panel="reading", name="people", version=1, params=params)

    @property
    def needs(self) -> Needs:
        return _NEEDS

    def ready(self) -> None:
        """Needs nothing beyond the core."""

    def columns(self) -> tuple[str, ...]:
        """By number alone: many names share a column."""
        return tuple(f"people_{k:03d}" for k in range(self.width))

    def extract(self, showings: Sequence[Showing]) -> Sequence[Feature]:
        return [self._feature(showing.item) for showing in showings]

    def _feature(self, item: Item) -> Feature:
        weights = _weights(item, self.cast, self.director_weight)
        if not weights:
            return Feature.missing(_nobody(item))
        values = np.zeros(self.width, np.float64)
        for name, weight in weights.items():
            digest = hashlib.blake2b(key_of(name).encode(), digest_size=PLACE_BYTES * self.places).digest()
            for start in range(0, len(digest), PLACE_BYTES):
                number = int.from_bytes(digest[start : start + PLACE_BYTES], "little")
                values[(number >> 1) % self.width] += weight if number & 1 else -weight
        # Two names can fall into the same places with opposite signs.
        length = float(np.linalg.norm(values))
        if length < 1e-9:
            return Feature.missing(f"the item's names cancel one another out in {self.width} columns; ask for more")
        return Feature(values=(values / length).astype(np.float32))


def people_top(*, limit: int = 500, min_items: int = 2, cast: int = 50, director_weight: float = 1.0) -> PeopleLearner:
    """Who directs the item and who plays in it, over the 500 most frequent in the items that were learned from."""
    return PeopleLearner(limit=limit, min_items=min_items, cast=cast, director_weight=director_weight)


@dataclass(frozen=True, kw_only=True)
class PeopleLearner:
    """Learns who is worth a column: the ``limit`` names in a role that the most items have, of equals the first in
    order of the alphabet; not those that fewer than ``min_items`` have, for they tell nothing of another item.
    """

    limit: int = 500
    min_items: int = 2
    cast: int = 50
    director_weight: float = 1.0

    def __post_init__(self) -> None:
        if not 1 <= self.limit <= MOST_COLUMNS or self.min_items < 1:
            raise UsageError(
                f"{self.title} was asked for {self.limit} columns of those in at least {self.min_items} items; it may "
                f"be 1 to {MOST_COLUMNS:,} columns, of 1 item or more."
            )
        _check(self.title, self.cast, self.director_weight)

    @property
    def title(self) -> str:
        return "reading/people-top"

    @property
    def asked(self) -> Mapping[str, Any]:
        return {
            "limit": self.limit,
            "min_items": self.min_items,
            "cast": self.cast,
            "director_weight": float(self.director_weight),
            **_PARAMS,
            "spelling": rules_of(spelling),
        }

    def ready(self) -> None:
        """Needs nothing beyond the core."""

    def learn(self, items: Sequence[Item]) -> TopPeople:
        """The extractor that these items teach."""
        held = (_weights(item, self.cast, self.director_weight) for item in items)
        names = most_held(held, limit=self.limit, min_items=self.min_items)
        return TopPeople(learner=self, recipe=self._recipe({"names": names}, learned_from(items)))

    def again(self, recipe: Recipe) -> TopPeople:
        """What :meth:`learn` gave when it wrote this recipe, to the bit."""
        mine = self._recipe(recipe.params.get("learned"), recipe.params.get("learned_from"))
        if recipe != mine:
            raise ExtractionError(
                f"a recipe of {recipe.title} is not one that {self.title} wrote with these settings; learn anew."
            )
        return TopPeople(learner=self, recipe=mine)

    def _recipe(self, learned: Any, source: Any) -> Recipe:
        params = {"asked": self.asked, "learned": learned, "learned_from": source}
        return Recipe(panel="reading", name="people-top", version=1, params=params)


@dataclass(frozen=True, kw_only=True, eq=False)
class TopPeople:
    """float32 ``[names]``, each >= 0: the weight of each learned name, see :class:`People`, over the length of the
    weights of all names that the item has. So the vector's length is 1 where all of them were learned, and less where
    some were not.

    Missing is an item without names, and one none of whose names was learned: nothing is known of whom it shares.
    """

    learner: PeopleLearner
    #: Made once, since it holds all names, and is asked for often.
    recipe: Recipe
    _places: Mapping[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        names = self.recipe.params["learned"]["names"]
        places = {key_of(name): k for k, name in enumerate(names)}
        if len(places) != len(names):
            raise ExtractionError(f"the recipe of {self.recipe.title} has a name twice; no name may stand twice.")
        object.__setattr__(self, "_places", places)

    @property
    def needs(self) -> Needs:
        return _NEEDS

    def ready(self) -> None:
        """Needs nothing beyond the core."""

    def columns(self) -> tuple[str, ...]:
        """``cast_robert_de_niro``, ``director_woody_allen``, …: those that the most items had come first."""
        return tuple(self.recipe.params["learned"]["names"])

    def extract(self, showings: Sequence[Showing]) -> Sequence[Feature]:
        return [self._feature(showing.item) for showing in showings]

    def _feature(self, item: Item) -> Feature:
        weights = _weights(item, self.learner.cast, self.learner.director_weight)
        if not weights:
            return Feature.missing(_nobody(item))
        if not self._places:
            return Feature.missing("nobody was there to learn from in several items; learn anew, with --relearn")
        placed = ((self._places.get(key_of(name)), weight) for name, weight in weights.items())
        known = {place: weight for place, weight in placed if place is not None}
        if not known:
            return Feature.missing(f"none of the {len(weights)} people of the item is one of those that were learned")
        values = np.zeros(len(self._places), np.float32)
        length = math.sqrt(math.fsum(weight * weight for weight in weights.values()))
        values[list(known)] = np.array(list(known.values())) / length
        return Feature(values=values)


def _weights(item: Item, cast: int, director_weight: float) -> dict[str, float]:
    """``director_…`` and ``cast_…`` → weight, by the rank among the different names of a list."""
    weights: dict[str, float] = {}
    for role, names, factor in (("director", item.directors, director_weight), ("cast", item.people, 1.0)):
        read = (slug for name in names[:MOST] if (slug := spelt(name)))
        # By their keys, so that "J.J." and "J. J." are one and take one rank.
        different = {key_of(slug): slug for slug in read}
        for rank, slug in enumerate(islice(different.values(), cast), start=1):
            weights[f"{role}_{slug}"] = factor / math.log2(1 + rank)
    return weights


def _nobody(item: Item) -> str:
    given = (*item.people, *item.directors)
    if not given:
        return "the item has neither a cast nor directors"
    return f"none of the names in the item's cast and directors is one, such as {given[0][:40]!r}"


def _check(title: str, cast: int, director_weight: float) -> None:
    if cast < 1:
        raise UsageError(f"{title} was asked to read {cast} names of a list; it may be 1 or more.")
    if not 0.001 <= director_weight <= 1_000:
        raise UsageError(f"{title} was asked for directors {director_weight} times as heavy; it may be .001 to 1,000.")
