"""Tables: a judgement, the data, claims and costs as rows of words, for the page and for Markdown alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from triptych.studies.manifest import Manifest
from triptych.studies.report.findings import seen
from triptych.studies.report.view import (
    base_of,
    best,
    called,
    ends,
    folds,
    label,
    main,
    mark,
    number,
    p_text,
    relative,
    seconds,
    shown,
    signed,
    within,
)
from triptych.studies.results import Check, Judgement, Line, Verdict


@dataclass(frozen=True, kw_only=True)
class Cell:
    """``strong``: the best variant's."""

    text: str
    strong: bool = False


@dataclass(frozen=True, kw_only=True)
class Row:
    """``kind``: that of the line, after which rows are grouped."""

    kind: str
    cells: tuple[Cell, ...]


#: Of the table that has everything.
ALL = (
    *("", "metric", "value", "95 % interval", "difference", "95 % interval"),
    *("p", "p, Holm", "p, Wilcoxon", "d_z", "rank-biserial", "n"),
)
#: What stands above the rows of a kind.
GROUPS = {"variant": "", "control": "Controls", "oracle": "Looks ahead at what judges"}


def heads(judgement: Judgement) -> list[str]:
    name = main(judgement)
    found = ["", *(label(one) for one in shown(judgement))]
    if name and base_of(judgement) is not None:
        found += [f"Δ {label(name)}", "p, Holm"]
    return [*found, "cost"]


def rows(judgement: Judgement) -> list[Row]:
    """Variants, then controls, the oracle last; lines without figures are told elsewhere, with their reasons."""
    return [
        Row(kind=kind, cells=_cells(judgement, one))
        for kind in GROUPS
        for one in judgement.lines
        if one.kind == kind and one.measured is not None
    ]


def _cells(judgement: Judgement, one: Line) -> tuple[Cell, ...]:
    part = folds(judgement, one)
    cells = [Cell(text=f"{called(judgement, one)} ({part})" if part else called(judgement, one))]
    for name in shown(judgement):
        strong = one.kind == "variant" and best(judgement, name) == one.name
        if name in one.figures:
            text = f"{within(one.figures[name])} {mark(one.against.get(name))}".rstrip()
        else:
            text = number(one.whole.get(name))
        cells.append(Cell(text=text, strong=strong))
    name, base = main(judgement), base_of(judgement)
    if name and base is not None:
        against = one.against.get(name)
        if one is base:
            cells += [Cell(text="base"), Cell(text="")]
        elif against is None:
            cells += [Cell(text="unpaired"), Cell(text="")]
        else:
            change = relative(against.difference, base.figures[name].value) or signed(against.difference)
            p = against.p_holm if against.p_holm is not None else against.p_permutation
            cells += [Cell(text=change), Cell(text=p_text(p).removeprefix("p ").removeprefix("= "))]
    return (*cells, Cell(text=seconds(one.seconds)))


def all_rows(judgement: Judgement) -> list[tuple[str, ...]]:
    """Every shown figure of every line, with its comparison."""
    found: list[tuple[str, ...]] = []
    for one in judgement.lines:
        for name in shown(judgement):
            if name not in one.figures:
                continue
            figure, against = one.figures[name], one.against.get(name)
            own = (one.name, label(name), number(figure.value), ends(figure))
            if against is None:
                found.append((*own, "", "", "", "", "", "", "", f"{figure.n:,}"))
                continue
            found.append(
                (
                    *own,
                    f"{signed(against.difference)} {mark(against)}".rstrip(),
                    f"[{number(against.low)}, {number(against.high)}]",
                    f"{against.p_permutation:.4f}",
                    f"{against.p_holm:.4f}" if against.p_holm is not None else "",
                    f"{against.p_wilcoxon:.4f}",
                    number(against.d_z),
                    number(against.rank_biserial),
                    f"{against.n:,}",
                )
            )
    return found


def whole_table(judgement: Judgement) -> tuple[list[str], list[tuple[str, ...]]]:
    """What only all lists together have, such as coverage; no head where there is nothing of the kind."""
    deepest = f"@{max(judgement.protocol.cutoffs)}"
    names = list(dict.fromkeys(name for one in judgement.lines for name in one.whole))
    names = [name for name in names if "@" not in name or name.endswith(deepest)]
    if not names:
        return [], []
    told = [
        (one.name, *(number(one.whole.get(name)) for name in names))
        for one in judgement.lines
        if one.measured is not None and one.whole
    ]
    return ["", *(label(name) for name in names)], told


def claim_row(one: Verdict) -> tuple[str, str, str, str]:
    """What is claimed, by which protocol it was judged, what was seen, and the verdict."""
    where = f"{one.protocol}, {one.row}" if one.row else one.protocol
    return one.claim.says, where, seen(one), one.verdict


def check_row(one: Check) -> tuple[str, str, str, str]:
    bracket = one.bracket
    where = f"{bracket.table}, {bracket.row}, {bracket.protocol}: {label(bracket.metric)}"
    verdict = "held" if one.held else "not measured" if one.value is None else "not held"
    return where, f"{number(bracket.low)} to {number(bracket.high)}", number(one.value), verdict


def feature_rows(manifest: Manifest) -> list[tuple[str, str, str]]:
    """Title, width, and how many items have it."""
    items = int(manifest.data.get("items", 0))
    found: list[tuple[str, str, str]] = []
    for title, told in manifest.data.get("features", {}).items():
        have = int(told["items"])
        found.append((str(title), f"{told['width']:,}", "all" if have == items else f"{have:,} of {items:,}"))
    return found


def data_line(manifest: Manifest) -> str:
    data = manifest.data
    told: Sequence[tuple[str, str, str]] = feature_rows(manifest)
    there = [one for one in told if one[1] != "0" and not one[2].startswith("0 of")]
    said = f"{data.get('items', 0):,} items, {data.get('users', 0):,} users, {data.get('interactions', 0):,} ratings"
    width = sum(int(one[1].replace(",", "")) for one in there)
    return f"{said}; {len(there)} features with {width:,} columns"


def manifest_rows(manifest: Manifest) -> list[tuple[str, str]]:
    runs = f" in {manifest.runs} runs" if manifest.runs > 1 else ""
    return [
        ("study", manifest.study),
        ("data", f"digest {manifest.data.get('digest', '')}"),
        ("begun", manifest.began),
        ("wall time", f"{seconds(manifest.seconds)}{runs}, {'finished' if manifest.finished else 'not finished'}"),
        ("seeds", ", ".join(f"{name} {seed}" for name, seed in manifest.seeds.items())),
        ("machine", ", ".join(f"{name} {value}" for name, value in manifest.machine.items())),
        ("versions", ", ".join(f"{name} {value}" for name, value in manifest.versions.items())),
    ]
