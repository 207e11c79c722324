"""Inspect sheet, heard: the lanes of what is heard, for the picture."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from triptych.cli.inspect_canvas import HEARING, INK, LINE, PAPER, RGB, SOFT, Canvas, lane, say, wide_of
from triptych.cli.inspect_hearing import SURE, Hearing
from triptych.cli.inspect_hearing_figure import (
    FOOT_LUFS,
    KIND_TONES,
    LEAST_BEAT,
    PART_TONES,
    PITCHES,
    folded_spectrum,
    merged,
)
from triptych.cli.inspect_hearing_words import STATES, loudness_text, speech_text, tempo_text
from triptych.cli.inspect_lane import binned, stretches
from triptych.drawing.axis import Axis

#: [px]
LOUDNESS, SPEECH, KINDS, BEATS, PARTS, SPECTRUM = 74, 18, 44, 16, 70, 80


def lanes(told: Hearing, spectrum: npt.NDArray[np.float32] | None, x: Axis) -> list[Canvas]:
    """Each as uint8 ``[h, 1600, 3]``; of sound that is not heard one that says so."""
    if told.state != "heard":
        return [_named("Sound", STATES[told.state], 0, x)[0]]
    found: list[Canvas] = []
    if told.loudness:
        found.append(_loudness(told, x))
    found.append(_speech(told, x))
    if told.moments:
        found += [_kinds(told, x), _beats(told, x), _harmonic(told, x)]
    if spectrum is not None:
        found.append(_spectrum(spectrum, told.duration_s, x))
    return found


def _named(name: str, words: str, high: int, x: Axis) -> tuple[Canvas, int]:
    canvas, top = lane(name, high, x.start)
    say(canvas, words, x.start + wide_of(name, 12) + 12, 18, px=10, colour=SOFT)
    return canvas, top


def _box(x: Axis, start_s: float, end_s: float) -> slice:
    """At least one column; sound may go on where the pictures have ended."""
    left = min(round(x(start_s)), round(x.end) - 1)
    return slice(left, min(max(round(x(end_s)), left + 1), round(x.end)))


def _pale(strength: float) -> RGB:
    r, g, b = (round(strength * a + (1 - strength) * c) for a, c in zip(HEARING, PAPER, strict=True))
    return r, g, b


def _loudness(told: Hearing, x: Axis) -> Canvas:
    assert told.integrated_lufs is not None  # measured with the curve
    canvas, top = _named("Loudness", loudness_text(told), LOUDNESS, x)
    y = Axis(low=FOOT_LUFS, high=0, start=top + LOUDNESS, end=top)
    for tick in (0.0, FOOT_LUFS):
        say(canvas, f"{tick:.0f}", x.start - 8, y(tick) + 5, px=10, colour=SOFT, anchor="end")
    kept = binned(told.loudness, int(x.end - x.start))
    path = np.array([(round(min(x(a), x.end) * 16), round(y(max(b, FOOT_LUFS)) * 16)) for a, b in kept])
    foot = round(y(FOOT_LUFS) * 16)
    cv2.fillPoly(canvas, [np.array([(path[0][0], foot), *path, (path[-1][0], foot)])], _pale(0.3), cv2.LINE_AA, shift=4)
    cv2.polylines(canvas, [path], False, HEARING, 2, cv2.LINE_AA, shift=4)
    level = round(y(max(told.integrated_lufs, FOOT_LUFS)))
    for left in range(round(x.start), round(x.end), 9):
        canvas[level, left : left + 4] = INK
    cv2.line(canvas, (round(x.start), top + LOUDNESS), (round(x.end), top + LOUDNESS), SOFT, 1)
    return canvas


def _speech(told: Hearing, x: Axis) -> Canvas:
    canvas, top = _named("Speech", speech_text(told, short=True), SPEECH if told.speech_s is not None else 0, x)
    if told.speech_s is not None:
        canvas[top : top + SPEECH, round(x.start) : round(x.end)] = LINE
        for start_s, end_s in told.speech_s:
            canvas[top : top + SPEECH, _box(x, start_s, end_s)] = HEARING
    return canvas


def _key(canvas: Canvas, tones: dict[str, float], left: int) -> None:
    for name, strength in tones.items():
        canvas[8:20, left : left + 12] = _pale(strength)
        say(canvas, name, left + 17, 18, px=10, colour=SOFT)
        left += 17 + wide_of(name, 10) + 16


def _kinds(told: Hearing, x: Axis) -> Canvas:
    canvas, top = lane("Sounds like", KINDS, x.start)
    _key(canvas, KIND_TONES, round(x.start) + wide_of("Sounds like", 12) + 14)
    for start_s, end_s, row in merged(told.moments, int(x.end - x.start)):
        foot = float(top + KINDS)
        for n, strength in enumerate(KIND_TONES.values()):
            above = foot - KINDS * float(row[n])
            canvas[round(above) : round(foot), _box(x, start_s, end_s)] = _pale(strength)
            foot = above
    cv2.rectangle(canvas, (round(x.start), top), (round(x.end) - 1, top + KINDS), LINE, 1)
    return canvas


def _beats(told: Hearing, x: Axis) -> Canvas:
    canvas, top = _named("Beat", tempo_text(told), BEATS if told.beats_s else 0, x)
    if told.bpm is None:
        return canvas
    period_s = 60 / told.bpm
    if x(period_s) - x(0) >= LEAST_BEAT:
        for at_s in told.beats_s:
            canvas[top : top + BEATS, _box(x, at_s, at_s)] = HEARING if told.certainty >= SURE else _pale(0.4)
    else:
        for start_s, end_s in stretches(told.beats_s, 2.5 * period_s):
            canvas[top + 3 : top + BEATS - 5, _box(x, start_s, end_s)] = _pale(0.55)
    return canvas


def _harmonic(told: Hearing, x: Axis) -> Canvas:
    canvas, top = lane("Energy", PARTS, x.start)
    _key(canvas, PART_TONES, round(x.start) + wide_of("Energy", 12) + 14)
    middle = top + PARTS // 2
    for start_s, end_s, row in merged(told.moments, int(x.end - x.start)):
        box = _box(x, start_s, end_s)
        canvas[middle - round(PARTS / 2 * float(row[4])) : middle, box] = _pale(PART_TONES["harmonic"])
        canvas[middle : middle + round(PARTS / 2 * float(row[5])), box] = _pale(PART_TONES["percussive"])
    say(canvas, "100 %", x.start - 8, top + 9, px=10, colour=SOFT, anchor="end")
    cv2.line(canvas, (round(x.start), middle), (round(x.end), middle), SOFT, 1)
    return canvas


def _spectrum(spectrum: npt.NDArray[np.float32], duration_s: float, x: Axis) -> Canvas:
    canvas, top = _named("Spectrum", "from low to high", SPECTRUM, x)
    left, right = round(x.start), max(round(min(x(duration_s), x.end)), round(x.start) + 1)
    kept = folded_spectrum(spectrum, right - left).T[::-1]
    shade = cv2.resize(np.ascontiguousarray(kept), (right - left, SPECTRUM), interpolation=cv2.INTER_NEAREST)
    mixed = np.asarray(shade)[:, :, None] * (np.array(HEARING, np.float32) - np.array(PAPER, np.float32))
    canvas[top : top + SPECTRUM, left:right] = (mixed + np.array(PAPER)).round().astype(np.uint8)
    for words, share in PITCHES:
        say(canvas, words, x.start - 8, top + SPECTRUM * (1 - share) + 5, px=10, colour=SOFT, anchor="end")
    return canvas
