"""The nearest of all items to each of them, exactly: seconds and memory, beside scikit-learn's.

    python benchmarks/similar.py          top 200 of 13,920 × 2,304, as many films and entries as the thesis has

The vectors are random, of a fixed seed, which is the hardest there is: no group of items is nearer than another. Each
way is timed in a process of its own, ways by turns: `NearestNeighbors(metric="cosine", algorithm="brute")`, and
`Space.lists` with one block by cosine and by Euclidean distance, and with three panels of which a twelfth is masked.
Memory is the peak of the process above what it held when the vectors stood there.

The lists must be the same but where two scores are closer than float32 can tell, and those of the masked panels, which
there is nothing to hold against, the same as trying every pair of some queries in float64. The goals: faster than
scikit-learn, and in less than 1 GiB. The last line is JSON; with --json there is no other.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from triptych.spaces.search import Blocks
from triptych.spaces.space import Space

SEED = 20
WAYS = ("scikit-learn", "cosine", "euclidean", "masked")
GOAL_MIB = 1024
#: Further apart than this is no tie: some roundings of float32 at 1.
TIE = 2e-6
TRIED = 40


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--items", type=int, default=13_920)
    parser.add_argument("--width", type=int, default=2_304)
    parser.add_argument("-n", type=int, default=200)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="no talk")
    parser.add_argument("--way", choices=WAYS, help="what a fresh process does; used by itself")
    parser.add_argument("--into", type=Path, help="where it leaves its lists; used by itself")
    arguments = parser.parse_args()
    if arguments.way:
        alone(arguments.way, arguments.items, arguments.width, arguments.n, arguments.into)
        return
    report = compare(arguments)
    print(json.dumps({"benchmark": "similar", **report}))


def compare(arguments: argparse.Namespace) -> dict[str, Any]:
    def say(text: str) -> None:
        if not arguments.json:
            print(text, file=sys.stderr, flush=True)

    say(f"top {arguments.n} of {arguments.items:,} × {arguments.width:,} float32, {arguments.runs} runs by turns")
    taken: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    with TemporaryDirectory() as folder:
        for _ in range(arguments.runs):
            for way in WAYS:
                taken[way].append(started(way, arguments, Path(folder)))
        found = {
            way: {name: statistics.median(run[name] for run in runs) for name in runs[0]} for way, runs in taken.items()
        }
        checks = checked(arguments, Path(folder))
    say(f"  {'':<14}{'seconds':>9}{'CPU s':>9}{'MiB':>8}")
    for way, run in found.items():
        say(f"  {way:<14}{run['seconds']:>9.2f}{run['cpu_s']:>9.2f}{run['peak_mib']:>8.0f}")
    theirs = found["scikit-learn"]
    ratios = {way: round(theirs["seconds"] / found[way]["seconds"], 2) for way in WAYS[1:]}
    ratios_cpu = {way: round(theirs["cpu_s"] / found[way]["cpu_s"], 2) for way in WAYS[1:]}
    say(f"  scikit-learn's seconds to ours: {ratios}; of CPU: {ratios_cpu}")
    say(
        f"  places with another item than scikit-learn's: {checks['other']:,} of {checks['places']:,}, "
        f"{checks['no_tie']} of them no tie; masked lists unlike trying every pair: {checks['masked_unlike']}"
    )
    peak = max(found[way]["peak_mib"] for way in WAYS[1:])
    return {
        "items": arguments.items,
        "width": arguments.width,
        "n": arguments.n,
        "runs": arguments.runs,
        "ways": found,
        "ratio": ratios,
        "ratio_cpu": ratios_cpu,
        **checks,
        "passed": not checks["no_tie"] and not checks["masked_unlike"] and ratios["cosine"] > 1 and peak < GOAL_MIB,
    }


def started(way: str, arguments: argparse.Namespace, folder: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--way", way, "--into", str(folder)]
    command += ["--items", str(arguments.items), "--width", str(arguments.width), "-n", str(arguments.n)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def alone(way: str, items: int, width: int, n: int, into: Path) -> None:
    if way == "scikit-learn":
        from sklearn.neighbors import NearestNeighbors

        values = vectors(items, width)
        before = peak_mib()
        wall, cpu = time.perf_counter(), time.process_time()
        searcher = NearestNeighbors(metric="cosine", algorithm="brute", n_neighbors=min(n + 1, items)).fit(values)
        distances, rows = searcher.kneighbors(values)
        scores = 1 - distances
    else:
        space = space_of(way, items, width)
        before = peak_mib()
        wall, cpu = time.perf_counter(), time.process_time()
        batches = list(space.lists(n, metric="euclidean" if way == "euclidean" else "cosine"))
        rows = np.concatenate([batch.neighbours for batch in batches])
        scores = np.concatenate([batch.scores for batch in batches])
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    used = peak_mib() - before
    np.savez(into / f"{way}.npz", rows=rows, scores=scores)
    print(json.dumps({"seconds": round(wall, 3), "cpu_s": round(cpu, 3), "peak_mib": round(used, 1)}))


def vectors(items: int, width: int) -> np.ndarray:
    return np.random.default_rng(SEED).standard_normal((items, width), np.float32)


def space_of(way: str, items: int, width: int) -> Space:
    values = vectors(items, width)
    ids = tuple(map(str, range(items)))
    if way != "masked":
        blocks = Blocks(panels=("all",), values=(values,), mask=np.ones((items, 1), bool))
        return Space(name=way, item_ids=ids, blocks=blocks, recipe="{}")
    mask = np.random.default_rng(SEED + 1).random((items, 3)) >= 1 / 12
    parts = np.array_split(values, 3, axis=1)
    masked = tuple(np.ascontiguousarray(part * mask[:, p, None]) for p, part in enumerate(parts))
    blocks = Blocks(panels=("seeing", "hearing", "reading"), values=masked, mask=mask)
    return Space(name=way, item_ids=ids, blocks=blocks, recipe="{}")


def checked(arguments: argparse.Namespace, folder: Path) -> dict[str, int]:
    """How many places differ from scikit-learn's, in how many of them the scores do too, and how many of some masked
    lists differ from those of trying every pair."""
    theirs, ours = np.load(folder / "scikit-learn.npz"), np.load(folder / "cosine.npz")
    values = vectors(arguments.items, arguments.width)
    n = ours["rows"].shape[1]
    mine = np.arange(len(values))[:, None]
    # Whoever has no twin is the first in its own list.
    rest = np.argsort(theirs["rows"] == mine, axis=1, kind="stable")[:, :n]
    rest.sort(axis=1)
    rows = np.take_along_axis(theirs["rows"], rest, axis=1)
    query, place = np.nonzero(rows != ours["rows"])
    norms = np.sqrt(np.einsum("ij,ij->i", values, values, dtype=np.float64))
    no_tie = 0
    for k in range(0, len(query), 1024):
        of, at = query[k : k + 1024], place[k : k + 1024]
        pair = [
            np.einsum("ij,ij->i", values[of], values[to], dtype=np.float64) / (norms[of] * norms[to])
            for to in (rows[of, at], ours["rows"][of, at])
        ]
        no_tie += int((np.abs(pair[0] - pair[1]) > TIE).sum())
    return {
        "places": rows.size,
        "other": len(query),
        "no_tie": no_tie,
        "masked_tried": TRIED,
        "masked_unlike": tried(space_of("masked", arguments.items, arguments.width), np.load(folder / "masked.npz")),
    }


def tried(space: Space, found: Any) -> int:
    """How many of some lists are not those of trying every pair."""
    blocks, unlike = space.blocks, 0
    mask = blocks.mask
    for q in range(0, len(mask), max(len(mask) // TRIED, 1)):
        top, right = np.zeros((2, len(mask)))
        left = 0.0
        for p, values in enumerate(blocks.values):
            if mask[q, p]:
                wide = values.astype(np.float64)
                top += wide @ wide[q]
                left += float(wide[q] @ wide[q])
                right += mask[:, p] * np.einsum("ij,ij->i", wide, wide)
        shared = (mask & mask[q]).any(axis=1)
        shared[q] = False
        score = np.divide(top, np.sqrt(left * right), out=np.zeros(len(mask)), where=right * left > 0)
        score = np.where(shared, np.rint(score * 2**24), -np.inf)
        order = np.argsort(-score, kind="stable")[: found["rows"].shape[1]]
        unlike += not np.array_equal(np.where(shared[order], order, -1), found["rows"][q])
    return unlike


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


if __name__ == "__main__":
    main()
