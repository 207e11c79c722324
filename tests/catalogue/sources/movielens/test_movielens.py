"""MovieLens: every generation becomes the items, interactions, users and tags that it holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Item
from triptych.catalogue.sources.movielens import MovieLens
from triptych.catalogue.sources.source import Addition
from triptych.errors import SourceError

Files = dict[str, str | bytes]
Read = Callable[[Files], Addition]

GENRE = "unknown|0\nAction|1\nDrama|2\n\n"
ITEM = (
    "1|Toy Story (1995)|01-Jan-1995||http://us.imdb.com/M/title-exact?Toy%20Story|0|1|1\n"
    "2|Misérables, Les (1995)|4-Feb-1996||http://us.imdb.com/|0|0|1\n"
    "267|unknown||||1|0|0\n"
)
HUNDRED: Files = {
    "u.data": "196\t1\t3\t881250949\n186\t2\t5\t891717742\n196\t2\t1\t881250950\n",
    "u.item": ITEM.encode("latin-1"),
    "u.user": "196|49|M|writer|55105\n186|39|F|executive|T8H1N\n",
    "u.genre": GENRE,
    "u1.base": "this is not read",
}
MILLION: Files = {
    "movies.dat": "1::Toy Story (1995)::Animation|Children's\n2::Alien:: The Return (1999)::Sci-Fi\n"
    "3::Léon (1994)::Drama\n".encode("latin-1"),
    "ratings.dat": "1::1::5::978300760\n1::2::3::978302109\n2::3::4::978301968\n",
    "users.dat": "1::F::1::10::48067\n2::M::56::16::70072-1234\n",
}
TEN_MILLION: Files = {
    "movies.dat": "1::Toy Story (1995)::Animation\n3::Léon (1994)::(no genres listed)\n",
    "ratings.dat": "1::1::0.5::838985046\n1::3::3.5::838983525\n",
    "tags.dat": "15::1::a::b::1215184630\n15::3::Jean Reno!::1188263867\n",
}
LATEST: Files = {
    "movies.csv": "movieId,title,genres\n1,Toy Story (1995),Adventure|Comedy\n"
    '2,"American President, The (1995)",Drama\n3,"""Great Performances"" Cats (1998) ",Musical\n'
    "4,Stranger Things,(no genres listed)\n",
    "ratings.csv": "userId,movieId,rating,timestamp\n1,1,2.5,1260759144\n1,2,0.5,1260759179\n2,1,5.0,900000000\n",
    "tags.csv": 'userId,movieId,tag,timestamp\n2,1,"the ""finest"", really",1138537770\n',
    "links.csv": "movieId,imdbId,tmdbId\n1,0114709,862\n2,112346,9087.0\n3,0173714,\n4,10872600,66732\n",
    "README.txt": "Summary\n=======\n\nThis dataset (ml-latest-small) describes 5-star rating activity.\n",
}


def titles(addition: Addition) -> dict[str, str]:
    return {item.item_id: item.title for item in addition.items}


def events(addition: Addition) -> list[tuple[object, ...]]:
    assert addition.interactions is not None
    return [tuple(row.values()) for row in addition.interactions.to_pylist()]


def reasons(addition: Addition) -> list[tuple[str, str]]:
    return [(refusal.what, refusal.reason) for refusal in addition.refused]


def test_100k(read: Read) -> None:
    found = read(HUNDRED)
    assert found.items == [
        Item(item_id="1", title="Toy Story", year=1995, released_at="1995-01-01", genres=("Action", "Drama")),
        Item(item_id="2", title="Misérables, Les", year=1995, released_at="1996-02-04", genres=("Drama",)),
        Item(item_id="267", title="unknown"),
    ]
    assert events(found) == [
        ("196", "1", 3.0, 881250949, "rating"),
        ("186", "2", 5.0, 891717742, "rating"),
        ("196", "2", 1.0, 881250950, "rating"),
    ]
    assert found.users is not None
    assert found.users.to_pylist()[1] == {
        "user_id": "186",
        "age": 39,
        "gender": "F",
        "occupation": "executive",
        "region": "T8H1N",
    }
    assert found.tags is None
    assert found.refused == ()
    assert found.notes == (
        "this is MovieLens 100K: u.data, u.item, u.user, u.genre",
        "1 lines of u.item are not UTF-8; they were read as Windows-1252",
    )


