"""Account: a small catalogue whose every number is known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.interactions import INTERACTIONS
from triptych.catalogue.records import Clip, Item
from triptych.catalogue.sources.source import Addition
from triptych.catalogue.tags import TAGS
from triptych.catalogue.users import USERS
from triptych.curation.account import Account, account_of
from triptych.curation.cleaning import clean
from triptych.curation.probes import ClipFacts, Probes
from triptych.curation.rulebook import Rulebook
from triptych.curation.rules.acted import Core, Interactions
from triptych.curation.rules.written import Years
from triptych.curation.selection import Selection, Selections, Step
from triptych.errors import UnknownName
from triptych.features.ledger import Entry, Ledger, Status


class Given:
    """A source that offers what it was given."""

    def __init__(self, addition: Addition) -> None:
        self.addition = addition

    def read(self, folder: Path) -> Addition:
        return self.addition


def made(folder: Path, items: Sequence[Item], rows: Sequence[tuple[str, str, float, int, str]] = ()) -> Catalogue:
    catalogue = Catalogue.init(folder)
    columns = list(zip(*rows, strict=True)) or [[]] * 5
    table = pa.table(dict(zip(INTERACTIONS.names, columns, strict=True)), schema=INTERACTIONS)
    catalogue.add(Given(Addition(items=items, interactions=table)))
    return catalogue


def told(account: Account) -> dict[str, object]:
    """As JSON, which has no NaN."""
    return json.loads(json.dumps(asdict(account), allow_nan=False))


FILMS = [
    Item(item_id="a", title="A", year=1984, genres=("Drama", "War"), plot="one two three", languages=("English",)),
    Item(item_id="b", title="B", year=1994, genres=("Drama",), plot="one", runtime_min=90, imdb_rating=8.1),
    Item(item_id="c", title="C", year=1999, genres=("Comedy",)),
    Item(item_id="d", title=""),
]
DEEDS = [
    ("u", "a", 4.0, 0, "rating"),
    ("u", "b", 2.0, 86400 * 40, "rating"),
    ("v", "a", 5.0, 86400, "rating"),
    ("v", "c", 3.0, 86400, "rating"),
    ("w", "z", 1.0, 86400, "play"),
]


def test_four_films_by_hand(tmp_path: Path) -> None:
    account = account_of(made(tmp_path / "films", FILMS, DEEDS))
    counts = account.counts
    assert (counts.items, counts.items_met, counts.users, counts.interactions) == (4, 3, 3, 5)
    assert counts.kinds == {"rating": 4, "play": 1}
    assert (counts.strays, counts.stray_interactions) == (1, 1)
    assert counts.density == pytest.approx(5 / (3 * 4))
    assert counts.sparsity == pytest.approx(7 / 12)
    assert account.months == (("1970-01", 4), ("1970-02", 1))
    films = account.films
    assert {one.field: one.known for one in films.coverage if one.known} == {
        "title": 3,
        "year": 3,
        "runtime": 1,
        "genres": 3,
        "plot": 2,
        "languages": 1,
        "IMDb rating": 1,
    }
    assert films.years == ((1984, 1), (1994, 1), (1999, 1))
    assert (films.decades.names, films.decades.items) == (("1980s", "1990s"), (1, 2))
    assert films.genres.names == ("Drama", "Comedy", "War")
    assert films.genres_each == pytest.approx(4 / 3)
    # Of the two dramas one is of war; of the one of war all are dramas.
    names = films.pairs.names
    assert films.pairs.shares[names.index("Drama")][names.index("War")] == 0.5
    assert films.pairs.shares[names.index("War")][names.index("Drama")] == 1
    assert films.decades.counts[films.decades.genres.index("Drama")] == (1, 1)
    assert films.decades.shares[films.decades.genres.index("Drama")] == (1, 0.5)
    assert films.plot_words is not None
    assert (films.plot_words.mean, films.plot_words.most) == (2, 3)
    ratings = account.ratings
    assert ratings is not None
    assert (ratings.scale, ratings.overall.counts, ratings.median) == ((2, 3, 4, 5), (1, 1, 1, 1), 3.5)
    assert ratings.overall.mean == 3.5
    assert ratings.overall.sd == pytest.approx(np.std([2, 3, 4, 5], ddof=1))
    assert ratings.overall.share_positive == 0.5
    assert [(one.name, one.n, one.mean) for one in ratings.by_decade] == [("1980s", 2, 4.5), ("1990s", 2, 2.5)]
    assert [one.name for one in ratings.by_genre] == ["War", "Drama", "Comedy"]
    told(account)


def test_without_a_selection_what_is_whole_is_kept(tmp_path: Path) -> None:
    catalogue = made(tmp_path / "films", FILMS, DEEDS)
    kept = account_of(catalogue).kept
    assert (kept.items, kept.kept, kept.removed, kept.unjudged) == (4, 2, 2, 0)
    assert [(s.title, s.items_removed, s.items_left) for s in kept.steps] == [
        ("All items", 0, 4),
        ("With a title", 1, 3),
        ("With a plot", 1, 2),
    ]
    assert (kept.interactions, kept.interactions_kept, kept.users, kept.users_kept) == (4, 3, 2, 2)
    assert kept.rule == "items that have a title and a plot"
    with catalogue.writing("a clip"):
        row = {"item_id": ["b"], "path": ["b.mp4"], "bytes": [9], "fingerprint": ["f"]}
        catalogue.tables.upsert("clips", pa.table(row), key="item_id")
    kept = account_of(catalogue).kept
    assert (kept.kept, kept.rule) == (1, "items that have a title, a plot and a clip")


def world(folder: Path, *, shift: bool) -> Catalogue:
    """400 items, half of them without a plot; with a shift those are older, of war, and hardly met."""
    rng = np.random.default_rng(0)
    items: list[Item] = []
    rows: list[tuple[str, str, float, int, str]] = []
    for k in range(400):
        has, odd = k % 2 == 0, shift and k % 2 == 1
        year = int(rng.integers(1990, 2010)) - (15 if odd else 0)
        genre = "War" if rng.random() < (0.7 if odd else 0.2) else "Drama"
        items.append(Item(item_id=f"i{k}", title=f"T{k}", year=year, genres=(genre,), plot="p" if has else ""))
        users = rng.choice(90, 3 if odd else int(rng.integers(5, 40)), replace=False)
        rows += [(f"u{u}", f"i{k}", float(rng.integers(1, 6)), int(u), "rating") for u in users]
    return made(folder, items, rows)


def test_a_plot_that_is_missing_at_random_changes_nothing(tmp_path: Path) -> None:
    kept = account_of(world(tmp_path / "films", shift=False)).kept
    found = {one.subject: one.verdict for one in kept.comparisons}
    assert found.pop("languages") is None
    assert set(found.values()) == {"negligible"}
    assert set(found) == {"year", "decade", "genres", "popularity", "share of positive ratings", "mean rating"}


def test_a_plot_that_is_missing_of_the_old_and_unmet_is_told(tmp_path: Path) -> None:
    account = account_of(world(tmp_path / "films", shift=True))
    found = {one.subject: one.verdict for one in account.kept.comparisons}
    assert (found["year"], found["popularity"]) == ("large", "large")
    assert found["genres"] in ("medium", "large")
    assert {one.name: one.magnitude for one in account.kept.genres}["War"] == "large"
    popularity = next(one for one in account.kept.comparisons if one.subject == "popularity")
    assert popularity.bars is not None
    assert popularity.bars.labels == ("3–9", "10–29", "30–99")
    assert popularity.bars.removed == (200, 0, 0)
    assert sum(popularity.bars.kept) == 200
    told(account)


def test_the_seed_decides_and_nothing_else(tmp_path: Path) -> None:
    catalogue = world(tmp_path / "films", shift=True)
    assert account_of(catalogue, seed=1) == account_of(catalogue, seed=1)
    assert account_of(catalogue, seed=1).kept.comparisons != account_of(catalogue, seed=2).kept.comparisons


def test_a_selection_by_name_with_its_steps_and_what_came_later(tmp_path: Path) -> None:
    catalogue = made(tmp_path / "films", FILMS, DEEDS)
    step = Step(
        rule="years",
        title="From 1990",
        items_removed=1,
        items_left=2,
        users_removed=0,
        users_left=3,
        interactions_removed=2,
        interactions_left=2,
    )
    chosen = Selection(
        name="late", rules="", steps=(step,), item_ids=("b", "c", "gone"), removed={"a": ("years", "1984")}
    )
    with catalogue.writing("a selection"):
        Selections(catalogue.tables).write(chosen)
    kept = account_of(catalogue, selection="late").kept
    assert (kept.items, kept.kept, kept.removed, kept.unjudged) == (3, 2, 1, 1)
    assert kept.selection == "late"
    assert [(s.title, s.items_removed, s.items_left) for s in kept.steps] == [("From 1990", 1, 2)]
    with pytest.raises(UnknownName, match="late"):
        account_of(catalogue, selection="lat")


def test_an_empty_catalogue_is_told_of_too(tmp_path: Path) -> None:
    account = account_of(Catalogue.init(tmp_path / "films"))
    assert account.counts.items == 0
    assert account.counts.density is None
    assert account.ratings is None
    assert account.item_tail is None
    assert account.kept.comparisons == ()
    told(account)


def test_nothing_kept_or_nothing_removed_is_not_compared(tmp_path: Path) -> None:
    nothing = made(tmp_path / "bare", [Item(item_id="a"), Item(item_id="b")])
    assert account_of(nothing).kept.comparisons == ()
    everything = made(tmp_path / "whole", FILMS[:2])
    kept = account_of(everything).kept
    assert (kept.removed, kept.comparisons) == (0, ())


def test_users_tags_clips_and_the_ledger(tmp_path: Path) -> None:
    catalogue = made(tmp_path / "films", FILMS, DEEDS)
    users = pa.table(
        {
            "user_id": ["u", "v", "x"],
            "age": [24, None, 31],
            "gender": ["F", "", None],
            "occupation": ["writer", "writer", "other"],
            "region": ["85711", None, ""],
        },
        schema=USERS,
    )
    tags = pa.table(
        {"user_id": ["u", "v", "v"], "item_id": ["a", "a", "b"], "tag": ["x", "x", "y"], "timestamp": [1, 2, None]},
        schema=TAGS,
    )
    catalogue.add(Given(Addition(users=users, tags=tags)))
    with catalogue.writing("facts"):
        clips = [Clip(item_id=i, path=f"{i}.mp4", bytes=5, fingerprint=i) for i in "abc"]
        rows = {name: [getattr(clip, name) for clip in clips] for name in ("item_id", "path", "bytes", "fingerprint")}
        catalogue.tables.upsert("clips", pa.table(rows), key="item_id")
        Probes(catalogue.tables).write(
            [
                ClipFacts(item_id="a", fingerprint="a", duration_s=100.0),
                ClipFacts(item_id="b", fingerprint="b", fault="no picture"),
                ClipFacts(item_id="c", fingerprint="an older file", duration_s=9000.0),
            ]
        )
        trailers = {"item_id": ["a", "b"], "status": ["done", "missing"], "reason": ["", "404"]}
        catalogue.tables.upsert("trailers", pa.table(trailers), key="item_id")
        Ledger(catalogue.tables).write(
            [
                Entry(item_id="a", recipe="r", feature="seeing/colour", status=Status.DONE),
                Entry(item_id="b", recipe="r", feature="seeing/colour", status=Status.FAILED, reason="broken"),
            ]
        )
    account = account_of(catalogue)
    assert account.audience.age is not None
    assert (account.audience.described, account.audience.age.n, account.audience.with_region) == (3, 2, 1)
    assert account.audience.genders.names == ("F",)
    assert account.audience.occupations.counts == (2, 1)
    assert (account.counts.tags, account.counts.tag_words, account.counts.tag_users) == (3, 2, 2)
    material = account.material
    assert (material.clips, material.clip_bytes) == (3, 15)
    assert material.durations is not None
    assert (material.durations.probed, material.durations.unreadable) == (2, 1)
    assert material.durations.summary is not None
    assert material.durations.summary.most == 100
    assert material.availability is not None
    assert material.availability.statuses.counts == (1, 1)
    assert material.availability.reasons.names == ("404",)
    assert material.ledger.names == ("done", "failed")
    assert material.failures.names == ("seeing/colour: broken",)
    told(account)


def test_two_audiences_that_agree(tmp_path: Path) -> None:
    items = [Item(item_id=f"i{k}", title="t", imdb_rating=2 + k * 0.5) for k in range(12)]
    rows = [(f"u{u}", f"i{k}", 1 + k // 3, 0, "rating") for k in range(12) for u in range(5)]
    rows += [("u9", "i0", 1, 0, "rating")]
    account = account_of(made(tmp_path / "films", items, rows))
    assert account.ratings is not None
    found = account.ratings.imdb
    assert found is not None
    expected = np.corrcoef([2 + k * 0.5 for k in range(12)], [1 + k // 3 for k in range(12)])[0, 1]
    assert (found.items, found.pearson) == (12, pytest.approx(expected))
    assert found.pearson_low < found.pearson < found.pearson_high < 1
    assert sum(map(sum, found.cells)) == 12


def test_a_selection_that_removes_users_and_kinds_keeps_no_more_than_it_says(tmp_path: Path) -> None:
    catalogue = made(tmp_path / "films", FILMS, DEEDS)
    rules = Rulebook.of(Interactions(kinds=("rating",), min_value=3), Core(min_per_user=2))
    clean(catalogue, rules, name="busy")
    account = account_of(catalogue, selection="busy")
    last = Selections(catalogue.tables).read("busy").steps[-1]
    assert (last.users_left, last.interactions_left) == (1, 2)
    assert (account.kept.interactions_kept, account.kept.users_kept) == (2, 1)
    assert account.kept.interactions == 4


def test_an_item_that_left_since_is_counted_as_such(tmp_path: Path) -> None:
    catalogue = made(tmp_path / "films", FILMS, DEEDS)
    clean(catalogue, Rulebook.of(Years(from_=1990, unknown="remove"), Core(min_per_user=1)), name="late")
    whole = account_of(catalogue, selection="late").kept
    catalogue.remove(["b"])
    kept = account_of(catalogue, selection="late").kept
    assert (whole.departed, whole.kept, whole.interactions_kept) == (0, 2, 2)
    assert (kept.departed, kept.kept, kept.removed, kept.interactions_kept) == (1, 1, 2, 1)
