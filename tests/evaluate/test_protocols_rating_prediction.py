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
from triptych.evaluate.protocols.choosing import Choosing
from triptych.evaluate.protocols.rating_prediction import asked, judged, rating_prediction
from triptych.evaluate.split import TEST, TRAIN, Split
from triptych.models.predictor import Asked, Prediction

#: u and v are known, w is not; item c is cold.
ROWS = [(0, 0, 1, TRAIN), (1, 1, 5, TRAIN), (0, 1, 4, TEST), (0, 2, 2, TEST), (1, 0, 3, TEST), (2, 0, 5, TEST)]


@dataclass(frozen=True, kw_only=True)
class Constant:
    """Says the same of everyone."""

    value: float = 3.0
    answers: int = 0
    sd: float | None = None

    @property
    def facts(self) -> Mapping[str, Any]:
        return {}

    def predict(self, asked: Asked) -> Prediction:
        n = len(asked) + self.answers
        return Prediction(mean=np.full(n, self.value), sd=None if self.sd is None else np.full(n, self.sd))


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


def test_predictions_as_a_choice_by_hand() -> None:
    # u has rated b 4 and c 2, v a 3 and w a 5; all are predicted 3.6 and so recommended.
    vectors = np.array([[1, 0], [0, 1], [1, 1]], np.float32)
    terms = Choosing(relevant_from=4, recommended_from=3.5, cutoffs=(1, 2), vectors=vectors)
    found = rating_prediction(Constant(value=3.6), split(), choosing=terms)
    chosen = found["overall"].chosen
    assert chosen is not None
    assert chosen.ids == ("u", "w")  # v likes nothing
    assert chosen.whole["pooled-precision"] == 2 / 4
    assert chosen.whole["pooled-recall"] == 2 / 2
    assert (chosen.whole["recommended-length"], chosen.whole["relevant-length"]) == (4 / 3, 2 / 3)
    assert chosen.values["threshold-precision@2"].tolist() == [1 / 2, 1]
    assert chosen.values["diversity@2"].tolist() == [pytest.approx(1 - math.sqrt(1 / 2)), 0]
    assert chosen.whole["auc"] == 1 / 2  # all are ties
    assert chosen.whole["coverage@2"] == 1
    assert found["cold"].chosen is not None
    assert found["cold"].chosen.ids == ("w",)
    nobody = rating_prediction(Constant(value=3.4), split(), choosing=terms)["overall"]
    assert nobody.chosen is not None
    assert nobody.chosen.whole["pooled-precision"] == nobody.chosen.whole["coverage@2"] == 0
    assert nobody.intervals(seed=0)["pooled-precision"].high == 0
    plain = rating_prediction(Constant(), split())["overall"]
    assert plain.chosen is None
    assert "pooled-recall" not in plain.intervals(seed=0)
    with pytest.raises(UsageError, match="finite number"):
        Choosing(relevant_from=math.nan)


def test_intervals_are_about_what_is_told_of_all_ratings() -> None:
    found = rating_prediction(Constant(sd=1.0), split(), choosing=Choosing())["overall"]
    told = found.intervals(seed=0, draws=200)
    whole = {**found.measured.whole, **(found.chosen.whole if found.chosen else {})}
    for metric in ("rmse", "mae", "mse", "nrmse", "nmae", "pooled-precision", "pooled-recall", "pooled-f1"):
        one = told[metric]
        assert one.value == pytest.approx(whole[metric]), metric
        assert one.high is not None
        assert one.low <= one.value <= one.high
    # v alone is drawn now and then, who is met exactly, or w alone.
    assert (told["rmse"].low, told["rmse"].high) == (0, 2)
    # Off by 1, 1, 0 and 2 at a deviation of 1: within 1.28 are three of four.
    assert told["covered-80"].value == 3 / 4
    assert found.certainty is not None
    assert found.certainty.covered[found.certainty.levels.index(0.8)] == 3 / 4
    assert rating_prediction(Constant(), split())["overall"].certainty is None
    single = rating_prediction(Constant(), split(), rows=["cold"])["cold"]
    assert len(single.measured.ids) == 2


def test_what_was_said_already_is_judged_the_same() -> None:
    said = asked(Constant(sd=0.5), split().test, 3)
    assert said.sd is not None
    again, once = judged(said, split()), rating_prediction(Constant(sd=0.5), split())
    for row in once:
        assert again[row].measured.whole == once[row].measured.whole
    with pytest.raises(UsageError, match="2 predictions do not fit 4 ratings"):
        judged(Prediction(mean=np.ones(2)), split())


def test_how_sure_it_is_is_said_of_all_or_none() -> None:
    class Unsure(Constant):
        def predict(self, asked: Asked) -> Prediction:
            return Prediction(mean=np.ones(len(asked)), sd=None if 0 in asked.users else np.ones(len(asked)))

    with pytest.raises(UsageError, match="of all or none"):
        rating_prediction(Unsure(), split(), batch=1)


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
