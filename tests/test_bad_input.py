"""Bad input, from the folder to the ledger: each piece gets a clear word, and everything beside it goes through."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

import triptych
from tests.worlds.clips import scene, tone, write_clip
from triptych.engine import LocalPool
from triptych.features.registry import PROFILES, build

#: (name, what the reason must say)
BROKEN = {
    "empty.mp4": "is empty (0 bytes)",
    "random.mp4": "no known media container",
    "headless.mp4": "its index (moov) is missing",
    "text.mkv": "cannot be opened",
    "playlist.mp4": "cannot be opened",
}
GOOD = {
    "plain.mp4",
    "half.mkv",
    "one pixel.mp4",
    "one picture.mp4",
    '🎬 what\'s "this"? %s; DROP.mp4',
    "new\nline.mp4",
    "concat:a|b.mp4",
    "-n.mp4",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bad")
    clips = folder / "clips"
    (clips / "deep" / "er").mkdir(parents=True)
    whole = write_clip(folder / "whole.mp4", picture=scene((200, 80, 40)), sound=tone(300), seconds=2)
    long = write_clip(folder / "long.mkv", picture=scene((40, 80, 200)), sound=tone(500), seconds=8, crf=4)
    (clips / "empty.mp4").touch()
    (clips / "random.mp4").write_bytes(np.random.default_rng(0).bytes(50_000))
    (clips / "headless.mp4").write_bytes(whole.read_bytes()[:3_000])
    (clips / "text.mkv").write_text("not a film\n" * 500)
    (clips / "playlist.mp4").write_text(f"#EXTM3U\n#EXTINF:2,\nfile://{whole}\n#EXT-X-ENDLIST\n")
    (clips / "half.mkv").write_bytes(long.read_bytes()[: long.stat().st_size // 2])
    for name in ("plain.mp4", '🎬 what\'s "this"? %s; DROP.mp4', "new\nline.mp4", "concat:a|b.mp4", "-n.mp4"):
        (clips / name).write_bytes(whole.read_bytes())
    one_pixel(clips / "one pixel.mp4", pictures=5)
    write_clip(clips / "one picture.mp4", picture=scene((90, 90, 200)), seconds=1 / 12)
    (clips / "deep" / "er" / "out.mp4").symlink_to(whole)
    (clips / "gone.mp4").symlink_to(clips / "never")
    (clips / "loop").symlink_to(clips)
    os.mkfifo(clips / "pipe.mp4")
    (clips / "plain.mp4.json").write_bytes(
        b"\xef\xbb\xbf" + json.dumps({"title": "Plain", "plot": "A plan. " * 1_310_720, "year": float("nan")}).encode()
    )
    (clips / "half.json").write_text("{broken")
    return clips


def one_pixel(path: Path, *, pictures: int) -> None:
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=1)
        video.width = video.height = 1
        video.pix_fmt = "yuv444p"
        for k in range(pictures):
            pixel = np.full((1, 1, 3), 40 * k + 40, np.uint8)
            container.mux(video.encode(av.VideoFrame.from_ndarray(pixel, format="rgb24").reformat(format="yuv444p")))
        container.mux(video.encode())


@pytest.fixture(scope="module")
def catalogue(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> triptych.Catalogue:
    return triptych.Catalogue.init(tmp_path_factory.mktemp("bad") / "catalogue")


def test_a_folder_of_bad_input_goes_through(folder: Path, catalogue: triptych.Catalogue) -> None:
    added = catalogue.add(triptych.Folder(path=folder))
    assert added.clips_new == len(BROKEN) + len(GOOD)
    refused = {refusal.what: refusal.reason for refusal in added.refused}
    assert "leads out of the folder" in refused["deep/er/out.mp4"]
    assert "not there" in refused["gone.mp4"]
    assert "not a regular file" in refused["pipe.mp4"]
    assert "cannot be read" in refused["half.json"]

    plain = catalogue.items(["plain.mp4"])[0]
    assert (plain.title, plain.year, len(plain.plot)) == ("Plain", None, 8 * 1_310_720 - 1)

    with LocalPool(workers=2) as pool:
        made = triptych.extract(catalogue, engine=pool)
        rows = triptych.Ledger(catalogue.tables).entries()
        assert made.clips_decoded == len(BROKEN) + len(GOOD)
        assert len(rows) == len(PROFILES["light"]) * (len(BROKEN) + len(GOOD))
        colour = {row.item_id: row for row in rows if row.feature == "seeing/colour"}
        for name, words in BROKEN.items():
            assert colour[name].status == "failed"
            assert words in colour[name].reason
        for name in GOOD:
            assert colour[name].status == "done", colour[name].reason
        assert any("ends at" in warning for warning in colour["half.mkv"].warnings)
        read = {row.item_id: row for row in rows if row.feature == "reading/sentence"}
        assert read["plain.mp4"].status == "done"
        assert any("characters" in warning for warning in read["plain.mp4"].warnings)
        assert read["-n.mp4"].status == "skipped"

        # The same once more: nothing is decoded again, the quarantined are left alone until asked for.
        again = triptych.extract(catalogue, engine=pool)
        assert (again.clips_decoded, again.settled) == (0, len(rows))
        # What reads needs no clip, so it did not fail.
        decoding = sum(not title.startswith("reading/") for title in PROFILES["light"])
        retried = triptych.extract(catalogue, engine=pool, retry_failed=True)
        assert (retried.clips_decoded, retried.failed) == (len(BROKEN), decoding * len(BROKEN))

    space = triptych.fuse(catalogue).space
    names = [name for name in GOOD if name not in ("half.mkv", "one pixel.mp4", "one picture.mp4")]
    for query, near in space.similar(names, n=len(names) - 1, weights={"seeing": 1.0}):
        assert {n.item_id for n in near} | {query} == set(names)  # the same clip under five odd names
        assert all(n.score > 0.999 for n in near)


def test_an_empty_catalogue_says_what_to_do(tmp_path: Path) -> None:
    empty = triptych.Catalogue.init(tmp_path / "empty")
    assert triptych.extract(empty, extractors=[build("seeing/colour")]).done == 0
    with pytest.raises(triptych.TriptychError, match="triptych add"):
        triptych.fuse(empty)
    assert empty.items() == []
    assert empty.interactions().num_rows == 0


FULL_DISK = """
import resource, sys
from pathlib import Path
import triptych
from triptych.engine import LocalPool
from triptych.features.registry import build

