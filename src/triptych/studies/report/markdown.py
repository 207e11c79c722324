"""Markdown: the report for a terminal or a forge. What others wrote is escaped: it stays words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from triptych.studies.report import tables
from triptych.studies.report.findings import findings, how, scored, tested, verdict_counts
from triptych.studies.report.learned.maps import overlaps, told_of_ratings
from triptych.studies.report.learned.placing import Placing, about, about_cases, case_rows, placings
from triptych.studies.report.learned.section import counted, epochs_table, followed_by
from triptych.studies.report.learned.told import taught
from triptych.studies.report.rated.says import where
from triptych.studies.report.rated.section import Beyond, Listed, of_judgement, of_table
from triptych.studies.report.selection import counts, kept, selecting
from triptych.studies.report.view import UNMEASURED, listed, told, unhad
from triptych.studies.results import AGREES, CONTRADICTS, UNDECIDED, UNTESTED, Judgement, Results

#: What means something to Markdown within a line, to a forge (names after @, numbers after #), or begins HTML.
_MEANING = re.compile(r"([\\`*_\[\]|~$]|#(?=\d)|@(?=\w*[^\W\d]))")
_HTML = re.compile(r"<(?=[A-Za-z/!?])")
_ENTITY = re.compile(r"&(?=#?\w+;)")
#: What makes lists, headings, quotations or rules at the beginning of a line.
_BEGINNING = re.compile(r"^(?:([-+=#>:])|(\d+)([.)])(?=\s|$))")


def markdown(results: Results, placed: Mapping[str, Placing] | None = None) -> str:
    """``placed``: where learned rows place items, by table, if it is known already."""
    placing = placings(results) if placed is None else placed
    study, manifest = results.done.study, results.done.manifest
    parts = [f"# {words(study.title)}"]
    if study.paper:
        parts.append(paragraph(study.paper))
    if study.notes:
        parts.append(paragraph(study.notes))
    parts.append(f"**Data:** {words(tables.data_line(manifest))}.")
    features = tables.feature_rows(manifest)
    if features:
        parts.append(table(("feature", "width", "items"), features))
    parts += _claims(results)
    for name in dict.fromkeys(judgement.table.name for judgement in results.judgements):
        own = [judgement for judgement in results.judgements if judgement.table.name == name]
        parts.append(f"## {words(own[0].table.title)}")
        if own[0].table.notes:
            parts.append(paragraph(own[0].table.notes))
        for judgement in own:
            parts += _judgement(judgement, draws=study.draws)
        parts += _beside(own)
        parts += _learned(own)
        parts += _placed(placing[name]) if name in placing else []
    if not results.judgements:
        parts.append("No table has a row that was measured.")
    parts += ["## The run", table(("", ""), tables.manifest_rows(manifest), numbers=False)]
    return "\n\n".join(parts) + "\n"


def words(text: str) -> str:
    """Text that others wrote, on one line, in which nothing means anything to Markdown or HTML.

    >>> words("a|b\\n<i>*c*")
    'a\\\\|b &lt;i>\\\\*c\\\\*'
    """
    plain = " ".join("".join(c if unicodedata.category(c)[0] != "C" else " " for c in text).split())
    plain = _MEANING.sub(r"\\\1", _HTML.sub("&lt;", _ENTITY.sub("&amp;", plain)))
    # The colon of an address is written out, or a forge would make a link of it.
    return plain.replace("://", "&#58;//").replace("www.", "www&#46;")


def paragraph(text: str) -> str:
    """The same as a paragraph of its own, which begins no list and no heading."""
    return _BEGINNING.sub(lambda found: f"\\{found[1]}" if found[1] else f"{found[2]}\\{found[3]}", words(text))


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, escaped: bool = False, numbers: bool = True) -> str:
    """The first column is of names; the others are of ``numbers``, or of words. ``escaped``: the cells are Markdown."""
    told = [list(map(words, heads)), *([list(row) if escaped else list(map(words, row)) for row in rows])]
    widths = [max(3, *(_width(row[k]) for row in told)) for k in range(len(heads))]
    rule = "|".join("-" * (wide + 1) + (":" if k and numbers else "-") for k, wide in enumerate(widths))
    first, *rest = (_line(row, widths, numbers) for row in told)
    return "\n".join([first, f"|{rule}|", *rest])


def _claims(results: Results) -> list[str]:
    parts: list[str] = []
    if results.verdicts:
        found = verdict_counts(results)
        said = (
            f"{found[AGREES]} agree, {found[CONTRADICTS]} contradict it, {found[UNDECIDED]} are undecided and "
            f"{found[UNTESTED]} not tested"
        )
        rows = [tables.claim_row(one) for one in results.verdicts]
        cells = [(*map(words, row[:3]), f"**{row[3]}**") for row in rows]
        parts += [
            "## What the paper says, and what we see",
            f"{len(results.verdicts)} verdicts, one for each claim and protocol: {said}.",
            table(("the paper says", "judged by", "we see", "verdict"), cells, escaped=True, numbers=False),
        ]
    if results.checks:
        rows = [tables.check_row(one) for one in results.checks]
        parts += ["### Brackets", table(("figure", "expected", "found", ""), rows, numbers=False)]
    return parts


def _judgement(judgement: Judgement, *, draws: int) -> list[str]:
    protocol = judgement.protocol
    parts = [f"### {words(protocol.title or protocol.name)}{where(judgement)}"]
    if not told(judgement):
        return [*parts, f"{_unhad(judgement)}".strip() or "Nothing was measured."]
    parts.append(f"{how(protocol, judgement.row)} {scored(judgement)}")
    parts.append(_table(judgement))
    parts.append(f"{tested(judgement, draws=draws)} Bold: the best variant. Cost: seconds of all folds together.")
    said = findings(judgement)
    if said:
        parts.append(f"**What this says:** {' '.join(map(words, said))}")
    parts += _selection(judgement)
    parts += _rated(of_judgement(judgement, ""))
    missing = _unhad(judgement)
    return [*parts, missing] if missing else parts


def _table(judgement: Judgement) -> str:
    heads = tables.heads(judgement)
    cells: list[list[str]] = []
    kind = "variant"
    for row in tables.rows(judgement):
        if row.kind != kind:
            kind = row.kind
            cells.append([f"*{tables.GROUPS[kind]}*", *[""] * (len(heads) - 1)])
        cells.append([f"**{words(one.text)}**" if one.strong else words(one.text) for one in row.cells])
    return table(heads, cells, escaped=True)


def _selection(judgement: Judgement) -> list[str]:
    lines = selecting(judgement)
    if not lines:
        return []
    first = counts(lines[0])
    rows = [
        (
            panel,
            f"{own['original']:.0f}",
            f"{own['filtered']:.0f}",
            *(f"{kept(judgement, one).get(panel, 0):.0f}" for one in lines),
        )
        for panel, own in first.items()
    ]
    return [
        "Columns that are left, means over folds:",
        table(("panel", "given", "filtered", *(one.name for one in lines)), rows),
    ]


def _rated(found: Beyond) -> list[str]:
    """Tables of folds, fits and costs; and what is drawn on the page, as far as sentences tell it."""
    parts = [part for one in found.tables for part in _listed(one)]
    return parts + [f"**{words(one.title)}.** {words(one.says)}" for one in found.figures]


def _beside(judgements: Sequence[Judgement]) -> list[str]:
    found = of_table(judgements, "")
    if not found.there:
        return []
    said = [words(" ".join(found.says))] if found.says else []
    return ["### Side by side", *said, *(part for one in found.tables for part in _listed(one))]


def _listed(one: Listed) -> list[str]:
    cells = [
        [f"**{words(cell)}**" if (r, c) in one.strong else words(cell) for c, cell in enumerate(row)]
        for r, row in enumerate(one.rows)
    ]
    return [f"**{words(one.title)}.** {words(one.says)}", table(one.heads, cells, escaped=True)]


def _learned(judgements: Sequence[Judgement]) -> list[str]:
    """What became of classification and ranking while the rows of a table were trained."""
    ones = [one for one in judgements if taught(one)]
    if not ones:
        return []
    parts = ["### How the networks learned"]
    for judgement in ones:
        own = followed_by(judgement, "")
        if own is not None:
            rows = [(words(row), f"**{words(verdict)}**", words(says)) for row, verdict, says in own.verdicts]
            said = f" {words(own.headline)}" if own.headline else ""
            parts.append(f"**{words(own.title)}.**{said}")
            parts += [table(("", "verdict", "what was seen"), rows, escaped=True, numbers=False)] if rows else []
    heads, cells = epochs_table(ones)
    parts += ["Means over folds, by epoch:", table(heads, cells)] if cells else []
    for names, lines in counted(ones[0]):
        parts += [f"Parameters of {words(names)}:", table(("module", "part", "shape", "parameters"), lines)]
    return parts


def _placed(told: Placing) -> list[str]:
    """What the vectors hold apart from how they rank."""
    parts = ["### Where they place items", words(about(told)), words(about_cases(told))]
    for item_id in told.named:
        heads, rows = case_rows(told, item_id)
        parts += [f"**{words(told.title(item_id))}**", table(heads, rows, numbers=False)]
    ratings = told_of_ratings(told, "")
    if ratings is not None:
        parts += [words(ratings.says), table(ratings.heads, ratings.rows)]
    for one in overlaps(told, ""):
        parts += [f"**{words(one.title)}.** {words(one.says)}", table(one.heads, one.rows)]
    return parts


def _unhad(judgement: Judgement) -> str:
    """Rows without figures, and why."""
    said: list[str] = []
    for names, why in unhad(judgement):
        verb = "was" if len(names) == 1 else "were"
        said.append(
            f"{words(listed(names))} {verb} not run yet."
            if why == UNMEASURED
            else f"{words(listed(names))} could not be had: {words(why.rstrip('.'))}."
        )
    return " ".join(said)


def _line(row: Sequence[str], widths: Sequence[int], numbers: bool) -> str:
    padded: list[str] = []
    for k, (cell, wide) in enumerate(zip(row, widths, strict=True)):
        air = " " * (wide - _width(cell))
        padded.append(air + cell if k and numbers else cell + air)
    return f"| {' | '.join(padded)} |"


def _width(cell: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in cell)
