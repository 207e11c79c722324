"""``triptych get``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from triptych.cli.output import Json, emit, progress, say, table
from triptych.errors import UsageError

_MB = 1_000_000


def command(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Which data set; without it they are listed.")
    ] = None,
    to: Annotated[Path | None, typer.Option("--to", metavar="FOLDER", help="Where; if not given, ml-….")] = None,
    accept: Annotated[bool, typer.Option("--accept", help="Agree to its terms, which are shown first.")] = False,
    address: Annotated[str, typer.Option(metavar="BASE", help="Where the archives lie.")] = (
        "https://files.grouplens.org/datasets/movielens/"
    ),
    as_json: Json = False,
) -> None:
    """Fetch a data set after showing its terms: MovieLens of every generation, from its makers.

    What was fetched of it when a run was stopped is taken up by the next. A folder that holds it is left alone.

    Example: triptych get movielens-latest-small --accept
    """
    from triptych.cli.network import web
    from triptych.gather.datasets import DATASETS, dataset, get, terms, whole

    if name is None:
        if as_json:
            emit(list(DATASETS.values()))
            return
        table(["name", "MB", "what"], [[d.name, d.megabytes, d.about] for d in DATASETS.values()])
        say("Fetch one: triptych get NAME")
        return
    chosen = dataset(name)
    folder = to or Path(chosen.stem)
    got = whole(chosen, folder)
    if got is None:
        say(terms(chosen))
        if not accept and not _agreed():
            raise UsageError(f"{name} is fetched once you agree to its terms: triptych get {name} --accept")
        with web() as client, progress("Fetching", "MB") as report:

            def told(done: int, total: int | None) -> None:
                report(done // _MB, (total or chosen.megabytes * _MB) // _MB, "")

            got = get(chosen, folder, web=client, address=address, progress=told)
    if as_json:
        emit({**vars(got), "folder": str(got.folder)})
        return
    done = "fetched and unpacked" if got.fetched else "was there already"
    say(f"{name}: {done}, {got.files} files, {got.bytes / _MB:,.1f} MB in {folder}.")
    say(f"Next: triptych add CATALOGUE {folder}")


def _agreed() -> bool:
    """A yes on a terminal. Asked on stderr: stdout is data."""
    if not sys.stdin.isatty():
        return False
    say("Do you agree? [y/N]")
    return sys.stdin.readline().strip().lower() in ("y", "yes")
