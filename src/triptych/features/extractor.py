"""The extractor seam: what a measuring part must offer, and what it is given.

To add one, write a class with these four members, name it in ``registry.BUILT_IN`` (or offer it through
the entry-point group ``triptych.extractors``), and pass ``tests/contracts/extractor.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from dataclasses import fields as fields_of
from typing import Protocol

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
