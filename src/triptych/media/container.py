"""Container: one look through a media file, packet by packet, for its facts, its timeline and its sound.

Pictures are not decoded here: their packets only give the timeline (what is shown when, and where the
keyframes are) from which :mod:`.timeline` chooses what is worth decoding. Sound is decoded on the way,
because it is cheap and every part of it is wanted.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TypeVar, cast

import av
import av.logging
from av.audio.codeccontext import AudioCodecContext
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import InvalidDataError
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from triptych.errors import MediaError
from triptych.media.fault import FAULTS, words
from triptych.media.probe import PictureFacts, Probe, SoundFacts
from triptych.media.reel import Sound
from triptych.media.sound import SoundTrack
from triptych.media.timeline import MAX_GAP_S, Timeline

#: Containers of actual media. Playlists and concatenation scripts are left out: they name other files and
#: hosts, and FFmpeg follows them whatever the file is called.
FORMATS = (
    "3dostr,aac,aiff,ape,apng,asf,av1,avi,caf,dv,flac,flv,gif,h264,hevc,ivf,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,"
    "mp3,mpeg,mpegts,mpegtsraw,mpegvideo,mxf,nut,obu,ogg,rm,swf,tta,w64,wav,wv,yuv4mpegpipe"
)
#: Refuses pictures that would take gigabytes to hold (8K is 33 million).
MAX_PIXELS = 2**27
#: More tracks than this is an attack or a mistake, not a film.
MAX_TRACKS = 256
#: The limit on pictures holds for FFmpeg's own look at them too, when it opens a file.
PREFERENCES = {"protocol_whitelist": "file", "format_whitelist": FORMATS, "max_pixels": str(MAX_PIXELS)}
#: Formats that say nowhere how long they are: FFmpeg's figure is a guess from their size and bit rate.
UNDECLARED = frozenset({"aac", "h264", "hevc", "mpeg", "mpegts", "mpegvideo"})
#: Transfer characteristics (ITU-T H.273) that need a tone curve to be looked at beside ordinary video.
TRANSFERS = {16: "pq", 18: "hlg"}

AnyStream = TypeVar("AnyStream", bound=Stream)


@dataclass(frozen=True, kw_only=True, eq=False)
class Scan:
    """What one look through a file gives: facts, the picture's timeline, the sound, and what went wrong."""

    probe: Probe
    timeline: Timeline | None
    sounds: dict[int, Sound]
    warnings: tuple[str, ...]
    faults: dict[str, str]


@contextmanager
def opened(path: Path) -> Generator[InputContainer]:
    """The file as PyAV has it, closed afterwards; every failure to open is a MediaError with its cause."""
    try:
        size = path.stat().st_size
        if path.is_dir():
            raise MediaError(f"{path.name!r} is a folder; give the files in it.")
        if not path.is_file():
            # A pipe would be waited on for ever, a device read without end.
            raise MediaError(f"{path.name!r} is not a regular file.")
    except (OSError, ValueError) as fault:
        raise MediaError(f"{path.name!r} cannot be read: {words(fault)}.") from fault
    if size == 0:
        raise MediaError(f"{path.name!r} is empty (0 bytes).")
    try:
        container = _open(path)
    except FAULTS as fault:
        raise MediaError(f"{path.name!r} ({size:,} bytes) cannot be opened: {_cause(path, fault)}.") from fault
    with container:
        if len(container.streams) > MAX_TRACKS:
            raise MediaError(f"{path.name!r} has {len(container.streams):,} tracks; at most {MAX_TRACKS} are read.")
        yield container


def picture_stream(container: InputContainer) -> VideoStream | None:
    """The moving picture: cover art attached to a sound file is not one."""
    streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    return _best(streams, container.streams.best("video"))


def sound_stream(container: InputContainer) -> AudioStream | None:
    """The track that a player would take: the default one, else the richest."""
    return _best(container.streams.audio, container.streams.best("audio"))


def packets_of(container: InputContainer, *streams: Stream) -> Iterator[Packet[Stream]]:
    """The packets of some tracks, in the order of the file, and at last an empty one for each."""
    found = container.demux(list(streams))
    while True:
        try:
            packet = next(found, None)
        except IndexError:
            # PyAV trips over tracks that come up late in a broadcast, after it gave all of those it knew.
            return
        if packet is None:
            return
        yield packet


def _best(streams: Sequence[AnyStream], best: Stream | None) -> AnyStream | None:
    """FFmpeg's choice, unless another stream of the kind is all that can be decoded."""
    able = [s for s in streams if _decodable(s)] or list(streams)
    return next((s for s in able if best is not None and s.index == best.index), able[0] if able else None)


def _decodable(stream: Stream) -> bool:
    return cast(object, stream.codec_context) is not None  # None for a codec that FFmpeg does not know


