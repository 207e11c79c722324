"""panels: the panel that decides likes stands out in the table, the JSON and the page, beside what it cost."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner, Result

from tests.desk.world import Offered
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Item
from triptych.cli.panels import command
from triptych.curation.probes import ClipFacts, Probes
from triptych.errors import UsageError
from triptych.features.feature import Feature
from triptych.features.ledger import Entry, Ledger
from triptych.features.recipe import Recipe
from triptych.features.status import Status
from triptych.features.store import FeatureStore
from triptych.fusion.fuse import fuse

ITEMS, USERS = 60, 24
SEEN, HEARD = Recipe(panel="seeing", name="kind"), Recipe(panel="hearing", name="noise")


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Items of two kinds, which seeing tells apart; each user likes those of the own kind."""
    rng = np.random.default_rng(0)
    ids = [f"i{k:02}" for k in range(ITEMS)]
    folder = tmp_path_factory.mktemp("panels") / "films"
    catalogue = Catalogue.init(folder)
    rows = [
        (f"u{user:02}", ids[item], 5.0 if user % 2 == item % 2 else 2.0, user * ITEMS + item)
        for user, item in zip(*np.nonzero(rng.random((USERS, ITEMS)) < 0.5), strict=True)
    ]
    catalogue.add(Offered(items=[Item(item_id=one, title=one) for one in ids], rows=rows))
    with catalogue.writing("attach"):
        store = FeatureStore(catalogue.tables)
        store.write(SEEN, {one: feature(np.eye(2)[k % 2]) for k, one in enumerate(ids)})
        store.write(HEARD, {one: feature(rng.normal(size=2)) for one in ids})
        Ledger(catalogue.tables).write(
            [
                Entry(item_id=one, recipe=SEEN.hash, feature=SEEN.title, status=Status.DONE, seconds=3.0)
                for one in ids[:10]
            ]
        )
        Probes(catalogue.tables).write([ClipFacts(item_id=one, fingerprint="f", duration_s=36.0) for one in ids])
    fuse(catalogue)
    return folder


def feature(values: np.ndarray) -> Feature:
    return Feature(values=values.astype(np.float32))


def asked(*arguments: object) -> Result:
    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, [str(one) for one in arguments])


def test_the_panel_that_decides_stands_out(films: Path, tmp_path: Path) -> None:
    page = tmp_path / "worth.html"
    answer = asked(films, "--quick", "--html", page, "--json")
    assert answer.exit_code == 0, answer.output
    told = json.loads(answer.stdout)
    assert (told["metric"], told["splits"]) == ("ndcg@10", ["cold and warm items, fold 1 of 5"])
    seeing, hearing = told["panels"]["seeing"], told["panels"]["hearing"]
    assert seeing["cold"]["added"]["low"] > 0.1
    assert seeing["cold"]["added"]["p_holm"] < 0.01
    assert abs(hearing["cold"]["added"]["difference"]) < 0.1
    assert seeing["cold"]["alone"]["value"] > hearing["cold"]["alone"]["value"] + 0.2
    # 3 seconds for 36 of video are 300 for an hour; what was attached is in no ledger.
    assert seeing["cost"]["seconds_an_hour"] == pytest.approx(300)
    assert hearing["cost"] is None
    html = page.read_text(encoding="utf-8")
    assert "What each panel adds" in html
    assert f"{seeing['cold']['added']['difference']:+.4f} for 300 s" in html
    assert "<script" not in html


def test_the_table_is_for_readers_and_programs(films: Path) -> None:
    answer = asked(films, "--quick")
    lines = [line.split("\t") for line in answer.stdout.splitlines()]
    assert lines[0][:4] == ["panel", "cold adds", "cold [95 %]", "cold p"]
    table = {cells[0]: cells for cells in lines[1:]}
    assert table["seeing"][-1] == "300"
    assert table["hearing"][-1] == "not known"
    assert float(table["seeing"][1]) > 0.1
    assert "Of some panels it is not known what they cost" in answer.stderr
    assert "seeing alone" in answer.stderr


def test_one_panel_is_no_comparison(films: Path) -> None:
    fuse(Catalogue.open(films), name="seen", features=[SEEN.title])
    answer = asked(films, "--space", "seen")
    assert isinstance(answer.exception, UsageError)
    assert "known by seeing alone" in str(answer.exception)
