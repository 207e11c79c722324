"""``triptych duplicates``: groups on stdout and in the catalogue."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Triptych
from tests.worlds.catalogues import catalogue_of
from tests.worlds.clips import HEIGHT, WIDTH, Picture, write_clip
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Item
from triptych.curation.groups import Groups


def wandering(seed: int) -> Picture:
    rng = np.random.default_rng(seed)
    views = rng.integers(30, 226, (16, HEIGHT // 8, WIDTH // 8, 3), np.uint8).repeat(8, axis=1).repeat(8, axis=2)
    return lambda at_s: views[int(at_s * 4) % len(views)]


@pytest.fixture
def films(tmp_path: Path) -> Path:
    paths = {
        "fog": write_clip(tmp_path / "fog.mp4", picture=wandering(1), seconds=3),
        "fog2": write_clip(tmp_path / "fog2.mp4", picture=wandering(1), seconds=3, crf=30, scale=1.5),
        "rust": write_clip(tmp_path / "rust.mp4", picture=wandering(2), seconds=3),
    }
    items = [
        Item(item_id="fog", title="Fog (1980)"),
        Item(item_id="fog2", title="Fog II (1982)"),
        Item(item_id="rust", title="Rust (1999)", imdb_id="tt1"),
        Item(item_id="rust2", title="Rust (1999)"),
        Item(item_id="dust", title="Dust Devils (1999)", imdb_id="tt1"),
    ]
    catalogue_of(tmp_path / "films", *items, paths=paths)
    return tmp_path / "films"


def test_groups_of_every_kind_with_evidence(films: Path, triptych: Triptych) -> None:
    answer = triptych("duplicates", films)
    assert answer.status == 0
    head, *rows = [line.split("\t") for line in answer.out.splitlines()]
    assert head == ["kind", "name", "items", "evidence"]
    assert {(row[0], row[2]) for row in rows} == {
        ("content", "fog | fog2"),
        ("title", "rust | rust2"),
        ("franchise", "fog | fog2"),
    }
    assert all(row[3] for row in rows)
    assert "3 clips decoded" in answer.err
    assert "IMDb id tt1" in answer.err
    assert "1 group of content with 2 items" in answer.err
    kept = Groups(Catalogue.open(films).tables).read()
    assert {(group.kind, group.item_ids) for group in kept} == {
        ("content", ("fog", "fog2")),
        ("title", ("rust", "rust2")),
        ("franchise", ("fog", "fog2")),
    }


def test_it_is_one_commit_and_a_second_run_decodes_nothing(films: Path, triptych: Triptych) -> None:
    before = len(Catalogue.open(films).commits())
    triptych("duplicates", films)
    assert [row["purpose"] for row in Catalogue.open(films).commits()][before:] == ["duplicates"]
    again = triptych("duplicates", films, "--json")
    assert "decoded" not in again.err
    assert [group["kind"] for group in again.json["groups"]] == ["content", "title", "franchise"]
    assert again.json["disputed"][0]["imdb_id"] == "tt1"


def test_one_kind_leaves_the_others_alone(films: Path, triptych: Triptych) -> None:
    triptych("duplicates", films, "--no-extract")
    answer = triptych("duplicates", films, "--kind", "franchise", "--json")
    assert {group["kind"] for group in answer.json["groups"]} == {"franchise"}
    kinds = [group.kind for group in Groups(Catalogue.open(films).tables).read()]
    assert sorted(kinds) == ["franchise", "title"]


def test_without_measuring_only_equal_files_are_content(films: Path, triptych: Triptych) -> None:
    answer = triptych("duplicates", films, "--no-extract", "--kind", "content", "--json")
    assert answer.json == {"groups": [], "shared_sound": [], "disputed": []}
    assert "feature.seeing" not in " ".join(Catalogue.open(films).tables.names())


def test_a_kind_that_is_not_there(films: Path, triptych: Triptych) -> None:
    answer = triptych("duplicates", films, "--kind", "contents")
    assert answer.status == 2
    assert "'content'" in answer.err


def test_an_empty_catalogue_has_no_groups(tmp_path: Path, triptych: Triptych) -> None:
    Catalogue.init(tmp_path / "empty")
    answer = triptych("duplicates", tmp_path / "empty", "--json")
    assert answer.status == 0
    assert answer.json["groups"] == []
