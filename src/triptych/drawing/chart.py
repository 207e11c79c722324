"""Chart: pictures of numbers as SVG, drawn for a wide and for a narrow page. No script; the page's own colours.

Each chart is a function of the width it may take [px], and gives a :class:`Drawing`. :func:`figure` draws it twice,
and the page shows the one that fits, so that letters are as large on a telephone as on a desk.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape

from triptych.drawing.axis import Axis, Says, count_text, fitted, roof, share_text, thinned, whole_share, width_of
from triptych.drawing.stroke import Drawing, bar, foot_line, grid, key_of, name_before, room_for, svg_of, text

WIDE, NARROW = 560, 345
#: For what needs more than half of the page.
BROAD = 760
#: [px] between the foot of a chart and the middle of the letters below it.
FOOT = 18
ROW = 24


@dataclass(frozen=True, kw_only=True)
class Series:
    """Numbers of one colour: ``tone`` is seeing, hearing, reading or soft."""

    tone: str
    values: Sequence[float]
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A line through points (x, y), its name written at its end; ``marks`` are points with words of their own."""

    tone: str
    points: Sequence[tuple[float, float]]
    name: str = ""
    area: bool = False
    dashed: bool = False
    marks: Sequence[tuple[float, float, str]] = field(default_factory=tuple)


Draw = Callable[[float], Drawing]


def figure(draw: Draw, *, name: str, title: str, about: str, broad: bool = False, wide: float = 0) -> str:
    """The chart in both widths, with a title and a description for those who do not see it. ``name`` is its id.

    ``wide``: [px] that the page has for it where that is neither half of it nor more."""
    drawn = ((wide or (BROAD if broad else WIDE), "wide"), (NARROW, "narrow"))
    return "".join(svg_of(draw(width), f"{name}-{kind}", kind, title, about) for width, kind in drawn)


