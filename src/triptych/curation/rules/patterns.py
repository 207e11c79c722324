"""Patterns: named sets of expressions by which titles give away what is no trailer.

The expressions are those of Rust's regex crate, matched in time linear in the text, whatever the expression; it has no
look-around, so what a pattern should pass over is blanked out before it is tried.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from triptych.errors import UsageError

#: Characters of a text that are looked at. A title is shorter; a runaway quotation mark is not.
LONGEST = 1000


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """``says`` is what gives it away, unless it is part of what ``spares`` match; ``fits`` has the last word."""

    says: str
    spares: str = ""
    fits: Callable[[str], bool] | None = None


@dataclass(frozen=True, kw_only=True)
class PatternSet:
    """Patterns for one thing that is wrong; ``issue`` names it, in the plural."""

    issue: str
    patterns: tuple[Pattern, ...]


def counted(text: str) -> bool:
    """Whether the two numbers of "3 of 12" can be a part and the number of parts.

    >>> counted("3/12"), counted("12/3"), counted("part 1 of 1"), counted("50/50"), counted("part one of three")
    (True, False, False, False, True)
    """
    numbers = [int(digits) for digits in re.findall(r"\d+", text)]
    if len(numbers) < 2:
        return True  # in words
    part, parts = numbers[:2]  # a year may follow
    return 1 <= part <= parts and parts >= 2 and not part == parts >= 20


_NUMBER = r"(?:\d{1,3}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
_PART = r"(?:parts?|pt|vol|volume|clip|teil|parte|partie|deel|часть)"
_OF = r"(?:of|out\s+of|von|de|di|sur|van|из|/|\\)"
_FULL = r"(?:full|complete|entire|whole)"
_GAP = r"[\s_.\-]*"

SETS: Mapping[str, PatternSet] = {
    "parts": PatternSet(
        issue="Parts of a longer video",
        patterns=(
            Pattern(says=rf"(?i)\b{_PART}[\s.#:\-]*{_NUMBER}\s*{_OF}\s*{_NUMBER}\b", fits=counted),
            Pattern(
                says=r"(?i)[(\[{]\s*\d{1,2}\s*(?:of|/)\s*\d{1,2}\s*[)\]}]",
                spares=r"[(\[{]\s*9\s*/\s*11\s*[)\]}]",
                fits=counted,
            ),
            # Without a word or brackets only at the end, and not what is a date or a fraction: 9/11, 8 1/2.
            Pattern(
                says=r"(?i)(?:^|[\s\-–—:|,])\d{1,2}\s*(?:/|of)\s*\d{1,2}\s*(?:[(\[](?:18|19|20)\d\d[)\]]\s*)?$",
                spares=r"\d{1,4}\s*/\s*\d{1,2}\s*/\s*\d{1,4}|\b9\s*/\s*11\b|\b7\s*/\s*7\b|\d\s+\d{1,2}\s*/\s*\d{1,2}"
                r"|\b(?:1/2|1/3|2/3|1/4|3/4)\b",
                fits=counted,
            ),
        ),
    ),
    "full-movie": PatternSet(
        issue="Full movies, not trailers",
        patterns=(
            Pattern(
                says=rf"(?i)\b{_FULL}{_GAP}(?:length{_GAP})?(?:hd{_GAP}|free{_GAP})?(?:movies?|films?|features?)\b",
                spares=rf"(?i)\b(?:not{_GAP}(?:the{_GAP})?)full{_GAP}(?:movie|film)"
                rf"|\b{_FULL}{_GAP}(?:length{_GAP})?(?:movie|film|feature){_GAP}"
                rf"(?:film{_GAP})?(?:trailer|teaser|reviews?|reaction|soundtrack|score)",
            ),
            Pattern(says=rf"(?i)\bpel[ií]cula{_GAP}(?:completa|entera)\b|\bfilme?{_GAP}(?:completo?|entier|intero)\b"),
            Pattern(says=rf"(?i)\b(?:ganzer|kompletter){_GAP}film\b|\bcały{_GAP}film\b|полный{_GAP}фильм"),
        ),
    ),
    "fan-made": PatternSet(
        issue="Made by fans",
        patterns=(
            Pattern(says=rf"(?i)\bfan{_GAP}(?:made|cut|edit|trailer)\b|\bre{_GAP}cut{_GAP}trailer\b"),
            Pattern(
                says=rf"(?i)\b(?:parody|spoof|concept){_GAP}trailer\b|\btrailer{_GAP}(?:parody|spoof|mash{_GAP}up)\b"
            ),
        ),
    ),
    "review": PatternSet(
        issue="Reviews",
        patterns=(
            Pattern(says=rf"(?i)\b(?:movie|film|trailer|dvd|blu{_GAP}ray|spoiler{_GAP}free){_GAP}reviews?\b"),
            Pattern(says=r"(?i)[\-–—|:(\[]\s*review\b|\breviewed\s+by\b"),
        ),
    ),
    "reaction": PatternSet(
        issue="Reactions",
        patterns=(
            Pattern(says=rf"(?i)\b(?:trailer|movie|film){_GAP}reactions?\b|\breact(?:s|ing)?\s+to\b"),
            Pattern(says=rf"(?i)\breaction{_GAP}(?:video|mash{_GAP}up|compilation|!)|\bfirst\s+time\s+watching\b"),
        ),
    ),
    "gameplay": PatternSet(
        issue="Games",
        patterns=(
            Pattern(says=r"(?i)\bgame-?play\b|\bwalk-?through\b|\blet'?s\s+play\b|\b(?:play-?through|long-?play)\b"),
        ),
    ),
    "making-of": PatternSet(
        issue="About the making",
        patterns=(
            Pattern(says=rf"(?i)\bmaking{_GAP}of\b|\bbehind{_GAP}the{_GAP}scenes\b|\bfeaturettes?\b"),
            Pattern(says=rf"(?i)\bdeleted{_GAP}scenes?\b|\bbloopers?\b|\bgag{_GAP}reel\b|\bcast{_GAP}interviews?\b"),
        ),
    ),
    "music": PatternSet(
        issue="Music",
        patterns=(
            Pattern(
                says=rf"(?i)\b(?:music|lyrics?){_GAP}video\b|\b(?:original|full|complete){_GAP}(?:sound{_GAP}track|score)\b"
            ),
            Pattern(says=r"\bOST\b"),
        ),
    ),
    "episode": PatternSet(
        issue="Episodes of a series",
        patterns=(Pattern(says=r"(?i)\bS\d{1,2}\s*E\d{1,3}\b|\bseason\s+\d{1,2}\W+ep(?:isode)?\.?\s*\d{1,3}\b"),),
    ),
}


def found(texts: Sequence[str], pattern: Pattern) -> list[str | None]:
    """What gives each of the texts away, or None."""
    series = pl.Series("text", texts, pl.String).str.slice(0, LONGEST)
    try:
        if pattern.spares:
            # A mark that no pattern knows, so that what stood on both sides does not come together.
            series = series.str.replace_all(pattern.spares, "\x00")
        hits: list[str | None] = series.str.extract(pattern.says, 0).to_list()
    except pl.exceptions.ComputeError as fault:
        raise UsageError(fault_of(fault, pattern.says)) from fault
    if pattern.fits is not None:
        hits = [hit if hit is not None and pattern.fits(hit) else None for hit in hits]
    return [hit.strip() if hit is not None else None for hit in hits]


def check(expression: str) -> None:
    """UsageError if it is no regular expression."""
    try:
        pl.Series("text", [""], pl.String).str.contains(expression)
    except pl.exceptions.ComputeError as fault:
        raise UsageError(fault_of(fault, expression)) from fault


def fault_of(fault: Exception, expression: str) -> str:
    lines = [line.strip() for line in str(fault).split("\n")]
    cause = next((line.removeprefix("error: ") for line in lines if line.startswith("error: ")), "")
    cause = cause or lines[0].removeprefix("regex error: ").rstrip(".")
    shown = expression if len(expression) <= 80 else f"{expression[:60]}…"
    return f"{shown!r} is no regular expression that is taken here: {cause}."
