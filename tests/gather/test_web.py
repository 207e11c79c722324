"""The client against servers that limit, stall, break off, redirect and lie."""

from __future__ import annotations

import email.utils
import gzip
import hashlib
import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.gather.omdb.servers import Request, serving
from triptych.errors import CatalogueUnwritable, FetchError, MissingExtra, UsageError
from triptych.gather.pace import Pace
from triptych.gather.web import Manners, Web, shown

BODY = bytes(range(256)) * 2000


def patient(**more: Any) -> tuple[Web, list[float]]:
    """A client that notes its waits and does not wait."""
    slept: list[float] = []
    given = {"manners": Manners(read_s=0.3, connect_s=2), "sleep": slept.append, **more}
    return Web(rng=np.random.default_rng(0), **given), slept


def failing(times: int, failure: Callable[[Request], None]) -> Callable[[Request], None]:
    """So many failures, then it works."""
    left = [times]

    def answer(request: Request) -> None:
        left[0] -= 1
        if left[0] >= 0:
            failure(request)
        else:
            request.reply("at last")

    return answer


FAILURES = {
    "429": lambda request: request.reply("slow down", status=429),
    "500": lambda request: request.reply("oh", status=500),
    "503": lambda request: request.reply("later", status=503),
    "silence": lambda request: request.stall(),
    "half an answer": lambda request: request.truncate(b"at l", 7),
    "no HTTP at all": lambda request: request.wfile.write(b"\x00\x01rubbish\r\n\r\n") and request.connection.close(),
}


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_what_passes_is_tried_again(failure: Callable[[Request], None]) -> None:
    web, slept = patient()
    with serving(failing(3, failure)) as site, web:
        assert web.get(site.address).body == b"at last"
    # 0.5 · 2^n, up to half of it left to chance.
    for own_s, bound in zip(slept, (0.5, 1, 2), strict=True):
        assert bound / 2 <= own_s <= bound


def test_tries_come_to_an_end_and_the_error_counts_them() -> None:
    web, slept = patient()
    with serving(lambda request: request.reply("no", status=503)) as site, web:
        with pytest.raises(FetchError, match=r"the server answered 503 Service Unavailable \(5 tries\)"):
            web.get(site.address)
        assert len(site.seen) == 5
    assert len(slept) == 4


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451])
def test_what_will_not_pass_is_not_tried_again(status: int) -> None:
    web, slept = patient()
    with serving(lambda request: request.reply("no", status=status)) as site, web:
        with pytest.raises(FetchError, match=rf"the server answered {status} .*\(1 try\)"):
            web.get(site.address)
        assert len(site.seen) == 1
        answer = web.get(site.address, told={status})
    assert (answer.status, answer.body) == (status, b"no")
    assert slept == []


def test_a_status_that_is_told_and_passes_is_told_once_all_tries_are_spent() -> None:
    web, _ = patient()
    with serving(lambda request: request.reply("limit", status=429)) as site, web:
        assert web.get(site.address, told={429}).body == b"limit"
        assert len(site.seen) == 5


