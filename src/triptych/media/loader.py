"""Loader: open a clip once and decode into a reel what was asked for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from triptych.errors import MediaError
from triptych.media.container import Scan, scan
from triptych.media.content import JUDGED_PX, RULES, first_look, non_content
from triptych.media.frames import DECODER, RGB, Decoded, decode
from triptych.media.reel import Frames, Reel, Span, Want
from triptych.media.sampling import Sampling
from triptych.media.timeline import Timeline, choose, reading_share, slots

#: Sound beyond this is left out, with a warning: an hour at 22.05 kHz is 318 MB.
SOUND_LIMIT_S = 3600.0
#: A clip of which more than this share must be decoded anyway is read with spare pictures for the second pass.
READ_THROUGH = 0.4
#: In slots this wide, a picture that no other refers to may be passed over for its neighbour.
SKIP_FROM_S = 1.0


def decoding_recipe(want: Want) -> dict[str, object]:
    """Everything that decides which numbers a reel holds, for the recipe of whoever measures on it."""
    samplings = sorted((asdict(s) for s in want.samplings), key=repr)
    recipe: dict[str, object] = {}
    if samplings:
        recipe |= {"samplings": samplings, "decoder": {**DECODER, "skip_from_s": SKIP_FROM_S}}
    if any(s.where == "content" for s in want.samplings):
        recipe["content"] = asdict(RULES)
    if want.sound_rates_hz:
        recipe["sound"] = {"rates_hz": sorted(want.sound_rates_hz), "limit_s": SOUND_LIMIT_S, "channels": "mono"}
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
        pictures = _Pictures(path, found, found.timeline, threads)
        frames, rejected = pictures.sample(sorted(want.samplings, key=repr))
        decoded = pictures.decoded
        if decoded.broken:
            warnings.append(f"{len(decoded.broken)} picture packets could not be decoded: {decoded.last_fault}")
        if not any(len(part) for part in frames.values()):
            cause = f": {decoded.last_fault}" if decoded.last_fault else ""
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
    )


class _Pictures:
    """Serves the samplings of one clip from as little decoding as their union needs."""

    def __init__(self, path: Path, found: Scan, timeline: Timeline, threads: int) -> None:
        self._path = path
        self._timeline = timeline
        self._threads = threads
        facts = found.probe.picture
        self._aspect = facts.pixel_aspect if facts is not None else 1.0
        self._skip = False
        self.decoded = Decoded()

    def sample(self, samplings: Sequence[Sampling]) -> tuple[dict[Sampling, Frames], tuple[Span, ...]]:
        rejected: tuple[Span, ...] = ()
        whole_s = self._timeline.duration_s
        self._skip = all(s.tolerance >= 0.25 and s.slot_s(whole_s) >= SKIP_FROM_S for s in samplings)
        if any(s.where == "content" for s in samplings):
            self._fetch(self._first_guess(samplings))
            rejected = non_content(self._timeline, self._look)
        whole = [(0.0, whole_s)]
        choices: dict[Sampling, list[int]] = {}
        wanted: dict[int, set[int]] = {}
        for sampling in samplings:
            valid = without(whole, rejected) if sampling.where == "content" else whole
            held = self.decoded.pictures.get(sampling.short_side_px, {})
            choices[sampling] = choose(self._timeline, slots(sampling, valid), held)
            wanted.setdefault(sampling.short_side_px, set()).update(p for p in choices[sampling] if p not in held)
        self._fetch({side: chosen for side, chosen in wanted.items() if chosen})
        return {sampling: self._frames(sampling, chosen) for sampling, chosen in choices.items()}, rejected

    def _first_guess(self, samplings: Sequence[Sampling]) -> dict[int, set[int]]:
        """What the first pass will look at, and what the second would choose if nothing were rejected.

        Fetched together, a clip that must be read from end to end anyway is read once.
        """
        zones = first_look(self._timeline)
        wanted: dict[int, set[int]] = {JUDGED_PX: set(zones)}
        for sampling in samplings:
            held = zones if sampling.short_side_px == JUDGED_PX and sampling.where == "content" else ()
            whole = [(0.0, self._timeline.duration_s)]
            guess = choose(self._timeline, slots(sampling, whole), held)
            if sampling.where == "content" and reading_share(self._timeline, guess) > READ_THROUGH:
                # Rejected segments will narrow the slots. With so many more pictures none will be left without
                # one, and the decoder passes over them anyway.
                guess = choose(self._timeline, slots(replace(sampling, **_denser(sampling)), whole), held)
            wanted.setdefault(sampling.short_side_px, set()).update(guess)
        return wanted

    def _look(self, pts: Sequence[int]) -> dict[int, RGB]:
        held = self.decoded.pictures[JUDGED_PX]
        self._fetch({JUDGED_PX: {p for p in pts if p not in held}})
        return {p: self.decoded.pictures[JUDGED_PX][p] for p in self._standing_in(JUDGED_PX, pts)}

    def _fetch(self, wanted: dict[int, set[int]]) -> None:
        if any(wanted.values()):
            self.decoded.take(
                decode(
                    self._path,
                    self._timeline,
                    wanted,
                    pixel_aspect=self._aspect,
                    threads=self._threads,
                    skip=self._skip,
                )
            )
        for side in wanted:
            self.decoded.pictures.setdefault(side, {})

    def _frames(self, sampling: Sampling, chosen: Sequence[int]) -> Frames:
        held = self.decoded.pictures.get(sampling.short_side_px, {})
        kept = self._standing_in(sampling.short_side_px, chosen)
        if not kept:
            return Frames(rgb=np.zeros((0, 1, 1, 3), np.uint8), times_s=np.zeros(0))
        times_s = np.asarray(self._timeline.seconds(np.array(kept, np.int64)))
        return Frames(rgb=np.stack([held[p] for p in kept]), times_s=times_s)

    def _standing_in(self, side: int, chosen: Sequence[int]) -> list[int]:
        """The pts that are held for the chosen ones: a picture that was broken, or passed over because no other
        refers to it, is stood for by the next one."""
        good = np.array(sorted(self.decoded.pictures.get(side, {})), np.int64)
        places = np.searchsorted(good, np.array(chosen, np.int64))
        return np.unique(good[places[places < len(good)]]).tolist()


def _denser(sampling: Sampling) -> dict[str, Any]:
    """The same sampling for what is left when both zones are rejected."""
    left = 1 - 2 * RULES.zone
    if sampling.count is not None:
        return {"count": math.ceil(sampling.count / left)}
    assert sampling.every_s is not None
    return {"every_s": sampling.every_s * left}


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
