"""Choosing: only by more than chance, never by a test row, and going on where it was stopped."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from tests.desk import world
from triptych.catalogue.catalogue import Catalogue
from triptych.desk.choosing import Chosen, choose
from triptych.desk.ground import SPLITS, Ground, ground
from triptych.desk.settings import laid_over, read, write
from triptych.errors import UnknownName, UsageError

DAY_S = world.DAY_S


@dataclass(frozen=True, kw_only=True)
class Serving:
    """Gets it right for the first ``good`` users, and as wrong as can be for the others."""

    like: float | None = 4.0
    good: int = 0
    width: int = 1
    seed: int = 0
    name: str = "serving"
    kernels: ClassVar[list[int]] = []
    fits: ClassVar[list[tuple[int, int]]] = []

    @property
    def key(self) -> dict[str, Any]:
        return {"good": self.good, "seed": self.seed, "tower": {"width": self.width}}

    def fit(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("a kernel can serve several fits")

    def kernel(self, lessons: Any, *, folder: Path | None = None, report: Any = None) -> tuple[Any, Any, Any]:
        assert folder is not None
        folder.mkdir(exist_ok=True)
        self.kernels.append(self.width)
        return "tower", "anchors", {}

    def fit_by(self, lessons: Any, tower: Any, anchors: Any, facts: Mapping[str, Any], *, report: Any = None) -> Any:
        assert tower == "tower"
        self.fits.append((self.good, self.seed))
        spacey = np.array([item_id.startswith("space") for item_id in lessons.train.item_ids])
        return Served(good=self.good, spacey=spacey)


@dataclass(frozen=True, kw_only=True, eq=False)
class Served:
    good: int
    spacey: Any

    def scores(self, users: Any) -> Any:
        even, served = (users % 2 == 0)[:, None], (users < self.good)[:, None]
        return ((self.spacey == even) == served).astype(np.float32)


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("choosing") / "films"
    world.made(folder)
    return folder


@pytest.fixture(scope="module")
def last(films: Path) -> Ground:
    return ground(Catalogue.open(films), Serving())


@pytest.fixture
def chosen(last: Ground, tmp_path: Path) -> Any:
    Serving.kernels.clear()
    Serving.fits.clear()

    def call(settings: Serving | None = None, **options: Any) -> Chosen:
        given: dict[str, Any] = {"folder": tmp_path / "kept", "metric": "ndcg@3", **options}
        grid = given.pop("grid", {"good": (1, 8)})
        return choose(last, settings or Serving(), grid, **given)

    return call


def test_what_is_better_by_more_than_chance_is_chosen_and_nothing_else(chosen: Any, last: Ground) -> None:
    found = chosen()
    assert (found.chosen.params, found.best.params, found.users) == ({"good": 8}, {"good": 8}, world.USERS)
    assert found.why.startswith("good=8 is better than the default by more than chance")
    assert last.put_away == world.USERS
    test = found.chosen.against
    assert test.p_holm == pytest.approx(2 * test.p_permutation)
    assert test.difference == pytest.approx(found.chosen.interval.value - found.default.interval.value)
    assert Serving.kernels == [1], "what does not hang on the settings was learned anew"
    found = chosen(grid={"good": (1,)})
    assert found.chosen is found.default
    assert "good=1 is ahead by no more than chance" in found.why
    found = chosen(Serving(good=8), grid={"good": (0, 8)})
    assert found.chosen is found.default
    assert len(found.candidates) == 2, "the default stands in the table once"
    assert found.why == "The default stays: nothing that was tried has more ndcg@3."
    assert json.loads(json.dumps(found.to_json()))["judged_on"] == "validation"


def test_a_search_that_was_stopped_goes_on(chosen: Any, tmp_path: Path) -> None:
    def stopped(one: Any, number: int, of: int) -> None:
        if number == 1:
            raise KeyboardInterrupt

    grid = {"good": (1, 8), "width": (1, 2)}
    with pytest.raises(KeyboardInterrupt):
        chosen(grid=grid, seeds=2, progress=stopped)
    done = list(Serving.fits)
    assert done == [(0, 0), (0, 1), (1, 0), (1, 1)]
    kept = tmp_path / "kept" / "trials.jsonl"
    with kept.open("a") as file:
        file.write('{"digest": "cut off in the mid')
    found = chosen(grid=grid, seeds=2)
    assert len(Serving.fits) == 2 * 5, "something was fitted twice"
    fresh = chosen(grid=grid, seeds=2, folder=tmp_path / "other")
    assert found.to_json()["chosen"] == fresh.to_json()["chosen"]
    assert [one.interval for one in found.candidates] == [one.interval for one in fresh.candidates]
    assert not list(kept.parent.glob("kernel-*")), "checkpoints are left behind"
    assert len(kept.read_text().splitlines()) == 10
    kept.write_text("not a trial\n" + kept.read_text())
    with pytest.raises(UsageError, match=r"line 1 of .*trials\.jsonl"):
        chosen(grid=grid)


@pytest.mark.parametrize("split", SPLITS)
def test_rows_of_the_test_side_are_never_read(split: str, films: Path, tmp_path: Path) -> None:
    here = Path(shutil.copytree(films, tmp_path / "films"))
    catalogue = Catalogue.open(here)
    before = ground(catalogue, Serving(), split=split)
    whole = {(user, item): (value, time) for user, item, value, time in world.rows()}
    history = before.split.history
    users: list[int] = history.users.tolist()
    items: list[int] = history.items.tolist()
    left = {(history.user_ids[u], history.item_ids[i]) for u, i in zip(users, items, strict=True)}
    test = sorted(set(whole) - left)
    assert len(test) == before.put_away > 0
    catalogue.add(world.Offered(rows=[(*pair, 6 - whole[pair][0], whole[pair][1]) for pair in test]))
    assert ground(Catalogue.open(here), Serving(), split=split).digest == before.digest
    judged = before.split.validation
    pair = judged.user_ids[int(judged.users[0])], judged.item_ids[int(judged.items[0])]
    catalogue.add(world.Offered(rows=[(*pair, 6 - whole[pair][0], whole[pair][1])]))
    assert ground(Catalogue.open(here), Serving(), split=split).digest != before.digest
    if split == "cold-items":
        cold = set(history.item_ids) - set(before.split.train_item_ids)
        assert {item for _, item in test}.isdisjoint(history.item_ids), "a test item is in the world"
        assert {judged.item_ids[k] for k in judged.items} <= cold
        assert not before.lessons.may_learn[np.unique(judged.items)].any()


def test_settings_are_laid_over_by_name_and_kept(tmp_path: Path) -> None:
    from triptych.models.hybrid.hybrid import Hybrid

    changes = {"regularisation": 8, "tower.trainer.epochs": 3, "without": ["seeing/colour"], "like": None}
    found = laid_over(Hybrid(), changes)
    assert (found.regularisation, found.tower.trainer.epochs) == (8.0, 3)
    assert (found.without, found.like) == (("seeing/colour",), None)
    for name in ("own.toml", "own.json"):
        write(tmp_path / name, changes, told=["why"])
        assert laid_over(Hybrid(), read(tmp_path / name)) == found
    with pytest.raises(UnknownName, match=r"There are .*floor, half_life_rows, .*width"):
        laid_over(Hybrid(), {"flor": 1})
    for name, value, words in (("floor", "much", "a number"), ("rows", 2.5, "a whole number"), ("tower", 1, "its own")):
        with pytest.raises(UsageError, match=words):
            laid_over(Hybrid(), {name: value})


def test_what_cannot_be_tried(chosen: Any, films: Path) -> None:
    for grid, words in (
        ({}, "nothing is to be tried"),
        ({"like": (3,)}, "like is not for choosing"),
        ({"god": (1,)}, "'good'"),
        ({"good": (1, 1)}, "each once"),
    ):
        with pytest.raises(UsageError, match=words):
            chosen(grid=grid)
    with pytest.raises(UnknownName, match="ndcg"):
        chosen(metric="coverage@10")
    with pytest.raises(UsageError, match="whole number"):
        chosen(metric="ndcg@x")
    with pytest.raises(UnknownName, match="cold-items"):
        ground(Catalogue.open(films), Serving(), split="random")
