"""Does a network that is killed while it trains come to the same weights as one that is left in peace?

    python benchmarks/killed.py                  a pair and a triplet network, each killed four times
    python benchmarks/killed.py --kills 10 --seed 3

Each network is trained twice on the same made-up ratings, each time by a process of its own: once whole, and once
killed (SIGKILL) at moments drawn by lot, wherever it may be: in a step, while it judges, while it writes. It is started
again until it ends. The files of the trained network, of the checkpoints that stay and of where items stood must then
be the same to the last byte. The last line is JSON; the exit code is 1 if any differ.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

NAMES = ("pair-cosine", "triplet-cosine")
EPOCHS = 6
#: Of the time that training takes alone; kills fall within it.
SPAN = 1.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--train", nargs=2, metavar=("NAME", "FOLDER"), help="what the processes are called with")
    arguments = parser.parse_args()
    if arguments.train:
        train(arguments.train[0], Path(arguments.train[1]))
        return 0
    lots = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        rows = [compare(name, Path(folder), arguments.kills, lots) for name in NAMES]
    print(json.dumps({"benchmark": "killed", "epochs": EPOCHS, "networks": rows}))
    return 0 if all(row["equal"] for row in rows) else 1


def compare(name: str, folder: Path, kills: int, lots: random.Random) -> dict[str, Any]:
    whole, broken = folder / f"{name}-whole", folder / f"{name}-killed"
    started = time.monotonic()
    with start(name, whole) as process:
        # Starting takes seconds in which there is nothing to interrupt.
        wait_for_first_epoch(process, whole)
        began = time.monotonic()
        if process.wait():
            raise SystemExit(f"{name} did not train")
    span, before = time.monotonic() - began, began - started
    told: list[int] = []
    while len(told) < kills:
        with start(name, broken) as process:
            try:
                process.wait(before * lots.uniform(0.8, 1.0) + lots.uniform(0, SPAN) * span / 2)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                told.append(epochs(broken))
                continue
        break  # it ended before it could be killed
    with start(name, broken) as process:
        if process.wait():
            raise SystemExit(f"{name} did not go on")
    one, other = digests(whole), digests(broken)
    line = {"network": name, "killed_after_epochs": told, "files": len(one), "equal": bool(one) and one == other}
    verdict = "equal" if line["equal"] else "NOT equal"
    print(f"{name}: killed after {told} whole epochs of {EPOCHS}; {len(one)} files, {verdict}")
    return line


def start(name: str, folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, __file__, "--train", name, str(folder)])


def wait_for_first_epoch(process: subprocess.Popen[bytes], folder: Path) -> None:
    while process.poll() is None and not epochs(folder):
        time.sleep(0.02)


def epochs(folder: Path) -> int:
    path = folder / "epochs.jsonl"
    return len(path.read_text(encoding="utf-8").splitlines()) if path.exists() else 0


def digests(folder: Path) -> dict[str, str]:
    """Of the trained network, of the last and the best checkpoint, and of where items stood."""
    paths = sorted(folder.rglob("*.safetensors"))
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def train(name: str, folder: Path) -> None:
    import numpy as np

    from triptych.catalogue.history import History
    from triptych.models.siamese.siamese import Siamese
    from triptych.models.similarity import Lessons
    from triptych.spaces.blocks import Blocks

    items, users, kinds = 400, 300, 6
    rng = np.random.default_rng(0)
    kind = rng.integers(0, kinds, items)
    liked = (kind[None, :] == rng.integers(0, kinds, users)[:, None]) | (rng.random((users, items)) < 0.1)
    rated = rng.random((users, items)) < 0.2
    who, what = np.nonzero(rated)
    history = History(
        user_ids=tuple(f"u{k:04d}" for k in range(users)),
        item_ids=tuple(f"i{k:04d}" for k in range(items)),
        users=who.astype(np.int32),
        items=what.astype(np.int32),
        values=np.where(liked[who, what], 5, 2).astype(np.float32),
        times=np.full(len(who), -1, np.int64),
    )
    centres = rng.normal(size=(kinds, 96))
    values = tuple((centres[kind] + rng.normal(size=(items, 96)) * noise).astype(np.float32) for noise in (1, 2, 3))
    blocks = Blocks(
        panels=("seeing", "hearing", "reading"),
        names=("seeing/look", "hearing/sound", "reading/plot"),
        values=values,
        mask=np.ones((items, 3), bool),
    )
    lessons = Lessons(
        blocks=blocks,
        train=history,
        may_learn=np.ones(items, bool),
        genres=np.eye(kinds, dtype=np.float32)[kind],
    )
    settings = Siamese.preset(name, pairs=4000, epochs=EPOCHS, patience=None, threads=1)
    settings.fit(lessons, folder=folder)


if __name__ == "__main__":
    sys.exit(main())
