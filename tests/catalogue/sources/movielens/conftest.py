"""Tiny worlds of MovieLens, written byte for byte as each generation is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from triptych.catalogue.sources.movielens import MovieLens
from triptych.catalogue.sources.source import Addition

World = Callable[[dict[str, str | bytes]], Path]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Files by name, in a folder. Text is written in UTF-8 and its line ends stay."""

    def make(files: dict[str, str | bytes]) -> Path:
        folder = tmp_path / "set"
        folder.mkdir(exist_ok=True)
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return folder

    return make


@pytest.fixture
def read(world: World, tmp_path: Path) -> Callable[[dict[str, str | bytes]], Addition]:
    return lambda files: MovieLens(path=world(files)).read(tmp_path / "catalogue")