def test_1m(read: Read) -> None:
    found = read(MILLION)
    assert titles(found) == {"1": "Toy Story", "2": "Alien:: The Return", "3": "Léon"}
    assert found.items[0].genres == ("Animation", "Children's")
    assert events(found)[2] == ("2", "3", 4.0, 978301968, "rating")
    assert found.users is not None
    assert [tuple(row.values()) for row in found.users.to_pylist()] == [
        ("1", 1, "F", "K-12 student", "48067"),
        ("2", 56, "M", "self-employed", "70072-1234"),
    ]
    assert found.notes[0] == "this is MovieLens 1M: ratings.dat, movies.dat, users.dat"
    assert found.refused == ()


def test_10m(read: Read) -> None:
    found = read(TEN_MILLION)
    assert titles(found) == {"1": "Toy Story", "3": "Léon"}
    assert found.items[1].genres == ()
    assert [row[2] for row in events(found)] == [0.5, 3.5]
    assert found.tags is not None
    assert [tuple(row.values()) for row in found.tags.to_pylist()] == [
        ("15", "1", "a::b", 1215184630),
        ("15", "3", "Jean Reno!", 1188263867),
    ]
    assert found.notes == ("this is MovieLens 10M: ratings.dat, movies.dat, tags.dat",)


def test_latest(read: Read) -> None:
    found = read(LATEST)
    assert [(item.title, item.year, item.imdb_id, item.tmdb_id) for item in found.items] == [
        ("Toy Story", 1995, "tt0114709", "862"),
        ("American President, The", 1995, "tt0112346", "9087"),
        ('"Great Performances" Cats', 1998, "tt0173714", ""),
        ("Stranger Things", None, "tt10872600", "66732"),
    ]
    assert found.items[3].genres == ()
    assert events(found) == [
        ("1", "1", 2.5, 1260759144, "rating"),
        ("1", "2", 0.5, 1260759179, "rating"),
        ("2", "1", 5.0, 900000000, "rating"),
    ]
    assert found.tags is not None
    assert found.tags["tag"].to_pylist() == ['the "finest", really']
    assert found.users is None
    assert found.notes[0].startswith("this is MovieLens latest-small: ")
    assert found.refused == ()
    assert found.unused_columns == ()


@pytest.mark.parametrize("files", [HUNDRED, MILLION, TEN_MILLION, LATEST], ids=["100K", "1M", "10M", "latest"])
def test_line_ends_and_blank_lines_change_nothing(read: Read, files: Files) -> None:
    plain = read(files)
    dressed: Files = {}
    for name, content in files.items():
        raw = content if isinstance(content, bytes) else content.encode()
        dressed[name] = b"\r\n" * (not name.endswith(".csv")) + raw.replace(b"\n", b"\r\n") + b"\r\n"
    other = read(dressed)
    assert other.items == plain.items
    assert events(other) == events(plain)
    assert (other.users, other.tags, other.refused) == (plain.users, plain.tags, plain.refused)


@pytest.mark.parametrize("files", [HUNDRED, MILLION, TEN_MILLION, LATEST], ids=["100K", "1M", "10M", "latest"])
def test_every_file_but_one_may_be_missing(read: Read, files: Files, tmp_path: Path) -> None:
    whole = read(files)
    for path in (tmp_path / "set").iterdir():
        path.unlink()
    films = next(name for name in files if name.startswith(("movies", "u.item")))
    ratings = next(name for name in files if name.startswith(("ratings", "u.data")))
    only_ratings = read({ratings: files[ratings]})
    assert only_ratings.items == []
    assert events(only_ratings) == events(whole)
    (tmp_path / "set" / ratings).unlink()
    # The flags of u.item mean nothing without their names.
    only_films = read({films: files[films], **{name: files[name] for name in files if name == "u.genre"}})
    assert titles(only_films) == titles(whole)
    assert (only_films.interactions, only_films.users, only_films.tags) == (None, None, None)


@pytest.mark.parametrize(
    ("files", "count"),
    [
        ({"ratings.csv": "userId,movieId,rating,timestamp\n", "movies.csv": "movieId,title,genres\n"}, 0),
        ({"ratings.csv": "", "movies.csv": "movieId,title,genres\n", "tags.csv": "userId,movieId,tag,timestamp"}, 0),
        ({"u.data": "", "u.item": "", "u.user": "", "u.genre": ""}, 0),
        ({"ratings.dat": "", "movies.dat": "", "tags.dat": "", "users.dat": ""}, 0),
    ],
)
def test_files_without_rows(read: Read, files: Files, count: int) -> None:
    found = read(files)
    assert len(found.items) == len(events(found)) == count
    assert found.refused == ()


