"""Panels page: what each panel adds beside what it costs, as one self-contained HTML file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from html import escape
from pathlib import Path

from triptych.drawing.axis import count_text
from triptych.drawing.figure import STYLE as FIGURE_STYLE
from triptych.drawing.figure import Figure, section
from triptych.drawing.page import hinge, shell
from triptych.drawing.scatter import Cloud, scatter
from triptych.drawing.span import Span, spans
from triptych.drawing.stroke import STYLE as CHART_STYLE
from triptych.evaluate.worth import Account, Price
from triptych.features.recipe import PANELS

#: What each row is of, in the order of the page.
ROWS = {
    "cold": ("New items", "items of which nothing was learned"),
    "warm": ("Items with a history", "items that somebody had rated"),
    "overall": ("All items", "all items in one list"),
}
#: Titles that override the direction of writing would turn the sentence round in which they stand.
_TURNS = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)))


def write(path: Path, name: str, account: Account, costs: Mapping[str, Price]) -> Path:
    """Write the page and return its path."""
    path.write_text(page(name, account, costs), encoding="utf-8")
    return path


def page(name: str, account: Account, costs: Mapping[str, Price]) -> str:
    """The whole page. ``costs``: by panel."""
    gains = [_gains(account, row) for row in ROWS if account.whole.get(row) is not None]
    cost = [_cost(account, row, costs) for row in ROWS if account.whole.get(row) is not None]
    drawn = [one for one in cost if one is not None]
    lead = (
        "Recommendations were made with all panels, without each, and with each alone. What a panel adds is what lists "
        "lose without it: what another panel says as well is not lost."
    )
    told = "What measuring took, for an hour of video, by the ledger."
    body = [
        '<p class="soft">Triptych · what a panel is worth</p>',
        f"<h1>{escape(name)}</h1>",
        hinge(),
        section("gains", "What each panel adds", lead, gains),
        section("cost", "And what it costs", told, drawn) if drawn else _no_cost(),
        f"<p class=foot>{escape(_method(account))}</p>",
    ]
    whole = shell(f"{name}: what a panel is worth", "".join(body), style=CHART_STYLE + FIGURE_STYLE)
    return whole.translate(_TURNS)


def _gains(account: Account, row: str) -> Figure:
    title, of = ROWS[row]
    drawn: list[Span] = []
    rows: list[list[str]] = []
    for panel in account.panels:
        one = account.of(panel, row)
        if one.added is None or one.alone is None:
            continue
        words = f"{one.added.difference:+.3f}".replace("-", "−")
        drawn.append(
            Span(
                name=panel,
                value=one.added.difference,
                low=one.added.low,
                high=one.added.high,
                tone=_tone(panel),
                words=words,
            )
        )
        p = "-" if one.added.p_holm is None else f"{one.added.p_holm:.4f}"
        rows.append([panel, words, f"{one.added.low:+.4f} … {one.added.high:+.4f}", p, f"{one.alone.value:.3f}"])
    whole = account.whole[row]
    assert whole is not None
    return Figure(
        name=f"gains-{row}",
        title=title,
        draw=partial(spans, spans=drawn, says=_signed, rule=0.0, sides=("takes away", "adds"), below=account.metric),
        says=f"Of {of}. All panels together: {whole.value:.3f}, for {whole.n:,} users.",
        heads=("panel", "adds", "interval", "p", "alone"),
        rows=rows,
    )


def _cost(account: Account, row: str, costs: Mapping[str, Price]) -> Figure | None:
    """None where nothing is known of any panel."""
    clouds: list[Cloud] = []
    rows: list[list[str]] = []
    for panel in account.panels:
        added, price = account.of(panel, row).added, costs.get(panel)
        seconds = None if price is None else price.seconds_an_hour
        if added is None or price is None or seconds is None:
            continue
        told = f"{panel}: {added.difference:+.4f} for {seconds:,.0f} s"
        clouds.append(Cloud(tone=_tone(panel), name=panel, points=[(seconds, added.difference, told)]))
        least = f"at least, of {', '.join(price.unknown)} nothing is known" if price.unknown else ""
        rows.append([panel, f"{seconds:,.1f}", f"{added.difference:+.4f}", least])
    if not clouds:
        return None
    return Figure(
        name=f"cost-{row}",
        title=ROWS[row][0],
        draw=partial(
            scatter,
            clouds=clouds,
            across="seconds of work for an hour of video",
            up=f"adds to {account.metric}",
            y_says=_signed,
            named=True,
        ),
        says="To the upper left lies what is worth most and costs least.",
        heads=("panel", "seconds an hour", "adds", ""),
        rows=rows,
    )


def _no_cost() -> str:
    lead = (
        "What the panels cost is not known: the ledger has no row of their features, or how long the clips are was "
        "never looked at."
    )
    return section("cost", "And what it costs", lead, [])


def _method(account: Account) -> str:
    return (
        f"{account.metric}; judged on {', '.join(account.splits)}. Intervals are 95 %, users being drawn; p-values are "
        "of paired permutation tests, adjusted for all of them together (Holm)."
    )


def _tone(panel: str) -> str:
    return panel if panel in PANELS else "soft"


def _signed(value: float) -> str:
    return "0" if value == 0 else f"{'+' if value > 0 else '−'}{count_text(abs(value))}"
