"""Choice: which source a path is, by looking at what is there."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from triptych.catalogue.sources import clipfile
from triptych.catalogue.sources.folder import Folder
from triptych.catalogue.sources.movielens import MovieLens, recognises
from triptych.catalogue.sources.movielens.generation import FILES, is_csv_of_movielens
from triptych.catalogue.sources.sheet import SUFFIXES
from triptych.catalogue.sources.source import Source
from triptych.catalogue.sources.table import TableFile, table_at
from triptych.errors import SourceError, UnknownName, UsageError

_ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".zst")
_LONE = frozenset(name for names in FILES.values() for name in names) - {"items.csv"}


def _is_table(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() in SUFFIXES


def _is_folder(path: Path) -> bool:
    """Whether there is anything in it that a folder of videos has."""
    if not path.is_dir():
        return False
    if any(table_at(path, stem) for stem in ("items", "interactions")):
        return True
    unread: list[OSError] = []  # what is in them is the folder's to tell
    for _, folders, names in os.walk(path, onerror=unread.append):
        folders[:] = [name for name in folders if not name.startswith(".")]
        if any(Path(name).suffix.lower() in clipfile.SUFFIXES for name in names if not name.startswith(".")):
            return True
    return bool(unread)


#: What a path may be, and how it is told; the first that recognises it is chosen. MovieLens goes before the folder
#: of videos: clips among its files can still be added with ``kind="folder"``.
KINDS: tuple[tuple[str, Callable[[Path], bool]], ...] = (
    ("movielens", recognises),
    ("table", _is_table),
    ("folder", _is_folder),
)


def source_of(
    path: Path,
    *,
    kind: str = "auto",
    columns: Mapping[str, str] | None = None,
    scale: tuple[float, float] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Source:
    """The source that a path is, or the one of the given ``kind``: ``movielens``, ``table`` or ``folder``.

    ``columns`` (our name → its name) and ``scale`` (least and greatest rating) are of tables alone. ``progress`` is
    told how many bytes of how many are read. Nothing is read here but a first line.
    """
    if kind != "auto" and kind not in dict(KINDS):
        raise UnknownName("kind of source", kind, ["auto", *dict(KINDS)])
    if not path.exists():
        raise SourceError(f"there is no folder or file {str(path)!r}. Give one, or the word synthetic.")
    if kind == "auto":
        kind = _told(path, named=bool(columns))
    if kind != "table" and (columns or scale):
        given = "columns" if columns else "a scale"
        raise UsageError(f"{given} can be given for a table; {str(path)!r} is read as {kind}, which has its own.")
    if kind == "movielens":
        return MovieLens(path=path, progress=progress)
    if kind == "folder":
        return Folder(path=path)
    return TableFile(path=path, columns=dict(columns or {}), scale=scale, progress=progress)


def _told(path: Path, *, named: bool) -> str:
    lone = path.name in _LONE and (path.suffix == ".dat" or path.name.startswith("u.") or is_csv_of_movielens(path))
    if path.is_file() and lone and not named:
        raise SourceError(
            f"{path.name!r} is one file of MovieLens; give the folder it is in, {str(path.parent)!r}. "
            "To read a CSV file alone, name its columns: --columns user_id=userId,item_id=movieId"
        )
    if path.is_file() and path.suffix.lower() in _ARCHIVES:
        raise SourceError(f"{path.name!r} is an archive. Unpack it first and give the folder; triptych get does both.")
    for kind, recognised in KINDS:
        if recognised(path):
            return kind
    if path.is_dir():
        names = sorted(entry.name for entry in path.iterdir() if entry.suffix.lower() in (*SUFFIXES, *_ARCHIVES))
        hint = f" It holds {', '.join(names[:3])}: unpack archives first, and give a table itself." if names else ""
        raise SourceError(
            f"{str(path)!r} holds no clips, no table items.csv or interactions.csv and no MovieLens.{hint}"
        )
    raise SourceError(
        f"{path.name!r} is neither a folder nor a table that is read here ({', '.join(SUFFIXES)}). A single clip is "
        "added with its folder."
    )
