"""Output: data on stdout, talk and progress on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from typing import Annotated, Any, Protocol

import typer


class Report(Protocol):
    """Told how far a piece of work is; ``note`` is shown beside it."""

    def __call__(self, done: int, total: int, note: str) -> None: ...


#: The option every command has.
Json = Annotated[bool, typer.Option("--json", help="Print machine-readable JSON on stdout, and nothing else there.")]


def say(text: str) -> None:
    """Talk: one line on stderr."""
    print(text, file=sys.stderr, flush=True)


def emit(data: Any) -> None:
    """One JSON document on stdout."""
    print(json.dumps(_plain(data), ensure_ascii=False, indent=2 if sys.stdout.isatty() else None, allow_nan=False))


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A drawn table on a terminal; tab-separated lines elsewhere, for other programs."""
    cells = [[_cell(value) for value in row] for row in rows]
    if not sys.stdout.isatty():
        print("\t".join(columns))
        for row in cells:
            print("\t".join(row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, header_style="bold", pad_edge=False)
    for name in columns:
        drawn.add_column(name, overflow="fold")
    for row in cells:
        drawn.add_row(*(Text(cell) for cell in row))
    Console().print(drawn)


@contextmanager
def progress(label: str, unit: str) -> Generator[Report]:
    """A bar with rate and remaining time on a terminal; a line now and then elsewhere. ``(done, total, note)``."""
    if sys.stderr.isatty():
        with _bar(label, unit) as report:
            yield report
        return
    with _lines(label, unit) as report:
        yield report


@contextmanager
def _bar(label: str, unit: str) -> Generator[Report]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    columns = [
        TextColumn(label),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", markup=False),
    ]
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(label, total=None, rate="", note="")

        def report(done: int, total: int, note: str) -> None:
            speed = bars.tasks[0].speed
            rate = f"{speed:.1f} {unit}/s" if speed else ""
            bars.update(task, completed=done, total=total, rate=rate, note=Text(printable(note)[:40]).plain)

        yield report


@contextmanager
def _lines(label: str, unit: str) -> Generator[Report]:
    import time

    started = last = time.monotonic()

    def report(done: int, total: int, note: str) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < 10 or not done:
            return
        last = now
        rate = done / (now - started)
        left_s = (total - done) / rate
        say(f"{label}: {done} of {total}, {rate:.1f} {unit}/s, about {left_s:.0f} s left {printable(note)}".rstrip())

    yield report


def printable(text: str) -> str:
    """Text that cannot move a terminal's cursor or break a line.

    >>> printable("a\\x1b[2Jb\\n")
    'a\\\\x1b[2Jb\\\\n'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, (list, tuple)):
        return printable(" | ".join(str(part) for part in value))  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return printable(str(value))


def _plain(data: Any) -> Any:
    if is_dataclass(data) and not isinstance(data, type):
        return _plain(asdict(data))
    if isinstance(data, dict):
        return {str(key): _plain(value) for key, value in data.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(data, (list, tuple)):
        return [_plain(value) for value in data]  # pyright: ignore[reportUnknownVariableType]
    return data
