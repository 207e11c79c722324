"""Space and ranking: who is near whom, by whose leave, and what is said of what is not there."""

from __future__ import annotations

import numpy as np
import pytest

from triptych.errors import SpaceError, UnknownName, UsageError
from triptych.spaces.search import Blocks
from triptych.spaces.space import Space

#: Angles in degrees: in seeing a, b, c, d follow one another; in hearing c is next to a, and e is only heard.
SEEN = {"a": 0, "b": 10, "c": 40, "d": 90}
HEARD = {"a": 0, "b": 100, "c": 5, "e": 30}


def space(seen: dict[str, float] | None = None, heard: dict[str, float] | None = None) -> Space:
    seen, heard = (SEEN if seen is None else seen), (HEARD if heard is None else heard)
    ids = tuple(sorted(seen.keys() | heard.keys()))
    values, masks = [], []
    for angles in (seen, heard):
        turned = np.deg2rad([angles.get(item_id, 0) for item_id in ids])
        mask = np.array([item_id in angles for item_id in ids], bool)
        values.append(np.where(mask[:, None], np.stack([np.cos(turned), np.sin(turned)], axis=1), 0).astype(np.float32))
        masks.append(mask)
    blocks = Blocks(panels=("seeing", "hearing"), values=tuple(values), mask=np.stack(masks, axis=1))
    return Space(name="angles", item_ids=ids, blocks=blocks, recipe="{}")


def ids(made: Space, item_id: str, **options: object) -> list[str]:
    return [near.item_id for near in made.similar([item_id], **options).of(item_id)]  # type: ignore[arg-type]


def cosine(degrees: float) -> float:
    return float(np.cos(np.deg2rad(degrees)))


def test_both_panels_count_and_each_is_told() -> None:
    [(query, near)] = list(space().similar(["a"]))
    assert query == "a"
    assert [(n.item_id, n.rank) for n in near] == [("c", 1), ("e", 2), ("b", 3), ("d", 4)]
    assert near[0].panels == pytest.approx({"seeing": cosine(40), "hearing": cosine(5)}, abs=1e-6)
    assert near[0].score == pytest.approx((cosine(40) + cosine(5)) / 2, abs=1e-6)
    assert near[1].panels == pytest.approx({"hearing": cosine(30)}, abs=1e-6)
    assert near[1].score == pytest.approx(cosine(30) / np.sqrt(2), abs=1e-6)  # e says nothing of how a looks


def test_weights_choose_panels() -> None:
    assert ids(space(), "a", weights={"seeing": 1}) == ["b", "c", "d"]
    assert ids(space(), "a", weights={"hearing": 0.2}) == ["c", "e", "b"]
    near = space().similar(["a"], weights={"seeing": 3, "hearing": 1}).of("a")
    assert [n.item_id for n in near] == ["c", "b", "e", "d"]
    assert {n.item_id: n.score for n in near}["e"] == pytest.approx(np.sqrt(1 / 4) * cosine(30), abs=1e-6)
    assert near[0].score == pytest.approx((3 * cosine(40) + cosine(5)) / 4, abs=1e-6)


def test_an_item_is_not_its_own_neighbour_and_lists_end_where_the_items_do() -> None:
    made = space()
    for item_id in made.item_ids:
        assert item_id not in ids(made, item_id, n=100)
    assert ids(made, "d", n=100) == ["c", "b", "a"]  # e cannot be compared with d
    ranking = made.similar(["a", "d"], n=100)
    assert ranking.items.shape == (2, 5)
    assert ranking.items[1].tolist() == ["c", "b", "a", "", ""]
    assert np.isnan(ranking.panels["hearing"][1]).all()


def test_candidates_limit_the_choice_and_may_hold_the_item_itself() -> None:
    made = space()
    assert ids(made, "a", candidates=["d", "b", "a", "b"]) == ["b", "d"]
    assert ids(made, "a", candidates=[]) == []
    assert ids(made, "a", candidates=["a"]) == []
    full = made.similar(["a", "b", "e"], n=4)
    again = made.similar(["a", "b", "e"], n=4, candidates=list(reversed(made.item_ids)))
    assert again.items.tolist() == full.items.tolist()
    assert again.scores.tobytes() == full.scores.tobytes()
    assert all(again.panels[panel].tobytes() == full.panels[panel].tobytes() for panel in made.panels)


def test_twins_stand_in_the_order_of_the_items() -> None:
    made = space(seen={"q": 0, "b": 20, "a": 20, "c": -20}, heard={})
    assert ids(made, "q", weights={"seeing": 1}) == ["a", "b", "c"]


def test_the_same_item_may_be_asked_for_twice_and_nothing_for_nothing() -> None:
    ranking = space().similar(["a", "a"], n=2)
    assert ranking.queries == ("a", "a")
    assert ranking.items[0].tolist() == ranking.items[1].tolist()
    assert list(space().similar([])) == []


