"""What the workers call in the tests of the pool: each does one thing, good or bad, that a task may do."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

NOT_A_FUNCTION = 7
CALLS = 0


def square(number: int) -> int:
    return number * number


def pid(_: Any) -> int:
    return os.getpid()


def pid_after(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def calls(_: Any) -> int:
    """How often this worker was asked: state of the module stays while the worker does."""
    global CALLS  # noqa: PLW0603
    CALLS += 1
    return CALLS


def backwards(data: bytes) -> bytes:
    return data[::-1]


def facts(_: Any) -> dict[str, Any]:
    return {
        "threads": os.environ.get("OMP_NUM_THREADS"),
        "colour": os.environ.get("TRIPTYCH_TEST_COLOUR"),
        "group": os.getpgrp(),
        "session": os.getsid(0),
        "path": list(sys.path),
        "stdin": sys.stdin.read(),
        "passed_on": [number for number in range(3, 256) if _inheritable(number)],
    }


def fail(words: str) -> None:
    raise ValueError(words)


def exhaust(_: Any) -> None:
    raise MemoryError


def leave(_: Any) -> None:
    raise SystemExit(3)


def interrupt(_: Any) -> None:
    raise KeyboardInterrupt


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


def unspeakable(_: Any) -> None:
    raise Unspeakable


def unsendable(_: Any) -> Any:
    return lambda: None


class BreaksWhereItArrives:
    """Can be pickled anywhere, and rebuilt only in the process that made it."""

    def __init__(self, home: int) -> None:
        if home != os.getpid():
            raise LookupError("far from home")
        self.home = home

    def __reduce__(self) -> tuple[Any, ...]:
        return BreaksWhereItArrives, (self.home,)


def homesick(_: Any) -> BreaksWhereItArrives:
    return BreaksWhereItArrives(os.getpid())


def die(how: int) -> None:
    """By a signal, as from a crash or for want of memory."""
    os.kill(os.getpid(), how)
    time.sleep(600)


def vanish(code: int) -> None:
    os._exit(code)


def die_once(marker: str) -> int:
    """Kills its worker unless another attempt has been here before."""
    if not Path(marker).exists():
        Path(marker).write_text(str(os.getpid()))
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


def die_then_hang(marker: str) -> None:
    die_once(marker)
    time.sleep(600)


def orphan(marker: str) -> None:
    """Forks a process that holds every descriptor open, and dies."""
    child = os.fork()
    if child == 0:
        time.sleep(600)
        os._exit(0)
    with Path(marker).open("a") as file:
        file.write(f"{child}\n")
    os._exit(4)


def hang(marker: str) -> None:
    """Says where it is, and stays."""
    _arrive(marker, os.getpid())
    time.sleep(600)


def hang_in_native_code(marker: str) -> None:
    """Stays inside a C function that holds the interpreter's lock: no other thread of the worker can run."""
    _arrive(marker, os.getpid())
    ctypes.PyDLL(None).sleep(600)


def hang_with_child(marker: str) -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    _arrive(marker, child.pid)
    time.sleep(600)


def survive_interrupt(_: Any) -> str:
    os.kill(os.getpid(), signal.SIGINT)
    return "still here"


def chatter(words: str) -> str:
    print(words)  # noqa: T201
    os.write(1, b"raw " + words.encode() + b"\n")
    return words


def _inheritable(descriptor: int) -> bool:
    try:
        return os.get_inheritable(descriptor)
    except OSError:  # not open
        return False


def _arrive(marker: str, process: int) -> None:
    # In one step, so that nobody reads half a number.
    draft = Path(f"{marker}.draft")
    draft.write_text(str(process))
    draft.rename(marker)
