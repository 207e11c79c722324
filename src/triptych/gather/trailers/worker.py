"""Worker: the program that runs yt-dlp, one process for many fetches. It reads jobs from stdin, one JSON line each.

It is a program of its own, and not yt-dlp's, for three things: starting yt-dlp takes ten times as long as fetching a
small clip; what went wrong is known as an exception instead of a line of prose; and each connection is looked at as it
is made, so that neither a redirect nor a name that resolves anew leads to an address that may not be asked.
"""

from __future__ import annotations

import json
import os
import queue
import re
import resource
import signal
import sys
import threading
from contextlib import suppress
from importlib import import_module
from typing import Any, cast

from triptych.gather.trailers.address import fault_of_address
from triptych.gather.trailers.link import printed
from triptych.gather.trailers.reason import Reason
from triptych.gather.trailers.verdict import RefusedAddress, Verdict, verdict_of

#: What yt-dlp would take up if it is installed. curl makes its connections where the guard does not see them; with
#: one way to the network instead of three, the same list gives the same table everywhere.
NOT_USED = ("curl_cffi", "requests", "websockets")
#: Programs that yt-dlp may start: to join pictures and sound, and to compute what YouTube asks for.
PROGRAMS = frozenset({"ffmpeg", "ffprobe", "deno"})
#: Bytes. A page without end would otherwise take all the memory there is until the time is up.
MOST_MEMORY = 2 << 30
STEM = "clip"


class Guard:
    """An audit hook: it sees each connection, request and program before it begins, and may raise.

    Once added it cannot be removed. ``met`` are the addresses that were connected to.
    """

    def __init__(self) -> None:
        self.allow_private = False
        self.met: set[str] = set()

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
            if arguments[1] is not None:  # as sendmsg has it where it was connected, and looked at, before
                self._connect(arguments[1])
        elif event == "urllib.Request":
            scheme = str(arguments[0]).partition(":")[0].lower()
            if scheme not in ("http", "https"):
                raise RefusedAddress(f"{scheme[:20]}: is not fetched, only http: and https:")
        elif event == "subprocess.Popen":
            self._start(arguments[0], arguments[1])
        elif event in ("os.system", "os.exec", "os.startfile"):
            raise PermissionError(f"{event} is not for fetching")

    def _connect(self, address: Any) -> None:
        if not isinstance(address, tuple):
            raise RefusedAddress("a socket of this machine is not asked")
        host, port = str(cast("tuple[Any, ...]", address)[0]), cast("tuple[Any, ...]", address)[1]
        if not self.allow_private and (fault := fault_of_address(host)):
            raise RefusedAddress(fault)
        self.met.add(f"{host}:{port}")

    def _start(self, program: Any, arguments: Any) -> None:
        given = [os.fsdecode(part) for part in arguments] if isinstance(arguments, (list, tuple)) else []  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        name = os.path.basename(os.fsdecode(program or (given or [""])[0])).removesuffix(".exe")  # noqa: PTH119
        if name not in PROGRAMS:
            raise PermissionError(f"the program {name!r:.60} is not for fetching")
        # FFmpeg would make connections of its own, where no one looks at them.
        if name != "deno" and any(re.match(r"(?!file:)[a-z][a-z0-9+.-]*:", part, re.IGNORECASE) for part in given[1:]):
            raise PermissionError(f"{name} is not given addresses")


class Quiet:
    """yt-dlp's talk goes nowhere but for what explains a download that ended without a word."""

    def __init__(self) -> None:
        self.last = ""

    def debug(self, text: str) -> None: ...

    def info(self, text: str) -> None: ...

    def warning(self, text: str) -> None:
        self.last = text

    def error(self, text: str) -> None:
        self.last = text


