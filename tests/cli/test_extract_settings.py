"""Extract with settings: what --set changes, what it refuses, and what --list offers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Triptych
from tests.worlds.clips import scene, write_clip
from triptych.catalogue.catalogue import Catalogue
from triptych.features.backbones.weights import reach
from triptych.features.pooling import Pooling
from triptych.features.registry import BUILT_IN, PROFILES
from triptych.features.store import FeatureStore
from triptych.media.sampling import EACH_SECOND


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import triptych

    folder = tmp_path_factory.mktemp("settings")
    (folder / "clips").mkdir()
    write_clip(folder / "clips" / "a.mp4", picture=scene((200, 90, 40)), seconds=3)
    catalogue = Catalogue.init(folder / "films")
    catalogue.add(triptych.Folder(path=folder / "clips"))
    return catalogue.folder


def test_settings_make_another_feature_and_leave_the_first(films: Path, triptych: Triptych) -> None:
    plain = triptych("extract", films, "-f", "seeing/colour", "--json").json
    assert (plain["done"], plain["settled"]) == (1, 0)
    parts = ("--set", "seeing/colour.pooling=2:median-mad", "--set", "seeing/colour.sampling=each-second")
    chosen = ("extract", films, "-f", "seeing/colour", *parts, "--workers", "1", "--json")
    assert triptych(*chosen).json["done"] == 1
    assert triptych(*chosen).json["settled"] == 1
    store = FeatureStore(Catalogue.open(films).tables)
    by_pooling = {tuple(recipe.params["pooling"].values()): recipe for recipe in store.recipes()}
    assert set(by_pooling) == {(1, "mean-std"), (2, "median-mad")}
    recipe = by_pooling[2, "median-mad"]
    assert recipe.params["sampling"]["every_s"] == EACH_SECOND.every_s
    [feature] = store.sequences(recipe).values()
    assert feature.values is not None
    assert feature.times_s is not None
    assert len(feature.values) == 2
    assert feature.times_s.tolist() == pytest.approx([0.75, 2.25], abs=0.05)
    assert Pooling(parts=2, statistic="median-mad") != Pooling()


def test_settings_of_a_profile(films: Path, triptych: Triptych) -> None:
    before = triptych("ledger", films, "--feature", "seeing/picture-hash", "--json").json
    assert before == []
    made = triptych("extract", films, "--profile", "duplicates", "--set", "seeing/picture-hash.bits=64", "--json").json
    assert made["done"] + made["skipped"] == len(PROFILES["duplicates"])
    [recipe] = [r for r in FeatureStore(Catalogue.open(films).tables).recipes() if r.title == "seeing/picture-hash"]
    assert recipe.params["bits"] == 64


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--set", "seeing/colour.bins"], "seeing/colour.bins=16"),
        (["--set", "seeing/color.bins=3"], "'seeing/colour'"),
        (["--set", "seeing/colour.bin=3"], "'bins'"),
        (["--set", "seeing/colour.bins=many"], "a whole number"),
        (["--set", "seeing/colour.bins=0"], "1 to 256"),
        (["--set", "seeing/colour.sampling=all"], "each-second"),
        (["--set", "seeing/picture-hash.bits=64"], "Choose it with --feature"),
        (["-f", "seeing/color", "--set", "seeing/color.bins=3"], "'seeing/colour'"),
        (["-f", "hearing/acoustic", "--set", "seeing/colour.bins=3"], "'hearing/acoustic'"),
        (["--profile", "heavy", "--set", "seeing/colour.bins=3"], "'light'"),
    ],
)
def test_a_setting_that_cannot_be_honoured_is_a_sentence(
    arguments: list[str], words: str, films: Path, triptych: Triptych
) -> None:
    answer = triptych("extract", films, *arguments)
    assert (answer.status, answer.out) == (2, "")
    assert words in answer.err
    assert "Traceback" not in answer.err


def test_a_catalogue_is_asked_for(triptych: Triptych) -> None:
    answer = triptych("extract")
    assert answer.status == 2
    assert "triptych extract CATALOGUE" in answer.err


def test_the_list_has_every_extractor_on_one_line(triptych: Triptych) -> None:
    answer = triptych("extract", "--list")
    assert answer.status == 0
    head, *lines = answer.out.splitlines()
    assert head.split("\t") == ["feature", "panel", "profiles", "extra", "wants", "measures", "settings"]
    titles = [line.split("\t")[0] for line in lines]
    assert set(BUILT_IN) <= set(titles)
    panels = [line.split("\t")[1] for line in lines]
    assert panels == sorted(panels, key=("seeing", "hearing", "reading").index)
    told = {row["feature"]: row for row in triptych("extract", "--list", "--json").json}
    assert set(told) == set(titles)
    colour = told["seeing/colour"]
    assert (colour["extra"], colour["wants"], "light" in colour["profiles"]) == ("", "", True)
    assert colour["settings"] == {"sampling": "two-pass", "pooling": "mean-std", "bins": "32"}
    assert told["reading/sentence"]["extra"] == "text"
    assert told["seeing/alexnet"]["wants"] == "give weights"
    assert told["seeing/dinov2"]["wants"] == f"facebook/dinov2-base: {reach('facebook/dinov2-base')}"
    assert "lehmann-2021 sets seeing/mobilenetv2-frames.squash=yes" in answer.err
    for name, chosen in PROFILES.items():
        assert {title for title, row in told.items() if name in row["profiles"]} == set(chosen)
