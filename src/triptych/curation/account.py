"""Account: what a catalogue holds, and how representative the part of it that is kept is of the whole."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Item
from triptych.curation.activity import Activity, activity_of
from triptych.curation.audience import Audience, audience_of
from triptych.curation.distributions import Summary, Tail, summary, tail
from triptych.curation.films import Films, decade_of, decades_of, films_of
from triptych.curation.material import Material, material_of
from triptych.curation.ratings import Ratings, item_means, ratings_of
from triptych.curation.representativeness import (
    Bars,
    Comparison,
    Named,
    compare_groups,
    compare_names,
    compare_numbers,
    compare_shares,
)
from triptych.curation.selection import Selection, Selections

#: Where the bars of popularity begin: 0, 1, 3, 10, 30 … interactions.
_POPULARITY = (0, 1, *(k * 10**power for power in range(9) for k in (3, 10)))


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How much there is of everything.

    ``users`` are those who did anything. ``items_met`` have an interaction, and ``strays`` are items with interactions
    (``stray_interactions``) that the catalogue does not know. ``timed`` interactions have a time; those that are
    ``mistimed`` have one that is no number of seconds since 1970, and count as without. ``density`` is the share that
    interactions are of all pairs of a user and an item that was met, strays included; ``sparsity`` is 1 − density.
    """

    items: int
    items_met: int
    users: int
    interactions: int
    kinds: Mapping[str, int]
    density: float | None
    sparsity: float | None
    per_user: Summary | None
    per_item: Summary | None
    strays: int
    stray_interactions: int
    tags: int
    tag_words: int
    tag_users: int
    first_s: int | None
    last_s: int | None
    timed: int
    mistimed: int


