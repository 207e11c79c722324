"""Fitting: what a model is taught with, what its folder says, and what a catalogue lacks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from tests.desk import world
from tests.desk.fake import FakeHybrid
from triptych.catalogue.catalogue import Catalogue
from triptych.desk.fitting import fit, gather
from triptych.desk.model_folder import ModelFolder
from triptych.desk.standing import Standing
from triptych.errors import CatalogueError, SpaceError, TriptychError, UnknownName, UsageError
from triptych.spaces.shelf import Shelf

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_lessons_are_of_all_items_and_what_has_no_content_is_masked(copied: Callable[[], Catalogue]) -> None:
    catalogue = copied()
    more = [("u0", "space-7", 5.0, 1), ("u0", "of nobody", 5.0, 1)]
    catalogue.add(world.Offered(items=[world.film("space", 7)], rows=more))
    found = gather(catalogue)
    lessons, space = found.lessons, Shelf(catalogue.tables).read("fused")
    assert lessons.train.item_ids == tuple(sorted(catalogue.item_ids()))
    row = lessons.train.item_ids.index("space-7")
    assert not lessons.blocks.mask[row].any()
    assert lessons.train.item_counts[row] == 1  # without content, it may still be liked together with others
    others = np.delete(np.arange(len(lessons.blocks)), row)
    for values, known in zip(lessons.blocks.values, space.blocks.values, strict=True):
        assert not values[row].any()
        assert np.array_equal(values[others], known)
    assert lessons.genres.sum(axis=1).tolist() == [1] * len(lessons.blocks)
    assert (found.unknown, found.with_content) == (1, 12)


def test_the_manifest_says_what_was_learned_from(standing: Path) -> None:
    told = ModelFolder(standing, "hybrid").manifest()
    counts = told["counts"]
    assert counts == {
        "items": 12, "with_content": 12, "with_interactions": 10, "users": 8, "interactions": len(world.rows()),
        "likes": len(world.rows()) - world.USERS, "of_unknown_items": 0,
    }  # fmt: skip
    assert told["settings"] == FakeHybrid().key
    assert told["space"] == {"name": "fused", "features": sorted([*world.READ, "seeing/by-hand"])}
    assert told["fitted_at"] == "2026-03-01T12:00:00+00:00"
    assert told["commit"] == Catalogue.open(standing).commits()[-1]["commit"]
    assert told["packages"].keys() >= {"python", "triptych", "numpy"}
    assert told["figures"]["rehearsal"] == {"ndcg@10": 0.25}
    assert told["files"].keys() == {"arrays.safetensors", "body.json"}


def test_what_is_read_back_is_what_was_fitted(copied: Callable[[], Catalogue]) -> None:
    catalogue = copied()
    made = fit(catalogue, FakeHybrid(popular=0.5), at=AT, model="weekend").standing
    again = Standing.read(ModelFolder(catalogue.folder, "weekend"))
    everyone = np.arange(-1, world.USERS)
    assert np.array_equal(again.fitted.scores(everyone), made.fitted.scores(everyone))
    assert (again.like, again.kinds, again.fitted_at) == (4.0, ("rating",), AT)
    for name in ("users", "items", "values", "times"):
        assert np.array_equal(getattr(again.rows, name), getattr(made.rows, name))
    item_ids = list(again.rows.item_ids)
    for placing in (made.placing, again.placing):
        blocks = placing.items(catalogue, item_ids)
        for values, known in zip(blocks.values, made.placing.items(catalogue, item_ids).values, strict=True):
            assert np.array_equal(values, known)


def test_where_all_rows_are_likes_plays_are_taken_and_skips_are_not(copied: Callable[[], Catalogue]) -> None:
    catalogue = copied()
    catalogue.add(world.Offered(rows=[("p1", "farm-0", 1.0, 5), ("p1", "farm-1", 1.0, 6)], kind="play"))
    catalogue.add(world.Offered(rows=[("p2", "farm-0", 1.0, 5)], kind="skip"))
    explicit = fit(catalogue, FakeHybrid(), at=AT)
    assert explicit.material.others == {"play": 2, "skip": 1}
    implicit = fit(catalogue, FakeHybrid(like=None), at=AT)
    assert implicit.manifest["interactions"] == {"kinds": ["rating", "like", "play"], "like": None}
    assert implicit.manifest["counts"]["likes"] == len(world.rows()) + 2
    assert implicit.material.others == {"skip": 1}
    assert "p1" in implicit.standing.rows.user_ids
    only = fit(catalogue, FakeHybrid(like=None), at=AT, kinds=["play"])
    assert only.standing.rows.user_ids == ("p1",)
    with pytest.raises(UnknownName, match="no kind of interaction 'plays'"):
        fit(catalogue, FakeHybrid(), at=AT, kinds=["plays"])


def test_what_a_catalogue_lacks_is_told_with_the_command_that_gets_it(tmp_path: Path) -> None:
    catalogue = Catalogue.init(tmp_path / "films")

    def refused(kind: type[TriptychError], words: str, **more: str) -> None:
        with pytest.raises(kind, match=words):
            fit(catalogue, FakeHybrid(), at=AT, **more)  # type: ignore[arg-type]

    refused(UsageError, "no items.*triptych add")
    catalogue.add(world.Offered(items=[world.film("space", 0)]))
    refused(UsageError, "no interactions.*triptych add")
    catalogue.add(world.Offered(rows=[("a", "elsewhere", 1.0, 1)], kind="play"))
    refused(UnknownName, "no space 'fused'; there is none yet.*triptych fuse")
    refused(UnknownName, "no space 'late'.*triptych fuse .* --name late", space="late")


def test_interactions_of_no_use_are_told_by_kind(copied: Callable[[], Catalogue]) -> None:
    catalogue = copied()
    with catalogue.writing("forget"):
        catalogue.tables.delete("interactions", "kind", ["rating"])
    catalogue.add(world.Offered(rows=[("a", "space-0", 1.0, 1)], kind="play"))
    with pytest.raises(UsageError, match=r"no interactions of kind rating.*there are 1 of kind play.*--implicit"):
        fit(catalogue, FakeHybrid(), at=AT)
    catalogue.add(world.Offered(rows=[("a", "elsewhere", 5.0, 1)]))
    with pytest.raises(UsageError, match="no interaction of kind rating is of an item of the catalogue"):
        fit(catalogue, FakeHybrid(), at=AT)


def test_a_fit_that_fails_leaves_the_model_that_stood(copied: Callable[[], Catalogue]) -> None:
    catalogue = copied()

    class Broken(FakeHybrid):
        def fit(self, lessons: object, *, folder: Path | None = None, report: object = None) -> None:  # type: ignore[override]
            assert folder is not None
            folder.mkdir(exist_ok=True)
            (folder / "checkpoint").write_text("half way")
            raise SpaceError("the end")

    with pytest.raises(SpaceError, match="the end"):
        fit(catalogue, Broken(), at=AT)
    folder = ModelFolder(catalogue.folder, "hybrid")
    assert folder.manifest()["version"] == 1
    assert (folder.folder / "learning" / "checkpoint").exists()  # the next one goes on from there
    fit(catalogue, FakeHybrid(), at=AT)
    assert folder.versions() == [1, 2]
    assert not (folder.folder / "learning").exists()


def test_ids_that_are_not_those_of_the_manifest_are_noticed(standing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = ModelFolder(standing, "hybrid").read()
    model = kept.body["model"]
    body = {**kept.body, "model": {**model, "user_ids": [*model["user_ids"][1:], "other"]}}
    monkeypatch.setattr(ModelFolder, "read", lambda self: type(kept)(**{**vars(kept), "body": body}))
    with pytest.raises(CatalogueError, match="other items or users"):
        Standing.read(ModelFolder(standing, "hybrid"))
