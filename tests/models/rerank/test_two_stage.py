"""Two-stage ranking: it beats its sources in a world of seasons, explains itself, and does not look ahead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from tests.models.rerank.worlds import lessons, years
from triptych.catalogue.history import UNTIMED, History
from triptych.errors import TrainingError, UsageError
from triptych.models.background import Field
from triptych.models.popularity import Counted, Popularity
from triptych.models.rerank.cuts import cuts
from triptych.models.rerank.lambdamart import LambdaMART, Lists, Trees
from triptych.models.rerank.source import OfModel
from triptych.models.rerank.two_stage import Reranked, Stage, TwoStage, _taught
from triptych.models.similarity import Lessons

RANKER = LambdaMART(trees=40, fewest=20, least=10, leaves=7, rate=0.1)
SETTINGS = TwoStage(later="user", cuts=2, rows=2, candidates=40, each=30, ranker=RANKER)


@dataclass(frozen=True, kw_only=True, eq=False)
class World:
    """``given``: what is learned from; ``later``: what each user has next."""

    given: Lessons
    later: History
    fields: dict[str, Field]
    fitted: Reranked


@pytest.fixture(scope="module")
def world() -> World:
    whole = lessons()
    (cut,) = cuts(whole.train, later="user", count=1, rows=2)
    values, known = years()
    fields = {"year": Field(values=values, mask=known)}
    given = replace(whole, train=cut.past)
    return World(given=given, later=cut.later.liked(4), fields=fields, fitted=SETTINGS.fit(given, fields=fields))


def hits(scores: np.ndarray, world: World, users: np.ndarray) -> float:
    """The mean reciprocal rank of what is liked next, among what was not had yet."""
    scores = scores.astype(np.float64)
    scores[world.given.train.pairs.toarray()[users] > 0] = -np.inf
    rng = np.random.default_rng(0)
    scores += 1e-9 * rng.random(scores.shape)
    row, item = np.searchsorted(users, world.later.users), world.later.items
    better = (scores[row] > scores[row, item][:, None]).sum(axis=1)
    return float(np.mean(1 / (1 + better)))


def test_it_ranks_what_comes_next_before_each_of_its_sources_does(world: World) -> None:
    users = np.unique(world.later.users).astype(np.int64)
    own = hits(world.fitted.scores(users), world, users)
    for source, one in zip(SETTINGS.every_source, world.fitted.stage.pool.recommenders, strict=True):
        assert own > 1.1 * hits(one.scores(users), world, users), source.name


def test_every_item_is_ranked_candidates_first_the_others_as_the_first_source_has_them(world: World) -> None:
    users = np.array([4, -1, 17])
    scores = world.fitted.scores(users)
    found = world.fitted.stage.pool.of(users)
    rest = world.fitted.stage.pool.recommenders[0].scores(users)
    rows = np.repeat(np.arange(3), found.counts)
    assert np.isfinite(scores).all()
    for row in range(3):
        among = np.isin(np.arange(scores.shape[1]), found.items[rows == row])
        assert scores[row, among].min() > scores[row, ~among].max()
        order = np.argsort(rest[row, ~among], kind="stable")
        assert (np.diff(scores[row, ~among][order]) >= 0).all()
    np.testing.assert_array_equal(world.fitted.scores(users[[2]]), scores[[2]])
    assert world.fitted.scores(np.zeros(0, np.int64)).shape == (0, scores.shape[1])


def test_what_each_column_adds_adds_up_to_the_score(world: World) -> None:
    scores = world.fitted.scores(np.array([7]))[0]
    why = world.fitted.explain(7, np.arange(len(scores)))
    np.testing.assert_allclose(why.values.sum(axis=1) + why.start, scores, atol=1e-6)
    shares = why.by_group()
    np.testing.assert_allclose(sum(shares.values()), why.values.sum(axis=1), atol=1e-12)
    assert {"seeing", "genres", "year", "history", "popularity", "recency", "succession"} <= shares.keys()
    assert why.candidate.any()
    assert not why.values[~why.candidate].any()
    assert np.abs(shares["genres"]).max() + np.abs(shares["succession"]).max() > np.abs(shares["seeing"]).max()


def test_the_same_settings_give_the_same_bits_and_so_does_the_text(world: World, tmp_path: Path) -> None:
    again = SETTINGS.fit(world.given, fields=world.fields)
    assert again.trees[0].text == world.fitted.trees[0].text
    users = np.arange(10)
    assert again.scores(users).tobytes() == world.fitted.scores(users).tobytes()
    trees = world.fitted.trees[0]
    trees.save(tmp_path / "trees.txt")
    back = Trees.load(tmp_path / "trees.txt", trees.columns)
    table = world.fitted.stage.table(world.fitted.stage.pool.of(users))
    assert back.scores(table).tobytes() == trees.scores(table).tobytes()
    assert back.contributions(table).tobytes() == trees.contributions(table).tobytes()
    back.save(tmp_path / "again.txt")
    assert (tmp_path / "again.txt").read_bytes() == (tmp_path / "trees.txt").read_bytes()
    (tmp_path / "trees.txt").write_text("tree\nno trees here\n")
    with pytest.raises(TrainingError, match=r"trees.txt holds no trees that can be read"):
        Trees.load(tmp_path / "trees.txt", trees.columns)


@dataclass(frozen=True, kw_only=True, eq=False)
class Told:
    """Popularity, and all the histories that it was taught with."""

    taught: list[History] = field(default_factory=list)
    name: str = "told"
    group: str = "popularity"

    def fit(self, lessons: Lessons) -> Counted:
        self.taught.append(lessons.train)
        return Popularity().fit(lessons.train)


def staged(settings: TwoStage, given: Lessons) -> Stage:
    return settings.stage([one.fit(given) for one in settings.every_source], given.train, (), {})


@pytest.mark.parametrize("later", ["user", "all"])
def test_nothing_later_reaches_who_learned_from_the_past(world: World, later: str) -> None:
    """Rows of the first cut's later side are changed: what learned from its past, and from those before it, is the
    same, and so are the columns that were made of it."""
    train = world.given.train
    source, settings = Told(), replace(SETTINGS, later=later, share=0.2, rows=2)
    parted = cuts(train, later=later, count=2, rows=2, share=0.2)
    late = np.isin(train.keys, parted[0].later.keys)
    changed = replace(train, values=np.where(late, 6 - train.values, train.values).astype(np.float32))
    for history in (train, changed):
        replace(settings, sources=("succession", source)).fit(replace(world.given, train=history))
    one, other = source.taught[:3], source.taught[3:]
    assert len(other) == 3
    for k, (a, b) in enumerate(zip(one, other, strict=True)):
        same = all(np.array_equal(getattr(a, name), getattr(b, name)) for name in ("users", "items", "values", "times"))
        assert same == (k < 2), k
        assert not np.isin(a.keys, parted[0].later.keys).any() or k == 2
    stages = [staged(settings, replace(world.given, train=part)) for part in (one[0], other[0])]
    tables = [stage.table(stage.pool.of(np.arange(9))) for stage in stages]
    np.testing.assert_array_equal(*tables)


@dataclass(frozen=True, kw_only=True, eq=False)
class Content:
    """A fitted model that tells items apart by their places, and keeps what rows were folded in."""

    history: History
    folded: list[History] = field(default_factory=list)

    def with_rows(self, rows: History) -> Content:
        self.folded.append(rows)
        whole = {
            name: np.concatenate([getattr(self.history, name), getattr(rows, name)])
            for name in ("users", "items", "values", "times")
        }
        return Content(history=replace(self.history, **whole), folded=self.folded)

    def scores(self, users: np.ndarray) -> np.ndarray:
        return np.tile(np.arange(len(self.history.item_ids), dtype=np.float32), (len(users), 1))


def test_of_what_has_no_rows_nothing_is_told_but_by_who_knows_its_content(world: World) -> None:
    train = world.given.train
    new = len(train.item_ids) - 1
    given = replace(world.given, train=train.take(train.items != new))
    settings = replace(SETTINGS, sources=(OfModel(first=Content(history=given.train)), "succession", "popularity"))
    stage = staged(settings, given)
    found = stage.pool.of(np.array([3]))
    row = int(np.flatnonzero(found.items == new)[0])  # the model's best, so a candidate
    told = dict(zip([one.name for one in stage.columns], stage.table(found)[row].tolist(), strict=True))
    known = {name for name, value in told.items() if not np.isnan(value)}
    assert {"score by hybrid", "rank by hybrid", "rows of the user"} <= known
    crowd = ("score by", "rank by", "popularity", "trend", "age of", "rest of the item", "rows of the item")
    assert not {name for name in known if name.startswith(crowd)} - {"score by hybrid", "rank by hybrid"}


def test_a_model_is_brought_up_to_each_past_and_no_further(world: World) -> None:
    train = world.given.train
    parted = SETTINGS.parted(train)
    first = Content(history=parted[-1].past)
    settings = replace(SETTINGS, sources=(OfModel(first=first), "popularity"))
    practice = settings.practise(world.given)
    (fresh,) = first.folded  # the earliest past is what it was fitted on
    assert set(fresh.keys) == set(parted[-1].later.keys)
    assert practice.facts["cuts"] == len(parted) == 2
    rehearsed = practice.rehearsed
    assert rehearsed is not None
    assert rehearsed.trees[0].text != practice.trees[0].text
    assert rehearsed.stage.pool.history is practice.cut.past
    one = replace(settings, cuts=1, sources=("popularity",)).practise(world.given)
    assert one.rehearsed is None  # nothing was left that it had not learned from
    with pytest.raises(UsageError, match="the source hybrid has no model that knows a past"):
        OfModel().fit(world.given)


def test_what_was_not_there_yet_is_no_candidate_that_was_not_liked(world: World) -> None:
    train = world.given.train
    settings = replace(SETTINGS, sources=("popularity",), later="all", share=0.2, candidates=100, each=100)
    (cut, *_) = settings.parted(train)
    some = int(cut.later.liked(4.0).items[0])
    never = replace(cut, past=cut.past.take(cut.past.items != some), later=cut.later.take(cut.later.items != some))
    stage = staged(settings, replace(world.given, train=never.past))
    users = np.flatnonzero(never.later.liked(4.0).user_counts)
    found = stage.pool.of(users)
    assert (found.items == some).sum() == len(users)
    np.testing.assert_array_equal(_taught(stage, never, 4.0).counts, found.counts - 1)


def test_every_row_may_be_a_like(world: World) -> None:
    train = world.given.train
    ones = replace(train, values=np.ones_like(train.values))
    made = replace(SETTINGS, like=None).fit(replace(world.given, train=ones))
    assert np.isfinite(made.scores(np.arange(3))).all()


def test_without_times_nothing_comes_next(world: World) -> None:
    train = world.given.train
    untimed = replace(train, times=np.full(len(train), UNTIMED, np.int64))
    with pytest.raises(UsageError, match="have no time"):
        SETTINGS.fit(replace(world.given, train=untimed))
    with pytest.raises(UsageError, match=r"learns from values of 4 or more"):
        SETTINGS.fit(replace(world.given, train=replace(train, values=np.ones_like(train.values))))


def lists_of(rows: Sequence[Sequence[float]], labels: Sequence[int], counts: Sequence[int]) -> Lists:
    return Lists(values=np.array(rows, np.float32), labels=np.array(labels), counts=np.array(counts, np.int64))


def test_trees_learn_what_orders_a_list_and_keep_to_their_directions() -> None:
    rng = np.random.default_rng(0)
    values = rng.random((600, 2)).astype(np.float32)
    # The first column says it up to its middle, and above that chance has it that less is better.
    best = np.where(values[:, 0] > 0.7, 0.4, values[:, 0])
    labels = np.concatenate([(part >= np.sort(part)[-3]).astype(int) for part in best.reshape(30, 20)])
    told = Lists(values=values, labels=labels, counts=np.full(30, 20))
    free = RANKER.fit(told, ("a", "b"), judge=told)
    kept = RANKER.fit(told, ("a", "b"), directions=(1, 0), judge=told)
    line = np.stack([np.linspace(0, 1, 50), np.full(50, 0.5)], axis=1).astype(np.float32)
    assert (np.diff(kept.scores(line)) >= 0).all()
    assert (np.diff(free.scores(line)) < 0).any()
    assert free.gains()["a"] > 0.5 > free.gains()["b"]
    assert RANKER.fewest <= free.count <= RANKER.trees
    with pytest.raises(TrainingError, match="nothing to rank by"):
        RANKER.fit(lists_of([[0.0, 0.0]] * 4, [1, 1, 0, 0], [2, 2]), ("a", "b"))
    with pytest.raises(UsageError, match="do not fit trees of 2 columns"):
        free.scores(np.zeros((3, 5), np.float32))
