"""Silero: the network that tells speech from everything else, run from the ONNX file in its wheel.

Silero Team, *Silero VAD*, MIT licence. The wheel's own package is not imported, because it imports torch.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from triptych.features.backbones import wheel

F32 = npt.NDArray[np.float32]

RATE_HZ = 16000
#: Samples that one probability is of, and how many before them the network is shown as well.
WINDOW, CONTEXT = 512, 64
WHEEL, VERSION = "silero_vad", "6.2.3"
#: The network for a sequence of windows: bit for bit what ``silero_vad.onnx`` gives window by window, in 40 % of
#: the time (0.16 s for 90 s on one core, against 0.38).
FILE = "silero_vad_16k_sequence.onnx"
SHA256 = "9ccdacc4719d8aa7e45a77536bfabec45a03ba1f2fad5e241ab4060b24238a85"
#: Windows that go through the network at a time, its state carried on. It bounds the memory and moves no number;
#: 64 to 256 are fastest.
BLOCK_WINDOWS = 128
_STATE = (1, 1, 128)

PARAMS = {"rate_hz": RATE_HZ, "window": WINDOW, "context": CONTEXT, "file": FILE, "sha256": SHA256}


def require(title: str) -> None:
    """Raise MissingExtra for the first package that is not installed; nothing is imported."""
    wheel.require(title, "speech", (WHEEL, "onnxruntime"))


def model_file() -> Path:
    """Where the wheel keeps its network, found without importing the wheel."""
    return wheel.folder_of(WHEEL, "hearing/speech", "speech") / "data" / FILE


def read(path: Path) -> bytes:
    """The network, if it is the one that the recipe names."""
    return wheel.network_of(path, SHA256, package=WHEEL, version=VERSION)


@lru_cache(maxsize=1)
def load() -> Silero:
    """The network, verified and loaded once per process."""
    require("hearing/speech")
    body = read(model_file())
    import onnxruntime

    runtime = cast(Any, onnxruntime)
    options = runtime.SessionOptions()
    # One thread: the count of cores must not order the sums, and a worker has one core.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # its warnings are about the file, which is what it is
    # From the bytes that were hashed, not from the file again.
    return Silero(runtime.InferenceSession(body, options, providers=["CPUExecutionProvider"]))


class Silero:
    """A loaded network."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def probabilities(self, samples: F32, *, block_windows: int = BLOCK_WINDOWS) -> F32:
        """How surely each window of 512 samples holds speech: float32 ``[n]`` at 16,000 Hz → ``[⌈n / 512⌉]``, 0…1.

        The last window is filled up with zeros, and zeros stand before the first. Each window is judged by what was
        before it as well, through the network's state, and not by what comes after.
        """
        count = -(-len(samples) // WINDOW)
        found = np.empty(count, np.float32)
        hidden, cell = np.zeros(_STATE, np.float32), np.zeros(_STATE, np.float32)
        for start in range(0, count, block_windows):
            end = min(start + block_windows, count)
            shown = _shown(samples, start, end)
            given = {"input": shown, "h": hidden, "c": cell}
            found[start:end], hidden, cell = self._session.run(["speech_probs", "hn", "cn"], given)
        return found


def _shown(samples: F32, start: int, end: int) -> F32:
    """Windows ``start`` to ``end``, each after the samples before it: float32 ``[end - start, 576]``."""
    first, last = start * WINDOW - CONTEXT, end * WINDOW
    part = samples[max(first, 0) : last]
    padded = np.pad(part, (max(-first, 0), max(last - len(samples), 0)))
    return np.ascontiguousarray(np.lib.stride_tricks.sliding_window_view(padded, CONTEXT + WINDOW)[::WINDOW])
