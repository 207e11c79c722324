"""Audit: experiments that are really run, each with one thing done wrong, are named by exactly the check for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from triptych.catalogue.history import UNTIMED, History
from triptych.evaluate import scenarios, splits
from triptych.evaluate.audit import CHECKS, audit
from triptych.evaluate.protocols.full_ranking import full_ranking
from triptych.evaluate.record import Choice, Fit, Judged, Record, Terms
from triptych.evaluate.split import GIVEN, TEST, TRAIN, Split
from triptych.fusion.normalise import ZScore
from triptych.models.ease import EASE
from triptych.models.neighbours import ContentNeighbours
from triptych.models.tuning import tune
from triptych.spaces.blocks import Blocks

GENRES, USERS, ITEMS, LIKE = 4, 48, 40, 4.0


def world() -> History:
    """Users like one genre of four. Items come out one after the other, and are met from then on."""
    rng = np.random.default_rng(7)
    users, items = np.nonzero(rng.random((USERS, ITEMS)) < 0.45)
    times = 1000 * items + rng.integers(0, 20_000, len(items))
    rows = rng.permutation(len(users))
    return History(
        user_ids=tuple(f"u{k:02}" for k in range(USERS)),
        item_ids=tuple(f"i{k:02}" for k in range(ITEMS)),
        users=users[rows].astype(np.int32),
        items=items[rows].astype(np.int32),
        values=np.where(users % GENRES == items % GENRES, 5, 2)[rows].astype(np.float32),
        times=times[rows],
    )


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """An honest one: each step can be done in another way. What it records is what it did."""

    history: History
    parted: Callable[[History], Split] = lambda h: splits.by_time(h, share=0.35, validation=0.25)
    scaled_on: Callable[[Split], list[str]] = lambda split: split.train_item_ids
    tuned_on: str = "validation"
    neighbours: Mapping[str, Any] | None = None
    extend: int = 6
    baseline_budget: int | None = None
    row: str = "overall"
    negatives: int = 0
    pairs: Callable[[Split], pa.Table] = lambda split: pairs_once(split)

    @cached_property
    def split(self) -> Split:
        return self.parted(self.history)

    def record(self) -> Record:
        proposed = self._tuned(self._content, self.neighbours or {"k": (2, 4, 8)}, self.extend, None)
        baseline = self._tuned(EASE, {"regularisation": (10.0, 30.0, 100.0)}, 6, self.baseline_budget)
        final = proposed.model.fit(self.split.train)
        found = full_ranking(final, self.split, rows=(self.row,), like=LIKE, cutoffs=(5,))[self.row]
        if self.negatives:
            self._among_few(final)
        return Record(
            name="content against collaboration",
            split=self.split,
            protocol=Terms(kind="full-ranking", candidates=self.negatives or "all", like=LIKE, cutoffs=(5,)),
            fits=[
                Fit(name="z-score", kind="scaling", learned_from=self.scaled_on(self.split)),
                Fit(name="neighbours", kind="model", learned_from=self.split.train),
            ],
            choices=[
                Choice.of(proposed, role="proposed", chosen_on=self.tuned_on),
                Choice.of(baseline, role="baseline"),
            ],
            pairs=self.pairs(self.split),
            judged=Judged.ranked(self.split, found.users, like=LIKE, row=self.row),
            seeds={"split": 0},
        )

    def _tuned(self, family: Any, grid: Any, extend: int, budget: int | None) -> Any:
        side = self.tuned_on if family != EASE else "validation"

        def score(recommender: Any, train: History, judged: History) -> float:
            found = full_ranking(recommender, self.split, side=side, rows=("overall",), like=LIKE, cutoffs=(5,))
            return found["overall"].measured.mean("ndcg@5")

        judged = self.split.test if side == "test" else self.split.validation
        return tune(family, grid, train=self.split.train, validation=judged, score=score, extend=extend, budget=budget)

    def _content(self, k: int) -> ContentNeighbours:
        rng = np.random.default_rng(1)
        values = 2 * np.eye(GENRES)[np.arange(ITEMS) % GENRES] + rng.normal(size=(ITEMS, GENRES))
        learned = np.isin(self.history.item_ids, self.scaled_on(self.split))
        raw = values.astype(np.float32)
        scaled = ZScore.fit(raw, learned)(raw, np.ones(ITEMS, bool))
        blocks = Blocks(panels=("seeing",), values=(scaled,), mask=np.ones((ITEMS, 1), bool))
        return ContentNeighbours(item_ids=self.history.item_ids, blocks=blocks, k=k, like=LIKE)

    def _among_few(self, recommender: Any) -> None:
        """Where the first liked row of each user stands among so many others, as it is often done."""
        rng = np.random.default_rng(2)
        liked = self.split.test.liked(LIKE)
        users, first = np.unique(liked.users, return_index=True)
        scores = recommender.scores(users.astype(np.int64))
        others = rng.integers(0, ITEMS, (len(users), self.negatives))
        found = np.take_along_axis(scores, others, 1) < scores[np.arange(len(users)), liked.items[first]][:, None]
        assert found.any()


def liked_together(split: Split) -> tuple[np.ndarray, np.ndarray]:
    """Items that two users or more like in training: each pair once, the lower place first."""
    liked = split.train.liked(LIKE).pairs
    return np.nonzero(np.triu((liked.T @ liked).toarray() >= 2, 1))


def pairs_once(split: Split) -> pa.Table:
    a, b = liked_together(split)
    return parted_pairs(a, b)


def pairs_both_ways(split: Split) -> pa.Table:
    """Each pair as anchor and positive and the other way round, as matrices of pairs have them, and then split."""
    a, b = liked_together(split)
    return parted_pairs(np.r_[a, b], np.r_[b, a])


def parted_pairs(a: np.ndarray, b: np.ndarray) -> pa.Table:
    sides = np.random.default_rng(5).choice(["train", "validation", "test"], size=len(a), p=[0.7, 0.15, 0.15])
    return pa.table({"a": [f"i{k:02}" for k in a], "b": [f"i{k:02}" for k in b], "side": sides})


def last_in_the_file(history: History) -> Split:
    """The last row of each user is its test, as if the file were in the order of time."""
    asif = replace(history, times=np.arange(len(history)))
    wrong = splits.leave_last(asif)
    return replace(wrong, history=history)


HONEST = Experiment(history=world())
PLANTED: dict[str, Experiment] = {
    "overlap": replace(HONEST, pairs=pairs_both_ways),
    "future": replace(HONEST, parted=last_in_the_file),
    "fitted-on-test": replace(HONEST, scaled_on=lambda split: list(split.history.item_ids)),
    "chosen-on-test": replace(HONEST, tuned_on="test"),
    "edge-of-grid": replace(HONEST, neighbours={"k": (1, 2, 3)}, extend=0),
    "smaller-budget": replace(HONEST, baseline_budget=1),
    "dropped-cold": replace(HONEST, row="warm"),
    "sampled": replace(HONEST, negatives=10),
}


def test_an_honest_experiment_passes(tmp_path: Path) -> None:
    record = HONEST.record()
    found = audit(record)
    assert found.passed(strict=True), found
    assert [finding.check for finding in found.findings] == list(CHECKS)
    record.write(tmp_path / "run")
    assert audit(Record.read(tmp_path / "run")) == found


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_named_by_its_check_and_no_other(fault: str, tmp_path: Path) -> None:
    PLANTED[fault].record().write(tmp_path / "run")
    found = audit(Record.read(tmp_path / "run"))
    assert found.of("fault") == [fault], found
    (finding,) = (finding for finding in found.findings if finding.verdict == "fault")
    assert any(sign.isdigit() for sign in finding.evidence)
    assert finding.cure


def only(check: str, record: Record) -> tuple[str, str]:
    (finding,) = (each for each in audit(record).findings if each.check == check)
    return finding.verdict, finding.evidence


def test_silence_is_not_innocence() -> None:
    found = audit(Record(name="silent"))
    assert found.of("unknown") == list(CHECKS)
    assert found.passed()
    assert not found.passed(strict=True)
    nothing = audit(Record(name="nothing was learned", fits=[], choices=[]))
    assert nothing.of("clean") == ["fitted-on-test", "chosen-on-test", "edge-of-grid", "smaller-budget"]


def test_overlap_counts_rows_items_users_and_judged_rows() -> None:
    history = world()
    split = splits.random(history, shares=(0.6, 0.2, 0.2))
    assert only("overlap", Record(name="", split=split))[0] == "clean"
    apart = replace(split, disjoint=("pairs", "items", "users"))
    verdict, evidence = only("overlap", Record(name="", split=apart))
    assert verdict == "fault"
    assert "40 items declared apart stand in training and test" in evidence
    assert "48 users declared apart" in evidence
    twice = np.r_[np.arange(len(history)), np.flatnonzero(split.side == TEST)[:3]]
    side = np.r_[split.side, np.zeros(3, np.int8)]
    verdict, evidence = only("overlap", Record(name="", split=Split(history=history.take(twice), side=side, name="")))
    assert evidence.startswith("3 pairs of user and item stand in training and test, such as u")
    judged = Judged(rows=split.train.take(np.arange(7)))
    assert "7 judged rows stand in training" in only("overlap", Record(name="", split=split, judged=judged))[1]


def test_the_future_without_a_promise_is_a_notice_and_without_times_unknown() -> None:
    history = world()
    split = splits.random(history)
    verdict, evidence = only("future", Record(name="", split=split))
    assert verdict == "notice"
    later = [
        (history.times[(history.users == u) & (split.side == TRAIN)] > t).any()
        for u, t in zip(split.test.users, split.test.times, strict=True)
    ]
    assert f"of {sum(later)} of {len(split.test)} rows of the test" in evidence
    untimed = replace(split, history=replace(history, times=np.full(len(history), UNTIMED)))
    assert only("future", Record(name="", split=untimed))[0] == "unknown"
    declared = replace(split, by_time="all")
    first = split.test.times.min()
    verdict, evidence = only("future", Record(name="", split=declared))
    assert f"{(split.train.times > first).sum():,} of {len(split.train):,} rows of the training are later" in evidence


def test_what_is_learned_is_held_against_the_sides() -> None:
    split = scenarios.cold_items(world(), validation=0.2)[0]
    test = split.test.take(np.arange(2))
    items = [split.history.item_ids[k] for k in np.unique(split.validation.items)]
    renamed = replace(split.history, user_ids=tuple(f"{k}.0" for k in range(USERS)))
    for fit, verdict, told in [
        (Fit(name="all", learned_from=split.history), "fault", f"{len(split.test)} ("),
        (Fit(name="two", learned_from=test), "fault", "2 ("),
        (Fit(name="users", unit="users", learned_from=split.history.user_ids), "clean", "48 users"),
        (Fit(name="some", learned_from=["nobody has rated this", *split.train_item_ids]), "clean", "some ("),
        (Fit(name="numbers", learned_from=["0", "1", "2"]), "unknown", "has: numbers."),
        (Fit(name="others", learned_from=renamed), "unknown", "has: others."),
        (Fit(name="held", learned_from=items), "notice", f"{len(items)} ("),
    ]:
        found = only("fitted-on-test", Record(name="", split=split, fits=[fit]))
        assert found[0] == verdict, found
        assert told in found[1]


def test_what_is_given_is_the_tests_and_nothing_learns_from_it(tmp_path: Path) -> None:
    """Rows of the test's users with training items: users of the test, items of the training, and nothing else."""
    split = scenarios.cold_both(world(), k=3, validation=0.2)[0]
    given = split.given
    assert len(given) > 1
    users = [split.history.user_ids[k] for k in np.unique(given.users)]
    for fit, verdict, told in [
        (Fit(name="train", learned_from=split.train), "clean", "train ("),
        (Fit(name="told", learned_from=split.told), "fault", f"{len(given)} ("),
        (Fit(name="one", learned_from=given.take(np.arange(1))), "fault", "1 row, of which 1 ("),
        (Fit(name="its users", unit="users", learned_from=users), "fault", f"{len(users)} ("),
        (Fit(name="items", learned_from=split.train_item_ids), "clean", "items ("),
    ]:
        record = Record(name="", split=split, fits=[fit])
        record.write(tmp_path / fit.name)
        found = only("fitted-on-test", Record.read(tmp_path / fit.name))
        assert found[0] == verdict, found
        assert told in found[1]
    assert only("overlap", Record(name="", split=split))[0] == "clean"
    # The same rows learned from: their users, whom the test has too, then stand on both sides.
    side = np.where(split.side == GIVEN, TRAIN, split.side).astype(np.int8)
    verdict, evidence = only("overlap", Record(name="", split=replace(split, side=side)))
    assert (verdict, "users declared apart stand in training and test" in evidence) == ("fault", True)
    some = split.side.copy()
    some[np.flatnonzero(split.side == GIVEN)[0]] = TRAIN
    verdict, evidence = only("overlap", Record(name="", split=replace(split, side=some)))
    assert (verdict, "1 user declared apart stand in training and given" in evidence) == ("fault", True)


