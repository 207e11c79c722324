"""Hashes: the fingerprints of a whole catalogue, column by column, and which clips may have some in common.

Clips with a hash in common are found by sorting, not by comparing all with all: a few bits of each hash are a key,
several such choices of bits are several tables, and two clips of which one key of one table is equal may be alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from triptych.curation.alignment import Track
from triptych.features.bits import Words, words
from triptych.features.feature import Presence
from triptych.features.recipe import Recipe
from triptych.features.store import FeatureStore

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]

#: In a run of clips with one key, each is paired with so many that follow: a studio's logo in a thousand trailers
#: makes thousands of pairs to look at and not half a million, and a film in fifty files still hangs together.
NEIGHBOURS = 8
#: Of each clip no more pairs than this are looked at, those with most keys in common first.
PARTNERS = 16
#: More hashes than this, and only those whose own value says so are looked up: the same ones in every clip.
MOST_HASHES = 4_000_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Hashes:
    """``words``: uint16 ``[n, w]``, ``times_s``: float64 ``[n]``; clip k has the rows ``starts[k]`` to ``starts[k+1]``.

    A clip that is masked, or was never measured, has no rows; ``presence`` says which, None for never.
    """

    item_ids: tuple[str, ...]
    words: Words
    times_s: npt.NDArray[np.float64]
    starts: I64
    presence: tuple[Presence | None, ...]

    @classmethod
    def read(cls, store: FeatureStore, recipe: Recipe, item_ids: Sequence[str]) -> Hashes:
        """The sequences of these items, in this order."""
        held: dict[str, Track | Presence | None] = dict.fromkeys(item_ids)
        for row in store.rows(recipe):
            if row.item_id in held:
                held[row.item_id] = row.presence
                if row.values is not None and row.times_s is not None:
                    held[row.item_id] = Track(words=words(row.values), times_s=row.times_s)
        return cls.of(held)

    @classmethod
    def of(cls, held: dict[str, Track | Presence | None]) -> Hashes:
        """From each clip's own hashes, or what there is instead."""
        tracks = [track for track in held.values() if isinstance(track, Track)]
        lengths = [len(track) if isinstance(track, Track) else 0 for track in held.values()]
        return cls(
            item_ids=tuple(held),
            words=np.concatenate([track.words for track in tracks]) if tracks else np.zeros((0, 1), np.uint16),
            times_s=np.concatenate([track.times_s for track in tracks]) if tracks else np.zeros(0),
            starts=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            presence=tuple(Presence.PRESENT if isinstance(one, Track) else one for one in held.values()),
        )

    def track(self, clip: int) -> Track:
        rows = slice(int(self.starts[clip]), int(self.starts[clip + 1]))
        return Track(words=self.words[rows], times_s=self.times_s[rows])


def candidates(hashes: Hashes, tables: Sequence[Sequence[int]], *, votes: int = 1, bin_s: float = 0.0) -> I64:
    """Pairs of clips, int64 ``[p, 2]`` with the lesser first, that have ``votes`` keys in common.

    ``tables`` name the bits of each key, 32 at most. With ``bin_s`` the keys must agree about the offset between the
    two clips as well, to that many seconds: by chance two long sounds have keys in common, but at no one offset.
    """
    if not len(hashes.words):
        return np.zeros((0, 2), np.int64)
    clips = np.repeat(np.arange(len(hashes.item_ids), dtype=np.int64), np.diff(hashes.starts))
    packed, times_s = hashes.words, hashes.times_s
    if len(packed) > MOST_HASHES:
        told = _mixed(packed) % np.uint64(-(-len(packed) // MOST_HASHES)) == 0
        packed, times_s, clips = packed[told], times_s[told], clips[told]
    seen = [_meetings(_keys(packed, bits), clips, times_s, bin_s) for bits in tables]
    each, count = np.unique(np.concatenate(seen), return_counts=True)
    each, count = each[count >= votes], count[count >= votes]
    pairs, first = np.unique(each >> np.uint64(16), return_index=True)
    strength = np.maximum.reduceat(count, first) if len(pairs) else count
    found = np.stack([(pairs >> np.uint64(24)), pairs & np.uint64((1 << 24) - 1)], axis=1).astype(np.int64)
    return found[_strongest(found, strength)]


def _keys(packed: Words, bits: Sequence[int]) -> U64:
    """The chosen bits of each hash as one number."""
    keys = np.zeros(len(packed), np.uint64)
    for word in sorted({bit // 16 for bit in bits}):
        chosen = [bit % 16 for bit in bits if bit // 16 == word]
        mask = np.uint16(sum(1 << place for place in chosen))
        keys = (keys << np.uint64(16)) | (packed[:, word] & mask).astype(np.uint64)
    return keys


def _meetings(keys: U64, clips: I64, times_s: npt.NDArray[np.float64], bin_s: float) -> U64:
    """One number for each two clips with a key in common: both clips, 24 bits each, and the offset's bin, 16."""
    order = np.lexsort((clips, keys))
    keys, clips, times_s = keys[order], clips[order], times_s[order]
    # A still is one key many times over; its first time is enough.
    fresh = np.ones(len(keys), bool)
    fresh[1:] = (keys[1:] != keys[:-1]) | (clips[1:] != clips[:-1])
    keys, clips, times_s = keys[fresh], clips[fresh], times_s[fresh]
    met: list[U64] = [np.zeros(0, np.uint64)]
    for step in range(1, NEIGHBOURS + 1):
        [rows] = np.nonzero(keys[step:] == keys[:-step])
        if not len(rows):
            break
        pair = (clips[rows].astype(np.uint64) << np.uint64(24)) | clips[rows + step].astype(np.uint64)
        offset = np.zeros(len(rows), np.uint64)
        if bin_s:
            bins = np.floor((times_s[rows + step] - times_s[rows]) / bin_s) % (1 << 16)
            offset = bins.astype(np.uint64)
        met.append((pair << np.uint64(16)) | offset)
    return np.concatenate(met)


def _mixed(packed: Words) -> U64:
    """A number that hangs on all bits of a hash and is even over its range (Fibonacci hashing, Knuth 1973)."""
    mixed = np.zeros(len(packed), np.uint64)
    for word in range(packed.shape[1]):
        mixed = (mixed ^ packed[:, word].astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
    return mixed >> np.uint64(32)


def _strongest(pairs: I64, strength: I64) -> I64:
    """Which pairs are among the ``PARTNERS`` strongest of either of their clips, in the order in which they stand."""
    kept = np.zeros(len(pairs), bool)
    for side in (0, 1):
        order = np.lexsort((-strength, pairs[:, side]))
        owner: I64 = pairs[order, side]
        first: I64 = np.searchsorted(owner, owner).astype(np.int64)
        place = np.arange(len(owner), dtype=np.int64) - first
        kept[order[place < PARTNERS]] = True
    return np.flatnonzero(kept)
