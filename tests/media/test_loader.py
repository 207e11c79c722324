"""One opening serves every sampling and rate, and what one of them gets does not hang on the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from tests.media.makeclip import Track, make_clip, numbered, tone
from tests.media.scenes import CARDS, FILM, RGB
from triptych.errors import MediaError
from triptych.media.loader import decoding_recipe, open_reel, without
from triptych.media.reel import Reel, Span, Want
from triptych.media.sampling import TRACK, TWO_PASS, Sampling

SMALL = Sampling(count=10, where="all", short_side_px=24)
SAME_SIZE = Sampling(count=7, where="all")
EXACT = Sampling(count=13, short_side_px=48, tolerance=0.0)
EVERY = Sampling(count=None, every_s=1.5)
SAMPLINGS = (TWO_PASS, TRACK, SMALL, SAME_SIZE, EXACT, EVERY)


def film(seconds: int, fps: int = 10) -> list[RGB]:
    """A logo, two scenes, another logo."""
    rng = np.random.default_rng(4)
    parts = [("dark_logo", 0.1), ("landscape", 0.5), ("drawn", 0.3), ("light_logo", 0.1)]
    scenes = {**FILM, **CARDS}
    return [p for name, share in parts for p in scenes[name](rng, 160, 90, round(share * seconds * fps))]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    stereo = np.stack([tone(440, 20), tone(440, 20)])
    return make_clip(
        tmp_path_factory.mktemp("loader") / "film.mp4",
        film(20),
        gop=50,
        b_frames=2,
        options={"preset": "ultrafast"},
        sounds=[Track(samples=stereo)],
    )


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """So long that the slots of the thesis's sampling are over a second wide."""
    pictures = [p for k in range(10) for p in numbered(130, width=48, height=32, seed=k)]
    path = tmp_path_factory.mktemp("loader") / "long.mkv"
    return make_clip(path, pictures, gop=60, b_frames=3, options={"preset": "ultrafast", "bf": "3"})


def same(a: Reel, b: Reel, sampling: Sampling) -> bool:
    x, y = a.frames[sampling], b.frames[sampling]
    return np.array_equal(x.times_s, y.times_s) and np.array_equal(x.rgb, y.rgb)


def test_all_from_one_opening(clip: Path) -> None:
    reel = open_reel(clip, Want(samplings=frozenset(SAMPLINGS), sound_rates_hz=frozenset({16_000, 22_050})), threads=1)
    assert reel.name == "film.mp4"
    assert reel.warnings == ()
    assert reel.faults == {}
    counts = {sampling: len(frames) for sampling, frames in reel.frames.items()}
    assert set(counts) == set(SAMPLINGS)
    assert counts[TWO_PASS] == 120
    assert counts[TRACK] == 120
    assert counts[SMALL] == 10
    assert counts[EXACT] == 13
    for sampling, frames in reel.frames.items():
        assert frames.rgb.dtype == np.uint8
        assert frames.rgb.shape[0] == len(frames.times_s)
        assert min(frames.rgb.shape[1:3]) == sampling.short_side_px
        assert frames.rgb.shape[2] / frames.rgb.shape[1] == pytest.approx(16 / 9, abs=0.02)
        assert (np.diff(frames.times_s) > 0).all()
        assert frames.times_s[0] >= 0
        assert frames.times_s[-1] < reel.probe.duration_s
    assert {rate: sound.rate_hz for rate, sound in reel.sounds.items()} == {16_000: 16_000, 22_050: 22_050}


@pytest.mark.parametrize("which", ["clip", "long_clip"])
def test_a_sampling_does_not_hang_on_the_others(which: str, request: pytest.FixtureRequest) -> None:
    """A feature measured alone and one measured beside others must be of the same pictures."""
    path: Path = request.getfixturevalue(which)
    beside = open_reel(path, Want(samplings=frozenset(SAMPLINGS), sound_rates_hz=frozenset({16_000})), threads=1)
    for sampling in SAMPLINGS:
        alone = open_reel(path, Want(samplings=frozenset({sampling})), threads=1)
        assert same(alone, beside, sampling), sampling
        if sampling.where == "content":
            assert alone.rejected == beside.rejected


