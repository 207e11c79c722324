"""Array: numbers from a file of numpy's. Nothing that could run code is ever loaded."""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.catalogue.ids import fault_of_id, text_of_id
from triptych.errors import SourceError

_MAGIC = np.lib.format.MAGIC_PREFIX
#: No measurement is packed tighter than so many bytes into one; from this size on what is tells of a trap.
_TIGHTEST, _TRAP_BYTES = 200, 1 << 30
#: What numpy raises over a file that is not what its name says.
_FAULTS = (
    ValueError,
    OSError,
    EOFError,
    MemoryError,
    KeyError,
    OverflowError,
    SyntaxError,
    TypeError,
    NotImplementedError,
    tokenize.TokenError,
    zipfile.BadZipFile,
)


def load(path: Path) -> npt.NDArray[Any]:
    """The array of a ``.npy`` file, mapped and not yet read, so that a header cannot ask for memory it does not fill.

    SourceError for a file that is none, or that holds Python objects.
    """
    _regular(path)
    try:
        with path.open("rb") as handle:
            if handle.read(len(_MAGIC)) != _MAGIC:
                raise ValueError("it does not begin as a file of one array does")
        if _empty(path):  # such an array cannot be mapped
            return np.load(path, allow_pickle=False)
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except _FAULTS as fault:
        raise SourceError(f"{path.name!r} cannot be read as an array: {_cause(fault)}.") from fault


def load_all(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The arrays of a ``.npz`` file by name; those of Python objects are an error."""
    _regular(path)
    found: dict[str, npt.NDArray[Any]] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if member.file_size > max(_TRAP_BYTES, _TIGHTEST * member.compress_size):
                    said = f"{member.filename[:40]!r} would unpack to {member.file_size >> 20:,} MB"
                    raise ValueError(f"{said}, and has but {member.compress_size:,} bytes")
                with archive.open(member) as handle:
                    name = member.filename.removesuffix(".npy")
                    found[name] = np.lib.format.read_array(handle, allow_pickle=False)
    except (*_FAULTS, RuntimeError, zlib.error) as fault:
        raise SourceError(f"{path.name!r} cannot be read as arrays: {_cause(fault)}.") from fault
    return found


def matrix(found: npt.NDArray[Any], name: str) -> npt.NDArray[Any]:
    """As float32 or float64 ``[n, d]``. SourceError for what has another shape, or is no numbers."""
    if found.dtype.kind not in "fiu" or found.ndim != 2 or not found.shape[1]:
        raise SourceError(f"{name!r} holds {found.dtype} {found.shape}; vectors are numbers [n, d], d at least 1.")
    return np.array(found, np.float32 if found.dtype.str[1:] in ("f2", "f4") else np.float64)


def ids_of(cells: Any) -> tuple[str, ...]:
    """Ids as text, "" for a cell that can be none: empty, NaN, a fraction, or padded with blanks."""
    texts = [text_of_id(cell) or "" for cell in cells]
    return tuple("" if text and fault_of_id(text) else text for text in texts)


def _empty(path: Path) -> bool:
    """Whether the array has no entries."""
    with path.open("rb") as handle:
        try:
            version = np.lib.format.read_magic(handle)
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            return 0 in read(handle)[0]
        except _FAULTS:
            return False  # np.load will say what is wrong with it


def _regular(path: Path) -> None:
    if not path.is_file():
        raise SourceError(f"{str(path)!r} is not a regular file.")


def _cause(fault: BaseException) -> str:
    said = str(fault).strip().split("\n")[0].rstrip(".")
    if "allow_pickle" in said or "pickle" in said.lower():
        return "it holds Python objects, which are never loaded since they can run code. Save plain numbers"
    if isinstance(fault, MemoryError):
        return "it does not fit into memory"
    return said or type(fault).__name__
