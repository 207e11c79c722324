"""Enhanced: the table ``items.csv`` beside 100K, which has what MovieLens has not: plots, people, trailers."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from triptych.catalogue.records import Item
from triptych.catalogue.sources.cell import list_of, number_of, text_of, whole_of
from triptych.catalogue.sources.movielens.account import Account
from triptych.catalogue.sources.movielens.films import GENRES, date_of, film_id, imdb_id_of, title_and_year
from triptych.catalogue.sources.movielens.textfile import TextFile
from triptych.catalogue.sources.prose import prose_of
from triptych.errors import SourceError

#: What marks the table: one of these beside the id and the title.
_NEEDS = ("movie id", "movie title")
_FACTS = ("summary", "cast", "director", "rating", "runtime", "no. of ratings", "imdb url", "yt-trailer id")
_USED = {*_NEEDS, *_FACTS, "release date", *(genre.lower() for genre in GENRES)}
_VIDEO = re.compile(r"[A-Za-z0-9_-]{11}")
_WATCH = "https://www.youtube.com/watch?v="
_IMDB = re.compile(r"/title/(tt\d+)")


def enhance(items: Mapping[str, Item], file: TextFile, account: Account, *, alone: bool = False) -> dict[str, Item]:
    """``items`` with what the table knows of each by id. What they say themselves stands.

    ``alone``: there is no ``u.item``, and the table's own titles, dates and genres make the items. A row whose
    title is not that of the item is refused, since the table may be of another numbering.
    """
    header = file.header()
    if not set(_NEEDS) <= set(header) or not set(_FACTS) & set(header):
        account.notes.append(f"{file.name} is not the enhanced table of 100K, and was not read")
        return dict(items)
    account.unused |= {name for name in header if name and not name.startswith("unnamed")} - _USED
    told = dict(items)
    done: set[str] = set()
    untitled: list[str] = []
    addresses = 0
    for number, row in _rows(file, header, account):
        try:
            item_id = film_id(row["movie id"])
            title, year = title_and_year(row["movie title"])
            if item_id in done:
                raise ValueError(f"its id {item_id!r} was met before; the first row stands")
            item = _bare(item_id, title, year, row) if alone else told.get(item_id)
            if item is None:
                raise ValueError(f"there is no film {item_id!r} in u.item")
            if (item.title, item.year) != (title, year):
                raise ValueError(f"its title is {title[:60]!r}, and in u.item that of film {item_id!r} is another")
        except ValueError as fault:
            account.refuse(file.at(number), str(fault))
            continue
        done.add(item_id)
        told[item_id] = _told(item, row, file.at(number), account)
        addresses += row.get("summary", "").count("@") > told[item_id].plot.count("@")
        if title.lower() == "unknown" and told[item_id].plot:
            untitled.append(item_id)
    account.note(addresses, f"plots of {file.name} held e-mail addresses; these were taken out")
    for item_id in untitled:
        account.notes.append(
            f"film {item_id!r} is titled 'unknown', so which film the plot and people in {file.name} belong to "
            "nobody knows; they were taken, and are best not relied on"
        )
    return told


def _rows(file: TextFile, header: tuple[str, ...], account: Account) -> Any:
    """Rows by name, with the line each begins on: a summary may go over several."""
    reader = csv.reader(io.StringIO(file.text, newline=""), strict=True)
    begin = 0
    seen = False
    try:
        for cells in reader:
            number, begin = begin + 1, reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if not seen:
                seen = True  # the line of names
            elif len(cells) != len(header):
                account.refuse(file.at(number), f"it has {len(cells)} fields, the line of names {len(header)}")
            else:
                yield number, dict(zip(header, cells, strict=True))
    except csv.Error as fault:
        raise SourceError(
            f"{file.name!r} cannot be read from line {begin + 1} on: {fault}. "
            "Write a quotation mark inside a quoted field twice."
        ) from fault


def _bare(item_id: str, title: str, year: int | None, row: Mapping[str, str]) -> Item:
    genres = tuple(genre for genre in GENRES[1:] if row.get(genre.lower(), "").strip() in ("1", "1.0"))
    return Item(
        item_id=item_id,
        title=title,
        year=year,
        genres=genres,
        released_at=_kept(lambda cell: date_of(cell, year=year), row.get("release date", ""), ""),
    )


def _told(item: Item, row: Mapping[str, str], where: str, account: Account) -> Item:
    def read(name: str, how: Callable[[str], Any]) -> Any:
        cell = row.get(name, "")
        try:
            return how(cell)
        except ValueError as fault:
            account.refuse(where, f"its {name} {fault}: kept without it")
            return how("")

    found = {
        "plot": read("summary", prose_of),
        "people": read("cast", list_of),
        "directors": read("director", list_of),
        "runtime_min": read("runtime", number_of),
        "url": read("yt-trailer id", _trailer),
        "imdb_id": read("imdb url", _imdb_id),
        "imdb_rating": read("rating", _of_ten),
        "imdb_votes": read("no. of ratings", whole_of),
    }
    return replace(item, **{name: value for name, value in found.items() if value not in ("", (), None)})


def _trailer(cell: str) -> str:
    text = text_of(cell)
    if text and not _VIDEO.fullmatch(text):
        raise ValueError(f"is {text[:40]!r}; YouTube's ids have 11 letters, digits, - and _")
    return f"{_WATCH}{text}" if text else ""


def _imdb_id(cell: str) -> str:
    found = _IMDB.search(cell)
    return imdb_id_of(found[1]) if found else ""


def _of_ten(cell: str) -> float | None:
    number = number_of(cell)
    if number is not None and number > 10:
        raise ValueError(f"is {number:g}; it is a number from 0 to 10")
    return number


def _kept(how: Callable[[str], str], cell: str, otherwise: str) -> str:
    try:
        return how(cell)
    except ValueError:
        return otherwise
