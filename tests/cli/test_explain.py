"""explain: why two items are alike, as a sentence, as data and as a page; and what cannot be asked."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import triptych as library
from tests.cli.conftest import Triptych


@pytest.fixture(scope="module")
def ids(built: Path) -> list[str]:
    return library.Catalogue.open(built).item_ids()


def test_two_items_in_all_three_forms(built: Path, ids: list[str], tmp_path: Path, triptych: Triptych) -> None:
    page = tmp_path / "why.html"
    answer = triptych("explain", built, ids[0], ids[1], "--html", page, "--json")
    assert answer.status == 0
    [told] = answer.json
    [near] = triptych("similar", built, ids[0], "-n", "9", "--json").json
    assert told["score"] == next(one["score"] for one in near["similar"] if one["item_id"] == ids[1])
    assert sum(part["value"] for part in told["reasons"]) == pytest.approx(told["score"], abs=1e-6)
    assert sum(part["value"] for part in told["groups"]) == pytest.approx(told["score"], abs=1e-6)
    assert told["for"]["item"]["item_id"] == ids[0]
    # Each panel has scenes, or the reason why there are none.
    shown = {scene["panel"] for scene in told["scenes"]}
    assert len(shown) + sum(f"in {panel}" in " ".join(told["notes"]) for panel in ("seeing", "hearing")) >= 2
    text = page.read_text(encoding="utf-8")
    assert told["item"]["title"] in text
    assert text.count("data:image/") <= 2 * len(told["scenes"])
    alone = triptych("explain", built, ids[0], ids[1], "--no-scenes", "--panels", "reading")
    assert alone.out.startswith(("Nothing", "On the whole", told["item"]["title"]))
    assert alone.err == ""
    [read] = triptych("explain", built, ids[0], ids[1], "--no-scenes", "--panels", "reading", "--json").json
    assert {part["group"] for part in read["reasons"]} == {"reading"}


def test_a_clip_that_is_gone_is_told(built: Path, ids: list[str], tmp_path: Path, triptych: Triptych) -> None:
    folder = tmp_path / "films"
    shutil.copytree(built, folder)
    clip = next(clip for clip in library.Catalogue.open(folder).clips() if clip.item_id == ids[1])
    Path(clip.path).unlink()
    answer = triptych("explain", folder, ids[0], ids[1])
    assert (answer.status, len(answer.out.splitlines())) == (0, 1)
    assert "is not where it was, so no scenes are compared" in answer.err


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        ([], 2, "two items, or somebody"),
        (["{0}"], 2, "two items, or somebody"),
        (["{0}", "{1}", "--user", "u"], 2, "two items, or somebody"),
        (["{0}", "{0}"], 2, "against itself"),
        (["{0}", "nowhere"], 2, "no item 'nowhere'"),
        (["{0}", "{1}", "--space", "nowhere"], 2, "no space 'nowhere'"),
        (["{0}", "--user", "u", "--panels", "seeing"], 2, "a model has weighed its own"),
        (["{0}", "{1}", "--no-scenes", "--html", "no/such/why.html"], 3, "cannot be written"),
    ],
)
def test_what_cannot_be_asked(
    arguments: list[str], status: int, words: str, built: Path, ids: list[str], triptych: Triptych
) -> None:
    answer = triptych("explain", built, *(argument.format(*ids) for argument in arguments))
    assert (answer.status, answer.out) == (status, "")
    assert words in answer.err
    assert "Traceback" not in answer.err


def test_without_a_model_it_says_how_to_fit_one(built: Path, ids: list[str], triptych: Triptych) -> None:
    answer = triptych("explain", built, ids[0], "--user", "u")
    assert (answer.status != 0, answer.out) == (True, "")
    assert "triptych fit" in answer.err