@dataclass(kw_only=True, eq=False)
class _PictureStamps:
    """When the packets of the picture track say that they are shown."""

    pts: list[int] = field(default_factory=list[int])
    keys: list[int] = field(default_factory=list[int])
    unstamped: int = 0
    last: int | None = None
    last_ticks: int = 0
    step_ticks: int = 0

    def note(self, packet: Packet[Stream]) -> None:
        if not packet.size or packet.is_discard:
            return
        self.step_ticks = self.step_ticks or packet.duration or 0
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is None:
            self.unstamped += 1
            return
        self.pts.append(stamp)
        if packet.is_keyframe:
            self.keys.append(stamp)
        if self.last is None or stamp > self.last:
            self.last, self.last_ticks = stamp, packet.duration or 0

    def timeline(self, video: VideoStream) -> Timeline | None:
        time_base = video.time_base or Fraction(1, 90_000)
        if self.pts or not self.unstamped:
            return Timeline.of(self.pts, self.keys, time_base=time_base, last_ticks=self.last_ticks)
        if not self.step_ticks:
            time_base, self.step_ticks = 1 / (video.average_rate or Fraction(25)), 1
        numbers = range(0, self.unstamped * self.step_ticks, self.step_ticks)
        return Timeline.of(numbers, [0], time_base=time_base, last_ticks=self.step_ticks, counted=True)

    def warnings(self, timeline: Timeline | None) -> list[str]:
        count, distinct = len(self.pts), len(set(self.pts))
        found: list[str] = []
        if count - distinct > 0.1 * count:
            found.append(f"{count - distinct} of {count} pictures share their time with another: the clock runs back")
        if timeline is not None and self.pts and len(timeline.pts) < distinct:
            found.append(f"{distinct - len(timeline.pts)} pictures with times far from the others were left out")
        return found


@dataclass(kw_only=True, eq=False)
class _SoundStamps:
    """Where the packets of the sound track say that it begins and ends, in ticks."""

    max_gap: int
    first: int | None = None
    end: int = 0

    def note(self, packet: Packet[Stream]) -> None:
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is None:
            return
        if self.first is None:
            self.first = self.end = stamp
        if abs(stamp - self.end) <= self.max_gap:
            self.end = max(self.end, stamp + min(packet.duration or 0, self.max_gap))


def scan(path: Path, *, sound_rates_hz: Collection[int] = (), sound_limit_s: float = 3600.0) -> Scan:
    """Look through ``path`` once.

    Raises MediaError when the file cannot be opened or holds neither pictures nor sound. A track that is
    there but cannot be decoded is named in ``faults`` under ``"picture"`` or ``"sound"``.
    """
    warnings: list[str] = []
    faults: dict[str, str] = {}
    with opened(path) as container:
        video, audio = picture_stream(container), sound_stream(container)
        if video is None and audio is None:
            kinds = ", ".join(sorted({s.type for s in container.streams})) or "none"
            raise MediaError(f"{path.name!r} has neither a picture nor a sound track (tracks: {kinds}).")
        pictures = _PictureStamps()
        audio_base = audio.time_base if audio is not None and audio.time_base else Fraction(1, 1000)
        sound = _SoundStamps(max_gap=int(MAX_GAP_S / audio_base))
        hearable = audio is not None and _decodable(audio)
        track = SoundTrack(sound_rates_hz if hearable else (), limit_s=sound_limit_s)
        read = [stream for stream in (video, audio) if stream is not None]
        packets = packets_of(container, *read)
        broken = False
        while True:
            try:
                packet = next(packets, None)
            except FAULTS as fault:
                warnings.append(f"reading stopped early: {words(fault)}")
                broken = True
                break
            if packet is None:
                break
            if video is not None and packet.stream_index == video.index:
                pictures.note(packet)
            else:
                sound.note(packet)
                track.feed(cast("Packet[AudioStream]", packet))
        track.finish()
        timeline = pictures.timeline(video) if video is not None else None
        warnings += pictures.warnings(timeline)
        if video is not None and (fault := _picture_fault(video, timeline)):
            faults["picture"] = f"{path.name!r} {fault}."
            timeline = None
        start_s = timeline.start_s if timeline is not None else None
        sounds = track.sounds(start_s=start_s)
        if audio is not None and sound_rates_hz and not track.decoded:
            faults["sound"] = f"{path.name!r} {_sound_fault(audio, track)}."
        if track.lost and track.decoded:
            warnings.append(f"{track.lost} of {track.packets} sound packets could not be decoded: {track.last_fault}")
        if track.cut:
            warnings.append(f"sound after {sound_limit_s:g} s was left out")
        sound_start_s, sound_end_s = float((sound.first or 0) * audio_base), float(sound.end * audio_base)
        begin_s = start_s if start_s is not None else sound_start_s
        end_s = max(begin_s + timeline.duration_s if timeline is not None else begin_s, sound_end_s)
        declared_s = _declared_s(container)
        claim_s = _claim_s(container, read)
        # A clip cut out of a longer one may count its length from the other's beginning.
        if claim_s and max(end_s - begin_s, end_s) < 0.95 * claim_s - 0.5:
            warnings.append(f"the file ends at {end_s - begin_s:.1f} s of the {claim_s:.1f} s it declares")
        elif broken and not declared_s:
            warnings.append(f"what could be read is {end_s - begin_s:.1f} s long")
        probe = Probe(
            container=container.format.name,
            declared_s=declared_s,
            duration_s=end_s - begin_s,
            picture=_picture_facts(video) if video is not None else None,
            sounds=tuple(_sound_facts(s) for s in container.streams.audio),
        )
    return Scan(probe=probe, timeline=timeline, sounds=sounds, warnings=tuple(warnings), faults=faults)


