"""Charts: what stands in the SVG, where it stands, and that a name cannot break out of it."""

from __future__ import annotations

from functools import partial
from xml.etree import ElementTree as ET

import pytest

from triptych.drawing.axis import Axis, fitted, roof, share_text, thinned, width_of
from triptych.drawing.chart import (
    NARROW,
    WIDE,
    Curve,
    Draw,
    Series,
    columns,
    figure,
    forest,
    heat,
    lines,
    multiples,
    rows,
    stacked,
)
from triptych.drawing.fan import fan
from triptych.drawing.rising import Rise, rising
from triptych.drawing.scatter import Cloud, scatter
from triptych.drawing.span import Span, spans
from triptych.drawing.stroke import Drawing

HOSTILE = "</title><script>alert(1)</script>\"'&<g onload=x>"
NAMES = [HOSTILE, "電影" * 40, "", "Drama"]
CHARTS: dict[str, Draw] = {
    "columns": partial(columns, labels=NAMES, series=[Series(tone="seeing", values=[1, 0, 5, 2], name=HOSTILE)]),
    "edges": partial(
        columns,
        labels=[str(k) for k in range(81)],
        series=[Series(tone="seeing", values=[0] * 80)],
        edges=True,
        beyond=3,
        marks=[(80.0, HOSTILE)],
    ),
    "rows": partial(rows, names=NAMES, values=[0.0, 1.0, 0.5, 0.1], tone="hearing", most=1, extra=[HOSTILE] * 4),
    "one row": partial(rows, names=["a"], values=[0.0], tone="hearing"),
    "stacked": partial(
        stacked, names=NAMES, shares=[[0.5, 0.5], [1, 0], [0, 0], [0, 1]], tone="seeing", steps=[HOSTILE, "2"],
        behind=["1.0", HOSTILE, "", "2"],
    ),
    "lines": partial(
        lines,
        curves=[Curve(tone="seeing", points=[(0, 0), (1, 5)], name=HOSTILE, area=True, marks=[(1, 5, HOSTILE)])],
        below=HOSTILE,
    ),
    "logarithmic": partial(
        lines, curves=[Curve(tone="reading", points=[(1, 583), (100, 7), (1682, 1)])], log_x=True, log_y=True
    ),
    "one point": partial(lines, curves=[Curve(tone="reading", points=[(1, 1)])], log_x=True, log_y=True),
    "heat": partial(heat, down=NAMES, across=NAMES, values=[[0, 1, 2, 3]] * 4, tone="hearing"),
    "no heat": partial(heat, down=["a"], across=["b"], values=[[0.0]], tone="hearing", upright=False),
    "forest": partial(
        forest, names=NAMES, values=[-1.0, 0.0, 0.1, 2.0], behind=NAMES, tones=["seeing"] * 4, band=0.2,
        sides=(HOSTILE, "more"),
    ),
    "logarithmic rows": partial(
        rows, names=NAMES, values=[0, 1, 10, 10_000], tone=["seeing"] * 4, log=True, room=0.5, faint=[True, False] * 2
    ),
    "spans": partial(
        spans,
        spans=[
            Span(name=name, value=k - 1.0, low=k - 2.0, high=k, tone="ink", words=HOSTILE, told=HOSTILE, band=k > 1)
            for k, name in enumerate(NAMES)
        ],
        rule=0.0, sides=(HOSTILE, HOSTILE), below=HOSTILE,
    ),
    "one span": partial(spans, spans=[Span(name="a", value=0, low=0, high=0, tone="soft", words="0")], begin=0.0),
    "no spans": partial(spans, spans=[]),
    "fan": partial(
        fan,
        curves=[Curve(tone="soft", points=[(1, 0.5), (10, 0.6)], name=name, dashed=True) for name in NAMES],
        x_ticks=[(1, HOSTILE), (10, "@10")], log_x=True, below=HOSTILE,
    ),
    "scatter": partial(
        scatter,
        clouds=[Cloud(tone="seeing", name="a", points=[(-1, 0, HOSTILE), (2, 5, "b")]),
                Cloud(tone="soft", name="", points=[])],
        across=HOSTILE, up=HOSTILE,
    ),
    "no scatter": partial(scatter, clouds=[], across="", up="", log_y=True),
    "rising": partial(
        rising,
        rises=[Rise(tone="reading", name=HOSTILE, shares=[0.5, 0.9, 1.0], bend=1, words=HOSTILE)], thresholds=(0.8,),
        below=HOSTILE,
    ),
    "multiples": partial(multiples, names=NAMES, values=[[0, 1, 0]] * 4, labels=["a", HOSTILE, "c"], tone="hearing"),
}  # fmt: skip


def drawn(chart: Draw, width: float) -> ET.Element:
    return ET.fromstring(f"<svg>{chart(width).body}</svg>")


@pytest.mark.parametrize("name", CHARTS)
@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_every_chart_is_sound_and_hostile_names_are_only_words(name: str, width: float) -> None:
    tree = drawn(CHARTS[name], width)
    assert {node.tag for node in tree.iter()} <= {"svg", "g", "rect", "text", "title", "line", "path", "circle"}
    for node in tree.iter():
        assert not any(key.startswith("on") for key in node.attrib)
        for key in ("x", "y", "width", "height", "x1", "x2", "y1", "y2", "cx", "cy"):
            if key in node.attrib:
                assert float(node.attrib[key]) == float(node.attrib[key])  # no NaN
        if node.tag == "rect":
            assert float(node.attrib["width"]) >= 0
            assert float(node.attrib["height"]) >= 0


@pytest.mark.parametrize("name", CHARTS)
@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_nothing_is_drawn_outside_of_the_width(name: str, width: float) -> None:
    for node in drawn(CHARTS[name], width).iter("rect"):
        x, wide = float(node.attrib["x"]), float(node.attrib["width"])
        assert -0.1 <= x <= x + wide <= width + 1


