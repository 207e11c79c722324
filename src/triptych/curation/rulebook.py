"""Rulebook: rules in the order in which they are applied, as Python objects or as TOML."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, cast

from triptych.catalogue.handwritten import text_of
from triptych.curation.rules.acted import Core, Interactions, Sample, Top
from triptych.curation.rules.duplicates import Duplicates
from triptych.curation.rules.filmed import BlackAndWhite, ClipFile, Duration, Trailer
from triptych.curation.rules.settings import settings_of, to_toml, toml_of
from triptych.curation.rules.stage import Rule
from triptych.curation.rules.title import Title
from triptych.curation.rules.written import Genres, Link, Text, Years
from triptych.errors import UnknownName, UsageError

KINDS: Sequence[type[Rule]] = (
    Title,
    Duration,
    Text,
    ClipFile,
    Link,
    Trailer,
    Years,
    BlackAndWhite,
    Genres,
    Duplicates,
    Interactions,
    Core,
    Top,
    Sample,
)
RULES: Mapping[str, type[Rule]] = {kind.use: kind for kind in KINDS}
_SUFFIX = ".toml"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_COMMON = ("use", "name", "title", "issue", "spare")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A rule in its place. ``name`` is unique in the rulebook; ``title`` and ``issue`` are the rule's own unless given.

    ``spare``: ids of items that the rule never removes: what it mistakes.
    """

    rule: Rule
    name: str
    title: str = ""
    issue: str = ""
    spare: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise UsageError(f"a rule cannot be called {self.name!r}; use lower-case letters, digits, . - and _.")
        object.__setattr__(self, "title", self.title or self.rule.title)
        object.__setattr__(self, "issue", self.issue or self.rule.issue)


@dataclass(frozen=True, kw_only=True)
class Rulebook:
    """Rules in their order; ``title`` and ``notes`` tell a reader what it is for."""

    entries: tuple[Entry, ...]
    title: str = ""
    notes: str = ""

    def __post_init__(self) -> None:
        names = [entry.name for entry in self.entries]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise UsageError(f"two rules are called {twice[0]!r}; give one of them another name.")

    @classmethod
    def of(cls, *rules: Rule) -> Rulebook:
        """These rules, each named after its kind."""
        names: list[str] = []
        for rule in rules:
            names.append(_fresh(rule.use, names))
        return cls(entries=tuple(Entry(rule=rule, name=name) for rule, name in zip(rules, names, strict=True)))

    @classmethod
    def of_toml(cls, text: str, *, source: str = "the rulebook") -> Rulebook:
        """Read ``[[rule]]`` tables. UsageError names the rule, its line where it can be told, and what is allowed."""
        try:
            told = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError) as fault:
            cause = str(fault) if isinstance(fault, tomllib.TOMLDecodeError) else "it is nested too deeply"
            raise UsageError(f"{source} is no TOML: {cause}.") from fault
        for key in told:
            if key not in ("rule", "title", "notes"):
                raise UsageError(f"{source} has the key {key!r}; it may have title, notes and [[rule]] tables.")
        for key in ("title", "notes"):
            if not isinstance(told.get(key, ""), str):
                raise UsageError(f"{source}: {key} is {told[key]!r}; it takes text in quotation marks.")
        tables: Any = told.get("rule", [])
        if not isinstance(tables, list) or not all(isinstance(one, dict) for one in cast("list[Any]", tables)):
            raise UsageError(f"{source}: rules are written as tables, each beginning with [[rule]] in double brackets.")
        blocks = _blocks(text, len(cast("list[Any]", tables)))
        entries: list[Entry] = []
        for number, table in enumerate(cast("list[dict[str, Any]]", tables)):
            names = [entry.name for entry in entries]
            entries.append(_entry(table, names, _Where(source, number + 1, table, blocks[number])))
        return cls(entries=tuple(entries), title=told.get("title", ""), notes=told.get("notes", ""))

    @classmethod
    def read(cls, path: Path) -> Rulebook:
        return cls.of_toml(text_of(path, "rulebook"), source=repr(path.name))

    @classmethod
    def built_in(cls, name: str) -> Rulebook:
        return cls.of_toml(built_in_text(name), source=name)

    def to_toml(self) -> str:
        """Every setting of every rule written out; reading it gives an equal rulebook."""
        heads = [f"{key} = {toml_of(value)}" for key, value in (("title", self.title), ("notes", self.notes)) if value]
        blocks = ["\n".join(heads)] if heads else []
        for entry in self.entries:
            told = {"use": entry.rule.use, "name": entry.name, "title": entry.title, "issue": entry.issue}
            lines = [f"{key} = {toml_of(value)}" for key, value in told.items()]
            spare = [f"spare = {toml_of(entry.spare)}"] if entry.spare else []
            blocks.append("\n".join(["[[rule]]", *lines, *to_toml(entry.rule), *spare]))
        return "\n\n".join(blocks) + "\n"


