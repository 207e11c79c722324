"""Pairs: how alike and unlike pairs of the validation side came apart, and what calling them which comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, cast

import numpy as np

from triptych.drawing.axis import share_text
from triptych.drawing.chart import NARROW, heat
from triptych.drawing.figure import Figure
from triptych.drawing.overlap import Overlap, overlaps
from triptych.studies.report.figures import short
from triptych.studies.report.learned.curves import drawn
from triptych.studies.report.learned.told import Fold, folds_of, mapping, real, told_of
from triptych.studies.report.view import number
from triptych.studies.results import Judgement, Line

#: Of alike pairs and of unlike ones.
TONES, NAMES = ("reading", "seeing"), ("alike", "unlike")
KEY = tuple(zip(TONES, (f"{name} pairs" for name in NAMES), strict=True))
COUNTS = ("true_positive", "false_negative", "false_positive", "true_negative")
#: What a confusion comes to: its name, and its words.
RATES = (("accuracy", "accuracy"), ("precision", "precision"), ("recall", "recall"), ("f1", "F1"))


def distances(judgement: Judgement, name: str) -> list[Figure]:
    """One for each row that has them: at the first, a middle, the best and the last epoch of one fold."""
    found: list[Figure] = []
    for k, line in enumerate(drawn(judgement), start=1):
        fold = next((one for one in folds_of(line) if _moments(one)), None)
        if fold is None:
            continue
        panels = [(words, own) for words, epoch in _moments(fold) if (own := _overlap(fold.at(epoch), words))]
        first, last = panels[0][1], next((own for words, own in panels if "best" in words), panels[-1][1])
        whole = f"fold {fold.number}" if len(folds_of(line)) > 1 else "the one fold"
        found.append(
            Figure(
                name=f"{name}-{k}",
                title=f"Distances of pairs: “{line.name}”",
                draw=partial(overlaps, overlaps=[own for _, own in panels], tones=TONES, names=NAMES, says=short),
                says=(
                    f"Of {sum(first.one):,.0f} alike and {sum(first.other):,.0f} unlike pairs, {whole}. The two share "
                    f"{share_text(first.shared)} of their area at first, {share_text(last.shared)} at the best epoch."
                ),
                heads=("", "mean, alike", "mean, unlike", "overlap"),
                rows=[
                    (
                        words,
                        number(_middle(own.edges, own.one)),
                        number(_middle(own.edges, own.other)),
                        f"{own.shared:.3f}",
                    )
                    for words, own in panels
                ],
                key=KEY,
            )
        )
    return found


def confusions(judgement: Judgement, name: str) -> list[Figure]:
    """One for each row: what the best epochs of all folds call alike, added up."""
    found: list[Figure] = []
    for k, line in enumerate(drawn(judgement), start=1):
        counts = confusion_of(line)
        if counts is None:
            continue
        alike, unlike = counts[:2], counts[2:]
        cells = [[value / (sum(row) or 1) for value in row] for row in (alike, (unlike[0], unlike[1]))]
        told = rates(counts)
        found.append(
            Figure(
                name=f"{name}-{k}",
                title=f"Called alike or unlike: “{line.name}”",
                draw=partial(
                    heat,
                    down=["alike", "unlike"],
                    across=["called alike", "called unlike"],
                    values=cells,
                    tone="hearing",
                    says=share_text,
                    most=1.0,
                    cell=46,
                    upright=False,
                ),
                says=(
                    f"At the best epoch of each fold, {sum(counts):,.0f} pairs: "
                    f"{', '.join(f'{words} {told[key]:.3f}' for key, words in RATES)}."
                ),
                heads=("pairs", "called alike", "called unlike"),
                rows=[
                    ("alike", f"{alike[0]:,.0f}", f"{alike[1]:,.0f}"),
                    ("unlike", f"{unlike[0]:,.0f}", f"{unlike[1]:,.0f}"),
                ],
                wide=NARROW,
            )
        )
    return found


def confusion_of(line: Line) -> tuple[float, float, float, float] | None:
    """Pairs by :data:`COUNTS`, of all folds at their best epochs; None where no fold has them."""
    found = [own for fold in folds_of(line) if (own := _counts(fold.at(fold.best))) is not None]
    if not found:
        return None
    a, b, c, d = np.sum(found, axis=0).tolist()
    return a, b, c, d


def rates(counts: Sequence[float]) -> dict[str, float]:
    """
    >>> rates([8, 2, 4, 6])
    {'accuracy': 0.7, 'precision': 0.66..., 'recall': 0.8, 'f1': 0.72...}
    """
    right, missed, wrong, rest = counts
    return {
        "accuracy": _share(right + rest, sum(counts)),
        "precision": _share(right, right + wrong),
        "recall": _share(right, right + missed),
        "f1": _share(2 * right, 2 * right + missed + wrong),
    }


def parameters(line: Line) -> list[tuple[str, str, str, str]]:
    """Module, part, shape and how many of its numbers are trained, line by line; none where it is not told."""
    told = next((own for facts in line.facts if (own := told_of(facts).get("parameters"))), None)
    rows = [mapping(one) for one in cast("Sequence[Any]", told)] if isinstance(told, list) else []
    return [
        (str(one.get("module", "")), str(one.get("part", "")), str(one.get("shape", "")), f"{count:,.0f}")
        for one in rows
        if (count := real(one.get("parameters"))) is not None
    ]


def _moments(fold: Fold) -> list[tuple[str, int]]:
    """Words and epochs: the first, the one nearest the middle, the best and the last of those that have distances."""
    having = [int(one["epoch"]) for one in fold.epochs if _histogram(one) is not None]
    if not having:
        return []
    middle = min(having, key=lambda epoch: abs(epoch - (having[0] + having[-1]) / 2))
    chosen = {having[0], middle, having[-1], *([fold.best] if fold.best in having else [])}
    return [(f"epoch {epoch}{', the best' if epoch == fold.best else ''}", epoch) for epoch in sorted(chosen)]


def _overlap(epoch: Mapping[str, Any], words: str) -> Overlap | None:
    found = _histogram(epoch)
    return None if found is None else Overlap(name=words, edges=found[0], one=found[1], other=found[2])


def _histogram(epoch: Mapping[str, Any]) -> tuple[list[float], list[float], list[float]] | None:
    """Edges, and counts of alike and unlike pairs; None for what is no histogram."""
    own = mapping(epoch.get("histogram"))
    edges, alike, unlike = (_reals(own.get(part)) for part in ("edges", "alike", "unlike"))
    rising = bool(edges) and all(b > a for a, b in pairwise(edges))
    if rising and len(alike) == len(unlike) == len(edges) - 1 and sum(alike) and sum(unlike):
        return edges, alike, unlike
    return None


def _counts(epoch: Mapping[str, Any]) -> tuple[float, ...] | None:
    own = mapping(epoch.get("confusion"))
    found = [real(own.get(name)) for name in COUNTS]
    return tuple(value for value in found if value is not None) if None not in found and any(found) else None


def _reals(told: Any) -> list[float]:
    if not isinstance(told, Sequence) or isinstance(told, str):
        return []
    found = [real(one) for one in cast("Sequence[Any]", told)]
    return [value for value in found if value is not None] if None not in found else []


def _middle(edges: Sequence[float], counts: Sequence[float]) -> float:
    """The mean, each bin standing for its middle."""
    middles = (np.asarray(edges[:-1]) + np.asarray(edges[1:])) / 2
    return float(np.average(middles, weights=counts))


def _share(part: float, of: float) -> float:
    return part / of if of else 0.0
