"""Real: film that was filmed, to stand between painted cards."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np

from painted.strokes import RGB, Painter, Rng

#: Stretches of real clips that hold nothing but film, by eye: name → (start, end) in seconds.
REAL = {
    "bbb_480p_30s.mp4": (2.5, 20.0),
    "webrtc_chrome.mp4": (0.0, 21.5),
    "mdn_rabbit.mp4": (0.0, 7.8),
    "mdn_elf.mp4": (0.0, 8.0),
    "mdn_frog.mp4": (0.0, 8.2),
    "cc0_flower.mp4": (0.0, 5.0),
    "cc0_friday.mp4": (0.0, 6.1),
    "intel_car-detection.mp4": (0.0, 30.0),
    "intel_bottle-detection.mp4": (0.0, 39.0),
    "intel_asl_bird.mkv": (0.0, 2.1),
    "intel_asl_eat.mkv": (0.0, 1.5),
    "intel_asl_night.mkv": (0.0, 2.2),
}


class Real:
    """Pictures of real clips, one stretch at a time."""

    def __init__(self, media: Path, width: int, height: int, rate: int) -> None:
        self.media, self.width, self.height, self.rate = media, width, height, rate

    def painter(self, rng: Rng, name: str) -> Painter:
        start_s, end_s = REAL[name]
        start_s = float(rng.uniform(start_s, max(end_s - 5.0, start_s)))
        pictures: list[RGB] = []
        times: list[float] = []
        with av.open(str(self.media / name)) as container:
            container.seek(int(start_s * 1e6))
            for frame in container.decode(video=0):
                if frame.time is not None and frame.time >= start_s:
                    if frame.time >= end_s or frame.time > start_s + 5.2:
                        break
                    pictures.append(filled(frame.to_ndarray(format="rgb24"), self.width, self.height))
                    times.append(frame.time - start_s)

        def paint(k: int) -> RGB:
            # There and back, where the stretch is shorter than the shot.
            at_s = (k / self.rate) % max(2 * times[-1], 0.01)
            at_s = min(at_s, 2 * times[-1] - at_s)
            return pictures[min(int(np.searchsorted(times, at_s)), len(pictures) - 1)]

        return paint


def filled(picture: RGB, width: int, height: int) -> RGB:
    """Cut to the wanted shape and scaled."""
    tall, wide = picture.shape[:2]
    scale = max(width / wide, height / tall)
    keep_w, keep_h = min(round(width / scale), wide), min(round(height / scale), tall)
    left, top = (wide - keep_w) // 2, (tall - keep_h) // 2
    return np.asarray(
        cv2.resize(picture[top : top + keep_h, left : left + keep_w], (width, height), interpolation=cv2.INTER_AREA)
    )
