"""LambdaMART: regression trees that put what is liked before what is not.

Burges 2010, *From RankNet to LambdaRank to LambdaMART*, MSR-TR-2010-82, by LightGBM (Ke et al. 2017). What each column
contributes to a score is its exact Shapley value over the trees (Lundberg et al. 2020, doi:10.1038/s42256-019-0138-9).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.errors import MissingExtra, TrainingError, UsageError
from triptych.models.settings import above_zero, not_below_zero, whole

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Lists:
    """Rows to rank: ``values`` float32 ``[m, columns]``, NaN where not known; ``labels`` ``[m]``, 1 of what is liked;
    ``counts`` ``[lists]``: how many rows each list has, one after the other."""

    values: F32
    labels: npt.NDArray[np.integer]
    counts: I64

    def __post_init__(self) -> None:
        if not len(self.values) == len(self.labels) == int(np.sum(self.counts)):
            raise UsageError(f"{len(self.values)} rows, {len(self.labels)} labels and lists of {np.sum(self.counts)}.")

    @classmethod
    def joined(cls, parts: Sequence[Lists]) -> Lists:
        return cls(
            values=np.concatenate([one.values for one in parts]),
            labels=np.concatenate([one.labels for one in parts]),
            counts=np.concatenate([one.counts for one in parts]),
        )

    def useful(self) -> Lists:
        """Without lists in which all is alike, of which there is nothing to learn."""
        of = np.repeat(np.arange(len(self.counts)), self.counts)
        liked = np.bincount(of, weights=self.labels > 0, minlength=len(self.counts))
        keep = (liked > 0) & (liked < self.counts)
        rows = keep[of]
        return Lists(values=self.values[rows], labels=self.labels[rows], counts=self.counts[keep])


@dataclass(frozen=True, kw_only=True)
class LambdaMART:
    """``trees``: the most there are; ``leaves`` of each; ``rate`` of learning; ``least``: rows in a leaf; ``columns``:
    the share of them that a tree may look at; ``rows``: the share of lists that it is made from; ``l2``: penalty of a
    leaf; ``places``: only pairs with one of them among so many first are put in order. ``fewest`` trees there are at
    least, whatever lists that judge say: those are few, and the first trees' gain is noise. ``threads`` do not change
    the result.
    """

    trees: int = 200
    fewest: int = 100
    leaves: int = 15
    rate: float = 0.05
    least: int = 50
    columns: float = 0.5
    rows: float = 0.8
    l2: float = 5.0
    places: int = 20
    seed: int = 0
    threads: int = 1

    def __post_init__(self) -> None:
        whole(
            "LambdaMART",
            trees=self.trees,
            fewest=self.fewest,
            least=self.least,
            places=self.places,
        )
        whole("LambdaMART", threads=self.threads)
        above_zero("LambdaMART", rate=self.rate)
        not_below_zero("LambdaMART", l2=self.l2)
        if self.leaves < 2:
            raise UsageError(f"leaves is {self.leaves}; a tree has 2 at least.")
        for name, value in (("columns", self.columns), ("rows", self.rows)):
            if not 0 < value <= 1:
                raise UsageError(f"{name} is {value:g}; it is a share, above 0 and at most 1.")

    def fit(
        self,
        lists: Lists,
        columns: Sequence[str],
        *,
        directions: Sequence[int] | None = None,
        judge: Lists | None = None,
    ) -> Trees:
        """From ``lists``, of which some have liked and other rows. ``directions``: of each column, 1 where a score may
        only rise with it, −1 where it may only fall. With ``judge``, as many trees as rank those best by nDCG@10;
        without, all ``trees``. TrainingError where there is nothing to learn."""
        lightgbm: Any = _lightgbm()
        useful = lists.useful()
        if not len(useful.counts):
            raise TrainingError("no list holds something liked beside something else; there is nothing to rank by.")
        told = lightgbm.Dataset(useful.values, useful.labels, group=useful.counts, feature_name=_safe(columns))
        params: dict[str, Any] = {
            "objective": "lambdarank",
            "metric": "ndcg",
            "eval_at": [10],
            "num_leaves": self.leaves,
            "learning_rate": self.rate,
            "min_data_in_leaf": self.least,
            "min_sum_hessian_in_leaf": 1e-3,
            "feature_fraction": self.columns,
            "bagging_fraction": self.rows,
            "bagging_freq": 1 if self.rows < 1 else 0,
            "bagging_by_query": True,
            "lambda_l2": self.l2,
            "lambdarank_truncation_level": self.places,
            "max_bin": 255,
            "seed": self.seed,
            "num_threads": self.threads,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        }
        if directions is not None and any(directions):
            params["monotone_constraints"] = list(directions)
        held = None if judge is None else judge.useful()
        if held is None or not len(held.counts):
            booster = lightgbm.train(params, told, num_boost_round=self.trees)
            return Trees(text=booster.model_to_string(), columns=tuple(columns), count=self.trees)
        beside = lightgbm.Dataset(held.values, held.labels, group=held.counts, reference=told)
        curve: dict[str, dict[str, list[float]]] = {}
        booster = lightgbm.train(
            params,
            told,
            num_boost_round=self.trees,
            valid_sets=[beside],
            callbacks=[lightgbm.record_evaluation(curve)],
        )
        (by_metric,) = curve.values()
        (gained,) = by_metric.values()
        least = min(self.fewest, len(gained))
        best = least + int(np.argmax(gained[least - 1 :]))
        return Trees(text=booster.model_to_string(num_iteration=best), columns=tuple(columns), count=best)


@dataclass(frozen=True, kw_only=True, eq=False)
class Trees:
    """``text``: the trees as LightGBM writes them, which is all that is kept; ``count`` of them. ``columns``: names."""

    text: str
    columns: tuple[str, ...]
    count: int

    @cached_property
    def _booster(self) -> Any:
        lightgbm: Any = _lightgbm()
        return lightgbm.Booster(model_str=self.text)

    def scores(self, values: F32) -> F64:
        """float64 ``[m]``; each row's hangs on that row alone."""
        if not len(values):
            return np.zeros(0)
        return np.asarray(self._booster.predict(self._fitting(values), raw_score=True, num_threads=1), np.float64)

    def contributions(self, values: F32) -> F64:
        """float64 ``[m, columns + 1]``: of each column, and last what every score starts from. They add up to the
        score."""
        if not len(values):
            return np.zeros((0, len(self.columns) + 1))
        return np.asarray(self._booster.predict(self._fitting(values), pred_contrib=True, num_threads=1), np.float64)

    def gains(self) -> dict[str, float]:
        """How much each column helped while learning, as shares that add up to 1."""
        gains = np.asarray(self._booster.feature_importance("gain"), np.float64)
        total = gains.sum() or 1.0
        return dict(zip(self.columns, (gains / total).tolist(), strict=True))

    def _fitting(self, values: F32) -> F32:
        if values.ndim != 2 or values.shape[1] != len(self.columns):
            raise UsageError(f"rows of shape {values.shape} do not fit trees of {len(self.columns)} columns.")
        return values

    def save(self, path: Path) -> None:
        path.write_text(self.text, encoding="utf-8", newline="\n")

    @classmethod
    def load(cls, path: Path, columns: Sequence[str]) -> Trees:
        """What :meth:`save` wrote, to the same bits."""
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as failed:
            raise TrainingError(f"{path.name} holds no trees that can be read: {failed}.") from failed
        return cls.of_text(text, columns, name=path.name)

    @classmethod
    def of_text(cls, text: str, columns: Sequence[str], *, name: str) -> Trees:
        """As LightGBM writes them. ``name``: what an error calls it."""
        lightgbm: Any = _lightgbm()
        try:
            found = cls(text=text, columns=tuple(columns), count=0)
            trees, width = found._booster.num_trees(), found._booster.num_feature()
        except lightgbm.basic.LightGBMError as failed:
            raise TrainingError(f"{name} holds no trees that can be read: {failed}.") from failed
        if width != len(columns):
            raise TrainingError(f"{name} holds trees of {width} columns, and {len(columns)} were named.")
        return cls(text=text, columns=tuple(columns), count=trees)


def ready() -> None:
    """MissingExtra where LightGBM is not installed, before any work starts."""
    if find_spec("lightgbm") is None:
        raise MissingExtra("the re-ranker", "rank", missing="lightgbm")


def _safe(columns: Sequence[str]) -> list[str]:
    """LightGBM's text knows no spaces or commas in names; the real ones are kept beside it."""
    return [f"column_{k}" for k in range(len(columns))]


def _lightgbm() -> Any:
    ready()
    import lightgbm

    return lightgbm
