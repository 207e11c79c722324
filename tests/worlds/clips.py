"""Tiny clips, made on the spot: what they look and sound like is a function, so the answer is known."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

HEIGHT, WIDTH = 64, 96
RATE_FPS = 12
RATE_HZ = 22_050

#: Seconds → picture, uint8 ``[HEIGHT, WIDTH, 3]``.
Picture = Callable[[float], np.ndarray]
#: Seconds of each sample ``[n]`` → samples in −1…1.
Sound = Callable[[np.ndarray], np.ndarray]


def write_clip(
    path: Path,
    *,
    picture: Picture | None = None,
    sound: Sound | None = None,
    seconds: float = 4.0,
    codec: str = "libx264",
    crf: int = 20,
    scale: float = 1.0,
) -> Path:
    """Write what there is of a picture and of a sound track; the container follows from the suffix."""
    with av.open(str(path), "w") as container:
        video = audio = None
        if picture is not None:
            video = container.add_stream(codec, rate=RATE_FPS)
            video.width, video.height = round(WIDTH * scale) // 2 * 2, round(HEIGHT * scale) // 2 * 2
            video.pix_fmt = "yuv420p"
            # One thread: those of libvpx wait for one another by spinning.
            video.options = {"crf": str(crf), "threads": "1"} | ({"b": "200k"} if codec == "libvpx" else {})
        if sound is not None:
            audio = container.add_stream("libopus" if path.suffix == ".webm" else "aac", rate=48_000)
            audio.layout = "mono"
        if video is not None and picture is not None:
            for k in range(round(seconds * RATE_FPS)):
                frame = av.VideoFrame.from_ndarray(picture(k / RATE_FPS), format="rgb24")
                container.mux(video.encode(frame.reformat(video.width, video.height, "yuv420p")))
            container.mux(video.encode())
        if audio is not None and sound is not None:
            times_s = np.arange(round(seconds * 48_000)) / 48_000
            samples = sound(times_s).astype(np.float32)
            for start in range(0, len(samples), 4_800):
                frame = av.AudioFrame.from_ndarray(samples[None, start : start + 4_800], format="fltp", layout="mono")
                frame.rate, frame.pts, frame.time_base = 48_000, start, Fraction(1, 48_000)
                container.mux(audio.encode(frame))
            container.mux(audio.encode())
    return path


def scene(rgb: tuple[int, int, int], *, seed: int = 0, contrast: float = 0.35) -> Picture:
    """Soft patches around one colour that drift: a picture that no first pass takes for a card or for black."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(1 - contrast, 1 + contrast, (HEIGHT // 8, WIDTH // 8, 3))
    patches = coarse.repeat(8, axis=0).repeat(8, axis=1)

    def picture(at_s: float) -> np.ndarray:
        moved = np.roll(patches, round(at_s * 10), axis=1)
        return np.clip(moved * np.array(rgb), 0, 255).astype(np.uint8)

    return picture


def card(*lines: str) -> np.ndarray:
    """Light writing in the middle of a dark picture ``[4 * HEIGHT, 4 * WIDTH, 3]``: large enough to be read."""
    picture = np.full((4 * HEIGHT, 4 * WIDTH, 3), 12, np.uint8)
    for k, line in enumerate(lines):
        (width, _), _ = cv2.getTextSize(line, cv2.FONT_HERSHEY_DUPLEX, 0.8, 2)
        at = ((4 * WIDTH - width) // 2, 2 * HEIGHT + 40 * k - 20 * (len(lines) - 1))
        cv2.putText(picture, line, at, cv2.FONT_HERSHEY_DUPLEX, 0.8, (235, 235, 235), 2, cv2.LINE_AA)
    return picture


def tone(hz: float, *, level: float = 0.4) -> Sound:
    return lambda times_s: level * np.sin(2 * np.pi * hz * times_s)


def silence(times_s: np.ndarray) -> np.ndarray:
    return np.zeros_like(times_s)