@pytest.mark.parametrize("which", ["clip", "long_clip"])
def test_again_and_on_any_number_of_cores_the_same_bytes(which: str, request: pytest.FixtureRequest) -> None:
    want = Want(samplings=frozenset(SAMPLINGS), sound_rates_hz=frozenset({16_000, 22_050}))
    first, *others = [open_reel(request.getfixturevalue(which), want, threads=threads) for threads in (1, 1, 2, 0)]
    for other in others:
        assert all(same(first, other, sampling) for sampling in SAMPLINGS)
        assert all(np.array_equal(first.sounds[rate].samples, sound.samples) for rate, sound in other.sounds.items())
        assert (first.rejected, first.warnings, first.decoded_frames) == (
            other.rejected,
            other.warnings,
            other.decoded_frames,
        )


def test_decoded_pictures_are_counted(clip: Path, long_clip: Path) -> None:
    none = open_reel(clip, Want(sound_rates_hz=frozenset({16_000})))
    assert none.decoded_frames == 0
    whole = open_reel(clip, Want(samplings=frozenset({replace(SMALL, count=200)})), threads=1)
    assert whole.decoded_frames == len(film(20)) == 200
    few = open_reel(clip, Want(samplings=frozenset({replace(SMALL, count=4)})), threads=1)
    assert few.decoded_frames <= 50
    sparse = open_reel(long_clip, Want(samplings=frozenset({TWO_PASS})), threads=1)
    assert 120 <= sparse.decoded_frames < 0.7 * 1300


def test_what_one_sampling_reads_serves_the_other(clip: Path) -> None:
    apart = sum(open_reel(clip, Want(samplings=frozenset({s})), threads=1).decoded_frames for s in (TWO_PASS, TRACK))
    together = open_reel(clip, Want(samplings=frozenset({TWO_PASS, TRACK})), threads=1).decoded_frames
    assert together < 0.75 * apart


def test_the_track_is_six_a_second(clip: Path) -> None:
    frames = open_reel(clip, Want(samplings=frozenset({TRACK}))).frames[TRACK]
    assert len(frames) == 120
    assert np.abs(frames.times_s - (np.arange(120) + 0.5) / 6).max() <= 1 / 12 + 1e-6
    assert frames.rgb.shape == (120, 64, 114, 3)


def test_the_two_passes(clip: Path) -> None:
    reel = open_reel(clip, Want(samplings=frozenset({TWO_PASS})))
    assert [(span.start_s, span.end_s) for span in reel.rejected] == [
        (0.0, pytest.approx(2.0, abs=0.3)),
        (pytest.approx(18.0, abs=0.3), pytest.approx(20.0, abs=0.01)),
    ]
    times_s = reel.frames[TWO_PASS].times_s
    assert times_s.min() >= 1.95
    assert times_s.max() <= 18.05
    assert np.diff(times_s).max() <= 2 * 16 / 120 + 0.1


def test_the_whole_clip_where_asked(clip: Path) -> None:
    sampling = replace(TWO_PASS, where="all")
    reel = open_reel(clip, Want(samplings=frozenset({sampling})))
    assert reel.rejected == ()
    assert reel.frames[sampling].times_s.min() < 0.2
    assert reel.frames[sampling].times_s.max() > 19.8


def test_nothing_wanted_is_a_probe(clip: Path) -> None:
    reel = open_reel(clip, Want(), name="mine")
    assert reel.name == "mine"
    assert reel.frames == {}
    assert reel.sounds == {}
    assert reel.probe.duration_s == pytest.approx(20.0, abs=0.1)


def test_what_was_not_asked_for_is_an_error(clip: Path) -> None:
    reel = open_reel(clip, Want(samplings=frozenset({SMALL})))
    with pytest.raises(MediaError, match="ask for it in Want"):
        reel.frames_of(TWO_PASS)
    with pytest.raises(MediaError, match="22050 Hz; ask for it in Want"):
        reel.sound_at(22_050)


