"""Page: a study's report as one self-contained HTML file, for whoever looks. No script, no request, all escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from triptych.drawing.figure import STYLE as FIGURE_STYLE
from triptych.drawing.figure import table as listing
from triptych.drawing.page import hinge, shell
from triptych.drawing.stroke import STYLE as CHART_STYLE
from triptych.studies.report import tables
from triptych.studies.report.figures import figures_of, over_k
from triptych.studies.report.findings import findings, how, scored, tested, verdict_counts
from triptych.studies.report.learned.page import STYLE as LEARNED_STYLE
from triptych.studies.report.learned.page import learning, places
from triptych.studies.report.learned.placing import Placing, placings
from triptych.studies.report.part import badge, folded, laid, prose
from triptych.studies.report.rated.page import beside, beyond
from triptych.studies.report.rated.says import where
from triptych.studies.report.selection import selection_figures
from triptych.studies.report.view import UNMEASURED, listed, seconds, told, unhad
from triptych.studies.results import AGREES, CONTRADICTS, UNDECIDED, UNTESTED, Judgement, Results, Verdict
from triptych.studies.study import Study, Table

STYLE = """
.notes { color: var(--soft); max-width: 44rem; overflow-wrap: anywhere; }
.judged { margin: 3.5rem 0 0; padding-top: 1.4rem; border-top: 1px solid var(--line); }
.judged > h3 { font-size: 1.35rem; margin: 0 0 .5rem; }
.says { font-size: 1.05rem; line-height: 1.6; max-width: 46rem; overflow-wrap: anywhere; }
.how { font-family: ui-sans-serif, system-ui, sans-serif; font-size: .84rem; color: var(--soft); max-width: 46rem; }
.figures.thirds { grid-template-columns: repeat(auto-fit, minmax(min(19rem, 100%), 1fr)); gap: 2.5rem 3rem; }
.thirds figure { max-width: 24rem; }
.claims { display: grid; gap: 0; margin: 2rem 0 0; padding: 0; list-style: none; }
.claims > li { display: grid; grid-template-columns: minmax(0, 5fr) minmax(0, 7fr); gap: .4rem 2.5rem;
  padding: 1.1rem 0; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
.claims p { margin: 0; line-height: 1.45; } .claims ul { list-style: none; margin: 0; padding: 0; display: grid;
  gap: .7rem; }
.claims ul li { display: grid; grid-template-columns: 7rem minmax(0, 1fr); gap: .2rem 1rem; align-items: baseline;
  font-family: ui-sans-serif, system-ui, sans-serif; font-size: .84rem; }
.claims small { color: var(--soft); display: block; }
.badge { justify-self: start; }
.badge.agrees { background: var(--reading); border-color: var(--reading); color: var(--card); }
.badge.contradicts { background: var(--seeing); border-color: var(--seeing); color: var(--card); }
.badge.undecided { border-color: var(--soft); color: var(--ink); }
.badge.not-tested { border-style: dashed; border-color: var(--soft); color: var(--soft); }
table.judgement { border-collapse: collapse; font-size: .82rem; min-width: 100%; }
.judgement th, .judgement td { padding: .3rem 1.1rem .3rem 0; text-align: right; white-space: nowrap;
  font-variant-numeric: tabular-nums; } .judgement th { border-bottom: 2px solid var(--line); font-weight: 600; }
.judgement th:first-child, .judgement td:first-child { text-align: left; white-space: normal; min-width: 7.5rem;
  max-width: 22rem; overflow-wrap: anywhere; }
.judgement tr + tr td { border-top: 1px solid var(--line); } .judgement .group td { color: var(--soft);
  padding-top: 1rem; font-style: italic; } .judgement .quiet td { color: var(--soft); }
.more { display: flex; flex-wrap: wrap; gap: .2rem 2.5rem; } .more details { min-width: 0; max-width: 100%; }
.more details[open] { flex-basis: 100%; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: .78rem; line-height: 1.5; margin: 0; }
.pairs { border-collapse: collapse; } .pairs td, .pairs th { text-align: left; vertical-align: top;
  padding: .3rem 1.5rem .3rem 0; overflow-wrap: anywhere; } .pairs tr + tr > * { border-top: 1px solid var(--line); }
@media (max-width: 60rem) { .claims > li { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 34rem) { .claims ul li { grid-template-columns: minmax(0, 1fr); } }
"""

#: A title that overrides the direction of writing would turn the sentence round in which it stands.
_TURNS = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)))


def page(results: Results, placed: Mapping[str, Placing] | None = None) -> str:
    """The whole page. ``placed``: where learned rows place items, by table, if it is known already."""
    placing = placings(results) if placed is None else placed
    study, manifest = results.done.study, results.done.manifest
    by_table = [(one, [found for found in results.judgements if found.table.name == one.name]) for one in study.tables]
    by_table = [(one, found) for one, found in by_table if found]
    contents = [("claims", "Verdicts")] if results.verdicts else []
    contents += [(f"table-{k}", one.title) for k, (one, _) in enumerate(by_table, start=1)]
    contents.append(("run", "Data and run"))
    links = "".join(f'<a href="#{name}">{escape(title)}</a>' for name, title in contents)
    foot = (
        "The same figures, and more, as JSON: report.json, beside this page. For a terminal or a forge: report.md. "
        f"Computed in {seconds(manifest.seconds)}."
    )
    body = [
        '<p class="soft">Triptych · a study</p>',
        f"<h1>{escape(study.title)}</h1>",
        hinge(),
        f"<p class=lead>{escape(study.paper)}</p>" if study.paper else "",
        f"<p class=notes>{escape(study.notes)}</p>" if study.notes else "",
        _numbers(results),
        f'<nav aria-label="Contents">{links}</nav>',
        _claims(results) if results.verdicts else "",
        *(
            _table(one, found, k, study=study, placed=placing.get(one.name))
            for k, (one, found) in enumerate(by_table, start=1)
        ),
        "" if by_table else "<p class=lead>No table has a row that was measured.</p>",
        _run(results),
        f"<p class=foot>{escape(foot)}</p>",
    ]
    whole = shell(f"{study.title}: the report", "".join(body), style=CHART_STYLE + FIGURE_STYLE + STYLE + LEARNED_STYLE)
    return whole.translate(_TURNS)


def _numbers(results: Results) -> str:
    data = results.done.manifest.data
    counts = verdict_counts(results)
    told_ = [
        ("of-hearing", f"{data.get('items', 0):,}", "items"),
        ("of-reading", f"{data.get('users', 0):,}", "users"),
        ("of-seeing", f"{data.get('interactions', 0):,}", "ratings"),
        ("", f"{len(data.get('features', {})):,}", "features"),
    ]
    if results.verdicts:
        told_.append(
            ("", f"{counts[AGREES]} of {len(results.verdicts)}", "verdicts agree with the paper, over all protocols")
        )
        told_.append(("", f"{counts[CONTRADICTS]}", f"contradict it; {counts[UNDECIDED]} are undecided"))
    cells = "".join(
        f"<div{f' class={tone}' if tone else ''}><dt>{escape(words)}</dt><dd>{escape(number)}</dd></div>"
        for tone, number, words in told_
    )
    return f"<dl class=big>{cells}</dl>"


def _claims(results: Results) -> str:
    """Each claim once, and under it what became of it by each protocol."""
    items: list[str] = []
    for claim in dict.fromkeys(one.claim for one in results.verdicts):
        found = "".join(_outcome(one) for one in results.verdicts if one.claim == claim)
        items.append(f"<li><p>{escape(claim.says)}</p><ul>{found}</ul></li>")
    return (
        '<section id="claims"><h2>What the paper says, and what we see</h2><p class=how>A claim agrees or contradicts '
        "where the difference is beyond chance: where the same users or items judge both rows, p below 0.05, after "
        "Holm if the table tests that metric; else an interval that leaves out 0. Otherwise it is undecided.</p>"
        f'<ul class="claims">{"".join(items)}</ul></section>'
    )


def _outcome(one: Verdict) -> str:
    _, where, what, verdict = tables.claim_row(one)
    return f"<li>{_verdict(verdict)}<span>{prose(what)}<small>{escape(where)}</small></span></li>"


def _verdict(word: str) -> str:
    return badge(word, word.replace(" ", "-") if word in (AGREES, CONTRADICTS, UNDECIDED, UNTESTED) else "")


def _table(one: Table, judgements: Sequence[Judgement], k: int, *, study: Study, placed: Placing | None) -> str:
    notes = f"<p class=notes>{escape(one.notes)}</p>" if one.notes else ""
    ran = [found for found in judgements if told(found)]
    if not ran:
        body = f"<p class=how>{escape(_unhad(judgements[0]))}</p>"
    else:
        body = "".join(_judgement(found, f"t{k}-{n}", draws=study.draws) for n, found in enumerate(ran, start=1))
        body += beside(ran, f"t{k}-beside")
        body += _selected(ran, f"t{k}-selected")
        body += learning(ran, f"t{k}-learned")
        body += places(placed, f"t{k}-placed", seed=study.seed) if placed is not None else ""
    return f'<section id="table-{k}"><h2>{escape(one.title)}</h2>{notes}{body}</section>'


def _judgement(one: Judgement, name: str, *, draws: int) -> str:
    curves = over_k(one, f"{name}-k")
    missing = _unhad(one)
    title = f"{one.protocol.title or one.protocol.name}{where(one)}"
    parts = [
        f'<div class="judged" id="{name}"><h3>{escape(title)}</h3>',
        f"<p class=says>{prose(' '.join(findings(one)))}</p>",
        f"<details class=how><summary>How it was judged: {escape(scored(one))}</summary>",
        f"<p>{prose(how(one.protocol, one.row))}</p></details>",
        laid(figures_of(one, name)),
        laid(curves, thirds=True),
        f'<div class="wide-table" tabindex="0">{_rows(one)}</div>',
        f"<p class=how>{prose(tested(one, draws=draws))} Bold: the best variant. Cost: all folds together.</p>",
        f"<p class=how>{escape(missing)}</p>" if missing else "",
        _details(one),
        beyond(one, name),
        "</div>",
    ]
    return "".join(parts)


def _selected(judgements: Sequence[Judgement], name: str) -> str:
    """What was selected, once for a table: the first protocol that it was run by."""
    for one in judgements:
        figures = selection_figures(one, name)
        if figures:
            by = one.protocol.title or one.protocol.name
            return f'<div class="judged"><h3>What was selected</h3><p class=how>{escape(by)}.</p>{laid(figures)}</div>'
    return ""


def _rows(one: Judgement) -> str:
    heads = tables.heads(one)
    lines = [f"<tr>{''.join(f'<th scope=col>{escape(head)}</th>' for head in heads)}</tr>"]
    kind = "variant"
    for row in tables.rows(one):
        if row.kind != kind:
            kind = row.kind
            lines.append(f'<tr class=group><td colspan="{len(heads)}">{escape(tables.GROUPS[kind])}</td></tr>')
        cells = (f"<td>{f'<b>{escape(c.text)}</b>' if c.strong else escape(c.text)}</td>" for c in row.cells)
        lines.append(f"<tr{'' if kind == 'variant' else ' class=quiet'}>{''.join(cells)}</tr>")
    return f'<table class="judgement">{"".join(lines)}</table>'


def _details(one: Judgement) -> str:
    parts = [folded("All figures and tests", listing(tables.ALL, tables.all_rows(one)))]
    heads, rows = tables.whole_table(one)
    if heads:
        what = "ratings" if one.protocol.rated else "lists"
        parts.append(folded(f"Of all {what} together", listing(heads, rows)))
    return f"<div class=more>{''.join(parts)}</div>"


def _unhad(one: Judgement) -> str:
    said: list[str] = []
    for names, why in unhad(one):
        verb = "was" if len(names) == 1 else "were"
        short = why.rstrip(".")
        said.append(
            f"{listed(names)} {verb} not run yet."
            if why == UNMEASURED
            else f"{listed(names)} could not be had: {short}."
        )
    return " ".join(said)


def _run(results: Results) -> str:
    manifest = results.done.manifest
    source = folded("The study as it was given", f"<pre>{escape(manifest.source)}</pre>")
    pairs = "".join(
        f"<tr><th scope=row>{escape(name)}</th><td>{escape(value)}</td></tr>"
        for name, value in tables.manifest_rows(manifest)
    )
    checks = ""
    if results.checks:
        rows = [tables.check_row(one) for one in results.checks]
        checks = f"<h3>Brackets</h3>{listing(('figure', 'expected', 'found', ''), rows)}"
    features = listing(("feature", "width", "items that have it"), tables.feature_rows(manifest))
    return (
        f'<section id="run"><h2>Data and run</h2><p class=lead>{escape(tables.data_line(manifest))}.</p>{checks}'
        f'<div class="wide-table" tabindex="0">{features}</div><table class=pairs>{pairs}</table>'
        f"<div class=more>{source}</div></section>"
    )
