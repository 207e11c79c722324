"""Shot types: near and far by the face that was put there, by edges where there is none, and the extractor contract."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.contracts.extractor import PLACES, ExtractorContract, Make, reel_of
from tests.media.test_faces import ground, put
from tests.worlds.clips import scene, write_clip
from triptych.errors import UsageError
from triptych.features.extractor import Extractor, Showing
from triptych.features.pooling import EACH, MEAN
from triptych.features.seeing.shot_types import NAMES, ShotTypes, edges
from triptych.media.loader import open_reel
from triptych.media.reel import Frames, Want
from triptych.media.sampling import TWO_PASS

KINDS = NAMES[:4]


class TestContract(ExtractorContract):
    @pytest.fixture(scope="class")
    @classmethod
    def make(cls) -> Make:
        return ShotTypes

    @pytest.fixture(scope="class")
    @classmethod
    def changed(cls) -> Extractor | None:
        return ShotTypes(close_up_from=0.4)


def rows(pictures: list[np.ndarray], **params: object) -> list[dict[str, float]]:
    """What is said of each picture."""
    rgb = np.stack([np.repeat(picture[..., None], 3, axis=2) for picture in pictures])
    given = reel_of("both", Want(samplings=frozenset({TWO_PASS})))
    reel = replace(given, frames={TWO_PASS: Frames(rgb=rgb, times_s=np.arange(len(rgb)) * 0.1)})
    extractor = ShotTypes(pooling=EACH, **params)  # pyright: ignore[reportArgumentType]
    [feature] = extractor.extract([Showing(item=PLACES["both"], reel=reel)])
    assert feature.values is not None, feature.reason
    return [dict(zip(extractor.columns(), row.tolist(), strict=True)) for row in feature.values]


def letterboxed(picture: np.ndarray, bar: int) -> np.ndarray:
    return cv2.copyMakeBorder(picture, bar, bar, 0, 0, cv2.BORDER_CONSTANT, value=16)


def drawn(cells: int, seed: int = 0) -> np.ndarray:
    """Hard-edged tiles: the more of them, the more edges, all over the picture."""
    tiles = np.random.default_rng(seed).integers(40, 220, (cells, cells * 2)).astype(np.uint8)
    return cv2.resize(tiles, (398, 224), interpolation=cv2.INTER_NEAREST)


def test_the_size_of_the_face_tells_a_close_up_from_a_medium_shot() -> None:
    near, middle = rows([put(ground(), 0.6, x=80), put(ground(), 0.22, x=120, y=40)])
    assert [near[kind] for kind in KINDS] == [1, 0, 0, 0]
    assert middle["medium"] > 0.9
    assert near["with_face"] == middle["with_face"] == near["faces"] == 1
    assert near["face_height"] > 2 * middle["face_height"] > 0.3


def test_a_face_too_small_to_be_found_in_a_full_picture_is_a_wide_shot_by_its_edges() -> None:
    [far] = rows([put(drawn(24), 0.06, x=190, y=100)])
    assert far["with_face"] == 0
    assert far["wide"] > 0.9


def test_a_border_between_two_types_is_passed_in_proportion() -> None:
    shares = np.linspace(0.28, 0.5, 8)
    near = [row["close_up"] for row in rows([put(ground(), share, x=80) for share in shares])]
    assert near[0] < 0.3
    assert near[-1] > 0.9
    assert any(0.1 < share < 0.9 for share in near)
    hard = [row["close_up"] for row in rows([put(ground(), share, x=80) for share in shares], face_softness=0.0)]
    assert set(hard) == {0.0, 1.0}


def test_the_types_of_every_picture_sum_to_one() -> None:
    pictures = [put(ground(k), share, x=80) for k, share in enumerate((0.1, 0.2, 0.3, 0.36, 0.5))]
    pictures += [drawn(cells, cells) for cells in (1, 2, 4, 8, 16, 32)] + [np.zeros((224, 398), np.uint8)]
    for row in rows(pictures):
        assert sum(row[kind] for kind in KINDS) == pytest.approx(1)
        assert all(0 <= row[kind] <= 1 for kind in KINDS)


def test_without_a_face_the_edges_decide() -> None:
    plain, soft, full = rows([np.full((224, 398), 128, np.uint8), drawn(2), drawn(28)])
    assert plain["plain"] == 1
    assert soft["close_up"] > 0.5
    assert full["wide"] == 1
    assert plain["edge_density"] < soft["edge_density"] < full["edge_density"]


def test_black_bars_do_not_make_a_face_smaller() -> None:
    picture = put(ground(), 0.4, x=80)
    [whole], [barred] = rows([picture]), rows([letterboxed(picture, 37)])
    assert barred["face_height"] == pytest.approx(whole["face_height"], rel=0.12)
    assert barred["face_above"] == pytest.approx(whole["face_above"], abs=0.06)
    assert barred["close_up"] == pytest.approx(whole["close_up"], abs=0.3)
    assert barred["edge_density"] == pytest.approx(whole["edge_density"], rel=0.4)


def test_where_the_face_is() -> None:
    left, centre, low = rows(
        [put(ground(), 0.3, x=0), put(ground(), 0.3, x=115, y=28), put(ground(), 0.3, x=115, y=57)]
    )
    assert left["face_aside"] > 0.4 > 0.2 > centre["face_aside"]
    assert left["face_above"] > 0.2
    assert centre["face_above"] - low["face_above"] == pytest.approx(2 * 29 / 224, abs=0.05)


def test_mirroring_moves_next_to_nothing() -> None:
    pictures = [put(ground(), 0.4, x=40), drawn(9), drawn(20)]
    for row, turned in zip(rows(pictures), rows([picture[:, ::-1] for picture in pictures]), strict=True):
        assert list(turned.values()) == pytest.approx(list(row.values()), abs=0.12)


def test_two_people_are_counted() -> None:
    [both] = rows([put(put(ground(), 0.25, x=10, y=60), 0.4, x=190)])
    assert (both["faces"], both["with_several"]) == (2, 1)


def test_only_some_pictures_are_looked_at() -> None:
    pictures = [put(ground(), 0.4, x=80), drawn(20)] * 20
    assert len(rows(pictures, look_at=10)) == 10
    assert len(rows(pictures[:3], look_at=10)) == 3
    assert [row["with_face"] for row in rows(pictures[:6], look_at=3)] == [0, 0, 0]


def test_shares_are_means_over_the_clip() -> None:
    pictures = [put(ground(), 0.6, x=80), drawn(28), drawn(28, 1), np.zeros((224, 398), np.uint8)]
    rgb = np.stack([np.repeat(picture[..., None], 3, axis=2) for picture in pictures])
    given = reel_of("both", Want(samplings=frozenset({TWO_PASS})))
    reel = replace(given, frames={TWO_PASS: Frames(rgb=rgb, times_s=np.arange(4.0))})
    extractor = ShotTypes(pooling=MEAN)
    [feature] = extractor.extract([Showing(item=PLACES["both"], reel=reel)])
    assert feature.values is not None
    found = dict(zip(extractor.columns(), feature.values.tolist(), strict=True))
    assert [found[f"{kind}_mean"] for kind in KINDS] == pytest.approx([0.25, 0, 0.5, 0.25])
    assert found["with_face_mean"] == 0.25


def test_another_encoding_moves_it_less_than_another_clip_does(tmp_path: Path) -> None:
    extractor = ShotTypes()
    first, other = scene((200, 90, 40), seed=1, contrast=0.6), scene((40, 120, 200), seed=2, contrast=0.1)
    clips = [
        write_clip(tmp_path / "first.mp4", picture=first),
        write_clip(tmp_path / "again.webm", picture=first, codec="libvpx"),
        write_clip(tmp_path / "other.mp4", picture=other),
    ]
    shown = [Showing(item=PLACES["both"], reel=open_reel(clip, extractor.needs.want, threads=1)) for clip in clips]
    vectors = [feature.values for feature in extractor.extract(shown)]
    assert all(vector is not None for vector in vectors)
    one, again, another = vectors
    assert np.abs(one - again).sum() < np.abs(one - another).sum() / 2


@pytest.mark.parametrize("shape", [(1, 1), (2, 90), (128, 3), (500, 20)])
def test_edges_of_pictures_of_any_shape_are_shares(shape: tuple[int, int]) -> None:
    density, spread = edges(np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8))
    assert 0 <= density <= 1
    assert 0 <= spread <= 1


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"look_at": 0}, "at least 1 picture"),
        ({"medium_from": 0.5}, "medium_from is 0.5"),
        ({"close_up_below": 0.2}, "close_up_below is 0.2"),
        ({"wide_over": 1.5}, "wide_over is 1.5"),
        ({"face_softness": 1.0}, "face_softness is 1.0"),
        ({"edge_softness": -0.1}, "edge_softness is -0.1"),
    ],
)
def test_what_cannot_be_honoured_is_refused(params: dict[str, float], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        ShotTypes(**params)  # pyright: ignore[reportArgumentType]
