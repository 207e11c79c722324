"""Figure: a chart with its title, the sentence that says what it shows, and the same numbers as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from triptych.drawing.chart import Draw, figure

#: So many rows of a table are shown; the rest is counted.
LISTED = 300

STYLE = """
body { padding-bottom: 6rem; } a { color: inherit; text-decoration-color: var(--soft); text-underline-offset: .2em; }
h1 { font-size: clamp(2.2rem, 5vw, 3.4rem); line-height: 1.08; overflow-wrap: anywhere; }
h2 { font-size: clamp(1.7rem, 3.4vw, 2.3rem); letter-spacing: -.015em; margin: 6.5rem 0 .6rem; line-height: 1.15; }
h3 { font-size: 1.12rem; margin: 0 0 .9rem; overflow-wrap: anywhere; }
.lead { font-size: 1.15rem; line-height: 1.6; max-width: 44rem; margin-bottom: 2.5rem; overflow-wrap: anywhere; }
nav, figcaption, details, .key, .big dt, .badge, .foot { font-family: ui-sans-serif, system-ui, sans-serif; }
nav { display: flex; flex-wrap: wrap; gap: .2rem 1.6rem; font-size: .9rem; padding: .8rem 0; margin: 2rem 0 0;
  border-top: 1px solid var(--line); border-bottom: 1px solid var(--line); }
.big { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: 1.8rem 1.6rem;
  margin: 2.6rem 0 0; }
.big div { display: flex; flex-direction: column-reverse; justify-content: flex-end; }
.big dd { margin: 0; font-size: clamp(2rem, 4vw, 2.9rem); line-height: 1.1; letter-spacing: -.02em; }
.big dt { font-size: .84rem; color: var(--soft); line-height: 1.4; margin-top: .3rem; }
.big .of-hearing dd { color: var(--hearing); } .big .of-seeing dd { color: var(--seeing); }
.big .of-reading dd { color: var(--reading); }
.figures { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 4.5rem 3.5rem; margin-top: 2.5rem; }
figure { margin: 0; min-width: 0; }
figcaption { margin-top: .9rem; font-size: .92rem; line-height: 1.55; max-width: 38rem; overflow-wrap: anywhere; }
details { margin-top: .5rem; font-size: .82rem; } summary { color: var(--soft); }
details .scroll { margin-top: .5rem; max-height: 22rem; }
figure.broad { grid-column: 1 / -1; display: grid; grid-template-columns: minmax(0, 47.5rem) minmax(0, 1fr);
  column-gap: 3.5rem; align-items: start; grid-template-rows: auto auto 1fr; }
.broad h3 { grid-column: 1 / -1; } .broad .chart { grid-row: 2 / 4; }
.broad figcaption { margin-top: 0; } .broad details { grid-column: 2; }
.key { display: flex; flex-wrap: wrap; gap: .1rem 1.2rem; font-size: .82rem; color: var(--soft);
  margin: -.4rem 0 .8rem; }
.key i { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin-right: .45em; }
.soft-fill { background: var(--soft); } .ink-fill { background: var(--ink); }
.wide-table { overflow-x: auto; margin: 1.5rem 0 1rem; }
table.data { font-size: .82rem; } .data td.number, .data th.number { text-align: right; white-space: nowrap; }
.badge { display: inline-block; font-size: .78rem; padding: .05rem .6rem; border-radius: 1rem; white-space: nowrap;
  border: 1px solid var(--line); }
.foot { margin-top: 6rem; font-size: .82rem; color: var(--soft); }
@media (max-width: 60rem) { .figures { grid-template-columns: minmax(0, 40rem); gap: 3.5rem; }
  figure.broad { display: block; } .broad figcaption { margin-top: .9rem; } h2 { margin-top: 4.5rem; } }
"""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """``name`` is its id in the page; ``says`` is what it shows, with its number. The table has all that is drawn.

    ``key``: a class of the page's style and what the colour means. ``wide``: see :func:`triptych.drawing.chart.figure`.
    """

    name: str
    title: str
    draw: Draw
    says: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    broad: bool = False
    key: Sequence[tuple[str, str]] = ()
    wide: float = 0

    def html(self) -> str:
        chart = figure(self.draw, name=self.name, title=self.title, about=self.says, broad=self.broad, wide=self.wide)
        key = "".join(f'<span><i class="{tone}"></i>{escape(word)}</span>' for tone, word in self.key)
        return (
            f'<figure id="{self.name}"{" class=broad" if self.broad else ""}><h3>{escape(self.title)}</h3>'
            f"<div class=chart>{f'<p class=key>{key}</p>' if key else ''}{chart}</div>"
            f"<figcaption>{escape(self.says)}</figcaption>"
            f"<details><summary>The numbers</summary><div class=scroll tabindex=0>{table(self.heads, self.rows)}</div>"
            "</details></figure>"
        )


def section(name: str, title: str, lead: str, figures: Sequence[Figure], *, before: str = "") -> str:
    """``before`` is HTML between the lead and the figures."""
    drawn = f"<div class=figures>{''.join(one.html() for one in figures)}</div>" if figures else ""
    return f'<section id="{name}"><h2>{escape(title)}</h2><p class=lead>{escape(lead)}</p>{before}{drawn}</section>'


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The first column is of names, the others of numbers. Of very many rows the first are shown."""
    kind = ("", " class=number")
    head = "".join(f'<th scope="col"{kind[bool(k)]}>{escape(name)}</th>' for k, name in enumerate(heads))
    body = "".join(
        f"<tr>{''.join(f'<td{kind[bool(k)]}>{escape(cell)}</td>' for k, cell in enumerate(row))}</tr>"
        for row in rows[:LISTED]
    )
    more = f"<p>… and {len(rows) - LISTED:,} more; --json has them all.</p>" if len(rows) > LISTED else ""
    return f"<table class=data><tr>{head}</tr>{body}</table>{more}"