def test_edges_and_budgets() -> None:
    def chosen(value: Any, role: str = "proposed", **more: Any) -> Choice:
        told = {"grid": {"k": (1, 2, 3)}, "chosen": {"k": value}, "chosen_on": "validation", **more}
        return Choice(model=role, role=role, **told)

    for choice, verdict in [
        (chosen(2), "clean"),
        (chosen(1), "fault"),
        (chosen(1, limits={"k": (1, None)}), "clean"),
        (chosen(3, limits={"k": (1, None)}), "fault"),
        (chosen(1, what="epoch"), "clean"),
        (chosen(3, what="epoch"), "notice"),
        (chosen(3, what="epoch", role="baseline"), "fault"),
        (chosen(1, ordered=False), "clean"),
        (chosen("b", grid={"k": ("a", "b")}), "clean"),
        (chosen(1, grid={"k": (1,)}), "clean"),
    ]:
        assert only("edge-of-grid", Record(name="", choices=[choice]))[0] == verdict, choice
    for mine, theirs, verdict in [
        ({"trials": 10}, {"trials": 8}, "clean"),
        ({"trials": 10}, {"trials": 7}, "fault"),
        ({"trials": 10}, {"trials": 7, "budget": 10}, "notice"),
        ({"trials": 0, "seconds": 10.0}, {"trials": 0, "seconds": 1.0}, "fault"),
        ({"trials": 0}, {"trials": 0}, "unknown"),
    ]:
        choices = [chosen(2, **mine), chosen(2, "baseline", **theirs)]
        assert only("smaller-budget", Record(name="", choices=choices))[0] == verdict, (mine, theirs)
    assert only("smaller-budget", Record(name="", choices=[chosen(2)]))[0] == "unknown"
    assert only("chosen-on-test", Record(name="", choices=[chosen(2, chosen_on="")]))[0] == "unknown"
    assert only("chosen-on-test", Record(name="", choices=[chosen(2, chosen_on="train")]))[0] == "notice"
    assert only("chosen-on-test", Record(name="", choices=[chosen(2, chosen_on="held-back")]))[0] == "clean"
    without = splits.random(world())
    assert only("chosen-on-test", Record(name="", split=without, choices=[chosen(2)]))[0] == "unknown"


