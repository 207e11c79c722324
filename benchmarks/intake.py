"""How long does a catalogue take to add a large file of ratings, and how much memory? Beside pandas reading the file.

    python benchmarks/intake.py [--rows 20000000] [--folder FOLDER]

The file is generated: as many rows as asked for, no pair of user and item twice, in the shape and with the columns of
MovieLens 20M (138,493 users, 27,278 items with a long tail). Each measurement is a process of its own, one after the
other; its peak memory is what the system counted. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from triptych import Catalogue

USERS, ITEMS = 138_493, 27_278
TRIPTYCH = [sys.executable, "-c", "from triptych.cli.main import run; run()"]
PANDAS = "import sys, pandas; print(len(pandas.read_csv(sys.argv[1])))"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--folder", type=Path, help="where to work; needs about 1.5 GB for 20 million rows")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        folder = Path(name)
        ratings = folder / "ratings.csv"
        generate(ratings, arguments.rows)
        say(f"{arguments.rows:,} ratings, {ratings.stat().st_size / 1e6:,.0f} MB.")
        catalogue = Catalogue.init(folder / "catalogue")
        add = [*TRIPTYCH, "add", str(catalogue.folder), str(ratings), "--json"]
        add += ["--columns", "user_id=userId,item_id=movieId", "--scale", "0.5:5"]
        read_s, read_gib, _ = measured([sys.executable, "-c", PANDAS, str(ratings)])
        say(f"pandas.read_csv: {read_s:.1f} s, {read_gib:.2f} GiB.")
        add_s, add_gib, told = measured(add)
        say(f"triptych add: {add_s:.1f} s, {add_gib:.2f} GiB.")
        again_s, again_gib, _ = measured(add)
        say(f"the same again, which changes nothing: {again_s:.1f} s, {again_gib:.2f} GiB.")
        ratings.unlink()
        generate(ratings, arguments.rows, first_user=USERS + 1)
        more_s, more_gib, more_told = measured(add)
        say(f"as many again, of other users: {more_s:.1f} s, {more_gib:.2f} GiB.")
        rows = catalogue.tables.count("interactions")
        size = sum(path.stat().st_size for path in catalogue.folder.rglob("*") if path.is_file())
    new = json.loads(told)["interactions_new"], json.loads(more_told)["interactions_new"]
    print(
        json.dumps(
            {
                "benchmark": "intake",
                "rows": arguments.rows,
                "rows_in_catalogue": rows,
                "add_s": round(add_s, 1),
                "add_peak_gib": round(add_gib, 2),
                "again_s": round(again_s, 1),
                "again_peak_gib": round(again_gib, 2),
                "more_s": round(more_s, 1),
                "more_peak_gib": round(more_gib, 2),
                "pandas_read_s": round(read_s, 1),
                "pandas_read_peak_gib": round(read_gib, 2),
                "add_over_pandas_read": round(add_s / read_s, 2),
                "catalogue_mb": round(size / 1e6),
                "cores": os.cpu_count(),
            }
        )
    )
    sys.exit(not (rows == 2 * arguments.rows and new == (arguments.rows, arguments.rows)))


def generate(path: Path, rows: int, *, first_user: int = 1) -> None:
    rng = np.random.default_rng(0)
    pairs = np.zeros(0, np.int64)
    while len(pairs) < rows:
        more = rows - len(pairs) + rows // 10
        users = rng.integers(0, USERS, more)
        items = (ITEMS * rng.random(more) ** 3).astype(np.int64)
        pairs = np.unique(np.concatenate([pairs, users * ITEMS + items]))
    pairs = np.sort(rng.choice(pairs, rows, replace=False))
    frame = pl.DataFrame(
        {
            "userId": pairs // ITEMS + first_user,
            "movieId": pairs % ITEMS + 1,
            "rating": rng.integers(1, 11, rows) / 2,
            "timestamp": rng.integers(789_652_009, 1_427_784_002, rows),
        }
    )
    frame.write_csv(path)


def measured(command: list[str]) -> tuple[float, float, str]:
    """Seconds, peak memory [GiB] of the process, and what it printed."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.stdout.close()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[:6]} ended with {process.returncode}")
    unit = 1 if sys.platform == "darwin" else 1024
    return time.perf_counter() - started, used.ru_maxrss * unit / 2**30, said


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
