"""The demo, whole but small; and its page, read as a browser would."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.cli.conftest import Triptych
from triptych.catalogue.records import Item
from triptych.catalogue.sources.synthetic import Settings, draw_item
from triptych.cli.demo import MARK
from triptych.cli.demo_page import _card  # pyright: ignore[reportPrivateUsage]
from triptych.features.registry import PROFILES
from triptych.media.contact_sheet import ContactSheet
from triptych.media.reel import Span
from triptych.spaces.ranking import Neighbour


class Page(HTMLParser):
    """Tags with their attributes, and the text between."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "demo"


def test_the_demo_builds_adds_one_more_and_writes_its_page(folder: Path, triptych: Triptych) -> None:
    # One that was interrupted stands there: it is made anew, and nothing of the old one is left.
    (folder / "clips").mkdir(parents=True)
    for name in (MARK, "stale", "clips/stale"):
        (folder / name).write_text("old")

    answer = triptych("demo", "--folder", folder, "--clips", "8", "--json")
    assert answer.status == 0
    assert not list(folder.rglob("stale"))
    assert (folder / MARK).is_file(), "the next one would be refused"
    told = answer.json
    assert told["clips"] == 9
    assert told["new_item_recommended_for"], "the new title stands in nobody's list"
    assert set(told["new_item_recommended_for"].values()) <= {1, 2, 3, 4, 5}
    assert set(told["agreement"]) == {"seeing", "hearing", "reading", "all three", "chance"}

    page = Page(Path(told["page"]).read_text(encoding="utf-8"))
    tags = [tag for tag, _ in page.tags]
    assert tags.count("article") == 9
    assert tags.count("img") == 9
    assert "script" not in tags
    sources = [attributes["src"] for tag, attributes in page.tags if tag == "img"]
    assert all(source is not None and source.startswith("data:image/jpeg;base64,") for source in sources)
    assert not {"link", "iframe", "object"} & set(tags)
    links = [attributes["href"] for tag, attributes in page.tags if tag == "a"]
    assert links == ["why.html"]
    strip = Page((folder / "why.html").read_text(encoding="utf-8"))
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in strip.tags}
    recommended = told["recommended"]
    assert [whom.split()[0] for whom in recommended] == ["user", "user", "who"]
    for whom, places in recommended.items():
        assert len(places) == 3
        if whom.startswith("user"):
            assert told["new_item"] in [one["item_id"] for one in places], "one place is for what is new"
        assert all(one["sentence"] in " ".join(page.words) for one in places)
    assert all(attributes.get("alt") for tag, attributes in page.tags if tag == "img")
    policies = [a["content"] for tag, a in page.tags if tag == "meta" and "http-equiv" in a]
    assert policies == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'"]
    text = " ".join(page.words)
    assert f"{9 * len(PROFILES['light'])} done, 0 skipped, 0 failed." in text
    first_card = next(attributes for tag, attributes in page.tags if tag == "article")
    assert first_card == {"class": "new"}


def test_what_is_written_of_a_title_stays_text() -> None:
    hostile = '<script>alert("1")</script>\'"&'
    _, truth = draw_item(Settings(), 0)
    item = Item(item_id="x", title=hostile, plot=hostile, genres=(hostile,))
    sheet = ContactSheet(
        jpeg=b"",
        width_px=6,
        height_px=1,
        strip=((0.5, (1, 2, 3)),),
        rejected=(Span(start_s=0, end_s=0.2, reason=hostile),),
        duration_s=1.0,
    )
    near = [Neighbour(item_id="x", rank=1, score=0.5, panels={"seeing": 0.5})]
    page = Page(_card(item, truth, sheet, near, {"x": item}, fresh=False))
    assert "script" not in [tag for tag, _ in page.tags]
    assert hostile in "".join(page.words)
    assert all(not name.startswith("on") for _, attributes in page.tags for name in attributes)