def test_bad_ratings_are_counted_by_reason(read: Read) -> None:
    rows = ["1,1,5.5,1", "1,2,0,1", "1,3,nan,1", "1,4,,1", "1,5,4,-9", ",6,4,1", "1,7,4,x", "1,8,2,2", "1,8,3,1", "2,9"]
    found = read({"ratings.csv": "userId,movieId,rating,timestamp\n" + "\n".join(rows)})
    assert events(found) == [("1", "7", 4.0, None, "rating"), ("1", "8", 3.0, 1, "rating")]
    said = " / ".join(reason for _, reason in reasons(found))
    for part in (
        "2 interactions whose rating is outside 0.5 to 5",
        "3 interactions whose value is not a finite number",
        "1 interactions with a negative time",
        "1 interactions without a user",
        "1 interactions whose time is no number",
        "1 interactions repeated by a later row",
    ):
        assert part in said


@pytest.mark.parametrize(
    ("files", "kept"),
    [
        ({"u.data": "1\t1\t0.5\t1\n1\t2\t1\t1\n"}, 1),
        ({"users.dat": "1::F::1::10::48067\n", "ratings.dat": "1::1::0.5::1\n1::2::1::1\n"}, 1),
        ({"tags.dat": "", "ratings.dat": "1::1::0.5::1\n1::2::1::1\n"}, 2),
        ({"ratings.csv": "userId,movieId,rating\n1,1,0.5\n1,2,1\n"}, 2),
    ],
)
def test_each_generation_has_its_own_scale(read: Read, files: Files, kept: int) -> None:
    assert len(events(read(files))) == kept


def test_ids_saved_as_floats_are_the_same_ids(read: Read) -> None:
    whole = read(LATEST)
    saved = read(
        {
            **LATEST,
            "movies.csv": str(LATEST["movies.csv"]).replace("\n1,", "\n1.0,"),
            "ratings.csv": "userId,movieId,rating,timestamp\n1.0,1.0,2.5,1260759144.0\n1.0,2.0,0.5,1260759179.0\n"
            "2,1,4.0,1\n2.0,1.0,5.0,900000000.0\n",
            "tags.csv": 'userId,movieId,tag,timestamp\n2.0,1.0,"the ""finest"", really",1138537770.0\n',
        }
    )
    assert saved.items == whole.items
    assert events(saved) == events(whole)
    assert saved.tags == whole.tags
    assert reasons(saved) == [("ratings.csv", "1 interactions repeated by a later row of the same pair")]


def test_it_goes_into_a_catalogue_twice_without_a_change(world: Callable[[Files], Path], tmp_path: Path) -> None:
    catalogue = Catalogue.init(tmp_path / "catalogue")
    source = MovieLens(path=world(LATEST))
    first, again = catalogue.add(source), catalogue.add(source)
    assert (first.items_new, first.interactions, first.tags) == (4, 3, 1)
    assert (again.items_new, again.items_changed, again.items_same) == (0, 0, 4)
    assert catalogue.items(["2"])[0].title == "American President, The"
    assert len(catalogue.commits()) == 1


def test_ratings_of_unknown_films_are_kept_and_said(world: Callable[[Files], Path], tmp_path: Path) -> None:
    folder = world({"movies.csv": "movieId,title,genres\n1,A (2000),Drama\n", "ratings.csv": LATEST["ratings.csv"]})
    added = Catalogue.init(tmp_path / "catalogue").add(MovieLens(path=folder))
    assert added.interactions == 3
    assert any("1 interactions are with 1 items that are not in the catalogue" in note for note in added.notes)


def test_progress_is_told_in_bytes(world: Callable[[Files], Path], tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    MovieLens(path=world(LATEST), progress=lambda done, of: told.append((done, of))).read(tmp_path)
    size = len(str(LATEST["ratings.csv"]))
    assert told[-1] == (size, size)


def test_clips_among_the_files_are_said(read: Read) -> None:
    assert any("clips among the files" in note for note in read({**LATEST, "film.mp4": b"x"}).notes)


def test_two_generations_in_one_folder_are_refused(read: Read) -> None:
    with pytest.raises(SourceError, match=r"u\.data and ratings\.csv, of two generations"):
        read({**HUNDRED, **LATEST})


def test_a_link_out_of_the_folder_is_refused(world: Callable[[Files], Path], tmp_path: Path) -> None:
    folder = world(LATEST)
    (tmp_path / "elsewhere.csv").write_bytes((folder / "links.csv").read_bytes())
    (folder / "links.csv").unlink()
    (folder / "links.csv").symlink_to(tmp_path / "elsewhere.csv")
    with pytest.raises(SourceError, match=r"'links\.csv' .* leads out of the folder"):
        MovieLens(path=folder).read(tmp_path)
