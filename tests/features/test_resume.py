"""Resume: a run that is killed goes on where it was, and ends where an undisturbed one ends, bit for bit."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.worlds.catalogues import catalogue_of
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Item
from triptych.engine import LocalPool
from triptych.features.extraction import extract
from triptych.features.extractor import Extractor
from triptych.features.hearing.acoustic import Acoustic
from triptych.features.ledger import Ledger
from triptych.features.seeing.colour import Colour
from triptych.features.store import FeatureStore

#: Commits every two clips, and says how far it is.
PROGRAM = """
import sys
sys.path[:] = {path!r}
from triptych.catalogue.catalogue import Catalogue
from triptych.features import extraction
from triptych.features.hearing.acoustic import Acoustic
from triptych.features.seeing.colour import Colour
extraction.BATCH = 2
extraction.extract(
    Catalogue.open({folder!r}),
    extractors=[Colour(), Acoustic()],
    workers=1,
    progress=lambda state: print(state.done, flush=True),
)
"""
EXTRACTORS: tuple[Extractor, ...] = (Colour(), Acoustic())


def stamps(catalogue: Catalogue) -> dict[tuple[str, str], float]:
    return {(entry.item_id, entry.recipe): entry.at for entry in Ledger(catalogue.tables).entries()}


def bits(catalogue: Catalogue) -> dict[tuple[str, str], tuple[str, str, bytes]]:
    store = FeatureStore(catalogue.tables)
    return {
        (recipe.title, item_id): (
            feature.presence.value,
            feature.reason,
            feature.values.tobytes() if feature.values is not None else b"",
        )
        for recipe in store.recipes()
        for item_id, feature in store.sequences(recipe).items()
    }


def kill_after(folder: Path, *, clips: int, later_s: float) -> None:
    """Run extraction in a process of its own, and kill it a moment after so many clips."""
    program = PROGRAM.format(path=sys.path, folder=str(folder))
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) == clips:
                break
        time.sleep(later_s)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL


def test_kill_9_at_any_moment_loses_no_committed_row(tmp_path: Path, clips: dict[str, Path], pool: LocalPool) -> None:
    names = ("red", "mute", "green", "silent", "blue", "heard", "broken")
    paths = {f"{name}-{k}": clips[name] for k in range(3) for name in names}
    items = [Item(item_id=item_id) for item_id in paths]
    whole, broken = (catalogue_of(tmp_path / name, *items, paths=paths) for name in ("whole", "broken"))
    undisturbed = extract(whole, extractors=EXTRACTORS, engine=pool)

    rng = random.Random(2)
    committed: dict[tuple[str, str], float] = {}
    for _ in range(3):
        kill_after(broken.folder, clips=rng.randint(1, 6), later_s=rng.uniform(0, 0.05))
        rows = stamps(broken)
        assert {key: rows.get(key) for key in committed} == committed
        committed = rows
    assert 0 < len(committed) < 2 * len(paths)

    last = extract(broken, extractors=EXTRACTORS, engine=pool)
    rows = stamps(broken)
    assert {key: rows[key] for key in committed} == committed
    assert last.settled == len(committed)
    assert last.clips_decoded == len(paths) - len(committed) // 2
    assert bits(broken) == bits(whole)
    assert (undisturbed.done, undisturbed.skipped, undisturbed.failed) == (27, 9, 6)