def fetch(job: dict[str, Any]) -> dict[str, Any]:
    """Fetch ``job["url"]`` into the current folder. The file's name there and what is known of it, or a verdict."""
    import yt_dlp
    from yt_dlp.utils import DownloadCancelled

    class Enough(DownloadCancelled):
        """Raised out of yt-dlp's hooks: this is not wanted."""

        def __init__(self, verdict: Verdict) -> None:
            super().__init__(verdict.detail)
            self.verdict = verdict

    def judge(info: dict[str, Any], *, incomplete: bool = False) -> None:
        seconds = info.get("duration")
        if info.get("is_live") or info.get("live_status") in ("is_live", "is_upcoming"):
            raise Enough(Verdict(reason=Reason.UNAVAILABLE, detail="it is a broadcast that goes on"))
        if isinstance(seconds, (int, float)) and seconds > 0 and not job["min_s"] <= seconds <= job["max_s"]:
            reason = Reason.TOO_LONG if seconds > job["max_s"] else Reason.TOO_SHORT
            raise Enough(Verdict(reason=reason, detail=f"{seconds:g} s, by what the site says"))

    def watch(state: dict[str, Any]) -> None:
        known = max(state.get("total_bytes") or 0, state.get("downloaded_bytes") or 0)
        if known > job["max_bytes"]:
            raise Enough(Verdict(reason=Reason.TOO_LARGE, detail=f"{known:,} bytes or more"))

    talk = Quiet()
    try:
        with yt_dlp.YoutubeDL(cast("Any", _options(job, judge, watch, talk))) as downloader:
            info = cast("Any", downloader.extract_info(job["url"], download=True))
        parts: list[Any] = list(info.get("entries") or [info]) if info else []
        done = [part for found in parts if found for part in found.get("requested_downloads") or ()]
        if not done or not os.path.isfile(done[0]["filepath"]):  # noqa: PTH113 - it never raises
            reason = verdict_of(RuntimeError(talk.last or "there is no video"))
            return {"missed": reason.plain()}
        title = next((str(part["title"]) for part in parts if part and part.get("title")), "")
        return {"file": os.path.basename(done[0]["filepath"]), "title": printed(title, 300)}  # noqa: PTH119
    except Enough as enough:
        return {"missed": enough.verdict.plain()}
    except Exception as fault:  # noqa: BLE001 - whatever an extractor trips over is this item's, and is told
        return {"missed": verdict_of(fault).plain()}


def _options(job: dict[str, Any], judge: Any, watch: Any, talk: Quiet) -> dict[str, Any]:
    height = int(job["height_px"])
    from yt_dlp.postprocessor.ffmpeg import FFmpegPostProcessor

    whole = f"b[height<=?{height}]"
    joined = f"bv*[height<=?{height}]+ba/" if FFmpegPostProcessor().available else ""
    return {
        "format": f"{joined}{whole}/w/bv*[height<=?{height}]/w*",
        # Of pictures alike in height, those that any decoder reads fast.
        "format_sort": [f"res:{height}", "vcodec:h264", "acodec:aac"],
        "merge_output_format": "mp4/webm/mkv",
        # Relative, and without a word of the item or the site but for an extension that yt-dlp has cleaned.
        "outtmpl": {"default": f"{STEM}.%(ext)s"},
        "match_filter": judge,
        "progress_hooks": [watch],
        "logger": talk,
        "quiet": True,
        "noprogress": True,
        "color": {"stdout": "never", "stderr": "never"},
        "socket_timeout": job["silence_s"],
        # Trying again is ours: it waits its turn, is counted, and honours Retry-After.
        "retries": 0,
        "fragment_retries": 0,
        "extractor_retries": 0,
        "file_access_retries": 0,
        "skip_unavailable_fragments": False,
        "continuedl": True,
        "noplaylist": True,
        "playlist_items": "1",
        "default_search": "error",
        "enable_file_urls": False,
        "hls_prefer_native": True,
        "proxy": "",
        "geo_bypass": False,
        "cachedir": False,
        "usenetrc": False,
        "fixup": "never",
        "updatetime": False,
        "check_formats": None,
    }


def main() -> None:
    """Answer jobs until stdin ends."""
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # whatever else is printed is no answer
    jobs: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(jobs,), daemon=True).start()
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, resource.getrlimit(resource.RLIMIT_DATA)[1]))
    for name in NOT_USED:
        sys.modules[name] = cast("Any", None)
    version = _warmed()
    guard = Guard()
    sys.addaudithook(guard)
    answers.write(json.dumps({"ready": version}).encode() + b"\n")
    while True:
        job = jobs.get()
        guard.allow_private = bool(job["allow_private"])
        guard.met.clear()
        os.chdir(job["folder"])
        answer = {**fetch(job), "met": sorted(guard.met)}
        answers.write(json.dumps(answer).encode() + b"\n")


def _warmed() -> str:
    """Load what yt-dlp loads late, so that it does not count as time of the first fetch. Its version."""
    import yt_dlp.extractor
    import yt_dlp.version

    import_module("yt_dlp.extractor.generic")
    extractors = cast("list[Any]", yt_dlp.extractor.gen_extractor_classes())
    assert any(extractor.suitable("https://example.org/clip.mp4") for extractor in extractors)  # patterns are compiled
    return yt_dlp.version.__version__


def _listen(jobs: queue.SimpleQueue[dict[str, Any]]) -> None:
    """Take jobs in. When stdin ends the parent is gone, perhaps killed: so goes the whole group, in mid-fetch too."""
    for line in sys.stdin.buffer:
        jobs.put(json.loads(line))
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


if __name__ == "__main__":
    main()
