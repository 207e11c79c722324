"""Shots: cuts and fades of known times are found, and what only looks like one is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.media.makeclip import make_clip
from triptych.errors import UsageError
from triptych.media.change import change
from triptych.media.loader import open_reel
from triptych.media.reel import Want
from triptych.media.sampling import TRACK
from triptych.media.shots import RULES, ShotRules, Shots, shots, shots_of

RGB = np.ndarray
#: Seconds → picture, uint8 ``[64, 96, 3]``.
Film = Callable[[float], RGB]
NONE = np.zeros(0)
#: How often the track looks; a cut between two pictures may lie anywhere between them.
STEP_S = 1 / 6


def painting(seed: int, *, high: int = 64, wide: int = 96) -> RGB:
    """Soft patches of a few colours, unlike those of another seed."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(0, 255, (high // 12 + 2, wide // 12 + 2, 3)).astype(np.float32)
    return np.clip(cv2.resize(coarse, (wide, high), interpolation=cv2.INTER_CUBIC), 0, 255).astype(np.uint8)


def scene(seed: int) -> Film:
    """A still painting with a ball that crosses it."""
    ground = painting(seed)

    def picture(at_s: float) -> RGB:
        image = ground.copy()
        cv2.circle(image, (int(20 + 15 * at_s) % 96, 32), 8, (250, 240, 90), -1)
        return image

    return picture


def shaken(seed: int, *, reach_px: float) -> Film:
    """The same as a hand would hold it."""
    wide = painting(seed, high=128, wide=192)

    def picture(at_s: float) -> RGB:
        x, y = 40 + reach_px * np.sin(7 * at_s), 30 + reach_px * np.sin(11 * at_s + 1)
        return wide[int(y) : int(y) + 64, int(x) : int(x) + 96]

    return picture


def panned(seed: int, *, px_per_s: float) -> Film:
    wide = painting(seed, wide=96 + int(8 * px_per_s))
    return lambda at_s: wide[:, int(at_s * px_per_s) : int(at_s * px_per_s) + 96]


def cut_at(*cuts_s: float) -> Film:
    scenes = [scene(10 + k) for k in range(len(cuts_s) + 1)]
    return lambda at_s: scenes[int(np.searchsorted(cuts_s, at_s + 1e-9, side="right"))](at_s)


def seen(film: Film, *, seconds: float = 8.0, keyframes_s: RGB = NONE, rules: ShotRules = RULES) -> Shots:
    """The shots of a film that is looked at as the track does, its gaps a little uneven."""
    times_s = (np.arange(int(seconds / STEP_S)) + np.random.default_rng(3).uniform(0, 0.8, int(seconds / STEP_S))) / 6
    rgb = np.stack([film(at_s) for at_s in times_s])
    return shots(change(rgb, times_s), keyframes_s, seconds, rules)


def from_file(path: Path, rules: ShotRules = RULES) -> Shots:
    found = shots_of(open_reel(path, Want(samplings=frozenset({TRACK})), threads=1), rules)
    assert found is not None
    return found


def written(path: Path, film: Film, *, fps: int = 25, seconds: float = 8.0, codec: str = "libx264") -> Path:
    options = {"b": "600k"} if codec == "libvpx" else {"crf": "22", "threads": "1"}
    frames = (cv2.resize(film(k / fps), (192, 128)) for k in range(round(seconds * fps)))
    return make_clip(path, frames, codec=codec, fps=fps, options=options)


def near(found: Shots, wanted: tuple[float, ...], within_s: float) -> bool:
    return len(found) == len(wanted) + 1 and bool(np.all(np.abs(found.starts_s[1:] - wanted) <= within_s + 1e-9))


CUTS = (1.5, 3.0, 4.4, 6.6)


@pytest.mark.parametrize("adaptive", [True, False])
def test_cuts_are_found_between_the_two_pictures_where_they_are(adaptive: bool) -> None:
    found = seen(cut_at(*CUTS), rules=ShotRules(adaptive=adaptive))
    assert near(found, CUTS, STEP_S)
    assert found.kinds == ("start", "cut", "cut", "cut", "cut")
    assert (found.from_s[1:] <= CUTS).all()
    assert (found.to_s[1:] >= CUTS).all()


@pytest.mark.parametrize("fps", [12, 24, 25, 30])
def test_cuts_are_found_at_any_rate(tmp_path: Path, fps: int) -> None:
    found = from_file(written(tmp_path / "clip.mp4", cut_at(*CUTS), fps=fps))
    # An encoder that starts a scene with a keyframe tells the picture; the last bit is which picture it was.
    assert near(found, CUTS, 0.25)


def test_a_keyframe_between_the_two_pictures_says_when_it_was() -> None:
    loose = seen(cut_at(3.0))
    exact = seen(cut_at(3.0), keyframes_s=np.array([0.0, 3.0, 6.0]))
    assert loose.starts_s[1] != 3.0
    assert exact.starts_s.tolist() == [0.0, 3.0]
    # One that lies elsewhere does not.
    assert seen(cut_at(3.0), keyframes_s=np.array([0.0, 2.4])).starts_s.tolist() == loose.starts_s.tolist()


