"""Study: an experiment as data: what it runs on, how it judges, and the tables of variants that it compares."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from triptych.catalogue.handwritten import text_of
from triptych.errors import UnknownName, UsageError
from triptych.studies.protocol import Protocol, inside
from triptych.studies.section import Section, extended
from triptych.studies.variant import Variant, merged

SOURCES = ("synthetic", "movielens", "catalogue")
SIGNS = ("higher", "lower", "same")
#: The rows that stand in every table of rankings, whatever a study asks for.
CONTROLS = ("random", "popularity", "genres", "als", "ease")
#: The rows that stand in every table of predicted ratings: what they are called, which is the model too.
RATED_CONTROLS = ("random", "bias")
#: The row that looks ahead at what judges; it stands beside the controls and is no control.
ORACLE = "oracle"
#: Metrics that a table shows unless it says which.
SHOWN = ("precision@1", "precision@10", "hit-rate@10", "ndcg@10", "ndcg-graded@10", "mrr@10")
RATED_SHOWN = ("rmse", "mae", "pooled-precision", "pooled-recall")
_SUFFIX = ".toml"


@dataclass(frozen=True, kw_only=True)
class Given:
    """Vectors of others: the feature's title, and the file they stand in, relative to the folder of data.

    ``map``: a table from the ids of the file, in its column ``map_from``, to those of the catalogue, in ``map_to``.
    """

    title: str
    file: str
    map: str = ""
    map_from: str = ""
    map_to: str = ""
    on_bad_cells: str = "rows"


@dataclass(frozen=True, kw_only=True)
class Data:
    """``source``: a generated catalogue, a MovieLens ``folder`` within the data that the caller names, or a catalogue
    that the caller names. ``extract``: titles, or the name of a profile. ``having``: only items that have all of these
    features are studied, so that every variant is judged on the same ones.
    """

    source: str
    folder: str = ""
    clips: int = 0
    users: int = 0
    seconds: float = 0
    seed: int = 0
    extract: tuple[str, ...] = ()
    given: tuple[Given, ...] = ()
    having: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Table:
    """Variants side by side. ``against``: the one that all others are tested against; ``metrics``: shown and tested."""

    name: str
    title: str
    rows: tuple[Variant, ...]
    against: str
    metrics: tuple[str, ...]
    notes: str = ""
    protocols: tuple[str, ...] = ()

    @property
    def rated(self) -> bool:
        """Whether its rows predict ratings."""
        return self.rows[0].predict is not None

    @property
    def controls(self) -> tuple[str, ...]:
        return RATED_CONTROLS if self.rated else CONTROLS


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """How many settings are tried for each tuned control, and how many more at most past the ends of its grid, as long
    as the best lies at one."""

    budget: int = 6
    beyond: int = 12


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a paper says of two rows: ``row`` is ``sign`` (higher, lower, same) than ``against`` in ``metric``, under
    one ``protocol`` alone, or "" for all of the table's."""

    says: str
    table: str
    row: str
    against: str
    metric: str
    sign: str
    protocol: str = ""


