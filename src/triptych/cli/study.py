"""``triptych study``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from triptych.cli.output import Json, Report, emit, printable, progress, say, table

if TYPE_CHECKING:
    from triptych.studies.results import Judgement, Results
    from triptych.studies.study import Study

app = typer.Typer(no_args_is_help=True, help="Run an experiment from a TOML file, and report it with its controls.")

StudyName = Annotated[
    str, typer.Argument(metavar="STUDY", help="A built-in study, or a TOML file of your own.", show_default=False)
]
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.", show_default=False)]
#: Where a run goes unless told: beside others of its kind.
RUNS = Path("runs")


@app.callback()
def group() -> None:
    """Run an experiment from a TOML file, and report it with its controls.

    Example: triptych study run seeing-hearing-reading --catalogue films
    """


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the studies that come with Triptych.

    Example: triptych study list
    """
    from triptych.studies.study import Study, built_in_names

    studies = [Study.built_in(name) for name in built_in_names()]
    if as_json:
        emit([{"name": one.name, "title": one.title, "paper": one.paper, "source": one.data.source} for one in studies])
        return
    rows = [[one.name, one.title, one.data.source, ", ".join(t.name for t in one.tables)] for one in studies]
    table(["study", "what it asks", "runs on", "tables"], rows)
    say("Next: triptych study describe STUDY")


@app.command()
def describe(study: StudyName, as_json: Json = False) -> None:
    """Show what a study runs, judges, compares and trains, before anything is run.

    Of what it trains, the networks of the paper are shown part by part, with how many numbers of each are trained.

    Example: triptych study describe seeing-hearing-reading
    """
    from dataclasses import asdict

    from triptych.studies.networks import networks

    asked = _study(study)
    trained = networks(asked)
    if as_json:
        told = asdict(asked)
        told.pop("source")
        emit({**told, "networks": {name: asdict(one) for name, one in trained.items()}})
        return
    for line in (asked.title, asked.paper, "", *asked.notes.splitlines(), ""):
        say(printable(line))
    table(
        ["protocol", "kind", "split", "judged by", "cutoffs"],
        [
            [
                one.name,
                one.kind,
                f"{one.split}{f', {one.folds} folds' if one.folds else ''}",
                one.judged_by,
                ", ".join(map(str, one.cutoffs)),
            ]
            for one in asked.protocols
        ],
    )
    for each in asked.tables:
        say(f"\n{each.name}: {printable(each.title)}. {printable(each.notes)}")
        table(["row", "what it sets"], [[row.name, _settings(row.told())] for row in each.rows])
    if counted := {name: one for name, one in trained.items() if one.total is not None}:
        say("\nThe networks of the paper, and how many numbers of each part are trained:")
        lines = [
            [name, one["module"], one["part"], f"{one['parameters']:,}"]
            for name, net in counted.items()
            for one in net.lines
        ]
        table(["network", "module", "part", "parameters"], lines)
        table(["network", "all of it"], [[name, f"{one.total:,}"] for name, one in counted.items()])
    for name, one in trained.items():
        if one.nothing:
            say(f"\n{name}: {printable(one.nothing)}")
    say(f"\nClaims that are put to the test: {len(asked.claims)}. Next: triptych study run {study}")


