"""Web: a polite HTTP client. It waits its turn, tries again where that makes sense, and tells no secret."""

from __future__ import annotations

import email.utils
import re
import socket
import ssl
import threading
import time
import weakref
from collections.abc import Callable, Collection, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl, quote_plus, urlsplit, urlunsplit

from triptych.errors import FetchError, MissingExtra, UsageError
from triptych.gather.download import Download, Downloaded, Told, opened
from triptych.gather.fault import Answer, Fault
from triptych.gather.pace import Pace

if TYPE_CHECKING:
    import httpx
    import numpy as np

__all__ = ["Answer", "Downloaded", "Manners", "Web", "shown"]

_T = TypeVar("_T")
_SECRET = re.compile(r"key|token|secret|pass|pwd|auth|sig|credential", re.IGNORECASE)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, kw_only=True)
class Manners:
    """How patient and how insistent the client is. ``total_s`` bounds one try of ``get``, ``download_s`` a download.

    After n failures it waits ``first_wait_s`` · 2^(n - 1), up to half of that left to chance, so that many clients
    do not come back at once; longer if the server asks for it, never longer than ``longest_wait_s``.
    """

    connect_s: float = 10.0
    read_s: float = 30.0
    total_s: float = 120.0
    download_s: float = 6 * 3600.0
    tries: int = 5
    first_wait_s: float = 0.5
    longest_wait_s: float = 60.0
    redirects: int = 5
    most_bytes: int = 8 << 20
    agent: str = "triptych"


