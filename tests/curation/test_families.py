"""Families: which films are one, which are a series, and which only sound like it."""

from __future__ import annotations

import pytest

from triptych.catalogue.records import Item
from triptych.curation.families import disputed, franchises, same_titles
from triptych.curation.groups import Group


def catalogue(*titles: str, **people: tuple[str, ...]) -> list[Item]:
    """One item for each title, its id the title; ``people`` by the title's first word in lower case."""
    return [Item(item_id=title, title=title, people=people.get(title.split()[0].lower(), ())) for title in titles]


def sets(groups: tuple[Group, ...]) -> set[frozenset[str]]:
    return {frozenset(group.item_ids) for group in groups}


def film(item_id: str, title: str, *, imdb: str = "", people: tuple[str, ...] = ()) -> Item:
    return Item(item_id=item_id, title=title, imdb_id=imdb, people=people)


# -- the same title under several ids ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (film("1", "Chasing Amy (1997)"), film("2", "Chasing Amy (1997)")),
        (film("1", "Ice Storm, The (1997)"), film("2", "The Ice Storm (1998)")),
        (film("1", "Maybe, Maybe Not (Bewegte Mann, Der) (1994)"), film("2", "Bewegte Mann, Der (1994)")),
        (film("1", "Emma (1996)", imdb="tt1", people=("Gwyneth",)), film("2", "Emma (1997)", people=("gwyneth",))),
        (film("1", "Emma (1996)", imdb="tt1"), film("2", "Emma (1999)", imdb="tt1")),
        (film("1", "Ulee's Gold", imdb="tt7"), film("2", "Ulees Golde", imdb="tt7")),
        (film("1", "Fog", people=("A",)), film("2", "Fog", people=("A", "B"))),
    ],
)
def test_one_film_under_two_ids(one: Item, other: Item) -> None:
    [group] = same_titles([other, one])
    assert set(group.item_ids) == {"1", "2"}
    assert len(group.evidence) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (film("1", "Hamlet (2000)", imdb="tt1"), film("2", "Hamlet (2000)", imdb="tt2")),
        (film("1", "Sabrina (1954)"), film("2", "Sabrina (1995)")),
        (film("1", "Boys (1996)", imdb="tt1"), film("2", "Boys, Les (1997)")),
        (film("1", "Fog"), film("2", "Fog")),
        (film("1", "Pulp Fiction (1994)", imdb="tt1"), film("2", "Mask, The (1994)", imdb="tt1")),
        (film("1", "Toy Story (1995)"), film("2", "Toy Story 2 (1995)")),
        (film("1", ""), film("2", "")),
    ],
)
def test_two_films(one: Item, other: Item) -> None:
    assert same_titles([one, other]) == ()


def test_the_year_of_the_record_goes_before_that_in_the_title() -> None:
    items = [Item(item_id="1", title="Stolen Hours", year=1963), Item(item_id="2", title="Stolen Hours (1963)")]
    assert sets(same_titles(items)) == {frozenset(("1", "2"))}


def test_one_imdb_id_under_unlike_titles_is_reported_and_nothing_made_of_it() -> None:
    items = [film("1", "Pulp Fiction (1994)", imdb="tt1"), film("2", "Mask, The (1994)", imdb="tt1")]
    [dispute] = disputed(items)
    assert (dispute.one, dispute.other, dispute.imdb_id) == ("1", "2", "tt1")
    assert dispute.titles == ("Pulp Fiction (1994)", "Mask, The (1994)")
    assert disputed([film("1", "Fog", imdb="tt1"), film("2", "The Fog", imdb="tt1")]) == ()


# -- series --------------------------------------------------------------------------------------------------------

