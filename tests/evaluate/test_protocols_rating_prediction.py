"""Rating prediction: by hand, warm and cold apart, and no row without an answer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from triptych.catalogue.history import UNTIMED, History
from triptych.errors import UnknownName, UsageError
from triptych.evaluate.protocols.rating_prediction import rating_prediction
from triptych.evaluate.split import TEST, TRAIN, Split
from triptych.models.predictor import Asked, Prediction

#: u and v are known, w is not; item c is cold.
ROWS = [(0, 0, 1, TRAIN), (1, 1, 5, TRAIN), (0, 1, 4, TEST), (0, 2, 2, TEST), (1, 0, 3, TEST), (2, 0, 5, TEST)]


@dataclass(frozen=True, kw_only=True)
class Constant:
    """Says the same of everyone."""

    value: float = 3.0
    answers: int = 0

    @property
    def facts(self) -> Mapping[str, Any]:
        return {}

    def predict(self, asked: Asked) -> Prediction:
        return Prediction(mean=np.full(len(asked) + self.answers, self.value))


def split() -> Split:
    users, items, values, side = (np.array(column) for column in zip(*ROWS, strict=True))
    history = History(
        user_ids=("u", "v", "w"),
        item_ids=("a", "b", "c"),
        users=users.astype(np.int32),
        items=items.astype(np.int32),
        values=values.astype(np.float32),
        times=np.full(len(ROWS), UNTIMED),
    )
    return Split(history=history, side=side.astype(np.int8), name="by hand")


@pytest.mark.parametrize("batch", [1, 3, 100])
def test_by_hand(batch: int) -> None:
    found = rating_prediction(Constant(), split(), batch=batch)
    overall = found["overall"].measured
    assert overall.ids == ("u", "v", "w")
    assert overall.values["mae"].tolist() == [1, 0, 2]
    assert overall.values["rmse"].tolist() == [1, 0, 2]
    # Over the four ratings at once, not over the three users; those learned from go from 1 to 5.
    assert overall.mean("mse") == (1 + 1 + 0 + 4) / 4
    assert overall.mean("rmse") == math.sqrt(6 / 4)
    assert overall.mean("nmae") == pytest.approx(1 / 4)
    assert found["warm"].measured.mean("mae") == 1 / 2
    assert found["cold"].measured.mean("mae") == 3 / 2
    assert found["cold"].measured.ids == ("u", "w")
    assert found["cold"].left_out == {"nothing to judge by": 1}
    assert len(found["warm"].judged) + len(found["cold"].judged) == len(found["overall"].judged) == 4


def test_a_wider_scale_makes_the_same_error_smaller() -> None:
    found = rating_prediction(Constant(), split(), scale=(0, 10), rows=["overall"])["overall"].measured
    assert found.mean("nrmse") == pytest.approx(math.sqrt(6 / 4) / 10)


def test_a_predictor_answers_for_every_row() -> None:
    with pytest.raises(UsageError, match="4 of 4 predictions are no finite numbers"):
        rating_prediction(Constant(value=math.nan), split())
    with pytest.raises(UsageError, match="5 answers for 4 pairs"):
        rating_prediction(Constant(answers=1), split())
    with pytest.raises(UnknownName, match="'overall'"):
        rating_prediction(Constant(), split(), rows=["all"])


def test_a_prediction_is_sure_of_itself_or_says_how_much() -> None:
    assert Prediction(mean=np.zeros(2), sd=np.ones(2)).sd is not None
    with pytest.raises(UsageError, match="1 of 2 standard deviations"):
        Prediction(mean=np.zeros(2), sd=np.array([1, -1.0]))
    with pytest.raises(UsageError, match="one mean for each pair"):
        Prediction(mean=np.zeros(2), sd=np.ones(3))


def test_rows_that_nothing_is_in_are_empty_and_not_gone() -> None:
    whole = split()
    warm = Split(history=whole.history.take(np.array([0, 1, 2])), side=whole.side[:3], name="warm")
    found = rating_prediction(Constant(), warm)
    assert found["cold"].measured.ids == ()
    assert found["cold"].left_out == {"nothing to judge by": 3}
