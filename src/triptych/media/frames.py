"""Frames: decode the chosen pictures of a clip, and no more than must be decoded to reach them.

The chosen pictures fall into runs. Within a run the decoder goes on from picture to picture; between runs it
jumps to a keyframe. A clip whose choices are dense is one run, read in one sequential pass.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
from av import VideoFrame
from av.codec.context import ThreadType
from av.container import InputContainer
from av.video.stream import VideoStream

from triptych.media.container import MAX_PIXELS, opened, packets_of, picture_stream
from triptych.media.fault import FAULTS, words
from triptych.media.picture import Scaler, shown_size, to_rgb
from triptych.media.timeline import Timeline

#: Going on decoding over this many unwanted pictures is cheaper than a jump, which empties the decoder.
JUMP_OVER = 8
#: A source this many times larger than the wanted picture is decoded without its deblocking filter: what the
#: filter smooths is far smaller than a pixel of the result (36 dB to the filtered picture at 224 px), and it
#: takes a quarter to a third of the decoder's time. Part of the recipe through ``DECODER``.
DEBLOCK_BELOW = 2
#: For this purpose all pictures up to this size count as one size: they are taken from one decoding, and what
#: one of them looks like may not depend on which others were asked for.
DEBLOCK_LEAST_PX = 224
#: A share of this many pictures pays for opening the file once more.
SHARE = 128
#: A clip is cut into at most so many shares, however many cores there are: a damaged clip decodes differently when
#: entered elsewhere, and may not differ from machine to machine.
MAX_SHARES = 8
DECODER = {
    "deblock_below": DEBLOCK_BELOW,
    "deblock_least_px": DEBLOCK_LEAST_PX,
    "scaler": "area",
    "jump_over": JUMP_OVER,
    "version": 3,
}

RGB = npt.NDArray[np.uint8]
#: (keyframe to enter at; pts to take).
Run = tuple[int, list[int]]


@dataclass(kw_only=True, eq=False)
class Decoded:
    """``pictures``: for each short side, pts → picture. ``count``: pictures that went through the decoder."""

    pictures: dict[int, dict[int, RGB]] = field(default_factory=dict[int, dict[int, RGB]])
    count: int = 0
    broken: set[int] = field(default_factory=set[int])  # pts (or dts) of packets that gave an error
    last_fault: str = ""

    def take(self, other: Decoded) -> None:
        for side, found in other.pictures.items():
            self.pictures.setdefault(side, {}).update(found)
        self.count += other.count
        self.broken |= other.broken
        self.last_fault = other.last_fault or self.last_fault

    def fail(self, stamp: int | None, fault: BaseException) -> None:
        self.broken.add(-1 if stamp is None else stamp)
        self.last_fault = words(fault)


def decode(
    path: Path,
    timeline: Timeline,
    wanted: Mapping[int, Collection[int]],
    *,
    pixel_aspect: float = 1.0,
    threads: int = 0,
    skip: bool = False,
) -> Decoded:
    """Decode the pictures with the given pts, each scaled to the short sides that ask for it.

    ``wanted``: short side in pixels → pts. A picture that is broken is stood for by the next good one, under
    that one's own pts; what no picture stands for is left out. ``threads``: 0 takes all cores; the pictures
    are the same whatever it is. ``skip`` passes over pictures that no other refers to, so that one within a
    few pictures of the one asked for stands in: half the work where such a neighbour is as good.
    """
    decoded = Decoded(pictures={side: {} for side in wanted})
    likes: dict[int, dict[int, Collection[int]]] = {}
    for side, chosen in wanted.items():
        if chosen:
            likes.setdefault(max(side, DEBLOCK_LEAST_PX), {})[side] = chosen
    for like in likes.values():
        job = _Job(path=path, timeline=timeline, wanted=like, pixel_aspect=pixel_aspect)
        job.work(decoded, threads or os.cpu_count() or 1, skip=skip)
    return decoded


def runs(timeline: Timeline, queue: Collection[int]) -> list[Run]:
    """Group sorted pts into (keyframe to enter at, pts) runs."""
    pts = np.fromiter(queue, np.int64, len(queue))
    entries = timeline.entries(pts)
    places, entry_places = np.searchsorted(timeline.pts, pts), np.searchsorted(timeline.pts, entries)
    found: list[Run] = []
    position = -1 - JUMP_OVER
    for stamp, entry, place, entry_place in zip(
        pts.tolist(), entries.tolist(), places.tolist(), entry_places.tolist(), strict=True
    ):
        if not found or entry_place - position > JUMP_OVER:
            found.append((entry, []))
        found[-1][1].append(stamp)
        position = place
    return found


def split(timeline: Timeline, plan: Sequence[Run]) -> list[list[Run]]:
    """Cut a plan into shares of about equal decoding, each entered at a keyframe."""
    pieces: list[Run] = []
    for entry, run in plan:
        pieces.append((entry, []))
        for pts, key in zip(run, timeline.entries(np.array(run, np.int64)).tolist(), strict=True):
            if key > pieces[-1][0] and pieces[-1][1]:
                pieces.append((key, []))
            pieces[-1][1].append(pts)
    if not pieces:
        return []
    ends = np.searchsorted(timeline.pts, [run[-1] for _, run in pieces])
    starts = np.searchsorted(timeline.pts, [entry for entry, _ in pieces])
    cost = np.cumsum(ends - starts + 1)
    parts = min(int(cost[-1]) // SHARE, MAX_SHARES)
    if parts < 2:
        return [list(plan)]
    shares: list[list[int]] = [[] for _ in range(parts)]
    for part, (_, run) in zip(((cost - 1) * parts // cost[-1]).tolist(), pieces, strict=True):
        shares[part] += run
    return [runs(timeline, share) for share in shares if share]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Job:
    """Pictures of one file that are decoded alike."""

    path: Path
    timeline: Timeline
    wanted: Mapping[int, Collection[int]]
    pixel_aspect: float

    def work(self, decoded: Decoded, threads: int, *, skip: bool) -> None:
        missed = sorted({pts for chosen in self.wanted.values() for pts in chosen})
        if not self.timeline.counted:
            shares = split(self.timeline, runs(self.timeline, missed))
            # One decoder for each share: codecs' own threads gain a fifth on two cores, this nearly doubles.

            def read(share: Sequence[Run]) -> tuple[Decoded, _Left]:
                return self._pass(share, skip=skip)

            if min(threads, len(shares)) < 2:
                left = _joined(decoded, map(read, shares))
            else:
                with ThreadPoolExecutor(max_workers=min(threads, len(shares))) as pool:
                    left = _joined(decoded, pool.map(read, shares))
            missed = left.missed
            if skip and (missed or left.ended):
                # At the clip's end there may be no other picture to stand in for one that was passed over.
                again = runs(self.timeline, sorted(missed + left.ended))
                missed = _joined(decoded, [self._pass(again, skip=False)]).missed
        if missed:
            # A container whose jumps land past their keyframe (no index, or a wrong one) is read from its start.
            _joined(decoded, [self._pass([(int(self.timeline.keys[0]), missed)], skip=False, jump=False)])

    def _pass(self, share: Sequence[Run], *, skip: bool, jump: bool = True) -> tuple[Decoded, _Left]:
        """One opening of the file: what was decoded, and what was not."""
        decoded = Decoded(pictures={side: {} for side in self.wanted})
        with opened(self.path) as container:
            video = picture_stream(container)
            assert video is not None  # there is a timeline, so there was a picture track
            context = video.codec_context
            context.thread_type, context.thread_count = ThreadType.SLICE, 1
            options = {"max_pixels": str(MAX_PIXELS)}
            least_px = DEBLOCK_BELOW * max(DEBLOCK_LEAST_PX, *self.wanted)
            if min(context.width, context.height) >= least_px:
                options["skip_loop_filter"] = "all"
            context.options = options
            if skip:
                context.skip_frame = "NONREF"
            sink = _Sink(self.wanted, decoded, self.pixel_aspect, (context.width, context.height))
            reader = _Reader(container, video, self.timeline, sink, decoded, jump=jump)
            for run in share:
                reader.serve(run)
        return decoded, reader.left


@dataclass(kw_only=True, eq=False)
class _Left:
    """Wanted pts that got no picture: the decoder was not brought before them, or the clip ended before one came."""

    missed: list[int] = field(default_factory=list[int])
    ended: list[int] = field(default_factory=list[int])


def _joined(decoded: Decoded, parts: Iterable[tuple[Decoded, _Left]]) -> _Left:
    left = _Left()
    for part, rest in parts:
        decoded.take(part)
        left.missed += rest.missed
        left.ended += rest.ended
    return left


class _Reader:
    """One opened file, read run by run, forwards."""

    def __init__(
        self,
        container: InputContainer,
        video: VideoStream,
        timeline: Timeline,
        sink: _Sink,
        decoded: Decoded,
        *,
        jump: bool,
    ) -> None:
        self._container, self._video, self._timeline = container, video, timeline
        self._sink, self._decoded = sink, decoded
        self._jump = jump
        self.left = _Left()
        self._packets = packets_of(container, video)
        self._ready: Iterator[VideoFrame] = iter(())
        self._back = 0  # how many keyframes before the right one a jump must aim to land before it
        self._stamp: int | None = None  # of the last picture decoded
        self._shown = 0

    def serve(self, run: Run) -> None:
        """Hand the run's pictures to the sink."""
        entry, wanted = run
        at_start = self._stamp is None and entry == self._timeline.keys[0]
        if at_start or not self._jump or self._enter(entry, before=wanted[0]):
            self.left.ended += self._read(wanted)
        else:
            self.left.missed += wanted

    def _enter(self, entry: int, *, before: int) -> bool:
        """Jump to a keyframe. False if the first picture from there comes after ``before``, or none comes."""
        place = int(np.searchsorted(self._timeline.keys, entry))
        reached, usual = self._stamp, self._back
        for back in range(usual, 2):
            # A container without an index is searched by the times at which packets are decoded, not shown, and
            # may be entered just past the keyframe.
            target = int(self._timeline.keys[max(place - back, 0)])
            if reached is not None and target <= reached and back == usual:
                return True  # it is nearer to read on
            try:
                self._container.seek(target, stream=self._video, backward=True, any_frame=False)
            except FAULTS as fault:
                self._decoded.last_fault = words(fault)
                return False
            self._packets, self._ready = packets_of(self._container, self._video), iter(())
            first = next(self._pictures(), None)
            if first is not None and first[1] <= before:
                # A file that can only be entered at its beginning is better read on.
                self._jump = reached is None or first[1] > reached or target <= reached
                self._ready = chain([first[0]], self._ready)
                return True
            self._back = min(back + 1, 1)
        return False

    def _read(self, wanted: Sequence[int]) -> list[int]:
        waiting = list(reversed(wanted))
        for frame, stamp in self._pictures():
            asked: list[int] = []
            while waiting and waiting[-1] <= stamp:
                asked.append(waiting.pop())
            if asked and not self._sink.keep(frame, stamp, asked):
                waiting += reversed(asked)
            if not waiting:
                break
        return waiting[::-1]

    def _pictures(self) -> Iterator[tuple[VideoFrame, int]]:
        """What the decoder gives from here on, with its stamp."""
        while True:
            for frame in self._ready:
                yield frame, self._stamped(frame)
            try:
                packet = next(self._packets, None)
            except FAULTS as fault:
                self._decoded.last_fault = words(fault)
                return
            if packet is None:
                return
            try:
                frames = cast(list[VideoFrame], packet.decode())
            except FAULTS as fault:
                self._decoded.fail(packet.pts if packet.pts is not None else packet.dts, fault)
                continue
            self._decoded.count += len(frames)
            self._ready = iter(frames)

    def _stamped(self, frame: VideoFrame) -> int:
        if self._timeline.counted:
            stamp = int(self._timeline.pts[min(self._shown, len(self._timeline.pts) - 1)])
            self._shown += 1
        elif frame.pts is not None:
            stamp = frame.pts
        elif frame.dts is not None:
            stamp = frame.dts
        elif self._stamp is not None:
            # The last pictures out of a decoder may come without a stamp: they follow on those before.
            stamp = self._stamp + self._timeline.last_ticks
        else:
            stamp = int(self._timeline.pts[0])
        self._stamp = stamp
        return stamp


