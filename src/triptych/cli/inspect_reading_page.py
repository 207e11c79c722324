"""Inspect reading page: what is read of one item as a section of the page. All that was written is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from triptych.catalogue.records import Item
from triptych.cli.inspect_lane import clock
from triptych.cli.inspect_reading import Edge, Name, Reading
from triptych.cli.inspect_reading_words import cards_say, fields, reading_says
from triptych.drawing.figure import table

#: [characters] of a plot on the page, and how many tails of one relation.
SHOWN, TAILS = 6000, 12
#: The kinds of names, in the order of their key.
KINDS = {"person": "person", "organisation": "organisation", "place": "place"}

STYLE = """
.of-item { border-top: 1px solid var(--line); padding-top: 1.1rem; }
.plot { font-size: 1.08rem; line-height: 1.75; max-width: 44rem; margin-top: 2rem; overflow-wrap: anywhere;
  white-space: pre-line; }
mark { color: inherit; padding: .08em .22em; border-radius: 3px; background: none; }
mark.person { background: color-mix(in srgb, var(--reading) 30%, transparent); }
mark.organisation { box-shadow: inset 0 0 0 1.5px var(--reading); }
mark.place { border-bottom: 3px solid var(--reading); border-radius: 0; padding: 0 .1em; }
.names { display: flex; flex-wrap: wrap; gap: .5rem 1.6rem; list-style: none; padding: 0; margin: 1rem 0 0;
  font: .82rem ui-sans-serif, system-ui, sans-serif; color: var(--soft); }
#read h3 { margin: 3rem 0 .9rem; }
.edges { display: grid; grid-template-columns: max-content 1fr; gap: 1rem; align-items: center; margin: 0 0 1.1rem;
  font: .88rem/1.5 ui-sans-serif, system-ui, sans-serif; }
.edges b { font-weight: 400; border: 1px solid var(--line); border-radius: 1rem; padding: .05rem .7rem;
  background: var(--card); overflow-wrap: anywhere; min-width: 0; max-width: 22rem; }
.edges > b { border-color: var(--reading); font-weight: 600; } .edges i { font-style: normal; color: var(--reading); }
.edges ul { list-style: none; margin: 0; padding: .1rem 0 .1rem 1rem; border-left: 2px solid var(--reading); }
.edges li { display: flex; flex-wrap: wrap; align-items: center; gap: .3rem .45rem; margin: .4rem 0; }
.edges i::after { content: " →"; } .edges small { color: var(--soft); }
.cards { width: auto; max-width: 46rem; }
@media (max-width: 40rem) { .plot { font-size: 1rem; } .edges { display: block; }
  .edges > b { display: inline-block; } .edges ul { margin: 0 0 0 1.1rem; padding-top: .5rem; } }
"""


def section(item: Item, told: Reading) -> str:
    """The whole section."""
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(words)}</dd>" for name, words in fields(item))
    listed = f'<dl class="facts of-item">{rows}</dl>' if rows else ""
    return (
        f"<section id=read><h2>What is read</h2><p class=lead>{escape(reading_says(item, told))}</p>"
        f"{listed}{_plot(told)}{_edges(told)}{_cards(told)}</section>"
    )


def marked(plot: str, names: Sequence[Name], *, shown: int = SHOWN) -> str:
    """The plot as HTML with its names marked; of a very long one the beginning.

    >>> marked("<i>Ann</i>", [Name(kind="person", text="Ann", start=3, end=6)])
    '&lt;i&gt;<mark class=person title="person">Ann</mark>&lt;/i&gt;'
    """
    parts: list[str] = []
    at = 0
    for name in names:
        if name.end > shown:
            break
        kind = KINDS[name.kind]
        parts.append(escape(plot[at : name.start]))
        parts.append(f'<mark class={kind} title="{kind}">{escape(plot[name.start : name.end])}</mark>')
        at = name.end
    parts.append(escape(plot[at : max(shown, at)]))
    return "".join(parts) + (" …" if len(plot) > shown else "")


def _plot(told: Reading) -> str:
    if not told.plot:
        return ""
    counts = {kind: sum(name.kind == kind for name in told.names) for kind in KINDS}
    key = "".join(
        f"<li><mark class={kind}>{escape(KINDS[kind])}</mark> {count}</li>" for kind, count in counts.items() if count
    )
    more = len(told.plot) - SHOWN
    rest = f"<p class=soft>… and {more:,} more characters; --json has them all.</p>" if more > 0 else ""
    return (
        f'<p class=plot dir="auto">{marked(told.plot, told.names)}</p>{rest}'
        f"{f'<ul class=names>{key}</ul>' if key else ''}"
    )


def _edges(told: Reading) -> str:
    if not told.triples:
        return ""
    by_head: dict[str, dict[str, list[Edge]]] = {}
    for edge in told.triples:
        by_head.setdefault(edge.head, {}).setdefault(edge.relation, []).append(edge)
    trees = "".join(
        f"<div class=edges><b>{escape(head)}</b><ul>{''.join(map(_branch, branches.values()))}</ul></div>"
        for head, branches in by_head.items()
    )
    rows = [(one.head, one.relation, one.tail, _origin(one)) for one in told.triples]
    return (
        f"<h3>As a graph</h3>{trees}<details><summary>Its triples: head, relation, tail</summary>"
        f"<div class=scroll tabindex=0>{table(('head', 'relation', 'tail', 'from'), rows)}</div></details>"
    )


def _branch(edges: Sequence[Edge]) -> str:
    """What one head has of one relation."""
    tails = "".join(f"<b>{escape(one.tail)}</b>" for one in edges[:TAILS])
    more = f"<small>and {len(edges) - TAILS:,} more</small>" if len(edges) > TAILS else ""
    origin = f"<small>{_origin(edges[0])}</small>" if edges[0].sentence else ""
    return f"<li><i>{escape(edges[0].relation.replace('_', ' '))}</i> {tails}{more}{origin}</li>"


def _origin(edge: Edge) -> str:
    return f"sentence {edge.sentence}" if edge.sentence else "metadata"


def _cards(told: Reading) -> str:
    lead = f"<h3>On its cards</h3><p>{escape(cards_say(told))}</p>"
    if told.cards is None or not told.cards.lines:
        return lead
    rows = "".join(
        f"<tr><td>{clock(one.at_s, fine=True)}</td><td>{escape(one.text)}</td><td>{escape(one.kind)}</td>"
        f"<td class=number>{one.sure:.2f}</td></tr>"
        for one in told.cards.lines
    )
    heads = "".join(
        f'<th scope="col"{" class=number" * (n == "sure")}>{n}</th>' for n in ("at", "line", "kind", "sure")
    )
    return f'{lead}<table class="data cards"><tr>{heads}</tr>{rows}</table>'
