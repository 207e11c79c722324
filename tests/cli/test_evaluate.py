"""Evaluate: lists judged from files as they come, the figures of a table, and what could not be judged."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from tests.cli.conftest import Triptych
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.interactions import INTERACTIONS
from triptych.catalogue.sources.source import Addition

#: user, item, rating, time. By u1, who likes 1, 2 and 4, and u2, who likes 1 and 3.
RATED = [
    ("u1", "1", 5, 10),
    ("u1", "2", 4, 11),
    ("u1", "3", 2, 12),
    ("u1", "4", 4, 13),
    ("u2", "1", 4, 14),
    ("u2", "3", 5, 15),
]
#: Of 1: 2 and 3, of 2: 3 and 1, of 9: 1 and 8; nobody has rated 8 and 9.
LISTS = "item_id,rank,neighbour_id,score\n1,1,2,.9\n1,2,3,.8\n2,1,3,.7\n2,2,1,.7\n9,1,1,.5\n9,2,8,.4\n"
ASKED = ("--least", "2", "-k", "1,2")


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    path = tmp_path / "lists.csv"
    path.write_text(LISTS)
    return path


def rated(path: Path) -> Path:
    """The ratings as a file or catalogue of this name has them."""
    rows = [tuple(map(str, row)) for row in RATED]
    names = ["userId", "movieId", "rating", "timestamp"]
    if path.name == "u.data":
        path.write_text("".join("\t".join((f"{user[1:]}", *rest)) + "\n" for user, *rest in rows))
    elif path.name == "ratings.dat":
        path.write_text("".join("::".join((f"{user[1:]}", *rest)) + "\n" for user, *rest in rows))
    elif path.suffix == ".csv":
        path.write_text("\n".join(",".join(row) for row in [names, *rows]) + "\n")
    elif path.suffix == ".tsv":
        path.write_text("\n".join("\t".join(row) for row in [["user_id", "item_id", "rating", "timestamp"], *rows]))
    elif path.suffix == ".parquet":
        pl.DataFrame(RATED, schema=names, orient="row").write_parquet(path)
    else:
        Catalogue.init(path).add(Rated())
    return path


class Rated:
    """A source of the same ratings, and of plays, which are none."""

    def read(self, folder: Path) -> Addition:
        users, items, values, times = (list(column) for column in zip(*RATED, strict=True))
        deeds = {
            "user_id": [*users, "u2"],
            "item_id": [*items, "2"],
            "value": [*map(float, values), 99.0],
            "timestamp": [*times, 16],
            "kind": [*["rating"] * len(users), "play"],
        }
        return Addition(interactions=pa.table(deeds, schema=INTERACTIONS))


@pytest.mark.parametrize("name", ["u.data", "ratings.dat", "ratings.csv", "ratings.tsv", "ratings.parquet", "films"])
def test_interactions_are_read_as_they_come(name: str, lists: Path, tmp_path: Path, triptych: Triptych) -> None:
    answer = triptych("evaluate", "lists", lists, "--interactions", rated(tmp_path / name), *ASKED, "--json")
    assert answer.status == 0, answer.err
    facts = answer.json
    counts = ("interactions", "listed", "evaluated", "users", "pairs")
    assert [facts[name] for name in counts] == [6, 3, 2, 2, 3]
    # Of 1: u1 finds 2 first and u2 finds 3 second. Of 2: u1 finds 1, second.
    assert facts["metrics"]["precision@1"] == pytest.approx((1 / 2 + 0) / 2)
    assert facts["metrics"]["precision@2"] == pytest.approx((1 / 2 + 1 / 2) / 2)
    assert facts["metrics"]["recall@2"] == pytest.approx(((1 / 2 + 1) / 2 + 1 / 2) / 2)
    assert facts["metrics"]["mrr@2"] == pytest.approx(((1 + 1 / 2) / 2 + 1 / 2) / 2)
    interval = facts["intervals"]["precision@1"]
    assert interval["low"] == 0
    assert interval["high"] == 1 / 2
    strangers = ("listed_unrated", "neighbours_unrated", "rated_unlisted", "tied")
    assert [facts[name] for name in strangers] == [1, 1, 2, 1]


def test_ratings_of_what_has_no_list_may_be_left_out(lists: Path, tmp_path: Path, triptych: Triptych) -> None:
    given = (
        "evaluate",
        "lists",
        lists,
        "--interactions",
        rated(tmp_path / "u.data"),
        *ASKED,
        "--only-listed",
        "--json",
    )
    facts = triptych(*given).json
    # u2 is left with one film that they like, u1 with two: recall is no longer divided by a film that no list is of.
    assert (facts["interactions"], facts["users"]) == (3, 1)
    assert facts["metrics"]["recall@2"] == 1


def test_the_table_has_a_row_for_each_metric_and_says_what_was_not_judged(
    lists: Path, tmp_path: Path, triptych: Triptych
) -> None:
    answer = triptych("evaluate", "lists", lists, "--interactions", rated(tmp_path / "u.data"), *ASKED)
    rows = [line.split("\t") for line in answer.out.splitlines()]
    assert rows[0] == ["metric", "@1", "@2"]
    assert [row[0] for row in rows[1:]] == ["precision", "recall", "hit-rate", "ndcg-graded", "mrr"]
    assert rows[1][1] == "0.2500 [0.0000, 0.5000]"
    assert "3 items have a list; 2 of them could be judged, by 2 users in 3 judgements." in answer.err
    assert "In 1 lists items of equal score follow one another" in answer.err
    assert "1 items with a list were rated by nobody." in answer.err
    assert "2 rated items have no list." in answer.err


def test_where_nobody_can_judge_there_are_no_figures(lists: Path, tmp_path: Path, triptych: Triptych) -> None:
    given = ("evaluate", "lists", lists, "--interactions", rated(tmp_path / "u.data"), "-k", "1", "--least", "9")
    facts = triptych(*given, "--json").json
    assert facts["evaluated"] == 0
    assert set(facts["metrics"].values()) == {None}
    assert triptych(*given).out.splitlines()[1] == "precision\t-"
    # Of one item there are figures, and no interval.
    lists.write_text("item_id,rank,neighbour_id\n1,1,2\n1,2,3\n")
    facts = triptych("evaluate", "lists", lists, "--interactions", tmp_path / "u.data", *ASKED, "--json").json
    assert (facts["evaluated"], facts["intervals"]) == (1, {})
    assert facts["metrics"]["hit-rate@2"] == 1
    assert facts["tied"] == 0  # no scores, no ties


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        (["--protocol", "item-basd"], 2, "no protocol 'item-basd'; there is 'item-based'"),
        (["-k", "1,x"], 2, "write them like 1,3,5,10"),
        (["-k", "0"], 2, "the first rank is 1"),
        (["-k", "3"], 2, "cannot be judged at 3"),
        (["--interactions", "nowhere.csv"], 3, "'nowhere.csv' is not there"),
    ],
)
def test_what_cannot_be_done_is_said(
    options: list[str], status: int, said: str, lists: Path, tmp_path: Path, triptych: Triptych
) -> None:
    answer = triptych("evaluate", "lists", lists, "--interactions", rated(tmp_path / "u.data"), "-k", "1", *options)
    assert (answer.status, answer.out) == (status, "")
    assert said in answer.err


def test_ids_of_another_data_set_are_no_silent_nought(lists: Path, tmp_path: Path, triptych: Triptych) -> None:
    (tmp_path / "other.csv").write_text("user_id,item_id,rating\nu,tt01,5\nu,tt02,4\nu,tt03,x\n")
    answer = triptych("evaluate", "lists", lists, "--interactions", tmp_path / "other.csv", *ASKED)
    assert answer.status == 2
    assert "no item of 'lists.csv' was rated in" in answer.err
    assert "Left out of other.csv: 1 interactions whose value is not a finite number." in answer.err
