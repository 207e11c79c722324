"""Word file: word vectors as word2vec, GloVe and fastText leave them, looked up without being held in memory.

Text: a word and its numbers on each line, parted by blanks, with or without a first line of ``words width``. Binary
(``.bin``): that first line, then for each word its bytes, a blank and float32 numbers. Either may be gzipped; it is
then unpacked into an unnamed temporary file while it is in use.
"""

from __future__ import annotations

import gzip
import hashlib
import mmap
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import numpy.typing as npt

from triptych.errors import ExtractionError, UsageError

MOST_WIDTH = 4_096
#: A word is not longer, in bytes.
LONGEST_WORD = 1_024
_GZIP = b"\x1f\x8b"
_FASTTEXT = (0x2F4F16BA).to_bytes(4, "little")


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What the beginning of a file says. ``words``: None where it does not say; ``skip``: bytes of the first line."""

    width: int
    words: int | None
    binary: bool
    skip: int


def digest(path: Path) -> str:
    """SHA-256 of the file as it lies: 1 GB takes about a second."""
    try:
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError as fault:
        raise _unreadable(path, fault) from fault


def shape_of(path: Path) -> Shape:
    """Width and kind, from the first bytes; UsageError for what is no file, ExtractionError for what has no vectors."""
    if not path.is_file():
        raise UsageError(
            f"there is no word-vector file at {str(path)!r}. Give a text file of words and numbers (.vec, .txt), a "
            "word2vec file (.bin), either gzipped if you like, or the folder of a sentence model."
        )
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == _GZIP
        with cast("IO[bytes]", gzip.open(path) if packed else path.open("rb")) as handle:
            head = handle.read(1 << 17)
    except (OSError, EOFError, zlib.error) as fault:
        raise _unreadable(path, fault) from fault
    return _shape(head, path)


class WordFile:
    """An opened file: an index of its words (16 bytes each), and the numbers left where they are.

    Opening passes over the whole file once; 3 million words take some seconds. Looking up reads one word's bytes.
    A word that stands twice has its first vector.
    """

    def __init__(self, *, data: mmap.mmap, shape: Shape, name: str) -> None:
        self._data, self._shape, self._name = data, shape, name
        places = (_binary_places if shape.binary else _text_places)(data, shape, name)
        table = np.fromiter(places, dtype=[("key", np.uint64), ("at", np.int64)])
        order = np.argsort(table["key"], kind="stable")
        self._keys: npt.NDArray[np.uint64] = table["key"][order]
        self._at: npt.NDArray[np.int64] = table["at"][order]
        if not len(table):
            raise ExtractionError(f"{name!r} holds no word vectors. Give another file.")

    @classmethod
    def open(cls, path: Path) -> WordFile:
        shape = shape_of(path)
        try:
            with path.open("rb") as raw:
                packed = raw.read(2) == _GZIP
                if not packed:
                    return cls(data=_mapped(raw), shape=shape, name=path.name)
            with tempfile.TemporaryFile() as unpacked, gzip.open(path) as source:
                shutil.copyfileobj(source, unpacked, 1 << 20)
                unpacked.flush()
                return cls(data=_mapped(unpacked), shape=shape, name=path.name)
        except (OSError, EOFError, zlib.error) as fault:
            raise _unreadable(path, fault) from fault

    @property
    def width(self) -> int:
        return self._shape.width

    def __len__(self) -> int:
        return len(self._keys)

    def vector(self, word: str) -> npt.NDArray[np.float64] | None:
        """float64 ``[width]``; None if the file has not the word."""
        letters = word.encode("utf-8", "surrogatepass")
        key = np.uint64(_key(letters))
        at = int(np.searchsorted(self._keys, key))
        while at < len(self._keys) and self._keys[at] == key:
            start = int(self._at[at])
            if self._data[start : start + len(letters) + 1] == letters + b" ":
                return self._numbers(start + len(letters) + 1, word)
            at += 1
        return None

    def _numbers(self, start: int, word: str) -> npt.NDArray[np.float64]:
        if self._shape.binary:
            found = np.frombuffer(self._data[start : start + 4 * self.width], "<f4").astype(np.float64)
        else:
            stop = self._data.find(b"\n", start)
            line = self._data[start : stop if stop >= 0 else len(self._data)]
            try:
                found = np.array(line.split(), np.float64)
            except ValueError as fault:
                raise ExtractionError(f"{self._name!r}: the vector of {word!r} is not numbers: {fault}.") from fault
        if len(found) != self.width or not np.isfinite(found).all():
            raise ExtractionError(
                f"{self._name!r}: the vector of {word!r} has {len(found)} numbers, of which "
                f"{int(np.isfinite(found).sum())} are finite; all have {self.width}. Give a whole file."
            )
        return found


def _key(letters: bytes) -> int:
    """64 bits of a word, of this process alone; what is found by them is compared in full."""
    return hash(letters) & 0xFFFF_FFFF_FFFF_FFFF


def _mapped(handle: IO[bytes]) -> mmap.mmap:
    return mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ)


def _text_places(data: mmap.mmap, shape: Shape, name: str) -> Iterator[tuple[int, int]]:
    """Key and place of each line's word. A line that is too short to hold the numbers ends the file wrongly."""
    data.seek(shape.skip)
    at = shape.skip
    least = 2 * shape.width
    for line in iter(data.readline, b""):
        blank = line.find(b" ", 1)
        if blank > 0 and len(line) > least:
            yield _key(line[:blank]), at
        elif line.strip():
            raise ExtractionError(
                f"{name!r}: the line {line[:40].decode('utf-8', 'replace')!r} has no {shape.width} numbers. Give a "
                "whole file of word vectors."
            )
        at += len(line)


