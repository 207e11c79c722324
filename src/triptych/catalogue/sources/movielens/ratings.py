"""Ratings: ``u.data``, ``ratings.dat`` and ``ratings.csv`` as columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa

from triptych.catalogue.interactions import codes, repeated
from triptych.catalogue.sources.events import EventFile, read_events
from triptych.catalogue.sources.movielens.account import Account
from triptych.catalogue.sources.movielens.generation import Generation
from triptych.catalogue.sources.movielens.textfile import first_line

_WHOLE = re.compile(r"(\d+)\.0+")
#: In ``ratings.dat`` two colons stand between the fields: read as one colon, every other field is empty.
_LAYOUTS: Mapping[str, Mapping[str, Any]] = {
    "u": {"names": ("user_id", "item_id", "rating", "timestamp"), "separator": "\t"},
    "dat": {"names": ("user_id", "", "item_id", "", "rating", "", "timestamp"), "separator": ":"},
    "csv": {"columns": {"user_id": "userid", "item_id": "movieid"}},
}


def read_ratings(
    generation: Generation, path: Path, account: Account, *, progress: Callable[[int, int], None] | None = None
) -> pa.Table:
    """Interactions, those outside the generation's scale refused."""
    if not path.stat().st_size or (generation.layout == "csv" and not first_line(path)):
        account.notes.append(f"{path.name} is empty")
        return pa.table({"user_id": [], "item_id": [], "value": [], "timestamp": [], "kind": []})
    file = replace(EventFile(path=path, scale=generation.scale), **_LAYOUTS[generation.layout])
    events, refused, unused = read_events(file, progress=progress)
    account.refused += refused
    account.unused |= set(unused)
    return _numbered(events, path.name, account)


def _numbered(events: pa.Table, name: str, account: Account) -> pa.Table:
    """The same, where ids that a file saved again as 31.0 are 31, as all ids of MovieLens are whole numbers."""
    mended = events
    for column in ("user_id", "item_id"):
        numbers, values = codes(events[column])
        plain = [found[1] if (found := _WHOLE.fullmatch(value)) else value for value in values]
        if plain == values:
            continue
        place = {value: k for k, value in enumerate(dict.fromkeys(plain))}
        moved = np.array([place[value] for value in plain], np.int32)[numbers]
        indices, names = cast("pa.Int32Array", pa.array(moved)), pa.array(list(place), pa.string())
        encoded = cast("Any", pa.DictionaryArray.from_arrays(indices, names))
        mended = mended.set_column(mended.schema.get_field_index(column), column, encoded)
    if mended is events:
        return events
    again = repeated(mended)
    account.count(int(again.sum()), name, "interactions repeated by a later row of the same pair")
    return mended.filter(pa.array(~again))
