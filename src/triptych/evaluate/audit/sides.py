"""Sides: whether what judges was kept from what learns."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from triptych.catalogue.history import UNTIMED, History
from triptych.evaluate.audit.findings import Finding, few, many
from triptych.evaluate.audit.rows import Ints, beyond, distinct, keys_among, met, pairs, places_among, shared
from triptych.evaluate.record import Fit, Record
from triptych.evaluate.recording import column_codes
from triptych.evaluate.split import GIVEN, SIDES, TEST, TRAIN, VALIDATION, Split

_NAMES = {TRAIN: "training", VALIDATION: "validation", TEST: "test", GIVEN: "given"}
_SIDES = tuple(combinations(_NAMES, 2))
#: What is given are rows of the test's users with the items of the training: so it is meant.
_SHARED = {"users": (TEST, GIVEN), "items": (TRAIN, GIVEN)}


def overlap(record: Record) -> Finding:
    """Pairs on two sides; and items or users, where the split is declared to keep them apart."""
    cure = "Split first, by what is declared to be apart, and make pairs or copies within one side only."
    split = record.split
    found: list[str] = []
    looked: list[str] = []
    if split is not None:
        looked.append(_counted(split))
        found += _rows_on_both(split)
        for unit in ("users", "items"):
            if unit in split.disjoint:
                looked.append(f"{unit} are declared apart")
                found += _ids_on_both(split, unit)
        if record.judged is not None and record.judged.rows is not None:
            judged = keys_among(record.judged.rows, split.history)
            both = shared(distinct(judged), distinct(split.train.keys))
            if len(both):
                found.append(f"{many(len(both), 'judged row')} stand in training, such as {pairs(both, split.history)}")
    if record.pairs is not None:
        looked.append(f"{many(record.pairs.num_rows, 'pair')} of {record.pairs_of}")
        found += _pairs_on_both(record)
    if found:
        return Finding(check="overlap", verdict="fault", evidence=". ".join(found) + ".", cure=cure)
    sides = (TRAIN, VALIDATION, TEST)
    if record.pairs is None and split is not None and sum((split.side == one).any() for one in sides) < 2:
        return _silent("overlap", f"rows on one side alone: {_counted(split)}", "the side of each interaction")
    if not looked:
        return _silent("overlap", "neither interactions with their sides nor pairs", "interactions.parquet")
    return Finding(check="overlap", verdict="clean", evidence=f"Nothing stands on two sides: {'; '.join(looked)}.")


def future(record: Record) -> Finding:
    """Rows learned from that are later than rows that judge."""
    split = record.split
    if split is None:
        return _silent("future", "no interactions", "interactions.parquet with timestamps")
    times, side = split.history.times, split.side
    used = (side == TRAIN) | (side == TEST)
    timed = times != UNTIMED
    train, test = timed & (side == TRAIN), timed & (side == TEST)
    if not train.any() or not test.any():
        return _silent("future", "no times on both sides", "the timestamps of the interactions")
    untimed = int((used & ~timed).sum())
    if split.by_time == "all":
        first = int(times[test].min())
        late = train & (times > first)
        than = f"the earliest row of the test, at {first} s"
    else:
        first_of = np.full(len(split.history.user_ids), np.iinfo(np.int64).max)
        np.minimum.at(first_of, split.history.users[test], times[test])
        late = train & (times > first_of[split.history.users])
        than = "a row of the same user that judges"
    rows = np.flatnonzero(late)
    if split.by_time and len(rows):
        users = few([split.history.user_ids[k] for k in np.flatnonzero(np.bincount(split.history.users[rows]))])
        return Finding(
            check="future",
            verdict="fault",
            evidence=f"{len(rows):,} of {int(train.sum()):,} rows of the training are later than {than}, though the "
            f"split is declared to be by time: of the users {users}.",
            cure="Cut by time before anything else, and learn only from what is before the cut.",
        )
    if untimed and split.by_time:
        return _silent("future", f"no times for {untimed:,} of {int(used.sum()):,} rows", "them, or leave them out")
    if split.by_time:
        return Finding(
            check="future", verdict="clean", evidence=f"No row of the training is later than {than}; {_counted(split)}."
        )
    # What is given of a user is known when something is recommended, as what is learned from is.
    known = train | (timed & (side == GIVEN))
    last_of = np.full(len(split.history.user_ids), -1, np.int64)
    np.maximum.at(last_of, split.history.users[known], times[known])
    early = test & (times < last_of[split.history.users])
    share = early.sum() / max(int(test.sum()), 1)
    return Finding(
        check="future",
        verdict="notice" if early.any() else "clean",
        evidence=f"The split is not by time: of {int(early.sum()):,} of {int(test.sum()):,} rows of the test "
        f"({share:.0%}) a later row of the same user is in training{' or given' if (side == GIVEN).any() else ''}.",
        cure="Where the question is what users do next, split by time." if early.any() else "",
    )


def fitted_on_test(record: Record) -> Finding:
    """Whatever learned from items, users or rows that the test alone has. What is given is the test's."""
    cure = "Fit on the training rows, or on the items that have some, and apply it to the others."
    if record.fits is None:
        return _silent("fitted-on-test", "nothing of what was fitted", "its fits, or an empty list if there are none")
    if not record.fits:
        return Finding(check="fitted-on-test", verdict="clean", evidence="The record declares that nothing was fitted.")
    if record.split is None:
        return _silent("fitted-on-test", "no interactions to hold its fits against", "interactions.parquet")
    faults: list[str] = []
    notices: list[str] = []
    strange: list[str] = []
    for fit in record.fits:
        if not _known(fit, record.split.history):
            strange.append(fit.name)
            continue
        total, seen, held = _beyond_training(fit, record.split)
        noun = "row" if fit.unit == "interactions" else fit.unit[:-1]
        what = f"{fit.name} learned from {many(total, noun)}, of which"
        if seen:
            faults.append(f"{what} {seen} the test has and training has not")
        elif held:
            notices.append(f"{what} {held} the validation has and training has not")
    if faults:
        return Finding(check="fitted-on-test", verdict="fault", evidence=". ".join(faults) + ".", cure=cure)
    if strange:
        return Finding(
            check="fitted-on-test",
            verdict="unknown",
            evidence=f"Nothing that these learned from has an id that any interaction has: {few(strange)}.",
            cure="Have the fits tell the ids of the interactions.",
        )
    if notices:
        return Finding(check="fitted-on-test", verdict="notice", evidence=". ".join(notices) + ".", cure=cure)
    names = few([f"{fit.name} ({len(fit.learned_from):,} {fit.unit})" for fit in record.fits])
    return Finding(
        check="fitted-on-test", verdict="clean", evidence=f"Nothing that the test alone has was learned from: {names}."
    )


