"""Does learning to rank beat a fixed metric, for items that nobody has rated and users of whom nothing was learned?

    python benchmarks/rank.py DATA                 a folder with ml-100k, mmtf-14k and mise-en-scene
    python benchmarks/rank.py DATA --films 583     only the films whose trailers were seen and heard

MovieLens 100K, five folds of items and of users apart: a fold's items have no rating that anything learns from, nor
have its users, who are known by what they like of the other items alone. All of the fold's items are ranked for each;
nDCG@10 with likes of 4 or more, intervals over users. Scalings, components and vocabularies learn from training items.

*Fixed* rows are forty nearest neighbours by the cosine of fused content, of all panels and of reading alone; the best
of them by these very figures is what the others are held against, which favours it. *Launch* is popularity as content
predicts it, by ridge regression on the training items' counts of likes; it is the same list for all. Added to the best
fixed metric (standardised, weighed by what does best on the judged users, which favours it again), it says how much of
a gain is popularity alone.
*Affinity* learns each fold anew and takes its epoch by users and items held back of the training side. What stands
under each epoch was looked at afterwards. The same with users known is told at the end.

The catalogue is made once under build/bench. The last line is JSON; it fails where affinity gains less than 40 % over
the best fixed metric. Whether its last epoch ranks worse than its best by validation is told.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.evaluate.measured import Measured
from triptych.evaluate.protocols.full_ranking import full_ranking
from triptych.evaluate.scenarios import cold_both, cold_items
from triptych.evaluate.significance import compare, interval, relative
from triptych.evaluate.split import Split
from triptych.fusion.fusion import Fusion
from triptych.fusion.reduction import Reduction
from triptych.models.affinity.affinity import Affinity
from triptych.models.als import ALS
from triptych.models.chance import Chance
from triptych.models.neighbours import ContentNeighbours
from triptych.models.popularity import OraclePopularity
from triptych.models.recommender import Recommender
from triptych.models.similarity import Lessons
from triptych.spaces.blocks import Blocks
from triptych.studies.material import Material
from triptych.studies.prepare import prepare
from triptych.studies.study import Study

F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]

STUDY = "seeing-hearing-reading-ml-100k"
METRIC, LIKE, FOLDS, GOAL = "ndcg@10", 4.0, 5, 0.40
RANKS = {"seeing/avf": "ranks"}
PLAIN = Fusion(method="concatenation", balance="none", scaling="z-score", scalings=RANKS)
FUSIONS: Mapping[str, Fusion] = {
    "fixed": PLAIN,
    "fixed, features balanced": replace(PLAIN, balance="features"),
    "fixed, PCA 95 %": replace(PLAIN, reduce=Reduction.parse("pca:0.95", per="panel")),
    "fixed, balanced, PCA 95 %": replace(PLAIN, balance="features", reduce=Reduction.parse("pca:0.95", per="panel")),
}
READING = ", reading alone"
AFFINITIES = {"affinity": "affinity", "affinity, launch": "affinity-launch"}
#: How much launch counts beside the fixed metric.
WEIGHTS = (0.1, 0.25, 0.5, 1.0, 2.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class Sum:
    """``first`` and ``weight`` times ``more``, both of mean 0 and deviation 1 over the candidates of a user."""

    first: Recommender
    more: F32
    weight: float
    among: npt.NDArray[np.bool_]

    def scores(self, users: I64) -> F32:
        made = self.first.scores(users).astype(np.float64)
        return (self._even(made) + self.weight * self._even(self.more[None])).astype(np.float32)

    def _even(self, scores: npt.NDArray[Any]) -> npt.NDArray[Any]:
        own = scores[:, self.among]
        spread = own.std(axis=1, keepdims=True)
        return (scores - own.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Same:
    """One list for all."""

    values: F32

    def scores(self, users: I64) -> F32:
        return np.tile(self.values, (len(users), 1))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--films", choices=("1682", "583", "both"), default="both")
    parser.add_argument("--folder", type=Path, default=Path("build/bench/rank"))
    arguments = parser.parse_args()
    study = Study.built_in(STUDY)
    opened = prepare(study.data, arguments.folder, given=arguments.data, catalogue=None, report=told)
    found: dict[str, Any] = {"benchmark": "rank", "metric": METRIC, "folds": FOLDS}
    for films in ("1682", "583"):
        if arguments.films in (films, "both"):
            material = Material.of(opened, having=study.data.having if films == "583" else ())
            found[films] = judged(material, f"{len(material.items)} films")
    print(json.dumps(found))
    rows = [one for films, one in found.items() if films.isdigit()]
    return 0 if all(one["gain"]["value"] >= GOAL for one in rows) else 1


def told(what: str, done: int, total: int) -> None:
    if done == total:
        print(f"{what}: {total:,}", file=sys.stderr)


def judged(material: Material, name: str) -> dict[str, Any]:
    apart: dict[str, list[Measured]] = {}
    by_epoch: dict[str, dict[int, list[Measured]]] = {one: {} for one in AFFINITIES}
    seconds = dict.fromkeys(AFFINITIES, 0.0)
    for fold, split in enumerate(cold_both(material.history, k=FOLDS, seed=0)):
        one_fold(material, split, fold, apart, by_epoch, seconds)
    rows = {row: merged(parts) for row, parts in apart.items()}
    fixed = max((row for row in rows if kind_of(row) in FUSIONS), key=lambda row: rows[row].mean(METRIC))
    summed = max((row for row in rows if row.startswith("fixed + launch")), key=lambda row: rows[row].mean(METRIC))
    shown = [row for row in rows if not row.startswith("fixed + launch") or row == summed]
    print(f"\n{name}, items and users apart: nDCG@10 [95 %], against {fixed!r}")
    for row in shown:
        own = interval(rows[row].values[METRIC], seed=0)
        beside = gain_of(rows[row], rows[fixed])
        p = compare(rows[row], rows[fixed], METRIC, seed=0).p_permutation if row != fixed else 1.0
        print(
            f"  {row:42}{own.value:.3f} [{own.low:.3f}, {own.high:.3f}]"
            f"{beside['value']:+8.1%} [{beside['low']:+.1%}, {beside['high']:+.1%}]  p {p:.4f}"
        )
    curves = {
        row: {epoch: merged(parts).mean(METRIC) for epoch, parts in sorted(epochs.items()) if len(parts) == FOLDS}
        for row, epochs in by_epoch.items()
    }
    for row, curve in curves.items():
        print(f"  {row} by epoch: {'  '.join(f'{epoch}: {value:.3f}' for epoch, value in curve.items())}")
    last = merged(by_epoch["affinity"][max(by_epoch["affinity"])])
    late = compare(last, rows["affinity"], METRIC, seed=0)
    gain = gain_of(rows["affinity"], rows[fixed])
    over = gain_of(rows["affinity"], rows[summed])
    print(f"  affinity over {summed!r}: {over['value']:+.1%} [{over['low']:+.1%}, {over['high']:+.1%}]")
    print(
        f"  its last epoch against its best by validation: {late.difference:+.4f} [{late.low:+.4f}, {late.high:+.4f}]"
    )
    known = {row: float(np.mean(parts)) for row, parts in users_known(material).items()}
    print("  the same items, users known: " + "  ".join(f"{row} {value:.3f}" for row, value in known.items()))
    return {
        "rows": {row: span(interval(rows[row].values[METRIC], seed=0)) for row in shown},
        "fixed": fixed,
        "gain": gain,
        "gain_over_fixed_and_launch": over,
        "by_epoch": curves,
        "last_less_best": [late.difference, late.low, late.high],
        "declines": late.high < 0,
        "users_known": known,
        "cpu_s_a_fold": {row: value / FOLDS for row, value in seconds.items()},
    }


def one_fold(
    material: Material,
    split: Split,
    fold: int,
    apart: dict[str, list[Measured]],
    by_epoch: dict[str, dict[int, list[Measured]]],
    seconds: dict[str, float],
) -> None:
    def put(row: str, recommender: Recommender) -> float:
        measured = ranked(recommender, split, row)
        apart.setdefault(row, []).append(measured)
        return measured.mean(METRIC)

    fused = blocks_of(material, split, FUSIONS)
    genres = {item.item_id: item.genres for item in material.items}
    put("random", Chance(seed=0).fit(split.train))
    put("genre neighbours", ContentNeighbours.of_genres(genres, like=LIKE).fit(split.told))
    put("ALS (knows no cold item)", ALS(like=LIKE).fit(split.train))
    put("oracle: popular in hindsight", OraclePopularity(judged=split.test, like=LIKE).fit(split.train))
    fits = {row: one.fit(split.told) for row, one in compared(material, fused).items()}
    own = {row: put(row, one) for row, one in fits.items()}
    launch = predicted(fused["fixed, features balanced"], split)
    put("launch alone", Same(values=launch))
    best = fits[max(own, key=lambda row: own[row])]
    for weight in WEIGHTS:
        put(f"fixed + launch × {weight:g}", Sum(first=best, more=launch, weight=weight, among=split.cold_items))
    for row, preset in AFFINITIES.items():
        settings = Affinity.preset(preset, seed=fold)
        began = time.process_time()
        learned = settings.fit(lessons(material, fused["fixed"], split))
        seconds[row] += time.process_time() - began
        for snapshot in learned.snapshots:
            found = ranked(settings.recommender(snapshot, split.told, like=LIKE), split, row)
            by_epoch[row].setdefault(snapshot.epoch, []).append(found)
            if snapshot.epoch == learned.best:
                apart.setdefault(row, []).append(found)
        print(f"{row}, fold {fold + 1}: {apart[row][-1].mean(METRIC):.3f}", file=sys.stderr)


def users_known(material: Material) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for fold, split in enumerate(cold_items(material.history, k=FOLDS, seed=0)):
        fused = blocks_of(material, split, FUSIONS)
        rows: dict[str, Recommender] = {row: one.fit(split.train) for row, one in compared(material, fused).items()}
        settings = Affinity(seed=fold)
        learned = settings.fit(lessons(material, fused["fixed"], split))
        rows["affinity"] = settings.recommender(learned.snapshot, split.train, like=LIKE)
        for row, recommender in rows.items():
            found.setdefault(row, []).append(ranked(recommender, split, row).mean(METRIC))
    return found


def blocks_of(material: Material, split: Split, fusions: Mapping[str, Fusion]) -> dict[str, Blocks]:
    tables = material.tables(material.titles, split.train_item_ids)
    return {
        name: one.fit(tables, split.train_item_ids).blocks(tables, material.item_ids) for name, one in fusions.items()
    }


def compared(material: Material, fused: Mapping[str, Blocks]) -> dict[str, ContentNeighbours]:
    """By all panels, and by reading alone."""
    found: dict[str, ContentNeighbours] = {}
    for row, blocks in fused.items():
        for name, weights in ((row, None), (f"{row}{READING}", {"reading": 1.0})):
            found[name] = ContentNeighbours(item_ids=material.item_ids, blocks=blocks, like=LIKE, weights=weights)
    return found


def kind_of(row: str) -> str:
    return row.removesuffix(READING)


def lessons(material: Material, blocks: Blocks, split: Split) -> Lessons:
    return Lessons(blocks=blocks, train=split.train, may_learn=~split.cold_items, genres=material.genres[0])


def predicted(blocks: Blocks, split: Split) -> F32:
    """Logarithms of how many will like an item, by ridge regression on the content of those that were rated."""
    values = np.hstack(blocks.values).astype(np.float64)
    known = ~split.cold_items
    counts = np.log1p(split.train.liked(LIKE).item_counts)
    kernel = values @ values.T
    mean = counts[known].mean()
    shares = np.linalg.solve(kernel[np.ix_(known, known)] + np.eye(int(known.sum())), counts[known] - mean)
    return (kernel[:, known] @ shares).astype(np.float32)


def ranked(recommender: Recommender, split: Split, name: str) -> Measured:
    return full_ranking(recommender, split, name=name, rows=("cold",), like=LIKE, cutoffs=(10,))["cold"].measured


def merged(parts: Sequence[Measured]) -> Measured:
    """The folds together: each user judges in one."""
    ids = tuple(one for part in parts for one in part.ids)
    values = {METRIC: np.concatenate([part.values[METRIC] for part in parts])}
    return Measured(name=parts[0].name, unit=parts[0].unit, ids=ids, values=values, whole={})


def gain_of(one: Measured, other: Measured) -> dict[str, float]:
    ratio = relative(one, other, METRIC, seed=0)
    return {name: value - 1 for name, value in span(ratio).items()}


def span(found: Any) -> dict[str, float]:
    return {"value": found.value, "low": found.low, "high": found.high}


if __name__ == "__main__":
    sys.exit(main())
