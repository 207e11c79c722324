"""Findings: what each check of an audit came to, with its evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

#: ``fault``: the figures cannot be trusted. ``notice``: worth knowing, and may be meant so. ``unknown``: the record has
#: no evidence either way. ``clean``: it has some, and that shows nothing wrong.
VERDICTS = ("clean", "notice", "unknown", "fault")
#: So many examples are named.
FEW = 5
#: Of a longer name the beginning is shown.
LETTERS = 60


@dataclass(frozen=True, kw_only=True)
class Finding:
    """``evidence``: sentences with counts and up to five examples. ``cure``: what to do; "" where there is no need."""

    check: str
    verdict: str
    evidence: str
    cure: str = ""


@dataclass(frozen=True, kw_only=True)
class Audit:
    """All findings of one record, in the order of the checks."""

    name: str
    findings: tuple[Finding, ...]

    def of(self, verdict: str) -> list[str]:
        """The checks that came to this verdict."""
        return [finding.check for finding in self.findings if finding.verdict == verdict]

    def passed(self, *, strict: bool = False) -> bool:
        """Whether nothing is a fault; with ``strict`` silence is one."""
        return not self.of("fault") and not (strict and self.of("unknown"))


def few(names: Sequence[Any], count: int | None = None) -> str:
    """The first of many, and how many more there are, if all are ``count``.

    >>> few(["a", "b"]), few(["a", "b"], 3)
    ('a, b', 'a, b and 1 more')
    >>> few(range(7))
    '0, 1, 2, 3, 4 and 2 more'
    """
    shown = [text if len(text) <= LETTERS else f"{text[: LETTERS - 1]}…" for text in map(str, names[:FEW])]
    rest = (len(names) if count is None else count) - len(shown)
    return ", ".join(shown) + (f" and {rest:,} more" if rest > 0 else "")


def many(count: int, noun: str) -> str:
    """
    >>> many(1, "row"), many(2000, "row")
    ('1 row', '2,000 rows')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
