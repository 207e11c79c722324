"""Sound: the main track as one channel at the rates that were asked for, gathered packet by packet."""

from __future__ import annotations

from collections.abc import Collection

import av
import numpy as np
import numpy.typing as npt
from av.packet import Packet

from triptych.media.reel import Sound


class SoundTrack:
    """Feeds packets to the decoder and its output to one resampler per rate; counts what was lost."""

    def __init__(self, rates_hz: Collection[int], *, limit_s: float) -> None:
        self._resamplers = {
            rate: av.AudioResampler(format="flt", layout="mono", rate=rate) for rate in sorted(set(rates_hz))
        }
        self._parts: dict[int, list[npt.NDArray[np.float32]]] = {rate: [] for rate in self._resamplers}
        self._held = dict.fromkeys(self._resamplers, 0)
        self._limit_s = limit_s
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
            frames = packet.decode()
        except av.error.FFmpegError as fault:
            self._lose(fault)
            return
        for frame in frames:
            assert isinstance(frame, av.AudioFrame)
            if self._start_s is None:
                self._start_s = frame.time or 0.0
            try:
                for rate, resampler in self._resamplers.items():
                    self._keep(rate, resampler.resample(frame))
            except (av.error.FFmpegError, ValueError) as fault:
                # A stream that changes layout or rate half-way cannot go through the resampler it began with.
                self._lose(fault)
                continue
            self.decoded += 1

    def finish(self) -> None:
        """Empty the resamplers."""
        if self.decoded:
            for rate, resampler in self._resamplers.items():
                self._keep(rate, resampler.resample(None))

    def sounds(self, *, start_s: float) -> dict[int, Sound]:
        """One Sound per rate, its first sample at the clip's first picture (``start_s`` on the file's clock)."""
        if not self.decoded:
            return {}
        offset_s = (self._start_s or 0.0) - start_s
        return {
            rate: Sound(samples=_placed(np.concatenate(parts) if parts else np.zeros(0, np.float32), rate, offset_s), rate_hz=rate)
            for rate, parts in self._parts.items()
        }

    def _keep(self, rate: int, frames: list[av.AudioFrame]) -> None:
        room = int(self._limit_s * rate) - self._held[rate]
        for frame in frames:
            part = frame.to_ndarray().reshape(-1)[: max(room, 0)]
            # Float tracks may carry NaN from a broken encoder: silence there is what a player gives.
            part = np.nan_to_num(part, copy=True, nan=0.0, posinf=1.0, neginf=-1.0).astype(np.float32, copy=False)
            self._parts[rate].append(part)
            self._held[rate] += len(part)
            room -= len(part)
        if room <= 0:
            self.cut = True

    def _lose(self, fault: Exception) -> None:
        self.lost += 1
        self.last_fault = (getattr(fault, "strerror", None) or str(fault)).strip().rstrip(".")


def _placed(samples: npt.NDArray[np.float32], rate: int, offset_s: float) -> npt.NDArray[np.float32]:
    """Pad or cut the head so that sample 0 falls on the first picture; an offset over a minute is a broken clock."""
    shift = round(offset_s * rate)
    if abs(offset_s) > 60 or shift == 0:
        return samples
    if shift > 0:
        return np.concatenate([np.zeros(shift, np.float32), samples])
    return samples[-shift:]
