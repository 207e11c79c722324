"""A server with clips, and catalogues whose items want them."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from tests.gather.trailers.faulty import Server, painted, serving
from triptych import Catalogue
from triptych.gather.trailers.fetch import Fetched, fetch_trailers
from triptych.gather.trailers.settings import Settings
from triptych.gather.trailers.wanted import wanted_of

Run = Callable[..., Fetched]


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Two clips of six seconds, and one of twelve."""
    folder = tmp_path_factory.mktemp("clips")
    short = painted(folder / "short", 2, seconds=6)
    return {"a": short[0], "b": short[1], "long": painted(folder / "long", 1, seconds=12)[0]}


@pytest.fixture
def server(clips: dict[str, bytes]) -> Generator[Server]:
    with serving(dict(clips)) as server:
        yield server


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return Catalogue.init(tmp_path / "films")


@pytest.fixture
def run(catalogue: Catalogue, tmp_path: Path) -> Run:
    """Fetch a plain list of addresses, quickly: ``run(*urls, **settings)``."""

    def call(*lines: str, **given: Any) -> Fetched:
        path = tmp_path / "list.txt"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        chosen = {"allow_private": True, "per_second": 100.0, "first_wait_s": 0.05, "max_s": 10.0, **given}
        settings = Settings(**chosen)
        return fetch_trailers(
            catalogue, wanted_of(catalogue.items(), path, allow_private=settings.allow_private), settings
        )

    return call