catalogue = triptych.Catalogue.open(sys.argv[1])
with LocalPool(workers=1) as pool:
    def fill(state):
        # From now on no file may grow past a few bytes, as on a disk that has just become full.
        resource.setrlimit(resource.RLIMIT_FSIZE, (16, resource.RLIM_INFINITY))
    try:
        triptych.extract(catalogue, extractors=[build("seeing/colour")], engine=pool, progress=fill)
    except triptych.TriptychError as fault:
        print(type(fault).__name__, fault)
"""


def test_a_disk_that_fills_up_in_the_middle_loses_nothing(tmp_path: Path) -> None:
    clips = tmp_path / "clips"
    clips.mkdir()
    for k in range(3):
        write_clip(clips / f"{k}.mp4", picture=scene((60 * k + 40, 90, 90), seed=k), seconds=1)
    catalogue = triptych.Catalogue.init(tmp_path / "catalogue")
    catalogue.add(triptych.Folder(path=clips))
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(catalogue.folder)], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("CatalogueUnwritable"), done.stderr
    assert "run the command again" in done.stdout
    assert len(catalogue.items()) == 3
    assert triptych.extract(catalogue, extractors=[build("seeing/colour")]).failed == 0
    table = triptych.FeatureStore(catalogue.tables)
    assert table.read(table.recipe_of("seeing/colour")).present.sum() == 3
