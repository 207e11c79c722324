"""Fan, span, scatter, rising: a mark for every number, where the number says, and names that do not touch."""

from __future__ import annotations

import random
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from triptych.drawing.chart import NARROW, WIDE, Curve
from triptych.drawing.fan import PITCH, fan, spread
from triptych.drawing.rising import Rise, rising
from triptych.drawing.scatter import Cloud, scatter
from triptych.drawing.span import Span, spans
from triptych.drawing.stroke import Drawing


def tree(drawing: Drawing) -> ET.Element:
    return ET.fromstring(f"<svg>{drawing.body}</svg>")


def centres(drawing: Drawing) -> list[tuple[float, float]]:
    return [(float(dot.attrib["cx"]), float(dot.attrib["cy"])) for dot in tree(drawing).iter("circle")]


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_every_point_of_every_curve_has_a_dot_and_no_two_names_touch(width: float) -> None:
    ks = [1.0, 3.0, 5.0, 10.0]
    curves = [
        Curve(tone="seeing" if n % 2 else "soft", points=[(k, 0.2 + n / 1000) for k in ks], name=f"row {n}")
        for n in range(13)
    ]
    drawing = fan(width, curves=curves, x_ticks=[(k, f"@{k:g}") for k in ks], log_x=True)
    assert len(centres(drawing)) == 13 * 4
    named = {
        node.text: float(node.attrib["y"]) for node in tree(drawing).iter("text") if (node.text or "")[:3] == "row"
    }
    assert set(named) == {one.name for one in curves}
    heights = sorted(named.values())
    assert min(b - a for a, b in pairwise(heights)) > 12
    # The better a curve, the higher its name.
    assert sorted(named, key=lambda name: -named[name]) == [one.name for one in curves]


def test_places_are_spread_as_little_as_need_be() -> None:
    rng = random.Random(0)
    for _ in range(100):
        places = [rng.uniform(0, 100) for _ in range(rng.randint(1, 9))]
        found = spread(places, PITCH, 0, 200)
        order = sorted(range(len(places)), key=lambda k: places[k])
        gaps = [found[b] - found[a] for a, b in pairwise(order)]
        assert all(gap >= PITCH - 1e-9 for gap in gaps)
        assert all(-1e-9 <= at <= 200 + 1e-9 for at in found)
    assert spread([10, 50, 90], PITCH, 0, 100) == [10, 50, 90]


def test_a_dot_lies_within_its_interval_and_the_intervals_share_an_axis() -> None:
    drawing = spans(
        WIDE,
        spans=[
            Span(name="a", value=-1, low=-2, high=0, tone="seeing", words=""),
            Span(name="b", value=1, low=0, high=2, tone="hearing", words="", hollow=True),
        ],
        rule=0.0,
    )
    (a, _), (b, _) = centres(drawing)
    lines = [node for node in tree(drawing).iter("line") if node.attrib["class"].startswith("line ")]
    (low, middle), (same, high) = [(float(node.attrib["x1"]), float(node.attrib["x2"])) for node in lines]
    (rule,) = [float(node.attrib["x1"]) for node in tree(drawing).iter("line") if node.attrib["class"] == "mark"]
    assert low < a < middle == same == rule < b < high
    assert a - low == pytest.approx(high - b, abs=0.2)
    assert [dot.attrib["class"].split()[0] for dot in tree(drawing).iter("circle")] == ["fill-seeing", "hollow"]


def test_a_scatter_has_a_dot_for_each_point_and_more_lies_further_out() -> None:
    points = [(k / 10, k * k / 7, f"column {k}") for k in range(40)]
    for log in (False, True):
        drawing = scatter(
            WIDE,
            clouds=[Cloud(tone="soft", name="", points=points[:10]), Cloud(tone="ink", name="", points=points[10:])],
            across="",
            up="",
            log_y=log,
        )
        found = centres(drawing)
        assert len(found) == 40
        assert [x for x, _ in found] == sorted(x for x, _ in found)
        assert [y for _, y in found] == sorted((y for _, y in found), reverse=True)


def test_a_rise_marks_its_elbow_and_where_it_reaches_a_threshold() -> None:
    shares = [0.5, 0.7, 0.85, 0.95, 1.0]
    drawing = rising(WIDE, rises=[Rise(tone="reading", name="r", shares=shares, bend=2)], thresholds=(0.8, 0.9))
    told = [node.text for node in tree(drawing).iter("title")]
    assert told == ["r", "r: 3 of 5 reach 80 %", "r: 4 of 5 reach 90 %", "r: the elbow, after 2 of 5"]
