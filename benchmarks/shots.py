"""Are cuts and fades found, and nothing else? Beside PySceneDetect's ContentDetector.

    python benchmarks/shots.py          50 clips, made on the spot, whose cuts and fades are known
    python benchmarks/shots.py MEDIA    and real clips: the cuts of those in LABELLED were marked by eye

Half the generated clips come from the synthetic source, as it is: logo, fades through black, text cards, scrolling
credits. Half are made here to be harder: moving cameras, passers-by, flashes, strobes, ramps of light, fades through
black and white, dissolves, neighbouring shots of the same colours, in three codecs.

A found change and a true one match one to one when they lie within 0.25 s of each other; a gradual change is matched
anywhere between its start and its end, or within 0.25 s of them. Where black leads in or out, a change is neither asked
for nor held against anyone. F1 is over all changes of all clips, with an interval by resampling clips. The seeds of the
reported clips are not those that the detector was tuned on (TUNED_ON); of values that those could not tell apart, the
one with fewer false alarms on real clips was taken. The last line is JSON.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from triptych.catalogue.sources.synthetic import Settings, make_clip
from triptych.errors import SourceError, TriptychError, UsageError
from triptych.media.loader import open_reel
from triptych.media.reel import Want
from triptych.media.sampling import TRACK
from triptych.media.shots import ShotRules, shots_of

Image = np.ndarray

#: Seed of the generated clips that are reported, and those on which thresholds were chosen.
REPORTED, TUNED_ON = 2025, (1, 2, 3)
NEAR_S = 0.25
RESAMPLED = 2000


@dataclass(frozen=True, kw_only=True)
class Join:
    """A change of shot. A cut starts and ends at once. ``asked``: whether missing it is a fault."""

    start_s: float
    end_s: float
    asked: bool = True


def cut(at_s: float) -> Join:
    return Join(start_s=at_s, end_s=at_s)


# ------------------------------------------------------------------------------------- clips of the synthetic source


def from_the_source(folder: Path, number: int, seed: int) -> tuple[Path, list[Join]]:
    """A clip as ``triptych demo`` has it, at one of several sizes and rates."""
    rate_fps, size = (24.0, 25.0, 30.0)[number % 3], ((320, 180), (426, 240), (240, 180))[number % 2]
    settings = Settings(
        seed=seed, seconds=20.0 + 2 * (number % 6), width_px=size[0], height_px=size[1], rate_fps=rate_fps
    )
    made = make_clip(folder / f"source{number:02d}", number, settings=settings)
    parts = made.truth.parts
    found: list[Join] = []
    for before, after in pairwise(parts):
        fades = {before.kind, after.kind} & {"fade_in", "fade_out"}
        edge = before is parts[0] or after is parts[-1]
        if before.kind == "fade_in" or after.kind == "fade_out":
            continue  # the picture goes on: its fade is told at the other end
        start_s = before.start_s if before.kind == "fade_out" else before.end_s
        end_s = after.end_s if after.kind == "fade_in" else after.start_s
        found.append(Join(start_s=start_s, end_s=end_s, asked=not edge) if fades or edge else cut(after.start_s))
    return made.clip, found


# ------------------------------------------------------------------------------------------------ harder clips


def harder(folder: Path, number: int, seed: int) -> tuple[Path, list[Join]]:
    """20 to 30 s of shots of 1.2 to 6 s, joined by cuts, fades and dissolves."""
    rng = np.random.default_rng([seed, number])
    rate = (24, 25, 30)[number % 3]
    width, height = ((320, 180), (426, 240), (240, 180), (180, 320))[number % 4]
    shots: list[list[Image]] = []
    scene: Scene | None = None
    seconds = 0.0
    pace_s = float(rng.choice([1.8, 3.0, 4.5]))
    while seconds < 22:
        length_s = float(np.clip(rng.gamma(6, pace_s / 6), 1.25, 7))
        scene = Scene.drawn(rng, width, height, like=scene if rng.random() < 0.4 else None)
        shots.append(lit(rng, list(scene.pictures(rng, round(length_s * rate), rate)), rate))
        seconds += length_s
    frames, found = joined(rng, shots, rate)
    codec, suffix = (("libx264", ".mp4"), ("libvpx-vp9", ".webm"), ("mpeg4", ".mp4"))[number % 3 if number % 2 else 0]
    return encoded(folder / f"harder{number:02d}{suffix}", frames, rate, codec), found


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """A wide painting that a camera looks at, and things that move before it."""

    wide: Image
    width: int
    height: int
    palette: Image

    @classmethod
    def drawn(cls, rng: np.random.Generator, width: int, height: int, *, like: Scene | None) -> Scene:
        if like is not None and rng.random() < 0.4:
            # The same set from another side: the painting mirrored, the camera elsewhere.
            return cls(wide=like.wide[:, ::-1].copy(), width=width, height=height, palette=like.palette)
        palette = like.palette if like is not None else rng.uniform(0, 255, (6, 3)) * rng.uniform(0.35, 1)
        high, broad = 3 * height, 3 * width
        wide = np.empty((high, broad, 3), np.float32)
        wide[:] = palette[0]
        for k in range(1, 4):
            fog = cv2.resize(rng.random((3 + 2 * k, 4 + 2 * k)).astype(np.float32), (broad, high), interpolation=2)
            mask = np.clip((fog - 0.5) * (4, 12, 40)[k - 1] + 0.5, 0, 1)[..., None]
            wide += mask * (palette[k].astype(np.float32) - wide)
        for _ in range(int(rng.integers(10, 60))):
            at = (int(rng.integers(0, broad)), int(rng.integers(0, high)))
            half = (int(rng.integers(4, width // 4)), int(rng.integers(4, height // 3)))
            colour = tuple(float(c) for c in palette[rng.integers(0, 6)] * rng.uniform(0.6, 1.2))
            if rng.random() < 0.5:
                cv2.ellipse(wide, at, half, float(rng.uniform(0, 180)), 0, 360, colour, -1, cv2.LINE_AA)
            else:
                cv2.rectangle(wide, at, (at[0] + half[0], at[1] + half[1]), colour, -1)
        wide += cv2.resize(rng.normal(0, 6, (high // 2, broad // 2, 1)).astype(np.float32), (broad, high))[..., None]
        return cls(wide=np.clip(wide, 0, 255).astype(np.uint8), width=width, height=height, palette=palette)

    def pictures(self, rng: np.random.Generator, count: int, rate: int) -> Iterator[Image]:
        width, height = self.width, self.height
        speed = {"still": 0.0, "handheld": 0.0, "slow": 0.08, "fast": 0.7, "zoom": 0.02, "jerky": 0.0}
        camera = str(rng.choice(list(speed), p=[0.22, 0.25, 0.18, 0.12, 0.11, 0.12]))
        heading = rng.uniform(0, 2 * np.pi)
        step = speed[camera] * width / rate * np.array([np.cos(heading), 0.4 * np.sin(heading)])
        shake = np.cumsum(rng.normal(0, 1, (count + 1, 2)), axis=0) * 0.9
        shake -= cv2.blur(shake, (1, 2 * rate + 1))
        shake *= (0.0, 0.006 * width)[camera == "handheld"]
        if camera == "jerky":
            # It looks about: another speed every half second or so, or none.
            pace = rng.choice([0.0, 0.1, 0.3, 0.6], (count, 1)) * width / rate * rng.normal(0, 1, (count, 2))
            held = np.maximum.accumulate(np.where(rng.random(count) < 2 / rate, np.arange(count), 0))
            shake[1:] = np.cumsum(pace[held], axis=0) - np.cumsum(pace[held], axis=0).mean(axis=0)
        middle = (
            np.array([1.5 * width, 1.5 * height]) + rng.uniform(-0.35, 0.35, 2) * [width, height] - step * count / 2
        )
        scale, grow = float(rng.uniform(0.6, 1.3)), (0.0, float(rng.choice([-0.12, 0.15])))[camera == "zoom"]
        things = [_Thing.drawn(rng, self) for _ in range(int(rng.integers(1, 5)))]
        if rng.random() < 0.15:
            things.append(_Thing.passing(rng, self, count / rate))
        for k in range(count):
            zoom = scale * (1 + grow * k / rate)
            centre = middle + step * k + shake[k]
            turn = np.array([[zoom, 0, centre[0] - zoom * width / 2], [0, zoom, centre[1] - zoom * height / 2]])
            flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
            seen = cv2.warpAffine(self.wide, turn, (width, height), flags=flags, borderMode=cv2.BORDER_REFLECT)
            for thing in things:
                thing.paint(seen, k / rate)
            yield np.asarray(seen)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Thing:
    """An ellipse with another in it, that goes its way across the picture."""

    start: Image
    speed: Image
    half: Image
    colours: Image
    beat_hz: float

    @classmethod
    def drawn(cls, rng: np.random.Generator, scene: Scene) -> _Thing:
        size = np.array([scene.width, scene.height])
        return cls(
            start=rng.uniform(0.1, 0.9, 2) * size,
            speed=rng.normal(0, 0.15, 2) * size * rng.choice([0.3, 1.0, 3.0], p=[0.5, 0.35, 0.15]),
            half=rng.uniform(0.04, 0.2, 2) * size,
            colours=scene.palette[rng.integers(0, 6, 2)] * rng.uniform(0.5, 1.2),
            beat_hz=float(rng.choice([0.0, rng.uniform(0.5, 3.0)], p=[0.6, 0.4])),
        )

    @classmethod
    def passing(cls, rng: np.random.Generator, scene: Scene, seconds: float) -> _Thing:
        """Someone close by crosses the picture and hides most of it for a moment."""
        size = np.array([scene.width, scene.height])
        speed = np.array([scene.width * rng.uniform(0.8, 1.6), 0.0])
        start = np.array([scene.width / 2, scene.height * 0.6]) - speed * seconds * rng.uniform(0.3, 0.7)
        return cls(start=start, speed=speed, half=size * [0.3, 0.7], colours=scene.palette[:2] * 0.4, beat_hz=0.0)

    def paint(self, image: Image, at_s: float) -> None:
        x, y = (int(v) for v in self.start + self.speed * at_s)
        swing = 1 + 0.7 * np.sin(2 * np.pi * self.beat_hz * at_s)
        for colour, share in zip(self.colours, (1.0, 0.5), strict=True):
            half = (max(int(self.half[0] * share * swing), 1), max(int(self.half[1] * share / swing), 1))
            cv2.ellipse(image, (x, y), half, 0, 0, 360, tuple(float(c) for c in colour), -1, cv2.LINE_AA)


def lit(rng: np.random.Generator, pictures: list[Image], rate: int) -> list[Image]:
    """What light does inside a shot, in about four of ten: flashes, strobes, ramps, a switch."""
    gain, white = np.ones(len(pictures)), np.zeros(len(pictures))
    what = str(rng.choice(["none", "flash", "strobe", "ramp", "switch"], p=[0.62, 0.13, 0.07, 0.13, 0.05]))
    at = int(rng.integers(round(0.3 * rate), len(pictures) - round(0.4 * rate)))
    if what == "flash":
        white[at : at + int(rng.integers(1, 4))] = rng.uniform(0.5, 1.0)
    elif what == "strobe":
        period = int(rate / rng.uniform(2, 6))
        for k in range(int(rng.integers(3, 9))):
            white[at + k * period : at + k * period + int(rng.integers(1, 3))] = 0.8
    elif what == "ramp":
        gain = np.interp(np.arange(len(pictures)), [at - rate // 2, at + rate // 2], [1, rng.uniform(0.45, 1.6)])
    elif what == "switch":
        gain[at:] = rng.choice([0.6, 1.5])
    return [shaded(p, g, w) for p, g, w in zip(pictures, gain, white, strict=True)]


def shaded(picture: Image, gain: float, white: float) -> Image:
    if gain == 1 and white == 0:
        return picture
    return np.clip(picture.astype(np.float32) * (gain * (1 - white)) + 255 * white, 0, 255).astype(np.uint8)


def joined(rng: np.random.Generator, shots: list[list[Image]], rate: int) -> tuple[list[Image], list[Join]]:
    frames, found = list(shots[0]), []
    for before, shot in pairwise(shots):
        kind = str(rng.choice(["cut", "black", "white", "dissolve"], p=[0.7, 0.12, 0.05, 0.13]))
        half = min(int(rng.uniform(0.25, 0.6) * rate), min(len(before), len(shot)) * 3 // 10)
        if kind == "cut":
            found.append(cut(len(frames) / rate))
            frames += shot
            continue
        if kind == "dissolve":
            start = len(frames) - 2 * half
            share = (np.arange(2 * half) + 1) / (2 * half + 1)
            mixed = [cv2.addWeighted(b, s, a, 1 - s, 0) for a, b, s in zip(frames[start:], shot, share, strict=False)]
            frames[start:] = [np.asarray(one) for one in mixed]
            frames += shot[2 * half :]
            found.append(Join(start_s=start / rate, end_s=(start + 2 * half) / rate))
            continue
        hold, start = int(rng.uniform(0, 0.4) * rate), len(frames) - half
        target = 255.0 if kind == "white" else 0.0
        share = (np.arange(half) + 1) / (half + 1)
        frames[start:] = [_towards(p, target, s) for p, s in zip(frames[start:], share, strict=True)]
        frames += [np.full_like(shot[0], round(target))] * hold
        found.append(Join(start_s=start / rate, end_s=(len(frames) + half) / rate))
        frames += [_towards(p, target, s) for p, s in zip(shot, share[::-1], strict=False)] + shot[half:]
    return frames, found


def _towards(picture: Image, target: float, share: float) -> Image:
    return (picture * (1 - share) + target * share).astype(np.uint8)


def encoded(path: Path, frames: Sequence[Image], rate: int, codec: str) -> Path:
    options = {
        "libx264": {"preset": "veryfast", "crf": "26"},
        "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8", "crf": "38", "b:v": "0"},
        "mpeg4": {"qscale": "6", "flags": "+qscale"},
    }[codec]
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(rate), options=options)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.gop_size = {"libx264": 250, "libvpx-vp9": 128, "mpeg4": 60}[codec]
        if codec == "mpeg4":
            stream.bit_rate = 600_000
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))
    return path


# ------------------------------------------------------------------------------------------------ real clips

#: Marked by eye, picture by picture. A clip with none is one shot; one that is not listed is not judged.
LABELLED: dict[str, tuple[Join, ...]] = {
    "bbb_480p_30s.mp4": (
        Join(start_s=0.0, end_s=2.1, asked=False),
        *map(cut, (11.88, 15.75, 23.04)),
    ),
    "mpy_big_buck_bunny_0_30.webm": (
        Join(start_s=0.0, end_s=2.0, asked=False),
        *map(cut, (11.79, 15.67, 22.96)),
    ),
    # Two dissolves lead to a white card and back. Inside the drawn page the camera swishes twice (13.3, 14.5): no cut.
    "webrtc_chrome.mp4": (
        *map(cut, (7.44, 9.34, 10.54, 13.15, 16.15, 21.19)),
        Join(start_s=18.62, end_s=18.79),
        Join(start_s=22.12, end_s=22.52),
        Join(start_s=26.29, end_s=26.99),
    ),
    # A card fades in from black and dissolves into the only shot.
    "mdn_water_silent.webm": (
        Join(start_s=0.0, end_s=0.43, asked=False),
        Join(start_s=0.95, end_s=1.75),
    ),
    **dict.fromkeys(
        (
            "cc0_flower.mp4",
            "cc0_flower.webm",
            "cc0_friday.mp4",
            "intel_asl_bird.mkv",
            "intel_asl_eat.mkv",
            "intel_asl_night.mkv",
            "intel_bottle-detection.mp4",
            "intel_car-detection.mp4",
            "mdn_elf.mp4",
            "mdn_elf.webm",
            "mdn_frog.mp4",
            "mdn_frog.webm",
            "mdn_rabbit.mp4",
            "mdn_rabbit.webm",
            "mdn_rabbit320.mp4",
            "mdn_water.mp4",
        ),
        (),
    ),
}

# ------------------------------------------------------------------------------------------------ measuring

Times = list[float]
Finder = Callable[[Path], Times]


def ours(rules: ShotRules) -> Finder:
    def find(path: Path) -> Times:
        found = shots_of(open_reel(path, Want(samplings=frozenset({TRACK})), threads=1), rules)
        return [] if found is None else found.starts_s[1:].tolist()

    return find


def theirs(**params: Any) -> Finder:
    try:
        library = importlib.import_module("scenedetect")
    except ImportError as fault:
        raise UsageError(
            "PySceneDetect, beside which shots are measured, is not installed: pip install --no-deps scenedetect "
            "(its wheel asks for opencv-python, which would overwrite opencv-python-headless)."
        ) from fault

    def find(path: Path) -> Times:
        scenes = library.detect(str(path), library.ContentDetector(**params), show_progress=False)
        return [start.seconds for start, _ in scenes[1:]]

    return find


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Of one clip: changes found that are true, found that are not, and true ones that were not found."""

    true: int
    false: int
    missed: int


