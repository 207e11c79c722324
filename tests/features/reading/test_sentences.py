"""Sentences: where they end, in many scripts; and that nothing but white space is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triptych.features.reading.sentences import sentences

#: What the rules look at, so that random text meets them.
HOSTILE = " \n\t\u2028\u2029\r.!?…。！．।؟\"'”)]}【（「」[12]Mr Dr.J.U.S.3.Aaéあ中—-*•\ud800\x00\ufeff0"


@pytest.mark.parametrize(
    "parts",
    [
        ["He ran.", "She slept!", "Who knows?", "Nobody…"],
        ["Mr. and Mrs. Smith met Dr. No in St. Louis.", "They fought."],
        ["J. R. Ewing is shot.", "E.T. phones home.", "In L.A. Confidential nobody is good."],
        ["He lives in the U.S.", "The FBI wants him."],
        ["U.S. President Thomas J. Whitmore flies, e.g. a jet, at 5 p.m. Monday."],
        ["It cost $3.5 million in 1945.", "Then it was lost."],
        ["No. 5 is alive.", "Vol. 2 is not."],
        ["Robert Downey Jr. plays Acme Inc. boss Lee.", "He wins."],
        ['"Why?" she asked.', '"Go!"', 'He said: "Come back."', "“Never.”"],
        ["She falls (and dies.)", "[He wakes.]", "Nobody knows.[12]", "End."],
        ["He waits... and waits.", "Then... nothing.", "Wait...", "What?!", "Run!!!"],
        ["It was Yahoo! they wanted."],
        ["Some guys get all the luck.", "—Joshua Davis <joshua@example.org>"],
        ["«Стой!» — сказал он.", "Она ушла."],
        ["¿Quién es?", "Nadie lo sabe.", "¡Corre!"],
        ["Am 3. Oktober 1990 kam er.", "Der 2. Weltkrieg begann.", "Das ist z. B. Berlin."],
        ["彼は走る。", "彼女は「待って！」と叫ぶ。", "何故?", "誰も知らない。"],
        ["他……走了。", "３．１４！"],
        ["वह घर गया।", "वह सोया॥"],
        ["هل أنت هنا؟", "نعم.", "لا۔"],
        ["1. The hero dies.", "2. He wakes."],
        ["no capitals here.", "none at all!", "right?"],
    ],
)
def test_sentences_end_where_a_reader_ends_them(parts: list[str]) -> None:
    assert sentences(" ".join(parts)) == tuple(parts)


def test_scripts_without_blanks_need_none() -> None:
    assert sentences("走了。来了！好？「はい。」そう。") == ("走了。", "来了！", "好？", "「はい。」そう。")
    assert sentences("आया।गया॥") == ("आया।", "गया॥")


def test_a_blank_line_and_a_list_end_one_and_a_wrapped_line_does_not() -> None:
    assert sentences("One two\nthree.\r\n\r\nfour\n \n- five\n- six\fseven") == (
        "One two three.",
        "four",
        "- five",
        "- six",
        "seven",
    )


def test_what_says_nothing_goes_with_its_neighbour() -> None:
    assert sentences("... !!! Hello. *** ... Bye. \U0001f680") == ("... !!! Hello. *** ...", "Bye. \U0001f680")
    assert sentences("... !") == ("... !",)
    assert sentences(" \n\ufeff\n ") == ("\ufeff",)
    assert sentences("") == sentences(" \n\u2029 ") == ()


@given(st.text(alphabet=st.one_of(st.sampled_from(HOSTILE), st.characters()), max_size=60))
def test_nothing_is_lost_but_white_space(text: str) -> None:
    found = sentences(text)
    assert "".join("".join(found).split()) == "".join(text.split())
    assert all(one and one == " ".join(one.split()) for one in found)
    assert len(found) < 2 or all(any(map(str.isalnum, one)) for one in found)


@pytest.mark.parametrize(
    "piece", [".", "a.", "A. ", "Mr. ", "! ", "\n", "\n ", '."', ".[1", "5. Oktober ", "1. ", "(A", "。"]
)
def test_hostile_text_takes_linear_time(piece: str) -> None:
    """Quadratic time would take minutes for these, and hours for the 10 MB that a plot may have."""
    text = piece * (300_000 // len(piece)) + "x"
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())
