"""What is written of items and users becomes fields, in the order of the ids, and hindsight does not."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from triptych.catalogue.records import Item
from triptych.catalogue.users import USERS
from triptych.errors import UsageError
from triptych.models.written import ITEM_FIELDS, USER_FIELDS, written

ITEMS = [
    Item(
        item_id="a",
        title="The Lost World",
        year=1997,
        runtime_min=120.0,
        genres=("Action", "Sci-Fi"),
        plot="Dinosaurs, again: dinosaurs eat the world.",
        people=("Ann", "Bob"),
        directors=("Cy",),
        languages=("English",),
        countries=("USA",),
        certificate="PG",
        imdb_rating=9.9,
        imdb_votes=10,
    ),
    Item(item_id="b", title="Lost", year=1989, genres=("Drama",), plot="A world of dinosaurs", people=("Bob",)),
    Item(item_id="elsewhere", title="Unasked", genres=("Western",)),
]
PEOPLE = pa.table(
    {
        "user_id": ["u", "v"],
        "age": [24, None],
        "gender": ["M", ""],
        "occupation": ["writer", "artist"],
        "region": ["T8H1N", "94043"],
    },
    schema=USERS,
)


def _told(items: list[Item] = ITEMS, ids: tuple[str, ...] = ("b", "nobody", "a")):
    return written(items, PEOPLE, item_ids=ids, user_ids=("v", "stranger", "u"))


def test_rows_stand_in_the_order_of_the_ids_and_unknown_ones_are_unknown():
    told = _told()
    genres = told.items["genres"]
    assert genres.names == ("Action", "Drama", "Sci-Fi")  # nothing of an item that is not asked about
    assert genres.dense().tolist() == [[0, 1, 0], [0, 0, 0], [1, 0, 1]]
    assert genres.mask.tolist() == [True, False, True]
    assert told.items["year"].dense().tolist() == [[1989], [0], [1997]]
    assert told.items["decade"].names == ("1980s", "1990s")
    assert told.items["runtime"].mask.tolist() == [False, False, True]
    assert told.users["age"].mask.tolist() == [False, False, True]
    assert told.users["age-band"].names == ("18+",)
    assert told.users["region"].names == ("9", "t")
    assert told.users["region-part"].names == ("94", "t8")
    assert told.users["gender"].mask.tolist() == [False, False, True]
    assert set(told.users) == set(USER_FIELDS)
    told.check(items=3, users=3)


def test_a_word_counts_where_two_items_have_it():
    words = _told().items["plot-words"]
    assert words.names == ("dinosaurs", "world")
    assert words.dense()[2] == pytest.approx(np.log1p([2, 1]))


def test_hindsight_is_no_field_and_what_nobody_knows_is_none():
    told = _told()
    assert set(told.items) == set(ITEM_FIELDS)
    other = _told([Item(**{**vars(item), "imdb_rating": None, "imdb_votes": None}) for item in ITEMS])
    for name, field in told.items.items():
        assert np.array_equal(field.dense(), other.items[name].dense())
    bare = written([Item(item_id="a")], None, item_ids=("a",), user_ids=())
    assert not bare.items
    assert not bare.users


def test_an_id_that_stands_twice_is_refused():
    with pytest.raises(UsageError, match="1 have an id"):
        written([ITEMS[0], ITEMS[0]], None, item_ids=("a",), user_ids=())