def compared(found: Times, truth: Sequence[Join]) -> Counts:
    """One to one, nearest first; what matches a change that is not asked for counts neither way."""
    apart = [
        (max(join.start_s - at_s, at_s - join.end_s, 0.0), i, j)
        for i, at_s in enumerate(found)
        for j, join in enumerate(truth)
    ]
    matched: dict[int, int] = {}
    for gap_s, i, j in sorted(apart):
        if gap_s <= NEAR_S + 1e-9 and i not in matched and j not in matched.values():
            matched[i] = j
    true = sum(truth[j].asked for j in matched.values())
    return Counts(true=true, false=len(found) - len(matched), missed=sum(join.asked for join in truth) - true)


def scored(counts: Sequence[Counts]) -> dict[str, Any]:
    table = np.array([(c.true, c.false, c.missed) for c in counts], float)
    rng = np.random.default_rng(0)
    drawn = table[rng.integers(0, len(table), (RESAMPLED, len(table)))].sum(axis=1)
    true, false, missed = table.sum(axis=0)
    low, high = np.nanquantile(_f1(drawn), [0.025, 0.975])
    return {
        "f1": round(float(_f1(table.sum(axis=0))), 3),
        "f1_95": [round(float(low), 3), round(float(high), 3)],
        "precision": round(true / max(true + false, 1), 3),
        "recall": round(true / max(true + missed, 1), 3),
        "found": int(true + false),
        "asked": int(true + missed),
    }


