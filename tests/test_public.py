"""The public surface: these names and no others, each there, none of them loading what it does not need."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import triptych

PUBLIC = [
    "Catalogue",
    "Clip",
    "Desk",
    "Feature",
    "FeatureStore",
    "Folder",
    "Fusion",
    "History",
    "Item",
    "Ledger",
    "Lists",
    "LocalPool",
    "MovieLens",
    "Programme",
    "Ranking",
    "RecBole",
    "Recipe",
    "Rulebook",
    "Shelf",
    "Space",
    "Study",
    "Synthetic",
    "TableFile",
    "TriptychError",
    "Who",
    "__version__",
    "audit",
    "clean",
    "extract",
    "full_ranking",
    "fuse",
    "item_based",
    "open_reel",
]
HEAVY = (
    "av",
    "cv2",
    "httpx",
    "hypothesis",
    "lancedb",
    "librosa",
    "lightgbm",
    "numpy",
    "polars",
    "pyarrow",
    "ray",
    "scipy",
    "torch",
    "transformers",
    "yt_dlp",
)


def fresh(program: str) -> str:
    """What a program prints in a new interpreter."""
    lines = f"import sys; sys.path[:] = {sys.path!r}\n{program}"
    return subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, check=True).stdout.strip()


def test_the_public_names_are_these() -> None:
    """A name that is added or dropped here is a promise made or broken: say so in the change log."""
    assert triptych.__all__ == PUBLIC


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_is_there_and_says_what_it_is(name: str) -> None:
    value = getattr(triptych, name)
    if name == "__version__":
        assert value.count(".") == 2
        return
    assert value.__name__ == name
    assert value.__module__.startswith("triptych.")
    assert inspect.getdoc(value)


def test_a_star_import_brings_all_of_them_and_nothing_else() -> None:
    found = fresh("names = {}; exec('from triptych import *', names); print(*sorted(names.keys() - {'__builtins__'}))")
    assert found.split() == sorted(PUBLIC)


def test_importing_triptych_loads_nothing_heavy() -> None:
    found = fresh(f"import triptych; print([name for name in {HEAVY!r} if name in sys.modules])")
    assert found == "[]"


def test_asking_for_records_and_errors_loads_nothing_heavy() -> None:
    found = fresh(
        "import triptych; triptych.Item, triptych.Clip, triptych.TriptychError\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    assert found == "[]"


def test_no_public_name_loads_an_extra() -> None:
    found = fresh(
        "import triptych\nfor name in triptych.__all__: getattr(triptych, name)\n"
        "extras = ('torch', 'transformers', 'librosa', 'lightgbm', 'ray', 'fastapi', 'implicit', 'myfm')\n"
        "print([name for name in extras if name in sys.modules])"
    )
    assert found == "[]"


def test_a_name_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(AttributeError, match=r"has no attribute 'recommend'; it offers Catalogue, Clip, .*open_reel"):
        triptych.recommend  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'recommend'"):
        exec("from triptych import recommend")


def test_dir_shows_what_can_be_asked_for() -> None:
    assert set(PUBLIC) <= set(dir(triptych))
