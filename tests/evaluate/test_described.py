"""Described: every file that tells of items and users, and what of a catalogue may be known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import triptych
from triptych.catalogue.history import UNTIMED, History
from triptych.errors import CatalogueError, SourceError, UsageError
from triptych.evaluate.described import Described, few

ITEMS = {
    "items.csv": "movie id,movie title,release date,Action,Drama,Summary,Cast,Director\n"
    '1,Fog (1990),01-Jan-1990,1,0,A boat in the fog,"Ada, Bo",Cy\n'
    "2,Rust (1991),01-Jan-1991,0,1,A boat and a car,Ada,Di\n",
    "u.item": "1|Fog (1990)|01-Jan-1990|||" + "|".join("0100000000000000000") + "\n"
    "2|Rust (1991)|01-Jan-1991|||" + "|".join("0000000010000000000") + "\n",
    "movies.dat": "1::Fog (1990)::Action\n2::Rust (1991)::Drama\n",
    "movies.csv": "movieId,title,genres\n1,Fog (1990),Action\n2,Rust (1991),Drama\n",
}
USERS = {
    "u.user": "7|24|M|writer|85711\n8|53|F|other|94043\n",
    "users.dat": "7::M::25::20::85711\n8::F::50::0::94043\n",
}


def history(items: tuple[str, ...] = ("1", "2", "3"), users: tuple[str, ...] = ("7", "8", "9")) -> History:
    return History(
        user_ids=users,
        item_ids=items,
        users=np.array([0, 1], np.int32),
        items=np.array([0, 1], np.int32),
        values=np.array([4, 2], np.float32),
        times=np.full(2, UNTIMED),
    )


@pytest.mark.parametrize("users", USERS)
@pytest.mark.parametrize("items", ITEMS)
def test_files_are_read_as_they_come(items: str, users: str, tmp_path: Path) -> None:
    (tmp_path / items).write_text(ITEMS[items])
    (tmp_path / users).write_text(USERS[users])
    known = Described.of(tmp_path / items, tmp_path / users).background(history())
    assert known.items["genres"].names == ("Action", "Drama")
    assert known.items["genres"].dense().tolist() == [[1, 0], [0, 1], [0, 0]]
    assert known.items["year"].mask.tolist() == [True, True, False]
    assert ("people" in known.items) == (items == "items.csv")
    assert known.users["gender"].mask.tolist() == [True, True, False]
    assert known.users["occupation"].width == 2


def test_a_folder_of_movielens_or_a_catalogue_tells_of_both(tmp_path: Path) -> None:
    raw, kept = tmp_path / "ml", tmp_path / "films"
    raw.mkdir()
    for name in ("u.item", "items.csv"):
        (raw / name).write_text(ITEMS[name])
    (raw / "u.user").write_text(USERS["u.user"])
    catalogue = triptych.Catalogue.init(kept)
    catalogue.add(triptych.MovieLens(path=raw))
    (tmp_path / "given.csv").write_text("item_id,a,b\n1,1,2\n2,3,4\n")
    from triptych.interchange.given.attach import attach
    from triptych.interchange.given.read import read_given

    attach(catalogue, read_given(tmp_path / "given.csv", panel="seeing"), "seeing/given")
    for folder in (raw, kept):
        known = Described.of(folder, folder).background(history())
        assert {"genres", "people", "plot-words"} <= set(known.items)
        assert known.users["age"].dense().ravel().tolist() == [24, 53, 0]
        assert ("seeing/given" in known.items) == (folder == kept)
    assert known.items["seeing/given"].dense().tolist() == [[1, 2], [3, 4], [0, 0]]
    # Whoever gives no users is told of none.
    assert Described.of(kept, None).background(history()).users == {}


def test_what_tells_of_others_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "movies.csv").write_text(ITEMS["movies.csv"])
    (tmp_path / "u.user").write_text(USERS["u.user"])
    with pytest.raises(UsageError, match="no item that was described"):
        Described.of(tmp_path / "movies.csv", None).background(history(items=("tt1", "tt2", "tt3")))
    with pytest.raises(UsageError, match="no user that was described"):
        Described.of(None, tmp_path / "u.user").background(history(users=("x", "y", "z")))
    with pytest.raises(SourceError, match="is not there"):
        Described.of(tmp_path / "no.csv", None)
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    for what, where in (("items", (tmp_path / "other.csv", None)), ("users", (None, tmp_path / "other.csv"))):
        with pytest.raises(SourceError, match=f"no table of {what}"):
            Described.of(*where)
    (tmp_path / "empty").mkdir()
    with pytest.raises(CatalogueError):
        Described.of(tmp_path / "empty", None)
    assert Described.of(None, None).background(history()).items == {}


def test_a_row_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "movies.csv").write_text(ITEMS["movies.csv"] + '3,"broken,Drama\n')
    found = Described.of(tmp_path / "movies.csv", None)
    assert any("movies.csv line 4" in line for line in found.told)
    assert few(["a", "b", "c"], most=2) == ["a", "b", "1 more of the kind"]