def built_in_names() -> list[str]:
    """The rulebooks that come with Triptych."""
    folder = resources.files("triptych.curation") / "rulebooks"
    return sorted(part.name.removesuffix(_SUFFIX) for part in folder.iterdir() if part.name.endswith(_SUFFIX))


def built_in_text(name: str) -> str:
    """Such a rulebook as it is written, with its comments."""
    if name not in (names := built_in_names()):
        raise UnknownName("rulebook", name, names, hint="Give one of these, or a TOML file.")
    return (resources.files("triptych.curation") / "rulebooks" / f"{name}{_SUFFIX}").read_text(encoding="utf-8")


def _entry(table: Mapping[str, Any], names: Sequence[str], where: _Where) -> Entry:
    use = table.get("use")
    if not isinstance(use, str):
        raise UsageError(f"{where('use')} does not say which rule it is: use = one of {', '.join(RULES)}.")
    if use not in RULES:
        raise UsageError(f"{where('use')}: {UnknownName('rule', use, RULES)}")
    for key in ("name", "title", "issue"):
        if not isinstance(table.get(key, ""), str):
            raise UsageError(f"{where(key)}: {key} is {table[key]!r}; it takes text in quotation marks.")
    spare: Any = table.get("spare", [])
    if not isinstance(spare, list) or not all(isinstance(one, str) for one in cast("list[Any]", spare)):
        raise UsageError(f"{where('spare')}: spare is {spare!r}; it takes a list of item ids, each in quotation marks.")
    rule = settings_of(RULES[use], {key: value for key, value in table.items() if key not in _COMMON}, where)
    try:
        return Entry(
            rule=rule,
            name=table.get("name") or _fresh(use, names),
            title=table.get("title", ""),
            issue=table.get("issue", ""),
            spare=tuple(cast("list[str]", spare)),
        )
    except UsageError as fault:
        raise UsageError(f"{where('name')}: {fault}") from fault


def _fresh(use: str, taken: Sequence[str]) -> str:
    name, number = use, 2
    while name in taken:
        name, number = f"{use}-{number}", number + 1
    return name


@dataclass(frozen=True)
class _Where:
    """Where in a rulebook something is wrong, as the beginning of a sentence."""

    source: str
    number: int
    table: Mapping[str, Any]
    lines: Mapping[str, int]

    def __call__(self, key: str) -> str:
        use = self.table.get("use")
        line = self.lines.get(key, self.lines.get("", 0))
        place = f", line {line}" if line else ""
        return f"{self.source}: rule {self.number}{f' ({use})' if isinstance(use, str) else ''}{place}"


_HEAD = re.compile(r"\s*\[\[\s*rule\s*\]\]")
_KEY = re.compile(r"""\s*["']?([A-Za-z0-9_-]+)["']?\s*=""")


def _blocks(text: str, count: int) -> list[dict[str, int]]:
    """For each rule, key → line number, "" being its head. Nothing where lines cannot be told from the text alone."""
    blocks: list[dict[str, int]] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if _HEAD.match(line):
            blocks.append({"": number})
        elif blocks and (key := _KEY.match(line)):
            blocks[-1].setdefault(key[1], number)
    return blocks if len(blocks) == count else [{} for _ in range(count)]
