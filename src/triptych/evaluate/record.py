"""Record: what an experiment leaves behind so that it can be audited, by whatever program it was run.

A folder with ``run.json`` and Parquet files beside it; docs/audit.md describes each. What an experiment does not tell
is None here, which is not the same as nothing: a record without ``fits`` is silent, one with an empty list says that
nothing was fitted.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from triptych.catalogue.history import History
from triptych.errors import UsageError
from triptych.evaluate.split import Split
from triptych.models.tuning import Explored

UNITS = ("items", "users", "interactions")
ROLES = ("proposed", "baseline")
CHOSEN = ("hyper-parameter", "epoch", "weight")
CHOSEN_ON = ("train", "held-back", "validation", "test")
DISJOINT = ("pairs", "items", "users")
COUNTED = ("rows", "users", "items")
CANDIDATES = ("all", "warm", "cold")
#: Tables that a record may have: their columns, and those of which one at least is there.
TABLES = {
    "pairs": (("a", "b", "side"), ()),
    "lists": (("rank", "item_id"), ()),
    "predictions": (("user_id", "item_id", "predicted"), ()),
    "candidates": (("candidates",), ("user_id", "item_id")),
}


@dataclass(frozen=True, kw_only=True)
class Terms:
    """On which terms it was judged. ``like``: the least value that counts as liked; None where values are predicted.

    ``candidates``: "all" items but those that the user has in training; of those the "warm" or the "cold" ones; or a
    number: among how many sampled ones each was ranked. "" where that is not known, or nothing is ranked.
    """

    kind: str
    candidates: str | int = "all"
    like: float | None = None
    cutoffs: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if isinstance(self.candidates, str):
            one_of(self.candidates, ("", *CANDIDATES), "what is ranked")
        else:
            _counted(self.candidates, "the number of sampled candidates")


@dataclass(frozen=True, kw_only=True, eq=False)
class Fit:
    """One thing that learned: a scaling, a PCA, a selection, a vocabulary, an embedding, a model.

    ``learned_from``: ids of ``unit`` "items" or "users"; or a history, the very rows.
    """

    name: str
    learned_from: Sequence[str] | History
    kind: str = ""
    unit: str = ""  # "items" unless said otherwise, "interactions" of a history

    def __post_init__(self) -> None:
        rows = isinstance(self.learned_from, History)
        object.__setattr__(self, "unit", self.unit or ("interactions" if rows else "items"))
        one_of(self.unit, UNITS, f"what the fit {self.name!r} learned from")
        if rows != (self.unit == "interactions"):
            raise UsageError(
                f"the fit {self.name!r} learned from {self.unit}: give a History for interactions, else ids."
            )
        if not len(self.learned_from):
            raise UsageError(f"the fit {self.name!r} learned from nothing; leave it out.")


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What was tried for a model, and what was taken. ``grid``: parameter → all its values that were tried.

    ``ordered``: whether the values have an order, so that the best at an end says that the best may lie beyond.
    ``limits``: parameter → the least and the greatest value there can be (None: none): an end there is no edge.
    ``trials``: how many combinations were fitted; as many as the grid has unless told, 1 where there is none and yet
    something chosen, which is a default that nobody tuned. ``budget``: how many might have
    been, where that is more. ``chosen_on``: the side whose rows decided, "" if not known;
    "held-back" where they were training rows that what was tried had not learned from.
    """

    model: str
    role: str
    grid: Mapping[str, Sequence[Any]]
    chosen: Mapping[str, Any]
    chosen_on: str
    what: str = "hyper-parameter"
    ordered: bool = True
    limits: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict[str, Any])
    trials: int | None = None
    budget: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        one_of(self.role, ROLES, f"the role of {self.model!r}")
        one_of(self.what, CHOSEN, f"what was chosen of {self.model!r}")
        one_of(self.chosen_on, ("", *CHOSEN_ON), f"where {self.model!r} was chosen")
        _as_told(self)
        if self.trials is None:
            combinations = math.prod(map(len, self.grid.values())) if self.grid or self.chosen else 0
            object.__setattr__(self, "trials", combinations)
        for name, value in self.chosen.items():
            if name in self.grid and value not in self.grid[name]:
                raise UsageError(
                    f"{name} {value!r} was chosen for {self.model!r}, which its grid does not have: "
                    f"{', '.join(map(repr, self.grid[name]))}."
                )

    @classmethod
    def of(cls, tuned: Explored, *, role: str, chosen_on: str = "") -> Choice:
        """What :func:`triptych.models.tuning.tune` did. ``chosen_on``: if it was given other rows than validation rows.

        A best value at an end that the model itself sets, as tuning finds out, is at no edge.
        """
        grid = {name: list(dict.fromkeys(trial.params[name] for trial in tuned.trials)) for name in tuned.grid}
        within = [trial for trial in tuned.trials if not trial.beyond]
        edges = {edge.setting for edge in tuned.edges}
        limits: dict[str, tuple[float | None, float | None]] = {}
        for name, values in tuned.grid.items():
            # Tuning looks for edges where a grid rises or falls; an end that it calls none is a limit of the model.
            if numbers(values) and list(values) in (sorted(values), sorted(values, reverse=True)) and name not in edges:
                value, tried = tuned.chosen[name], grid[name]
                limits[name] = (value if value == min(tried) else None, value if value == max(tried) else None)
        return cls(
            model=tuned.name,
            role=role,
            grid=grid,
            limits=limits,
            chosen=tuned.chosen,
            chosen_on=chosen_on or tuned.chosen_on,
            trials=len(within),
            budget=max(len(within), tuned.budget or 0),
            seconds=sum(trial.seconds for trial in tuned.trials),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Judged:
    """``expected`` and ``evaluated``: how many "rows", "users" and "items" there were to judge, and were judged.

    ``rows``: the test rows that counted, as a history. Then nothing need be counted: the audit does.
    """

    expected: Mapping[str, int] = field(default_factory=dict[str, int])
    evaluated: Mapping[str, int] = field(default_factory=dict[str, int])
    rows: History | None = None

    def __post_init__(self) -> None:
        for name, count in (*self.expected.items(), *self.evaluated.items()):
            one_of(name, COUNTED, "what is counted of the judged")
            _counted(count, f"the number of judged {name}")

    @classmethod
    def ranked(cls, split: Split, users: npt.NDArray[Any], *, like: float, row: str = "overall") -> Judged:
        """What a row of full ranking judged: the liked test rows of these users (places), by the row of which items."""
        answers = split.test.liked(like)
        cold = split.cold_items[answers.items]
        among = {"overall": np.ones_like(cold), "warm": ~cold, "cold": cold}[row]
        return cls(rows=answers.take(among & np.isin(answers.users, users)))


@dataclass(frozen=True, kw_only=True, eq=False)
class Record:
    """One experiment. ``split.params`` are of whoever split; ``seeds`` and ``versions`` of whatever had one.

    ``pairs``: columns a, b, side, of what learns from pairs of items or users, such as a siamese network; and
    ``pairs_of`` says which. ``lists``: user_id, rank, item_id; of items' lists: item_id, rank, neighbour_id.
    ``predictions``: user_id, item_id, predicted. ``candidates``: user_id or item_id, candidates: among how many.
    """

    name: str
    split: Split | None = None
    protocol: Terms | None = None
    fits: Sequence[Fit] | None = None
    choices: Sequence[Choice] | None = None
    judged: Judged | None = None
    pairs: pa.Table | None = None
    pairs_of: str = "items"
    lists: pa.Table | None = None
    predictions: pa.Table | None = None
    candidates: pa.Table | None = None
    valued: bool = True  # whether the interactions have values
    versions: Mapping[str, str] = field(default_factory=dict[str, str])
    seeds: Mapping[str, int] = field(default_factory=dict[str, int])
    wall_s: float | None = None
    data_hash: str = ""

    def __post_init__(self) -> None:
        one_of(self.pairs_of, ("items", "users"), "what the pairs are of")
        named = Counter(fit.name for fit in self.fits or ())
        if again := [name for name, count in named.items() if count > 1]:
            raise UsageError(f"{named[again[0]]} fits of a record are named {again[0]!r}; give each a name of its own.")
        for file, (columns, either) in TABLES.items():
            table: pa.Table | None = getattr(self, file)
            if table is not None:
                with_columns(table, columns, either, f"the {file} of the record {self.name!r}")

    def write(self, folder: Path) -> None:
        """Put the record there, whole or not at all. An older record there is replaced; anything else is refused."""
        from triptych.evaluate.recording import write

        write(self, folder)

    @classmethod
    def read(cls, folder: Path) -> Record:
        """SourceError, in a sentence, for what is no record, or not as docs/audit.md has it."""
        from triptych.evaluate.recording import read

        return read(folder)


def hash_of(history: History) -> str:
    """Hex digits that tell two sets of interactions apart, in whatever order their rows and ids are."""
    users, items = np.argsort(history.user_ids), np.argsort(history.item_ids)
    place_user, place_item = np.argsort(users), np.argsort(items)
    order = np.lexsort((place_item[history.items], place_user[history.users]))
    digest = hashlib.sha256()
    for ids, places in ((history.user_ids, users), (history.item_ids, items)):
        digest.update(json.dumps([ids[k] for k in places.tolist()]).encode())
    for column in (place_user[history.users], place_item[history.items], history.values, history.times):
        digest.update(np.ascontiguousarray(column[order]).tobytes())
    return digest.hexdigest()


def numbers(values: Sequence[Any]) -> bool:
    """Whether they are several different numbers."""
    known = [value for value in values if _finite(value)]
    return len(known) == len(values) and len(set(known)) > 1


def with_columns(table: pa.Table, columns: Sequence[str], either: Sequence[str], what: str) -> None:
    """UsageError unless the table has these columns, and one of the others."""
    names: list[str] = table.column_names
    if missing := [name for name in columns if name not in names]:
        raise UsageError(f"{what} have no column {' and no '.join(missing)}; they have {', '.join(names)}.")
    if either and not any(name in names for name in either):
        raise UsageError(f"{what} have no column {' or '.join(either)}; they have {', '.join(names)}.")


def _as_told(choice: Choice) -> None:
    """UsageError for what is no choice: what others have written is held to be anything at all."""
    what = f"the choice of {choice.model!r}"
    for told in (choice.grid, choice.chosen, choice.limits):
        if not isinstance(told, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UsageError(f"{what}: grid, chosen and limits go by the names of parameters, and {told!r} does not.")
    for values in choice.grid.values():
        if isinstance(values, str) or not isinstance(values, Sequence):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UsageError(f"{what}: a grid gives each parameter a list of values, and {values!r} is none.")
    for ends in choice.limits.values():
        if len(ends) != 2 or not all(end is None or _finite(end) for end in ends):
            raise UsageError(f"{what}: a limit is two numbers, the least and the greatest, or null; {ends!r} is not.")
    for count in (choice.trials, choice.budget):
        if count is not None:
            _counted(count, f"a number of trials in {what}")
    if choice.seconds is not None and not (_finite(choice.seconds) and choice.seconds >= 0):
        raise UsageError(f"{what} took {choice.seconds!r} seconds; give a number of 0 or more.")


def _counted(value: object, what: str) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise UsageError(f"{what} is {value!r}; it is a whole number of 0 or more.")


def _finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def one_of(value: str, known: Sequence[str], what: str) -> None:
    if value not in known:
        allowed = ", ".join(repr(name) for name in known)
        raise UsageError(f"{what} is {value!r}; it can be {allowed}.")
