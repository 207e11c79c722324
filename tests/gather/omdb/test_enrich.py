"""A catalogue filled from a server that speaks like OMDb: by id, by title, limits, rubbish, other writers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.gather.omdb.servers import KEY, FakeOmdb, Request, Site, film, questions, serving
from tests.worlds.catalogues import Listed, catalogue_of
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Item
from triptych.errors import CatalogueLocked, FetchError
from triptych.gather.omdb.cache import Cache
from triptych.gather.omdb.client import Omdb
from triptych.gather.omdb.enrich import FIELDS, Enriched, enrich
from triptych.gather.omdb.metadata import Account, Metadata, Status
from triptych.gather.web import Manners, Web


@contextmanager
def asking(
    answer: Callable[[Request], None], catalogue: Catalogue, *, read_s: float = 0.3
) -> Iterator[tuple[Callable[..., Enriched], Site]]:
    manners = Manners(read_s=read_s, tries=2)
    with (
        serving(answer) as site,
        Web(rng=np.random.default_rng(0), manners=manners, sleep=lambda seconds: None) as web,
    ):
        # As if there were one address, so that a cache outlives its server.
        cache = Cache(catalogue.folder / "cache" / "omdb")
        yield lambda **more: enrich(catalogue, Omdb(web, key=KEY, cache=cache, address=site.address), **more), site


def accounts(catalogue: Catalogue) -> dict[str, Account]:
    return {account.item_id: replace(account, at=0.0) for account in Metadata(catalogue.tables).read()}


def item(catalogue: Catalogue, item_id: str) -> Item:
    return catalogue.items([item_id])[0]


def numbered(count: int) -> tuple[list[Item], list[dict[str, Any]]]:
    """So many items with ids, and their films."""
    ids = [f"tt{k:07}" for k in range(1, count + 1)]
    return [Item(item_id=f"n{k:03}", imdb_id=i) for k, i in enumerate(ids)], [film(i, f"Film {i}") for i in ids]


# -- finding -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("imdb_id", ["tt0114709", "114709", "0114709", "https://www.imdb.com/title/tt0114709/"])
def test_by_id_in_any_of_its_forms(imdb_id: str, tmp_path: Path) -> None:
    catalogue = catalogue_of(tmp_path / "C", Item(item_id="1", title="Toy Story", imdb_id=imdb_id))
    with asking(FakeOmdb(films=[film("tt0114709", "Toy Story")]), catalogue) as (run, site):
        made = run()
        assert list(questions(site.seen)) == ["/?i=tt0114709&plot=full"]
    assert (made.found, made.missing, made.ambiguous, made.failed, made.left) == (1, 0, 0, 0, 0)
    filled = item(catalogue, "1")
    assert (filled.plot, filled.year, filled.runtime_min) == ("The plot of Toy Story.", 1995, 81.0)
    assert (filled.title, filled.imdb_id) == ("Toy Story", imdb_id)
    account = accounts(catalogue)["1"]
    assert (account.status, account.matched_by, account.imdb_id) == (Status.FOUND, "id", "tt0114709")
    assert set(account.filled) == set(FIELDS) - {"imdb_id"}


@pytest.mark.parametrize(
    ("title", "year", "films"),
    [
        ("American President, The (1995)", None, [("The American President", "1995")]),
        ("American President, The", 1995, [("The American President", "1995")]),
        ("american president, the (1995)", None, [("The American President", "1995")]),
        ("Heat (1995)", None, [("Heat", "1995"), ("Heat", "1986"), ("Heat", "2003"), ("Dead Heat", "1995")]),
        ("Heat (1995)", None, [("Heat", "1996")]),
        ("Heat (1995)", None, [("Heat", "1994")]),
        ("Shanghai Triad (Yao a yao yao) (1995)", None, [("Yao a yao yao", "1995")]),
        ("Shanghai Triad (Yao a yao yao) (1995)", None, [("Shanghai Triad", "1995"), ("Yao a yao yao", "1995")]),
        ("Cité des enfants perdus, La (1995)", None, [("La Cité des Enfants Perdus", "1995")]),
        ("Common (1995)", None, [("Common", "1995"), *((f"Common {k}", "1995") for k in range(25))]),
        ("Common (1995)", None, [*((f"Common {k}", "1995") for k in range(25)), ("Common", "1995")]),
        ("Common (1995)", None, [*(("Common", str(y)) for y in range(1900, 1990)), ("Common", "1994")]),
        ("It (1995)", None, [("It", "1995")]),
        ("It (1995)", None, [("It", "1996")]),
        ("Only one", None, [("Only One", "1995")]),
    ],
)
def test_by_title_and_year(title: str, year: int | None, films: list[tuple[str, str]], tmp_path: Path) -> None:
    """The right one is the one film within a year; which that is the parameters make plain."""
    sought = year or (int(title[-5:-1]) if title.endswith(")") else 1995)
    known = [film(f"tt{k:07}", name, made) for k, (name, made) in enumerate(films, 1)]
    right = [
        entry["imdbID"]
        for entry in known
        if abs(int(entry["Year"]) - sought) <= 1
        and not entry["Title"].startswith(("Dead", "Common "))
        and not (entry["Title"].startswith("Yao") and len(films) > 1)
    ]
    catalogue = catalogue_of(tmp_path / "C", Item(item_id="1", title=title, year=year))
    with asking(FakeOmdb(films=known, broad=frozenset({"it"})), catalogue) as (run, _):
        made = run()
    assert (made.found, made.ambiguous, made.missing) == (1, 0, 0)
    assert [item(catalogue, "1").imdb_id] == right
    assert accounts(catalogue)["1"].matched_by == "title"


@pytest.mark.parametrize(
    ("title", "films", "status"),
    [
        ("Twice (1990)", [("Twice", "1990"), ("Twice", "1990")], Status.AMBIGUOUS),
        ("Twice (1990)", [("Twice", "1990"), ("Twice", "1991")], Status.AMBIGUOUS),
        ("Twice (1990)", [("Twice", "1989"), ("Twice", "1991")], Status.AMBIGUOUS),
        ("Twice", [("Twice", "1950"), ("Twice", "1991")], Status.AMBIGUOUS),
        ("Often", [("Often", "1950"), *((f"Often {k}", "1995") for k in range(40))], Status.AMBIGUOUS),
        ("It", [("It", "1995")], Status.MISSING),
        ("Twice (1990)", [("Twice", "1992")], Status.MISSING),
        ("Twice (1990)", [("Twice Upon a Time", "1990")], Status.MISSING),
        ("Twice (1990)", [], Status.MISSING),
        ("", [("Twice", "1990")], Status.MISSING),
    ],
)
def test_what_is_not_certain_is_not_taken(
    title: str, films: list[tuple[str, str]], status: Status, tmp_path: Path
) -> None:
    catalogue = catalogue_of(tmp_path / "C", Item(item_id="1", title=title))
    known = [film(f"tt{k:07}", name, made) for k, (name, made) in enumerate(films, 1)]
    with asking(FakeOmdb(films=known, broad=frozenset({"it"})), catalogue) as (run, _):
        made = run()
    account = accounts(catalogue)["1"]
    assert account.status is status
    assert account.filled == ()
    assert item(catalogue, "1") == Item(item_id="1", title=title)
    assert not made.filled
    if status is Status.AMBIGUOUS:
        assert [a.item_id for a in made.ambiguities] == ["1"]
        if title.startswith("Twice"):
            assert all(f"{name} ({year})" in account.reason for name, year in films)
    else:
        assert account.reason


@pytest.mark.parametrize(
    ("title", "year", "doubt"),
    [
        ("Toy Story (1995)", None, ""),
        ("toy story", 1996, ""),
        ("Something (Toy Story) (1995)", None, ""),
        ("", None, ""),
        ("Mask, The (1994)", None, "OMDb calls it 'Toy Story' (1995)"),
        ("Toy Story", 1990, "OMDb calls it 'Toy Story' (1995)"),
    ],
)
def test_an_id_decides_and_what_speaks_against_it_is_noted(
    title: str, year: int | None, doubt: str, tmp_path: Path
) -> None:
    catalogue = catalogue_of(tmp_path / "C", Item(item_id="1", title=title, year=year, imdb_id="tt0114709"))
    with asking(FakeOmdb(films=[film("tt0114709", "Toy Story")]), catalogue) as (run, _):
        assert run().found == 1
    account = accounts(catalogue)["1"]
    assert (account.status, account.reason) == (Status.FOUND, doubt)


def test_ids_that_are_none_or_unknown(tmp_path: Path) -> None:
    catalogue = catalogue_of(
        tmp_path / "C",
        Item(item_id="1", imdb_id="tt0000009"),
        Item(item_id="2", title="Heat (1995)", imdb_id="nonsense"),
    )
    with asking(FakeOmdb(films=[film("tt0113277", "Heat")]), catalogue) as (run, site):
        made = run()
        assert len(site.seen) == 1
    assert made.missing == 2
    assert "OMDb knows no tt0000009" in accounts(catalogue)["1"].reason
    assert "'nonsense' is none; mend it, or empty it" in accounts(catalogue)["2"].reason


# -- filling -----------------------------------------------------------------------------------------------------


def test_only_what_is_empty_is_filled_unless_asked_otherwise(tmp_path: Path) -> None:
    mine = Item(item_id="1", imdb_id="114709", plot="My plot.", people=("Me",), year=1990, imdb_rating=1.0)
    catalogue = catalogue_of(tmp_path / "C", mine)
    with asking(FakeOmdb(films=[film("tt0114709", "Toy Story", Language="N/A")]), catalogue) as (run, site):
        made = run()
        kept = item(catalogue, "1")
        assert (kept.plot, kept.people, kept.year, kept.imdb_rating) == ("My plot.", ("Me",), 1990, 1.0)
        assert kept.directors == ("John Lasseter",)
        assert kept.languages == ()
        assert "plot" not in made.filled
        assert "languages" not in made.filled
        assert accounts(catalogue)["1"].filled == tuple(made.filled)
        again = run(overwrite=True)
        assert len(site.seen) == 1  # the cache knows it
    new = item(catalogue, "1")
    assert (new.plot, new.people, new.year, new.imdb_id) == (
        "The plot of Toy Story.",
        ("Tom Hanks", "Tim Allen"),
        1995,
        "tt0114709",
    )
    assert set(again.filled) == {"plot", "people", "year", "imdb_id", "imdb_rating"}
    assert set(accounts(catalogue)["1"].filled) == set(FIELDS) - {"languages"}


def test_a_second_run_asks_nothing_and_writes_nothing(tmp_path: Path) -> None:
    items, films = numbered(7)
    films[3] |= {"Plot": "N/A"}
    catalogue = catalogue_of(tmp_path / "C", *items, Item(item_id="x", title="Unknown (1990)"))
    with asking(FakeOmdb(films=films), catalogue) as (run, site):
        first = run()
        asked, stood, commits = len(site.seen), accounts(catalogue), catalogue.commits()
        second = run()
        assert len(site.seen) == asked
    assert (first.found, second.found, second.complete) == (7, 1, 6)
    assert second.asked == 0
    assert accounts(catalogue) == stood
    assert catalogue.commits() == commits


def test_an_item_that_lacks_nothing_is_not_asked_about(tmp_path: Path) -> None:
    catalogue = catalogue_of(tmp_path / "C", Item(item_id="1", imdb_id="tt0114709"))
    with asking(FakeOmdb(films=[film("tt0114709", "Toy Story")]), catalogue) as (run, _):
        run()
    with asking(lambda request: request.reply("no", status=500), catalogue) as (run, site):
        made = run()
        assert site.seen == []
    assert (made.complete, made.found) == (1, 0)


def test_a_limit_goes_through_the_catalogue_run_by_run(tmp_path: Path) -> None:
    items, films = numbered(7)
    catalogue = catalogue_of(tmp_path / "C", *items)
    with asking(FakeOmdb(films=films), catalogue) as (run, site):
        for done, left in ((3, 4), (6, 1), (7, 0)):
            assert run(limit=3).left == left
            assert len(accounts(catalogue)) == done
        assert len(site.seen) == 7
        assert max(questions(site.seen).values()) == 1


def test_two_items_of_one_film_are_one_question(tmp_path: Path) -> None:
    items = [Item(item_id=f"n{k}", imdb_id=form) for k, form in enumerate(["tt0114709", "114709", "0114709"])]
    catalogue = catalogue_of(tmp_path / "C", *items)
    with asking(FakeOmdb(films=[film("tt0114709", "Toy Story")]), catalogue) as (run, site):
        made = run()
        assert (made.found, made.asked, made.recalled, len(site.seen)) == (3, 1, 2, 1)


def test_batches_are_commits_and_progress_is_told(tmp_path: Path) -> None:
    items, films = numbered(10)
    catalogue = catalogue_of(tmp_path / "C", *items)
    told: list[tuple[int, int, str]] = []
    with asking(FakeOmdb(films=films), catalogue) as (run, _):
        run(batch=4, progress=lambda *state: told.append(state))
    assert told == [(k, 10, "") for k in range(1, 11)]
    assert [commit["purpose"] for commit in catalogue.commits()] == ["add", "enrich", "enrich", "enrich"]


# -- what goes wrong ---------------------------------------------------------------------------------------------


def test_rubbish_is_accounted_for_and_the_run_goes_on(tmp_path: Path) -> None:
    items, films = numbered(9)
    odd = {
        "tt0000002": lambda request: request.reply("<html>", Content_Type="text/html"),
        "tt0000003": lambda request: request.truncate(b'{"Title": "Fi', 400),
        "tt0000004": lambda request: request.reply(json.dumps(films[3])[:-30]),
        "tt0000005": lambda request: request.reply_json(films[4] | {"Actors": {"a": 1}}),
        "tt0000006": lambda request: request.reply_json(films[0]),
        "tt0000007": lambda request: request.stall(),
        "tt0000008": lambda request: request.reply(b" " * (9 << 20)),
    }
    catalogue = catalogue_of(tmp_path / "C", *items)
    with asking(FakeOmdb(films=films, odd=odd), catalogue) as (run, _):
        made = run()
    assert (made.found, made.failed) == (2, 7)
    stood = accounts(catalogue)
    for at, reason in {
        1: "no JSON",
        2: "without sending complete message",
        3: "no JSON",
        4: "whose Actors is dict",
        5: "of tt0000001 when asked of tt0000006",
        6: "read timeout",
        7: "larger than",
    }.items():
        assert stood[f"n{at:03}"].status is Status.FAILED
        assert reason in stood[f"n{at:03}"].reason
    assert item(catalogue, "n004").people == ()
    with asking(FakeOmdb(films=films), catalogue) as (run, _):  # mended, those that failed come first
        assert run(limit=7).failed == 0
    assert {account.status for account in accounts(catalogue).values()} == {Status.FOUND}


@pytest.mark.parametrize("status", [200, 401, 429])
def test_a_request_limit_ends_the_run_and_the_next_goes_on(status: int, tmp_path: Path) -> None:
    items, films = numbered(30)
    catalogue = catalogue_of(tmp_path / "C", *items)
    allowed = [12]
    served: list[str] = []

    def limited(request: Request) -> bool:
        with request.server.site.guard:
            if len(served) < allowed[0]:
                served.append(request.path)
                return False
        request.reply_json({"Response": "False", "Error": "Request limit reached!"}, status=status)
        return True

    with asking(FakeOmdb(films=films, before=limited), catalogue) as (run, _):
        made = run(batch=5)
        assert "Request limit reached" in made.stopped
        assert "run the same command again tomorrow" in made.stopped
        assert (made.found, made.failed, made.left) == (12, 0, 18)
        assert len(accounts(catalogue)) == 12
        allowed[0] = 30
        later = run(batch=5)
        assert max(questions(served).values()) == 1
    assert (later.stopped, later.found, later.left) == ("", 18, 0)
    assert all(item.plot for item in catalogue.items())


def test_a_key_that_is_not_taken_is_an_error_at_once(tmp_path: Path) -> None:
    items, films = numbered(30)
    catalogue = catalogue_of(tmp_path / "C", *items)
    with asking(FakeOmdb(films=films, key="another"), catalogue) as (run, site):
        with pytest.raises(FetchError, match=r"does not take the key \(Invalid API key\)") as caught:
            run()
        assert len(site.seen) <= 4
    assert KEY not in str(caught.value)
    assert accounts(catalogue) == {}


def test_many_failures_in_a_row_end_the_run_and_what_was_got_is_kept(tmp_path: Path) -> None:
    items, films = numbered(60)
    catalogue = catalogue_of(tmp_path / "C", *items)
    odd = {entry["imdbID"]: lambda request: request.reply("down", status=404) for entry in films[10:]}
    with asking(FakeOmdb(films=films, odd=odd), catalogue) as (run, site):
        with pytest.raises(FetchError, match=r"failed 20 times in a row, the last time because .*404"):
            run()
        assert 30 <= len(site.seen) <= 60
    stood = accounts(catalogue)
    assert sum(account.status is Status.FOUND for account in stood.values()) == 10
    assert len(stood) >= 30


def test_failures_that_are_not_in_a_row_do_not(tmp_path: Path) -> None:
    items, films = numbered(60)
    catalogue = catalogue_of(tmp_path / "C", *items)
    odd = {
        entry["imdbID"]: lambda request: request.reply("down", status=404) for k, entry in enumerate(films) if k % 20
    }
    with asking(FakeOmdb(films=films, odd=odd), catalogue) as (run, _):
        made = run()
    assert (made.found, made.failed) == (3, 57)


def test_a_failure_takes_nothing_back(tmp_path: Path) -> None:
    catalogue = catalogue_of(tmp_path / "C", Item(item_id="1", imdb_id="tt0000001"))
    with asking(FakeOmdb(films=[film("tt0000001", "x", Plot="N/A")]), catalogue) as (run, _):
        run()
    stood = accounts(catalogue)
    with asking(lambda request: request.reply("", status=404), catalogue) as (run, _):
        assert run().failed == 1
    assert accounts(catalogue) == stood


# -- other writers -----------------------------------------------------------------------------------------------


def test_what_others_write_meanwhile_stands(tmp_path: Path) -> None:
    """While the network is waited for, one item gets a plot and another is removed."""
    items, films = numbered(3)
    catalogue = catalogue_of(tmp_path / "C", *items)
    other = Catalogue.open(tmp_path / "C")

    def meddle(request: Request) -> None:
        other.add(Listed(items=[replace(items[0], plot="Written meanwhile.")]))
        other.remove(["n002"])
        request.reply_json(films[1])

    # Two commits take their time, and whoever gave up on the answer would write while they are made.
    with asking(FakeOmdb(films=films, odd={"tt0000002": meddle}), catalogue, read_s=60) as (run, _):
        run()
    assert sorted(catalogue.item_ids()) == ["n000", "n001"]
    assert item(catalogue, "n000").plot == "Written meanwhile."
    assert item(catalogue, "n000").directors == ("John Lasseter",)
    assert sorted(accounts(catalogue)) == ["n000", "n001"]


def test_a_catalogue_that_is_being_written_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    items, films = numbered(3)
    catalogue = catalogue_of(tmp_path / "C", *items)
    other = Catalogue.open(tmp_path / "C")
    with asking(FakeOmdb(films=films), catalogue) as (run, site):
        with other.writing("something else"), pytest.raises(CatalogueLocked):
            run()
        assert site.seen == []


def test_what_was_answered_outlives_a_commit_that_was_refused(tmp_path: Path) -> None:
    items, films = numbered(5)
    catalogue = catalogue_of(tmp_path / "C", *items)
    other = Catalogue.open(tmp_path / "C")
    with asking(FakeOmdb(films=films), catalogue) as (run, site):
        with ExitStack() as held:

            def told(done: int, total: int, note: str) -> None:
                if done == total:
                    held.enter_context(other.writing("something else"))

            with pytest.raises(CatalogueLocked):
                run(progress=told)
        assert accounts(catalogue) == {}
        assert sorted(path.suffix for path in (catalogue.folder / "cache" / "omdb").iterdir()) == [".json"] * 5
        assert max(questions(site.seen).values()) == 1


def test_removing_an_item_removes_its_account(tmp_path: Path) -> None:
    items, films = numbered(2)
    catalogue = catalogue_of(tmp_path / "C", *items)
    with asking(FakeOmdb(films=films), catalogue) as (run, _):
        run()
    catalogue.remove(["n000"])
    assert list(accounts(catalogue)) == ["n001"]


def test_accounts_of_another_source_are_left_alone(tmp_path: Path) -> None:
    items, films = numbered(1)
    catalogue = catalogue_of(tmp_path / "C", *items)
    theirs = Account(item_id="n000", source="elsewhere", status=Status.AMBIGUOUS, reason="two", at=1.0)
    with catalogue.writing("test"):
        Metadata(catalogue.tables).write([theirs])
    with asking(FakeOmdb(films=films), catalogue) as (run, _):
        run()
    stood = Metadata(catalogue.tables).read()
    assert theirs in stood
    assert len(stood) == 2
