"""tune: a table, a choice, and a file that fit takes; with the hybrid itself, on a dozen films."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Triptych
from tests.desk import world
from triptych.cli.tune import _tries  # pyright: ignore[reportPrivateUsage]
from triptych.desk.settings import laid_over, read
from triptych.models.hybrid.hybrid import Hybrid

#: Settings that cost little.
SMALL = ("--set", "tower.trainer.epochs=1", "--set", "rounds=1", "--metric", "ndcg@3")


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tune") / "films"
    world.made(folder)
    return folder


def test_a_choice_is_told_kept_and_taken_by_a_fit(films: Path, triptych: Triptych, tmp_path: Path) -> None:
    out = tmp_path / "settings.toml"
    answer = triptych("tune", films, *SMALL, "--try", "regularisation=50,200", "--out", out)
    assert answer.status == 0, answer.err
    head, *rows = [line.split("\t") for line in answer.out.splitlines()]
    assert head == ["chosen", "settings", "ndcg@3", "low", "high", "against default", "from", "to", "p", "seconds"]
    assert sorted(row[1] for row in rows) == ["regularisation=50", "the default"], "200 is the default"
    assert [row[0] for row in rows].count("*") == 1
    assert "of the test are left alone" in answer.err
    assert f"Next: triptych fit {films} --set 'tower.trainer.epochs=1'" in answer.err
    assert laid_over(Hybrid(), read(out)).tower.trainer.epochs == 1
    lines = (films / "models" / ".tuning" / "trials.jsonl").read_text().splitlines()
    assert len(lines) == 2
    again = triptych("tune", films, *SMALL, "--try", "regularisation=50,200,800", "--json").json
    assert len((films / "models" / ".tuning" / "trials.jsonl").read_text().splitlines()) == 3
    assert [one["params"] for one in again["candidates"]] == [{}, {"regularisation": 50.0}, {"regularisation": 800.0}]
    assert again["settings"]["rounds"] == 1
    listed = _tries(Hybrid(), ["without=none,reading/genres", "rounds=2"])
    assert listed == {"without": [[], ["reading/genres"]], "rounds": [2]}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--try", "flor=1"], "no setting of hybrid 'flor'; there is 'floor'"),
        (["--try", "flor=1"], "half_life_rows, later, like"),
        (["--try", "floor"], "write NAME=VALUE"),
        (["--try", "regularisation=0"], "regularisation is 0.0; it is above 0"),
        (["--try", "seed=1,2"], "seed is not for choosing"),
        (["--set", "floor=1", "--set", "floor=2"], "floor is given twice"),
        (["--set", "like=3", "--implicit"], "give one of the two"),
        (["--split", "random"], "no way to split 'random'"),
        (["--space", "late"], "no space 'late'"),
    ],
)
def test_what_cannot_be_asked(arguments: list[str], words: str, films: Path, triptych: Triptych) -> None:
    answer = triptych("tune", films, *arguments)
    assert (answer.status, answer.out) == (2, "")
    assert words in answer.err