@pytest.mark.parametrize(
    ("asked", "waited"),
    [
        ("7", 7.0),
        ("100000", 60.0),
        (email.utils.formatdate(1_000_020, usegmt=True), 20.0),
        (email.utils.formatdate(999_000, usegmt=True), None),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_retry_after_is_honoured_within_reason(asked: str, waited: float | None) -> None:
    web, slept = patient(now=lambda: 1_000_000.0)
    with serving(failing(1, lambda r: r.reply("", status=429, Retry_After=asked))) as site, web:
        web.get(site.address)
    (own_s,) = slept
    assert own_s == waited if waited is not None else 0.25 <= own_s <= 0.5


def test_nobody_listens() -> None:
    with serving(lambda request: None) as site:
        pass
    web, slept = patient()
    with web, pytest.raises(FetchError, match=r"connect error: .* \(5 tries\)"):
        web.get(site.address)
    assert len(slept) == 4


def test_an_answer_that_drips_is_given_up() -> None:
    """Each byte is in time; the sum is not. The clock goes by a second whenever it is looked at."""

    def drip(request: Request) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "1000000")
        request.end_headers()
        while not request.server.site.over.wait(0.001):
            request.wfile.write(b".")

    seconds = iter(range(100_000))
    web, _ = patient(clock=lambda: float(next(seconds)), manners=Manners(total_s=20, tries=2))
    with serving(drip) as site, web, pytest.raises(FetchError, match=r"took longer than 20 s \(2 tries\)"):
        web.get(site.address)


@pytest.mark.parametrize("packed", [False, True])
def test_a_body_has_a_limit_also_once_it_is_unpacked(packed: bool) -> None:
    body = gzip.compress(b"a" * 200_000) if packed else b"a" * 200_000
    headers = {"Content_Encoding": "gzip"} if packed else {}
    web, _ = patient(manners=Manners(most_bytes=100_000))
    too_large = pytest.raises(FetchError, match=r"larger than 100,000 bytes \(1 try\)")
    with serving(lambda request: request.reply(body, **headers)) as site, web, too_large:
        web.get(site.address)
    web, _ = patient()
    with serving(lambda request: request.reply(body, **headers)) as site, web:
        assert web.get(site.address).body == b"a" * 200_000


# -- redirects and addresses -------------------------------------------------------------------------------------


def redirecting(where: str) -> Callable[[Request], None]:
    def answer(request: Request) -> None:
        if request.path == "/end":
            request.reply("arrived")
        else:
            request.reply("", status=302, Location=where)

    return answer


def test_redirects_are_followed() -> None:
    web, _ = patient()
    with serving(redirecting("/end")) as site, web:
        assert web.get(f"{site.address}start?apikey=s3cret").body == b"arrived"
        assert site.seen == ["/start?apikey=s3cret", "/end"]


@pytest.mark.parametrize(
    ("where", "why"),
    [
        ("file:///etc/passwd", "only http:// and https://"),
        ("ftp://127.0.0.1/x", "only http:// and https://"),
        ("javascript:alert(1)", "only http:// and https://"),
        ("gopher://x?token=s3cret", "only http:// and https://"),
        ("http://[broken", "no address"),
        ("http://127.0.0.1:999999/", "no address"),
        ("/round", "redirects more than 5 times"),
    ],
)
def test_redirects_to_elsewhere_are_refused(where: str, why: str) -> None:
    web, _ = patient()
    with serving(redirecting(where)) as site, web:
        with pytest.raises(FetchError, match=why) as caught:
            web.get(site.address)
        assert len(site.seen) == (6 if where == "/round" else 1)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://x/y", "/etc/passwd", "", "http://", "data:,x", "http://a b"]
)
def test_addresses_of_other_kinds_are_refused(url: str) -> None:
    web, _ = patient()
    with web, pytest.raises(FetchError, match=r"\(1 try\)"):
        web.get(url)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://h/p?apikey=s3cret&i=tt1", "http://h/p?apikey=…&i=tt1"),
        ("http://h/p?API_KEY=s3cret&x-amz-signature=s3cret", "http://h/p?API_KEY=…&x-amz-signature=…"),
        ("https://user:s3cret@h:1/p#s3cret", "https://h:1/p"),
        ("http://[::1", "(what is no address)"),
        ("http://me:s3cret#word@h/", "(what is no address)"),
        ("http://h/\x1b[2J\n", "http://h/�[2J"),
    ],
)
def test_an_address_is_told_without_secrets(url: str, told: str) -> None:
    assert shown(url) == told


