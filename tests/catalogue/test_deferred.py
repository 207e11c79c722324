"""Deferred: a package is there at once, runs when it is asked, and is then like any other."""

from __future__ import annotations

import importlib
import importlib.util
import subprocess
import sys
from pathlib import Path
from threading import Thread
from types import ModuleType

import pytest

from triptych.catalogue.deferred import defer

INIT = """
runs.append(1)
from triptych_heavy.part import THREE
from triptych_heavy import part
WHOLE = THREE + 1
"""


@pytest.fixture
def heavy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A package ``triptych_heavy`` that writes down each run of its own code."""
    runs: list[int] = []
    counter = ModuleType("triptych_heavy_runs")
    counter.runs = runs  # type: ignore[attr-defined]
    folder = tmp_path / "triptych_heavy"
    folder.mkdir()
    (folder / "__init__.py").write_text("from triptych_heavy_runs import runs" + INIT)
    (folder / "part.py").write_text("THREE = 3\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(sys.modules, counter.__name__, counter)
    for name in ("triptych_heavy", "triptych_heavy.part"):
        monkeypatch.setitem(sys.modules, name, counter)  # so that it is put back to nothing
        monkeypatch.delitem(sys.modules, name)
    importlib.invalidate_caches()
    return runs


def test_a_module_inside_is_had_without_the_package_and_the_package_runs_once_when_asked(heavy: list[int]) -> None:
    defer("triptych_heavy")
    part = importlib.import_module("triptych_heavy.part")
    assert part.THREE == 3
    assert heavy == []
    package = sys.modules["triptych_heavy"]
    found: list[int] = []
    threads = [Thread(target=lambda: found.append(package.WHOLE)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [4] * 8
    assert heavy == [1]
    assert type(package) is ModuleType
    assert package.part is part
    with pytest.raises(AttributeError, match="nothing"):
        _ = package.nothing


def test_a_name_that_it_never_has_is_refused_as_by_any_module(heavy: list[int]) -> None:
    defer("triptych_heavy")
    with pytest.raises(ImportError, match="nothing"):
        exec("from triptych_heavy import nothing")
    assert heavy == [1]


def test_what_was_imported_stays_and_what_is_not_there_stays_missing(heavy: list[int]) -> None:
    package = importlib.import_module("triptych_heavy")
    defer("triptych_heavy")
    assert sys.modules["triptych_heavy"] is package
    assert heavy == [1]
    defer("triptych_that_nobody_wrote")
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("triptych_that_nobody_wrote")


def test_a_package_that_fails_says_why_each_time(heavy: list[int], tmp_path: Path) -> None:
    (tmp_path / "triptych_heavy" / "__init__.py").write_text("import triptych_that_nobody_wrote\n")
    defer("triptych_heavy")
    for _ in range(2):
        with pytest.raises(ModuleNotFoundError, match="nobody_wrote"):
            _ = sys.modules["triptych_heavy"].WHOLE


def test_tables_load_no_client_of_a_remote_service_and_who_asks_gets_it() -> None:
    client = "lance_namespace_urllib3_client"
    if importlib.util.find_spec(client) is None:  # another release of lancedb
        return
    program = (
        "import sys, triptych.catalogue.tables; "
        f"assert not any(name.startswith('{client}.api') for name in sys.modules); "
        f"import {client}; assert {client}.ApiClient().configuration; assert {client}.__version__"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, timeout=300)
