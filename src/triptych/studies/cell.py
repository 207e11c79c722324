"""Cell: one row of a study on one fold, computed once and kept; a run that was killed goes on at the next cell."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from triptych.errors import SourceError
from triptych.evaluate.measured import Measured
from triptych.studies.draft import replaced

#: Changes when the same settings would give other numbers; what was computed before is then not taken.
VERSION = 2
CURE = "What was computed before stands; free some space, or make the folder writable, and run the study again."


@dataclass(frozen=True, kw_only=True)
class Key:
    """What decides the numbers of a cell. ``row``: the digest of a variant, or the name of a control.

    ``data``: the digest of the ratings and features; ``scope``: which items, "" for all; ``protocol``: its settings.
    """

    data: str
    scope: str
    protocol: Mapping[str, Any]
    fold: int
    row: str
    seed: int

    @property
    def name(self) -> str:
        """16 hex digits: the name of its file."""
        told = {
            "version": VERSION,
            "data": self.data,
            "scope": self.scope,
            "protocol": dict(self.protocol),
            "fold": self.fold,
            "row": self.row,
            "seed": self.seed,
        }
        return hashlib.blake2b(json.dumps(told, sort_keys=True).encode(), digest_size=8).hexdigest()


@dataclass(frozen=True, kw_only=True, eq=False)
class Cell:
    """``measured``: row of the protocol ("cold", or "" where it has one alone) → values of each user or item.

    ``facts``: what else is worth telling, as JSON has it: what was learned from what, what was tuned and how, widths.
    ``nothing``: why there is nothing to measure, if so; ``measured`` is then empty.
    """

    measured: Mapping[str, Measured]
    seconds: float
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    nothing: str = ""

    def write(self, folder: Path, name: str) -> None:
        """The table first and the JSON last: whoever finds the JSON finds the cell whole."""
        tables: dict[str, dict[str, Any]] = {}
        for row, measured in self.measured.items():
            file = f"{name}{f'.{row}' if row else ''}.parquet"
            columns: dict[str, Any] = {"id": pa.array(measured.ids, pa.string())}
            columns |= {metric: pa.array(values, pa.float64()) for metric, values in measured.values.items()}
            table = pa.table(columns)
            replaced(folder / file, partial(pq.write_table, table), cure=CURE)
            tables[row] = {
                "file": file,
                "name": measured.name,
                "unit": measured.unit,
                "whole": {metric: value for metric, value in measured.whole.items() if np.isfinite(value)},
            }
        body = {"seconds": self.seconds, "nothing": self.nothing, "facts": dict(self.facts), "tables": tables}
        text = json.dumps(body, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
        replaced(folder / f"{name}.json", lambda path: path.write_text(text, encoding="utf-8"), cure=CURE)

    @classmethod
    def read(cls, folder: Path, name: str) -> Cell | None:
        """None where it was not computed yet. SourceError for one that someone has damaged."""
        path = folder / f"{name}.json"
        if not path.is_file():
            return None
        try:
            body: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            measured = {row: _measured(folder, told) for row, told in body["tables"].items()}
            return cls(measured=measured, seconds=body["seconds"], facts=body["facts"], nothing=body["nothing"])
        except (OSError, ValueError, LookupError, TypeError, pa.ArrowException) as fault:
            raise SourceError(
                f"{str(path)!r} is no whole cell of a study ({fault}). Remove it and run the study again."
            ) from fault


def _measured(folder: Path, told: Mapping[str, Any]) -> Measured:
    table = pq.read_table(folder / Path(told["file"]).name)
    values: dict[str, Any] = {name: table[name].to_numpy() for name in table.column_names if name != "id"}
    ids: list[Any] = table["id"].to_pylist()
    return Measured(name=told["name"], unit=told["unit"], ids=tuple(ids), values=values, whole=told["whole"])
