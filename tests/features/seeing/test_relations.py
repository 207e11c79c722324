"""What every light seeing feature must do: a clip in another encoding stays nearer to itself than to any other."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest

from triptych.catalogue.records import Item
from triptych.catalogue.sources.synthetic import Settings, make_clip
from triptych.features import registry
from triptych.features.extractor import Showing
from triptych.features.measure import wanted
from triptych.media.loader import open_reel

CLIPS = 6
WORLD = Settings(seed=71, seconds=9.0, width_px=320, height_px=180, rate_fps=24.0)
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
            {"crf": "26", "preset": "veryfast", "threads": "1"}
            if codec == "libx264"
            else {"deadline": "realtime", "cpu-used": "8"}
        )
        video.bit_rate = 400_000 if codec == "libvpx" else 0
        for frame in old.decode(pictures):
            scaled = frame.reformat(width_px, height_px, "yuv420p")
            scaled.pict_type = 0  # the encoder chooses its own keyframes
            new.mux(video.encode(scaled))
        new.mux(video.encode(None))
    return target


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    folder = tmp_path_factory.mktemp("relations")
    made = {"original": [make_clip(folder, k, settings=WORLD).clip for k in range(CLIPS)]}
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
    scale = np.where(spread > 1e-6 * np.abs(originals).max(axis=0).clip(1e-12), 1 / spread.clip(1e-12), 0.0)
    apart = np.linalg.norm((originals[:, None] - others[None]) * scale, axis=2)
    own = np.diag(apart)
    rest = np.where(np.eye(CLIPS, dtype=bool), np.inf, apart)
    assert (own < rest.min(axis=1)).all(), np.round(apart, 2)
    assert (own < rest.min(axis=0)).all(), np.round(apart, 2)
