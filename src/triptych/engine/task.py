"""Task: a named function and its payload; what came of it; and the protocol of whatever runs tasks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Protocol, Self

FailureKind = Literal["error", "time-limit", "worker-lost"]


@dataclass(frozen=True, kw_only=True)
class Task:
    """Call ``function`` with ``payload`` as its one argument, somewhere else, within ``limit_s`` seconds.

    ``key`` is the caller's own name for the task and comes back in the :class:`Outcome`; it need not be unique.
    ``function`` is ``"package.module:name"`` and is looked up in the worker, so that nothing but names and
    plain data has to travel. ``limit_s`` may be ``math.inf``.
    """

    key: str
    function: str
    payload: Any
    limit_s: float

    def __post_init__(self) -> None:
        if not self.limit_s > 0:
            raise ValueError(f"limit_s of task {self.key!r} is {self.limit_s}; it must be above 0 seconds")


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a task has no value, as one sentence.

    ``kind``: ``"error"``, the function raised, or its payload or value could not travel;
    ``"time-limit"``, it was stopped; ``"worker-lost"``, the process that ran it died, on every attempt.
    ``trace`` is the worker's traceback as text, for a log; empty where no exception was raised in the worker.
    """

    kind: FailureKind
    reason: str
    trace: str = ""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of one task: a ``value`` (which may be None), or a ``failure``.

    ``seconds`` is the time of the last attempt; ``attempts`` how often the task was begun, 0 if it never could be.
    """

    key: str
    value: Any | None
    failure: Failure | None
    seconds: float
    attempts: int


class Engine(Protocol):
    """Whatever runs tasks: the pool of local processes, or an adapter to a cluster.

    ``run`` yields exactly one outcome per task, in the order in which they finish, and takes from ``tasks``
    only a little ahead of what it has yielded, so ``tasks`` may be an endless generator. What a task does is
    never an exception here: it is an outcome. ``run`` itself raises only what ``tasks`` raises, or a
    ``TriptychError`` when the engine cannot work at all. An engine is used as a context manager; ``close``
    ends what it started, may be called twice, and leaves the engine unusable.
    """

    def run(self, tasks: Iterable[Task]) -> Iterator[Outcome]: ...

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