class Web:
    """One client for many threads. ``rng`` draws the jitter of its waits; ``pace`` is waited for before each request.

    It asks http and https only, also where it is redirected to. ``proxies`` are as ``urllib.request.getproxies``
    gives them; ``certificates`` is a file of the authorities that are trusted instead of the usual ones. ``clock``
    [s] times the tries, ``now`` [s since 1970] reads the dates of ``Retry-After``.
    """

    def __init__(
        self,
        *,
        rng: np.random.Generator,
        manners: Manners | None = None,
        pace: Pace | None = None,
        proxies: Mapping[str, str] | None = None,
        certificates: Path | None = None,
        sleep: Callable[[float], object] | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        try:
            import httpx
        except ImportError as fault:
            raise MissingExtra("Fetching over the network", "fetch", missing="httpx") from fault
        try:
            self._verify = ssl.create_default_context(cafile=certificates) if certificates else True
        except OSError as fault:
            why = fault.strerror or fault
            raise UsageError(f"the file of certificates {str(certificates)!r} cannot be read: {why}.") from fault
        self._httpx = httpx
        self._rng, self._manners, self._pace = rng, manners or Manners(), pace
        self._proxies = dict(proxies or {})
        self._stopped = threading.Event()
        self._sleep = sleep or self._stopped.wait
        self._clock, self._now = clock, now
        self._transports: dict[str, httpx.HTTPTransport] = {}
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._guard = threading.Lock()

    def __enter__(self) -> Web:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def spent(self) -> bool:
        """Whether the pace has a quota, and it is used up."""
        return self._pace is not None and self._pace.spent

    def stop(self) -> None:
        """Wake whoever waits, for a turn, another try or an answer, and let nobody begin one. From any thread."""
        self._stopped.set()
        with self._guard:
            for line in self._sockets:
                _hang_up(line)

    def close(self) -> None:
        self.stop()
        with self._guard:
            for transport in self._transports.values():
                transport.close()
            self._transports.clear()

    def get(self, url: str, *, params: Mapping[str, str] | None = None, told: Collection[int] = ()) -> Answer:
        """The answer of a server, of at most ``most_bytes``. FetchError where there is none to be had.

        A status in ``told`` is an answer too: 429 and 5xx once all tries are spent, others at once.
        """
        if params:
            parts = urlsplit(url)
            pairs = [f"{quote_plus(name)}={quote_plus(value)}" for name, value in params.items()]
            url = urlunsplit(parts._replace(query="&".join([parts.query, *pairs] if parts.query else pairs)))
        return self._persist(url, lambda: self._ask(url, told))

    def download(
        self, url: str, target: Path, *, digest: str = "", most_bytes: int = 16 << 30, progress: Told | None = None
    ) -> Downloaded:
        """A file, whole or not at all, in the place of ``target``; what an earlier run left of it is taken up.

        ``digest`` is such as ``md5:…`` or ``sha256:…``. ``progress`` is told bytes had, and bytes in all if known.
        """
        with opened(target) as handle:
            file = Download(url=url, target=target, handle=handle, most_bytes=most_bytes, progress=progress)
            try:
                resumed_at = file.had()
                deadline = self._clock() + self._manners.download_s
                self._persist(url, lambda: self._fetch(file, deadline), had=file.had)
                if digest and (found := file.digest(digest.partition(":")[0])) != digest:
                    file.forget()
                    raise FetchError(
                        f"{shown(url)} came with the digest {found}, and {digest} belongs to it. Run it again: it "
                        "is fetched anew."
                    )
                return file.finish(resumed_at)
            except BaseException:
                file.leave()
                raise

    # -- one try -------------------------------------------------------------------------------------------

    def _ask(self, url: str, told: Collection[int]) -> Answer:
        manners = self._manners
        deadline = self._clock() + manners.total_s
        with self._response(url, {"accept-encoding": "gzip"}) as response:
            if response.headers.get("content-encoding", "").strip().lower() not in ("", "identity", "gzip"):
                # Packed twice, a few bytes unpack to more than there is memory, before they can be counted.
                raise Fault("the server packed its answer as nobody asked for", again=False)
            body = bytearray()
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > manners.most_bytes:
                    raise Fault(f"it is larger than {manners.most_bytes:,} bytes", again=False)
                self._in_time(deadline, manners.total_s)
            headers = {name.lower(): value for name, value in response.headers.items()}
            answer = Answer(status=response.status_code, headers=headers, body=bytes(body))
            self._judge(response, answer, told)
            return answer

    def _fetch(self, file: Download, deadline: float) -> None:
        if file.complete:
            return
        with self._response(file.url, file.wanted()) as response:
            if response.status_code == 416:
                file.forget()
                raise Fault("it is shorter than what was there of it", again=True)
            self._judge(response, None, ())
            if response.status_code not in (200, 206):
                raise Fault(f"the server answered {response.status_code}, which is no file", again=False)
            file.begin(response.status_code, response.headers)
            for chunk in response.iter_raw():
                file.write(chunk)
                self._in_time(deadline, self._manners.download_s)
            file.check()

    @contextmanager
    def _response(self, url: str, headers: Mapping[str, str]) -> Generator[httpx.Response]:
        """The answer at the end of all redirects; its body is still to be read."""
        manners, here = self._manners, url
        for _ in range(manners.redirects + 1):
            target = self._checked(here, of=url)
            if self._pace is not None and not self._pace.take(self._stopped.wait):
                raise Fault(f"the quota of {self._pace.per_day:,} requests a day is spent", again=False)
            timeouts = self._httpx.Timeout(manners.read_s, connect=manners.connect_s).as_dict()
            sent = {"user-agent": manners.agent, "accept": "*/*", **headers}
            extensions = {"timeout": timeouts, "trace": self._connected}
            request = self._httpx.Request("GET", target, headers=sent, extensions=extensions)
            # httpx's own client would log each address, keys and all; its transport does not.
            response = self._transport(target).handle_request(request)
            try:
                onward = response.headers.get("location")
                if response.status_code not in _REDIRECTS or not onward:
                    yield response
                    return
            finally:
                response.close()
            try:
                here = str(target.join(onward))
            except self._httpx.InvalidURL as fault:
                raise Fault("it redirects to what is no address", again=False) from fault
        raise Fault(f"it redirects more than {manners.redirects} times", again=False)

    def _connected(self, event: str, about: Mapping[str, Any]) -> None:
        """Told by httpcore how a request goes on: a line that was made is one that ``stop`` hangs up."""
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            line = about["return_value"].get_extra_info("socket")
            with self._guard:
                self._sockets.add(line)
                if self._stopped.is_set():
                    _hang_up(line)

    def _checked(self, url: str, *, of: str) -> httpx.URL:
        where = "" if url == of else f"it redirects to {shown(url)}, and "
        try:
            target = self._httpx.URL(url)
            urlsplit(str(target)).port  # noqa: B018 - ValueError for what httpx lets pass
            if "%" in target.host:
                raise ValueError("a host that httpx had to escape")
        except (self._httpx.InvalidURL, ValueError) as fault:
            raise Fault(f"{where}that is no address", again=False) from fault
        if target.scheme not in ("http", "https") or not target.host:
            raise Fault(f"{where}only http:// and https:// are fetched", again=False)
        if target.scheme == "http" and of.lower().startswith("https:"):
            raise Fault(f"{where}what is asked for by https is not taken by http", again=False)
        return target

    def _transport(self, target: httpx.URL) -> httpx.HTTPTransport:
        proxy = "" if self._direct(target.host) else self._proxies.get(target.scheme, "")
        with self._guard:
            if self._stopped.is_set():
                raise Fault("the run was stopped", again=False)
            if proxy not in self._transports:
                try:
                    made = self._httpx.HTTPTransport(proxy=proxy or None, verify=self._verify, trust_env=False)
                except ImportError as fault:  # SOCKS wants a package
                    raise Fault(f"the proxy {shown(proxy)} cannot be used: {fault}", again=False) from fault
                except (ValueError, self._httpx.InvalidURL):
                    # Neither is told: of what is no address, who knows which part is the password.
                    what = f"the proxy for {target.scheme} is no address of one, such as http://example.org:3128"
                    raise Fault(what, again=False) from None
                self._transports[proxy] = made
            return self._transports[proxy]

    def _direct(self, host: str) -> bool:
        """Whether a host is one of those that the proxies are not for."""
        names = [name.strip().lower().lstrip(".") for name in self._proxies.get("no", "").split(",")]
        return any(name and (name == "*" or f".{host.lower()}".endswith(f".{name}")) for name in names)

    def _judge(self, response: httpx.Response, answer: Answer | None, told: Collection[int]) -> None:
        """Nothing for what was asked for, a Fault for the rest."""
        status = response.status_code
        passing = status == 429 or status >= 500
        if 200 <= status < 300 or (status in told and not passing):
            return
        wait_s = self._asked_s(response.headers.get("retry-after", "")) if passing else 0.0
        what = f"the server answered {status} {response.reason_phrase}".rstrip()
        raise Fault(what, again=passing, wait_s=wait_s, answer=answer if status in told else None)

    def _asked_s(self, text: str) -> float:
        """What ``Retry-After`` asks for: seconds, or a date; 0 for what is neither."""
        if re.fullmatch(r"\s*[0-9]{1,9}\s*", text):
            return float(text)
        try:
            return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - self._now())
        except (ValueError, TypeError, OverflowError):
            return 0.0

    def _in_time(self, deadline: float, limit_s: float) -> None:
        if self._clock() > deadline:
            raise Fault(f"it took longer than {limit_s:g} s", again=True)

    # -- and the next --------------------------------------------------------------------------------------

    def _persist(self, url: str, attempt: Callable[[], _T], *, had: Callable[[], int] = lambda: 0) -> _T | Answer:
        """Try until it is done, cannot be, or has failed ``tries`` times without a byte more than ever before."""
        made = vain = 0
        most = had()
        while True:
            if self._stopped.is_set():
                raise FetchError(f"{shown(url)} was not fetched: the run was stopped.")
            made += 1
            try:
                return attempt()
            except Fault as caught:
                fault = caught
            except (self._httpx.UnsupportedProtocol, self._httpx.LocalProtocolError, self._httpx.DecodingError) as why:
                fault = Fault(_cause(why), again=False)
            except self._httpx.TransportError as why:
                fault = Fault(_cause(why), again=True)
            vain = 1 if had() > most else vain + 1
            most = max(most, had())
            if not fault.again or vain >= self._manners.tries:
                if fault.answer is not None:
                    return fault.answer
                raise FetchError(f"{shown(url)} cannot be fetched: {fault} ({made} {'try' if made == 1 else 'tries'}).")
            own_s = self._manners.first_wait_s * 2 ** (vain - 1) * (1.0 - 0.5 * float(self._rng.random()))
            self._sleep(min(max(own_s, fault.wait_s), self._manners.longest_wait_s))


def shown(url: str) -> str:
    """An address as it may be told: without user, password, fragment, and what its query says of keys.

    >>> shown("http://me:pw@example.org/?apikey=1234&i=tt1")
    'http://example.org/?apikey=…&i=tt1'
    """
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        parts.port  # noqa: B018 - ValueError where a password stands in its place
        pairs = [(name, "…" if _SECRET.search(name) else value) for name, value in parse_qsl(parts.query, True)]
    except ValueError:
        return "(what is no address)"
    query = "&".join(f"{name}={value}" for name, value in pairs)
    text = urlunsplit((parts.scheme, host, parts.path, query, ""))
    text = "".join(c if c.isprintable() else "�" for c in text)
    return text if len(text) <= 300 else f"{text[:300]}…"


def _hang_up(line: socket.socket) -> None:
    """End whatever another thread reads or writes, without touching what it has of TLS."""
    with suppress(OSError):
        socket.socket.shutdown(line, socket.SHUT_RDWR)


def _cause(fault: Exception) -> str:
    """What httpx ran into, in its words where it has any."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(fault).__name__).lower()
    return f"{name}: {fault}".rstrip(": .")
