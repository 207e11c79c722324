"""Faces: found where they were put, in their size, and nowhere else."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage

from tests.contracts.extractor import reel_of
from triptych.errors import MediaError
from triptych.media import faces as module
from triptych.media.faces import evenly, faces, faces_of
from triptych.media.reel import Frames, Reel, Want
from triptych.media.sampling import TWO_PASS

DATA = Path(skimage.__file__).parent / "data"
HEIGHT, WIDTH = 224, 398
#: Of the portrait that scikit-image ships, in pixels: what is cut out of it, and the height of the face in that.
CUT, FACE_PX = (slice(0, 260), slice(90, 350)), 104


@lru_cache(maxsize=1)
def head() -> np.ndarray:
    picture = cv2.imread(str(DATA / "astronaut.png"), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    return picture[CUT]


def ground(seed: int = 0, shape: tuple[int, int] = (HEIGHT, WIDTH)) -> np.ndarray:
    """Soft light and shade, as a wall out of focus has."""
    coarse = np.random.default_rng(seed).uniform(60, 190, (6, 9)).astype(np.float32)
    return np.clip(cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC), 0, 255).astype(np.uint8)


def put(picture: np.ndarray, share: float, *, x: int, y: int = 0) -> np.ndarray:
    """The head, its face ``share`` of the picture's height, with its left upper corner at x, y."""
    scale = share * picture.shape[0] / FACE_PX
    small = cv2.resize(head(), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    changed = picture.copy()
    fits = changed[y : y + small.shape[0], x : x + small.shape[1]]
    fits[:] = small[: fits.shape[0], : fits.shape[1]]
    return changed


def middle(box: np.ndarray) -> np.ndarray:
    return box[:2] + box[2:] / 2


@pytest.mark.parametrize("share", [0.22, 0.3, 0.4, 0.5, 0.6])
def test_a_face_is_found_where_it_was_put_and_in_its_size(share: float) -> None:
    places = (20, 48, 76, 104)
    found = [faces(put(ground(), share, x=x)) for x in places]
    assert {boxes.shape for boxes in found} <= {(1, 4), (0, 4)}
    seen = [(x, boxes[0]) for x, boxes in zip(places, found, strict=True) if len(boxes)]
    # One in twenty is missed, of those that look at the camera.
    assert len(seen) >= 3
    for _, box in seen:
        assert box[3] == pytest.approx(share, rel=0.25)
        # It is square in pixels, and the picture is not.
        assert box[2] * WIDTH == pytest.approx(box[3] * HEIGHT)
    (first_x, first), (last_x, last) = seen[0], seen[-1]
    assert (middle(last) - middle(first)) * (WIDTH, HEIGHT) == pytest.approx([last_x - first_x, 0], abs=8)


def test_a_mirrored_picture_has_mirrored_faces() -> None:
    picture = put(ground(), 0.35, x=40)
    [found], [turned] = faces(picture), faces(np.ascontiguousarray(picture[:, ::-1]))
    # The cascade itself is not symmetrical.
    assert middle(turned) == pytest.approx([1 - middle(found)[0], middle(found)[1]], abs=0.03)
    assert turned[3] == pytest.approx(found[3], rel=0.15)


def test_the_largest_face_comes_first_and_each_counts_once() -> None:
    found = faces(put(put(ground(), 0.25, x=10, y=60), 0.4, x=190))
    assert len(found) == 2
    assert found[0, 3] > found[1, 3]
    assert middle(found[0])[0] > 0.5 > middle(found[1])[0]


def nothing() -> dict[str, np.ndarray]:
    """Pictures without a face, of what cascades are known to trip over, and plain ones."""
    rng = np.random.default_rng(3)
    noise = rng.integers(0, 256, (HEIGHT, WIDTH)).astype(np.uint8)
    made = {"noise": noise, "black": np.zeros_like(noise), "white": np.full_like(noise, 255)}
    made |= {f"noise, {px} px": cv2.GaussianBlur(noise, (0, 0), px) for px in (1.5, 4, 9)}
    made |= {f"soft ground {k}": ground(k) for k in range(6)}
    made["gradient"] = np.tile(np.linspace(0, 255, WIDTH).astype(np.uint8), (HEIGHT, 1))
    made["chequers"] = ((np.indices((HEIGHT, WIDTH)) // 14).sum(axis=0) % 2 * 255).astype(np.uint8)
    for name in ("brick", "gravel", "grass", "coins", "chelsea", "coffee", "text"):
        seen = cv2.imread(str(DATA / f"{name}.png"), cv2.IMREAD_GRAYSCALE)
        assert seen is not None
        made[name] = cv2.resize(seen, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    return made


def test_there_are_no_faces_in_textures_noise_and_cats() -> None:
    assert {name: len(faces(picture)) for name, picture in nothing().items()} == dict.fromkeys(nothing(), 0)


@pytest.mark.parametrize("shape", [(1, 1), (2, 300), (300, 2), (19, 19), (24, 24), (64, 96)])
def test_tiny_pictures_are_looked_at_and_have_none(shape: tuple[int, int]) -> None:
    assert faces(np.full(shape, 90, np.uint8)).shape == (0, 4)


def test_faces_at_the_border_stay_inside_the_picture() -> None:
    found = faces(put(ground(), 0.5, x=0))
    assert (found[:, :2] >= 0).all()
    assert (found[:, :2] + found[:, 2:] <= 1).all()


@pytest.fixture
def threads() -> Generator[None]:
    before = cv2.getNumThreads()
    yield
    cv2.setNumThreads(before)


@pytest.mark.usefixtures("threads")
def test_the_count_of_threads_does_not_matter() -> None:
    pictures = [put(put(ground(k), 0.25, x=10, y=60), 0.4, x=190) for k in range(3)]
    found: list[list[bytes]] = []
    for count in (1, 2, 5):
        cv2.setNumThreads(count)
        found.append([faces(picture).tobytes() for picture in pictures])
    assert found[0] == found[1] == found[2]


def reel(pictures: list[np.ndarray]) -> Reel:
    rgb = np.stack([np.repeat(picture[..., None], 3, axis=2) for picture in pictures])
    given = reel_of("both", Want(samplings=frozenset({TWO_PASS})))
    return replace(given, frames={TWO_PASS: Frames(rgb=rgb, times_s=np.arange(len(rgb)) * 0.5)})


def test_a_reel_says_which_pictures_were_looked_at_and_when() -> None:
    plain, portrait = ground(), put(ground(), 0.4, x=60)
    shown = reel([plain, portrait, plain, plain, portrait, plain])
    found = shown.once(faces_of, TWO_PASS, 3)
    assert found is shown.once(faces_of, TWO_PASS, 3)
    assert found is not None
    assert found.places.tolist() == [1, 3, 5]
    assert found.times_s.tolist() == [0.5, 1.5, 2.5]
    assert [len(boxes) for boxes in found.boxes] == [1, 0, 0]
    whole = faces_of(shown)
    assert whole is not None
    assert [len(boxes) for boxes in whole.boxes] == [0, 1, 0, 0, 1, 0]
    assert len(whole) == 6


def test_faces_of_an_upright_picture_are_shares_of_its_own_sides() -> None:
    found = faces(put(ground(shape=(398, 224)), 0.25, x=20, y=40))
    assert len(found) == 1
    assert found[0, 3] == pytest.approx(0.25, rel=0.25)


def test_a_clip_without_pictures_has_no_faces_to_speak_of() -> None:
    assert faces_of(reel_of("heard", Want(samplings=frozenset({TWO_PASS})))) is None


@pytest.mark.parametrize(("count", "wanted"), [(0, 3), (1, 1), (7, 7), (31, 30), (120, 30), (121, 7)])
def test_the_pictures_that_are_looked_at_are_spread_evenly(count: int, wanted: int) -> None:
    places = evenly(count, wanted)
    assert len(places) == min(count, wanted)
    assert (np.diff(places) >= 1).all()
    if count > wanted:
        # As many are left before the first as after the last, but for one.
        assert abs(int(places[0]) - (count - 1 - int(places[-1]))) <= count // wanted


def test_an_opencv_without_the_cascades_says_which_one_has_them() -> None:
    with pytest.raises(MediaError, match=r"brings no nobody\.xml.*opencv-python-headless<5"):
        module._cascade("nobody.xml")
