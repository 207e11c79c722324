"""Families: the same title under several ids, and the films of one series."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import combinations

from triptych.catalogue.records import Item
from triptych.curation.groups import Group
from triptych.curation.series import Work, franchises, grouped, telling

__all__ = ["Disputed", "disputed", "franchises", "same_titles"]

#: Two spellings of one title are at least this alike, as a share of their letters.
_SPELT = 0.85


@dataclass(frozen=True, kw_only=True)
class Disputed:
    """Two items with one IMDb id and unlike titles: one of the ids is wrong, so nothing is made of it."""

    one: str
    other: str
    imdb_id: str
    titles: tuple[str, str]


def same_titles(items: Iterable[Item]) -> tuple[Group, ...]:
    """Items that are one film under several ids: one normal title and years at most one apart, or one IMDb id.

    Two known IMDb ids that differ speak against it, unless somebody of cast or direction is in both: films of one
    name do come out in one year. One IMDb id alone is not enough either: the titles must be alike, see
    :func:`disputed`. Where a year is missing, somebody must be in both.
    """
    works = [Work.of(item) for item in sorted(items, key=lambda item: item.item_id)]
    links: dict[tuple[str, str], str] = {}
    named: dict[str, list[Work]] = {}
    for work in works:
        for key in work.title.keys:
            if key:
                named.setdefault(key, []).append(work)
    for key, held in named.items():
        for one, other in combinations(sorted(held, key=lambda work: work.item.item_id), 2):
            why = _same(one, other, key)
            if why and one.item.item_id != other.item.item_id:
                links.setdefault((one.item.item_id, other.item.item_id), why)
    for one, other in _sharing_imdb(works):
        pair = (one.item.item_id, other.item.item_id)
        if pair not in links and _alike(one, other):
            links[pair] = f"{one.named()} and {other.named()}: IMDb id {one.item.imdb_id} and titles alike"
    return grouped("title", works, links)


def disputed(items: Iterable[Item]) -> tuple[Disputed, ...]:
    """Items that share an IMDb id and are called nothing alike."""
    return tuple(
        Disputed(
            one=one.item.item_id,
            other=other.item.item_id,
            imdb_id=one.item.imdb_id,
            titles=(one.item.title, other.item.title),
        )
        for one, other in _sharing_imdb([Work.of(item) for item in items])
        if not _alike(one, other)
    )


def _same(one: Work, other: Work, key: str) -> str:
    """Why the two are one film, or an empty string."""
    both = bool(one.item.imdb_id) and bool(other.item.imdb_id)
    one_id = both and one.item.imdb_id == other.item.imdb_id
    common = one.people & other.people
    if both and not one_id and not common:
        return ""
    known = one.year is not None and other.year is not None
    apart = abs((one.year or 0) - (other.year or 0)) if known else None
    # A year apart, a title of one word may well be another film's.
    near = apart == 0 or (apart == 1 and len(telling(key.split())) > 1)
    if not (near or one_id or (common and (apart is None or apart <= 1))):
        return ""
    also = [f"IMDb id {one.item.imdb_id}"] if one_id else []
    also += [f"{len(common)} people in both"] if common else []
    return f"{one.named()} and {other.named()}: {', '.join([f'title {key!r}', *also])}"


def _sharing_imdb(works: Sequence[Work]) -> list[tuple[Work, Work]]:
    held: dict[str, list[Work]] = {}
    for work in works:
        if work.item.imdb_id:
            held.setdefault(work.item.imdb_id, []).append(work)
    return [pair for same in held.values() for pair in combinations(sorted(same, key=lambda w: w.item.item_id), 2)]


def _alike(one: Work, other: Work) -> bool:
    return any(
        a == b or SequenceMatcher(None, a, b, autojunk=False).ratio() >= _SPELT
        for a in one.title.keys
        for b in other.title.keys
    )
