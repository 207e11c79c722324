"""Report figure: histograms and tallies of a catalogue as figures, and the words for their counts."""

from __future__ import annotations

from functools import partial

from triptych.curation.distributions import Histogram, Summary, Tally
from triptych.drawing.axis import count_text, share_text
from triptych.drawing.chart import Series, columns
from triptych.drawing.chart import rows as bars
from triptych.drawing.figure import STYLE as FIGURE_STYLE
from triptych.drawing.figure import Figure

#: So many names are drawn; the rest is counted.
DRAWN = 20

#: What the report and the inspection have beside what all figures share.
STYLE = (
    FIGURE_STYLE
    + """
h1 { font-size: clamp(2.4rem, 6vw, 4rem); line-height: 1.05; }
.wide-table td, .wide-table th { white-space: nowrap; padding-right: 1.6rem; }
.wide-table td:first-child { white-space: normal; min-width: 7.5rem; }
.wide-table small { display: block; font-size: .72rem; } .wide-table td { padding-top: .5rem; padding-bottom: .5rem; }
.wide-table .number { text-align: left; }
.badge.small { border-color: var(--reading); color: var(--reading); }
.badge.medium { border-color: var(--seeing); color: var(--seeing); }
.badge.large { background: var(--seeing); border-color: var(--seeing); color: var(--card); }
"""
)


def histogram_rows(found: Histogram) -> list[tuple[str, str]]:
    told = [
        (f"{low:g} – {high:g}", f"{count:,}")
        for low, high, count in zip(found.edges, found.edges[1:], found.counts, strict=False)
    ]
    return [*told, (f"{found.edges[-1]:g} or more", f"{found.beyond:,}")] if found.beyond else told


def place_in(found: Histogram, value: float) -> float:
    """Where a value lies on a histogram, counted in bars from the left end; no further than its right end."""
    step = found.edges[1] - found.edges[0]
    return min(max((value - found.edges[0]) / step, 0.0), float(len(found.counts)))


def tally_rows(found: Tally) -> list[tuple[str, str, str]]:
    return [(name, f"{count:,}", share_text(found.share(k))) for k, (name, count) in enumerate(pairs(found))]


def pairs(found: Tally) -> list[tuple[str, int]]:
    return list(zip(found.names, found.counts, strict=True))


def others(found: Tally, what: str) -> str:
    """A half-sentence on the names that were not drawn; empty if all were."""
    more = len(found.names) - DRAWN
    if more <= 0:
        return ""
    return f" {more:,} more {what} are not drawn; none is of more than {share_text(found.share(DRAWN))}."


def plural(count: float, one: str, many: str = "") -> str:
    """
    >>> plural(1, "item"), plural(1682, "item")
    ('1 item', '1,682 items')
    """
    number = f"{count:,}" if isinstance(count, int) else count_text(count)
    return f"{number} {one if count == 1 else many or one + 's'}"


def names_figure(name: str, title: str, found: Tally, says: str, what: str, *, tone: str = "hearing") -> Figure:
    """The commonest names, as bars."""
    shown = pairs(found)[:DRAWN]
    first, count = shown[0]
    told = f"The commonest: {first}, {count:,} of {found.known:,} ({share_text(found.share(0))})."
    return Figure(
        name=name,
        title=title,
        draw=partial(
            bars,
            names=[label for label, _ in shown],
            values=[found.share(k) for k in range(len(shown))],
            tone=tone,
            extra=[f"{number:,}" for _, number in shown],
        ),
        says=f"{told} {says}".rstrip() + others(found, what),
        heads=("", "count", "share of those known"),
        rows=tally_rows(found),
    )


def spread_figure(name: str, title: str, found: Histogram, told: Summary, tone: str, says: str) -> Figure:
    """A histogram with its median marked."""
    coarse = found.edges[1] - found.edges[0] >= 1 and (told.median >= 10 or told.median == round(told.median))
    digits = 0 if coarse else 2
    marks = [(place_in(found, told.median), f"median {told.median:.{digits}f}")]
    return Figure(
        name=name,
        title=title,
        draw=partial(
            columns,
            labels=[f"{edge:g}" for edge in found.edges],
            series=[Series(tone=tone, values=found.counts)],
            edges=True,
            beyond=found.beyond,
            marks=marks,
        ),
        says=says,
        heads=("from – to", "count"),
        rows=histogram_rows(found),
    )
