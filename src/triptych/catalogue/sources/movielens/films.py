"""Films: the items of ``u.item``, ``movies.dat`` and ``movies.csv``, and their ids elsewhere, in ``links.csv``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from triptych.catalogue.ids import id_of
from triptych.catalogue.records import Item
from triptych.catalogue.sources.cell import list_of, text_of
from triptych.catalogue.sources.movielens.account import Account
from triptych.catalogue.sources.movielens.textfile import TextFile

#: What the flags of ``u.item`` stand for where ``u.genre`` is missing.
GENRES = [
    "unknown",
    "Action",
    "Adventure",
    "Animation",
    "Children's",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Fantasy",
    "Film-Noir",
    "Horror",
    "Musical",
    "Mystery",
    "Romance",
    "Sci-Fi",
    "Thriller",
    "War",
    "Western",
]
#: Said of a film whose genres nobody entered.
_NO_GENRES = frozenset({"unknown", "(no genres listed)"})
#: "(1995)", "(1975-1979)" or "(2007-)" at the end, perhaps with IMDb's mark for video or television behind it.
_TITLE = re.compile(r"(.*\S)\s*\((\d{4})(?:\s?[-\u2013]\s?(?:\d{4})?)?\s?\)(?:\s*\((?:V|TV|VG|mini)\))*", re.DOTALL)
_DATE = re.compile(r"(\d{1,2})-([A-Z][a-z]{2})-(\d{4}|\d{2})")
#: In English, whatever language the machine speaks.
_MONTHS = {
    name: k
    for k, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), start=1
    )
}
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_WHOLE = re.compile(r"(\d+)\.0+")


def film_id(cell: str) -> str:
    """An id, all of which are whole numbers: a file that was saved again may have them as 1.0. ValueError else.

    >>> film_id("862.0"), film_id(" 12 ")
    ('862', '12')
    """
    text = cell.strip()
    found = _WHOLE.fullmatch(text)
    if not (text := id_of(found[1] if found else text)):
        raise ValueError("it has no id")
    return text


def title_and_year(text: str) -> tuple[str, int | None]:
    """A title without the year at its end, and that year. Articles stay where they are: ``Matrix, The``.

    >>> title_and_year("American President, The (1995)"), title_and_year("Fawlty Towers (1975-1979)")
    (('American President, The', 1995), ('Fawlty Towers', 1975))
    """
    title = text_of(text)
    found = _TITLE.fullmatch(title)
    if found is None or not 1870 <= int(found[2]) <= 2200:
        return title, None
    return found[1], int(found[2])


def date_of(text: str, *, year: int | None = None) -> str:
    """``01-Jan-1995`` as 1995-01-01. A year of two digits is taken to be near ``year``. ValueError for anything else.

    >>> date_of("4-Feb-1971"), date_of("01-Jan-22", year=1922), date_of("01-Jan-95"), date_of("")
    ('1971-02-04', '1922-01-01', '1995-01-01', '')
    """
    text = text_of(text)
    if not text:
        return ""
    found = _DATE.fullmatch(text)
    month = _MONTHS.get(found[2], 0) if found else 0
    if found is None or not month or not 1 <= int(found[1]) <= _DAYS[month - 1]:
        raise ValueError(f"is {text[:40]!r}; a date is written as 01-Jan-1995")
    written = int(found[3])
    if len(found[3]) == 2:
        near = 1950 if year is None else year
        written = min((century + written for century in range(1800, 2200, 100)), key=lambda full: abs(full - near))
    return f"{written:04d}-{month:02d}-{int(found[1]):02d}"


def read_films(layout: str, path: Path, genres: Sequence[str], account: Account) -> dict[str, Item]:
    """Items by id, in the order of the file. ``genres`` are those that the flags of ``u.item`` stand for."""
    file = TextFile.open(path, account)
    if layout == "u":
        return _gathered(file, _flagged(file, genres, account), account)
    read = _dotted if layout == "dat" else _separated
    return _gathered(file, read(file, account), account)


def read_genres(path: Path, account: Account) -> list[str]:
    """``u.genre``: ``Action|1`` and so on."""
    file = TextFile.open(path, account)
    found: dict[int, str] = {}
    for number, line in file.lines():
        name, _, index = line.strip().rpartition("|")
        if not name or not index.isdecimal() or int(index) > 999:
            account.refuse(file.at(number), "it is not a genre and its number, such as Action|1")
        else:
            found[int(index)] = text_of(name)
    return [found.get(k, "") for k in range(max(found, default=-1) + 1)]


def read_links(path: Path, items: dict[str, Item], account: Account) -> dict[str, Item]:
    """``items`` with the ids that ``links.csv`` gives them."""
    file = TextFile.open(path, account)
    linked = dict(items)
    strange = 0
    for number, row in file.records(("movieid",), account):
        try:
            item_id = film_id(row["movieid"])
            imdb_id, tmdb_id = imdb_id_of(row.get("imdbid", "")), _tmdb_id(row.get("tmdbid", ""))
        except ValueError as fault:
            account.refuse(file.at(number), str(fault))
            continue
        if item_id in linked:
            linked[item_id] = replace(linked[item_id], imdb_id=imdb_id, tmdb_id=tmdb_id)
        else:
            strange += 1
    account.count(strange, file.name, "links of films that are not in the data set")
    account.unused |= set(file.header()) - {"movieid", "imdbid", "tmdbid"}
    return linked


def imdb_id_of(text: str) -> str:
    """IMDb's id with its letters and its zeros; "" for "". ValueError for what is none.

    >>> imdb_id_of("114709"), imdb_id_of("0114709.0"), imdb_id_of("tt10872600"), imdb_id_of("")
    ('tt0114709', 'tt0114709', 'tt10872600', '')
    """
    text = text_of(text)
    found = re.fullmatch(r"(?:tt)?0*([1-9]\d{0,9})(?:\.0+)?", text)
    if text and found is None:
        raise ValueError(f"its imdbId is {text[:40]!r}; it is a number such as 0114709")
    return f"tt{found[1]:0>7}" if found else ""


def _tmdb_id(text: str) -> str:
    text = text_of(text)
    found = re.fullmatch(r"(\d+)(?:\.0+)?", text)
    if text and found is None:
        raise ValueError(f"its tmdbId is {text[:40]!r}; it is a number such as 862")
    return found[1] if found else ""


def _gathered(file: TextFile, found: Iterator[tuple[int, Callable[[], Item]]], account: Account) -> dict[str, Item]:
    items: dict[str, Item] = {}
    first: dict[str, int] = {}
    for number, make in found:
        try:
            item = make()
        except ValueError as fault:
            account.refuse(file.at(number), str(fault))
            continue
        if items.setdefault(item.item_id, item) != item:
            reason = f"its id {item.item_id!r} is that of line {first[item.item_id]}, and they differ"
            account.refuse(file.at(number), f"{reason}; the first one stands")
        first.setdefault(item.item_id, number)
    return items


def _separated(file: TextFile, account: Account) -> Iterator[tuple[int, Callable[[], Item]]]:
    used = ("movieid", "title", "genres")
    account.unused |= set(file.header()) - {*used}
    for number, row in file.records(used[:2], account):
        yield number, lambda row=row: _film(row["movieid"], row["title"], list_of(row.get("genres", "")))


def _dotted(file: TextFile, account: Account) -> Iterator[tuple[int, Callable[[], Item]]]:
    del account

    def film(line: str) -> Item:
        # A title may hold "::" itself; an id and a list of genres do not.
        item_id, *middle = line.split("::")
        if len(middle) < 2:
            raise ValueError(f"it has {len(middle) + 1} fields; it is id::title::genres")
        return _film(item_id, "::".join(middle[:-1]), list_of(middle[-1]))

    for number, line in file.lines():
        yield number, lambda line=line: film(line)


def _flagged(file: TextFile, genres: Sequence[str], account: Account) -> Iterator[tuple[int, Callable[[], Item]]]:
    nameless = 0

    def film(number: int, line: str) -> Item:
        nonlocal nameless
        cells = line.strip().split("|")
        if len(cells) < 5 + len(genres):
            raise ValueError(f"it has {len(cells)} fields; it is id|title|date|video date|URL and {len(genres)} genres")
        flags = cells[5:]
        if set(flags) - {"0", "1"}:
            raise ValueError("behind its fifth field stands something else than the 0 and 1 of genres")
        known = [name for name, flag in zip(genres, flags, strict=False) if flag == "1"]
        nameless += "1" in flags[len(genres) :] or "" in known
        item = _film(cells[0], cells[1], [name for name in known if name])
        try:
            return replace(item, released_at=date_of(cells[2], year=item.year))
        except ValueError as fault:
            account.refuse(file.at(number), f"its release date {fault}: kept without it")
            return item

    for number, line in file.lines():
        yield number, lambda number=number, line=line: film(number, line)
    account.note(nameless, f"films of {file.name} have a genre that u.genre does not name; it was left out")


def _film(item_id: str, title: str, genres: Sequence[str]) -> Item:
    name, year = title_and_year(title)
    kept = tuple(dict.fromkeys(genre for genre in genres if genre not in _NO_GENRES))
    return Item(item_id=film_id(item_id), title=name, year=year, genres=kept)
