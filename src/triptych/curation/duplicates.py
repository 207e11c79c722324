"""Duplicates: the same content in several files, told by what is seen and heard, and never by what a file is called."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import combinations
from typing import cast

from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Clip
from triptych.curation.alignment import JITTER_S, Match, Track, pictures_in_common, sound_in_common
from triptych.curation.groups import Group, components
from triptych.curation.hashes import Hashes, candidates
from triptych.errors import UnknownName
from triptych.features.extractor import Extractor
from triptych.features.feature import Presence
from triptych.features.hearing.fingerprint import STEP_S
from triptych.features.recipe import Recipe
from triptych.features.store import FeatureStore

PICTURE_HASH = "seeing/picture-hash"
FINGERPRINT = "hearing/fingerprint"
#: Bits that are looked up together: of pictures any two of the four lowest groups of sixteen; of sound any three bytes.
PICTURE_KEYS = tuple((*range(16 * a, 16 * a + 16), *range(16 * b, 16 * b + 16)) for a, b in combinations(range(4), 2))
SOUND_KEYS = tuple(tuple(bit for bit in range(32) if bit // 8 != left_out) for left_out in range(4))
#: Two hits that agree about the offset: one of one 24-bit key is chance in a large catalogue.
SOUND_VOTES, SOUND_BIN_S = 2, 1.0


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What it takes to be the same content.

    ``share``: of the shorter clip; a trailer within a longer one is the same content, a scene that two trailers
    have in common is not. ``agreement``: of the overlap. ``still``: pictures that differ less than this among
    themselves are one view, and a view is alike at any time and in another clip of the same camera: they tell only if
    they are ``nearer`` times closer to the other clip than to each other.
    """

    share: float = 0.5
    agreement: float = 0.6
    pictures: int = 4
    seen_s: float = 0.5
    still: float = 0.15
    nearer: float = 0.5
    heard_s: float = 1.0
    heard_distance: float = 0.22
    short_s: float = 3.0
    short_distance: float = 0.2
    heard_variety: float = 0.15
    same_length_s: float = 0.5
    still_distance: float = 0.02
    offsets_s: float = 0.5


RULES = Rules()


class Verdict(StrEnum):
    SAME = "the same content"
    SHARED_SOUND = "shared sound"


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two clips, and what they have in common. ``offset_s`` of a match counts from ``one`` to ``other``.

    ``unseen``: those of the two that have no pictures to look at.
    """

    one: str
    other: str
    verdict: Verdict
    same_file: bool = False
    seen: Match | None = None
    heard: Match | None = None
    unseen: tuple[str, ...] = ()

    @property
    def evidence(self) -> str:
        """One sentence.

        >>> Pair(one="a.mp4", other="b.mp4", verdict=Verdict.SAME, same_file=True).evidence
        'a.mp4 and b.mp4: the same bytes'
        """
        parts = ["the same bytes"] if self.same_file else []
        for what, match in (("seen", self.seen), ("heard", self.heard)):
            if match is not None:
                parts.append(
                    f"{what} alike for {match.seconds:.1f} s ({match.share:.0%} of the shorter), offset "
                    f"{match.offset_s:+.2f} s, {match.distance:.1%} of bits differ"
                )
        return f"{self.one} and {self.other}: {'; '.join(parts)}"


@dataclass(frozen=True, kw_only=True)
class Found:
    """``same``: the same content; ``shared_sound``: the same sound to other pictures; ``compared``: pairs looked at."""

    same: tuple[Pair, ...]
    shared_sound: tuple[Pair, ...]
    compared: int = 0

    def groups(self, names: Mapping[str, str] | None = None) -> tuple[Group, ...]:
        """What hangs together, with the evidence of every link. ``names``: item id → what to call it."""
        links: dict[str, list[Pair]] = {}
        for pair in self.same:
            links.setdefault(pair.one, []).append(pair)
        groups: list[Group] = []
        for members in components((pair.one, pair.other) for pair in self.same):
            evidence = tuple(pair.evidence for member in members for pair in links.get(member, ()))
            name = next((names[member] for member in members if names and names.get(member)), members[0])
            groups.append(Group(kind="content", item_ids=members, name=name, evidence=evidence))
        return tuple(groups)


def find(catalogue: Catalogue, *, rules: Rules = RULES, progress: Callable[[int, int], None] | None = None) -> Found:
    """The duplicates among a catalogue's clips, by the features that were measured; equal files need none."""
    clips = catalogue.clips()
    store = FeatureStore(catalogue.tables)
    ids = [clip.item_id for clip in clips]
    read = [
        Hashes.read(store, recipe, ids) if recipe is not None else Hashes.of(dict.fromkeys(ids))
        for recipe in (_recipe(store, PICTURE_HASH), _recipe(store, FINGERPRINT))
    ]
    return compare(clips, pictures=read[0], sounds=read[1], rules=rules, progress=progress)


