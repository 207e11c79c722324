"""Where work runs: named functions on payloads, in worker processes. Knows nothing of what the work is about."""

from triptych.engine.pool import LocalPool
from triptych.engine.task import Engine, Failure, Outcome, Task

__all__ = ["Engine", "Failure", "LocalPool", "Outcome", "Task"]
