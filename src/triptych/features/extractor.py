"""The extractor seam: what a measuring part must offer, and what it is given; and the learner, which must look at
items before it can be one.

To add one, write a class with these four members, name it in ``registry.BUILT_IN`` (or offer it through
the entry-point group ``triptych.extractors``), and pass ``tests/contracts/extractor.py``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import fields as fields_of
from typing import Any, Protocol, runtime_checkable

from triptych.catalogue.records import Item
from triptych.errors import UnknownName
from triptych.features.feature import Feature
from triptych.features.recipe import Recipe
from triptych.media.reel import Reel, Want


@dataclass(frozen=True, kw_only=True, eq=False)
class Showing:
    """One item put before an extractor: what is written of it, and its reel if the extractor asked for one."""

    item: Item
    reel: Reel | None = None


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What an extractor reads: the reel (``want``), ``fields`` of the item's record, or both.

    When a field that is named here changes, the item is measured again; a change of any other costs nothing.
    """

    want: Want = field(default_factory=Want)
    fields: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        known = tuple(part.name for part in fields_of(Item))
        for name in self.fields:
            if name not in known:
                raise UnknownName("field of an item", name, known)

    @property
    def reel(self) -> bool:
        return bool(self.want.samplings or self.want.sound_rates_hz)


class Extractor(Protocol):
    """Measures one thing. Batch in, batch out, same order; the batch must not change the numbers.

    A reel is shared with the other extractors: it is not to be written to, and while workers measure it cannot be.
    """

    @property
    def recipe(self) -> Recipe: ...

    @property
    def needs(self) -> Needs: ...

    def ready(self) -> None:
        """Raise MissingExtra if an optional package is not installed, cheaply; called before any work starts."""
        ...

    def extract(self, showings: Sequence[Showing]) -> Sequence[Feature]: ...


@runtime_checkable
class Learner(Protocol):
    """What cannot measure before it has looked at items: which terms and names are worth a column, how rare they are.

    What it learns is in the recipe of the extractor it gives, as ``params["learned"]``, beside ``params["asked"]``,
    the learner's own settings, and ``params["learned_from"]``, see :func:`learned_from`. So a feature says from
    which items it was learned, new items are measured by what stands, and items that were held out teach nothing.
    """

    @property
    def title(self) -> str:
        """Panel and name, ``"reading/tfidf-plot"``, as the recipe has them."""
        ...

    @property
    def asked(self) -> Mapping[str, Any]:
        """The settings, as the recipe has them."""
        ...

    def ready(self) -> None: ...

    def learn(self, items: Sequence[Item]) -> Extractor:
        """The extractor that was learned from these items alone, whatever their order. Of nothing to learn from it is
        one that finds every item's feature missing."""
        ...

    def again(self, recipe: Recipe) -> Extractor:
        """The extractor that a recipe of this title and these settings stands for, learning nothing."""
        ...


def title_of(part: Extractor | Learner) -> str:
    """Panel and name, ``"seeing/colour"``."""
    return part.title if isinstance(part, Learner) else part.recipe.title


def learned_from(items: Sequence[Item]) -> dict[str, Any]:
    """How many items, and a digest of their ids in order: enough to tell a declared training set again.

    >>> learned_from([Item(item_id="b"), Item(item_id="a")]) == learned_from([Item(item_id="a"), Item(item_id="b")])
    True
    """
    item_ids = sorted({item.item_id for item in items})
    text = json.dumps(item_ids, ensure_ascii=True)
    return {"items": len(item_ids), "ids": hashlib.blake2b(text.encode(), digest_size=8).hexdigest()}
