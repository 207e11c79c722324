"""LocalPool: the engine of one machine. Worker processes that outlive the tasks which kill them."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from triptych.engine import worker as worker_program
from triptych.engine.process import CLOSING_S, WorkerProcess
from triptych.engine.task import Failure, FailureKind, Outcome, Task
from triptych.errors import TriptychError, UsageError

#: A task is begun at most so often; a task that took so many workers with it is in quarantine.
ATTEMPTS = 2
#: So many workers in a row that end before they are ready are no accident.
START_FAILURES = 3
#: Seconds that an interpreter may take to start: a cold network disk is slow.
START_LIMIT_S = 60.0
#: Seconds after which a worker's process is looked at even though its connection says nothing: a process which
#: a task forked may hold the connection open after the worker has died.
LOOK_S = 1.0


@dataclass(kw_only=True, eq=False)
class _Job:
    """A task on its way through the pool."""

    task: Task
    body: bytes
    deaths: list[str] = field(default_factory=list[str])
    spared: bool = False


@dataclass(kw_only=True, eq=False)
class _Worker:
    """A worker and its job, which it has from the moment it is started for one until it is idle."""

    process: WorkerProcess
    job: _Job | None
    since_s: float
    deadline_s: float
    ready: bool = False
    begun: bool = False


@dataclass(kw_only=True, eq=False)
class _Run:
    """One call of ``run``: where its tasks come from, those to be begun again, and what has come of others."""

    source: Iterator[Task] | None
    again: deque[_Job] = field(default_factory=deque[_Job])
    outcomes: deque[Outcome] = field(default_factory=deque[Outcome])

    def done(self, job: _Job, value: Any, *, seconds: float) -> None:
        attempts = len(job.deaths) + 1
        self.outcomes.append(Outcome(key=job.task.key, value=value, failure=None, seconds=seconds, attempts=attempts))

    def fail(
        self, task: Task, kind: FailureKind, reason: str, *, seconds: float, attempts: int, trace: str = ""
    ) -> None:
        failure = Failure(kind=kind, reason=reason, trace=trace)
        self.outcomes.append(Outcome(key=task.key, value=None, failure=failure, seconds=seconds, attempts=attempts))


class LocalPool:
    """Runs tasks in worker processes on this machine (POSIX), and outlives whatever the tasks do to them.

    ``workers``: how many at most; by default as many as this process may use processors. They are started
    as there is work for them and stay warm from one ``run`` to the next, so a function may keep a model in
    its module. ``environment``: variables set in the workers over this process's own, and over the one thread
    of arithmetic that each worker is given. ``import_paths``: folders where workers look for functions before
    this process's ``sys.path``, of which each worker takes a copy when it starts.

    What a task can do, and what comes of it:

    - it raises anything, SystemExit included, or its payload or value cannot be pickled: ``"error"``;
    - it is not back after its ``limit_s``, counted from the hand-over, imports included: its worker is
      killed, ``"time-limit"``. Limits are watched while the caller waits for an outcome, and no
      outcome is refused for having come late while the caller was away;
    - its worker dies: it is begun once more, on a fresh worker, and if that dies too, ``"worker-lost"``.

    One ``run`` at a time. An iteration that is abandoned (``break``, an exception, Ctrl-C) kills the workers
    that have work and drops what was under way; the idle ones stay, and the pool can be used again. No worker
    outlives the pool or this process, however either ends. Workers print to this process's stderr, never to its
    stdout.

    A script needs no ``if __name__ == "__main__"`` guard: workers are new interpreters, neither forks of
    this process (which may have threads) nor readers of its main file.
    """

    def __init__(
        self,
        workers: int | None = None,
        *,
        environment: Mapping[str, str] | None = None,
        import_paths: Sequence[str | os.PathLike[str]] = (),
    ) -> None:
        if workers is not None and workers < 1:
            raise UsageError(f"workers is {workers}; a pool needs at least 1.")
        self._size = workers or _processors()
        self._environment = dict(environment or {})
        self._import_paths = [str(Path(path).absolute()) for path in import_paths]
        self._workers: list[_Worker] = []
        self._failed_starts = 0
        self._closed = False
        self._turn = threading.Lock()
        # Linux means by "parent" the thread that started a process, and kills the workers when it ends. A
        # thread that lives as long as the pool starts them all, so that a pool may be used from passing threads.
        self._launcher = ThreadPoolExecutor(max_workers=1, thread_name_prefix="triptych-launch")

    def run(self, tasks: Iterable[Task]) -> Generator[Outcome]:
        """Yield one outcome per task, as they finish. No more than 3 × workers tasks are taken ahead of them."""
        self._check_open()
        return self._outcomes(tasks)

    def close(self) -> None:
        """End every worker: the idle ones in good order, those with work at once."""
        self._closed = True
        workers, self._workers = self._workers, []
        for worker in workers:
            if worker.job is not None:
                worker.process.kill()
            worker.process.connection.close()
        end_s = time.monotonic() + CLOSING_S
        for worker in workers:
            worker.process.bury(max(0.0, end_s - time.monotonic()))
        self._launcher.shutdown()  # after the workers: they die with its thread

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check_open(self) -> None:
        if self._closed:
            raise UsageError("this pool is closed; open another LocalPool to run tasks.")

    def _outcomes(self, tasks: Iterable[Task]) -> Generator[Outcome]:
        if not self._turn.acquire(blocking=False):
            raise UsageError("this pool is in the middle of another run; finish or close that iteration first.")
        try:
            self._drop_jobs()  # nothing, unless a second Ctrl-C broke off the clearing up after the first
            run = _Run(source=iter(tasks))
            while True:
                # Hand out before yielding, so that workers are busy while the caller looks at an outcome.
                self._hand_out(run)
                if run.outcomes:
                    yield run.outcomes.popleft()
                elif any(worker.job for worker in self._workers):
                    self._listen(run)
                else:
                    return
        finally:
            try:
                self._drop_jobs()
            finally:
                self._turn.release()

    def _hand_out(self, run: _Run) -> None:
        """Give every worker that is idle, or could be started, a job. Holds no job back, so none waits in line."""
        self._check_open()
        while True:
            while run.again:
                # A worker has died for each of these, so there is room; a fresh one brings no trouble of its own.
                self._start(run.again.popleft(), run)
            if run.source is None:
                return
            idle = self._idle()
            if idle is None and len(self._workers) >= self._size:
                return
            task = next(run.source, None)
            if task is None:
                run.source = None
                return
            try:
                body = worker_program.pack(task.payload)
            except Exception as error:  # noqa: BLE001 - recorded in the outcome
                reason = f"the payload cannot be sent to a worker: {worker_program.describe(error)}"
                run.fail(task, "error", reason, seconds=0.0, attempts=0)
                return  # and not on to the next: a million such tasks would be a million outcomes in memory
            job = _Job(task=task, body=body)
            if idle is None:
                self._start(job, run)
            else:
                idle.job = job
                self._hand_over(idle, job, run)

    def _idle(self) -> _Worker | None:
        for worker in [worker for worker in self._workers if worker.job is None]:
            if not (worker.process.speaking or worker.process.ended):
                return worker
            self._remove(worker)  # it died while it had nothing to do: nobody's fault
        return None

    def _start(self, job: _Job, run: _Run) -> None:
        """Start a worker for this job, which it is given when it says that it is ready."""
        try:
            process = WorkerProcess.start(launcher=self._launcher, environment=self._environment)
        except OSError as error:
            self._not_started(worker_program.describe(error), error)
            run.again.append(job)
            return
        now_s = time.monotonic()
        worker = _Worker(process=process, job=job, since_s=now_s, deadline_s=now_s + START_LIMIT_S)
        self._workers.append(worker)
        try:
            process.welcome(self._import_paths)
        except OSError:
            self._lose(worker, job, run)

    def _not_started(self, cause: str, error: OSError | None = None) -> None:
        self._failed_starts += 1
        if self._failed_starts >= START_FAILURES:
            raise TriptychError(
                f"{START_FAILURES} workers in a row could not be started: {sys.executable!r} {cause}. What it had to "
                "say is on stderr; check that this interpreter runs and that there is memory for another process."
            ) from error

    def _hand_over(self, worker: _Worker, job: _Job, run: _Run) -> None:
        worker.begun = False
        worker.since_s = time.monotonic()
        worker.deadline_s = worker.since_s + job.task.limit_s
        try:
            worker.process.tell({"function": job.task.function}, job.body)
        except OSError:
            self._lose(worker, job, run)

    def _listen(self, run: _Run) -> None:
        """Wait until a worker says something or a moment has come, and see to it."""
        busy = [(worker, worker.job) for worker in self._workers if worker.job is not None]
        wait_s = min(worker.deadline_s for worker, _ in busy) - time.monotonic()
        speaking = wait([worker.process.connection for worker, _ in busy], min(max(wait_s, 0.0), LOOK_S))
        for worker, job in busy:
            if worker.process.connection in speaking:
                self._hear(worker, job, run)
                continue
            # Looked at before the connection is: what was said before the end, or before the time, counts.
            ended = worker.process.ended
            late = time.monotonic() >= worker.deadline_s
            if not (ended or late) or worker.process.speaking:
                continue
            if late and worker.ready and not ended:
                worker.process.kill()
                self._remove(worker)
                reason = f"it was stopped after the {job.task.limit_s:g} s that it is allowed"
                seconds = time.monotonic() - worker.since_s
                run.fail(job.task, "time-limit", reason, seconds=seconds, attempts=len(job.deaths) + 1)
            else:
                self._lose(worker, job, run)

    def _hear(self, worker: _Worker, job: _Job, run: _Run) -> None:
        try:
            said, answer = worker.process.hear()
        except (EOFError, OSError, ValueError):
            self._lose(worker, job, run)
            return
        if said["note"] == "ready":
            worker.ready = True
            self._failed_starts = 0
            self._hand_over(worker, job, run)
        elif said["note"] == "begun":
            worker.begun = True
        else:
            worker.job = None
            seconds, attempts = said["seconds"], len(job.deaths) + 1
            if said["note"] == "error":
                run.fail(job.task, "error", said["reason"], seconds=seconds, attempts=attempts, trace=said["trace"])
                return
            try:
                value = worker_program.unpack(answer)
            except Exception as error:  # noqa: BLE001 - recorded in the outcome
                reason = f"the value that {job.task.function!r} returned cannot be rebuilt here: "
                reason += worker_program.describe(error)
                run.fail(job.task, "error", reason, seconds=seconds, attempts=attempts)
            else:
                run.done(job, value, seconds=seconds)

    def _lose(self, worker: _Worker, job: _Job, run: _Run) -> None:
        """A worker is lost with its job: blame the job if it was at work, and begin it again or give it up."""
        seconds = time.monotonic() - worker.since_s
        cause = self._remove(worker)
        if not worker.ready:
            self._not_started(cause)
        elif not worker.begun and not job.spared:
            # It died between two tasks, this one not begun. Once, since a payload may also be what killed it.
            job.spared = True
        else:
            job.deaths.append(cause)
        if len(job.deaths) < ATTEMPTS:
            run.again.append(job)
            return
        first, second = job.deaths
        how = f"{first}, on both attempts" if first == second else f"{first}, and on the second attempt {second}"
        run.fail(job.task, "worker-lost", f"its worker {how}", seconds=seconds, attempts=ATTEMPTS)

    def _remove(self, worker: _Worker) -> str:
        self._workers.remove(worker)
        return worker.process.bury()

    def _drop_jobs(self) -> None:
        """After a run that was abandoned: whatever still has a job, or half of a message, is killed."""
        dropped = [worker for worker in self._workers if worker.job is not None]
        for worker in dropped:
            worker.process.kill()
        for worker in dropped:
            self._remove(worker)


def _processors() -> int:
    """How many processors this process may use, which on a shared machine is fewer than there are."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
