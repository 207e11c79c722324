"""Refreshed: what a desk took in since its model was fitted, and whether it is time to fit anew."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Refreshed:
    """All counts are since the fit. ``waiting``: new items that nothing was measured of yet by which they could be
    placed. ``rows``: interactions that are new or changed; ``gone``: learned from, and there no more; ``unknown``: of
    items that the model does not have. ``days``: the age of the fit. ``due``: why a fit is due, in sentences; none
    where it is not. ``changed``: whether anything came since it was last asked."""

    changed: bool
    items: tuple[str, ...]
    waiting: tuple[str, ...]
    users: tuple[str, ...]
    rows: int
    gone: int
    unknown: int
    days: float
    due: tuple[str, ...]

    @property
    def told(self) -> tuple[str, ...]:
        """In sentences, for whoever runs it; none where nothing is to be told."""
        new = [
            f"{count:,} new {what}{'' if count == 1 else 's'}"
            for count, what in ((len(self.items), "item"), (len(self.users), "user"), (self.rows, "interaction"))
            if count
        ]
        found = [f"Folded in since the fit: {', '.join(new)}."] if new else []
        if self.waiting:
            first = "such as " * (len(self.waiting) > 1) + repr(self.waiting[0])
            items = "item waits" if len(self.waiting) == 1 else "items wait"
            found.append(f"{len(self.waiting):,} new {items}, {first}: nothing was measured by which to place it yet.")
        if self.gone:
            found.append(f"{self.gone:,} interactions that were learned from are gone; a new fit forgets them.")
        return (*found, *self.due)
