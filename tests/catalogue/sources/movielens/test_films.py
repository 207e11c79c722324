"""Films: titles, years, dates and links; and lines that are none, refused by number."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triptych.catalogue.sources.movielens.films import date_of, film_id, imdb_id_of, title_and_year
from triptych.catalogue.sources.source import Addition
from triptych.errors import SourceError

Files = dict[str, str | bytes]
Read = Callable[[Files], Addition]
GENRE = "unknown|0\nAction|1\n"


def reasons(addition: Addition) -> dict[str, str]:
    return {refusal.what: refusal.reason for refusal in addition.refused}


@pytest.mark.parametrize(
    ("given_", "title", "year"),
    [
        ("Toy Story (1995)", "Toy Story", 1995),
        ("  Rocky VI (1986) ", "Rocky VI", 1986),
        ("American President, The (1995)", "American President, The", 1995),
        ("Big Bang Theory, The (2007-)", "Big Bang Theory, The", 2007),
        ("Fawlty Towers (1975-1979)", "Fawlty Towers", 1975),
        ("Death Note (2006–2007)", "Death Note", 2006),
        ("Serial (2009– )", "Serial", 2009),
        ("Land Before Time III (1995) (V)", "Land Before Time III", 1995),
        ("Seven (a.k.a. Se7en) (1995)", "Seven (a.k.a. Se7en)", 1995),
        ("(500) Days of Summer (2009)", "(500) Days of Summer", 2009),
        ("1984 (1956)", "1984", 1956),
        ("Twice (1983) (1983)", "Twice (1983)", 1983),
        ("Hyena Road", "Hyena Road", None),
        ("2001", "2001", None),
        ("(1995)", "(1995)", None),
        ("Odd (9999)", "Odd (9999)", None),
        ("Short (199)", "Short (199)", None),
        ("None (1997)", "None", 1997),
        ("", "", None),
    ],
)
def test_titles_and_years(given_: str, title: str, year: int | None) -> None:
    assert title_and_year(given_) == (title, year)


@given(st.text(st.characters(categories=["L", "N", "P", "Zs"]), min_size=1), st.integers(1870, 2200))
def test_a_year_put_behind_a_title_comes_off_again(title: str, year: int) -> None:
    plain, _ = title_and_year(f"{title.strip() or 'x'} (0000)")
    bare = plain.removesuffix(" (0000)")
    assert title_and_year(f"{bare} ({year})") == (bare, year)


@pytest.mark.parametrize(
    ("written", "year", "date"),
    [
        ("01-Jan-1995", None, "1995-01-01"),
        ("4-Feb-1971", None, "1971-02-04"),
        ("01-Jan-22", 1922, "1922-01-01"),
        ("01-Jan-22", 2021, "2022-01-01"),
        ("29-Aug-97", None, "1997-08-29"),
        ("", 1995, ""),
    ],
)
def test_dates(written: str, year: int | None, date: str) -> None:
    assert date_of(written, year=year) == date


@pytest.mark.parametrize("written", ["1995", "32-Jan-1995", "00-Jan-1995", "01-Foo-1995", "30-Feb-1995", "01-jan-1995"])
def test_what_is_no_date(written: str) -> None:
    with pytest.raises(ValueError, match="a date is written as 01-Jan-1995"):
        date_of(written)


@pytest.mark.parametrize("written", ["abc", "-1", "0", "tt", "1e5", "114709.5", "12345678901"])
def test_what_is_no_imdb_id(written: str) -> None:
    with pytest.raises(ValueError, match="imdbId"):
        imdb_id_of(written)


@given(st.integers(0, 10**9))
def test_whole_numbers_are_one_id_however_they_were_saved(number: int) -> None:
    assert film_id(str(number)) == film_id(f"{number}.0") == film_id(f" {number} ") == str(number)


def test_lines_of_movies_csv_that_are_refused(read: Read) -> None:
    rows = [
        "1,Good (2000),Drama",
        '2,"Broken quote (2000),Drama',
        "3,Too,many,fields",
        "",
        ",No id (2000),Drama",
        "1,Another (2001),Drama",
        "1,Good (2000),Drama",
        "7,Trunc",
    ]
    found = read({"movies.csv": "movieId,title,genres\n" + "\n".join(rows)})
    assert [item.item_id for item in found.items] == ["1"]
    said = reasons(found)
    assert "quotes are broken" in said["movies.csv line 3"]
    assert said["movies.csv line 4"] == "it has 4 fields, the line of names 3"
    assert said["movies.csv line 6"] == "it has no id"
    assert said["movies.csv line 7"] == "its id '1' is that of line 2, and they differ; the first one stands"
    assert said["movies.csv line 9"] == "it has 2 fields, the line of names 3"
    assert len(said) == 5


def test_lines_of_movies_dat_that_are_refused(read: Read) -> None:
    found = read({"movies.dat": "1::Good (2000)::Drama\n2::Cont\n3\n::Nobody (2000)::Drama"})
    assert [item.item_id for item in found.items] == ["1"]
    assert list(reasons(found)) == ["movies.dat line 2", "movies.dat line 3", "movies.dat line 4"]


def test_lines_of_u_item_that_are_refused(read: Read) -> None:
    lines = [
        "1|Good (2000)|01-Jan-2000||http://x|0|1",
        "2|Pipe | in title (2000)|01-Jan-2000||http://x|0|1",
        "3|Bad date (2000)|2000-01-01||http://x|0|1",
        "4|Truncated (2000)|01-Jan-2000||http://x|0",
    ]
    found = read({"u.item": "\n".join(lines), "u.genre": GENRE})
    assert [(item.item_id, item.genres, item.released_at) for item in found.items] == [
        ("1", ("Action",), "2000-01-01"),
        ("3", ("Action",), ""),
    ]
    said = reasons(found)
    assert "something else than the 0 and 1 of genres" in said["u.item line 2"]
    assert "its release date is '2000-01-01'" in said["u.item line 3"]
    assert "it has 6 fields" in said["u.item line 4"]


def test_a_genre_that_is_not_named_is_left_out_and_said(read: Read) -> None:
    found = read({"u.item": "1|A (2000)|||u|0|1|1\n2|B (2000)|||u|0|1|0\n", "u.genre": f"{GENRE}broken\n"})
    assert [item.genres for item in found.items] == [("Action",), ("Action",)]
    assert "1 films of u.item have a genre that u.genre does not name; it was left out" in found.notes
    assert "u.genre line 3" in reasons(found)


def test_without_u_genre_the_flags_stand_for_the_genres_of_100k(read: Read) -> None:
    found = read({"u.item": f"1|A (2000)|||u|{'|'.join(['0', '1'] + ['0'] * 16 + ['1'])}\n"})
    assert found.items[0].genres == ("Action", "Western")


def test_links(read: Read) -> None:
    links = "movieId,imdbId,tmdbId\n1,0114709,862\n2,abc,1\n3,0114709,x\n9,0114709,862\n4,,\n5,12"
    films = "movieId,title,genres\n" + "".join(f"{k},A (2000),Drama\n" for k in range(1, 6))
    found = read({"movies.csv": films, "links.csv": links})
    assert [item.imdb_id for item in found.items] == ["tt0114709", "", "", "", ""]
    said = reasons(found)
    assert list(said) == ["links.csv line 3", "links.csv line 4", "links.csv line 7", "links.csv"]
    assert said["links.csv"] == "1 links of films that are not in the data set"


def test_columns_that_are_not_known_are_named(read: Read) -> None:
    found = read({"movies.csv": "movieId,title,genres,mood\n1,A (2000),Drama,sad\n"})
    assert found.unused_columns == ("mood",)
    with pytest.raises(SourceError, match=r"'movies\.csv' has no column movieid; its first line says id, title"):
        read({"movies.csv": "id,title\n", "ratings.csv": "userId,movieId,rating\n"})
