"""Add: whatever a path holds is told by looking, or said; and what came of it is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Triptych
from triptych import Catalogue, FeatureStore

RATINGS = "uid,movie,stars,when\n1,10,4.0,100\n1,11,9.0,101\n2,10,3.5,-5\n2,10,3.0,90\n2,10,2.0,80\n"


@pytest.fixture
def films(tmp_path: Path) -> Path:
    return Catalogue.init(tmp_path / "films").folder


def movielens(folder: Path) -> Path:
    folder.mkdir()
    files = {
        "ratings.csv": "userId,movieId,rating,timestamp\n1,10,4.0,100\n2,11,0.5,50\n",
        "movies.csv": 'movieId,title,genres\n10,"Heat, The (1995)",Action|Crime\n11,Cold (1996),(no genres listed)\n',
        "genome-scores.csv": "movieId,tagId,relevance\n10,1,0.25\n10,2,0.5\n11,1,0.75\n12,1,0\n12,2,1\n",
        "genome-tags.csv": "tagId,tag\n1,noir\n2,snow\n",
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_a_table_with_other_names_and_a_scale(films: Path, tmp_path: Path, triptych: Triptych) -> None:
    path = tmp_path / "stars.csv"
    path.write_text(RATINGS, encoding="utf-8")
    names = "user_id=uid, item_id=movie,rating=stars,timestamp=when"
    answer = triptych("add", films, path, "--columns", names, "--scale", "0.5:5", "--json")
    assert answer.json["interactions"] == 2
    assert [refusal["reason"] for refusal in answer.json["refused"]] == [
        "1 interactions with a negative time",
        "1 interactions whose rating is outside 0.5 to 5",
        "1 interactions repeated by a later row of the same pair",
    ]
    (note,) = answer.json["notes"]
    assert note.startswith("2 interactions are with 1 items that are not in the catalogue, such as '10'")
    rows = Catalogue.open(films).interactions().to_pylist()
    assert [(row["user_id"], row["item_id"], row["value"], row["timestamp"]) for row in rows] == [
        ("1", "10", 4.0, 100),
        ("2", "10", 2.0, 80),
    ]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--columns", "user_id"], "--columns holds 'user_id'; write ours=theirs"),
        (["--columns", "user_id=nobody"], "has no column 'nobody'; it has uid, movie, stars, when"),
        (["--scale", "5"], "--scale is '5'; write the least and the greatest rating"),
        (["--scale", "5:1"], "--scale is '5:1'"),
        (["--kind", "netflix"], "no kind of source 'netflix'"),
        (["--kind", "recbole"], "stars.csv"),
    ],
)
def test_what_cannot_be_meant_is_said(
    films: Path, tmp_path: Path, triptych: Triptych, options: list[str], told: str
) -> None:
    path = tmp_path / "stars.csv"
    path.write_text(RATINGS, encoding="utf-8")
    answer = triptych("add", films, path, *options)
    assert answer.status in (2, 3)
    assert told in answer.err
    assert Catalogue.open(films).interactions().num_rows == 0


def test_movielens_is_told_by_its_files_and_its_tag_genome_is_a_feature(
    films: Path, tmp_path: Path, triptych: Triptych
) -> None:
    answer = triptych("add", films, movielens(tmp_path / "ml"), "--json")
    assert (answer.json["items_new"], answer.json["interactions"]) == (2, 2)
    assert (answer.json["tag_genome"]["covered"], answer.json["tag_genome"]["width"]) == (1, 2)
    store = FeatureStore(Catalogue.open(films).tables)
    held = store.read(store.recipe_of("reading/tag-genome"))
    values, mask = held.aligned(["10", "11"])
    np.testing.assert_array_equal(values, np.array([[0.25, 0.5], [0, 0]], np.float32))
    assert mask.tolist() == [True, False]
    again = triptych("add", films, tmp_path / "ml")
    assert "Items: 0 new, 0 changed, 2 as they were." in again.err
    assert "Next: there are no clips and no plots yet: triptych enrich" in again.err


def test_what_was_exported_is_told_and_added(films: Path, tmp_path: Path, triptych: Triptych) -> None:
    triptych("add", films, movielens(tmp_path / "ml"))
    triptych("export", films, tmp_path / "atomic", "--as", "recbole")
    other = Catalogue.init(tmp_path / "other")
    assert triptych("add", other.folder, tmp_path / "atomic").status == 0
    assert other.items() == Catalogue.open(films).items()
    assert other.interactions() == Catalogue.open(films).interactions()
