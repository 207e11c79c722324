"""Costs: what rows that predict ratings take to be fitted and to predict, as a table and beside how good they are."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

from triptych.drawing.figure import Figure
from triptych.drawing.scatter import Cloud, scatter
from triptych.studies.report.figures import looks, short
from triptych.studies.report.rated.told import Spent, spent_of
from triptych.studies.report.view import called, label, main, measured, number
from triptych.studies.results import Judgement

HEADS = ("", "fits", "seconds to fit", "seconds to predict", "ratings a second", "peak memory")


def table(judgement: Judgement) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """A line for each row that tells; no head where none does. Seconds are of one fit, the mean."""
    rows: list[tuple[str, ...]] = []
    for line in measured(judgement):
        own = spent_of(line)
        if own is None:
            continue
        rows.append(
            (
                called(judgement, line),
                str(own.fits),
                seconds(own.fit_s / own.fits),
                seconds(own.predict_s / own.fits),
                "–" if own.rate is None else f"{own.rate:,.0f}",
                size(own.peak_bytes),
            )
        )
    return (HEADS, rows) if rows else ((), [])


def picture(judgement: Judgement, name: str) -> Figure | None:
    """Seconds to fit, by how far off a row is: what is cheap and good lies at the foot, on the better side."""
    metric = main(judgement)
    told = [(line, spent_of(line)) for line in measured(judgement) if metric in line.figures]
    ones = [(line, own) for line, own in told if own is not None and own.fit_s > 0]
    if len(ones) < 3:
        return None
    look = looks(judgement)
    clouds: list[Cloud] = []
    for line, own in ones:
        value, spent = line.figures[metric].value, own.fit_s / own.fits
        said = f"{called(judgement, line)}: {label(metric)} {number(value)}, {seconds(spent)} s"
        tone = look.get(line.name, ("soft", False))[0] if line.kind == "variant" else "soft"
        clouds.append(Cloud(tone=tone, name=called(judgement, line), points=[(value, spent, said)]))
    return Figure(
        name=name,
        title="Seconds to fit, by error",
        draw=partial(
            scatter,
            clouds=clouds,
            across=label(metric),
            up="seconds to fit",
            x_says=short,
            y_says=short,
            log_y=True,
            zero=False,
            named=True,
        ),
        says=(
            f"Seconds that one fit takes, by {label(metric)}; the upright axis is logarithmic. By the clock, on the "
            "machine that the run names."
        ),
        heads=("", label(metric), "seconds to fit"),
        rows=[
            (called(judgement, line), number(line.figures[metric].value), seconds(own.fit_s / own.fits))
            for line, own in ones
        ],
    )


def told(own: Spent | None) -> dict[str, Any] | None:
    """For machines."""
    if own is None:
        return None
    return {
        "fits": own.fits,
        "fit_s": own.fit_s,
        "predict_s": own.predict_s,
        "ratings": own.ratings,
        "ratings_per_s": own.rate,
        "peak_bytes": own.peak_bytes,
    }


def seconds(value: float) -> str:
    """
    >>> seconds(0.00123), seconds(4.26), seconds(1320)
    ('0.0012', '4.3', '1,320')
    """
    if value >= 100:
        return f"{value:,.0f}"
    digits = 1 if value >= 1 else 1 - math.floor(math.log10(value)) if value > 0 else 1
    return f"{value:.{min(digits, 6)}f}"


def size(count: int | None) -> str:
    """
    >>> size(None), size(4_096), size(3_500_000), size(2_147_483_648)
    ('–', '4 kB', '3.5 MB', '2.1 GB')
    """
    if count is None:
        return "–"
    if count < 1e6:
        return f"{count / 1e3:.0f} kB"
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
