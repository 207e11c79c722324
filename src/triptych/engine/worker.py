"""Worker: the process at the other end of a pool's connection. It runs one task at a time until it hears the end.

This file is started by its path and imports the standard library alone: where anything else is to be found,
``triptych`` included, is the first thing that the pool tells it.

What travels over multiprocessing's connection, in both directions, is a note (JSON) and after some notes a body:
the payload, or the value, serialised by :func:`pack`. Both ends are one program under one user, and nothing
of it is ever stored.
"""

from __future__ import annotations

import importlib
import json
import os
import pickle  # noqa: TID251 - for messages between a parent and its own workers; none is ever stored
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Any

#: After the connection has ended: time to finish in good order before the worker ends itself by force.
ENDING_S = 1.0
#: Reasons are for people and for the ledger; a library that puts a whole document in its message is cut short.
REASON_CHARACTERS = 600


def main(descriptor: int, parent: int) -> None:
    """Serve the pool of process ``parent`` over the socket ``descriptor``."""
    # The pool passed the socket on through exec; what a task starts must not hold it open after this process.
    os.set_inheritable(descriptor, False)
    # Ctrl-C is for the parent, which decides what becomes of the work under way.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _end_with(parent)
    # File descriptor 1 is the parent's stderr here: what a task prints should appear there at once, in order.
    sys.stdout.reconfigure(line_buffering=True)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    connection: Connection[Any, Any] = Connection(descriptor)
    try:
        sys.path[:] = json.loads(connection.recv_bytes())["paths"]
        inbox: SimpleQueue[tuple[bytes, bytes] | None] = SimpleQueue()
        threading.Thread(target=_listen, args=(connection, inbox), name="triptych-listen", daemon=True).start()
        _tell(connection, note="ready")
        while (message := inbox.get()) is not None:
            _serve(connection, *message)
    except (EOFError, OSError):
        return  # The parent has gone, or does not want this worker any more: nobody is left to be told.


def _end_with(parent: int) -> None:
    """Let the kernel kill this process when its parent dies, even in the middle of native code.

    Only Linux offers it. Elsewhere, and as well, the listening thread sees the connection end; but it cannot
    run while native code holds the interpreter's lock.
    """
    if sys.platform == "linux":
        import ctypes

        set_death_signal = 1  # PR_SET_PDEATHSIG in <linux/prctl.h>
        ctypes.CDLL(None).prctl(set_death_signal, int(signal.SIGKILL), 0, 0, 0)
    # A parent that died before the request above is never reported: this process already has another one.
    if os.getppid() != parent:
        os._exit(1)


def _listen(connection: Connection[Any, Any], inbox: SimpleQueue[tuple[bytes, bytes] | None]) -> None:
    """Take in tasks; when the connection ends, end the worker, whatever it is doing.

    A thread of its own, so that the end is heard in the middle of a task, and so that the pool is never
    blocked in sending to a worker that is busy.
    """
    try:
        while True:
            inbox.put((connection.recv_bytes(), connection.recv_bytes()))
    except (EOFError, OSError):
        pass  # the end of the connection is what this thread is waiting for
    finally:
        inbox.put(None)  # also when a payload does not fit into memory: a worker that cannot hear must not stay
    time.sleep(ENDING_S)
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)  # with whatever processes the task has started
    os._exit(1)


def _serve(connection: Connection[Any, Any], note: bytes, body: bytes) -> None:
    function: str = json.loads(note)["function"]
    # Only from here on may a death be blamed on the task.
    _tell(connection, note="begun")
    start = time.perf_counter()
    stage = f"the function {function!r} cannot be found by a worker: "
    try:
        call = _resolve(function)
        stage = f"the payload for {function!r} cannot be rebuilt in a worker: "
        payload = unpack(body)
        stage = ""
        value = call(payload)
        stage = f"the value that {function!r} returned cannot be sent back: "
        answer = pack(value)
    except BaseException as error:  # noqa: BLE001 - told to the pool; a task's SystemExit is its failure too
        seconds = time.perf_counter() - start
        _tell(connection, note="error", seconds=seconds, reason=stage + describe(error), trace=traceback.format_exc())
        return
    _tell(connection, note="done", seconds=time.perf_counter() - start)
    connection.send_bytes(answer)


def _resolve(function: str) -> Callable[[Any], Any]:
    module, _, name = function.partition(":")
    if not module or not name:
        raise ValueError("a function is named 'package.module:name'")
    if module == "__main__":
        raise ValueError("'__main__' is another file in every process; move the function into a module")
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    if not callable(found):
        raise TypeError(f"{name!r} of {module!r} is a {type(found).__name__} and cannot be called")
    return found


def describe(error: BaseException) -> str:
    """An exception on one line: its type and what it says of itself."""
    try:
        words = " ".join(str(error).split())
    except Exception as second:  # noqa: BLE001 - said in its place: an exception may be broken in its own __str__
        words = f"(its message raised {type(second).__name__})"
    if len(words) > REASON_CHARACTERS:
        words = words[: REASON_CHARACTERS - 1] + "…"
    return f"{type(error).__name__}: {words}" if words else f"{type(error).__name__}, without a message"


def pack(value: Any) -> bytes:
    """A payload or a value as the body of a message.

    Pickled plainly and not by ``Connection.send``, whose pickler other libraries extend: torch's would
    send a tensor as a handle to memory that is shared by this process, and gone with it.
    """
    return pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)


def unpack(body: bytes) -> Any:
    return pickle.loads(body)  # noqa: S301 - only ever read from a connection to one's own parent or worker


def _tell(connection: Connection[Any, Any], **note: Any) -> None:
    connection.send_bytes(json.dumps(note).encode())


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
