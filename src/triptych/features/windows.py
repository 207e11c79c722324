"""Windows: a sequence of vectors as short overlapping stretches, which recurrent networks are trained on."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from triptych.errors import UsageError

N = TypeVar("N", bound=np.generic)


def windows(values: npt.NDArray[N], *, length: int, stride: int) -> tuple[npt.NDArray[N], npt.NDArray[np.int64]]:
    """``[t, d]`` → a view ``[s, length, d]`` of it that cannot be written to, and int64 ``[s]``: where each begins.

    Window k holds the rows ``k * stride`` to ``k * stride + length - 1``; Lehmann 2021 takes 10 or 20 pictures, one a
    second, and moves on by 5. The times of the k-th are ``times_s[starts[k] : starts[k] + length]``.

    Only whole windows are given: rows after the last of them are in none, and a sequence that is shorter than
    ``length`` gives none at all. Filling up would be guessing; who needs one window at least takes a shorter one, or
    masks the item.

    >>> view, starts = windows(np.arange(12.0).reshape(6, 2), length=3, stride=2)
    >>> view.shape, starts.tolist(), view[1, 0].tolist()
    ((2, 3, 2), [0, 2], [4.0, 5.0])
    """
    if values.ndim != 2:
        raise UsageError(f"windows are taken of a sequence [t, d]; this is of shape {list(values.shape)}.")
    if length < 1 or stride < 1:
        raise UsageError(f"length is {length} and stride is {stride}; both must be at least 1.")
    starts = np.arange(0, len(values) - length + 1, stride, dtype=np.int64)
    if len(starts) == 0:
        return values[:0].reshape(0, 1, values.shape[1]).repeat(length, axis=1), starts
    view: npt.NDArray[Any] = np.lib.stride_tricks.sliding_window_view(values, length, axis=0)
    return view[::stride].transpose(0, 2, 1), starts
