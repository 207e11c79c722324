"""What every light seeing feature must do: a clip in another encoding stays nearer to itself than to any other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt
import pytest
from av.video.reformatter import Colorspace

from triptych.catalogue.records import Item
from triptych.features import registry
from triptych.features.extractor import Showing
from triptych.features.measure import wanted
from triptych.media.loader import open_reel

RATE_FPS, SECONDS = 12, 14
WIDTH_PX, HEIGHT_PX = 320, 180
#: Grain of the pictures [px], things in them, contrast, colour, length of the shots [s], and how the camera moves in a
#: second: share of the picture to the right and down, factor of the zoom, degrees turned, and trembling [px]. Films
#: differ in all of it.
FILMS = (
    (8, 4, 90, (200, 120, 60), 1.75, (0.30, 0.0, 1.0, 0.0, 0.0)),
    (24, 12, 60, (60, 110, 190), 2.0, (-0.12, 0.0, 1.0, 0.0, 0.0)),
    (16, 40, 110, (120, 120, 120), 4.67, (0.0, 0.25, 1.0, 0.0, 0.0)),
    (40, 2, 40, (40, 60, 45), 7.0, (0.0, 0.0, 1.08, 0.0, 0.0)),
    (12, 90, 50, (220, 215, 200), 3.5, (0.0, -0.1, 0.93, 0.0, 0.0)),
    (14, 24, 80, (150, 60, 130), 2.8, (0.05, 0.05, 1.0, 9.0, 0.0)),
    (18, 60, 100, (90, 150, 70), 14.0, (0.0, 0.0, 1.0, 0.0, 3.0)),
)
CLIPS = len(FILMS)
#: Codec, suffix, width and height of the re-encoding.
ENCODINGS = {
    "webm": ("libvpx", ".webm", 320, 180),
    "smaller": ("libx264", ".mp4", 256, 144),
    "720 lines": ("libx264", ".mkv", 1280, 720),
}
TITLES = [title for title in registry.PROFILES["light"] if title.startswith("seeing/")]

#: Title → float32 ``[CLIPS, d]``.
Vectors = dict[str, npt.NDArray[np.float32]]


def reencode(source: Path, target: Path, codec: str, width_px: int, height_px: int) -> Path:
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        pictures = old.streams.video[0]
        video = new.add_stream(codec, rate=pictures.average_rate)
        video.width, video.height, video.pix_fmt = width_px, height_px, "yuv420p"
        video.options = (
            {"crf": "22", "preset": "ultrafast", "threads": "1"}
            if codec == "libx264"
            # One thread: those of libvpx wait for one another by spinning.
            else {"deadline": "realtime", "cpu-used": "8", "threads": "1"}
        )
        video.bit_rate = 400_000 if codec == "libvpx" else 0
        for frame in old.decode(pictures):
            # Players take untagged pictures of that size for BT.709, and so do we.
            matrix = Colorspace.ITU709 if height_px >= 720 else Colorspace.ITU601
            scaled = frame.reformat(width_px, height_px, "yuv420p", Colorspace.ITU601, matrix)
            scaled.pict_type = 0  # the encoder chooses its own keyframes
            new.mux(video.encode(scaled))
        new.mux(video.encode(None))
    return target


def still(
    rng: np.random.Generator, grain_px: int, things: int, contrast: float, colour: tuple[int, int, int]
) -> np.ndarray:
    """A picture larger than the screen: soft patches of about that size, and some things with hard edges."""
    height, width = 2 * HEIGHT_PX, 2 * WIDTH_PX
    patches = cv2.GaussianBlur(rng.standard_normal((height, width, 3)).astype(np.float32), (0, 0), grain_px)
    # Each shot has a light of its own, within what is usual in the film.
    picture = (
        np.array(colour, np.float32) * rng.uniform(0.7, 1.3, 3).astype(np.float32)
        + patches / patches.std() * contrast / 2
    )
    for _ in range(things):
        left, top = rng.integers(0, width), rng.integers(0, height)
        size = int(rng.integers(grain_px, 4 * grain_px + 20))
        tone = np.array(colour) * rng.uniform(0.4, 1.4) + rng.normal(0, contrast / 3, 3)
        cv2.rectangle(picture, (int(left), int(top)), (int(left) + size, int(top) + size), tone.tolist(), -1)
    return np.clip(picture, 0, 255).astype(np.uint8)


def film(k: int) -> Iterator[np.ndarray]:
    grain_px, things, contrast, colour, shot_s, (right, down, zoom, turn, tremble_px) = FILMS[k]
    rng = np.random.default_rng(k)
    shown, begun_s, lasts_s = still(rng, grain_px, things, contrast, colour), 0.0, shot_s
    for number in range(RATE_FPS * SECONDS):
        at_s = number / RATE_FPS
        if at_s - begun_s >= lasts_s and SECONDS - at_s > 1.2:
            shown, begun_s = still(rng, grain_px, things, contrast, colour), at_s
            lasts_s = shot_s * rng.uniform(0.6, 1.4)
        moved_s = at_s - begun_s - shot_s / 2
        shake = rng.normal(0, tremble_px, 2) if tremble_px else (0.0, 0.0)
        view = cv2.getRotationMatrix2D((WIDTH_PX, HEIGHT_PX), turn * moved_s, zoom**moved_s)
        view[0, 2] += right * moved_s * WIDTH_PX - WIDTH_PX / 2 + shake[0]
        view[1, 2] += down * moved_s * HEIGHT_PX - HEIGHT_PX / 2 + shake[1]
        yield cv2.warpAffine(shown, view, (WIDTH_PX, HEIGHT_PX), borderMode=cv2.BORDER_REFLECT)


def paint(path: Path, k: int) -> Path:
    with av.open(str(path), "w") as new:
        video = new.add_stream("libx264", rate=RATE_FPS)
        video.width, video.height, video.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
        video.options = {"crf": "20", "preset": "veryfast", "threads": "1"}
        for picture in film(k):
            new.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        new.mux(video.encode(None))
    return path


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    folder = tmp_path_factory.mktemp("relations")
    made = {"original": [paint(folder / f"film {k}.mp4", k) for k in range(CLIPS)]}
    for name, (codec, suffix, width_px, height_px) in ENCODINGS.items():
        made[name] = [
            reencode(clip, clip.with_name(f"{k} {width_px}{suffix}"), codec, width_px, height_px)
            for k, clip in enumerate(made["original"])
        ]
    return made


@pytest.fixture(scope="module")
def measured(clips: dict[str, list[Path]]) -> Callable[[str], Vectors]:
    """By encoding; each clip is decoded once for all extractors."""
    extractors = [registry.build(title) for title in TITLES]

    @lru_cache
    def of(encoding: str) -> Vectors:
        rows: dict[str, list[npt.NDArray[np.float32]]] = {title: [] for title in TITLES}
        for k, path in enumerate(clips[encoding]):
            reel = open_reel(path, wanted(extractors), threads=1)
            for title, extractor in zip(TITLES, extractors, strict=True):
                [feature] = extractor.extract([Showing(item=Item(item_id=str(k)), reel=reel)])
                assert feature.values is not None, feature.reason
                rows[title].append(feature.values)
        return {
            title: np.stack(found) if found[0].ndim == 1 else np.zeros(0, np.float32) for title, found in rows.items()
        }

    return of


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("title", TITLES)
def test_a_reencoding_moves_the_vector_less_than_any_other_clip_does(
    title: str, encoding: str, measured: Callable[[str], Vectors]
) -> None:
    originals, others = measured("original")[title], measured(encoding)[title]
    if originals.ndim != 2:
        pytest.skip("a sequence has no one vector")
    # As fusion sees them: each column by its spread over the set.
    spread = originals.std(axis=0)
    scale = np.where(spread > 1e-6 * np.abs(originals).max(axis=0).clip(1e-3), 1 / spread.clip(1e-12), 0.0)
    apart = np.linalg.norm((originals[:, None] - others[None]) * scale, axis=2)
    own = np.diag(apart)
    rest = np.where(np.eye(CLIPS, dtype=bool), np.inf, apart)
    assert (own < rest.min(axis=1)).all(), np.round(apart, 2)
    assert (own < rest.min(axis=0)).all(), np.round(apart, 2)
