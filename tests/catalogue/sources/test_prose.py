"""Prose: no markup, no addresses, and nothing else lost."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triptych.catalogue.sources.prose import prose_of


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (None, ""),
        (float("nan"), ""),
        ("A plot. —John Wiggins", "A plot. —John Wiggins"),
        ("A plot. —Jo Doe <jo.doe@example.org>", "A plot. —Jo Doe"),
        ("A plot. —<jo-d@mail.example.org>", "A plot."),
        ("A plot. —jo@example.org", "A plot."),
        ("A plot. Jo Doe (Jo12@example.com)", "A plot. Jo Doe"),
        ("A plot. —T. O'Doe <T.O'Doe@example.net>", "A plot. —T. O'Doe"),
        ("A plot. —jo @ example", "A plot."),
        ("Write to jo@example.org, or do not.", "Write to , or do not."),
        ("Mail (or write to jo@example.org)", "Mail (or write to )"),
        ("A plot &lt;jo@example.org&gt;", "A plot"),
        ("1 < 2 & 3 > 2", "1 < 2 & 3 > 2"),
        ("Andy &amp;amp; Woody<br/>&lt;i&gt;fall&lt;/i&gt; out", "Andy & Woody\nfall out"),
        ("a <b>bold</b> <a href='http://x'>link</a>", "a bold link"),
        ("unclosed <b>tag", "unclosed tag"),
        ("See <a href='mailto:jo@example.org'>Jo</a>", "See Jo"),
        ("Meet @ noon, @ the bar", "Meet @ noon, @ the bar"),
        ("A plot. —<Sembola>", "A plot. —<Sembola>"),
        ("I <3 you, 2 < 3 & 4 > 1", "I <3 you, 2 < 3 & 4 > 1"),
        ("A <i>good</i>&nbsp;&amp; <B>bold</B> one<br/>Next<p class='x'>Last</p>", "A good & bold one\nNext\nLast"),
        ("Seen<script>alert('<b>')</script><!-- no --> twice", "Seen twice"),
        ("Caf&eacute; &#8212; &quot;now&quot;&#0;", 'Café — "now"\ufffd'),
        ("a<script>never closed", "a"),
        ("two  spaces\r\n\r\n\r\n\r\nlines", "two spaces\n\nlines"),
    ],
)
def test_prose(written: object, read: str) -> None:
    assert prose_of(written) == read


@given(st.text())
def test_no_address_is_left_and_it_is_done_at_once(text: str) -> None:
    read = prose_of(f"{text} <jo.doe@example.org>")
    assert "jo.doe" not in read
    assert read == read.strip()


@given(st.text(st.characters(categories=["L", "N", "P"], exclude_characters="<>&@")))
def test_plain_words_stay(text: str) -> None:
    assert prose_of(f"x{text}x") == f"x{text}x"


def test_a_long_word_costs_no_more_than_its_length() -> None:
    for long in ("a" * 200_000, "<b " * 60_000, "<script" * 30_000, "(" * 200_000, "<!--" * 50_000):
        assert isinstance(prose_of(f"{long} @ <i>"), str)
    assert not re.search("@", prose_of("a" * 200_000 + "@b.c"))
