"""Certificates: the ages that many systems mean, and reasons where none is meant."""

from __future__ import annotations

import pytest

from triptych.catalogue.records import Item
from triptych.features.extractor import Showing
from triptych.features.feature import Feature, Presence
from triptych.features.reading.certificates import AGES, BANDS, Certificate, least_age

FILMS = [
    Item(item_id="both", certificate="PG-13"),
    Item(item_id="other", certificate="FSK 18"),
    Item(item_id="mute"),
]


def measure(certificate: str) -> Feature:
    [feature] = Certificate().extract([Showing(item=Item(item_id="x", certificate=certificate))])
    return feature


def bands(certificate: str) -> list[str]:
    values = measure(certificate).values
    assert values is not None
    return [name for name, value in zip(Certificate().columns()[1:], values[1:], strict=True) if value]


@pytest.mark.parametrize(
    ("certificates", "age"),
    [
        ("G|TV-Y|TV-G|U|Uc|FSK 0|o.A.|0|0+|Tous publics|Rated G|AL", 0),
        ("FSK 6|6|ab 6|6+|FSK-6|Germany:6", 6),
        ("TV-Y7|TV-Y7-FV|7|K-7|Sweden:7", 7),
        ("PG|GP|M|TV-PG|TV-PG-V|pg|Rated PG for mild peril|UK:PG|UK:A", 8),
        ("12|12A|FSK 12|fsk12|12+|K-12|UA|PG12|ab 12 Jahren|12 years and over", 12),
        ("PG-13|PG 13|pg13|P13|USA:PG-13|UA 13+|U/A 13+|13+", 13),
        ("TV-14|TV-14-DLSV|14A|VM14|14", 14),
        ("15|15A|BBFC 15|MA15+|MA 15+|AU:M|Australia:M|R15+|R-15", 15),
        ("16|FSK 16|NC16|16+|NZ:M", 16),
        ("R|TV-MA|TV-MA-LSV|r|Rated R for violence and language|USA:R", 17),
        ("NC-17|X|18|18A|FSK 18|R18+|R18|X18+|VM18|M18|18+|R21|19|IN:A|India:A|Canada:R|Australia:R|III", 18),
    ],
)
def test_certificates_mean_an_age(certificates: str, age: int) -> None:
    assert {name: least_age(name) for name in certificates.split("|")} == dict.fromkeys(certificates.split("|"), age)


def test_an_age_is_a_share_of_eighteen_and_one_band() -> None:
    values = measure("12A").values
    assert values is not None
    assert values[0] == pytest.approx(12 / 18)
    assert len(values) == 1 + len(BANDS)
    assert [bands(name) for name in ("U", "FSK 6", "PG", "PG-13", "15", "R", "NC-17")] == [
        ["ages_all"],
        ["ages_6_to_11"],
        ["ages_6_to_11"],
        ["ages_12_to_14"],
        ["ages_15_to_17"],
        ["ages_15_to_17"],
        ["ages_18"],
    ]
    assert all(len(bands(name)) == 1 for name in AGES)


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        ("", "the item has no certificate"),
        (" ", "the item has no certificate"),
        ("Not Rated", "'Not Rated': nobody has rated it"),
        ("UNRATED", "nobody has rated it"),
        ("NR", "nobody has rated it"),
        ("Approved", "it was passed, and for which age is not said"),
        ("Passed", "it was passed"),
        ("N/A", "says nothing"),
        ("nan", "says nothing"),
        ("\ud800", "says nothing"),
        ("A", "'A', which is not known, or unlike from country to country"),
        ("Blue", "'Blue', which is not known"),
        ("99", "'99', which is not known"),
        ("1998", "'1998', which is not known"),
        ("12 monkeys", "'12 monkeys', which is not known"),
        ("x" * 5_000_000, "5,000,000 characters; that is none"),
        ("pgpgnrmamkvm" * 16, "which is not known"),
        ("\x00" * 60 + "Q", "which is not known"),
    ],
)
def test_what_says_no_age_is_missing_and_named(certificate: str, reason: str) -> None:
    feature = measure(certificate)
    assert feature.presence is Presence.MISSING
    assert reason in feature.reason
    assert len(feature.reason) < 500
    feature.reason.encode()


def test_the_letter_that_was_american_once_is_read_with_a_warning() -> None:
    assert "AU:M" in measure("M").warnings[0]
    assert measure("US:M").warnings == measure("PG").warnings == ()
