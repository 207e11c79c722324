"""What surrounds the film is found at both ends, to a few tenths of a second, and film is left alone."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.media.makeclip import make_clip
from tests.media.scenes import CARDS, FILM, RGB
from triptych.media.card import blocks, judge, likeness
from triptych.media.content import JUDGED_PX, RULES
from triptych.media.loader import JUDGED, decoding_recipe, open_reel
from triptych.media.reel import Reel, Span, Want
from triptych.media.sampling import TWO_PASS

FPS = 6
WIDTH, HEIGHT = 256, 144
SCENES = {**FILM, **CARDS}


@functools.lru_cache(maxsize=32)
def shot(name: str, seconds: float, seed: int) -> list[RGB]:
    return list(SCENES[name](np.random.default_rng(seed), WIDTH, HEIGHT, round(seconds * FPS)))


def judged(name: str, seed: int = 0) -> list[str]:
    """The verdicts on four pictures of a scene, of the size that is judged."""
    return [judge(picture).reason for picture in SCENES[name](np.random.default_rng(seed), 398, JUDGED_PX, 4)]


def reel_of(path: Path, shots: Sequence[tuple[str, float]], *, seed: int = 0, gop: int = 250) -> Reel:
    pictures = itertools.chain.from_iterable(shot(name, seconds, seed) for name, seconds in shots)
    options = {"preset": "ultrafast", "crf": "20"}
    make_clip(path, pictures, fps=FPS, gop=gop, b_frames=2, options=options)
    return open_reel(path, Want(samplings=frozenset({TWO_PASS})), threads=1)


def ends(found: Sequence[Span]) -> list[float]:
    return [second for span in found for second in (span.start_s, span.end_s)]


def rejected(tmp_path: Path, *shots: tuple[str, float], seed: int = 0, gop: int = 250) -> tuple[Span, ...]:
    return reel_of(tmp_path / "clip.mp4", shots, seed=seed, gop=gop).rejected


@pytest.mark.parametrize("name", [name for name in FILM if name != "plane"])  # which its flight tells
@pytest.mark.parametrize("seed", [0, 1, 45])
def test_a_picture_of_the_film_is_one(name: str, seed: int) -> None:
    assert judged(name, seed) == [""] * 4


@pytest.mark.parametrize("name", CARDS)
@pytest.mark.parametrize("seed", range(3))
def test_a_picture_around_the_film_is_one(name: str, seed: int) -> None:
    assert all(judged(name, seed))


def test_the_reasons() -> None:
    assert {name: set(judged(name)) for name in ("black", "white", "text_page", "coloured_logo")} == {
        "black": {"black"},
        "white": {"white"},
        "text_page": {"text"},
        "coloured_logo": {"card"},
    }


@pytest.mark.parametrize("grey", [0, 8, 60, 128, 200])
def test_a_plain_picture_is_black_or_film(grey: int) -> None:
    """A plain grey has no logo on it and no letters: a fog, a sky, a colour. Black is black."""
    picture = np.full((HEIGHT, WIDTH, 3), grey, np.uint8)
    assert judge(picture).reason == ("black" if grey < 24 else "")


@pytest.mark.parametrize("size", [(1, 1), (1, JUDGED_PX), (JUDGED_PX, 1), (3, 900), (900, 3), (16, 16)])
def test_pictures_of_any_size_are_judged(size: tuple[int, int]) -> None:
    for grey in (0, 128, 255):
        judge(np.full((*size, 3), grey, np.uint8))


@pytest.mark.parametrize("card", CARDS)
def test_found_at_both_ends(tmp_path: Path, card: str) -> None:
    """One and a half seconds of it before and after 16 of film, found to three tenths."""
    film = [("landscape", 3.5), ("closeup", 3.0), ("drawn", 3.0), ("fire", 3.0), ("landscape", 3.5)]
    found = rejected(tmp_path, (card, 1.5), *film, (card, 1.5))
    assert len(found) == 2
    assert found[0].start_s == 0.0
    assert found[0].end_s == pytest.approx(1.5, abs=0.3)
    assert found[1].start_s == pytest.approx(17.5, abs=0.3)
    assert found[1].end_s == pytest.approx(19.0, abs=0.01)
    assert {span.reason for span in found} <= {"black", "white", "text", "card"}


@pytest.mark.parametrize("name", FILM)
def test_film_at_both_ends_is_left_alone(tmp_path: Path, name: str) -> None:
    assert rejected(tmp_path, (name, 4.0), ("landscape", 4.0), ("closeup", 4.0), (name, 4.0)) == ()


def test_a_bright_dialogue_between_cards_is_kept(tmp_path: Path) -> None:
    """What is said is written below it, and the wall is plain."""
    found = rejected(tmp_path, ("rating_card", 1.5), ("spoken", 8.0), ("dialogue", 8.0), ("title", 1.5))
    assert ends(found) == pytest.approx([0.0, 1.5, 17.5, 19.0], abs=0.1)


def test_night_beside_black_is_kept(tmp_path: Path) -> None:
    found = rejected(tmp_path, ("black", 1.0), ("night", 5.0), ("landscape", 8.0), ("cave", 5.0), ("black", 1.0))
    assert ends(found) == pytest.approx([0.0, 1.0, 19.0, 20.0], abs=0.3)


def test_a_plane_in_the_middle_of_the_sky_is_no_emblem(tmp_path: Path) -> None:
    middle = list(SCENES["plane"](np.random.default_rng(0), 398, JUDGED_PX, 9))[4]
    assert judge(middle).reason == "card"  # for all that one picture tells
    assert rejected(tmp_path, ("plane", 4.0), ("landscape", 16.0)) == ()


@pytest.mark.parametrize("changed", ["mirrored", "smaller", "coarser", "other_keyframes"])
def test_the_same_clip_made_otherwise_has_the_same_segments(tmp_path: Path, changed: str) -> None:
    shots = [
        ("fading_logo", 1.5),
        ("rating_card", 1.0),
        ("spoken", 8.0),
        ("night", 7.0),
        ("title", 1.5),
        ("names", 1.0),
    ]
    pictures = [picture for name, seconds in shots for picture in shot(name, seconds, 4)]
    options = {"preset": "ultrafast", "crf": "20"}
    first = make_clip(tmp_path / "first.mp4", pictures, fps=FPS, gop=250, b_frames=2, options=options)
    gop = 250
    if changed == "mirrored":
        pictures = [picture[:, ::-1] for picture in pictures]
    elif changed == "smaller":
        pictures = [np.asarray(cv2.resize(picture, (192, 108), interpolation=cv2.INTER_AREA)) for picture in pictures]
    elif changed == "coarser":
        options = {"preset": "veryfast", "crf": "32"}
    else:
        gop = 5
    second = make_clip(tmp_path / "second.mp4", pictures, fps=FPS, gop=gop, b_frames=2, options=options)
    want = Want(samplings=frozenset({TWO_PASS}))
    found, again = (open_reel(clip, want, threads=1).rejected for clip in (first, second))
    assert ends(found) == pytest.approx([0.0, 2.5, 17.5, 20.0], abs=0.3)
    assert ends(again) == pytest.approx(ends(found), abs=0.2)


def test_a_picture_is_like_itself_in_any_light() -> None:
    picture = shot("landscape", 1.0, 0)[0]
    other = shot("city", 1.0, 0)[0]
    small, dim, lifted, else_ = (
        blocks(np.asarray(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY)), 32)
        for p in (picture, (0.3 * picture).astype(np.uint8), (60 + 0.5 * picture).astype(np.uint8), other)
    )
    assert likeness(small, dim) > 0.99
    assert likeness(small, lifted) > 0.99
    assert likeness(small, else_) < 0.5


def test_a_picture_that_shows_nothing_is_like_its_own_light() -> None:
    black, dark, white = (np.full((32, 57), level, np.float32) for level in (4, 9, 250))
    something = np.tile(np.linspace(0, 250, 57, dtype=np.float32), (32, 1))
    assert likeness(black, dark) == 1.0
    assert likeness(black, white) == 0.0
    assert likeness(black, something) == 0.0
    assert likeness(black, black[:, :20]) == 0.0


def test_every_rule_is_in_the_recipe() -> None:
    recipe = decoding_recipe(Want(samplings=frozenset({TWO_PASS})))
    assert recipe["content"] == {**asdict(RULES), "judged": asdict(JUDGED)}
    assert recipe["content"]["card"] == asdict(RULES.card)


def test_a_card_after_some_film(tmp_path: Path) -> None:
    """Not at the very end, but within the first sixth."""
    found = rejected(tmp_path, ("landscape", 1.0), ("text_page", 1.5), ("drawn", 8.0), ("closeup", 7.5))
    assert len(found) == 1
    assert found[0].start_s == pytest.approx(1.0, abs=0.3)
    assert found[0].end_s == pytest.approx(2.5, abs=0.3)


def test_cards_that_follow_each_other_are_one(tmp_path: Path) -> None:
    found = rejected(tmp_path, ("rating_card", 1.0), ("black", 0.5), ("dark_logo", 1.0), ("drawn", 8), ("landscape", 8))
    assert len(found) == 1
    assert found[0].end_s == pytest.approx(2.5, abs=0.3)


def test_a_flash_is_film(tmp_path: Path) -> None:
    """A white picture or two in the first scene: shorter than anyone could read."""
    found = rejected(
        tmp_path, ("landscape", 1.0), ("white", 1 / FPS), ("landscape", 0.9), ("closeup", 7), ("drawn", 7), seed=3
    )
    assert found == ()
    assert RULES.shortest_s > 1 / FPS


def test_a_card_longer_than_its_zone_is_followed(tmp_path: Path) -> None:
    """Five of twenty seconds: a quarter, where the zone is 15 %."""
    found = rejected(tmp_path, ("names", 5.0), ("landscape", 8.0), ("drawn", 7.0))
    assert len(found) == 1
    assert found[0].end_s == pytest.approx(5.0, abs=0.3)


def test_a_card_in_the_middle_is_of_the_film(tmp_path: Path) -> None:
    assert rejected(tmp_path, ("landscape", 7.0), ("text_page", 2.0), ("drawn", 7.0)) == ()


@pytest.mark.parametrize("name", CARDS)
def test_a_clip_that_is_all_of_one_kind_is_sampled_as_it_is(tmp_path: Path, name: str) -> None:
    """A lecture is all text, a test clip all black: rejecting its ends would say nothing of it."""
    reel = reel_of(tmp_path / "clip.mp4", [(name, 6.0)])
    assert reel.rejected == ()
    assert len(reel.frames[TWO_PASS]) == 6 * FPS


def test_a_lecture_is_sampled_as_it_is(tmp_path: Path) -> None:
    """Pages of text with a speaker now and then: those at the ends are as much of it as the others."""
    pages = [("text_page", 3.5), ("closeup", 1.0)] * 4
    assert rejected(tmp_path, *pages, ("text_page", 3.5)) == ()


@pytest.mark.parametrize("name", ["black", "white", "landscape"])
@pytest.mark.parametrize("pictures", [1, 2, 3])
def test_a_clip_of_few_pictures_keeps_some(tmp_path: Path, name: str, pictures: int) -> None:
    reel = reel_of(tmp_path / "clip.mp4", [(name, pictures / FPS)])
    assert len(reel.frames[TWO_PASS]) == pictures
    assert reel.faults == {}


@pytest.mark.parametrize("gop", [1, 4, 24])
def test_keyframes_do_not_decide(tmp_path: Path, gop: int) -> None:
    found = rejected(tmp_path, ("light_logo", 1.5), ("landscape", 8.0), ("drawn", 6.0), ("names", 1.5), gop=gop)
    assert [span.start_s for span in found] == pytest.approx([0.0, 15.5], abs=0.3)
    assert [span.end_s for span in found] == pytest.approx([1.5, 17.0], abs=0.3)


def test_no_sampled_picture_is_of_what_was_rejected(tmp_path: Path) -> None:
    reel = reel_of(tmp_path / "clip.mp4", [("rating_card", 2.0), ("landscape", 9.0), ("closeup", 7.0), ("black", 2.0)])
    frames = reel.frames[TWO_PASS]
    assert len(reel.rejected) == 2
    for at_s, picture in zip(frames.times_s, frames.rgb, strict=True):
        assert not any(span.start_s <= at_s < span.end_s for span in reel.rejected)
        assert judge(picture).reason == ""


def test_precision_and_recall(tmp_path: Path) -> None:
    """Eight clips of drawn scenes: of the seconds rejected 95 % are right, of those to reject 95 % are found."""
    hit_s = wrong_s = missed_s = 0.0
    rng = np.random.default_rng(5)
    for k in range(8):
        cards = list(rng.choice(list(CARDS), 2, replace=False))
        film = list(rng.choice(list(FILM), 4))
        lead_s, tail_s = (round(float(rng.uniform(0.75, 2.5)) * FPS) / FPS for _ in range(2))
        shots = [(cards[0], lead_s), *((name, 4.0) for name in film), (cards[1], tail_s)]
        found = reel_of(tmp_path / "clip.mp4", shots, seed=20 * k).rejected
        at_s = np.arange(0, lead_s + 16 + tail_s, 0.02)
        truth = (at_s < lead_s) | (at_s >= lead_s + 16)
        said = np.any([(span.start_s <= at_s) & (at_s < span.end_s) for span in found] or [at_s < 0], axis=0)
        hit_s += float((truth & said).sum())
        wrong_s += float((~truth & said).sum())
        missed_s += float((truth & ~said).sum())
    assert hit_s / (hit_s + wrong_s) >= 0.95
    assert hit_s / (hit_s + missed_s) >= 0.95
