"""Scenes that were planted in two clips are found, are what the similarity hangs on, and nothing else is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.explain.planted import course, film
from triptych.catalogue.catalogue import Catalogue
from triptych.errors import ExtractionError, MediaError, UsageError
from triptych.explain.course import Course, Scale, Track, moments, scales_of
from triptych.explain.measuring import courses_of_catalogue, scales_of_catalogue
from triptych.explain.scenes import Match, Scene, likeness_of, scenes_of_clips, scenes_of_tracks
from triptych.explain.stretches import answering, best_run, chamfer, diagonals, shared
from triptych.features.bits import PACKED, packed
from triptych.features.feature import Feature
from triptych.features.pooling import EACH, MEAN_STD
from triptych.features.recipe import Recipe
from triptych.features.seeing.colour import Colour
from triptych.features.store import FeatureStore

LOOK = "seeing/look"
SOUND = "hearing/sound"
#: Scene 7 lies at 5–9 s in the one and at 3–7 s in the other.
ONE = [(1, 5.0), (7, 4.0), (2, 6.0), (3, 3.0)]
OTHER = [(4, 3.0), (7, 4.0), (5, 5.0), (6, 4.0)]
PLANTED = (Scene(start_s=5.0, end_s=9.0), Scene(start_s=3.0, end_s=7.0))


def overlap(match: Match, planted: tuple[Scene, Scene] = PLANTED) -> float:
    return min(
        shared((cited.start_s, cited.end_s), (true.start_s, true.end_s))
        for cited, true in zip((match.one, match.other), planted, strict=True)
    )


def of(scenes: tuple[Match, ...], panel: str = "seeing") -> list[Match]:
    return [match for match in scenes if match.panel == panel]


def test_planted_scene_is_found_at_unlike_rates_and_carries_the_similarity() -> None:
    one, other = course("one", (LOOK, ONE)), course("other", (LOOK, OTHER), rate_hz=2.5)
    found = scenes_of_tracks(one, other)
    best = found.matches[0]
    assert overlap(best) >= 0.8
    assert (best.panel, best.feature, list(best.by)) == ("seeing", LOOK, [LOOK])
    assert best.likeness > 0.7 > found.similarity["seeing"]
    likeness = likeness_of(one, other, "seeing")
    assert not isinstance(likeness, str)
    left = likeness.similarity(without=(best.one, best.other))
    assert best.carried == pytest.approx(found.similarity["seeing"] - left)
    rng = np.random.default_rng(0)
    for _ in range(40):
        ranges = [
            rng.uniform(0, course.end_s - cited.seconds) for course, cited in ((one, best.one), (other, best.other))
        ]
        drawn = (
            Scene(start_s=ranges[0], end_s=ranges[0] + best.one.seconds),
            Scene(start_s=ranges[1], end_s=ranges[1] + best.other.seconds),
        )
        if overlap(best, (drawn[0], drawn[1])) < 0.5:
            assert likeness.similarity(without=(drawn[0], drawn[1])) > left


def test_several_scenes_in_any_order_are_cited_apart() -> None:
    one = course("one", (LOOK, [(7, 3.0), (1, 4.0), (8, 4.0), (2, 3.0), (9, 2.0), (10, 2.0)]))
    other = course("other", (LOOK, [(8, 4.0), (3, 4.0), (10, 2.0), (9, 2.0), (4, 3.0), (7, 3.0)]))
    matches = scenes_of_tracks(one, other, most=5).matches
    truth = (((0, 3), (15, 18)), ((7, 11), (0, 4)), ((14, 18), (8, 12)))
    assert len(matches) == 3
    for one_s, other_s in truth:
        # The last of them has its two halves in another order, and is one scene all the same.
        planted = (Scene(start_s=one_s[0], end_s=one_s[1]), Scene(start_s=other_s[0], end_s=other_s[1]))
        assert max(overlap(match, planted) for match in matches) >= 0.8
    assert [match.carried for match in matches] == sorted((match.carried for match in matches), reverse=True)
    assert len(scenes_of_tracks(one, other, most=1).matches) == 1
    # What is in the one twice and in the other once is cited once.
    twice = course("twice", (LOOK, [(7, 4.0), (1, 5.0), (7, 4.0)]))
    cited = scenes_of_tracks(twice, course("once", (LOOK, [(2, 5.0), (7, 4.0), (3, 4.0)]))).matches
    assert overlap(cited[0], (cited[0].one, Scene(start_s=5.0, end_s=9.0))) >= 0.8
    for k, match in enumerate(cited):
        for before in cited[:k]:
            assert match.one.start_s >= before.one.end_s or match.one.end_s <= before.one.start_s
            assert match.other.start_s >= before.other.end_s or match.other.end_s <= before.other.start_s


def test_what_is_common_to_all_moments_says_nothing() -> None:
    one, other = course("one", (LOOK, ONE)), course("other", (LOOK, OTHER))
    plain = scenes_of_tracks(one, other)
    # A channel's logo: columns that never change, of any size; and other units for the rest.
    logo = [replace(clip, tracks=(_with_logo(clip.tracks[0]),)) for clip in (one, other)]
    found = scenes_of_tracks(logo[0], logo[1])
    assert [(m.one, m.other) for m in found.matches] == [(m.one, m.other) for m in plain.matches]
    assert found.similarity["seeing"] == pytest.approx(plain.similarity["seeing"], abs=1e-4)
    still = replace(one, tracks=(replace(one.tracks[0], values=np.ones_like(one.tracks[0].values)),))
    nothing = scenes_of_tracks(still, still)
    assert nothing.matches == ()
    assert "is alike in seeing" in nothing.absent["seeing"]


def _with_logo(track: Track) -> Track:
    logo = np.full((len(track.times_s), 90), 255.0)
    return replace(track, values=np.hstack([1000 + 8 * track.values.astype(np.float64), logo]))


def test_clips_are_told_alike_both_ways_and_wherever_they_begin() -> None:
    one, other = course("one", (LOOK, ONE)), course("other", (LOOK, OTHER))
    forth, back = scenes_of_tracks(one, other).matches[0], scenes_of_tracks(other, one).matches[0]
    assert overlap(back, (forth.other, forth.one)) > 0.85
    track = other.tracks[0]
    late = replace(other, tracks=(replace(track, times_s=track.times_s + 2.0),), duration_s=other.end_s + 2.0)
    moved = scenes_of_tracks(one, late).matches[0]
    assert moved.one == forth.one
    assert moved.other.start_s == pytest.approx(forth.other.start_s + 2.0)
    assert moved.carried == pytest.approx(forth.carried, abs=0.01)


def test_the_same_clip_is_one_scene() -> None:
    one, again = course("one", (LOOK, ONE)), course("again", (LOOK, ONE))
    best, whole = scenes_of_tracks(one, again).matches[0], Scene(start_s=0.0, end_s=18.0)
    assert overlap(best, (whole, whole)) >= 0.9


def test_panels_are_told_apart_and_weighed() -> None:
    other = course("other", (LOOK, OTHER), (SOUND, [(11, 9.0), (12, 7.0)]))
    one = course("one", (LOOK, ONE), (SOUND, [(13, 2.0), (12, 7.0), (14, 9.0)]))
    found = scenes_of_tracks(one, other)
    assert {match.panel for match in found.matches[:2]} == {"seeing", "hearing"}
    assert overlap(of(found.matches, "seeing")[0]) >= 0.8
    heard = (Scene(start_s=2.0, end_s=9.0), Scene(start_s=9.0, end_s=16.0))
    assert overlap(of(found.matches, "hearing")[0], heard) >= 0.8
    for panel in ("seeing", "hearing"):
        assert scenes_of_tracks(one, other, weights={panel: 10.0}).matches[0].panel == panel


def test_what_is_missing_is_said() -> None:
    silent = replace(course("mute.mp4", (LOOK, ONE)), absent={"hearing": "the clip has no sound track"})
    other = course("other", (LOOK, OTHER), (SOUND, OTHER))
    found = scenes_of_tracks(silent, other)
    assert overlap(of(found.matches)[0]) >= 0.8
    assert found.absent["hearing"] == "'mute.mp4': the clip has no sound track."
    unlike = course("x", ("seeing/other", ONE))
    assert "they share no feature" in scenes_of_tracks(unlike, other).absent["seeing"]
    assert scenes_of_tracks(Course(name="a", tracks=()), other).matches == ()
    with pytest.raises(UsageError, match="0 scenes"):
        scenes_of_tracks(silent, other, most=0)
    narrow = replace(other, tracks=(replace(other.tracks[0], values=other.tracks[0].values[:, :3]),))
    with pytest.raises(UsageError, match=r"24 entries in 'mute\.mp4' and of 3"):
        scenes_of_tracks(silent, narrow)
    with pytest.raises(ExtractionError, match="no numbers"):
        Track(feature=LOOK, values=np.array([[np.nan]]), times_s=np.zeros(1))


def test_gaps_are_masked_not_filled() -> None:
    track = Track(feature=SOUND, values=np.array([[0.0], [1.0], [3.0], [9.0]]), times_s=np.array([0.5, 1.5, 2.5, 6.5]))
    values, held = moments(track, step_s=0.5, count=14)
    # Between steps as far apart as they are everywhere all is on the line; from 3.5 to 6 s nothing was heard.
    assert held.tolist() == [True] * 7 + [False] * 5 + [True] * 2
    assert values[:7, 0].tolist() == [0.0, 0.0, 0.5, 1.0, 2.0, 3.0, 3.0]


def test_a_catalogues_scale_stands_in_for_the_pair() -> None:
    rows = np.array([[1.0, 5.0], [3.0, 5.0]])
    assert Scale.of([rows])(rows).tolist() == [[-1.0, 0.0], [1.0, 0.0]]
    # Of one look throughout: beside each other they have nothing in particular in common, beside others everything.
    one, other = (course(name, (LOOK, [(7, 9.0)]), noise=1.0) for name in ("one", "other"))
    many = [course(f"c{k}", (LOOK, [(20 + 2 * k, 5.0), (21 + 2 * k, 5.0)])) for k in range(6)]
    alone, beside = scenes_of_tracks(one, other), scenes_of_tracks(one, other, scales=scales_of([one, other, *many]))
    assert beside.similarity["seeing"] > alone.similarity["seeing"] + 0.2
    assert overlap(beside.matches[0], (Scene(start_s=0.0, end_s=9.0), Scene(start_s=0.0, end_s=9.0))) >= 0.7


def test_search_against_looking_at_everything() -> None:
    rng = np.random.default_rng(5)
    for _ in range(12):
        gains = rng.normal(size=9) - 0.2
        every = [(float(gains[i:j].sum()), (i, j)) for i in range(9) for j in range(i + 2, 10)]
        assert best_run(gains, least=2)[0] == pytest.approx(max(every)[0])
        cosines = rng.uniform(-1, 1, (7, 9)) ** 3
        runs = diagonals(cosines, least=2, count=1)
        sums = [
            (float(np.diagonal(cosines, shift)[i:j].sum()), (i + max(0, -shift), j + max(0, -shift)))
            for shift in range(-6, 9)
            for i in range(7)
            for j in range(i + 2, len(np.diagonal(cosines, shift)) + 1)
        ]
        assert runs[0][0] == max(sums)[1]
        gone = (np.zeros(7, bool), np.zeros(9, bool))
        found = answering(cosines, gone, floor=0.2, least=2)
        boxes = [
            cosines[a:b, c:d] - 0.2
            for a in range(7)
            for b in range(a + 2, 8)
            for c in range(9)
            for d in range(c + 2, 10)
        ]
        most = max(float(box.max(axis=1).sum() + box.max(axis=0).sum()) for box in boxes)
        # It climbs, so it may miss the highest summit, but not by much.
        assert found is not None
        assert 0.85 * most <= found.gain <= most + 1e-9
    assert chamfer(np.zeros((0, 3))) == 0.0


def test_catalogue_gives_what_it_kept_in_time(tmp_path: Path) -> None:
    store = FeatureStore(Catalogue.init(tmp_path / "c").tables)
    look = Recipe(panel="seeing", name="look")
    bits = Recipe(panel="hearing", name="bits", params={PACKED: 16})
    still = Recipe(panel="seeing", name="still")
    courses = {"one": course("one", (LOOK, ONE)), "other": course("other", (LOOK, OTHER))}
    store.write(
        look,
        {
            key: Feature(values=clip.tracks[0].values.astype(np.float32), times_s=clip.tracks[0].times_s)
            for key, clip in courses.items()
        },
    )
    signs = np.tile(np.arange(16) % 2 == 0, (4, 1))
    store.write(
        bits, {"one": Feature(values=packed(signs), times_s=np.arange(4.0)), "other": Feature.missing("no sound")}
    )
    store.write(still, {"one": Feature(values=np.ones(3, np.float32))})
    held = courses_of_catalogue(store, ["other", "one", "nowhere"])
    assert list(held) == ["other", "one", "nowhere"]
    assert [track.feature for track in held["one"].tracks] == ["hearing/bits", LOOK]
    assert held["one"].tracks[0].values[0].tolist() == [1.0, -1.0] * 8
    # What was pooled tells as much of all moments as the moments did.
    colours = [np.random.default_rng(k).normal(k, 1 + k, (9, len(Colour(pooling=EACH).columns()))) for k in range(3)]
    pooled = {f"c{k}": MEAN_STD.of(rows, np.arange(9.0), duration_s=9.0) for k, rows in enumerate(colours)}
    store.write(Colour().recipe, pooled)
    scales = scales_of_catalogue(store)
    assert scales.keys() == {LOOK, "seeing/colour"}
    for title, rows in (("seeing/colour", colours), (LOOK, [clip.tracks[0].values for clip in courses.values()])):
        assert np.allclose(scales[title].mean, Scale.of(rows).mean, atol=1e-5)
        assert np.allclose(scales[title].spread, Scale.of(rows).spread, atol=1e-5)
    found = scenes_of_tracks(held["one"], held["other"], scales=scales)
    assert overlap(found.matches[0]) >= 0.8
    assert found.absent["hearing"] == "'other': hearing/bits is missing."


def test_files_are_measured_directly(tmp_path: Path) -> None:
    shared_note = (220.0, 5)
    scenes, notes = [("landscape", 1), ("city", 9), ("fire", 2)], [shared_note, (700.0, 2), (300.0, 3)]
    one = film(tmp_path / "one.mp4", scenes, notes)
    other = film(
        tmp_path / "other.mkv",
        [("snow", 3), ("night", 4), ("closeup", 5), ("city", 9)],
        [(450.0, 6), shared_note, (600.0, 8), (900.0, 7)],
        crf=30,
    )
    found = scenes_of_clips(one, other)
    assert found.absent == {}
    seen, heard = of(found.matches, "seeing")[0], of(found.matches, "hearing")[0]
    assert overlap(seen, (Scene(start_s=2.0, end_s=4.0), Scene(start_s=6.0, end_s=8.0))) >= 0.6
    assert overlap(heard, (Scene(start_s=0.0, end_s=2.0), Scene(start_s=2.0, end_s=4.0))) >= 0.6
    mute = film(tmp_path / "mute.mp4", [("drawn", 1), ("city", 9)], None)
    quiet = scenes_of_clips(one, mute)
    assert quiet.absent["hearing"] == "'mute.mp4': the clip has no sound track."
    second = Scene(start_s=2.0, end_s=4.0)
    assert overlap(of(quiet.matches)[0], (second, second)) >= 0.6
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(one.read_bytes()[:300])
    with pytest.raises(MediaError, match=r"broken\.mp4"):
        scenes_of_clips(broken, other)
