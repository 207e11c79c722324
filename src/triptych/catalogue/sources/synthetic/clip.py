"""The clip of one item as a file: pictures as H.264, sound as AAC, in MP4, the same bytes every time.

The file carries a stamp of what it was made from, so that a later run knows whether it may be kept.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.error import EOFError as NoMoreData
from av.error import InvalidDataError
from av.video.stream import VideoStream

from triptych.catalogue.records import Item
from triptych.catalogue.sources.synthetic.instruments import RATE_HZ, Stereo
from triptych.catalogue.sources.synthetic.look import pictures
from triptych.catalogue.sources.synthetic.tone import track
from triptych.catalogue.sources.synthetic.world import Settings, Truth
from triptych.errors import SourceError, UsageError

#: Raised whenever the same settings would paint or play something else: older clips are then made again.
VERSION = 1

_MARK = "triptych synthetic clip"
_KEYFRAME_EVERY_S = 2.0
_SOUND_BITS_S = 96_000


def stamp(truth: Truth, settings: Settings) -> str:
    """What the file says of itself: equal stamps, equal bytes. It is hashed, so it gives nothing of the truth away."""
    body = [VERSION, settings.seed, settings.width_px, settings.height_px, str(settings.rate), settings.frames]
    body += [truth.index, truth.gap if truth.gap != "no_plot" else ""]
    return f"{_MARK} {hashlib.blake2b(json.dumps(body).encode(), digest_size=8).hexdigest()}"


def is_made(path: Path, *, truth: Truth, settings: Settings) -> bool:
    """Whether the file there is this very clip. A file that this module did not make is never touched."""
    if not path.exists():
        return False
    try:
        with av.open(str(path)) as container:
            found = container.metadata.get("comment", "")
    except (InvalidDataError, NoMoreData):
        # Clips appear under their name complete or not at all: this one was damaged later, so it is made again.
        return False
    if not found.startswith(_MARK):
        raise UsageError(f"{path} is there and is not a synthetic clip. Move it away or choose another folder.")
    return found == stamp(truth, settings)


def write(path: Path, *, item: Item, truth: Truth, settings: Settings) -> None:
    """Make the clip under a temporary name, then give it its own: a killed run leaves no half clip behind."""
    part = path.with_name(f".{path.stem}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _encode(part, item=item, truth=truth, settings=settings)
        part.replace(path)
    except OSError as error:
        raise SourceError(
            f"the clip {path} cannot be written: {error}. Free some space or choose a folder that can be written."
        ) from error
    finally:
        with suppress(OSError):
            part.unlink()


def _encode(path: Path, *, item: Item, truth: Truth, settings: Settings) -> None:
    options = {"fflags": "+bitexact", "movflags": "+faststart"}
    with av.open(str(path), "w", format="mp4", options=options) as container:
        container.metadata["comment"] = stamp(truth, settings)
        picture = _picture_stream(container, settings)
        sound, blocks = None, iter(())
        if truth.gap != "no_sound":
            sound, blocks = _sound_stream(container), track(truth, settings)
        heard = 0
        for number, image in enumerate(pictures(item, truth, settings)):
            # Sound goes in a block ahead of the pictures, so that a player need not look far for it.
            if sound is not None and number / settings.rate * RATE_HZ >= heard:
                heard += _mux_sound(container, sound, blocks, heard)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = number, 1 / settings.rate
            container.mux(picture.encode(frame))
        if sound is not None:
            while count := _mux_sound(container, sound, blocks, heard):
                heard += count
            container.mux(sound.encode(None))
        container.mux(picture.encode(None))


def _picture_stream(container: OutputContainer, settings: Settings) -> VideoStream:
    # The slower presets turn on the macroblock tree, whose vectorised code decides differently from run to run.
    options = {"preset": "superfast", "mbtree": "0", "crf": "23", "flags": "+bitexact"}
    stream = container.add_stream("libx264", rate=settings.rate, options=options)
    stream.width, stream.height, stream.pix_fmt = settings.width_px, settings.height_px, "yuv420p"
    stream.codec_context.gop_size = max(1, round(_KEYFRAME_EVERY_S * settings.rate))
    # One thread: the bytes that x264 writes depend on how many it has, and clips run side by side anyway.
    stream.codec_context.thread_count = 1
    return stream


def _sound_stream(container: OutputContainer) -> AudioStream:
    options = {"flags": "+bitexact", "aac_coder": "fast"}
    stream = container.add_stream("aac", rate=RATE_HZ, options=options, layout="stereo")
    stream.bit_rate = _SOUND_BITS_S
    return stream


def _mux_sound(container: OutputContainer, stream: AudioStream, blocks: Iterator[Stereo], start: int) -> int:
    """Encode the next block, which starts at sample ``start``; the number of samples, 0 when there are no more."""
    block = next(blocks, None)
    if block is None:
        return 0
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block, dtype=np.float32), format="fltp", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, start, Fraction(1, RATE_HZ)
    container.mux(stream.encode(frame))
    return block.shape[1]
