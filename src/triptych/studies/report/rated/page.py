"""Page: what a report's page has of rating prediction beyond the table of figures."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from triptych.studies.report.part import laid, prose
from triptych.studies.report.rated.section import Beyond, Listed, of_judgement, of_table
from triptych.studies.results import Judgement


def beyond(judgement: Judgement, name: str) -> str:
    """Of one judgement: folds, fits and costs, and the figures that its rows tell of."""
    found = of_judgement(judgement, f"{name}-rated")
    return _told(found) if found.there else ""


def beside(judgements: Sequence[Judgement], name: str) -> str:
    """The protocols of a table side by side, first of all that is told of it; nothing where there is one alone."""
    found = of_table(judgements, name)
    if not found.there:
        return ""
    said = f"<p class=says>{prose(' '.join(found.says))}</p>" if found.says else ""
    return f'<div class="judged" id="{name}"><h3>Side by side</h3>{said}{_told(found)}</div>'


def _told(found: Beyond) -> str:
    return f"{''.join(map(_listed, found.tables))}{laid(found.figures)}"


def _listed(one: Listed) -> str:
    head = "".join(f"<th scope=col>{escape(head)}</th>" for head in one.heads)
    body: list[str] = []
    for r, row in enumerate(one.rows):
        cells = (f"<b>{escape(cell)}</b>" if (r, c) in one.strong else escape(cell) for c, cell in enumerate(row))
        body.append(f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>")
    return (
        f"<h4>{escape(one.title)}</h4><p class=how>{prose(one.says)}</p>"
        f'<div class="wide-table" tabindex="0"><table class="judgement"><tr>{head}</tr>{"".join(body)}</table></div>'
    )
