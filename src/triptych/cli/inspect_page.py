"""Inspect page: one item as one self-contained HTML file. No script, no request, all that was written is escaped."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import partial
from html import escape
from pathlib import Path
from typing import TypeVar

from triptych.cli import inspect_reading_page
from triptych.cli.inspect_figure import STYLE as ALONG_STYLE
from triptych.cli.inspect_figure import timeline
from triptych.cli.inspect_hearing import SURE, Hearing
from triptych.cli.inspect_lane import clock
from triptych.cli.inspect_words import along_says, at_text, facts, notes, opening, shots_say
from triptych.cli.inspection import REASONS, SHOWN_SHOTS, Inspection, Pictures, Segment, Shot, Stored
from triptych.cli.report_figure import STYLE as FIGURE_STYLE
from triptych.cli.report_figure import plural
from triptych.drawing.axis import share_text
from triptych.drawing.chart import rows as bars
from triptych.drawing.figure import Figure, table
from triptych.drawing.page import hinge, shell
from triptych.drawing.stroke import STYLE as CHART_STYLE
from triptych.media.contact_sheet import Tile, jpeg_of

T = TypeVar("T")

#: [px] The short side of a picture on the page: twice as large as it is shown, for fine screens.
TILE_PX, SHOT_PX = 150, 180
#: Titles that override the direction of writing would turn the sentence round in which they stand.
_TURNS = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)))

STYLE = """
h2 { margin-top: 5rem; } .lead { margin-bottom: 1.8rem; overflow-wrap: anywhere; }
h1 small { font: inherit; font-size: .45em; font-weight: 400; letter-spacing: 0; color: var(--soft);
  white-space: nowrap; }
.along { margin-top: .5rem; } .along figcaption { margin-top: 1.4rem; max-width: none; display: grid;
  grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr)); gap: .6rem 3.5rem; }
.note { border-left: 3px solid var(--seeing); padding: .1rem 0 .1rem .9rem; margin: 1.6rem 0 0; }
.wall { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.2rem, 1fr)); gap: .9rem .55rem; margin: 0;
  padding: 0; list-style: none; }
.wall.large { grid-template-columns: repeat(auto-fill, minmax(11.5rem, 1fr)); gap: 1.4rem .9rem; }
.tall { grid-template-columns: repeat(auto-fill, minmax(5rem, 1fr)); }
.wall li { margin: 0; min-width: 0; } .wall .seen { position: relative; display: block; overflow: hidden;
  border-radius: 4px; background: var(--line); }
.wall img { display: block; width: 100%; height: auto; }
.wall p { margin: .25rem 0 0; font: .74rem/1.35 ui-sans-serif, system-ui, sans-serif; color: var(--soft);
  font-variant-numeric: tabular-nums; }
.wall b { color: var(--ink); font-weight: 600; }
.out img { opacity: .45; } .out .seen::after { content: ""; position: absolute; inset: 0;
  background: repeating-linear-gradient(45deg, var(--ink) 0 1.5px, transparent 1.5px 9px); opacity: .28; }
.out p { color: var(--seeing); }
.empty { display: grid; place-items: center; aspect-ratio: 16 / 9; font: .74rem ui-sans-serif, system-ui, sans-serif;
  color: var(--soft); }
.left-out { list-style: none; padding: 0; margin: 0 0 1.8rem; display: flex; flex-wrap: wrap; gap: .4rem 1.8rem;
  font: .88rem ui-sans-serif, system-ui, sans-serif; }
.swatch { display: inline-block; width: 1.6em; height: .85em; vertical-align: -.05em; margin-right: .5em;
  border-radius: 2px; border: 1px solid var(--line);
  background: repeating-linear-gradient(45deg, var(--soft) 0 1.5px, transparent 1.5px 5px); }
.big + details { margin-top: 2.2rem; }
@media (min-width: 40rem) { .big.many { grid-template-columns: repeat(4, 1fr); } }
@media (min-width: 40rem) and (max-width: 74rem) { .big.six { grid-template-columns: repeat(3, 1fr); } }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.4rem; margin: 1.2rem 0 0;
  font: .86rem/1.5 ui-sans-serif, system-ui, sans-serif; }
