"""Faults: a bad clip, a bad text or a bad extractor costs its own rows and no others, and each says why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.worlds.catalogues import catalogue_of
from tests.worlds.clips import scene, write_clip
from tests.worlds.measures import Letters, Level, Scripted
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Item
from triptych.engine import LocalPool
from triptych.features.extraction import Extracted, Progress, extract
from triptych.features.ledger import Entry, Ledger
from triptych.features.store import FeatureStore

IDS = ("one", "two", "three", "four")


@pytest.fixture
def texts(tmp_path: Path) -> Catalogue:
    return catalogue_of(tmp_path / "c", *(Item(item_id=i, plot=i) for i in IDS))


@pytest.fixture
def films(tmp_path: Path, clips: dict[str, Path]) -> Catalogue:
    paths = dict(zip(IDS, (clips[name] for name in ("red", "green", "blue", "mute")), strict=True))
    return catalogue_of(tmp_path / "c", *(Item(item_id=i) for i in IDS), paths=paths)


def rows(catalogue: Catalogue, name: str = "scripted") -> dict[str, Entry]:
    return {e.item_id: e for e in Ledger(catalogue.tables).entries() if e.feature.endswith(f"/{name}")}


def statuses(catalogue: Catalogue, name: str = "scripted") -> dict[str, str]:
    return {item_id: entry.status.value for item_id, entry in rows(catalogue, name).items()}


def only_two_failed(catalogue: Catalogue, recipe_of: Scripted) -> Entry:
    """The row of "two"; the others must be done, and theirs the only vectors."""
    assert statuses(catalogue) == {**dict.fromkeys(IDS, "done"), "two": "failed"}
    read = FeatureStore(catalogue.tables).read(recipe_of.recipe)
    assert {i for i, present in zip(read.item_ids, read.present, strict=True) if present} == {*IDS} - {"two"}
    assert set(read.item_ids) == set(IDS)
    return rows(catalogue)["two"]


@pytest.mark.parametrize(
    ("doing", "reason"),
    [
        ("raise", "ValueError: the reel is upside down"),
        ("two", "it gave 2 features for 1 items"),
        ("none", "it gave a NoneType where a Feature is due"),
        ("array", "it gave a ndarray where a Feature is due"),
        ("nan", "1 of 3 feature values are NaN or infinite"),
        ("float64", "float64 (3,); they must be float32"),
        ("wide", "a vector of 7 entries, but of the other items it is a vector of 3"),
    ],
)
def test_one_bad_text_of_a_batch_fails_alone(texts: Catalogue, pool: LocalPool, doing: str, reason: str) -> None:
    scripted = Scripted(script=(("two", doing),))
    made = extract(texts, extractors=[scripted, Letters()], engine=pool)
    assert (made.done, made.failed) == (7, 1)
    entry = only_two_failed(texts, scripted)
    assert reason in entry.reason
    assert entry.attempts == 1
    assert statuses(texts, "letters") == dict.fromkeys(IDS, "done")


@pytest.mark.parametrize("doing", ["raise", "none", "nan"])
def test_one_bad_clip_fails_alone_and_for_one_extractor(films: Catalogue, pool: LocalPool, doing: str) -> None:
    scripted = Scripted(script=(("two", doing),), reads="clip")
    made = extract(films, extractors=[scripted, Level()], engine=pool)
    assert replace(made, seconds=0) == Extracted(done=7, failed=1, clips_decoded=4)
    only_two_failed(films, scripted)
    assert statuses(films, "level") == dict.fromkeys(IDS, "done")


def test_an_extractor_that_writes_into_the_reel_fails_and_the_next_one_sees_the_clip(
    films: Catalogue, tmp_path: Path, clips: dict[str, Path], pool: LocalPool
) -> None:
    scripted = Scripted(script=(("two", "write"),), reads="clip")
    extract(films, extractors=[scripted, Level()], engine=pool)
    assert "read-only" in only_two_failed(films, scripted).reason
    level = FeatureStore(films.tables).read(Level().recipe)
    assert level.aligned(["two"])[0].argmax() == 1  # still green


@pytest.mark.parametrize("doing", ["exit", "kill"])
def test_a_clip_whose_worker_dies_is_tried_twice_and_set_aside(films: Catalogue, pool: LocalPool, doing: str) -> None:
    scripted = Scripted(script=(("two", doing),), reads="clip")
    made = extract(films, extractors=[scripted], engine=pool)
    assert (made.done, made.failed) == (3, 1)
    entry = only_two_failed(films, scripted)
    assert entry.attempts == 2
    assert "on both attempts" in entry.reason
    assert all(row.attempts == 1 for item_id, row in rows(films).items() if item_id != "two")


def test_a_text_whose_worker_dies_does_not_take_its_batch_with_it(texts: Catalogue, pool: LocalPool) -> None:
    scripted = Scripted(script=(("two", "kill"),))
    told: list[Progress] = []
    made = extract(texts, extractors=[scripted], engine=pool, progress=told.append)
    assert (made.done, made.failed) == (3, 1)
    assert only_two_failed(texts, scripted).attempts == 2
    assert told[-1].done == told[-1].total == 4


def test_a_clip_that_killed_its_worker_once_is_done_at_the_second_attempt(
    films: Catalogue, tmp_path: Path, pool: LocalPool
) -> None:
    scripted = Scripted(script=(("two", f"exit-once {tmp_path / 'tried'}"),), reads="clip")
    assert extract(films, extractors=[scripted], engine=pool).done == 4
    assert {item_id: row.attempts for item_id, row in rows(films).items()} == {**dict.fromkeys(IDS, 1), "two": 2}


def test_what_hangs_is_stopped(films: Catalogue, pool: LocalPool) -> None:
    extract(films, extractors=[Level()], engine=pool)  # a new worker's imports would count as the clip's time
    scripted = Scripted(script=(("two", "hang"),), reads="clip")
    made = extract(films, extractors=[scripted], engine=pool, limit_s=3)
    assert (made.done, made.failed) == (3, 1)
    assert "it was stopped after the 3 s that it is allowed" in only_two_failed(films, scripted).reason


def test_a_file_that_is_no_clip_is_set_aside_until_it_is_to_be_tried_again(
    tmp_path: Path, clips: dict[str, Path], pool: LocalPool
) -> None:
    path = tmp_path / "two.mp4"
    path.write_bytes(clips["broken"].read_bytes())
    paths = {"one": clips["red"], "two": path, "three": clips["blue"]}
    films = catalogue_of(tmp_path / "c", *(Item(item_id=i) for i in paths), paths=paths)
    made = extract(films, extractors=[Level()], engine=pool)
    assert replace(made, seconds=0) == Extracted(done=2, failed=1, clips_decoded=3)
    assert "two.mp4" in rows(films, "level")["two"].reason

    again = extract(films, extractors=[Level()], engine=pool)
    assert replace(again, seconds=0) == Extracted(settled=3)  # in quarantine

    write_clip(path, picture=scene((200, 20, 20)), seconds=1)  # mended behind the catalogue's back
    retried = extract(films, extractors=[Level()], engine=pool, retry_failed=True)
    assert replace(retried, seconds=0) == Extracted(done=1, settled=2, clips_decoded=1)
    assert statuses(films, "level") == dict.fromkeys(paths, "done")
    assert FeatureStore(films.tables).read(Level().recipe).present.all()


def test_a_file_that_went_away_is_a_row_that_failed(tmp_path: Path, clips: dict[str, Path], pool: LocalPool) -> None:
    path = write_clip(tmp_path / "gone.mp4", picture=scene((9, 99, 9)), seconds=1)
    paths = {"one": clips["red"], "two": path}
    films = catalogue_of(tmp_path / "c", *(Item(item_id=i) for i in paths), paths=paths)
    path.unlink()
    extract(films, extractors=[Level()], engine=pool)
    entry = rows(films, "level")["two"]
    assert entry.status == "failed"
    assert "No such file" in entry.reason
    assert statuses(films, "level")["one"] == "done"


def test_an_extractor_that_cannot_travel_fails_its_rows_with_the_reason(texts: Catalogue, pool: LocalPool) -> None:
    class Local(Letters):
        """Defined in a function, so no worker can find it."""

    made = extract(texts, extractors=[Local()], engine=pool)
    assert made.failed == 4
    assert all("cannot be sent" in row.reason and row.attempts == 0 for row in rows(texts, "letters").values())


def test_a_reason_without_end_is_cut_short(texts: Catalogue, pool: LocalPool) -> None:
    extract(texts, extractors=[Scripted(script=(("two", "rant"), ("one", "mumble")))], engine=pool)
    found = rows(texts)
    assert found["two"].reason.startswith("ValueError: no no no")
    assert len(found["two"].reason) == 600
    assert found["one"].reason == "KeyError, without a message"
