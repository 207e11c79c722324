"""Sampling: which pictures of a clip are looked at. A frozen recipe, so it can be hashed and compared."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """``count`` pictures uniform over the clip, or one each ``every_s`` seconds.

    ``pivot``: the pictures that are ``every_s`` apart are laid out from the clip's middle, before and after it
    (Pingali 2022, candidate frames); else from its beginning.

    ``where``: ``"content"`` leaves out the non-content segments that the first pass finds (two-pass
    sampling, Maes 2025 §3.2.1); ``"all"`` takes the clip as it is; ``"cards"`` takes, of those segments, the ones that
    show writing or an emblem, and of most clips nothing.
    ``short_side_px``: pictures are scaled so that their shorter side is this, aspect kept.
    ``tolerance``: how far from the middle of its slot a picture may be taken, as a share of the slot.
    At .5 any picture of the slot stands for it, so the decoder may take the cheapest: a keyframe where
    there is one. At 0 the picture nearest the middle is decoded, whatever it costs.
    """

    count: int | None = 120
    every_s: float | None = None
    where: str = "content"
    short_side_px: int = 224
    tolerance: float = 0.5
    pivot: bool = False

    def __post_init__(self) -> None:
        if (self.count is None) == (self.every_s is None):
            raise ValueError("a Sampling takes either count or every_s, not both and not neither")
        if self.where not in ("content", "all", "cards"):
            raise ValueError(f"where is {self.where!r}; it may be 'content', 'all' or 'cards'")
        if not 0 <= self.tolerance <= 0.5:
            raise ValueError(f"tolerance is {self.tolerance}; it may be 0 to 0.5 of a slot")
        if self.count is not None and self.count < 1:
            raise ValueError(f"count is {self.count}; it must be at least 1")
        if self.every_s is not None and not self.every_s > 0:
            raise ValueError(f"every_s is {self.every_s}; it must be above 0")
        if self.pivot and (self.every_s is None or self.where != "all"):
            raise ValueError("a Sampling with a pivot takes every_s, and where='all': its middle is that of the clip")
        if self.short_side_px < 1:
            raise ValueError(f"short_side_px is {self.short_side_px}; it must be at least 1")

    def slot_s(self, whole_s: float) -> float:
        """Seconds that one picture stands for in a clip of ``whole_s``."""
        return self.every_s if self.every_s is not None else whole_s / (self.count or 1)


#: The thesis's sampling: 120 pictures over what is left after the non-content segments (Maes 2025 §3.2.1).
TWO_PASS = Sampling()
#: Low-resolution pictures at six a second, each the cheapest of its sixth: the track that cuts and motion are seen on.
TRACK = Sampling(count=None, every_s=1 / 6, where="all", short_side_px=64)
#: The middle frame, and one for each second before and after it (Pingali 2022).
PIVOT = Sampling(count=None, every_s=1.0, where="all", tolerance=0.0, pivot=True)
#: Every 25th frame of a clip of 25 frames a second (Lehmann 2021).
EACH_SECOND = Sampling(count=None, every_s=1.0, where="all", tolerance=0.0)
#: Pictures enough for each of 40 equal subclips of a trailer (audiovisual-cf, which takes every picture).
HALF_SECONDS = Sampling(count=None, every_s=0.5, where="all")
#: What is written on the cards at the ends, large enough to be read.
CARDS = Sampling(count=None, every_s=0.5, where="cards", short_side_px=480)

#: By the names under which they are asked for on the command line.
NAMED = {
    "two-pass": TWO_PASS,
    "track": TRACK,
    "pivot": PIVOT,
    "each-second": EACH_SECOND,
    "half-seconds": HALF_SECONDS,
    "cards": CARDS,
}