@dataclass(frozen=True, kw_only=True)
class Attrition:
    """What one rule removed, and what it left."""

    rule: str
    title: str
    items_removed: int
    items_left: int


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What was kept, by which rule, and whether it is like what was there.

    ``items`` were judged: those that came after a selection was made are ``unjudged`` and in neither part, and those
    that it judged and that left the catalogue since are ``departed`` and only in its ``steps``. The interactions of an
    item go with it; of a selection that removes users or interactions too, ``interactions_kept`` and ``users_kept``
    are what it keeps, while the comparisons are of items with all that was done with them.
    """

    selection: str | None
    rule: str
    items: int
    kept: int
    removed: int
    unjudged: int
    departed: int
    interactions: int
    interactions_kept: int
    users: int
    users_kept: int
    steps: tuple[Attrition, ...]
    comparisons: tuple[Comparison, ...]
    genres: tuple[Named, ...]
    languages: tuple[Named, ...]


@dataclass(frozen=True, kw_only=True)
class Account:
    """Everything that is told of a catalogue; what cannot be told is None."""

    catalogue: str
    counts: Counts
    months: tuple[tuple[str, int], ...]
    item_tail: Tail | None
    user_tail: Tail | None
    ratings: Ratings | None
    films: Films
    audience: Audience
    material: Material
    kept: Kept


def account_of(
    catalogue: Catalogue, *, selection: str | None = None, positive: float | None = None, seed: int = 0
) -> Account:
    """The account of a catalogue as it stands.

    What was kept is the ``selection`` of this name; without one, the items that have a title and a plot, and a clip
    if any item has one. Ratings of ``positive`` or more are positive; without it, 3.5 of five stars, and as far up any
    other scale. ``seed`` draws the resamplings.
    """
    # A name that is not there is found out before the work, not after it.
    chosen = None if selection is None else Selections(catalogue.tables).read(selection)
    items = catalogue.items()
    interactions = catalogue.interactions()
    activity = activity_of(interactions, [item.item_id for item in items], positive=positive)
    films, material = films_of(items), material_of(catalogue)
    acted: tuple[int, int] | None = None
    departed = 0
    if chosen is None:
        clipped = {clip.item_id for clip in catalogue.clips()}
        mask, steps, rule = _complete(items, clipped)
        judged = np.ones(len(items), bool)
    else:
        held, gone = set(chosen.item_ids), set(chosen.removed)
        mask = np.array([item.item_id in held for item in items], bool)
        judged = mask | np.array([item.item_id in gone for item in items], bool)
        # An item that is removed from the catalogue goes from its selections too, but not from their steps.
        seen = max(len(held) + len(gone), chosen.steps[0].items_left if chosen.steps else 0)
        departed = seen - int(judged.sum())
        acted = _acted(chosen, interactions, [item.item_id for item in items])
        steps = tuple(
            Attrition(rule=s.rule, title=s.title, items_removed=s.items_removed, items_left=s.items_left)
            for s in chosen.steps
        )
        rule = f"the selection {selection!r}"
    return Account(
        catalogue=catalogue.folder.absolute().name,
        counts=_counts(catalogue, activity),
        months=activity.months,
        item_tail=tail(activity.item_counts),
        user_tail=tail(activity.user_counts),
        ratings=ratings_of(activity, items),
        films=films,
        audience=audience_of(catalogue.users()),
        material=material,
        kept=replace(
            _kept(items, activity, mask, judged, steps, rule, selection, seed),
            departed=departed,
            **({} if acted is None else {"interactions_kept": acted[0], "users_kept": acted[1]}),
        ),
    )


def _acted(chosen: Selection, interactions: pa.Table, item_ids: Sequence[str]) -> tuple[int, int] | None:
    """Interactions and users that a selection keeps, if it looks at more than items."""
    if chosen.user_ids is None and not chosen.filters and chosen.events is None:
        return None
    kept = chosen.interactions(interactions)
    # The selection may remember items that left the catalogue since.
    kept = kept.filter(pc.is_in(kept["item_id"], value_set=pa.array(item_ids, pa.string())))
    return kept.num_rows, pc.count_distinct(kept["user_id"]).as_py()


def _counts(catalogue: Catalogue, activity: Activity) -> Counts:
    met = activity.item_counts[: activity.items] > 0
    beyond = activity.item_counts[activity.items :]
    users, items = len(activity.user_counts), int(met.sum()) + len(beyond)
    tags = catalogue.tags()
    # One user may have rated and liked the same item: that is one pair of the two, as far as density goes.
    pairs = max(activity.kinds.values(), default=0) if len(activity.kinds) == 1 else activity.pairs()
    density = pairs / (users * items) if users and items else None
    return Counts(
        items=activity.items,
        items_met=int(met.sum()),
        users=users,
        interactions=activity.n,
        kinds=activity.kinds,
        density=density,
        sparsity=None if density is None else 1 - density,
        per_user=summary(activity.user_counts),
        per_item=summary(activity.item_counts[activity.item_counts > 0]),
        strays=len(beyond),
        stray_interactions=int(beyond.sum()),
        tags=tags.num_rows,
        tag_words=pc.count_distinct(tags["tag"]).as_py(),
        tag_users=pc.count_distinct(tags["user_id"]).as_py(),
        first_s=activity.first_s,
        last_s=activity.last_s,
        timed=activity.timed,
        mistimed=activity.mistimed,
    )


def _complete(items: Sequence[Item], clipped: set[str]) -> tuple[NDArray[np.bool_], tuple[Attrition, ...], str]:
    """Which items have all that a recommender of three panels needs, and what each want cost."""
    has = {"title": [bool(item.title) for item in items], "plot": [bool(item.plot) for item in items]}
    if clipped:
        has["clip"] = [item.item_id in clipped for item in items]
    mask = np.ones(len(items), bool)
    steps = [Attrition(rule="catalogue", title="All items", items_removed=0, items_left=len(items))]
    for name, held in has.items():
        before = int(mask.sum())
        mask &= np.array(held, bool)
        left = int(mask.sum())
        steps.append(Attrition(rule=name, title=f"With a {name}", items_removed=before - left, items_left=left))
    names = list(has)
    return mask, tuple(steps), f"items that have a {', a '.join(names[:-1])} and a {names[-1]}"


def _kept(
    items: Sequence[Item],
    activity: Activity,
    mask: NDArray[np.bool_],
    judged: NDArray[np.bool_],
    steps: tuple[Attrition, ...],
    rule: str,
    selection: str | None,
    seed: int,
) -> Kept:
    index = np.flatnonzero(judged)
    kept = mask[index]
    chosen = [item for item, is_judged in zip(items, judged.tolist(), strict=True) if is_judged]
    counts = activity.item_counts[index]
    comparisons, genres, languages = _comparisons(chosen, kept, counts, activity, index, seed)
    return Kept(
        selection=selection,
        rule=rule,
        items=len(chosen),
        kept=int(kept.sum()),
        removed=int((~kept).sum()),
        unjudged=len(items) - len(chosen),
        departed=0,
        interactions=int(counts.sum()),
        interactions_kept=int(counts[kept].sum()),
        users=activity.users_of(judged),
        users_kept=activity.users_of(mask),
        steps=steps,
        comparisons=comparisons,
        genres=genres,
        languages=languages,
    )


def _comparisons(
    items: Sequence[Item],
    kept: NDArray[np.bool_],
    counts: NDArray[np.int64],
    activity: Activity,
    index: NDArray[np.int64],
    seed: int,
) -> tuple[tuple[Comparison, ...], tuple[Named, ...], tuple[Named, ...]]:
    if kept.all() or not kept.any():
        return (), (), ()
    a = [item for item, keep in zip(items, kept.tolist(), strict=True) if keep]
    b = [item for item, keep in zip(items, kept.tolist(), strict=True) if not keep]
    # One stream of random numbers each: a comparison that falls away leaves the others as they are.
    draws = [seed * 8 + k for k in range(3)]
    genres, each_genre = compare_names("genres", [i.genres for i in a], [i.genres for i in b], seed=draws[0])
    languages, each_language = compare_names(
        "languages", [i.languages for i in a], [i.languages for i in b], seed=draws[1]
    )
    found = [
        compare_numbers("year", [i.year for i in a], [i.year for i in b], unit="years"),
        compare_groups("decade", [decade_of(i) for i in a], [decade_of(i) for i in b], order=decades_of(items)),
        genres,
        languages,
    ]
    if activity.n:
        logs = np.log10(1 + counts)
        popularity = compare_numbers("popularity", logs[kept].tolist(), logs[~kept].tolist(), unit="powers of ten")
        found.append(replace(popularity, bars=_popularity(counts, kept)))
    if activity.item_ratings.any():
        hits, events = activity.item_positives[index], activity.item_ratings[index].astype(np.float64)
        found.append(compare_shares("share of positive ratings", hits, events, kept, seed=draws[2]))
        means = item_means(activity)[index]
        sides = [[mean if math.isfinite(mean) else None for mean in means[side].tolist()] for side in (kept, ~kept)]
        found.append(compare_numbers("mean rating", sides[0], sides[1], unit="stars"))
    return tuple(found), each_genre, each_language


def _popularity(counts: NDArray[np.int64], kept: NDArray[np.bool_]) -> Bars:
    """Items by how many interactions they have: none, 1–2, 3–9, 10–29, …"""
    first, last = np.searchsorted(np.array(_POPULARITY), [counts.min(), counts.max()], side="right").tolist()
    edges = _POPULARITY[first - 1 : last]
    place = np.searchsorted(np.array(edges), counts, side="right") - 1
    ends = [*edges[1:], _POPULARITY[last]]
    labels = [f"{low:,}" if end - low == 1 else f"{low:,}–{end - 1:,}" for low, end in zip(edges, ends, strict=True)]
    rows = [np.bincount(place[side], minlength=len(edges)).tolist() for side in (kept, ~kept)]
    return Bars(labels=tuple(labels), kept=tuple(rows[0]), removed=tuple(rows[1]))
