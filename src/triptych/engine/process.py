"""WorkerProcess: the parent's side of one worker. How it is started, spoken to, ended, and how it ended."""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Self

from triptych.engine import worker as worker_program

#: One thread of arithmetic per worker. The pool already uses every core, so more would only contend; and a sum
#: split over threads is added up in another order, so that features would depend on the number of cores.
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
}
#: Seconds that the bytes of one message may stand still before the worker is taken to be stopped.
STALL_LIMIT_S = 60.0
#: Seconds that a worker has to end after its connection was closed.
CLOSING_S = 2.0


@dataclass(frozen=True, kw_only=True, eq=False)
class WorkerProcess:
    """A running interpreter and the connection to it.

    ``tell`` and ``hear`` raise OSError or EOFError when the worker is lost.
    """

    popen: subprocess.Popen[bytes]
    connection: Connection[Any, Any]

    @classmethod
    def start(cls, *, launcher: Executor, environment: Mapping[str, str]) -> Self:
        """Start a worker from a thread of ``launcher``, which must live as long as the worker is to.

        Linux takes the thread that started a process for its parent, and kills the worker when that ends.
        """
        program = str(Path(worker_program.__file__).absolute())
        ours, theirs = socket.socketpair()
        with ours, theirs:
            stall = struct.pack("ll", int(STALL_LIMIT_S), int(STALL_LIMIT_S % 1 * 1e6))
            for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
                ours.setsockopt(socket.SOL_SOCKET, option, stall)

            def launch() -> subprocess.Popen[bytes]:
                return subprocess.Popen(
                    # -P: the worker's neighbours (task, pool, ...) are no modules of the top level.
                    [sys.executable, "-P", program, str(theirs.fileno()), str(os.getpid())],
                    pass_fds=(theirs.fileno(),),
                    stdin=subprocess.DEVNULL,
                    stdout=2,  # the parent's stdout is data
                    env={**os.environ, **ONE_THREAD, **environment},
                    start_new_session=True,  # out of the terminal's reach, and a group that can be killed as one
                )

            popen = launcher.submit(launch).result()
            return cls(popen=popen, connection=Connection(ours.detach()))

    def welcome(self, paths: Sequence[str]) -> None:
        """Tell a new worker where modules are found: ``paths``, then this process's own ``sys.path``."""
        self.tell({"paths": [*paths, *(str(Path(path).absolute()) for path in sys.path)]})

    def tell(self, note: Mapping[str, Any], body: bytes | None = None) -> None:
        self.connection.send_bytes(json.dumps(note).encode())
        if body is not None:
            self.connection.send_bytes(body)

    def hear(self) -> tuple[dict[str, Any], bytes]:
        note = json.loads(self.connection.recv_bytes())
        return note, self.connection.recv_bytes() if note["note"] == "done" else b""

    @property
    def speaking(self) -> bool:
        """Whether there is something to hear, the end included."""
        return self.connection.poll()

    @property
    def ended(self) -> bool:
        return self.popen.poll() is not None

    def kill(self) -> None:
        """With whatever processes its task has started: a worker leads a process group of its own."""
        with suppress(ProcessLookupError, PermissionError):  # nobody left in the group; macOS: only zombies left
            os.killpg(self.popen.pid, signal.SIGKILL)

    def bury(self, wait_s: float | None = None) -> str:
        """Close the connection, give the process ``wait_s`` (``CLOSING_S``) to end, then kill it. Says how it ended."""
        self.connection.close()
        try:
            code = self.popen.wait(CLOSING_S if wait_s is None else wait_s)
        except subprocess.TimeoutExpired:
            self.kill()
            self.popen.wait()
            return "stopped answering and was killed"
        self.kill()  # what it may have left behind in its group
        if code == -signal.SIGKILL:
            return "was killed by SIGKILL (as the system does when memory runs out)"
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
