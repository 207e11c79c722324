"""Cuts: a history parted by time into what was past and what came later, so that a ranker can learn what comes next.

By *user*, the later rows are the last few of each user: whoever was asked then knew of others what came since. By
*all*, one moment parts the rows of everybody, as it does on the day that a catalogue is served. Several cuts one behind
the other teach more than one; the first of them is the latest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from triptych.catalogue.history import UNTIMED, History
from triptych.errors import UsageError
from triptych.models import lot
from triptych.models.settings import one_of
from triptych.models.turn import turns

LATER = ("user", "all")


@dataclass(frozen=True, kw_only=True, eq=False)
class Cut:
    """``past``: all that may be learned from; ``later``: what came next, and what is to be ranked high. No user has a
    row in ``later`` that is earlier than one in ``past``."""

    past: History
    later: History


def cuts(
    history: History, *, later: str, count: int, rows: int = 5, share: float = 0.1, seed: int = 0
) -> tuple[Cut, ...]:
    """``count`` cuts, the latest first, each before the one that came before it in this list; fewer where the history
    has no more, and UsageError where it has not one.

    By "user" ``rows`` of each user are later, and users with no more rows than that are left out of it; rows of one
    moment go by lot. By "all", about ``share`` of all rows are later, those of one moment together.
    """
    one_of("way of cutting a history by time", later, LATER)
    if len(history) and (absent := int((history.times == UNTIMED).sum())):
        raise UsageError(
            f"{absent:,} of {len(history):,} rows have no time, so that none is past or later; leave them out, or "
            "recommend by one of the sources alone."
        )
    found = _by_user(history, count, rows, seed) if later == "user" else _by_moment(history, count, share)
    if not found:
        raise UsageError(
            f"a history of {len(history):,} rows cannot be cut into past and later; it needs users with more than "
            f"{rows} rows, or rows of several moments."
        )
    return tuple(found)


def _by_user(history: History, count: int, rows: int, seed: int) -> list[Cut]:
    keys = lot.drawn(
        lot.keys(history.user_ids, "cuts")[history.users], lot.keys(history.item_ids, "cuts")[history.items], seed=seed
    )
    place = turns(keys, -history.times, history.users)
    found: list[Cut] = []
    for k in range(count):
        past = place >= rows * (k + 1)
        known = np.bincount(history.users[past], minlength=len(history.user_ids)) > 0
        late = (place >= rows * k) & ~past & known[history.users]
        if late.any():
            found.append(Cut(past=history.take(past), later=history.take(late)))
    return found


def _by_moment(history: History, count: int, share: float) -> list[Cut]:
    if not 0 < share < 1:
        raise UsageError(f"share is {share:g}; it is a share of all rows, above 0 and below 1.")
    times = np.sort(history.times)
    found: list[Cut] = []
    end = np.inf
    for k in range(count):
        at = len(times) - round(len(times) * share * (k + 1))
        if not 0 < at < len(times) or not times[0] < times[at] < end:
            continue
        moment = times[at]
        late = (history.times >= moment) & (history.times < end)
        found.append(Cut(past=history.take(history.times < moment), later=history.take(late)))
        end = moment
    return found
