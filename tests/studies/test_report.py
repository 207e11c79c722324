"""Report: what is told is what was measured, in all three forms, and what others wrote stays words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.worlds.judged import judged
from triptych.errors import UsageError
from triptych.studies.report import to_json, write
from triptych.studies.report.body import finite
from triptych.studies.report.findings import findings
from triptych.studies.report.markdown import markdown, paragraph, words
from triptych.studies.report.page import page
from triptych.studies.report.selection import pick
from triptych.studies.report.view import base_of, main, p_text, shown, told
from triptych.studies.results import AGREES, Line, Results
from triptych.studies.run import ORACLE, run
from triptych.studies.study import CONTROLS, Study

HOSTILE = "</title><script>alert(1)</script>|`x`\n[a](https://evil.example)<img src=//evil.example>\u202e"
STUDY = f"""
name = "small"
title = {json.dumps(HOSTILE)}
paper = "A paper & more"
notes = "# no heading"
draws = 100
[tuning]
budget = 1
beyond = 0
[[protocol]]
name = "lists"
kind = "item-based"
split = "cold-users"
folds = 2
least = 2
cutoffs = [1, 5]
[[protocol]]
name = "cold"
kind = "ranking"
split = "cold-items"
folds = 2
rows = ["cold"]
cutoffs = [1, 3, 5]
neighbours = 10
[[table]]
name = "ablation"
title = "Each panel"
metrics = ["hit-rate@1", "ndcg-graded@5", "coverage@5"]
[[table.row]]
name = "all"
[[table.row]]
name = "no reading"
without = ["reading"]
[[table.row]]
name = "no hearing"
without = ["hearing"]
[[table.row]]
name = {json.dumps(HOSTILE)}
select = {{ rule = "chance", chance = 1, fewest = 8, trees = 20 }}
[[table.row]]
name = "nothing there"
features = ["seeing/absent"]
[[claim]]
says = {json.dumps(HOSTILE)}
table = "ablation"
row = "no reading"
against = "all"
metric = "ndcg-graded@5"
sign = "lower"
[[bracket]]
table = "ablation"
row = "all"
protocol = "cold"
metric = "ndcg-graded@5"
low = 0.9
high = 1.0
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    world = judged(tmp_path_factory.mktemp("judged") / "films").folder
    folder = tmp_path_factory.mktemp("run") / "small"
    return Results.of(run(Study.of_toml(STUDY), folder, catalogue=world, report=lambda what, done, total: None))


