"""MMRec: a folder for its models, and such a folder read.

``NAME.inter``, tabs between ``userID itemID rating timestamp x_label`` (0 train, 1 validation, 2 test), ids from 0;
``image_feat.npy, text_feat.npy, audio_feat.npy`` [items, d], row i of itemID i; ``i_id_mapping.csv`` and
``u_id_mapping.csv``, tabs between the id and its number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.intake import Intake
from triptych.catalogue.records import Item
from triptych.catalogue.sources.clipfile import inside
from triptych.catalogue.sources.sheet import Sheet
from triptych.catalogue.sources.source import Addition
from triptych.errors import SourceError, UsageError
from triptych.interchange.array import ids_of, load, matrix
from triptych.interchange.held import Held, held
from triptych.interchange.offering import Offering, digest_of
from triptych.interchange.parcel import Parcel, Written, manifest_of, packing

FORMAT = "mmrec"
#: Panel → the stem of its file.
STEMS: Mapping[str, str] = {"seeing": "image_feat", "reading": "text_feat", "hearing": "audio_feat"}
MISSING = ("error", "zero", "mean")
_ITEMS, _USERS = "i_id_mapping.csv", "u_id_mapping.csv"


def write_mmrec(
    catalogue: Catalogue,
    folder: Path,
    name: str,
    *,
    features: Sequence[str] | None = None,
    missing: str = "zero",
    seed: int = 0,
    item_ids: Sequence[str] | None = None,
    interactions: pa.Table | None = None,
) -> Written:
    """Write a folder for a catalogue, or for the items and interactions of a selection.

    MMRec knows an item by its interactions and takes every one of them for a liking: items without any are left
    out, and so are ``skip`` and what is with items that are not among ours; of several interactions of a pair the
    last counts. ``features``: titles, one of a panel at most; all there are by default. Rows of masked features
    must be there: they are zeros, or the mean of the others, and False in ``image_feat_mask.npy``; or ``error``.
    ``x_label`` is drawn for each user, 80 : 10 : 10; the same ``seed`` draws the same.
    """
    if missing not in MISSING:
        raise UsageError(f"missing is {missing!r}; it is one of {', '.join(MISSING)}.")
    known = catalogue.item_ids() if item_ids is None else list(item_ids)
    offered = catalogue.interactions() if interactions is None else interactions
    events, notes = _pairs(pl.DataFrame(pl.from_arrow(offered)), known)
    if not events.height:
        raise UsageError("there is no interaction with an item of the catalogue; MMRec learns from nothing else.")
    acted = set(events["item_id"].unique())
    items = [item_id for item_id in known if item_id in acted]
    if cold := len(known) - len(items):
        notes.append(f"{cold:,} items without an interaction are left out")
    users = events["user_id"].unique(maintain_order=True).to_list()
    found = held(catalogue, features, items)
    panels = [one.recipe.panel for one in found]
    if len(set(panels)) < len(panels):
        titles = ", ".join(one.recipe.title for one in found)
        raise UsageError(f"MMRec has one file for a panel, and there are {titles}. Choose: --feature PANEL/NAME")
    with packing(folder, name=name, kind=FORMAT) as parcel:
        _write_events(parcel, name, events, items, users, seed)
        told = [_write_feature(parcel, one, missing) for one in found]
        _write_mapping(parcel, _ITEMS, "item_id", "itemID", items)
        _write_mapping(parcel, _USERS, "user_id", "userID", users)
        counts = {"items": len(items), "users": len(users), "interactions": events.height}
        parcel.facts.update(version=1, name=name, seed=seed, split=[0.8, 0.1, 0.1], **counts)
        parcel.facts.update(features=told, notes=notes)
    masked = [
        f"{one['masked']:,} rows of {one['file']} are {missing}s, for items without {one['feature']}"
        for one in told
        if one["masked"]
    ]
    return Written(
        folder=str(folder),
        format=FORMAT,
        name=name,
        files=tuple(sorted(parcel.files)),
        features=tuple(one.recipe.title for one in found),
        notes=(*notes, *masked),
        items=len(items),
        users=len(users),
        interactions=events.height,
    )


def split(users: npt.NDArray[np.int64], seed: int) -> npt.NDArray[np.int8]:
    """``x_label`` int8 ``[n]`` of the events of these users: of each user 8 in 10 are 0, one 1, one 2, at random.

    The k-th of a user's n events in drawn order (from 0) is 0 while (k + ½)/n < .8, 1 while it is < .9, else 2.

    >>> np.bincount(split(np.zeros(20, np.int64), seed=3)).tolist()
    [16, 2, 2]
    """
    order = np.lexsort((np.random.default_rng(seed).random(len(users)), users))
    sorted_users = users[order]
    starts = np.flatnonzero(np.r_[True, sorted_users[1:] != sorted_users[:-1]]) if len(users) else np.zeros(0, int)
    sizes = np.diff(np.r_[starts, len(users)])
    k, n = np.arange(len(users)) - np.repeat(starts, sizes), np.repeat(sizes, sizes)
    labels = np.zeros(len(users), np.int8)
    # In whole numbers: .8 n is none.
    labels[order] = (10 * k + 5 >= 8 * n).astype(np.int8) + (10 * k + 5 >= 9 * n)
    return labels


@dataclass(frozen=True, kw_only=True)
class MMRec:
    """A source: the interactions of a folder, and its items, of which it knows nothing but the id."""

    path: Path
    scale: tuple[float, float] | None = None

    def read(self, folder: Path) -> Addition:
        events = _events_file(self.path)
        intake = Intake(name=events.name, scale=self.scale)
        unused: set[str] = set()
        items, users = _mapping(self.path, _ITEMS, "itemid"), _mapping(self.path, _USERS, "userid")
        for sheet in Sheet.blocks(events, separator="\t"):
            if not {"userid", "itemid"} <= set(sheet.columns):
                raise SourceError(f"{events.name!r} has no userID and itemID; it has {', '.join(sheet.columns)}.")
            frame = sheet.frame(["userid", "itemid", "rating", "timestamp"])
            frame = frame.rename({"userid": "user_id", "itemid": "item_id"})
            if items is not None:
                frame = frame.with_columns(pl.col("item_id").replace_strict(items, default=None))
            if users is not None:
                frame = frame.with_columns(pl.col("user_id").replace_strict(users, default=None))
            intake.take(frame)
            unused |= set(sheet.columns) - {"userid", "itemid", "rating", "timestamp"}
        table, refused = intake.table()
        seen = list(items.values()) if items is not None else table["item_id"].unique().to_pylist()
        named = [str(item_id) for item_id in seen if item_id]
        return Addition(
            items=[Item(item_id=item_id) for item_id in dict.fromkeys(named)],
            interactions=table,
            refused=tuple(refused),
            unused_columns=tuple(sorted(unused)),
            bare=frozenset(named),
        )


def holds(folder: Path) -> bool:
    """Whether a folder has a feature file of MMRec's."""
    return any((folder / f"{stem}.npy").is_file() for stem in STEMS.values())