def unplayable(path: Path, sounds: Sequence[Track] = ()) -> Path:
    """A clip whose pictures are all rubbish and whose sound is whole."""
    make_clip(path, numbered(20), codec="mjpeg", pix_fmt="yuvj420p", sounds=sounds)
    whole = bytearray(path.read_bytes())
    with av.open(path) as container:
        for packet in container.demux(video=0):
            if packet.size:
                start = whole.index(bytes(packet))
                whole[start : start + packet.size] = bytes(packet.size)
    path.write_bytes(whole)
    return path


def test_a_broken_picture_leaves_the_sound(tmp_path: Path) -> None:
    path = unplayable(tmp_path / "clip.mkv", [Track(samples=tone(440, 2))])
    reel = open_reel(path, Want(samplings=frozenset({SMALL, TWO_PASS}), sound_rates_hz=frozenset({16_000})))
    sound = reel.sound_at(16_000)
    assert sound is not None
    assert sound.duration_s == pytest.approx(2.0, abs=0.05)
    assert not sound.silent
    for sampling in (SMALL, TWO_PASS):
        with pytest.raises(MediaError, match=r"no picture of 'clip\.mkv' could be decoded: "):
            reel.frames_of(sampling)
    assert any("picture packets could not be decoded" in warning for warning in reel.warnings)


def test_a_broken_sound_leaves_the_picture(tmp_path: Path) -> None:
    track = Track(samples=tone(440, 2, rate_hz=16_000), rate_hz=16_000, codec="flac")
    path = make_clip(tmp_path / "clip.mkv", numbered(20), sounds=[track])
    path.write_bytes(path.read_bytes().replace(b"A_FLAC", b"A_ZLAC"))
    reel = open_reel(path, Want(samplings=frozenset({SMALL}), sound_rates_hz=frozenset({16_000})))
    assert len(reel.frames[SMALL]) == 10
    with pytest.raises(MediaError, match="codec is not known"):
        reel.sound_at(16_000)


def test_all_tracks_broken_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="could be decoded"):
        open_reel(unplayable(tmp_path / "clip.mkv"), Want(samplings=frozenset({SMALL})))


def test_the_size_may_change_half_way(tmp_path: Path) -> None:
    """Also where the two halves are read at different times, the second for the first pass alone."""
    small = make_clip(tmp_path / "a.h264", numbered(60), gop=5)
    large = make_clip(tmp_path / "b.h264", numbered(60, width=160, height=96), gop=5)
    both = tmp_path / "both.h264"
    both.write_bytes(small.read_bytes() + large.read_bytes())
    reel = open_reel(both, Want(samplings=frozenset(SAMPLINGS)))
    assert {frames.rgb.shape[1:3] for s, frames in reel.frames.items() if s.short_side_px == 24} == {(24, 32)}
    assert len(reel.frames[TRACK]) == 72


def test_a_turned_recording_has_a_portrait_reel(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip.mp4", numbered(10), rotation=90)
    assert open_reel(path, Want(samplings=frozenset({SMALL}))).frames[SMALL].rgb.shape == (10, 32, 24, 3)


def test_the_recipe_names_what_decides() -> None:
    recipe = decoding_recipe(Want(samplings=frozenset({TWO_PASS}), sound_rates_hz=frozenset({16_000})))
    assert set(recipe) == {"samplings", "decoder", "content", "sound"}
    assert decoding_recipe(Want(samplings=frozenset({TRACK}))).keys() == {"samplings", "decoder"}
    assert decoding_recipe(Want()) == {}
    one, other = (frozenset(order) for order in (SAMPLINGS, SAMPLINGS[::-1]))
    assert decoding_recipe(Want(samplings=one)) == decoding_recipe(Want(samplings=other))


def test_without_takes_spans_out() -> None:
    spans = [Span(start_s=a, end_s=b, reason="") for a, b in ((-1, 1), (4, 5), (5, 6), (9, 12))]
    assert without([(0.0, 10.0)], spans) == [(1, 4), (6, 9)]
    assert without([(0.0, 10.0)], [Span(start_s=0, end_s=10, reason="")]) == []
    assert without([(0.0, 10.0)], []) == [(0.0, 10.0)]
