"""Recording: how a record becomes a folder of files, and such a folder a record again."""

from __future__ import annotations

import json
import shutil
import stat
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from triptych.catalogue.history import UNTIMED, History
from triptych.catalogue.interactions import codes
from triptych.errors import SourceError, UsageError
from triptych.evaluate.record import (
    DISJOINT,
    TABLES,
    UNITS,
    Choice,
    Fit,
    Judged,
    Record,
    Terms,
    hash_of,
    one_of,
    with_columns,
)
from triptych.evaluate.split import SIDES, Split

RUN = "run.json"
#: A longer run.json is no record: one with every trial of a thousand models has a hundredth of it.
LONGEST = 64 * 2**20
FORMAT = "triptych-run/1"


def write(record: Record, folder: Path) -> None:
    """Write a record in a draft beside ``folder`` and rename it into place."""
    if folder.exists() and not (folder / RUN).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{str(folder)!r} holds something that is no record. Give a new folder.")
    draft = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}")
    old = draft.with_name(f"{draft.name}.old")
    try:
        draft.mkdir(parents=True)
        for name, table in _tables(record).items():
            pq.write_table(table, draft / f"{name}.parquet", compression="zstd")
        body = json.dumps(_body(record), ensure_ascii=False, indent=1, allow_nan=False)
        (draft / RUN).write_text(body + "\n", encoding="utf-8")
        if folder.exists():
            folder.rename(old)
        draft.rename(folder)
    except OSError as fault:
        raise UsageError(f"{str(folder)!r} cannot be written: {fault.strerror or fault}.") from fault
    finally:
        if old.exists() and not folder.exists():
            with suppress(OSError):  # the error that is on its way says what went wrong
                old.rename(folder)
        for leftover in (draft, old):
            shutil.rmtree(leftover, ignore_errors=True)


def read(folder: Path) -> Record:
    """What stands in a folder; SourceError, in a sentence, for what is no record or not as it should be."""
    path = folder / RUN
    if not _own(path):
        raise SourceError(f"{str(folder)!r} holds no {RUN}, so that it is no record of an experiment.")
    try:
        if path.stat().st_size > LONGEST:
            raise SourceError(f"{str(path)!r} is longer than {LONGEST >> 20} MiB, which no record is.")
        body = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as fault:
        raise SourceError(f"{str(path)!r} cannot be read: {fault}.") from fault
    try:
        return _record(folder, _object(body, "it"))
    except (OSError, pa.ArrowException) as fault:  # before ValueError, which some of Arrow's are
        raise SourceError(f"a table of the record {str(folder)!r} cannot be read: {str(fault).rstrip('.')}.") from fault
    except (UsageError, ValueError, TypeError, OverflowError) as fault:
        raise SourceError(f"the record {str(folder)!r} is not as it should be: {str(fault).rstrip('.')}.") from fault


def _body(record: Record) -> dict[str, Any]:
    """What run.json says. What the record is silent of is left out."""
    body: dict[str, Any] = {"format": FORMAT, "name": record.name}
    if record.protocol is not None:
        told = record.protocol
        among = told.candidates if isinstance(told.candidates, str) else {"sampled": told.candidates}
        body["protocol"] = {
            "kind": told.kind,
            "candidates": among,
            "like": told.like,
            "cutoffs": list(told.cutoffs),
        }
    if record.split is not None:
        split = record.split
        body["split"] = {
            "name": split.name,
            "params": dict(split.params),
            "disjoint": list(split.disjoint),
            "by_time": split.by_time,
        }
    if record.fits is not None:
        body["fits"] = [{"name": fit.name, "kind": fit.kind, "learned_from": fit.unit} for fit in record.fits]
    if record.choices is not None:
        body["choices"] = [_choice(choice) for choice in record.choices]
    if record.judged is not None:
        body["judged"] = {"expected": dict(record.judged.expected), "evaluated": dict(record.judged.evaluated)}
    if record.pairs is not None:
        body["pairs_of"] = record.pairs_of
    digest = record.data_hash or (hash_of(record.split.history) if record.split is not None else "")
    return {
        **body,
        "versions": dict(record.versions),
        "seeds": dict(record.seeds),
        "wall_s": record.wall_s,
        "data_hash": digest,
    }


