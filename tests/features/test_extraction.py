"""Extraction, end to end with the real pool: what is measured, what is left alone, what is measured again."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.worlds.catalogues import Listed, catalogue_of
from tests.worlds.measures import Letters, Level, Scripted
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Item
from triptych.engine import LocalPool
from triptych.errors import CatalogueLocked, ExtractionError, UsageError
from triptych.features import extraction
from triptych.features.extraction import Extracted, Progress, extract
from triptych.features.extractor import Extractor, Showing
from triptych.features.hearing.acoustic import Acoustic
from triptych.features.ledger import Entry, Ledger, Status
from triptych.features.recipe import Recipe
from triptych.features.seeing.colour import Colour
from triptych.features.store import FeatureStore
from triptych.media.loader import open_reel

PLOT = "An eel and a goat go to sea."  # a 4, e 3, i 0, o 3, u 0


def rows(catalogue: Catalogue) -> dict[tuple[str, str], Entry]:
    return {(entry.item_id, entry.feature): entry for entry in Ledger(catalogue.tables).entries()}


def statuses(catalogue: Catalogue) -> dict[tuple[str, str], str]:
    return {key: entry.status.value for key, entry in rows(catalogue).items()}


def values(catalogue: Catalogue, extractor: Extractor) -> dict[str, list[float] | None]:
    """Of each item, what it measured; None where it is masked."""
    read = FeatureStore(catalogue.tables).read(extractor.recipe)
    return {
        item_id: row.tolist() if present else None
        for item_id, row, present in zip(read.item_ids, read.values, read.present, strict=True)
    }


@pytest.fixture
def films(tmp_path: Path, clips: dict[str, Path]) -> Catalogue:
    """Three clips with a plot, one without, one item without a clip, one that has neither."""
    names = ("red", "green", "blue", "mute")
    items = [Item(item_id=name, plot=PLOT if name != "mute" else "") for name in names]
    extra = [Item(item_id="unseen", plot=PLOT), Item(item_id="nothing")]
    return catalogue_of(tmp_path / "c", *items, *extra, paths={name: clips[name] for name in names})


def test_there_is_a_row_for_every_item_and_recipe(films: Catalogue, pool: LocalPool) -> None:
    made = extract(films, extractors=[Level(), Letters()], engine=pool)
    seen, unread = ("red", "green", "blue", "mute"), ("mute", "nothing")
    assert statuses(films) == {
        **{(name, "seeing/level"): "done" for name in seen},
        **{(name, "seeing/level"): "skipped" for name in ("unseen", "nothing")},
        **{(name, "reading/letters"): "skipped" if name in unread else "done" for name in (*seen, "unseen", "nothing")},
    }
    assert replace(made, seconds=0) == Extracted(done=8, skipped=4, clips_decoded=4)
    assert made.seconds > 0
    found = rows(films)
    assert found["unseen", "seeing/level"].reason == "the item has no clip"
    assert found["mute", "reading/letters"].reason == "the item has no plot"
    assert all(entry.attempts == 1 and entry.at > 0 and entry.source for entry in found.values())
    letters = values(films, Letters())
    assert letters["red"] == letters["unseen"] == [4, 3, 0, 3, 0]
    assert letters["mute"] is letters["nothing"] is None
    level = values(films, Level())
    assert level["unseen"] is None
    for k, name in enumerate(("red", "green", "blue")):
        assert np.argmax(level[name] or []) == k


def test_workers_measure_what_this_process_measures_bit_for_bit(
    tmp_path: Path, clips: dict[str, Path], pool: LocalPool
) -> None:
    names = ("red", "mute", "silent", "heard")
    films = catalogue_of(
        tmp_path / "c", *(Item(item_id=name) for name in names), paths={name: clips[name] for name in names}
    )
    extract(films, extractors=[Colour(), Acoustic()], engine=pool)
    for extractor in (Colour(), Acoustic()):
        stored = FeatureStore(films.tables).sequences(extractor.recipe)
        assert sorted(stored) == sorted(names)
        for name in names:
            reel = open_reel(clips[name], extractor.needs.want, name=name)
            [expected] = extractor.extract([Showing(item=Item(item_id=name), reel=reel)])
            assert (stored[name].presence, stored[name].reason) == (expected.presence, expected.reason)
            if expected.values is not None and stored[name].values is not None:
                assert stored[name].values.tobytes() == expected.values.tobytes()
    found = statuses(films)
    assert found["mute", "hearing/acoustic"] == found["silent", "hearing/acoustic"] == "skipped"
    assert found["heard", "seeing/colour"] == "skipped"


def test_a_second_run_decodes_nothing_and_commits_nothing(films: Catalogue, pool: LocalPool) -> None:
    first = extract(films, extractors=[Level(), Letters()], engine=pool)
    before, commits = rows(films), films.commits()
    told: list[Progress] = []
    second = extract(films, extractors=[Level(), Letters()], engine=pool, progress=told.append)
    assert replace(second, seconds=0) == Extracted(settled=first.done + first.skipped)
    assert rows(films) == before
    assert films.commits() == commits
    assert told == []


def test_a_new_item_is_measured_alone(films: Catalogue, clips: dict[str, Path], pool: LocalPool) -> None:
    extract(films, extractors=[Level(), Letters()], engine=pool)
    before = rows(films)
    films.add(Listed(items=[Item(item_id="new", plot="Oo.")], paths={"new": clips["blue"]}))
    made = extract(films, extractors=[Level(), Letters()], engine=pool)
    assert replace(made, seconds=0) == Extracted(done=2, settled=12, clips_decoded=1)
    after = rows(films)
    assert {key: after[key] for key in before} == before
    assert values(films, Level())["new"] == values(films, Level())["blue"]
    assert values(films, Letters())["new"] == [0, 0, 0, 1, 0]


def test_another_recipe_is_measured_beside_the_first(films: Catalogue, pool: LocalPool) -> None:
    extract(films, extractors=[Letters()], engine=pool)
    other = Letters(letters="xyzs")
    made = extract(films, extractors=[other], engine=pool)
    assert (made.settled, made.done) == (0, 4)
    assert values(films, other)["red"] == [0, 0, 0, 1]
    assert values(films, Letters())["red"] == [4, 3, 0, 3, 0]


def test_a_replaced_file_is_measured_again_and_its_text_is_not(
    tmp_path: Path, clips: dict[str, Path], pool: LocalPool
) -> None:
    path = tmp_path / "film.mp4"
    shutil.copy(clips["red"], path)
    item = Item(item_id="film", plot=PLOT)
    films = catalogue_of(tmp_path / "c", item, paths={"film": path})
    extract(films, extractors=[Level(), Letters()], engine=pool)
    before = rows(films)
    shutil.copy(clips["blue"], path)
    films.add(Listed(items=[item], paths={"film": path}))
    made = extract(films, extractors=[Level(), Letters()], engine=pool)
    assert replace(made, seconds=0) == Extracted(done=1, settled=1, clips_decoded=1)
    assert int(np.argmax(values(films, Level())["film"] or [])) == 2
    after = rows(films)
    assert after["film", "reading/letters"] == before["film", "reading/letters"]
    assert after["film", "seeing/level"].source != before["film", "seeing/level"].source


def test_a_changed_plot_is_read_again_and_its_clip_is_not(films: Catalogue, pool: LocalPool) -> None:
    extract(films, extractors=[Level(), Letters()], engine=pool)
    before = rows(films)
    films.add(Listed(items=[Item(item_id="red", plot="Uu.")]))
    made = extract(films, extractors=[Level(), Letters()], engine=pool)
    assert replace(made, seconds=0) == Extracted(done=1, settled=11)
    assert values(films, Letters())["red"] == [0, 0, 0, 0, 1]
    changed = {key for key, entry in rows(films).items() if entry != before[key]}
    assert changed == {("red", "reading/letters")}


def test_a_replaced_file_that_cannot_be_read_masks_the_old_vector(
    tmp_path: Path, clips: dict[str, Path], pool: LocalPool
) -> None:
    path = tmp_path / "film.mp4"
    shutil.copy(clips["red"], path)
    films = catalogue_of(tmp_path / "c", Item(item_id="film"), paths={"film": path})
    extract(films, extractors=[Level()], engine=pool)
    shutil.copy(clips["broken"], path)
    films.add(Listed(items=[Item(item_id="film")], paths={"film": path}))
    assert extract(films, extractors=[Level()], engine=pool).failed == 1
    assert values(films, Level()) == {"film": None}
    assert statuses(films) == {("film", "seeing/level"): "failed"}


def test_a_clip_that_comes_later_is_measured(films: Catalogue, clips: dict[str, Path], pool: LocalPool) -> None:
    extract(films, extractors=[Level()], engine=pool)
    films.add(Listed(paths={"unseen": clips["green"]}))
    made = extract(films, extractors=[Level()], engine=pool)
    assert (made.done, made.clips_decoded) == (1, 1)
    assert statuses(films)["unseen", "seeing/level"] == "done"


def test_progress_counts_up_to_the_total(films: Catalogue, pool: LocalPool) -> None:
    told: list[Progress] = []
    extract(films, extractors=[Level(), Letters()], engine=pool, progress=told.append)
    assert {state.total for state in told} == {10}  # four clips and six texts
    assert [state.done for state in told] == sorted({state.done for state in told})
    assert told[-1].done == told[-1].total
    assert {state.last for state in told} <= {"red", "green", "blue", "mute", "unseen", "nothing"}


def test_odd_ids_are_kept_as_they_are(tmp_path: Path, clips: dict[str, Path], pool: LocalPool) -> None:
    ids = ["a/b", "it's", 'so "called"', "two\nlines", "🎬", "..", "%s", "ﷺ"]
    films = catalogue_of(
        tmp_path / "c", *(Item(item_id=i, plot=PLOT) for i in ids), paths=dict.fromkeys(ids[:3], clips["red"])
    )
    extract(films, extractors=[Level(), Letters()], engine=pool)
    assert {item_id for item_id, _ in statuses(films)} == set(ids)
    assert set(values(films, Letters())) == set(ids)
    assert extract(films, extractors=[Level(), Letters()], engine=pool).settled == 16


def test_many_texts_go_in_batches_and_none_is_lost(tmp_path: Path, pool: LocalPool) -> None:
    count = 2 * extraction.TEXTS + 7
    films = catalogue_of(tmp_path / "c", *(Item(item_id=f"i{k}", plot="a" * k or "-") for k in range(count)))
    told: list[Progress] = []
    made = extract(films, extractors=[Letters()], engine=pool, progress=told.append)
    assert made.done == count
    assert len(told) == 3
    assert {i: (v or [])[0] for i, v in values(films, Letters()).items()} == {f"i{k}": k for k in range(count)}


def test_an_own_pool_is_closed_and_a_lent_one_left_open(films: Catalogue, pool: LocalPool) -> None:
    assert extract(films, extractors=[Letters()], workers=1).done == 4
    assert extract(films, extractors=[Level()], engine=pool).done == 4
    assert extract(films, extractors=[Letters(letters="q")], engine=pool).done == 4


def test_an_empty_catalogue_and_no_extractors_are_no_work(tmp_path: Path, films: Catalogue, pool: LocalPool) -> None:
    empty = Catalogue.init(tmp_path / "empty")
    assert replace(extract(empty, extractors=[Level(), Letters()], engine=pool), seconds=0) == Extracted()
    assert rows(empty) == {}
    assert replace(extract(films, extractors=[], engine=pool), seconds=0) == Extracted()


def test_what_cannot_be_run_is_refused_before_anything_is_done(films: Catalogue, pool: LocalPool) -> None:
    commits = films.commits()
    with pytest.raises(ExtractionError, match="reading/letters was asked for twice"):
        extract(films, extractors=[Letters(), Letters(letters="x")], engine=pool)
    with pytest.raises(UsageError, match="more than 0 seconds"):
        extract(films, extractors=[Letters()], engine=pool, limit_s=0)
    assert films.commits() == commits


def test_two_writers_do_not_write_at_once(films: Catalogue, pool: LocalPool) -> None:
    other = Catalogue.open(films.folder)
    with other.writing("something else"), pytest.raises(CatalogueLocked, match="something else"):
        extract(films, extractors=[Letters()], engine=pool)
    assert extract(films, extractors=[Letters()], engine=pool).done == 4


def test_ctrl_c_keeps_what_was_measured(tmp_path: Path, clips: dict[str, Path], pool: LocalPool) -> None:
    ids = [f"{name}{k}" for k in range(4) for name in ("red", "green", "blue")]
    films = catalogue_of(tmp_path / "c", *(Item(item_id=i) for i in ids), paths={i: clips[i[:-1]] for i in ids})

    def stop(state: Progress) -> None:
        if state.done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        extract(films, extractors=[Level()], engine=pool, progress=stop)
    kept = rows(films)
    assert len(kept) == 5
    made = extract(films, extractors=[Level()], engine=pool)
    assert (made.settled, made.done, made.clips_decoded) == (5, 7, 7)
    assert {key: rows(films)[key] for key in kept} == kept


def test_a_batch_is_committed_before_the_run_ends(
    tmp_path: Path, clips: dict[str, Path], pool: LocalPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extraction, "BATCH", 2)
    monkeypatch.setattr(extraction, "WAIT_S", 1e9)
    films = catalogue_of(
        tmp_path / "c", *(Item(item_id=f"i{k}") for k in range(6)), paths={f"i{k}": clips["red"] for k in range(6)}
    )
    on_disk: list[tuple[int, int]] = []

    def look(state: Progress) -> None:
        other = Catalogue.open(films.folder)  # a reader is never kept out
        on_disk.append((state.done, len(Ledger(other.tables).entries())))

    extract(films, extractors=[Level()], engine=pool, progress=look)
    assert on_disk == [(1, 0), (2, 2), (3, 2), (4, 4), (5, 4), (6, 6)]


class Counted:
    """Letters, counting how often its recipe is made and hashed."""

    def __init__(self) -> None:
        self.asked = 0
        self.needs = Letters().needs
        self.ready = Letters().ready

    @property
    def recipe(self) -> Recipe:
        self.asked += 1
        return Letters().recipe

    def extract(self, showings: Sequence[Showing]) -> object:
        raise AssertionError("there is nothing to measure")


@pytest.mark.parametrize("count", [1, 400])
def test_planning_does_not_hash_the_recipe_for_every_item(tmp_path: Path, pool: LocalPool, count: int) -> None:
    films = catalogue_of(tmp_path / "c", *(Item(item_id=f"i{k}", plot=PLOT) for k in range(count)))
    extract(films, extractors=[Letters()], engine=pool)
    counted = Counted()
    assert extract(films, extractors=[counted], engine=pool).settled == count  # type: ignore[list-item]
    assert counted.asked < 10


def test_unlike_widths_are_rows_that_failed_and_not_a_store_that_cannot_be_read(
    tmp_path: Path, pool: LocalPool
) -> None:
    films = catalogue_of(tmp_path / "c", *(Item(item_id=i, plot=PLOT) for i in "abc"))
    extract(films, extractors=[Scripted()], engine=pool)
    films.add(Listed(items=[Item(item_id="d", plot=PLOT)]))
    extract(films, extractors=[Scripted(script=(("d", "wide"),))], engine=pool)
    assert values(films, Scripted()) == {"a": [1, 2, 3], "b": [1, 2, 3], "c": [1, 2, 3], "d": None}
    entry = rows(films)["d", "reading/scripted"]
    assert entry.status is Status.FAILED
    assert "a vector of 7 entries, but of the other items it is a vector of 3" in entry.reason
