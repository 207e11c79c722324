"""Enhanced: the table beside 100K completes films by their id, and is not believed blindly."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from triptych.catalogue.sources.source import Addition
from triptych.errors import SourceError

Files = dict[str, str | bytes]
Read = Callable[[Files], Addition]
HEAD = (
    ",Unnamed: 0,movie id,movie title,release date,video release date,IMDb URL,unknown,Action,"
    "Summary,Cast,Director,Rating,Runtime,No. of ratings,YT-Trailer ID\n"
)
ITEM = "1|Toy Story (1995)|22-Nov-1995||u|0|1\n2|Naïve (1922)|01-Jan-1922||u|0|0\n267|unknown||||1|0\n"
GENRE = "unknown|0\nAction|1\n"


def row(
    item_id: str,
    title: str,
    *,
    date: str = "01-Jan-95",
    plot: str = "",
    runtime: str = "81.0",
    rating: str = "8.3",
    votes: str = "930K",
    trailer: str = "mGXHH9iAfLA",
) -> str:
    quoted = plot.replace('"', '""')
    return (
        f'0,0,{item_id},{title},{date},,https://www.imdb.com/title/tt0114709/,0,1,"{quoted}",Tom Hanks|Tim Allen,'
        f"John Lasseter,{rating},{runtime},{votes},{trailer}\n"
    )


def with_table(rows: str, head: str = HEAD) -> Files:
    return {"u.item": ITEM, "u.genre": GENRE, "items.csv": head + rows}


def reasons(addition: Addition) -> dict[str, str]:
    return {refusal.what: refusal.reason for refusal in addition.refused}


def test_a_row_completes_the_film_of_its_id(read: Read) -> None:
    found = read(with_table(row("1", "Toy Story (1995)", plot='A "boy"\nand his toys. —Jo <jo.doe@example.org>')))
    film, other, _ = found.items
    assert (film.title, film.year, film.released_at, film.genres) == ("Toy Story", 1995, "1995-11-22", ("Action",))
    assert film.plot == 'A "boy"\nand his toys. —Jo'
    assert film.people == ("Tom Hanks", "Tim Allen")
    assert film.directors == ("John Lasseter",)
    assert (film.runtime_min, film.imdb_rating, film.imdb_votes) == (81.0, 8.3, 930_000)
    assert film.imdb_id == "tt0114709"
    assert film.url == "https://www.youtube.com/watch?v=mGXHH9iAfLA"
    assert (other.plot, other.url) == ("", "")
    assert "1 plots of items.csv held e-mail addresses; these were taken out" in found.notes
    assert found.unused_columns == ("video release date",)


def test_cells_that_say_nothing_right_are_left_out_one_by_one(read: Read) -> None:
    bad = row("1", "Toy Story (1995)", plot="A plot.", trailer="#NAME?", rating="83", runtime="long", votes="1.2M")
    found = read(with_table(bad))
    film = found.items[0]
    assert (film.plot, film.url, film.imdb_rating, film.runtime_min) == ("A plot.", "", None, None)
    assert film.imdb_votes == 1_200_000
    said = [refusal.reason for refusal in found.refused]
    assert len(said) == 3
    assert all(reason.endswith("kept without it") for reason in said)
    assert {refusal.what for refusal in found.refused} == {"items.csv line 2"}


def test_rows_of_another_numbering_are_refused(read: Read) -> None:
    found = read(
        with_table(
            row("1", "GoldenEye (1995)", plot="Bond.")
            + row("99", "Nobody (1995)")
            + row("2", "Naïve (1922)", date="01-Jan-22", plot="Old.\nOver lines.")
            + row("2", "Naïve (1922)", plot="Again.")
            + row("", "Naïve (1922)")
            + "short,row\n"
        )
    )
    assert [item.plot for item in found.items] == ["", "Old.\nOver lines.", ""]
    said = reasons(found)
    assert "its title is 'GoldenEye'" in said["items.csv line 2"]
    assert said["items.csv line 3"] == "there is no film '99' in u.item"
    assert "was met before" in said["items.csv line 6"]
    assert said["items.csv line 7"] == "it has no id"
    assert said["items.csv line 8"] == "it has 2 fields, the line of names 16"


def test_a_film_titled_unknown_keeps_its_plot_and_it_is_said(read: Read) -> None:
    found = read(with_table(row("267", "unknown", date="", plot="A biochemist.")))
    assert found.items[2].plot == "A biochemist."
    assert any("film '267' is titled 'unknown'" in note for note in found.notes)


def test_without_u_item_the_table_makes_the_films(read: Read) -> None:
    found = read(
        {"u.data": "1\t2\t3\t4\n", "items.csv": HEAD + row("2", "Naïve (1922)", date="04-Mar-22", plot="Old.")}
    )
    (film,) = found.items
    assert (film.title, film.year, film.released_at, film.genres) == ("Naïve", 1922, "1922-03-04", ("Action",))
    assert film.plot == "Old."


def test_a_table_of_another_kind_is_not_read(read: Read) -> None:
    found = read(with_table("1,A\n", head="item_id,title\n"))
    assert [item.title for item in found.items] == ["Toy Story", "Naïve", "unknown"]
    assert "items.csv is not the enhanced table of 100K, and was not read" in found.notes


def test_broken_quotes_stop_with_the_line(read: Read) -> None:
    with pytest.raises(SourceError, match=r"'items\.csv' cannot be read from line 3 on"):
        read(with_table(row("1", "Toy Story (1995)") + '0,0,2,"Naïve" (1922),x\n'))
