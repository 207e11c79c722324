"""One answer as the fields of an item: absent, odd and wrong cells, mark-up."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gather.omdb.servers import film
from triptych.catalogue.records import Item
from triptych.gather.omdb.film import Hit, film_of, hits_of, imdb_id_of


def test_a_film_in_all_its_fields() -> None:
    assert film_of(film("tt0114709", "Toy Story")).fields == Item(
        item_id="tt0114709",
        imdb_id="tt0114709",
        title="Toy Story",
        year=1995,
        released_at="1995-11-22",
        runtime_min=81.0,
        genres=("Animation", "Adventure"),
        plot="The plot of Toy Story.",
        people=("Tom Hanks", "Tim Allen"),
        directors=("John Lasseter",),
        languages=("English", "French"),
        countries=("United States",),
        certificate="G",
        poster="https://example.org/tt0114709.jpg",
        imdb_rating=8.3,
        imdb_votes=930413,
    )


def test_absent_is_absent() -> None:
    absent = dict.fromkeys(film("tt1", "x"), "N/A") | {"imdbID": "tt0000001"}
    for body in (absent, {"imdbID": "tt0000001"}, absent | {"Plot": None, "Genre": ""}):
        read = film_of(body)
        assert read.fields == Item(item_id="tt0000001", imdb_id="tt0000001")
        assert read.notes == ()


@pytest.mark.parametrize(
    ("cell", "text", "field", "value"),
    [
        ("Year", "1994–1998", "year", 1994),
        ("Year", "1994–", "year", 1994),
        ("Year", 1994, "year", 1994),
        ("Runtime", "1 h 21 min", "runtime_min", 81.0),
        ("Runtime", "2 h", "runtime_min", 120.0),
        ("Runtime", "1,440 min", "runtime_min", 1440.0),
        ("Runtime", 81, "runtime_min", 81.0),
        ("Runtime", "0 min", "runtime_min", None),
        ("imdbRating", 8.3, "imdb_rating", 8.3),
        ("imdbVotes", "12", "imdb_votes", 12),
        ("Director", "John Lasseter, Joe Ranft (co-director)", "directors", ("John Lasseter", "Joe Ranft")),
        ("Actors", "A, B, A, , N/A", "people", ("A", "B")),
        ("Language", "English, French", "languages", ("English", "French")),
        ("Released", "1 Jan 2000", "released_at", "2000-01-01"),
        ("Plot", "<p>Andy&#39;s toys<br>&amp; friends</p>", "plot", "Andy's toys\n& friends"),
        ("Plot", "x\x00y\ufeff", "plot", "x y"),
    ],
)
def test_cells(cell: str, text: Any, field: str, value: object) -> None:
    read = film_of(film("tt0000001", "x", **{cell: text}))
    assert getattr(read.fields, field) == value
    assert read.notes == ()


@pytest.mark.parametrize(
    ("cell", "text", "field"),
    [
        ("Year", "soon", "year"),
        ("Year", "0042", "year"),
        ("Runtime", "long", "runtime_min"),
        ("Runtime", "81 K", "runtime_min"),
        ("imdbRating", "11", "imdb_rating"),
        ("imdbRating", "-1", "imdb_rating"),
        ("imdbVotes", "many", "imdb_votes"),
        ("imdbVotes", "9" * 400, "imdb_votes"),
        ("imdbVotes", "9" * 20, "imdb_votes"),
        ("Runtime", "9" * 400, "runtime_min"),
        ("Released", "22 Nov", "released_at"),
        ("Released", "99 Nov 1995", "released_at"),
        ("Released", "31 Feb 1995", "released_at"),
        ("Released", "22 Brumaire 1795", "released_at"),
        ("Poster", "javascript:alert(1)", "poster"),
        ("Poster", "file:///etc/passwd", "poster"),
    ],
)
def test_cells_that_cannot_be_read_are_left_out_and_noted(cell: str, text: str, field: str) -> None:
    read = film_of(film("tt0000001", "x", **{cell: text}))
    assert getattr(read.fields, field) in (None, "")
    assert len(read.notes) == 1
    assert read.notes[0].startswith(f"its {cell} ")


@pytest.mark.parametrize("cell", ["Title", "Plot", "Runtime", "Actors", "imdbID", "imdbRating", "Poster"])
@pytest.mark.parametrize("value", [["a"], {"a": 1}, True])
def test_cells_of_a_wrong_type_are_no_film(cell: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"whose {cell} is"):
        film_of(film("tt0000001", "x", **{cell: value}))


def test_a_film_without_id_is_none() -> None:
    with pytest.raises(ValueError, match="without an IMDb id"):
        film_of({"Title": "x"})


@pytest.mark.parametrize(
    ("text", "imdb_id"),
    [
        ("tt0114709", "tt0114709"),
        ("114709", "tt0114709"),
        ("0114709", "tt0114709"),
        (" tt0114709 ", "tt0114709"),
        ("tt10838180", "tt10838180"),
        ("00114709", "tt0114709"),
        ("https://www.imdb.com/title/tt0114709/", "tt0114709"),
        ("http://imdb.com/title/tt0114709?ref_=x", "tt0114709"),
        ("https://m.imdb.com/de/title/tt0114709/reviews#top", "tt0114709"),
        ("www.imdb.com/title/tt0114709", "tt0114709"),
        ("nm0000158", None),
        ("tt", None),
        ("0", None),
        ("", None),
        ("Toy Story", None),
        ("tt0114709&apikey=x", None),
        ("https://example.org/title/tt0114709", None),
    ],
)
def test_imdb_ids(text: str, imdb_id: str | None) -> None:
    assert imdb_id_of(text) == imdb_id


def test_a_page_of_a_search() -> None:
    row = {"Title": "Heat", "Year": "1995", "imdbID": "tt0113277", "Type": "movie", "Poster": "N/A"}
    hits, total = hits_of({"Search": [row, row | {"Year": "N/A"}], "totalResults": "12"})
    assert hits == [
        Hit(imdb_id="tt0113277", title="Heat", year=1995),
        Hit(imdb_id="tt0113277", title="Heat", year=None),
    ]
    assert total == 12


@pytest.mark.parametrize(
    "body",
    [{}, {"Search": {}}, {"Search": ["x"]}, {"Search": [{}]}, {"Search": [{"imdbID": "tt1", "Title": ["x"]}]}],
)
def test_a_page_that_is_none(body: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"with|whose"):
        hits_of(body)
