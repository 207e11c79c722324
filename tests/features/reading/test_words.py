"""Words in many scripts, folded alike, and the words that say nothing."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triptych.errors import UnknownName
from triptych.features.reading.stop_words import LANGUAGES, bare, digest, language_of, stop_words
from triptych.features.reading.words import FOLDED_CHARACTERS, folded, words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Don't say sci-fi, Mr. O'Brien!", ["Don't", "say", "sci-fi", "Mr", "O'Brien"]),
        (
            "the dogs' 'quoted' -dashed- a--b rock 'n' roll",
            ["the", "dogs", "quoted", "dashed", "a", "b", "rock", "n", "roll"],
        ),
        (
            "it\u2019s l\u2019\u00e9t\u00e9 \u201cco\u2010op\u201d \uff27\uff4f",
            ["it's", "l'\u00e9t\u00e9", "co-op", "Ｇｏ"],
        ),
        ("snake_case 1,000.5 007 \u00bd x\u00b2", ["snake", "case", "1", "000", "5", "007", "\u00bd", "x\u00b2"]),
        ("cafe\u0301 n\u0303 \u0301alone \u2764\ufe0flove", ["cafe\u0301", "n\u0303", "alone", "love"]),
        ("soft\u00adhyphen \ufeffmark \u202ewrong\u202c way", ["softhyphen", "mark", "wrong", "way"]),
        ("lone\ud800half nul\x00byte \ud83d\ude00", ["lone", "half", "nul", "byte"]),
        ("Мальчик по-русски об'єкт об\u02bcєкт", ["Мальчик", "по-русски", "об'єкт", "об'єкт"]),
        ("हिन्दी में फ़िल्म", ["हिन्दी", "में", "फ़िल्म"]),
        ("می\u200cخواهم فیلم، ببینم؟", ["می\u200cخواهم", "فیلم", "ببینم"]),
        ("צה״ל דו״ח", ["צה״ל", "דו״ח"]),
        ("한국어 영화", ["한국어", "영화"]),
        ("千と千尋 iPhone手机 人々", ["千", "と", "千", "尋", "iPhone", "手", "机", "人", "々"]),
        ("トイ・ストーリー2 か\u3099", ["トイ", "ストーリー", "2", "か\u3099"]),
        ("ที่นี่ ๒๕", ["ที่", "นี่", "๒๕"]),
        ("မြန်မာ ខ្មែរ", ["မြ", "န်", "မာ", "ខ្មែ", "រ"]),
        ("", []),
        ("?! \u2026 \U0001f600 \u0301", []),
    ],
)
def test_words_of_many_scripts(text: str, found: list[str]) -> None:
    assert words(text) == found


@given(st.text(alphabet=st.characters(max_codepoint=0x7F)))
def test_ascii_alone_and_ascii_among_others_are_cut_alike(text: str) -> None:
    assert words(f"{text} \u00e9") == [*words(text), "\u00e9"]


@given(st.text(), st.text())
def test_a_word_is_of_the_text_and_one_by_itself(before: str, after: str) -> None:
    found = words(before)
    assert all(words(word) == [word] for word in found)
    assert words(f"{before} {after}") == found + words(after)
    assert all(map(folded, found))


@pytest.mark.parametrize(
    "text",
    ["a-" * 150_000, "\u00e9'" * 150_000, "a" + "\u0301\u0323" * 150_000, "\u1780\u17d2" * 150_000, "ー" * 300_000],
)
def test_what_would_make_a_pattern_go_back_is_read_in_no_time(text: str) -> None:
    [word] = words(text)
    assert 0 < len(folded(word)) <= 2 * FOLDED_CHARACTERS


def test_folding_twice_changes_nothing_more() -> None:
    letters = [chr(point) for point in range(0x10000) if chr(point).isalnum()]
    assert [letter for letter in letters if folded(folded(letter)) != folded(letter)] == []


def test_folding_regards_no_case_width_or_encoding_but_accents() -> None:
    for one, same in (("Straße", "STRASSE"), ("É", "e\u0301"), ("\uff26\uff41\uff52", "far"), ("Σίσυφος", "ΣΊΣΥΦΟΣ")):
        assert folded(one) == folded(same)
    assert folded("می\u200cخواهم") == folded("میخواهم")
    assert folded("resume") != folded("résumé")


@pytest.mark.parametrize("language", LANGUAGES)
def test_stop_words_are_words_as_they_are_compared(language: str) -> None:
    listed = stop_words(language)
    assert len(listed) > 200
    assert all(words(word) == [word] and folded(word) == word for word in listed)
    assert all(unicodedata.is_normalized("NFC", word) for word in listed)


def test_the_lists_tell_languages_apart() -> None:
    assert len({digest(language) for language in LANGUAGES}) == len(LANGUAGES)
    told = {
        "en": "A keeper finds a letter in the fog and rows out to learn who wrote it.",
        "fr": "Un gardien trouve une lettre dans la brume et part en mer pour savoir qui l'a écrite.",
        "de": "Ein Wärter findet im Nebel einen Brief und rudert hinaus, um zu erfahren, wer ihn schrieb.",
        "es": "Un farero encuentra una carta en la niebla y sale a remar para saber quién la escribió.",
        "it": "Il guardiano di un faro trova una lettera nella nebbia e rema per sapere chi l'ha scritta.",
        "pt": "Um faroleiro encontra uma carta no nevoeiro e sai a remar para saber quem a escreveu.",
        "nl": "Een vuurtorenwachter vindt een brief in de mist en roeit uit om te weten wie hem schreef.",
    }
    assert {language_of([folded(word) for word in words(text)]) for text in told.values()} == set(LANGUAGES)
    assert all(language_of([folded(word) for word in words(text)]) == language for language, text in told.items())
    assert language_of([]) == "en"


def test_an_unknown_language_is_named() -> None:
    with pytest.raises(UnknownName, match="'tlh'"):
        stop_words("tlh")


def test_bare_words() -> None:
    given = ("andy's", "l'\u00e9t\u00e9", "un'altra", "o'brien", "don't", "rock'n'roll", "qu'il")
    assert [bare(word) for word in given] == ["andy", "\u00e9t\u00e9", "altra", "o'brien", "don't", "rock'n'roll", "il"]
