"""Records: the item and the clip, as they are spoken of everywhere above the tables."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Item:
    """One recommendable video. Absent text is an empty string, absent lists are empty, absent numbers None."""

    item_id: str
    title: str = ""
    year: int | None = None
    genres: tuple[str, ...] = ()
    plot: str = ""
    people: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    released_at: str = ""


@dataclass(frozen=True, kw_only=True)
class Clip:
    """The media file that stands for an item.

    ``fingerprint`` changes when the file's content does, so that a replaced file is measured again.
    """

    item_id: str
    path: str
    bytes: int
    fingerprint: str
