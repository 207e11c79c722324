"""RecBole: its atomic files, read and written."""

from __future__ import annotations

from triptych.interchange.recbole.source import RecBole
from triptych.interchange.recbole.write import write_recbole

__all__ = ["RecBole", "write_recbole"]
