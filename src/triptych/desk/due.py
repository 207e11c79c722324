"""Due: when what was folded in is so much that a model should be fitted anew."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from triptych.errors import UnknownName, UsageError


@dataclass(frozen=True, kw_only=True)
class Due:
    """Each of these alone makes a fit due; None: it does not matter. ``rows``: so many new interactions. ``share``:
    as many of those that were learned from. ``items``: so many new items. ``days``: the age of the fit.

    What is folded in moves users and places items; what all of them have in common is learned by a fit alone.
    """

    rows: int | None = None
    share: float | None = 0.1
    items: int | None = None
    days: float | None = 30.0

    def __post_init__(self) -> None:
        for one in fields(self):
            value: float | None = getattr(self, one.name)
            if value is not None and not (np.isfinite(value) and value > 0):
                raise UsageError(f"{one.name} of a policy of refresh is {value}; it is above 0, or none.")

    @classmethod
    def parse(cls, text: str) -> Due:
        """As it is written on a command line; what is not named does not matter.

        >>> Due.parse("share=0.05,days=7")
        Due(rows=None, share=0.05, items=None, days=7.0)
        """
        known = {one.name: None for one in fields(cls)}
        given: dict[str, float | None] = dict(known)
        for part in text.split(","):
            name, _, value = (piece.strip() for piece in part.partition("="))
            if name not in known:
                raise UnknownName("measure of what is due", name, known)
            try:
                given[name] = int(value) if name in ("rows", "items") else float(value)
            except ValueError:
                raise UsageError(f"{part.strip()!r} does not say when a fit is due; write it like days=7.") from None
        return cls(**given)  # pyright: ignore[reportArgumentType]

    def reasons(self, *, rows: int, learned: int, items: int, days: float) -> tuple[str, ...]:
        """Why a fit is due, in sentences; none where it is not. ``learned``: rows that the fit learned from."""
        found: list[str] = []
        if self.rows is not None and rows >= self.rows:
            found.append(f"{rows:,} interactions are new, of {self.rows:,} that make a fit due.")
        if self.share is not None and rows and rows >= self.share * learned:
            found.append(
                f"{rows:,} interactions are new, {rows / max(learned, 1):.1%} of the {learned:,} learned from."
            )
        if self.items is not None and items >= self.items:
            found.append(f"{items:,} items are new, of {self.items:,} that make a fit due.")
        if self.days is not None and days >= self.days:
            found.append(f"The fit is {days:.0f} days old, and {self.days:g} make one due.")
        return tuple(found)
