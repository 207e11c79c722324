"""A re-ranker over the hybrid itself: fitted, kept, opened again, brought up to date, and what it refuses."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.desk import seasons, world
from tests.desk.fake import FakeHybrid
from triptych.catalogue.catalogue import Catalogue
from triptych.desk import fitting, kinds
from triptych.desk.desk import Desk
from triptych.desk.fitting import fit
from triptych.desk.model_folder import ModelFolder
from triptych.desk.order import BELOW, Ranked
from triptych.desk.reranking import USUAL, sentence
from triptych.desk.standing import Standing
from triptych.desk.who import Who
from triptych.errors import CatalogueError, MissingExtra, TriptychError, UsageError
from triptych.explain.sentence import sentence as said
from triptych.models.rerank import lambdamart
from triptych.models.rerank.two_stage import TwoStage
from triptych.programme.programme import Programme

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
ON = date(2026, 3, 2)
USERS = tuple(Who(user=f"user-{k}") for k in (0, 1, 7, 30))
NO_USERS = (Who(), Who(likes=("item-3", "item-9")), Who(text="a dragon castle"))


def settings(**more: Any) -> TwoStage:
    usual = {
        "sources": USUAL.sources,
        "ranker": seasons.RANKER,
        "candidates": 30,
        "later": "user",
        "rows": 2,
        "cuts": 4,
    }
    return TwoStage(**{**usual, **more})


@pytest.fixture(scope="module")
def real(fake: None) -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        where = "triptych.models.hybrid"
        patch.setattr(kinds, "KINDS", {"hybrid": (f"{where}.hybrid:Hybrid", f"{where}.fitted:Fitted")})
        yield kinds.settings_of("hybrid")(seed=1)


@pytest.fixture(scope="module")
def fitted(real: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Catalogue, Standing]:
    catalogue = seasons.made(tmp_path_factory.mktemp("reranked") / "films")
    return catalogue, fit(catalogue, real, at=AT, rerank=settings()).standing


@pytest.fixture
def films(fitted: tuple[Catalogue, Standing], tmp_path: Path) -> Catalogue:
    """One of one's own."""
    return Catalogue.open(Path(shutil.copytree(fitted[0].folder, tmp_path / "films")))


def test_what_was_kept_answers_as_what_was_fitted_to_the_last_bit(fitted: tuple[Catalogue, Standing]) -> None:
    catalogue, made = fitted
    fresh, opened = Desk(catalogue, made), Desk.open(catalogue)
    for who in (*USERS, *NO_USERS):
        listed = opened.recommend(who, on=ON, n=48)
        assert listed == fresh.recommend(who, on=ON, n=48)
        assert opened.why(who, listed) == fresh.why(who, listed)
    every = [one for part in opened.recommend_all(on=ON) for one in part]
    assert [every[opened.user_ids.index(who.user)] for who in USERS] == [opened.recommend(who, on=ON) for who in USERS]


def test_the_folder_holds_both_and_says_what_was_learned(fitted: tuple[Catalogue, Standing]) -> None:
    folder = ModelFolder(fitted[0].folder, "hybrid")
    told = folder.manifest()
    assert told["files"].keys() == {"arrays.safetensors", "body.json", "ranker.txt"}
    assert told["kind"] == "hybrid"
    learned = told["rerank"]
    assert learned["settings"]["sources"] == list(USUAL.sources)
    assert learned["settings"]["like"] == told["interactions"]["like"] == 4.0
    assert learned["cuts"] == 4
    assert seasons.RANKER.fewest <= learned["trees"][0] <= seasons.RANKER.trees
    validated = learned["validated"]
    assert validated["difference"]["value"] == pytest.approx(
        validated["reranked"]["value"] - validated["model"]["value"]
    )
    assert validated["reranked"]["low"] <= validated["reranked"]["value"] <= validated["reranked"]["high"]
    better = {**validated, "difference": {"value": 0.01, "low": -0.02, "high": 0.04, "p": 0.1}}
    words = sentence({**learned, "validated": better})
    assert f"{validated['users']} users liked next, it came to ndcg@10 {validated['reranked']['value']:.4f}" in words
    assert "no better" not in words
    worse = {**validated, "difference": {"value": -0.01, "low": -0.02, "high": 0.0, "p": 0.1}}
    assert "no better than the model's own order" in sentence({**learned, "validated": worse})
    assert told["seconds"].keys() == {"gathered", "fitted", "reranker"}


