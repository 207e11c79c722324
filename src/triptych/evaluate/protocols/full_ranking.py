"""Full ranking: every item that a user has not had yet is ranked, and the lists are judged by what is liked later.

Never a sample of the items: among a hundred drawn at random a bad model looks good, and two models may change places.
Three rows stand apart, since one hides another: *overall*, all items; *warm*, items of which something was learned, as
candidates and as answers; *cold*, the others alone. A user with an answer counts in a row, be the list empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from triptych.catalogue.history import History
from triptych.errors import UnknownName, UsageError
from triptych.evaluate.measured import Measured
from triptych.evaluate.metrics.ranking import CUTOFFS, LARGEST, ranking_metrics
from triptych.evaluate.metrics.roc import auc
from triptych.evaluate.metrics.table import Table
from triptych.evaluate.protocols.character import Character
from triptych.evaluate.split import GIVEN, SIDES, TRAIN, VALIDATION, Split
from triptych.models.popularity import Popularity
from triptych.models.ranked import Ranker
from triptych.models.recommender import Recommender
from triptych.models.scores import cells as cells_of
from triptych.models.scores import rows as rows_of

ROWS = ("overall", "warm", "cold")
#: Scores that are held at a time.
CELLS = 1 << 22

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Ranked:
    """One row. ``users`` ``[u]``: places of those who count; ``lists`` ``[u, n]``: places of items, best first, −1
    where there are no more; ``scores`` float32 ``[u, n]``, there 0.

    ``left_out``: how many users do not count, and why; ``untold``: of how many of those that do a metric says nothing.
    """

    measured: Measured
    users: I64
    lists: I64
    scores: F32
    left_out: Mapping[str, int]
    untold: Mapping[str, int]


def full_ranking(
    recommender: Recommender,
    split: Split,
    *,
    name: str = "full ranking",
    rows: Sequence[str] = ROWS,
    side: str = "test",
    like: float = 4.0,
    cutoffs: Sequence[int] = CUTOFFS,
    seed: int = 0,
    vectors: npt.NDArray[np.floating] | None = None,
    genres: npt.NDArray[np.floating] | None = None,
    cells: int = CELLS,
) -> dict[str, Ranked]:
    """Row → what was found. Of ``side`` the rows with a value of ``like`` or more are the answers.

    Candidates are all items but those that the user had on an earlier side: train, and where the test side judges
    validation and what is given. What the recommender scores −inf is in no list. Equal scores are told apart by lot
    (``seed``), for each user anew. ``auc``: the share of pairs of an answer and another candidate in which the answer
    scores higher, an equal score counting half; what is −inf scores lower than all else. With no other candidate it is
    a half.

    ``vectors`` float ``[items, d]`` and ``genres`` float ``[items, g]`` add diversity and calibration.
    ``ndcg-graded`` is there where its gains can be, of values from 0 to 500, and its ideal list is of the row's own
    items. ``cells``: scores that are held at a time.
    """
    for row in rows:
        if row not in ROWS:
            raise UnknownName("row", row, ROWS)
    judged, seen = sides(split, side)
    answers = judged.liked(like)
    parts = {row: _Part.of(row, seen, answers, split.cold_items, seed) for row in rows}
    popular = Popularity().fit(split.train) if len(split.train) else None
    for given in _scored(recommender, answers, cells):
        for part in parts.values():
            part.take(given, popular, max(cutoffs, default=0))
    graded = like > 0 and judged.values.min(initial=0) >= 0 and judged.values.max(initial=0) <= LARGEST
    character = Character(train=split.train, vectors=vectors, genres=genres)
    return {
        row: part.ranked(f"{name}, {row}", judged, answers, character, cutoffs, graded=bool(graded))
        for row, part in parts.items()
    }


def sides(split: Split, side: str) -> tuple[History, History]:
    """The rows of the side that judges, and those of all sides before it."""
    if side not in ("validation", "test"):
        raise UnknownName("side to be judged by", side, ("validation", "test"))
    earlier = (TRAIN, VALIDATION, GIVEN) if side == "test" else (TRAIN,)
    return split.history.take(split.side == SIDES[side]), split.history.take(np.isin(split.side, earlier))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Given:
    """Scores of some ``users``, rising, that a recommender has given, so that it is asked but once for all rows."""

    users: I64
    table: F32

    def scores(self, users: I64) -> F32:
        return self.table[np.searchsorted(self.users, users)]


def _scored(recommender: Recommender, answers: History, cells: int) -> Iterator[_Given]:
    """Of users who have an answer, some at a time, the scores of all items."""
    item_count = len(answers.item_ids)
    users: I64 = np.flatnonzero(answers.user_counts)
    step = max(1, cells // max(item_count, 1))
    for start in range(0, len(users), step):
        some = users[start : start + step]
        scores = np.asarray(recommender.scores(some), np.float32)
        if scores.shape != (len(some), item_count):
            raise UsageError(
                f"a recommender gave scores of shape {scores.shape} for {len(some)} users and {item_count} items."
            )
        yield _Given(users=some, table=scores)


class _Part:
    """One row in the making."""

    def __init__(self, row: str, items: Mask, answers: History, ranker: Ranker) -> None:
        self._row = row
        self._items = items
        self._answers = answers
        self._ranker = ranker
        self._users: list[I64] = []
        self._lists: list[I64] = []
        self._scores: list[F32] = []
        self._expected: list[I64] = []
        self._auc: list[F64] = []

    @classmethod
    def of(cls, row: str, seen: History, answers: History, cold: Mask, seed: int) -> _Part:
        items = {"overall": np.ones_like(cold), "warm": ~cold, "cold": cold}[row]
        ranker = Ranker(history=seen, candidates=np.flatnonzero(items), seed=seed)
        return cls(row, items, answers.take(items[answers.items]), ranker)

    def take(self, given: _Given, popular: Recommender | None, n: int) -> None:
        """Fold in the next users; ``popular`` makes the lists that serendipity is held against."""
        users = given.users[self._answers.user_counts[given.users] > 0]
        lists, best = self._ranker.lists(given, users, n=n)
        short = ((0, 0), (0, n - lists.shape[1]))  # where there are fewer items than that
        self._users.append(users)
        self._lists.append(np.pad(lists, short, constant_values=-1))
        self._scores.append(np.pad(best, short))
        if popular is not None:
            self._expected.append(np.pad(self._ranker.lists(popular, users, n=n)[0], short, constant_values=-1))
        candidates = self._items & ~_dense(self._ranker.history.pairs, users)
        self._auc.append(_auc(given.scores(users), rows_of(self._answers.pairs, users), candidates))

    def ranked(
        self,
        name: str,
        judged: History,
        answers: History,
        character: Character,
        cutoffs: Sequence[int],
        *,
        graded: bool,
    ) -> Ranked:
        blank = np.zeros((0, max(cutoffs, default=0)))
        users: I64 = np.concatenate([np.zeros(0, np.int64), *self._users])
        places: list[int] = users.tolist()
        lists = np.concatenate([blank.astype(np.int64), *self._lists])
        expected = np.concatenate([blank.astype(np.int64), *self._expected]) if self._expected else None
        relevant = rows_of(self._answers.pairs, users)
        # What is no candidate of this row is no part of its ideal list either.
        given = rows_of(judged.take(self._items[judged.items]).matrix, users) if graded else None
        values = ranking_metrics(lists, relevant, gains=given, cutoffs=cutoffs)
        values["auc"] = np.concatenate([np.zeros(0), *self._auc])
        more, whole, untold = character.of(lists, users, relevant, expected, self._items, cutoffs=cutoffs)
        judging, liking = judged.user_counts > 0, answers.user_counts > 0
        left_out = {
            "nothing to judge by": int(np.count_nonzero(~judging)),
            "nothing liked": int(np.count_nonzero(judging & ~liking)),
        }
        if self._row != "overall":
            left_out[f"nothing liked that is {self._row}"] = int(np.count_nonzero(liking)) - len(users)
        measured = Measured(
            name=name,
            unit="user",
            ids=tuple(judged.user_ids[k] for k in places),
            values={**values, **more},
            whole=whole,
        )
        scores = np.concatenate([blank.astype(np.float32), *self._scores])
        return Ranked(measured=measured, users=users, lists=lists, scores=scores, left_out=left_out, untold=untold)


def _auc(scores: F32, answers: sp.csr_array, candidates: Mask) -> F64:
    """float64 ``[u]``; a half where there is no other candidate."""
    table = Table.of(answers)
    others: Mask = candidates.sum(axis=1) > table.counts
    found = np.full(len(scores), 0.5)
    if others.all():
        return auc(scores, answers, candidates=candidates)
    if others.any():
        found[others] = auc(scores[others], rows_of(answers, np.flatnonzero(others)), candidates=candidates[others])
    return found


def _dense(matrix: sp.csr_array, users: I64) -> Mask:
    """bool ``[u, items]``: where these users have a row."""
    part = rows_of(matrix, users)
    found = np.zeros(part.shape, bool)
    found[cells_of(part)] = True
    return found
