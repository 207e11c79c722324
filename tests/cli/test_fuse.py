"""``triptych fuse``: its settings, as they are given, written and kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Triptych
from tests.worlds.catalogues import catalogue_of
from triptych.catalogue.records import Item
from triptych.features.feature import Feature
from triptych.features.recipe import Recipe
from triptych.features.store import FeatureStore

IDS = [f"i{k:02d}" for k in range(12)]


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve items, seen and heard in vectors and read in sequences. Every test makes a space of its own."""
    folder = tmp_path_factory.mktemp("fuse") / "films"
    made = catalogue_of(folder, *(Item(item_id=item_id) for item_id in IDS))
    rng = np.random.default_rng(0)
    store = FeatureStore(made.tables)
    with made.writing("test"):
        for panel, width in (("seeing", 6), ("hearing", 3)):
            rows = {i: Feature(values=rng.standard_normal(width).astype(np.float32)) for i in IDS}
            store.write(Recipe(panel=panel, name="vector"), rows)
        moments = {
            i: Feature(values=rng.standard_normal((k + 1, 2)).astype(np.float32), times_s=np.arange(k + 1.0))
            for k, i in enumerate(IDS)
        }
        store.write(Recipe(panel="reading", name="moments"), moments)
    return folder


def test_settings_are_kept_until_others_are_given(films: Path, triptych: Triptych) -> None:
    name = ["--name", "kept", "--json"]
    plain = triptych("fuse", films, *name).json
    assert list(plain) == [
        *("space", "fitted", "placed", "removed", "items", "panels", "unmeasured", "sequences", "settings")
    ]
    assert plain["settings"]["method"] == "concatenation"
    assert plain["sequences"] == ["reading/moments"]
    told = ["--method", "weighted", "--weight", "seeing=1", "--weight", "hearing=0.5", "--scaling", "robust"]
    made = triptych("fuse", films, *name, *told, "--balance", "none", "--align", "statistics").json
    assert (made["fitted"], made["panels"]) == (True, {"all": {"width": 64, "items": 12}})
    again = triptych("fuse", films, *name).json
    assert (again["fitted"], again["placed"], again["settings"]) == (False, 0, made["settings"])
    assert made["settings"]["panel_weights"] == {"seeing": 1.0, "hearing": 0.5}
    assert made["settings"]["align"] == {"kind": "statistics", "length": None}
    assert (made["settings"]["scaling"], made["settings"]["balance"]) == ("robust", "none")


def test_reduction_and_alignment(films: Path, triptych: Triptych) -> None:
    made = triptych("fuse", films, "--name", "small", "--reduce", "pca:2", "--align", "interpolate:3", "--json").json
    assert {panel: facts["width"] for panel, facts in made["panels"].items()} == dict.fromkeys(
        ["seeing", "hearing", "reading"], 2
    )
    assert made["sequences"] == []
    whole = triptych("fuse", films, "--name", "small", "--reduce", "incremental-pca:0.5", "--per", "panel", "--json")
    assert whole.json["fitted"]
    assert whole.json["settings"]["reduce"]["per"] == "panel"


def test_training_items_come_from_a_file(films: Path, tmp_path: Path, triptych: Triptych) -> None:
    train = tmp_path / "train.txt"
    train.write_text("\ufeffi00\n i01 \n\ni02\ni02\n", encoding="utf-8")
    said = triptych("fuse", films, "--name", "declared", "--train", train)
    assert said.status == 0
    assert "Fitted on 3 declared items." in said.err
    assert "Left out, having a vector for each moment: reading/moments. Take them: --align interpolate:32" in said.err
    train.write_text("i00\ni99\n")
    assert "no item 'i99'" in triptych("fuse", films, "--name", "declared", "--train", train).err
    assert "cannot be read" in triptych("fuse", films, "--train", tmp_path / "none").err


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["--scaling", "minmax"], "no scaling 'minmax'; there is 'min-max'"),
        (["--method", "sum"], "no method of fusion 'sum'"),
        (["--balance", "width"], "no balance 'width'"),
        (["--reduce", "pca"], "such as pca:64, pca:0.95"),
        (["--reduce", "tsne:2"], "no reduction 'tsne'"),
        (["--reduce", "pca:2", "--per", "item"], "per feature or per panel"),
        (["--per", "panel"], "--per panel says what is reduced"),
        (["--align", "stretch:4"], "'stretch:4' is no alignment; write it like interpolate:32"),
        (["--align", "interpolate:x"], "'interpolate:x' is no alignment"),
        (["--align", "interpolate"], "interpolate needs the number of steps"),
        (["--weight", "sight=1"], "no panel 'sight'"),
        (["--weight", "seeing=much"], "'seeing=much' is no panel with a weight"),
        (["--method", "average", "--weight", "seeing=1"], "take the method weighted"),
    ],
)
def test_what_cannot_be_honoured_is_said(films: Path, triptych: Triptych, given: list[str], says: str) -> None:
    answer = triptych("fuse", films, *given)
    assert (answer.status, answer.out) == (2, "")
    assert says in answer.err