def _choice(choice: Choice) -> dict[str, Any]:
    return {
        "model": choice.model,
        "role": choice.role,
        "what": choice.what,
        "grid": {name: list(values) for name, values in choice.grid.items()},
        "ordered": choice.ordered,
        "limits": {name: list(ends) for name, ends in choice.limits.items()},
        "chosen": dict(choice.chosen),
        "chosen_on": choice.chosen_on,
        "trials": choice.trials,
        "budget": choice.budget,
        "seconds": choice.seconds,
    }


def _tables(record: Record) -> dict[str, pa.Table]:
    tables: dict[str, pa.Table] = {}
    if record.split is not None:
        names = {number: name for name, number in SIDES.items()}
        sides = _encoded(record.split.side.astype(np.int32) - min(names), [names[k] for k in sorted(names)])
        columns = {**_ids(record.split.history), **_facts(record.split.history, record.valued), "side": sides}
        tables["interactions"] = pa.table(columns)
    if record.fits:
        tables["fits"] = pa.concat_tables([_fit(fit) for fit in record.fits]).combine_chunks()
    if record.judged is not None and record.judged.rows is not None:
        tables["judged"] = pa.table(_ids(record.judged.rows))
    for name in TABLES:
        table: pa.Table | None = getattr(record, name)
        if table is not None:
            tables[name] = table
    return tables


def _fit(fit: Fit) -> pa.Table:
    """One row for each thing that it learned from."""
    ids: dict[str, Any]
    if isinstance(fit.learned_from, History):
        ids = {name: column.cast(pa.string()) for name, column in _ids(fit.learned_from).items()}
        count = len(fit.learned_from)
    else:
        count = len(fit.learned_from)
        given, absent = pa.array(fit.learned_from, pa.string()), pa.nulls(count, pa.string())
        ids = {"user_id": absent, "item_id": given} if fit.unit == "items" else {"user_id": given, "item_id": absent}
    return pa.table({"fit": pa.array([fit.name] * count, pa.string()), **ids})


def _ids(history: History) -> dict[str, Any]:
    return {
        "user_id": _encoded(history.users, history.user_ids),
        "item_id": _encoded(history.items, history.item_ids),
    }


def _facts(history: History, valued: bool) -> dict[str, Any]:
    times = {"timestamp": pa.array(history.times, mask=history.times == UNTIMED)}
    return {"value": pa.array(history.values), **times} if valued else times


def _encoded(places: npt.NDArray[np.int32], names: Sequence[str]) -> Any:
    indices = cast("Any", pa.array(places, pa.int32()))
    return cast("Any", pa.DictionaryArray.from_arrays(indices, pa.array(names, pa.string())))


def _record(folder: Path, body: Mapping[str, Any]) -> Record:
    if body.get("format", FORMAT) != FORMAT:
        raise UsageError(f"its format is {body['format']!r}, and what is read here is {FORMAT!r}")
    tables = {name: _table(folder, name) for name in ("interactions", "fits", "judged", *TABLES)}
    judged = _object(body["judged"], "judged") if "judged" in body else None
    rows = history_of(tables["judged"], "the judged rows") if tables["judged"] is not None else None
    split, valued = _split(tables["interactions"], body)
    return Record(
        name=str(body.get("name") or folder.name),
        split=split,
        valued=valued,
        protocol=_terms(_object(body["protocol"], "protocol")) if body.get("protocol") else None,
        fits=_fits(_objects(body["fits"], "fits"), tables["fits"]) if "fits" in body else None,
        choices=[_chosen(each) for each in _objects(body["choices"], "choices")] if "choices" in body else None,
        judged=None if judged is None and rows is None else _judged(judged or {}, rows),
        pairs=tables["pairs"],
        pairs_of=str(body.get("pairs_of", "items")),
        lists=tables["lists"],
        predictions=tables["predictions"],
        candidates=tables["candidates"],
        versions=_object(body.get("versions", {}), "versions"),
        seeds=_object(body.get("seeds", {}), "seeds"),
        wall_s=body.get("wall_s"),
        data_hash=str(body.get("data_hash", "")),
    )


