"""Facts: what a programme knows of all items of a catalogue, found out once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from triptych.catalogue.history import History
from triptych.catalogue.records import Item
from triptych.curation.families import franchises, same_titles
from triptych.curation.groups import Group, components
from triptych.errors import UnknownName, UsageError
from triptych.models import lot
from triptych.programme.column import F64, FIELDS, I64, Column, Mask, Names, column
from triptych.programme.likes import Likes
from triptych.spaces.blocks import F32
from triptych.spaces.space import Space

#: Two items of one such group are one film under two ids.
_SAME = ("content", "title")


@dataclass(frozen=True, kw_only=True, eq=False)
class Facts:
    """``items[k]`` is the item at place k of a history. Make it with :meth:`of`.

    ``ratings``: int64 ``[items]``, how many each has. ``vectors``: float32 ``[items, d]`` of length 1, 0 where an item
    has none. ``groups``: what belongs together, as it was found before; None: titles and series are looked for here.
    What costs something is found out when it is first asked for, and then kept.
    """

    items: tuple[Item, ...]
    ratings: I64 | None = None
    likes: Likes | None = None
    vectors: F32 | None = None
    groups: tuple[Group, ...] | None = None
    _columns: dict[str, Column] = field(default_factory=dict[str, Column], init=False, repr=False)

    def __post_init__(self) -> None:
        if len(set(self.item_ids)) != len(self.items):
            raise UsageError("an item id stands twice among the items that facts are made of.")
        if self.ratings is not None and (self.ratings.shape != (len(self.items),) or (self.ratings < 0).any()):
            raise UsageError(f"ratings are counts, one for each of {len(self.items)} items; {self.ratings.shape} came.")
        if self.likes is not None and self.likes.size != len(self.items):
            raise UsageError(f"likes are of {self.likes.size} items, and facts of {len(self.items)}.")

    @classmethod
    def of(
        cls,
        items: Iterable[Item],
        *,
        item_ids: Sequence[str] | None = None,
        history: History | None = None,
        like: float | None = None,
        ratings: I64 | None = None,
        likes: Likes | None = None,
        vectors: Space | F32 | None = None,
        groups: Iterable[Group] | None = None,
    ) -> Facts:
        """``item_ids``: which place is whose, those of ``history`` where one is given, else the items' own order. An
        item that is not among ``items`` is one of which nothing is known.

        ``history`` also counts ratings and likes (values of ``like`` or more), unless ``ratings`` or ``likes`` are
        given: hand in what may be learned from, never a test side. ``vectors``: a space, joined by ids, or a matrix by
        place. ``groups``: as ``Groups(catalogue.tables).read()`` has them. Only there is known which clips show the
        same; without it, titles and series are read off the items.
        """
        known = {item.item_id: item for item in items}
        if item_ids is None:
            item_ids = tuple(known) if history is None else history.item_ids
        elif history is not None and tuple(item_ids) != history.item_ids:
            raise UsageError("item_ids are not those of the history; give one of the two.")
        if history is not None:
            ratings = history.item_counts if ratings is None else ratings
            likes = Likes.of(history, like=like) if likes is None else likes
        return cls(
            items=tuple(known.get(item_id) or Item(item_id=item_id) for item_id in item_ids),
            ratings=None if ratings is None else np.asarray(ratings, np.int64),
            likes=likes,
            vectors=None if vectors is None else _units(vectors, item_ids),
            groups=None if groups is None else tuple(groups),
        )

    def __len__(self) -> int:
        return len(self.items)

    @cached_property
    def item_ids(self) -> tuple[str, ...]:
        return tuple(item.item_id for item in self.items)

    @cached_property
    def places(self) -> dict[str, int]:
        """Item id → place."""
        return {item_id: place for place, item_id in enumerate(self.item_ids)}

    def column(self, name: str) -> Column:
        """One field of all items."""
        if name not in FIELDS:
            raise UnknownName("field of an item", name, FIELDS)
        if name not in self._columns:
            self._columns[name] = column(self.items, name)
        return self._columns[name]

    def names(self, name: str) -> Names:
        """A field that is a list of names."""
        found = self.column(name)
        if not isinstance(found, Names):
            raise UsageError(f"{name} is no list of names.")
        return found

    @cached_property
    def genres(self) -> Mask:
        """bool ``[items, genres]``, the genres in the order of their names."""
        return self.names("genres").matrix()

    @cached_property
    def genre_shares(self) -> F64:
        """float64 ``[items, genres]``: each item's genres add up to 1, all alike; 0 where it has none."""
        return self.genres / np.maximum(self.genres.sum(axis=1, keepdims=True), 1)

    @cached_property
    def directors(self) -> I64:
        """int64 ``[items, most]``: a number for each director, −1 where an item has fewer."""
        return self.names("directors").padded()

    @cached_property
    def same(self) -> I64:
        """int64 ``[items]``: equal for items that are one film under several ids."""
        return self._labels(_SAME)

    @cached_property
    def family(self) -> I64:
        """int64 ``[items]``: equal for the films of one series, and for what is one film anyway."""
        return self._labels((*_SAME, "franchise"))

    @cached_property
    def vectored(self) -> Mask:
        """bool ``[items]``: who has a vector."""
        if self.vectors is None:
            return np.zeros(len(self), bool)
        return np.asarray(self.vectors.any(axis=1))

    @cached_property
    def lots(self) -> lot.U64:
        """uint64 ``[items]``: of each id, as :mod:`triptych.models.ranked` draws with them."""
        return lot.keys(self.item_ids)

    @cached_property
    def _found(self) -> tuple[Group, ...]:
        if self.groups is not None:
            return self.groups
        return (*same_titles(self.items), *franchises(self.items))

    def _labels(self, kinds: Sequence[str]) -> I64:
        """The first place of what an item hangs together with; its own where that is nothing."""
        found = np.arange(len(self))
        groups = [group for group in self._found if group.kind in kinds]
        links = [(group.item_ids[0], other) for group in groups for other in group.item_ids[1:]]
        for members in components(links):
            held = [self.places[one] for one in members if one in self.places]
            found[held] = min(held, default=0)
        return found


def _units(given: Space | F32, item_ids: Sequence[str]) -> F32:
    """float32 ``[items, d]``: rows of length 1, in the order of ``item_ids``; 0 for whom there is none.

    Blocks stand side by side, and what a row lacks is 0 in it: it is alike in nothing.
    """
    if isinstance(given, Space):
        rows = {item_id: row for row, item_id in enumerate(given.item_ids)}
        at = np.array([rows.get(item_id, -1) for item_id in item_ids], np.int64)
        wide = np.concatenate(given.blocks.values, axis=1)[at]
        wide[at < 0] = 0
    else:
        wide = np.array(given, np.float32)
        if wide.ndim != 2 or len(wide) != len(item_ids):
            raise UsageError(f"vectors have one row for each of {len(item_ids)} items; {wide.shape} came.")
        if not np.isfinite(wide).all():
            raise UsageError("vectors hold NaN or infinite values; a row of zeros says that an item has none.")
    lengths = np.sqrt(np.einsum("ij,ij->i", wide, wide, dtype=np.float64))[:, None]
    wide /= np.where(lengths > 0, lengths, 1).astype(np.float32)
    return wide