def _known(fit: Fit, history: History) -> bool:
    """Whether the interactions know anything of what it learned from; numbers of rows, for example, are no ids."""
    if isinstance(fit.learned_from, History):
        return bool((keys_among(fit.learned_from, history) >= 0).any())
    return not set(fit.learned_from).isdisjoint(history.user_ids if fit.unit == "users" else history.item_ids)


def _beyond_training(fit: Fit, split: Split) -> tuple[int, str, str]:
    """From how many it learned; in words, what of it the test has and training has not; the same of the validation."""
    if isinstance(fit.learned_from, History):
        keys = distinct(keys_among(fit.learned_from, split.history))
        judging = split.history.take(np.isin(split.side, (TEST, GIVEN)))
        train, validation, test = (distinct(part.keys) for part in (split.train, split.validation, judging))
        more = beyond(keys[keys >= 0], train)
        seen, held = shared(more, test), beyond(shared(more, validation), test)

        def rows(keys: Ints) -> str:
            return f"{len(keys):,} ({pairs(keys, split.history)})" if len(keys) else ""

        return len(fit.learned_from), rows(seen), rows(held)
    ids = split.history.user_ids if fit.unit == "users" else split.history.item_ids
    learned = np.zeros(len(ids), bool)
    places = places_among(fit.learned_from, ids)
    learned[places[places >= 0]] = True
    train, validation, test, given = (met(split, fit.unit, side) for side in (TRAIN, VALIDATION, TEST, GIVEN))
    test |= given
    seen = np.flatnonzero(learned & test & ~train)
    held = np.flatnonzero(learned & validation & ~train & ~test)

    def named(places: Ints) -> str:
        return f"{len(places):,} ({few([ids[k] for k in places])})" if len(places) else ""

    return len(fit.learned_from), named(seen), named(held)


