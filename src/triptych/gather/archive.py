"""Archive: a zip that somebody else packed, unpacked without trust."""

from __future__ import annotations

import os
import re
import stat
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from triptych.errors import FetchError

_CHUNK = 1 << 20


def unpack(archive: Path, folder: Path, *, most_files: int, most_bytes: int) -> dict[str, int]:
    """Write the files of a zip into an empty folder; their paths and sizes. One folder around all of them is left out.

    FetchError, before anything is written, for names that leave the folder, for links, locks and too many files; and
    on the way for damage, and for more bytes than are allowed, whatever the archive says of itself.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = _members(opened, archive, most_files=most_files, most_bytes=most_bytes)
            sizes: dict[str, int] = {}
            left = most_bytes
            for name, info in members.items():
                path = folder.joinpath(*PurePosixPath(name).parts)
                path.parent.mkdir(parents=True, exist_ok=True)
                sizes[name] = _write(opened, info, path, left, archive)
                left -= sizes[name]
            return sizes
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, ValueError) as fault:
        raise FetchError(f"{archive.name.lstrip('.')!r} is no zip, or a damaged one: {fault}.") from fault
    except RuntimeError as fault:  # what zipfile says of a password
        raise FetchError(f"{archive.name.lstrip('.')!r} cannot be opened: {fault}.") from fault


def _members(opened: zipfile.ZipFile, archive: Path, *, most_files: int, most_bytes: int) -> dict[str, zipfile.ZipInfo]:
    """What is to be written, by its path below the folder."""
    name = archive.name.lstrip(".")
    infos = [info for info in opened.infolist() if not info.is_dir()]
    if not infos:
        raise FetchError(f"{name!r} holds no file.")
    if len(infos) > most_files:
        raise FetchError(f"{name!r} holds {len(infos):,} files; {most_files:,} are allowed.")
    if (declared := sum(info.file_size for info in infos)) > most_bytes:
        raise FetchError(f"{name!r} unpacks to {declared:,} bytes; {most_bytes:,} are allowed.")
    paths: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        kind = stat.S_IFMT(info.external_attr >> 16)
        if fault := _fault_of(info.filename, info.orig_filename):
            raise FetchError(f"{name!r} holds the file {info.orig_filename[:80]!r}, {fault}.")
        if kind not in (0, stat.S_IFREG):
            raise FetchError(f"{name!r} holds {info.filename[:80]!r}, which is a link or a device and no file.")
        if info.flag_bits & 1:
            raise FetchError(f"{name!r} is locked with a password, which no data set needs.")
        if info.filename in paths:
            raise FetchError(f"{name!r} holds two files called {info.filename[:80]!r}.")
        paths[info.filename] = info
    for path in paths:
        if any(str(above) in paths for above in PurePosixPath(path).parents):
            raise FetchError(f"{name!r} holds the file {path[:80]!r} below what is a file itself.")
    tops = {path.split("/", 1)[0] for path in paths}
    if len(tops) == 1 and all("/" in path for path in paths):
        paths = {path.split("/", 1)[1]: info for path, info in paths.items()}
    return paths


def _fault_of(path: str, written: str) -> str:
    """What is wrong with the name of a file, or ""."""
    if "\x00" in written or "\\" in written or not path.isprintable():
        return "whose name holds what no name holds"
    if path.startswith("/") or re.match(r"[A-Za-z]:", path):
        return "whose path is absolute"
    if any(part in ("", ".", "..") for part in path.split("/")):
        return "whose path leaves the folder or is none"
    return ""


def _write(opened: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path, left: int, archive: Path) -> int:
    size = 0
    with opened.open(info) as source, path.open("xb") as target:
        while chunk := source.read(_CHUNK):
            size += len(chunk)
            if size > left:
                raise FetchError(f"{archive.name.lstrip('.')!r} unpacks to more bytes than are allowed.")
            target.write(chunk)
        target.flush()
        os.fsync(target.fileno())
    return size
