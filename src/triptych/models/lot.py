"""Lot: what is decided at random. A draw hangs on a seed and on ids alone, never on an order or on a batch."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]


def keys(ids: Iterable[str], purpose: str = "") -> U64:
    """uint64 ``[n]``: a number for each id, the same whatever else there is.

    Each ``purpose`` (of 16 letters at most) has other ones: of two things drawn by one seed for the same ids, neither
    may follow from the other.
    """
    person = purpose.encode()
    digests = b"".join(hashlib.blake2b(one.encode(), digest_size=8, person=person).digest() for one in ids)
    return np.frombuffer(digests, "<u8").astype(np.uint64)


def scattered(keys: U64, seed: int) -> U64:
    """Each key scattered over all 64 bits, otherwise for each seed: SplitMix64's finaliser (Steele et al. 2014)."""
    mixed = keys + np.uint64((0x9E3779B97F4A7C15 * (seed + 1)) % 2**64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def drawn(left: U64, right: U64, *, seed: int) -> U64:
    """A lot for each pair of keys, which broadcast. Of equals, the one with the smaller lot goes first."""
    return scattered(scattered(left, seed) ^ right, seed)


def some(places: I64, ids: Sequence[str], most: int, *, purpose: str, seed: int) -> I64:
    """Of ``places`` in ``ids``, which rise, at most so many, drawn by the lots of their ids where there are more."""
    if len(places) <= most:
        return places
    which: list[int] = places.tolist()
    lots = scattered(keys([ids[k] for k in which], purpose), seed)
    return np.sort(places[np.argsort(lots, kind="stable")[:most]])


def fractions(lots: U64) -> npt.NDArray[np.float32]:
    """From 0 to below 1, in steps of 2⁻²⁴, as many as float32 tells apart."""
    return (lots >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-24)
