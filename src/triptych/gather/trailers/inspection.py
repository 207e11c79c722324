"""Inspection: whether what arrived is a trailer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from triptych.errors import MediaError
from triptych.gather.trailers.reason import Reason
from triptych.gather.trailers.settings import Settings

#: FFmpeg's name of a container → the usual ending of its files.
_SUFFIX = {
    "matroska": ".mkv",
    "mpegts": ".ts",
    "mpeg": ".mpg",
    "ogg": ".ogv",
    "asf": ".wmv",
    "avi": ".avi",
    "flv": ".flv",
    "gif": ".gif",
}


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """What a file is: its length and right ending, or the reason why it is no trailer."""

    bytes: int
    duration_s: float | None = None
    suffix: str = ""
    reason: Reason | None = None
    detail: str = ""


def inspect(path: Path, settings: Settings) -> Inspection:
    """Look through the whole file, packet by packet. OSError where it cannot be read at all."""
    from triptych.media.container import scan

    size = path.stat().st_size
    if size > settings.max_bytes:
        return Inspection(bytes=size, reason=Reason.TOO_LARGE, detail=f"{size:,} bytes")
    with path.open("rb") as handle:
        head = handle.read(512).lstrip(b"\xef\xbb\xbf \t\r\n")
    if re.match(rb"<(!doctype|html|head|body|\?xml|!--)", head, re.IGNORECASE):
        return Inspection(bytes=size, reason=Reason.NOT_A_VIDEO, detail="it is a page, whatever it was said to be")
    try:
        found = scan(path)
    except MediaError as fault:
        detail = str(fault).replace(f"{path.name!r} ", "it ", 1).rstrip(".")
        reason = Reason.TRUNCATED if "cut off" in detail else Reason.NOT_A_VIDEO
        return Inspection(bytes=size, reason=reason, detail=detail)
    seconds = found.probe.duration_s
    reason, detail = _fault(found.timeline is not None, found.warnings, seconds, settings)
    suffix = _suffix(found.probe.container, path.suffix.lower())
    return Inspection(bytes=size, duration_s=seconds, suffix=suffix, reason=reason, detail=detail)


def _fault(pictures: bool, warnings: tuple[str, ...], seconds: float, settings: Settings) -> tuple[Reason | None, str]:
    if not pictures:
        return Reason.NOT_A_VIDEO, "it holds no pictures"
    for warning in warnings:
        if warning.startswith(("the file ends at", "reading stopped early")):
            return Reason.TRUNCATED, warning
    if seconds > settings.max_s:
        return Reason.TOO_LONG, f"{seconds:.1f} s"
    if seconds < settings.min_s:
        return Reason.TOO_SHORT, f"{seconds:.1f} s"
    return None, ""


def _suffix(container: str, given: str) -> str:
    """The ending that fits what is in the file: the one in its address may say anything."""
    names = container.split(",")
    if "webm" in names:
        return given if given in (".webm", ".mkv") else ".mkv"
    if "mp4" in names:
        return given if given in (".mp4", ".m4v", ".mov", ".3gp") else ".mp4"
    return _SUFFIX.get(names[0], ".mp4")
