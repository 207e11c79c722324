"""seeing/shots and seeing/shot-lengths: what each entry says of a clip whose cuts are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.contracts.extractor import ExtractorContract, Make
from tests.media.test_shots import cut_at, faded, scene, written
from triptych.catalogue.records import Item
from triptych.errors import UsageError
from triptych.features.extractor import Extractor, Showing
from triptych.features.feature import Feature, Presence
from triptych.features.seeing.shots import ShotLengths, ShotRhythm
from triptych.media.loader import open_reel
from triptych.media.probe import PictureFacts, Probe
from triptych.media.reel import Frames, Reel, Want
from triptych.media.sampling import TRACK
from triptych.media.shots import ShotRules

RHYTHM = ShotRhythm()
COLUMNS = RHYTHM.columns()
PICTURE = PictureFacts(
    codec="raw", width_px=96, height_px=64, rate_fps=6, pixel_aspect=1, pixel_format="rgb24", transfer=""
)


class TestShotRhythm(ExtractorContract):
    @pytest.fixture(scope="class")
    @classmethod
    def make(cls) -> Make:
        return ShotRhythm

    @pytest.fixture(scope="class")
    @classmethod
    def changed(cls) -> Extractor | None:
        return ShotRhythm(rules=ShotRules(adaptive=False))


class TestShotLengths(ExtractorContract):
    @pytest.fixture(scope="class")
    @classmethod
    def make(cls) -> Make:
        return ShotLengths

    @pytest.fixture(scope="class")
    @classmethod
    def changed(cls) -> Extractor | None:
        return ShotLengths(rules=ShotRules(least_s=0.5))


def reel_of(rgb: np.ndarray, seconds: float, keyframes_s: np.ndarray) -> Reel:
    probe = Probe(container="raw", declared_s=None, duration_s=seconds, picture=PICTURE, sounds=())
    frames = Frames(rgb=np.ascontiguousarray(rgb), times_s=np.arange(len(rgb)) / 6)
    return Reel(name="x", probe=probe, frames={TRACK: frames}, keyframes_s=keyframes_s)


def feature(extractor: Extractor, reel: Reel) -> Feature:
    [found] = extractor.extract([Showing(item=Item(item_id="x"), reel=reel)])
    return found


def known(*cuts_s: float, seconds: float) -> Reel:
    """Of these cuts, which keyframes tell exactly."""
    film = cut_at(*cuts_s)
    return reel_of(np.stack([film(k / 6) for k in range(round(seconds * 6))]), seconds, np.array([0.0, *cuts_s]))


def measured(reel: Reel, extractor: ShotRhythm = RHYTHM) -> dict[str, float]:
    values = feature(extractor, reel).values
    assert values is not None
    return dict(zip(COLUMNS, values.tolist(), strict=True))


def test_what_is_said_of_a_clip_of_known_cuts() -> None:
    found = measured(known(1.1, 4.3, 6.4, 12.0, 14.2, seconds=16.0))
    lengths = np.array([1.1, 3.2, 2.1, 5.6, 2.2, 1.8])
    assert found["shots_log"] == pytest.approx(np.log(6))
    assert found["changes_per_minute"] == pytest.approx(5 / 16 * 60)
    assert found["length_mean"] == pytest.approx(lengths.mean())
    assert found["length_median"] == pytest.approx(np.median(lengths))
    assert found["length_std"] == pytest.approx(lengths.std())
    assert (found["length_min"], found["length_max"]) == pytest.approx((1.1, 5.6))
    assert found["length_log_mean"] == pytest.approx(np.log(lengths).mean(), rel=1e-5)
    assert found["length_log_std"] == pytest.approx(np.log(lengths).std(), rel=1e-5)
    assert found["short"] == pytest.approx(1 / 6)
    assert found["long"] == pytest.approx(1 / 6)
    assert found["fades"] == 0
    assert found["variation"] == pytest.approx(lengths.std() / lengths.mean())
    plain = np.corrcoef(np.log(lengths[:-1]), np.log(lengths[1:]))[0, 1]
    assert np.sign(found["regularity"]) == np.sign(plain)
    assert 0.5 * abs(plain) < abs(found["regularity"]) < abs(plain)  # less, for the noise that cuts' times have
    assert found["acceleration"] == pytest.approx(np.log((1.1 + 3.2) / (2.2 + 1.8)), abs=1e-5)
    assert found["stir_mean"] > 0


def test_the_borders_of_short_and_long_may_be_moved() -> None:
    reel = known(1.1, 4.3, 6.4, 12.0, 14.2, seconds=16.0)
    found = measured(reel, ShotRhythm(short_s=2.0, long_s=3.0))
    assert (found["short"], found["long"]) == pytest.approx((2 / 6, 2 / 6))
    with pytest.raises(UsageError, match="0 < short_s <= long_s"):
        ShotRhythm(short_s=6.0)


def test_cutting_that_quickens_accelerates_and_the_other_way_round() -> None:
    quick = known(4.0, 7.5, 10.0, 12.0, 13.5, seconds=14.7)
    slow = known(1.2, 2.7, 4.7, 7.2, 10.7, seconds=14.7)
    assert measured(quick)["acceleration"] == pytest.approx(-measured(slow)["acceleration"], abs=1e-4)
    assert measured(quick)["acceleration"] > 0.5


def test_even_cutting_has_no_variation() -> None:
    found = measured(known(2.0, 4.0, 6.0, 8.0, seconds=10.0))
    assert found["variation"] == pytest.approx(0, abs=1e-6)
    assert (found["regularity"], found["acceleration"]) == (0, pytest.approx(0, abs=1e-6))


def test_one_shot_is_measured_and_compared_with_none() -> None:
    found = measured(known(seconds=6.0))
    assert found["length_mean"] == found["length_max"] == 6
    nothing = ("shots_log", "changes_per_minute", "length_std", "fades", "variation", "regularity", "acceleration")
    assert [found[name] for name in nothing] == [0] * 7


@pytest.mark.parametrize("seconds", [0.0, 0.1])
def test_one_picture_is_one_shot(seconds: float) -> None:
    reel = reel_of(scene(1)(0)[None], seconds, np.zeros(1))
    assert all(np.isfinite(value) for value in measured(reel).values())
    lengths = feature(ShotLengths(), reel)
    assert lengths.values is not None
    assert lengths.values.tolist() == [[pytest.approx(seconds), 0, 0]]


def test_a_clip_without_pictures_is_missing() -> None:
    reel = reel_of(np.zeros((0, 1, 1, 3), np.uint8), 3.0, np.zeros(0))
    for extractor in (ShotRhythm(), ShotLengths()):
        found = feature(extractor, reel)
        assert (found.presence, found.reason) == (Presence.MISSING, "the clip has no picture that can be sampled")


def test_the_sequence_holds_each_shot_at_its_start() -> None:
    found = feature(ShotLengths(), known(1.1, 4.3, 6.4, seconds=8.0))
    assert found.values is not None
    assert found.times_s is not None
    assert found.times_s.tolist() == pytest.approx([0, 1.1, 4.3, 6.4])
    assert found.values[:, 0].tolist() == pytest.approx([1.1, 3.2, 2.1, 1.6])
    assert found.values[:, 1].tolist() == [0, 0, 0, 0]


def test_a_fade_is_told_from_a_cut() -> None:
    film = faded(0, half_s=0.5)
    reel = reel_of(np.stack([film(k / 6) for k in range(48)]), 8.0, np.zeros(0))
    found = feature(ShotLengths(), reel)
    assert found.values is not None
    assert found.values[:, 1].tolist() == [0, 1]
    assert measured(reel)["fades"] == 1


def test_what_moves_in_a_shot_stirs_and_the_cut_does_not() -> None:
    still, moving = scene(1)(0), scene(2)
    rgb = np.stack([still if k < 24 else moving((k - 24) / 2) for k in range(48)])
    found = feature(ShotLengths(), reel_of(rgb, 8.0, np.array([4.0])))
    assert found.values is not None
    assert found.values[0, 2] == 0
    assert found.values[1, 2] > 0.01


def opened(path: Path) -> Reel:
    return open_reel(path, Want(samplings=frozenset({TRACK})), threads=1)


def test_twice_the_speed_halves_the_mean_length_and_another_encoding_moves_it_less(tmp_path: Path) -> None:
    film = cut_at(3.0, 6.0, 9.0)
    whole = opened(written(tmp_path / "a.mp4", film, seconds=12))
    again = opened(written(tmp_path / "b.webm", film, seconds=12, codec="libvpx"))
    quick = opened(written(tmp_path / "c.mp4", lambda at_s: film(2 * at_s), seconds=6))
    one, other, fast = (measured(reel) for reel in (whole, again, quick))
    assert fast["length_mean"] == pytest.approx(one["length_mean"] / 2, rel=0.02)
    assert fast["changes_per_minute"] == pytest.approx(2 * one["changes_per_minute"], rel=0.02)
    rows = np.array([list(found.values()) for found in (one, other, fast)])
    assert np.linalg.norm(rows[0] - rows[1]) < 0.2 * np.linalg.norm(rows[0] - rows[2])
