"""Running: torch kept still and on one thread, and transformers without its talk, for a while."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, cast


@contextmanager
def one_thread() -> Generator[None, None, None]:
    """One torch thread inside, the caller's setting again outside: the count of cores must not order the sums."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def kept_still(device: str) -> Generator[None, None, None]:
    """Inside, what a network computes does not hang on threads, on tuning, or on a shorter float than was asked for.

    Nothing is kept for gradients either.
    """
    import torch

    with torch.inference_mode():
        if device == "cpu":
            with one_thread():
                yield
        elif device.startswith("cuda"):
            flags = cast(Any, torch.backends.cudnn).flags
            with flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
                yield
        else:
            yield


@contextmanager
def quiet() -> Generator[None, None, None]:
    """transformers draws progress bars and gives advice while loading; its settings are put back after."""
    from transformers.utils import logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
