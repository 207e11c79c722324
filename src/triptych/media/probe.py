"""Probe: the facts of a media file, read from its container and its packets, without decoding."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class PictureFacts:
    """The picture track as it is stored. Rotation is read off the pictures themselves, by the decoder."""

    codec: str
    width_px: int
    height_px: int
    rate_fps: float | None
    pixel_aspect: float
    pixel_format: str
    transfer: str


@dataclass(frozen=True, kw_only=True)
class SoundFacts:
    """One sound track."""

    codec: str
    rate_hz: int
    channels: int
    language: str


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What a container says of itself, and what is really in it.

    ``declared_s`` is the container's claim; ``duration_s`` is measured from the packets that can be read.
    """

    container: str
    declared_s: float | None
    duration_s: float
    picture: PictureFacts | None
    sounds: tuple[SoundFacts, ...]
