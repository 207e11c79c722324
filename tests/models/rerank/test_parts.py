"""Cuts, candidates and features, each beside its definition written out as loops."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.models.rerank.worlds import lessons, years
from triptych.catalogue.history import UNTIMED, History
from triptych.errors import UnknownName, UsageError
from triptych.models import recency
from triptych.models.background import Field
from triptych.models.rerank import candidates, features
from triptych.models.rerank.candidates import Pool
from triptych.models.rerank.cuts import cuts
from triptych.models.rerank.features import HALF_LIVES, LAST, Content, Features
from triptych.models.rerank.moment import PIECES
from triptych.models.rerank.source import SOURCES, OfHistory, sources_of

NAMES = ("recent-ease", "succession", "popularity")


@pytest.fixture(scope="module")
def history() -> History:
    return lessons().train


@pytest.fixture(scope="module")
def pool(history: History) -> Pool:
    fitted = tuple(SOURCES[name].fit(lessons()) for name in NAMES)
    return Pool(recommenders=fitted, history=history, each=8, most=15, seed=0)


# -- cuts --------------------------------------------------------------------------------------------------


def test_by_user_the_last_rows_of_each_are_later(history: History) -> None:
    found = cuts(history, later="user", count=3, rows=4)
    for k, cut in enumerate(found):
        for user in range(len(history.user_ids)):
            mine = np.sort(history.times[history.users == user])
            later, past = (np.sort(part.times[part.users == user]) for part in (cut.later, cut.past))
            left = mine[: max(0, len(mine) - 4 * (k + 1))]
            np.testing.assert_array_equal(past, left)
            expected = mine[len(left) : len(mine) - 4 * k] if len(left) else []
            np.testing.assert_array_equal(later, expected)


def test_by_all_one_moment_parts_everybody(history: History) -> None:
    found = cuts(history, later="all", count=4, share=0.1)
    assert len(found) == 4
    end = np.inf
    for cut in found:
        assert cut.past.times.max() < cut.later.times.min() <= cut.later.times.max() < end
        assert len(cut.later) == pytest.approx(0.1 * len(history), abs=3)
        end = cut.later.times.min()


def test_what_cannot_be_cut_is_refused(history: History) -> None:
    untimed = replace(history, times=np.where(history.users == 3, UNTIMED, history.times))
    for later in ("user", "all"):
        with pytest.raises(UsageError, match=r"rows have no time, so that none is past or later; .*\.$"):
            cuts(untimed, later=later, count=1)
        with pytest.raises(UsageError, match="cannot be cut into past and later"):
            cuts(history.take(np.array([0])), later=later, count=1)
    with pytest.raises(UnknownName, match="way of cutting"):
        cuts(history, later="day", count=1)


# -- candidates --------------------------------------------------------------------------------------------


def test_the_pool_is_the_union_of_the_best_round_by_round(pool: Pool, history: History) -> None:
    users = np.array([3, -1, 0, 3])
    found = pool.of(users)
    seen = history.pairs.toarray() > 0
    tables = [one.scores(users) for one in pool.recommenders]
    at = 0
    for row, user in enumerate(users.tolist()):
        free = np.ones(seen.shape[1], bool) if user < 0 else ~seen[user]
        mine = found.items[at : at + found.counts[row]]
        assert (found.users[at : at + found.counts[row]] == user).all()
        assert free[mine].all()
        assert (np.diff(mine) > 0).all()
        assert len(mine) <= pool.most
        for source, table in enumerate(tables):
            own = table[row, free].astype(np.float64)
            for k, item in enumerate(mine.tolist(), start=at):
                assert found.ranks[k, source] == (own > table[row, item]).sum()
                spread = own.std() or 1.0
                assert found.scores[k, source] == pytest.approx((table[row, item] - own.mean()) / spread, abs=1e-4)
            # The very best of each source, which no lot decides, are there.
            best = np.flatnonzero(free)[own > np.sort(own)[-4]]
            assert np.isin(best, mine).all()
        at += found.counts[row]
    assert at == len(found)


def test_who_else_is_asked_about_and_how_many_at_a_time_moves_nothing(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = np.arange(20)
    whole = pool.of(users)
    monkeypatch.setattr(candidates, "CELLS", 3 * 48 * 3)
    parts = list(pool.parts(users))
    assert len(parts) == 7
    for name in ("users", "items", "scores", "ranks"):
        np.testing.assert_array_equal(np.concatenate([getattr(one, name) for _, one in parts]), getattr(whole, name))
    few = whole.take(whole.items % 2 == 0)
    assert few.counts.sum() == len(few) == (whole.items % 2 == 0).sum()


# -- features ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("later", ["all", "user"])
def test_features_equal_their_definition(
    later: str, pool: Pool, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = lessons()
    values, known = years()
    made = Features(
        past=history,
        contents=Content.all_of(given),
        like=4.0,
        later=later,
        fields={"year": Field(values=values, mask=known)},
    )
    users = np.array([5, -1, 11])
    asked = pool.of(users)
    found = made.table(asked)
    column = {one.name: k for k, one in enumerate(made.columns)}
    assert len(column) == found.shape[1]
    liked = history.liked(4.0)
    rank = recency.ranks(liked)
    times = np.sort(history.times)
    n = len(times)
    panel, mask = given.blocks.values[0], given.blocks.mask[:, 0]
    for k, (user, item) in enumerate(zip(asked.users.tolist(), asked.items.tolist(), strict=True)):
        told = {name: found[k, at] for name, at in column.items()}
        mine = np.flatnonzero(liked.users == user)
        weight = 0.5 ** (rank[mine] / features.MEMORY_ROWS) + features.FLOOR
        for name, vectors, there in (("seeing", panel, mask), ("genres", given.genres, np.ones(48, bool))):
            unit = vectors / np.where(there, np.linalg.norm(vectors, axis=1), 1)[:, None]
            keep = there[liked.items[mine]]
            if not there[item] or not keep.any():
                assert np.isnan(told[f"{name}, like the taste"])
                continue
            each = unit[liked.items[mine]] @ unit[item]
            taste = np.average(each[keep], weights=weight[keep])
            assert told[f"{name}, like the taste"] == pytest.approx(taste, abs=1e-5)
            last = np.argsort(rank[mine])[:LAST]  # each at a moment of its own
            nearest = max((each[one] for one in last if keep[one]), default=np.nan)
            assert told[f"{name}, like a recent like"] == pytest.approx(nearest, abs=1e-5, nan_ok=True)
        of_user, of_item = history.users == user, history.items == item
        keep = known[liked.items[mine]]
        own = values[item, 0] if known[item] else np.nan
        mean = np.average(values[liked.items[mine], 0][keep], weights=weight[keep]) if keep.any() else np.nan
        assert told["year"] == pytest.approx(own, nan_ok=True)
        assert told["year, from the taste"] == pytest.approx(own - mean, abs=1e-3, nan_ok=True)
        for who, which in (("user", of_user), ("item", of_item)):
            rows = np.log1p(which.sum()) if which.any() else np.nan
            assert told[f"rows of the {who}"] == pytest.approx(rows, nan_ok=True)
            stated = history.values[which]
            assert told[f"mean of the {who}"] == pytest.approx(stated.mean() if len(stated) else np.nan, nan_ok=True)
            share = (stated >= 4).mean() if len(stated) else np.nan
            assert told[f"likes of the {who}"] == pytest.approx(share, nan_ok=True)
        now = history.times[of_user].max() if later == "user" and of_user.any() else times[-1]
        reached = (times <= now).sum()
        had = history.times[of_item & (history.times <= now)]
        for name, end in (("age of the item", np.min), ("rest of the item", np.max)):
            since = (reached - (times < end(had)).sum()) / n if len(had) else np.nan
            assert told[name] == pytest.approx(since, abs=1e-6, nan_ok=True)
        piece = reached * PIECES // n
        edges = n * np.arange(PIECES + 1) // PIECES
        age = piece - 1 - (np.searchsorted(edges[1:], np.searchsorted(times, liked.times), side="right"))
        for half_life in HALF_LIVES:
            counted = np.where(age >= 0, 0.5 ** (np.maximum(age, 0) / (PIECES * half_life)), 0)
            part = counted[liked.items == item].sum() / max(counted.sum(), 1.0)
            popular = np.log1p(1e4 * part) if of_item.any() else np.nan
            assert told[f"popularity, {half_life:g}"] == pytest.approx(popular, rel=1e-3, abs=1e-3, nan_ok=True)
    monkeypatch.setattr(features, "CELLS", 12)
    np.testing.assert_array_equal(made.table(asked), found)


# -- sources -----------------------------------------------------------------------------------------------


def test_sources_are_known_by_name_or_given(history: History) -> None:
    given = OfHistory(model=SOURCES["popularity"].model, group="crowd")  # type: ignore[attr-defined]
    one, other = sources_of(("succession", given))
    assert (one.group, other.group) == ("succession", "crowd")
    low = sources_of(("recent-popularity", "item-knn", "ease", given), like=2.0)
    assert [one.model.like for one in low] == [2.0, 2.0, None, 4.0]  # type: ignore[attr-defined]
    with pytest.raises(UnknownName, match="source of candidates"):
        sources_of(("fortune",))
    with pytest.raises(UsageError, match="two sources have one name"):
        sources_of(("popularity", given))
    with pytest.raises(UsageError, match=r"give OfHistory\(model=…\)"):
        sources_of((given.model,))  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="a list of one or more"):
        sources_of(())
