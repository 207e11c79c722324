"""Rules: each one by itself, on a few items of which the answer is known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tests.worlds.clips import scene, tone, write_clip
from tests.worlds.holdings import holdings
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Item
from triptych.curation.cleaning import clean
from triptych.curation.groups import Group, Groups
from triptych.curation.rulebook import Rulebook
from triptych.curation.rules.acted import Core, Interactions, Sample, Top
from triptych.curation.rules.duplicates import Duplicates
from triptych.curation.rules.filmed import BlackAndWhite, ClipFile, Duration, Trailer
from triptych.curation.rules.patterns import SETS, found
from triptych.curation.rules.stage import Rule
from triptych.curation.rules.title import Title
from triptych.curation.rules.written import Genres, Link, Text, Years
from triptych.curation.selection import Selection
from triptych.errors import UnknownName, UsageError
from triptych.features.feature import Feature
from triptych.features.ledger import Entry, Ledger, Status
from triptych.features.recipe import Recipe
from triptych.features.seeing.colour import Colour
from triptych.features.store import FeatureStore


def judged(catalogue: Catalogue, *rules: Rule) -> Selection:
    return clean(catalogue, Rulebook.of(*rules))


def gone(catalogue: Catalogue, *rules: Rule) -> list[str]:
    return sorted(judged(catalogue, *rules).removed)


# -- titles ------------------------------------------------------------------------------------------------

SAYS = {
    "parts": (
        "The Sheik part 3 of 12",
        "The Sheik (Part 1/9)",
        "The Sheik Pt. 2 of 8",
        "The Sheik - part one of three",
        "The Sheik (3/12)",
        "The Sheik [3 of 12]",
        "The Sheik 3/12",
        "The Sheik 1 of 9",
        "Der Scheich Teil 2 von 5",
        "The Sheik 3/12 (1921)",
    ),
    "full-movie": (
        "Nosferatu - Full Movie",
        "Nosferatu FULL MOVIE HD",
        "Nosferatu full-length film",
        "Nosferatu full length movie",
        "nosferatu.full.movie",
        "Nosferatu (Complete Film)",
        "Nosferatu Película completa",
        "Nosferatu film complet",
        "Nosferatu ganzer Film",
        "Носферату полный фильм",
    ),
    "fan-made": ("Dune fan made trailer", "Dune (Fan-Made)", "Dune concept trailer", "Dune trailer parody"),
    "review": ("Dune - Movie Review", "Dune: Review", "Dune film reviews", "Dune (Review)"),
    "reaction": ("Dune trailer reaction", "Brothers react to Dune", "Dune REACTION!!", "First time watching Dune"),
    "gameplay": ("Alien Isolation gameplay", "Alien walkthrough 3", "Let's Play Alien"),
    "making-of": ("The Making of Jaws", "Jaws: Behind the Scenes", "Jaws featurette", "Jaws deleted scenes"),
    "music": ("Ghost music video", "Ghost Original Soundtrack", "Ghost OST"),
    "episode": ("Lost S01E02", "Lost season 1 episode 2"),
}
SPARES = {
    "parts": (
        "Part of Me",
        "The Godfather: Part II",
        "The Godfather, Part 2 (1974)",
        "Fahrenheit 9/11 (2004)",
        "9/11",
        "World Trade Center (9/11)",
        "8 1/2 (8½) (1963)",
        "The Naked Gun 2 1/2: The Smell of Fear",
        "Naked Gun 33 1/3",
        "9 1/2 Weeks",
        "50/50 (2011)",
        "301, 302 (301/302) (1995)",
        "11/22/63",
        "Ocean's 12 of 11",
        "One of Ours",
        "The Best of Times",
        "2 of a Kind",
        "Kill Bill: Vol. 2",
        "24/7",
        "Departed, The",
        "Party of 5",
    ),
    "full-movie": (
        "The Full Monty",
        "Full Metal Jacket",
        "Scary Movie",
        "Full Movie Trailer",
        "Jaws (not the full movie)",
        "Full of Life",
        "The Whole Nine Yards",
        "Complete Unknown",
        "Full Moon",
        "Carefully filmed",
    ),
    "fan-made": ("The Fan", "Fanboys", "Recut", "Lady Windermere's Fan", "A Parody"),
    "review": ("Revue", "The Review Board", "Interview with the Vampire"),
    "reaction": ("Chain Reaction", "Reaction Time", "Fatal Reaction: Singapore"),
    "gameplay": ("The Game", "The Play's the Thing", "Walking Through", "Gamers"),
    "making-of": ("The Making", "Making Mr. Right", "Scenes from a Marriage"),
    "music": ("The Sound of Music", "Most", "Ghost", "Videodrome"),
    "episode": ("Star Wars: Episode IV - A New Hope", "Star Wars Episode 3", "Seasons", "SE7EN"),
}


@pytest.mark.parametrize(("name", "title"), [(name, title) for name, titles in SAYS.items() for title in titles])
def test_a_title_that_says_so(name: str, title: str) -> None:
    assert any(found([title], pattern)[0] for pattern in SETS[name].patterns)


@pytest.mark.parametrize(("name", "title"), [(name, title) for name, titles in SPARES.items() for title in titles])
def test_a_title_that_only_looks_like_it(name: str, title: str) -> None:
    assert [found([title], pattern)[0] for pattern in SETS[name].patterns] == [None] * len(SETS[name].patterns)


def test_every_set_has_examples_of_both_kinds() -> None:
    assert set(SAYS) == set(SPARES) == set(SETS)


def test_titles_and_names_of_files_and_addresses(tmp_path: Path) -> None:
    path = tmp_path / "the_sheik.part-3-of-12.mp4"
    path.write_bytes(b"x")
    catalogue = holdings(
        tmp_path / "films",
        Item(item_id="title", title="The Sheik — Full Movie"),
        Item(item_id="clip", title="The Sheik"),
        Item(item_id="url", title="The Sheik", url="https://films.example/a/The%20Sheik%20full+movie.mp4?v=1"),
        Item(item_id="fine", title="The Sheik", url="https://films.example/watch?v=fullmovie"),
        Item(item_id="broken", title="The Sheik", url="http://[::1/full movie.mp4"),
        paths={"clip": path},
    )
    selection = judged(catalogue, Title(patterns=("parts", "full-movie")))
    assert dict(selection.removed) == {
        "title": ("title", "its title says 'Full Movie'"),
        "clip": ("title", "the name of its clip says 'part 3 of 12'"),
        "url": ("title", "the name in its address says 'full movie'"),
    }
    assert selection.steps[1].reasons == (("Full movies, not trailers", 2), ("Parts of a longer video", 1))
    assert gone(catalogue, Title(patterns=("parts", "full-movie"), where=("title",))) == ["title"]


def test_a_title_that_is_the_name_of_a_file(tmp_path: Path) -> None:
    assert gone(holdings(tmp_path / "films", "jaws_full_movie_hd"), Title(patterns=("full-movie",))) != []


def test_the_title_of_the_trailer_where_it_was_written_down(tmp_path: Path) -> None:
    catalogue = holdings(tmp_path / "films", "a", "b")
    _trailers(catalogue, [{"item_id": "a", "status": "fetched", "title": "A (full movie)"}])
    assert gone(catalogue, Title(patterns=("full-movie",))) == ["a"]


def test_expressions_of_ones_own(tmp_path: Path) -> None:
    catalogue = holdings(tmp_path / "films", "Jaws 2", "Jaws", "JAWS 3-D")
    assert gone(catalogue, Title(regex=(r"(?i)^jaws \d",))) == ["JAWS 3-D", "Jaws 2"]


@pytest.mark.parametrize("expression", ["(a", "(?=a)b", r"(a)\1", "[", r"(\w{1000}){1000}"])
def test_an_expression_that_is_none(expression: str) -> None:
    with pytest.raises(UsageError, match="no regular expression that is taken here"):
        Title(regex=(expression,))


def test_an_expression_that_would_ruin_others_and_a_title_without_end(tmp_path: Path) -> None:
    catalogue = holdings(tmp_path / "films", Item(item_id="a", title="a" * 200_000 + "!"))
    assert gone(catalogue, Title(regex=(r"^(a+)+$",), patterns=tuple(SETS))) == ["a"]  # its first thousand letters
    assert gone(catalogue, Title(regex=(r"^(a+)+b$",))) == []


def test_what_a_title_rule_needs() -> None:
    with pytest.raises(UsageError, match="needs patterns"):
        Title()
    with pytest.raises(UnknownName, match="no set of patterns 'part'; there is 'parts'"):
        Title(patterns=("part",))
    with pytest.raises(UnknownName, match="place to look"):
        Title(patterns=("parts",), where=("plot",))


# -- what is written ---------------------------------------------------------------------------------------


def test_text(tmp_path: Path) -> None:
    catalogue = holdings(
        tmp_path / "films",
        Item(item_id="whole", title="Jaws", plot="A shark eats swimmers."),
        Item(item_id="no plot", title="Jaws"),
        Item(item_id="blank", title="Jaws", plot=" \n\u00a0"),
        Item(item_id="bare", plot=""),
        Item(item_id="short", title="Jaws", plot="A shark."),
    )
    selection = judged(catalogue, Text())
    assert dict(selection.removed) == {
        "no plot": ("text", "it has no plot"),
        "blank": ("text", "it has no plot"),
        "bare": ("text", "it has no title; it has no plot"),
    }
    assert gone(catalogue, Text(fields=("plot",), min_words=3)) == ["bare", "blank", "no plot", "short"]


def test_text_asks_of_lists_and_numbers_whether_they_are_there(tmp_path: Path) -> None:
    catalogue = holdings(
        tmp_path / "films",
        Item(item_id="a", genres=("Drama",), imdb_votes=0, runtime_min=0.0),
        Item(item_id="b", imdb_votes=3, runtime_min=1.0),
        Item(item_id="c", genres=("Drama",)),
    )
    assert gone(catalogue, Text(fields=("genres",))) == ["b"]
    assert gone(catalogue, Text(fields=("imdb_votes", "runtime_min"))) == ["c"]


def test_a_field_that_is_not_there() -> None:
    with pytest.raises(UnknownName, match=r"no field of an item 'plots'; there is 'plot'"):
        Text(fields=("plots",))
    with pytest.raises(UsageError, match="fields is empty"):
        Text(fields=())


def test_links(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"x")
    catalogue = holdings(
        tmp_path / "films",
        Item(item_id="whole", url="https://films.example/1", imdb_id="tt0114709"),
        Item(item_id="none"),
        Item(item_id="file", url="file:///etc/passwd", imdb_id="114709"),
        Item(item_id="broken", url="http://[::1", imdb_id="tt0114709"),
        Item(item_id="clip"),
        Item(item_id="listed"),
        paths={"clip": path},
    )
    _trailers(catalogue, [{"item_id": "listed", "status": "missing", "url": "https://films.example/2"}])
    assert gone(catalogue, Link()) == ["broken", "file", "none"]
    assert gone(catalogue, Link(clip_serves=False)) == ["broken", "clip", "file", "none"]
    assert gone(catalogue, Link(require=("imdb_id",))) == ["clip", "file", "listed", "none"]
    assert judged(catalogue, Link()).removed["file"] == ("link", "its url 'file:///etc/passwd' is none")


def test_years(tmp_path: Path) -> None:
    years = {"1969": 1969, "1970": 1970, "1980": 1980, "1981": 1981, "?": None}
    catalogue = holdings(tmp_path / "films", *(Item(item_id=name, year=year) for name, year in years.items()))
    assert gone(catalogue, Years(from_=1970, to=1980)) == ["1969", "1981"]
    assert gone(catalogue, Years(from_=1970)) == ["1969"]
    assert gone(catalogue, Years(to=1980, unknown="remove")) == ["1981", "?"]
    assert judged(catalogue, Years(from_=1970)).steps[1].items_unknown == 1


@pytest.mark.parametrize(("low", "high"), [(None, None), (1980, 1970)])
def test_years_that_cannot_be(low: int | None, high: int | None) -> None:
    with pytest.raises(UsageError):
        Years(from_=low, to=high)


def test_genres(tmp_path: Path) -> None:
    genres = {"d": ("Drama",), "dh": ("Drama", "Horror"), "c": ("Comedy",), "?": ()}
    catalogue = holdings(tmp_path / "films", *(Item(item_id=name, genres=held) for name, held in genres.items()))
    assert gone(catalogue, Genres(require=("drama",))) == ["c"]
    assert gone(catalogue, Genres(exclude=("HORROR", "War"))) == ["dh"]
    assert gone(catalogue, Genres(require=("Drama", "Comedy"), exclude=("Horror",), unknown="remove")) == ["?", "dh"]
    with pytest.raises(UsageError, match="both required and excluded"):
        Genres(require=("Drama",), exclude=("drama",))
    with pytest.raises(UsageError, match="needs require"):
        Genres()


# -- clips -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    folder = tmp_path_factory.mktemp("filmed")
    paths = {
        "1s": write_clip(folder / "a.mp4", picture=scene((90, 60, 30)), sound=tone(440), seconds=1),
        "3s": write_clip(folder / "b.mp4", picture=scene((90, 60, 30)), seconds=3, scale=2),
        "sound": write_clip(folder / "c.m4a", sound=tone(440), seconds=2),
        "broken": folder / "d.mp4",
    }
    paths["broken"].write_bytes(b"no film at all")
    return holdings(folder / "films", *paths, "none", paths=paths)


def test_durations(filmed: Catalogue) -> None:
    assert gone(filmed, Duration(max_s=2.5)) == ["3s"]
    assert gone(filmed, Duration(min_s=1.5)) == ["1s"]
    assert gone(filmed, Duration(min_s=1.5, max_s=2.5)) == ["1s", "3s"]
    assert gone(filmed, Duration(min_s=1.5, unknown="remove")) == ["1s", "broken", "none"]
    assert judged(filmed, Duration(max_s=2.5)).steps[1].items_unknown == 2
    assert "3.0 s long, more than 2.5" in judged(filmed, Duration(max_s=2.5)).removed["3s"][1]


def test_clips(filmed: Catalogue) -> None:
    assert gone(filmed, ClipFile(readable=False)) == ["none"]
    assert gone(filmed, ClipFile()) == ["broken", "none"]
    assert gone(filmed, ClipFile(picture=True)) == ["broken", "none", "sound"]
    assert gone(filmed, ClipFile(sound=True)) == ["3s", "broken", "none"]
    reasons = judged(filmed, ClipFile()).removed
    assert reasons["none"] == ("clip", "it has no clip")
    assert "'d.mp4'" in reasons["broken"][1]


def test_a_clip_whose_end_is_missing(tmp_path: Path) -> None:
    whole = write_clip(tmp_path / "whole.webm", picture=scene((90, 60, 30)), codec="libvpx", seconds=8)
    data = whole.read_bytes()
    cut = tmp_path / "cut.webm"
    cut.write_bytes(data[: len(data) // 2])
    catalogue = holdings(tmp_path / "films", "whole", "cut", paths={"whole": whole, "cut": cut})
    assert gone(catalogue, ClipFile()) == []
    assert gone(catalogue, ClipFile(whole=0.9)) == ["cut"]


def test_a_clip_that_extraction_gave_up_on(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", picture=scene((90, 60, 30)), seconds=1)
    catalogue = holdings(tmp_path / "films", *"abc", paths=dict.fromkeys("abc", path))
    rows = [
        ("a", "seeing/colour", Status.FAILED),
        ("a", "reading/words", Status.DONE),
        ("b", "seeing/colour", Status.FAILED),
        ("b", "hearing/tone", Status.DONE),
        ("c", "seeing/colour", Status.SKIPPED),
    ]
    with catalogue.writing("extract"):
        Ledger(catalogue.tables).write(
            [Entry(item_id=i, recipe=f, feature=f, status=s, reason="no pictures") for i, f, s in rows]
        )
    selection = judged(catalogue, ClipFile())
    assert dict(selection.removed) == {"a": ("clip", "nothing could be measured: no pictures")}
    assert gone(catalogue, ClipFile(readable=False)) == []


def test_trailers(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"x")
    names = ("fetched", "missing", "failed", "unasked", "clip", "clip failed")
    catalogue = holdings(tmp_path / "films", *names, paths={"clip": path, "clip failed": path})
    _trailers(
        catalogue,
        [
            {"item_id": "fetched", "status": "fetched", "reason": ""},
            {"item_id": "missing", "status": "missing", "reason": "unavailable", "detail": "it is private"},
            {"item_id": "failed", "status": "failed", "reason": "stalled"},
            {"item_id": "clip failed", "status": "failed", "reason": "stalled"},
        ],
    )
    selection = judged(catalogue, Trailer())
    assert dict(selection.removed) == {
        "missing": ("trailer", "unavailable: it is private"),
        "failed": ("trailer", "stalled"),
        "unasked": ("trailer", "it has no clip, and none was asked for"),
    }
    assert selection.steps[1].reasons[0] == ("Trailers: never asked for", 1)


def test_black_and_white(tmp_path: Path) -> None:
    catalogue = holdings(tmp_path / "films", "grey", "red", "masked", "unmeasured")
    colour = Colour()
    columns = colour.columns()
    with catalogue.writing("extract"):
        FeatureStore(catalogue.tables).write(
            colour.recipe,
            {
                "grey": Feature(values=_saturated(columns, 0.004)),
                "red": Feature(values=_saturated(columns, 0.3)),
                "masked": Feature.missing("the clip has no picture track"),
            },
        )
    selection = judged(catalogue, BlackAndWhite())
    assert dict(selection.removed) == {"grey": ("black-and-white", "the mean saturation of its clip is 0.004")}
    assert selection.steps[1].items_unknown == 2
    assert gone(catalogue, BlackAndWhite(threshold=0.5)) == ["grey", "red"]


def test_black_and_white_where_colour_was_never_measured(tmp_path: Path) -> None:
    catalogue = holdings(tmp_path / "films", "a")
    other = Recipe(panel="seeing", name="shots")
    with catalogue.writing("extract"):
        FeatureStore(catalogue.tables).write(other, {"a": Feature(values=np.zeros(3, np.float32))})
    selection = judged(catalogue, BlackAndWhite())
    assert (selection.item_ids, selection.steps[1].items_unknown) == (("a",), 1)


def test_black_and_white_of_pictures(tmp_path: Path) -> None:
    import triptych

    grey, red = scene((120, 120, 120), contrast=0.0), scene((180, 40, 30))
    paths = {
        "grey": write_clip(tmp_path / "g.mp4", picture=grey, seconds=2),
        "red": write_clip(tmp_path / "r.mp4", picture=red, seconds=2),
    }
    catalogue = holdings(tmp_path / "films", *paths, paths=paths)
    triptych.extract(catalogue, extractors=[Colour()], workers=1)
    assert gone(catalogue, BlackAndWhite()) == ["grey"]


# -- duplicates --------------------------------------------------------------------------------------------


def _grouped(catalogue: Catalogue, **groups: Any) -> Catalogue:
    with catalogue.writing("duplicates"):
        for kind, members in groups.items():
            Groups(catalogue.tables).write(kind, [Group(kind=kind, item_ids=ids) for ids in members])
    return catalogue


def test_of_duplicates_the_one_with_the_most_interactions_is_kept(tmp_path: Path) -> None:
    events = [("u", "b"), ("v", "b"), ("u", "a"), ("w", "d")]
    catalogue = _grouped(holdings(tmp_path / "films", *"abcd", events=events), content=[("a", "b")], title=[("b", "c")])
    selection = judged(catalogue, Duplicates())
    assert selection.item_ids == ("b", "d")
    assert selection.removed["a"] == ("duplicates", "it is the same as 'b', which is kept")
    assert gone(catalogue, Duplicates(kinds=("content",))) == ["a"]
    assert gone(catalogue, Duplicates(keep="first")) == ["b", "c"]


def test_what_an_earlier_rule_removed_is_no_duplicate(tmp_path: Path) -> None:
    items = [Item(item_id="old", year=1950), Item(item_id="new", year=1980)]
    catalogue = _grouped(holdings(tmp_path / "films", *items), content=[("old", "new")])
    assert judged(catalogue, Years(from_=1970), Duplicates(keep="first")).item_ids == ("new",)
    assert judged(catalogue, Duplicates(keep="first"), Years(from_=1970)).item_ids == ()


def test_the_best_clip_can_be_read_and_is_the_largest(filmed: Catalogue, tmp_path: Path) -> None:
    catalogue = _grouped(filmed, content=[("1s", "3s", "broken", "none", "sound")])
    assert judged(catalogue, Duplicates(keep="best-clip")).item_ids == ("3s",)
    _grouped(filmed, content=[("broken", "none", "sound")])
    assert "sound" in judged(catalogue, Duplicates(keep="best-clip")).item_ids


def test_duplicates_that_were_not_looked_for(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Run: triptych duplicates"):
        judged(holdings(tmp_path / "films", "a"), Duplicates())
    with pytest.raises(UnknownName, match="kind of group"):
        Duplicates(kinds=("looks",))


# -- interactions ------------------------------------------------------------------------------------------


def test_interactions_that_do_not_count_take_their_users_along(tmp_path: Path) -> None:
    events = [("u", "a", 5.0, 100), ("u", "b", 2.0, 200), ("v", "a", 1.0, 300), ("w", "a", 1.0, 50, "play")]
    catalogue = holdings(tmp_path / "films", *"ab", events=events)
    selection = judged(catalogue, Interactions(kinds=("rating",), min_value=2.0))
    assert selection.item_ids == ("a", "b")
    assert selection.user_ids is not None
    assert selection.user_ids.to_pylist() == ["u"]
    assert selection.removed_users.to_pylist() == [
        {"user_id": "v", "rule": "interactions"},
        {"user_id": "w", "rule": "interactions"},
    ]
    assert selection.interactions(catalogue.interactions()).num_rows == 2
    assert judged(catalogue, Interactions(from_=100, to=300)).steps[1].interactions_left == 2


def test_interactions_that_cannot_be_asked_for() -> None:
    with pytest.raises(UsageError, match="asks for nothing"):
        Interactions(unknown="remove")
    with pytest.raises(UnknownName, match="kind of interaction"):
        Interactions(kinds=("rate",))
    with pytest.raises(UsageError, match="nothing is in between"):
        Interactions(scale=(5.0, 1.0))


def test_the_core_of_a_catalogue(tmp_path: Path) -> None:
    events = [("u", "a"), ("u", "b"), ("v", "a"), ("v", "b"), ("w", "a"), ("w", "c")]
    catalogue = holdings(tmp_path / "films", *"abcd", events=events)
    selection = judged(catalogue, Core(min_per_user=2, min_per_item=2))
    assert selection.item_ids == ("a", "b")
    assert selection.removed["d"] == ("core", "0 interactions were left of it, fewer than 2")
    assert selection.removed_users.to_pylist() == [{"user_id": "w", "rule": "core"}]
    assert selection.steps[1].interactions_left == 4
    assert judged(catalogue, Core(min_per_user=2)).item_ids == tuple("abcd")


def test_a_core_that_asks_for_nothing() -> None:
    with pytest.raises(UsageError, match="needs min_per_user"):
        Core()
    with pytest.raises(UsageError, match="counts, 0 or more"):
        Core(min_per_user=-1)


def test_the_top(tmp_path: Path) -> None:
    # Users: w acts most, but on the least liked items.
    events = [("u", "a"), ("v", "a"), ("x", "a"), ("u", "b"), ("v", "b"), ("w", "c"), ("w", "d"), ("w", "e")]
    catalogue = holdings(tmp_path / "films", *"abcde", events=events)
    before = judged(catalogue, Top(items=2, users=2))
    after = judged(catalogue, Top(items=2, users=2, count_users="after"))
    assert before.item_ids == after.item_ids == ("a", "b")
    # Counted before, w is in the top and then left without interactions.
    assert before.user_ids is not None
    assert before.user_ids.to_pylist() == ["u"]
    assert after.user_ids is not None
    assert after.user_ids.to_pylist() == ["u", "v"]
    one = judged(catalogue, Top(items=1))
    assert one.removed_users["user_id"].to_pylist() == ["w"]
    assert judged(catalogue, Top(items=99, users=99)).steps[1].interactions_left == 8


def _many() -> list[tuple[str, str]]:
    return [(f"u{u}", f"i{i}") for u in range(12) for i in range(20) if (u * 7 + i * 5) % 3]


def test_a_sample_cuts_each_user(tmp_path: Path) -> None:
    events = _many()
    catalogue = holdings(tmp_path / "films", *(f"i{i}" for i in range(20)), events=events)
    selection = judged(catalogue, Sample(per_user=5, seed=1))
    kept = selection.interactions(catalogue.interactions())
    counts = kept["user_id"].value_counts().to_pylist()
    assert [count["counts"] for count in counts] == [5] * 12
    assert selection.steps[1].interactions_left == kept.num_rows == 60
    assert selection.item_ids == tuple(f"i{i}" for i in range(20))


def test_a_sample_depends_on_its_seed_and_not_on_the_order_or_on_others(tmp_path: Path) -> None:
    events = _many()
    items = [f"i{i}" for i in range(20)]

    def drawn(name: str, rows: Sequence[tuple[Any, ...]], ids: Sequence[str], seed: int = 1) -> set[tuple[str, str]]:
        catalogue = holdings(tmp_path / name, *ids, events=rows)
        kept = judged(catalogue, Sample(per_user=5, seed=seed)).interactions(catalogue.interactions())
        return set(zip(kept["user_id"].to_pylist(), kept["item_id"].to_pylist(), strict=True))

    first = drawn("a", events, items)
    assert drawn("b", events[::-1], items[::-1]) == first
    assert drawn("c", events, items, seed=2) != first
    without = drawn("d", [row for row in events if row[0] != "u3"], items)
    assert without == {pair for pair in first if pair[0] != "u3"}


def test_a_sample_is_even(tmp_path: Path) -> None:
    events = [(f"u{u}", f"i{i}") for u in range(400) for i in range(10)]
    catalogue = holdings(tmp_path / "films", *(f"i{i}" for i in range(10)), events=events)
    kept = judged(catalogue, Sample(per_user=3)).interactions(catalogue.interactions())
    counts = [row["counts"] for row in kept["item_id"].value_counts().to_pylist()]
    assert len(counts) == 10
    # 120 each are expected, with a standard deviation of about 9.
    assert 80 < min(counts) <= max(counts) < 160


def test_a_sample_of_items_and_users(tmp_path: Path) -> None:
    catalogue = holdings(tmp_path / "films", *(f"i{i}" for i in range(20)), events=_many())
    selection = judged(catalogue, Sample(items=7, users=4, seed=3))
    assert len(selection.item_ids) == 7
    assert selection.user_ids is not None
    assert len(selection.user_ids) == 4
    assert selection.interactions(catalogue.interactions()).num_rows == selection.steps[1].interactions_left


@pytest.mark.parametrize("asked", [{}, {"per_user": 0}, {"items": -1}, {"users": 1, "seed": -1}])
def test_a_sample_that_cannot_be(asked: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        Sample(**asked)


def _trailers(catalogue: Catalogue, rows: list[dict[str, str]]) -> None:
    names = ("item_id", "url", "status", "reason", "detail", "title")
    with catalogue.writing("trailers"):
        table = {name: pa.array([row.get(name) for row in rows], pa.string()) for name in names}
        catalogue.tables.replace("trailers", pa.table(table))


def _saturated(columns: Sequence[str], level: float) -> np.ndarray:
    values = np.full(len(columns), 0.5, np.float32)
    values[columns.index("saturation_level_mean")] = level
    return values
