"""Written: rules on what an item's record says: its text, its links, its year, its genres."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import ClassVar, Literal
from urllib.parse import urlsplit

from triptych.catalogue.records import Item
from triptych.curation.rules.stage import Removal, Stage
from triptych.errors import UnknownName, UsageError

FIELDS = tuple(part.name for part in fields(Item) if part.name != "item_id")
LINKS = ("imdb_id", "tmdb_id", "url", "poster")
_IMDB = re.compile(r"tt\d{5,12}")
_TMDB = re.compile(r"\d{1,12}")


@dataclass(frozen=True, kw_only=True)
class Text:
    """``fields``: what must be there, of the fields of an item; ``min_words``: in each of those that are text."""

    use: ClassVar[str] = "text"

    fields: tuple[str, ...] = ("title", "plot")
    min_words: int = 1

    def __post_init__(self) -> None:
        for name in self.fields:
            if name not in FIELDS:
                raise UnknownName("field of an item", name, FIELDS)
        if not self.fields:
            raise UsageError(f"fields is empty; it takes some of {', '.join(FIELDS)}.")
        if self.min_words < 1:
            raise UsageError(f"min_words is {self.min_words}; a text that is there has at least 1.")

    @property
    def title(self) -> str:
        return f"With {_listed(self.fields)}"

    @property
    def issue(self) -> str:
        return "Missing textual metadata"

    def judge(self, stage: Stage) -> Removal:
        gone: dict[str, tuple[str, str]] = {}
        for item in stage.left():
            faults = [fault for name in self.fields if (fault := self._fault(item, name))]
            if faults:
                gone[item.item_id] = (faults[0][0], "; ".join(why for _, why in faults))
        return Removal(items=gone)

    def _fault(self, item: Item, name: str) -> tuple[str, str] | None:
        value = getattr(item, name)
        if value in (None, "", ()) or (isinstance(value, str) and not value.strip()):
            return f"No {name}", f"it has no {name}"
        if not isinstance(value, str) or self.min_words == 1:
            return None
        words = len(value.split())
        if words >= self.min_words:
            return None
        return f"Short {name}", f"its {name} has {words} words, fewer than {self.min_words}"


@dataclass(frozen=True, kw_only=True)
class Link:
    """``require``: which links must be there and well formed, of imdb_id, tmdb_id, url, poster.

    A trailer that was asked for by a list of links has its url from there. ``clip_serves``: whether an item that has
    its clip needs no url.
    """

    use: ClassVar[str] = "link"

    require: tuple[str, ...] = ("url",)
    clip_serves: bool = True

    def __post_init__(self) -> None:
        for name in self.require:
            if name not in LINKS:
                raise UnknownName("link", name, LINKS)
        if not self.require:
            raise UsageError(f"require is empty; it takes some of {', '.join(LINKS)}.")

    @property
    def title(self) -> str:
        return f"With a valid {_listed(self.require)}"

    @property
    def issue(self) -> str:
        return "Invalid or missing links"

    def judge(self, stage: Stage) -> Removal:
        gone: dict[str, tuple[str, str]] = {}
        for item in stage.left():
            for name in self.require:
                if name == "url" and self.clip_serves and item.item_id in stage.facts.clips:
                    continue
                link = getattr(item, name)
                if name == "url" and not link and item.item_id in stage.facts.trailers:
                    link = stage.facts.trailers[item.item_id].url
                if not link:
                    gone[item.item_id] = (f"No {name}", f"it has no {name}")
                elif not _sound(name, link):
                    gone[item.item_id] = (f"Invalid {name}", f"its {name} {link[:80]!r} is none")
        return Removal(items=gone)


@dataclass(frozen=True, kw_only=True)
class Years:
    """From … to …, both inclusive; ``unknown``: what becomes of items without a year."""

    use: ClassVar[str] = "years"

    from_: int | None = None
    to: int | None = None
    unknown: Literal["keep", "remove"] = "keep"

    def __post_init__(self) -> None:
        if self.from_ is None and self.to is None:
            raise UsageError("it needs from, or to, or both.")
        if self.from_ is not None and self.to is not None and self.from_ > self.to:
            raise UsageError(f"from is {self.from_} and to is {self.to}; no year is in between.")

    @property
    def title(self) -> str:
        if self.to is None:
            return f"From {self.from_} on"
        return f"Up to {self.to}" if self.from_ is None else f"From {self.from_} to {self.to}"

    @property
    def issue(self) -> str:
        return "Of other years"

    def judge(self, stage: Stage) -> Removal:
        gone: dict[str, tuple[str, str]] = {}
        unknown = 0
        for item in stage.left():
            if item.year is None:
                unknown += 1
                if self.unknown == "remove":
                    gone[item.item_id] = ("Year unknown", "its year is not known")
            elif self.from_ is not None and item.year < self.from_:
                gone[item.item_id] = (f"Before {self.from_}", f"it is of {item.year}")
            elif self.to is not None and item.year > self.to:
                gone[item.item_id] = (f"After {self.to}", f"it is of {item.year}")
        return Removal(items=gone, unknown=unknown)


@dataclass(frozen=True, kw_only=True)
class Genres:
    """``require``: one of these at least; ``exclude``: none of these. Letters of either case are the same.

    ``unknown``: what becomes of items without a genre.
    """

    use: ClassVar[str] = "genres"

    require: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    unknown: Literal["keep", "remove"] = "keep"

    def __post_init__(self) -> None:
        if not (self.require or self.exclude):
            raise UsageError("it needs require, or exclude, or both.")
        both = {genre.casefold() for genre in self.require} & {genre.casefold() for genre in self.exclude}
        if both:
            raise UsageError(f"the genre {sorted(both)[0]!r} is both required and excluded.")

    @property
    def title(self) -> str:
        wanted = f"Of {' or '.join(self.require)}" if self.require else ""
        spurned = f"not {_listed(self.exclude)}" if self.exclude else ""
        return ", ".join(part for part in (wanted, spurned) if part).capitalize()

    @property
    def issue(self) -> str:
        return "Of other genres"

    def judge(self, stage: Stage) -> Removal:
        wanted = {genre.casefold() for genre in self.require}
        spurned = {genre.casefold() for genre in self.exclude}
        gone: dict[str, tuple[str, str]] = {}
        unknown = 0
        for item in stage.left():
            genres = {genre.casefold(): genre for genre in item.genres}
            if not genres:
                unknown += 1
                if self.unknown == "remove":
                    gone[item.item_id] = ("Genre unknown", "its genre is not known")
                continue
            if hits := sorted(genres.keys() & spurned):
                gone[item.item_id] = (f"Of {genres[hits[0]]}", f"it is of {genres[hits[0]]}")
            elif wanted and not genres.keys() & wanted:
                gone[item.item_id] = ("Of other genres", f"it is of {_listed(item.genres)} alone")
        return Removal(items=gone, unknown=unknown)


def _sound(name: str, link: str) -> bool:
    if name == "imdb_id":
        return bool(_IMDB.fullmatch(link))
    if name == "tmdb_id":
        return bool(_TMDB.fullmatch(link))
    try:
        parts = urlsplit(link)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _listed(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
