"""Fetcher: the parent's side of the worker program. It is started when needed, spoken to, and ended when it stalls."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

from triptych.errors import FetchError, MissingExtra
from triptych.gather.trailers.reason import Reason
from triptych.gather.trailers.settings import Settings
from triptych.gather.trailers.verdict import Verdict, cleaned

#: Seconds for an interpreter and yt-dlp to start on a machine that is busy with other things.
START_S = 120.0
#: Fetches after which a worker is replaced by a fresh one: extractors keep what they like for as long as they live.
LIFE = 200
#: Bytes; no answer is as long as this.
_LONGEST = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What one try gave: the file, complete as far as the server told, or the verdict.

    ``title`` is what the site calls it. ``met`` are the addresses that it connected to.
    """

    file: Path | None = None
    title: str = ""
    verdict: Verdict | None = None
    met: tuple[str, ...] = ()


#: What a worker is told of the environment. Keys and passwords that stand there are no business of a site's code.
_TOLD = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR")


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in _TOLD if name in os.environ}


def ready() -> None:
    """MissingExtra if yt-dlp is not installed."""
    if find_spec("yt_dlp") is None:
        raise MissingExtra("Fetching trailers", "fetch", missing="yt-dlp")


class Fetcher:
    """One worker process, for one thread at a time. ``end`` may be called from any."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._noise: IO[bytes] | None = None
        self._fetched = 0
        self._buffer = b""
        self._ended = False

    def fetch(self, url: str, folder: Path) -> Reply:
        """One try, of at most ``timeout_s``. The worker is killed when it takes longer; the folder keeps what came.

        FetchError where no worker can be started at all.
        """
        settings = self._settings
        job = {
            "url": url,
            "folder": str(folder.absolute()),
            "height_px": settings.height_px,
            "max_bytes": settings.max_bytes,
            "min_s": settings.min_s,
            "max_s": settings.max_s,
            "silence_s": settings.silence_s,
            "allow_private": settings.allow_private,
        }
        try:
            process = self._running()
            self._tell(process, job)
            answer = self._hear(process, settings.timeout_s)
        except TimeoutError:
            self.close()
            had = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
            detail = f"not done after {settings.timeout_s:g} s; {had:,} bytes had come"
            return Reply(verdict=Verdict(reason=Reason.STALLED, detail=detail))
        except (EOFError, OSError, ValueError) as fault:
            return Reply(verdict=Verdict(reason=Reason.CRASHED, detail=self._last_words(fault)))
        self._fetched += 1
        if self._fetched >= LIFE:
            self.close()
        met = tuple(answer["met"])
        if "file" in answer:
            return Reply(file=folder / answer["file"], title=answer["title"], met=met)
        missed: dict[str, Any] = answer["missed"]
        return Reply(verdict=Verdict(reason=Reason(missed.pop("reason")), **missed), met=met)

    def end(self) -> None:
        """End the worker, now, and start no other: whoever waits for it is told that it crashed. From any thread."""
        self._ended = True
        self._kill()

    def _kill(self) -> None:
        """With whatever programs it has started: it leads a process group of its own."""
        if (process := self._process) is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)

    def close(self) -> None:
        self._kill()
        if self._process is not None:
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout, self._noise):
                if pipe is not None:
                    with suppress(OSError):
                        pipe.close()
        self._process = self._noise = None
        self._fetched, self._buffer = 0, b""

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None:
            return self._process
        if self._ended:
            raise EOFError("the run was stopped")
        self._noise = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the worker
        package = str(Path(__file__).absolute().parents[3])
        paths = os.pathsep.join([package, *filter(None, [os.environ.get("PYTHONPATH")])])
        self._process = subprocess.Popen(
            # -P: the folder it is started in is no place for modules.
            [sys.executable, "-P", "-m", "triptych.gather.trailers.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._noise,
            env={**_environment(), "PYTHONPATH": paths, "YTDLP_NO_PLUGINS": "1"},
            start_new_session=True,  # out of the terminal's reach, and a group that can be killed as one
            bufsize=0,
        )
        if self._ended:
            self._kill()
        try:
            self._hear(self._process, START_S)
        except (TimeoutError, EOFError, OSError, ValueError) as fault:
            if self._ended:
                raise EOFError("the run was stopped") from fault
            late = f"it did not start within {START_S:g} s" if isinstance(fault, TimeoutError) else ""
            raise FetchError(
                f"yt-dlp cannot be started: {late or self._last_words(fault)}. Run: pip install --upgrade yt-dlp"
            ) from fault
        return self._process

    @staticmethod
    def _tell(process: subprocess.Popen[bytes], job: dict[str, Any]) -> None:
        assert process.stdin is not None
        process.stdin.write(json.dumps(job).encode() + b"\n")

    def _hear(self, process: subprocess.Popen[bytes], limit_s: float) -> dict[str, Any]:
        """One line. TimeoutError, EOFError when the worker has ended."""
        assert process.stdout is not None
        deadline = time.monotonic() + limit_s
        handle = process.stdout.fileno()
        while b"\n" not in self._buffer:
            left_s = deadline - time.monotonic()
            if left_s <= 0 or not select.select([handle], [], [], left_s)[0]:
                raise TimeoutError
            piece = os.read(handle, 65_536)
            if not piece or len(self._buffer) > _LONGEST:
                raise EOFError("it ended without an answer")
            self._buffer += piece
        line, _, self._buffer = self._buffer.partition(b"\n")
        return json.loads(line)

    def _last_words(self, fault: BaseException) -> str:
        """What a worker that is no more wrote last, or how it ended."""
        said = ""
        if self._noise is not None:
            with suppress(OSError, ValueError):
                self._noise.seek(-min(self._noise.seek(0, os.SEEK_END), 2000), os.SEEK_END)
                said = self._noise.read().decode(errors="replace").strip().rpartition("\n")[2]
        self.close()
        return cleaned(said) or str(fault)
