"""A fitted hybrid says what its scores are the sum of, and takes in what is new without learning."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tests.models.hybrid.planted import (
    BARE,
    COLD,
    GRUMPY,
    IS_COLD,
    ITEMS,
    KIND,
    SILENT,
    USERS,
    content,
    lacking,
    lessons,
    settings,
    told,
)
from triptych.catalogue.history import UNTIMED, History
from triptych.errors import UsageError
from triptych.models.hybrid.fitted import Fitted, Taste
from triptych.models.ranked import Ranker
from triptych.models.scores import STRANGER
from triptych.spaces.blocks import Blocks

EVERYBODY = np.arange(USERS)
EVERYTHING = np.arange(ITEMS)
NEW = ("new-0", "new-1", "new-2")


def new_content() -> Blocks:
    """Of three items, two of one kind, the last without any content."""
    return lacking(content(np.array([0, 1, 1]), seed=9), 2)


def rows_of(history: History, user_id: str, items: list[int], values: list[float], *, at: int = 10**8) -> History:
    return History(
        user_ids=(user_id,),
        item_ids=history.item_ids,
        users=np.zeros(len(items), np.int32),
        items=np.array(items, np.int32),
        values=np.array(values, np.float32),
        times=np.arange(at, at + len(items)),
    )


def both(one: History, other: History) -> History:
    """Rows of two histories of the same items, of different users."""
    assert one.item_ids == other.item_ids
    return History(
        user_ids=(*one.user_ids, *other.user_ids),
        item_ids=one.item_ids,
        users=np.r_[one.users, other.users + len(one.user_ids)].astype(np.int32),
        items=np.r_[one.items, other.items],
        values=np.r_[one.values, other.values],
        times=np.r_[one.times, other.times],
    )


def adds_up(fitted: Fitted, taste: Taste) -> None:
    """Parts, evidence and scores say the same, of every item."""
    everything = np.arange(len(fitted.item_ids))
    scored = fitted.scores_of([taste])[0]
    assert np.isfinite(scored).all()
    evidence = fitted.evidence(taste, everything)
    assert evidence.history is taste.items
    size = max(float(np.abs(scored).max()), 1.0)
    np.testing.assert_allclose(evidence.scores, scored, atol=1e-6 * size)
    for features in (False, True):
        parts = fitted.parts(taste, everything, features=features)
        assert np.isfinite(parts.values).all()
        np.testing.assert_allclose(parts.scores, evidence.scores, atol=1e-9 * size)
        np.testing.assert_allclose(parts.by_group().scores, evidence.scores, atol=1e-9 * size)


def taste_of_content(fitted: Fitted) -> Taste:
    return fitted.told([], content=content(np.array([1, 1]), seed=4))


def taste_of_both(fitted: Fitted) -> Taste:
    return fitted.told([3, 9, 1], np.array([5.0, 2.0, 4.0]), content=content(np.array([0]), seed=4))


@pytest.mark.parametrize(
    "taste",
    [
        lambda fitted: fitted.taste(0),
        lambda fitted: fitted.taste(GRUMPY),
        lambda fitted: fitted.taste(SILENT),
        lambda fitted: fitted.taste(STRANGER),
        lambda fitted: fitted.told([]),
        lambda fitted: fitted.told([2]),
        lambda fitted: fitted.told([4, int(np.flatnonzero(IS_COLD)[0]), BARE]),
        taste_of_content,
        taste_of_both,
    ],
)
def test_parts_and_evidence_sum_to_the_score(fitted: Fitted, taste: Callable[[Fitted], Taste]) -> None:
    adds_up(fitted, taste(fitted))


def test_scores_of_users_are_those_of_their_tastes(fitted: Fitted) -> None:
    asked = np.array([*EVERYBODY, STRANGER])
    found = fitted.scores(asked)
    assert found.dtype == np.float32
    assert np.array_equal(found, fitted.scores_of([fitted.taste(int(user)) for user in asked]))
    assert np.array_equal(found[SILENT], found[-1])
    assert fitted.scores(np.zeros(0, np.int64)).shape == (0, ITEMS)
    assert fitted.scores_of([]).shape == (0, ITEMS)
    with pytest.raises(UsageError):
        fitted.scores(np.array([USERS]))


def test_who_else_is_asked_about_moves_no_score(fitted: Fitted, monkeypatch: pytest.MonkeyPatch) -> None:
    found = fitted.scores(EVERYBODY)
    for user in (0, 1, GRUMPY, USERS - 1):
        assert np.array_equal(fitted.scores(np.array([user]))[0], found[user])
    turned = np.random.default_rng(0).permutation(EVERYBODY)
    assert np.array_equal(fitted.scores(turned), found[turned])
    monkeypatch.setattr("triptych.models.hybrid.adding.ROWS", 7)
    assert np.array_equal(fitted.scores(EVERYBODY), found)


def test_a_score_that_could_be_rounded_either_way_is_added_up_anew(
    fitted: Fitted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were all of them such, they would be the same, and would be added up in the same way in every company."""
    found = fitted.scores(EVERYBODY)
    monkeypatch.setattr("triptych.models.hybrid.adding.SLACK", 1e12)
    assert np.abs(fitted.scores(EVERYBODY) - found).max() <= 2.0**-20
    monkeypatch.setattr("triptych.models.hybrid.adding.CELLS", 100)
    assert np.array_equal(fitted.scores(EVERYBODY)[3:5], fitted.scores(EVERYBODY[3:5]))