def test_what_was_not_judged_is_counted_by_whatever_the_record_tells() -> None:
    split = splits.by_time(world(), share=0.35)
    cold = split.cold_items[split.test.items] | split.cold_users[split.test.users]
    warm = split.test.take(~cold)
    verdict, evidence = only("dropped-cold", Record(name="", split=split, judged=Judged(rows=warm)))
    assert verdict == "fault"
    assert evidence.startswith(
        f"{cold.sum()} of {len(cold)} rows of the test were not judged; {cold.sum()} of them are"
    )
    names = split.history.user_ids, split.history.item_ids
    columns = [[ids[k] for k in places] for ids, places in zip(names, (warm.users, warm.items), strict=True)]
    predictions = pa.table({"user_id": columns[0], "item_id": columns[1], "predicted": np.ones(len(warm))})
    assert only("dropped-cold", Record(name="", split=split, predictions=predictions)) == (verdict, evidence)
    # Whoever drops first and counts then is told by the test that stands in the record.
    counted = Judged(expected={"rows": len(warm)}, evaluated={"rows": len(warm)})
    assert only("dropped-cold", Record(name="", split=split, judged=counted))[0] == "fault"
    assert only("dropped-cold", Record(name="", judged=counted))[0] == "clean"
    # Of what is neither liked nor cold nothing is missed.
    terms = Terms(kind="full-ranking", like=LIKE)
    liked = Judged(rows=split.test.liked(LIKE))
    assert only("dropped-cold", Record(name="", split=split, protocol=terms, judged=liked))[0] == "clean"
    lists = pa.table({"user_id": ["u01"], "rank": [1], "item_id": ["i01"]})
    assert only("dropped-cold", Record(name="", split=split, lists=lists))[0] in ("fault", "notice")


