"""Controls: what stands in every table of rankings beside the variants, tuned as if it were to win."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.catalogue.history import History
from triptych.evaluate.protocols.full_ranking import full_ranking
from triptych.evaluate.record import Choice, Fit
from triptych.evaluate.split import Split
from triptych.evaluate.splits import per_user
from triptych.models import als, ease
from triptych.models.als import ALS, Factors
from triptych.models.chance import Chance
from triptych.models.ease import EASE, ItemWeights
from triptych.models.neighbours import ContentNeighbours
from triptych.models.popularity import OraclePopularity, Popularity
from triptych.models.recommender import Model, Recommender
from triptych.models.tuning import Tuned, tune
from triptych.studies.lists import by_content, by_rows, chance, drawn, filled
from triptych.studies.material import Material
from triptych.studies.protocol import Protocol
from triptych.studies.study import Tuning

I64 = npt.NDArray[np.int64]

#: The share of each training user's rows that decides what a control is tuned to.
HELD = 0.2
GRIDS: Mapping[str, tuple[Callable[..., Model], Mapping[str, Sequence[Any]]]] = {
    "als": (ALS, als.GRID),
    "ease": (EASE, ease.GRID),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Control:
    """A control that has learned. ``choices`` and ``fits`` are for the audit, ``facts`` for whoever reads the cell."""

    recommender: Recommender
    fits: tuple[Fit, ...] = ()
    choices: tuple[Choice, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])


def learned(name: str, material: Material, split: Split, protocol: Protocol, tuning: Tuning, seed: int) -> Control:
    """The control called ``name``. It learns from the training side alone, but for the oracle, which sees what judges.

    Neighbours by genre learn nothing, and are told of users' likes what the rows beside them are: what is given, too.
    The others know a user by what they learned; of one that they did not meet they know what all like.
    """
    train = split.train
    fits = (Fit(name=name, kind="model", learned_from=train),) if len(train) else ()
    match name:
        case "random":
            return Control(recommender=Chance(seed=seed).fit(train))
        case "popularity":
            return Control(recommender=Popularity(like=protocol.like).fit(train), fits=fits)
        case "genres":
            return Control(recommender=_genres(material, protocol).fit(split.told), fits=fits)
        case "oracle":
            return Control(recommender=OraclePopularity(judged=split.test, like=protocol.like).fit(train))
        case _:
            tuned = _tuned(name, train, protocol, tuning, seed)
            return Control(
                recommender=tuned.model.fit(train),
                fits=fits,
                choices=(Choice.of(tuned, role="baseline"),),
                facts={"tuned": tuned.to_json()},
            )


def neighbours(control: Control, name: str, material: Material, protocol: Protocol, seed: int) -> I64:
    """int64 ``[items, n]``: the lists of a control for the item-based protocol. What it cannot place is drawn by lot,
    so that no item goes without a list."""
    n, order = max(protocol.cutoffs), drawn(material.item_ids, seed)
    recommender = control.recommender
    if name == "genres":
        ids = material.item_ids
        lists = by_content(
            _genres(material, protocol).blocks, n=n, weights={"genres": 1.0}, metric="cosine", item_ids=ids, seed=seed
        )
    elif isinstance(recommender, Factors):
        lists = by_rows(_cosine(recommender.items), n=n, order=order)
    elif isinstance(recommender, ItemWeights):
        lists = by_rows(_weights(recommender), n=n, order=order)
    elif name in ("popularity", "oracle"):
        counts = recommender.scores(np.zeros(1, np.int64)).astype(np.float64)

        def alike(rows: I64) -> npt.NDArray[np.float64]:
            return np.repeat(counts, len(rows), axis=0)

        lists = by_rows(alike, n=n, order=order)
    else:
        lists = chance(material.item_ids, seed, n=n)
    return filled(lists, material.item_ids, seed)


def _genres(material: Material, protocol: Protocol) -> ContentNeighbours:
    genres = {item.item_id: item.genres for item in material.items}
    return ContentNeighbours.of_genres(genres, k=protocol.neighbours, like=protocol.like)


def _cosine(factors: npt.NDArray[np.float64]) -> Callable[[I64], Any]:
    length = np.linalg.norm(factors, axis=1, keepdims=True)
    unit = np.divide(factors, length, out=np.zeros_like(factors), where=length > 0)
    known = length[:, 0] > 0

    def scores(rows: I64) -> Any:
        near = unit[rows] @ unit.T
        near[~known[rows]] = -np.inf
        near[:, ~known] = -np.inf
        return near

    return scores


def _weights(found: ItemWeights) -> Callable[[I64], Any]:
    place = np.full(found.count, -1)
    place[found.items] = np.arange(len(found.items))

    def scores(rows: I64) -> Any:
        near = np.full((len(rows), found.count), -np.inf)
        held = np.flatnonzero(place[rows] >= 0)
        near[np.ix_(held, found.items)] = found.weights[place[rows[held]]]
        return near

    return scores


def held_back(train: History, seed: int) -> Split:
    """The training side once more split: its test is what decides a control's settings."""
    return per_user(train, holdout=HELD, seed=seed)


def _tuned(name: str, train: History, protocol: Protocol, tuning: Tuning, seed: int) -> Tuned:
    """Chosen by nDCG@10 on rows of the training side that were held back, which are then learned from too."""
    family, grid = GRIDS[name]
    inner = held_back(train, seed)

    def score(recommender: Recommender, learned: History, judged: History) -> float:
        del learned, judged  # both are in the split
        ranked = full_ranking(recommender, inner, rows=("overall",), like=protocol.like, cutoffs=(10,), seed=seed)
        return ranked["overall"].measured.mean("ndcg@10")

    return tune(
        family,
        grid,
        train=inner.train,
        validation=inner.test,
        score=score,
        budget=tuning.budget,
        extend=tuning.beyond,
        seed=seed,
    )
