"""Subclips: equal parts in time of a sequence, and what each becomes; panels, scaled by training items alone."""

from __future__ import annotations

import numpy as np
import pytest

from triptych.errors import UnknownName, UsageError
from triptych.models.background import Background, Field
from triptych.models.deep_cf.inputs import Panel, Reading, panels
from triptych.models.deep_cf.subclips import STATISTICS, aggregated, ends
from triptych.models.similarity import Sequences

HOW = Reading(subclips=2, statistic="mean", scaling="z-score", share=0.95)


def sequences(title: str, *items: tuple[list[float], list[float]]) -> Sequences:
    """Of each item, times and values of one entry."""
    return Sequences(
        title=title,
        values=tuple(np.array(values, np.float32).reshape(-1, 1) for _, values in items),
        times_s=tuple(np.array(times, np.float64) for times, _ in items),
    )


@pytest.mark.parametrize(
    ("statistic", "expected"),
    [
        ("mean", [[3.0], [20.0]]),
        ("mean-variance", [[3.0, 16.5], [20.0, 100.0]]),
        ("median", [[1.0], [20.0]]),
        ("median-mad", [[1.0, 0.5], [20.0, 10.0]]),
    ],
)
def test_parts_are_equal_in_time_and_become_their_statistic(statistic: str, expected: list[list[float]]) -> None:
    """Four vectors begin in the first four seconds, and two in the last; the last holds for one, as the others do."""
    given = sequences("s", ([0, 1, 2, 3, 4, 7], [0, 1, 10, 1, 10, 30]), ([], []))
    ends_s = ends([given], 2)
    assert ends_s.tolist() == [8.0, 0.0]
    found = aggregated(given, ends_s, subclips=2, statistic=statistic)
    np.testing.assert_allclose(found[0], expected, rtol=1e-6)
    assert found.dtype == np.float32
    assert not found[1].any()


def test_fewer_vectors_than_parts_stand_for_as_long_as_they_hold() -> None:
    given = sequences("s", ([0, 5], [1, 2]))
    found = aggregated(given, np.array([10.0]), subclips=4)
    assert found[0, :, 0].tolist() == [1.0, 1.0, 2.0, 2.0]
    assert aggregated(sequences("s", ([0], [7])), np.array([1.0]), subclips=3)[0, :, 0].tolist() == [7.0] * 3


def test_sight_and_sound_are_cut_at_the_same_moments() -> None:
    """The sound ends at 4 s and the pictures at 8: its second half is silent, and not half of the sound."""
    seen = sequences("seeing/s", ([0, 2, 4, 6], [0, 0, 1, 1]), ([0, 2, 4, 6], [1, 1, 0, 0]))
    heard = sequences("hearing/s", ([0, 1, 2, 3], [1, 2, 3, 4]), ([0, 1, 2, 3], [1, 1, 1, 2]))
    ends_s = ends([seen, heard], 2)
    assert ends_s.tolist() == [8.0, 8.0]
    assert aggregated(heard, ends_s, subclips=2)[:, :, 0].tolist() == [[2.5, 4.0], [1.25, 2.0]]


def test_bad_cuts_are_refused() -> None:
    given = sequences("s", ([0], [1]))
    with pytest.raises(UsageError, match="cut into 0 parts"):
        aggregated(given, np.ones(1), subclips=0)
    with pytest.raises(UnknownName, match="median-mad"):
        aggregated(given, np.ones(1), subclips=1, statistic="mad")
    wide = tuple(np.ones((1, width), np.float32) for width in (2, 3))
    odd = Sequences(title="odd", values=wide, times_s=(np.zeros(1), np.zeros(1)))
    with pytest.raises(UsageError, match="2 and 3 entries"):
        aggregated(odd, np.ones(2), subclips=1)
    assert set(STATISTICS) == {"mean", "mean-variance", "median", "median-mad"}


def _background(seed: int = 0, items: int = 12) -> Background:
    rng = np.random.default_rng(seed)
    mask = np.arange(items) != 3
    timed = Sequences(
        title="seeing/frames",
        values=tuple(rng.normal(size=(0 if k == 3 else 6, 4)).astype(np.float32) for k in range(items)),
        times_s=tuple(np.arange(0.0 if k == 3 else 6.0) for k in range(items)),
    )
    fields = {
        "seeing/look": Field(values=(rng.normal(size=(items, 3)) * mask[:, None]).astype(np.float32), mask=mask),
        "hearing/tone": Field(values=rng.normal(size=(items, 5)).astype(np.float32), mask=np.ones(items, bool)),
    }
    return Background(items=fields, sequences={"seeing/frames": timed})


def test_a_panel_is_all_that_there_is_of_it_and_a_field_stands_in_every_step() -> None:
    learned = np.arange(12) < 9
    seen, heard = panels(
        _background(), {"seeing": ("*",), "hearing": ("*",), "reading": ("*",)}, learned, HOW, model="m"
    )
    assert (seen.titles, heard.titles) == (("seeing/frames", "seeing/look"), ("hearing/tone",))
    assert seen.values.shape[:2] == (12, 2)
    assert heard.values.shape[:2] == (12, 1)
    look = seen.values[:, :, -2:]
    np.testing.assert_array_equal(look[:, 0], look[:, 1])
    assert not seen.values[3].any()
    assert seen.mask.tolist() == [k != 3 for k in range(12)]
    # Components of what teaches have mean 0, and variances that are 1 in the mean of each title.
    for one in (seen, heard):
        own = one.values[learned & one.mask].reshape(-1, one.values.shape[2])
        np.testing.assert_allclose(own.mean(axis=0), 0, atol=1e-6)
        assert (np.diff(own.std(axis=0)) < 1e-6).sum() >= own.shape[1] - 2
    sound = heard.values[learned, 0]
    np.testing.assert_allclose(sound.var(axis=0, ddof=1).mean(), 1, rtol=1e-5)


def test_components_keep_the_share_and_hang_on_training_items_alone() -> None:
    rng = np.random.default_rng(5)
    learned = np.arange(40) < 30
    one = np.outer(rng.normal(size=40), [1, 1, 1]) + 1e-3 * rng.normal(size=(40, 3))

    def made(values: np.ndarray, share: float) -> Panel:
        field = Field(values=values.astype(np.float32), mask=np.ones(40, bool))
        how = Reading(subclips=1, statistic="mean", scaling="z-score", share=share)
        return panels(Background(items={"f": field}), {"seeing": ("f",)}, learned, how, model="m")[0]

    assert made(one, 0.95).values.shape == (40, 1, 1)
    assert made(one, 1.0).values.shape == (40, 1, 3)
    changed = one.copy()
    changed[30:] = 1e3
    np.testing.assert_array_equal(made(one, 0.95).values[:30], made(changed, 0.95).values[:30])


def test_what_no_training_item_has_and_what_is_alike_for_all_has_no_width() -> None:
    learned = np.array([True, True, True, False])
    known = Field(values=np.ones((4, 2), np.float32), mask=~learned)
    alike = Field(values=np.ones((4, 2), np.float32), mask=np.ones(4, bool))
    unknown, same = (
        panels(Background(items={"f": one}), {"seeing": ("f",)}, learned, HOW, model="m")[0] for one in (known, alike)
    )
    assert unknown.values.shape == same.values.shape == (4, 1, 0)


def test_a_name_that_is_not_there_is_told_what_is() -> None:
    with pytest.raises(UnknownName, match=r"seeing/loo.*seeing/look"):
        panels(_background(), {"seeing": ("seeing/loo",)}, np.ones(12, bool), HOW, model="m")
