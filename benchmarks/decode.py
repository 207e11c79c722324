"""Two-pass frames and sound of one clip against OpenCV reading and resizing every frame, side by side.

    python benchmarks/decode.py CLIP            a 30 s 720p clip; without it, one is generated
    python benchmarks/decode.py CLIP --minutes 10

Both clips are measured: CLIP, and a generated one of ten minutes (kept under build/bench for the next time).
OpenCV is timed twice: with area averaging, which is what a picture needs to be scaled down threefold without
aliasing and what Triptych does, and with its default, bilinear. It gives no sound; ours includes it.
The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np

from triptych.media.container import scan
from triptych.media.frames import decode
from triptych.media.loader import open_reel
from triptych.media.reel import Want
from triptych.media.sampling import TWO_PASS
from triptych.media.timeline import choose, slots

WANT = Want(samplings=frozenset({TWO_PASS}), sound_rates_hz=frozenset({16_000, 22_050}))
SCENE_S = 60


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("clip", nargs="?", type=Path)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    kept = Path("build/bench")
    kept.mkdir(parents=True, exist_ok=True)
    short = arguments.clip or generated(kept / "short.mp4", 30)
    long = generated(kept / f"long-{arguments.minutes:g}min.mp4", round(arguments.minutes * 60))
    results = {name: compare(path, arguments.runs) for name, path in (("clip", short), ("long", long))}
    print(json.dumps({"benchmark": "decode", "runs": arguments.runs, **results}))


def compare(path: Path, runs: int) -> dict[str, object]:
    """Alternate the three ways, so that a busy moment of the machine falls on all of them."""
    ways: dict[str, Callable[[], int]] = {
        "triptych": lambda: ours(path),
        "opencv_area": lambda: every_frame(path, cv2.INTER_AREA),
        "opencv_linear": lambda: every_frame(path, cv2.INTER_LINEAR),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    counts: dict[str, int] = {}
    for run in range(runs):
        for name, way in ways.items():
            started = time.perf_counter()
            counts[name] = way()
            seconds[name].append(time.perf_counter() - started)
        say(f"{path.name} run {run + 1}: " + ", ".join(f"{name} {s[-1]:.3f} s" for name, s in seconds.items()))
    middle = {name: statistics.median(s) for name, s in seconds.items()}
    profile = profiled(path)
    ratios = {name: middle[name] / middle["triptych"] for name in ("opencv_area", "opencv_linear")}
    say(f"{path.name}: ratio {ratios['opencv_area']:.1f} (area), {ratios['opencv_linear']:.1f} (bilinear); {profile}")
    return {
        "seconds": {name: round(value, 4) for name, value in middle.items()},
        "ratio_area": round(ratios["opencv_area"], 2),
        "ratio_linear": round(ratios["opencv_linear"], 2),
        "pictures": {"triptych": counts["triptych"], "opencv": counts["opencv_area"]},
        "profile": profile,
    }


def ours(path: Path) -> int:
    reel = open_reel(path, WANT)
    return len(reel.frames[TWO_PASS])


def every_frame(path: Path, scaling: int) -> int:
    capture = cv2.VideoCapture(str(path))
    count = 0
    while True:
        there, picture = capture.read()
        if not there:
            return count
        short = min(picture.shape[:2])
        size = (round(picture.shape[1] * 224 / short), round(picture.shape[0] * 224 / short))
        cv2.resize(picture, size, interpolation=scaling)
        count += 1


def profiled(path: Path) -> dict[str, float]:
    """Where our time goes, and the floor: the codec alone, on every picture, without any conversion."""
    laps: dict[str, float] = {}
    started = time.perf_counter()
    found = scan(path, sound_rates_hz=(16_000, 22_050))
    laps["demux_and_sound_s"] = time.perf_counter() - started
    timeline = found.timeline
    assert timeline is not None
    started = time.perf_counter()
    chosen = choose(timeline, slots(TWO_PASS, [(0.0, timeline.duration_s)]))
    laps["choose_s"] = time.perf_counter() - started
    started = time.perf_counter()
    decoded = decode(path, timeline, {224: chosen})
    laps["pictures_s"] = time.perf_counter() - started
    reel = open_reel(path, WANT)
    laps["pictures_decoded"] = reel.decoded_frames
    laps["pictures_decoded_without_pass_one"] = decoded.count
    laps["pictures_in_clip"] = len(timeline.pts)
    laps["keyframes"] = len(timeline.keys)
    started = time.perf_counter()
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        for _ in container.decode(video=0):
            pass
    laps["codec_alone_whole_clip_s"] = time.perf_counter() - started
    return {name: round(value, 4) for name, value in laps.items()}


def generated(path: Path, seconds: int) -> Path:
    """720p24 H.264/AAC as x264 makes it by default: drifting textured shots of 2 to 12 s, a card at each end.

    A minute is encoded and its packets repeated, which costs a tenth and leaves the same work to a decoder.
    """
    if path.exists():
        return path
    say(f"Generating {path} …")
    scene = path.with_suffix(".scene.mp4")
    encode(scene, min(seconds, SCENE_S))
    draft = path.with_suffix(".draft.mp4")
    repeat(scene, draft, max(seconds // SCENE_S, 1))
    scene.unlink()
    draft.rename(path)
    return path


def encode(path: Path, seconds: int) -> None:
    rng = np.random.default_rng(0)
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=24)
        video.width, video.height, video.pix_fmt = 1280, 720, "yuv420p"
        audio = out.add_stream("aac", rate=44_100, layout="stereo")
        left = 0
        for k in range(seconds * 24):
            if left == 0:
                left = int(rng.uniform(2, 12) * 24)
                coarse = rng.integers(0, 255, (36, 64, 3), dtype=np.uint8)
                scenery = cv2.resize(coarse, (1700, 956), interpolation=cv2.INTER_CUBIC).astype(np.int16)
                scenery = np.clip(scenery + rng.integers(-8, 8, scenery.shape), 0, 255).astype(np.uint8)
                drift, age = rng.uniform(-0.7, 0.7, 2), 0
            x, y = int(210 + drift[0] * age), int(118 + drift[1] * 0.5 * age)
            view = np.ascontiguousarray(scenery[y : y + 720, x : x + 1280])
            out.mux(video.encode(av.VideoFrame.from_ndarray(view, format="rgb24")))
            left, age = left - 1, age + 1
            if k % 24 == 0:
                tone = 0.2 * np.sin(2 * np.pi * (220 + 20 * (k // 24 % 12)) * np.arange(44_100) / 44_100)
                frame = av.AudioFrame.from_ndarray(np.stack([tone, tone]).astype(np.float32), "fltp", "stereo")
                frame.rate, frame.pts = 44_100, k // 24 * 44_100
                out.mux(audio.encode(frame))
        out.mux(video.encode(None))
        out.mux(audio.encode(None))


def repeat(scene: Path, path: Path, times: int) -> None:
    with av.open(str(path), "w") as out:
        streams: dict[int, av.stream.Stream] = {}
        last: dict[int, int] = {}
        offset_s = 0.0
        for _ in range(times):
            with av.open(str(scene)) as source:
                for stream in source.streams:
                    if stream.index not in streams:
                        streams[stream.index] = out.add_stream_from_template(stream)
                length_s = float(source.duration / av.time_base)
                for packet in source.demux():
                    shift = round(offset_s / packet.time_base)
                    # The encoder's lead-in of each repetition overlaps the end of the one before.
                    if packet.dts is None or packet.dts + shift <= last.get(packet.stream_index, -(2**62)):
                        continue
                    packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                    last[packet.stream_index] = packet.dts
                    packet.stream = streams[packet.stream_index]
                    out.mux(packet)
            offset_s += length_s


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