def _binary_places(data: mmap.mmap, shape: Shape, name: str) -> Iterator[tuple[int, int]]:
    at, size, end = shape.skip, 4 * shape.width, len(data)
    for number in range(shape.words or 0):
        while at < end and data[at] == 10:  # some writers end each vector with a line break
            at += 1
        blank = data.find(b" ", at, at + LONGEST_WORD)
        if blank < 0 or blank + 1 + size > end:
            raise ExtractionError(
                f"{name!r} ends after {number:,} of the {shape.words:,} words that it says it has. Copy it again."
            )
        yield _key(data[at:blank]), at
        at = blank + 1 + size


def _shape(head: bytes, path: Path) -> Shape:
    if head[:4] == _FASTTEXT:
        raise ExtractionError(
            f"{path.name!r} is a fastText model, not a file of word vectors. Give the .vec file that stands beside it."
        )
    first, ended, rest = head.partition(b"\n")
    fields = first.split()
    if len(fields) == 2 and all(field.isdigit() for field in fields):
        words, width = int(fields[0]), int(fields[1])
        if not (0 < words < 1 << 40 and 0 < width <= MOST_WIDTH):
            raise ExtractionError(f"{path.name!r} says it has {words:,} vectors of {width:,} numbers, which cannot be.")
        binary = not _line_of(rest.partition(b"\n")[0], width)
        if binary and rest.find(b" ", 0, LONGEST_WORD) < 0:
            raise ExtractionError(f"{path.name!r} holds no word after its first line. Give another file.")
        return Shape(width=width, words=words, binary=binary, skip=len(first) + len(ended))
    width = len(fields) - 1
    if not 0 < width <= MOST_WIDTH or not _line_of(first, width):
        raise ExtractionError(
            f"{path.name!r} does not begin like a file of word vectors: a word and its numbers, or how many words and "
            "numbers there are. Files of word2vec, GloVe and fastText (.vec) do."
        )
    return Shape(width=width, words=None, binary=False, skip=0)


def _line_of(line: bytes, width: int) -> bool:
    """Whether a line is a word and so many numbers."""
    fields: list[Any] = line.split()
    try:
        numbers = [float(field) for field in fields[-width:]]
    except ValueError:
        return False
    return len(fields) > width and len(numbers) == width and b" " in line


def _unreadable(path: Path, fault: BaseException) -> ExtractionError:
    said = getattr(fault, "strerror", None) or str(fault) or type(fault).__name__
    return ExtractionError(f"the word-vector file {str(path)!r} cannot be read: {said}. Copy it again.")
