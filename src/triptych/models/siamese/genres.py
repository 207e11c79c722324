"""Genres: how much of theirs two items have in common, of many pairs at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

#: A bit for each genre, in as many words as that takes: uint64 ``[items, ⌈genres / 64⌉]``.
Words = npt.NDArray[np.uint64]


def jaccard(genres: npt.NDArray[Any], a: npt.NDArray[Any], b: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """float32 ``[n]``: \\|G₁ ∩ G₂\\| / \\|G₁ ∪ G₂\\| of the genres of items ``a[k]`` and ``b[k]`` (Eq. 4.1); 0 if both
    have none. ``a`` and ``b`` broadcast."""
    common, any_of = overlap(words_of(genres), a, b)
    return ratio(common, any_of).astype(np.float32)


def words_of(genres: npt.NDArray[Any]) -> Words:
    """Of ``[items, genres]``, anything but 0 where an item is of one."""
    bits = np.packbits(genres != 0, axis=1)
    padded = np.zeros((len(bits), max(-(-bits.shape[1] // 8), 1) * 8), np.uint8)
    padded[:, : bits.shape[1]] = bits
    return padded.view(np.uint64)


def overlap(of: Words, a: npt.NDArray[Any], b: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """How many genres items have in common, and how many either has."""
    common: Any = 0
    any_of: Any = 0
    for word in of.T:
        mine, other = word[a], word[b]
        common = common + np.bitwise_count(mine & other).astype(np.int32)
        any_of = any_of + np.bitwise_count(mine | other).astype(np.int32)
    return common, any_of


def ratio(common: npt.NDArray[Any], any_of: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    return common / np.maximum(any_of, 1)
