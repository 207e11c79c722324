"""Fault: what FFmpeg raises when it cannot go on, and what it says, in words for a sentence."""

from __future__ import annotations

from av.error import FFmpegError

#: What PyAV raises over a file's content. Beside FFmpeg's own errors it refuses with Python's what it does not know.
FAULTS = (FFmpegError, OSError, ValueError, MemoryError, NotImplementedError)


def words(fault: BaseException) -> str:
    """The cause, to be put into a sentence: without its number, its file name and its full stop.

    >>> words(FFmpegError(1, "Invalid data found. "))
    'Invalid data found'
    >>> words(MemoryError())
    'MemoryError'
    """
    said = getattr(fault, "strerror", None) or str(fault)
    return said.strip().rstrip(".") or type(fault).__name__
