"""Make clips of known content: numpy pictures and sound samples in, a media file out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

RGB = npt.NDArray[np.uint8]

#: ITU-T H.273 codes of what the tests tag.
MATRIX = {"bt709": 1, "bt601": 6, "bt2020": 9}
PRIMARIES = {"bt709": 1, "bt601": 6, "bt2020": 9}
TRANSFER = {"bt709": 1, "pq": 16, "hlg": 18}
RANGE = {"limited": 1, "full": 2}


@dataclass(frozen=True, kw_only=True)
class Colour:
    """How the picture is coded, and whether the file says so. An empty name is left untagged."""

    matrix: str = ""
    range: str = ""
    transfer: str = ""
    primaries: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Track:
    """A sound track: float32 ``[channels, n]`` or ``[n]``, its first sample at ``start_s``."""

    samples: npt.NDArray[np.float32]
    rate_hz: int = 44100
    codec: str = "aac"
    start_s: float = 0.0
    default: bool = False
    language: str = ""
    options: Mapping[str, str] = field(default_factory=dict[str, str])


def make_clip(
    path: Path,
    frames: Iterable[RGB | av.VideoFrame] | None = None,
    *,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    fps: int = 10,
    pts: Sequence[int] | None = None,
    gop: int | None = None,
    b_frames: int = 0,
    options: Mapping[str, str] | None = None,
    rotation: int = 0,
    mirrored: bool = False,
    pixel_aspect: Fraction | None = None,
    colour: Colour = Colour(),
    sounds: Sequence[Track] = (),
    container: str | None = None,
    container_options: Mapping[str, str] | None = None,
    cover: RGB | None = None,
) -> Path:
    """Encode ``frames`` and ``sounds`` into ``path``.

    ``pts`` are in milliseconds, one for each frame, and stand in for ``fps``. ``rotation`` is the display
    matrix, in degrees counter-clockwise, by which a player turns the stored picture.
    """
    with av.open(path, "w", format=container, container_options=dict(container_options or {})) as out:
        video = None
        pictures = iter(frames) if frames is not None else iter(())
        first = next(pictures, None)
        if first is not None:
            video = out.add_stream(codec, rate=fps)
            height, width = first.shape[:2] if isinstance(first, np.ndarray) else (first.height, first.width)
            context = video.codec_context
            context.width, context.height, context.pix_fmt = width, height, pix_fmt
            context.time_base = Fraction(1, 1000) if pts is not None else Fraction(1, fps)
            if gop is not None:
                context.gop_size = gop
            context.max_b_frames = b_frames
            context.thread_count = 1
            context.options = dict(options or {})
            if pixel_aspect is not None:
                context.sample_aspect_ratio = pixel_aspect
            if colour.matrix:
                context.colorspace = MATRIX[colour.matrix]
            if colour.range:
                context.color_range = RANGE[colour.range]
            if colour.transfer:
                context.color_trc = TRANSFER[colour.transfer]
            if colour.primaries:
                context.color_primaries = PRIMARIES[colour.primaries]
            if rotation or mirrored:
                video.set_display_rotation(rotation, hflip=mirrored)
        tracks = [_sound_stream(out, track) for track in sounds]
        art = None
        if cover is not None:
            art = out.add_stream("mjpeg", rate=1)
            art.width, art.height, art.pix_fmt = cover.shape[1], cover.shape[0], "yuvj420p"
            art.disposition = av.stream.Disposition.attached_pic
        if art is not None and cover is not None:
            still = av.VideoFrame.from_ndarray(cover).reformat(format="yuvj420p")
            out.mux([*art.encode(still), *art.encode()])
        if video is not None and first is not None:
            k = 0
            picture: RGB | av.VideoFrame | None = first
            while picture is not None:
                frame = coded(picture, pix_fmt, colour) if isinstance(picture, np.ndarray) else picture
                frame.pts = pts[k] if pts is not None else k
                frame.time_base = video.codec_context.time_base
                out.mux(video.encode(frame))
                k += 1
                picture = next(pictures, None)
        for track, stream in zip(sounds, tracks, strict=True):
            for packet in _packets(track, stream):
                out.mux(packet)
        if video is not None:
            out.mux(video.encode())
    return path


def coded(picture: RGB, pix_fmt: str, colour: Colour = Colour()) -> av.VideoFrame:
    """A picture as the encoder takes it, in the matrix and range that ``colour`` names (BT.601 limited if none)."""
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
    if pix_fmt == "rgb24":
        return frame
    names = {"bt709": "ITU709", "bt601": "ITU601", "bt2020": "BT2020", "": "ITU601"}
    full = colour.range == "full" or pix_fmt.startswith("yuvj")
    made = frame.reformat(
        format=pix_fmt,
        dst_colorspace=names[colour.matrix],
        src_color_range="JPEG",
        dst_color_range="JPEG" if full else "MPEG",
    )
    made.colorspace = MATRIX.get(colour.matrix, 2)
    made.color_range = RANGE.get(colour.range, 0)
    return made


def _sound_stream(out: av.container.OutputContainer, track: Track) -> av.AudioStream:
    stream = out.add_stream(track.codec, rate=track.rate_hz, options=dict(track.options))
    channels = 1 if track.samples.ndim == 1 else track.samples.shape[0]
    stream.codec_context.layout = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}[channels]
    stream.codec_context.time_base = Fraction(1, track.rate_hz)
    if track.default:
        stream.disposition = av.stream.Disposition.default
    if track.language:
        stream.metadata["language"] = track.language
    return stream


def _packets(track: Track, stream: av.AudioStream) -> Iterable[av.Packet]:
    samples = np.atleast_2d(track.samples).astype(np.float32)
    layout = stream.codec_context.layout.name
    resampler = av.AudioResampler(format=stream.codec_context.format, layout=layout, rate=track.rate_hz)
    step = stream.codec_context.frame_size or 1024
    offset = round(track.start_s * track.rate_hz)
    for start in range(0, samples.shape[1], step):
        part = samples[:, start : start + step].T.reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(part), format="flt", layout=layout)
        frame.sample_rate = track.rate_hz
        frame.time_base = Fraction(1, track.rate_hz)
        frame.pts = offset + start
        for ready in resampler.resample(frame):
            yield from stream.encode(ready)
    yield from stream.encode()


def tone(hz: float, seconds: float, *, rate_hz: int = 44100, level: float = 0.5) -> npt.NDArray[np.float32]:
    """A sine of ``level`` peak."""
    at_s = np.arange(round(seconds * rate_hz)) / rate_hz
    return (level * np.sin(2 * np.pi * hz * at_s)).astype(np.float32)


def numbered(count: int, *, width: int = 64, height: int = 48, seed: int = 0) -> list[RGB]:
    """Pictures of which no two are alike: a moving bar on a ground whose grey tells the number."""
    rng = np.random.default_rng(seed)
    grain = rng.integers(0, 40, (height, width, 3))
    made: list[RGB] = []
    for k in range(count):
        picture = np.full((height, width, 3), 40 + (k * 7) % 150, np.int64) + np.roll(grain, k, axis=1)
        at = k * 5 % max(width - 4, 1)
        picture[:, at : at + 4] = (250, 60, 20)
        made.append(np.clip(picture, 0, 255).astype(np.uint8))
    return made


def flat(colour: tuple[int, int, int], *, width: int = 64, height: int = 48) -> RGB:
    return np.full((height, width, 3), colour, np.uint8)