def test_what_an_encoder_marks_is_exact(tmp_path: Path) -> None:
    found = from_file(written(tmp_path / "clip.mp4", cut_at(2.0, 5.2), fps=25))
    assert np.abs(found.starts_s - [0, 2.0, 5.2]).max() < 1e-6


def strobe(at_s: float) -> RGB:
    picture = scene(5)(at_s)
    return np.full_like(picture, 250) if int(at_s * 4) % 2 and 2 < at_s < 6 and (at_s * 4) % 1 < 0.5 else picture


def flash(at_s: float) -> RGB:
    return np.full_like(scene(5)(0), 255) if 3.0 <= at_s < 3.3 else scene(5)(at_s)


def brighter(at_s: float) -> RGB:
    return (scene(6)(at_s) * np.clip(0.3 + at_s / 10, 0, 1)).astype(np.uint8)


def switched(at_s: float) -> RGB:
    return (scene(7)(at_s) * (0.6 if at_s < 4 else 1.0)).astype(np.uint8)


def passer_by(at_s: float) -> RGB:
    picture = scene(8)(at_s)
    left = int(80 * (at_s - 3.5))
    picture[:, max(left, 0) : max(left + 18, 0)] = (30, 25, 20)
    return picture


NO_CUT: dict[str, Film] = {
    "still": lambda at_s: painting(1),
    "one colour": lambda at_s: np.full((64, 96, 3), 90, np.uint8),
    "something moves": scene(2),
    "slow pan": panned(3, px_per_s=12),
    "quick pan": panned(3, px_per_s=90),
    "handheld": shaken(4, reach_px=3),
    "strobe": strobe,
    "flash": flash,
    "it grows light": brighter,
    "the light is switched on": switched,
    "someone passes": passer_by,
}


@pytest.mark.parametrize("what", NO_CUT)
def test_no_cut_is_seen_where_there_is_none(what: str) -> None:
    found = seen(NO_CUT[what])
    assert found.starts_s.tolist() == [0.0], (found.starts_s, found.strengths)
    assert found.lengths_s.tolist() == [8.0]


def test_a_cut_is_seen_all_the_same_when_the_camera_moves() -> None:
    one, other = panned(3, px_per_s=30), panned(9, px_per_s=30)
    assert near(seen(lambda at_s: one(at_s) if at_s < 4 else other(at_s)), (4.0,), STEP_S)


def test_a_flash_on_a_cut_hides_it_from_nobody() -> None:
    one, other = scene(11), scene(12)

    def film(at_s: float) -> RGB:
        if 4.0 <= at_s < 4.2:
            return np.full((64, 96, 3), 255, np.uint8)
        return one(at_s) if at_s < 4 else other(at_s)

    assert near(seen(film), (4.1,), 0.25)


def faded(colour: int, *, half_s: float, hold_s: float = 0.0) -> Film:
    """One scene fades to a colour at 4 s and another out of it."""
    one, other = scene(13), scene(14)

    def film(at_s: float) -> RGB:
        away = np.clip((abs(at_s - 4) - hold_s / 2) / half_s, 0, 1)
        picture = one(at_s) if at_s < 4 else other(at_s)
        return (picture * away + colour * (1 - away)).astype(np.uint8)

    return film


@pytest.mark.parametrize("colour", [0, 255])
@pytest.mark.parametrize("half_s", [0.4, 0.8])
@pytest.mark.parametrize("hold_s", [0.0, 0.3])
def test_a_fade_is_found_once(colour: int, half_s: float, hold_s: float) -> None:
    found = seen(faded(colour, half_s=half_s, hold_s=hold_s))
    assert near(found, (4.0,), 0.25)
    assert found.kinds == ("start", "fade")
    assert abs(found.from_s[1] - (4 - half_s - hold_s / 2)) < 0.4
    assert abs(found.to_s[1] - (4 + half_s + hold_s / 2)) < 0.4


def test_a_dissolve_is_found_once_and_is_a_fade() -> None:
    one, other = scene(15), scene(16)

    def film(at_s: float) -> RGB:
        share = float(np.clip((at_s - 3.5) / 1.0, 0, 1))
        return cv2.addWeighted(other(0), share, one(0), 1 - share, 0)  # type: ignore[return-value]

    found = seen(film)
    assert near(found, (4.0,), 0.25)
    assert found.kinds == ("start", "fade")
    assert len(seen(film, rules=ShotRules(fades=False))) <= 2