@dataclass(frozen=True, kw_only=True)
class Bracket:
    """Where a figure is expected, as a test of the study: outside of it the run says so."""

    table: str
    row: str
    protocol: str
    metric: str
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Study:
    """``source``: the TOML it was read from. ``draws``: of every bootstrap and permutation. A file that ``extends`` a
    built-in study has its keys over that one's: tables and protocols of the same name replace it, others are added.
    """

    name: str
    title: str
    data: Data
    protocols: tuple[Protocol, ...]
    tables: tuple[Table, ...]
    paper: str = ""
    notes: str = ""
    seed: int = 0
    draws: int = 1000
    tuning: Tuning = field(default_factory=Tuning)
    claims: tuple[Claim, ...] = ()
    brackets: tuple[Bracket, ...] = ()
    source: str = field(default="", repr=False)

    @classmethod
    def built_in(cls, name: str) -> Study:
        return cls.of_toml(built_in_text(name), source=name)

    @classmethod
    def read(cls, path: Path) -> Study:
        return cls.of_toml(text_of(path, "study"), source=repr(path.name))

    @classmethod
    def of_toml(cls, text: str, *, source: str = "the study") -> Study:
        section = Section.of_toml(text, source=source)
        if base := section.take("extends", str, ""):
            below = Section.of_toml(built_in_text(base), source=base).rest()
            if "extends" in below:
                raise UsageError(f"{source} extends {base}, which extends another itself; extend that one.")
            section = Section(extended(below, section.rest()), source)
        name = section.named()
        protocols = tuple(Protocol.of(one) for one in section.sections("protocol"))
        baseline = section.take("baseline", dict, {})
        tables = tuple(_table(one, baseline, protocols) for one in section.sections("table"))
        if not protocols or not tables:
            raise UsageError(f"{source} has no [[{'table' if protocols else 'protocol'}]]; a study needs one at least.")
        _unique("protocol", [one.name for one in protocols])
        _unique("table", [one.name for one in tables])
        study = cls(
            name=name,
            title=section.need("title", str),
            paper=section.take("paper", str, ""),
            notes=section.take("notes", str, "").strip(),
            seed=section.take("seed", int, 0),
            draws=section.take("draws", int, 1000),
            data=_data(section.section("data")),
            tuning=_tuning(section.section("tuning")),
            protocols=protocols,
            tables=tables,
            claims=tuple(_claim(one, tables, protocols) for one in section.sections("claim")),
            brackets=tuple(_bracket(one, tables, protocols) for one in section.sections("bracket")),
            source=text,
        )
        section.end()
        seeds = {"the study": study.seed, "[data]": study.data.seed}
        for what, one in (seeds | {f"the protocol {one.name}": one.seed for one in protocols}).items():
            if one < 0:
                raise UsageError(f"{source}: the seed of {what} is {one}; a seed is 0 or above.")
        if study.draws < 1:
            raise UsageError(f"{source}: draws is {study.draws}; intervals and tests take 1 or more.")
        return study

    @property
    def variants(self) -> list[Variant]:
        """Of all tables; those that differ in their name alone once."""
        return list({variant.digest: variant for table in self.tables for variant in table.rows}.values())

    def table(self, name: str) -> Table:
        for table in self.tables:
            if table.name == name:
                return table
        raise UnknownName("table", name, [table.name for table in self.tables])

    def protocols_of(self, table: Table) -> list[Protocol]:
        """Those that the table names, else all of its kind."""
        return [
            one
            for one in self.protocols
            if (one.name in table.protocols if table.protocols else one.rated == table.rated)
        ]


def built_in_names() -> list[str]:
    """The studies that come with Triptych."""
    folder = resources.files("triptych.studies") / "papers"
    return sorted(entry.name.removesuffix(_SUFFIX) for entry in folder.iterdir() if entry.name.endswith(_SUFFIX))


def built_in_text(name: str) -> str:
    if name not in built_in_names():
        raise UnknownName("study", name, built_in_names(), hint="A file of your own is given by its path, x.toml")
    return (resources.files("triptych.studies") / "papers" / f"{name}{_SUFFIX}").read_text(encoding="utf-8")


def _data(section: Section) -> Data:
    given: list[Given] = []
    for one in section.sections("given"):
        given.append(
            Given(
                title=one.need("title", str),
                file=inside(one.need("file", str), one.where),
                map=inside(one.take("map", str, ""), one.where),
                map_from=one.take("map_from", str, ""),
                map_to=one.take("map_to", str, ""),
                on_bad_cells=one.choice("on_bad_cells", ("rows", "columns"), "rows"),
            )
        )
        one.end()
    data = Data(
        source=section.choice("source", SOURCES, "catalogue"),
        folder=inside(section.take("folder", str, ""), section.where),
        clips=section.take("clips", int, 0),
        users=section.take("users", int, 0),
        seconds=section.take("seconds", float, 0.0),
        seed=section.take("seed", int, 0),
        extract=section.texts("extract"),
        given=tuple(given),
        having=section.texts("having"),
    )
    section.end()
    if data.source == "movielens" and not data.folder:
        raise UsageError(f"{section.where} is of MovieLens and names no folder; it is relative to the data, ml-100k.")
    return data


def _tuning(section: Section) -> Tuning:
    found = Tuning(budget=section.take("budget", int, 6), beyond=section.take("beyond", int, 12))
    section.end()
    if found.budget < 1 or found.beyond < 0:
        raise UsageError(f"{section.where}: the budget is 1 or more, and what goes beyond it 0 or more.")
    return found


