"""The sound is what was recorded: its pitch, its length, its place beside the pictures, and no more than full scale."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest

from tests.media.makeclip import Track, make_clip, numbered, tone
from triptych.media.container import scan
from triptych.media.reel import Sound

Samples = npt.NDArray[np.float32]


def heard(path: Path, rate_hz: int = 16_000, *, limit_s: float = 3600.0) -> Sound:
    return scan(path, sound_rates_hz={rate_hz}, sound_limit_s=limit_s).sounds[rate_hz]


def pitch(sound: Sound, start_s: float = 0.0, end_s: float | None = None) -> float:
    """Hz of the strongest partial, to a fraction of a bin."""
    part = sound.samples[int(start_s * sound.rate_hz) : None if end_s is None else int(end_s * sound.rate_hz)]
    power = np.abs(np.fft.rfft(part * np.hanning(len(part)), 4 * len(part)))
    return float(power.argmax() * sound.rate_hz / (4 * len(part)))


def level(sound: Sound, start_s: float, end_s: float) -> float:
    """Root mean square of a stretch."""
    part = sound.samples[round(start_s * sound.rate_hz) : round(end_s * sound.rate_hz)]
    return float(np.sqrt(np.mean(np.square(part, dtype=np.float64))))


def onset(sound: Sound) -> float:
    """Seconds to the first audible sample."""
    return float(np.flatnonzero(np.abs(sound.samples) > 0.05)[0] / sound.rate_hz)


def wave(path: Path, samples: npt.NDArray[np.generic], *, rate_hz: int, code: int = 1) -> Path:
    """A WAVE file written by hand: ``samples`` [n, channels]; code 1 integers, 3 floats."""
    data = np.ascontiguousarray(samples)
    channels, width = data.shape[1], data.dtype.itemsize
    head = struct.pack("<HHIIHH", code, channels, rate_hz, rate_hz * channels * width, channels * width, 8 * width)
    body = b"WAVEfmt " + struct.pack("<I", len(head)) + head + b"data" + struct.pack("<I", data.nbytes) + data.tobytes()
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    return path


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.m4a", "aac"),
        ("a.mp3", "libmp3lame"),
        ("a.flac", "flac"),
        ("a.ogg", "libopus"),
        ("a.webm", "vorbis"),
        ("a.wav", "pcm_s16le"),
        ("a.mkv", "ac3"),
    ],
)
def test_pitch_and_length_at_both_rates(tmp_path: Path, name: str, codec: str) -> None:
    rate_hz = 48_000 if codec == "libopus" else 44_100
    track = Track(samples=np.stack([tone(440, 2, rate_hz=rate_hz)] * 2), rate_hz=rate_hz, codec=codec)
    if codec == "vorbis":
        track = Track(samples=track.samples, codec=codec, options={"strict": "experimental"})
    path = make_clip(tmp_path / name, sounds=[track])
    sounds = scan(path, sound_rates_hz={16_000, 22_050}).sounds
    for rate, sound in sounds.items():
        assert sound.rate_hz == rate
        assert sound.samples.dtype == np.float32
        assert pitch(sound) == pytest.approx(440, abs=1)
        assert sound.duration_s == pytest.approx(2.0, abs=0.06)  # coders fill up their last block
        assert level(sound, 0.5, 1.5) == pytest.approx(0.5 / np.sqrt(2), rel=0.06)  # LAME turns down by 5 %
    assert sounds[16_000].duration_s == pytest.approx(sounds[22_050].duration_s, abs=1e-4)


@pytest.mark.parametrize("seconds", [0.01, 1.0, 3.3, 7.0])
@pytest.mark.parametrize("source_hz", [8_000, 16_000, 44_100, 96_000])
def test_lossless_length_is_exact(tmp_path: Path, seconds: float, source_hz: int) -> None:
    path = wave(
        tmp_path / "a.wav", (tone(100, seconds, rate_hz=source_hz)[:, None] * 32767).astype(np.int16), rate_hz=source_hz
    )
    for rate in (16_000, 22_050):
        assert heard(path, rate).duration_s == pytest.approx(seconds, abs=2 / rate)


@pytest.mark.parametrize(
    ("dtype", "scale", "code"),
    [(np.uint8, 127, 1), (np.int16, 32767, 1), (np.int32, 2**31 - 1, 1), (np.float32, 1, 3), (np.float64, 1, 3)],
)
def test_any_sample_type(tmp_path: Path, dtype: type[np.generic], scale: int, code: int) -> None:
    samples = tone(440, 1, rate_hz=16_000).astype(np.float64)[:, None] * scale + (128 if dtype is np.uint8 else 0)
    sound = heard(wave(tmp_path / "a.wav", samples.astype(dtype), rate_hz=16_000, code=code))
    assert sound.samples.dtype == np.float32
    assert len(sound.samples) == 16_000
    assert np.abs(sound.samples - tone(440, 1, rate_hz=16_000)).max() < 0.02


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5, 6, 7, 8, 9, 12])
def test_any_number_of_channels_becomes_one(tmp_path: Path, channels: int) -> None:
    samples = np.repeat(tone(440, 1)[:, None], channels, 1)
    sound = heard(wave(tmp_path / "a.wav", (samples * 32767).astype(np.int16), rate_hz=44_100))
    assert sound.samples.ndim == 1
    assert pitch(sound) == pytest.approx(440, abs=1)
    assert level(sound, 0.2, 0.8) == pytest.approx(0.5 / np.sqrt(2), rel=0.01)


@pytest.mark.parametrize(("name", "codec"), [("a.ogg", "libopus"), ("a.m4a", "aac"), ("a.flac", "flac")])
def test_cinema_sound(tmp_path: Path, name: str, codec: str) -> None:
    """Eight channels in planes of their own are as many as a frame has pointers for."""
    track = Track(samples=np.stack([tone(440, 2, rate_hz=48_000)] * 8), rate_hz=48_000, codec=codec)
    sound = heard(make_clip(tmp_path / name, sounds=[track]))
    assert pitch(sound) == pytest.approx(440, abs=1)
    assert level(sound, 0.5, 1.5) == pytest.approx(0.5 / np.sqrt(2), rel=0.2)  # the low channel is left out


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.float32])
def test_channels_of_unknown_place_are_averaged(tmp_path: Path, dtype: type[np.generic]) -> None:
    samples = np.zeros((16_000, 9))
    samples[:, 4] = tone(440, 1, rate_hz=16_000, level=0.9)
    scale = {np.uint8: 127, np.int16: 32767, np.int32: 2**31 - 1, np.float32: 1}[dtype]
    coded = (samples * scale + (128 if dtype is np.uint8 else 0)).astype(dtype)
    sound = heard(wave(tmp_path / "a.wav", coded, rate_hz=16_000, code=3 if dtype is np.float32 else 1))
    assert pitch(sound) == pytest.approx(440, abs=1)
    assert level(sound, 0.0, 1.0) == pytest.approx(0.1 / np.sqrt(2), rel=0.1)


def test_each_channel_is_heard(tmp_path: Path) -> None:
    stereo = np.stack([tone(440, 1), tone(2000, 1)], 1)
    sound = heard(wave(tmp_path / "a.wav", (stereo * 32767).astype(np.int16), rate_hz=44_100))
    power = np.abs(np.fft.rfft(sound.samples[:16_000]))
    assert set(np.argsort(power)[-2:].tolist()) == {440, 2000}


def test_what_is_no_number_is_silence_and_what_is_too_loud_is_full_scale(tmp_path: Path) -> None:
    samples = tone(440, 1, rate_hz=16_000, level=4.0)[:, None].copy()
    samples[1000:1100], samples[2000], samples[3000] = np.nan, np.inf, -np.inf
    sound = heard(wave(tmp_path / "a.wav", samples, rate_hz=16_000, code=3))
    assert np.isfinite(sound.samples).all()
    assert np.abs(sound.samples).max() == 1.0
    assert not sound.samples[1000:1100].any()
    assert sound.samples[2000] == 1.0
    assert sound.samples[3000] == -1.0


def test_silence_is_silent_and_faint_sound_is_not(tmp_path: Path) -> None:
    for amplitude, silent in ((0.0, True), (1e-4, True), (1e-3, False)):
        samples = tone(440, 1, rate_hz=16_000, level=amplitude)[:, None]
        assert heard(wave(tmp_path / "a.wav", samples, rate_hz=16_000, code=3)).silent is silent


@pytest.mark.parametrize("container", ["mp4", "mkv", "ts"])
def test_sound_that_starts_later_is_placed(tmp_path: Path, container: str) -> None:
    path = make_clip(tmp_path / f"clip.{container}", numbered(30), sounds=[Track(samples=tone(440, 2), start_s=0.5)])
    for rate in (16_000, 22_050):
        sound = heard(path, rate)
        assert onset(sound) == pytest.approx(0.5, abs=0.05)
        assert level(sound, 0.0, 0.4) < 0.01
        assert sound.duration_s == pytest.approx(2.5, abs=0.06)


@pytest.mark.parametrize("container", ["mkv", "ts"])
def test_sound_before_the_first_picture_is_cut(tmp_path: Path, container: str) -> None:
    low_then_high = np.concatenate([tone(300, 1.0), tone(1000, 1.0)])
    path = make_clip(
        tmp_path / f"clip.{container}",
        numbered(10),
        pts=[1000 + 100 * k for k in range(10)],
        sounds=[Track(samples=low_then_high)],
    )
    sound = heard(path)
    assert pitch(sound, 0.1, 0.9) == pytest.approx(1000, abs=5)
    assert sound.duration_s == pytest.approx(1.0, abs=0.06)


def test_sound_without_pictures_starts_with_itself(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip.mkv", sounds=[Track(samples=tone(440, 2), start_s=20.0)])
    found = scan(path, sound_rates_hz={16_000})
    assert onset(found.sounds[16_000]) < 0.01
    assert found.sounds[16_000].duration_s == pytest.approx(2.0, abs=0.06)
    assert found.probe.duration_s == pytest.approx(2.0, abs=0.06)
    assert found.warnings == ()


def with_hole(path: Path, hole_s: float) -> Path:
    """A low second, a hole in the clock, a high second."""
    with av.open(path, "w") as out:
        stream = out.add_stream("flac", rate=16_000, layout="mono")
        for hz, start in ((300, 0), (1000, round((1 + hole_s) * 16_000))):
            samples = (tone(hz, 1, rate_hz=16_000) * 32767).astype(np.int16)
            for k in range(0, len(samples), 4608):
                frame = av.AudioFrame.from_ndarray(samples[None, k : k + 4608], format="s16", layout="mono")
                frame.sample_rate, frame.time_base, frame.pts = 16_000, Fraction(1, 16_000), start + k
                for packet in stream.encode(frame):
                    out.mux(packet)
        out.mux(stream.encode())
    return path


def test_a_hole_is_silence_and_what_follows_keeps_its_place(tmp_path: Path) -> None:
    path = with_hole(tmp_path / "clip.mkv", 2.0)
    for rate in (16_000, 22_050):
        sound = heard(path, rate)
        assert sound.duration_s == pytest.approx(4.0, abs=0.05)
        assert pitch(sound, 0.1, 0.9) == pytest.approx(300, abs=5)
        assert level(sound, 1.1, 2.9) < 1e-4
        assert pitch(sound, 3.1, 3.9) == pytest.approx(1000, abs=5)


def test_a_broken_clock_is_no_hole(tmp_path: Path) -> None:
    sound = heard(with_hole(tmp_path / "clip.mkv", 5000.0))
    assert sound.duration_s == pytest.approx(2.0, abs=0.05)
    assert pitch(sound, 1.1, 1.9) == pytest.approx(1000, abs=5)


def test_sound_beyond_the_limit_is_left_out(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip.m4a", sounds=[Track(samples=tone(440, 5))])
    found = scan(path, sound_rates_hz={16_000, 22_050}, sound_limit_s=1.5)
    assert [sound.duration_s for sound in found.sounds.values()] == [1.5, 1.5]
    assert "sound after 1.5 s was left out" in found.warnings
    assert found.probe.duration_s == pytest.approx(5.0, abs=0.06)


def test_a_change_of_layout_and_rate_half_way(tmp_path: Path) -> None:
    """Broadcasts do so at the advertisements. AAC in ADTS frames says in each how it is to be read."""
    silence = np.zeros((2, 44_100), np.float32)  # of all channels but the middle one
    parts = [
        make_clip(tmp_path / "a.aac", sounds=[Track(samples=np.stack([tone(440, 1)] * 2))]),
        make_clip(tmp_path / "b.aac", sounds=[Track(samples=np.stack([*silence, tone(880, 1), *silence, silence[0]]))]),
        make_clip(tmp_path / "c.aac", sounds=[Track(samples=tone(1320, 1, rate_hz=22_050), rate_hz=22_050)]),
    ]
    both = tmp_path / "clip.aac"
    both.write_bytes(b"".join(part.read_bytes() for part in parts))
    sound = heard(both)
    assert sound.duration_s == pytest.approx(3.0, abs=0.2)
    assert pitch(sound, 0.2, 0.8) == pytest.approx(440, abs=3)
    assert pitch(sound, 1.3, 1.8) == pytest.approx(880, abs=3)
    assert pitch(sound, 2.3, 2.8) == pytest.approx(1320, abs=3)


def test_lost_packets_are_counted(tmp_path: Path) -> None:
    path = make_clip(
        tmp_path / "clip.mkv", sounds=[Track(samples=tone(440, 4, rate_hz=16_000), rate_hz=16_000, codec="flac")]
    )
    with av.open(path) as container:
        places = [(packet.pos, packet.size) for packet in container.demux(audio=0) if packet.size]
    whole = bytearray(path.read_bytes())
    for at, size in places[5:8]:
        assert at is not None
        whole[at + 12 : at + size] = bytes(size - 12)
    path.write_bytes(whole)
    found = scan(path, sound_rates_hz={16_000})
    assert found.faults == {}
    assert any("sound packets could not be decoded" in warning for warning in found.warnings)
    sound = found.sounds[16_000]
    assert sound.duration_s == pytest.approx(4.0, abs=0.15)  # what was lost is a hole
    assert pitch(sound, 3.0, 3.9) == pytest.approx(440, abs=2)
