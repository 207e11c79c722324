"""Inspect reading: names marked in plots, the language, the graph, the cards, and what is missing."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from importlib.util import find_spec

import numpy as np
import pytest

from tests.worlds.clips import card
from triptych.catalogue.records import Item
from triptych.cli.inspect_reading import Cards, cards_of, reading_of
from triptych.cli.inspect_reading_page import SHOWN, marked, section
from triptych.cli.inspect_reading_words import cards_say, read_opening, reading_says
from triptych.features.reading.lettering import Line
from triptych.media.probe import PictureFacts, Probe
from triptych.media.reel import Frames, Reel
from triptych.media.sampling import CARDS

HOSTILE = "<script>alert('x')</script>"
PLOT = f"In Paris, John Hammond calls the FBI. {HOSTILE} & then he returns to the park with Ann."


def page(item: Item, cards: Cards | None = None, reason: str = "") -> str:
    return section(item, reading_of(item, cards=cards, cards_reason=reason))


def test_names_are_marked_and_nothing_else_is_changed() -> None:
    told = reading_of(Item(item_id="1", plot=PLOT))
    html = marked(told.plot, told.names)
    assert re.findall(r'<mark class=(\w+) title="\w+">([^<]*)</mark>', html)[:3] == [
        ("place", "Paris"),
        ("person", "John Hammond"),
        ("organisation", "FBI"),
    ]
    assert unescape(re.sub(r"</?mark[^>]*>", "", html)) == PLOT
    assert "<script" not in html
    assert read_opening(told).startswith("Read: a plot of ")


def test_of_a_very_long_plot_the_beginning_is_shown() -> None:
    told = reading_of(Item(item_id="1", plot="John Hammond invited four individuals. " * 2000))
    assert told.warnings
    html = marked(told.plot, told.names)
    shown = unescape(re.sub(r"</?mark[^>]*>", "", html))
    assert shown.removesuffix(" …") == told.plot[:SHOWN]
    assert html.count("<mark") == html.count("</mark>")


@pytest.mark.parametrize(
    ("plot", "language"),
    [
        (PLOT, "English"),
        ("Le vendredi, un homme et une femme se promènent dans les rues de la ville avec leurs amis.", "French"),
        ("七人の侍が村を守るために集まり、野武士と戦う物語である。", ""),
        ("Fog.", ""),
    ],
)
def test_the_language_is_told_where_its_words_tell_it(plot: str, language: str) -> None:
    assert reading_of(Item(item_id="1", plot=plot)).language == language


def test_what_is_missing_is_said() -> None:
    bare = Item(item_id="1")
    says = reading_says(bare, reading_of(bare))
    assert says.startswith("The catalogue has no title and no genres and no people of it. The item has no plot.")
    shouted = Item(item_id="1", title="T", plot="THE FOG ROLLS OVER THE BAY AND NOBODY COMES BACK")
    assert "Names in it are not told" in reading_says(shouted, reading_of(shouted))
    assert "They were not read: there is no clip." in page(bare, reason="there is no clip")


def test_the_graph_and_the_fields_are_escaped() -> None:
    people = tuple(f"Person {k} {HOSTILE}" for k in range(20))
    html = page(Item(item_id="1", title=HOSTILE, people=people, genres=("Drama",), plot=PLOT))
    assert "<script" not in html
    assert html.count("<i>starring</i>") == 1
    assert "and 8 more" in html
    assert unescape(html).count(f"Person 3 {HOSTILE}") == 3  # field, branch, table


def test_lines_of_cards_stand_with_their_time_and_kind() -> None:
    line = Line(text=HOSTILE, at_s=61.26, sure=0.97, high=0.1, kind="tagline")
    html = page(Item(item_id="1"), Cards(looked_at=30, left=6, lines=(line,)))
    assert "1:01.3" in html
    assert "&lt;script&gt;" in html
    assert "6 of them were not read" in html
    assert "The clip has no card" in cards_say(
        reading_of(Item(item_id="1"), cards=Cards(looked_at=0, left=0, lines=()))
    )


@pytest.mark.skipif(find_spec("rapidocr") is None, reason="the extra ocr is not installed")
def test_cards_are_read() -> None:
    frames = Frames(rgb=card("THE FOG BELOW", "COMING SOON")[None], times_s=np.array([3.0]))
    facts = PictureFacts(
        codec="", width_px=384, height_px=256, rate_fps=None, pixel_aspect=1.0, pixel_format="", transfer=""
    )
    probe = Probe(container="", declared_s=None, duration_s=4.0, picture=facts, sounds=())
    found = cards_of(Reel(name="x", probe=probe, frames={CARDS: frames}))
    assert found is not None
    assert [(line.text, line.kind) for line in found.lines] == [("THE FOG BELOW", "tagline"), ("COMING SOON", "date")]
    assert cards_of(Reel(name="x", probe=replace(probe, picture=None))) is None
