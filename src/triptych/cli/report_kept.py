"""Report kept: the figures and the table of how representative what was kept is of what was there."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from html import escape

from triptych.cli.report_figure import DRAWN, plural
from triptych.curation.account import Kept
from triptych.curation.effect import COHENS_H, MAGNITUDES, SCALES
from triptych.curation.representativeness import Comparison, Effect, Named, Side
from triptych.drawing.axis import share_text, whole_share
from triptych.drawing.chart import Series, columns, forest, rows
from triptych.drawing.figure import Figure

KEPT, REMOVED = "hearing", "soft"
CALLED = {"year": "year (mean)", "popularity": "interactions of an item", "mean rating": "mean rating of an item"}
NOTE = (
    "What was kept is a part of all there was, so the two cannot be tested against each other. Each test compares what "
    "was kept with what was removed, which are apart. The verdict goes by the size of the difference, never by p: with "
    "many items even a trifle is significant. Where an interval reaches into other words, the verdict says so."
)


def lead_of(kept: Kept) -> str:
    """How much was kept, in words."""
    if not kept.items:
        return "There are no items yet."
    told = (
        f"{kept.kept:,} of {plural(kept.items, 'item')} were kept ({share_text(kept.kept / kept.items)}): {kept.rule}."
    )
    if kept.interactions:
        told += (
            f" With them {share_text(kept.interactions_kept / kept.interactions)} of the interactions were kept, and "
            f"{kept.users_kept:,} of {plural(kept.users, 'user')}."
        )
    if kept.unjudged:
        told += f" {plural(kept.unjudged, 'item')} came after the selection was made and are left out of all this."
    if kept.departed:
        told += f" {plural(kept.departed, 'item')} that the rules saw left the catalogue since."
    if not kept.removed:
        told += " Nothing was removed, so there is nothing to compare."
    elif not kept.kept:
        told += " Nothing was kept, so there is nothing to compare."
    return told


def verdicts(kept: Kept) -> str:
    """The table of all comparisons, as HTML; empty if there are none."""
    compared = [one for one in kept.comparisons if one.verdict is not None]
    if not compared:
        return ""
    heads = ("", "verdict", "kept", "removed", "all", "largest effect", "test")
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    body = "".join(_verdict_row(one) for one in compared)
    skipped = [f"{one.subject} ({one.note})" for one in kept.comparisons if one.verdict is None]
    rest = f"<p class=soft>Not compared: {escape('; '.join(skipped))}.</p>" if skipped else ""
    return f"<p>{NOTE}</p><div class=wide-table tabindex=0><table class=data><tr>{head}</tr>{body}</table></div>{rest}"


def kept_figures(kept: Kept) -> list[Figure]:
    figures: list[Figure] = []
    if len(kept.steps) > 1:
        figures.append(_attrition(kept))
    found = {one.subject: one for one in kept.comparisons if one.verdict is not None}
    if "decade" in found and found["decade"].bars:
        figures.append(
            _sides(found["decade"], "kept-decades", "Kept and removed, by decade", "year", found.get("year"))
        )
    if kept.genres:
        figures.append(_forest(kept.genres, "kept-genres", "Genres: kept against removed", "genre"))
    if "popularity" in found and found["popularity"].bars:
        title = "Kept and removed, by popularity"
        figures.append(_sides(found["popularity"], "kept-popularity", title, "interactions", found["popularity"]))
    if kept.languages:
        figures.append(_forest(kept.languages, "kept-languages", "Languages: kept against removed", "language"))
    return figures


def p_text(p: float) -> str:
    """
    >>> p_text(0.0472), p_text(0.00004), p_text(1)
    ('p = 0.047', 'p < 0.001', 'p = 1.000')
    """
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def signed(value: float) -> str:
    """
    >>> signed(0.126), signed(-0.28), signed(0.001)
    ('+0.13', '−0.28', '0.00')
    """
    text = f"{value:+.2f}"
    return text[1:] if float(text) == 0 else text.replace("-", "−")


def strongest(one: Comparison) -> Effect | None:
    """The effect that the verdict goes by."""
    graded = [found for found in one.effects if found.magnitude is not None]
    rank = {word: k for k, word in enumerate(MAGNITUDES)}
    return max(
        graded, key=lambda e: (rank[e.magnitude or MAGNITUDES[0]], abs(e.value) / SCALES[e.name][0]), default=None
    )


def _verdict_row(one: Comparison) -> str:
    best = strongest(one)
    span = f"<small class=soft>{_span(one)}</small>" if one.at_least != one.up_to else ""
    interval = ""
    if best is not None and best.low is not None and best.high is not None:
        interval = f", 95 %: {signed(best.low)} to {signed(best.high)}"
    test = one.tests[0] if one.tests else None
    cells = (
        f"<b>{escape(CALLED.get(one.subject, one.subject))}</b>",
        f'<span class="badge {one.verdict}">{one.verdict}</span>{span}',
        *(_side(one, side) for side in (one.kept, one.removed, one.everything)),
        f"{escape(best.name)}<small class=soft>{signed(best.value)}{interval}</small>" if best else "",
        f"{escape(test.name)}<small class=soft>{test.statistic:.3g}, {p_text(test.p)}</small>" if test else "",
    )
    return f"<tr>{''.join(f'<td class=cell>{cell}</td>' for cell in cells)}</tr>"


def _span(one: Comparison) -> str:
    """What else the verdict may be, in words."""
    if one.at_least == one.verdict:
        return f"perhaps {one.up_to}"
    return f"perhaps {one.at_least}" if one.up_to == one.verdict else f"{one.at_least} to {one.up_to}"


def _side(one: Comparison, side: Side) -> str:
    number = ""
    if side.mean is not None:
        if one.subject == "popularity":
            number = f"{10**side.mean - 1:.1f}"
        elif one.subject == "year":
            number = f"{side.mean:.1f}"
        else:
            number = share_text(side.mean) if "share" in one.subject else f"{side.mean:.2f}"
    return f"{number}<small class=soft>n {side.known:,}</small>"


def _attrition(kept: Kept) -> Figure:
    first = kept.steps[0].items_left or 1
    worst = max(kept.steps[1:], key=lambda step: step.items_removed)
    return Figure(
        name="attrition",
        title="What each rule cost",
        draw=partial(
            rows,
            names=[step.title or step.rule for step in kept.steps],
            values=[step.items_left / first for step in kept.steps],
            tone=KEPT,
            most=1,
            says=whole_share,
            extra=[f"−{step.items_removed:,}" if step.items_removed else "" for step in kept.steps],
        ),
        says=(
            f"Of {plural(kept.steps[0].items_left, 'item')}, {kept.steps[-1].items_left:,} are left. The dearest rule "
            f"is “{worst.title or worst.rule}”, which removed {worst.items_removed:,} "
            f"({share_text(worst.items_removed / first)})."
            if worst.items_removed
            else f"Of {plural(kept.steps[0].items_left, 'item')} no rule removed any."
        ),
        heads=("rule", "removed", "left", "lost in all"),
        rows=[
            (s.title or s.rule, f"{s.items_removed:,}", f"{s.items_left:,}", share_text(1 - s.items_left / first))
            for s in kept.steps
        ],
    )


def _sides(one: Comparison, name: str, title: str, what: str, told: Comparison | None) -> Figure:
    bars = one.bars
    assert bars is not None
    totals = [max(sum(row), 1) for row in (bars.kept, bars.removed)]
    shares = [[count / total for count in row] for row, total in zip((bars.kept, bars.removed), totals, strict=True)]
    best = strongest(told) if told is not None else None
    gap = max(range(len(bars.labels)), key=lambda k: abs(shares[0][k] - shares[1][k]))
    says = (
        f"Kept and removed differ most at {bars.labels[gap]}{' interactions' if what == 'interactions' else ''}: "
        f"{share_text(shares[0][gap])} of the kept items, {share_text(shares[1][gap])} of the removed."
    )
    if best is not None and told is not None:
        says += f" By {what} the difference is {told.verdict} ({best.name} {signed(best.value)})."
    return Figure(
        name=name,
        title=title,
        draw=partial(
            columns,
            labels=bars.labels,
            series=[
                Series(tone=KEPT, values=shares[0], name="kept"),
                Series(tone=REMOVED, values=shares[1], name="removed"),
            ],
            says=whole_share,
        ),
        says=says,
        heads=(what, "kept", "share", "removed", "share"),
        rows=[
            (label, f"{a:,.0f}", share_text(shares[0][k]), f"{b:,.0f}", share_text(shares[1][k]))
            for k, (label, a, b) in enumerate(zip(bars.labels, bars.kept, bars.removed, strict=True))
        ],
        key=((KEPT, "kept"), ("soft-fill", "removed")),
    )


def _forest(named: Sequence[Named], name: str, title: str, what: str) -> Figure:
    drawn = sorted(named[:DRAWN], key=lambda one: one.h)
    beyond = [one for one in named if one.magnitude != MAGNITUDES[0]]
    worst = max(named, key=lambda one: abs(one.h))
    sure = sum(one.p_holm < 0.05 for one in beyond)
    says = (
        f"{len(beyond) or 'None'} of {plural(len(named), what)} {'differs' if len(beyond) == 1 else 'differ'} by more "
        f"than a negligible amount"
        + (f", {sure} of them beyond chance after Holm's correction" if beyond else "")
        + f". The furthest apart is {worst.name}: {share_text(worst.of_kept)} of the kept items, "
        f"{share_text(worst.of_removed)} of the removed; {share_text(worst.retained)} of its items were kept."
    )
    return Figure(
        name=name,
        title=title,
        draw=partial(
            forest,
            names=[one.name for one in drawn],
            values=[one.h for one in drawn],
            behind=[signed(one.h) for one in drawn],
            tones=[KEPT if one.magnitude == MAGNITUDES[0] else "seeing" for one in drawn],
            band=SCALES[COHENS_H][0],
            sides=("rarer among the kept", "commoner"),
        ),
        says=says,
        heads=(what, "of kept", "of removed", "retained", "std. difference", "Cohen's h", "p (Holm)"),
        rows=[
            (
                one.name,
                f"{one.kept:,} ({share_text(one.of_kept)})",
                f"{one.removed:,} ({share_text(one.of_removed)})",
                share_text(one.retained),
                signed(one.difference),
                signed(one.h),
                f"{one.p_holm:.3f}",
            )
            for one in named
        ],
    )
