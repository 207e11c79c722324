"""The tone of one clip: its sound theme synthesised, and turned up and down along the timeline."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from triptych.catalogue.sources.synthetic.instruments import PLAYERS, RATE_HZ, Stereo
from triptych.catalogue.sources.synthetic.world import Settings, Truth

#: Music is composed for at most this long and then goes round: memory does not grow with the clip.
COMPOSED_MAX_S = 64.0

_SEAM_S = 0.02
#: Loudness of the music where the timeline does not turn it down: −19 dBFS root mean square, ± 1.5 dB per clip.
_LEVEL_DB = -19.0


def track(truth: Truth, settings: Settings) -> Iterator[Stereo]:
    """The clip's sound in blocks of a second: float32 ``[2, n]`` in −1…1 at 44.1 kHz, as long as the pictures."""
    total = round(settings.frames / settings.rate * RATE_HZ)
    loop = None if truth.gap == "silent" else music(truth, settings)
    at_s, gain = _loudness(truth)
    for start in range(0, total, RATE_HZ):
        here = np.arange(start, min(start + RATE_HZ, total))
        if loop is None:
            yield np.zeros((2, len(here)), np.float32)
        else:
            yield loop[:, here % loop.shape[1]] * np.interp(here / RATE_HZ, at_s, gain).astype(np.float32)


def music(truth: Truth, settings: Settings) -> Stereo:
    """The theme as this clip plays it: float32 ``[2, n]``, at most :data:`COMPOSED_MAX_S`, even in loudness."""
    rng = settings.generator("sound", truth.index)
    seconds = min(settings.frames / float(settings.rate), COMPOSED_MAX_S)
    sound = PLAYERS[truth.sound](rng, round(seconds * RATE_HZ))
    level = 10 ** ((_LEVEL_DB + rng.uniform(-1.5, 1.5)) / 20)
    sound *= np.float32(level / max(float(np.sqrt(np.mean(sound * sound))), 1e-9))
    np.tanh(sound, out=sound)
    seam = min(round(_SEAM_S * RATE_HZ), sound.shape[1] // 2)
    ramp = np.linspace(0.0, 1.0, seam, dtype=np.float32)
    sound[:, :seam] *= ramp
    sound[:, -seam:] *= ramp[::-1]
    return sound


def _loudness(truth: Truth) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Gain over time as corners of a line: nothing in the black, quiet under the logo, less in a fade."""
    heights = {"black": 0.0, "logo": 0.16, "card": 0.8, "title": 1.0, "credits": 0.6, "shot": 1.0}
    corners: list[tuple[float, float]] = []
    for part in truth.parts:
        if part.kind in heights:
            inset = min(0.05, (part.end_s - part.start_s) / 4)
            height = heights[part.kind]
            corners += [(part.start_s + inset, height), (part.end_s - inset, height)]
        elif part.kind == "fade_out":
            corners.append((part.end_s, 0.35 if part.end_s > truth.parts[-1].end_s / 4 else 0.1))
    at_s, gain = np.array(corners).T
    return at_s, gain