def test_a_key_is_in_no_log_and_no_error(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    web, _ = patient()
    with serving(failing(99, lambda request: request.reply("", status=500))) as site, web:
        with pytest.raises(FetchError) as caught:
            web.get(site.address, params={"apikey": "s3cret", "i": "tt1"})
        assert "apikey=s3cret" in site.seen[0]
    assert "i=tt1" in str(caught.value)
    assert "s3cret" not in str(caught.value) + caplog.text + repr(web)


# -- pace, proxies, ends -----------------------------------------------------------------------------------------


def test_every_request_waits_for_its_turn_those_of_retries_and_redirects_too() -> None:
    waits: list[float] = []
    pace = Pace(per_second=2, clock=lambda: 0.0, sleep=waits.append)
    web, _ = patient(pace=pace)
    with serving(failing(2, lambda request: request.reply("", status=500))) as site, web:
        web.get(site.address)
    assert waits == [0.5, 1.0]


def test_a_spent_quota_is_an_error_at_once() -> None:
    web, slept = patient(pace=Pace(per_second=1000, per_day=2))
    with serving(lambda request: request.reply("ok")) as site, web:
        web.get(site.address)
        web.get(site.address)
        assert web.spent
        with pytest.raises(FetchError, match="quota of 2 requests a day is spent"):
            web.get(site.address)
        assert len(site.seen) == 2
    assert slept == []


def test_a_proxy_is_asked_unless_the_host_is_excepted() -> None:
    with serving(lambda request: request.reply("the proxy")) as proxy, serving(lambda r: r.reply("itself")) as site:
        web, _ = patient(proxies={"http": proxy.address})
        with web:
            assert web.get(site.address).body == b"the proxy"
        assert proxy.seen == [site.address]
        for excepted in ("*", "127.0.0.1", "example.org, .0.0.1"):
            web, _ = patient(proxies={"http": proxy.address, "no": excepted})
            with web:
                assert web.get(site.address).body == b"itself"


def test_stopping_wakes_those_who_wait() -> None:
    web = Web(rng=np.random.default_rng(0), manners=Manners(first_wait_s=1000, longest_wait_s=1000))
    said: list[str] = []

    def ask() -> None:
        try:
            web.get(site.address)
        except FetchError as fault:
            said.append(str(fault))

    asked = threading.Event()

    def fail(request: Request) -> None:
        request.reply("", status=500)
        asked.set()

    with serving(fail) as site, web:
        thread = threading.Thread(target=ask)
        thread.start()
        asked.wait()
        web.stop()
        thread.join()
    assert said
    assert "the run was stopped" in said[0]


@pytest.mark.parametrize("silent", ["the pace", "the server"])
def test_stopping_ends_the_wait_for_a_turn_and_for_an_answer(silent: str) -> None:
    pace = Pace(per_second=1000) if silent == "the server" else Pace(per_second=0.001)
    web = Web(rng=np.random.default_rng(0), manners=Manners(read_s=1000, total_s=1000), pace=pace)
    said: list[str] = []

    def ask() -> None:
        try:
            web.get(site.address)
        except FetchError as fault:
            said.append(str(fault))

    asked = threading.Event()

    def stall(request: Request) -> None:
        asked.set()
        request.stall()

    with serving(stall) as site, web:
        if silent == "the pace":
            pace.take()  # the next turn is a quarter of an hour from now
        thread = threading.Thread(target=ask)
        thread.start()
        if silent == "the server":
            asked.wait()
        web.stop()
        thread.join(60)
        assert not thread.is_alive()
    assert "the run was stopped" in said[0]


@pytest.mark.parametrize(
    "proxy",
    ["http://me:s3cret#word@h:80", "http://me:s3cret/word@h:80", "socks9://me:s3cret@h:80", "me:s3cret@h:80"],
)
def test_a_proxy_that_is_none_is_told_without_its_password(proxy: str) -> None:
    web, _ = patient(proxies={"http": proxy})
    with web, pytest.raises(FetchError, match="the proxy for http is no address") as caught:
        web.get("http://example.org/")
    assert "s3cret" not in str(caught.value)
    assert caught.value.__context__ is None


def test_an_answer_packed_twice_is_not_unpacked() -> None:
    packed = gzip.compress(gzip.compress(bytes(1 << 20)))
    web, _ = patient()
    with serving(lambda request: request.reply(packed, Content_Encoding="gzip, gzip")) as site, web:
        with pytest.raises(FetchError, match="packed its answer"):
            web.get(site.address)
        assert len(site.seen) == 1


def test_without_httpx_the_error_tells_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(MissingExtra, match=r"pip install 'triptych\[fetch\]'"):
        Web(rng=np.random.default_rng(0))


def test_a_file_of_certificates_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="certificates"):
        Web(rng=np.random.default_rng(0), certificates=tmp_path / "none.pem")