def test_parts_sum_to_the_score_and_a_history_is_told_of_the_hybrid(fitted: tuple[Catalogue, Standing]) -> None:
    desk = Desk.open(fitted[0])
    for who in USERS:
        listed = desk.recommend(who, on=ON, n=10)
        assert listed.scored_by == "re-ranker"
        assert listed.notes == ()
        for one, placed in zip(desk.why(who, listed), listed.placed, strict=True):
            assert sum(reason.value for reason in one.reasons) == pytest.approx(placed.base, abs=1e-6)
            assert one.spoken is not None
            assert one.spoken.of == "hybrid"
            assert {reason.group for reason in one.reasons} >= {"hybrid", "succession", "usual"}
            assert said(one).endswith(".")
            # What was had speaks twice, as a group of columns and as the titles that are named; those stand first.
            assert f"{one.item.name} liked" not in said(one)
    had = desk.standing.rows.item_ids[int(desk._now.had(desk._now.user("user-0"))[0])]
    below = desk.explain(USERS[0], had)
    assert [reason.group for reason in below.reasons] == ["usual"]
    assert BELOW in below.notes


def test_without_it_lists_are_those_of_the_model_alone(fitted: tuple[Catalogue, Standing], real: Any) -> None:
    catalogue, _ = fitted
    plain = fit(catalogue, real, at=AT, model="plain")
    assert plain.manifest["rerank"] is None
    own, alone, both = Desk.open(catalogue, rerank=False), Desk.open(catalogue, model="plain"), Desk.open(catalogue)
    for who in (*USERS, *NO_USERS):
        listed = alone.recommend(who, on=ON)
        assert own.recommend(who, on=ON) == listed
        assert own.why(who, listed) == alone.why(who, listed)
    assert any(both.recommend(who, on=ON).item_ids != own.recommend(who, on=ON).item_ids for who in USERS)


def test_who_is_no_user_and_what_was_seen_get_the_models_own_order(fitted: tuple[Catalogue, Standing]) -> None:
    both, own = Desk.open(fitted[0]), Desk.open(fitted[0], rerank=False)
    asked = [(who, Programme()) for who in NO_USERS] + [(USERS[0], Programme(seen=True))]
    for who, programme in asked:
        found, plain = (desk.recommend(who, on=ON, programme=programme) for desk in (both, own))
        assert (found.placed, found.scored_by, plain.notes) == (plain.placed, "model", ())
        assert found.notes[0].startswith("In the model's own order: the re-ranker knows")
        assert both.why(who, found) == own.why(who, plain)


def test_what_is_new_is_listed_and_of_it_nothing_is_known_but_content(films: Catalogue) -> None:
    desk = Desk.open(films)
    new = [seasons.film(48), seasons.film(56, genres=("Kind 9",))]
    rows = [("ann", "item-0", 5.0, 2_000_000), ("ann", "item-8", 5.0, 2_000_100), ("bob", "item-0", 5.0, None)]
    films.add(world.Offered(items=new, rows=rows))  # type: ignore[arg-type]
    world.measure(films, new, seasons.READ)
    found = desk.refresh(at=AT)
    assert (found.items, found.users, found.rows) == (("item-48", "item-56"), ("ann", "bob"), 3)
    again = Desk.open(films)
    assert again.refresh(at=AT) == found
    for who in (*USERS, Who(user="ann"), Who(user="bob")):
        listed = desk.recommend(who, on=ON, n=50)
        assert listed == again.recommend(who, on=ON, n=50)
        assert {"item-48", "item-56"} <= set(listed.item_ids)
        assert listed.scored_by == "re-ranker"
        assert len(desk.why(who, listed)) == len(listed)
    order = desk._now.order
    assert isinstance(order, Ranked)
    stage = order.reranked.stage
    candidates = stage.pool.of(np.array([desk._now.user("ann")]))
    row = int(np.flatnonzero(candidates.items == desk._now.item("item-48"))[0])  # alike to what is liked
    told = dict(zip([one.name for one in stage.columns], stage.table(candidates)[row].tolist(), strict=True))
    known = {name for name, value in told.items() if not np.isnan(value)}
    assert {"score by hybrid", "rank by hybrid", "reading, like the taste", "genres, like the taste", "year"} <= known
    assert not known & {
        "rows of the item",
        "mean of the item",
        "popularity, 0.05",
        "score by item kNN",
        "rest of the item",
    }
    assert "nobody has rated it yet" in said(desk.explain(Who(user="ann"), "item-48")).lower()