def compare(
    clips: Sequence[Clip],
    *,
    pictures: Hashes,
    sounds: Hashes,
    rules: Rules = RULES,
    progress: Callable[[int, int], None] | None = None,
) -> Found:
    """Every two clips that a key of their pictures or of their sound brings together, looked at closely.

    ``pictures`` and ``sounds`` hold the clips' hashes, in the order of ``clips``.
    """
    looked_up = (
        candidates(pictures, PICTURE_KEYS),
        candidates(sounds, SOUND_KEYS, votes=SOUND_VOTES, bin_s=SOUND_BIN_S),
    )
    equal = _equal_files(clips)
    pairs = sorted({(int(a), int(b)) for found in looked_up for a, b in found.tolist()} - equal)
    judge = _Judge(pictures, sounds, rules)
    same = [
        Pair(one=clips[a].item_id, other=clips[b].item_id, verdict=Verdict.SAME, same_file=True)
        for a, b in sorted(equal)
    ]
    shared: list[Pair] = []
    for done, (a, b) in enumerate(pairs, start=1):
        pair = judge.pair(a, b)
        if pair is not None:
            (same if pair.verdict is Verdict.SAME else shared).append(pair)
        if progress is not None:
            progress(done, len(pairs))
    same, torn = _unbridged(same)
    together = _places(same)
    # Three files of one film also share its sound, two by two: that is said already.
    news = [p for p in (*shared, *torn) if together.get(p.one, -1) != together.get(p.other, -2)]
    news.sort(key=lambda pair: (pair.one, pair.other))
    return Found(same=tuple(same), shared_sound=tuple(news), compared=len(pairs))


def _unbridged(same: Sequence[Pair]) -> tuple[list[Pair], list[Pair]]:
    """The links that hold, and those by sound alone that would tie together films that do not look alike.

    A song without pictures may be heard in several trailers, and is none of them: where it goes with more than one
    film, none of its links to pictures holds.
    """
    sure = [pair for pair in same if pair.seen is not None or pair.same_file]
    film = _places(sure)
    unsure = [pair for pair in same if pair.seen is None and not pair.same_file]
    goes_with: dict[str, set[int | str]] = {}
    for pair in unsure:
        for mute, other in ((pair.one, pair.other), (pair.other, pair.one)):
            if mute in pair.unseen and other not in pair.unseen:
                goes_with.setdefault(mute, set()).add(film.get(other, other))
    held: list[Pair] = []
    torn: list[Pair] = []
    for pair in sorted(unsure, key=lambda pair: len(pair.unseen)):
        first = goes_with.setdefault(pair.unseen[0], set())
        both = first | goes_with.setdefault(pair.unseen[-1], set())
        if len(both) > 1:
            torn.append(pair)
            continue
        held.append(pair)
        # From here on the two are one, and what either goes with the other does.
        second = goes_with[pair.unseen[-1]]
        first |= second
        goes_with.update({mute: first for mute, films in goes_with.items() if films is second})
    kept = {(pair.one, pair.other) for pair in (*sure, *held)}
    return [pair for pair in same if (pair.one, pair.other) in kept], torn


def _places(pairs: Sequence[Pair]) -> dict[str, int]:
    """Item id → the number of the component it is in."""
    found = components((pair.one, pair.other) for pair in pairs)
    return {member: k for k, members in enumerate(found) for member in members}


