"""Report page: an account of a catalogue as one self-contained HTML file. No script, no request, all escaped."""

from __future__ import annotations

from html import escape
from pathlib import Path

from triptych.cli.report_figure import STYLE as FIGURE_STYLE
from triptych.cli.report_figure import plural
from triptych.cli.report_films import film_figures
from triptych.cli.report_holdings import (
    day_of,
    material_figures,
    rating_figures,
    tail_figures,
    user_figures,
)
from triptych.cli.report_kept import kept_figures, lead_of, verdicts
from triptych.curation.account import Account
from triptych.curation.material import Material
from triptych.drawing.axis import share_text
from triptych.drawing.figure import Figure, section
from triptych.drawing.page import hinge, shell
from triptych.drawing.stroke import STYLE as CHART_STYLE

#: A title that overrides the direction of writing would turn the sentence round in which it stands.
_TURNS = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)))


def write(path: Path, account: Account) -> Path:
    """Write the page and return its path."""
    path.write_text(page(account), encoding="utf-8")
    return path


def page(account: Account) -> str:
    """The whole page."""
    sections = _sections(account)
    contents = "".join(f'<a href="#{name}">{escape(title)}</a>' for name, title, *_ in sections)
    body = [
        '<p class="soft">Triptych · what a catalogue holds</p>',
        f"<h1>{escape(account.catalogue)}</h1>",
        # Ratings stand where seeing does, items where hearing, users where reading: their colours throughout.
        hinge("ratings", "items", "users"),
        f"<p class=lead>{escape(_opening(account))}</p>",
        _numbers(account),
        f'<nav aria-label="Contents">{contents}</nav>',
        *(section(name, title, lead, figures, before=before) for name, title, lead, figures, before in sections),
        f"<p class=foot>{escape(_method(account))}</p>",
    ]
    whole = shell(f"{account.catalogue}: what it holds", "".join(body), style=CHART_STYLE + FIGURE_STYLE)
    return whole.translate(_TURNS)


def _sections(account: Account) -> list[tuple[str, str, str, list[Figure], str]]:
    """Name, title, lead, figures, and HTML before them; what there is nothing to say of is left out."""
    counts, found = account.counts, list[tuple[str, str, str, list[Figure], str]]()
    ratings = rating_figures(account)
    if ratings:
        lead = f"{plural(counts.interactions, 'interaction')} of {plural(counts.users, 'user')}"
        lead += f" with {plural(counts.items_met + counts.strays, 'item')}"
        if counts.density is not None:
            lead += f": {share_text(counts.density)} of all that could be."
        if counts.strays:
            lead += (
                f" {plural(counts.stray_interactions, 'interaction')} are with {plural(counts.strays, 'item')} that "
                "the catalogue does not know."
            )
        if counts.mistimed:
            lead += f" {plural(counts.mistimed, 'time')} are no seconds since 1970 and are left out."
        found.append(("ratings", "Ratings" if account.ratings else "Interactions", lead, ratings, ""))
    tails = tail_figures(account)
    if tails and counts.per_user and counts.per_item:
        lead = (
            f"A user has {counts.per_user.mean:,.1f} interactions on average, but half of them have "
            f"{counts.per_user.median:,.0f} or fewer. An item has {counts.per_item.mean:,.1f}, half of them "
            f"{counts.per_item.median:,.0f} or fewer."
        )
        found.append(("tails", "The few and the many", lead, tails, ""))
    films = film_figures(account.films)
    if films:
        told = account.films
        lead = f"{plural(counts.items, 'item')}"
        if told.year:
            lead += f" from {told.year.least:.0f} to {told.year.most:.0f}"
        if told.genres.known:
            lead += f", of {plural(len(told.genres.names), 'genre')}"
        if told.languages.known:
            lead += f", in {plural(len(told.languages.names), 'language')}"
        found.append(("items", "The items", lead + ".", films, ""))
    if counts.items:
        lead = lead_of(account.kept)
        found.append(
            (
                "kept",
                "What was kept, and is it like the rest?",
                lead,
                kept_figures(account.kept),
                verdicts(account.kept),
            )
        )
    material = material_figures(account)
    found.append(("material", "Clips and features", _material_lead(account.material), material, ""))
    people = user_figures(account)
    if people:
        lead = f"Something is told of {plural(account.audience.described, 'user')}."
        found.append(("users", "The users", lead, people, ""))
    return found


def _opening(account: Account) -> str:
    counts, told = account.counts, f"{plural(account.counts.items, 'item')}"
    if not counts.interactions:
        return f"{told}; nobody has done anything with them yet."
    told += f", and what {plural(counts.users, 'user')} did with them"
    if counts.first_s is not None and counts.last_s is not None:
        told += f" between {day_of(counts.first_s)} and {day_of(counts.last_s)}"
    kinds = ", ".join(f"{count:,} of the kind {kind}" for kind, count in counts.kinds.items())
    return f"{told}: {kinds}." if len(counts.kinds) > 1 else f"{told}."


def _numbers(account: Account) -> str:
    counts, kept = account.counts, account.kept
    told: list[tuple[str, str, str]] = [("of-hearing", f"{counts.items:,}", "items")]
    if counts.interactions:
        kinds = list(counts.kinds)
        told += [
            ("of-reading", f"{counts.users:,}", "users"),
            ("of-seeing", f"{counts.interactions:,}", f"{kinds[0]}s" if len(kinds) == 1 else "interactions"),
        ]
    if counts.density is not None:
        told.append(("", share_text(counts.density), "of all pairs of user and item have met"))
    if account.ratings:
        told.append(("of-seeing", f"{account.ratings.overall.mean:.2f}", "mean rating"))
    if kept.removed and kept.kept:
        told.append(("of-hearing", share_text(kept.kept / kept.items), f"kept: {kept.rule}"))
    if counts.tags:
        told.append(("of-reading", f"{counts.tags:,}", f"tags, {counts.tag_words:,} different"))
    if account.material.clips:
        told.append(("", f"{account.material.clips:,}", f"clips, {account.material.clip_bytes / 1e9:,.2f} GB"))
    cells = "".join(
        f"<div{f' class={tone}' if tone else ''}><dt>{escape(words)}</dt><dd>{escape(number)}</dd></div>"
        for tone, number, words in told
    )
    return f"<dl class=big>{cells}</dl>"


def _material_lead(found: Material) -> str:
    told = f"{plural(found.clips, 'clip')}." if found.clips else "There are no clips yet."
    if found.clips and found.durations is None:
        told += " Their lengths are not known yet: a rule on duration, given to triptych clean, has them looked up."
    if found.availability is None:
        told += " No trailers were fetched: triptych trailers does, and tells of each that cannot be had why."
    if not found.features:
        told += " No feature is measured yet: triptych extract."
    elif found.ledger.known:
        counts = ", ".join(f"{n:,} {name}" for name, n in zip(found.ledger.names, found.ledger.counts, strict=True))
        told += f" The ledger has {counts}."
    return told


def _method(account: Account) -> str:
    assumed = ", as nobody said otherwise" if account.ratings and account.ratings.positive_assumed else ""
    positive = (
        f" Positive is a rating of {account.ratings.positive_from:g} or more{assumed}." if account.ratings else ""
    )
    return (
        "Shares are of those of whom the thing is known. Effects are called small, medium and large by the customary "
        "scales (d and h .2, .5, .8; Cliff's delta .147, .33, .474; Cramér's V, less what chance brings, .1, .3, .5)."
        f"{positive} The same numbers, and more, as JSON: triptych report data CATALOGUE --json."
    )