def _rows_on_both(split: Split) -> list[str]:
    keys = split.history.keys
    parts = {side: distinct(keys[split.side == side]) for side in _NAMES}
    found: list[str] = []
    for one, other in _SIDES:
        both = shared(parts[one], parts[other])
        if len(both):
            found.append(
                f"{many(len(both), 'pair')} of user and item stand in {_NAMES[one]} and {_NAMES[other]}, such as "
                f"{pairs(both, split.history)}"
            )
    return found


def _ids_on_both(split: Split, unit: str) -> list[str]:
    ids = split.history.user_ids if unit == "users" else split.history.item_ids
    found: list[str] = []
    for one, other in _SIDES:
        if (one, other) == _SHARED[unit]:
            continue
        both = np.flatnonzero(met(split, unit, one) & met(split, unit, other))
        if len(both):
            found.append(
                f"{many(len(both), unit[:-1])} declared apart stand in {_NAMES[one]} and {_NAMES[other]}, such as "
                f"{few([ids[k] for k in both])}"
            )
    return found


def _pairs_on_both(record: Record) -> list[str]:
    """Pairs a–b of a table, where b–a is the same one."""
    assert record.pairs is not None
    sides, names = column_codes(record.pairs, "side")
    (a, a_ids), (b, b_ids) = column_codes(record.pairs, "a"), column_codes(record.pairs, "b")
    ids = sorted({*a_ids, *b_ids})
    a, b = places_among(a_ids, ids)[a], places_among(b_ids, ids)[b]
    keys = np.minimum(a, b) * len(ids) + np.maximum(a, b)
    declared = record.split is not None and record.pairs_of in record.split.disjoint
    found: list[str] = []
    for one, other in _SIDES:
        here, there = (
            np.isin(sides, [k for k, name in enumerate(names) if SIDES.get(name) == s]) for s in (one, other)
        )
        both = shared(distinct(keys[here]), distinct(keys[there]))
        where = f"in {_NAMES[one]} and {_NAMES[other]}"
        if len(both):
            examples = few([f"{ids[key // len(ids)]}–{ids[key % len(ids)]}" for key in both.tolist()])
            found.append(f"{many(len(both), 'pair')} of {record.pairs_of} stand {where}, such as {examples}")
        if declared:
            met_here, met_there = (distinct(np.r_[a[part], b[part]]) for part in (here, there))
            ids_on_both = shared(met_here, met_there)
            if len(ids_on_both):
                what = f"{many(len(ids_on_both), record.pairs_of[:-1])} declared apart"
                found.append(f"{what} stand in pairs {where}, such as {few([ids[k] for k in ids_on_both])}")
    return found


def _counted(split: Split) -> str:
    counts = {name: int((split.side == side).sum()) for side, name in _NAMES.items()}
    return ", ".join(f"{n:,} {name}" for name, n in counts.items() if n or name != _NAMES[GIVEN]) + " rows"


def _silent(check: str, lacks: str, cure: str) -> Finding:
    return Finding(
        check=check, verdict="unknown", evidence=f"The record has {lacks}.", cure=f"Have the record tell {cure}."
    )
