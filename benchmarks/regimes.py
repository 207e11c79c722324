"""What do seeing and hearing add, where much, little or nothing is written of the items?

    python benchmarks/regimes.py DATA                  a folder with ml-100k, mmtf-14k and mise-en-scene
    python benchmarks/regimes.py DATA --repeats 4      other folds besides, and with them other lots
    python benchmarks/regimes.py DATA --first 1        none of the folds that the rule of panels was made on

The 583 films of MovieLens 100K whose trailers were seen and heard, five folds of cold items, all of a fold ranked for
every user who likes one of them (4 or more); nDCG@10 and recall@20. The hybrid is fitted for each fold and regime of
what is read, without seeing and hearing and with both: then it keeps the panels that its own rehearsal, on the training
side alone, finds to help by more than chance. *Half lacking*: each of a random half of the items, training and cold
items alike, lacks a panel, seeing or hearing by lot. *Halves lacking*, which is harder and asked nothing of: seeing is
taken from a random half, hearing from another one, so that a quarter has neither and a quarter both. Where nothing is
read there is no content without seeing and hearing, so that lists are random.

Intervals and paired tests are over users, of each the mean over folds; p-values are adjusted for the table (Holm). The
catalogue is made once under build/bench. The last line is JSON; it fails where a regime gains less than is asked for:
with genre +20 %, with the plot +3 %, with everything −0.5 %.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from triptych.evaluate.measured import Measured
from triptych.evaluate.protocols.full_ranking import full_ranking
from triptych.evaluate.scenarios import cold_items
from triptych.evaluate.significance import adjusted, compare, interval, relative
from triptych.evaluate.split import Split
from triptych.evaluate.worth import pooled
from triptych.fusion.fusion import Fusion
from triptych.models import lot
from triptych.models.chance import Chance
from triptych.models.hybrid.hybrid import Hybrid
from triptych.models.hybrid.panels import chosen
from triptych.models.recommender import Recommender
from triptych.models.similarity import Lessons
from triptych.spaces.blocks import Blocks
from triptych.studies.material import Material
from triptych.studies.prepare import prepare
from triptych.studies.study import Study

STUDY = "seeing-hearing-reading-ml-100k"
PLAIN = Fusion(method="concatenation", balance="none", scaling="z-score", scalings={"seeing/avf": "ranks"})
METRICS, LIKE, FOLDS = ("ndcg@10", "recall@20"), 4.0, 5
ALL = "everything"
REGIMES: Mapping[str, tuple[str, ...]] = {
    "nothing": (),
    "title only": ("tfidf-title",),
    "genre": ("genres",),
    "genre + year": ("genres", "year"),
    "plot": ("sentence", "tfidf-plot"),
    ALL: (),
}
WITHOUT, WITH, HALF, HALVES = "without", "with", "half lacking", "halves lacking"
KINDS = (WITHOUT, WITH, HALF, HALVES)
#: Least relative gain of seeing and hearing, with them and with a half lacking one.
GOALS = {"genre": 0.20, "plot": 0.03, ALL: -0.005}


@dataclass
class Fold:
    """One split, with what was fitted on it: the same settings on the same content are fitted once."""

    split: Split
    lessons: Lessons
    seed: int
    known: dict[tuple[tuple[str, ...], str], Measured] = field(default_factory=dict[Any, Measured])

    def random(self) -> Measured:
        return self.ranked(Chance(seed=self.seed).fit(self.split.train))

    def fitted(self, names: Sequence[str], *, kind: str) -> tuple[Measured, list[str]]:
        """``names``: features that are there. But without seeing and hearing, panels that do not help are dropped;
        which those are."""
        blocks = self.lessons.blocks
        lessons = replace(self.lessons, blocks=lacking(blocks, self.split.history.item_ids, kind, self.seed))
        settings = Hybrid(later="none", seed=self.seed, without=tuple(one for one in blocks.names if one not in names))
        dropped: list[str] = []
        if kind != WITHOUT:
            told = chosen(settings, lessons)
            settings, dropped = told.settings, list(told.dropped)
        kept = tuple(sorted(set(blocks.names) - set(settings.without)))
        key = (kept, kind if kind in (HALF, HALVES) and any(not one.startswith("reading/") for one in kept) else "")
        if key not in self.known:
            self.known[key] = self.ranked(settings.fit(lessons))
        return self.known[key], dropped

    def ranked(self, recommender: Recommender) -> Measured:
        found = full_ranking(recommender, self.split, rows=("cold",), like=LIKE, cutoffs=(10, 20))["cold"]
        return found.measured


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="the number of the first repeat")
    parser.add_argument("--folder", type=Path, default=Path("build/bench/rank"))
    arguments = parser.parse_args()
    began = time.process_time()
    study = Study.built_in(STUDY)
    opened = prepare(study.data, arguments.folder, given=arguments.data, catalogue=None, report=told)
    material = Material.of(opened, having=study.data.having)
    found, dropped = measured(material, range(arguments.first, arguments.first + arguments.repeats))
    rows = table(found)
    cpu_s = time.process_time() - began
    print(f"\n{len(material.items)} films, cold items, {arguments.repeats} × {FOLDS} folds: {METRICS[0]} [95 %]")
    for row in rows:
        show(row, dropped)
    missed = [
        f"{row['regime']}, {row['kind']}: {row['gain']['value']:+.1%}, below {GOALS[row['regime']]:+.1%}"
        for row in rows
        if row["kind"] in (WITH, HALF) and row["regime"] in GOALS and row["gain"]["value"] < GOALS[row["regime"]]
    ]
    for one in missed:
        print(f"missed: {one}")
    fits = arguments.repeats * FOLDS
    told_of = {f"{regime}, {kind}": counts for (regime, kind), counts in dropped.items()}
    body = {"rows": rows, "dropped": told_of, "fits_each": fits, "missed": missed, "cpu_s": round(cpu_s)}
    print(json.dumps({"benchmark": "regimes", **body}))
    return 1 if missed else 0


def told(what: str, done: int, total: int) -> None:
    if done == total:
        print(f"{what}: {total:,}", file=sys.stderr)


Found = dict[tuple[str, str], list[Measured]]
Dropped = dict[tuple[str, str], dict[str, int]]


def measured(material: Material, repeats: Sequence[int]) -> tuple[Found, Dropped]:
    """(regime, kind) → of each fold what was measured, and how often which panel was dropped."""
    found: Found = {}
    dropped: Dropped = {}
    for repeat in repeats:
        for number, split in enumerate(cold_items(material.history, k=FOLDS, seed=repeat)):
            fold = Fold(split=split, lessons=lessons_of(material, split), seed=repeat * FOLDS + number)
            names = fold.lessons.blocks.names
            others = [one for one in names if not one.startswith("reading/")]
            for regime, parts in REGIMES.items():
                read = [f"reading/{one}" for one in parts]
                read = [one for one in names if one.startswith("reading/")] if regime == ALL else read
                plain = fold.fitted(read, kind=WITHOUT)[0] if read else fold.random()
                found.setdefault((regime, WITHOUT), []).append(plain)
                for kind in (WITH, HALF, HALVES):
                    one, out = fold.fitted([*read, *others], kind=kind)
                    found.setdefault((regime, kind), []).append(one)
                    counts = dropped.setdefault((regime, kind), {})
                    for panel in out:
                        counts[panel] = counts.get(panel, 0) + 1
                values = [f"{kind} {found[regime, kind][-1].mean(METRICS[0]):.3f}" for kind in KINDS]
                print(f"fold {number + 1}, {regime}: {', '.join(values)}", file=sys.stderr)
    return found, dropped


def lessons_of(material: Material, split: Split) -> Lessons:
    tables = material.tables(material.titles, split.train_item_ids)
    blocks = PLAIN.fit(tables, split.train_item_ids).blocks(tables, material.item_ids)
    return Lessons(blocks=blocks, train=split.train, may_learn=~split.cold_items, genres=material.genres[0])


def lacking(blocks: Blocks, item_ids: Sequence[str], kind: str, seed: int) -> Blocks:
    """With less of seeing and hearing, as ``kind`` has it."""
    lost = {HALF: ((0.0, 0.25), (0.25, 0.5)), HALVES: ((0.0, 0.5), (0.0, 0.5))}.get(kind)
    if lost is None:
        return blocks
    mask = blocks.mask.copy()
    for panel, (low, high) in zip(("seeing", "hearing"), lost, strict=True):
        purpose = "lacks a panel" if kind == HALF else f"no {panel}"
        lots = lot.fractions(lot.scattered(lot.keys(item_ids, purpose), seed))
        mask[np.ix_((lots >= low) & (lots < high), [own == panel for own in blocks.panels])] = False
    values = tuple(np.where(mask[:, [p]], own, np.float32(0)) for p, own in enumerate(blocks.values))
    return Blocks(panels=blocks.panels, names=blocks.names, values=values, mask=mask)


def table(found: Mapping[tuple[str, str], Sequence[Measured]]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    compared: list[Any] = []
    for (regime, kind), parts in found.items():
        own = pooled(parts, f"{regime}, {kind}", METRICS)
        row: dict[str, Any] = {"regime": regime, "kind": kind, "users": len(own.ids)}
        row |= {metric: span(interval(own.values[metric], seed=0)) for metric in METRICS}
        if kind != WITHOUT:
            base = pooled(found[regime, WITHOUT], f"{regime}, {WITHOUT}", METRICS)
            ratio = span(relative(own, base, METRICS[0], seed=0))
            row["gain"] = {end: value - 1 for end, value in ratio.items()}
            compared.append(compare(own, base, METRICS[0], seed=0))
        rows.append(row)
    held = iter(adjusted(compared))
    for row in rows:
        if row["kind"] != WITHOUT:
            one = next(held)
            row |= {"p": one.p_permutation, "p_holm": one.p_holm}
    return rows


def show(row: Mapping[str, Any], dropped: Mapping[tuple[str, str], Mapping[str, int]]) -> None:
    one, other = (row[metric] for metric in METRICS)
    words = f"  {row['regime']:14}{row['kind']:16}{one['value']:.3f} [{one['low']:.3f}, {one['high']:.3f}]"
    words += f"  recall@20 {other['value']:.3f} [{other['low']:.3f}, {other['high']:.3f}]"
    if row["kind"] != WITHOUT:
        gain, counts = row["gain"], dropped[row["regime"], row["kind"]]
        words += f"{gain['value']:+8.1%} [{gain['low']:+.1%}, {gain['high']:+.1%}]  p {row['p_holm']:.4f}"
        if counts:
            words += "  dropped: " + ", ".join(f"{panel} {count} ×" for panel, count in sorted(counts.items()))
    print(words)


def span(found: Any) -> dict[str, float]:
    return {"value": found.value, "low": found.low, "high": found.high}


if __name__ == "__main__":
    sys.exit(main())
