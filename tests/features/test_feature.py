"""Feature: what may be called one."""

from __future__ import annotations

import numpy as np
import pytest

from triptych.errors import ExtractionError
from triptych.features.feature import Feature, Presence

VECTOR = np.array([1, 2, 3], np.float32)
SEQUENCE = np.ones((4, 3), np.float32)
TIMES_S = np.arange(4.0)


def test_a_vector_and_a_sequence_are_features() -> None:
    assert Feature(values=VECTOR).presence is Presence.PRESENT
    assert Feature(values=SEQUENCE, times_s=TIMES_S).times_s is TIMES_S


def test_missing_and_silent_differ_and_say_why() -> None:
    missing, silent = Feature.missing("no track"), Feature.silent("a track of silence")
    assert (missing.presence, missing.values, missing.reason) == (Presence.MISSING, None, "no track")
    assert (silent.presence, silent.values, silent.reason) == (Presence.SILENT, None, "a track of silence")


@pytest.mark.parametrize(
    ("values", "times_s", "said"),
    [
        (np.array([1, np.nan], np.float32), None, "1 of 2 feature values are NaN or infinite"),
        (np.array([np.inf, -np.inf], np.float32), None, "2 of 2 feature values are NaN or infinite"),
        (VECTOR.astype(np.float64), None, r"float64 \(3,\); they must be float32"),
        (VECTOR.astype(np.int32), None, "int32"),
        (np.float32(1), None, r"float32 \(\)"),
        (np.ones((2, 2, 2), np.float32), None, r"\(2, 2, 2\)"),
        (np.zeros(0, np.float32), None, "not empty"),
        (np.zeros((0, 3), np.float32), np.zeros(0), "not empty"),
        (np.zeros((3, 0), np.float32), np.zeros(3), "not empty"),
        (SEQUENCE, None, "a sequence carries times_s"),
        (VECTOR, np.arange(3.0), "a sequence carries times_s, a vector does not"),
        (SEQUENCE, np.arange(3.0), r"4 steps take float64 \[4\]"),
        (SEQUENCE, np.arange(4), "times_s is int64"),
        (SEQUENCE, np.array([0, 1, np.nan, 3]), "must be finite"),
        (SEQUENCE, np.array([0.0, 2, 1, 3]), "must not decrease"),
    ],
)
def test_what_breaks_the_contract_is_refused(values: np.ndarray, times_s: np.ndarray | None, said: str) -> None:
    with pytest.raises(ExtractionError, match=said):
        Feature(values=values, times_s=times_s)


def test_a_mask_has_a_reason_and_no_values() -> None:
    with pytest.raises(ExtractionError, match="must say why"):
        Feature(presence=Presence.MISSING)
    with pytest.raises(ExtractionError, match="only if it is present"):
        Feature(presence=Presence.SILENT, values=VECTOR, reason="quiet")
    with pytest.raises(ExtractionError, match="only if it is present"):
        Feature()