# -- files -------------------------------------------------------------------------------------------------------


class Files:
    """A file with a tag, served in ranges or not; ``cuts`` are the bytes after which the line goes dead."""

    def __init__(self, body: bytes = BODY, *, ranges: bool = True, tag: str = '"v1"', cuts: list[int] | None = None):
        self.body, self.ranges, self.tag, self.cuts = body, ranges, tag, cuts or []
        self.asked: list[tuple[str, str]] = []

    def __call__(self, request: Request) -> None:
        wanted, condition = request.headers.get("Range", ""), request.headers.get("If-Range", "")
        self.asked.append((wanted, condition))
        start = int(wanted[6:-1]) if wanted and self.ranges and condition == self.tag else 0
        request.send_response(206 if start else 200)
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(self.body) - 1}/{len(self.body)}")
        request.send_header("Content-Length", str(len(self.body) - start))
        if self.tag:
            request.send_header("ETag" if '"' in self.tag else "Last-Modified", self.tag)
        request.end_headers()
        cut = self.cuts.pop(0) if self.cuts else len(self.body)
        request.wfile.write(self.body[start : start + cut])
        request.close_connection = True


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_arrives_whole_and_nothing_beside_it(tmp_path: Path) -> None:
    web, _ = patient()
    told: list[tuple[int, int | None]] = []
    with serving(Files()) as site, web:
        got = web.download(site.address, tmp_path / "new" / "f", progress=lambda *state: told.append(state))
    assert got.path.read_bytes() == BODY
    assert (got.bytes, got.resumed_at) == (len(BODY), 0)
    assert left(tmp_path / "new") == ["f"]
    assert told[-1] == (len(BODY), len(BODY))