def test_a_doubt_is_in_the_units_of_the_list(fitted: tuple[Catalogue, Standing]) -> None:
    both = Desk.open(fitted[0])
    programme = Programme(n=5, explore=1, explore_by="ucb")
    assert len(both.recommend(USERS[0], on=ON, programme=programme)) == 5
    order, place = both._now.order, both._now.user("user-0")
    given = order.scores(np.array([place]))[0]
    own = both._now.fitted.scores(np.array([place]))[0]
    assert order.unit(place, given) == pytest.approx(given.std() / own.std())


def refused(catalogue: Catalogue, words: str, kind: type[TriptychError] = UsageError, **more: Any) -> None:
    before = len(FakeHybrid.fits)
    with pytest.raises(kind, match=words):
        fit(catalogue, FakeHybrid(), at=AT, rerank=settings(**more), model="other")
    assert len(FakeHybrid.fits) == before  # nothing was fitted in vain
    assert not ModelFolder(catalogue.folder, "other").exists()


def test_what_cannot_teach_is_refused_before_anything_is_fitted(
    films: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = world.made(tmp_path / "small")
    refused(small, "too little to learn a re-ranker from: .* it takes 50 in the .*triptych fit .* --no-rerank")
    refused(films, "too little to learn a re-ranker from: 60 times somebody liked something later, in 1 past;", cuts=1)
    rows = seasons.rows()
    with films.writing("forget"):
        films.tables.delete("interactions", "kind", ["rating"])
    films.add(world.Offered(rows=[(user, item, value, 5) for user, item, value, _ in rows]))
    refused(films, "cannot be cut into past and later.*Or fit without it: triptych fit", later="all")
    with films.writing("forget"):
        films.tables.delete("interactions", "kind", ["rating"])
    films.add(world.Offered(rows=[(user, item, value, None) for user, item, value, _ in rows]))  # type: ignore[misc]
    refused(films, r"\d+ of \d+ interactions have no time. Add them anew with a timestamp, or fit without it")
    monkeypatch.setattr(lambdamart, "find_spec", lambda name: None if name == "lightgbm" else find_spec(name))
    refused(films, r"pip install 'triptych\[rank\]'", MissingExtra)


def test_without_lightgbm_the_models_own_order_is_left(films: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lambdamart, "find_spec", lambda name: None if name == "lightgbm" else find_spec(name))
    with pytest.raises(UsageError, match=r"fitted with --rerank.*pip install 'triptych\[rank\]'.*--no-rerank"):
        Desk.open(films)
    assert Desk.open(films, rerank=False).recommend(USERS[0], on=ON).scored_by == "model"


def test_a_damaged_re_ranker_is_named(films: Catalogue) -> None:
    path = ModelFolder(films.folder, "hybrid").folder / "1" / "ranker.txt"
    text = path.read_text()
    path.write_text(text.replace("tree", "Tree", 1))
    with pytest.raises(CatalogueError, match=r"ranker.txt' is not as it was written"):
        Desk.open(films)
    path.unlink()
    with pytest.raises(CatalogueError, match=r"ranker.txt' cannot be read"):
        Desk.open(films)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda kept: kept["texts"].clear(), "'ranker.txt' is missing"),
        (lambda kept: kept["texts"].update({"ranker.txt": "tree\n"}), "hybrid/ranker.txt holds no trees"),
        (lambda kept: kept["body"]["reranker"]["columns"].pop(), r"trees of \d+ columns, and \d+ were named"),
        (lambda kept: kept["body"]["reranker"]["settings"].pop("each"), "'each' is missing"),
        (lambda kept: kept["body"]["reranker"]["settings"].update(sources=["fortune"]), "no source of candidates"),
        (lambda kept: kept["body"]["reranker"]["settings"]["ranker"].update(depth=3), "depth"),
        (
            lambda kept: kept["arrays"].update({"reranker:year.mask": np.ones(2, bool)}),
            "rows? for each|tells of 2 items",
        ),
    ],
)
def test_a_re_ranker_that_does_not_hold_together_is_refused(
    change: Callable[[dict[str, Any]], Any], words: str, films: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = ModelFolder(films.folder, "hybrid").read()
    told = {
        **vars(kept),
        "body": json.loads(json.dumps(kept.body)),
        "arrays": dict(kept.arrays),
        "texts": dict(kept.texts),
    }
    change(told)
    monkeypatch.setattr(ModelFolder, "read", lambda self: type(kept)(**told))
    with pytest.raises(CatalogueError, match=words) as caught:
        Desk.open(films)
    assert "--no-rerank" in str(caught.value)
    assert Desk.open(films, rerank=False).recommend(USERS[0], on=ON).placed


def test_columns_of_another_version_are_noticed(films: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = ModelFolder(films.folder, "hybrid").read()
    body = json.loads(json.dumps(kept.body))
    body["reranker"]["columns"][0] = "score by magic"
    monkeypatch.setattr(ModelFolder, "read", lambda self: type(kept)(**{**vars(kept), "body": body}))
    with pytest.raises(CatalogueError, match=r"other columns than this version makes.*--no-rerank"):
        Desk.open(films).recommend(USERS[0], on=ON)


def test_a_fit_that_ends_while_the_re_ranker_learns_leaves_the_model_that_stood(
    films: Catalogue, real: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Desk.open(films).recommend(USERS[0], on=ON)
    learned = fitting.learned

    def ended(*given: Any, **more: Any) -> Any:
        learned(*given, **more)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(fitting, "learned", ended)
        with pytest.raises(KeyboardInterrupt):
            fit(films, real, at=AT, rerank=settings(seed=5))
    folder = ModelFolder(films.folder, "hybrid")
    assert folder.versions() == [1]
    assert (folder.folder / "learning" / "past").is_dir()  # the next one goes on from there
    assert Desk.open(films).recommend(USERS[0], on=ON) == before
    steps: list[tuple[str, int, int]] = []
    fit(films, real, at=AT, rerank=settings(), report=lambda *step: steps.append(step))
    assert folder.versions() == [1, 2]
    assert not (folder.folder / "learning").exists()
    assert Desk.open(films).recommend(USERS[0], on=ON).placed == before.placed
    assert ("two-stage", 5, 5) in steps


def test_it_learns_what_a_model_does_not_look_at(films: Catalogue) -> None:
    """What is liked next follows from who likes it and when; the model knows content and popularity alone."""
    told = fit(films, FakeHybrid(), at=AT, model="other", rerank=settings()).manifest["rerank"]
    assert told["validated"]["difference"]["low"] > 0.1


def test_every_row_may_be_a_like_and_several_rankers_are_kept(films: Catalogue) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kinds, "KINDS", {"hybrid": ("tests.desk.fake:FakeHybrid", "tests.desk.fake:FakeFitted")})
        made = fit(films, FakeHybrid(like=None), at=AT, model="all", rerank=settings(seeds=2)).standing
        assert {"ranker.txt", "ranker-2.txt"} <= made.manifest["files"].keys()
        assert made.manifest["rerank"]["settings"]["like"] is None
        fresh, opened = Desk(films, made), Desk.open(films, model="all")
        assert opened.recommend(USERS[0], on=ON) == fresh.recommend(USERS[0], on=ON)
