"""Match: which film of OMDb an item is: by its IMDb id, else by its title and year, else none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from triptych.catalogue.records import Item
from triptych.gather.omdb.client import Omdb
from triptych.gather.omdb.film import Film, Hit, imdb_id_of
from triptych.gather.omdb.metadata import Status
from triptych.gather.omdb.reply import Kind, Reply
from triptych.gather.omdb.titles import folded, read_title

#: Pages of a search that are looked through, ten films each.
PAGES = 3
_PAGE = 10


@dataclass(frozen=True, kw_only=True)
class Match:
    """``film`` where the status is FOUND. ``over`` where OMDb answers nobody any more, and the run is at its end."""

    status: Status
    matched_by: str
    film: Film | None = None
    reason: str = ""
    over: Kind | None = None


class _Unanswered(Exception):
    """A reply without which the question cannot be decided."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.reason)
        self.reply = reply


def match(client: Omdb, item: Item) -> Match:
    """Ask for one item. Of several films that it may be none is taken."""
    by = "id" if item.imdb_id else "title"
    try:
        return _by_id(client, item) if item.imdb_id else _by_title(client, item)
    except _Unanswered as fault:
        kind = fault.reply.kind
        over = kind if kind in (Kind.LIMIT, Kind.KEY) else None
        return Match(status=Status.FAILED, matched_by=by, reason=fault.reply.reason, over=over)


def _by_id(client: Omdb, item: Item) -> Match:
    imdb_id = imdb_id_of(item.imdb_id)
    if imdb_id is None:
        reason = f"its imdb_id {item.imdb_id[:40]!r} is none; mend it, or empty it to be found by title"
        return Match(status=Status.MISSING, matched_by="id", reason=reason)
    found = _taken(_sound(client.by_id(imdb_id)), by="id", missing=f"OMDb knows no {imdb_id}")
    if found.film is None or not (doubt := _doubt(item, found.film)):
        return found
    return replace(found, reason="; ".join(part for part in (doubt, found.reason) if part))


def _doubt(item: Item, film: Film) -> str:
    """Lists of ids have wrong ones in them. The id decides all the same: films go by many titles."""
    reading, said = read_title(item.title), film.fields
    year = item.year or reading.year
    same_title = not reading.names or folded(said.title) in {folded(name) for name in reading.names}
    same_year = year is None or said.year is None or abs(said.year - year) <= 1
    return "" if same_title and same_year else f"OMDb calls it {said.title!r} ({said.year or 'no year'})"


def _by_title(client: Omdb, item: Item) -> Match:
    reading = read_title(item.title)
    year = item.year or reading.year
    if not reading.names:
        return Match(status=Status.MISSING, matched_by="title", reason="it has neither an imdb_id nor a title")
    spellings = {folded(name) for name in reading.names}
    found: list[Hit] = []
    for name in reading.names:
        hits, unseen = _search(client, name, year)
        found = [
            hit
            for hit in {hit.imdb_id: hit for hit in hits}.values()
            if folded(hit.title) in spellings and (year is None or (hit.year and abs(hit.year - year) <= 1))
        ]
        if found and year is None and unseen:
            reason = f"it has no year, and OMDb has too many films called so to tell: {_listed(found)}"
            return Match(status=Status.AMBIGUOUS, matched_by="title", reason=reason)
        if found:
            break
    if len(found) > 1:
        return Match(status=Status.AMBIGUOUS, matched_by="title", reason=_listed(found))
    sought = f"OMDb has no film called {' or '.join(map(repr, reading.names))}"
    if not found:
        reason = sought if year is None else f"{sought} of {year}, the year before or the year after"
        return Match(status=Status.MISSING, matched_by="title", reason=reason)
    return _taken(_sound(client.by_id(found[0].imdb_id)), by="title", missing=f"OMDb lists {found[0]}, and has it not")


def _search(client: Omdb, name: str, year: int | None) -> tuple[list[Hit], bool]:
    """Films that may be meant, and whether there are more of them that were not seen."""
    reply = _sound(client.search(name))
    if reply.kind is Kind.MISSING:
        return [], False
    if reply.kind is Kind.FOUND and (reply.total <= _PAGE or year is None):
        listed = _pages(client, name, None, reply)
        return listed, len(listed) < reply.total
    if year is None:
        return [], True
    hits: list[Hit] = []
    for near in (year, year - 1, year + 1):
        reply = _sound(client.search(name, near))
        if reply.kind is Kind.FOUND:
            hits += _pages(client, name, near, reply)
        elif reply.kind is Kind.BROAD:
            # A word as short as "It" is never listed; the film that OMDb itself would take can be had.
            film = _sound(client.by_title(name, near)).film
            if film is not None:
                hits.append(Hit(imdb_id=film.imdb_id, title=film.fields.title, year=film.fields.year))
    return hits, False


def _pages(client: Omdb, name: str, year: int | None, first: Reply) -> list[Hit]:
    hits = list(first.hits)
    for page in range(2, min(PAGES, -(-first.total // _PAGE)) + 1):
        reply = _sound(client.search(name, year, page=page))
        hits += reply.hits
    return hits


def _sound(reply: Reply) -> Reply:
    if reply.kind in (Kind.FOUND, Kind.MISSING, Kind.BROAD):
        return reply
    raise _Unanswered(reply)


def _taken(reply: Reply, *, by: str, missing: str) -> Match:
    if reply.film is None:
        return Match(status=Status.MISSING, matched_by=by, reason=f"{missing} ({reply.reason})")
    return Match(status=Status.FOUND, matched_by=by, film=reply.film, reason="; ".join(reply.film.notes))


def _listed(hits: Iterable[Hit]) -> str:
    return "; ".join(str(hit) for hit in hits)
