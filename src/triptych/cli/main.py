"""Main: the commands, and how their errors reach the shell."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

import triptych
from triptych.cli import (
    add,
    attach,
    audit,
    clean,
    demo,
    doctor,
    duplicates,
    enrich,
    evaluate,
    explain,
    export,
    extract,
    fit,
    forget,
    fuse,
    get,
    graph,
    info,
    init,
    inspect,
    items,
    ledger,
    panels,
    read,
    recommend,
    report,
    similar,
    study,
    trailers,
    tune,
)
from triptych.errors import TriptychError

app = typer.Typer(
    name="triptych",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

#: Under which heading of the help a command stands, in this order.
PANELS = {
    "Fill a catalogue": (init, get, add, enrich, trailers, attach),
    "Tend it": (duplicates, clean, items, inspect, read, graph, info, ledger, forget),
    "See, hear, read, recommend": (extract, fuse, similar, fit, tune, recommend, explain),
    "Judge honestly": (audit, panels),
    "Take it elsewhere": (export,),
    "Begin": (demo, doctor),
}
for panel, modules in PANELS.items():
    for module in modules:
        app.command(module.__name__.rsplit(".", 1)[-1], rich_help_panel=panel)(module.command)
app.add_typer(report.app, name="report", rich_help_panel="Tend it")
app.add_typer(evaluate.app, name="evaluate", rich_help_panel="Judge honestly")
app.add_typer(study.app, name="study", rich_help_panel="Judge honestly")


def _version(asked: bool) -> None:
    if asked:
        print(f"triptych {triptych.__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """See, hear and read a video catalogue, and recommend from it.

    From a folder of videos to similar titles:

        triptych init films

        triptych add films ~/videos

        triptych extract films

        triptych fuse films

        triptych similar films noir.mp4

    And with ratings or likes of users to recommendations, with the reasons:

        triptych fit films

        triptych recommend films --user 42 --why

    No videos at hand? triptych demo makes some and does all of that.

    Exit codes: 0 done; 1 failed; 2 wrong argument; 3 catalogue, source or space not as needed; 4 locked;
    5 unreadable clip; 6 network; 130 stopped.
    """


#: What a shell knows as the end by Ctrl-C.
STOPPED = 130


def _stopped() -> int:
    print("triptych: stopped; what was committed is kept.", file=sys.stderr)
    return STOPPED


def run() -> None:
    """The console script."""
    # Read when the first library with OpenMP is loaded. Threads that wait by spinning take from the others the core
    # that these need to be done: on a busy machine a fit of seconds took a minute.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        app()
    except TriptychError as fault:
        print(f"triptych: {fault}", file=sys.stderr)
        sys.exit(fault.exit_code)
    except KeyboardInterrupt:
        sys.exit(_stopped())
    except SystemExit as end:
        if end.code == STOPPED:  # typer has caught the interrupt itself
            _stopped()
        raise
    except BrokenPipeError:
        # The reader, such as head, has had enough. Python would complain once more on closing stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