class _Sink:
    """Scales a decoded picture to each size that asked for it."""

    def __init__(
        self,
        wanted: Mapping[int, Collection[int]],
        decoded: Decoded,
        pixel_aspect: float,
        stored_px: tuple[int, int],
    ) -> None:
        self._wanted = {side: frozenset(chosen) for side, chosen in wanted.items()}
        self._decoded = decoded
        self._aspect = pixel_aspect
        self._stored_px = stored_px
        self._scalers = {side: Scaler() for side in wanted}

    def keep(self, frame: VideoFrame, stamp: int, asked: Sequence[int]) -> bool:
        """False when the picture is of a kind that cannot be converted."""
        # A stream may change its size half-way; all pictures of a reel are of the size that the file declares.
        width_px, height_px = self._stored_px if all(self._stored_px) else (frame.width, frame.height)
        for side, chosen in self._wanted.items():
            if chosen.isdisjoint(asked):
                continue
            width, height = shown_size(width_px, height_px, pixel_aspect=self._aspect, short_side_px=side)
            try:
                picture = to_rgb(frame, width_px=width, height_px=height, scaler=self._scalers[side])
            except FAULTS as fault:
                self._decoded.fail(stamp, fault)
                return False
            self._decoded.pictures[side][stamp] = picture
        return True