def test_a_bar_is_as_high_as_its_number() -> None:
    tree = drawn(partial(columns, labels=["a", "b"], series=[Series(tone="seeing", values=[20, 80])]), WIDE)
    low, high = [float(bar.attrib["height"]) for bar in tree.iter("rect")]
    assert high == pytest.approx(4 * low, rel=0.01)
    assert [bar.findtext("title") for bar in tree.iter("rect")] == ["a: 20", "b: 80"]
    assert {"20", "80"} <= {node.text for node in tree.iter("text")}


def test_bars_of_the_same_numbers_keep_their_proportions_on_a_telephone() -> None:
    chart = partial(rows, names=["a", "b", "c"], values=[0.1, 0.2, 0.4], tone="hearing")
    for width in (WIDE, NARROW):
        a, b, c = [float(bar.attrib["width"]) for bar in drawn(chart, width).iter("rect")]
        assert b == pytest.approx(2 * a, rel=0.02)
        assert c == pytest.approx(2 * b, rel=0.02)


def test_a_stack_fills_its_row() -> None:
    chart = partial(stacked, names=["a"], shares=[[0.25, 0.75]], tone="seeing", steps=["1", "2"], behind=["x"])
    bars = [bar for bar in drawn(chart, WIDE).iter("rect") if bar.find("title") is not None]
    first, second = [(float(bar.attrib["x"]), float(bar.attrib["width"])) for bar in bars]
    assert second[1] == pytest.approx(3 * first[1], rel=0.01)
    assert second[0] == pytest.approx(first[0] + first[1], abs=0.2)


def test_differences_lie_on_their_side_of_nothing() -> None:
    chart = partial(
        forest, names=["a", "b"], values=[-0.3, 0.3], behind=["", ""], tones=["seeing"] * 2, band=0.2, sides=("", "")
    )
    tree = drawn(chart, WIDE)
    left, right = [float(dot.attrib["cx"]) for dot in tree.iter("circle")]
    (middle,) = [float(line.attrib["x1"]) for line in tree.iter("line") if line.attrib["class"] == "rule"]
    assert left < middle < right
    assert middle - left == pytest.approx(right - middle, abs=0.2)


def test_in_a_map_all_numbers_are_told_or_none() -> None:
    values = [[float(a * 19 + b + 1) for b in range(19)] for a in range(19)]
    names = [f"genre {k}" for k in range(19)]
    chart = partial(heat, down=names, across=names, values=values, tone="hearing", says=lambda value: f"{value:.0f}")
    told = {node.text for node in drawn(chart, 760).iter("text")} - set(names)
    assert told == {f"{value:.0f}" for row in values for value in row}
    assert {node.text for node in drawn(chart, NARROW).iter("text")} <= {*names, *(f"{n[:5]}…" for n in names)}


def test_a_figure_has_a_name_and_a_description_and_is_drawn_for_both_pages() -> None:
    html = figure(CHARTS["rows"], name="genres", title=HOSTILE, about="what <it> shows")
    tree = ET.fromstring(f"<p>{html}</p>")
    wide, narrow = list(tree)
    assert (wide.attrib["class"], narrow.attrib["class"]) == ("wide", "narrow")
    for one in (wide, narrow):
        assert one.attrib["role"] == "img"
        ids = one.attrib["aria-labelledby"].split()
        title, about = one.find("title"), one.find("desc")
        assert title is not None
        assert about is not None
        assert (title.attrib["id"], about.attrib["id"]) == tuple(ids)
        assert (title.text, about.text) == (HOSTILE, "what <it> shows")
    assert len({node.attrib["id"] for node in tree.iter() if "id" in node.attrib}) == 4


def test_ticks_are_tidy_and_within() -> None:
    assert Axis(low=0, high=100, start=0, end=1).ticks() == [0, 50, 100]
    assert Axis(low=0, high=40_000, start=0, end=1).ticks() == [0, 10_000, 20_000, 30_000, 40_000]
    assert Axis(low=1, high=1682, start=0, end=1, log=True).ticks() == [1, 10, 100, 1000]
    assert Axis(low=20, high=737, start=0, end=1, log=True).ticks() == [20, 50, 100, 200, 500]


def test_a_logarithmic_axis_gives_every_power_the_same_room() -> None:
    axis = Axis(low=1, high=1000, start=0, end=300, log=True)
    assert [axis(value) for value in (1, 10, 100, 1000)] == pytest.approx([0, 100, 200, 300])
    assert Axis(low=5, high=5, start=0, end=10)(5) == 5


@pytest.mark.parametrize("text", ["", "a", "Documentary", "電影" * 9, "x" * 500])
@pytest.mark.parametrize("room", [20.0, 80.0])
def test_words_are_cut_to_their_room(text: str, room: float) -> None:
    short = fitted(text, room)
    assert width_of(short) <= max(room, width_of("…"))
    assert short == text or short.endswith("…")


def test_labels_do_not_touch() -> None:
    labels = [str(year) for year in range(1900, 2000)]
    shown = thinned(labels, 5)
    assert shown[:2] == [0, 10]
    assert (shown[1] - shown[0]) * 5 > width_of("1900")
    assert thinned([], 5) == []


def test_a_roof_is_at_or_above() -> None:
    for most in (0.003, 0.7, 1, 9.99, 10, 11, 34_174, 1e7):
        assert most <= roof(most) <= 2 * most


def test_shares_never_round_to_all_or_nothing() -> None:
    assert share_text(1e-9) == "< 0.1 %"
    assert share_text(1 - 1e-9) == "> 99.9 %"
    assert isinstance(CHARTS["rows"](WIDE), Drawing)
