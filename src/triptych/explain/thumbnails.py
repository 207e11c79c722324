"""Thumbnails: small pictures of ranges of a clip: a frame of what is seen, the spectrum of what is heard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from triptych.explain.scenes import Scene, Scenes
from triptych.media.contact_sheet import jpeg_of
from triptych.media.container import Scan, scan
from triptych.media.frames import decode
from triptych.media.reel import Sound
from triptych.media.timeline import Timeline

RGB = npt.NDArray[np.uint8]

#: [px] Short side of a frame; a spectrum is as high, and as wide as a frame of 16 : 9.
SHORT_SIDE_PX = 96
#: Where in a range the pictures lie of which the sharpest is taken.
ASKED_AT = (0.3, 0.5, 0.7)
#: [Hz] Enough for what can be told on so small a picture.
SOUND_HZ = 16_000
N_FFT = 1024
BANDS = 48
#: [dB] Under the loudest band of the range, where the paper begins.
DEPTH_DB = 60.0
#: The page's colours by day, paper and hearing: a picture is one for all hours.
PAPER, INK = (250, 248, 244), (47, 111, 143)


@dataclass(frozen=True, kw_only=True)
class Thumbnail:
    """``image``: the bytes of a file of ``media_type``, ``image/jpeg`` or ``image/png``. ``time_s``: when it is seen;
    of a spectrum, the middle of its range."""

    image: bytes
    media_type: str
    width_px: int
    height_px: int
    time_s: float


def thumbnails(
    path: Path | str,
    *,
    seen: Sequence[Scene] = (),
    heard: Sequence[Scene] = (),
    short_side_px: int = SHORT_SIDE_PX,
) -> tuple[tuple[Thumbnail | None, ...], tuple[Thumbnail | None, ...]]:
    """A frame of each range in ``seen``, and the spectrum of each in ``heard``; None where the clip has nothing there.

    The file is looked through once and no more is decoded than the frames need. Of three frames of a range the sharpest
    is taken: the middle one may lie in a cut or a blur. MediaError where the file cannot be read at all.
    """
    found = scan(Path(path), sound_rates_hz=(SOUND_HZ,) if heard else ())
    return (
        _frames(Path(path), found, seen, short_side_px),
        tuple(_spectrum(found.sounds.get(SOUND_HZ), scene, short_side_px) for scene in heard),
    )


def thumbnails_of(
    scenes: Scenes, one: Path | str, other: Path | str, *, short_side_px: int = SHORT_SIDE_PX
) -> tuple[tuple[Thumbnail | None, Thumbnail | None], ...]:
    """For each match of ``scenes``, in order, the thumbnails of its two ranges; each file is opened once."""
    sides: list[list[Thumbnail | None]] = []
    for path, ranges in ((one, [m.one for m in scenes.matches]), (other, [m.other for m in scenes.matches])):
        panels = [match.panel for match in scenes.matches]
        split = {panel: [r for r, p in zip(ranges, panels, strict=True) if p == panel] for panel in set(panels)}
        frames, spectra = thumbnails(
            path, seen=split.get("seeing", []), heard=split.get("hearing", []), short_side_px=short_side_px
        )
        waiting = {"seeing": iter(frames), "hearing": iter(spectra)}
        sides.append([next(waiting[panel]) for panel in panels])
    return tuple(zip(*sides, strict=True))


def _frames(path: Path, found: Scan, scenes: Sequence[Scene], short_side_px: int) -> tuple[Thumbnail | None, ...]:
    timeline = found.timeline
    if timeline is None or not scenes:
        return (None,) * len(scenes)
    asked = [_stamps(timeline, scene) for scene in scenes]
    aspect = found.probe.picture.pixel_aspect if found.probe.picture is not None else 1.0
    wanted = {short_side_px: {pts for stamps in asked for pts in stamps}}
    held = decode(path, timeline, wanted, pixel_aspect=aspect).pictures[short_side_px]
    good = np.array(sorted(held), np.int64)
    made: list[Thumbnail | None] = []
    for stamps in asked:
        # A picture that is broken is stood for by the next good one.
        places = np.unique(np.searchsorted(good, np.array(stamps, np.int64)))
        near = [int(good[place]) for place in places.tolist() if place < len(good)]
        if not near:
            made.append(None)
            continue
        best = max(near, key=lambda pts: _sharpness(held[pts]))
        rgb = held[best]
        made.append(
            Thumbnail(
                image=jpeg_of(rgb),
                media_type="image/jpeg",
                width_px=rgb.shape[1],
                height_px=rgb.shape[0],
                time_s=float(timeline.seconds(best)),
            )
        )
    return tuple(made)


def _stamps(timeline: Timeline, scene: Scene) -> list[int]:
    aims = [scene.start_s + share * scene.seconds for share in ASKED_AT]
    places = np.clip(np.searchsorted(timeline.times_s, aims, "right") - 1, 0, len(timeline.pts) - 1)
    return np.unique(timeline.pts[places]).tolist()


def _sharpness(rgb: RGB) -> float:
    import cv2

    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    return float(np.asarray(cv2.Laplacian(grey, cv2.CV_32F)).var())


def _spectrum(sound: Sound | None, scene: Scene, high_px: int) -> Thumbnail | None:
    """Time goes from left to right, pitch from the foot up; the darker, the louder. None where nothing can be heard."""
    import cv2

    from triptych.features.hearing import banks, spectrum

    if sound is None:
        return None
    samples = sound.samples[round(scene.start_s * sound.rate_hz) : round(scene.end_s * sound.rate_hz)]
    if len(samples) < N_FFT or float(np.abs(samples).max()) < Sound.SILENCE_PEAK:
        return None
    wide_px = round(high_px * 16 / 9)
    starts = np.linspace(0, len(samples) - N_FFT, wide_px).astype(np.int64)
    frames = samples[starts[:, None] + np.arange(N_FFT)].astype(np.float64)
    power = spectrum.magnitudes(frames) ** 2 @ banks.mel_bank(sound.rate_hz, N_FFT, BANDS).T
    level_db = spectrum.power_to_db(power, amin=1e-20, top_db=DEPTH_DB)
    share = (level_db - level_db.max() + DEPTH_DB)[..., None] / DEPTH_DB
    shades = np.rint(np.array(PAPER) + share * (np.array(INK) - np.array(PAPER))).astype(np.uint8)
    upright = np.ascontiguousarray(shades.transpose(1, 0, 2)[::-1])
    rgb = np.asarray(cv2.resize(upright, (wide_px, high_px), interpolation=cv2.INTER_NEAREST), np.uint8)
    done, coded = cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    assert done  # encoding a picture in memory fails only for shapes that cannot occur here
    return Thumbnail(
        image=coded.tobytes(),
        media_type="image/png",
        width_px=wide_px,
        height_px=high_px,
        time_s=(scene.start_s + scene.end_s) / 2,
    )
