"""Beside: one table of rows under several protocols: scenarios, shares masked, sizes; and what differs between them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from triptych.drawing.axis import count_text, whole_share
from triptych.drawing.figure import Figure
from triptych.drawing.track import Track, tracks
from triptych.studies.protocol import Protocol
from triptych.studies.report.figures import short
from triptych.studies.report.rated.costs import seconds
from triptych.studies.report.rated.told import spent_of
from triptych.studies.report.view import best, called, label, listed, main, measure, number, shown, signed, value_of
from triptych.studies.results import Judgement, Line

#: So many rows are drawn; more cannot be told from each other.
ROWS = 7
#: The two between which items grow cold, in order.
WARM, COLD = "non-cold", "hard-cold"
#: A setting, in a few words.
_WORDS: Mapping[str, Callable[[Protocol], str]] = {
    "split": lambda one: one.split,
    "mask": lambda one: f"{whole_share(one.mask)} masked",
    "cap": lambda one: f"{one.cap:,} ratings of each user" if one.cap else "all ratings of each user",
    "top": lambda one: f"{'×'.join(f'{n:,}' for n in one.top)} items and users" if one.top else "all items and users",
}
_TONES = ("ink", "seeing", "hearing", "reading")


@dataclass(frozen=True, kw_only=True, eq=False)
class Series:
    """Judgements of one table that differ in one setting alone, by its rising values. ``places``: where each stands on
    an axis, and what is written there. ``of``: what they share that other series of the same setting have otherwise."""

    setting: str
    of: str
    judgements: tuple[Judgement, ...]
    places: tuple[tuple[float, str], ...]


def series(judgements: Sequence[Judgement]) -> list[Series]:
    """All that there are of two or more: of the two scenarios, of shares masked, of caps, of tops."""
    found: list[Series] = []
    kinds: tuple[tuple[str, Callable[[Protocol], tuple[float, str] | None]], ...] = (
        ("split", _scenario),
        ("mask", lambda one: (one.mask, whole_share(one.mask))),
        # Of 0, or of none, all are taken.
        ("cap", lambda one: (float(one.cap), f"{one.cap:,}") if one.cap else (math.inf, "all")),
        ("top", lambda one: (float(one.top[0]), "×".join(f"{n:,}" for n in one.top)) if one.top else (math.inf, "all")),
    )
    for setting, place in kinds:
        groups: dict[str, list[tuple[tuple[float, str], Judgement]]] = {}
        for one in judgements:
            at = place(one.protocol)
            if at is not None:
                rest = {key: value for key, value in one.protocol.settings.items() if key != setting}
                groups.setdefault(f"{one.row} {sorted(rest.items(), key=str)}", []).append((at, one))
        for group in groups.values():
            own = sorted(group, key=lambda told: told[0])
            if len({at for at, _ in own}) > 1:
                found.append(
                    Series(
                        setting=setting,
                        of="",
                        judgements=tuple(one for _, one in own),
                        places=tuple(at for at, _ in own),
                    )
                )
    return [replace(one, of=_of(one, [two for two in found if two.setting == one.setting])) for one in found]


def table(judgements: Sequence[Judgement]) -> tuple[list[str], list[list[tuple[str, bool]]]]:
    """Row → its figure by each metric under each protocol, and whether it is the best variant; no head of one alone."""
    if len(judgements) < 2:
        return [], []
    metrics = _metrics(judgements)
    heads = [""]
    heads += [f"{label(name)}, {_short(one)}" for name in metrics for one in judgements]
    rows: list[list[tuple[str, bool]]] = []
    for name in dict.fromkeys(
        called(one, line) for one in judgements for line in one.lines if line.measured is not None
    ):
        cells = [(name, False)]
        for metric in metrics:
            for one in judgements:
                line = _line(one, name)
                value = value_of(line, metric) if line is not None else None
                cells.append((number(value), line is not None and best(one, metric) == line.name))
        rows.append(cells)
    return heads, rows


def picture(own: Series, name: str) -> Figure | None:
    """The metric that tells by the setting, a line for each row."""
    metric = main(own.judgements[0])
    if not metric:
        return None
    names = [one for one in _names(own.judgements) if all(_figure(j, one, metric) is not None for j in own.judgements)]
    far = _far(own, names, metric)
    near = [one for one in names if one not in far]
    drawn, left = near[:ROWS], near[ROWS:]
    if not drawn:
        return None
    spots = _spots(own)
    found: list[Track] = []
    tones = 0
    for row in drawn:
        control = _control(own, row)
        values = [
            (at, value) for at, j in zip(spots, own.judgements, strict=True) if (value := _figure(j, row, metric))
        ]
        bands = [(at, *_ends(j, row, metric)) for at, j in zip(spots, own.judgements, strict=True)]
        tone = "soft" if control else _TONES[tones % len(_TONES)]
        dashed = not control and tones >= len(_TONES)
        tones += not control
        found.append(
            Track(
                tone=tone,
                name=row,
                points=values,
                band=bands if len(drawn) <= len(_TONES) and not control else (),
                dashed=dashed,
            )
        )
    title = {
        "split": "When items are cold",
        "mask": "With fewer ratings",
        "cap": "By ratings of each user",
        "top": "By size",
    }[own.setting]
    about = {
        "split": "with half of the ratings of the test's items learned from, and with none of them",
        "mask": "by the share of training ratings that is left out",
        "cap": "by how many ratings of each user there are",
        "top": "by how many items and users there are",
    }[own.setting]
    below = {"split": "", "mask": "masked", "cap": "ratings of each user", "top": "items × users"}[own.setting]
    more = f" Not drawn: {listed(left)}." if left else ""
    more += f" Too far off to be drawn: {listed(far)}." if far else ""
    banded = " Bands are 95 % intervals over users." if any(one.band for one in found) else ""
    return Figure(
        name=name,
        title=f"{title}: {own.of}" if own.of else title,
        draw=partial(
            tracks,
            tracks=found,
            places=[(at, words) for at, (_, words) in zip(spots, own.places, strict=True)],
            x_says=count_text,
            y_says=short,
            below=below,
        ),
        says=f"{label(metric)} {about}.{banded}{more}",
        heads=("", *(words for _, words in own.places)),
        rows=[(row, *(number(_figure(j, row, metric)) for j in own.judgements)) for row in names],
    )


def says(own: Series) -> list[str]:
    """What the setting does to each row, in a sentence or two."""
    metric = main(own.judgements[0])
    first, last = own.judgements[0], own.judgements[-1]
    changes: list[tuple[float, str, float, float]] = []
    for row in _names(own.judgements):
        a, b = _figure(first, row, metric), _figure(last, row, metric)
        line = _line(first, row)
        if a is not None and b is not None and line is not None and line.kind == "variant":
            changes.append((b - a, row, a, b))
    if not changes:
        return []
    lower = measure(metric).better == "lower"
    changes.sort(key=lambda told: told[0] if lower else -told[0])
    where = {
        "split": "From non-cold to hard-cold items",
        "mask": f"From {own.places[0][1]} masked to {own.places[-1][1]}",
        "cap": f"From {own.places[0][1]} ratings of each user to {own.places[-1][1]}",
        "top": f"From {own.places[0][1]} to {own.places[-1][1]} items and users",
    }[own.setting]
    where = f"{where} ({own.of})" if own.of else where
    least, most = changes[0], changes[-1]
    if len(changes) == 1:
        return [f"{where}, {label(metric)} of {_changed(least)}."]
    return [f"{where}, {label(metric)} of {_changed(least)}; that of {_changed(most)}."]


def costs(own: Series) -> tuple[list[str], list[tuple[str, ...]]]:
    """Seconds to fit and to predict by the setting, of rows that tell; no head where none does."""
    rows: list[tuple[str, ...]] = []
    for row in _names(own.judgements):
        spent = [spent_of(line) if (line := _line(j, row)) is not None else None for j in own.judgements]
        if any(spent):
            fit = [seconds(one.fit_s / one.fits) if one is not None else "–" for one in spent]
            rows.append((row, *fit, *(seconds(one.predict_s / one.fits) if one is not None else "–" for one in spent)))
    if not rows:
        return [], []
    places = [words for _, words in own.places]
    return ["", *(f"fit, {one}" for one in places), *(f"predict, {one}" for one in places)], rows


def told(judgements: Sequence[Judgement]) -> list[dict[str, Any]]:
    """For machines: each series, with the figures of each row in order."""
    found: list[dict[str, Any]] = []
    for own in series(judgements):
        metrics = _metrics(own.judgements)
        rows: Mapping[str, Mapping[str, list[float | None]]] = {
            row: {metric: [_figure(j, row, metric) for j in own.judgements] for metric in metrics}
            for row in _names(own.judgements)
        }
        found.append(
            {
                "setting": own.setting,
                "of": own.of or None,
                "row": own.judgements[0].row,
                "protocols": [one.protocol.name for one in own.judgements],
                "places": [words for _, words in own.places],
                "says": says(own),
                "rows": rows,
            }
        )
    return found


def _far(own: Series, names: Sequence[str], metric: str) -> list[str]:
    """Controls that would take up more of the axis than all variants together, such as what is drawn by lot."""
    values = {one: [_figure(j, one, metric) or 0.0 for j in own.judgements] for one in names}
    ours = [value for one in names if not _control(own, one) for value in values[one]]
    if not ours:
        return []
    room = max(ours) - min(ours)
    reach = min(ours) - room, max(ours) + room
    return [one for one in names if _control(own, one) and (min(values[one]) < reach[0] or max(values[one]) > reach[1])]


def _control(own: Series, name: str) -> bool:
    return all(line.kind != "variant" for j in own.judgements if (line := _line(j, name)) is not None)


def _of(own: Series, alike: Sequence[Series]) -> str:
    first = own.judgements[0]
    others = [one.judgements[0] for one in alike]
    said = [
        words(first.protocol)
        for setting, words in _WORDS.items()
        if setting != own.setting and len({str(one.protocol.settings.get(setting)) for one in others}) > 1
    ]
    if len({one.row for one in others}) > 1:
        said.append(f"{first.row} ratings")
    # What else they differ by has no words of its own; their protocols have names.
    return ", ".join(said) or (
        "" if len(others) < 2 else f"{first.protocol.name} to {own.judgements[-1].protocol.name}"
    )


def _scenario(one: Protocol) -> tuple[float, str] | None:
    return {WARM: (0.0, WARM), COLD: (1.0, COLD)}.get(one.split)


def _spots(own: Series) -> list[float]:
    """Shares lie where they are; sizes one after the other, as they grow by factors."""
    return (
        [at for at, _ in own.places] if own.setting in ("mask", "split") else list(map(float, range(len(own.places))))
    )


def _short(one: Judgement) -> str:
    return f"{one.protocol.name}{f', {one.row}' if one.row not in ('', 'overall') else ''}"


def _metrics(judgements: Sequence[Judgement]) -> list[str]:
    return [name for name in shown(judgements[0]) if all(name in shown(one) for one in judgements)][:2]


def _names(judgements: Sequence[Judgement]) -> list[str]:
    return list(
        dict.fromkeys(called(one, line) for one in judgements for line in one.lines if line.measured is not None)
    )


def _line(judgement: Judgement, name: str) -> Line | None:
    return next((one for one in judgement.lines if called(judgement, one) == name), None)


def _figure(judgement: Judgement, name: str, metric: str) -> float | None:
    line = _line(judgement, name)
    return value_of(line, metric) if line is not None else None


def _ends(judgement: Judgement, name: str, metric: str) -> tuple[float, float]:
    line = _line(judgement, name)
    own = line.figures.get(metric) if line is not None else None
    value = _figure(judgement, name, metric) or 0.0
    return (own.low, own.high if own.high is not None else own.value) if own is not None else (value, value)


def _changed(one: tuple[float, str, float, float]) -> str:
    change, row, a, b = one
    return f"“{row}” goes from {number(a)} to {number(b)} ({signed(change)})"
