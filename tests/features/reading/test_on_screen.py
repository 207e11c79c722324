"""On screen: planted cards are read, each once, their lines are told apart by kind, and nothing is read off a film."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.media.makeclip import make_clip
from tests.worlds.clips import card
from triptych.catalogue.records import Item
from triptych.errors import ExtractionError
from triptych.features.extractor import Showing
from triptych.features.feature import Feature, Presence
from triptych.features.reading import recogniser
from triptych.features.reading.lettering import KINDS, Lettering, Line, alike, kind_of, lettering_of, once
from triptych.features.reading.on_screen import OnScreen
from triptych.media.loader import open_reel
from triptych.media.reel import Reel

FPS, WIDTH, HEIGHT = 6, 384, 256
COLUMNS = OnScreen.columns()


def film(seconds: float) -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    coarse = rng.integers(0, 255, (40, 9 + round(seconds * FPS), 3)).astype(np.uint8)
    return [
        cv2.resize(coarse[:, k : k + 9], (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
        for k in range(round(seconds * FPS))
    ]


@pytest.fixture(scope="module")
def reel(tmp_path_factory: pytest.TempPathFactory) -> Reel:
    """A trailer of 20 s that ends in a tagline for 1 s, and in its title and date for 1.5 s."""
    last = [card("SOME SECRETS NEVER SLEEP")] * FPS + [card("THE FOG BELOW", "IN THEATERS JULY 16")] * (3 * FPS // 2)
    path = tmp_path_factory.mktemp("clips") / "fog.mp4"
    make_clip(path, [*film(17.5), *last], fps=FPS, gop=12)
    return open_reel(path, OnScreen().needs.want, threads=1)


def measured(reel: Reel, title: str = "") -> Feature:
    [feature] = OnScreen().extract([Showing(item=Item(item_id="i", title=title), reel=reel)])
    return feature


def test_planted_lines_are_read_once_with_their_kind_and_time(reel: Reel) -> None:
    lettering = reel.once(lettering_of)
    assert lettering is not None
    found = {line.text.upper().replace(" ", ""): line for line in lettering.lines}
    assert set(found) == {"SOMESECRETSNEVERSLEEP", "THEFOGBELOW", "INTHEATERSJULY16"}
    assert found["INTHEATERSJULY16"].kind == "date"
    assert found["SOMESECRETSNEVERSLEEP"].kind == "tagline"
    assert 17.4 <= found["SOMESECRETSNEVERSLEEP"].at_s <= 18.6
    assert found["THEFOGBELOW"].at_s >= 18.4
    assert lettering.cards == 2


def test_the_numbers_say_how_much_of_what_kind_and_whether_it_is_the_title(reel: Reel) -> None:
    values = measured(reel, "The Fog Below").values
    assert values is not None
    found = dict(zip(COLUMNS, values.tolist(), strict=True))
    assert found["cards_log"] == pytest.approx(np.log(3))
    assert found["card_share"] == pytest.approx(2.5 / 20, abs=0.03)
    assert found["date_share"] == pytest.approx(1 / 3)
    assert found["title_share"] == 1
    other = measured(reel, "Rust").values
    assert other is not None
    assert dict(zip(COLUMNS, other.tolist(), strict=True))["title_share"] == 0


def test_a_film_without_cards_has_nothing_to_read(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    make_clip(path, film(4), fps=FPS)
    feature = measured(open_reel(path, OnScreen().needs.want, threads=1))
    assert feature.presence is Presence.MISSING
    assert "no card" in feature.reason


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("COMING SOON", "date"),
        ("Only in theatres", "date"),
        ("December 25th", "date"),
        ("SUMMER 2011", "date"),
        ("RATED PG-13", "rating"),
        ("The following preview has been approved for", "rating"),
        ("A film by Ada Stone", "credit"),
        ("GRANITE HOUSE STUDIOS", "credit"),
        ("www.thefog.com", "address"),
        ("In space no one can hear you", "tagline"),
        ("FOG", "other"),
        ("", "other"),
        ("2001", "other"),
    ],
)
def test_kinds_of_lines(text: str, kind: str) -> None:
    assert kind_of(text) == kind
    assert kind in KINDS


def test_a_line_that_was_read_twice_is_one() -> None:
    lines = [
        Line(text="GRAN1TE HOUSE", at_s=0.5, sure=0.7, high=0.1, kind="other"),
        Line(text="GRANITE HOUSE", at_s=1.0, sure=0.99, high=0.1, kind="other"),
        Line(text="FILMS", at_s=1.0, sure=0.9, high=0.1, kind="other"),
    ]
    assert [line.text for line in once(lines)] == ["GRANITE HOUSE", "FILMS"]
    assert not alike("", "a")
    assert Lettering(cards=0, seconds=0.0, lines=()).left == 0


def test_networks_that_are_not_the_expected_ones_are_refused(tmp_path: Path) -> None:
    for name in recogniser.SHA256:
        (tmp_path / name).write_bytes(b"no network")
    with pytest.raises(ExtractionError, match=r"is not the one that was expected.*--force-reinstall"):
        recogniser.verify(tmp_path)
    with pytest.raises(ExtractionError, match="cannot be read"):
        recogniser.verify(tmp_path / "nowhere")