class Read(HTMLParser):
    """A page as a browser takes it apart."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "img"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def lines(results: Results) -> Iterator[Line]:
    for judgement in results.judgements:
        yield from judgement.lines


def test_the_json_has_everything_and_is_finite(results: Results) -> None:
    body = json.loads(json.dumps(to_json(results), allow_nan=False))
    (table,) = body["tables"]
    assert [one["protocol"]["name"] for one in table["judgements"]] == ["lists", "cold"]
    for one, judgement in zip(table["judgements"], results.judgements, strict=True):
        by = {line["name"]: line for line in one["lines"]}
        assert {name for name, line in by.items() if line["control"]} == set(CONTROLS)
        assert [name for name, line in by.items() if line["oracle"]] == [ORACLE]
        assert "takes seeing/absent" in by["nothing there"]["nothing"]
        line = judgement.line("no reading")
        assert line is not None
        told_ = by["no reading"]["against"]["ndcg-graded@5"]
        assert told_["difference"] == line.against["ndcg-graded@5"].difference
        assert {"low", "high", "p_permutation", "p_holm", "p_wilcoxon", "d_z", "rank_biserial", "n"} <= told_.keys()
        assert by["popularity"]["figures"]["hit-rate@1"].keys() >= {"value", "low", "high"}
        assert len(by[HOSTILE]["selection"]) == 2
        assert by[HOSTILE]["selection"][0]["counts"][0].keys() >= {"panel", "original", "filtered", "kept"}
    assert {claim["verdict"] for claim in body["claims"]} == {AGREES}
    assert [one["held"] for one in body["brackets"]] == [results.checks[0].held]
    assert body["manifest"]["data"]["digest"]
    assert body["manifest"]["seeds"]["study"] == 0
    assert finite({"a": [float("nan"), float("inf"), 1.5]}) == {"a": [None, None, 1.5]}


def test_the_page_is_whole_asks_for_nothing_and_what_others_wrote_is_only_words(results: Results) -> None:
    read = Read(page(results))
    assert read.open == []
    policy = next(own["content"] for tag, own in read.tags if own.get("http-equiv") == "Content-Security-Policy")
    assert (policy or "").startswith("default-src 'none'")
    tags = {tag for tag, _ in read.tags}
    assert not tags & {"script", "img", "iframe", "link", "object", "form", "base"}
    ids = [own["id"] for _, own in read.tags if "id" in own]
    assert len(ids) == len(set(ids))
    for _, own in read.tags:
        assert not any(key.startswith("on") or key == "src" for key in own)
        if "href" in own:
            assert (own["href"] or "").removeprefix("#") in ids
    assert "url(" not in page(results)
    whole = "".join(read.texts)
    assert "<script>alert(1)</script>" in whole
    assert "\u202e" not in whole


def test_controls_stand_in_every_table_of_every_form(results: Results) -> None:
    tables = re.findall(r'<table class="judgement">.*?</table>', page(results), re.DOTALL)
    written = [part for part in markdown(results).split("\n\n") if "*Controls*" in part]
    assert len(tables) == len(written) == len(results.judgements) == 2
    for name in (*CONTROLS, ORACLE):
        assert all(f"<td>{name}</td>" in one for one in tables)
        assert all(f"\n| {name} " in one for one in written)
    # And beside the variants where they are drawn, both in the wide and in the narrow picture.
    for name in ("t1-1-standing", "t1-2-standing"):
        figure = page(results).split(f'<figure id="{name}"')[1].split("</figure>")[0]
        assert all(figure.count(f">{control}</text>") == 2 for control in (*CONTROLS, ORACLE))


def test_there_is_a_mark_for_every_number(results: Results) -> None:
    whole = page(results)

    def circles(name: str) -> int:
        return whole.split(f'<figure id="{name}"')[1].split("</figure>")[0].count("<circle")

    for n, judgement in enumerate(results.judgements, start=1):
        had = [line for line in judgement.lines if line.measured is not None]
        cutoffs = len(judgement.protocol.cutoffs)
        assert len(had) == 4 + len(CONTROLS) + 1
        for kind in ("precision", "hit-rate"):
            assert circles(f"t1-{n}-k-{kind}") == 2 * len(had) * cutoffs
        assert circles(f"t1-{n}-standing") == 2 * len(had)
        assert circles(f"t1-{n}-differences") == 2 * 3
    line = pick(results.judgements[0])
    assert line is not None
    assert circles("t1-selected-scatter") == 2 * len(line.facts[0]["selected"]["columns"]) > 0


def test_the_markdown_has_a_row_for_each_line_and_its_tables_hold(results: Results) -> None:
    text = markdown(results)
    judgements = [part for part in text.split("\n\n") if "*Controls*" in part]
    for part, judgement in zip(judgements, results.judgements, strict=True):
        had = sum(1 for line in judgement.lines if line.measured is not None)
        # Head and rule, and what stands above the controls and above the oracle.
        assert part.count("\n") + 1 == had + 4
        # The best variant by each metric.
        assert part.count("**") == 2 * len(shown(judgement))
    for part in (part for part in text.split("\n\n") if part.startswith("|")):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in part.splitlines()}) == 1
    assert "<script" not in text
    assert "https://" not in text
    assert not re.search(r"(?<!\\)\[", text)
    assert "\n\\# no heading" in text
    assert "“nothing there” could not be had: " in text
    assert words("a|b\n`c`") == "a\\|b \\`c\\`"
    assert [paragraph(one)[0] for one in ("- a", "# a", "> a")] == ["\\"] * 3


def test_sentences_say_what_the_world_is_made_of(results: Results) -> None:
    for judgement in results.judgements:
        assert main(judgement) == "ndcg-graded@5"
        base = base_of(judgement)
        assert base is not None
        assert base.name == "all"
        said = findings(judgement)
        assert said[0].startswith("Reading matters most: without it Graded nDCG@5 is worse (−")
        assert "control" in said[-1]
        # Whichever is said to be ahead, it is by the figures.
        best, top = (
            max(line.figures["ndcg-graded@5"].value for line in judgement.lines if line.kind == kind and line.figures)
            for kind in ("variant", "control")
        )
        assert ("ahead of" in said[-1]) == (best >= top)
    assert p_text(0.0006) == "p < 0.001"


def test_a_study_of_which_nothing_was_measured_has_a_report(results: Results, tmp_path: Path) -> None:
    nothing = {
        key: [replace(cell, measured={}, nothing="there was <nothing>") for cell in cells]
        for key, cells in results.done.cells.items()
    }
    for cells in ({}, nothing):
        empty = Results.of(replace(results.done, cells=cells))
        assert not any(told(one) for one in empty.judgements)
        paths = write(empty, tmp_path)
        assert [path.name for path in paths] == ["report.html", "report.md", "report.json"]
        assert Read(paths[0].read_text(encoding="utf-8")).open == []
        assert "<nothing>" not in paths[0].read_text(encoding="utf-8")
        assert all(line.measured is None for line in lines(empty))


def test_what_cannot_be_written_is_a_sentence_and_leaves_what_was_there(results: Results, tmp_path: Path) -> None:
    first = write(results, tmp_path)[0].read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "report.json", "report.md"]
    (tmp_path / "report.md").unlink()
    (tmp_path / "report.md").mkdir()
    with pytest.raises(UsageError, match=r"report\.md' cannot be written"):
        write(results, tmp_path)
    assert (tmp_path / "report.html").read_bytes() == first
