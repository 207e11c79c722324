"""Title: items whose title, or the name of whose clip, says that it is no trailer."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from pathlib import PurePath
from typing import ClassVar
from urllib.parse import unquote, urlsplit

from triptych.catalogue.records import Item
from triptych.curation.rules.facts import Facts
from triptych.curation.rules.patterns import SETS, Pattern, check, found
from triptych.curation.rules.stage import Removal, Stage
from triptych.errors import UnknownName, UsageError

#: Where there may be a title, and how a reason speaks of it.
PLACES = {
    "title": "its title",
    "clip": "the name of its clip",
    "url": "the name in its address",
    "trailer": "the title of its trailer",
}


@dataclass(frozen=True, kw_only=True)
class Title:
    """``patterns``: names of built-in sets; ``regex``: expressions of one's own, of Rust's kind, ``(?i)`` for any case.

    ``where``: of title, clip (its file's name), url (the last part of its path), trailer (the title of the video, if
    whoever fetched it wrote it down). In names of files ``_ . + -`` count as spaces.
    """

    use: ClassVar[str] = "title"

    patterns: tuple[str, ...] = ()
    regex: tuple[str, ...] = ()
    where: tuple[str, ...] = tuple(PLACES)

    def __post_init__(self) -> None:
        for name in self.patterns:
            if name not in SETS:
                raise UnknownName("set of patterns", name, SETS)
        for place in self.where:
            if place not in PLACES:
                raise UnknownName("place to look for a title", place, PLACES)
        if not (self.patterns or self.regex):
            raise UsageError(f"it needs patterns (of {', '.join(SETS)}) or regex.")
        if not self.where:
            raise UsageError(f"where is empty; it takes some of {', '.join(PLACES)}.")
        for expression in self.regex:
            check(expression)

    @property
    def title(self) -> str:
        return "Titled like a trailer"

    @property
    def issue(self) -> str:
        issues = [SETS[name].issue for name in self.patterns]
        return "; ".join([*issues, *(["Unwanted titles"] if self.regex else [])])

    def judge(self, stage: Stage) -> Removal:
        owners: list[str] = []
        places: list[str] = []
        texts: list[str] = []
        for item in stage.left():
            for place, text in _texts(item, stage.facts, self.where):
                owners.append(item.item_id)
                places.append(place)
                texts.append(text)
        gone: dict[str, tuple[str, str]] = {}
        wanted = [(SETS[name].issue, pattern) for name in self.patterns for pattern in SETS[name].patterns]
        wanted += [("Unwanted titles", Pattern(says=expression)) for expression in self.regex]
        for issue, pattern in wanted:
            for owner, place, hit in zip(owners, places, found(texts, pattern), strict=True):
                if hit is not None and owner not in gone:
                    gone[owner] = (issue, f"{PLACES[place]} says {hit!r}")
        return Removal(items=gone)


def _texts(item: Item, facts: Facts, where: tuple[str, ...]) -> list[tuple[str, str]]:
    """What there is to look at, with its place; nothing twice."""
    texts: dict[str, str] = {}
    if "title" in where:
        texts["title"] = unicodedata.normalize("NFKC", item.title).replace("_", " ")
    if "clip" in where and item.item_id in facts.clips:
        texts["clip"] = _name(PurePath(facts.clips[item.item_id].path).stem)
    if "url" in where and item.url:
        texts["url"] = _name(PurePath(unquote(_path(item.url))).stem)
    if "trailer" in where and item.item_id in facts.trailers:
        texts["trailer"] = unicodedata.normalize("NFKC", facts.trailers[item.item_id].title)
    return [(place, text) for place, text in texts.items() if text.strip()]


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""  # an address that is none has no name either


def _name(stem: str) -> str:
    """The name of a file as words."""
    return unicodedata.normalize("NFKC", stem).translate(str.maketrans("_.+-", "    "))
