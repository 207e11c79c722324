"""Instruments: the players of the six sound themes, synthesised whole so that no sample has to be shipped.

A player takes a generator and a length in samples, and returns float32 ``[2, n]`` of any loudness at 44.1 kHz.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

RATE_HZ = 44_100

Stereo = npt.NDArray[np.float32]
Mono = npt.NDArray[np.float32]

_CYCLE = 2048


def minor_pads(rng: np.random.Generator, length: int) -> Stereo:
    """Slow, dark chords of detuned strings in a minor key, in a large room."""
    beat_s = 60.0 / rng.uniform(52, 66)
    key = 45 + int(rng.integers(-3, 4))
    roots = ((0, -4, 3, -2), (0, 5, -4, -5), (0, 3, 5, -2))[int(rng.integers(0, 3))]
    minor = (True, False, False, False) if roots[1] == -4 else (True, True, False, False)
    table = _cycle([k**-1.7 for k in range(1, 11)])
    sound = np.zeros((2, length), np.float32)
    held = round(2 * beat_s * RATE_HZ)
    for bar in range(length // held + 1):
        start = bar * held
        count = min(round(held * 1.5), length - start)
        if count < 64:
            break
        third = 3 if minor[bar % 4] else 4
        swell = _swell(count, attack=held // 3, release=held // 2)
        for note in (-12, 0, third, 7, 12):
            for side in (0, 1):
                pitch = _hertz(key + roots[bar % 4] + note) * (1 + (2 * side - 1) * rng.uniform(0.001, 0.003))
                sound[side, start : start + count] += _tone(table, pitch, count, rng) * swell
    return _room(rng, sound, seconds=2.6, dark_hz=1400, wet=0.7)


def driving_beat(rng: np.random.Generator, length: int) -> Stereo:
    """Four to the floor: kick, snare, hats and a bass in eighths, dry and loud."""
    beat = 60.0 / rng.uniform(118, 138) * RATE_HZ
    key = 33 + int(rng.integers(-2, 4))
    sound = np.zeros((2, length), np.float32)
    t = np.arange(round(0.35 * RATE_HZ), dtype=np.float32) / np.float32(RATE_HZ)
    fall = (45 * t + (110 / 28) * (1 - np.exp(-28 * t))).astype(np.float32)
    kick = np.sin(2 * np.pi * fall) * np.exp(-9 * t)
    noise = rng.normal(size=len(t)).astype(np.float32)
    hat = np.diff(noise, prepend=0).astype(np.float32) * np.exp(-rng.uniform(45, 80) * t)
    snare = (noise * 0.7 + np.sin(2 * np.pi * 185 * t)) * np.exp(-20 * t)
    riff = rng.choice([0, 0, 0, 3, 7, 10, -2], size=8)
    table = _cycle([1 / k for k in range(1, 15)])
    eighth = round(beat / 2)
    plucked = np.exp(-5.5 * np.arange(eighth, dtype=np.float32) / np.float32(RATE_HZ))
    basses = {int(step): _tone(table, _hertz(key + int(step)), eighth, rng) * plucked for step in riff}
    for step in range(int(length / beat * 4) + 1):
        at = int(step * beat / 4)
        if step % 4 == 0:
            _add(sound, at, kick, gain=1.0)
        if step % 8 == 4:
            _add(sound, at, snare, gain=0.42, pan=0.1)
        if step % 2 == 0:
            _add(sound, at, basses[int(riff[step // 2 % 8])], gain=0.55)
        _add(sound, at, hat, gain=0.3 if step % 4 == 2 else 0.12, pan=-0.35)
    return sound


def bright_arpeggio(rng: np.random.Generator, length: int) -> Stereo:
    """Broken major chords in sixteenths, high and clear, with an echo that crosses the room."""
    step = 60.0 / rng.uniform(92, 114) / 4 * RATE_HZ
    key = 72 + int(rng.integers(-2, 5))
    chords = ((0, 4, 7, 12), (7, 11, 14, 19), (9, 12, 16, 21), (5, 9, 12, 17))
    order = rng.permutation(4)
    up = (0, 1, 2, 3, 2, 1, 3, 2) if rng.random() < 0.5 else (0, 2, 1, 3, 0, 2, 3, 1)
    table = _cycle([0 if k % 2 == 0 else 1 / k for k in range(1, 10)] + [0.25])
    ring = round(0.5 * RATE_HZ)
    decay = np.exp(-9 * np.arange(ring, dtype=np.float32) / np.float32(RATE_HZ))
    played: dict[int, Mono] = {}
    sound = np.zeros((2, length), np.float32)
    for k in range(int(length / step) + 1):
        pitch = key + chords[int(order[k // 16 % 4])][up[k % 8]]
        if pitch not in played:
            played[pitch] = _tone(table, _hertz(pitch), ring, rng) * decay
        at = int(k * step)
        _add(sound, at, played[pitch], gain=1.0 if k % 4 == 0 else 0.7, pan=0.25)
        _add(sound, at + int(3 * step), played[pitch], gain=0.35, pan=-0.5)
        _add(sound, at + int(6 * step), played[pitch], gain=0.15, pan=0.5)
    return sound


def wind(rng: np.random.Generator, length: int) -> Stereo:
    """Gusts of filtered noise that come and go, and a thin whistle over them."""
    size = _fft_size(length)
    hertz = np.fft.rfftfreq(size, 1 / RATE_HZ).astype(np.float32) + np.float32(1)
    at_s = np.arange(0, length / RATE_HZ + 1, 0.35)
    spot = np.arange(length, dtype=np.float32) / np.float32(RATE_HZ)
    sound = np.zeros((2, length), np.float32)
    turn = rng.uniform(0.75, 1.35)
    for centre, octaves, loud in ((220, 0.9, 1.0), (620, 0.6, 0.55), (1900, 0.7, 0.3), (1150, 0.03, 0.1)):
        band = np.exp(-0.5 * (np.log2(hertz / np.float32(centre * turn)) / np.float32(octaves)) ** 2)
        gust = _smooth(rng.uniform(0.15, 1.0, len(at_s)))
        for side in (0, 1):
            # White noise is white in the spectrum too: half the transforms.
            white = rng.normal(size=(2, len(hertz))).astype(np.float32)
            noise = np.fft.irfft(band * (white[0] + 1j * white[1]), size)[:length].astype(np.float32)
            noise *= np.float32(loud / noise.std())
            shifted = np.roll(gust, side) if loud > 0.2 else gust
            sound[side] += noise * np.interp(spot, at_s, shifted).astype(np.float32)
    return sound


def voices(rng: np.random.Generator, length: int) -> Stereo:
    """Someone speaks, in no language: pulses of a voice through the resonances of vowels, in phrases with pauses."""
    pitch = rng.uniform(95, 215)
    tract = 1.0 + 0.15 * (pitch > 150) + rng.normal(0.0, 0.03)
    vowels = (
        (730, 1090, 2440),
        (270, 2290, 3010),
        (300, 870, 2240),
        (530, 1840, 2480),
        (570, 840, 2410),
        (490, 1350, 1690),
    )
    rate = rng.uniform(3.8, 5.2)
    sound = np.zeros((2, length), np.float32)
    at = round(rng.uniform(0.0, 0.3) * RATE_HZ)
    while at < length:
        syllables = int(rng.integers(5, 10))
        for k in range(syllables):
            count = round(RATE_HZ / rate * rng.uniform(0.7, 1.3))
            voiced = round(count * 0.82)
            glide = pitch * (1.12 - 0.3 * k / syllables) * rng.uniform(0.93, 1.07)
            curve = np.linspace(glide * rng.uniform(0.96, 1.08), glide, voiced, dtype=np.float32)
            shape = _vowel(np.array(vowels[int(rng.integers(0, len(vowels)))]) * tract, glide)
            spoken = _tone(shape, curve, voiced, rng) * _swell(voiced, attack=voiced // 6, release=voiced // 3)
            if rng.random() < 0.7:
                hiss = round(rng.uniform(0.02, 0.06) * RATE_HZ)
                breath = np.diff(rng.normal(size=hiss + 1)).astype(np.float32)
                _add(sound, at - hiss // 2, breath * _swell(hiss, attack=hiss // 4, release=hiss // 2), gain=0.035)
            _add(sound, at, spoken, gain=float(rng.uniform(0.7, 1.0)), pan=0.05)
            at += count
        at += round(rng.uniform(0.3, 0.75) * RATE_HZ)
    return _room(rng, sound, seconds=0.35, dark_hz=4000, wet=0.12)


def sparse_plucks(rng: np.random.Generator, length: int) -> Stereo:
    """Single notes of something like a piano, far apart, each left to ring."""
    key = 60 + int(rng.integers(-4, 5))
    scale = (0, 2, 4, 7, 9, 12, 14, -5, -3)
    gap_s = rng.uniform(0.55, 0.85)
    ring = round(2.4 * RATE_HZ)
    t = np.arange(ring, dtype=np.float32) / np.float32(RATE_HZ)
    onset = np.minimum(t / np.float32(0.006), 1)
    played: dict[int, Mono] = {}
    sound = np.zeros((2, length), np.float32)
    at, note = 0, int(rng.integers(0, 5))
    while at < length:
        note = int(np.clip(note + rng.integers(-2, 3), 0, len(scale) - 1))
        pitch = key + scale[note]
        if pitch not in played:
            base = _hertz(pitch)
            partials = ((1, 1.0, 1.6), (2.001, 0.45, 2.4), (3.004, 0.2, 3.6), (4.01, 0.1, 5.0), (5.02, 0.05, 7.0))
            rings = [
                np.float32(loud) * np.exp(np.float32(-fall) * t) * np.sin(np.float32(2 * np.pi * base * k) * t)
                for k, loud, fall in partials
            ]
            played[pitch] = np.sum(rings, axis=0, dtype=np.float32) * onset
        _add(sound, at, played[pitch], gain=float(rng.uniform(0.5, 1.0)), pan=float(rng.uniform(-0.3, 0.3)))
        if rng.random() < 0.2 and key + scale[0] in played:
            _add(sound, at, played[key + scale[0]], gain=0.4)
        at += round(gap_s * float(rng.choice([0.5, 1.0, 1.0, 1.5, 2.0])) * RATE_HZ)
    return _room(rng, sound, seconds=1.8, dark_hz=2500, wet=0.3)


# ------------------------------------------------------------------------------------------------ means


def _hertz(key: float) -> float:
    """Equal temperament: key 69 is 440 Hz."""
    return 440.0 * 2.0 ** ((key - 69) / 12)


def _cycle(loudness: Sequence[float]) -> Mono:
    """One cycle of a wave with these harmonics, to be read at any pitch."""
    spectrum = np.zeros(_CYCLE // 2 + 1, np.complex128)
    spectrum[1 : len(loudness) + 1] = -1j * np.array(loudness)
    wave = np.fft.irfft(spectrum, _CYCLE)
    return (wave / np.abs(wave).max()).astype(np.float32)


def _vowel(formants_hz: npt.NDArray[np.float64], pitch_hz: float) -> Mono:
    """A glottal cycle heard through three resonances."""
    harmonics = pitch_hz * np.arange(1, int(5000 / pitch_hz) + 1)
    widths = np.array([70.0, 95.0, 140.0])
    loud = (np.array([1.0, 0.6, 0.3]) / (1 + ((harmonics[:, None] - formants_hz) / widths) ** 2)).sum(axis=1)
    return _cycle(list(loud + 0.02 / np.arange(1, len(harmonics) + 1)))


def _tone(cycle: Mono, pitch_hz: float | Mono, length: int, rng: np.random.Generator) -> Mono:
    """A cycle read round and round; the phase starts anywhere, so that voices do not beat in step."""
    advance = np.broadcast_to(np.asarray(pitch_hz, dtype=np.float64) / RATE_HZ, (length,))
    turns = np.cumsum(advance) + rng.random()
    return cycle[(turns * _CYCLE).astype(np.int64) & (_CYCLE - 1)]


def _swell(length: int, *, attack: int, release: int) -> Mono:
    """0 to 1 and back, along half cosines."""
    envelope = np.ones(length, np.float32)
    attack, release = min(attack, length // 2), min(release, length // 2)
    envelope[:attack] = 0.5 - 0.5 * np.cos(np.linspace(0, np.pi, attack))
    envelope[length - release :] = 0.5 + 0.5 * np.cos(np.linspace(0, np.pi, release))
    return envelope


def _add(sound: Stereo, at: int, part: Mono, *, gain: float, pan: float = 0.0) -> None:
    """Lay a part into the sound at a sample, whatever of it falls inside; ``pan`` −1 left … 1 right."""
    start, stop = max(at, 0), min(at + len(part), sound.shape[1])
    if start < stop:
        piece = part[start - at : stop - at]
        sound[0, start:stop] += piece * np.float32(gain * np.sqrt(0.5 - 0.5 * pan))
        sound[1, start:stop] += piece * np.float32(gain * np.sqrt(0.5 + 0.5 * pan))


def _room(rng: np.random.Generator, sound: Stereo, *, seconds: float, dark_hz: float, wet: float) -> Stereo:
    """The sound in a room: convolved with noise that decays by 60 dB in ``seconds`` and is dull above ``dark_hz``."""
    tail = round(seconds * RATE_HZ)
    size = _fft_size(sound.shape[1] + tail)
    hertz = np.fft.rfftfreq(size, 1 / RATE_HZ).astype(np.float32)
    dull = (1 / (1 + (hertz / np.float32(dark_hz)) ** 2)).astype(np.float32)
    decay = np.exp(np.linspace(0, -6.9, tail, dtype=np.float32))
    for side in (0, 1):
        walls = rng.normal(size=tail).astype(np.float32) * decay
        walls /= np.float32(np.linalg.norm(walls))
        echo = np.fft.irfft(np.fft.rfft(sound[side], size) * np.fft.rfft(walls, size) * dull, size)[: sound.shape[1]]
        echo *= wet * float(np.std(sound[side])) / max(float(np.std(echo)), 1e-12)
        sound[side] = (1 - wet) * sound[side] + echo
    return sound


def _smooth(steps: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    before, after = np.append(steps[:1], steps[:-1]), np.append(steps[1:], steps[-1:])
    return 0.25 * before + 0.5 * steps + 0.25 * after


def _fft_size(length: int) -> int:
    """The next size of 2, 3 or 5 times a power of two: the transforms there are fast."""
    return min(factor * 2 ** max(0, int(np.ceil(np.log2(length / factor)))) for factor in (2, 3, 5))


#: In the order of ``themes.SOUNDS``.
PLAYERS: tuple[Callable[[np.random.Generator, int], Stereo], ...] = (
    minor_pads,
    driving_beat,
    bright_arpeggio,
    wind,
    voices,
    sparse_plucks,
)