def columns(
    width: float,
    *,
    labels: Sequence[str],
    series: Sequence[Series],
    says: Says = count_text,
    edges: bool = False,
    beyond: float = 0,
    marks: Sequence[tuple[float, str]] = (),
    height: float = 230,
) -> Drawing:
    """Upright bars, side by side where there are several series.

    With ``edges`` the labels are those between the bars, one more than there are bars, and a last bar may tell of
    what lies ``beyond`` them. ``marks``: a place counted in bars from the left end, and what to write there.
    """
    bars = max(len(one.values) for one in series)
    most = max([beyond, *(value for one in series for value in one.values)])
    high = roof(most)
    left = 8 + max(width_of(says(tick)) for tick in Axis(low=0, high=high, start=1, end=0).ticks())
    top, tail = (34 if marks else 18), (46 if beyond else 0)
    pitch = (width - left - tail) / max(bars, 1)
    y = Axis(low=0, high=high, start=height, end=top)
    parts = grid(y, left, width, says)
    gap = min(0.18 * pitch, 6) if bars < 60 else min(0.1 * pitch, 1)
    slot = (pitch - gap) / len(series)
    direct = bars <= 12 and all(width_of(says(v)) < slot + 6 for one in series for v in one.values)
    for n, one in enumerate(series):
        for k, value in enumerate(one.values):
            x = left + k * pitch + gap / 2 + n * slot
            told = f"{labels[k]}{f' to {labels[k + 1]}' if edges else ''}{f', {one.name}' if one.name else ''}"
            parts.append(bar(x, y(value), slot, height - y(value), one.tone, f"{told}: {says(value)}"))
            if direct and value:
                parts.append(text(x + slot / 2, y(value) - 5, says(value), "middle", quiet=True))
    if beyond:
        x = width - tail + 10
        parts.append(bar(x, y(beyond), 26, height - y(beyond), series[0].tone, f"more: {says(beyond)}", faint=True))
        parts.append(text(x + 13, height + FOOT, "more", "middle", quiet=True))
    for k in thinned(labels, pitch):
        x = left + (k if edges else k + 0.5) * pitch
        parts.append(text(x, height + FOOT, labels[k], "middle", quiet=True))
    for place, words in marks:
        x = left + place * pitch
        parts.append(f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{top - 12}" y2="{height}"/>')
        anchor = "end" if x + width_of(words) > width else "start"
        parts.append(text(x + (-5 if anchor == "end" else 5), top - 8, words, anchor))
    parts.append(foot_line(left, width - tail, height))
    return Drawing(width=width, height=height + FOOT + 8, body="".join(parts))


def rows(
    width: float,
    *,
    names: Sequence[str],
    values: Sequence[float],
    tone: str | Sequence[str],
    says: Says = share_text,
    most: float | None = None,
    extra: Sequence[str] = (),
    log: bool = False,
    room: float = 1 / 3,
    faint: Sequence[bool] = (),
) -> Drawing:
    """Bars that lie, each with its name before and its number behind it; with ``most``, on a track of that length.

    ``tone``: of all, or of each. ``room``: the share of the width that names may take. On a logarithmic axis, which
    is for counts, bars begin at a half, so that one of 1 is seen and one of 0 is not there.
    """
    longest = max([*values, 1.0 if log else 1e-12]) if most is None else most
    tones = [tone] * len(names) if isinstance(tone, str) else list(tone)
    left = room_for(names, width, room)
    texts = [
        fitted(f"{says(value)}{f' · {extra[k]}' if extra and extra[k] else ''}", width / 3)
        for k, value in enumerate(values)
    ]
    end = width - max(map(width_of, texts), default=0) - 10
    x = Axis(low=0.5 if log else 0, high=longest, start=left, end=end, log=log)
    parts: list[str] = []
    for k, (name, value) in enumerate(zip(names, values, strict=True)):
        at = k * ROW
        parts.append(name_before(name, left, at))
        if most is not None:
            parts.append(f'<rect class="track" x="{left}" y="{at + 6}" width="{x.end - left:.1f}" height="12" rx="2"/>')
        pale = bool(faint) and faint[k]
        parts.append(bar(left, at + 6, x(value) - left, 12, tones[k], f"{name}: {texts[k]}", faint=pale))
        parts.append(text((x.end if most is not None else x(value)) + 7, at + 16, texts[k], "start", quiet=True))
    return Drawing(width=width, height=len(names) * ROW + 2, body="".join(parts))


def stacked(
    width: float,
    *,
    names: Sequence[str],
    shares: Sequence[Sequence[float]],
    tone: str,
    steps: Sequence[str],
    behind: Sequence[str],
) -> Drawing:
    """Each row a whole, cut into shares whose colour deepens from the first of ``steps`` to the last."""
    left = room_for(names, width)
    behind = [fitted(words, width / 4) for words in behind]
    right = width - max(map(width_of, behind), default=0) - 10
    deep = [0.16 + 0.84 * k / max(len(steps) - 1, 1) for k in range(len(steps))]
    parts = [key_of(left, right, steps, tone, deep)]
    for k, (name, row) in enumerate(zip(names, shares, strict=True)):
        at, x = ROW + k * ROW, left
        parts.append(name_before(name, left, at))
        for n, share in enumerate(row):
            wide = share * (right - left)
            if wide > 0.05:
                parts.append(
                    f'<rect class="fill-{tone}" x="{x:.1f}" y="{at + 4}" width="{wide:.1f}" height="16" '
                    f'fill-opacity="{deep[n]:.2f}"><title>{escape(name)}, {escape(steps[n])}: {share_text(share)}'
                    "</title></rect>"
                )
            x += wide
        parts.append(text(right + 8, at + 16, behind[k], "start"))
    return Drawing(width=width, height=ROW + len(names) * ROW + 2, body="".join(parts))


def lines(
    width: float,
    *,
    curves: Sequence[Curve],
    x_says: Says = count_text,
    y_says: Says = count_text,
    x_ticks: Sequence[tuple[float, str]] = (),
    log_x: bool = False,
    log_y: bool = False,
    y_high: float | None = None,
    below: str = "",
    height: float = 230,
) -> Drawing:
    """Lines and areas. A logarithmic axis begins at the least number."""
    xs = [x for one in curves for x, _ in one.points]
    ys = [y for one in curves for _, y in one.points]
    # Where all are alike they lie in the middle, not on the ground.
    y_low = (min(ys) if min(ys) < max(ys) else min(ys) / 10) if log_y else 0.0
    y = Axis(low=y_low, high=y_high or (max(ys) if log_y else roof(max(ys))), start=height, end=20, log=log_y)
    left = 8 + max(width_of(y_says(tick)) for tick in y.ticks())
    x = Axis(low=min(xs), high=max(xs), start=left, end=width - 14, log=log_x)
    parts = grid(y, left, width, y_says)
    for one in curves:
        path = " ".join(f"{'L' if k else 'M'}{x(a):.1f} {y(b):.1f}" for k, (a, b) in enumerate(one.points))
        if one.area:
            foot = f"L{x(one.points[-1][0]):.1f} {height} L{x(one.points[0][0]):.1f} {height} Z"
            parts.append(f'<path class="fill-{one.tone} under" d="{path} {foot}"/>')
        parts.append(f'<path class="line line-{one.tone}" d="{path}"><title>{escape(one.name)}</title></path>')
    for one in curves:
        for a, b, words in one.marks:
            end = x(a) + 9 + width_of(words) > width
            # Words go to the open side: under a line that rises, over one that falls.
            off = 16 if one.points[-1][1] > one.points[0][1] else -6
            parts.append(f'<circle class="fill-{one.tone} halo" cx="{x(a):.1f}" cy="{y(b):.1f}" r="4.5"/>')
            parts.append(text(x(a) + (-9 if end else 9), y(b) + off, words, "end" if end else "start"))
    ticks = x_ticks or [(tick, x_says(tick)) for tick in x.ticks(5)]
    taken = -1e9
    for at, words in ticks:
        place = min(max(x(at), width_of(words) / 2), width - width_of(words) / 2)
        if place - width_of(words) / 2 > taken:
            parts.append(text(place, height + FOOT, words, "middle", quiet=True))
            taken = place + width_of(words) / 2 + 8
    parts.append(foot_line(left, width, height))
    if below:
        parts.append(text((left + width) / 2, height + FOOT + 19, below, "middle", quiet=True))
    return Drawing(width=width, height=height + FOOT + (27 if below else 8), body="".join(parts))


def heat(
    width: float,
    *,
    down: Sequence[str],
    across: Sequence[str],
    values: Sequence[Sequence[float]],
    tone: str,
    says: Says = whole_share,
    most: float | None = None,
    cell: float = 24,
    upright: bool = True,
    below: str = "",
) -> Drawing:
    """A map of cells, darker for more. Numbers stand in the cells where there is room. ``upright``: names across
    stand on end; otherwise they lie at the foot, as many as fit, as those of an axis do."""
    left = room_for(down, width)
    wide = (width - left) / max(len(across), 1)
    top = min(8 + max(map(width_of, across), default=0), 110.0) if upright else 4
    highest = most or max((value for row in values for value in row), default=0) or 1
    # All or none: numbers that stand only where they happen to fit would read as if the others were nought.
    longest = max((width_of(_short(says(value))) for row in values for value in row if value), default=0)
    told_in_cells = longest < wide - 1 and cell >= 18
    parts: list[str] = []
    for k, row in enumerate(values):
        at = top + k * cell
        parts.append(name_before(down[k], left, at + (cell - 24) / 2))
        for n, value in enumerate(row):
            x, shade = left + n * wide, min(value / highest, 1)
            told = f"<title>{escape(down[k])} × {escape(across[n])}: {says(value)}</title>"
            box = f'x="{x + 0.5:.1f}" y="{at + 0.5:.1f}" width="{wide - 1:.1f}" height="{cell - 1:.1f}" rx="1.5"'
            parts.append(f'<rect class="track" {box} fill-opacity=".35">{told}</rect>')
            if value:
                parts.append(f'<rect class="fill-{tone}" {box} fill-opacity="{0.06 + 0.94 * shade:.2f}">{told}</rect>')
            if value and told_in_cells:
                kind = "on" if shade > 0.72 else ""
                parts.append(text(x + wide / 2, at + cell / 2 + 4, _short(says(value)), "middle", kind=kind))
    foot = top + len(down) * cell
    if upright:
        for n, name in enumerate(across):
            x = left + (n + 0.5) * wide + 4
            words = escape(fitted(name, top))
            parts.append(f'<text x="{x:.1f}" y="{top - 7}" transform="rotate(-90 {x:.1f} {top - 7})">{words}</text>')
    else:
        places = [(left + (n + 0.5) * wide, across[n]) for n in thinned(across, wide)]
        parts += [text(x, foot + FOOT, words, "middle", quiet=True) for x, words in places]
    if below:
        parts.append(text((left + width) / 2, foot + FOOT + 19, below, "middle", quiet=True))
    more = (0 if upright else FOOT + 6) + (22 if below else 0)
    return Drawing(width=width, height=foot + more + 2, body="".join(parts))


def forest(
    width: float,
    *,
    names: Sequence[str],
    values: Sequence[float],
    behind: Sequence[str],
    tones: Sequence[str],
    band: float,
    sides: tuple[str, str],
) -> Drawing:
    """Dots to the left and right of nothing; within ``band`` of it a difference is negligible."""
    left = room_for(names, width)
    behind = [fitted(words, width / 4) for words in behind]
    right = width - max(map(width_of, behind), default=0) - 10
    reach = max([band * 1.5, *(abs(value) * 1.08 for value in values)])
    x = Axis(low=-reach, high=reach, start=left, end=right)
    foot = ROW + len(names) * ROW
    parts = [
        f'<rect class="band" x="{x(-band):.1f}" y="{ROW}" width="{x(band) - x(-band):.1f}" height="{foot - ROW}"/>',
        f'<line class="rule" x1="{x(0):.1f}" x2="{x(0):.1f}" y1="{ROW}" y2="{foot}"/>',
        text(x(0) - 8, 14, f"← {sides[0]}", "end", quiet=True),
        text(x(0) + 8, 14, f"{sides[1]} →", "start", quiet=True),
        text(x(0), foot + FOOT, "shaded: negligible", "middle", quiet=True),
    ]
    for k, (name, value) in enumerate(zip(names, values, strict=True)):
        at = ROW + k * ROW
        parts.append(name_before(name, left, at))
        parts.append(
            f'<line class="line line-{tones[k]}" x1="{x(0):.1f}" x2="{x(value):.1f}" y1="{at + 12}" y2="{at + 12}"/>'
            f'<circle class="fill-{tones[k]}" cx="{x(value):.1f}" cy="{at + 12}" r="5">'
            f"<title>{escape(name)}: {escape(behind[k])}</title></circle>"
        )
        parts.append(text(right + 8, at + 16, behind[k], "start", quiet=True))
    return Drawing(width=width, height=foot + FOOT + 8, body="".join(parts))


def multiples(
    width: float, *, names: Sequence[str], values: Sequence[Sequence[float]], labels: Sequence[str], tone: str
) -> Drawing:
    """Small areas side by side, all on one scale, so that they can be compared."""
    across = max(2, round(width / 185))
    pitch, tall, gap = width / across, 58.0, 38.0
    high = max((value for row in values for value in row), default=0) or 1
    parts: list[str] = []
    for k, (name, row) in enumerate(zip(names, values, strict=True)):
        left, top = (k % across) * pitch, (k // across) * (tall + gap + 22) + gap
        x = Axis(low=0, high=max(len(row) - 1, 1), start=left + 2, end=left + pitch - 18)
        y = Axis(low=0, high=high, start=top + tall, end=top)
        path = " ".join(f"{'L' if n else 'M'}{x(n):.1f} {y(value):.1f}" for n, value in enumerate(row))
        peak = max(range(len(row)), key=lambda n: row[n])
        parts += [
            text(left + 2, top - 19, fitted(name, pitch - 26), "start"),
            f'<path class="fill-{tone} under" d="{path} L{x(len(row) - 1):.1f} {y(0):.1f} L{x(0):.1f} {y(0):.1f} Z"/>',
            f'<path class="line line-{tone}" d="{path}"><title>{escape(name)}</title></path>',
            f'<circle class="fill-{tone}" cx="{x(peak):.1f}" cy="{y(row[peak]):.1f}" r="3"/>',
            foot_line(left + 2, left + pitch - 18, y(0)),
            text(left + 2, y(0) + 15, labels[0], "start", quiet=True),
            text(left + pitch - 18, y(0) + 15, labels[-1], "end", quiet=True),
        ]
        room = x(peak) + 5 + 34 < left + pitch
        words = whole_share(row[peak])
        parts.append(
            text(x(peak) + (6 if room else -6), y(row[peak]) - 4, words, "start" if room else "end", quiet=True)
        )
    high_px = -(-len(names) // across) * (tall + gap + 22)
    return Drawing(width=width, height=high_px + 4, body="".join(parts))


def _short(words: str) -> str:
    """In a cell, of a map whose words say that it is of percentages, the number is enough."""
    return words.removesuffix(" %")
