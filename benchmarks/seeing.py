"""What a 90 s clip at 720p costs to see, beside the same measured frame by frame as the thesis did.

    python benchmarks/seeing.py          a generated clip, as the generator writes it, fast and large, and
                                         as a site serves it; kept under build/bench for the next time
    python benchmarks/seeing.py CLIP     and one of yours, of 10 s or more

Ours is the reel with all that the `light` profile sees, opened once, and then each of its extractors in the order of
the profile: what several need is charged to the first. Theirs is written as one would by hand (Maes 2025, §3.2.1):
OpenCV reads every frame, 120 are kept by their number, and for each one alone the features are computed with OpenCV
and scikit-image; changes and optical flow on six small frames a second, faces by a Haar cascade. Theirs looks for no
frames that are not of the film, ours does.

All is in seconds of one core (CPU time of the process, one thread everywhere), as medians after a warm-up. The goals:
ours in less than a fortieth of the clip's duration, and in less than a fifth of theirs. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from skimage.feature import graycomatrix, graycoprops, local_binary_pattern
from skimage.metrics import structural_similarity

from triptych.catalogue.records import Item
from triptych.catalogue.sources.synthetic import Settings, make_clip
from triptych.features import registry
from triptych.features.extractor import Extractor, Showing
from triptych.features.measure import wanted
from triptych.media.loader import open_reel

SECONDS = 90.0
SETTINGS = Settings(seed=2025, seconds=SECONDS, width_px=1280, height_px=720, rate_fps=24)
#: What 720p trailers of 24 pictures a second come at, about.
SERVED_BPS = 1_800_000
TIMES_REAL, RATIO = 40, 5
PICTURES, SMALL_PER_S = 120, 6
SHORT_PX, SMALL_PX = 224, 64
COLOURS, SAMPLES = 5, 2000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("clip", nargs="?", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--reference-runs", type=int, default=3)
    arguments = parser.parse_args()
    if os.environ.get("OMP_NUM_THREADS") != "1":
        # Read when numpy is loaded, so it is set for a process of its own.
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "OMP_NUM_THREADS": "1"})
    cv2.setNumThreads(1)
    made = generated(Path("build/bench") / f"seeing-{SETTINGS.seed}")
    paths = [made, served(made)]
    if arguments.clip:
        paths.append(arguments.clip)
    results = [compare(path, arguments.runs, arguments.reference_runs) for path in paths]
    print(json.dumps({"benchmark": "seeing", "runs": arguments.runs, "clips": results}))


@dataclass(kw_only=True, eq=False)
class Laps:
    """CPU seconds by what they were spent on."""

    seconds: dict[str, float] = field(default_factory=dict[str, float])

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        started = time.process_time()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.process_time() - started


def compare(path: Path, runs: int, reference_runs: int) -> dict[str, Any]:
    extractors = [registry.build(title) for title in registry.PROFILES["light"] if title.startswith("seeing/")]
    facts = told(path)
    say(f"\n{path.name}: {facts['words']}")
    found = medians(lambda laps: ours(path, extractors, laps), runs, warm=1)
    reference = medians(lambda laps: theirs(path, laps), reference_runs, warm=0)
    duration_s: float = facts["duration_s"]
    total_s, reference_s = sum(found.values()), sum(reference.values())
    features_s, reference_features_s = total_s - found["decode"], reference_s - reference["decode"]
    times_real, decode_share = duration_s / total_s, found["decode"] / total_s
    table("ours", found, duration_s)
    table("frame by frame", reference, duration_s)
    ratio, ratio_features = reference_s / total_s, reference_features_s / max(features_s, 1e-9)
    say(
        f"{times_real:.1f} × real time (goal {TIMES_REAL}), decoding {decode_share:.0%} of it; "
        f"{ratio:.1f} times as fast as frame by frame (goal {RATIO}), {ratio_features:.1f} times without decoding"
    )
    return {
        "clip": path.name,
        **{name: value for name, value in facts.items() if name != "words"},
        "ours_s": rounded(found),
        "theirs_s": rounded(reference),
        "total_s": round(total_s, 4),
        "their_total_s": round(reference_s, 4),
        "times_real": round(times_real, 2),
        "decode_share": round(decode_share, 3),
        "ratio": round(ratio, 2),
        "ratio_without_decoding": round(ratio_features, 2),
    }


def medians(way: Callable[[Laps], None], runs: int, *, warm: int) -> dict[str, float]:
    taken: list[dict[str, float]] = []
    for run in range(-warm, runs):
        laps = Laps()
        way(laps)
        if run >= 0:
            taken.append(laps.seconds)
    return {name: statistics.median(seconds[name] for seconds in taken) for name in taken[0]}


def ours(path: Path, extractors: list[Extractor], laps: Laps) -> None:
    with laps("decode"):
        reel = open_reel(path, wanted(extractors), threads=1)
    showing = Showing(item=Item(item_id="x"), reel=reel)
    for extractor in extractors:
        with laps(extractor.recipe.name):
            [feature] = extractor.extract([showing])
        if feature.values is None:
            say(f"  {extractor.recipe.title}: {feature.reason}")


def theirs(path: Path, laps: Laps) -> None:
    """Frame by frame, each measured as if it were the only one."""
    with laps("decode"):
        pictures, small = every_frame(path)
    found: list[list[float]] = []
    faces = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
    for bgr in pictures:
        row: list[float] = []
        grey = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
        with laps("colour"):
            row += by_colour(bgr)
        with laps("palette"):
            row += dominant(bgr)
        with laps("texture"):
            row += by_texture(grey)
        with laps("composition"):
            row += by_composition(grey)
        with laps("faces"):
            boxes = faces.detectMultiScale(grey, scaleFactor=1.1, minNeighbors=5)
            row += [len(boxes), max((w * h / grey.size for _, _, w, h in boxes), default=0.0)]
        found.append(row)
    with laps("changes"):
        for before, after in pairwise(small):
            differences(before, after)
    with laps("flow"):
        for before, after in pairwise(small):
            greys = [cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY) for bgr in (before, after)]
            flow = cv2.calcOpticalFlowFarneback(*greys, None, 0.5, 3, 15, 3, 5, 1.2, 0)
            speed, angle = cv2.cartToPolar(flow[..., 0], flow[..., 1])
            _ = speed.mean(), speed.std(), np.histogram(angle, 8, (0, 2 * np.pi), weights=speed)
    rows = np.array(found)
    _ = rows.mean(axis=0), rows.std(axis=0)


def every_frame(path: Path) -> tuple[list[np.ndarray], list[np.ndarray]]:
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    count, rate = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)), capture.get(cv2.CAP_PROP_FPS)
    if count <= 0:
        # Some containers do not say how long they are.
        with av.open(str(path)) as container:
            count = sum(packet.pts is not None for packet in container.demux(video=0))
    chosen = set(np.linspace(0, count - 1, PICTURES).round().astype(int).tolist())
    every = max(rate / SMALL_PER_S, 1)
    pictures, small = [], []
    k = 0
    while True:
        there, bgr = capture.read()
        if not there:
            break
        if k in chosen:
            pictures.append(resized(bgr, SHORT_PX))
        if int(k / every) != int((k - 1) / every) or k == 0:
            small.append(resized(bgr, SMALL_PX))
        k += 1
    capture.release()
    return pictures, small


def resized(bgr: np.ndarray, short_px: int) -> np.ndarray:
    scale = short_px / min(bgr.shape[:2])
    size = (round(bgr.shape[1] * scale), round(bgr.shape[0] * scale))
    return cv2.resize(bgr, size, interpolation=cv2.INTER_AREA)


def by_colour(bgr: np.ndarray) -> list[float]:
    row: list[float] = []
    for channel in range(3):
        histogram = cv2.calcHist([bgr], [channel], None, [32], [0, 256])
        row += (histogram / histogram.sum()).ravel().tolist()
        row += [float(bgr[..., channel].mean()), float(bgr[..., channel].std())]
    hsv = cv2.cvtColor(bgr, cv2.COLOR_BGR2HSV)
    for channel in range(3):
        row += [float(hsv[..., channel].mean()), float(hsv[..., channel].std())]
    return row


def dominant(bgr: np.ndarray) -> list[float]:
    pixels = bgr.reshape(-1, 3)
    pixels = pixels[np.random.default_rng(0).choice(len(pixels), SAMPLES, replace=False)].astype(np.float32)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 1.0)
    _, labels, centres = cv2.kmeans(pixels, COLOURS, None, stop, 3, cv2.KMEANS_PP_CENTERS)
    return [*centres.ravel().tolist(), *(np.bincount(labels.ravel(), minlength=COLOURS) / len(pixels)).tolist()]


def by_texture(grey: np.ndarray) -> list[float]:
    angles = [0, np.pi / 4, np.pi / 2, 3 * np.pi / 4]
    joint = graycomatrix(grey >> 3, [1], angles, levels=32, symmetric=True, normed=True)
    names = ("ASM", "energy", "contrast", "dissimilarity", "homogeneity", "correlation", "entropy")
    row = [float(graycoprops(joint, name).mean()) for name in names]
    patterns = local_binary_pattern(grey, 8, 1, "uniform")
    row += (np.histogram(patterns, 10, (0, 10))[0] / grey.size).tolist()
    steep = np.hypot(cv2.Sobel(grey, cv2.CV_64F, 1, 0), cv2.Sobel(grey, cv2.CV_64F, 0, 1))
    return row + [float(steep.mean()), float(steep.std()), *np.percentile(steep, [50, 75, 90, 99]).tolist()]


def by_composition(grey: np.ndarray) -> list[float]:
    height, width = grey.shape
    row = [float((cv2.Canny(grey, 100, 200) > 0).mean()), float(grey.mean()), float(grey.std())]
    row.append(float(cv2.Laplacian(grey, cv2.CV_64F).var()))
    half = (height // 12, width // 12)
    points = [(y, x) for y in (height // 3, 2 * height // 3) for x in (width // 3, 2 * width // 3)]
    row += [float(grey[y - half[0] : y + half[0], x - half[1] : x + half[1]].mean()) for y, x in points]
    if grey.std() == 0:
        return [*row, 1.0, 1.0]
    return row + [float(np.corrcoef(grey.ravel(), turned.ravel())[0, 1]) for turned in (grey[:, ::-1], grey[::-1])]


def differences(before: np.ndarray, after: np.ndarray) -> list[float]:
    greys = [cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY) for bgr in (before, after)]
    row = [float(cv2.absdiff(*greys).mean()), float(structural_similarity(*greys))]
    for channel in range(3):
        one, other = (cv2.calcHist([bgr], [channel], None, [32], [0, 256]) for bgr in (before, after))
        row.append(float(cv2.compareHist(one, other, cv2.HISTCMP_CORREL)))
    return row


def generated(folder: Path) -> Path:
    """A trailer of the synthetic source: logo, shots of 1.5 to 4 s, fades, cards, credits, drawn with grain."""
    folder.mkdir(parents=True, exist_ok=True)
    say(f"Clip of {SECONDS:g} s, generated under {folder} unless it is there (a minute or two) …")
    return make_clip(folder, 0, settings=SETTINGS).clip


def served(path: Path) -> Path:
    """The same clip as a site would serve it: a slower encoder's references and B-pictures, at SERVED_BPS."""
    target = path.with_name(f"{path.stem}-served.mp4")
    if target.is_file():
        return target
    say(f"encoding {target} (about a minute)")
    part = target.with_suffix(".part.mp4")
    with av.open(str(path)) as old, av.open(str(part), "w") as new:
        pictures = old.streams.video[0]
        video = new.add_stream("libx264", rate=pictures.average_rate, options={"preset": "medium"})
        video.width, video.height, video.pix_fmt = pictures.width, pictures.height, "yuv420p"
        video.bit_rate = SERVED_BPS
        for frame in old.decode(pictures):
            frame.pict_type = 0  # the encoder chooses its own keyframes
            new.mux(video.encode(frame))
        new.mux(video.encode(None))
    return part.replace(target)


