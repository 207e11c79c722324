"""A thumbnail shows the range that it stands for, at a size that fits a page."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.media.makeclip import Track, flat, make_clip, tone
from triptych.errors import MediaError
from triptych.explain.scenes import Match, Scene, Scenes
from triptych.explain.thumbnails import Thumbnail, thumbnails, thumbnails_of

RED, GREEN = (220, 30, 30), (30, 190, 40)


def shown(thumbnail: Thumbnail | None) -> np.ndarray:
    assert thumbnail is not None
    picture = cv2.imdecode(np.frombuffer(thumbnail.image, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape[:2] == (thumbnail.height_px, thumbnail.width_px)
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Red for two seconds and green for two; a low tone, then a high one, then silence."""
    pictures = [flat(RED)] * 20 + [flat(GREEN)] * 20
    sound = np.concatenate([tone(300, 1.5), tone(6000, 1.5), np.zeros(44100, np.float32)])
    path = tmp_path_factory.mktemp("thumbnails") / "clip.mp4"
    return make_clip(path, pictures, options={"preset": "ultrafast"}, sounds=[Track(samples=sound)])


def test_frames_and_spectra_of_ranges(clip: Path) -> None:
    ranges = [Scene(start_s=2.2, end_s=3.8), Scene(start_s=0.0, end_s=1.9), Scene(start_s=3.9, end_s=9.0)]
    sounds = [Scene(start_s=0.0, end_s=1.4), Scene(start_s=1.6, end_s=2.9), Scene(start_s=3.2, end_s=3.9)]
    frames, spectra = thumbnails(clip, seen=ranges, heard=sounds, short_side_px=36)
    for thumbnail, scene, colour in zip(frames, ranges, (GREEN, RED, GREEN), strict=True):
        assert thumbnail is not None
        assert thumbnail.media_type == "image/jpeg"
        assert thumbnail.height_px == 36
        assert scene.start_s - 0.1 <= thumbnail.time_s < scene.end_s
        assert np.abs(shown(thumbnail).mean(axis=(0, 1)) - colour).max() < 25
    low, high = (shown(spectrum).astype(float).mean(axis=(1, 2)) for spectrum in spectra[:2])
    # Darker is louder; the low tone has its line at the foot, the high one near the head.
    assert low.argmin() > 24 > 18 > high.argmin()
    assert spectra[2] is None


def test_thumbnails_stand_in_the_order_of_the_matches(clip: Path, tmp_path: Path) -> None:
    mute = make_clip(tmp_path / "mute.mkv", [flat(GREEN)] * 20)

    def match(panel: str, start_s: float) -> Match:
        one, other = Scene(start_s=start_s, end_s=start_s + 1), Scene(start_s=0.0, end_s=1.0)
        return Match(panel=panel, feature="", one=one, other=other, likeness=1.0, carried=0.1, by={})

    scenes = Scenes(one="a", other="b", matches=(match("hearing", 0), match("seeing", 0.5), match("seeing", 2.5)))
    made = thumbnails_of(scenes, clip, mute)
    assert [(one is not None, other is not None) for one, other in made] == [(True, False), (True, True), (True, True)]
    assert shown(made[1][0])[..., 0].mean() > 180 > 60 > shown(made[2][0])[..., 0].mean()
    with pytest.raises(MediaError, match="nowhere"):
        thumbnails(tmp_path / "nowhere.mp4", seen=[Scene(start_s=0.0, end_s=1.0)])
