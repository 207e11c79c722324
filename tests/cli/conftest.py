"""Commands run in this process, as the shell would run them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from triptych.cli.main import run


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a command left: exit status, stdout, stderr."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Triptych = Callable[..., Answer]


@pytest.fixture
def triptych(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Triptych:
    def call(*arguments: str | Path) -> Answer:
        monkeypatch.setattr(sys, "argv", ["triptych", *map(str, arguments)])
        capsys.readouterr()
        try:
            run()
            status = 0
        except SystemExit as exit_:
            status = exit_.code if isinstance(exit_.code, int) else 0 if exit_.code is None else 1
        said = capsys.readouterr()
        return Answer(status=status, out=said.out, err=said.err)

    return call


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue of six generated clips, extracted and fused. Only to be read."""
    import triptych

    folder = tmp_path_factory.mktemp("built") / "films"
    catalogue = triptych.Catalogue.init(folder)
    catalogue.add(triptych.Synthetic(clips=6, users=20, seconds=2))
    triptych.extract(catalogue)
    triptych.fuse(catalogue)
    return folder
