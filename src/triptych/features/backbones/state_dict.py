"""State dict: the tensors of a published file by name, read without running any code."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np

from triptych.errors import ExtractionError

#: A name that a file holds stands within so many of its first bytes, or in the archive's table of contents.
_NAMES_WITHIN = 1 << 20


def read(path: Path, *, of: str, again: str) -> Mapping[str, Any]:
    """The tensors of a file by name: safetensors, the arrays of an npz, or what ``torch.save`` wrote of a state dict.

    Of the last only tensors and numpy's arrays of numbers are read (``weights_only``), which runs no code. ``of`` is
    whose they should be and ``again`` where they are fetched, for the errors.
    """
    import torch

    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                return {name: torch.from_numpy(arrays[name]) for name in arrays.files}
        if path.suffix == ".safetensors":
            import safetensors.torch

            return cast(Any, safetensors.torch).load_file(path)
        with cast(Any, torch.serialization).safe_globals(_arrays()):
            found: Any = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # what a damaged file raises differs by format and release
        first = (str(error).strip().splitlines() or [""])[0]
        raise ExtractionError(
            f"{of} cannot be read from {str(path)!r}: {type(error).__name__}: {first} Fetch the file again from "
            f"{again}."
        ) from error
    if not isinstance(found, dict):
        raise ExtractionError(f"{str(path)!r} holds a {type(found).__name__}; a state dict is due. Fetch it: {again}.")
    return {name: _tensor(value) for name, value in cast(Mapping[str, Any], found).items()}


def mentions(path: Path, name: str) -> bool:
    """Whether a file of tensors speaks of this name, told from its first bytes and without torch."""
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                inside = archive.namelist()
                if f"{name}.npy" in inside:
                    return True
                written = [one for one in inside if one.rpartition("/")[2] == "data.pkl"]
                return any(name.encode() in archive.open(one).read(_NAMES_WITHIN) for one in written)
        with path.open("rb") as file:
            return name.encode() in file.read(_NAMES_WITHIN)
    except (OSError, zipfile.BadZipFile) as error:
        raise ExtractionError(f"{str(path)!r} cannot be read: {error}. Fetch it again.") from error


def _tensor(value: Any) -> Any:
    import torch

    return torch.from_numpy(value) if isinstance(value, np.ndarray) else value


def _arrays() -> list[Any]:
    """What a pickled array of numbers is made of, under the names of numpy before and since its version 2."""
    rebuilt: Any = np.zeros(1).__reduce__()[0]
    kinds = [type(np.dtype(kind)) for kind in (np.float32, np.float64)]
    places = ("numpy.core.multiarray", "numpy._core.multiarray")
    return [np.ndarray, np.dtype, *kinds, *((rebuilt, f"{place}._reconstruct") for place in places)]
