"""Definition: what every metric says, in words. docs/metrics.md shows this table, and a test keeps the two together."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from triptych.errors import UnknownName

Better = Literal["higher", "lower", "neither"]
Unit = Literal["user", "item", "whole"]


@dataclass(frozen=True, kw_only=True)
class Metric:
    """``range``: the least and the most that it can be, None where there is no bound.

    ``unit``: whose values an interval is drawn from: a ``user``'s (an ``item``'s, under a protocol that measures
    items), or nobody's, where only all lists together (``whole``) have one. ``cut``: whether there is a cut-off k.
    """

    name: str
    title: str
    definition: str
    better: Better = "higher"
    range: tuple[float | None, float | None] = (0, 1)
    unit: Unit = "user"
    cut: bool = True
    at: int | None = None

    @property
    def key(self) -> str:
        """As it stands in tables and JSON: ``ndcg@10``; ``ndcg@k`` where no cut-off was given."""
        return f"{self.name}@{self.at or 'k'}" if self.cut else self.name

    @property
    def label(self) -> str:
        """For the head of a column: ``nDCG@10``."""
        return f"{self.title}@{self.at or 'k'}" if self.cut else self.title


_ALL = (
    Metric(
        name="precision",
        title="Precision",
        definition="Relevant items among the first k, divided by k, also where the list is shorter than k.",
    ),
    Metric(
        name="recall",
        title="Recall",
        definition="Relevant items among the first k, divided by all that are relevant to the user; so it cannot reach "
        "1 where more than k are.",
    ),
    Metric(
        name="adjusted-recall",
        title="Adjusted recall",
        definition="Relevant items among the first k, divided by the smaller of k and all that are relevant.",
    ),
    Metric(
        name="f1",
        title="F1",
        definition="Harmonic mean of precision@k and recall@k: 2 · hits / (k + relevant).",
    ),
    Metric(
        name="hit-rate",
        title="Hit rate",
        definition="1 where something relevant is among the first k, else 0.",
    ),
    Metric(
        name="mrr",
        title="MRR",
        definition="1 / the rank of the first relevant item, 0 where none is among the first k.",
    ),
    Metric(
        name="map",
        title="MAP",
        definition="Sum of precision@r over the ranks r ≤ k that hold something relevant, divided by the smaller of k "
        "and all that are relevant, so that the best list has 1.",
    ),
    Metric(
        name="ndcg",
        title="nDCG",
        definition="Sum of 1 / log2(rank + 1) over the relevant items among the first k, divided by the same of a list "
        "that has as many relevant items first as there are (Järvelin and Kekäläinen, 2002).",
    ),
    Metric(
        name="ndcg-graded",
        title="Graded nDCG",
        definition="Sum of (2^value − 1) / log2(rank + 1) over the first k, where value is what the user gave the item "
        "and an item without one gains nothing, divided by the same of the k largest values of the user, relevant or "
        "not (Burges et al., 2005).",
    ),
    Metric(
        name="auc",
        title="AUC",
        definition="The chance that a relevant candidate scores above one that is not, equal scores counting half: "
        "from mid-ranks (Mann and Whitney, 1947).",
        cut=False,
    ),
    Metric(
        name="rmse",
        title="RMSE",
        definition="Root of the mean squared error over all ratings at once; the mean over users is another number. An "
        "interval of it is the root of that of MSE, drawn by users and weighted by how much each has rated.",
        better="lower",
        range=(0, None),
        cut=False,
    ),
    Metric(
        name="mae",
        title="MAE",
        definition="Mean absolute error over all ratings at once.",
        better="lower",
        range=(0, None),
        cut=False,
    ),
    Metric(
        name="mse",
        title="MSE",
        definition="Mean squared error over all ratings at once.",
        better="lower",
        range=(0, None),
        cut=False,
    ),
    Metric(
        name="nrmse",
        title="NRMSE",
        definition="RMSE divided by the range of the scale of ratings, highest less lowest.",
        better="lower",
        range=(0, None),
        cut=False,
    ),
    Metric(
        name="nmae",
        title="NMAE",
        definition="MAE divided by the range of the scale of ratings, highest less lowest.",
        better="lower",
        range=(0, None),
        cut=False,
    ),
    Metric(
        name="threshold-precision",
        title="Threshold precision",
        definition="Of a user's rated items, ranked by prediction, those predicted at or above a threshold are "
        "recommended. Relevant items among the first k recommended, divided by how many these are; 0 where none is.",
    ),
    Metric(
        name="threshold-recall",
        title="Threshold recall",
        definition="Relevant items among the first k recommended of a user's rated items, divided by the smaller of k "
        "and all rated items that are relevant.",
    ),
    Metric(
        name="threshold-f1",
        title="Threshold F1",
        definition="Harmonic mean of threshold precision and threshold recall at k, 0 where both are.",
    ),
    Metric(
        name="threshold-mrr",
        title="Threshold MRR",
        definition="MRR of the items recommended out of a user's rated ones.",
    ),
    Metric(
        name="threshold-map",
        title="Threshold MAP",
        definition="MAP of the items recommended out of a user's rated ones.",
    ),
    Metric(
        name="threshold-ndcg",
        title="Threshold nDCG",
        definition="Graded nDCG of the first k of a user's rated items by prediction, whether they reach the threshold "
        "or not.",
    ),
    Metric(
        name="pooled-precision",
        title="Pooled precision",
        definition="Of all ratings predicted at or above a threshold, the share that are relevant; 0 where none is.",
        unit="whole",
        cut=False,
    ),
    Metric(
        name="pooled-recall",
        title="Pooled recall",
        definition="Of all relevant ratings, the share that are predicted at or above a threshold.",
        unit="whole",
        cut=False,
    ),
    Metric(
        name="pooled-f1",
        title="Pooled F1",
        definition="Harmonic mean of pooled precision and pooled recall.",
        unit="whole",
        cut=False,
    ),
    Metric(
        name="recommended-length",
        title="Recommended length",
        definition="Mean number of a user's rated items that are predicted at or above the threshold, without a cut.",
        better="neither",
        range=(0, None),
        unit="whole",
        cut=False,
    ),
    Metric(
        name="relevant-length",
        title="Relevant length",
        definition="Mean number of a user's rated items that are relevant.",
        better="neither",
        range=(0, None),
        unit="whole",
        cut=False,
    ),
    Metric(
        name="coverage",
        title="Coverage",
        definition="Share of all candidates that are among the first k of at least one list.",
        unit="whole",
    ),
    Metric(
        name="gini",
        title="Gini",
        definition="Gini coefficient of how often each candidate is among the first k of a list: 0 where all are shown "
        "alike, towards 1 where few have all; 1 where nothing is shown.",
        better="lower",
        unit="whole",
    ),
    Metric(
        name="personalisation",
        title="Personalisation",
        definition="1 − the mean cosine of the first k of all pairs of lists, taken as sets; lists without an item are "
        "left out, and it is 0 where two are not left.",
        unit="whole",
    ),
    Metric(
        name="diversity",
        title="Diversity",
        definition="1 − the mean cosine of the vectors (genres, or any feature) of all pairs among the first k (Smyth "
        "and McClave, 2001). Items without a vector are left out, and it is 0 where two are not left.",
        range=(0, 2),
    ),
    Metric(
        name="novelty",
        title="Novelty",
        definition="Mean of −log2 p over the first k, in bits, where p = (training users of the item + 1) / (training "
        "users + 1): one more, so that an item which nobody has yet is not infinitely novel. 0 of an empty list "
        "(Zhou et al., 2010).",
        range=(0, None),
    ),
    Metric(
        name="serendipity",
        title="Serendipity",
        definition="Relevant items among the first k that are not among the first k which popularity gives the same "
        "user, divided by k (after Ge, Delgado-Battenfeld and Jannach, 2010).",
    ),
    Metric(
        name="popularity-lift",
        title="Popularity lift",
        definition="Mean number of training users of the first k items, divided by that of the items in the user's "
        "profile, less 1: above 0, lists are more popular than what the user watches. −1 of an empty list (after "
        "Abdollahpouri et al., 2020).",
        better="neither",
        range=(-1, None),
    ),
    Metric(
        name="calibration",
        title="Miscalibration",
        definition="Kullback–Leibler divergence of the genres of the first k from those of the user's profile, in "
        "nats: KL(p ‖ 0.99 q + 0.01 p), each item's genres sharing its weight of 1 (Steck, 2018). 0 where they are "
        "alike, ln 100 where the list has none of them.",
        better="lower",
        range=(0, 4.605170185988092),
    ),
)

#: By name without a cut-off.
METRICS = {one.name: one for one in _ALL}


def metric(name: str) -> Metric:
    """The metric of a name such as ``ndcg@10`` or ``rmse``; :class:`UnknownName` if there is none.

    >>> metric("ndcg@10").label, metric("rmse").better
    ('nDCG@10', 'lower')
    """
    plain, mark, cutoff = name.partition("@")
    if plain not in METRICS:
        raise UnknownName("metric", name, [one.key for one in _ALL])
    found = METRICS[plain]
    if found.cut and not re.fullmatch(r"[1-9][0-9]*", cutoff, re.ASCII):
        raise UnknownName("metric", name, [f"{plain}@{k}" for k in (1, 3, 5, 10)], hint="It is measured at a cut-off.")
    if mark and not found.cut:
        raise UnknownName("metric", name, [plain], hint="It has no cut-off.")
    return replace(found, at=int(cutoff)) if found.cut else found
