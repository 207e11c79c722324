"""Container: one look through a media file, packet by packet, for its facts, its timeline and its sound.

Pictures are not decoded here: their packets only give the timeline (what is shown when, and where the
keyframes are) from which :mod:`.timeline` chooses what is worth decoding. Sound is decoded on the way,
because it is cheap and every part of it is wanted.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from triptych.errors import MediaError
from triptych.media.probe import PictureFacts, Probe, SoundFacts
from triptych.media.reel import Sound
from triptych.media.sound import SoundTrack
from triptych.media.timeline import Timeline

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
PREFERENCES = {"protocol_whitelist": "file", "format_whitelist": FORMATS}


@dataclass(frozen=True, kw_only=True, eq=False)
class Scan:
    """What one look through a file gives: facts, the picture's timeline, the sound, and what went wrong."""

    probe: Probe
    timeline: Timeline | None
    sounds: dict[int, Sound]
    warnings: tuple[str, ...]
    faults: dict[str, str]


@contextmanager
def opened(path: Path) -> Iterator[InputContainer]:
    """The file as PyAV has it, closed afterwards; every failure to open is a MediaError with its cause."""
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise MediaError(f"{path.name!r} is not a regular file.")
    except OSError as fault:
        raise MediaError(f"{path.name!r} cannot be read: {fault.strerror}.") from fault
    if size == 0:
        raise MediaError(f"{path.name!r} is empty (0 bytes).")
    try:
        # An absolute path, so that a name like "concat:a|b" is never taken for a protocol.
        container = av.open(os.path.abspath(path), options=PREFERENCES, metadata_errors="replace")
    except (av.error.FFmpegError, OSError, ValueError) as fault:
        raise MediaError(f"{path.name!r} ({size:,} bytes) cannot be opened: {_cause(path, fault)}.") from fault
    with container:
        if len(container.streams) > MAX_TRACKS:
            raise MediaError(f"{path.name!r} has {len(container.streams):,} tracks; at most {MAX_TRACKS} are read.")
        yield container


def picture_stream(container: InputContainer) -> VideoStream | None:
    """The moving picture: cover art attached to a sound file is not one."""
    streams = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
    best = container.streams.best("video")
    chosen = next((s for s in streams if best is not None and s.index == best.index), None)
    return chosen or (streams[0] if streams else None)


def scan(path: Path, *, sound_rates_hz: Collection[int] = (), sound_limit_s: float = 3600.0) -> Scan:
    """Look through ``path`` once.

    Raises MediaError when the file cannot be opened or holds neither pictures nor sound. A track that is
    there but cannot be decoded is named in ``faults`` under ``"picture"`` or ``"sound"``.
    """
    warnings: list[str] = []
    faults: dict[str, str] = {}
    with opened(path) as container:
        video = picture_stream(container)
        audio = container.streams.best("audio")
        if video is None and audio is None:
            kinds = ", ".join(sorted({s.type for s in container.streams})) or "none"
            raise MediaError(f"{path.name!r} has neither a picture nor a sound track (tracks: {kinds}).")
        track = SoundTrack(sound_rates_hz if audio is not None else (), limit_s=sound_limit_s)
        pts: list[int] = []
        keys: list[int] = []
        last_audio = 0
        last_ticks = 0
        broken = False
        wanted = [stream for stream in (video, audio) if stream is not None]
        packets = container.demux(wanted)
        while True:
            try:
                packet = next(packets, None)
            except av.error.FFmpegError as fault:
                warnings.append(f"reading stopped early: {_sentence(fault)}")
                broken = True
                break
            if packet is None:
                break
            stamp = packet.pts if packet.pts is not None else packet.dts
            if video is not None and packet.stream_index == video.index:
                if stamp is not None and packet.size and not packet.is_discard:
                    pts.append(stamp)
                    last_ticks = packet.duration or last_ticks
                    if packet.is_keyframe:
                        keys.append(stamp)
            elif audio is not None and packet.stream_index == audio.index:
                if stamp is not None:
                    last_audio = max(last_audio, stamp + (packet.duration or 0))
                track.feed(packet)
        track.finish()
        timeline = None
        if video is not None:
            timeline = Timeline.of(pts, keys, time_base=video.time_base, last_ticks=last_ticks)
            if timeline is None:
                faults["picture"] = f"{path.name!r} declares a picture track, but no picture packet could be read."
        start_s = timeline.start_s if timeline is not None else 0.0
        sounds = track.sounds(start_s=start_s)
        if audio is not None and sound_rates_hz and track.decoded == 0:
            faults["sound"] = (
                f"{path.name!r} declares a sound track ({audio.codec_context.name}), but none of it could be decoded"
                + (f": {track.last_fault}." if track.last_fault else ".")
            )
        if track.lost and track.decoded:
            warnings.append(f"{track.lost} of {track.packets} sound packets could not be decoded: {track.last_fault}")
        if track.cut:
            warnings.append(f"sound after {sound_limit_s:g} s was left out")
        last_audio_s = float(last_audio * audio.time_base) if audio is not None and audio.time_base else 0.0
        declared_s = container.duration / av.time_base if container.duration else None
        duration_s = max(timeline.duration_s if timeline is not None else 0.0, last_audio_s - start_s)
        if declared_s and duration_s < 0.95 * declared_s - 0.5:
            warnings.append(f"the file ends at {duration_s:.1f} s of the {declared_s:.1f} s it declares")
        elif broken and not declared_s:
            warnings.append(f"what could be read is {duration_s:.1f} s long")
        probe = Probe(
            container=container.format.name,
            declared_s=declared_s,
            duration_s=duration_s,
            picture=_picture_facts(video) if video is not None else None,
            sounds=tuple(
                SoundFacts(
                    codec=s.codec_context.name,
                    rate_hz=s.codec_context.sample_rate or 0,
                    channels=s.codec_context.channels,
                    language=s.language or "",
                )
                for s in container.streams.audio
            ),
        )
    return Scan(probe=probe, timeline=timeline, sounds=sounds, warnings=tuple(warnings), faults=faults)


def _picture_facts(video: VideoStream) -> PictureFacts:
    """Facts that need no decoding; rotation is a property of the pictures and set by the decoder."""
    context = video.codec_context
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


#: Transfer characteristics (ITU-T H.273) that need a tone curve to be looked at beside ordinary video.
TRANSFERS = {16: "pq", 18: "hlg"}


def _cause(path: Path, fault: Exception) -> str:
    """What FFmpeg meant by "Invalid data", in words that help."""
    log = _log_of_opening(path)
    text = f"{log} {fault}"
    if "moov atom not found" in text:
        with path.open("rb") as handle:
            head = handle.read(16)
        if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
            return "its index (moov) is missing, so the file was cut off or its upload never finished"
        return "it is no known media container (its first bytes are not those of a video file)"
    if isinstance(fault, av.error.InvalidDataError):
        return "it is no media container that is read here" + (f" ({log})" if log else "")
    return _sentence(fault)


def _log_of_opening(path: Path) -> str:
    """FFmpeg's own last words on a file that would not open. Its log is off otherwise: clips are noisy."""
    av.logging.set_level(av.logging.ERROR)
    av.logging.set_skip_repeated(False)
    try:
        with av.logging.Capture() as log:
            av.open(os.path.abspath(path), options=PREFERENCES, metadata_errors="replace").close()
    except (av.error.FFmpegError, OSError, ValueError):
        return log[-1][2].strip() if log else ""
    finally:
        av.logging.set_level(None)
    return ""


def _sentence(fault: Exception) -> str:
    return (getattr(fault, "strerror", None) or str(fault)).strip().rstrip(".")