def offered(folder: Path, panel: str) -> Offering:
    """The vectors of one panel; the ids are those of the mapping, or the numbers where there is none."""
    if panel not in STEMS:
        raise UsageError(f"MMRec has no file for {panel!r}; it has some for {', '.join(STEMS)}.")
    path, mask_path = _own(folder, f"{STEMS[panel]}.npy"), folder / f"{STEMS[panel]}_mask.npy"
    if not path.is_file():
        raise SourceError(f"{str(folder)!r} has no {path.name}, where MMRec keeps what is of {panel}.")
    values = matrix(load(path), path.name)
    names = _mapping(folder, _ITEMS, "itemid")
    numbers = [str(row) for row in range(len(values))]
    if names is not None and len(names) != len(values):
        raise SourceError(f"{path.name} has {len(values):,} rows, but {_ITEMS} names {len(names):,} items.")
    ids = numbers if names is None else [names.get(number, "") for number in numbers]
    absent: dict[int, str] = {}
    files = [path, *([folder / _ITEMS] if names is not None else [])]
    if manifest_of(folder, FORMAT) is not None and mask_path.is_file():
        mask = np.array(load(_own(folder, mask_path.name)))
        if mask.dtype != np.bool_ or mask.shape != (len(values),):
            raise SourceError(f"{mask_path.name} is {mask.dtype} {mask.shape}; {path.name} needs bool [{len(values)}].")
        absent = {int(row): "it was masked there" for row in np.flatnonzero(~mask)}
        files.append(mask_path)
    facts = {"file": f"{folder.name}/{path.name}", "digest": digest_of(files)}
    return Offering(ids=ids_of(ids), values=values, absent=absent, facts=facts)


