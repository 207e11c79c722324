"""Judging: whether all that was to be judged was, and against everything."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from triptych.catalogue.history import History
from triptych.errors import UsageError
from triptych.evaluate.audit.findings import Finding, few, many
from triptych.evaluate.audit.rows import among, distinct, keys_among, met, pairs, places_among
from triptych.evaluate.record import COUNTED, Record, Terms
from triptych.evaluate.recording import column_codes, history_of, numbers_of
from triptych.evaluate.split import TRAIN, UNUSED, Split

_CURE = "Judge every row of the test; what a model cannot score gets its mean, or the end of the list, and counts."


def dropped_cold(record: Record) -> Finding:
    """Rows, users or items of the test that were not judged, and how many of them are cold."""
    check = "dropped-cold"
    judged, split = record.judged, record.split
    rows = judged.rows if judged is not None else None
    if rows is None and record.predictions is not None:
        rows = history_of(record.predictions, "the predictions")
    expected = _expected(record)
    if rows is not None and expected is not None and split is not None:
        return _by_rows(rows, expected, split)
    if judged is not None and judged.evaluated:
        return _by_counts(record, expected)
    if record.lists is not None and "user_id" in record.lists.column_names and expected is not None:
        return _by_lists(record, expected)
    return Finding(
        check=check,
        verdict="unknown",
        evidence="The record does not tell what of the test was judged.",
        cure="Have it tell the judged rows, or how many were expected and evaluated.",
    )


def sampled(record: Record) -> Finding:
    """Ranking among a sample, which puts models in another order than ranking among all does.

    (Krichene and Rendle 2020, *On sampled metrics for item recommendation*.)
    """
    check, cure = "sampled", "Rank every item that the user has not in training; it is one product of matrices."
    terms = record.protocol
    if terms is None:
        return Finding(
            check=check,
            verdict="unknown",
            evidence="The record does not tell on which terms it was judged.",
            cure="Have it tell its protocol.",
        )
    if not isinstance(terms.candidates, str):
        evidence = f"Each was ranked among {many(terms.candidates, 'sampled item')}."
        return Finding(check=check, verdict="fault", evidence=evidence, cure=cure)
    if terms.kind == "rating-prediction":
        return Finding(check=check, verdict="clean", evidence="Values are predicted; nothing is ranked.")
    if not terms.candidates:
        return Finding(
            check=check,
            verdict="unknown",
            evidence="The record does not tell which items are ranked.",
            cure="Have its protocol tell the candidates.",
        )
    if record.candidates is None or record.split is None:
        evidence = f"By its own word it ranks {terms.candidates} items; it does not count the candidates of each."
        return Finding(check=check, verdict="clean", evidence=evidence)
    fewer, least, ids = _fewer(record, record.split, terms)
    if fewer.any():
        worst = int(np.argmax(np.where(fewer, least[0] - least[1], -1)))
        evidence = (
            f"It says that {terms.candidates} items are ranked, and of {int(fewer.sum()):,} of {len(fewer):,} lists "
            f"they were fewer, such as {least[1][worst]:,} of {least[0][worst]:,} for {ids[worst]}."
        )
        return Finding(check=check, verdict="fault", evidence=evidence, cure=cure)
    evidence = (
        f"{many(len(fewer), 'list')} were each ranked among {least[1].min(initial=0):,} items or more, none left out."
    )
    return Finding(check=check, verdict="clean", evidence=evidence)


def _fewer(
    record: Record, split: Split, terms: Terms
) -> tuple[npt.NDArray[np.bool_], tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]], list[str]]:
    """Of each list whether it was ranked among fewer than there are, the numbers of both, and whose it is.

    At least those there are: items with a row on any side, less all that the user has rows of.
    """
    assert record.candidates is not None
    known = split.history.take(split.side != UNUSED)
    warm = met(split, "items", TRAIN)
    chosen = {"all": known.item_counts > 0, "warm": warm, "cold": (known.item_counts > 0) & ~warm}[
        str(terms.candidates)
    ]
    unit = "user_id" if "user_id" in record.candidates.column_names else "item_id"
    codes, names = column_codes(record.candidates, unit)
    numbers = numbers_of(record.candidates["candidates"])
    if not np.isfinite(numbers).all():
        raise UsageError("candidates.parquet does not tell of each list among how many items it was ranked.")
    counts = numbers.astype(np.int64)
    there = np.full(len(names), int(chosen.sum()) - 1)  # an item is not its own neighbour
    if unit == "user_id":
        mine = known.take(chosen[known.items])
        places = places_among(names, known.user_ids)
        there = int(chosen.sum()) - np.where(places < 0, 0, mine.user_counts[places])
    there = there[codes]
    return counts < there, (there, counts), [names[k] for k in codes]


def _expected(record: Record) -> History | None:
    """The rows that there were to judge; None where the protocol has rules of its own, or likes need values."""
    terms = record.protocol
    if record.split is None or (terms is not None and terms.kind == "item-based"):
        return None
    if terms is None or terms.like is None:
        return record.split.test
    return record.split.test.liked(terms.like) if record.valued else None


def _by_rows(rows: History, expected: History, split: Split) -> Finding:
    judged = distinct(keys_among(rows, expected))
    missing = expected.take(~among(expected.keys, judged))
    if not len(missing):
        evidence = (
            f"All {many(len(expected), 'row')} of the test were judged, {_cold(split, expected).sum():,} of them cold."
        )
        return Finding(check="dropped-cold", verdict="clean", evidence=evidence)
    cold = _cold(split, missing)
    shown = missing.take(cold) if cold.any() else missing
    evidence = (
        f"{len(missing):,} of {len(expected):,} rows of the test were not judged; {int(cold.sum()):,} of them "
        f"are cold, such as {pairs(shown.keys, shown)}."
    )
    if len(rows) and not (judged >= 0).any():
        evidence += (
            f" What was judged, as {rows.user_ids[rows.users[0]]}–{rows.item_ids[rows.items[0]]}, has ids that no "
            "interaction has."
        )
    return Finding(check="dropped-cold", verdict="fault" if cold.any() else "notice", evidence=evidence, cure=_CURE)


def _by_counts(record: Record, expected: History | None) -> Finding:
    judged, split = record.judged, record.split
    assert judged is not None
    missing: list[str] = []
    looked: list[str] = []
    cold_there = split is None
    for unit in COUNTED:
        if unit not in judged.evaluated:
            continue
        evaluated = judged.evaluated[unit]
        # What is dropped before it is counted is missed only by those who have the test itself.
        there = max(judged.expected.get(unit, 0), _count(expected, unit) if expected is not None else 0)
        looked.append(f"{evaluated:,} of {there:,} {unit}")
        if evaluated >= there:
            continue
        told = f"{there - evaluated:,} of {there:,} {unit} of the test were not judged"
        if split is not None:
            cold = _count_cold(split, expected if expected is not None else split.test, unit)
            cold_there |= cold > 0
            told += f", and {cold:,} {unit} there are cold"
        missing.append(told)
    if missing:
        verdict = "fault" if cold_there else "notice"
        return Finding(check="dropped-cold", verdict=verdict, evidence=". ".join(missing) + ".", cure=_CURE)
    return Finding(check="dropped-cold", verdict="clean", evidence=f"Judged were {', '.join(looked)}.")


def _by_lists(record: Record, expected: History) -> Finding:
    assert record.lists is not None
    assert record.split is not None
    _, listed = column_codes(record.lists, "user_id")
    there = np.flatnonzero(expected.user_counts > 0)
    absent = there[~np.isin(there, places_among(listed, expected.user_ids))]
    if not len(absent):
        evidence = f"All {many(len(there), 'user')} of the test have lists; which rows were judged is not told."
        return Finding(check="dropped-cold", verdict="clean", evidence=evidence)
    cold = record.split.cold_users[absent]
    evidence = (
        f"{len(absent):,} of {len(there):,} users of the test have no list; {int(cold.sum()):,} of them are cold: "
        f"{few([expected.user_ids[k] for k in absent])}."
    )
    return Finding(check="dropped-cold", verdict="fault" if cold.any() else "notice", evidence=evidence, cure=_CURE)


def _cold(split: Split, rows: History) -> npt.NDArray[np.bool_]:
    """bool ``[rows]``: of which nothing is learned of the user or of the item."""
    return split.cold_users[rows.users] | split.cold_items[rows.items]


def _count(rows: History, unit: str) -> int:
    return len(rows) if unit == "rows" else int(((rows.user_counts if unit == "users" else rows.item_counts) > 0).sum())


def _count_cold(split: Split, rows: History, unit: str) -> int:
    if unit == "rows":
        return int(_cold(split, rows).sum())
    if unit == "items":
        return int((split.cold_items & (rows.item_counts > 0)).sum())
    # A user has no row left to be judged by where all of them are cold.
    left = rows.take(~_cold(split, rows))
    return int(((rows.user_counts > 0) & (left.user_counts == 0)).sum())
