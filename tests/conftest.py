"""Settings of the suite as a whole."""

from __future__ import annotations

import os

# The suite runs in as many processes as there are cores, so more threads in each would only contend. What a number of
# threads may change is tested where that number is given. OpenMP and OpenBLAS read this when they are loaded: here
# before any test is, and again in what a test starts.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from hypothesis import settings

# A deadline would make every property a timed test, which a busy machine fails.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
