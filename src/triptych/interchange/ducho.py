"""Ducho: the folders in which it leaves its features, an array for each item, written and read.

``visual_embeddings|audio_embeddings|textual_embeddings/BACKEND/MODEL/LAYER/ITEM.npy``
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.sources.clipfile import inside
from triptych.catalogue.sources.sheet import Sheet
from triptych.errors import SourceError, UsageError
from triptych.interchange.array import ids_of, load
from triptych.interchange.held import held
from triptych.interchange.offering import Offering, digest_of
from triptych.interchange.parcel import Written, manifest_of, packing

FORMAT = "ducho"
FOLDERS: Mapping[str, str] = {
    "seeing": "visual_embeddings",
    "hearing": "audio_embeddings",
    "reading": "textual_embeddings",
}
BACKEND = "triptych"
#: Which file holds the vector of which item, beside the files of a layer.
MAPPING = "item_ids.csv"
#: Longer names are refused by file systems.
_LONGEST = 200
#: Names that Windows keeps for itself.
_KEPT = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)


def write_ducho(
    catalogue: Catalogue,
    folder: Path,
    name: str,
    *,
    features: Sequence[str] | None = None,
    item_ids: Sequence[str] | None = None,
) -> Written:
    """Write each feature into ``PANEL_embeddings/triptych/NAME/HASH``, float32 [1, d] for each item that has it.

    File names are the ids with what is not a letter, digit, - or _ as % and two hex digits; ``item_ids.csv`` beside
    them says which is whose, and why an item has none.
    """
    items = catalogue.item_ids() if item_ids is None else list(item_ids)
    found = held(catalogue, features, items)
    names = file_names(items)
    with packing(folder, name=name, kind=FORMAT) as parcel:
        told: list[dict[str, object]] = []
        for one in found:
            layer = f"{FOLDERS[one.recipe.panel]}/{BACKEND}/{one.recipe.name}/{one.recipe.hash}"
            files: list[str] = []
            for item_id, vector, there in zip(items, one.values, one.present, strict=True):
                files.append(names[item_id] if there else "")
                if there:
                    np.save(parcel.path(f"{layer}/{names[item_id]}"), vector[None, :], allow_pickle=False)
            mapping = pl.DataFrame({"item_id": items, "file": files, "reason": one.reasons})
            mapping.write_csv(parcel.path(f"{layer}/{MAPPING}"), quote_style="always")
            masked = int((~one.present).sum())
            told.append({"layer": layer, "feature": one.recipe.title, "recipe": one.recipe.to_json(), "masked": masked})
        parcel.facts.update(version=1, name=name, items=len(items), features=told)
    return Written(
        folder=str(folder),
        format=FORMAT,
        name=name,
        files=tuple(sorted(parcel.files)),
        items=len(items),
        features=tuple(one.recipe.title for one in found),
    )


def file_names(item_ids: Sequence[str]) -> dict[str, str]:
    """Item id → the name of its file, no two the same, on file systems that know no large letters either.

    >>> file_names(["tt1", "../a", "A", "a"])
    {'tt1': 'tt1.npy', '../a': '%2E%2E%2Fa.npy', 'A': 'A.npy', 'a': '%-40f89e395b66422f.npy'}
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for item_id in item_ids:
        stem = re.sub(r"[^A-Za-z0-9_-]", lambda found: "".join(f"%{b:02X}" for b in found[0].encode()), item_id)
        if stem.lower() in taken or len(stem) > _LONGEST or _KEPT.fullmatch(stem):
            stem = f"%-{hashlib.blake2b(item_id.encode(), digest_size=8).hexdigest()}"
        taken.add(stem.lower())
        names[item_id] = f"{stem}.npy"
    return names


def layers(folder: Path, panel: str = "") -> list[Path]:
    """The folders in a data set that hold ``.npy`` files themselves: it alone, or those of no other panel below."""
    found: list[Path] = []
    for place, folders, files in os.walk(folder):
        folders.sort()
        if any(name.endswith(".npy") for name in files):
            names = (folder.absolute().name, *Path(place).relative_to(folder).parts)
            if Path(place) == folder:
                return [folder]
            own = [one for one, stem in FOLDERS.items() if any(name.startswith(stem) for name in names)]
            if not panel or not own or panel in own:
                found.append(Path(place))
    return found


