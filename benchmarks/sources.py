"""Fetch trailers from a server with 5 % of each fault, with two SIGKILLs on the way, and count what came of it.

    python benchmarks/sources.py

200 small clips stand behind a server on this machine. Counted: good ones that arrived, misses with the right reason,
and requests for a clip that was in place already (must be 0). The last line is JSON.
"""

from __future__ import annotations

import csv
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triptych import Catalogue, Item
from triptych.catalogue.sources.source import Addition
from triptych.gather.trailers.availability import Availability

sys.path.insert(0, str(Path(__file__).absolute().parent.parent))
from tests.gather.trailers.faulty import Server, painted, serving

TRIPTYCH = [sys.executable, "-c", "from triptych.cli.main import run; run()", "trailers"]
OPTIONS = ["--allow-private", "--per-second", "50", "--timeout", "4", "--max-seconds", "20", "--json"]
ITEMS = 200
#: Fault → how many of it, and the reason that is right; none where the trailer must arrive all the same.
FAULTS: dict[str, tuple[int, str | None]] = {
    "404": (10, "unavailable"),
    "403": (5, "forbidden"),
    "410": (5, "unavailable"),
    "429": (10, "rate limited"),
    "500": (10, "server error"),
    "stall": (10, "stalled"),
    "truncate": (10, "truncated"),
    "loop": (10, "redirects without end"),
    "tofile": (10, "refused address"),
    "html": (10, "not a video"),
    "empty": (10, "not a video"),
    "long": (10, "too long"),
    "file": (10, "refused address"),
    "shell": (10, "not a link"),
    "once429": (10, None),
    "once500": (10, None),
    "hops": (10, None),
}
SHELL = ("; rm -rf x", "$(touch x)", "`touch x`", " --exec x", "\ntouch x", "|touch x", '"', "${HOME}", "\\x", "> x")
#: Trailers in place at which the run is killed.
KILLS = (15, 40)


@dataclass(frozen=True)
class Titles:
    """Items that have a title and no clip."""

    ids: list[str]

    def read(self, folder: Path) -> Addition:
        return Addition(items=[Item(item_id=item_id, title=item_id) for item_id in self.ids])


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clips = painted(folder / "short", 24, seconds=6)
        long = painted(folder / "long", 1, seconds=24)[0]
        kinds = [fault for fault, (number, _) in FAULTS.items() for _ in range(number)]
        kinds += ["good"] * (ITEMS - len(kinds))
        # Mixed, so that every kind is under way when a kill comes.
        random.Random(0).shuffle(kinds)
        kind_of = {f"film{k:03}": kind for k, kind in enumerate(kinds)}
        with serving({item_id: clips[k % len(clips)] for k, item_id in enumerate(kind_of)} | {"long": long}) as server:
            write_list(folder / "list.csv", kind_of, server)
            report = measure(folder, kind_of, server)
    print(json.dumps(report))
    whole = report["arrived"] == report["good"] and report["right_reason"] == report["misses"]
    sys.exit(not whole or bool(report["asked_for_again"] or report["downloaded_again"]))


def measure(folder: Path, kind_of: dict[str, str], server: Server) -> dict[str, Any]:
    catalogue = Catalogue.init(folder / "films")
    catalogue.add(Titles(list(kind_of)))
    command = [*TRIPTYCH, str(catalogue.folder), str(folder / "list.csv"), *OPTIONS]
    arrivals: dict[str, float] = {}
    at_kills: list[int] = []
    started = time.perf_counter()
    for limit in KILLS:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)
        while process.poll() is None and len(in_place(catalogue)) < limit:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        killed_at = time.monotonic()
        for item_id in in_place(catalogue):
            arrivals.setdefault(item_id, killed_at)
        at_kills.append(len(arrivals))
        say(f"Killed with {len(arrivals)} trailers in place, {len(catalogue.clips())} of them committed.")
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, cwd=folder)
    seconds = time.perf_counter() - started
    summary = json.loads(done.stdout)
    say(f"Done after {seconds:.0f} s: {summary['counts']}")

    again = [asked for asked in server.log if asked.at > arrivals.get(clip_name(asked.path), float("inf"))]
    twice = Counter(clip_name(path) for path, count in server.full_reads().items() for _ in range(count))
    rows = Availability(catalogue.tables).findings()
    clips = {clip.item_id for clip in catalogue.clips() if Path(clip.path).is_file()}
    right = {item_id: FAULTS[kind][1] if kind in FAULTS else None for item_id, kind in kind_of.items()}
    misses = [item_id for item_id, reason in right.items() if reason is not None]
    good = [item_id for item_id in kind_of if item_id not in misses]
    for item_id, row in rows.items():
        if (row.reason.value if row.reason else None) != right[item_id]:
            say(f"{item_id} ({kind_of[item_id]}): {row.reason}, {row.detail}")
    return {
        "benchmark": "sources",
        "items": len(kind_of),
        "good": len(good),
        "arrived": sum(item_id in clips and rows[item_id].reason is None for item_id in good),
        "misses": len(misses),
        "right_reason": sum(rows[item_id].reason == right[item_id] and item_id not in clips for item_id in misses),
        "kills": len(KILLS),
        "in_place_at_kills": at_kills,
        "asked_for_again": len(again),
        "downloaded_again": sum(count - 1 for item_id, count in twice.items() if item_id in clips),
        "downloaded_whole_once": sum(twice[item_id] == 1 for item_id in good),
        "requests": len(server.log),
        "left_over": sum(1 for path in folder.iterdir() if path.name not in ("short", "long", "list.csv", "films")),
        "seconds": round(seconds, 1),
    }


def write_list(path: Path, kind_of: dict[str, str], server: Server) -> None:
    shell = iter(SHELL)
    with path.open("w", encoding="utf-8", newline="") as handle:
        rows = csv.writer(handle)
        rows.writerow(["item_id", "url"])
        for item_id, kind in kind_of.items():
            if kind == "file":
                url = f"file://{path.parent}/short/clips/{item_id}.mp4"
            elif kind == "shell":
                url = f"{server.base}/good/{item_id}{next(shell)}.mp4"
            else:
                url = server.url(kind, item_id)
            rows.writerow([item_id, url])


def in_place(catalogue: Catalogue) -> list[str]:
    """Items whose trailer lies under its name, committed or not."""
    return [path.name.partition("-")[0] for path in (catalogue.folder / "media" / "trailers").glob("*.mp4")]


def clip_name(path: str) -> str:
    return path.partition("?")[0].rpartition("/")[2].removesuffix(".mp4")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
