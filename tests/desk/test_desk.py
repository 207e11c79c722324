"""The desk: whoever is known by whatever gets what is theirs, and what is new is there at once without a fit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from tests.desk import world
from tests.desk.fake import FakeHybrid
from tests.worlds.clips import scene, write_clip
from triptych.catalogue.catalogue import Catalogue
from triptych.desk.desk import Desk
from triptych.desk.due import Due
from triptych.desk.fitting import fit
from triptych.desk.nearness import nearness
from triptych.desk.sketch import of_text
from triptych.desk.user_lists import frame
from triptych.desk.who import Who
from triptych.errors import MediaError, UnknownName, UsageError
from triptych.features.extractor import Learner
from triptych.features.measure import Job, measure
from triptych.features.registry import build
from triptych.features.store import FeatureStore
from triptych.fusion.fuse import fuse
from triptych.models.ranked import recommend
from triptych.programme.programme import Programme
from triptych.spaces.blocks import Blocks

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
ON = date(2026, 3, 2)
EVE = Who(user="u0")


@pytest.fixture(scope="module")
def desk(standing: Path) -> Desk:
    return Desk.open(Catalogue.open(standing))


def worlds(item_ids: tuple[str, ...]) -> set[str]:
    return {item_id.partition("-")[0] for item_id in item_ids}


def test_a_user_gets_what_the_model_says_and_nothing_they_had(desk: Desk) -> None:
    rows = desk.standing.rows
    expected = recommend(desk.standing.fitted, rows, ["u0"], n=4)
    found = desk.recommend(EVE, on=ON, n=4)
    assert found.item_ids == tuple(expected.items[0])
    assert np.allclose([one.score for one in found.placed], expected.scores[0])
    had = {item for user, item, *_ in world.rows() if user == "u0"}
    assert not had & set(found.item_ids)
    assert had <= set(desk.recommend(EVE, on=ON, programme=Programme(n=12, seen=True)).item_ids)
    every = [one for batch in desk.recommend_all(on=ON, n=4) for one in batch]
    assert [one.user for one in every] == list(desk.user_ids)
    assert every[0] == found
    assert frame(every).filter(user_id="u0")["item_id"].to_list() == list(found.item_ids)


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        (Who(likes=("space-0", "space-5")), "space"),
        (Who(likes=("farm-1",)), "farm"),
        (Who(text="a dark starship drifts between planets"), "space"),
        (Who(text="cows on a meadow"), "farm"),
        (Who(likes=("farm-0",), text="a barn"), "farm"),
    ],
)
def test_who_is_no_user_is_known_by_what_they_like(who: Who, expected: str, desk: Desk) -> None:
    found = desk.recommend(who, on=ON, n=3)
    assert worlds(found.item_ids) == {expected}
    assert not set(who.likes) & set(found.item_ids)


def test_a_stranger_gets_what_is_popular(desk: Desk) -> None:
    counts = dict.fromkeys(desk.item_ids, 0)
    for _, item_id, value, _ in world.rows():
        counts[item_id] += value >= 4
    found = desk.recommend(Who(), on=ON, n=12)
    assert [counts[one] for one in found.item_ids] == sorted(counts.values(), reverse=True)


def test_whom_and_what_nobody_knows_is_told(desk: Desk) -> None:
    with pytest.raises(UnknownName, match=r"no user 'u00'; there is 'u0'.*items, a text or a clip"):
        desk.recommend(Who(user="u00"), on=ON)
    with pytest.raises(UnknownName, match="no item 'space-00'"):
        desk.recommend(Who(likes=("space-00",)), on=ON)
    with pytest.raises(UnknownName, match="no user 'x'"):
        list(desk.recommend_all(["u0", "x"], on=ON))
    with pytest.raises(UsageError, match="user 'u0' is known by what they did"):
        Who(user="u0", text="space")
    with pytest.raises(UsageError, match=r"write \['space-0'\]"):
        Who(likes="space-0")  # type: ignore[arg-type]


def test_a_text_is_read_by_what_reads_plots_and_by_nothing_else(desk: Desk) -> None:
    placing = desk.standing.placing
    found = of_text(placing, "an astronaut")
    assert found.features == ("reading/tfidf-plot",)
    held = dict(zip(found.blocks.names, found.blocks.mask[0].tolist(), strict=True))
    assert held == {title: title == "reading/tfidf-plot" for title in held}
    # A plot of the catalogue, read as a text, is where the item is.
    plot = of_text(placing, world.film("space", 3).plot).blocks
    row = placing.items(Catalogue.open(desk._catalogue.folder), ["space-3"])
    at = placing.fusion.features.index("reading/tfidf-plot")
    assert np.array_equal(plot.values[at], row.values[at])
    with pytest.raises(UsageError, match=r"knows none of its words.*other words"):
        of_text(placing, "xylophone quartet")
    with pytest.raises(UsageError, match="the text is empty"):
        of_text(placing, "  \n")


def test_what_was_asked_for_lifts_what_is_near_it(desk: Desk) -> None:
    who = Who(text="a barn and a harvest")
    found = desk.recommend(who, on=ON, n=12, programme=Programme(seen=True))
    lifts = {one.item_id: dict(one.boosts).get("nearness to the text", 0.0) for one in found.placed}
    assert all((lift > 0) == item_id.startswith("farm") for item_id, lift in lifts.items())
    assert all(one.score == pytest.approx(one.base + sum(dict(one.boosts).values())) for one in found.placed)
    plain = Desk.open(desk._catalogue, strength=0).recommend(who, on=ON, n=12)
    assert {one.item_id: one.base for one in plain.placed} == {one.item_id: one.base for one in found.placed}
    assert not any(one.boosts for one in plain.placed)


def test_nearness_is_of_what_both_have_and_never_below_0() -> None:
    def rows(values: list[list[float]], mask: list[list[bool]]) -> Blocks:
        pair = np.array(values, np.float32)
        return Blocks(
            panels=("seeing", "reading"),
            names=("a", "b"),
            values=(pair[:, :2], pair[:, 2:]),
            mask=np.array(mask),
        )

    items = rows(
        [[1, 0, 1, 0], [0, 1, 0, 1], [0, 0, 1, 0], [0, 0, 0, 0]],
        [[True, True], [True, True], [False, True], [False, False]],
    )
    found = nearness(rows([[3, 0, 2, 0]], [[True, True]]), items)
    assert found[0] > found[2] > 0 == found[3]
    assert found[1] == 0
    assert np.array_equal(nearness(rows([[9, 0, 5, 0]], [[True, True]]), items), found)  # how long it is says nothing
    alone = nearness(rows([[0, 0, 2, 0]], [[False, True]]), items)
    assert alone[0] == alone[2] > 0 == alone[3]
    assert not nearness(rows([[0, 0, 0, 0]], [[False, False]]), items).any()


def test_the_programme_stands_between_score_and_list(desk: Desk) -> None:
    programme = Programme(n=12, where=("year>=1993", "genres!=Space"))
    found = desk.recommend(EVE, on=ON, programme=programme)
    assert found.item_ids
    assert worlds(found.item_ids) == {"farm"}
    assert found.left_out["genres!=Space"] > 0
    found = desk.recommend(EVE, on=ON, programme=Programme(n=3, explore=1, explore_by="ucb", new_below=1))
    assert [one.chosen_by for one in found.placed].count("exploration") <= 1
    diverse = desk.recommend(EVE, on=ON, programme=Programme(n=3, diversify="mmr", diversify_by="vectors", strength=1))
    assert len(worlds(diverse.item_ids)) == 2


def test_explanations_sum_to_the_score_of_the_list(desk: Desk) -> None:
    for who in (EVE, Who(likes=("farm-0",)), Who(text="a starship"), Who()):
        found = desk.recommend(who, on=ON, n=3)
        reasons = desk.why(who, found)
        assert [one.item.item_id for one in reasons] == list(found.item_ids)
        for one, placed in zip(reasons, found.placed, strict=True):
            assert sum(part.value for part in one.reasons) == pytest.approx(placed.base, abs=1e-5)
            assert one.placed == placed
        assert desk.explain(who, found.item_ids[0]).base == pytest.approx(reasons[0].base)
    assert desk.explain(EVE, "farm-3").spoken is not None
    with pytest.raises(UnknownName, match="no item 'x'"):
        desk.explain(EVE, "x")


def test_a_new_item_is_recommended_as_soon_as_it_is_measured(copied: Callable[[], Catalogue]) -> None:
    catalogue, new = copied(), world.film("space", 6)
    desk = Desk.open(catalogue)
    before = desk.recommend(EVE, on=ON, n=12)
    catalogue.add(world.Offered(items=[new]))
    waiting = desk.refresh(at=AT)
    assert (waiting.items, waiting.waiting) == ((), ("space-6",))
    assert "nothing was measured" in waiting.told[0]
    with pytest.raises(UsageError, match="nothing was measured by which to place it: triptych extract"):
        desk.recommend(Who(likes=("space-6",)), on=ON)
    world.measure(catalogue, [new])
    fits = len(FakeHybrid.fits)
    found = desk.refresh(at=AT)
    assert (found.items, found.waiting, found.changed) == (("space-6",), (), True)
    assert found.told == ("Folded in since the fit: 1 new item.",)
    assert "space-6" in desk.recommend(EVE, on=ON, n=3).item_ids
    assert desk.items["space-6"] == new
    # What could be listed before keeps its score.
    scores = {one.item_id: one.base for one in desk.recommend(EVE, on=ON, n=13).placed}
    assert {one.item_id: one.base for one in before.placed}.items() <= scores.items()
    assert desk.similar("space-6", n=3)[0].item_id.startswith("space")
    # The space has it in the same place once it is fused.
    alone = desk.similar("space-6", n=12)
    fuse(catalogue)
    assert desk.similar("space-6", n=12) == alone
    assert Desk.open(catalogue).standing.rows.item_ids == desk.standing.rows.item_ids
    assert len(FakeHybrid.fits) == fits


def test_what_is_taken_in_hangs_on_the_catalogue_and_not_on_when_it_was_looked_at(
    copied: Callable[[], Catalogue],
) -> None:
    catalogue = copied()
    often = Desk.open(catalogue)
    new = [world.film("space", 6), world.film("farm", 6)]
    rows = [("n1", "space-0", 5.0, 1), ("n1", "space-1", 5.0, 2), ("n0", "space-6", 5.0, 9), ("u0", "space-6", 5.0, 9)]
    catalogue.add(world.Offered(items=new, rows=rows))
    found = often.refresh(at=AT)
    assert (found.users, found.rows, found.unknown) == (("n1",), 2, 2)
    assert not often.refresh(at=AT).changed
    world.measure(catalogue, new)  # of which there were interactions before they could be placed
    found = often.refresh(at=AT)
    assert (found.users, found.rows, found.unknown) == (("n0", "n1"), 4, 0)
    at_once = Desk.open(catalogue)
    assert at_once.refresh(at=AT) == found
    for user in ("u0", "u1", "n0", "n1"):
        assert often.recommend(Who(user=user), on=ON) == at_once.recommend(Who(user=user), on=ON)
    assert "space-6" not in often.recommend(EVE, on=ON, n=14).item_ids
    catalogue.add(world.Offered(rows=[("n2", "farm-6", 5.0, 3), ("u0", "farm-6", 5.0, 3), ("u0", "space-1", 1.0, 9)]))
    found = often.refresh(at=AT)
    assert (found.rows, found.users, found.gone, found.unknown) == (7, ("n0", "n1", "n2"), 0, 0)
    once = Desk.open(catalogue)
    assert once.refresh(at=AT) == found
    for user in ("u0", "u1", "n0", "n1", "n2"):
        assert often.recommend(Who(user=user), on=ON) == once.recommend(Who(user=user), on=ON)
    assert "farm-6" not in often.recommend(Who(user="n2"), on=ON, n=14).item_ids
    assert worlds(often.recommend(Who(user="n1"), on=ON, n=3).item_ids) == {"space"}
    assert often.recommend(Who(user="n1"), on=ON).item_ids[0] not in ("space-0", "space-1")


def test_what_left_the_catalogue_is_not_recommended(copied: Callable[[], Catalogue]) -> None:
    catalogue = copied()
    desk = Desk.open(catalogue)
    best = desk.recommend(EVE, on=ON).item_ids[0]
    catalogue.remove([best])
    assert best in desk.recommend(EVE, on=ON).item_ids  # as it stood when it was opened
    desk.refresh(at=AT)
    for found in (desk.recommend(EVE, on=ON, n=12), Desk.open(catalogue).recommend(EVE, on=ON, n=12)):
        assert best not in found.item_ids
        assert found.candidates == 11
    with catalogue.writing("forget"):
        catalogue.tables.delete("interactions", "user_id", ["u1"])
    assert desk.refresh(at=AT).gone == sum(user == "u1" for user, *_ in world.rows())


def test_a_space_that_is_fused_anew_leaves_the_model_as_it_was(copied: Callable[[], Catalogue]) -> None:
    catalogue, new = copied(), world.film("farm", 6)
    catalogue.add(world.Offered(items=[new]))
    world.measure(catalogue, [new])
    before = Desk.open(catalogue)
    before.refresh(at=AT)
    fuse(catalogue, features=["reading/genres"], refit=True)
    after = Desk.open(catalogue)
    after.refresh(at=AT)
    for who in (EVE, Who(text="a barn"), Who(likes=("farm-6",))):
        assert after.recommend(who, on=ON) == before.recommend(who, on=ON)
    assert after.similar("farm-6", n=1)[0].panels.keys() == {"reading"}


def test_when_a_fit_is_due() -> None:
    told = {"rows": 50, "learned": 1000, "items": 3, "days": 10.0}
    assert Due().reasons(**told) == ()
    assert Due(share=0.05).reasons(**told) == ("50 interactions are new, 5.0% of the 1,000 learned from.",)
    assert Due().reasons(**{**told, "days": 30.0}) == ("The fit is 30 days old, and 30 make one due.",)
    assert len(Due(rows=50, items=3, days=10).reasons(**told)) == 3
    assert Due(share=0.1).reasons(rows=0, learned=0, items=0, days=0) == ()
    assert Due.parse("rows=50, days=0.5") == Due(rows=50, share=None, days=0.5)
    for text, words in (("week", "no measure"), ("days=soon", "write it like days=7"), ("days=-1", "above 0")):
        with pytest.raises(UsageError, match=words):
            Due.parse(text)


def test_the_age_of_a_fit_is_told(copied: Callable[[], Catalogue]) -> None:
    desk = Desk.open(copied())
    found = desk.refresh(at=AT + timedelta(days=31))
    assert found.days == 31
    assert found.told == ("The fit is 31 days old, and 30 make one due.",)
    assert desk.refresh(at=(AT + timedelta(days=31)).replace(tzinfo=None)).days == 31


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> tuple[Catalogue, Path]:
    """A catalogue whose films were looked at: red ones and blue ones; and the folder of the clips."""
    folder = tmp_path_factory.mktemp("seen")
    catalogue = world.made(folder / "films", fused=False)
    store = FeatureStore(catalogue.tables)
    store.clear(world.BY_HAND)
    colour = build("seeing/colour")
    assert not isinstance(colour, Learner)
    for k, item in enumerate(catalogue.items(["space-0", "space-5", "farm-2", "farm-3"])):  # the others have no clip
        rgb = (200, 30 + k, 20) if item.item_id.startswith("space") else (20, 30 + k, 200)
        path = write_clip(folder / f"{item.item_id}.mp4", picture=scene(rgb, seed=k), seconds=1.0)
        (row,) = measure(Job(items=(item,), extractors=(colour,), clip=str(path)))
        assert row.feature is not None
        with catalogue.writing("extract"):
            store.write(colour.recipe, {item.item_id: row.feature})
    fuse(catalogue, features=["seeing/colour"])
    fit(catalogue, FakeHybrid(popular=0), at=AT)
    return catalogue, folder


def test_a_clip_is_seen_as_those_of_the_catalogue_were(seen: tuple[Catalogue, Path]) -> None:
    catalogue, folder = seen
    desk = Desk.open(catalogue)
    red = write_clip(folder / "red.webm", picture=scene((210, 40, 30), seed=99), seconds=1.0, codec="libvpx")
    assert worlds(desk.recommend(Who(clip=red), on=ON, n=2).item_ids) == {"space"}
    # The clip of an item is as good as the item.
    assert desk.recommend(Who(clip=folder / "farm-2.mp4"), on=ON, n=1).item_ids == ("farm-2",)
    with pytest.raises(UsageError, match="there is no clip"):
        desk.recommend(Who(clip=folder / "none.mp4"), on=ON)
    torn = folder / "torn.mp4"
    torn.write_bytes(red.read_bytes()[:200])
    with pytest.raises(MediaError, match=r"nothing can be made of the clip 'torn.mp4': .*torn\.mp4"):
        desk.recommend(Who(clip=torn), on=ON)
    with pytest.raises(UsageError, match="nothing that reads a free text"):
        desk.recommend(Who(text="red"), on=ON)


def test_where_nothing_is_seen_no_clip_can_be_taken(desk: Desk, seen: tuple[Catalogue, Path]) -> None:
    with pytest.raises(UsageError, match=r"nothing that is seen or heard in a clip.*seeing/by-hand"):
        desk.recommend(Who(clip=seen[1] / "farm-2.mp4"), on=ON)
