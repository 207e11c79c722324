"""The page: whole, escaped, without a request; and all numbers stand in it."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest

from triptych.explain.alike import Alike
from triptych.explain.balance import Weight, balance, signed
from triptych.explain.reason import Cited, Explanation, Named, Reason, Spoken, Whom, Witness
from triptych.explain.scenes import Match, Scene
from triptych.explain.strip import STYLE, page, weights_of
from triptych.explain.thumbnails import Thumbnail
from triptych.programme.arranged import Placed

HOSTILE = "\"><script>alert(1)</script><img src=http://evil.example/x onerror=a>\u202e & 'x"
VOID = {"meta", "img", "br", "rect", "line", "circle"}


class Outline(HTMLParser):
    """Tags with their attributes; that each is closed is asserted on the way."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def hostile() -> Explanation:
    named = Named(item_id="x", title=HOSTILE, year=1979)
    picture = Thumbnail(image=b"\xff\xd8jpeg", media_type="image/jpeg", width_px=16, height_px=9, time_s=75.0)
    scene = Scene(start_s=72.0, end_s=90.0)
    reasons = tuple(
        Reason(name=name, group=group, value=value)
        for name, group, value in (
            ("seeing/colour", "seeing", 0.25),
            ("seeing/shots", "seeing", -0.5),
            (HOSTILE, HOSTILE, 0.5),
            ("usual", "usual", 2.0),
        )
    )
    return Explanation(
        item=named,
        whom=Whom(text=HOSTILE, clip=HOSTILE, likes=(named,)),
        base=2.25,
        reasons=reasons,
        spoken=Spoken(
            witnesses=tuple(Witness(item=named, value=0.125, when=HOSTILE) for _ in range(10)), rest=1.0, of=HOSTILE
        ),
        placed=Placed(
            item_id="x",
            rank=4,
            score=2.5,
            base=2.25,
            boosts=((HOSTILE, 0.25),),
            chosen_by="exploration",
            by_score=9,
            place=0,
        ),
        alike=Alike(genres=(HOSTILE,), people=(HOSTILE,), words=(HOSTILE,)),
        ratings=0,
        doubt=0.3,
        scenes=tuple(
            Cited(
                item=named,
                match=Match(
                    panel=panel, feature=HOSTILE, one=scene, other=scene, likeness=0.5, carried=0.1, by={HOSTILE: 0.5}
                ),
                pictures=(picture, None),
            )
            for panel in ("seeing", "hearing")
        ),
        notes=(HOSTILE,),
    )


def test_hostile_titles_stay_words_and_nothing_is_requested() -> None:
    text = page([hostile(), hostile()])
    found = Outline(text)
    assert found.open == []
    names = {name for name, _ in found.tags}
    assert not names & {"script", "iframe", "link", "object", "a", "form"}
    for _, attributes in found.tags:
        assert not any(name.startswith("on") for name in attributes)
        assert not (set(attributes) & {"href", "srcset", "action"})
        source = attributes.get("src")
        assert source is None or source.startswith("data:image/jpeg;base64,")
    assert "url(" not in text
    assert "\u202e" not in text
    assert "Content-Security-Policy" in text
    ids = [attributes["id"] for _, attributes in found.tags if "id" in attributes]
    assert len(set(ids)) == len(ids)
    assert {"why-1", "why-2"} <= set(ids)
    images = [attributes for name, attributes in found.tags if name == "img"]
    assert len(images) == 4
    assert all(image["alt"] and image["width"] == "16" for image in images)
    assert [image["alt"].endswith("at 1:15") for image in images if image["alt"]] == [True, False] * 2
    words = " ".join(found.words)
    assert words.count("1:12 – 1:30") >= 8
    assert words.count("no picture") == 4
    assert "2 more of the history" in words
    assert "+0.250" in words
    assert STYLE.count("{") == STYLE.count("}")


def test_bars_are_the_parts_and_their_sum() -> None:
    one = hostile()
    rows = weights_of(one)
    whole = [row for row in rows if not row.fine]
    assert [row.value for row in whole] == [0.5, -0.25, 2.0, 0.25, 2.5]
    assert whole[1].name == "what is seen"
    # What any title has would dwarf the rest: it stands as a number, and so does the sum that it is part of.
    assert [row.drawn for row in whole] == [True, True, False, True, False]
    assert [row.value for row in rows if row.fine] == [0.25, -0.5]
    many = tuple(Reason(name=f"seeing/f{k}", group="seeing", value=0.1 * (k - 3)) for k in range(9))
    plain = Explanation(item=Named(item_id="x"), whom=Whom(), base=sum(r.value for r in many), reasons=many)
    fine = [row for row in weights_of(plain) if row.fine]
    assert [row.name for row in fine] == ["f8", "f7", "f6", "6 more"]
    assert sum(row.value for row in fine) == pytest.approx(plain.score)
    assert weights_of(plain)[-1].drawn


@pytest.mark.parametrize("width", [345, 560])
def test_bars_lie_on_their_side_of_nothing_and_inside(width: int) -> None:
    rows = [
        Weight(name="for", value=0.6, tone="seeing"),
        Weight(name="against " * 9, value=-0.3, tone="hearing"),
        Weight(name="score", value=0.3, tone="ink", rule=True),
    ]
    drawing = balance(width, weights=rows)
    found = Outline(f"<svg>{drawing.body}</svg>")
    bars = [(float(a["x"] or 0), float(a["width"] or 0)) for name, a in found.tags if name == "rect"]
    [zero] = {float(a["x1"] or 0) for name, a in found.tags if name == "line" and a["x1"] == a["x2"]}
    assert bars[0][0] == pytest.approx(zero, abs=0.11)
    assert sum(bars[1]) == pytest.approx(zero, abs=0.11)
    assert bars[0][1] == pytest.approx(2 * bars[1][1], abs=0.2)
    assert all(x >= 0 and x + wide <= width for x, wide in bars)
    assert [signed(value) for value in (0.0, -0.00001)] == ["0.000", "0.000"]


def test_bare_explanations_make_a_page_too() -> None:
    bare = replace(hostile(), spoken=None, placed=None, alike=Alike(), ratings=None, scenes=(), notes=())
    text = page([replace(bare, whom=Whom())])
    assert "somebody of whom nothing is known" in text
    assert "<ul" not in text
    assert Outline(page([])).open == []
