"""Read: which reader a file or folder of vectors needs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy.typing as npt
import polars as pl

from triptych.catalogue.sources.sheet import SUFFIXES, Sheet
from triptych.errors import SourceError, UsageError
from triptych.interchange import ducho, mmrec, vectors
from triptych.interchange.array import ids_of, load, load_all, matrix
from triptych.interchange.given.table import id_column_of, read_table
from triptych.interchange.offering import Offering, digest_of

#: What an array of ids is called in a .npz file.
_ID_ARRAYS = ("item_ids", "item_id", "ids", "id")


def read_given(
    path: Path,
    *,
    panel: str,
    columns: Sequence[str] = (),
    ids: Path | None = None,
    id_column: str = "",
    feature: str = "",
) -> Offering:
    """Vectors out of a table, a ``.npy`` or ``.npz`` file, or a folder of Triptych's own, MMRec's or Ducho's layout.

    ``panel`` tells which file of such a folder. ``columns``: of a table, or the array of a ``.npz``. ``ids``: for an
    array, the table whose row i has the id of its row i, in ``id_column``. ``feature``: which one of an export of
    Triptych that holds several.
    """
    if not path.exists():
        raise SourceError(f"there is no file or folder {str(path)!r}.")
    if path.is_dir():
        return _folder(path, panel, feature)
    suffix = path.suffix.lower()
    if suffix in (".npy", ".npz"):
        found, own = _array(path, columns)
        values = matrix(found, path.name)
        listed, facts = (own, {}) if ids is None else _listed(ids, id_column)
        if listed is None:
            raise UsageError(f"{path.name!r} holds no ids; give the table whose rows name its rows: --ids FILE")
        if len(listed) != len(values):
            raise SourceError(
                f"{path.name!r} has {len(values):,} rows, but there are {len(listed):,} ids. Row i of the one belongs "
                "to row i of the other, so they must be as many."
            )
        facts = {"file": path.name, "digest": digest_of([path, *([ids] if ids else [])]), **facts}
        return Offering(ids=listed, values=values, facts={**facts, "columns": list(columns)})
    if suffix not in SUFFIXES:
        raise SourceError(
            f"{path.name!r} is of no kind that is read here: {', '.join((*SUFFIXES, '.npy', '.npz'))}, or a folder."
        )
    if ids is not None:
        raise UsageError(f"{path.name!r} is a table and has its ids in a column; --ids is for arrays.")
    if suffix == ".parquet" and vectors.is_own(path):
        return vectors.offered(vectors.read_parquet(path), path.name, digest_of([path]), feature)
    return read_table(path, columns=columns, id_column=id_column)


def _folder(path: Path, panel: str, feature: str) -> Offering:
    if vectors.holds(path):
        return vectors.offered(vectors.read_npy(path), path.name, vectors.digest_of_folder(path), feature)
    if mmrec.holds(path):
        return mmrec.offered(path, panel)
    return ducho.offered(path, panel)


def _array(path: Path, columns: Sequence[str]) -> tuple[npt.NDArray[Any], tuple[str, ...] | None]:
    """The vectors of a file, and the ids if it has some."""
    if path.suffix.lower() == ".npy":
        return load(path), None
    arrays = load_all(path)
    named = next((name for name in _ID_ARRAYS if name in arrays), None)
    wanted = list(columns) or [name for name, found in arrays.items() if name != named and found.ndim == 2]
    if len(wanted) != 1 or wanted[0] not in arrays:
        raise UsageError(f"which array of {path.name!r}? It has {', '.join(arrays)}. Say so: --column NAME")
    if named is None:
        return arrays[wanted[0]], None
    if arrays[named].ndim != 1 or arrays[named].dtype.kind not in "iufU":
        raise SourceError(f"the ids of {path.name!r} are {arrays[named].dtype} {arrays[named].shape}, not a list.")
    return arrays[wanted[0]], ids_of(arrays[named].tolist())


def _listed(path: Path, id_column: str) -> tuple[tuple[str, ...], dict[str, str]]:
    sheet = Sheet.open(path)
    chosen = id_column_of(sheet, id_column)
    frame = sheet.frame(sheet.columns)
    blank = frame.select(pl.all_horizontal(pl.all().is_null())).to_series().to_list()
    rows = len(blank)
    while rows and blank[rows - 1]:  # blank lines at the end
        rows -= 1
    return ids_of(frame[chosen].head(rows).to_list()), {"ids": chosen, "ids_file": path.name}
