"""Paths: how the embedding of a trailer moves while it plays, in the plane in which all trailers vary most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.errors import UnknownName
from triptych.models.trailer_net.sequences import Windows


def paths(
    vectors: npt.NDArray[np.float32], windows: Windows, *, item_ids: Sequence[str], shown: Sequence[str]
) -> dict[str, Any]:
    """As JSON has it: ``explained``, the shares of variance of the two axes, and ``items``: of each that is shown its
    windows in order, ``[start_s, x, y]`` (Lehmann 2021, figure 9).

    ``vectors``: float32 ``[s, d]``, those of the windows. The axes are the first two principal components of all
    windows, not of those that are shown, so that two figures of one network can be laid over each other. The greatest
    loading of an axis is positive.
    """
    place = {item_id: k for k, item_id in enumerate(item_ids)}
    for item_id in shown:
        if item_id not in place:
            raise UnknownName("item to show the path of", item_id, item_ids)
    wide = vectors.astype(np.float64)
    middle = wide - wide.mean(axis=0)
    spread, axes = np.linalg.eigh(middle.T @ middle)
    plane = axes[:, ::-1][:, :2]
    plane = plane * np.sign(plane[np.abs(plane).argmax(axis=0), np.arange(plane.shape[1])])
    points = middle @ plane
    found: dict[str, list[list[float]]] = {}
    for item_id in shown:
        own = np.flatnonzero(windows.items == place[item_id])
        rows = np.column_stack([windows.starts_s[own], points[own]])
        found[item_id] = rows.round(6).tolist()
    shares = np.maximum(spread[::-1][:2], 0) / max(float(np.maximum(spread, 0).sum()), 1e-300)
    return {"explained": shares.round(6).tolist(), "items": found}
