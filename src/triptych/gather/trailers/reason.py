"""Reason: why there is no trailer, in a closed vocabulary, and whether that may pass."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """What came of one item of the list."""

    FETCHED = "fetched"
    MISSING = "missing"  # there is none to be had, as far as the other side knows
    FAILED = "failed"  # there may be one: the next run tries again
    REFUSED = "refused"  # nobody was asked


class Reason(StrEnum):
    """Why an item got no trailer."""

    NO_LINK = "no link"
    NOT_A_LINK = "not a link"
    REFUSED_ADDRESS = "refused address"
    UNAVAILABLE = "unavailable"
    FORBIDDEN = "forbidden"
    REDIRECTS = "redirects without end"
    TOO_LONG = "too long"
    TOO_SHORT = "too short"
    TOO_LARGE = "too large"
    NOT_A_VIDEO = "not a video"
    RATE_LIMITED = "rate limited"
    STALLED = "stalled"
    TRUNCATED = "truncated"
    SERVER_ERROR = "server error"
    NETWORK = "network"
    NOT_UNDERSTOOD = "site not understood"
    CRASHED = "fetcher crashed"

    @property
    def passing(self) -> bool:
        """Whether another try may end otherwise. A site that is not understood may be by the next yt-dlp."""
        return self in _PASSING

    @property
    def status(self) -> Status:
        if self.passing:
            return Status.FAILED
        return Status.REFUSED if self in (Reason.NOT_A_LINK, Reason.REFUSED_ADDRESS) else Status.MISSING


_PASSING = frozenset(
    {
        Reason.RATE_LIMITED,
        Reason.STALLED,
        Reason.TRUNCATED,
        Reason.SERVER_ERROR,
        Reason.NETWORK,
        Reason.NOT_UNDERSTOOD,
        Reason.CRASHED,
    }
)
