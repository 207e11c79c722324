"""Report films: the figures of what the items are."""

from __future__ import annotations

from functools import partial

from triptych.cli.report_figure import names_figure, plural, spread_figure
from triptych.curation.distributions import Summary
from triptych.curation.films import Films
from triptych.drawing.axis import share_text, whole_share
from triptych.drawing.chart import Curve, heat, lines, multiples, rows
from triptych.drawing.figure import Figure

FILMS = "hearing"
#: Genres in the map, where each takes a row and a column.
MAPPED = 19


def film_figures(films: Films) -> list[Figure]:
    figures: list[Figure] = []
    known = [one for one in films.coverage if one.known]
    ordered = sorted(known, key=lambda one: -one.known)
    if ordered:
        best, least = ordered[0], ordered[-1]
        never = [one.field for one in films.coverage if not one.known]
        figures.append(
            Figure(
                name="coverage",
                title="What is known of the items",
                draw=partial(
                    rows,
                    names=[one.field for one in ordered],
                    values=[one.known / one.of for one in ordered],
                    tone=FILMS,
                    most=1,
                ),
                says=(
                    f"{_capital(best.field)} is known of {share_text(best.known / best.of)} of the items, "
                    f"{least.field} of {share_text(least.known / least.of)}."
                    if best.known > least.known
                    else f"What is known at all is known of {share_text(best.known / best.of)} of the items."
                )
                + (f" Of none: {', '.join(never)}." if never else ""),
                heads=("field", "known", "share"),
                rows=[(one.field, f"{one.known:,}", share_text(one.known / one.of)) for one in films.coverage],
            )
        )
    if films.year and len(films.years) > 1:
        figures.append(_years(films, films.year))
    if films.genres.known:
        each = f"an item has {films.genres_each:.1f} on average" if films.genres_each else ""
        figures.append(names_figure("genres", "Genres", films.genres, f"{_capital(each)}.", "genres"))
    if films.languages.known:
        several = f"{plural(films.languages.several, 'item')} have several." if films.languages.several > 1 else ""
        figures.append(names_figure("languages", "Languages", films.languages, several, "languages"))
    if films.countries.known:
        figures.append(names_figure("countries", "Countries", films.countries, "", "countries"))
    if films.runtime_min and films.runtimes_min:
        says = (
            f"Half of the items run for {films.runtime_min.median:.0f} minutes or more; the longest for "
            f"{films.runtime_min.most:.0f}."
        )
        figures.append(spread_figure("runtime", "Minutes", films.runtimes_min, films.runtime_min, FILMS, says))
    if films.plot_words and films.plots_words:
        says = (
            f"A plot has {films.plot_words.mean:.0f} words on average; half of them have "
            f"{films.plot_words.median:.0f} or more, the longest {films.plot_words.most:,.0f}."
        )
        figures.append(spread_figure("plots", "Words of a plot", films.plots_words, films.plot_words, FILMS, says))
    # What takes the whole width comes last, so that no hole is left beside it.
    if len(films.genres.names) > 1:
        figures.append(_pairs(films))
        if len(films.decades.names) > 2:
            figures.append(_genres_by_decade(films))
    return figures


def _years(films: Films, year: Summary) -> Figure:
    first, last = films.years[0][0], films.years[-1][0]
    counts = dict(films.years)
    span = list(range(first, last + 1))
    return Figure(
        name="years",
        title="Years of release",
        draw=partial(
            lines,
            curves=[
                Curve(tone=FILMS, points=[(float(y), float(counts.get(y, 0))) for y in span], area=True, name="items")
            ],
            x_says=lambda value: f"{value:.0f}",
        ),
        says=(
            f"From {first} to {last}; half of the items are of {year.median:.0f} or later, and "
            f"{share_text(sum(c for y, c in films.years if y >= last - 9) / year.n)} of the last ten years."
        ),
        heads=("year", "items"),
        rows=[(str(y), f"{count:,}") for y, count in films.years],
    )


def _pairs(films: Films) -> Figure:
    names = films.pairs.names[:MAPPED]
    shares = [row[: len(names)] for row in films.pairs.shares[: len(names)]]
    apart = [(shares[a][b], a, b) for a in range(len(names)) for b in range(len(names)) if a != b]
    share, a, b = max(apart)
    blank = [[0.0 if a == b else value for b, value in enumerate(row)] for a, row in enumerate(shares)]
    return Figure(
        name="pairs",
        title="Genres that go together",
        draw=partial(heat, down=names, across=names, values=blank, tone=FILMS, cell=26),
        says=(
            f"Of the items of the genre on the left, the percentage that is of the genre above as well. The strongest "
            f"tie: {share_text(share)} of {names[a]} are also {names[b]}."
        ),
        heads=("", *names),
        rows=[(name, *(whole_share(value) for value in row)) for name, row in zip(names, shares, strict=True)],
        broad=True,
    )


def _genres_by_decade(films: Films) -> Figure:
    names = films.decades.genres[:12]
    shares = films.decades.shares[: len(names)]
    # A decade of few items would swing to and fro and tell nothing.
    many = [d for d, n in enumerate(films.decades.items) if n >= max(20, sum(films.decades.items) // 200)]
    many = many if len(many) > 1 else list(range(len(films.decades.names)))
    labels = [films.decades.names[d] for d in many]
    change = [(row[many[-1]] - row[many[0]], name) for name, row in zip(names, shares, strict=True)]
    most, genre = max(change, key=lambda pair: abs(pair[0]))
    return Figure(
        name="genres-by-decade",
        title="Genres through the decades",
        draw=partial(
            multiples, names=names, values=[[row[d] for d in many] for row in shares], labels=labels, tone=FILMS
        ),
        says=(
            f"The share of each decade's items that is of a genre, all on one scale, the peak of each marked. {genre} "
            f"{'gained' if most > 0 else 'lost'} most from the {labels[0]} to the {labels[-1]}: "
            f"{abs(most) * 100:.0f} points. Decades of very few items are left out."
        ),
        heads=("genre", *films.decades.names),
        rows=[(name, *(f"{n:,}" for n in row)) for name, row in zip(names, films.decades.counts, strict=False)],
        broad=True,
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
