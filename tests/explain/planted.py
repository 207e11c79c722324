"""Planted: courses of clips that share a scene, as arrays and as files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tests.media.makeclip import Track as SoundTrack
from tests.media.makeclip import make_clip
from tests.media.scenes import FILM
from triptych.explain.course import Course, Track

WIDTH = 24
#: A scene as an array: its number and its seconds; the same number, the same scene.
Plan = Sequence[tuple[int, float]]


def course(
    name: str, *plans: tuple[str, Plan], rate_hz: float = 4.0, noise: float = 0.25, skip_s: float = 0.0
) -> Course:
    """Tracks of scenes, each a slow walk about a point of its own; feature by feature. ``skip_s`` is not measured."""
    tracks: list[Track] = []
    for feature, plan in plans:
        total_s = sum(seconds for _, seconds in plan)
        times_s = np.arange(0.0, total_s, 1 / rate_hz) + 0.5 / rate_hz
        ends = np.cumsum([seconds for _, seconds in plan])
        rows = np.stack([_at(plan, ends, float(at_s)) for at_s in times_s])
        rows += noise * np.random.default_rng(list(name.encode())).normal(size=rows.shape)
        tracks.append(Track(feature=feature, values=rows.astype(np.float32), times_s=times_s))
    return Course(name=name, tracks=tuple(tracks), duration_s=max(sum(s for _, s in plan) for _, plan in plans))


def _at(plan: Plan, ends: npt.NDArray[np.float64], at_s: float) -> npt.NDArray[np.float64]:
    place = min(int(np.searchsorted(ends, at_s, "right")), len(plan) - 1)
    scene, seconds = plan[place]
    inside_s = at_s - (float(ends[place]) - seconds)
    rng = np.random.default_rng(scene)
    point, way = rng.normal(size=(2, WIDTH))
    return point + 0.25 * inside_s * way


def film(
    path: Path, plan: Sequence[tuple[str, int]], notes: Sequence[tuple[float, int]] | None, *, crf: int = 18
) -> Path:
    """A clip of 8 pictures a second. Both scenes (kind, seed) and notes (Hz, seed) last two seconds; the same seed, the
    same pictures or tones."""
    pictures = [p for kind, seed in plan for p in FILM[kind](np.random.default_rng(seed), 64, 48, 16)]
    tracks: list[SoundTrack] = []
    if notes is not None:
        tracks.append(SoundTrack(samples=np.concatenate([_notes(hz, seed) for hz, seed in notes]), rate_hz=22050))
    return make_clip(path, pictures, fps=8, options={"preset": "ultrafast", "crf": str(crf)}, sounds=tracks)


def _notes(hz: float, seed: int) -> npt.NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    sound = np.zeros(0)
    for _ in range(8):
        at_s = np.arange(22050 // 4) / 22050
        chord = hz * 2 ** (rng.choice(12, 3, replace=False) / 12)
        sound = np.concatenate([sound, np.sin(2 * np.pi * chord[:, None] * at_s).sum(axis=0) * np.exp(-3 * at_s)])
    return (0.2 * sound[:44100]).astype(np.float32)
