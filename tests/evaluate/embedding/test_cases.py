"""Cases: the nearest to a named item, where wanted ones stand, and how far two embeddings agree."""

from __future__ import annotations

import json

import numpy as np
import pytest

from triptych.errors import UnknownName, UsageError
from triptych.evaluate.embedding.cases import cases, shared

IDS = [f"i{k}" for k in range(12)]
#: On a circle, 30° from one to the next.
TURN = np.deg2rad(30) * np.arange(12)
ROUND = np.column_stack([np.cos(TURN), np.sin(TURN)]).astype(np.float32)


def test_the_nearest_stand_first_with_their_scores() -> None:
    found = cases(ROUND, IDS, ["i3", "i0"], n=(2, 5))
    assert list(found.lists) == ["i3", "i0"]
    assert [(one.item_id, one.rank) for one in found.top("i3", 2)] == [("i2", 1), ("i4", 2)]
    assert {one.item_id for one in found.top("i0", 4)} == {"i1", "i11", "i2", "i10"}
    assert [one.score for one in found.top("i3", 5)] == pytest.approx(
        np.cos(np.deg2rad([30, 30, 60, 60, 90])), abs=1e-6
    )
    assert found.ranks("i3", ["i2", "i9", "i3", "nobody"]) == {"i2": 1, "i9": None, "i3": None, "nobody": None}
    told = found.told
    assert json.loads(json.dumps(told)) == told
    assert [one[0] for one in told["cases"]["i3"]["2"]] == ["i2", "i4"]
    assert (len(told["cases"]["i3"]["5"]), found.items) == (5, 11)
    # Longer than there are items.
    assert len(cases(ROUND, IDS, ["i0"]).top("i0", 200)) == 11
    far = cases(ROUND * np.linspace(1, 2, 12, dtype=np.float32)[:, None], IDS, ["i3"], n=[1], metric="euclidean")
    assert far.top("i3", 1)[0].item_id == "i2"
    assert far.top("i3", 1)[0].score < 0


def test_what_has_no_content_is_near_nothing() -> None:
    mask = np.arange(12) != 4
    found = cases(ROUND, IDS, ["i3"], n=[2], mask=mask)
    assert [one.item_id for one in found.top("i3", 2)] == ["i2", "i1"]
    with pytest.raises(UsageError, match="'i4' has no vector"):
        cases(ROUND, IDS, ["i4"], mask=mask)
    with pytest.raises(UnknownName, match="item 'i44'"):
        cases(ROUND, IDS, ["i44"])
    with pytest.raises(UsageError, match="1 item or more"):
        cases(ROUND, IDS, ["i4"], n=())
    with pytest.raises(UsageError, match="for 11 items"):
        cases(ROUND, IDS[:11], ["i4"])
    with pytest.raises(UnknownName, match="case 'i5'"):
        found.top("i5", 1)


def test_two_embeddings_agree_as_far_as_their_lists_do() -> None:
    one = cases(ROUND, IDS, ["i0", "i6"], n=(5,))
    turned = cases(ROUND @ np.array([[0, 1], [-1, 0]], np.float32), IDS, ["i0"], n=(5,))
    other = cases(np.column_stack([np.cos(2 * TURN), np.sin(2 * TURN)]), IDS, ["i0"], n=(5,))
    assert shared(one, turned, 4) == {"i0": {"shared": 1.0, "by_chance": 4 / 11}}
    # By twice the angle i6 stands where i0 does, and i1, i5, i7 and i11 are next: two of the five are the same.
    assert shared(one, other, 5)["i0"] == {"shared": pytest.approx(2 / 5), "by_chance": 5 / 11}
