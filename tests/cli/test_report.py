"""Report: the page of a catalogue, read as a browser would, and the same numbers as JSON."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tests.cli.conftest import Triptych
from tests.cli.test_page import Outline
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.interactions import INTERACTIONS
from triptych.catalogue.records import Item
from triptych.catalogue.sources.source import Addition
from triptych.drawing.page import POLICY

HOSTILE = '</title></style><script>alert(1)</script><img src=x onerror="y">'
WHOLE = {"p", "div", "h1", "h2", "h3", "i", "span", "dl", "dt", "dd", "nav", "a", "section", "figure", "figcaption"}
TABLES = {"table", "tr", "th", "td", "details", "summary", "small", "b"}
SVG = {"svg", "title", "desc", "rect", "text", "line", "path", "circle"}
SHELL = {"html", "head", "meta", "style", "body", "main"}


class Many:
    """Items with everything, some of it hostile: hundreds of genres and languages, ratings in halves."""

    def __init__(self, items: int = 300) -> None:
        self.items = items

    def read(self, folder: Path) -> Addition:
        rng = np.random.default_rng(0)
        items = [
            Item(
                item_id=f"i{k}",
                title=HOSTILE,
                year=int(rng.integers(1950, 2020)) - (30 if k % 3 == 0 else 0),
                genres=(HOSTILE, f"genre {k % 150}", "Drama" if k % 2 else "War"),
                languages=("English",) if k % 2 else (f"language {k}", HOSTILE),
                countries=(HOSTILE,),
                plot="" if k % 3 == 0 else "word " * (k + 1),
                runtime_min=60.0 + k % 90,
                imdb_rating=float(rng.integers(20, 90)) / 10,
            )
            for k in range(self.items)
        ]
        pairs = [(f"u{u}", f"i{k}") for k in range(self.items) for u in rng.choice(60, 8, replace=False)]
        deeds = {
            "user_id": [user for user, _ in pairs],
            "item_id": [item for _, item in pairs],
            "value": rng.integers(1, 11, len(pairs)) / 2,
            "timestamp": rng.integers(10**9, 10**9 + 10**8, len(pairs)),
            "kind": ["rating"] * len(pairs),
        }
        return Addition(items=items, interactions=pa.table(deeds, schema=INTERACTIONS))


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    catalogue = Catalogue.init(tmp_path_factory.mktemp("report") / "films & <b>more")
    catalogue.add(Many())
    return catalogue.folder


@pytest.fixture
def text(films: Path, triptych: Triptych, tmp_path: Path) -> str:
    answer = triptych("report", "data", films, "--to", tmp_path / "page.html")
    assert (answer.status, answer.out.strip()) == (0, str(tmp_path / "page.html"))
    return (tmp_path / "page.html").read_text(encoding="utf-8")


def test_the_page_asks_for_nothing_and_runs_nothing(text: str) -> None:
    found = Outline(text)
    names = {name for name, _ in found.tags}
    assert names <= WHOLE | TABLES | SVG | SHELL
    assert "figure" in names
    policies = [a["content"] for name, a in found.tags if name == "meta" and "http-equiv" in a]
    assert policies == [POLICY]
    for _, attributes in found.tags:
        assert not any(name.startswith("on") or name in ("src", "style") for name in attributes)
        assert (attributes.get("href") or "#").startswith("#")
    assert "http" not in text.replace("http-equiv", "")


def test_hostile_names_are_words_and_nothing_else(text: str) -> None:
    assert "<script" not in text
    assert "<img" not in text
    assert "&lt;script&gt;" in text
    assert "<h1>films &amp; &lt;b&gt;more</h1>" in text


def test_every_figure_has_its_sentence_its_numbers_and_its_place(text: str) -> None:
    found = Outline(text)
    names = [name for name, _ in found.tags]
    figures = names.count("figure")
    assert figures >= 12
    assert names.count("figcaption") == names.count("details") == figures
    assert names.count("svg") == 2 * figures
    assert names.count("desc") == 2 * figures
    assert all(a["role"] == "img" and a["aria-labelledby"] for name, a in found.tags if name == "svg")
    ids = [a["id"] for _, a in found.tags if "id" in a]
    assert len(ids) == len(set(ids))
    assert {str(a["href"])[1:] for name, a in found.tags if name == "a"} <= set(ids)
    for caption in re.findall(r"<figcaption>(.*?)</figcaption>", text, flags=re.DOTALL):
        assert re.search(r"\d", caption), f"no number in {caption!r}"
        assert caption.endswith(".")


def test_no_number_is_missing_or_none(text: str) -> None:
    words = " ".join(Outline(text).words)
    assert not re.search(r"\b(nan|inf|None|NaN)\b", words)


def test_of_hundreds_of_names_the_commonest_are_drawn_and_the_others_counted(text: str) -> None:
    figure = text[text.index('<figure id="genres"') :]
    figure = figure[: figure.index("</figure>")]
    assert "133 more genres are not drawn" in figure
    assert figure.count("<tr>") == 154  # all 153 are in the table, below its head


def test_what_is_told_of_the_kept_part(text: str, films: Path, triptych: Triptych) -> None:
    facts = triptych("report", "data", films, "--json").json
    assert (facts["kept"]["kept"], facts["kept"]["removed"]) == (200, 100)
    year = next(one for one in facts["kept"]["comparisons"] if one["subject"] == "year")
    assert year["verdict"] == "large"
    assert '<span class="badge large">large</span>' in text
    assert "200 of 300 items were kept (66.7 %)" in text
    assert "compares what was kept with what was removed" in text
    assert "With a plot" in text


def test_json_alone_writes_no_page_and_has_all(films: Path, triptych: Triptych, tmp_path: Path) -> None:
    answer = triptych("report", "data", films, "--json", "--positive", "4", "--seed", "3")
    assert answer.status == 0
    assert not (films / "report-data.html").exists()
    facts = answer.json
    assert facts["counts"]["items"] == 300
    assert facts["counts"]["interactions"] == 2400
    assert facts["ratings"]["positive_from"] == 4
    assert sum(facts["ratings"]["overall"]["counts"]) == 2400
    assert len(facts["films"]["genres"]["names"]) == 153
    both = triptych("report", "data", films, "--json", "--to", tmp_path / "too.html", "--seed", "3", "--positive", "4")
    assert both.json == facts
    assert (tmp_path / "too.html").exists()


def test_the_page_goes_into_the_catalogue_unless_told(built: Path, triptych: Triptych) -> None:
    answer = triptych("report", "data", built)
    assert answer.out.strip() == str(built / "report-data.html")
    text = (built / "report-data.html").read_text(encoding="utf-8")
    (built / "report-data.html").unlink()
    assert "seeing/colour" in text
    assert "Nothing was removed, so there is nothing to compare." in text
    assert not re.search(r"\b(nan|None)\b", " ".join(Outline(text).words))


def test_an_empty_catalogue_has_a_page_too(triptych: Triptych, tmp_path: Path) -> None:
    Catalogue.init(tmp_path / "films")
    assert triptych("report", "data", tmp_path / "films").status == 0
    text = (tmp_path / "films" / "report-data.html").read_text(encoding="utf-8")
    assert "0 items; nobody has done anything with them yet." in text
    assert "<figure" not in text


def test_one_item_and_one_rating(triptych: Triptych, tmp_path: Path) -> None:
    class One:
        def read(self, folder: Path) -> Addition:
            deed = {"user_id": ["u"], "item_id": ["a"], "value": [3.0], "timestamp": [None], "kind": ["rating"]}
            items = [Item(item_id="a", title="A", year=1999, genres=("Drama",))]
            return Addition(items=items, interactions=pa.table(deed, schema=INTERACTIONS))

    Catalogue.init(tmp_path / "films").add(One())
    assert triptych("report", "data", tmp_path / "films").status == 0
    text = (tmp_path / "films" / "report-data.html").read_text(encoding="utf-8")
    assert not re.search(r"\b(nan|None)\b", " ".join(Outline(text).words))


def test_plays_alone_are_told_without_stars(triptych: Triptych, tmp_path: Path) -> None:
    class Plays:
        def read(self, folder: Path) -> Addition:
            n = 60
            deeds = {
                "user_id": [f"u{k % 7}" for k in range(n)],
                "item_id": [f"i{k}" for k in range(n)],
                "value": [1.0] * n,
                "timestamp": [10**9 + k * 10**6 for k in range(n)],
                "kind": ["play"] * n,
            }
            items = [Item(item_id=f"i{k}", title="t", plot="p" if k % 2 else "") for k in range(n)]
            return Addition(items=items, interactions=pa.table(deeds, schema=INTERACTIONS))

    Catalogue.init(tmp_path / "films").add(Plays())
    facts = triptych("report", "data", tmp_path / "films", "--json").json
    assert facts["ratings"] is None
    assert {one["subject"] for one in facts["kept"]["comparisons"]} == {
        "year",
        "decade",
        "genres",
        "languages",
        "popularity",
    }
    assert triptych("report", "data", tmp_path / "films").status == 0
    text = (tmp_path / "films" / "report-data.html").read_text(encoding="utf-8")
    assert "<h2>Interactions</h2>" in text
    assert "mean rating" not in text


def test_a_selection_that_is_not_there_and_a_place_that_cannot_be_written(
    films: Path, triptych: Triptych, tmp_path: Path
) -> None:
    answer = triptych("report", "data", films, "--selection", "nope")
    assert answer.status == 2
    assert "no selection 'nope'" in answer.err
    answer = triptych("report", "data", films, "--to", tmp_path / "no" / "where.html")
    assert answer.status == 3
    assert os.strerror(2) in answer.err
    assert "--to FILE.html" in answer.err
