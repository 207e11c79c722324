"""Damaged at random, a clip is a MediaError or a sound reel: never a crash, never a hang, never nonsense."""

from __future__ import annotations

import multiprocessing
import random
from pathlib import Path

import numpy as np

from tests.media.makeclip import Track, make_clip, numbered, tone
from triptych.errors import MediaError
from triptych.media.loader import open_reel
from triptych.media.reel import Reel, Want
from triptych.media.sampling import TRACK, TWO_PASS, Sampling

SMALL = Sampling(count=6, where="all", short_side_px=24)
WANT = Want(samplings=frozenset({SMALL, TRACK, TWO_PASS}), sound_rates_hz=frozenset({16_000, 22_050}))
#: Reading all of these takes some seconds; what takes this long would take for ever.
PATIENCE_S = 120


def damaged(whole: bytes, seed: int) -> bytes:
    """Bytes changed, overwritten, taken out or doubled, or bits of the header turned."""
    rng = random.Random(seed)
    clip = bytearray(whole)
    at, count = rng.randrange(len(clip)), rng.randrange(1, 2000)
    match seed % 5:
        case 0:
            for _ in range(rng.randrange(1, 30)):
                clip[rng.randrange(len(clip))] = rng.randrange(256)
        case 1:
            clip[at : at + count] = rng.randbytes(len(clip[at : at + count]))
        case 2:
            for _ in range(rng.randrange(1, 10)):
                clip[rng.randrange(min(len(clip), 2000))] ^= 1 << rng.randrange(8)
        case 3:
            del clip[at : at + count]
        case _:
            clip[at:at] = clip[rng.randrange(len(clip)) :][:count]
    return bytes(clip)


def check(reel: Reel) -> None:
    assert np.isfinite(reel.probe.duration_s)
    assert reel.probe.duration_s >= 0
    if reel.probe.picture is not None and "picture" not in reel.faults:
        assert set(reel.frames) == WANT.samplings
    for sampling, frames in reel.frames.items():
        assert frames.rgb.shape == (len(frames.times_s), *frames.rgb.shape[1:3], 3)
        assert (np.diff(frames.times_s) > 0).all()
        assert (frames.times_s >= 0).all()
        assert sampling.count is None or len(frames) <= sampling.count
    for sound in reel.sounds.values():
        assert np.isfinite(sound.samples).all()
        assert len(sound.samples) == 0 or np.abs(sound.samples).max() <= 1
    for span in reel.rejected:
        assert 0 <= span.start_s < span.end_s


def read_all(folder: str) -> None:
    """Runs in a process of its own, so that a crash of the decoder is a failed test and not the end of all."""
    for path in sorted(Path(folder).iterdir()):
        Path(f"{folder}.at").write_text(path.name)
        try:
            reel = open_reel(path, WANT, threads=1)
        except MediaError:
            continue
        check(reel)


SOUND = [Track(samples=tone(440, 3, rate_hz=16_000), rate_hz=16_000)]
KINDS: dict[str, dict[str, object]] = {
    "a.mp4": {"gop": 10, "b_frames": 2, "sounds": SOUND},
    "a.mkv": {"gop": 10, "b_frames": 2, "sounds": SOUND},
    "a.ts": {"gop": 10, "b_frames": 2, "sounds": SOUND},
    "a.webm": {"gop": 10, "codec": "libvpx"},
    "a.avi": {"gop": 10, "codec": "mpeg4", "b_frames": 2},
    "a.gif": {"codec": "gif", "pix_fmt": "rgb8"},
    "a.h264": {"gop": 10, "b_frames": 2},
}


def test_damage(tmp_path: Path) -> None:
    folder = tmp_path / "damaged"
    folder.mkdir()
    for name, options in KINDS.items():
        whole = make_clip(tmp_path / name, numbered(30), **options).read_bytes()
        for seed in range(20):
            (folder / f"{seed}-{name}").write_bytes(damaged(whole, seed))
    reader = multiprocessing.get_context("spawn").Process(target=read_all, args=(str(folder),))
    reader.start()
    reader.join(PATIENCE_S)
    reader.kill()
    reader.join()
    assert reader.exitcode == 0, f"it ended with {reader.exitcode} in {Path(f'{folder}.at').read_text()}"


def test_a_damaged_clip_is_read_alike_on_any_number_of_cores(tmp_path: Path) -> None:
    pictures = [p for k in range(6) for p in numbered(60, seed=k)]
    whole = make_clip(tmp_path / "clip.mkv", pictures, gop=20, b_frames=2).read_bytes()
    for seed in range(0, 20, 5):
        path = tmp_path / "damaged.mkv"
        path.write_bytes(damaged(whole, seed))
        one, other = (open_reel(path, WANT, threads=threads) for threads in (1, 3))
        assert (one.warnings, one.decoded_frames) == (other.warnings, other.decoded_frames)
        for sampling, frames in one.frames.items():
            assert np.array_equal(frames.rgb, other.frames[sampling].rgb)