.facts dt { color: var(--soft); } .facts dd { margin: 0; overflow-wrap: anywhere; }
.stored { overflow-x: auto; } .stored table { min-width: 44rem; } .stored td:first-child { white-space: nowrap; }
.stored code { font-size: .78rem; } .state { white-space: nowrap; } .state.failed { color: var(--seeing); }
.state.skipped { color: var(--soft); } .details { display: flex; flex-wrap: wrap; gap: .3rem 1.8rem; margin-top: 1rem; }
.details details { margin: 0; } .details details[open] { flex-basis: 100%; }
@media (max-width: 40rem) { .wall { grid-template-columns: repeat(4, 1fr); gap: .6rem .35rem; }
  .wall p { font-size: .68rem; }
  .wall.large { grid-template-columns: repeat(2, 1fr); } .facts { grid-template-columns: 1fr; gap: 0; }
  .facts dd { margin-bottom: .5rem; } .big { grid-template-columns: repeat(2, 1fr); } }
"""


def write(path: Path, found: Inspection, pictures: Pictures) -> Path:
    """Write the page and return its path."""
    path.write_text(page(found, pictures), encoding="utf-8")
    return path


def page(found: Inspection, pictures: Pictures) -> str:
    """The whole page."""
    item = found.item
    title = item.title or item.item_id
    year = f" <small>{item.year}</small>" if item.year is not None else ""
    body = [
        '<p class="soft">Triptych · one item, seen, heard and read afresh</p>',
        f"<h1>{escape(title)}{year}</h1>",
        hinge("what is seen", "what is heard", "what is read"),
        f"<p class=lead>{escape(opening(found))}</p>",
        *(f"<p class=note>{escape(words)}</p>" for words in notes(found)),
        _numbers(found),
        _facts(found),
        _along(found, pictures),
        _sheet(found, pictures),
        _shots(found, pictures),
        inspect_reading_page.section(item, found.reading),
        _stored(found),
        f"<p class=foot>{escape(_method(found))}</p>",
    ]
    style = CHART_STYLE + FIGURE_STYLE + ALONG_STYLE + STYLE + inspect_reading_page.STYLE
    return shell(f"{title}: what is seen, heard and read", "".join(body), style=style).translate(_TURNS)


def _numbers(found: Inspection) -> str:
    clip, shots = found.clip, found.shot_facts
    told: list[tuple[str, str, str]] = []
    if clip is not None:
        told.append(("", clock(clip.duration_s, fine=clip.duration_s < 600), "long"))
    if shots is not None:
        told.append(("of-seeing", f"{shots.count:,}", "shot" if shots.count == 1 else "shots"))
        told.append(("of-seeing", f"{shots.mean_s:.1f} s", f"mean length of a shot, median {shots.median_s:.1f} s"))
    if clip is not None and found.colours:
        share = 1 - clip.left_s / clip.duration_s if clip.duration_s > 0 else 0.0
        told.append(("", share_text(share), "left out: not of the film itself"))
    told += _of_hearing(found.hearing)
    if found.stored:
        done = sum(one.status == "done" for one in found.stored)
        told.append(("of-reading", f"{done} of {len(found.stored)}", "features measured, by the ledger"))
    cells = "".join(
        f"<div{f' class={tone}' if tone else ''}><dt>{escape(words)}</dt><dd>{escape(number)}</dd></div>"
        for tone, number, words in told
    )
    # No row with a number alone in it.
    even = " many" if len(told) > 6 else " six" if len(told) == 6 else ""
    return f'<dl class="big{even}">{cells}</dl>' if told else ""


def _of_hearing(told: Hearing | None) -> list[tuple[str, str, str]]:
    if told is None:
        return []
    numbers: list[tuple[str, str, str]] = []
    if told.integrated_lufs is not None and told.range_lu is not None:
        whole = f"{told.integrated_lufs:.1f}".replace("-", "−")
        numbers.append(("of-hearing", whole, f"LUFS over the whole clip, range {told.range_lu:.1f} LU"))
    if told.speech_share is not None:
        numbers.append(("of-hearing", share_text(told.speech_share), "of the time somebody speaks"))
    if told.bpm is not None and told.certainty >= SURE:
        numbers.append(("of-hearing", f"{told.bpm:.0f}", "beats a minute"))
    return numbers


def _facts(found: Inspection) -> str:
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(words)}</dd>" for name, words in facts(found))
    return f"<details open><summary>The file</summary><dl class=facts>{rows}</dl></details>"


def _along(found: Inspection, pictures: Pictures) -> str:
    if not found.colours and found.hearing is None:
        return ""
    says = along_says(found)
    tables: list[tuple[str, Sequence[str], list[tuple[str, ...]]]] = []
    if found.rejected:
        tables.append(
            (
                "What is left out",
                ("why", "from", "to", "seconds"),
                [(s.words, at_text(s.start_s), at_text(s.end_s), f"{s.end_s - s.start_s:.1f}") for s in found.rejected],
            )
        )
    if found.colours:
        rows = [(at_text(at_s), f"#{r:02x}{g:02x}{b:02x}") for at_s, (r, g, b) in _some(found.colours)]
        tables.append(("Colours", ("at", "mean colour"), rows))
    if found.motion:
        rows = [(at_text(at_s), f"{value:.3f}") for at_s, value in _some(found.motion)]
        tables.append(("Motion", ("at", "short sides a second"), rows))
    if found.change:
        rows = [(at_text(at_s), share_text(value)) for at_s, value in _some(found.change)]
        tables.append(("Change", ("at", "share of the full range"), rows))
    tables += _heard_tables(found.hearing)
    told = "".join(
        f"<details><summary>{escape(name)}: the numbers</summary><div class=scroll tabindex=0>{table(heads, rows)}"
        "</div></details>"
        for name, heads, rows in tables
    )
    # A number and its unit stand on one line.
    captions = "".join(f"<p>{escape(words).replace(' %', chr(0xA0) + '%')}</p>" for words in says)
    return (
        "<section id=along><h2>Along the clip</h2><figure class=along>"
        f"{timeline(found, pictures.spectrum, about=' '.join(says))}<figcaption>{captions}</figcaption>"
        f"<div class=details>{told}</div></figure></section>"
    )


def _heard_tables(told: Hearing | None) -> list[tuple[str, Sequence[str], list[tuple[str, ...]]]]:
    tables: list[tuple[str, Sequence[str], list[tuple[str, ...]]]] = []
    if told is None:
        return tables
    if told.loudness:
        rows = [(at_text(at_s), f"{value:.1f}".replace("-", "−")) for at_s, value in _some(told.loudness)]
        tables.append(("Loudness", ("at", "LUFS"), rows))
    if told.speech_s:
        spans = [(at_text(a), at_text(b), f"{b - a:.2f}") for a, b in told.speech_s]
        tables.append(("Speech", ("from", "to", "seconds"), spans))
    if told.moments:
        kinds = ("speech", "music", "other", "silent", "harmonic", "percussive")
        halves = [
            (at_text(one.start_s), one.kind, *(share_text(getattr(one, kind)) for kind in kinds))
            for one in _some(told.moments)
        ]
        tables.append(("Half seconds", ("from", "sounds like", *kinds), halves))
    if told.beats_s:
        tables.append(("Beats", ("beat", "at"), [(str(k + 1), f"{at:.2f} s") for k, at in enumerate(told.beats_s)]))
    return tables


def _sheet(found: Inspection, pictures: Pictures) -> str:
    if not pictures.wall:
        return ""
    tall = pictures.wall[0].rgb.shape[0] > 1.1 * pictures.wall[0].rgb.shape[1]
    tiles = "".join(_tile(tile) for tile in pictures.wall)
    lead = f"{plural(len(pictures.wall), 'picture')}, evenly over the whole clip."
    if found.rejected:
        lead += " Those that are dimmed are not of the film itself, and nothing is measured of them."
    spans = "".join(f"<li><i class=swatch></i>{escape(_span_words(span))}</li>" for span in found.rejected)
    return (
        f"<section id=sheet><h2>Contact sheet</h2><p class=lead>{escape(lead)}</p>"
        f"{f'<ul class=left-out>{spans}</ul>' if spans else ''}"
        f'<ol class="wall{" tall" if tall else ""}">{tiles}</ol></section>'
    )


def _tile(tile: Tile) -> str:
    at = at_text(tile.at_s)
    why = f" · {tile.reason}" if tile.reason else ""
    alt = f"At {at}" + (f", left out: {REASONS.get(tile.reason, tile.reason)}" if tile.reason else "")
    return (
        f"<li{' class=out' if tile.reason else ''}><span class=seen>{_image(tile, TILE_PX, alt)}</span>"
        f"<p>{at}{escape(why)}</p></li>"
    )


def _image(tile: Tile, short_side_px: int, alt: str) -> str:
    high, wide = tile.rgb.shape[:2]
    coded = base64.b64encode(jpeg_of(tile.rgb, short_side_px=short_side_px)).decode()
    return (
        f'<img src="data:image/jpeg;base64,{coded}" width="{wide}" height="{high}" loading="lazy" alt="{escape(alt)}">'
    )


def _shots(found: Inspection, pictures: Pictures) -> str:
    told = found.shot_facts
    if told is None:
        return ""
    cards = "".join(
        _shot(k, shot, tile) for k, (shot, tile) in enumerate(zip(found.shots, pictures.shots, strict=False))
    )
    more = len(found.shots) - SHOWN_SHOTS
    rest = f"<p class=soft>… and {more:,} more; they stand in the table.</p>" if more > 0 else ""
    rows = [
        (str(k + 1), at_text(shot.start_s), at_text(shot.end_s), f"{shot.length_s:.2f}", shot.kind)
        for k, shot in enumerate(found.shots)
    ]
    heads = ("shot", "from", "to", "seconds", "begins with")
    return (
        f"<section id=shots><h2>Shots</h2><p class=lead>{escape(shots_say(found))}</p>"
        f'<ol class="wall large">{cards}</ol>{rest}<details><summary>All of them: the numbers</summary>'
        f"<div class=scroll tabindex=0>{table(heads, rows)}</div></details></section>"
    )


def _shot(k: int, shot: Shot, tile: Tile | None) -> str:
    alt = f"Shot {k + 1}, from {at_text(shot.start_s)}, {shot.length_s:.1f} s"
    seen = (
        "<span class='seen empty'>no picture was taken</span>"
        if tile is None
        else f"<span class=seen>{_image(tile, SHOT_PX, alt)}</span>"
    )
    how = " · after a fade" if shot.kind == "fade" else ""
    why = f" · {tile.reason}" if tile is not None and tile.reason else ""
    out = " class=out" if tile is not None and tile.reason else ""
    return (
        f"<li{out}>{seen}<p><b>{k + 1}</b> · {at_text(shot.start_s)} · {shot.length_s:.1f} s{how}{escape(why)}</p></li>"
    )


def _stored(found: Inspection) -> str:
    lead = "Nothing is measured of this item yet: triptych extract CATALOGUE."
    inner = ""
    if found.stored:
        counts = {state: sum(one.status == state for one in found.stored) for state in ("done", "skipped", "failed")}
        words = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
        lead = f"The ledger has {plural(len(found.stored), 'row')} of this item: {words}."
        heads = ("feature", "recipe", "status", "pictures", "pooling", "seconds", "reason and warnings")
        head = "".join(f'<th scope="col"{" class=number" * (name == "seconds")}>{name}</th>' for name in heads)
        rows = "".join(_stored_row(one) for one in found.stored)
        inner = f"<div class=stored tabindex=0><table class=data><tr>{head}</tr>{rows}</table></div>"
    if found.objects:
        name, share = found.objects[0]
        inner += (
            "<div class=figures>"
            + Figure(
                name="objects",
                title="Objects",
                draw=partial(
                    bars, names=[n for n, _ in found.objects], values=[s for _, s in found.objects], tone="seeing"
                ),
                says=f"In how many of the measured pictures an object is; {name} is in {share_text(share)} of them.",
                heads=("object", "share of the pictures"),
                rows=[(n, share_text(s)) for n, s in found.objects],
            ).html()
            + "</div>"
        )
    return f"<section id=stored><h2>What is stored</h2><p class=lead>{escape(lead)}</p>{inner}</section>"


def _stored_row(one: Stored) -> str:
    account = "; ".join(part for part in (one.reason, *one.warnings) if part)
    return (
        f"<tr><td>{escape(one.feature)}</td><td><code>{escape(one.recipe)}</code></td>"
        f'<td class="state {escape(one.status)}">{escape(one.status)}</td><td>{escape(one.sampling)}</td>'
        f"<td>{escape(one.pooling)}</td><td class=number>{one.seconds:.2f}</td><td>{escape(account)}</td></tr>"
    )


def _method(found: Inspection) -> str:
    told = "The clip was decoded afresh for this page; what is stored may be of an earlier file. " if found.clip else ""
    return f"{told}The same numbers, all of them, as JSON: triptych inspect CATALOGUE ITEM --json."


def _span_words(span: Segment) -> str:
    return f"{at_text(span.start_s)} – {at_text(span.end_s)}: {span.words}"


def _some(rows: Sequence[T], most: int = 300) -> list[T]:
    """Every k-th, so that a table stays short."""
    return list(rows[:: max(-(-len(rows) // most), 1)])
