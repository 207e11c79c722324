"""Info: the counts of a small catalogue, on the terminal and as JSON."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from tests.cli.conftest import Triptych
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.interactions import INTERACTIONS
from triptych.catalogue.records import Item
from triptych.catalogue.sources.source import Addition
from triptych.catalogue.tags import TAGS
from triptych.catalogue.users import USERS
from triptych.curation.groups import Group, Groups
from triptych.curation.selection import Selection, Selections


class Given:
    def read(self, folder: Path) -> Addition:
        deeds = {
            "user_id": ["u", "u", "v", "u"],
            "item_id": ["a", "b", "a", "a"],
            "value": [4.0, 2.0, 5.0, 1.0],
            "timestamp": [1, 2, None, 3],
            "kind": ["rating", "rating", "rating", "play"],
        }
        users = {
            "user_id": ["u", "v", "w"],
            "age": [24, None, 31],
            "gender": ["F", "", None],
            "occupation": ["", None, "other"],
            "region": [None, None, None],
        }
        tags = {"user_id": ["u"], "item_id": ["a"], "tag": ["x"], "timestamp": [None]}
        return Addition(
            items=[Item(item_id="a", plot="p"), Item(item_id="b"), Item(item_id="c")],
            interactions=pa.table(deeds, schema=INTERACTIONS),
            users=pa.table(users, schema=USERS),
            tags=pa.table(tags, schema=TAGS),
        )


@pytest.fixture
def films(tmp_path: Path) -> Path:
    catalogue = Catalogue.init(tmp_path / "films")
    catalogue.add(Given())
    with catalogue.writing("choose"):
        chosen = Selection(name="some", rules="", steps=(), item_ids=("a", "c"), removed={"b": ("plot", "none")})
        Selections(catalogue.tables).write(chosen)
        groups = [Group(kind="title", item_ids=("a", "b")), Group(kind="title", item_ids=("b", "c"))]
        Groups(catalogue.tables).write("title", groups)
    return catalogue.folder


def test_everything_is_counted(films: Path, triptych: Triptych) -> None:
    facts = triptych("info", films, "--json").json
    assert (facts["items"], facts["with_plot"], facts["clips"], facts["clip_bytes"]) == (3, 1, 0, 0)
    assert (facts["interactions"], facts["kinds"]) == (4, {"rating": 3, "play": 1})
    assert (facts["users"], facts["items_met"]) == (2, 2)
    # Three of the four pairs: that u played what u rated makes no new one.
    assert facts["sparsity"] == pytest.approx(0.25)
    assert facts["users_described"] == 3
    assert facts["users_with"] == {"age": 2, "gender": 1, "occupation": 1, "region": 0}
    assert facts["tags"] == 1
    assert facts["selections"] == [{"selection": "some", "kept": 2, "removed": 1}]
    assert facts["groups"] == [{"groups of": "title", "groups": 2, "items": 3}]


def test_what_is_there_is_said_and_what_is_not_is_passed_over(films: Path, triptych: Triptych, tmp_path: Path) -> None:
    answer = triptych("info", films)
    assert "2 users with 2 items: 3 rating, 1 play; 25.00% of the pairs are empty." in answer.err
    assert "3 users are described: 2 age, 1 gender, 1 occupation." in answer.err
    assert "some\t2\t1" in answer.out
    assert "title\t2\t3" in answer.out
    bare = tmp_path / "bare"
    Catalogue.init(bare)
    empty = triptych("info", bare)
    assert empty.status == 0
    assert "users" not in empty.err
    assert "selection" not in empty.out
    facts = triptych("info", bare, "--json").json
    assert (facts["users"], facts["sparsity"], facts["kinds"]) == (0, None, {})
