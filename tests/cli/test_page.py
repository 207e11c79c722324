"""Page: the shell that the demo and the report stand in."""

from __future__ import annotations

from html.parser import HTMLParser

from triptych.cli import demo_page, report_figure
from triptych.drawing import page, stroke


class Outline(HTMLParser):
    """Tags with their attributes, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_the_shell_allows_no_request_and_escapes_its_title() -> None:
    found = Outline(page.shell("<b>&", "<p>body", style=".x { color: red }"))
    names = [name for name, _ in found.tags]
    assert names == ["html", "head", "meta", "meta", "meta", "title", "style", "body", "main", "p"]
    assert found.tags[3][1] == {"http-equiv": "Content-Security-Policy", "content": page.POLICY}
    assert page.POLICY.startswith("default-src 'none'")
    assert "script" not in page.POLICY
    assert "<b>&" in found.words


def test_the_three_colours_have_a_name_each_by_day_and_by_night() -> None:
    for panel in ("seeing", "hearing", "reading"):
        assert page.PALETTE.count(f"--{panel}: #") == 2
    found = Outline(page.hinge("a", "<b>", "c"))
    assert [word for word in found.words if word.strip()] == ["a", "<b>", "c"]
    assert [a["class"] for name, a in found.tags if name == "i"] == ["seeing", "hearing", "reading"]


def test_no_style_asks_for_anything_from_elsewhere() -> None:
    for style in (page.PALETTE, page.STYLE, demo_page.STYLE, report_figure.STYLE, stroke.STYLE):
        assert "url(" not in style
        assert "@import" not in style
        assert style.count("{") == style.count("}")
