"""Given: features that somebody else measured, made features of a catalogue."""

from __future__ import annotations

from triptych.interchange.given.attach import Attached, attach
from triptych.interchange.given.join import Join
from triptych.interchange.given.read import read_given

__all__ = ["Attached", "Join", "attach", "read_given"]
