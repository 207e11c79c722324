"""Verdict: what yt-dlp's many exceptions mean in our vocabulary. It runs beside yt-dlp, in the fetcher."""

from __future__ import annotations

import email.utils
import errno
import re
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from triptych.gather.trailers.link import printed
from triptych.gather.trailers.reason import Reason

#: The catalogue's disk, not the site, is at fault; those of the second kind only where they name a file, for a
#: firewall says the same.
_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG})
_FILE = frozenset({errno.EACCES, errno.EPERM})
#: Sites, and yt-dlp's downloaders, say in prose what is wrong. In this order: asking who one is, is how a limit is
#: often put.
_SAID = (
    (Reason.STALLED, r"timed out"),
    (Reason.TRUNCATED, r"bytes read|more expected|content too short|downloaded \d+ bytes, expected"),
    (Reason.NETWORK, r"connection (refused|reset|aborted)|remote end closed|unreachable|name or service|getaddrinfo"),
    (Reason.RATE_LIMITED, r"not a bot|too many requests|rate.?limit|try again later"),
    (Reason.FORBIDDEN, r"in your country|geo.?restrict|\bdrm\b|payment"),
    (Reason.UNAVAILABLE, r"unavailable|private|removed|deleted|terminated|(does not|doesn't) exist|not found"),
    (Reason.UNAVAILABLE, r"no longer|not available|premieres? in|will begin|is offline|incomplete youtube id"),
    (Reason.FORBIDDEN, r"\bsign in\b|\blog ?in\b|\bage\b|members?.only|permission"),
    (Reason.NOT_A_VIDEO, r"unsupported url|no video|no formats|no media|requested format|data blocks|is not a video"),
)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Why one try came to nothing. ``disk``: nothing can be written, which no other item changes."""

    reason: Reason
    detail: str = ""
    http_status: int | None = None
    retry_after_s: float | None = None
    disk: bool = False

    def plain(self) -> dict[str, Any]:
        return asdict(self)


class RefusedAddress(OSError):
    """A connection that the guard did not let through."""


def verdict_of(fault: BaseException, *, now: float | None = None) -> Verdict:
    """The verdict on what was raised, read from the whole chain of its causes. ``now`` [s since 1970]."""
    chain = list(_chain(fault))
    text = cleaned(str(fault))
    for link in chain:
        if (found := _of_one(link, text, time.time() if now is None else now)) is not None:
            return found
    for reason, pattern in _SAID:
        if re.search(pattern, text, re.IGNORECASE):
            return Verdict(reason=reason, detail=text)
    return Verdict(reason=Reason.NOT_UNDERSTOOD, detail=text or type(fault).__name__)


def verdict_of_status(status: int, text: str, *, location: str = "", loop: bool = False) -> Verdict:
    """The verdict on an HTTP status that is no success."""
    if 300 <= status < 400:
        onward = urlsplit(location).scheme.lower()
        if onward not in ("", "http", "https"):
            text = f"it redirects to {onward[:20]}:, and only http: and https: are fetched"
            return Verdict(reason=Reason.REFUSED_ADDRESS, detail=text, http_status=status)
        reason = Reason.REDIRECTS if loop else Reason.SERVER_ERROR
    elif status == 429:
        reason = Reason.RATE_LIMITED
    elif status in (401, 403, 407, 451):
        reason = Reason.FORBIDDEN
    elif status == 408:
        reason = Reason.STALLED
    else:
        reason = Reason.SERVER_ERROR if status >= 500 else Reason.UNAVAILABLE
    return Verdict(reason=reason, detail=text, http_status=status)


def retry_after_s(text: str, *, now: float) -> float | None:
    """What ``Retry-After`` asks for: seconds, or a date; None for what is neither.

    >>> retry_after_s("30", now=0.0), retry_after_s("Thu, 01 Jan 1970 00:01:00 GMT", now=50.0)
    (30.0, 10.0)
    """
    if re.fullmatch(r"\s*[0-9]{1,9}\s*", text, re.ASCII):
        return float(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return None


def cleaned(text: str) -> str:
    """yt-dlp's message without its colours, its labels and its advice.

    >>> cleaned("ERROR: [generic] a: Unsupported URL: http://a/; please report this issue on …")
    'Unsupported URL: http://a/'
    """
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    text = re.split(r"; please report|\. Use --|\. Giving up after", text)[0]
    text = re.sub(r"^(ERROR:\s*)?(\[[^\]]*\]\s*)?(Got error: )?([\w.%-]+: (?=[A-Z]))?", "", text.strip())
    text = re.sub(r"^[Uu]nable to download [a-z ]+: ", "", text)
    text = re.sub(r"\s*\(caused by .*", "", text, flags=re.DOTALL)
    return printed(" ".join(text.split()).rstrip("."), 200)


def _chain(fault: BaseException) -> Iterator[BaseException]:
    """The exception, and whatever it carries of others, each once."""
    seen: set[int] = set()
    queue: list[Any] = [fault]
    while queue:
        link = queue.pop(0)
        if not isinstance(link, BaseException) or id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        info = getattr(link, "exc_info", None)
        queue += [info[1] if isinstance(info, tuple) and len(info) == 3 else None]  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType, reportUnknownVariableType]
        queue += [getattr(link, "cause", None), getattr(link, "reason", None), link.__cause__, link.__context__]


def _of_one(link: BaseException, text: str, now: float) -> Verdict | None:
    """What this one link of the chain settles, or None."""
    from yt_dlp.networking.exceptions import HTTPError, IncompleteRead, TransportError
    from yt_dlp.utils import ContentTooShortError, GeoRestrictedError, UnsupportedError

    if isinstance(link, RefusedAddress):
        return Verdict(reason=Reason.REFUSED_ADDRESS, detail=str(link))
    if isinstance(link, HTTPError):
        headers = link.response.headers
        found = verdict_of_status(
            link.status, text, location=headers.get("Location") or "", loop=bool(link.redirect_loop)
        )
        return replace(found, retry_after_s=retry_after_s(headers.get("Retry-After") or "", now=now))
    if isinstance(link, (IncompleteRead, ContentTooShortError)):
        return Verdict(reason=Reason.TRUNCATED, detail=text)
    if isinstance(link, UnsupportedError):
        return Verdict(reason=Reason.NOT_A_VIDEO, detail="there is no video on the page")
    if isinstance(link, GeoRestrictedError):
        return Verdict(reason=Reason.FORBIDDEN, detail=text)
    if isinstance(link, TimeoutError):
        return Verdict(reason=Reason.STALLED, detail=text)
    if isinstance(link, MemoryError):
        return Verdict(reason=Reason.NOT_A_VIDEO, detail="the page is too large to be read")
    if type(link) is OSError or isinstance(link, PermissionError):
        disk = link.errno in _DISK or (link.errno in _FILE and link.filename is not None)
        return Verdict(reason=Reason.NETWORK, detail=text, disk=True) if disk else None
    if isinstance(link, TransportError):
        inner = [part for part in _chain(link) if part is not link]
        if refused := [part for part in inner if isinstance(part, RefusedAddress)]:
            return Verdict(reason=Reason.REFUSED_ADDRESS, detail=str(refused[0]))
        stalled = any(isinstance(part, TimeoutError) for part in inner) or "timed out" in text
        return Verdict(reason=Reason.STALLED if stalled else Reason.NETWORK, detail=text)
    return None
