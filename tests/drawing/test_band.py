"""Band, curve, tally: what is drawn lies where the numbers say, in both widths, and hostile names are words."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from triptych.drawing.band import Band, band
from triptych.drawing.chart import NARROW, WIDE
from triptych.drawing.curve import SIDE, Trace, square
from triptych.drawing.scatter import Cloud, scatter
from triptych.drawing.stroke import Drawing
from triptych.drawing.tally import Tally, tallies
from triptych.drawing.track import Track, tracks

HOSTILE = "</title><script>alert(1)</script> & more"


def tree(drawing: Drawing) -> ET.Element:
    assert "nan" not in drawing.body
    assert "inf" not in drawing.body
    return ET.fromstring(f"<svg>{drawing.body}</svg>")


def points(path: str) -> list[tuple[float, float]]:
    return [(float(a), float(b)) for a, b in re.findall(r"(-?[\d.]+) (-?[\d.]+)", path)]


def paths(drawing: Drawing, kind: str) -> list[list[tuple[float, float]]]:
    return [points(node.attrib["d"]) for node in tree(drawing).iter("path") if kind in node.attrib["class"].split()]


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_an_inner_band_lies_within_the_outer_and_the_median_between(width: float) -> None:
    xs = [0.0, 0.5, 1.0]
    levels = [(name, [at + own for at in (3, 1, 2)]) for name, own in zip("abcde", (4, 3, 2, 1, 0), strict=True)]
    drawing = band(
        width, band=Band(tone="hearing", xs=xs, levels=levels, mean=[5.1, 3.1, 4.1], marks=[(0.5, 3.1, "least")])
    )
    outer, inner = paths(drawing, "under")
    for k in range(3):
        assert outer[k][1] < inner[k][1] < inner[-1 - k][1] < outer[-1 - k][1]
    (median,) = paths(drawing, "dashed")
    lines = paths(drawing, "line")
    assert len(lines) == 2
    assert [y for _, y in lines[1]] < [y for _, y in median]
    (ring,) = tree(drawing).iter("circle")
    assert (float(ring.attrib["cx"]), float(ring.attrib["cy"])) == lines[1][1]
    names = {
        node.text: float(node.attrib["y"]) for node in tree(drawing).iter("text") if node.text in [*"abcde", "mean"]
    }
    assert sorted(names, key=names.__getitem__) == ["a", "b", "mean", "c", "d", "e"]
    # By factors, places that grow by the same factor are the same way apart.
    by = band(width, band=Band(tone="ink", xs=[1, 10, 100], levels=[("median", [1, 2, 3])]), log_x=True)
    (line,) = paths(by, "line")
    assert line[1][0] - line[0][0] == pytest.approx(line[2][0] - line[1][0], abs=0.2)


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_a_square_is_one_and_names_stand_beside_or_under_it(width: float) -> None:
    traces = [
        Trace(tone="seeing", name=HOSTILE, points=[(0, 0), (0.25, 0.75), (1, 1)], words="0.812"),
        Trace(tone="soft", name="b", points=[(0.5, 0.5)], dots=True),
    ]
    drawing = square(width, traces=traces, across="false", up="true", diagonal="by chance")
    (first, last) = (paths(drawing, "line-seeing")[0][k] for k in (0, -1))
    side = last[0] - first[0]
    assert side == pytest.approx(first[1] - last[1], abs=0.2)
    assert side <= SIDE
    quarter = paths(drawing, "line-seeing")[0][1]
    assert quarter[0] == pytest.approx(first[0] + side / 4, abs=0.2)
    assert quarter[1] == pytest.approx(first[1] - 0.75 * side, abs=0.2)
    (dot,) = tree(drawing).iter("circle")
    assert float(dot.attrib["cx"]) == pytest.approx(first[0] + side / 2, abs=0.2)
    assert "<script>" not in drawing.body
    named = next(node for node in tree(drawing).iter("text") if node.find("tspan") is not None)
    under = float(named.attrib["y"]) > first[1]
    assert under == (width == NARROW)
    assert all(float(node.attrib["x"]) < width for node in tree(drawing).iter("text"))
    assert drawing.height >= max(float(node.attrib["y"]) for node in tree(drawing).iter("text"))


def test_bars_and_line_of_a_tally_are_shares_on_one_axis() -> None:
    edges = [0.5, 1.5, 2.5]
    ones = [
        Tally(tone="reading", name=HOSTILE, edges=edges, bars=[1, 3], line=[2, 2]),
        Tally(tone="ink", name="none", edges=edges, bars=[0, 0], line=[0, 0]),
    ]
    drawing = tallies(WIDE, tallies=ones, names=("given", "predicted"))
    bars = [float(node.attrib["height"]) for node in tree(drawing).iter("rect")]
    assert bars[1] == pytest.approx(3 * bars[0], abs=0.2)
    assert bars[2:] == [0, 0]
    line = paths(drawing, "line-reading")[0]
    heights = [line[0][1] - y for _, y in line]
    assert heights == pytest.approx([0, 2 * bars[0], 2 * bars[0], 2 * bars[0], 2 * bars[0], 0], abs=0.2)
    assert "<script>" not in drawing.body
    assert "given 75.0 %, predicted 50.0 %" in drawing.body
    assert tallies(NARROW, tallies=[], names=("a", "b")).height >= 0


def test_rules_stand_at_their_places_under_their_words() -> None:
    track = Track(tone="ink", name="row", points=[(0, 1), (0.5, 2), (1, 1.5)])
    drawing = tracks(WIDE, tracks=[track], places=[(0, "warm"), (1, "cold")], rules=[(0.5, "chosen"), (1, "best")])
    dots = [float(node.attrib["cx"]) for node in tree(drawing).iter("circle")]
    rules = [node for node in tree(drawing).iter("line") if node.attrib["class"] == "mark"]
    assert [float(node.attrib["x1"]) for node in rules] == dots[1:]
    words = {node.text: (float(node.attrib["x"]), float(node.attrib["y"])) for node in tree(drawing).iter("text")}
    assert words["warm"][0] == dots[0]
    assert words["cold"][0] == dots[2]
    assert words["chosen"][1] < words["best"][1]
    assert "row, warm: 1" in drawing.body
    plain = tracks(WIDE, tracks=[track])
    assert plain.height < drawing.height


def test_dots_that_are_named_lie_by_powers_and_names_do_not_touch() -> None:
    clouds = [Cloud(tone="ink", name=f"n{k}", points=[(0.9, 2 + k / 100, "")]) for k in range(4)]
    drawing = scatter(WIDE, clouds=clouds, across="x", up="y", log_y=True, zero=False, named=True)
    heights = sorted(float(node.attrib["y"]) for node in tree(drawing).iter("text") if (node.text or "")[:1] == "n")
    assert all(b - a > 12 for a, b in pairwise(heights))
    ys = [float(node.attrib["cy"]) for node in tree(drawing).iter("circle")]
    # What hardly differs lies close together, and not at both ends.
    assert math.isclose(min(ys), max(ys), abs_tol=10)
