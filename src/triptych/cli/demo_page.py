"""Demo page: one self-contained HTML file. No script, no request, everything escaped."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from html import escape
from itertools import pairwise
from pathlib import Path

from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Clip, Item
from triptych.catalogue.sources.synthetic import Arrival, Truth, World
from triptych.cli.demo_answers import Answers, section
from triptych.drawing.page import hinge, shell
from triptych.features.ledger import Ledger
from triptych.media.contact_sheet import GLANCE, ContactSheet, contact_sheet
from triptych.media.loader import open_reel
from triptych.media.reel import Want
from triptych.spaces.ranking import Neighbour
from triptych.spaces.space import Space

NEIGHBOURS = 5
INTRODUCTION = (
    "<p>{count} generated clips. Their looks, sounds and plots were drawn independently, so two titles may look alike "
    "and have nothing else in common; the bars under each neighbour say which panel brought it.</p>"
)
LEARNED = (
    "<p>By a model that learned from the users' ratings in {seconds:.1f} s, before the last title came. One "
    "place of each user's list is for what is new.</p>"
)
LEGEND = (
    '<p class="soft">Under each row of pictures, the clip\'s colours over time; hatched is what was left out: black, '
    "logos, cards, credits.</p>"
)

#: What only this page has.
STYLE = """
.meta, .bars { font-family: ui-sans-serif, system-ui, sans-serif; font-size: .8rem; }
.wall { display: grid; grid-template-columns: repeat(auto-fill, minmax(21rem, 1fr)); gap: 1.1rem; }
article { background: var(--card); border: 1px solid var(--line); border-radius: 10px; overflow: hidden; }
article > div { padding: .8rem 1rem 1rem; } article.new { border: 2px solid var(--seeing); max-width: 46rem; }
article img { display: block; width: 100%; height: auto; } svg { display: block; width: 100%; height: 12px; }
.meta { color: var(--soft); margin: .1rem 0 .5rem; }
.bars { width: 100%; border-collapse: collapse; margin-top: .3rem; } .bars td { padding: .12rem .3rem .12rem 0; }
.bars td:first-child { width: 46%; } .bars td:nth-child(2) { width: 40%; }
.bar { display: block; height: 7px; border-radius: 2px; min-width: 1px; }
.score { text-align: right; font-variant-numeric: tabular-nums; }
"""


def write(
    path: Path,
    catalogue: Catalogue,
    space: Space,
    world: World,
    arrival: Arrival,
    seconds: Mapping[str, float],
    agreement: Mapping[str, Mapping[str, float]],
    answers: Answers,
) -> Path:
    """Write the page and return its path."""
    items = {item.item_id: item for item in catalogue.items()}
    truths = {truth.item_id: truth for truth in (*world.truths, arrival.truth)}
    sheets = _sheets(catalogue)
    lists = dict(space.similar(space.item_ids, n=NEIGHBOURS))
    new = arrival.item.item_id

    def card(item_id: str, *, fresh: bool = False) -> str:
        return _card(items[item_id], truths[item_id], sheets[item_id], lists[item_id], items, fresh=fresh)

    total = sum(seconds.values())
    laps = ", ".join(f"{name} {value:.2f} s" for name, value in seconds.items())
    body = [
        "<h1>Triptych</h1>",
        '<p class="soft">A catalogue that was seen, heard and read, and what is similar in it.</p>',
        hinge(),
        INTRODUCTION.format(count=len(items)),
        "<h2>The title that came last</h2>",
        f"<p>Added, extracted and placed in {total:.1f} s ({escape(laps)}), without anything being learned anew.</p>",
        card(new, fresh=True),
        "<h2>What to watch</h2>",
        LEARNED.format(seconds=answers.fit_s),
        section(answers, new),
        "<h2>Does each panel find its own truth?</h2>",
        "<p>How often the nearest title has the same look, sound or plot.</p>",
        _agreement(agreement),
        "<h2>The wall</h2>",
        LEGEND,
        f'<div class="wall">{"".join(card(item_id) for item_id in sorted(items) if item_id != new)}</div>',
        "<h2>The ledger</h2>",
        _ledger(catalogue),
    ]
    path.write_text(shell("Triptych demo", "".join(body), style=STYLE), encoding="utf-8")
    return path


def _sheets(catalogue: Catalogue) -> dict[str, ContactSheet]:
    clips = catalogue.clips()
    with ThreadPoolExecutor(max_workers=2) as pool:
        return dict(zip([clip.item_id for clip in clips], pool.map(_sheet, clips), strict=True))


def _sheet(clip: Clip) -> ContactSheet:
    return contact_sheet(open_reel(clip.path, Want(samplings=frozenset({GLANCE})), threads=1))


def _card(
    item: Item, truth: Truth, sheet: ContactSheet, near: list[Neighbour], items: Mapping[str, Item], *, fresh: bool
) -> str:
    picture = base64.b64encode(sheet.jpeg).decode()
    plot = escape(item.plot)
    rows = "".join(_neighbour(n, items[n.item_id].title) for n in near)
    return (
        f"<article{' class=new' if fresh else ''}>"
        f'<img src="data:image/jpeg;base64,{picture}" width="{sheet.width_px}" height="{sheet.height_px}" '
        f'loading="lazy" alt="Six pictures from {escape(item.title)}">{_strip(sheet)}'
        f'<div><h3>{escape(item.title)} <small class="soft">{item.year or ""}</small></h3>'
        f'<p class="meta">{escape(", ".join(item.genres))} · look: {escape(truth.look_name)} · sound: '
        f"{escape(truth.sound_name)} · plot: {escape(truth.plot_name)}</p>"
        f"<details><summary class=meta>Plot</summary><p>{plot}</p></details>"
        f"<table class=bars>{rows}</table></div></article>"
    )


def _neighbour(near: Neighbour, title: str) -> str:
    bars = "".join(
        f'<i class="bar {panel}" style="width:{max(score, 0) * 100:.0f}%" title="{panel} {score:.2f}"></i>'
        for panel, score in near.panels.items()
    )
    spoken = ", ".join(f"{panel} {score:.2f}" for panel, score in near.panels.items())
    return (
        f'<tr><td>{escape(title)}</td><td aria-label="{spoken}">{bars}</td>'
        f'<td class="score" title="{spoken}">{near.score:.2f}</td></tr>'
    )


def _strip(sheet: ContactSheet) -> str:
    """Colours over time, each from half-way to its neighbours; rejected spans hatched."""
    if not sheet.strip or sheet.duration_s <= 0:
        return ""
    times = [time for time, _ in sheet.strip]
    edges = [0.0, *((a + b) / 2 for a, b in pairwise(times)), sheet.duration_s]
    scale = 1000 / sheet.duration_s
    colours = "".join(
        f'<rect x="{a * scale:.1f}" width="{(b - a) * scale + 0.5:.1f}" height="12" fill="rgb{rgb}"/>'
        for a, b, (_, rgb) in zip(edges, edges[1:], sheet.strip, strict=False)
    )
    spans = "".join(
        f'<rect x="{s.start_s * scale:.1f}" width="{(s.end_s - s.start_s) * scale:.1f}" height="12" fill="url(#out)">'
        f"<title>left out: {escape(s.reason)}, {s.start_s:.1f}–{s.end_s:.1f} s</title></rect>"
        for s in sheet.rejected
    )
    hatch = (
        '<defs><pattern id="out" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect width="6" height="6" fill="#888"/><rect width="3" height="6" fill="#ddd"/></pattern></defs>'
    )
    frame = 'viewBox="0 0 1000 12" preserveAspectRatio="none" role="img" aria-label="colours over time"'
    return f"<svg {frame}>{hatch}{colours}{spans}</svg>"


def _agreement(agreement: Mapping[str, Mapping[str, float]]) -> str:
    rows = "".join(
        f"<tr><td>{escape(name)}</td>{''.join(f'<td class=number>{value:.0%}</td>' for value in row.values())}</tr>"
        for name, row in agreement.items()
    )
    heads = "".join(f"<th>{head}</th>" for head in ("searched with", "same look", "same sound", "same plot"))
    return f"<table class=data><tr>{heads}</tr>{rows}</table>"


def _ledger(catalogue: Catalogue) -> str:
    entries = sorted(Ledger(catalogue.tables).entries(), key=lambda e: (e.item_id, e.feature))
    counts = {status: sum(e.status.value == status for e in entries) for status in ("done", "skipped", "failed")}
    rows = "".join(
        f"<tr><td>{escape(e.item_id)}</td><td>{escape(e.feature)}</td><td>{e.status.value}</td>"
        f'<td class="number">{e.seconds:.2f}</td><td>{escape(e.account)}</td></tr>'
        for e in entries
    )
    summary = ", ".join(f"{count} {status}" for status, count in counts.items())
    heads = "".join(f"<th>{head}</th>" for head in ("item", "feature", "status", "seconds", "reason and warnings"))
    return f"<p>{summary}.</p><div class=scroll tabindex=0><table class=data><tr>{heads}</tr>{rows}</table></div>"
