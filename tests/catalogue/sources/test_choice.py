"""Choice: a path is told by what is there, or a sentence says why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from triptych.catalogue.sources.choice import KINDS, source_of
from triptych.catalogue.sources.folder import Folder
from triptych.catalogue.sources.movielens import MovieLens
from triptych.catalogue.sources.table import TableFile
from triptych.errors import SourceError, UnknownName, UsageError

RATINGS = "userId,movieId,rating,timestamp\n1,2,3,4\n"


def write(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_each_kind(tmp_path: Path) -> None:
    films = write(tmp_path / "films" / "sub" / "a.mp4").parent.parent
    listed = write(tmp_path / "listed" / "items.csv", "item_id\n1\n").parent
    table = write(tmp_path / "table.csv", "item_id\n1\n")
    lens = write(tmp_path / "lens" / "ratings.csv", RATINGS).parent
    assert source_of(films) == Folder(path=films)
    assert source_of(listed) == Folder(path=listed)
    assert source_of(table, columns={"title": "name"}, scale=(1, 5)) == TableFile(
        path=table, columns={"title": "name"}, scale=(1, 5)
    )
    assert source_of(lens) == MovieLens(path=lens)


def test_movielens_goes_before_clips_and_can_be_overruled(tmp_path: Path) -> None:
    write(tmp_path / "ratings.csv", RATINGS)
    write(tmp_path / "a.mp4")
    assert isinstance(source_of(tmp_path), MovieLens)
    assert isinstance(source_of(tmp_path, kind="folder"), Folder)
    assert isinstance(source_of(tmp_path / "ratings.csv", kind="table"), TableFile)


def test_videos_beside_a_folder_of_movielens_stay_videos(tmp_path: Path) -> None:
    write(tmp_path / "ml-1m" / "movies.dat")
    write(tmp_path / "a.mp4")
    assert isinstance(source_of(tmp_path), Folder)


def test_the_kinds_can_be_asked_one_by_one(tmp_path: Path) -> None:
    write(tmp_path / "a.mp4")
    assert [name for name, recognises in KINDS if recognises(tmp_path)] == ["folder"]
    assert [name for name, recognises in KINDS if recognises(tmp_path / "nowhere")] == []


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("none", None, "no folder or file"),
        ("ml-1m.zip", "PK", "is an archive. Unpack it first"),
        ("set.tar.gz", "", "is an archive"),
        ("u.data", "1\t2\t3\t4\n", "one file of MovieLens; give the folder"),
        ("ratings.dat", "1::2::3::4\n", "one file of MovieLens"),
        ("ratings.csv", RATINGS, "one file of MovieLens"),
        ("a.mp4", "x", "A single clip is added with its folder"),
        ("notes.txt", "x", "neither a folder nor a table"),
    ],
)
def test_what_is_none(tmp_path: Path, name: str, text: str | None, said: str) -> None:
    if text is not None:
        write(tmp_path / name, text)
    with pytest.raises(SourceError, match=said):
        source_of(tmp_path / name)


def test_a_ratings_file_alone_is_a_table_when_its_columns_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / "ratings.csv", RATINGS)
    found = source_of(path, columns={"user_id": "userId", "item_id": "movieId"}, scale=(0.5, 5)).read(tmp_path)
    assert found.interactions is not None
    assert found.interactions.num_rows == 1
    assert isinstance(source_of(write(tmp_path / "own" / "ratings.csv", "user_id,item_id\n")), TableFile)


def test_a_folder_with_nothing_in_it_says_what_it_holds(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no clips, no table items"):
        source_of(tmp_path)
    write(tmp_path / "ml-1m.zip")
    write(tmp_path / "films.csv")
    write(tmp_path / ".hidden" / "a.mp4")
    with pytest.raises(SourceError, match=r"It holds films\.csv, ml-1m\.zip: unpack"):
        source_of(tmp_path)


def test_what_cannot_be_given(tmp_path: Path) -> None:
    write(tmp_path / "ratings.csv", RATINGS)
    with pytest.raises(UnknownName, match="no kind of source 'movieland'"):
        source_of(tmp_path, kind="movieland")
    with pytest.raises(UsageError, match="columns can be given for a table"):
        source_of(tmp_path, columns={"user_id": "userId"})
    with pytest.raises(UsageError, match="a scale can be given for a table"):
        source_of(tmp_path, scale=(1, 5))
