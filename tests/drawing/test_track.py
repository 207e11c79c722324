"""Track, route, overlap, map: a mark for every number, where the number says, and names that stay words."""

from __future__ import annotations

import re
from functools import partial
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from triptych.drawing.chart import NARROW, WIDE, Draw, figure
from triptych.drawing.map import HUES, STYLE, Group, dots
from triptych.drawing.overlap import Overlap, overlaps
from triptych.drawing.route import Route, routes
from triptych.drawing.stroke import Drawing
from triptych.drawing.track import Level, Track, tidy_ends, tracks

HOSTILE = "</title><script>alert(1)</script>\"'&<g onload=x>"
LEVEL = Level(tone="soft", name=HOSTILE, value=0.3, low=0.25, high=0.35)
CHARTS: dict[str, Draw] = {
    "tracks": partial(
        tracks,
        tracks=[
            Track(
                tone="seeing",
                name=HOSTILE,
                points=[(0, 0.1), (5, 0.4)],
                band=[(0, 0.0, 0.2), (5, 0.3, 0.5)],
                threads=[[(0, 0.0)], []],
                marks=[(5, 0.4, HOSTILE)],
            )
        ],
        levels=[LEVEL],
        below=HOSTILE,
    ),
    "no tracks": partial(tracks, tracks=[]),
    "only threads": partial(tracks, tracks=[Track(tone="ink", name="a", points=(), threads=[[(1, 2.0), (3, 2.0)]])]),
    "routes": partial(
        routes,
        routes=[
            Route(tone="ink", name=HOSTILE, points=[(0.5, 0.2, HOSTILE), (0.9, 0.1, "b")], ends=(HOSTILE, "2")),
            Route(tone="seeing", name="電影" * 40, points=[], threads=[[(0.5, 0.2), (0.6, 0.2)]]),
        ],
        across=HOSTILE,
        up=HOSTILE,
        level=LEVEL,
    ),
    "no routes": partial(routes, routes=[], across="a", up="b"),
    "overlaps": partial(
        overlaps,
        overlaps=[Overlap(name=HOSTILE, edges=[0, 1, 2], one=[1, 0], other=[0, 3])] * 3,
        tones=("seeing", "reading"),
        names=(HOSTILE, "b"),
    ),
    "dots": partial(
        dots,
        groups=[Group(hue="blue", name=HOSTILE, points=[(0, 0), (1, 1)]), Group(hue="", name="", points=[(2, 0)])],
        pins=[(0, 0, HOSTILE), (2, 0, "電影" * 40)],
    ),
    "one dot": partial(dots, groups=[Group(hue="rose", name="a", points=[(3, 3)])]),
    "no dots": partial(dots, groups=[]),
}


def tree(drawing: Drawing) -> ET.Element:
    return ET.fromstring(f"<svg>{drawing.body}</svg>")


@pytest.mark.parametrize("name", CHARTS)
def test_every_chart_is_whole_at_both_widths_and_names_stay_words(name: str) -> None:
    html = figure(CHARTS[name], name="x", title=HOSTILE, about=HOSTILE)
    assert html.count("<svg") == 2
    assert not {node.tag for node in ET.fromstring(f"<body>{html}</body>").iter()} & {"script", "g"}
    assert not re.search(r"\b(nan|inf)\b", html)
    for width in (NARROW, WIDE):
        drawing = CHARTS[name](width)
        for node in tree(drawing).iter("circle"):
            assert -1 <= float(node.attrib["cx"]) <= width + 1
            assert -1 <= float(node.attrib["cy"]) <= drawing.height + 1


