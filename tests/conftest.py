"""Settings of the suite as a whole."""

from __future__ import annotations

from hypothesis import settings

# A deadline would make every property a timed test, which a busy machine fails.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
