"""Sound: the main track as one channel at the rates that were asked for, gathered packet by packet."""

from __future__ import annotations

from collections.abc import Collection
from typing import cast

import av
import numpy as np
import numpy.typing as npt
from av.audio.stream import AudioStream
from av.packet import Packet

from triptych.media.fault import FAULTS, words
from triptych.media.reel import Sound

#: Decoded samples are resampled this many at a time: one call a packet would cost four times the decoding.
CHUNK = 1 << 17
#: A hole in the track's clock this long is filled with silence, so that what follows keeps its place.
HOLE_S = 0.1
#: A jump of the clock beyond this, either way, is a broken clock and not a hole.
CLOCK_S = 60.0
#: What the samples depend on beside the rate, for the recipe.
MIXING = {"channels": "mono", "hole_s": HOLE_S, "version": 2}

Samples = npt.NDArray[np.float32]


class SoundTrack:
    """Feeds packets to the decoder, and what it gives, in chunks, to one resampler per rate; counts what was lost."""

    def __init__(self, rates_hz: Collection[int], *, limit_s: float) -> None:
        self._parts: dict[int, list[Samples]] = {rate: [] for rate in sorted(set(rates_hz))}
        self._resamplers: dict[int, av.AudioResampler] = {}
        self._queue = av.AudioFifo()
        self._kind: tuple[str, str, int] | None = None
        self._fold = False
        self._limit_s = limit_s
        self._held_s = 0.0
        self._clock_s = 0.0  # the clock's time of the first sample held
        self.start_s: float | None = None
        self.packets = self.lost = self.decoded = 0
        self.last_fault = ""
        self.cut = False

    def feed(self, packet: Packet[AudioStream]) -> None:
        """Decode one packet; a bad one is counted and passed over, as players do."""
        if not self._parts or self.cut:
            return
        self.packets += bool(packet.size)
        try:
            for frame in packet.decode():
                if frame.samples and frame.sample_rate:
                    self._take(frame)
            if self._queue.samples >= CHUNK:
                self._resample(self._queue.read(CHUNK))
        except FAULTS as fault:
            self.lost += 1
            self.last_fault = words(fault)
        self.cut = self._held_s >= self._limit_s

    def finish(self) -> None:
        """Empty the queue and the resamplers."""
        try:
            self._empty()
        except FAULTS as fault:
            self.lost += 1
            self.last_fault = words(fault)

    def sounds(self, *, start_s: float | None) -> dict[int, Sound]:
        """One Sound per rate, its first sample at ``start_s`` on the file's clock; at None, the track's own start."""
        if not self.decoded:
            return {}
        offset_s = 0.0 if start_s is None or self.start_s is None else self.start_s - start_s
        if abs(offset_s) > CLOCK_S:
            offset_s = 0.0
        found: dict[int, Sound] = {}
        for rate, parts in self._parts.items():
            shift = round(offset_s * rate)
            samples = np.concatenate([np.zeros(max(shift, 0), np.float32), *parts])
            parts.clear()  # an hour is 300 MB a rate
            samples = samples[max(-shift, 0) :][: int(self._limit_s * rate)]
            # A broken encoder's NaN is silence to a player, and no player's output goes beyond full scale.
            np.nan_to_num(samples, copy=False, nan=0.0, posinf=1.0, neginf=-1.0)
            found[rate] = Sound(samples=np.clip(samples, -1.0, 1.0, out=samples), rate_hz=rate)
        return found

    def _take(self, frame: av.AudioFrame) -> None:
        if frame.time is not None:
            if self.start_s is None:
                self.start_s = self._clock_s = frame.time
            late_s = frame.time - self._clock_s - self._held_s
            if abs(late_s) > CLOCK_S:
                self._clock_s += late_s
            elif late_s > HOLE_S:
                self._rest(late_s)
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        if kind != self._kind:
            # A track may change its layout or rate half-way, and a resampler takes only what it began with.
            self._empty()
            self._resamplers = {rate: _resampler(rate) for rate in self._parts}
            self._kind = kind
            self._fold = not _mixable(frame)
        if self._fold:
            frame = _folded(frame)
        frame.pts = None  # the queue refuses samples that do not follow on each other by their stamps
        self._queue.write(frame)
        self._held_s += frame.samples / frame.sample_rate
        self.decoded += 1

    def _rest(self, seconds: float) -> None:
        self._empty()
        for rate, parts in self._parts.items():
            parts.append(np.zeros(round(seconds * rate), np.float32))
        self._held_s += seconds

    def _empty(self) -> None:
        """Bring what was taken so far to its end; what follows begins anew."""
        if self._kind is not None:
            rest = self._queue.read(0, partial=True)
            self._queue, self._kind = av.AudioFifo(), None
            if rest is not None:
                self._resample(rest)
            self._resample(None)

    def _resample(self, chunk: av.AudioFrame | None) -> None:
        for rate, resampler in self._resamplers.items():
            # What needs no resampling is handed back as it is: also the None that asks for what is left.
            for part in filter(None, resampler.resample(chunk)):
                self._parts[rate].append(part.to_ndarray().reshape(-1).astype(np.float32, copy=False))


def _resampler(rate_hz: int) -> av.AudioResampler:
    # Unless told so, a mix of several channels into floats is let run over full scale.
    return av.AudioResampler(format="flt", layout="mono", rate=rate_hz, options={"rematrix_maxval": "1.0"})


def _mixable(frame: av.AudioFrame) -> bool:
    """Whether FFmpeg knows where the channels stand, and so how to mix them."""
    try:
        _resampler(16_000).resample(frame)
    except FAULTS:
        return False
    return True


def _folded(frame: av.AudioFrame) -> av.AudioFrame:
    """The mean of channels of which nobody knows where they stand."""
    channels = frame.layout.nb_channels
    if frame.format.is_planar and channels > 7:
        raise ValueError(f"{channels} channels of unknown places")  # PyAV would read beyond the frame's eight pointers
    samples = cast(Samples, frame.to_ndarray())  # or any other width
    if not frame.format.is_planar:
        samples = samples.reshape(-1, channels).T
    if samples.dtype.kind != "f":
        rest = 128 if samples.dtype == np.uint8 else 0
        samples = (samples.astype(np.float64) - rest) / 2.0 ** (8 * samples.itemsize - 1)
    mean = samples.mean(axis=0, dtype=np.float64).astype(np.float32)
    folded = av.AudioFrame.from_ndarray(mean[None], format="flt", layout="mono")
    folded.sample_rate = frame.sample_rate
    return folded
