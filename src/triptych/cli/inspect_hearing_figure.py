"""Inspect hearing figure: the lanes of what is heard, drawn to scale below those of what is seen."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import numpy.typing as npt

from triptych.cli.inspect_hearing import BANDS, SURE, Hearing, Moment
from triptych.cli.inspect_hearing_words import STATES, loudness_text, lufs_text, speech_text, tempo_text
from triptych.cli.inspect_lane import GAP, HEAD, after, binned, clock, cuts, lane_name, stretches
from triptych.drawing.axis import Axis, fitted, width_of
from triptych.drawing.stroke import foot_line, text

Spectrum = npt.NDArray[np.float32]

#: [px] of the lanes.
LOUDNESS, SPEECH, KINDS, BEATS, PARTS, SPECTRUM = 72, 14, 34, 16, 64, 72
#: [LUFS] Where the lane of loudness has its foot.
FOOT_LUFS = -60.0
#: [px] Beats that are closer than this are drawn as stretches.
LEAST_BEAT = 3.0
#: [px] Of columns of the half seconds, and of the spectrum.
COLUMN = 3.0
#: How strongly each kind is drawn; silence is left blank.
KIND_TONES = {"speech": 1.0, "music": 0.5, "other": 0.2}
#: Harmonic above the line, percussive below it.
PART_TONES = {"harmonic": 0.85, "percussive": 0.45}
#: Stretches of speech that say when they are; of more, the table does.
MOST_TITLED = 120
#: Steps of the spectrum between blank and full.
SHADES = 7
#: Where 1 and 8 kHz lie among the bands (Slaney's mel scale up to 11,025 Hz), from 0 at the foot to 1.
PITCHES = (("1 kHz", 0.30), ("8 kHz", 0.906))

STYLE = """
svg .beat { stroke: var(--hearing); stroke-width: 1.2; } svg .whole { stroke: var(--ink); stroke-dasharray: 3 4; }
svg .bands { stroke: var(--hearing); fill: none; shape-rendering: crispEdges; }
"""


def lanes(
    told: Hearing, spectrum: Spectrum | None, borders: Sequence[float], x: Axis, at: float
) -> tuple[list[str], float]:
    """The lanes from ``at`` downwards, and where they end."""
    left = x.start
    if told.state != "heard":
        return lane_name("Sound", left, at, STATES[told.state]), at + HEAD + GAP
    parts: list[str] = []
    if told.loudness:
        parts += lane_name("Loudness", left, at, _loudness_words(told, x))
        parts += _loudness(told, borders, x, at + HEAD)
        at += HEAD + LOUDNESS + GAP
    words = fitted(speech_text(told, short=True), x.end - after("Speech", left))
    parts += lane_name("Speech", left, at, words)
    at += HEAD
    if told.speech_s is not None:
        parts += _speech(told.speech_s, x, at)
        at += SPEECH
    at += GAP
    if told.moments:
        parts += [*lane_name("Sounds like", left, at), *_key(KIND_TONES, after("Sounds like", left), at)]
        parts += _kinds(told.moments, x, at + HEAD)
        at += HEAD + KINDS + GAP
        parts += lane_name("Beat", left, at, tempo_text(told))
        at += HEAD
        if told.beats_s:
            parts += _beats(told, x, at)
            at += BEATS
        at += GAP
        parts += [*lane_name("Energy", left, at), *_key(PART_TONES, after("Energy", left), at)]
        parts += _harmonic(told.moments, x, at + HEAD)
        at += HEAD + PARTS + GAP
    if spectrum is not None:
        parts += lane_name("Spectrum", left, at, "from low to high")
        parts += _spectrum(spectrum, told.duration_s, x, at + HEAD)
        at += HEAD + SPECTRUM + GAP
    return parts, at


def merged(moments: Sequence[Moment], most: int) -> list[tuple[float, float, npt.NDArray[np.float64]]]:
    """At most ``most`` columns: from, to, and the means of (speech, music, other, silent, harmonic, percussive)."""
    rows = np.array([(m.speech, m.music, m.other, m.silent, m.harmonic, m.percussive) for m in moments])
    every = max(-(-len(moments) // max(most, 1)), 1)
    return [
        (moments[k].start_s, moments[min(k + every, len(moments)) - 1].end_s, rows[k : k + every].mean(axis=0))
        for k in range(0, len(moments), every)
    ]


def folded_spectrum(spectrum: Spectrum, most: int) -> Spectrum:
    """At most ``most`` columns, means of their neighbours."""
    if len(spectrum) <= most:
        return spectrum
    starts = np.arange(most) * len(spectrum) // most
    widths = np.diff([*starts.tolist(), len(spectrum)])[:, None]
    return (np.add.reduceat(spectrum, starts, axis=0) / widths).astype(np.float32)


def _loudness_words(told: Hearing, x: Axis) -> str:
    whole = loudness_text(told)
    fits = after("Loudness", x.start) + width_of(whole) < x.end
    return whole if fits else loudness_text(told, short=True)


def _loudness(told: Hearing, borders: Sequence[float], x: Axis, at: float) -> list[str]:
    y = Axis(low=FOOT_LUFS, high=0, start=at + LOUDNESS, end=at)
    parts: list[str] = []
    for tick in (0.0, FOOT_LUFS / 2, FOOT_LUFS):
        parts.append(f'<line class="grid" x1="{x.start:.1f}" x2="{x.end:.1f}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>')
        parts.append(text(x.start - 7, y(tick) + 4, f"{tick:.0f}".replace("-", "−"), "end", quiet=True))
    parts += cuts(borders, x, at, LOUDNESS)
    kept = binned(told.loudness, int((x.end - x.start) / 1.5))
    path = "L".join(f"{_within(x, a):.1f} {y(max(b, FOOT_LUFS)):.1f}" for a, b in kept)
    foot = y(FOOT_LUFS)
    area = f"M{_within(x, kept[0][0]):.1f} {foot:.1f}L{path}L{_within(x, kept[-1][0]):.1f} {foot:.1f}z"
    parts.append(f'<path class="fill-hearing" fill-opacity=".28" d="{area}"/>')
    parts.append(f'<path class="line thin line-hearing" d="M{path}{"" if len(kept) > 1 else "h.1"}"/>')
    assert told.integrated_lufs is not None
    level = y(max(told.integrated_lufs, FOOT_LUFS))
    parts.append(
        f'<line class="whole" x1="{x.start:.1f}" x2="{x.end:.1f}" y1="{level:.1f}" y2="{level:.1f}"><title>'
        f"{lufs_text(told.integrated_lufs)} over the whole clip</title></line>"
    )
    return [*parts, foot_line(x.start, x.end, at + LOUDNESS)]


def _speech(spans: Sequence[tuple[float, float]], x: Axis, at: float) -> list[str]:
    box = f'x="{x.start:.1f}" y="{at:.1f}" width="{x.end - x.start:.1f}" height="{SPEECH}"'
    parts = [f'<rect class="track" fill-opacity=".55" {box} rx="2"/>']
    if len(spans) > MOST_TITLED:
        shape = "".join(
            f"M{_within(x, a):.1f} {at:.1f}H{_within(x, b):.1f}v{SPEECH}H{_within(x, a):.1f}z" for a, b in spans
        )
        return [*parts, f'<path class="fill-hearing" d="{shape}"/>']
    for start_s, end_s in spans:
        start, wide = _within(x, start_s), _within(x, end_s) - _within(x, start_s)
        told = f"speech: {clock(start_s, fine=True)} to {clock(end_s, fine=True)}"
        box = f'x="{start:.1f}" y="{at:.1f}" width="{max(wide, 0.8):.1f}" height="{SPEECH}"'
        parts.append(f'<rect class="fill-hearing" {box}><title>{told}</title></rect>')
    return parts


def _key(tones: dict[str, float], left: float, at: float) -> list[str]:
    parts: list[str] = []
    for kind, strength in tones.items():
        parts.append(
            f'<rect class="fill-hearing" fill-opacity="{strength}" x="{left:.1f}" y="{at + 3:.0f}" width="9" '
            'height="9" rx="1.5"/>'
        )
        parts.append(text(left + 13, at + 12, kind, "start", quiet=True))
        left += 13 + width_of(kind) + 10
    return parts


def _kinds(moments: Sequence[Moment], x: Axis, at: float) -> list[str]:
    """One above the other, speech at the foot; what is missing to the full height is silence."""
    columns = merged(moments, int((x.end - x.start) / COLUMN))
    below = np.zeros(len(columns))
    parts: list[str] = []
    for n, (kind, strength) in enumerate(KIND_TONES.items()):
        above = below + np.array([row[n] for _, _, row in columns])
        shape = "".join(
            f"M{_within(x, a):.1f} {at + KINDS * (1 - low):.1f}H{_within(x, b):.1f}V{at + KINDS * (1 - high):.1f}"
            f"H{_within(x, a):.1f}z"
            for (a, b, _), low, high in zip(columns, below.tolist(), above.tolist(), strict=True)
            if high - low > 0.01
        )
        if shape:
            parts.append(
                f'<path class="fill-hearing" fill-opacity="{strength}" d="{shape}"><title>{kind}</title></path>'
            )
        below = above
    box = f'x="{x.start:.1f}" y="{at:.1f}" width="{x.end - x.start:.1f}" height="{KINDS}"'
    return [*parts, f'<rect class="rim" {box}/>']


def _beats(told: Hearing, x: Axis, at: float) -> list[str]:
    assert told.bpm is not None  # or there were no beats
    words = f"<title>{escape(tempo_text(told))}</title>"
    period_s = 60 / told.bpm
    if x(period_s) - x(0) >= LEAST_BEAT:
        strokes = "".join(f"M{_within(x, t):.1f} {at:.0f}v{BEATS - 2}" for t in told.beats_s)
        pale = "" if told.certainty >= SURE else ' stroke-opacity=".4"'
        return [f'<path class="beat"{pale} d="{strokes}">{words}</path>']
    return [
        f'<rect class="fill-hearing" fill-opacity=".55" x="{_within(x, a):.1f}" y="{at + 3:.1f}" '
        f'width="{max(_within(x, b) - _within(x, a), 1):.1f}" height="{BEATS - 8}" rx="2">{words}</rect>'
        for a, b in stretches(told.beats_s, 2.5 * period_s)
    ]


def _harmonic(moments: Sequence[Moment], x: Axis, at: float) -> list[str]:
    """Harmonic above the line, percussive below it; each reaches half of the height where it is all there is."""
    columns = merged(moments, int((x.end - x.start) / COLUMN))
    middle = at + PARTS / 2
    parts = [text(x.start - 7, at + 8, "100 %", "end", quiet=True)]
    for (told, strength), k, sign in zip(PART_TONES.items(), (4, 5), (-1, 1), strict=True):
        steps = "".join(
            f"L{_within(x, a):.1f} {middle + sign * PARTS / 2 * row[k]:.1f}H{_within(x, b):.1f}"
            for a, b, row in columns
        )
        shape = f"M{_within(x, columns[0][0]):.1f} {middle:.1f}{steps}V{middle:.1f}z"
        parts.append(f'<path class="fill-hearing" fill-opacity="{strength}" d="{shape}"><title>{told}</title></path>')
    return [*parts, foot_line(x.start, x.end, middle)]


def _spectrum(spectrum: Spectrum, duration_s: float, x: Axis, at: float) -> list[str]:
    """Rows of strokes, one path for each shade, in units of one column and one band."""
    end = _within(x, duration_s)
    kept = folded_spectrum(spectrum, max(int((end - x.start) / COLUMN), 1))
    shade = np.round(kept * SHADES).astype(np.int64).T[::-1]
    strokes: dict[int, list[str]] = {}
    for row, cells in enumerate(shade):
        edges = np.flatnonzero(np.diff(cells, prepend=-1))
        widths = np.diff([*edges.tolist(), len(cells)])
        for column, wide in zip(edges.tolist(), widths.tolist(), strict=True):
            if cells[column]:
                strokes.setdefault(int(cells[column]), []).append(f"M{column} {row}.5h{wide}")
    scale = f"scale({(end - x.start) / len(kept):.4f} {SPECTRUM / BANDS:.4f})"
    paths = "".join(
        f'<path stroke-opacity="{level / SHADES:.2f}" d="{"".join(found)}"/>'
        for level, found in sorted(strokes.items())
    )
    parts = [f'<g class="bands" transform="translate({x.start:.1f} {at:.1f}) {scale}">{paths}</g>']
    for words, share in PITCHES:
        parts.append(text(x.start - 7, at + SPECTRUM * (1 - share) + 4, words, "end", quiet=True))
    return [*parts, foot_line(x.start, x.end, at + SPECTRUM)]


def _within(x: Axis, at_s: float) -> float:
    """Sound may go on where the pictures have ended, and the axis with them."""
    return min(max(x(at_s), x.start), x.end)