def test_a_sample_is_told_by_its_counts_whatever_is_declared() -> None:
    split = splits.random(world())
    terms = Terms(kind="full-ranking")
    left = len(split.history.item_ids) - split.history.user_counts
    full, few = (pa.table({"user_id": split.history.user_ids, "candidates": n}) for n in (left, np.minimum(left, 10)))
    assert only("sampled", Record(name="", split=split, protocol=terms, candidates=full))[0] == "clean"
    verdict, evidence = only("sampled", Record(name="", split=split, protocol=terms, candidates=few))
    assert verdict == "fault"
    assert f"of 48 of 48 lists they were fewer, such as 10 of {left.max()}" in evidence


def test_a_side_that_is_not_there_is_unknown_and_not_clean() -> None:
    history = world()
    for side in (TRAIN, TEST):
        alone = Split(history=history, side=np.full(len(history), side, np.int8), name="", by_time="all")
        found = audit(Record(name="", split=alone))
        assert {"overlap", "future"} <= set(found.of("unknown")), found


def test_a_baseline_with_settings_that_nobody_tuned_had_one_trial() -> None:
    mine = Choice(model="ours", role="proposed", grid={"k": range(9)}, chosen={"k": 4}, chosen_on="validation")
    tuned = Choice(model="EASE", role="baseline", grid={"k": range(9)}, chosen={"k": 4}, chosen_on="validation")
    default = Choice(model="ALS", role="baseline", grid={}, chosen={"factors": 32}, chosen_on="validation")
    nothing = Choice(model="popularity", role="baseline", grid={}, chosen={}, chosen_on="validation")
    assert only("smaller-budget", Record(name="", choices=[mine, tuned, nothing]))[0] == "clean"
    verdict, evidence = only("smaller-budget", Record(name="", choices=[mine, tuned, default]))
    assert (verdict, "ALS had 1 trials and ours 9" in evidence) == ("fault", True), evidence
    wide = Choice(model="m", role="proposed", grid={str(k): range(100) for k in range(10)}, chosen={}, chosen_on="")
    assert wide.trials == 100**10  # which no 64 bits hold


def test_what_is_ranked_may_be_left_out() -> None:
    assert only("sampled", Record(name="", protocol=Terms(kind="full-ranking", candidates="")))[0] == "unknown"
    assert only("sampled", Record(name="", protocol=Terms(kind="rating-prediction", candidates="")))[0] == "clean"


def test_judged_rows_with_other_ids_are_said_to_have_them() -> None:
    split = splits.by_time(world(), share=0.35)
    other = replace(split.test, user_ids=tuple(f"{k}.0" for k in range(USERS)))
    assert (
        "has ids that no interaction has"
        in only("dropped-cold", Record(name="", split=split, judged=Judged(rows=other)))[1]
    )
    few = Judged(rows=split.test.take(np.arange(3)))
    assert "has ids that" not in only("dropped-cold", Record(name="", split=split, judged=few))[1]


def test_a_name_without_end_is_cut() -> None:
    split = splits.random(world())
    strange = replace(split, history=replace(split.history, user_ids=tuple("u" * 10**5 + f"{k}" for k in range(USERS))))
    twice = replace(strange, disjoint=("pairs", "users"))
    assert len(only("overlap", Record(name="", split=twice))[1]) < 1000