SERIES = [
    ("Godfather, The (1972)", "Godfather: Part II, The (1974)", "Godfather: Part III, The (1990)"),
    ("Speed (1994)", "Speed 2: Cruise Control (1997)"),
    (
        "Star Trek: The Motion Picture (1979)",
        "Star Trek III: The Search for Spock (1984)",
        "Star Trek: Generations (1994)",
    ),
    ("Harry Potter and the Chamber of Secrets (2002)", "Harry Potter and the Goblet of Fire (2005)"),
    ("Mission: Impossible (1996)", "Mission: Impossible II (2000)", "Mission: Impossible - Ghost Protocol (2011)"),
    ("Nightmare on Elm Street, A (1984)", "Nightmare on Elm Street 3: Dream Warriors, A (1987)"),
    ("Alien (1979)", "Aliens (1986)", "Alien³ (a.k.a. Alien 3) (1992)"),
    ("Three Colors: Blue (1993)", "Three Colors: Red (1994)"),
    ("Che: Part One (2008)", "Che: Part Two (2008)"),
    ("Ocean's Eleven (2001)", "Ocean's Twelve (2004)", "Ocean's Thirteen (2007)"),
    ("Pink Panther, The (1963)", "Pink Panther Strikes Again, The (1976)"),
    ("Batman (1989)", "Batman Returns (1992)", "Batman Forever (1995)", "Batman: Mask of the Phantasm (1993)"),
    ("Naked Gun: From the Files of Police Squad!, The (1988)", "Naked Gun 33 1/3: The Final Insult (1994)"),
]
STRANGERS = [
    "Dead Man (1995)",
    "Dead Man Walking (1995)",
    "Dead Presidents (1995)",
    "Love Story (1970)",
    "Love and Death (1975)",
    "American Beauty (1999)",
    "American Gigolo (1980)",
    "Black Cat, White Cat (1998)",
    "Black Rain (1989)",
    "Mission, The (1986)",
    "Apollo 13 (1995)",
    "Super (2010)",
    "Super 8 (2011)",
    "District 9 (2009)",
    "District 13 (2004)",
    "Henry V (1989)",
    "Henry & June (1990)",
    "Malcolm X (1992)",
    "Chicago (2002)",
    "Chicago 10 (2007)",
    "Brother (2000)",
    "Brother 2 (2000)",
    "Spirit: Stallion of the Cimarron (2002)",
    "Spirit, The (2008)",
    "Sabrina (1954)",
    "Sabrina (1995)",
]


def test_series_are_found_and_strangers_left_alone() -> None:
    titles = [title for series in SERIES for title in series] + STRANGERS
    assert sets(franchises(catalogue(*titles))) == {frozenset(series) for series in SERIES}


def test_the_order_of_the_items_does_not_matter() -> None:
    items = catalogue(*(title for series in SERIES for title in series), *STRANGERS)
    assert set(franchises(items)) == set(franchises(items[::-1]))


def test_a_group_is_in_order_of_time_has_a_name_and_a_reason_for_each_link() -> None:
    items = catalogue(*SERIES[0][::-1])
    [group] = franchises(items)
    assert group.item_ids == SERIES[0]
    assert group.name == "godfather"
    assert len(group.evidence) >= len(group.item_ids) - 1
    assert all("godfather" in line for line in group.evidence)
    [potter] = franchises(catalogue(*SERIES[3]))
    assert potter.name == "harry potter"


def test_people_tie_what_titles_only_hint_at_and_part_what_they_seem_to_tie() -> None:
    titles = ("Zorro, the Gay Blade (1981)", "Zorro's Fighting Legion (1939)", "Zorro and Scarlet Whip (1982)")
    assert franchises(catalogue(*titles)) == ()
    tied = [
        Item(item_id="1", title="Batman Forever (1995)", people=("Chris O'Donnell",), directors=("Joel Schumacher",)),
        Item(item_id="2", title="Batman & Robin (1997)", people=("Chris O'Donnell",), directors=("Joel Schumacher",)),
    ]
    assert len(franchises(tied)) == 1
    [group] = franchises(tied)
    assert "Joel Schumacher" in group.evidence[0]
    parted = [
        Item(item_id="1", title="Ali (1973)", people=("A",)),
        Item(item_id="2", title="Ali: Fear Eats the Soul (1974)", people=("B",)),
    ]
    assert franchises(parted) == ()


def test_a_documentary_about_a_film_is_not_its_sequel() -> None:
    items = [
        Item(item_id="1", title="Cutting Edge, The (1992)", genres=("Comedy", "Romance")),
        Item(item_id="2", title="Cutting Edge: The Magic of Movie Editing, The (2004)", genres=("Documentary",)),
    ]
    assert franchises(items) == ()


def test_a_sequel_goes_on_with_the_last_film_of_that_name() -> None:
    titles = ("Fly, The (1958)", "Fly, The (1986)", "Fly II, The (1989)")
    assert sets(franchises(catalogue(*titles))) == {frozenset(titles[1:])}


def test_nothing_of_nothing() -> None:
    assert franchises([]) == same_titles([]) == disputed([]) == ()
    assert franchises([Item(item_id="1"), Item(item_id="2")]) == ()


def test_another_place_of_that_name_is_no_part_of_it() -> None:
    films = [
        Item(item_id="1", title="District 13", year=2004),
        Item(item_id="2", title="District 9", year=2009),
        Item(item_id="3", title="District 13: Ultimatum", year=2009),
    ]
    assert [group.item_ids for group in franchises(films)] == [("1", "3")]