def _f1(table: Image) -> Image:
    true, false, missed = np.moveaxis(table, -1, 0)
    with np.errstate(invalid="ignore"):
        return 2 * true / (2 * true + false + missed)


def finders() -> dict[str, Finder]:
    return {
        "adaptive (our default)": ours(ShotRules()),
        "threshold only": ours(ShotRules(adaptive=False)),
        "adaptive, 0.6 s apart": ours(ShotRules(least_s=0.6)),
        "ContentDetector (its default, 15 pictures apart)": theirs(),
        "ContentDetector, 1 s apart": theirs(min_scene_len="1.0s"),
    }


Clips = Sequence[tuple[Path, Sequence[Join]]]


def judged(groups: dict[str, Clips]) -> dict[str, Any]:
    """Score of every finder on every group of clips, and the seconds of CPU that it took on all of them."""
    report: dict[str, Any] = {}
    for name, find in finders().items():
        began, counts = time.process_time(), {group: [] for group in groups}
        for group, clips in groups.items():
            counts[group] = [compared(find(path), truth) for path, truth in clips]
        cpu_s = time.process_time() - began
        every = [one for group in counts.values() for one in group]
        report[name] = {group: scored(part) for group, part in counts.items()}
        report[name] |= {"all": scored(every), "cpu_s": round(cpu_s, 1)}
        for group, score in report[name].items():
            if isinstance(score, dict):
                span = "–".join(f"{v:.3f}" for v in score["f1_95"])
                line = (
                    f"F1 {score['f1']:.3f} ({span}), precision {score['precision']:.3f}, recall {score['recall']:.3f}"
                )
                print(f"  {name}: {group}: {line}", file=sys.stderr)
        print(f"  {name}: {cpu_s:.1f} s of CPU", file=sys.stderr)
    return report


