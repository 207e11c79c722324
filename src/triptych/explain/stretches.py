"""Stretches: where two clips, laid along the sides of a matrix of cosines, answer each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
#: From a place to before another.
Run = tuple[int, int]

#: One moment in twenty of the other clip is as like by chance: what is cited is to be more.
CHANCE = 0.95
#: Less than this is no likeness, whatever else there is; and more is as good as the same, however much there is of it.
LEAST, SAME = 0.4, 0.85
#: Diagonals from which the search starts, besides the best of either clip; and how often a stretch is laid anew.
SEEDS, ROUNDS = 8, 6
#: What a moment counts that is no longer there: more than any run can make up for.
GONE = -10.0


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """``one`` and ``other``: moments from a place to before another. ``gain``: see :func:`answering`."""

    one: Run
    other: Run
    gain: float


def chamfer(likeness: F64) -> float:
    """Of cosines ``[n, m]``, ½ (mean of the rows' largest + mean of the columns' largest); 0 of nothing.

    Citation: Kordopatis-Zilos et al. 2019, *ViSiL: Fine-grained Spatio-Temporal Video Similarity Learning*, eq. 6, both
    ways; it is the late interaction of Khattab & Zaharia 2020 as well.

    >>> chamfer(np.array([[1.0, 0.0], [0.0, 0.5]]))
    0.75
    """
    if likeness.size == 0:
        return 0.0
    return float(likeness.max(axis=1).mean() + likeness.max(axis=0).mean()) / 2


def floor_of(likeness: F64, *, least: int) -> float:
    """What a moment's best must be over to speak for a scene: half-way from what chance reaches, the 95th percentile
    of all cosines, to what the best ``least`` moments of either clip reach; between ``LEAST`` and ``SAME``.

    So what is common to all moments, and makes all of them alike, speaks for none.
    """
    tops = [np.sort(likeness.max(axis=axis))[-min(least, likeness.shape[1 - axis])] for axis in (0, 1)]
    return float(np.clip((np.quantile(likeness, CHANCE) + min(tops)) / 2, LEAST, SAME))


def answering(likeness: F64, gone: tuple[Bools, Bools], *, floor: float, least: int) -> Stretch | None:
    """The two stretches, each of ``least`` moments or more, that have most in common:

        gain(a, b) = Σ_{i∈a} (max_{j∈b} c_ij − floor) + Σ_{j∈b} (max_{i∈a} c_ij − floor)

    None where no gain is above 0. No stretch runs through moments that are ``gone``, by rows and columns. It is found
    by laying each side anew while the other stands, from the best runs along the diagonals (the same scene at the same
    pace) and from the best run of either side (whatever the order), so it is the best of some summits, and the best of
    all only as a rule.
    """
    lost = gone[0][:, None] | gone[1]
    gains = np.where(lost, GONE, likeness - floor)
    rows, columns = gains.max(axis=1), gains.max(axis=0)
    least = min(least, *gains.shape)
    starts = diagonals(gains, least=least, count=SEEDS)
    one = best_run(rows, least=least)[1]
    starts.append((one, best_run(gains[slice(*one)].max(axis=0), least=least)[1]))
    other = best_run(columns, least=least)[1]
    starts.append((best_run(gains[:, slice(*other)].max(axis=1), least=least)[1], other))
    found = max((_climbed(gains, start, least) for start in starts), key=lambda stretch: stretch.gain)
    return found if found.gain > 0 else None


def best_run(gains: F64, *, least: int) -> tuple[float, Run]:
    """The run of ``least`` places or more with the largest sum.

    >>> best_run(np.array([-1.0, 2.0, -0.5, 2.0, -3.0]), least=1)
    (3.5, (1, 4))
    """
    sums = np.concatenate([[0.0], np.cumsum(gains)])
    lowest = np.minimum.accumulate(sums)[: len(sums) - least]
    end = int(np.argmax(sums[least:] - lowest)) + least
    start = int(np.argmin(sums[: end - least + 1]))
    return float(sums[end] - sums[start]), (start, end)


def diagonals(gains: F64, *, least: int, count: int) -> list[tuple[Run, Run]]:
    """The best runs along diagonals of ``[n, m]``, best first, none of which lies mostly on one before it."""
    n, m = gains.shape
    # Sheared, every diagonal is a column: (i, j) comes to stand at (i, i + m − 1 − j).
    wide = np.full((n, n + m), GONE)
    wide[:, :m] = gains[:, ::-1]
    columns = wide.ravel()[: n * (n + m - 1)].reshape(n, n + m - 1)
    sums = np.concatenate([np.zeros((1, n + m - 1)), np.cumsum(columns, axis=0)])
    lowest = np.minimum.accumulate(sums, axis=0)[: n + 1 - least]
    best = (sums[least:] - lowest).max(axis=0)
    found: list[tuple[Run, Run]] = []
    for column in np.argsort(-best, kind="stable")[: 8 * count].tolist():
        _, (start, end) = best_run(columns[:, column], least=least)
        shift = m - 1 - column
        if start + shift < 0 or end + shift > m:
            continue
        pair = ((start, end), (start + shift, end + shift))
        if all(shared(pair[0], one) * shared(pair[1], other) < 0.3 for one, other in found):
            found.append(pair)
        if len(found) == count:
            break
    return found


def shared(one: tuple[float, float], other: tuple[float, float]) -> float:
    """What two ranges share, of what they cover together (intersection over union).

    >>> shared((0, 4), (2, 6))
    0.3333333333333333
    """
    both = max(0.0, min(one[1], other[1]) - max(one[0], other[0]))
    return both / max((one[1] - one[0]) + (other[1] - other[0]) - both, 1e-12)


def _climbed(gains: F64, start: tuple[Run, Run], least: int) -> Stretch:
    """From there upwards, as long as laying both sides anew gains anything."""
    one, other = start
    gain = _gain(gains, one, other)
    for _ in range(ROUNDS):
        _, anew = best_run(gains[:, slice(*other)].max(axis=1), least=least)
        _, answer = best_run(gains[slice(*anew)].max(axis=0), least=least)
        more = _gain(gains, anew, answer)
        if more <= gain + 1e-9:
            break
        one, other, gain = anew, answer, more
    return Stretch(one=one, other=other, gain=gain)


def _gain(gains: F64, one: Run, other: Run) -> float:
    part = gains[slice(*one), slice(*other)]
    return float(part.max(axis=1).sum() + part.max(axis=0).sum())