def _picture_fault(video: VideoStream, timeline: Timeline | None) -> str:
    """Why the picture cannot be had, or nothing."""
    if not _decodable(video):
        return "has a picture track, but its codec is not known here"
    return "" if timeline is not None else "declares a picture track, but no picture packet could be read"


def _sound_fault(audio: AudioStream, track: SoundTrack) -> str:
    if not _decodable(audio):
        return "has a sound track, but its codec is not known here"
    kind = f"declares a sound track ({audio.codec_context.name}), but"
    if not track.packets:
        return f"{kind} holds nothing of it"
    return f"{kind} none of it could be decoded" + (f": {track.last_fault}" if track.last_fault else "")


def _declared_s(container: InputContainer) -> float | None:
    if not container.duration or container.duration < 0 or container.format.name in UNDECLARED:
        return None
    return container.duration / av.time_base


def _claim_s(container: InputContainer, streams: Sequence[Stream]) -> float:
    """How long the tracks that are read say they are: another one, of subtitles say, may well be longer."""
    declared_s = _declared_s(container) or 0.0
    if not all(stream.duration and stream.time_base for stream in streams):
        return declared_s
    longest_s = max(float((stream.duration or 0) * (stream.time_base or 0)) for stream in streams)
    return min(declared_s, longest_s)


def _picture_facts(video: VideoStream) -> PictureFacts:
    """Facts that need no decoding; rotation is a property of the pictures and set by the decoder."""
    context = cast(VideoCodecContext | None, video.codec_context)
    if context is None:
        return PictureFacts(
            codec="unknown", width_px=0, height_px=0, rate_fps=None, pixel_aspect=1.0, pixel_format="", transfer="sdr"
        )
    aspect = video.sample_aspect_ratio or context.sample_aspect_ratio
    rate = video.average_rate or video.guessed_rate
    return PictureFacts(
        codec=context.name,
        width_px=context.width,
        height_px=context.height,
        rate_fps=float(rate) if rate else None,
        pixel_aspect=float(aspect) if aspect else 1.0,
        pixel_format=context.pix_fmt or "",
        transfer=TRANSFERS.get(int(context.color_trc), "sdr"),
    )


def _sound_facts(audio: AudioStream) -> SoundFacts:
    context = cast(AudioCodecContext | None, audio.codec_context)
    if context is None:
        return SoundFacts(codec="unknown", rate_hz=0, channels=0, language=audio.language or "")
    return SoundFacts(
        codec=context.name,
        rate_hz=context.sample_rate or 0,
        channels=context.channels,
        language=audio.language or "",
    )


def _open(path: Path) -> InputContainer:
    # An absolute path, so that a name like "concat:a|b" is never taken for a protocol.
    return av.open(os.path.abspath(path), options=PREFERENCES, metadata_errors="replace")


def _cause(path: Path, fault: BaseException) -> str:
    """What FFmpeg meant by "Invalid data", in words that help."""
    log = _log_of_opening(path)
    text = f"{log} {fault}"
    if "moov atom not found" in text:
        with path.open("rb") as handle:
            head = handle.read(16)
        if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
            return "its index (moov) is missing, so the file was cut off or its upload never finished"
        return "it is no known media container (its first bytes are not those of a video file)"
    if "not on whitelist" in text:
        return "it is not a film or a sound, but a playlist, a still picture or another kind that is not read here"
    if isinstance(fault, InvalidDataError):
        return "it is no media container that is read here" + (f" ({log})" if log else "")
    return words(fault)


def _log_of_opening(path: Path) -> str:
    """FFmpeg's own last words on a file that would not open. Its log is off otherwise: clips are noisy."""
    level = av.logging.get_level()
    av.logging.set_level(av.logging.ERROR)
    # The cause must not be left out because the broken file before this one had the same.
    repeats = av.logging.get_skip_repeated()
    av.logging.set_skip_repeated(False)
    try:
        with av.logging.Capture() as log, suppress(*FAULTS):
            _open(path).close()
        return log[-1][2].strip() if log else ""
    finally:
        av.logging.set_skip_repeated(repeats)
        av.logging.set_level(level)
