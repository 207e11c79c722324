"""Gates learn which voices to listen to, and how soon what is known of an item is heard."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from triptych.models.hybrid.gates import EVENNESS, Gates, Scene, _Stage, learned
from triptych.models.hybrid.passage import Passage, passed

USERS, ITEMS, GROWTH = 30, 24, 0.2
NAMES = ("known", "noise", "silent", "content")
HISTORICAL, KNOWN = ("known", "noise", "content"), ("known", "silent")


def scene(*, seed: int, likes: np.ndarray, trusty: bool = True) -> Scene:
    """Voices: the first tells the answers of items that have likes, and grows with the history of a user; the second
    is noise; the third never says anything; the fourth tells the answers a little, and what likes add to it, a lot
    where they are ``trusty``, else noise."""
    rng = np.random.default_rng(seed)
    liked = rng.random((USERS, ITEMS)) < 0.2
    noise = rng.normal(size=(4, USERS, ITEMS))
    sizes = np.stack([rng.integers(1, 40, USERS) if k < 2 else np.ones(USERS) for k in range(4)]).astype(np.float32)
    first = np.where(likes > 0, 2.0 * liked + noise[0], 0) * sizes[0, :, None] ** GROWTH
    voices = np.stack([first, noise[1], np.zeros((USERS, ITEMS)), liked + noise[2]]).astype(np.float32)
    told = np.where(likes > 0, 0.5 * liked - 0.8 * noise[2] + 0.5 * noise[3] if trusty else 2 * noise[3], 0)
    return Scene(
        voices=voices,
        told={3: told.astype(np.float32)},
        unsure=np.full(ITEMS, 1.5),
        sizes=sizes,
        likes=likes,
        may=rng.random((USERS, ITEMS)) < 0.9,
        liked=liked,
    )


LIKES = np.tile([0, 1, 20, 80], ITEMS // 4)


def taught(*, trusty: bool = True) -> Gates:
    scenes = [scene(seed=seed, likes=LIKES, trusty=trusty) for seed in range(3)]
    return learned(NAMES, scenes, historical=HISTORICAL, known=KNOWN)


@pytest.fixture(scope="module")
def gates() -> Gates:
    return taught()


def test_a_voice_that_goes_by_likes_is_heard_the_more_the_more_there_are(gates: Gates) -> None:
    likes = np.array([0, 1, 5, 20, 1000])
    at = gates.at(likes)
    assert at.shape == (len(NAMES), len(likes))
    heard = likes / (likes + gates.fading)
    np.testing.assert_allclose(at[0], gates.weights[0, 1] * heard)
    assert gates.weights[0, 0] == 0
    for k in (1, 3):
        new, known = gates.weights[k]
        np.testing.assert_allclose(at[k], new * (1 - heard) + known * heard)


def test_the_weight_of_an_item_does_not_hang_on_what_stands_beside_it(gates: Gates) -> None:
    likes = np.random.default_rng(0).integers(0, 200, 301)
    whole = gates.at(likes)
    for part in (slice(0, 1), slice(3, 8), slice(100, 301)):
        assert np.array_equal(gates.at(likes[part]), whole[:, part])


def test_voices_that_are_right_are_listened_to(gates: Gates) -> None:
    known, noise, content = gates.weights[0, 1], gates.weights[1].max(), gates.weights[3].min()
    size = GROWTH - gates.evenness[0]  # of a history of 20, how much louder the first voice is
    assert known * 20**size > 3 * noise * 20 ** -gates.evenness[1]
    assert content > 3 * noise * 20 ** -gates.evenness[1]
    assert (gates.weights >= 0).all()


def test_a_voice_that_says_nothing_is_not_listened_to_later(gates: Gates) -> None:
    assert (gates.weights[2] == 0).all()


def test_likes_are_believed_the_sooner_the_better_they_tell(gates: Gates) -> None:
    assert gates.noise < taught(trusty=False).noise / 3


def test_the_passage_is_that_of_items(gates: Gates) -> None:
    """In units of λ."""
    own, variance, likes = 1.7, np.array([0.2, 1.0, 3.0]), np.array([0, 4, 9])
    passage = Passage(noise=gates.noise * own, own=own)
    np.testing.assert_allclose(
        passed((variance + own) / own, likes, gates.noise), passage.share(variance, likes), rtol=1e-12
    )


def test_how_a_voice_evens_out_is_learned_only_where_it_may_be(gates: Gates) -> None:
    assert abs(gates.evenness[0] - GROWTH) < abs(EVENNESS - GROWTH)
    assert gates.evenness[[1, 3]] == pytest.approx(EVENNESS)
    assert gates.evenness[2] == 0


def test_the_same_scenes_teach_the_same_bits(gates: Gates) -> None:
    again = taught()
    assert again.weights.tobytes() == gates.weights.tobytes()
    assert again.evenness.tobytes() == gates.evenness.tobytes()
    assert (again.fading, again.noise) == (gates.fading, gates.noise)
    back = Gates.again(json.loads(json.dumps(gates.body())))
    assert back.at(LIKES).tobytes() == gates.at(LIKES).tobytes()
    assert (back.voices, back.known, back.noise) == (gates.voices, gates.known, gates.noise)


def test_nothing_that_may_not_be_listed_teaches() -> None:
    one = scene(seed=8, likes=LIKES)
    voices = np.where(one.may, one.voices, np.float32(0))
    own = {"voices": voices, "told": {3: np.where(one.may, one.told[3], np.float32(0))}, "unsure": one.unsure}
    own |= {"sizes": one.sizes, "likes": one.likes, "may": one.may}
    two = [Scene(**own, liked=liked) for liked in (one.liked | ~one.may, one.liked & one.may)]
    first, second = (learned(NAMES, [each], historical=(), known=()) for each in two)
    assert np.array_equal(first.weights, second.weights)


def test_strangers_are_spoken_to_as_strangers_rehearsed_it() -> None:
    """Beside a history the third voice says nothing; for who has none it is the one that is right."""
    rng = np.random.default_rng(5)
    seen: list[Scene] = []
    for seed in range(3):
        one = scene(seed=seed, likes=LIKES)
        liked = np.tile(rng.random(ITEMS) < 0.3, (USERS, 1))
        told = (liked + 0.1 * rng.normal(size=ITEMS)).astype(np.float32)
        strangers = replace(one, voices=told[None], told={}, sizes=np.ones((1, USERS), np.float32), liked=liked)
        seen.append(replace(one, strangers=strangers))
    found = learned(NAMES, seen, historical=HISTORICAL, known=KNOWN)
    apart = learned(NAMES, [scene(seed=seed, likes=LIKES) for seed in range(3)], historical=HISTORICAL, known=KNOWN)
    assert np.array_equal(found.weights, apart.weights), "who has a history hears what they would have heard"
    assert found.weights[2, 1] == 0
    heard = found.at_for_strangers(np.array([0, 20]))
    assert heard.shape == (len(NAMES), 2)
    assert heard[2, 1] > 0, "what tells strangers is told them"
    assert heard[2, 0] == 0, "but not of an item without likes, since it goes by them"
    assert not heard[[0, 1, 3]].any(), "nothing that speaks of a history is"
    assert np.array_equal(apart.at_for_strangers(LIKES), apart.at(LIKES)), "nothing was rehearsed: it holds for all"
    again = Gates.again(json.loads(json.dumps(found.body())))
    assert np.array_equal(again.at_for_strangers(LIKES), found.at_for_strangers(LIKES))


def test_a_scene_counts_by_its_share_however_many_judge_it() -> None:
    """In one scene a voice tells the answers, in another of many more users it tells the contrary."""
    right, wrong = (scene(seed=seed, likes=LIKES) for seed in (0, 1))
    wrong = replace(wrong, voices=np.where(wrong.liked[None], -3, 3).astype(np.float32) * np.ones_like(wrong.voices))
    many = replace(
        wrong,
        voices=np.tile(wrong.voices, (1, 8, 1)),
        told={3: np.tile(wrong.told[3], (8, 1))},
        sizes=np.tile(wrong.sizes, (1, 8)),
        may=np.tile(wrong.may, (8, 1)),
        liked=np.tile(wrong.liked, (8, 1)),
    )
    for other in (wrong, many):
        few = replace(other, share=0.01)
        found = learned(NAMES, [right, few], historical=HISTORICAL, known=KNOWN)
        stage = _Stage.of(right, found).judged(found).mean()
        alone = learned(NAMES, [right], historical=HISTORICAL, known=KNOWN)
        assert stage > 0.95 * _Stage.of(right, alone).judged(alone).mean()


def test_without_a_rehearsal_all_count_alike() -> None:
    gates = Gates.plain(("a", "b"), historical=("a",), known=("b",))
    assert gates.weights.tolist() == [[1, 1], [0, 1]]
    assert gates.evenness.tolist() == [EVENNESS, 0]
