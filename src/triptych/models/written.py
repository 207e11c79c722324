"""Written: what is written of items and users in a catalogue, as fields that a rating model reads.

Of items: ``genres``, ``people``, ``directors``, ``languages``, ``countries``, ``certificate`` and ``decade``, a column
each and 1 where it is so; ``year`` and ``runtime``, numbers in years and minutes; ``title-words`` and ``plot-words``,
log(1 + how often) for each word. Of users: ``gender``, ``occupation``, ``age-band``, ``region`` (the first letter or
digit of a postal code) and ``region-part`` (the first two), a column each; ``age``, a number in years.

A field that nothing is known of for anybody is left out. Nothing is learned here: how rare a word is, and what is
usual, is for the model to learn from training items. Which columns there are does hang on all items: a value has a
column where somebody has it, a word where two items do; of a column that no training item has, nothing is learned.

``imdb_rating`` and ``imdb_votes`` are no fields. They were collected long after the ratings were given, from an
audience that had seen what the users of a history could not have.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import scipy.sparse as sp

from triptych.catalogue.records import Item
from triptych.errors import UsageError
from triptych.models.background import Background, Field

#: The least age of each band, in years: those of MovieLens 1M, whose ages are such bands.
AGES = (0, 18, 25, 35, 45, 50, 56)
#: A word is two letters or digits or more, and may have an apostrophe in it.
WORD = re.compile(r"[^\W_]{2,}(?:['’][^\W_]+)?")
#: A word of fewer items than this says no more than the item's id does.
SHARED = 2

_LISTS: Mapping[str, Callable[[Item], Collection[str]]] = {
    "genres": lambda item: item.genres,
    "people": lambda item: item.people,
    "directors": lambda item: item.directors,
    "languages": lambda item: item.languages,
    "countries": lambda item: item.countries,
    "certificate": lambda item: _one(item.certificate),
    "decade": lambda item: _one("" if item.year is None else f"{item.year // 10 * 10}s"),
}
_NUMBERS: Mapping[str, Callable[[Item], float | None]] = {
    "year": lambda item: item.year,
    "runtime": lambda item: item.runtime_min,
}
_TEXTS: Mapping[str, Callable[[Item], str]] = {
    "title-words": lambda item: item.title,
    "plot-words": lambda item: item.plot,
}
#: The names of all fields of items there can be, and of users.
ITEM_FIELDS = (*_LISTS, *_NUMBERS, *_TEXTS)
USER_FIELDS = ("gender", "occupation", "age-band", "region", "region-part", "age")


def written(
    items: Sequence[Item], users: pa.Table | None, *, item_ids: Sequence[str], user_ids: Sequence[str]
) -> Background:
    """Fields in the order of ``item_ids`` and ``user_ids``. Whoever nothing is written of has a row that is unknown,
    and what is written of others is not read. ``users``: as :data:`triptych.catalogue.users.USERS`, or None."""
    return Background(items=_of_items(items, item_ids), users={} if users is None else _of_users(users, user_ids))


def _of_items(items: Sequence[Item], ids: Sequence[str]) -> dict[str, Field]:
    held = {item.item_id: item for item in items}
    if len(held) < len(items):
        raise UsageError(f"of {len(items)} items {len(items) - len(held)} have an id that another one has too.")
    rows = [held.get(name) for name in ids]
    found: dict[str, Field | None] = {}
    for name, read in _LISTS.items():
        found[name] = _columns([set(read(item)) if item else () for item in rows])
    for name, number in _NUMBERS.items():
        found[name] = _number([number(item) if item else None for item in rows])
    for name, text in _TEXTS.items():
        found[name] = _words([text(item) if item else "" for item in rows])
    return {name: field for name, field in found.items() if field is not None}


def _of_users(users: pa.Table, ids: Sequence[str]) -> dict[str, Field]:
    places: dict[Any, int] = {name: k for k, name in enumerate(users["user_id"].to_pylist())}

    def column(name: str) -> list[Any]:
        told = users[name].to_pylist()
        return [told[places[one]] if one in places else None for one in ids]

    ages, regions = column("age"), [(text or "").strip().casefold() for text in column("region")]
    found = {
        "gender": _columns([_one(text or "") for text in column("gender")]),
        "occupation": _columns([_one(text or "") for text in column("occupation")]),
        "age-band": _columns([() if age is None else _one(_band(age)) for age in ages]),
        "region": _columns([_one(text[:1]) for text in regions]),
        "region-part": _columns([_one(text[:2]) for text in regions]),
        "age": _number(ages),
    }
    return {name: field for name, field in found.items() if field is not None}


def _one(text: str) -> tuple[str, ...]:
    return (text,) if text else ()


def _band(age: int) -> str:
    least = max((start for start in AGES if start <= age), default=AGES[0])
    return f"{least}+"


def _number(values: Sequence[float | None]) -> Field | None:
    mask = np.array([value is not None and bool(np.isfinite(value)) for value in values], bool)
    if not mask.any():
        return None
    held = np.array([value if known else 0 for value, known in zip(values, mask, strict=True)], np.float32)
    return Field(values=held[:, None], mask=mask)


def _columns(rows: Sequence[Collection[str]]) -> Field | None:
    return _counted([dict.fromkeys(sorted(row), 1) for row in rows], shared=1)


def _words(texts: Iterable[str]) -> Field | None:
    return _counted([Counter(word.replace("’", "'") for word in WORD.findall(text.casefold())) for text in texts])


def _counted(rows: Sequence[Mapping[str, int]], shared: int = SHARED) -> Field | None:
    """A column for each name of ``shared`` rows or more; log(1 + count) of words, 1 of what is or is not so."""
    spread = Counter(name for row in rows for name in row)
    names = tuple(sorted(name for name, count in spread.items() if count >= shared))
    if not names:
        return None
    at = {name: k for k, name in enumerate(names)}
    cells = [(k, at[name], count) for k, row in enumerate(rows) for name, count in row.items() if name in at]
    row, column, count = np.array(cells, np.int64).T
    value = np.ones(len(cells)) if shared == 1 else np.log1p(count)
    shape = (len(rows), len(names))
    values = sp.csr_array((value.astype(np.float32), (row, column)), shape=shape, dtype=np.float32)
    values.sort_indices()
    return Field(values=values, mask=np.array([bool(row) for row in rows], bool), names=names)
