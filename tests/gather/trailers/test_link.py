"""Links: what is asked for, what is not, and that hostile text stays text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triptych.gather.trailers.link import NoLink, link_of, name_of, printed, youtube_link
from triptych.gather.trailers.reason import Reason


@pytest.mark.parametrize(
    ("text", "url", "host"),
    [
        ("http://Example.ORG/a.mp4", "http://example.org/a.mp4", "example.org"),
        ("HTTPS://example.org:8443", "https://example.org:8443/", "example.org:8443"),
        ("https://example.org/a;v=1/(b).mp4?x='1'&y=2", "https://example.org/a;v=1/(b).mp4?x='1'&y=2", "example.org"),
        ("https://example.org/film.mp4#__youtubedl_smuggle=%7B%7D", "https://example.org/film.mp4", "example.org"),
        ("https://example.org/Amélie.mp4", "https://example.org/Am%C3%A9lie.mp4", "example.org"),
        ("https://bücher.example/a", "https://xn--bcher-kva.example/a", "xn--bcher-kva.example"),
        ("http://[2606:4700::1111]:80/a", "http://[2606:4700::1111]:80/a", "[2606:4700::1111]:80"),
    ],
)
def test_addresses_are_taken(text: str, url: str, host: str) -> None:
    link = link_of(text)
    assert (link.url, link.host) == (url, host)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Reason.NO_LINK),
        ("#NAME?", Reason.NOT_A_LINK),
        ("--exec=touch x", Reason.NOT_A_LINK),
        ("-o/tmp/x", Reason.NOT_A_LINK),
        ("example.org/film.mp4", Reason.NOT_A_LINK),
        ("//example.org/film.mp4", Reason.NOT_A_LINK),
        ("http:example.org", Reason.NOT_A_LINK),
        ("http://", Reason.NOT_A_LINK),
        ("http:///film.mp4", Reason.NOT_A_LINK),
        ("http://-example.org/", Reason.NOT_A_LINK),
        ("http://example.org:0/", Reason.NOT_A_LINK),
        ("http://example.org:99999/", Reason.NOT_A_LINK),
        ("http://[::1/", Reason.NOT_A_LINK),
        ("http://me:secret@example.org/", Reason.NOT_A_LINK),
        ("http://example.org/a b.mp4", Reason.NOT_A_LINK),
        ("http://example.org/a;rm -rf /", Reason.NOT_A_LINK),
        ("http://example.org/$(id).mp4", Reason.NOT_A_LINK),
        ("http://example.org/${HOME}", Reason.NOT_A_LINK),
        ("http://example.org/`id`.mp4", Reason.NOT_A_LINK),
        ("http://example.org/a\nb.mp4", Reason.NOT_A_LINK),
        ("http://example.org/a\x00.mp4", Reason.NOT_A_LINK),
        ("http://example.org/a|b", Reason.NOT_A_LINK),
        ('http://example.org/"a', Reason.NOT_A_LINK),
        ("http://example.org/a\\b", Reason.NOT_A_LINK),
        ("http://example.org/%zz", Reason.NOT_A_LINK),
        ("http://example.org/\ud800", Reason.NOT_A_LINK),
        ("http://example.org/\u202egpm.4pm", Reason.NOT_A_LINK),
        ("http://example.org/" + "a" * 5000, Reason.NOT_A_LINK),
        ("file:///etc/passwd", Reason.REFUSED_ADDRESS),
        ("FILE:/etc/passwd", Reason.REFUSED_ADDRESS),
        ("data:video/mp4;base64,AAAA", Reason.REFUSED_ADDRESS),
        ("ftp://example.org/film.mp4", Reason.REFUSED_ADDRESS),
        ("ytsearch:trailer", Reason.REFUSED_ADDRESS),
        ("http://127.0.0.1/film.mp4", Reason.REFUSED_ADDRESS),
        ("http://LOCALHOST:8000/film.mp4", Reason.REFUSED_ADDRESS),
        ("http://localhost./film.mp4", Reason.REFUSED_ADDRESS),
        ("http://10.1.2.3/", Reason.REFUSED_ADDRESS),
        ("http://169.254.169.254/latest/meta-data", Reason.REFUSED_ADDRESS),
        ("http://[::1]/", Reason.REFUSED_ADDRESS),
        ("http://[::ffff:192.168.0.1]/", Reason.REFUSED_ADDRESS),
        ("http://0.0.0.0/", Reason.REFUSED_ADDRESS),
    ],
)
def test_what_is_not_asked_says_why(text: str, reason: Reason) -> None:
    with pytest.raises(NoLink) as refused:
        link_of(text)
    assert refused.value.reason is reason
    assert "secret" not in str(refused.value)


def test_private_addresses_are_asked_only_when_allowed() -> None:
    assert link_of("http://127.0.0.1:80/a", allow_private=True).host == "127.0.0.1:80"
    with pytest.raises(NoLink):
        link_of("file:///a", allow_private=True)


@pytest.mark.parametrize("text", ["-C-xXZyX2zU", "K26_sDKnvMU"])
def test_youtube_ids_may_begin_with_a_dash(text: str) -> None:
    assert youtube_link(text).url == f"https://www.youtube.com/watch?v={text}"


@pytest.mark.parametrize(
    "text", ["#NAME?", "K26_sDKnvM", "K26_sDKnvMU ", "K26_sDKnvMU\n", "K26&list=AB", "٣26_sDKnvMU"]
)
def test_other_text_is_no_youtube_id(text: str) -> None:
    with pytest.raises(NoLink, match="no YouTube id") as refused:
        youtube_link(text)
    assert refused.value.reason is Reason.NOT_A_LINK


@given(st.text(max_size=80) | st.text(alphabet="htps:/.@[]%#?$(){}`;|-_ \n\x00aé0", max_size=40))
def test_any_text_is_a_clean_address_or_refused(text: str) -> None:
    for candidate in (text, f"http://{text}", f"https://example.org/{text}"):
        assert "\n" not in printed(candidate)
        name_of(candidate)
        try:
            link = link_of(candidate)
        except NoLink:
            continue
        assert link.url.startswith(("http://", "https://"))
        assert link.url.isascii()
        assert not set(link.url) & set(' \t\r\n`"<>\\^{}|#')
        assert "@" not in link.host
        assert link_of(link.url) == link


def test_a_password_is_not_told() -> None:
    assert printed("http://me:secret@example.org/x\n") == "http://…@example.org/x\\n"
