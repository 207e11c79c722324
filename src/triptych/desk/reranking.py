"""Reranking: how a re-ranker is learned at a fit, from pasts of what the catalogue holds, and judged by what came next.

The model is fitted once more, on the earliest of several pasts, and brought up to each later one by folding in the rows
between, as a served model is. So nothing that the ranker learns from knows what came later, and an item that was new
then stands before it as new.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from triptych.catalogue.history import UNTIMED, History
from triptych.desk.kinds import Settings
from triptych.desk.reranker import MODEL, Described, Reranker
from triptych.errors import TrainingError, UsageError
from triptych.evaluate.protocols.full_ranking import full_ranking
from triptych.evaluate.significance import compare, interval
from triptych.evaluate.split import TRAIN, VALIDATION, Split
from triptych.models.rerank.lambdamart import ready
from triptych.models.rerank.two_stage import Practice, TwoStage
from triptych.models.similarity import Lessons, Report

#: What the model's own candidates are joined by: what the model does not say itself.
SOURCES = ("succession", "item-knn", "recent-popularity", "popularity")
#: As they are where nothing is said. ``like`` is always the model's.
USUAL = TwoStage(sources=SOURCES, name="re-ranker")
METRIC, CUTOFF = "ndcg@10", 10
#: Lists that trees learn from, each of a user who liked something later; of fewer they learn chance.
FEWEST = 50
#: Of users, to be judged by.
JUDGES = 2


def checked(settings: TwoStage, history: History, like: float | None, *, cure: str) -> None:
    """Before anything is fitted: MissingExtra, or UsageError where a history cannot teach a re-ranker. ``cure``: the
    command that fits without one."""
    ready()
    if untimed := int((history.times == UNTIMED).sum()):
        raise UsageError(
            f"a re-ranker learns what is liked after what, and {untimed:,} of {len(history):,} interactions have no "
            f"time. Add them anew with a timestamp, or fit without it: {cure}"
        )
    try:
        parted = settings.parted(history)
    except UsageError as fault:
        raise UsageError(f"there is nothing to learn a re-ranker from: {fault} Or fit without it: {cure}") from fault
    lists = [int(np.count_nonzero(_liked(cut.later, like).user_counts)) for cut in parted]
    if len(parted) < 2 or sum(lists[1:]) < FEWEST or lists[0] < JUDGES or not len(_liked(parted[-1].past, like)):
        raise _too_few(sum(lists), len(parted), cure)


def learned(
    settings: TwoStage,
    model: Settings,
    lessons: Lessons,
    described: Described,
    *,
    cure: str,
    folder: Path,
    report: Report | None = None,
) -> tuple[Reranker, dict[str, Any]]:
    """The re-ranker, and what to tell of it as JSON. ``model``: settings of what is re-ranked; ``described``: the items
    of the lessons. ``folder`` keeps checkpoints."""

    def told(what: str, done: int, total: int) -> None:
        if report is not None:
            report(f"{what}, of the past", done, total)

    settings = replace(settings, like=model.like)
    past = settings.parted(lessons.train)[-1].past
    may = lessons.may_learn & (past.item_counts > 0)
    first = model.fit(replace(lessons, train=past, may_learn=may), folder=folder, report=told)
    whole = replace(settings, sources=(replace(MODEL, first=first), *settings.sources))
    try:
        practice = whole.practise(lessons, fields=described.fields, report=report)
    except TrainingError as fault:
        raise UsageError(
            f"{str(fault).rstrip('.')}, so that a re-ranker learns nothing. Fit without it: {cure}"
        ) from fault
    if sum(practice.facts["lists"][1:]) < FEWEST or not practice.before:
        raise _too_few(sum(practice.facts["lists"]), len(practice.facts["lists"]), cure)
    reranker = Reranker(
        settings=replace(settings, sources=(MODEL, *settings.sources)),
        trees=practice.trees,
        columns=practice.trees[0].columns,
        described=described,
    )
    return reranker, {
        "settings": reranker.key,
        **practice.facts,
        "validated": _validated(practice, lessons, model.like),
    }


def sentence(told: Mapping[str, Any]) -> str:
    """What :func:`learned` told, for whoever runs it."""
    validated: Mapping[str, Any] = told["validated"]
    found, own, apart = validated["reranked"], validated["model"], validated["difference"]
    lists = sum(told["lists"])
    verdict = (
        "" if apart["value"] > 0 else " It is no better than the model's own order there, which --no-rerank shows."
    )
    return (
        f"The re-ranker learned from {told['cuts']} pasts and {lists:,} lists. On what {validated['users']:,} users "
        f"liked next, it came to {METRIC} {found['value']:.4f} where the model's own order has {own['value']:.4f} "
        f"({apart['value']:+.4f} [{apart['low']:+.4f}, {apart['high']:+.4f}]).{verdict}"
    )


def _validated(practice: Practice, lessons: Lessons, like: float | None) -> dict[str, Any]:
    """On the latest rows: trees that did not learn from them, and the model's own order, by the same users."""
    rehearsed = practice.rehearsed
    assert rehearsed is not None
    cut, train = practice.cut, lessons.train
    later = np.isin(train.keys, cut.later.keys)
    keep = later | np.isin(train.keys, cut.past.keys)
    side = np.where(later[keep], VALIDATION, TRAIN).astype(np.int8)
    split = Split(history=train.take(keep), side=side, name="what came after the latest past")
    least = float("-inf") if like is None else like
    one, other = (
        full_ranking(
            recommender, split, name=name, rows=("overall",), side="validation", like=least, cutoffs=(CUTOFF,)
        )["overall"].measured
        for name, recommender in (("re-ranked", rehearsed), ("model", practice.stage.pool.recommenders[0]))
    )
    apart = compare(one, other, METRIC, seed=0)
    found = {name: asdict(interval(of.values[METRIC], seed=0)) for name, of in (("reranked", one), ("model", other))}
    difference = {"value": apart.difference, "low": apart.low, "high": apart.high, "p": apart.p_permutation}
    return {"metric": METRIC, "users": len(one.ids), **found, "difference": difference}


def _liked(history: History, like: float | None) -> History:
    return history if like is None else history.liked(like)


def _too_few(lists: int, pasts: int, cure: str) -> UsageError:
    return UsageError(
        f"there is too little to learn a re-ranker from: {lists:,} times somebody liked something later, in {pasts} "
        f"{'past' if pasts == 1 else 'pasts'}; it takes {FEWEST:,} in the earlier of two pasts or more, and "
        f"{JUDGES} users in the latest to judge by. Add interactions, or fit without it: {cure}"
    )
