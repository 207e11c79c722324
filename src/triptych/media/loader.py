"""Loader: open a clip once and decode into a reel what was asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.errors import MediaError
from triptych.media.container import MAX_PIXELS, scan
from triptych.media.content import CARD_REASONS, JUDGED_PX, RULES, first_look, non_content
from triptych.media.frames import DECODER, RGB, Decoded, decode
from triptych.media.reel import Frames, Reel, Span, Want
from triptych.media.sampling import Sampling
from triptych.media.sound import MIXING
from triptych.media.timeline import Timeline, choose, reading_share, slots

#: Sound beyond this is left out, with a warning: an hour at 22.05 kHz is 318 MB.
SOUND_LIMIT_S = 3600.0
#: A clip of which more than this share must be decoded anyway is read with spare pictures for the second pass.
READ_THROUGH = 0.4
#: In slots of this many pictures, one that no other refers to may be passed over for its neighbour: encoders put
#: at most three such side by side, and 24/1.001 pictures a second make six slots of a little less than four.
SKIP_FROM_PICTURES = 3.9
#: The pictures that the first pass judges, as a sampling: it passes over pictures where the thesis's may.
JUDGED = Sampling(count=120, short_side_px=JUDGED_PX)


def decoding_recipe(want: Want) -> dict[str, object]:
    """Everything that decides which numbers a reel holds, for the recipe of whoever measures on it."""
    samplings = sorted((asdict(s) for s in want.samplings), key=repr)
    recipe: dict[str, object] = {}
    if samplings:
        recipe |= {"samplings": samplings, "decoder": {**DECODER, "skip_from_pictures": SKIP_FROM_PICTURES}}
    if any(s.where != "all" for s in want.samplings):
        recipe["content"] = {**asdict(RULES), "judged": asdict(JUDGED)}
    if want.sound_rates_hz:
        recipe["sound"] = {"rates_hz": sorted(want.sound_rates_hz), "limit_s": SOUND_LIMIT_S, **MIXING}
    return recipe


def open_reel(path: Path | str, want: Want, *, name: str = "", threads: int = 0) -> Reel:
    """Decode from one clip what ``want`` asks for, once.

    Raises MediaError when the file cannot be read at all. A single broken track is a fault of the reel, a
    loss that leaves something to measure is a warning. ``threads``: 0 lets the decoder take all cores.

    >>> open_reel("nowhere.mp4", Want())
    Traceback (most recent call last):
    ...
    triptych.errors.MediaError: 'nowhere.mp4' cannot be read: No such file or directory.
    """
    path = Path(path)
    found = scan(path, sound_rates_hz=want.sound_rates_hz, sound_limit_s=SOUND_LIMIT_S)
    warnings, faults = list(found.warnings), dict(found.faults)
    frames: dict[Sampling, Frames] = {}
    rejected: tuple[Span, ...] = ()
    decoded = Decoded()
    if found.timeline is not None and want.samplings:
        pictures = _Pictures(
            path=path,
            timeline=found.timeline,
            pixel_aspect=found.probe.picture.pixel_aspect if found.probe.picture is not None else 1.0,
            threads=threads,
        )
        frames, rejected = pictures.sample(sorted(want.samplings, key=repr))
        decoded = pictures.decoded
        if decoded.broken:
            warnings.append(f"{len(decoded.broken)} picture packets could not be decoded: {decoded.last_fault}")
        if not pictures.judged and not any(len(part) for part in frames.values()):
            cause = f": {decoded.last_fault}" if decoded.last_fault else ""
            if found.probe.picture is not None and not found.probe.picture.width_px:
                cause += f"; they have no size, or more than {MAX_PIXELS:,} pixels"
            faults["picture"] = f"no picture of {path.name!r} could be decoded{cause}."
            frames = {}
    if len(faults) == (found.probe.picture is not None) + bool(found.probe.sounds) and faults:
        raise MediaError(" ".join(faults.values()))
    return Reel(
        name=name or path.name,
        probe=found.probe,
        frames=frames,
        sounds=found.sounds,
        rejected=rejected,
        warnings=tuple(warnings),
        faults=faults,
        decoded_frames=decoded.count,
        keyframes_s=_keyframes(found.timeline),
    )


def _keyframes(timeline: Timeline | None) -> npt.NDArray[np.float64]:
    return np.zeros(0) if timeline is None else np.asarray(timeline.seconds(timeline.keys))


@dataclass(kw_only=True, eq=False)
class _Pictures:
    """Serves the samplings of one clip from as little decoding as their union needs.

    What a sampling gets may not depend on which others were asked for beside it. So each makes its own choice,
    from what was decoded on its own account, and only the decoding is shared: between those that take every
    picture as it is, and between those that let a neighbour stand in.
    """

    path: Path
    timeline: Timeline
    pixel_aspect: float
    threads: int
    exact: Decoded = field(default_factory=Decoded)
    skipping: Decoded = field(default_factory=Decoded)
    judged: set[int] = field(default_factory=set[int])
    #: (passing over or not, short side) → pts that were asked for. What stood in for one may bear another's pts.
    asked: dict[tuple[bool, int], set[int]] = field(default_factory=dict[tuple[bool, int], set[int]])

    def sample(self, samplings: Sequence[Sampling]) -> tuple[dict[Sampling, Frames], tuple[Span, ...]]:
        whole = [(0.0, self.timeline.duration_s)]
        guesses = {sampling: self._guess(sampling) for sampling in samplings}
        rejected: tuple[Span, ...] = ()
        if any(s.where != "all" for s in samplings):
            # Fetched together, a clip that must be read from end to end anyway is read once.
            self._fetch([*guesses.items(), (JUDGED, first_look(self.timeline))])
            rejected = non_content(self.timeline, self._look)
        valid = without(whole, rejected)
        cards = [(span.start_s, span.end_s) for span in rejected if span.reason in CARD_REASONS]
        chosen: dict[Sampling, Sequence[int]] = dict(guesses)
        for sampling, guess in guesses.items():
            if sampling.where == "content":
                spare = {*_standing_in(self._held(sampling), guess), *(self.judged if self._alike(sampling) else ())}
                chosen[sampling] = choose(self.timeline, slots(sampling, valid), spare)
            elif sampling.where == "cards":
                chosen[sampling] = choose(self.timeline, slots(sampling, cards))
        self._fetch(list(chosen.items()))
        for sampling, pts in chosen.items():
            if pts and not _standing_in(self._held(sampling), pts):
                # Broken from before its first choice to the end of the clip: its first good picture is what there is.
                chosen[sampling] = self.timeline.pts[:1].tolist()
                self._fetch([(sampling, chosen[sampling])])
        return {sampling: self._frames(sampling, pts) for sampling, pts in chosen.items()}, rejected

    @property
    def decoded(self) -> Decoded:
        both = Decoded()
        both.take(self.exact)
        both.take(self.skipping)
        return both

    def _guess(self, sampling: Sampling) -> list[int]:
        """What the sampling would choose if nothing were rejected: for one of the whole clip, its choice."""
        if sampling.where == "cards":
            return []
        whole = [(0.0, self.timeline.duration_s)]
        if sampling.where != "content":
            return choose(self.timeline, slots(sampling, whole))
        spare = first_look(self.timeline) if self._alike(sampling) else ()
        guess = choose(self.timeline, slots(sampling, whole), spare)
        if reading_share(self.timeline, guess) > READ_THROUGH:
            # Rejected segments will narrow the slots. With so many more pictures none will be left without
            # one, and the decoder passes over them anyway.
            guess = choose(self.timeline, slots(replace(sampling, **_denser(sampling)), whole), spare)
        return guess

    def _skips(self, sampling: Sampling) -> bool:
        return sampling.tolerance >= 0.25 and sampling.slot_s(self.timeline.duration_s) >= (
            SKIP_FROM_PICTURES * self.timeline.step_s
        )

    def _alike(self, sampling: Sampling) -> bool:
        """Whether pictures that were judged are such as the sampling takes."""
        return sampling.short_side_px == JUDGED_PX and self._skips(sampling) == self._skips(JUDGED)

    def _held(self, sampling: Sampling) -> dict[int, RGB]:
        decoded = self.skipping if self._skips(sampling) else self.exact
        return decoded.pictures.setdefault(sampling.short_side_px, {})

    def _look(self, pts: Sequence[int]) -> dict[int, RGB]:
        self._fetch([(JUDGED, pts)])
        held = self._held(JUDGED)
        seen = _standing_in(held, pts)
        self.judged.update(seen)
        return {p: held[p] for p in seen}

    def _fetch(self, orders: Sequence[tuple[Sampling, Sequence[int]]]) -> None:
        for skip, decoded in ((False, self.exact), (True, self.skipping)):
            wanted: dict[int, set[int]] = {}
            for sampling, pts in orders:
                if self._skips(sampling) == skip:
                    held, asked = self._held(sampling), self.asked.setdefault((skip, sampling.short_side_px), set())
                    fresh = {p for p in pts if p not in asked and p not in held}
                    wanted.setdefault(sampling.short_side_px, set()).update(fresh)
                    asked |= fresh
            decoded.take(
                decode(
                    self.path,
                    self.timeline,
                    wanted,
                    pixel_aspect=self.pixel_aspect,
                    threads=self.threads,
                    skip=skip,
                )
            )

    def _frames(self, sampling: Sampling, chosen: Sequence[int]) -> Frames:
        held = self._held(sampling)
        kept = _standing_in(held, chosen)
        if not kept:
            return Frames(rgb=np.zeros((0, 1, 1, 3), np.uint8), times_s=np.zeros(0))
        shape = held[kept[0]].shape
        # A picture may be turned half-way, by the camera that was: it is turned back to lie beside the others.
        pictures = [held[p] if held[p].shape == shape else np.rot90(held[p]) for p in kept]
        return Frames(rgb=np.stack(pictures), times_s=np.asarray(self.timeline.seconds(np.array(kept, np.int64))))


def _standing_in(held: Mapping[int, RGB], chosen: Sequence[int]) -> list[int]:
    """The pts that are held for the chosen ones: a picture that was broken, or passed over because no other
    refers to it, is stood for by the next one."""
    good = np.array(sorted(held), np.int64)
    places = np.searchsorted(good, np.array(chosen, np.int64))
    return np.unique(good[places[places < len(good)]]).tolist()


def _denser(sampling: Sampling) -> dict[str, Any]:
    """The same sampling with more pictures, nearer the middles of their slots: two neighbours are then no further
    apart than a slot of what is left when up to a tenth of the clip is rejected."""
    tolerance = min(sampling.tolerance, 0.25)
    share = 0.9 / (1 + 2 * tolerance)
    if sampling.count is not None:
        return {"count": math.ceil(sampling.count / share), "tolerance": tolerance}
    assert sampling.every_s is not None
    return {"every_s": sampling.every_s * share, "tolerance": tolerance}


def without(valid: Sequence[tuple[float, float]], rejected: Sequence[Span]) -> list[tuple[float, float]]:
    """Take the rejected spans out of the valid stretches.

    >>> without([(0.0, 10.0)], [Span(start_s=0.0, end_s=1.0, reason="black"), Span(start_s=4, end_s=5, reason="card")])
    [(1.0, 4), (5, 10.0)]
    """
    left = list(valid)
    for span in rejected:
        cut: list[tuple[float, float]] = []
        for start_s, end_s in left:
            if span.end_s <= start_s or span.start_s >= end_s:
                cut.append((start_s, end_s))
                continue
            if span.start_s > start_s:
                cut.append((start_s, span.start_s))
            if span.end_s < end_s:
                cut.append((span.end_s, end_s))
        left = cut
    return left