def agreement(media: Path) -> dict[str, Any]:
    """Ours, ContentDetector's cuts taken for the truth, on every clip of the folder that both can read."""
    counts: list[Counts] = []
    left_out: list[str] = []
    find, other = ours(ShotRules()), theirs()
    broken = (TriptychError, OSError, importlib.import_module("scenedetect").VideoOpenFailure)
    for path in sorted(p for p in media.iterdir() if p.suffix not in (".md", ".tsv")):
        try:
            found = find(path)
            counts.append(compared(found, [cut(at_s) for at_s in other(path)]))
        except broken as fault:
            left_out.append(path.name)
            print(f"  left out: {path.name}: {type(fault).__name__}: {str(fault)[:100]}", file=sys.stderr)
    return {**scored(counts), "clips": len(counts), "left_out": left_out}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("media", nargs="?", type=Path)
    parser.add_argument("--clips", type=int, default=50)
    parser.add_argument("--seed", type=int, default=REPORTED)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    report: dict[str, Any] = {"benchmark": "shots", "seed": arguments.seed, "tuned_on": TUNED_ON}
    if arguments.media is not None:
        if missing := sorted(name for name in LABELLED if not (arguments.media / name).is_file()):
            raise SourceError(f"{str(arguments.media)!r} lacks {', '.join(missing)}.")
        print("real clips:", file=sys.stderr)
        report["media"] = judged({"real": [(arguments.media / name, truth) for name, truth in LABELLED.items()]})
        report["agreement"] = agreement(arguments.media)
    with tempfile.TemporaryDirectory() as folder:
        half = arguments.clips // 2
        groups = {
            "source": [from_the_source(Path(folder), k, arguments.seed) for k in range(half)],
            "harder": [harder(Path(folder), k, arguments.seed) for k in range(arguments.clips - half)],
        }
        print(f"{arguments.clips} generated clips:", file=sys.stderr)
        report["generated"] = judged(groups)
    print(json.dumps(report))


if __name__ == "__main__":
    main()
