"""Generation: what a folder is, by what is in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from triptych.catalogue.sources.movielens import generation_at, recognises
from triptych.errors import SourceError

World = Callable[[dict[str, str | bytes]], Path]
CSV = {"ratings.csv": '"userId","movieId","rating","timestamp"\n'}


@pytest.mark.parametrize(
    ("files", "name"),
    [
        ({"u.data": ""}, "100K"),
        ({"u.item": "", "items.csv": "movie id\n"}, "100K"),
        ({"ratings.dat": "", "users.dat": ""}, "1M"),
        ({"movies.dat": "", "tags.dat": ""}, "10M"),
        (CSV, "20M or later"),
        ({**CSV, "README.txt": "This dataset (ml-25m) describes"}, "25M"),
        ({**CSV, "README.html": "<p>ml-latest</p>"}, "latest"),
    ],
)
def test_names(world: World, files: dict[str, str | bytes], name: str) -> None:
    folder = world(files)
    assert recognises(folder)
    assert generation_at(folder).name == name


def test_a_folder_may_tell_its_name(world: World) -> None:
    folder = world({"ml-32m/ratings.csv": CSV["ratings.csv"]})
    assert generation_at(folder / "ml-32m").name == "32M"


def test_one_folder_down(world: World) -> None:
    folder = world({"ml-1m/users.dat": "", "ml-1m/movies.dat": "", "__MACOSX/ml-1m/x": "", ".hidden": ""})
    assert generation_at(folder).folder == folder / "ml-1m"


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"a/u.data": "", "b/u.data": ""},
        {"ml-1m/movies.dat": "", "film.mp4": ""},
        {"movies.csv": "item_id,title\n"},
        {"ratings.csv": "user_id,item_id,rating\n"},
        {"deep/er/u.data": ""},
        {"items.csv": "movie id\n"},
        {"u.data/file": ""},
    ],
)
def test_what_is_none(world: World, files: dict[str, str | bytes]) -> None:
    folder = world(files)
    assert not recognises(folder)
    with pytest.raises(SourceError, match=r"holds no MovieLens; a folder of it has u\.data"):
        generation_at(folder)


def test_a_file_or_nothing_is_none(tmp_path: Path) -> None:
    (tmp_path / "u.data").touch()
    assert not recognises(tmp_path / "u.data")
    assert not recognises(tmp_path / "nowhere")
