"""Generation: which MovieLens a folder holds, told by the files in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from triptych.catalogue.sources.clipfile import SUFFIXES, fault_of, inside
from triptych.catalogue.sources.movielens.textfile import first_line
from triptych.errors import SourceError

#: By layout: the files that hold films, ratings, users, tags, links and the genome.
FILES: Mapping[str, tuple[str, ...]] = {
    "u": ("u.data", "u.item", "u.user", "u.genre", "items.csv"),
    "dat": ("ratings.dat", "movies.dat", "users.dat", "tags.dat"),
    "csv": ("ratings.csv", "movies.csv", "tags.csv", "links.csv", "genome-scores.csv", "genome-tags.csv"),
}
_HALF_STARS = (0.5, 5.0)
_WHOLE_STARS = (1.0, 5.0)
#: Tables of these names are kept by others too; their first line tells.
_CSV_MARKS = {"ratings.csv": ("userid", "movieid", "rating"), "movies.csv": ("movieid", "title")}
_README = ("README.txt", "README.html", "README.md", "README")
_SAID = re.compile(r"\b(ml-[a-z0-9][a-z0-9.\-]*[a-z0-9])\b")


@dataclass(frozen=True, kw_only=True)
class Generation:
    """``layout`` is ``u`` (100K), ``dat`` (1M, 10M) or ``csv`` (20M and later); ``scale`` the ratings there can be."""

    name: str
    layout: str
    folder: Path
    scale: tuple[float, float]

    def file(self, name: str) -> Path | None:
        """Where a file lies; None where it is missing. SourceError for a link that leads out of the folder."""
        if not (self.folder / name).is_symlink() and not (self.folder / name).exists():
            return None
        if inside(self.folder, name) is None:
            raise SourceError(
                f"{name!r} in {str(self.folder)!r} is a link that leads out of the folder. Copy it there."
            )
        if fault := fault_of(self.folder / name):
            raise SourceError(f"{name!r} in {str(self.folder)!r} cannot be read: {fault}.")
        return self.folder / name

    def files(self) -> list[str]:
        return [name for name in FILES[self.layout] if (self.folder / name).exists()]


def recognises(path: Path) -> bool:
    """Whether a folder, or the one folder in it, holds files of MovieLens."""
    return _place(path) is not None


def generation_at(path: Path) -> Generation:
    """The generation in a folder, or in the one folder in it. SourceError where there is none, or two."""
    place = _place(path)
    if place is None:
        wanted = (
            "u.data or u.item (100K), ratings.dat or movies.dat (1M, 10M), ratings.csv or movies.csv (20M and later)"
        )
        raise SourceError(f"{str(path)!r} holds no MovieLens; a folder of it has {wanted}.")
    found = _layouts(place)
    if len(found) > 1:
        names = " and ".join(next(name for name in FILES[layout] if (place / name).exists()) for layout in found)
        raise SourceError(f"{str(place)!r} holds {names}, of two generations of MovieLens. Keep one in the folder.")
    layout = found[0]
    if layout == "u":
        return Generation(name="100K", layout=layout, folder=place, scale=_WHOLE_STARS)
    if layout == "dat":
        # Only 1M describes its users, only 10M has tags. Where both are gone, the wider scale loses nothing.
        whole = (place / "users.dat").exists()
        name, scale = ("1M", _WHOLE_STARS) if whole else ("10M", _HALF_STARS)
        return Generation(name=name, layout=layout, folder=place, scale=scale)
    return Generation(name=_csv_name(place), layout=layout, folder=place, scale=_HALF_STARS)


def _place(path: Path) -> Path | None:
    """The folder itself, or the only one in it, as an unpacked archive leaves it, unless there are clips beside."""
    if not path.is_dir():
        return None
    try:
        if _layouts(path):
            return path
        entries = [entry for entry in path.iterdir() if not entry.name.startswith((".", "__MACOSX"))]
    except OSError:
        return None
    folders = [entry for entry in entries if entry.is_dir() and not entry.is_symlink()]
    if len(folders) != 1 or any(entry.suffix.lower() in SUFFIXES for entry in entries if entry.is_file()):
        return None
    return folders[0] if _layouts(folders[0]) else None


def _layouts(folder: Path) -> list[str]:
    found: list[str] = []
    if any((folder / name).is_file() for name in ("u.data", "u.item")):
        found.append("u")
    if any((folder / name).is_file() for name in ("ratings.dat", "movies.dat")):
        found.append("dat")
    if any(is_csv_of_movielens(folder / name) for name in _CSV_MARKS):
        found.append("csv")
    return found


def is_csv_of_movielens(path: Path) -> bool:
    """Whether this is a ``ratings.csv`` or ``movies.csv`` with the names that MovieLens gives its columns."""
    marks = _CSV_MARKS.get(path.name)
    if marks is None or not path.is_file():
        return False
    return set(marks) <= {name.strip().strip('"') for name in first_line(path).split(",")}


def _csv_name(folder: Path) -> str:
    """The files are laid out alike from 20M on; the README names the data set, and so may the folder."""
    for name in _README:
        path = folder / name
        if path.is_file() and inside(folder, name) is not None:
            with path.open("rb") as handle:
                found = _SAID.search(handle.read(8192).decode("utf-8", "replace"))
            if found:
                return _spoken(found[1])
    found = _SAID.fullmatch(folder.name.lower())
    return _spoken(found[1]) if found else "20M or later"


def _spoken(name: str) -> str:
    """``ml-25m`` is spoken of as 25M."""
    short = name.removeprefix("ml-")
    return short.upper() if re.fullmatch(r"\d+m", short) else short