@pytest.mark.parametrize("folded", [False, True])
@pytest.mark.parametrize("plain", [False, True])
def test_rough_scores_are_off_by_no_more_than_they_say_and_of_pairs_there_are_exact_ones(
    fitted: Fitted, folded: bool, plain: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("triptych.models.hybrid.adding.FEWER", 7)
    monkeypatch.setattr("triptych.models.hybrid.adding.CELLS", 50)
    if folded:
        fitted = fitted.with_items(NEW, new_content())
        fitted = fitted.with_rows(rows_of(fitted.history, "zoe", [ITEMS, 4, 35], [5, 2, 4]))
    if plain:  # what is learned of items that are known counts of new ones too
        gates = fitted.gates
        fitted = replace(fitted, gates=replace(gates, weights=np.maximum(gates.weights, gates.weights[:, 1:] / 2)))
    users = np.array([*range(len(fitted.user_ids)), STRANGER])
    wanted, found = fitted.scores(users), fitted.rough(users)
    assert (np.abs(found.scores - wanted) <= found.off[:, None]).all()
    assert found.off.max() < 1e-3 * np.abs(wanted).max(), "or nothing would be told by them"
    user, item = (one.reshape(-1) for one in np.meshgrid(np.arange(len(users)), np.arange(wanted.shape[1])))
    turned = np.random.default_rng(1).permutation(len(user))[:-3]
    assert found.exact(user[turned], item[turned]).tobytes() == wanted[user[turned], item[turned]].tobytes()
    assert found.exact(user[:0], item[:0]).shape == (0,)
    assert fitted.rough(users[:0]).scores.shape == (0, wanted.shape[1])


@dataclass(frozen=True, kw_only=True, eq=False)
class Exactly:
    """A fitted model without its rough scores."""

    fitted: Fitted

    def scores(self, users: np.ndarray) -> np.ndarray:
        return self.fitted.scores(users)


@pytest.mark.parametrize("n", [1, 4, 20])
def test_lists_by_rough_scores_are_those_by_scores(fitted: Fitted, n: int) -> None:
    ranker = Ranker(history=fitted.history)
    users = np.array([*EVERYBODY, STRANGER])
    wanted, found = ranker.lists(Exactly(fitted=fitted), users, n=n), ranker.lists(fitted, users, n=n)
    assert found[0].tolist() == wanted[0].tolist()
    assert found[1].tobytes() == wanted[1].tobytes()


def test_panels_have_what_their_features_have(fitted: Fitted) -> None:
    taste = fitted.taste(3)
    whole = fitted.parts(taste, EVERYTHING).by_group()
    split = fitted.parts(taste, EVERYTHING, features=True)
    assert {"seeing/kind", "seeing/noise", "reading/words", "liked together"} <= set(split.names)
    gathered = split.by_group()
    for name in ("seeing", "reading", "ratings", "usual"):
        one, other = (part.values[:, part.names.index(name)] for part in (whole, gathered))
        np.testing.assert_allclose(one, other, atol=1e-6)
    bare = whole.values[BARE]
    assert bare[whole.names.index("seeing")] == bare[whole.names.index("reading")] == 0
    # An item's parts do not hang on what else is asked about.
    some = np.flatnonzero(IS_COLD)[::-1]
    np.testing.assert_allclose(fitted.parts(taste, some, features=True).values, split.values[some], atol=1e-12)
    np.testing.assert_allclose(
        fitted.evidence(taste, some).values, fitted.evidence(taste, EVERYTHING).values[some], atol=1e-12
    )
    # Of what an item lacks nothing is said.
    gone = fitted.shown.lacking
    for p, name in enumerate(fitted.voices.tower.names):
        assert not split.values[gone[:, p], split.names.index(name)].any()


def test_what_is_told_must_be_of_items(fitted: Fitted) -> None:
    for wrong in ([ITEMS], [-1], [2, 2]):
        with pytest.raises(UsageError):
            fitted.told(wrong)
    with pytest.raises(UsageError):
        fitted.told([1, 2], np.array([5.0]))


def test_new_items_move_nothing_that_was_there(fitted: Fitted) -> None:
    before = fitted.scores(EVERYBODY)
    _ = fitted.voices.own
    for start in (fitted, replace(fitted, voices=replace(fitted.voices))):  # with what was found out, and without
        grown = start.with_items(NEW, new_content())
        assert grown.item_ids == (*fitted.item_ids, *NEW)
        found = grown.scores(EVERYBODY)
        assert np.array_equal(found[:, :ITEMS], before)
        assert np.array_equal(grown.uncertainty()[:ITEMS], fitted.uncertainty())
        assert np.array_equal(grown.vectors()[:ITEMS], fitted.vectors())
    for taste in (grown.taste(0), grown.told([ITEMS, 3])):
        adds_up(grown, taste)
    # Those of one kind are for those who like it.
    liking = found[:, ITEMS + 1] - found[:, ITEMS]
    ones = [user for user in range(1, USERS, 2) if user not in (GRUMPY, SILENT)]
    assert liking[ones].mean() > liking[0:USERS:2].mean()
    one_by_one = fitted
    for k, name in enumerate(NEW):
        one_by_one = one_by_one.with_items([name], new_content().rows(np.array([k])))
    np.testing.assert_allclose(one_by_one.scores(EVERYBODY), found, atol=1e-5)
    assert np.array_equal(fitted.with_items([], new_content().rows(slice(0, 0))).scores(EVERYBODY), before)


def test_new_items_that_cannot_be_are_refused(fitted: Fitted) -> None:
    for names in (("i00", "a", "b"), ("a", "a", "b"), ("a", "b")):
        with pytest.raises(UsageError):
            fitted.with_items(names, new_content())


def test_rows_of_somebody_new_make_them_whom_one_would_be_told_of(fitted: Fitted) -> None:
    """Their rows speak for themselves, and a little for the items."""
    items, values = [6, 2, 30, 11], [5.0, 4.0, 1.0, 5.0]
    grown = fitted.with_rows(rows_of(fitted.history, "zoe", items, values))
    assert grown.user_ids[-1] == "zoe"
    place = len(grown.user_ids) - 1
    told_of = grown.told(items, np.array(values))
    found = grown.scores(np.array([place]))
    assert np.array_equal(found, grown.scores_of([told_of]))
    known = grown.taste(place)
    assert np.array_equal(known.items, told_of.items)
    assert np.array_equal(known.counted, told_of.counted)
    adds_up(grown, known)


def test_rows_twice_are_rows_once(fitted: Fitted) -> None:
    """Of new users and known ones, with values that change, and items that had no rows."""
    cold = int(np.flatnonzero(IS_COLD)[0])
    known = fitted.user_ids[4]
    first = both(
        rows_of(fitted.history, "zoe", [3, cold], [5, 5]), rows_of(fitted.history, known, [1, cold], [5, 4], at=10**8)
    )
    second = both(
        rows_of(fitted.history, "amy", [3, 8], [5, 2], at=2 * 10**8), rows_of(fitted.history, known, [1], [1], at=3)
    )
    # Of one pair in both the later stands.
    kept = first.take(~((first.users == 1) & (first.items == 1)))
    twice = fitted.with_rows(first).with_rows(second)
    once = fitted.with_rows(both(kept, replace(second, user_ids=("amy", "again"))).take(np.arange(len(kept) + 2)))
    once = once.with_rows(second.take(second.users == 1))
    assert twice.user_ids == (*fitted.user_ids, "zoe", "amy")
    assert once.user_ids == (*fitted.user_ids, "amy", "zoe")
    at = np.array([twice.user_ids.index(name) for name in once.user_ids])
    np.testing.assert_allclose(once.scores(np.arange(USERS + 2)), twice.scores(at), atol=1e-5)
    # Who had what with what is what a new fit would say.
    likes = twice.voices.together
    again = type(likes).of(twice.voices.counted[1], regularisation=likes.regularisation, most=likes.most)
    np.testing.assert_allclose(likes.precision, again.precision, atol=1e-8)
    assert cold in likes.items


def test_rows_that_are_none_change_nothing(fitted: Fitted) -> None:
    none = fitted.history.take(np.zeros(len(fitted.history), bool))
    assert np.array_equal(fitted.with_rows(none).scores(EVERYBODY), fitted.scores(EVERYBODY))
    strange = replace(none, item_ids=("what",), user_ids=("who",))
    assert fitted.with_rows(strange).user_ids == fitted.user_ids
    same = fitted.with_rows(fitted.history)
    np.testing.assert_allclose(same.scores(EVERYBODY), fitted.scores(EVERYBODY), atol=1e-6)


def test_rows_of_unknown_items_are_refused(fitted: Fitted) -> None:
    rows = replace(rows_of(fitted.history, "zoe", [0], [5]), item_ids=("what",))
    with pytest.raises(UsageError, match="'what'"):
        fitted.with_rows(rows)


def test_rows_of_new_items_come_after_the_items(fitted: Fitted) -> None:
    grown = fitted.with_items(NEW, new_content())
    found = grown.with_rows(rows_of(grown.history, "zoe", [ITEMS, ITEMS + 2, 4], [5, 5, 2]))
    assert found.voices.likes[ITEMS:].tolist() == [1, 0, 1]
    assert 0 < found.voices.share[ITEMS] < found.voices.share[ITEMS + 2] < 1, "without content it passes sooner"
    adds_up(found, found.taste(len(found.user_ids) - 1))
    assert (found.uncertainty()[ITEMS:] > 0).all()


@pytest.mark.parametrize("folded", [False, True])
def test_it_comes_back_from_its_files_bit_for_bit(fitted: Fitted, folded: bool, tmp_path: Path) -> None:
    if folded:
        fitted = fitted.with_items(NEW, new_content())
        fitted = fitted.with_rows(rows_of(fitted.history, "zoe", [ITEMS, 4, 35], [5, 2, 4]))
    save_file(fitted.arrays(), tmp_path / "arrays.safetensors")
    again = Fitted.again(json.loads(json.dumps(fitted.body())), load_file(tmp_path / "arrays.safetensors"))
    assert (again.user_ids, again.item_ids) == (fitted.user_ids, fitted.item_ids)
    everybody = np.arange(len(fitted.user_ids))
    assert again.scores(everybody).tobytes() == fitted.scores(everybody).tobytes()
    assert again.uncertainty().tobytes() == fitted.uncertainty().tobytes()
    assert again.vectors().tobytes() == fitted.vectors().tobytes()
    for fit in (fitted, again):
        more = fit.with_items(["more"], content(np.array([1]), seed=3))
        more = more.with_rows(rows_of(more.history, "yan", [0, len(more.item_ids) - 1], [5, 5]))
        if fit is fitted:
            wanted = more.scores(everybody)
    assert more.scores(everybody).tobytes() == wanted.tobytes()
    taste = fitted.taste(0)
    for features in (False, True):
        one, other = (fit.parts(taste, EVERYTHING, features=features) for fit in (fitted, again))
        assert one.names == other.names
        np.testing.assert_allclose(one.values, other.values, atol=1e-12)
    assert json.loads(json.dumps(again.body())) == json.loads(json.dumps(fitted.body()))


def test_doubt_falls_as_likes_come_in(fitted: Fitted) -> None:
    doubt = fitted.uncertainty()
    assert doubt.dtype == np.float32
    assert (doubt >= 0).all()
    likes = fitted.voices.likes
    held = fitted.voices.passage.fading(likes)
    assert held[IS_COLD].min() == 1 > held[~IS_COLD].max()


def test_without_times_rows_with_times_may_come_later() -> None:
    """Nothing was learned of how lately an item was liked, so that counts for nothing."""
    fitted = settings(rounds=1).fit(lessons(told(timed=False)))
    assert (fitted.history.times == UNTIMED).all()
    adds_up(fitted, fitted.taste(0))
    grown = fitted.with_rows(rows_of(fitted.history, "zoe", [3, 4], [5, 5]))
    assert grown.voices.lately.any()
    assert np.abs(grown.scores(EVERYBODY) - fitted.scores(EVERYBODY)).max() < 1 + np.abs(fitted.scores(EVERYBODY)).max()
    adds_up(grown, grown.taste(0))


def test_where_every_row_is_a_like_values_say_nothing() -> None:
    history = told()
    plays = history.take(history.values > 2)
    made = settings(rounds=1, like=None)
    one = made.fit(lessons(replace(plays, values=np.full(len(plays), 0.25, np.float32))))
    two = made.fit(lessons(plays))
    assert np.array_equal(one.scores(EVERYBODY), two.scores(EVERYBODY))
    adds_up(one, one.taste(0))
    assert one.voices.likes.tolist() == one.history.item_counts.tolist()
    # All at one moment, of users who are told of: nothing but likes of one value.
    assert np.array_equal(one.scores_of([one.told([3, 5])]), one.scores_of([one.told([3, 5], np.array([9.0, 0.5]))]))


def test_rows_of_one_value_and_one_moment_teach_it_as_well() -> None:
    history = told()
    liked = history.take(history.values >= 4)
    flat = replace(liked, values=np.full(len(liked), 4, np.float32), times=np.full(len(liked), 9))
    fitted = settings(rounds=1, later="all").fit(lessons(flat))
    adds_up(fitted, fitted.taste(1))
    assert len(fitted.voices.likes) - fitted.voices.likes.astype(bool).sum() == COLD
    warm = fitted.scores(EVERYBODY)[:, ~IS_COLD]
    assert (warm[1::2][:, KIND[~IS_COLD] == 1].mean()) > (warm[1::2][:, KIND[~IS_COLD] == 0].mean())