def test_a_track_and_its_level_lie_where_their_numbers_say() -> None:
    one = Track(tone="ink", name="a", points=[(0, 0.2), (10, 0.3), (20, 0.5)], marks=[(20, 0.5, "best")])
    found = tree(tracks(WIDE, tracks=[one], levels=[LEVEL]))
    places = [(float(dot.attrib["cx"]), float(dot.attrib["cy"])) for dot in found.iter("circle")]
    (a, b, c), ring = places[:3], places[3]
    assert ring == c
    assert b[0] - a[0] == pytest.approx(c[0] - b[0], abs=0.2)
    assert (a[1] - b[1]) * 2 == pytest.approx(b[1] - c[1], abs=0.2)
    (level,) = [node for node in found.iter("line") if "dashed" in node.attrib["class"]]
    assert float(level.attrib["y1"]) == b[1]
    names = sorted(float(node.attrib["y"]) for node in found.iter("text") if node.attrib.get("class") == "fill-ink")
    assert names == [pytest.approx(c[1] + 4, abs=0.2)]


def test_names_of_tracks_that_end_alike_do_not_touch() -> None:
    ones = [Track(tone="seeing", name=f"row {k}", points=[(0, 0.2), (5, 0.3 + k / 10_000)]) for k in range(9)]
    found = tree(tracks(NARROW, tracks=ones))
    heights = sorted(float(n.attrib["y"]) for n in found.iter("text") if (n.text or "").startswith("row"))
    assert len(heights) == 9
    assert min(b - a for a, b in pairwise(heights)) > 12


def test_axes_end_on_tidy_numbers_about_what_they_hold() -> None:
    for low, high in ((0.513, 0.871), (-2.0, 17.0), (0.1001, 0.1004), (5, 5)):
        a, b = tidy_ends(low, high)
        assert a <= low <= high <= b
        assert a < b


def test_a_route_that_classifies_better_and_ranks_worse_goes_right_and_down() -> None:
    points = [(0.5, 0.3, "1"), (0.7, 0.28, "5"), (0.9, 0.2, "10")]
    drawing = routes(WIDE, routes=[Route(tone="ink", name=str(k), points=points) for k in range(3)], across="", up="")
    found = [(float(dot.attrib["cx"]), float(dot.attrib["cy"])) for dot in tree(drawing).iter("circle")]
    assert len(found) == 9
    for k in range(0, 9, 3):
        own = found[k : k + 3]
        assert own == sorted(own)
        assert [y for _, y in own] == sorted(y for _, y in own)


def test_pictures_side_by_side_share_an_axis_and_tell_how_much_is_shared() -> None:
    edges = [0.0, 0.5, 1.0, 1.5, 2.0]
    apart = Overlap(name="a", edges=edges, one=[4, 0, 0, 0], other=[0, 0, 0, 9])
    alike = Overlap(name="b", edges=edges, one=[1, 2, 1, 0], other=[2, 4, 2, 0])
    assert (apart.shared, alike.shared) == (0, 1)
    found = tree(overlaps(WIDE, overlaps=[apart, alike], tones=("reading", "seeing"), names=("alike", "unlike")))
    words = [node.text for node in found.iter("text")]
    assert "overlap 0 %" in words
    assert "overlap 100 %" in words
    titles = [node.text for node in found.iter("title")]
    assert "a: unlike, 9 pairs" in titles
    assert "b: alike, 4 pairs" in titles


def test_a_map_has_a_dot_for_each_thing_on_one_scale_and_names_its_groups() -> None:
    square = [(0.0, 0.0), (4.0, 0.0), (4.0, 2.0), (0.0, 2.0)]
    drawing = dots(
        WIDE, groups=[Group(hue="green", name="Drama", points=square), Group(hue="", name="others", points=[])]
    )
    (path,) = [node.attrib["d"] for node in tree(drawing).iter("path")]
    places = [tuple(map(float, part.split())) for part in re.findall(r"M([\d.]+ [\d.]+)h0", path)]
    (a, b, c, _) = places
    assert b[0] - a[0] == pytest.approx(2 * (b[1] - c[1]), abs=0.3)
    assert [node.text for node in tree(drawing).iter("text")] == ["Drama"]
    assert all(f".dots.{hue} " in STYLE and f"--{hue}:" in STYLE for hue in HUES)