def test_one_item_has_no_neighbour() -> None:
    made = space(seen={"only": 3}, heard={})
    assert ids(made, "only") == []
    assert made.similar(["only"]).items.tolist() == [[""]]


def test_distances_are_told_with_their_sign_turned() -> None:
    near = space().similar(["a"], metric="euclidean").of("a")
    assert [one.item_id for one in near] == ["c", "e", "b", "d"]
    apart = {item_id: 2 * np.sin(np.deg2rad(angle / 2)) for item_id, angle in (*SEEN.items(), *HEARD.items())}
    assert near[1].score == pytest.approx(-np.sqrt(2) * apart["e"], abs=1e-6)  # twice the squares, for half is known
    assert near[1].panels == pytest.approx({"hearing": -apart["e"]}, abs=1e-6)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("batch", [1, 2, 3, None])
def test_lists_of_all_are_those_of_each(metric: str, batch: int | None) -> None:
    made = space()
    told: list[tuple[int, int]] = []
    found = list(made.lists(3, metric=metric, batch=batch, progress=lambda done, total: told.append((done, total))))
    assert np.concatenate([part.items for part in found]).tolist() == list(range(5))
    assert len(found) == -(-5 // (batch or 5))
    assert told[-1] == (5, 5)
    assert told == sorted(told)
    whole = made.similar(made.item_ids, n=3, metric=metric)
    names = np.array([*made.item_ids, ""], dtype=object)
    assert names[np.concatenate([part.neighbours for part in found])].tolist() == whole.items.tolist()
    assert np.concatenate([part.scores for part in found]).tobytes() == whole.scores.tobytes()


def test_lists_of_some_among_some() -> None:
    made = space()
    [part] = made.lists(2, items=["d", "a"], candidates=["c", "a", "b"], weights={"seeing": 1})
    assert part.items.tolist() == [3, 0]
    assert part.neighbours.tolist() == [[2, 1], [1, 2]]
    [whole] = made.lists(9, candidates=["c"], weights={"seeing": 1})
    assert whole.neighbours.tolist() == [[2], [2], [-1], [2], [-1]]
    with pytest.raises(UsageError, match="a batch is of 0 items"):
        made.lists(2, batch=0)
    with pytest.raises(UnknownName, match="no metric 'l2'"):
        made.lists(2, metric="l2")


def test_an_empty_space_knows_no_item() -> None:
    made = space(seen={}, heard={})
    with pytest.raises(UnknownName, match="no item 'a'; there is none yet"):
        made.similar(["a"])


def test_what_cannot_be_asked() -> None:
    made = space()
    with pytest.raises(UnknownName, match=r"no item 'aa'; there is 'a'.*triptych fuse"):
        made.similar(["aa"])
    with pytest.raises(UnknownName, match="no item 'z'"):
        made.similar(["a"], candidates=["b", "z"])
    with pytest.raises(UnknownName, match="no query 'b'; there is 'a'"):
        made.similar(["a"]).of("b")
    with pytest.raises(UsageError, match="n is 0"):
        made.similar(["a"], n=0)
    with pytest.raises(UsageError, match=r"write \['a'\]"):
        made.similar("a")
    with pytest.raises(UnknownName, match="no panel 'seing'; there is 'seeing'"):
        made.similar(["a"], weights={"seing": 1})
    for weights in ({"seeing": -1.0}, {"seeing": float("nan")}, {"hearing": float("inf")}):
        with pytest.raises(UsageError, match="a weight is 0 or above"):
            made.similar(["a"], weights=weights)
    for weights in ({}, {"seeing": 0.0}, {"seeing": 0.0, "hearing": 0.0}):
        with pytest.raises(UsageError, match="all weights are 0"):
            made.similar(["a"], weights=weights)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"item_ids": ("a", "b")}, "2 ids for 3 rows"),
        ({"item_ids": ("a", "b", "a")}, "an item id stands twice"),
        ({"values": [[1], [np.nan], [0]]}, "seeing in space 'x' holds NaN"),
        ({"values": [[1], [2], [3]]}, "has values in rows that are masked"),
    ],
)
def test_what_is_no_space(change: dict[str, object], said: str) -> None:
    values = np.array(change.pop("values", [[1], [2], [0]]), np.float32)
    blocks = Blocks(panels=("seeing",), values=(values,), mask=np.array([[True], [True], [False]]))
    parts: dict[str, object] = {"name": "x", "item_ids": ("a", "b", "c"), "blocks": blocks, "recipe": "{}"}
    with pytest.raises(SpaceError, match=said):
        Space(**{**parts, **change})  # type: ignore[arg-type]