def offered(folder: Path, panel: str) -> Offering:
    """The vectors of the one layer that a folder holds for a panel; or give the folder of a layer itself."""
    if panel not in FOLDERS:
        raise UsageError(f"Ducho has no folder for {panel!r}; it has some for {', '.join(FOLDERS)}.")
    manifest_of(folder, FORMAT)  # half an export is refused
    found = layers(folder, panel)
    if not found:
        raise SourceError(
            f"{str(folder)!r} holds no arrays: neither a folder of Triptych's nor of MMRec's or Ducho's layout "
            f"({FOLDERS[panel]}/BACKEND/MODEL/LAYER/ITEM.npy)."
        )
    if len(found) > 1:
        told = ", ".join(str(path.relative_to(folder)) for path in found[:6])
        raise UsageError(f"{str(folder)!r} holds {len(found)} layers of {panel}: {told}. Give the folder of one.")
    return read_layer(found[0])


def read_layer(layer: Path) -> Offering:
    """The vectors of one folder of arrays ``[d]`` or ``[1, d]``. A file that is none of these is masked, with why."""
    files, absent = _files(layer)
    vectors: list[npt.NDArray[np.float64] | None] = []
    for row, name in enumerate(files.values()):
        vectors.append(None)
        if row in absent:
            continue
        try:
            path = None if "\x00" in name else inside(layer, name)
            if path is None or path.parent != Path(os.path.realpath(layer)):
                raise SourceError(f"{name[:80]!r} leaves the folder.")
            vectors[row] = _vector(load(path), name)
        except SourceError as fault:
            absent[row] = str(fault).rstrip(".")
    widths = [len(vector) for vector in vectors if vector is not None]
    if not widths:
        why = next(iter(absent.values()), "it is empty")
        raise SourceError(f"{str(layer)!r} holds no vectors: {why}.")
    width = max(set(widths), key=widths.count)
    if 2 * widths.count(width) <= len(widths):
        told = ", ".join(str(one) for one in sorted(set(widths))[:6])
        raise SourceError(f"the vectors in {str(layer)!r} are of several widths, {told}; they must be of one.")
    values = np.zeros((len(vectors), width))
    for row, vector in enumerate(vectors):
        if vector is not None and len(vector) == width:
            values[row] = vector
        elif vector is not None:
            absent[row] = f"its vector has {len(vector):,} entries, others have {width:,}"
    read = [layer / name for row, name in enumerate(files.values()) if vectors[row] is not None]
    digest = digest_of([*sorted(read), *([layer / MAPPING] if (layer / MAPPING).is_file() else [])])
    where = "/".join(layer.parts[-3:])
    notes = (f"{len(absent):,} of {len(files):,} items have no vector in {layer.name}",) if absent else ()
    return Offering(
        ids=ids_of(files), values=values, absent=absent, facts={"file": where, "digest": digest}, notes=notes
    )


def _files(layer: Path) -> tuple[dict[str, str], dict[int, str]]:
    """Item id → file, by the mapping or by the files' names; and for each row without one the reason."""
    if not (layer / MAPPING).is_file():
        names = sorted(path.name for path in layer.iterdir() if path.suffix == ".npy")
        return {name.removesuffix(".npy"): name for name in names}, {}
    sheet = Sheet.open(layer / MAPPING)
    if not {"item_id", "file"} <= set(sheet.columns):
        raise SourceError(f"{MAPPING!r} has the columns {', '.join(sheet.columns)}; it takes item_id and file.")
    frame = sheet.frame(["item_id", "file", "reason"]).fill_null("")
    files: dict[str, str] = dict(zip(frame["item_id"], frame["file"], strict=True))
    reasons: dict[str, str] = dict(zip(frame["item_id"], frame["reason"], strict=True)) if "reason" in frame else {}
    return files, {
        row: reasons.get(item_id) or "it has no file" for row, (item_id, name) in enumerate(files.items()) if not name
    }


def _vector(found: npt.NDArray[np.generic], name: str) -> npt.NDArray[np.float64]:
    flat = found.dtype.kind in "fiu" and found.ndim > 0 and found.size == found.shape[-1] > 0
    if not flat:
        raise SourceError(f"{name[:80]!r} holds {found.dtype} {found.shape}; a vector is numbers [d] or [1, d].")
    return np.array(found, np.float64).ravel()
