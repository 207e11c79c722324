"""Report of where learned rows place items: read from the folder of a run alone, on vectors of which all is known."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from triptych.catalogue.history import History
from triptych.catalogue.records import Item
from triptych.errors import SourceError
from triptych.evaluate.measured import Measured
from triptych.models.similarity import Learned, Snapshot
from triptych.spaces.blocks import Blocks
from triptych.studies.cell import Cell
from triptych.studies.learned import write as keep
from triptych.studies.manifest import Manifest
from triptych.studies.report import to_json, write
from triptych.studies.report.learned.embedded import GIVEN
from triptych.studies.report.learned.maps import fits, maps, overlaps, told_of_ratings
from triptych.studies.report.learned.placing import Placing, about_cases, case_rows, placings
from triptych.studies.results import Results
from triptych.studies.run import LEARNED, Done
from triptych.studies.shown import CONTENT, ITEMS, Shown
from triptych.studies.study import Study

HOSTILE = "</title><script>alert(1)</script>|`x`\u202e"
N = 48
#: Items are of one of two kinds, in turn; the last has no content that was heard.
KIND = np.arange(N) % 2
STUDY = """
name = "placed"
title = "Where"
draws = 20
[[protocol]]
name = "cold"
split = "cold-items"
folds = 2
[[table]]
name = "networks"
title = "Networks"
[[table.row]]
name = "fixed"
[[table.row]]
name = "learned"
learn = { objective = "pair-cosine" }
[[table.row]]
name = "gone"
learn = { objective = "triplet-cosine" }
"""


@pytest.fixture(scope="module")
def shown() -> Shown:
    rng = np.random.default_rng(0)
    items = [
        Item(
            item_id=f"i{k}",
            title=HOSTILE if k % 8 == 0 else f"Film {k}",
            genres=("Drama", "War") if k % 2 else ("Comedy",),
        )
        for k in range(N)
    ]
    # Six ratings of each, and two more of every eighth; its mean rating is written in the vectors.
    places = np.concatenate([np.repeat(np.arange(N), 6), np.repeat(np.arange(0, N, 8), 2)])
    values = (3 + np.sin(places)).astype(np.float32)
    history = History(
        user_ids=("a",),
        item_ids=tuple(item.item_id for item in items),
        users=np.zeros(len(places), np.int32),
        items=places.astype(np.int32),
        values=values,
        times=np.zeros(len(places), np.int64),
    )
    heard = np.ones((N, 1), bool)
    heard[-1] = False
    content = Blocks(
        panels=("seeing", "hearing"),
        values=(
            rng.normal(size=(N, 5)).astype(np.float32),
            rng.normal(size=(N, 3)).astype(np.float32) * heard,
        ),
        mask=np.column_stack([np.ones(N, bool), heard]),
    )
    return Shown.of(items, history, content=content, weights={"seeing": 1.0, "hearing": 2.0})


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory, shown: Shown) -> Results:
    folder = tmp_path_factory.mktemp("run")
    rng = np.random.default_rng(1)
    vectors = np.column_stack([4 * np.where(KIND, 1, -1), np.sin(np.arange(N)), rng.normal(size=(N, 2))])
    snapshots = tuple(
        Snapshot(epoch=epoch, vectors=made.astype(np.float32), mask=np.ones(N, bool))
        for epoch, made in ((1, rng.normal(size=(N, 4))), (5, vectors))
    )
    source = tuple(f"i{k}" for k in range(N) if k % 3)
    place = folder / LEARNED / ("0" * 16)
    keep(Learned(snapshots=snapshots, best=5, epochs=({"epoch": 5},), learned_from=source), place, {})
    shown.write(place)
    study = Study.of_toml(STUDY)
    rows = {row.name: row.digest for row in study.tables[0].rows}

    def cells(told: Mapping[str, Any]) -> list[Cell]:
        facts = {
            "epochs": [{"epoch": 1}, {"epoch": 5}],
            "best": 5,
            "learned": {"epoch": 5, "metric": "euclidean", **told},
        }
        users = Measured(
            name="learned", unit="user", ids=("a", "b"), values={"ndcg@10": np.array([0.1, 0.3])}, whole={}
        )
        return [Cell(measured={"overall": users}, seconds=0.0, facts=facts)] * 2

    manifest = Manifest(
        study="placed", settings={}, data={"digest": "", "features": {}}, versions={}, machine={}, seeds={}, began=""
    )
    made = {
        ("", "cold", rows["learned"]): cells({"place": "0" * 16}),
        ("", "cold", rows["gone"]): cells({"place": "../" + "f" * 13}),
    }
    return Results.of(Done(study=study, manifest=manifest, cells=made, folder=folder))


@pytest.fixture(scope="module")
def told(results: Results) -> Placing:
    return placings(results)["networks"]


def test_what_is_shown_comes_back_as_it_was(shown: Shown, tmp_path: Path) -> None:
    assert Shown.read(tmp_path) is None
    bare = replace(shown, content=None, rated=np.arange(N) > 0, ratings=np.where(np.arange(N) > 0, shown.ratings, 0))
    for one in (bare, shown):
        one.write(tmp_path)
        again = Shown.read(tmp_path)
        assert again is not None
        assert (again.ids, again.titles, again.genres) == (one.ids, one.titles, one.genres)
        assert np.array_equal(again.ratings, one.ratings)
        assert np.array_equal(again.rated, one.rated)
        assert again.counts.tolist() == [8 if k % 8 == 0 else 6 for k in range(N)]
    assert again.content is not None
    assert shown.content is not None
    assert again.content.names == shown.content.names
    assert all(np.array_equal(a, b) for a, b in zip(again.content.values, shown.content.values, strict=True))
    assert np.array_equal(again.content.mask, shown.content.mask)
    text = (tmp_path / ITEMS).read_text(encoding="utf-8")
    for broken in (text[:-9], text.replace("item_ids", "ids"), text.replace('"titles": [', '"titles": ["more", ')):
        (tmp_path / ITEMS).write_text(broken, encoding="utf-8")
        with pytest.raises(SourceError, match="tells of no items"):
            Shown.read(tmp_path)
    (tmp_path / ITEMS).write_text(text, encoding="utf-8")
    (tmp_path / CONTENT).write_bytes(b"no arrays")
    with pytest.raises(SourceError):
        Shown.read(tmp_path)


def test_rows_are_read_beside_the_content_they_were_given_and_those_gone_are_left_out(told: Placing) -> None:
    assert [(one.name, one.fixed, one.epoch) for one in told.embedded] == [(GIVEN, True, 0), ("learned", False, 5)]
    given, learned = told.embedded
    assert given.vectors.shape == (N, 8)
    assert np.linalg.norm(given.vectors, axis=1) == pytest.approx(np.ones(N), abs=1e-6)
    assert np.square(learned.vectors).sum(axis=1).mean() == pytest.approx(1, abs=1e-5)
    assert np.array_equal(learned.taught, np.arange(N) % 3 > 0)


def test_cases_are_the_best_known_and_some_by_lot_and_their_neighbours_are_of_their_kind(told: Placing) -> None:
    assert len(told.named) == len(set(told.named)) == 6
    assert all(int(one[1:]) % 8 == 0 for one in told.named[:3])
    assert about_cases(told).startswith("The 3 items with most ratings, and 3 by lot.")
    for item_id in told.named:
        near = told.cases["learned"].top(item_id, 200)
        assert len(near) == N - 1
        assert item_id not in {one.item_id for one in near}
        assert all(int(one.item_id[1:]) % 2 == int(item_id[1:]) % 2 for one in near[: N // 2 - 1])
        heads, rows = case_rows(told, item_id)
        assert heads == ["", GIVEN, "learned"]
        assert [row[0] for row in rows] == ["1", "2", "3", "4", "5", "shared"]
        assert rows[0][2] == told.title(near[0].item_id)
        assert rows[-1][2] == f"{N - 1} of {N - 1}; by chance {N - 1}"


def test_a_mean_rating_that_is_written_in_the_vectors_is_told_of_items_that_were_held_out(told: Placing) -> None:
    own = told.correlations["learned"]
    assert own.held_out.n == N // 3
    assert own.held_out.r2 > 0.8
    assert told.correlations[GIVEN].held_out.r2 < 0.4
    # What is given is wider than what is learned, and is reduced to as many entries.
    assert told.correlations[GIVEN].width == own.width == 4
    figure = told_of_ratings(told, "x")
    assert figure is not None
    assert [row[0] for row in figure.rows] == [GIVEN, "learned"]
    assert [len(row) for row in fits(told, "x")] == [2, 2]


def test_genres_that_lie_apart_do_not_overlap_and_one_that_is_another_does(told: Placing) -> None:
    own = told.overlaps["learned"]
    at = {name: k for k, name in enumerate(own.names)}
    assert own.matrix[at["Comedy"], at["Drama"]] < 0.01
    assert own.matrix[at["War"], at["Drama"]] == pytest.approx(1)
    assert [one.rows[0][0] for one in overlaps(told, "x")] == [own.names[0]] * 2


def test_maps_have_a_dot_for_each_item_and_few_items_no_map_by_neighbours(told: Placing) -> None:
    drawn = maps(told, "x", seed=0)
    assert [[one.title for one in row] for row in drawn] == [
        [f"Principal components: “{GIVEN}”", "Principal components: “learned”"]
    ]
    for one in drawn[0]:
        body = one.draw(345).body
        assert len(re.findall(r"M[\d.]+ [\d.]+h0", body)) == N
        assert body.count("<circle") == 3


def test_all_three_forms_have_them_and_titles_stay_words(results: Results, tmp_path: Path) -> None:
    page, text, body = (path.read_text(encoding="utf-8") for path in write(results, tmp_path))
    section = page.split('<div class="judged" id="t1-placed">')
    assert "<script" not in page + text
    assert "\u202e" not in page
    told = json.loads(body)["tables"][0]["placing"]
    assert [row["name"] for row in told["rows"]] == [GIVEN, "learned"]
    assert told["rows"][1]["correlation"]["held_out"]["r2"]["value"] > 0.8
    assert told == json.loads(json.dumps(to_json(results)))["tables"][0]["placing"]
    assert "### Where they place items" in text
    assert len(section) == 2
    assert section[1].count("<caption>") == 6
