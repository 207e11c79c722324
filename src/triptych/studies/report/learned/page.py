"""Page: what a report's page shows of the rows of a table that were trained."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from triptych.drawing.figure import table as listing
from triptych.drawing.map import STYLE as MAP_STYLE
from triptych.studies.report.gap import APPEARS, FALLS, LATE, RISES, TOGETHER
from triptych.studies.report.learned.maps import fits, maps, overlaps, told_of_ratings
from triptych.studies.report.learned.placing import Placing, about, about_cases, case_rows
from triptych.studies.report.learned.section import Followed, counted, epochs_table, followed_by, training
from triptych.studies.report.learned.told import taught
from triptych.studies.report.part import badge, folded, laid, prose
from triptych.studies.results import Judgement

STYLE = (
    MAP_STYLE
    + """
.judged h4 { font-size: 1.12rem; margin: 2.8rem 0 .4rem; max-width: 46rem; }
.gaps { list-style: none; margin: 1.2rem 0 0; padding: 0; font-family: ui-sans-serif, system-ui, sans-serif;
  font-size: .86rem; max-width: 62rem; }
.gaps li { display: grid; grid-template-columns: 13rem minmax(0, 1fr); gap: .2rem 1.6rem; padding: .6rem 0;
  border-top: 1px solid var(--line); overflow-wrap: anywhere; align-items: baseline; } .gaps b { display: block; }
.case { border-collapse: collapse; font-size: .82rem; min-width: 100%; table-layout: fixed; }
.case caption { text-align: left; font-weight: 600; padding-bottom: .3rem; overflow-wrap: anywhere; }
.case th, .case td { text-align: left; vertical-align: top; padding: .25rem 1.1rem .25rem 0; min-width: 9rem;
  overflow-wrap: anywhere; } .case th:first-child, .case td:first-child { min-width: 3.5rem; width: 5.5rem;
  white-space: nowrap;
  color: var(--soft); font-weight: 400; } .case th { border-bottom: 2px solid var(--line); font-weight: 600; }
.case tr + tr td { border-top: 1px solid var(--line); }
.gaps .badge { white-space: normal; margin-top: .25rem; }
@media (max-width: 34rem) { .gaps li { grid-template-columns: minmax(0, 1fr); } }
"""
)
#: How a verdict looks.
_LOOKS = {APPEARS: "contradicts", LATE: "contradicts", FALLS: "contradicts", TOGETHER: "agrees", RISES: "agrees"}
_ABOUT = (
    "AUC and satisfied triplets are of pairs that were held back from the training side; ranking is of the side that "
    "judges, which no epoch was chosen by. Numbers in brackets are Student's 95 % intervals over folds. Folds share "
    "most of what they learn from, so that these are rather too narrow."
)


def learning(judgements: Sequence[Judgement], name: str) -> str:
    """How the networks of a table learned, once for all protocols that judge it; nothing where no row was trained."""
    ones = [one for one in judgements if taught(one)]
    if not ones:
        return ""
    found = [own for n, one in enumerate(ones, start=1) if (own := followed_by(one, f"{name}-{n}")) is not None]
    wide, narrow = training(ones[0], name)
    heads, rows = epochs_table(ones)
    folds = [folded("The table by epoch", listing(heads, rows))] if rows else []
    folds += [
        folded(f"Parameters: {names}", listing(("module", "part", "shape", "parameters"), lines))
        for names, lines in counted(ones[0])
    ]
    return (
        f'<div class="judged" id="{name}"><h3>How the networks learned</h3><p class=how>{escape(_ABOUT)}</p>'
        f"{''.join(map(_followed, found))}{_training(ones, bool(wide or any(narrow)))}"
        f"{laid(wide)}{''.join(laid(row, thirds=True) for row in narrow)}<div class=more>{''.join(folds)}</div></div>"
    )


def places(told: Placing, name: str, *, seed: int) -> str:
    """Where the rows of a table place items: maps, neighbours of a few items, mean ratings, genres."""
    drawn = maps(told, f"{name}-map", seed=seed)
    ratings = told_of_ratings(told, f"{name}-ratings")
    parts = [
        f'<div class="judged" id="{name}"><h3>Where they place items</h3><p class=how>{escape(about(told))}</p>',
        *(laid(row, thirds=True) for row in drawn),
        f"<h4>Nearest to a few</h4><p class=how>{escape(about_cases(told))}</p>",
        *(_case(told, item_id) for item_id in told.named),
        laid([ratings] if ratings is not None else []),
        *(laid(row, thirds=True) for row in fits(told, f"{name}-fit")),
        laid(overlaps(told, f"{name}-genres")),
    ]
    return "".join([*parts, "</div>"])


def _case(told: Placing, item_id: str) -> str:
    heads, rows = case_rows(told, item_id)
    head = "".join(f"<th scope=col>{escape(one)}</th>" for one in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    title = escape(told.title(item_id))
    return (
        f'<div class="wide-table" tabindex="0"><table class="case"><caption>{title}</caption>'
        f"<tr>{head}</tr>{body}</table></div>"
    )


def _training(ones: Sequence[Judgement], there: bool) -> str:
    if not there:
        return ""
    protocol = ones[0].protocol
    more = f" <p class=how>As split for “{escape(protocol.title or protocol.name)}”.</p>" if len(ones) > 1 else ""
    return f"<h4>What training came to</h4>{more}"


def _followed(one: Followed) -> str:
    items = "".join(
        f"<li><span><b>{escape(row)}</b>{badge(verdict, _LOOKS.get(verdict, 'undecided'))}</span>"
        f"<span>{prose(says)}</span></li>"
        for row, verdict, says in one.verdicts
    )
    verdicts = f"<ul class=gaps>{items}</ul>" if items else ""
    said = f"<p class=says>{prose(one.headline)}</p>" if one.headline else ""
    return f"<h4>{escape(one.title)}</h4>{said}{verdicts}{laid(one.figures)}"
