"""Sound: the main track as one channel at the rates that were asked for, gathered packet by packet."""

from __future__ import annotations

from collections.abc import Collection

import av
import numpy as np
import numpy.typing as npt
from av.error import FFmpegError
from av.packet import Packet

from triptych.media.reel import Sound


#: Decoded samples are resampled this many at a time: one call a packet would cost four times the decoding.
CHUNK = 1 << 17


class SoundTrack:
    """Feeds packets to the decoder, and what it gives, in chunks, to one resampler per rate; counts what was lost."""

    def __init__(self, rates_hz: Collection[int], *, limit_s: float) -> None:
        self._resamplers = {
            rate: av.AudioResampler(format="flt", layout="mono", rate=rate) for rate in sorted(set(rates_hz))
        }
        self._parts: dict[int, list[npt.NDArray[np.float32]]] = {rate: [] for rate in self._resamplers}
        self._queue = av.AudioFifo()
        self._limit_s = limit_s
        self._held_s = 0.0
        self._start_s: float | None = None
        self.packets = self.lost = self.decoded = 0
        self.last_fault = ""
        self.cut = False

    def feed(self, packet: Packet) -> None:
        """Decode one packet; a bad one is counted and passed over, as players do."""
        if not self._resamplers or self.cut:
            return
        if packet.size:
            self.packets += 1
        try:
            for frame in packet.decode():
                assert isinstance(frame, av.AudioFrame)
                if self._start_s is None:
                    self._start_s = frame.time or 0.0
                self._held_s += frame.samples / (frame.sample_rate or 1)
                frame.pts = None  # gaps in the stream's clock are closed up, not refused
                # A stream that changes its layout or rate half-way is refused here: what came before stands.
                self._queue.write(frame)
                self.decoded += 1
        except (FFmpegError, ValueError) as fault:
            self.lost += 1
            self.last_fault = (getattr(fault, "strerror", None) or str(fault)).strip().rstrip(".")
        if self._queue.samples >= CHUNK:
            self._resample(self._queue.read(CHUNK))
        self.cut = self._held_s >= self._limit_s

    def finish(self) -> None:
        """Empty the queue and the resamplers."""
        if self.decoded:
            self._resample(self._queue.read(0, partial=True))
            self._resample(None)

    def sounds(self, *, start_s: float) -> dict[int, Sound]:
        """One Sound per rate, its first sample at the clip's first picture (``start_s`` on the file's clock)."""
        if not self.decoded:
            return {}
        offset_s = (self._start_s or 0.0) - start_s
        found: dict[int, Sound] = {}
        for rate, parts in self._parts.items():
            samples = np.concatenate(parts) if parts else np.zeros(0, np.float32)
            if len(samples) and not np.isfinite(samples.max() - samples.min()):
                # Float tracks may carry NaN from a broken encoder: silence there is what a player gives.
                np.nan_to_num(samples, copy=False, nan=0.0, posinf=1.0, neginf=-1.0)
            samples = _placed(samples[: int(self._limit_s * rate)], rate, offset_s)
            found[rate] = Sound(samples=samples, rate_hz=rate)
        return found

    def _resample(self, chunk: av.AudioFrame | None) -> None:
        for rate, resampler in self._resamplers.items():
            self._parts[rate] += [part.to_ndarray().reshape(-1) for part in resampler.resample(chunk)]


def _placed(samples: npt.NDArray[np.float32], rate: int, offset_s: float) -> npt.NDArray[np.float32]:
    """Pad or cut the head so that sample 0 falls on the first picture; an offset over a minute is a broken clock."""
    shift = round(offset_s * rate)
    if abs(offset_s) > 60 or shift == 0:
        return samples
    if shift > 0:
        return np.concatenate([np.zeros(shift, np.float32), samples])
    return samples[-shift:]
