"""Link: text out of a list as an address that may be asked for, or why it may not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, unquote, urlsplit, urlunsplit

from triptych.gather.trailers.address import fault_of_host
from triptych.gather.trailers.reason import Reason

#: Characters; longer ones are not met, and proxies and servers cut them off.
LONGEST = 4096
_YOUTUBE_ID = re.compile(r"[A-Za-z0-9_-]{11}", re.ASCII)
#: RFC 3986: what may stand in an address at all.
_LEGAL = re.compile(r"(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\.?|\[[0-9A-Fa-f:.]+\]", re.ASCII)


class NoLink(ValueError):
    """Text that is not asked for, with its reason of the vocabulary. The message is the detail."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class Link:
    """An http or https address, without fragment; ``host`` is in lower case, with its port."""

    url: str
    host: str


def youtube_link(text: str) -> Link:
    """The page of a YouTube video. NoLink for what is no id of one: spreadsheets turn ``-C-…`` into ``#NAME?``.

    >>> youtube_link("-C-xXZyX2zU").url
    'https://www.youtube.com/watch?v=-C-xXZyX2zU'
    """
    if not text:
        raise NoLink(Reason.NO_LINK, "")
    if not _YOUTUBE_ID.fullmatch(text):
        raise NoLink(Reason.NOT_A_LINK, f"{printed(text, 40)} is no YouTube id, which is 11 of A-Z a-z 0-9 _ -")
    return Link(url=f"https://www.youtube.com/watch?v={text}", host="www.youtube.com")


def link_of(text: str, *, allow_private: bool = False) -> Link:
    """The address that ``text`` is. NoLink where it is none, or one that is not asked.

    Nothing is mended but characters beyond ASCII, which are written percent-encoded. What a shell would act on is
    refused although no shell is ever asked: it is in no honest list.
    """
    if not text:
        raise NoLink(Reason.NO_LINK, "")
    if len(text) > LONGEST:
        raise NoLink(Reason.NOT_A_LINK, f"it is longer than {LONGEST:,} characters")
    scheme = text.partition(":")[0].lower()
    if re.fullmatch(r"[a-z][a-z0-9+.-]*", scheme) and ":" in text and scheme not in ("http", "https"):
        raise NoLink(Reason.REFUSED_ADDRESS, f"{scheme[:20]}: is not fetched, only http: and https:")
    if not re.match(r"https?://", text, re.IGNORECASE):
        raise NoLink(Reason.NOT_A_LINK, "it does not begin with http:// or https://")
    try:
        encoded = "".join(c if c.isascii() or not c.isprintable() else quote(c) for c in text.partition("#")[0])
    except UnicodeEncodeError:
        raise NoLink(Reason.NOT_A_LINK, "it holds half of a surrogate pair, which is no character") from None
    if not _LEGAL.fullmatch(encoded):
        found = next((c for c in encoded if not _LEGAL.fullmatch(c)), "%")
        raise NoLink(Reason.NOT_A_LINK, f"it holds {found!r}, which no address does")
    if re.search(r"\$[({]", encoded):
        raise NoLink(Reason.NOT_A_LINK, "it holds the beginning of a shell substitution")
    return _split(encoded, allow_private=allow_private)


def name_of(text: str) -> str:
    """By what a bare address is called: the last part of its path, YouTube's ``v``, or its host.

    >>> name_of("https://example.org/films/noir%20night.mp4?x=1"), name_of("https://www.youtube.com/watch?v=abc")
    ('noir night.mp4', 'abc')
    """
    try:
        parts = urlsplit(text)
        if parts.path.rstrip("/") == "/watch" and (video := parse_qs(parts.query).get("v")):
            return video[0]
        name = unquote(parts.path.rstrip("/").rpartition("/")[2]) or parts.netloc
    except ValueError:
        name = text
    return "".join(c for c in name if c.isprintable()).strip()[:200]


def printed(text: str, longest: int = 300) -> str:
    """Text as it may be told and stored: one line, no user and password, no half characters, cut."""
    text = re.sub(r"//[^/?#\s]*@", "//…@", text)
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return text if len(text) <= longest else f"{text[:longest]}…"


def _split(text: str, *, allow_private: bool) -> Link:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as fault:
        raise NoLink(Reason.NOT_A_LINK, f"it is no address: {printed(str(fault), 80)}") from fault
    if "@" in parts.netloc:
        raise NoLink(Reason.NOT_A_LINK, "it carries a user name or password")
    host = parts.netloc.removesuffix(f":{port}") if port is not None else parts.netloc.removesuffix(":")
    if "%" in host:
        try:
            host = unquote(host).encode("idna").decode()
        except UnicodeError:
            raise NoLink(Reason.NOT_A_LINK, "its host is no name") from None
    if not _HOST.fullmatch(host) or port == 0:
        raise NoLink(Reason.NOT_A_LINK, "its host is no name")
    if not allow_private and (fault := fault_of_host(host)):
        raise NoLink(Reason.REFUSED_ADDRESS, fault)
    place = f"{host.lower()}:{port}" if port is not None else host.lower()
    return Link(url=urlunsplit((parts.scheme.lower(), place, parts.path or "/", parts.query, "")), host=place)
