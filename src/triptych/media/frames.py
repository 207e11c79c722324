"""Frames: decode the chosen pictures of a clip, and no more than must be decoded to reach them.

The chosen pictures fall into runs. Within a run the decoder goes on from picture to picture; between runs it
jumps to a keyframe. A clip whose choices are dense is one run, read in one sequential pass.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av import VideoFrame
from av.container import InputContainer
from av.video.stream import VideoStream

from triptych.media.container import MAX_PIXELS, opened, picture_stream
from triptych.media.picture import shown_size, to_rgb
from triptych.media.timeline import Timeline

#: Going on decoding over this many unwanted pictures is cheaper than a jump, which empties the decoder.
JUMP_OVER = 8
#: A source this many times larger than any wanted picture is decoded without its deblocking filter: what the
#: filter smooths is far smaller than a pixel of the result (36 dB to the filtered picture at 224 px), and it
#: takes a quarter to a third of the decoder's time. Part of the recipe through ``DECODER``.
DEBLOCK_BELOW = 2
#: Below this many pictures, opening the file a second time costs what the second core would gain.
WORTH_SPLITTING = 48
DECODER = {"deblock_below": DEBLOCK_BELOW, "scaler": "area", "jump_over": JUMP_OVER, "version": 1}

#: (keyframe to enter at, or None for the start of the file; pts to take), one after the other.
Share = Sequence[tuple[int | None, list[int]]]

RGB = npt.NDArray[np.uint8]


@dataclass(kw_only=True, eq=False)
class Decoded:
    """``pictures``: for each short side, pts → picture. ``at``: the pts asked for → the pts that stood in."""

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
    queue = sorted({pts for chosen in wanted.values() for pts in chosen})
    shares = split(timeline, runs(timeline, queue), threads or os.cpu_count() or 1)
    missed: list[int] = []

    def work(share: Share) -> tuple[Decoded, list[int]]:
        return _pass(path, timeline, share, wanted, pixel_aspect, skip=skip)

    # One decoder for each share of the clip: codecs' own threads gain a fifth on two cores, this nearly doubles.
    with ThreadPoolExecutor(max_workers=max(len(shares), 1)) as pool:
        for part, overshot in pool.map(work, shares) if len(shares) > 1 else map(work, shares):
            decoded.take(part)
            missed += overshot
    if missed:
        # A container whose jumps land past their keyframe (no index, or a wrong one) is read from its start.
        part, _ = _pass(path, timeline, [(None, missed)], wanted, pixel_aspect, skip=False)
        decoded.take(part)
    return decoded


def runs(timeline: Timeline, queue: Collection[int]) -> list[tuple[int, list[int]]]:
    """Group sorted pts into (keyframe to enter at, pts) runs."""
    found: list[tuple[int, list[int]]] = []
    position = -1
    for pts in queue:
        entry = timeline.entry(pts)
        index = int(np.searchsorted(timeline.pts, pts))
        if not found or int(np.searchsorted(timeline.pts, entry)) - position > JUMP_OVER:
            found.append((entry, []))
        found[-1][1].append(pts)
        position = index
    return found


def split(timeline: Timeline, plan: Sequence[tuple[int, list[int]]], parts: int) -> list[Share]:
    """Cut a plan into at most ``parts`` shares of about equal decoding, each entered at a keyframe."""
    pieces: list[tuple[int, list[int]]] = []
    for entry, run in plan:
        pieces.append((entry, []))
        for pts in run:
            key = timeline.entry(pts)
            if key > pieces[-1][0] and pieces[-1][1]:
                pieces.append((key, []))
            pieces[-1][1].append(pts)
    ends = np.searchsorted(timeline.pts, [run[-1] for _, run in pieces])
    starts = np.searchsorted(timeline.pts, [entry for entry, _ in pieces])
    cost = np.cumsum(ends - starts + 1) if pieces else np.zeros(0)
    if not pieces or parts < 2 or cost[-1] < WORTH_SPLITTING:
        return [list(plan)] if plan else []
    share = np.minimum(((cost - 1) * parts // cost[-1]).astype(int), parts - 1)
    shares: list[Share] = [[] for _ in range(parts)]
    for part, piece in zip(share.tolist(), pieces, strict=True):
        shares[part].append(piece)
    # Within a share, pieces that follow on each other are one run again.
    return [list(runs(timeline, [pts for _, run in each for pts in run])) for each in shares if each]


def _pass(
    path: Path,
    timeline: Timeline,
    share: Share,
    wanted: Mapping[int, Collection[int]],
    pixel_aspect: float,
    *,
    skip: bool,
) -> tuple[Decoded, list[int]]:
    """One opening of the file: what was decoded, and the pts that a jump overshot."""
    decoded = Decoded(pictures={side: {} for side in wanted})
    missed: list[int] = []
    with opened(path) as container:
        video = picture_stream(container)
        assert video is not None  # there is a timeline, so there was a picture track
        context = video.codec_context
        context.thread_type, context.thread_count = "SLICE", 1
        options = {"max_pixels": str(MAX_PIXELS)}
        if min(context.width, context.height) >= DEBLOCK_BELOW * max(wanted, default=0):
            options["skip_loop_filter"] = "all"
        context.options = options
        if skip:
            context.skip_frame = "NONREF"
        sink = _Sink(wanted, decoded, pixel_aspect)
        for k, (entry, run) in enumerate(share):
            if entry is not None and (k or entry != timeline.keys[0]):
                container.seek(entry, stream=video, backward=True, any_frame=False)
            missed += _run(container, video, run, sink, decoded, strict=entry is not None)
    return decoded, missed


def _run(
    container: InputContainer, video: VideoStream, run: list[int], sink: _Sink, decoded: Decoded, *, strict: bool
) -> list[int]:
    waiting = list(reversed(run))
    first = True
    packets = container.demux(video)
    while waiting:
        try:
            packet = next(packets, None)
        except av.error.FFmpegError as fault:
            decoded.last_fault = _words(fault)
            break
        if packet is None:
            break
        try:
            pictures = packet.decode()
        except av.error.FFmpegError as fault:
            decoded.broken.add(packet.pts or packet.dts or -1)
            decoded.last_fault = _words(fault)
            continue
        for frame in pictures:
            assert isinstance(frame, VideoFrame)
            decoded.count += 1
            pts = frame.pts if frame.pts is not None else frame.dts
            if pts is None:
                continue
            if first and strict and pts > waiting[-1]:
                return run
            first = False
            asked: list[int] = []
            while waiting and waiting[-1] <= pts:
                asked.append(waiting.pop())
            if asked:
                sink.keep(frame, pts, asked)
            if not waiting:
                break
    return []


class _Sink:
    """Scales a decoded picture to each size that asked for it."""

    def __init__(self, wanted: Mapping[int, Collection[int]], decoded: Decoded, pixel_aspect: float) -> None:
        self._wanted = {side: frozenset(chosen) for side, chosen in wanted.items()}
        self._decoded = decoded
        self._aspect = pixel_aspect
        self._shape: dict[int, tuple[int, ...]] = {}

    def keep(self, frame: VideoFrame, pts: int, asked: list[int]) -> None:
        for side, chosen in self._wanted.items():
            if chosen.isdisjoint(asked):
                continue
            width, height = shown_size(frame.width, frame.height, pixel_aspect=self._aspect, short_side_px=side)
            picture = to_rgb(frame, width_px=width, height_px=height)
            # A stream may change its size half-way; all pictures of a reel are of the first one's.
            shape = self._shape.setdefault(side, picture.shape)
            if picture.shape != shape:
                picture = to_rgb(frame, width_px=shape[1], height_px=shape[0])
                if picture.shape != shape:
                    picture = np.ascontiguousarray(np.rot90(picture))
            self._decoded.pictures[side][pts] = picture


def _words(fault: Exception) -> str:
    return (getattr(fault, "strerror", None) or str(fault)).strip().rstrip(".")
