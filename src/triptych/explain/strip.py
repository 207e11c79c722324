"""Strip: explanations as one HTML page: no script, no request, and all that was written is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from html import escape
from pathlib import Path

from triptych.drawing.chart import figure
from triptych.drawing.figure import table
from triptych.drawing.page import hinge, shell
from triptych.drawing.stroke import STYLE as CHART_STYLE
from triptych.explain.alike import Alike
from triptych.explain.balance import Weight, balance, signed
from triptych.explain.names import group_name, part_name
from triptych.explain.reason import USUAL, Cited, Explanation, Named, Reason, Spoken, Whom, data_address
from triptych.explain.scenes import Scene
from triptych.explain.sentence import clock, listed, sentence
from triptych.explain.thumbnails import Thumbnail

#: Features of a group that are drawn, and items of a history that are named; the rest is summed up.
FEATURES, WITNESSES = 3, 8
TONES = {"seeing": "seeing", "hearing": "hearing", "reading": "reading", "popularity": "soft", USUAL: "soft"}
#: Titles that override the direction of writing would turn the sentence round in which they stand.
_TURNS = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)))

FOOT = (
    "Bars are parts of the score: together they are the score, exactly. What lies to the left of the line speaks "
    "against the title. Of a scene, the number says how alike the two ranges are, from −1 to 1."
)
STYLE = """
h1 { overflow-wrap: anywhere; line-height: 1.12; }
.why { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1.6rem 1.8rem 1.8rem;
  margin: 1.6rem 0; }
.why header { display: flex; gap: 1rem; align-items: baseline; justify-content: space-between; }
.why h2 { margin: 0; font-size: 1.6rem; letter-spacing: -.01em; line-height: 1.2; overflow-wrap: anywhere; }
.why h2 small { font: inherit; font-size: .62em; color: var(--soft); white-space: nowrap; }
.why h3 { font: 600 .8rem/1.4 ui-sans-serif, system-ui, sans-serif; color: var(--soft); margin: 0 0 .7rem; }
.score { font: 1.5rem/1 ui-sans-serif, system-ui, sans-serif; font-variant-numeric: tabular-nums; white-space: nowrap; }
.score small { color: var(--soft); font-size: .75rem; margin-right: .5em; }
.lead { font-size: 1.12rem; line-height: 1.55; margin: .7rem 0 0; max-width: 50rem; overflow-wrap: anywhere; }
.badges { display: flex; flex-wrap: wrap; gap: .5rem; margin: .9rem 0 0; padding: 0; list-style: none;
  font: .8rem/1.5 ui-sans-serif, system-ui, sans-serif; }
.badges li { border: 1px solid var(--soft); border-radius: 1rem; padding: .05rem .75rem; overflow-wrap: anywhere; }
.sides { display: grid; grid-template-columns: minmax(0, 35rem) minmax(0, 1fr); gap: 1.8rem 3rem; margin-top: 1.7rem; }
.sides > * { min-width: 0; }
svg .fine { font-size: 11px; } svg .sum { font-weight: 600; }
.heard-from, .facts { font: .86rem/1.5 ui-sans-serif, system-ui, sans-serif; }
.heard-from { width: 100%; border-collapse: collapse; } .heard-from td { padding: .18rem 0; vertical-align: baseline; }
.heard-from td + td { padding-left: .8rem; } .heard-from td:first-child { overflow-wrap: anywhere; }
.heard-from .number { text-align: right; white-space: nowrap; }
.heard-from .when { color: var(--soft); white-space: nowrap; }
.heard-from .gauge { width: 30%; } .gauge i { display: block; height: 8px; border-radius: 2px; background: var(--ink);
  min-width: 1px; } .gauge i.less { background: none; border: 1px solid var(--ink); }
.heard-from tr.rest td { color: var(--soft); border-top: 1px solid var(--line); padding-top: .4rem; }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.2rem; margin: 0; }
.facts dt { color: var(--soft); } .facts dd { margin: 0; overflow-wrap: anywhere; }
.scenes { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(21rem, 100%), 1fr)); gap: 1.5rem;
  margin: 1.8rem 0 0; padding: 0; list-style: none; }
