"""Subclips: a clip cut into equal parts, on the same borders for whatever is seen and heard in it (audiovisual-cf)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def borders_s(duration_s: float, parts: int) -> npt.NDArray[np.float64]:
    """float64 ``[parts + 1]``, seconds from the clip's first picture; part k is ``borders[k] <= t < borders[k + 1]``.

    ``duration_s`` is that of the whole clip (``reel.probe.duration_s``), so that pictures and sound are cut alike.

    >>> borders_s(10.0, 4)
    array([ 0. ,  2.5,  5. ,  7.5, 10. ])
    """
    return np.linspace(0.0, duration_s, parts + 1)


def members(times_s: npt.NDArray[np.float64], duration_s: float, parts: int) -> list[npt.NDArray[np.int64]]:
    """For each part the places of the times that lie in it; of a part that holds none, the place of the time nearest
    its middle. ``times_s``: float64 ``[n]``, n ≥ 1, not decreasing; what lies past the end belongs to the last part.

    >>> [part.tolist() for part in members(np.array([0.5, 1.5, 9.0]), 10.0, 5)]
    [[0, 1], [1], [1], [2], [2]]
    """
    borders = borders_s(duration_s, parts)
    part = np.clip(np.searchsorted(borders, times_s, side="right") - 1, 0, parts - 1)
    found: list[npt.NDArray[np.int64]] = []
    for k in range(parts):
        inside = np.flatnonzero(part == k)
        if len(inside) == 0:
            inside = np.array([int(np.argmin(np.abs(times_s - (borders[k] + borders[k + 1]) / 2)))])
        found.append(inside)
    return found
