"""A catalogue with a model, made once; tests that write take a copy."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.desk import world
from tests.desk.fake import FakeHybrid
from triptych.catalogue.catalogue import Catalogue
from triptych.desk import kinds
from triptych.desk.fitting import fit

FITTED_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@contextmanager
def faked() -> Generator[None]:
    where = "tests.desk.fake"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kinds, "KINDS", {"hybrid": (f"{where}:FakeHybrid", f"{where}:FakeFitted")})
        yield


@pytest.fixture(autouse=True, scope="module")
def fake() -> Iterator[None]:
    """For a module and no longer: others want the real one."""
    with faked():
        yield


@pytest.fixture(scope="package")
def _built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk") / "films"
    catalogue = world.made(folder)
    with faked():
        fit(catalogue, FakeHybrid(), at=FITTED_AT)
    return folder


@pytest.fixture(scope="package")
def standing(_built: Path) -> Path:
    """Only to be read."""
    return _built


@pytest.fixture
def copied(_built: Path, tmp_path: Path) -> Callable[[], Catalogue]:
    """A catalogue of one's own."""

    def copy() -> Catalogue:
        folder = tmp_path / f"films-{len(list(tmp_path.iterdir()))}"
        shutil.copytree(_built, folder)
        return Catalogue.open(folder)

    return copy
