"""Kill ``triptych extract`` five times with SIGKILL, run it to its end, and compare with an undisturbed run.

    python benchmarks/resume.py MEDIA      a folder of clips; without it, 24 are generated

Counted: rows that were committed at a kill and measured again afterwards (must be 0), and features that
differ from those of the undisturbed run in any bit (must be 0). The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from triptych import Catalogue, FeatureStore, Folder, Ledger
from triptych.catalogue.sources.synthetic import make_world

TRIPTYCH = [sys.executable, "-c", "from triptych.cli.main import run; run()"]
KILLS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("media", nargs="?", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        media = arguments.media or make_world(folder / "clips", clips=24).folder
        whole, broken = Catalogue.init(folder / "whole"), Catalogue.init(folder / "broken")
        for catalogue in (whole, broken):
            catalogue.add(Folder(path=media))
        started = time.perf_counter()
        undisturbed = extract(whole)
        undisturbed_s = time.perf_counter() - started
        say(f"Undisturbed: {undisturbed['clips_decoded']} clips in {undisturbed_s:.1f} s.")
        rng = random.Random(arguments.seed)
        seen: dict[tuple[str, str], float] = {}
        again = 0
        committed: list[int] = []
        for kill in range(KILLS):
            # Starting takes about two seconds; after that, anywhere in the next third of an undisturbed run.
            wait_s = rng.uniform(2.0, 2.0 + undisturbed_s / 3)
            process = subprocess.Popen([*TRIPTYCH, "extract", str(broken.folder)], stderr=subprocess.DEVNULL)
            time.sleep(wait_s)
            process.send_signal(signal.SIGKILL)
            process.wait()
            rows = stamps(broken)
            again += sum(rows.get(key) != at for key, at in seen.items())
            seen = rows
            committed.append(len(rows))
            say(f"Kill {kill + 1} after {wait_s:.1f} s: {len(rows)} rows committed.")
        missing = set(broken.item_ids()) - settled_items(broken, undisturbed["titles"])
        last = extract(broken)
        rows = stamps(broken)
        again += sum(rows.get(key) != at for key, at in seen.items())
        differing = compare(whole, broken)
    print(
        json.dumps(
            {
                "benchmark": "resume",
                "kills": KILLS,
                "rows_committed_at_kills": committed,
                "rows": len(rows),
                "items_unfinished_before_last_run": len(missing),
                "clips_decoded_in_last_run": last["clips_decoded"],
                "rows_measured_again": again,
                "features_that_differ": differing,
                "undisturbed_s": round(undisturbed_s, 1),
            }
        )
    )
    sys.exit(bool(again or differing))


def extract(catalogue: Catalogue) -> dict[str, object]:
    done = subprocess.run(
        [*TRIPTYCH, "extract", str(catalogue.folder), "--json"], stdout=subprocess.PIPE, check=True, text=True
    )
    titles = sorted({entry.feature for entry in Ledger(catalogue.tables).entries()})
    return {**json.loads(done.stdout), "titles": titles}


def stamps(catalogue: Catalogue) -> dict[tuple[str, str], float]:
    """When each row was committed: a row that was measured again has another time."""
    return {(entry.item_id, entry.recipe): entry.at for entry in Ledger(catalogue.tables).entries()}


def settled_items(catalogue: Catalogue, titles: object) -> set[str]:
    assert isinstance(titles, list)
    count: dict[str, int] = {}
    for entry in Ledger(catalogue.tables).entries():
        count[entry.item_id] = count.get(entry.item_id, 0) + 1
    return {item_id for item_id, rows in count.items() if rows == len(titles)}


def compare(whole: Catalogue, broken: Catalogue) -> int:
    """How many (item, feature) pairs differ in a bit, a mask or a reason."""
    left, right = FeatureStore(whole.tables), FeatureStore(broken.tables)
    differing = 0
    for recipe in left.recipes():
        a, b = left.sequences(recipe), right.sequences(recipe)
        differing += len(a.keys() ^ b.keys())
        for item_id in a.keys() & b.keys():
            x, y = a[item_id], b[item_id]
            same = x.presence == y.presence and x.reason == y.reason
            if same and x.values is not None and y.values is not None:
                same = np.array_equal(x.values.view(np.uint32), y.values.view(np.uint32))
            differing += not same
    return differing


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