def told(path: Path) -> dict[str, Any]:
    """What the file is, of itself and in words."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        duration_s = float(container.duration or 0) / av.time_base
        codec, width, height, rate = stream.codec_context.name, stream.width, stream.height, stream.average_rate
        profile = stream.profile
    mbit_s = path.stat().st_size * 8 / max(duration_s, 1e-9) / 1e6
    if duration_s < 10:
        raise SystemExit(f"{path} is of {duration_s:.1f} s; a clip of 10 s or more says something of speed.")
    words = (
        f"{duration_s:.1f} s, {width} × {height}, {codec}{f' ({profile})' if profile else ''}, "
        f"{float(rate or 0):.2f} pictures a second, {mbit_s:.2f} Mbit/s in all"
    )
    return {
        "words": words,
        "duration_s": round(duration_s, 2),
        "codec": codec,
        "width_px": width,
        "height_px": height,
        "mbit_s": round(mbit_s, 2),
    }


def table(title: str, seconds: dict[str, float], duration_s: float) -> None:
    total_s = sum(seconds.values())
    say(f"  {title:<18}{'CPU s':>9}{'share':>8}{'× real time':>13}")
    for name, value in [*seconds.items(), ("total", total_s)]:
        say(f"  {name:<18}{value:>9.3f}{value / total_s:>8.1%}{duration_s / max(value, 1e-9):>13.1f}")


def rounded(seconds: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in seconds.items()}


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
