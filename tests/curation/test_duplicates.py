"""Duplicates: what is planted is found, at its offset; what only looks or sounds a little like it is not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from tests.worlds.catalogues import catalogue_of
from tests.worlds.clips import HEIGHT, WIDTH, Picture, write_clip
from triptych.catalogue.records import Clip, Item
from triptych.curation.alignment import Track, pictures_in_common, sound_in_common
from triptych.curation.duplicates import PICTURE_KEYS, SOUND_KEYS, Found, Verdict, compare, find
from triptych.curation.hashes import Hashes, candidates
from triptych.features.bits import packed, words
from triptych.features.extraction import extract
from triptych.features.feature import Presence
from triptych.features.hearing.fingerprint import STEP_S
from triptych.features.registry import profile

Bits = np.ndarray


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a clip shows and how it sounds, as bits: pictures ``[n, 128]``, sound ``[m, 32]``; None: no track."""

    pictures: Bits | None = None
    sound: Bits | None = None
    step_s: float = 0.5


def pictures(seed: int, count: int = 60, *, shot: int = 4) -> Bits:
    """Shots of a few pictures; within one, little changes."""
    rng = np.random.default_rng(seed)
    shots = (rng.random((-(-count // shot), 128)) < 0.5).repeat(shot, axis=0)[:count]
    return shots ^ (rng.random(shots.shape) < 0.02)


def sound(seed: int, count: int = 240) -> Bits:
    return (np.random.default_rng(1000 + seed).random((-(-count // 3), 32)) < 0.5).repeat(3, axis=0)[:count]


def noisy(bits: Bits, share: float, seed: int = 0) -> Bits:
    """As another encoder leaves them."""
    return bits ^ (np.random.default_rng(seed).random(bits.shape) < share)


def track(bits: Bits, step_s: float) -> Track:
    return Track(words=words(packed(bits)), times_s=np.arange(len(bits)) * step_s)


def compared(**clips: Seen) -> Found:
    def held(of: str, step_s: float | None) -> Hashes:
        found: dict[str, Track | Presence | None] = {}
        for name, clip in clips.items():
            bits = getattr(clip, of)
            found[name] = Presence.MISSING if bits is None else track(bits, step_s or clip.step_s)
        return Hashes.of(found)

    files = [Clip(item_id=name, path=name, bytes=k + 1, fingerprint=name) for k, name in enumerate(clips)]
    return compare(files, pictures=held("pictures", None), sounds=held("sound", STEP_S))


def same(found: Found) -> set[tuple[str, str]]:
    return {(pair.one, pair.other) for pair in found.same}


FILM = Seen(pictures=pictures(1), sound=sound(1))


def test_a_re_encoding_is_the_same_content() -> None:
    again = Seen(pictures=noisy(pictures(1), 0.05), sound=noisy(sound(1), 0.12))
    found = compared(a=FILM, b=again, c=Seen(pictures=pictures(2), sound=sound(2)))
    [pair] = found.same
    assert (pair.one, pair.other, pair.verdict) == ("a", "b", Verdict.SAME)
    assert pair.seen is not None
    assert pair.heard is not None
    assert pair.seen.offset_s == pytest.approx(0, abs=0.1)
    assert pair.seen.seconds == pytest.approx(30)
    assert pair.seen.share == pytest.approx(1)
    assert pair.seen.distance == pytest.approx(0.05, abs=0.02)
    assert pair.heard.distance == pytest.approx(0.12, abs=0.03)
    assert found.shared_sound == ()


def test_a_clip_that_begins_later_is_found_with_its_offset() -> None:
    later = Seen(pictures=noisy(pictures(1)[12:], 0.04), sound=noisy(sound(1)[48:], 0.1))
    [pair] = compared(a=FILM, b=later).same
    assert pair.seen is not None
    assert pair.heard is not None
    assert pair.seen.offset_s == pytest.approx(-6, abs=0.3)
    assert pair.heard.offset_s == pytest.approx(-6, abs=0.3)
    assert "seen alike for 24.0 s (100% of the shorter), offset -6" in pair.evidence


def test_a_short_trailer_is_found_within_a_longer_one_sampled_less_often() -> None:
    dense = pictures(1, 240, shot=16)
    short = Seen(pictures=noisy(dense[80:160:2], 0.04), step_s=0.25)
    [pair] = compared(a=Seen(pictures=dense, step_s=0.125), b=short).same
    assert pair.seen is not None
    assert pair.seen.offset_s == pytest.approx(-10, abs=0.2)
    assert pair.seen.share == pytest.approx(1, abs=0.05)


def test_a_logo_in_common_is_not_the_same_content() -> None:
    logo = pictures(9, 10)
    clips = {f"c{k}": Seen(pictures=np.concatenate([logo, pictures(k, 50)])) for k in range(4)}
    assert same(compared(**clips)) == set()


def test_the_same_sound_to_other_pictures_is_shared_sound() -> None:
    found = compared(a=FILM, b=Seen(pictures=pictures(2), sound=noisy(sound(1), 0.1)))
    assert found.same == ()
    [pair] = found.shared_sound
    assert pair.verdict is Verdict.SHARED_SOUND
    assert pair.seen is None


def test_the_same_pictures_with_another_sound_are_the_same_content() -> None:
    [pair] = compared(a=FILM, b=Seen(pictures=noisy(pictures(1), 0.04), sound=sound(2))).same
    assert pair.heard is None


def test_sound_alone_tells_where_there_is_no_picture() -> None:
    [pair] = compared(a=FILM, b=Seen(sound=noisy(sound(1)[40:200], 0.1))).same
    assert pair.unseen == ("b",)
    assert pair.seen is None


def test_a_song_in_two_films_does_not_tie_them_together() -> None:
    other = Seen(pictures=pictures(2), sound=sound(1))
    found = compared(a=FILM, b=other, song=Seen(sound=sound(1)), song2=Seen(sound=noisy(sound(1), 0.1)))
    assert same(found) == set()
    assert {(p.one, p.other) for p in found.shared_sound} >= {("a", "b"), ("a", "song"), ("b", "song")}


def test_a_still_view_tells_little() -> None:
    """One camera at two times: each picture is as near to those of the other clip as to its own neighbours."""
    view = pictures(5, 1).repeat(60, axis=0)
    first, second = noisy(view, 0.04, seed=1), noisy(view, 0.04, seed=2)
    assert same(compared(a=Seen(pictures=first, sound=sound(1)), b=Seen(pictures=second, sound=sound(2)))) == set()
    assert same(compared(a=Seen(pictures=first), b=Seen(pictures=second))) == set()
    heard = compared(a=Seen(pictures=first, sound=sound(1)), b=Seen(pictures=second, sound=noisy(sound(1), 0.1)))
    assert same(heard) == {("a", "b")}
    exactly = compared(a=Seen(pictures=first), b=Seen(pictures=noisy(first, 0.005)))
    assert same(exactly) == {("a", "b")}


def test_a_hum_is_no_evidence() -> None:
    hum = np.zeros((240, 32), bool)
    found = compared(a=Seen(pictures=pictures(1), sound=hum), b=Seen(pictures=pictures(2), sound=hum))
    assert (found.same, found.shared_sound) == ((), ())


def test_too_few_pictures_are_no_evidence() -> None:
    assert same(compared(a=FILM, b=Seen(pictures=pictures(1)[:3]))) == set()


def test_equal_files_need_no_measurement() -> None:
    files = [Clip(item_id=name, path=name, bytes=7, fingerprint="f") for name in "abc"]
    files.append(Clip(item_id="d", path="d", bytes=8, fingerprint="f"))
    nothing = Hashes.of(dict.fromkeys("abcd"))
    found = compare(files, pictures=nothing, sounds=nothing)
    [group] = found.groups({"a": "Fog"})
    assert (group.item_ids, group.name, group.kind) == (("a", "b", "c"), "Fog", "content")
    assert group.evidence == ("a and b: the same bytes", "b and c: the same bytes")
    assert found.compared == 0


def test_a_group_hangs_together_by_links_each_with_its_evidence() -> None:
    clips = {
        f"c{k}": Seen(pictures=noisy(pictures(1), 0.04, seed=k), sound=noisy(sound(1), 0.1, seed=k)) for k in range(12)
    }
    found = compared(**clips, other=Seen(pictures=pictures(2), sound=sound(2)))
    [group] = found.groups()
    assert set(group.item_ids) == set(clips)
    assert len(group.evidence) == len(found.same) >= 11
    assert found.shared_sound == ()


def test_nothing_of_nothing() -> None:
    found = compared()
    assert (found.same, found.shared_sound, found.groups()) == ((), (), ())
    assert compared(a=FILM, b=Seen()).same == ()


def test_the_search_finds_the_planted_among_many_and_looks_at_few() -> None:
    """Two thousand clips of 120 pictures, forty pairs among them; the benchmark has ten times as many."""
    rng = np.random.default_rng(0)
    every = rng.integers(0, 1 << 16, (2000, 120, 8), dtype=np.uint16)
    for k in range(40):
        flips = words(packed(rng.random((120, 128)) < 0.05))
        every[2 * k + 1] = np.roll(every[2 * k], -(k % 7), axis=0) ^ flips
    times_s = np.arange(120) * 1.25
    ids = [f"{k:04d}" for k in range(2000)]
    hashes = Hashes.of({name: Track(words=one, times_s=times_s) for name, one in zip(ids, every, strict=True)})
    looked_up = candidates(hashes, PICTURE_KEYS)
    assert {(2 * k, 2 * k + 1) for k in range(40)} <= {(a, b) for a, b in looked_up.tolist()}
    assert len(looked_up) < 400  # of two million
    files = [Clip(item_id=name, path=name, bytes=k + 1, fingerprint=name) for k, name in enumerate(ids)]
    found = compare(files, pictures=hashes, sounds=Hashes.of(dict.fromkeys(ids)))
    assert same(found) == {(ids[2 * k], ids[2 * k + 1]) for k in range(40)}


def test_a_picture_that_a_thousand_clips_share_makes_no_million_of_pairs() -> None:
    logo = Track(words=np.full((1, 8), 77, np.uint16), times_s=np.zeros(1))
    hashes = Hashes.of({f"{k:04d}": replace(logo) for k in range(1000)})
    assert len(candidates(hashes, PICTURE_KEYS)) <= 8 * 1000


def test_sound_keys_must_agree_about_the_offset() -> None:
    bits = sound(1)
    hashes = Hashes.of({"a": track(bits, STEP_S), "b": track(bits[::-1], STEP_S), "c": track(bits, STEP_S)})
    assert candidates(hashes, SOUND_KEYS, votes=9, bin_s=1.0).tolist() == [[0, 2]]


def test_alignment_does_not_hang_on_which_clip_is_first() -> None:
    one, other = track(pictures(1), 0.5), track(noisy(pictures(1)[10:40], 0.05), 0.5)
    there, back = pictures_in_common(one, other), pictures_in_common(other, one)
    assert there is not None
    assert back is not None
    assert there.offset_s == pytest.approx(-back.offset_s)
    assert (there.count, there.share) == (back.count, back.share)
    left, right = track(sound(1), STEP_S), track(noisy(sound(1)[30:150], 0.1), STEP_S)
    heard, again = sound_in_common(left, right, step_s=STEP_S), sound_in_common(right, left, step_s=STEP_S)
    assert heard is not None
    assert again is not None
    assert heard.offset_s == pytest.approx(-again.offset_s) == pytest.approx(-30 * STEP_S)
    assert heard.count == again.count


def test_gaps_of_silence_keep_their_place() -> None:
    whole = track(sound(1), STEP_S)
    kept = np.r_[0:60, 120:240]
    gappy = Track(words=words(packed(noisy(sound(1), 0.1)))[kept], times_s=whole.times_s[kept])
    match = sound_in_common(whole, gappy, step_s=STEP_S)
    assert match is not None
    assert match.offset_s == 0
    assert match.share > 0.95


def test_nothing_in_common_is_none() -> None:
    empty = Track(words=np.zeros((0, 8), np.uint16), times_s=np.zeros(0))
    assert pictures_in_common(empty, track(pictures(1), 0.5)) is None
    assert sound_in_common(empty, empty, step_s=STEP_S) is None
    assert pictures_in_common(track(pictures(1), 0.5), track(pictures(2), 0.5)) is None


# -- real files ----------------------------------------------------------------------------------------------------


def wandering(seed: int) -> Picture:
    """Views of patches that change four times a second."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(30, 226, (40, HEIGHT // 8, WIDTH // 8, 3), np.uint8)
    views = coarse.repeat(8, axis=1).repeat(8, axis=2)
    return lambda at_s: views[int(at_s * 4) % len(views)]


def test_files_of_one_film_are_found_in_a_catalogue(tmp_path: Path) -> None:
    paths = {
        "film": write_clip(tmp_path / "film.mp4", picture=wandering(1)),
        "small": write_clip(tmp_path / "small.webm", picture=wandering(1), codec="libvpx", scale=0.75),
        "later": write_clip(tmp_path / "later.mp4", picture=lambda at_s: wandering(1)(at_s + 1.0), seconds=3),
        "other": write_clip(tmp_path / "other.mp4", picture=wandering(2)),
    }
    paths["copy"] = tmp_path / "copy.mp4"
    paths["copy"].write_bytes(paths["other"].read_bytes())
    films = catalogue_of(tmp_path / "films", *(Item(item_id=name) for name in paths), paths=paths)
    assert {group.item_ids for group in find(films).groups()} == {("copy", "other")}  # nothing measured yet
    extract(films, extractors=profile("duplicates"), workers=1)
    found = find(films)
    assert {group.item_ids for group in found.groups()} == {("film", "later", "small"), ("copy", "other")}
    [shifted] = [pair for pair in found.same if (pair.one, pair.other) == ("film", "later")]
    assert shifted.seen is not None
    assert shifted.seen.offset_s == pytest.approx(-1, abs=0.2)
