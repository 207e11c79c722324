"""Pairs: items that people liked alike, and items of which they liked one alone; what a Siamese network learns from.

Three strategies of the study ``seeing-hearing-reading`` (§4.3 of its thesis), for users who like something and dislike
something:

=================  ==========================================  ==================================================
``genres``         both liked by a user, a genre in common     two items by lot without a genre in common
``collaborative``  both liked by a user                        one liked, one disliked by a user
``hybrid``         both liked by a user, Jaccard ≥ .25         one liked, one disliked by a user, Jaccard < .1
=================  ==========================================  ==================================================

What the thesis leaves open is settled here so: a pair is of the stratum of its *first* item, the anchor, whose partner
may be of any; of an alike pair either may be the anchor, of an unlike one it is the liked one. Every stratum is to give
as many pairs as every other, and what one of them lacks no other makes up for. The stratum with the fewest candidates
takes first. Users come up equally often (``by="user"``), or candidates do (``by="pair"``), of which a user has as many
as the square of what they rated: on MovieLens 100K a tenth of the users would then give six pairs of ten, and not two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypedDict, Unpack

import numpy as np
import numpy.typing as npt

from triptych.catalogue.history import History
from triptych.errors import UnknownName, UsageError
from triptych.models import lot
from triptych.models.siamese.candidates import Candidates, Sieve, Taken, pair_keys
from triptych.models.siamese.genres import Words, jaccard, overlap, ratio, words_of
from triptych.models.siamese.strata import by_id, stratified

__all__ = ["How", "Pairs", "Part", "apart", "generate", "jaccard", "sides", "split"]

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Strategy = Literal["genres", "collaborative", "hybrid"]
By = Literal["user", "pair"]

STRATEGIES: tuple[Strategy, ...] = ("genres", "collaborative", "hybrid")
#: Genres are as near as this, or nearer, in a hybrid pair that is alike, and further than that in one that is not.
NEAR, FAR = 0.25, 0.1
#: Of train, validation and test.
SHARES = (0.7, 0.15, 0.15)


@dataclass(frozen=True, kw_only=True, eq=False)
class Pairs:
    """``first``, ``second``: int64 ``[n]``, items by their places in the history; of an unlike pair the first is the
    liked one. ``alike``: bool ``[n]``. ``users``: int64 ``[n]``, who each was drawn from, −1 where nobody was.

    No two items are twice alike, nor twice unlike; by strategies other than the collaborative never both. ``told``:
    JSON of what was asked and what was found, by stratum, and by which settings.
    """

    first: I64
    second: I64
    alike: Bools
    users: I64
    told: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def __post_init__(self) -> None:
        if len({len(self.first), len(self.second), len(self.alike), len(self.users)}) > 1:
            raise UsageError("the columns of pairs differ in length.")

    def __len__(self) -> int:
        return len(self.first)

    def take(self, which: npt.NDArray[Any]) -> Pairs:
        """Some of them, by a mask or by their places, in that order."""
        return Pairs(
            first=self.first[which],
            second=self.second[which],
            alike=self.alike[which],
            users=self.users[which],
            told=self.told,
        )

    def among(self, items: Bools) -> Pairs:
        """Those of which both items are true in the mask ``[items]``, such as of items that have content."""
        return self.take(items[self.first] & items[self.second])

    @property
    def items(self) -> I64:
        """Those that any pair is of, each once, in order."""
        return np.unique(np.concatenate([self.first, self.second]))


class How(TypedDict, total=False):
    """Settings of :func:`generate`, for those that hand them on."""

    strategy: Strategy
    liked: float
    disliked: float
    strata: int
    key: npt.NDArray[Any] | None
    balance: float
    by: By


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """``users``: bool ``[users]`` and ``items``: bool ``[items]``, those of one side."""

    users: Bools
    items: Bools


def generate(
    history: History,
    genres: npt.NDArray[Any],
    *,
    n: int,
    strategy: Strategy = "hybrid",
    liked: float = 4.0,
    disliked: float = 3.0,
    strata: int = 3,
    key: npt.NDArray[Any] | None = None,
    items: Bools | None = None,
    balance: float = 0.5,
    by: By = "user",
    seed: int = 0,
) -> Pairs:
    """``n`` pairs from what users rated ``liked`` or more and ``disliked`` or less; fewer if there are no more.

    ``genres``: ``[items, genres]``, anything but 0 where an item is of one; an item of none takes part in no pair that
    genres decide on. ``strata``: how many, by ``key`` ``[items]``, such as ``history.item_counts``; by id unless given,
    see :func:`~triptych.models.siamese.strata.by_id`. They are of the items that may take part: true in ``items``
    ``[items]``, all unless given, and rated by somebody in this history. ``balance``: the share of pairs alike.
    The order of the rows decides nothing.
    """
    _check(history, genres, n, strategy, liked, disliked, balance, by)
    words = words_of(genres)
    by_genre = strategy != "collaborative"
    may = history.item_counts > 0
    if items is not None:
        may &= items
    without = may & ~words.any(axis=1)
    if by_genre:
        may &= ~without
    likes, dislikes, valid = _opinions(history, may, liked, disliked)
    if not valid:
        raise UsageError(
            f"nobody rated something {liked:g} or more and something else {disliked:g} or less among the "
            f"{int(may.sum())} items that may take part; give other thresholds, or more ratings."
        )
    keys = by_id(history.item_ids) if key is None else np.asarray(key)
    placed = stratified(keys, may, strata)
    alike = int(np.floor(n * balance + 0.5))
    kinds = {
        "alike": (alike, _together(likes, likes), _sieve(strategy, words, alike=True)),
        "unlike": (
            n - alike,
            _anybody(np.flatnonzero(may)) if strategy == "genres" else _together(likes, dislikes),
            _sieve(strategy, words, alike=False),
        ),
    }
    told: dict[str, Any] = {
        "strategy": strategy,
        "liked": liked,
        "disliked": disliked,
        "by": by,
        "seed": seed,
        "asked": n,
        "found": 0,
        "users": valid,
        "items": int(may.sum()),
        "without_genres": int(without.sum()),
    }
    found: list[Pairs] = []
    for number, (kind, (wanted, candidates, sieve)) in enumerate(kinds.items()):
        taken = _by_stratum(candidates, placed, strata, wanted, sieve, by, [seed, number])
        told[kind] = {"asked": wanted, "found": sum(len(one.first) for one, _ in taken), "by_stratum": []}
        for one, asked in taken:
            told[kind]["by_stratum"].append(
                {
                    "asked": asked,
                    "found": len(one.first),
                    "looked_at": one.looked_at,
                    "all_of_them": one.all_of_them,
                }
            )
            mark = np.full(len(one.first), kind == "alike")
            found.append(Pairs(first=one.first, second=one.second, alike=mark, users=one.users))
        told["found"] += told[kind]["found"]
    order = np.random.default_rng([seed, len(kinds)]).permutation(told["found"])
    return Pairs(
        first=np.concatenate([one.first for one in found])[order],
        second=np.concatenate([one.second for one in found])[order],
        alike=np.concatenate([one.alike for one in found])[order],
        users=np.concatenate([one.users for one in found])[order],
        told=told,
    )


def split(pairs: Pairs, shares: Sequence[float] = SHARES, *, seed: int = 0) -> tuple[Pairs, Pairs, Pairs]:
    """Train, validation and test by a lot for each pair, as the thesis has it: items and users stand on all sides."""
    train, validation, test = _cut(np.random.default_rng([seed, 3]).permutation(len(pairs)), shares)
    return pairs.take(train), pairs.take(validation), pairs.take(test)


def apart(
    history: History, shares: Sequence[float] = SHARES, *, items: Bools | None = None, seed: int = 0
) -> tuple[Part, Part, Part]:
    """Train, validation and test that share neither a user nor an item; a lot for each id decides.

    Only users with rows and items with rows, and true in ``items``, are of any side. A side with 15 % of both holds
    about 2 % of the rows: rows of a user on one side with an item on another are of none.
    """
    may = history.item_counts > 0
    if items is not None:
        may &= items
    users = _drawn(history.user_ids, history.user_counts > 0, shares, "pair users", seed)
    chosen = _drawn(history.item_ids, may, shares, "pair items", seed)
    train, validation, test = (Part(users=one, items=other) for one, other in zip(users, chosen, strict=True))
    return train, validation, test


def sides(
    history: History,
    genres: npt.NDArray[Any],
    *,
    n: int,
    disjoint: bool = True,
    shares: Sequence[float] = SHARES,
    items: Bools | None = None,
    seed: int = 0,
    **how: Unpack[How],
) -> tuple[Pairs, Pairs, Pairs]:
    """``n`` pairs for train, validation and test together, by their shares.

    ``disjoint``: on users and items, see :func:`apart`, each side's pairs being generated from its own rows; else drawn
    from all and split by the pair, see :func:`split`, which lets what is learned be seen again in the test.
    """
    if not disjoint:
        return split(generate(history, genres, n=n, items=items, seed=seed, **how), shares, seed=seed)
    sizes = [len(one) for one in _cut(np.arange(n), shares)]
    made: list[Pairs] = []
    for number, part in enumerate(apart(history, shares, items=items, seed=seed)):
        own = history.take(part.users[history.users] & part.items[history.items])
        made.append(generate(own, genres, n=sizes[number], items=part.items, seed=seed, **how))
    train, validation, test = made
    return train, validation, test


def _check(
    history: History,
    genres: npt.NDArray[Any],
    n: int,
    strategy: str,
    liked: float,
    disliked: float,
    balance: float,
    by: str,
) -> None:
    if strategy not in STRATEGIES:
        raise UnknownName("strategy", strategy, STRATEGIES)
    if by not in ("user", "pair"):
        raise UnknownName("way to weigh candidates", by, ("user", "pair"))
    if len(genres) != len(history.item_ids):
        raise UsageError(f"genres of {len(genres)} items were given for {len(history.item_ids)}; each needs a row.")
    if n < 1:
        raise UsageError(f"{n} pairs were asked for; ask for 1 or more.")
    if not disliked < liked:
        raise UsageError(f"disliked is up to {disliked:g} and liked from {liked:g}; disliked must be below liked.")
    if not 0 <= balance <= 1:
        raise UsageError(f"a balance of {balance:g} was given; it is the share of pairs alike, from 0 to 1.")


class _Opinions(NamedTuple):
    """``users``, ``items``: int64 ``[n]``, by user and item; ``counts``: int64 ``[users]``."""

    users: I64
    items: I64
    counts: I64


def _opinions(history: History, may: Bools, liked: float, disliked: float) -> tuple[_Opinions, _Opinions, int]:
    """The likes and the dislikes of users who have both, and how many those users are."""
    like = history.values >= liked
    kept = may[history.items] & (like | (history.values <= disliked))
    # User, item and opinion as one number: sorting that is several times as fast as sorting rows by it.
    rows = np.sort(history.keys[kept] * 2 + like[kept])
    pairs, yes = rows >> 1, (rows & 1).astype(bool)
    users = pairs // max(len(may), 1)
    items = pairs - users * len(may)
    sides = [(users[one], items[one]) for one in (yes, ~yes)]
    counts = [np.bincount(of, minlength=len(history.user_ids)) for of, _ in sides]
    both = (counts[0] > 0) & (counts[1] > 0)
    found: list[_Opinions] = []
    for (of, what), many in zip(sides, counts, strict=True):
        own = both[of]
        found.append(_Opinions(users=of[own], items=what[own], counts=np.where(both, many, 0)))
    likes, dislikes = found
    return likes, dislikes, int(both.sum())


def _together(likes: _Opinions, others: _Opinions) -> Candidates:
    """Each liked item with what else its user liked, or with what they disliked."""
    before = np.cumsum(others.counts) - others.counts
    own = np.arange(len(likes.users)) - before[likes.users] if others is likes else np.full(len(likes.users), -1)
    return Candidates(
        items=likes.items,
        users=likes.users,
        partners=others.items,
        starts=before[likes.users],
        many=others.counts[likes.users] - (others is likes),
        own=own,
    )


def _anybody(items: I64) -> Candidates:
    """Each item with each other."""
    n = len(items)
    zeros = np.zeros(n, np.int64)
    return Candidates(
        items=items, users=zeros - 1, partners=items, starts=zeros, many=zeros + (n - 1), own=np.arange(n)
    )


def _by_stratum(
    candidates: Candidates, placed: I64, count: int, wanted: int, sieve: Sieve, by: By, seed: list[int]
) -> list[tuple[Taken, int]]:
    """For each stratum what was taken, and how many were wanted."""
    of = placed[candidates.items]
    parts = [candidates.of(of == stratum) for stratum in range(count)]
    quotas = [wanted // count + (stratum < wanted % count) for stratum in range(count)]
    made: dict[int, Taken] = {}
    taken = np.zeros(0, np.int64)
    for stratum in sorted(range(count), key=lambda one: parts[one].total):
        made[stratum] = one = parts[stratum].take(
            quotas[stratum],
            by_user=by == "user",
            sieve=sieve,
            taken=taken,
            width=len(placed),
            rng=np.random.default_rng([*seed, stratum]),
        )
        taken = np.sort(np.concatenate([taken, pair_keys(one.first, one.second, len(placed))]))
    return [(made[stratum], quotas[stratum]) for stratum in range(count)]


def _sieve(strategy: Strategy, words: Words, *, alike: bool) -> Sieve:
    def passes(first: I64, second: I64) -> Bools:
        if strategy == "collaborative":
            return np.ones(len(first), bool)
        common, any_of = overlap(words, first, second)
        if strategy == "genres":
            return (common > 0) == alike
        near = ratio(common, any_of)
        return near >= NEAR if alike else near < FAR

    return passes


def _cut(rows: I64, shares: Sequence[float]) -> list[I64]:
    """The rows in three runs, as long as their shares."""
    if len(shares) != 3 or min(shares) <= 0 or abs(sum(shares) - 1) > 1e-9:
        raise UsageError(f"shares of {tuple(shares)} were given; train, validation and test need one each, 1 in all.")
    ends = np.floor(np.cumsum(shares)[:2] * len(rows) + 0.5).astype(np.int64)
    return np.split(rows, ends)


def _drawn(ids: Sequence[str], among: Bools, shares: Sequence[float], purpose: str, seed: int) -> list[Bools]:
    """For each share a mask ``[ids]``; ids that are not ``among`` are in none."""
    places = np.flatnonzero(among)
    lots = lot.scattered(lot.keys(ids, purpose)[places], seed)
    made: list[Bools] = []
    for part in _cut(places[np.argsort(lots, kind="stable")], shares):
        mask = np.zeros(len(ids), bool)
        mask[part] = True
        made.append(mask)
    return made
