"""Verdicts: what sites and yt-dlp say, in the words of the table."""

from __future__ import annotations

import errno

import pytest

from triptych.gather.trailers.reason import Reason
from triptych.gather.trailers.verdict import RefusedAddress, cleaned, retry_after_s, verdict_of, verdict_of_status


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[youtube] abc: Video unavailable. This video has been removed by the uploader", Reason.UNAVAILABLE),
        ("[youtube] abc: Private video. Sign in if you've been granted access to this video", Reason.UNAVAILABLE),
        ("[youtube] abc: Sign in to confirm your age. This video may be inappropriate", Reason.FORBIDDEN),
        ("[youtube] abc: Sign in to confirm you're not a bot. Use --cookies", Reason.RATE_LIMITED),
        (
            "[youtube] abc: Video unavailable. The uploader has not made this available in your country",
            Reason.FORBIDDEN,
        ),
        ("Unsupported URL: http://example.org/", Reason.NOT_A_VIDEO),
        ("Got error: timed out", Reason.STALLED),
        ("Got error: 5 bytes read, 10 more expected", Reason.TRUNCATED),
        ("\r[download] Got error: Downloaded 5 bytes, expected 10 bytes. Giving up after 0 retries", Reason.TRUNCATED),
        ("'NoneType' object has no attribute 'get'", Reason.NOT_UNDERSTOOD),
    ],
)
def test_prose(text: str, reason: Reason) -> None:
    assert verdict_of(RuntimeError(f"ERROR: {text}")).reason is reason


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        *((404, Reason.UNAVAILABLE), (410, Reason.UNAVAILABLE), (403, Reason.FORBIDDEN), (401, Reason.FORBIDDEN)),
        *((451, Reason.FORBIDDEN), (429, Reason.RATE_LIMITED), (500, Reason.SERVER_ERROR), (503, Reason.SERVER_ERROR)),
    ],
)
def test_statuses(status: int, reason: Reason) -> None:
    found = verdict_of_status(status, "x")
    assert (found.reason, found.http_status) == (reason, status)


def test_redirects() -> None:
    assert verdict_of_status(302, "x", location="file:///etc/passwd").reason is Reason.REFUSED_ADDRESS
    assert verdict_of_status(302, "x", location="http://a/", loop=True).reason is Reason.REDIRECTS


def test_the_cause_is_found_however_deep() -> None:
    try:
        try:
            raise RefusedAddress("10.0.0.1 is a private address")
        except OSError as fault:
            raise RuntimeError("unable to download video data") from fault
    except RuntimeError as fault:
        found = verdict_of(fault)
    assert (found.reason, found.detail) == (Reason.REFUSED_ADDRESS, "10.0.0.1 is a private address")


def test_a_full_disk_is_not_the_sites_fault_and_a_firewall_is_not_the_disks() -> None:
    assert verdict_of(OSError(errno.ENOSPC, "No space left on device")).disk
    assert verdict_of(OSError(errno.EACCES, "Permission denied", "clip.mp4")).disk
    assert not verdict_of(OSError(errno.EPERM, "Operation not permitted")).disk


def test_a_wait_is_seconds_or_a_date() -> None:
    assert retry_after_s(" 7 ", now=0.0) == 7.0
    assert retry_after_s("Thu, 01 Jan 1970 00:00:30 GMT", now=60.0) == 0.0
    for text in ("", "soon", "-1", "1e9", "٣"):
        assert retry_after_s(text, now=0.0) is None


def test_a_detail_is_one_clean_line() -> None:
    said = (
        "\x1b[0;31mERROR:\x1b[0m [generic] film: Unable to download webpage: HTTP Error 404: Not\nFound (caused by <x>)"
    )
    assert cleaned(said) == "HTTP Error 404: Not Found"
    assert len(cleaned("x" * 1000)) <= 201
