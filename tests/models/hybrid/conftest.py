"""One hybrid of the planted world, which nothing changes: what is folded in makes another."""

from __future__ import annotations

import pytest

from tests.models.hybrid.planted import lessons, settings
from triptych.models.hybrid.fitted import Fitted


@pytest.fixture(scope="session")
def fitted() -> Fitted:
    return settings().fit(lessons())
