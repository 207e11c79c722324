"""Measure: what a worker does, called here in this process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np

from tests.worlds.measures import FEW, Letters, Level, Scripted
from triptych.catalogue.records import Item
from triptych.features.hearing.acoustic import RATE_HZ, Acoustic
from triptych.features.measure import Job, measure, wanted
from triptych.features.reading.sentence import Sentence
from triptych.features.seeing.colour import Colour
from triptych.features.status import Status
from triptych.media.sampling import TWO_PASS


def test_a_worker_loads_no_database(tmp_path: Path) -> None:
    """lancedb takes two seconds to import, and a worker that is started for one clip would pay them."""
    program = (
        f"import sys; sys.path[:] = {sys.path!r}\n"
        "import triptych.features.measure, triptych.features.seeing.colour, triptych.features.hearing.acoustic\n"
        "print([name for name in ('lancedb', 'pyarrow', 'polars', 'torch', 'librosa') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert found.stdout.strip() == "[]"


def test_one_reel_holds_what_all_extractors_want() -> None:
    want = wanted([Colour(), Acoustic(), Level(), Sentence()])
    assert want.samplings == {TWO_PASS, FEW}
    assert want.sound_rates_hz == {RATE_HZ}


def test_there_is_a_row_for_each_item_and_extractor_in_order(clips: dict[str, Path]) -> None:
    item = Item(item_id="x", plot="aei")
    found = measure(Job(items=(item,), extractors=(Level(), Letters()), clip=str(clips["red"])))
    assert [(row.item_id, row.recipe, row.status) for row in found] == [
        ("x", Level().recipe.hash, Status.DONE),
        ("x", Letters().recipe.hash, Status.DONE),
    ]
    assert all(row.seconds > 0 for row in found)
    assert found[1].feature is not None
    assert found[1].feature.values is not None
    assert found[1].feature.values.tolist() == [1, 1, 1, 0, 0]


def test_a_clip_that_cannot_be_opened_fails_for_every_extractor(clips: dict[str, Path]) -> None:
    found = measure(Job(items=(Item(item_id="x"),), extractors=(Level(), Acoustic()), clip=str(clips["broken"])))
    assert [row.status for row in found] == [Status.FAILED] * 2
    assert len({row.reason for row in found}) == 1
    assert "broken.mp4" in found[0].reason


def test_what_is_wrong_with_a_reel_is_told_in_every_row(tmp_path: Path, clips: dict[str, Path]) -> None:
    """Half of the file: what is readable is measured, with a warning."""
    whole = clips["red"].with_suffix(".mkv")
    from tests.worlds.clips import scene, tone, write_clip

    write_clip(whole, picture=scene((200, 20, 20)), sound=tone(300), seconds=4)
    half = tmp_path / "half.mkv"
    half.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    found = measure(Job(items=(Item(item_id="x"),), extractors=(Level(), Acoustic()), clip=str(half)))
    assert [row.status for row in found] == [Status.DONE] * 2
    assert found[0].warnings == found[1].warnings


def test_texts_need_no_reel_and_bad_ones_fail_alone() -> None:
    items = tuple(Item(item_id=i, plot=i) for i in "abc")
    found = measure(Job(items=items, extractors=(Scripted(script=(("b", "raise"),)),)))
    assert [(row.item_id, row.status.value) for row in found] == [("a", "done"), ("b", "failed"), ("c", "done")]
    assert np.isfinite([row.seconds for row in found]).all()