def _table(section: Section, baseline: Mapping[str, Any], protocols: tuple[Protocol, ...]) -> Table:
    own = section.take("variant", dict, {})
    rows: list[Variant] = []
    for number, told in enumerate(section.take("row", list, []), start=1):
        where = f"{section.where} row {number}"
        if not isinstance(told, dict):
            raise UsageError(f"{where} is no table; write [[table.row]].")
        whole = merged(merged(baseline, own), told)  # pyright: ignore[reportUnknownArgumentType]
        if "predict" in whole and "learn" not in whole:  # what its model reads is fused by nobody
            whole.pop("fusion", None)
        rows.append(Variant.of(whole, where))
    names = [row.name for row in rows]
    if not rows:
        raise UsageError(f"{section.where} has no [[table.row]].")
    _unique("row", names)
    rated = [row.name for row in rows if row.predict is not None]
    if rated and len(rated) < len(rows):
        raise UsageError(f"{section.where} has rows that predict ratings, such as {rated[0]!r}, and others; part them.")
    if taken := [name for name in names if name in (RATED_CONTROLS if rated else (*CONTROLS, ORACLE))]:
        raise UsageError(f"{section.where} calls a row {taken[0]!r}, as a control is called; give it another name.")
    if len(budgets := {json.dumps(row.search, sort_keys=True) for row in rows if row.search is not None}) > 1:
        raise UsageError(f"{section.where} searches with {' and '.join(sorted(budgets))}; all its rows search alike.")
    against = section.take("against", str, names[0])
    if against not in names:
        raise UnknownName(f"row of {section.where}", against, names)
    table = Table(
        name=section.named(),
        title=section.need("title", str),
        notes=section.take("notes", str, "").strip(),
        rows=tuple(rows),
        against=against,
        metrics=section.texts("metrics", RATED_SHOWN if rated else SHOWN),
        protocols=section.texts("protocols"),
    )
    section.end()
    for name in table.protocols:
        if name not in [one.name for one in protocols]:
            raise UnknownName(f"protocol in {section.where}", name, [one.name for one in protocols])
    judging = [
        one for one in protocols if (one.name in table.protocols if table.protocols else one.rated == table.rated)
    ]
    others = [one.name for one in judging if one.rated != table.rated]
    if not judging or others:
        kind = "predict ratings" if rated else "rank"
        told = f"the protocol {others[0]!r} does not judge that" if judging else "no protocol judges that"
        raise UsageError(f"the rows of {section.where} {kind}, and {told}; see the kind of protocols.")
    if learning := [row.name for row in rows if row.learn is not None]:
        for one in judging:
            if one.split == "all":
                raise UsageError(
                    f"{section.where} has rows that learn from ratings, such as {learning[0]!r}, and under the "
                    f"protocol {one.name!r} all ratings judge. Give the table protocols that hold some back."
                )
    return table


def _claim(section: Section, tables: tuple[Table, ...], protocols: tuple[Protocol, ...]) -> Claim:
    claim = Claim(
        says=section.need("says", str),
        table=section.need("table", str),
        row=section.need("row", str),
        against=section.need("against", str),
        metric=section.need("metric", str),
        sign=section.choice("sign", SIGNS, "higher"),
        protocol=section.take("protocol", str, ""),
    )
    section.end()
    if claim.protocol and claim.protocol not in (names := [one.name for one in protocols]):
        raise UnknownName(f"protocol in {section.where}", claim.protocol, names)
    _row(section.where, tables, claim.table, claim.row)
    _row(section.where, tables, claim.table, claim.against)
    return claim


def _bracket(section: Section, tables: tuple[Table, ...], protocols: tuple[Protocol, ...]) -> Bracket:
    bracket = Bracket(
        table=section.need("table", str),
        row=section.need("row", str),
        protocol=section.need("protocol", str),
        metric=section.need("metric", str),
        low=section.need("low", float),
        high=section.need("high", float),
    )
    section.end()
    _row(section.where, tables, bracket.table, bracket.row)
    if bracket.protocol not in [one.name for one in protocols]:
        raise UnknownName(f"protocol in {section.where}", bracket.protocol, [one.name for one in protocols])
    return bracket


def _row(where: str, tables: tuple[Table, ...], table: str, row: str) -> None:
    names = {
        one.name: [*(variant.name for variant in one.rows), *one.controls, *(() if one.rated else (ORACLE,))]
        for one in tables
    }
    if table not in names:
        raise UnknownName(f"table in {where}", table, names)
    if row not in names[table]:
        raise UnknownName(f"row in {where}", row, names[table])


def _unique(what: str, names: list[str]) -> None:
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UsageError(f"two {what}s are called {twice[0]!r}; give one of them another name.")