def _terms(body: Mapping[str, Any]) -> Terms:
    among: Any = body.get("candidates") or ""
    if isinstance(among, dict):
        among = cast("dict[str, Any]", among).get("sampled")
    like = body.get("like")
    return Terms(
        kind=str(body.get("kind", "")),
        candidates=among,
        like=None if like is None else float(like),
        cutoffs=tuple(int(cutoff) for cutoff in body.get("cutoffs", ())),
    )


def _chosen(body: Mapping[str, Any]) -> Choice:
    unknown = sorted({*body} - {*Choice.__dataclass_fields__})
    if unknown:
        raise UsageError(f"a choice tells {unknown[0]!r}, which is none of {', '.join(Choice.__dataclass_fields__)}")
    if missing := sorted({"model", "role", "grid", "chosen"} - {*body}):
        raise UsageError(f"a choice does not tell its {' and '.join(missing)}")
    limits = {name: tuple(ends) for name, ends in _object(body.get("limits", {}), "limits").items()}
    told = {"chosen_on": "", **body, "limits": limits}
    return Choice(**cast("dict[str, Any]", told))


def _judged(body: Mapping[str, Any], rows: History | None) -> Judged:
    return Judged(
        expected=_object(body.get("expected", {}), "expected"),
        evaluated=_object(body.get("evaluated", {}), "evaluated"),
        rows=rows,
    )


def _fits(told: Sequence[Mapping[str, Any]], table: pa.Table | None) -> list[Fit]:
    fits: list[Fit] = []
    parts: dict[str, pa.Table] = {}
    if table is not None:
        with_columns(table, ("fit",), ("user_id", "item_id"), "the fits")
        names, which = column_codes(table, "fit")
        ordered = table.take(np.argsort(names, kind="stable"))
        counts = np.bincount(names, minlength=len(which))
        starts = np.cumsum(counts) - counts
        parts = {name: ordered.slice(starts[k], counts[k]) for k, name in enumerate(which)}
    for each in told:
        name, unit = str(each.get("name", "")), str(each.get("learned_from", "items"))
        if name not in parts:
            raise UsageError(f"fits.parquet does not tell what the fit {name!r} learned from")
        mine = parts[name]
        one_of(unit, UNITS, f"what the fit {name!r} learned from")
        columns = {"items": ("item_id",), "users": ("user_id",)}.get(unit, ("user_id", "item_id"))
        with_columns(mine, columns, (), f"the rows of the fit {name!r}")
        learned: Any
        if unit == "interactions":
            learned = history_of(mine, f"the fit {name!r}")
        else:
            learned = _text(mine[columns[0]], f"the fit {name!r} learned from {unit}, and a row has none").to_pylist()
        fits.append(Fit(name=name, kind=str(each.get("kind", "")), unit=unit, learned_from=learned))
    return fits


def _split(table: pa.Table | None, body: Mapping[str, Any]) -> tuple[Split | None, bool]:
    """The split, and whether its interactions have values."""
    if table is None:
        return None, True
    told = _object(body.get("split", {}), "split")
    with_columns(table, ("user_id", "item_id", "side"), (), "the interactions")
    sides, names = codes(_text(table["side"], "an interaction has no side"))
    for name in names:
        one_of(name, list(SIDES), "the side of an interaction")
    disjoint = tuple(told.get("disjoint", ("pairs",)))
    for name in disjoint:
        one_of(name, DISJOINT, "what is declared disjoint")
    by_time = str(told.get("by_time", ""))
    one_of(by_time, ("", "user", "all"), "by_time")
    return Split(
        history=history_of(table, "the interactions"),
        side=np.array([SIDES[name] for name in names], np.int8)[sides] if len(sides) else np.zeros(0, np.int8),
        name=str(told.get("name", "")),
        params=_object(told.get("params", {}), "params"),
        disjoint=disjoint,
        by_time=by_time,
    ), "value" in table.column_names