@app.command("run")
def run_(
    study: StudyName,
    to: Annotated[Path | None, typer.Option(metavar="RUN", help="The folder of the run. [default: runs/STUDY]")] = None,
    catalogue: Annotated[
        Path | None,
        typer.Option(
            metavar="CATALOGUE",
            help="Run on this catalogue, not on the study's own. What the study extracts is measured there.",
        ),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="The folder that the study's paths of data lead into.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(metavar="TABLE", help="Only this table; may be given again.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Run a study, or go on with one that was stopped, and write its report.

    Items, ratings and measurements of a catalogue of yours stay as they are; what the study asks for and is not
    measured yet is added to it.

    Example: triptych study run seeing-hearing-reading --catalogue films
    """
    from triptych.studies.report import write
    from triptych.studies.results import Results
    from triptych.studies.run import run

    asked = _study(study)
    folder = to or RUNS / asked.name
    with ExitStack() as stack:
        bars: dict[str, Report] = {}

        def bar(label: str, unit: str) -> Report:
            """Each kind of work has a bar of its own: its rate tells nothing of the next one's."""
            if label not in bars:
                stack.close()
                bars.clear()
                bars[label] = stack.enter_context(progress(label, unit))
            return bars[label]

        done = run(
            asked,
            folder,
            given=data,
            catalogue=catalogue,
            only=only or (),
            report=lambda what, count, total: bar(f"Running {asked.name}", "cells")(count, total, what),
            preparing=lambda what, count, total: bar(what, "items")(count, total, ""),
            learning=lambda what, count, total: bar(f"Learning {what}", "epochs")(count, total, ""),
        )
    for note in done.notes:
        say(note)
    stand = "All cells stand" if done.manifest.finished else "The cells of these tables stand"
    say(f"{stand} ({done.manifest.seconds:.0f} s). Drawing intervals and tests …")
    results = Results.of(done)
    pages = write(results, folder)
    _tell(results, pages, folder, as_json=as_json)


@app.command("report")
def report(run: RunFolder, as_json: Json = False) -> None:
    """Write the report of a run anew, from its cells alone.

    Example: triptych study report runs/seeing-hearing-reading
    """
    from triptych.studies.report import write
    from triptych.studies.results import Results
    from triptych.studies.run import read

    results = Results.of(read(run))
    _tell(results, write(results, run), run, as_json=as_json)


def _tell(results: Results, pages: Any, folder: Path, *, as_json: bool) -> None:
    from triptych.studies.report import to_json
    from triptych.studies.report.view import main, shown

    if as_json:
        emit(to_json(results))
        return
    if sys.stdout.isatty():
        for judgement in results.judgements:
            say(f"\n{printable(judgement.table.title)}, {_by(judgement)}")
            metrics, tested = shown(judgement), main(judgement)
            table(["row", *metrics, f"p of {tested}" if tested else ""], _lines(judgement, metrics, p_of=tested))
    else:
        # One table for other programs: which of them a line is of would else be told on stderr alone.
        every = list(dict.fromkeys(name for judgement in results.judgements for name in shown(judgement)))
        rows: list[list[object]] = []
        for judgement in results.judgements:
            place = [judgement.table.name, judgement.protocol.name, judgement.row]
            rows += [[*place, *line] for line in _lines(judgement, every, p_of=main(judgement))]
        table(["table", "protocol", "items", "row", *every, "p or why not"], rows)
    for verdict in results.verdicts:
        where = f"{verdict.protocol}{f', {verdict.row}' if verdict.row else ''}"
        say(f"{verdict.verdict:<12} {where:<20} {printable(verdict.claim.says)}")
    say(f"\n{pages[0]}\nNext: open it in a browser; triptych audit {folder}")


def _lines(judgement: Judgement, metrics: Sequence[str], *, p_of: str) -> list[list[object]]:
    """Name, figures, and p of one metric against the row that all are tested against; or why there is nothing."""
    rows: list[list[object]] = []
    for line in judgement.lines:
        values = {**line.whole, **{name: one.value for name, one in line.figures.items()}}
        figures = [f"{values[name]:.4f}" if name in values else None for name in metrics]
        against = line.against.get(p_of)
        p = against.p_holm if against else None
        rows.append([line.name, *figures, line.nothing or (f"{p:.3f}" if p is not None else "")])
    return rows


def _by(judgement: Judgement) -> str:
    return f"{judgement.protocol.name}{f', {judgement.row}' if judgement.row else ''}, by {judgement.unit}s"


def _settings(told: dict[str, Any]) -> str:
    return "; ".join(f"{name} {_plain(value)}" for name, value in told.items()) or "the baseline"


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}={_plain(one)}" for key, one in value.items())  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, (list, tuple)):
        return ", ".join(str(one) for one in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return str(value)


def _study(name: str) -> Study:
    from triptych.studies.study import Study

    return Study.read(Path(name)) if name.endswith(".toml") else Study.built_in(name)
