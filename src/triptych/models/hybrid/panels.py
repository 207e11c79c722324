"""Panels: which of them a hybrid is better for, told by a rehearsal on the training side alone.

A panel that says little lets a kernel be fitted to chance, and where much is written of the items, pictures and sound
may cost more than they tell. So of the items that teach, one half is made new and ranked by a kernel that the other
half taught, with a panel and without it, and then the other way round, on several lots. What counts is the mean over
users of −log softmax of their likes, which all of a list is judged by; at the best of several sharpnesses, since how
sharp scores are is learned anew afterwards. A panel stays only if lists are better with it by more than chance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from triptych.errors import UsageError
from triptych.models import lot
from triptych.models.affinity.affinity import FEWEST
from triptych.models.hybrid.voices import Basis, foretold_of, told_by
from triptych.models.similarity import Lessons, Report

if TYPE_CHECKING:
    from triptych.models.hybrid.hybrid import Hybrid

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

#: Lots by which items are parted into two halves; each half is judged once.
LOTS = 2
#: Items that take part, and users who judge, at most; drawn by lot.
ITEMS, USERS = 1_000, 2_048
#: A panel is kept if what it gains is more than so many standard errors over the halves.
CERTAIN = 1.0
#: Of a tower here: it chooses between sets of panels, and need not be as good as it can be.
EPOCHS = 20
#: How many times as sharp as they came scores are tried.
SHARPER = tuple(float(one) for one in np.geomspace(0.25, 2.0, 10))


@dataclass(frozen=True, kw_only=True, eq=False)
class Chosen:
    """``settings``: the hybrid without what was dropped. ``gains``: for each panel there was, by how much the loss was
    less with it, and the standard error of that, when it was dropped or when all that are left were found to help."""

    settings: Hybrid
    panels: tuple[str, ...]
    dropped: tuple[str, ...]
    gains: Mapping[str, tuple[float, float]]


def chosen(settings: Hybrid, lessons: Lessons, *, report: Report | None = None) -> Chosen:
    """What to fit. Panels are dropped one after the other, first the one that is least worth having."""
    blocks = lessons.blocks
    of_panel: dict[str, list[str]] = {}
    for p, (name, panel) in enumerate(zip(blocks.names, blocks.panels, strict=True)):
        if name not in settings.without and blocks.mask[:, p].any():
            of_panel.setdefault(panel, []).append(name)
    halves = _halves(lessons, settings.seed)
    known: dict[frozenset[str], F64] = {}
    done = 0

    def loss(panels: frozenset[str]) -> F64:
        """``[halves]``."""
        nonlocal done
        if panels not in known:
            out = tuple(name for panel, names in of_panel.items() if panel not in panels for name in names)
            tower = replace(settings.tower, trainer=replace(settings.tower.trainer, epochs=EPOCHS))
            trial = replace(settings, tower=tower, without=(*settings.without, *out))
            known[panels] = np.array([_judged(trial, lessons, teach, judge) for teach, judge in halves])
        done += 1
        if report is not None:
            report(f"{settings.name}, panels", done, max(done, 2 * len(of_panel)))
        return known[panels]

    kept, gains, dropped = frozenset(of_panel), dict[str, tuple[float, float]](), list[str]()
    while halves and len(kept) > 1:
        for panel in sorted(kept):
            more = loss(kept - {panel}) - loss(kept)
            gains[panel] = float(more.mean()), float(more.std(ddof=1) / np.sqrt(len(more)))
        least = min(sorted(kept), key=lambda one: gains[one][0])
        useless = [panel for panel in sorted(kept) if gains[panel][0] <= CERTAIN * gains[panel][1]]
        if not useless:
            break
        least = min(useless, key=lambda one: gains[one][0])
        dropped.append(least)
        kept = kept - {least}
    out = tuple(name for panel in dropped for name in of_panel[panel])
    return Chosen(
        settings=replace(settings, without=(*settings.without, *out)),
        panels=tuple(panel for panel in of_panel if panel in kept),
        dropped=tuple(dropped),
        gains=gains,
    )


def _halves(lessons: Lessons, seed: int) -> list[tuple[I64, I64]]:
    """Places of items that teach and of those that judge; none where there are too few."""
    train = lessons.train
    among = np.flatnonzero((train.item_counts > 0) & lessons.may_learn)
    keys = lot.keys([train.item_ids[k] for k in among.tolist()], "panels")
    found: list[tuple[I64, I64]] = []
    for number in range(LOTS):
        order = among[np.argsort(lot.scattered(keys, 1_000 * seed + number), kind="stable")][:ITEMS]
        one, other = np.sort(order[::2]), np.sort(order[1::2])
        if min(len(one), len(other)) >= 2 * FEWEST:
            found += [(one, other), (other, one)]
    return found


def _judged(settings: Hybrid, lessons: Lessons, teach: I64, judge: I64) -> float:
    """The loss of ``judge`` when only ``teach`` is known."""
    history = lessons.train
    teaching = np.isin(np.arange(len(history.item_ids)), teach)
    past = history.take(teaching[history.items])
    tower, anchors, facts = settings.kernel(replace(lessons, train=past, may_learn=lessons.may_learn & teaching))
    likes = past if settings.like is None else past.liked(settings.like)
    answers = history.take(np.isin(history.items, judge))
    answers = answers if settings.like is None else answers.liked(settings.like)
    basis = Basis.of(likes.pairs, width=settings.width, held_back=facts["held_back"])
    told = told_by(likes, basis)
    rated = np.flatnonzero(past.item_counts[anchors] > 0)
    # Of all items only those that judge are asked about.
    shown = tower.shown(lessons.blocks)
    foretold, _ = foretold_of(tower, rated, anchors[rated], shown, basis, told, likes.item_counts)
    users = _users(answers.user_counts, answers.user_ids, settings.seed)
    rows: Any = likes.pairs
    own: Any = rows[users]
    size = np.maximum(np.asarray(own.sum(axis=1), np.float64).reshape(-1), 1) ** -float(facts["evenness"])
    wish = np.asarray(own @ told) * size[:, None]
    scores = facts["sharpness"] * wish @ foretold.met[judge].T + facts["launch"] * foretold.launch[judge]
    marks: Any = answers.pairs
    return _loss(scores, np.asarray(marks[users][:, judge].toarray() > 0))


def _loss(scores: F64, liked: Bool) -> float:
    """The mean over users of the mean over their likes of −log softmax, at the best of :data:`SHARPER`."""
    scores = scores - scores.max(axis=1, keepdims=True)
    share = liked / liked.sum(axis=1, keepdims=True)
    own = (share * scores).sum(axis=1)
    return min(float((np.log(np.exp(one * scores).sum(axis=1)) - one * own).mean()) for one in SHARPER)


def _users(counts: I64, user_ids: tuple[str, ...], seed: int) -> I64:
    """Places of those who have an answer, drawn by lot where they are many."""
    users = np.flatnonzero(counts)
    if not len(users):
        raise UsageError("nobody likes any of the items that are to judge; give more ratings, or a lower 'like'.")
    return lot.some(users, user_ids, USERS, purpose="panels", seed=seed)
