"""Vectors: features as files of Triptych's own: one Parquet file, or an array and a mask for each, read back exactly.

``NAME.parquet``: ``item_id, panel, name, recipe, presence, reason, vector``, a row for each item and feature.

Arrays: ``PANEL-NAME.npy`` float32 [n, d], ``PANEL-NAME.mask.npy`` bool [n], ``PANEL-NAME.masked.csv`` with the reason
of every masked row, and ``item_ids.csv``, whose row i names row i of all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.sources.clipfile import inside
from triptych.catalogue.sources.sheet import Sheet
from triptych.errors import SourceError, TriptychError, UnknownName, UsageError
from triptych.features.feature import Presence
from triptych.features.recipe import Recipe
from triptych.interchange.array import load
from triptych.interchange.held import Held, held
from triptych.interchange.offering import Offering, digest_of
from triptych.interchange.parcel import Written, manifest_of, packing

PARQUET, NPY = "parquet", "npy"
SCHEMA = pa.schema(
    [
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("panel", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("recipe", pa.string(), nullable=False),
        pa.field("presence", pa.string(), nullable=False),
        pa.field("reason", pa.string()),
        pa.field("vector", pa.list_(pa.float32())),
    ]
)


def write_parquet(
    catalogue: Catalogue,
    folder: Path,
    name: str,
    *,
    features: Sequence[str] | None = None,
    item_ids: Sequence[str] | None = None,
) -> Written:
    """All features, or those of the given titles, in one file; what is masked has no vector and its reason."""
    items = catalogue.item_ids() if item_ids is None else list(item_ids)
    found = held(catalogue, features, items)
    with packing(folder, name=name, kind=PARQUET) as parcel:
        with pq.ParquetWriter(parcel.path(f"{name}.parquet"), SCHEMA) as writer:
            for one in found:
                writer.write_table(_rows(one))
        parcel.facts.update(version=1, name=name, items=len(items), features=[_told(one) for one in found])
    return _written(folder, PARQUET, name, parcel.files, items, found)


def write_npy(
    catalogue: Catalogue,
    folder: Path,
    name: str,
    *,
    features: Sequence[str] | None = None,
    item_ids: Sequence[str] | None = None,
) -> Written:
    """An array for each feature. Masked rows are zeros, and False in the mask."""
    items = catalogue.item_ids() if item_ids is None else list(item_ids)
    found = held(catalogue, features, items)
    if len({_stem(one.recipe) for one in found}) < len(found):
        raise UsageError("two of the features have one name; write those of several recipes into several folders.")
    with packing(folder, name=name, kind=NPY) as parcel:
        ids = pl.DataFrame({"item_id": items}, {"item_id": pl.String})
        ids.write_csv(parcel.path("item_ids.csv"), quote_style="always")
        for one in found:
            stem = _stem(one.recipe)
            np.save(parcel.path(f"{stem}.npy"), one.values, allow_pickle=False)
            np.save(parcel.path(f"{stem}.mask.npy"), one.present, allow_pickle=False)
            masked = pl.DataFrame({"item_id": one.item_ids, "presence": one.presence, "reason": one.reasons})
            masked.filter(~one.present).write_csv(parcel.path(f"{stem}.masked.csv"), quote_style="always")
        parcel.facts.update(version=1, name=name, items=len(items), features=[_told(one) for one in found])
    return _written(folder, NPY, name, parcel.files, items, found)


def is_own(path: Path) -> bool:
    """Whether a Parquet file has the columns of an export."""
    try:
        with path.open("rb") as handle:
            return set(SCHEMA.names) <= set(pq.read_schema(handle).names)
    except (OSError, pa.ArrowException):
        return False


def read_parquet(path: Path) -> list[Held]:
    """The features of a file that :func:`write_parquet` wrote."""
    try:
        with path.open("rb") as handle:
            table = pq.read_table(handle, columns=SCHEMA.names).cast(SCHEMA)
    except (OSError, pa.ArrowException, ValueError) as fault:
        raise SourceError(f"{path.name!r} cannot be read as features: {fault}.") from fault
    frame = pl.DataFrame(pl.from_arrow(table))
    found: list[Held] = []
    for part in frame.partition_by("recipe", maintain_order=True):
        recipe = _recipe(part["recipe"][0], path.name)
        there = part["presence"] == Presence.PRESENT.value
        vectors = part["vector"].filter(there)
        widths = vectors.list.len().unique().to_list()
        if len(widths) > 1 or vectors.null_count() or 0 in widths:
            raise SourceError(f"{recipe.title} in {path.name!r} holds vectors of several widths, or empty ones.")
        width: int = widths[0] if widths else 0
        values = np.zeros((part.height, width), np.float32)
        if width:
            values[there.to_numpy()] = vectors.explode().fill_null(float("nan")).to_numpy().reshape(-1, width)
        found.append(
            Held(
                recipe=recipe,
                item_ids=tuple(part["item_id"]),
                values=values,
                presence=tuple(part["presence"]),
                reasons=tuple(part["reason"].fill_null("")),
            )
        )
    return found


def holds(folder: Path) -> bool:
    """Whether a folder is an export of arrays."""
    return manifest_of(folder, NPY) is not None


def read_npy(folder: Path) -> list[Held]:
    """The features of a folder that :func:`write_npy` wrote."""
    told = manifest_of(folder, NPY)
    if told is None:
        raise SourceError(f"{str(folder)!r} is no export of arrays: no manifest in it says so.")
    item_ids = tuple(_texts(folder, "item_ids.csv", "item_id")[0])
    return [_read(folder, item_ids, _recipe(part, folder.name)) for part in _recipes(told)]


def digest_of_folder(folder: Path) -> str:
    """Over the files that the manifest names, in its order."""
    names: list[Any] = (manifest_of(folder, NPY) or {}).get("files", [])
    return digest_of(_own(folder, name) for name in names if not str(name).endswith(".json"))


def offered(found: Sequence[Held], name: str, digest: str, feature: str) -> Offering:
    """One feature of an export as vectors that somebody measured."""
    titles = [one.recipe.title for one in found]
    if feature and feature not in titles:
        raise UnknownName(f"feature in {name}", feature, titles)
    chosen = [one for one in found if not feature or one.recipe.title == feature]
    if len(chosen) != 1:
        raise UsageError(f"{name!r} holds {', '.join(titles) or 'no feature'}. Say which: --feature PANEL/NAME")
    (one,) = chosen
    if not one.present.any():
        raise SourceError(f"{one.recipe.title} in {name!r} is masked for all its items.")
    return Offering(
        ids=one.item_ids,
        values=one.values,
        absent={int(row): one.reasons[row] or "it was masked there" for row in np.flatnonzero(~one.present)},
        facts={"file": name, "digest": digest, "recipe": one.recipe.to_json()},
    )


def _read(folder: Path, item_ids: tuple[str, ...], recipe: Recipe) -> Held:
    stem = _stem(recipe)
    values, mask = load(_own(folder, f"{stem}.npy")), np.array(load(_own(folder, f"{stem}.mask.npy")))
    if values.dtype != np.float32 or mask.dtype != np.bool_ or mask.shape != (len(item_ids),):
        raise SourceError(f"{stem}.npy, its mask and item_ids.csv in {str(folder)!r} do not belong together.")
    why = dict(zip(*_texts(folder, f"{stem}.masked.csv", "item_id", "reason"), strict=True))
    how = dict(zip(*_texts(folder, f"{stem}.masked.csv", "item_id", "presence"), strict=True))
    there = Presence.PRESENT.value
    return Held(
        recipe=recipe,
        item_ids=item_ids,
        values=np.array(values),
        presence=tuple(
            there if seen else how.get(item_id, Presence.MISSING.value)
            for item_id, seen in zip(item_ids, mask, strict=True)
        ),
        reasons=tuple("" if seen else why.get(item_id, "") for item_id, seen in zip(item_ids, mask, strict=True)),
    )


def _texts(folder: Path, name: str, *columns: str) -> list[list[str]]:
    sheet = Sheet.open(_own(folder, name))
    if missing := sorted(set(columns) - set(sheet.columns)):
        raise SourceError(f"{name!r} in {str(folder)!r} has no column {missing[0]}.")
    frame = sheet.frame(columns)
    return [frame[column].fill_null("").to_list() for column in columns]


def _rows(one: Held) -> pa.Table:
    count = len(one.item_ids)
    lengths = np.where(one.present, one.values.shape[1], 0)
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())
    flat = pa.array(one.values[one.present].ravel(), pa.float32())
    vectors: Any = pa.ListArray.from_arrays(offsets, flat, mask=pa.array(~one.present))
    columns = [
        pa.array(one.item_ids, pa.string()),
        *(pa.repeat(text, count) for text in (one.recipe.panel, one.recipe.name, one.recipe.to_json())),
        pa.array(one.presence, pa.string()),
        pa.array(one.reasons, pa.string()),
        vectors,
    ]
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def _stem(recipe: Recipe) -> str:
    return f"{recipe.panel}-{recipe.name}"


def _told(one: Held) -> dict[str, Any]:
    return {"feature": one.recipe.title, "recipe": one.recipe.to_json(), "masked": int((~one.present).sum())}


def _written(
    folder: Path, kind: str, name: str, files: Sequence[str], items: Sequence[str], found: Sequence[Held]
) -> Written:
    titles = tuple(one.recipe.title for one in found)
    return Written(
        folder=str(folder), format=kind, name=name, files=tuple(sorted(files)), items=len(items), features=titles
    )


def _recipes(told: dict[str, Any]) -> list[Any]:
    parts: Any = told.get("features")
    if not isinstance(parts, list):
        return []
    return [cast("dict[str, Any]", part).get("recipe") for part in cast("list[Any]", parts) if isinstance(part, dict)]


def _recipe(text: Any, where: str) -> Recipe:
    try:
        return Recipe.from_json(text)
    except (ValueError, LookupError, TypeError, RecursionError, TriptychError) as fault:
        raise SourceError(f"{where!r} names a recipe that is none: {str(text)[:60]!r}.") from fault


def _own(folder: Path, name: Any) -> Path:
    path = inside(folder, str(name))
    if path is None or not path.is_file():
        raise SourceError(f"{str(name)[:80]!r} is not a file within {str(folder)!r}.")
    return path
