"""Users: what ``u.user`` and ``users.dat`` tell of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from triptych.catalogue.sources.cell import text_of
from triptych.catalogue.sources.movielens.account import Account
from triptych.catalogue.sources.movielens.films import film_id
from triptych.catalogue.sources.movielens.textfile import TextFile
from triptych.catalogue.users import USERS

#: The codes of 1M.
OCCUPATIONS = [
    "other",
    "academic/educator",
    "artist",
    "clerical/admin",
    "college/grad student",
    "customer service",
    "doctor/health care",
    "executive/managerial",
    "farmer",
    "homemaker",
    "K-12 student",
    "lawyer",
    "programmer",
    "retired",
    "sales/marketing",
    "scientist",
    "self-employed",
    "technician/engineer",
    "tradesman/craftsman",
    "unemployed",
    "writer",
]
_ORDERS = {
    "u": ("|", ("user_id", "age", "gender", "occupation", "region")),
    "dat": ("::", ("user_id", "gender", "age", "occupation", "region")),
}


def read_users(layout: str, path: Path, account: Account) -> pa.Table:
    """As USERS. The ages of 1M are the least of a band, but for 1, which is its code for all under 18."""
    file = TextFile.open(path, account)
    separator, names = _ORDERS[layout]
    rows: dict[str, dict[str, Any]] = {}
    for number, line in file.lines():
        try:
            cells = line.strip().split(separator)
            if len(cells) != len(names):
                raise ValueError(f"it has {len(cells)} fields; it is {separator.join(names)}")
            row: dict[str, Any] = {name: text_of(cell) for name, cell in zip(names, cells, strict=True)}
            row["user_id"] = film_id(row["user_id"])
            row["age"] = _age(row["age"])
            if layout == "dat":
                row["occupation"] = _occupation(row["occupation"])
        except ValueError as fault:
            account.refuse(file.at(number), str(fault))
            continue
        if rows.setdefault(row["user_id"], row) != row:
            account.refuse(file.at(number), f"user {row['user_id']!r} was described before otherwise; that stands")
    return pa.table({name: [row[name] for row in rows.values()] for name in USERS.names}, schema=USERS)


def _age(text: str) -> int | None:
    if text and not (text.isdecimal() and int(text) <= 150):
        raise ValueError(f"its age is {text[:40]!r}; it is a whole number of years")
    return int(text) if text else None


def _occupation(text: str) -> str:
    if text and not (text.isdecimal() and int(text) < len(OCCUPATIONS)):
        raise ValueError(f"its occupation is {text[:40]!r}; it is a number from 0 to {len(OCCUPATIONS) - 1}")
    return OCCUPATIONS[int(text)] if text else ""