def history_of(table: pa.Table, what: str) -> History:
    """Rows of pairs, as they stand. A pair may stand twice here: that it does is for the audit to find."""
    with_columns(table, ("user_id", "item_id"), (), what)
    users, user_ids = codes(_text(table["user_id"], f"{what}: a row has no user"))
    items, item_ids = codes(_text(table["item_id"], f"{what}: a row has no item"))
    values = np.ones(len(users), np.float32)
    if "value" in table.column_names:
        values = numbers_of(table["value"]).astype(np.float32)
    times = np.full(len(users), UNTIMED, np.int64)
    if "timestamp" in table.column_names:
        seconds = _seconds(table["timestamp"], what)
        known = np.isfinite(seconds) & (seconds >= 0)
        times[known] = seconds[known].astype(np.int64)
    return History(
        user_ids=tuple(user_ids),
        item_ids=tuple(item_ids),
        users=users,
        items=items,
        values=values,
        times=times,
    )


def column_codes(table: pa.Table, name: str) -> tuple[npt.NDArray[np.int32], list[str]]:
    """int32 ``[n]`` of a column of ids of whatever type, and the text that each number from 0 on stands for."""
    return codes(_text(table[name], f"{name} is missing in some rows"))


def _text(column: Any, if_absent: str) -> Any:
    """A column of ids as text, of whatever type it is; UsageError for one with gaps."""
    if column.null_count:
        raise UsageError(f"{if_absent} ({column.null_count} of {len(column)})")
    try:
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if pa.types.is_floating(column.type):  # as pandas has whole numbers once a row had none
            column = column.cast(pa.int64())
        return column.cast(pa.string())
    except pa.ArrowException as fault:
        raise UsageError(f"ids are text or whole numbers, and a column of {column.type} holds others") from fault


def numbers_of(column: Any) -> npt.NDArray[np.float64]:
    """A column of numbers; NaN where it has gaps."""
    try:
        return np.asarray(column.cast(pa.float64()).fill_null(np.nan).to_numpy())
    except pa.ArrowException as fault:
        raise UsageError(f"a column of {column.type} stands where numbers should") from fault


def _seconds(column: Any, what: str) -> npt.NDArray[np.float64]:
    """Seconds since 1970, NaN where unknown. UsageError where whole ones would be nearly all the same: a share of the
    whole span, or days, and then nothing would be later than anything."""
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("s", column.type.tz), safe=False).cast(pa.int64())
    seconds = numbers_of(column)
    parts = seconds[np.isfinite(seconds)]
    whole = np.floor(parts)
    if (parts != whole).any() and 2 * len(np.unique(whole)) < len(np.unique(parts)):
        raise UsageError(f"{what}: timestamps go from {parts.min():g} to {parts.max():g}; give seconds since 1970")
    return seconds


def _table(folder: Path, name: str) -> pa.Table | None:
    path = folder / f"{name}.parquet"
    # What the names of the folders above may say of partitions is no column of a record.
    return pq.read_table(path, partitioning=None) if _own(path) else None


def _own(path: Path) -> bool:
    """Whether a file is there. SourceError for what is none, or stands elsewhere: a record may come from anybody."""
    try:
        kind = path.lstat().st_mode
    except FileNotFoundError:
        return False
    except OSError as fault:
        raise SourceError(f"{str(path)!r} cannot be read: {fault.strerror or fault}.") from fault
    if not stat.S_ISREG(kind):
        what = "a link" if stat.S_ISLNK(kind) else "no file"
        raise SourceError(f"{str(path)!r} is {what}; a record holds its files itself. Put a copy there.")
    return True


def _object(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UsageError(f"{name} is no JSON object")
    return cast("dict[str, Any]", value)


def _objects(value: Any, name: str) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        raise UsageError(f"{name} is no JSON list")
    return [_object(each, f"one of {name}") for each in cast("list[Any]", value)]