.scenes .pair { display: grid; grid-template-columns: 1fr 1fr; gap: 3px; border-radius: 8px; overflow: hidden;
  background: var(--line); border: 1px solid var(--line); }
.scenes .pair img { display: block; width: 100%; height: 100%; object-fit: cover; aspect-ratio: 16 / 9; }
.scenes .none { display: grid; place-items: center; aspect-ratio: 16 / 9; background: var(--line); color: var(--soft);
  font: .74rem ui-sans-serif, system-ui, sans-serif; }
.scenes .below { display: grid; grid-template-columns: 1fr 1fr; gap: 3px; margin-top: .35rem;
  font: .8rem/1.4 ui-sans-serif, system-ui, sans-serif; color: var(--soft); font-variant-numeric: tabular-nums; }
.scenes .below b { display: block; color: var(--ink); font-weight: 600; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; }
.scenes .what { display: flex; gap: .6rem; align-items: center; margin: 0 0 .5rem;
  font: .8rem/1.4 ui-sans-serif, system-ui, sans-serif; }
.scenes .what i { flex: 0 0 1.6rem; height: 6px; border-radius: 3px; } .scenes .what span { color: var(--soft); }
.notes { margin: 1.5rem 0 0; padding: 0; list-style: none; color: var(--soft); font-size: .92rem; }
.notes li { overflow-wrap: anywhere; }
.why details { margin-top: 1.4rem; font: .82rem ui-sans-serif, system-ui, sans-serif; } summary { color: var(--soft); }
.why details table { margin-top: .6rem; max-width: 34rem; } .data td.number, .data th.number { text-align: right; }
.foot { margin-top: 3rem; font: .82rem/1.5 ui-sans-serif, system-ui, sans-serif; color: var(--soft); }
@media (max-width: 56rem) { .sides { grid-template-columns: minmax(0, 1fr); } .why { padding: 1.2rem 1.1rem 1.4rem; } }
@media (max-width: 34rem) { .why header { flex-direction: column; gap: .5rem; } }
"""


def write(path: Path, explanations: Sequence[Explanation]) -> Path:
    """Write the page and return its path."""
    path.write_text(page(explanations), encoding="utf-8")
    return path


def page(explanations: Sequence[Explanation]) -> str:
    """The whole page: one strip for each."""
    names = [one.item.name for one in explanations]
    title = f"Why {names[0]}" if len(names) == 1 else "Why these titles"
    lead = _for(explanations[0].whom) if explanations and len({one.whom for one in explanations}) == 1 else ""
    body = [
        '<p class="soft">Triptych · what each score is made of</p>',
        f"<h1>{escape(title)}</h1>",
        hinge("what is seen", "what is heard", "what is read"),
        f"<p>{escape(lead)}</p>" if lead else "",
        *(strip(one, name=f"why-{k + 1}") for k, one in enumerate(explanations)),
        f"<p class=foot>{FOOT}</p>",
    ]
    return shell(title, "".join(body), style=CHART_STYLE + STYLE).translate(_TURNS)


def strip(explanation: Explanation, *, name: str = "why") -> str:
    """One explanation, as a part of a page that has :data:`STYLE`. ``name``: its id there."""
    item = explanation.item
    year = f" <small>{item.year}</small>" if item.year is not None else ""
    rank = f"{explanation.placed.rank}. " if explanation.placed is not None else ""
    aside = _history(explanation.spoken) + _facts(explanation.alike)
    return (
        f'<article class=why id="{name}"><header><h2>{rank}{escape(item.name)}{year}</h2>'
        f"<span class=score><small>score</small>{_number(explanation.score)}</span></header>"
        f"<p class=lead>{escape(sentence(explanation))}</p>{_badges(explanation)}"
        f"<div class=sides><div><h3>What the score is made of</h3>{_bars(explanation, name)}</div>"
        f"{f'<div>{aside}</div>' if aside else ''}</div>"
        f"{_scenes(explanation)}{_notes(explanation.notes)}{_numbers(explanation)}</article>"
    )


def _for(whom: Whom) -> str:
    if whom.item is not None:
        return f"Held against {whom.item.name}."
    if whom.user_id:
        return f"For user {whom.user_id}."
    told = [f"likes {listed([one.name for one in whom.likes])}"] if whom.likes else []
    told += [f"asked for “{whom.text}”"] if whom.text else []
    told += [f"gave the clip {whom.clip}"] if whom.clip else []
    return f"For somebody who {listed(told)}." if told else "For somebody of whom nothing is known."


def _badges(explanation: Explanation) -> str:
    told = [f"boost: {name} {signed(value)}" for name, value in explanation.boosts]
    placed = explanation.placed
    if placed is not None and placed.chosen_by != "score":
        why = "a new title, to be tried" if placed.chosen_by == "exploration" else "for variety"
        told.append(f"{why}; number {placed.by_score} by the model's score")
    if explanation.ratings == 0:
        doubt = f", give or take {explanation.doubt:.2f}" if explanation.doubt else ""
        told.append(f"not rated yet: popularity is foretold{doubt}")
    return f"<ul class=badges>{''.join(f'<li>{escape(one)}</li>' for one in told)}</ul>" if told else ""


# -- the bars ----------------------------------------------------------------------------------------------------


def _bars(explanation: Explanation, name: str) -> str:
    weights = weights_of(explanation)
    about = "; ".join(f"{one.name} {signed(one.value)}" for one in weights if not one.fine)
    return figure(partial(balance, weights=weights), name=f"{name}-parts", title="The parts of the score", about=about)


def weights_of(explanation: Explanation) -> list[Weight]:
    """The rows of the picture: groups, the largest first, with their largest features; what any title has; boosts; and
    their sum, which is the score."""
    groups = sorted(explanation.by_group(), key=lambda one: (one.group == USUAL, -one.value))
    rows: list[Weight] = []
    for group in groups:
        tone = TONES.get(group.group, "ink")
        rows.append(Weight(name=group_name(group.group), value=group.value, tone=tone, drawn=group.group != USUAL))
        rows += _features(explanation.of_group(group.group), group.group, tone)
    rows += [Weight(name=f"boost: {name}", value=value, tone="ink") for name, value in explanation.boosts]
    far = any(one.group == USUAL for one in groups)
    return [*rows, Weight(name="score", value=explanation.score, tone="ink", drawn=not far, rule=True)]


def _features(parts: Sequence[Reason], group: str, tone: str) -> list[Weight]:
    if len(parts) == 1 or group == USUAL:
        return []
    most = FEATURES if len(parts) > FEATURES + 1 else len(parts)
    shown = sorted(sorted(parts, key=lambda one: -abs(one.value))[:most], key=lambda one: -one.value)
    rest = [one for one in parts if one not in shown]
    rows = [Weight(name=part_name(one.name), value=one.value, tone=tone, fine=True) for one in shown]
    if rest:
        value = sum(one.value for one in rest)
        rows.append(Weight(name=f"{len(rest)} more", value=value, tone=tone, fine=True))
    return rows


# -- what speaks -------------------------------------------------------------------------------------------------


def _history(told: Spoken | None) -> str:
    if told is None or not told.witnesses:
        return ""
    shown = told.witnesses[:WITNESSES]
    most = max(abs(one.value) for one in told.witnesses) or 1.0
    rows = [
        f"<tr><td>{_title(one.item)}</td><td class=when>{escape(one.when)}</td>{_gauge(one.value / most)}"
        f"<td class=number>{signed(one.value)}</td></tr>"
        for one in shown
    ]
    more = told.witnesses[WITNESSES:]
    rest = [(f"{len(more)} more of the history", sum(one.value for one in more))] if more else []
    rest.append(("what hangs on none of them", told.rest))
    rows += [
        f"<tr class=rest><td colspan=3>{words}</td><td class=number>{signed(value)}</td></tr>" for words, value in rest
    ]
    of = f", by {escape(told.of)}" if told.of else ""
    return f"<h3>What of the history speaks for it{of}</h3><table class=heard-from>{''.join(rows)}</table>"


def _gauge(share: float) -> str:
    kind = " class=less" if share < 0 else ""
    return f'<td class=gauge aria-hidden=true><i{kind} style="width:{min(abs(share), 1) * 100:.0f}%"></i></td>'


def _title(item: Named) -> str:
    return f"{escape(item.name)}{f' <small class=soft>{item.year}</small>' if item.year is not None else ''}"


def _facts(alike: Alike) -> str:
    pairs = {
        "genres": ", ".join(alike.genres),
        "directed by": ", ".join(alike.directors),
        "people": ", ".join(alike.people),
        "years": " and ".join(map(str, alike.years)) if alike.years else "",
        "languages": ", ".join(alike.languages),
        "countries": ", ".join(alike.countries),
        "certificate": alike.certificate,
        "words of the plot": ", ".join(alike.words),
    }
    told = "".join(f"<dt>{name}</dt><dd>{escape(words)}</dd>" for name, words in pairs.items() if words)
    return f"<h3>What both have in common</h3><dl class=facts>{told}</dl>" if told else ""


# -- scenes ------------------------------------------------------------------------------------------------------


def _scenes(explanation: Explanation) -> str:
    cards = "".join(_card(explanation.item, one) for one in explanation.scenes)
    return f"<ul class=scenes>{cards}</ul>" if cards else ""


def _card(item: Named, cited: Cited) -> str:
    match = cited.match
    sides = ((item, match.one, cited.pictures[0]), (cited.item, match.other, cited.pictures[1]))
    pictures = "".join(_picture(named, scene, picture, match.panel) for named, scene, picture in sides)
    below = "".join(f"<span><b>{escape(named.name)}</b>{_range(scene)}</span>" for named, scene, _ in sides)
    tone = match.panel if match.panel in ("seeing", "hearing") else "reading"
    what = "Looks alike" if match.panel == "seeing" else "Sounds alike"
    by = f"{part_name(match.feature)}, " if match.feature else ""
    return (
        f"<li><p class=what><i class={tone}></i>{what}<span>{escape(by)}{match.likeness:.2f}</span></p>"
        f"<div class=pair>{pictures}</div><div class=below>{below}</div></li>"
    )


def _picture(named: Named, scene: Scene, picture: Thumbnail | None, panel: str) -> str:
    if picture is None:
        return "<span class=none>no picture</span>"
    when = f"at {clock(picture.time_s)}" if panel == "seeing" else f"{_range(scene)}, its spectrum"
    alt = escape(f"{named.name}, {when}")
    return (
        f'<img src="{data_address(picture)}" width="{picture.width_px}" height="{picture.height_px}" alt="{alt}" '
        "loading=lazy>"
    )


def _range(scene: Scene) -> str:
    return f"{clock(scene.start_s)} – {clock(scene.end_s, end=True)}"


# -- the rest ----------------------------------------------------------------------------------------------------


def _notes(notes: Sequence[str]) -> str:
    return f"<ul class=notes>{''.join(f'<li>{escape(one)}</li>' for one in notes)}</ul>" if notes else ""


def _numbers(explanation: Explanation) -> str:
    rows = [(one.name, one.group, f"{one.value:+.6f}".replace("-", "−")) for one in explanation.reasons]
    rows += [(name, "boost", f"{value:+.6f}".replace("-", "−")) for name, value in explanation.boosts]
    rows.append(("score", "", f"{explanation.score:.6f}".replace("-", "−")))
    heads = ("part", "group", "adds")
    return f"<details><summary>The numbers</summary>{table(heads, rows)}</details>"


def _number(value: float) -> str:
    return f"{value:.2f}".replace("-", "−") if abs(value) >= 10 else f"{value:.3f}".replace("-", "−")
