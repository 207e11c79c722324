"""Report holdings: the figures of what a catalogue holds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import partial

from triptych.cli.report_figure import DRAWN, names_figure, plural, spread_figure
from triptych.curation.account import Account
from triptych.curation.distributions import Tail
from triptych.curation.ratings import Rated, Ratings
from triptych.drawing.axis import count_text, share_text, whole_share
from triptych.drawing.chart import Curve, Series, columns, heat, lines, rows, stacked
from triptych.drawing.figure import Figure

FILMS, RATINGS, USERS = "hearing", "seeing", "reading"


def rating_figures(account: Account) -> list[Figure]:
    found = account.ratings
    figures = [_values(found)] if found else []
    if len(account.months) > 1:
        figures.append(_months(account.months))
    if found:
        figures += [_stack(found, found.by_decade, "by-decade", "Ratings by the decade of the item")]
        figures += [_stack(found, found.by_genre, "by-genre", "Ratings by genre, the best liked first")]
        if found.user_sd and found.user_sds:
            says = (
                f"The ratings of a user have a standard deviation of {found.user_sd.mean:.2f} on average; those of the "
                f"middle half of the users lie between {found.user_sd.lower_quartile:.2f} and "
                f"{found.user_sd.upper_quartile:.2f}."
            )
            figures.append(
                spread_figure("spread", "How widely a user rates", found.user_sds, found.user_sd, USERS, says)
            )
        if found.imdb:
            figures.append(_imdb(found))
    return [one for one in figures if one.rows]


def tail_figures(account: Account) -> list[Figure]:
    if account.item_tail is None or account.user_tail is None:
        return []
    item, user = account.item_tail, account.user_tail
    top_item, top_user = item.top[-1], user.top[-1]
    curves = [_curve(item, FILMS, "items"), _curve(user, USERS, "users")]
    both = Figure(
        name="concentration",
        title="Who holds how much",
        draw=partial(
            lines, curves=curves, x_says=whole_share, y_says=whole_share, y_high=1, below="the busiest … of all"
        ),
        says=(
            f"The busiest {whole_share(top_item.of_holders)} of the items hold {share_text(top_item.of_total)} of all "
            f"interactions (Gini {item.gini:.2f}), the busiest {whole_share(top_user.of_holders)} of the users "
            f"{share_text(top_user.of_total)} (Gini {user.gini:.2f})."
        ),
        heads=("the busiest …", "items", "their interactions", "users", "their interactions"),
        rows=[
            (
                whole_share(a.of_holders),
                f"{a.holders:,}",
                share_text(a.of_total),
                f"{b.holders:,}",
                share_text(b.of_total),
            )
            for a, b in zip(item.top, user.top, strict=True)
        ],
        broad=True,
        key=((FILMS, "items"), (USERS, "users")),
    )
    return [
        both,
        _ranks(item, "item-tail", "The long tail of the items", "item", FILMS),
        _ranks(user, "user-tail", "The long tail of the users", "user", USERS),
    ]


def material_figures(account: Account) -> list[Figure]:
    found, figures = account.material, list[Figure]()
    if found.durations and found.durations.summary and found.durations.histogram_s:
        told = found.durations.summary
        says = (
            f"{plural(told.n, 'clip')} can be read; half of them last between {told.lower_quartile:.0f} and "
            f"{told.upper_quartile:.0f} s, the longest {told.most:,.0f} s. Unreadable: {found.durations.unreadable:,}."
        )
        figures.append(spread_figure("durations", "Seconds of a clip", found.durations.histogram_s, told, FILMS, says))
    if found.availability and found.availability.statuses.known:
        statuses = found.availability.statuses
        figures.append(names_figure("trailers", "What became of the trailers", statuses, "", "outcomes"))
        if found.availability.reasons.known:
            figures.append(
                names_figure("misses", "Why a trailer is missing", found.availability.reasons, "", "reasons")
            )
    if found.features:
        shares = [[f.present, f.missing, f.silent] for f in found.features]
        totals = [max(sum(row), 1) for row in shares]
        least = min(range(len(totals)), key=lambda k: shares[k][0] / totals[k])
        figures.append(
            Figure(
                name="features",
                title="Features",
                draw=partial(
                    rows,
                    names=[f.feature for f in found.features],
                    values=[row[0] / total for row, total in zip(shares, totals, strict=True)],
                    tone=RATINGS,
                    most=1,
                ),
                says=f"{found.features[least].feature} is present in {shares[least][0]:,} of {totals[least]:,} items; "
                f"{shares[least][1]:,} have nothing to measure or failed, {shares[least][2]:,} are silent.",
                heads=("feature", "recipe", "present", "missing", "silent"),
                rows=[
                    (f.feature, f.recipe, f"{f.present:,}", f"{f.missing:,}", f"{f.silent:,}") for f in found.features
                ],
            )
        )
    if found.failures.known:
        figures.append(names_figure("failures", "Why measuring failed", found.failures, "", "reasons"))
    return figures


def user_figures(account: Account) -> list[Figure]:
    found, figures = account.audience, list[Figure]()
    if found.age and found.ages:
        says = (
            f"Of {plural(found.age.n, 'user')} the age is known; half of them are {found.age.lower_quartile:.0f} to "
            f"{found.age.upper_quartile:.0f} years old."
        )
        figures.append(spread_figure("age", "Age", found.ages, found.age, USERS, says))
    if found.genders.known:
        figures.append(names_figure("gender", "Gender", found.genders, "", "genders", tone=USERS))
    if found.occupations.known:
        figures.append(names_figure("occupation", "Occupation", found.occupations, "", "occupations", tone=USERS))
    return figures


# -- one figure each ---------------------------------------------------------------------------------------


def _values(found: Ratings) -> Figure:
    told, scale = found.overall, [f"{value:.3g}" for value in found.scale]
    commonest = max(range(len(scale)), key=lambda k: told.counts[k])
    whole = ""
    if any(value != round(value) for value in found.scale) and not found.grouped:
        whole = f" {share_text(found.share_whole)} of them are whole numbers."
    return Figure(
        name="values",
        title="Every rating",
        draw=partial(columns, labels=scale, series=[Series(tone=RATINGS, values=told.counts)]),
        says=(
            f"{share_text(told.share_positive)} of {plural(told.n, 'rating')} are {found.positive_from:g} or more; "
            f"the mean is {told.mean:.2f}, the median {found.median:g}, and {scale[commonest]} the commonest.{whole}"
        ),
        heads=("rating", "ratings", "share"),
        rows=[(v, f"{c:,}", share_text(c / told.n)) for v, c in zip(scale, told.counts, strict=True)],
    )


def _months(months: Sequence[tuple[str, int]]) -> Figure:
    busiest = max(months, key=lambda pair: pair[1])
    years = [(k, name[:4]) for k, (name, _) in enumerate(months) if name.endswith("-01")]
    ticks = years if len(months) > 30 else [(k, name) for k, (name, _) in enumerate(months)]
    points = [(float(k), float(count)) for k, (_, count) in enumerate(months)]
    return Figure(
        name="months",
        title="Interactions by month",
        draw=partial(lines, curves=[Curve(tone=RATINGS, points=points, area=True)], x_ticks=ticks),
        says=(
            f"From {months[0][0]} to {months[-1][0]}; the busiest month was {busiest[0]} with "
            f"{plural(busiest[1], 'interaction')}."
        ),
        heads=("month", "interactions"),
        rows=[(name, f"{count:,}") for name, count in months],
    )


def _stack(found: Ratings, groups: tuple[Rated, ...], name: str, title: str) -> Figure:
    steps = [f"{value:.3g}" for value in found.scale]
    # Of very many the most rated are drawn, in the order at hand.
    floor = sorted((group.n for group in groups), reverse=True)[: max(DRAWN, 1)]
    drawn = [group for group in groups if group.n >= floor[-1]][:DRAWN] if groups else []
    best = max(groups, key=lambda g: g.mean, default=None)
    least = min(groups, key=lambda g: g.mean, default=None)
    says = ""
    if best is not None and least is not None:
        says = (
            f"The mean goes from {least.mean:.2f} ({least.name}, {plural(least.n, 'rating')}) to {best.mean:.2f} "
            f"({best.name}, {plural(best.n, 'rating')}). Each row is all ratings of its items, the number behind it "
            "their mean."
        ) + (f" The {DRAWN} most rated are drawn." if len(drawn) < len(groups) else "")
    return Figure(
        name=name,
        title=title,
        draw=partial(
            stacked,
            names=[group.name for group in drawn],
            shares=[[count / group.n for count in group.counts] for group in drawn],
            tone=RATINGS,
            steps=steps,
            behind=[f"{group.mean:.2f}" for group in drawn],
        ),
        says=says,
        heads=("", "items", "ratings", "mean", "sd", f"{found.positive_from:g} or more"),
        rows=[
            (g.name, f"{g.items:,}", f"{g.n:,}", f"{g.mean:.2f}", f"{g.sd:.2f}", share_text(g.share_positive))
            for g in groups
        ],
    )


def _imdb(found: Ratings) -> Figure:
    told = found.imdb
    assert told is not None
    means = [f"{low:.3g}" for low in told.means[:-1]]
    across = [f"{low:g}" for low in told.imdb[:-1]]
    return Figure(
        name="imdb",
        title="The same items, rated here and at IMDb",
        draw=partial(
            heat,
            down=means[::-1],
            across=across,
            values=told.cells[::-1],
            tone=RATINGS,
            says=lambda value: f"{value:.0f}",
            cell=19,
            upright=False,
            below="rating at IMDb →   ·   ↑ mean rating here",
        ),
        says=(
            f"Over {plural(told.items, 'item')} with five ratings or more, the two agree with r = {told.pearson:.2f} "
            f"(95 %: {told.pearson_low:.2f} to {told.pearson_high:.2f}; by rank {told.spearman:.2f}). Each cell counts "
            "items."
        ),
        heads=("mean here", *across),
        rows=[(mean, *(f"{n:,}" for n in row)) for mean, row in zip(means[::-1], told.cells[::-1], strict=True)],
    )


def _curve(found: Tail, tone: str, name: str) -> Curve:
    top = found.top[-1]
    words = f"{whole_share(top.of_holders)} of {name}: {whole_share(top.of_total)}"
    return Curve(tone=tone, points=found.curve, name=name, marks=[(top.of_holders, top.of_total, words)])


def _ranks(found: Tail, name: str, title: str, one: str, tone: str) -> Figure:
    points = [(float(rank), float(count)) for rank, count in found.ranks]
    half = (float(found.half), float(dict(found.ranks).get(found.half, 0)) or _count_at(found, found.half))
    curve = Curve(tone=tone, points=points, name=title, area=True, marks=[(*half, f"half: {count_text(found.half)}")])
    return Figure(
        name=name,
        title=title,
        draw=partial(lines, curves=[curve], log_x=True, log_y=True, below=f"rank of the {one}, the busiest first"),
        says=(
            f"{plural(found.half, one)} of {found.holders:,} hold half of all interactions; the busiest has "
            f"{found.ranks[0][1]:,}, the last {found.ranks[-1][1]:,}. Both axes are logarithmic."
        ),
        heads=("rank", "interactions"),
        rows=[(f"{rank:,}", f"{count:,}") for rank, count in found.ranks],
    )


def _count_at(found: Tail, rank: int) -> float:
    """The count of the drawn rank that is nearest."""
    return float(min(found.ranks, key=lambda pair: abs(pair[0] - rank))[1])


def day_of(seconds: int) -> str:
    """
    >>> day_of(874724710)
    '20 September 1997'
    """
    when = dt.datetime.fromtimestamp(seconds, dt.UTC)
    return f"{when.day} {when:%B %Y}"