@pytest.mark.parametrize(("over_s", "rules"), [(1.6, ShotRules()), (3.0, ShotRules(fade_s=2.0))])
def test_a_dissolve_may_last_twice_a_fade_whatever_gaps_the_clip_opens_with(over_s: float, rules: ShotRules) -> None:
    one, other = painting(15), painting(16)

    def film(at_s: float) -> RGB:
        share = float(np.clip((at_s - 5) / over_s, 0, 1))
        return cv2.addWeighted(other, share, one, 1 - share, 0)  # type: ignore[return-value]

    for opening_s in (NONE, np.array([0.0])):
        # Of a clip that opens on one picture, which lasts, the track holds that one.
        times_s = np.concatenate([opening_s, np.arange(2.5 * len(opening_s), 12, 1 / 6)])
        found = shots(change(np.stack([film(at_s) for at_s in times_s]), times_s), NONE, 12.0, rules)
        assert found.kinds == ("start", "fade")
        assert found.starts_s[1] == pytest.approx(5 + over_s / 2, abs=0.25)


def test_black_that_leads_in_or_out_is_no_shot() -> None:
    film = scene(17)
    found = seen(lambda at_s: (film(at_s) * np.clip(min(at_s - 1.5, 7 - at_s), 0, 1)).astype(np.uint8), seconds=9)
    assert found.starts_s.tolist() == [0.0]


@pytest.mark.parametrize("least_s", [0.5, 1.0, 2.0])
def test_shots_are_at_least_so_long_and_the_stronger_change_is_kept(least_s: float) -> None:
    film = cut_at(*np.arange(0.4, 8, 0.4).tolist())
    found = seen(film, rules=ShotRules(least_s=least_s))
    assert len(found) > 1
    assert np.diff(found.starts_s).min() >= least_s
    # Two cuts half a second apart, the second to a scene that is hardly another: the first is kept.
    one, other = painting(20), painting(21)
    third = cv2.addWeighted(other, 0.75, painting(22), 0.25, 0)

    def pair(at_s: float) -> RGB:
        return one if at_s < 3.9 else other if at_s < 4.4 else np.asarray(third)

    assert near(seen(pair, rules=ShotRules(least_s=least_s)), (3.9,), STEP_S) or least_s < 1


def test_twice_as_fast_halves_the_mean_length() -> None:
    cuts = np.array([2.5, 6.0, 8.6, 12.0, 15.5])
    film = cut_at(*cuts.tolist())
    slow, fast = seen(film, seconds=18), seen(lambda at_s: film(2 * at_s), seconds=9)
    assert len(slow) == len(fast) == 6
    assert fast.lengths_s.mean() == pytest.approx(slow.lengths_s.mean() / 2)
    assert fast.lengths_s[:-1] == pytest.approx(slow.lengths_s[:-1] / 2, abs=0.25)


def test_another_encoding_has_the_same_shots(tmp_path: Path) -> None:
    one = from_file(written(tmp_path / "a.mp4", cut_at(*CUTS)))
    other = from_file(written(tmp_path / "b.webm", cut_at(*CUTS), codec="libvpx"))
    assert len(one) == len(other) == len(CUTS) + 1
    assert one.kinds == other.kinds
    assert np.abs(one.starts_s - other.starts_s).max() <= 0.25


def test_a_mirrored_film_has_the_same_shots() -> None:
    film = cut_at(*CUTS)
    assert seen(lambda at_s: film(at_s)[:, ::-1]).starts_s.tolist() == seen(film).starts_s.tolist()


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_clips_of_hardly_any_picture_are_one_shot(count: int) -> None:
    times_s = np.arange(count) / 6
    rgb = np.repeat(painting(1)[None], count, axis=0)
    found = shots(change(rgb, times_s), NONE, 0.0)
    assert found.starts_s.tolist() == [0.0]
    assert found.lengths_s.tolist() == [times_s[-1] if count else 0.0]
    assert shots(change(rgb, times_s), NONE, 2.5).lengths_s.tolist() == [2.5]


def test_a_single_pixel_is_enough_to_look_at() -> None:
    rgb = np.array([[[[k * 40, 0, 0]]] for k in range(5)], np.uint8)
    assert shots(change(rgb, np.arange(5.0)), NONE, 5.0).lengths_s.sum() == 5.0


def test_pictures_of_noise_make_no_number_that_is_not_one() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (40, 16, 24, 3), dtype=np.uint8)
    found = shots(change(rgb, np.arange(40) / 6), NONE, 7.0)
    assert np.isfinite(found.strengths).all()
    assert found.starts_s.tolist() == [0.0]


@pytest.mark.parametrize("name", ["least_s", "threshold", "ratio", "flash_s"])
def test_rules_that_mean_nothing_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match=f"{name} is -1; it must be a finite number, 0 or above"):
        ShotRules(**{name: -1})
    with pytest.raises(UsageError, match=name):
        ShotRules(**{name: float("nan")})


def test_the_same_reel_is_looked_at_once(tmp_path: Path) -> None:
    reel = open_reel(written(tmp_path / "clip.mp4", cut_at(2.0), seconds=4), Want(samplings=frozenset({TRACK})))
    assert reel.once(shots_of, ShotRules()) is reel.once(shots_of, ShotRules())
    assert reel.once(shots_of, ShotRules(least_s=3.0)) is not reel.once(shots_of, ShotRules())
