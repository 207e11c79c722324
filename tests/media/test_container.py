"""One look through a file gives its true facts, its tracks and its times."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.media.makeclip import Colour, Track, flat, make_clip, numbered, tone
from triptych.errors import MediaError
from triptych.media.container import scan
from triptych.media.loader import open_reel
from triptych.media.probe import PictureFacts, SoundFacts
from triptych.media.reel import Want
from triptych.media.sampling import Sampling

ALL = Sampling(count=6, where="all", short_side_px=24)
WANT = Want(samplings=frozenset({ALL}), sound_rates_hz=frozenset({16_000}))


# What a file says, and what is in it.


def test_the_facts_of_a_clip(tmp_path: Path) -> None:
    path = make_clip(
        tmp_path / "clip.mkv",
        numbered(25),
        pixel_aspect=Fraction(4, 3),
        sounds=[Track(samples=np.stack([tone(440, 2.5)] * 2), language="fra")],
    )
    found = scan(path, sound_rates_hz={16_000})
    assert found.probe.container == "matroska,webm"
    assert found.probe.declared_s == pytest.approx(2.5, abs=0.05)
    assert found.probe.duration_s == pytest.approx(2.5, abs=0.05)
    assert found.probe.picture == PictureFacts(
        codec="h264",
        width_px=64,
        height_px=48,
        rate_fps=10.0,
        pixel_aspect=pytest.approx(4 / 3),
        pixel_format="yuv420p",
        transfer="sdr",
    )
    assert found.probe.sounds == (SoundFacts(codec="aac", rate_hz=44_100, channels=2, language="fra"),)
    assert found.warnings == ()
    assert found.faults == {}
    assert found.timeline is not None
    assert len(found.timeline.pts) == 25


@pytest.mark.parametrize("transfer", ["pq", "hlg"])
def test_high_dynamic_range_is_named(tmp_path: Path, transfer: str) -> None:
    path = make_clip(
        tmp_path / "clip.mp4",
        numbered(3),
        codec="libx265",
        pix_fmt="yuv420p10le",
        colour=Colour(matrix="bt2020", transfer=transfer, primaries="bt2020", range="limited"),
        options={"x265-params": "log-level=none"},
    )
    facts = scan(path).probe.picture
    assert facts is not None
    assert (facts.transfer, facts.pixel_format) == (transfer, "yuv420p10le")


@pytest.mark.parametrize("name", ["clip.webm", "clip.mkv"])
def test_a_live_recording_declares_no_length(tmp_path: Path, name: str) -> None:
    path = make_clip(tmp_path / name, numbered(30), codec="libvpx", container_options={"live": "1"})
    probe = scan(path).probe
    assert probe.declared_s is None
    assert probe.duration_s == pytest.approx(3.0, abs=0.01)


@pytest.mark.parametrize("name", ["clip.ts", "clip.h264", "clip.mpg"])
def test_a_guessed_length_is_not_taken_for_a_declared_one(tmp_path: Path, name: str) -> None:
    codec = "mpeg2video" if name.endswith("mpg") else "libx264"
    found = scan(make_clip(tmp_path / name, numbered(50), codec=codec, fps=25))
    assert found.probe.declared_s is None
    assert found.probe.duration_s == pytest.approx(2.0, abs=0.05)
    assert found.warnings == ()


@pytest.mark.parametrize("name", ["clip.mkv", "clip.mp4", "clip.ts", "clip.nut"])
@pytest.mark.parametrize("start_ms", [0, 10_000])
def test_a_late_start_is_no_loss(tmp_path: Path, name: str, start_ms: int) -> None:
    found = scan(make_clip(tmp_path / name, numbered(20), pts=[start_ms + 100 * k for k in range(20)]))
    assert found.probe.duration_s == pytest.approx(2.0, abs=0.01)
    assert found.warnings == ()


def test_pictures_before_zero_are_pictures(tmp_path: Path) -> None:
    found = scan(
        make_clip(
            tmp_path / "clip.ts",
            numbered(20),
            pts=[-1000 + 100 * k for k in range(20)],
            container_options={"avoid_negative_ts": "disabled"},
        )
    )
    assert found.timeline is not None
    assert found.timeline.start_s == -1.0
    assert np.allclose(found.timeline.times_s, 0.1 * np.arange(20))


def test_times_follow_the_stamps(tmp_path: Path) -> None:
    pts = [0, 40, 80, 1000, 1040, 5000]
    for name in ("clip.mkv", "clip.mp4"):
        found = scan(make_clip(tmp_path / name, numbered(6), pts=pts, b_frames=2))
        assert found.timeline is not None
        assert np.allclose(found.timeline.times_s * 1000, pts, atol=1)
        assert 5.0 < found.probe.duration_s < 5.2  # not lengthened by the middle gap


def test_bare_streams_are_counted(tmp_path: Path) -> None:
    """No stamps at all: pictures come one after the other, at the rate that the stream says."""
    found = scan(make_clip(tmp_path / "clip.h264", numbered(30), fps=10, b_frames=2))
    assert found.timeline is not None
    assert found.timeline.counted
    assert np.allclose(found.timeline.times_s, 0.1 * np.arange(30))


def test_a_clock_that_runs_back_is_warned_of(tmp_path: Path) -> None:
    parts = [make_clip(tmp_path / f"{k}.ts", numbered(20, seed=k)) for k in range(2)]
    both = tmp_path / "both.ts"
    both.write_bytes(b"".join(part.read_bytes() for part in parts))
    assert any("clock runs back" in warning for warning in scan(both).warnings)


def test_a_single_picture(tmp_path: Path) -> None:
    for name in ("clip.mp4", "clip.mkv"):
        found = scan(make_clip(tmp_path / name, numbered(1)))
        assert found.timeline is not None
        assert len(found.timeline.pts) == 1
        assert found.probe.duration_s > 0


# Tracks.


def dominant(path: Path) -> int:
    sound = scan(path, sound_rates_hz={16_000}).sounds[16_000]
    return int(np.abs(np.fft.rfft(sound.samples[:16_000])).argmax())


def test_the_default_of_several_tracks_is_heard(tmp_path: Path) -> None:
    for default, hz in ((0, 440), (1, 880), (2, 1320)):
        tracks = [Track(samples=tone(440 * (k + 1), 2), default=k == default) for k in range(3)]
        path = make_clip(tmp_path / f"{default}.mkv", numbered(20), sounds=tracks)
        assert dominant(path) == pytest.approx(hz, abs=2)
        assert len(scan(path).probe.sounds) == 3


def test_a_track_that_can_be_decoded_is_heard_before_one_that_cannot(tmp_path: Path) -> None:
    tracks = [Track(samples=tone(440, 2), default=True), Track(samples=tone(880, 2), codec="flac")]
    path = make_clip(tmp_path / "clip.mkv", numbered(20), sounds=tracks)
    path.write_bytes(path.read_bytes().replace(b"A_AAC", b"A_ZZZ"))
    assert dominant(path) == pytest.approx(880, abs=2)
    assert scan(path).probe.sounds[0].codec == "unknown"


def test_a_track_that_comes_up_late_is_no_trouble(tmp_path: Path) -> None:
    """A broadcast that has sound for a while, beyond what is looked at when it is opened: PyAV trips over that."""
    mute = make_clip(tmp_path / "mute.ts", numbered(30))
    tracks = [Track(samples=tone(440 * k, 2), codec="mp2") for k in range(1, 9)]
    loud = make_clip(tmp_path / "loud.ts", numbered(20), pts=[3000 + 100 * k for k in range(20)], sounds=tracks)
    whole = tmp_path / "clip.ts"
    whole.write_bytes(mute.read_bytes() * 120 + loud.read_bytes() + mute.read_bytes() * 40)
    found = scan(whole, sound_rates_hz={16_000})
    assert found.timeline is not None
    assert not any("stopped early" in warning for warning in found.warnings)
    assert len(open_reel(whole, WANT).frames[ALL]) == 6


def test_a_silent_track_is_a_track(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip.mp4", numbered(20), sounds=[Track(samples=np.zeros(88_200, np.float32))])
    found = scan(path, sound_rates_hz={16_000})
    assert found.sounds[16_000].silent
    assert found.sounds[16_000].duration_s == pytest.approx(2.0, abs=0.05)
    assert found.faults == {}


def test_no_track_is_none(tmp_path: Path) -> None:
    reel = open_reel(make_clip(tmp_path / "clip.mp4", numbered(20)), WANT)
    assert reel.probe.sounds == ()
    assert reel.sound_at(16_000) is None


def test_sound_alone_has_no_picture(tmp_path: Path) -> None:
    reel = open_reel(make_clip(tmp_path / "clip.m4a", sounds=[Track(samples=tone(440, 2))]), WANT)
    assert reel.probe.picture is None
    assert reel.frames_of(ALL) is None
    assert reel.sound_at(16_000) is not None
    assert reel.probe.duration_s == pytest.approx(2.0, abs=0.05)


@pytest.mark.parametrize(("name", "codec"), [("clip.mp3", "libmp3lame"), ("clip.mp4", "aac")])
def test_cover_art_is_no_picture_track(tmp_path: Path, name: str, codec: str) -> None:
    track = Track(samples=tone(440, 2), codec=codec)
    found = scan(make_clip(tmp_path / name, sounds=[track], cover=flat((200, 30, 30))), sound_rates_hz={16_000})
    assert found.probe.picture is None
    assert found.timeline is None
    assert found.faults == {}
    assert found.sounds[16_000].duration_s == pytest.approx(2.0, abs=0.06)


def test_cover_art_beside_a_picture_track(tmp_path: Path) -> None:
    found = scan(make_clip(tmp_path / "clip.mp4", numbered(10), cover=flat((200, 30, 30))))
    assert found.probe.picture is not None
    assert found.probe.picture.codec == "h264"
    assert found.timeline is not None
    assert len(found.timeline.pts) == 10


def test_an_unknown_picture_codec_leaves_the_sound(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip.mkv", numbered(20), sounds=[Track(samples=tone(440, 2))])
    path.write_bytes(path.read_bytes().replace(b"V_MPEG4/ISO/AVC", b"V_MPEG9/ISO/AVC"))
    found = scan(path, sound_rates_hz={16_000})
    assert "codec is not known" in found.faults["picture"]
    assert found.probe.picture is not None
    assert found.probe.picture.codec == "unknown"
    assert found.sounds[16_000].duration_s == pytest.approx(2.0, abs=0.05)


def test_an_unknown_sound_codec_leaves_the_picture(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip.mkv", numbered(20), sounds=[Track(samples=tone(440, 2))])
    path.write_bytes(path.read_bytes().replace(b"A_AAC", b"A_ZZZ"))
    found = scan(path, sound_rates_hz={16_000})
    assert "codec is not known" in found.faults["sound"]
    assert found.timeline is not None


def test_an_absurd_number_of_tracks_is_refused(tmp_path: Path) -> None:
    silence = np.zeros(400, np.float32)
    path = make_clip(tmp_path / "clip.mkv", sounds=[Track(samples=silence, rate_hz=8000, codec="pcm_s16le")] * 260)
    with pytest.raises(MediaError, match="260 tracks; at most 256"):
        scan(path)


def test_pictures_of_absurd_size_are_refused(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip.mp4", numbered(3), sounds=[Track(samples=tone(440, 0.3))])
    whole = bytearray(path.read_bytes())
    entry = whole.index(b"avc1", whole.index(b"stsd"))
    whole[entry + 28 : entry + 32] = struct.pack(">HH", 16_400, 16_400)
    whole = whole.replace(b"avc1", b"png ").replace(b"avcC", b"free")
    path.write_bytes(whole)
    reel = open_reel(path, WANT)
    assert reel.sound_at(16_000) is not None
    with pytest.raises(MediaError, match="more than 134,217,728 pixels"):
        reel.frames_of(ALL)