@pytest.mark.parametrize("tag", ['"v1"', "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_a_dead_line_is_taken_up_where_it_broke(tmp_path: Path, tag: str) -> None:
    files = Files(tag=tag, cuts=[100_000, 100_000])
    web, slept = patient()
    with serving(files) as site, web:
        web.download(site.address, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == BODY
    assert files.asked == [("", ""), ("bytes=100000-", tag), ("bytes=200000-", tag)]
    assert len(slept) == 2


def test_progress_renews_patience_and_its_absence_does_not(tmp_path: Path) -> None:
    """Ten dead lines of five thousand bytes each are more than five tries; ten without a new byte are not."""
    web, _ = patient()
    with serving(Files(cuts=[5000] * 10)) as site, web:
        web.download(site.address, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == BODY
    for files in (Files(ranges=False, cuts=[5000] * 10), Files(cuts=[0] * 10)):
        web, _ = patient()
        with serving(files) as site, web, pytest.raises(FetchError, match="tries"):
            web.download(site.address, tmp_path / "g")
        assert len(files.asked) <= 6


@pytest.mark.parametrize(
    "files",
    [Files(ranges=False, cuts=[100_000]), Files(tag="", cuts=[100_000]), Files(tag='W/"weak"', cuts=[100_000])],
    ids=["no ranges", "no tag", "a weak tag"],
)
def test_what_cannot_be_resumed_starts_over(tmp_path: Path, files: Files) -> None:
    web, _ = patient()
    with serving(files) as site, web:
        web.download(site.address, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == BODY
    assert len(files.asked) == 2


def test_a_later_run_goes_on_and_a_changed_file_starts_over(tmp_path: Path) -> None:
    files = Files(cuts=[100_000] + [0] * 20)
    web, _ = patient()
    with serving(files) as site, web:
        with pytest.raises(FetchError):
            web.download(site.address, tmp_path / "f")
        assert left(tmp_path) == [".f.part", ".f.part.json"]
        files.cuts = []
        again, _ = patient()
        with again:
            assert again.download(site.address, tmp_path / "f").resumed_at == 100_000
        assert (tmp_path / "f").read_bytes() == BODY
        # The same once more, but the file is another one by then.
        files.cuts = [100_000] + [0] * 20
        with pytest.raises(FetchError):
            web.download(site.address, tmp_path / "f")
        files.cuts, files.body, files.tag = [], BODY[::-1], '"v2"'
        web.download(site.address, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == BODY[::-1]


@pytest.mark.parametrize(
    ("tag", "later"), [('"v1"', '"v2"'), ("Mon, 01 Jan 2024 00:00:00 GMT", "Tue, 02 Jan 2024 00:00:00 GMT")]
)
def test_a_server_that_passes_over_the_condition_does_not_mix_two_files(tag: str, later: str, tmp_path: Path) -> None:
    class Heedless(Files):
        def __call__(self, request: Request) -> None:
            if request.headers.get("Range"):
                request.headers.replace_header("If-Range", self.tag)
            super().__call__(request)

    files = Heedless(tag=tag, cuts=[100_000] + [0] * 20)
    web, _ = patient()
    with serving(files) as site, web:
        with pytest.raises(FetchError):
            web.download(site.address, tmp_path / "f")
        files.cuts, files.body, files.tag = [], BODY[::-1], later
        web.download(site.address, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == BODY[::-1]


def test_a_part_that_tells_no_name_is_of_the_same_length(tmp_path: Path) -> None:
    class Nameless(Files):
        def __call__(self, request: Request) -> None:
            if request.headers.get("Range"):
                request.headers.replace_header("If-Range", "")
                self.tag, tag = "", self.tag
                super().__call__(request)
                self.tag = tag
            else:
                super().__call__(request)

    files = Nameless(cuts=[100_000] + [0] * 20)
    web, _ = patient()
    with serving(files) as site, web:
        with pytest.raises(FetchError):
            web.download(site.address, tmp_path / "f")
        files.cuts, files.body = [], BODY[::-1] + b"more"
        web.download(site.address, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == BODY[::-1] + b"more"


def test_a_part_of_another_address_is_not_built_upon(tmp_path: Path) -> None:
    files = Files(cuts=[100_000] + [0] * 20)
    web, _ = patient()
    with serving(files) as site, web:
        with pytest.raises(FetchError):
            web.download(f"{site.address}a", tmp_path / "f")
        files.cuts = []
        assert web.download(f"{site.address}b", tmp_path / "f").resumed_at == 0
        assert files.asked[-1] == ("", "")


def test_a_run_stopped_before_the_last_step_asks_for_nothing(tmp_path: Path) -> None:
    files = Files(cuts=[100_000] + [0] * 20)
    web, _ = patient()
    with serving(files) as site, web:
        with pytest.raises(FetchError):
            web.download(site.address, tmp_path / "f")
        (tmp_path / ".f.part").write_bytes(BODY)
        asked = len(site.seen)
        assert web.download(site.address, tmp_path / "f").bytes == len(BODY)
        assert len(site.seen) == asked


@pytest.mark.parametrize("note", ["", "{", "[]", '{"of": 1}', "null"])
def test_a_damaged_note_starts_over(tmp_path: Path, note: str) -> None:
    (tmp_path / ".f.part").write_bytes(b"half of I know not what")
    (tmp_path / ".f.part.json").write_text(note)
    web, _ = patient()
    with serving(Files()) as site, web:
        web.download(site.address, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == BODY
    assert left(tmp_path) == ["f"]


def test_a_server_that_sends_another_range_than_asked(tmp_path: Path) -> None:
    lies = [True]

    class Liar(Files):
        def __call__(self, request: Request) -> None:
            if request.headers.get("Range") and lies.pop():
                request.reply(BODY[7:], status=206, Content_Range=f"bytes 7-{len(BODY) - 1}/{len(BODY)}")
            else:
                super().__call__(request)

    web, _ = patient()
    with serving(Liar(cuts=[100_000])) as site, web:
        web.download(site.address, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == BODY


def test_a_range_that_is_none_any_more_starts_over(tmp_path: Path) -> None:
    class Shrunk(Files):
        def __call__(self, request: Request) -> None:
            if request.headers.get("Range"):
                request.reply("", status=416, Content_Range="bytes */10")
            else:
                super().__call__(request)

    web, _ = patient()
    with serving(Shrunk(cuts=[100_000])) as site, web:
        web.download(site.address, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == BODY


def test_a_digest_decides(tmp_path: Path) -> None:
    right = f"md5:{hashlib.md5(BODY).hexdigest()}"
    web, _ = patient()
    with serving(Files()) as site, web:
        web.download(site.address, tmp_path / "f", digest=right)
        with pytest.raises(FetchError, match=r"came with the digest md5:.*Run it again"):
            web.download(site.address, tmp_path / "g", digest=f"md5:{'0' * 32}")
    assert left(tmp_path) == ["f"]


@pytest.mark.parametrize("told", [True, False])
def test_a_file_has_a_limit(tmp_path: Path, told: bool) -> None:
    def endless(request: Request) -> None:
        request.send_response(200)
        if told:
            request.send_header("Content-Length", str(len(BODY)))
        request.send_header("ETag", '"v"')
        request.end_headers()
        request.wfile.write(BODY)
        request.close_connection = True

    web, _ = patient()
    with serving(endless) as site, web, pytest.raises(FetchError, match=r"larger than 1,000 bytes \(1 try\)"):
        web.download(site.address, tmp_path / "f", most_bytes=1000)
    assert left(tmp_path) == []


def test_a_file_that_is_not_there_leaves_nothing(tmp_path: Path) -> None:
    web, _ = patient()
    not_there = pytest.raises(FetchError, match="404")
    with serving(lambda request: request.reply("<h1>no</h1>", status=404)) as site, web, not_there:
        web.download(site.address, tmp_path / "f")
    assert left(tmp_path) == []


def test_two_runs_do_not_write_into_one_part(tmp_path: Path) -> None:
    begun = threading.Event()

    def slow(request: Request) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "10")
        request.end_headers()
        request.wfile.write(b"12345")
        begun.set()
        request.server.site.over.wait(30)
        request.wfile.write(b"67890")

    web, _ = patient(manners=Manners())
    other, _ = patient()
    with serving(slow) as site, web, other:
        first = threading.Thread(target=lambda: web.download(site.address, tmp_path / "f"))
        first.start()
        begun.wait()
        with pytest.raises(FetchError, match="being fetched by another process"):
            other.download(site.address, tmp_path / "f")
        site.over.set()
        first.join()
    assert (tmp_path / "f").read_bytes() == b"1234567890"


def test_a_link_in_the_place_of_the_part_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"mine")
    (tmp_path / ".f.part").symlink_to(tmp_path / "precious")
    web, _ = patient()
    with serving(Files()) as site, web, pytest.raises(CatalogueUnwritable):
        web.download(site.address, tmp_path / "f")
    assert (tmp_path / "precious").read_bytes() == b"mine"


FULL = """
import json, resource, sys
import numpy as np
from pathlib import Path
from triptych.errors import TriptychError
from triptych.gather.web import Web

limit = int(sys.argv[3])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
with Web(rng=np.random.default_rng(0)) as web:
    try:
        print(json.dumps(["got", web.download(sys.argv[1], Path(sys.argv[2])).resumed_at]))
    except TriptychError as fault:
        print(json.dumps([type(fault).__name__, str(fault)]))
"""


def test_a_full_disk_is_a_sentence_and_the_next_run_goes_on(tmp_path: Path) -> None:
    def run(limit: int) -> Any:
        command = [sys.executable, "-c", FULL, site.address, str(tmp_path / "f"), str(limit)]
        environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60, env=environment)
        return json.loads(done.stdout)

    with serving(Files()) as site:
        name, said = run(100_000)
        assert name == "CatalogueUnwritable"
        assert "cannot be written: File too large. Free some space" in said
        assert run(0) == ["got", 100_000]
    assert (tmp_path / "f").read_bytes() == BODY