class _Judge:
    """Looks at two clips at a time; what it unpacked of the last few stays at hand."""

    def __init__(self, pictures: Hashes, sounds: Hashes, rules: Rules) -> None:
        self._pictures, self._sounds, self._rules = pictures, sounds, rules
        self._seen_of = lru_cache(maxsize=256)(pictures.track)
        self._heard_of = lru_cache(maxsize=64)(sounds.track)

    def pair(self, a: int, b: int) -> Pair | None:
        seen = pictures_in_common(self._seen_of(a), self._seen_of(b))
        heard = sound_in_common(self._heard_of(a), self._heard_of(b), step_s=STEP_S)
        if heard is not None and not self._tells_sound(heard):
            heard = None
        verdict = self._verdict(a, b, seen, heard)
        if verdict is None:
            return None
        if seen is not None and not self._alike(seen):
            seen = None
        one, other = self._pictures.item_ids[a], self._pictures.item_ids[b]
        unseen = tuple(self._pictures.item_ids[k] for k in (a, b) if self._unseen(k))
        return Pair(one=one, other=other, verdict=verdict, seen=seen, heard=heard, unseen=unseen)

    def _unseen(self, clip: int) -> bool:
        return self._pictures.presence[clip] is not Presence.PRESENT

    def _verdict(self, a: int, b: int, seen: Match | None, heard: Match | None) -> Verdict | None:
        if seen is not None and self._alike(seen):
            if self._tells_pictures(seen):
                return Verdict.SAME
            if heard is not None and abs(heard.offset_s - seen.offset_s) <= self._reach_s(a, b):
                return Verdict.SAME
            if self._one_still(a, b, seen, heard):
                return Verdict.SAME
        if heard is None:
            return None
        return Verdict.SAME if self._unseen(a) or self._unseen(b) else Verdict.SHARED_SOUND

    def _alike(self, seen: Match) -> bool:
        rules = self._rules
        return (
            seen.count >= rules.pictures
            and seen.seconds >= rules.seen_s
            and seen.share >= rules.share
            and seen.agreement >= rules.agreement
        )

    def _tells_pictures(self, seen: Match) -> bool:
        return seen.variety >= self._rules.still or seen.distance <= self._rules.nearer * seen.variety

    def _one_still(self, a: int, b: int, seen: Match, heard: Match | None) -> bool:
        """One view from beginning to end in both, equally long, and no sound that says otherwise."""
        one, other = self._seen_of(a), self._seen_of(b)
        contradicted = heard is None and all(self._sounds.presence[k] is Presence.PRESENT for k in (a, b))
        return (
            not contradicted
            and seen.distance <= self._rules.still_distance
            and seen.agreement > 0.95
            and abs(one.seconds - other.seconds) <= max(self._rules.same_length_s, 0.02 * one.seconds)
            and abs(seen.offset_s) <= max(JITTER_S, one.step_s)
        )

    def _reach_s(self, a: int, b: int) -> float:
        """How far the offsets of picture and sound may be apart: pictures 30 s apart know theirs to 30 s."""
        return self._rules.offsets_s + max(_step_s(self._seen_of(a)), _step_s(self._seen_of(b)))

    def _tells_sound(self, heard: Match) -> bool:
        rules = self._rules
        near = rules.heard_distance if heard.seconds >= rules.short_s else rules.short_distance
        return (
            heard.seconds >= rules.heard_s
            and heard.share >= rules.share
            and heard.agreement >= rules.agreement
            and heard.distance <= near
            and heard.variety >= rules.heard_variety
        )


def _step_s(track: Track) -> float:
    return track.step_s if len(track) else 0.0


def _equal_files(clips: Sequence[Clip]) -> set[tuple[int, int]]:
    """Clips of one size and fingerprint, each with the next such."""
    held: dict[tuple[int, str], int] = {}
    equal: set[tuple[int, int]] = set()
    for k, clip in enumerate(clips):
        file = (clip.bytes, clip.fingerprint)
        if clip.bytes and clip.fingerprint and file in held:
            equal.add((held[file], k))
        held[file] = k
    return equal


def _recipe(store: FeatureStore, title: str) -> Recipe | None:
    """The recipe of that title that the extractor of today has, if it was measured; else None."""
    from triptych.features.registry import build

    recipe = cast(Extractor, build(title)).recipe
    try:
        return store.recipe_of(title, prefer=recipe.hash)
    except UnknownName:
        return None