def _pairs(events: pl.DataFrame, known: Sequence[str]) -> tuple[pl.DataFrame, list[str]]:
    """Columns ``user_id, item_id, value, timestamp``, each pair once, ordered by user and item."""
    notes: list[str] = []

    def told(before: int, after: int, what: str) -> None:
        if lost := before - after:
            notes.append(f"{lost:,} interactions {what} are left out")

    events = events.with_columns(pl.col("user_id", "item_id", "kind").cast(pl.String))  # from a dictionary, perhaps
    ours = events.filter(pl.col("item_id").is_in(known))
    told(events.height, ours.height, "with items that are not in the catalogue")
    liked = ours.filter(pl.col("kind") != "skip")
    told(ours.height, liked.height, "of the kind skip")
    ordered = liked.sort("user_id", "item_id", "timestamp", "kind", nulls_last=False)
    once = ordered.unique(["user_id", "item_id"], keep="last", maintain_order=True)
    told(liked.height, once.height, "of a pair that has a later one")
    return once.drop("kind"), notes


def _write_events(
    parcel: Parcel, name: str, events: pl.DataFrame, items: list[str], users: list[str], seed: int
) -> None:
    numbers = {
        "userID": events["user_id"].replace_strict(users, range(len(users)), return_dtype=pl.Int64),
        "itemID": events["item_id"].replace_strict(items, range(len(items)), return_dtype=pl.Int64),
        "rating": events["value"],
        "timestamp": events["timestamp"],
    }
    frame = pl.DataFrame(numbers)
    frame = frame.with_columns(pl.Series("x_label", split(frame["userID"].to_numpy(), seed)))
    with parcel.path(f"{name}.inter").open("wb") as handle:
        frame.write_csv(handle, separator="\t")


def _write_feature(parcel: Parcel, one: Held, missing: str) -> dict[str, Any]:
    stem, present = STEMS[one.recipe.panel], one.present
    masked = int((~present).sum())
    if not present.any():
        raise UsageError(f"{one.recipe.title} is masked for every item that would be written.")
    if masked and missing == "error":
        such = one.item_ids[int(np.argmin(present))]
        raise UsageError(f"{one.recipe.title} is masked for {masked:,} items, such as {such!r}. Write zero or mean.")
    values = one.values.copy()
    values[~present] = values[present].mean(axis=0, dtype=np.float64) if missing == "mean" else 0
    np.save(parcel.path(f"{stem}.npy"), values, allow_pickle=False)
    np.save(parcel.path(f"{stem}_mask.npy"), present, allow_pickle=False)
    return {
        "file": f"{stem}.npy",
        "feature": one.recipe.title,
        "recipe": one.recipe.to_json(),
        "masked": masked,
        "missing": missing,
    }


def _write_mapping(parcel: Parcel, name: str, ids: str, number: str, texts: Sequence[str]) -> None:
    frame = pl.DataFrame({ids: texts, number: range(len(texts))}, {ids: pl.String, number: pl.Int64})
    with parcel.path(name).open("wb") as handle:
        frame.write_csv(handle, separator="\t", quote_style="non_numeric")


def _mapping(folder: Path, name: str, number: str) -> dict[str, str] | None:
    """Number → id, or None where the folder has no such file."""
    if not (folder / name).is_file():
        return None
    for sheet in Sheet.blocks(_own(folder, name), separator="\t", block_bytes=None):
        others = [column for column in sheet.columns if column != number]
        if number not in sheet.columns or not others:
            raise SourceError(f"{name!r} has the columns {', '.join(sheet.columns)}; it takes an id and {number}.")
        frame = sheet.frame([number, others[0]])
        return dict(zip(ids_of(frame[number].to_list()), ids_of(frame[others[0]].to_list()), strict=True))
    return None


def _events_file(folder: Path) -> Path:
    found = sorted(path.name for path in folder.glob("*.inter")) if folder.is_dir() else []
    if len(found) != 1:
        raise SourceError(f"{str(folder)!r} holds {', '.join(found) or 'no file .inter'}; a folder of MMRec has one.")
    return _own(folder, found[0])


def _own(folder: Path, name: str) -> Path:
    path = inside(folder, name)
    if path is None:
        raise SourceError(f"{name!r} in {str(folder)!r} is a link that leads out of the folder. Copy it there.")
    return path
