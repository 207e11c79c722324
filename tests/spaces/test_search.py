"""Search: the same as trying every pair, whatever is masked, tied, weighted, and however the work is cut."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triptych.errors import SpaceError, UnknownName
from triptych.spaces import score, search, shortlist, sieve
from triptych.spaces.score import METRICS
from triptych.spaces.search import Blocks, nearest, neighbours, panel_scores

NAMES = ("seeing", "hearing", "reading", "tasting")


def blocks(values: list[np.ndarray], mask: np.ndarray, panels: tuple[str, ...] = ()) -> Blocks:
    masked = [np.where(mask[:, p, None], v, 0).astype(np.float32) for p, v in enumerate(values)]
    names = NAMES[: len(values)]
    return Blocks(panels=panels or names, values=tuple(masked), mask=mask, names=names)


def told(a: Blocks, i: int, b: Blocks, j: int, w: list[float], metric: str) -> float | None:
    """The equation, one pair at a time; None where no panel is shared."""
    shared = [p for p in range(len(w)) if w[p] > 0 and a.mask[i, p] and b.mask[j, p]]
    if not shared:
        return None
    x = [a.values[p][i].astype(np.float64) for p in shared]
    y = [b.values[p][j].astype(np.float64) for p in shared]
    whole = [p for p in range(len(w)) if w[p] > 0 and a.mask[i, p]]
    if metric == "euclidean":
        entries = [w[p] * a.values[p].shape[1] for p in range(len(w))]
        squared = sum(w[p] * float(np.square(u - v).sum()) for p, u, v in zip(shared, x, y, strict=True))
        return -np.sqrt(sum(entries[p] for p in whole) * squared / sum(entries[p] for p in shared))
    top = sum(w[p] * float(u @ v) for p, u, v in zip(shared, x, y, strict=True))
    left = sum(w[p] * float(np.square(a.values[p][i].astype(np.float64)).sum()) for p in whole)
    right = sum(w[p] * float(v @ v) for p, v in zip(shared, y, strict=True))
    return top / np.sqrt(left * right) if left and right else 0.0


def tried(
    a: Blocks, b: Blocks, n: int, w: list[float], exclude: list[int], metric: str
) -> tuple[np.ndarray, np.ndarray]:
    """Every pair, sorted by score, ties by row."""
    found, best = np.full((len(a), n), -1), np.zeros((len(a), n))
    for i in range(len(a)):
        scores = [(told(a, i, b, j, w, metric), j) for j in range(len(b)) if j != exclude[i]]
        # Closer than float32 can tell apart, near 1 or in all, is a tie.
        grains = {"cosine": lambda s: round(s * 2**24) / 2**24, "euclidean": lambda s: float(np.float32(s))}
        order = sorted((-grains[metric](s), j) for s, j in scores if s is not None)[:n]
        found[i, : len(order)] = [j for _, j in order]
        best[i, : len(order)] = [-s for s, _ in order]
    return found, best


@contextmanager
def cut(queries: int, rows: int, pairs: int) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "QUERIES", queries)
        patch.setattr(search, "ROWS", rows)
        patch.setattr(score, "PAIRS", pairs)
        patch.setattr(score, "CACHE", 0)
        patch.setattr(search, "CELLS", queries * rows)
        patch.setattr(shortlist, "ROOM", pairs)
        patch.setattr(sieve, "_JOINED", rows)
        yield


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Blocks, Blocks, int, dict[str, float], list[int]]:
    """Rows of small whole numbers, so that ties and zeros abound, some of them twins of others, and some panels of
    several blocks."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    panels = draw(st.integers(1, 4))
    owners = tuple(NAMES[k] for k in sorted(draw(st.integers(0, panels - 1)) for _ in range(panels)))
    widths = [draw(st.integers(1, 4)) for _ in range(panels)]
    made = []
    for count in (draw(st.integers(0, 9)), draw(st.integers(0, 24))):
        values = [rng.integers(-1, 2, (count, width)) for width in widths]
        mask = rng.random((count, panels)) < draw(st.sampled_from([0.3, 0.7, 1.0]))
        if count > 2:
            twins = rng.integers(0, count, count // 3)
            for rows in (*values, mask):
                rows[: len(twins)] = rows[twins]
        made.append(blocks(values, mask, owners))
    weights = [draw(st.sampled_from([0.0, 0.5, 1.0, 1.0, 3.0])) for _ in range(panels)]
    weights[NAMES.index(draw(st.sampled_from(owners)))] = 1.0
    exclude = [int(rng.integers(-1, max(len(made[1]), 1))) if len(made[1]) else -1 for _ in range(len(made[0]))]
    return made[0], made[1], draw(st.integers(1, 8)), dict(zip(NAMES, weights, strict=False)), exclude


@settings(max_examples=70, deadline=None)
@given(
    world=worlds(),
    queries=st.integers(1, 5),
    rows=st.integers(1, 9),
    pairs=st.integers(1, 7),
    metric=st.sampled_from(METRICS),
)
def test_it_equals_trying_every_pair(
    world: tuple[Blocks, Blocks, int, dict[str, float], list[int]], queries: int, rows: int, pairs: int, metric: str
) -> None:
    a, b, n, weights, exclude = world
    with cut(queries, rows, pairs):
        found, scores = nearest(a, b, n=n, weights=weights, exclude=exclude, metric=metric)
    expected, best = tried(a, b, n, [weights[panel] for panel in a.panels], exclude, metric)
    assert found.tolist() == expected.tolist()
    assert scores.tolist() == best.tolist()
    assert found.shape == scores.shape == (len(a), n)
    assert scores.dtype == np.float32


@settings(max_examples=40, deadline=None)
@given(
    world=worlds(),
    queries=st.integers(1, 5),
    pairs=st.integers(1, 7),
    metric=st.sampled_from(METRICS),
    data=st.data(),
)
def test_the_rows_among_themselves_are_the_same_rows_asked_for(
    world: tuple[Blocks, Blocks, int, dict[str, float], list[int]],
    queries: int,
    pairs: int,
    metric: str,
    data: st.DataObject,
) -> None:
    _, b, n, weights, _ = world
    first = data.draw(st.integers(0, len(b)))
    part = slice(first, data.draw(st.integers(first, len(b))))
    which = np.arange(part.start, part.stop)
    with cut(queries, 5, pairs):
        found, scores = neighbours(b, part, n=n, weights=weights, metric=metric)
    expected, best = nearest(b.rows(part), b, n=n, weights=weights, exclude=which, metric=metric)
    assert found.tolist() == expected.tolist()
    assert scores.tobytes() == best.tobytes()


def test_a_panel_of_several_blocks_is_scored_on_those_that_both_rows_have() -> None:
    values = [np.array([[1.0], [1.0], [1.0]]), np.array([[1.0], [-1.0], [5.0]]), np.array([[2.0], [2.0], [2.0]])]
    mask = np.array([[True, True, True], [True, True, False], [True, False, True]])
    both = blocks(values, mask, ("seeing", "seeing", "hearing"))
    scores = panel_scores(both.rows(slice(0, 1)), both, np.array([[1, 2]]))
    # Of the third row one block is known, so it can answer for half of the query's seeing and no more.
    np.testing.assert_allclose(scores["seeing"], [[0.0, 1 / np.sqrt(2)]], atol=1e-6)
    assert np.isnan(scores["hearing"][0, 0])
    assert scores["hearing"][0, 1] == 1.0


def spread(n: int, *, seed: int = 0, widths: tuple[int, ...] = (40, 9, 24), missing: float = 0.3) -> Blocks:
    rng = np.random.default_rng(seed)
    return blocks([rng.standard_normal((n, d)) for d in widths], rng.random((n, len(widths))) >= missing)


@pytest.mark.parametrize("metric", METRICS)
def test_the_answer_does_not_hang_on_how_the_work_is_cut(metric: str) -> None:
    """With rows that stand there ten times over: BLAS may give twins scores that differ in the last bit."""
    b = spread(24).rows(np.tile(np.arange(24), 10))
    a = spread(24)
    weights = {"seeing": 1.0, "hearing": 0.37, "reading": 2.1}
    whole = nearest(a, b, n=25, weights=weights, metric=metric)
    for queries, rows, pairs in ((1, 70, 3), (24, 1, 1024), (13, 100, 17), (7, 239, 5), (1, 240, 1)):
        with cut(queries, rows, pairs):
            found, scores = nearest(a, b, n=25, weights=weights, metric=metric)
        assert found.tolist() == whole[0].tolist()
        assert scores.tobytes() == whole[1].tobytes()


def test_what_is_asked_together_is_answered_as_if_asked_alone() -> None:
    a, b = spread(20), spread(300, seed=1)
    weights = dict.fromkeys(a.panels, 1.0)
    found, scores = nearest(a, b, n=10, weights=weights)
    for k in range(len(a)):
        alone = nearest(a.rows(np.array([k])), b, n=10, weights=weights)
        assert alone[0].tolist() == [found[k].tolist()]
        assert alone[1].tobytes() == scores[k].tobytes()


def test_a_shorter_list_is_the_beginning_of_a_longer_one() -> None:
    a, b = spread(9), spread(200, seed=1)
    weights = dict.fromkeys(a.panels, 1.0)
    longest = nearest(a, b, n=200, weights=weights)
    for n in (1, 2, 50):
        found, scores = nearest(a, b, n=n, weights=weights)
        assert found.tolist() == longest[0][:, :n].tolist()
        assert scores.tobytes() == longest[1][:, :n].tobytes()


def test_scores_lie_between_minus_one_and_one_and_fall() -> None:
    a = spread(40)
    found, scores = nearest(a, a, n=40, weights=dict.fromkeys(a.panels, 1.0))
    held = found >= 0
    assert (np.abs(scores) <= 1 + 1e-5).all()
    for row, have in zip(scores, held, strict=True):
        assert (np.diff(row[have]) <= 0).all()
        assert (row[~have] == 0).all()
    present = a.mask.any(axis=1)
    assert (found[present, 0] == np.flatnonzero(present)).all()  # each is its own nearest
    assert (scores[present, 0] == 1).all()
    assert (found[~present] == -1).all()


@pytest.mark.parametrize("factor", [1e-9, 1e-3, 1e6])
def test_only_the_ratio_of_weights_counts(factor: float) -> None:
    a = spread(50)
    weights = {"seeing": 0.2, "hearing": 1.0, "reading": 0.7}
    plain = nearest(a, a, n=10, weights=weights)
    scaled = nearest(a, a, n=10, weights={panel: factor * w for panel, w in weights.items()})
    assert scaled[0].tolist() == plain[0].tolist()
    np.testing.assert_allclose(scaled[1], plain[1], atol=1e-6)


@pytest.mark.parametrize("factor", [1e-15, 1e-3, 1e12])
def test_the_length_of_a_row_does_not_count(factor: float) -> None:
    a = spread(50, missing=0.0)
    long = Blocks(panels=a.panels, values=tuple(v * np.float32(factor) for v in a.values), mask=a.mask)
    weights = dict.fromkeys(a.panels, 1.0)
    found, scores = nearest(a, long, n=10, weights=weights)
    assert found.tolist() == nearest(a, a, n=10, weights=weights)[0].tolist()
    assert scores[0, 0] == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("panel", range(3))
def test_with_one_panel_the_score_is_that_panels_score(panel: int) -> None:
    a, b = spread(30), spread(80, seed=5)
    weights = {name: float(p == panel) * 0.3 for p, name in enumerate(a.panels)}
    found, scores = nearest(a, b, n=12, weights=weights)
    alone = panel_scores(a, b, found)[a.panels[panel]]
    held = found >= 0
    assert held.any()
    assert alone[held].tobytes() == scores[held].tobytes()
    assert np.isnan(alone[~held]).all()


def test_panel_scores_by_hand() -> None:
    a = blocks([np.array([[3, 4], [1, 0]]), np.array([[1], [2]])], np.array([[True, True], [True, False]]))
    b = blocks([np.array([[4, 3], [0, 0]]), np.array([[-5], [1]])], np.array([[True, True], [True, True]]))
    found = panel_scores(a, b, np.array([[0, 1, -1], [1, 0, -1]]))
    np.testing.assert_allclose(found["seeing"], [[0.96, 0, np.nan], [0, 0.8, np.nan]], atol=1e-7)
    np.testing.assert_allclose(found["hearing"], [[-1, 1, np.nan], [np.nan] * 3])


def test_a_masked_score_by_hand() -> None:
    """|b| is taken over what both have, |a| over all that the query has."""
    a = blocks([np.array([[1, 0]]), np.array([[2, 0]])], np.array([[True, True]]))
    b = blocks(
        [np.array([[1, 1], [1, 1], [9, 9]]), np.array([[9, 9], [0, 1], [1, 0]])],
        np.array([[1, 0], [1, 1], [0, 1]], bool),
    )
    found, scores = nearest(a, b, n=3, weights={"seeing": 1, "hearing": 1})
    assert found.tolist() == [[2, 0, 1]]
    np.testing.assert_allclose(scores, [[2 / np.sqrt(5), 1 / np.sqrt(5 * 2), 1 / np.sqrt(5 * 3)]], rtol=1e-6)


def test_rows_that_share_nothing_fill_no_place() -> None:
    a = blocks([np.ones((1, 2)), np.ones((1, 2))], np.array([[True, False]]))
    b = blocks([np.ones((3, 2)), np.ones((3, 2))], np.array([[False, True], [True, True], [False, False]]))
    found, scores = nearest(a, b, n=3, weights={"seeing": 1, "hearing": 1})
    assert (found.tolist(), scores.tolist()) == ([[1, -1, -1]], [[1, 0, 0]])
    found, _ = nearest(a, b, n=3, weights={"seeing": 0, "hearing": 1})
    assert found.tolist() == [[-1, -1, -1]]


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_what_float32_cannot_tell_apart_is_told_apart(metric: str, missing: float) -> None:
    """Rows that differ from one another in the seventh digit, far from the origin, and one that is far from all."""
    rng = np.random.default_rng(3)
    values = [5 + 1e-6 * rng.standard_normal((50, d)) * rng.integers(1, 4, (50, 1)) for d in (30, 9)]
    values[0][7] = 1e6
    made = blocks(values, rng.random((50, 2)) >= missing)
    weights = {"seeing": 1.0, "hearing": 0.7}
    expected, best = tried(made, made, 8, [1.0, 0.7], list(range(50)), metric)
    with cut(16, 32, 5):
        for found, scores in (
            nearest(made, made, n=8, weights=weights, exclude=np.arange(50), metric=metric),
            neighbours(made, slice(None), n=8, weights=weights, metric=metric),
        ):
            np.testing.assert_allclose(scores, best, rtol=1e-6)
            # Sums in another order may fall on the other side of a rounding; where they do not, so does the order.
            assert (found == expected)[scores == best].mean() > 0.97


def test_distances_by_hand() -> None:
    """What a row lacks counts as much as what it has, entry by entry; and so what the query lacks counts nothing."""
    a = blocks([np.array([[0, 0], [1, 1]]), np.array([[4], [9]])], np.array([[True, True], [True, False]]))
    b = blocks(
        [np.array([[3, 4], [3, 4], [9, 9]]), np.array([[4], [9], [5]])], np.array([[1, 1], [1, 0], [0, 1]], bool)
    )
    found, scores = nearest(a, b, n=3, weights={"seeing": 1, "hearing": 1}, metric="euclidean")
    assert found.tolist() == [[2, 0, 1], [0, 1, -1]]
    expected = [[-np.sqrt(3 / 1 * 1), -5, -np.sqrt(3 / 2 * 25)], [-np.sqrt(13), -np.sqrt(13), 0]]
    np.testing.assert_allclose(scores, expected, rtol=1e-6)
    heavy, far = nearest(a, b, n=3, weights={"seeing": 4, "hearing": 1}, metric="euclidean")
    assert heavy.tolist() == [[2, 0, 1], [0, 1, -1]]
    np.testing.assert_allclose(far[0], [-np.sqrt(9 / 1), -np.sqrt(4 * 25), -np.sqrt(9 / 8 * 4 * 25)], rtol=1e-6)
    alone = panel_scores(a, b, found, metric="euclidean")
    np.testing.assert_allclose(alone["seeing"], [[np.nan, -5, -5], [-np.sqrt(13), -np.sqrt(13), np.nan]], rtol=1e-6)
    np.testing.assert_allclose(alone["hearing"], [[-1, 0, np.nan], [np.nan] * 3], rtol=1e-6)


@pytest.mark.parametrize("factor", [1e-30, 1e-15, 1e12, 1e30])
def test_distances_grow_with_what_is_measured_and_nothing_overflows(factor: float) -> None:
    a = spread(50)
    long = Blocks(panels=a.panels, values=tuple(v * np.float32(factor) for v in a.values), mask=a.mask)
    weights = dict.fromkeys(a.panels, 1.0)
    found, scores = nearest(long, long, n=10, weights=weights, exclude=np.arange(50), metric="euclidean")
    plain, near = nearest(a, a, n=10, weights=weights, exclude=np.arange(50), metric="euclidean")
    assert found.tolist() == plain.tolist()
    np.testing.assert_allclose(scores / factor, near, rtol=1e-5)


def test_many_rows_at_the_same_distance_take_no_more_room() -> None:
    """More ties than a shortlist has places: the first rows stand."""
    made = blocks([np.repeat(np.eye(2), 2000, axis=0)], np.ones((4000, 1), bool))
    for metric in METRICS:
        found, _ = nearest(made.rows(slice(1990, 2010)), made, n=5, weights={"seeing": 1.0}, metric=metric)
        assert found.tolist() == [[0, 1, 2, 3, 4]] * 10 + [[2000, 2001, 2002, 2003, 2004]] * 10


def test_a_metric_that_there_is_not() -> None:
    with pytest.raises(UnknownName, match="no metric 'manhattan'; there is 'cosine', 'euclidean'"):
        nearest(spread(2), spread(2), n=1, weights=dict.fromkeys(NAMES, 1.0), metric="manhattan")


def test_nothing_among_nothing() -> None:
    a, none = spread(3), spread(0)
    weights = dict.fromkeys(a.panels, 1.0)
    assert nearest(a, none, n=2, weights=weights)[0].tolist() == [[-1, -1]] * 3
    assert nearest(none, a, n=2, weights=weights)[0].shape == (0, 2)


def test_blocks_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(SpaceError, match="one row for each item"):
        Blocks(panels=("seeing",), values=(np.ones((3, 2), np.float32),), mask=np.ones((2, 1), bool))
    with pytest.raises(SpaceError, match="one column for each block"):
        Blocks(panels=("seeing",), values=(np.ones((3, 2), np.float32),), mask=np.ones((3, 2), bool))
    with pytest.raises(SpaceError, match="seeing, hearing do not fit"):
        Blocks(panels=("seeing", "hearing"), values=(np.ones((3, 2), np.float32),), mask=np.ones((3, 2), bool))


def test_memory_does_not_grow_with_the_number_of_pairs() -> None:
    """2,000 × 200,000 scores would be 1.6 GB; peak memory is to stay within a fraction of that."""
    program = (
        f"import sys; sys.path[:] = {sys.path!r}\n"
        "import resource, numpy as np\n"
        "from triptych.spaces.search import Blocks, nearest\n"
        "def blocks(n):\n"
        "    values = np.random.default_rng(n).standard_normal((n, 4), np.float32)\n"
        "    return Blocks(panels=('a',), values=(values,), mask=np.ones((n, 1), bool))\n"
        "queries, rows = blocks(2_000), blocks(200_000)\n"
        "nearest(queries.rows(slice(0, 300)), rows.rows(slice(0, 9_000)), n=5, weights={'a': 1})\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "nearest(queries, rows, n=5, weights={'a': 1})\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    unit_bytes = 1 if sys.platform == "darwin" else 1024
    assert int(found.stdout) * unit_bytes < 100e6
