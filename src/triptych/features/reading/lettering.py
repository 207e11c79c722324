"""Lettering: what is written on the cards of a clip, line by line, and what kind of line each is.

The sampler finds the cards (logos, titles, credits, rating boards) at both ends of a clip; a card that stands for
seconds is read once, where it stands clearest.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt

from triptych.features.reading import recogniser
from triptych.media.card import blocks, likeness
from triptych.media.reel import Frames, Reel
from triptych.media.sampling import CARDS, Sampling

#: Pictures more alike than this are of one card; both ends of a fade are.
SAME_CARD = 0.95
#: Short side of the pictures in which cards are compared, in blocks: fine enough to tell two texts apart.
COMPARED_BLOCKS = 64
#: Cards read of one clip, evenly spread where there are more: rolling credits are a new card each half second.
MOST_CARDS = 24
#: A line read less surely than this is none.
LEAST_SURE = 0.6
#: Two lines that agree in so much of their letters are one line, read twice.
SAME_LINE = 0.8
#: Changed whenever the rules find other lines or kinds; the patterns speak for themselves.
RULES = 1
PARAMS: dict[str, Any] = {
    **recogniser.PARAMS,
    "same_card": SAME_CARD,
    "compared_blocks": COMPARED_BLOCKS,
    "most_cards": MOST_CARDS,
    "least_sure": LEAST_SURE,
    "same_line": SAME_LINE,
}

#: What a line is, by what stands in it; the first that fits. A tagline is what is left and long enough.
KINDS = ("date", "rating", "credit", "address", "tagline", "other")
_MONTHS = "january|february|march|april|may|june|july|august|september|october|november|december"
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "rating",
        re.compile(
            r"\b(rated|preview has been approved|appropriate audiences|all audiences|motion picture association|"
            r"parental guidance|parents strongly cautioned|restricted|not yet rated|under 17|bbfc|fsk)\b"
        ),
    ),
    (
        "date",
        re.compile(
            rf"\b(coming soon|in theat(er|re)s|in cinemas|only in theat|only in cinemas|now playing|opens|"
            rf"this (spring|summer|fall|autumn|winter|christmas|weekend)|"
            rf"(spring|summer|fall|autumn|winter|christmas|holiday) (19|20)\d\d|"
            rf"({_MONTHS}) \d{{1,2}}(st|nd|rd|th)?|\d{{1,2}}(st|nd|rd|th)? ({_MONTHS})|({_MONTHS}) (19|20)\d\d)\b"
        ),
    ),
    ("address", re.compile(r"(www\.|https?:|\.(com|net|org|tv|film|movie|co\.uk|de|fr)\b)")),
    (
        "credit",
        re.compile(
            r"\b(directed|produced|written|edited|music|casting|screenplay|story|based on|photography|costumes?|"
            r"starring|presents?|a film by|production|productions|pictures|studios?|films|entertainment|sound|"
            r"visual ?effects|director|producer|editor|executive)\b"
        ),
    ),
)
#: Words from which a line that is nothing else may be a tagline.
TAGLINE_WORDS = 3


@dataclass(frozen=True, kw_only=True)
class Line:
    """``at_s``: when it was read, in seconds from the clip's first picture. ``sure``: 0…1. ``high``: as a share of the
    picture's height. ``kind``: one of :data:`KINDS`."""

    text: str
    at_s: float
    sure: float
    high: float
    kind: str


@dataclass(frozen=True, kw_only=True)
class Lettering:
    """``cards``: how many were looked at. ``seconds``: for how long there were cards. ``left``: cards not read."""

    cards: int
    seconds: float
    lines: tuple[Line, ...]
    left: int = 0


def lettering_of(reel: Reel, sampling: Sampling = CARDS) -> Lettering | None:
    """What is written on the cards of a reel; None when it has no pictures. To be asked for through ``reel.once``."""
    frames = reel.frames_of(sampling)
    if frames is None:
        return None
    seconds = sum(span.end_s - span.start_s for span in reel.rejected if span.reason in ("card", "text"))
    chosen = clearest(frames)
    kept = chosen
    if len(chosen) > MOST_CARDS:
        kept = [chosen[place] for place in _evenly(len(chosen), MOST_CARDS)]
    lines = [
        Line(text=read.text, at_s=float(frames.times_s[k]), sure=read.sure, high=read.high, kind=kind_of(read.text))
        for k in kept
        for read in recogniser.load().lines(frames.rgb[k])
        if read.sure >= LEAST_SURE
    ]
    return Lettering(cards=len(chosen), seconds=seconds, lines=tuple(once(lines)), left=len(chosen) - len(kept))


def _evenly(count: int, most: int) -> list[int]:
    places: list[int] = np.linspace(0, count - 1, most).round().astype(np.int64).tolist()
    return places


def clearest(frames: Frames) -> list[int]:
    """One picture of each card: of a run of pictures that show the same the one of most contrast."""
    chosen: list[int] = []
    before: npt.NDArray[np.float32] | None = None
    best = 0.0
    for k in range(len(frames)):
        grey = cast(npt.NDArray[np.uint8], cv2.cvtColor(frames.rgb[k], cv2.COLOR_RGB2GRAY))
        small = blocks(grey, COMPARED_BLOCKS)
        contrast = float(small.std())
        if before is None or likeness(before, small) < SAME_CARD:
            chosen.append(k)
            best = contrast
        elif contrast > best:
            chosen[-1], best = k, contrast
        before = small
    return chosen


def once(lines: Sequence[Line]) -> list[Line]:
    """Each line once, as it was read most surely, in the order of its first reading."""
    kept: list[Line] = []
    for line in lines:
        letters = _letters(line.text)
        for k, other in enumerate(kept):
            if alike(letters, _letters(other.text)):
                if line.sure > other.sure:
                    kept[k] = line
                break
        else:
            kept.append(line)
    return kept


def alike(one: str, other: str) -> bool:
    """Whether two lines, of letters alone, are one line read twice."""
    if one == other:
        return True
    if not one or not other or min(len(one), len(other)) < SAME_LINE * max(len(one), len(other)):
        return False
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= SAME_LINE


def kind_of(text: str) -> str:
    """What a line is.

    >>> [kind_of(t) for t in ("IN THEATERS JULY 16", "Directed by", "www.fog.com", "Some secrets never sleep")]
    ['date', 'credit', 'address', 'tagline']
    """
    plain = " ".join(text.casefold().split())
    for kind, pattern in _PATTERNS:
        if pattern.search(plain):
            return kind
    return "tagline" if len(plain.split()) >= TAGLINE_WORDS else "other"


def _letters(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())
