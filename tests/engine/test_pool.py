"""The local pool, with real processes that really die."""

from __future__ import annotations

import json
import math
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

import triptych.engine.pool as pool_module
import triptych.engine.process as process_module
from triptych.engine import Engine, LocalPool, Outcome, Task
from triptych.engine import worker as worker_program
from triptych.errors import TriptychError, UsageError

HERE = Path(__file__).parent
#: Generous: only a test that fails waits so long.
DEADLINE_S = 30.0


def task(function: str, payload: Any = None, *, key: str = "", limit_s: float = 120.0) -> Task:
    return Task(key=key or function, function=f"jobs:{function}", payload=payload, limit_s=limit_s)


def only(outcomes: Iterator[Outcome]) -> Outcome:
    (outcome,) = outcomes
    return outcome


def value(outcome: Outcome) -> Any:
    assert outcome.failure is None, outcome.failure
    return outcome.value


def gone(pid: int) -> bool:
    """Whether a process has ended. One that only waits for its end to be read by a parent has."""
    stat = Path(f"/proc/{pid}/stat")
    if stat.parent.parent.joinpath("self").exists():
        try:
            return stat.read_text().rpartition(")")[2].split()[0] in "ZX"
        except (FileNotFoundError, ProcessLookupError):
            return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE_S
    while not true():
        assert time.monotonic() < end, "it never came to pass"
        time.sleep(0.01)


def pid_in(marker: Path) -> int:
    until(marker.exists)
    return int(marker.read_text())


def program(folder: Path, text: str) -> list[str]:
    """A user's script, beside the jobs' folder on its path; without any guard around its main part."""
    script = folder / "script.py"
    script.write_text(f"import sys\nsys.path.append({str(HERE)!r})\n" + textwrap.dedent(text))
    return [sys.executable, str(script)]


@pytest.fixture
def pool() -> Iterator[LocalPool]:
    with LocalPool(2, import_paths=[HERE]) as pool:
        yield pool


@pytest.fixture(scope="module")
def one() -> Iterator[LocalPool]:
    """A pool of one worker, shared by tests of failures that leave the worker alive."""
    with LocalPool(1, import_paths=[HERE]) as pool:
        yield pool


@pytest.fixture
def warm(pool: LocalPool) -> set[int]:
    """The pool with both of its workers started: their process ids."""
    pids = {value(outcome) for outcome in pool.run([task("pid_after", 0.2)] * 2)}
    assert len(pids) == 2
    return pids


class TestWork:
    def test_every_task_has_one_outcome(self, pool: LocalPool) -> None:
        outcomes = list(pool.run(task("square", n, key=str(n)) for n in range(50)))
        assert {outcome.key: value(outcome) for outcome in outcomes} == {str(n): n * n for n in range(50)}
        assert len(outcomes) == 50
        assert all(outcome.attempts == 1 and outcome.seconds >= 0 for outcome in outcomes)

    def test_no_task_starts_no_worker(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "executable", "/nowhere/python")
        with LocalPool(2) as pool:
            assert list(pool.run([])) == []

    def test_equal_keys_are_the_callers_affair(self, pool: LocalPool) -> None:
        assert sorted(map(value, pool.run([task("square", 2, key="a"), task("square", 3, key="a")]))) == [4, 9]

    def test_a_value_may_be_none(self, pool: LocalPool) -> None:
        outcome = only(pool.run([Task(key="k", function="builtins:print", payload="", limit_s=60)]))
        assert (outcome.value, outcome.failure) == (None, None)

    def test_workers_stay_warm_between_runs(self, pool: LocalPool, warm: set[int]) -> None:
        assert {value(outcome) for outcome in pool.run([task("pid_after", 0.2)] * 2)} == warm
        assert os.getpid() not in warm

    def test_no_more_workers_than_work(self, pool: LocalPool) -> None:
        assert [value(only(pool.run([task("calls")]))) for _ in range(3)] == [1, 2, 3]

    @pytest.mark.parametrize("size", [1, 20_000_000])
    def test_large_payloads_and_values_pass_both_ways(self, pool: LocalPool, size: int) -> None:
        data = b"start" + bytes(size)
        outcomes = list(pool.run(task("backwards", data) for _ in range(3)))
        assert [value(outcome) == data[::-1] for outcome in outcomes] == [True] * 3

    def test_a_task_without_time_limit(self, pool: LocalPool) -> None:
        assert value(only(pool.run([task("square", 3, limit_s=math.inf)]))) == 9

    def test_tasks_are_taken_as_they_can_be_run(self, pool: LocalPool) -> None:
        taken = 0

        def endless() -> Iterator[Task]:
            nonlocal taken
            while True:
                taken += 1
                # Long rows of them never reach a worker: those too are taken only as outcomes are.
                yield task("square", threading.Lock() if taken % 20 > 5 else taken)

        with closing(pool.run(endless())) as outcomes:
            for yielded in range(1, 40):
                next(outcomes)
                assert taken <= yielded + 3 * 2

    def test_what_the_tasks_raise_is_raised(self, pool: LocalPool) -> None:
        def broken() -> Iterator[Task]:
            yield task("square", 3)
            raise LookupError("no more titles")

        with pytest.raises(LookupError, match="no more titles"):
            list(pool.run(broken()))
        assert value(only(pool.run([task("square", 3)]))) == 9

    def test_it_is_an_engine(self, pool: LocalPool) -> None:
        engine: Engine = pool
        with engine as same:
            assert same is pool


class TestSurroundings:
    def test_one_thread_of_arithmetic_and_the_callers_variables(self) -> None:
        with LocalPool(1, environment={"TRIPTYCH_TEST_COLOUR": "teal"}, import_paths=[HERE]) as pool:
            facts = value(only(pool.run([task("facts")])))
        assert (facts["threads"], facts["colour"], facts["stdin"]) == ("1", "teal", "")
        assert facts["passed_on"] == []  # or what a task starts would hold its worker's connection open

    def test_the_callers_variables_come_last(self) -> None:
        with LocalPool(1, environment={"OMP_NUM_THREADS": "3"}, import_paths=[HERE]) as pool:
            assert value(only(pool.run([task("facts")])))["threads"] == "3"

    def test_the_parents_path_reaches_the_workers(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "late_module.py").write_text("def here(_):\n    return __file__\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        with LocalPool(1) as pool:
            where = value(only(pool.run([Task(key="k", function="late_module:here", payload=0, limit_s=60)])))
        assert where == str(tmp_path / "late_module.py")

    def test_files_around_do_not_hide_the_library(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("json", "socket", "queue", "random"):
            (tmp_path / f"{name}.py").write_text("raise ImportError('the wrong one')\n")
        monkeypatch.chdir(tmp_path)
        with LocalPool(1, import_paths=[HERE]) as pool:
            assert value(only(pool.run([task("square", 3)]))) == 9

    def test_import_paths_may_be_relative_and_come_first(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "jobs.py").write_text("def square(_):\n    return 'mine'\n")
        monkeypatch.chdir(tmp_path)
        monkeypatch.syspath_prepend(str(HERE))
        with LocalPool(1, import_paths=["."]) as pool:
            assert value(only(pool.run([task("square", 3)]))) == "mine"

    def test_a_script_needs_no_guard_and_its_stdout_is_its_own(self, tmp_path: Path) -> None:
        command = program(
            tmp_path,
            """
            from triptych.engine import LocalPool, Task
            with LocalPool(1) as pool:
                for outcome in pool.run(
                    Task(key=str(n), function="jobs:chatter", payload="noise", limit_s=60) for n in range(3)
                ):
                    print("data", outcome.value)
            """,
        )
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stdout == "data noise\n" * 3
        assert done.stderr == "noise\nraw noise\n" * 3

    if sys.platform == "linux":

        def test_no_more_workers_than_processors_that_may_be_used(self, tmp_path: Path) -> None:
            command = program(
                tmp_path,
                """
                import os
                os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
                from triptych.engine import LocalPool, Task
                with LocalPool() as pool:
                    tasks = [Task(key="k", function="jobs:pid", payload=0, limit_s=60)] * 4
                    print(len({outcome.value for outcome in pool.run(tasks)}))
                """,
            )
            assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "1\n"


class TestErrors:
    @pytest.mark.parametrize(
        ("function", "payload", "reason"),
        [
            ("fail", "two\n  lines", "ValueError: two lines"),
            ("fail", "", "ValueError, without a message"),
            ("fail", "x" * 10_000, "ValueError: " + "x" * 599 + "…"),
            ("exhaust", None, "MemoryError, without a message"),
            ("leave", None, "SystemExit: 3"),
            ("interrupt", None, "KeyboardInterrupt, without a message"),
            ("unspeakable", None, "Unspeakable: (its message raised RuntimeError)"),
        ],
    )
    def test_what_a_function_raises_is_its_failure_and_no_more(
        self, one: LocalPool, function: str, payload: Any, reason: str
    ) -> None:
        before = value(only(one.run([task("pid")])))
        outcome = only(one.run([task(function, payload, key="k")]))
        assert outcome.failure is not None
        assert (outcome.failure.kind, outcome.failure.reason) == ("error", reason)
        assert (outcome.key, outcome.value, outcome.attempts) == ("k", None, 1)
        assert f"in {function}" in outcome.failure.trace
        assert value(only(one.run([task("pid")]))) == before

    @pytest.mark.parametrize(
        ("function", "reason"),
        [
            ("no_such_module:run", "ModuleNotFoundError: No module named 'no_such_module'"),
            ("jobs:no_such_name", "AttributeError: module 'jobs' has no attribute 'no_such_name'"),
            ("jobs:NOT_A_FUNCTION", "TypeError: 'NOT_A_FUNCTION' of 'jobs' is a int and cannot be called"),
            ("jobs", "ValueError: a function is named 'package.module:name'"),
            (
                "__main__:run",
                "ValueError: '__main__' is another file in every process; move the function into a module",
            ),
        ],
    )
    def test_a_function_that_is_not_there(self, one: LocalPool, function: str, reason: str) -> None:
        outcome = only(one.run([Task(key="k", function=function, payload=None, limit_s=60)]))
        assert outcome.failure is not None
        assert outcome.failure.kind == "error"
        assert outcome.failure.reason == f"the function {function!r} cannot be found by a worker: {reason}"

    def test_a_payload_that_cannot_be_sent(self, one: LocalPool) -> None:
        bad, good = sorted(one.run([task("square", threading.Lock()), task("square", 3)]), key=lambda o: o.attempts)
        assert bad.failure is not None
        assert bad.failure.kind == "error"
        assert bad.failure.reason.startswith("the payload cannot be sent to a worker: TypeError: cannot pickle")
        assert bad.attempts == 0
        assert value(good) == 9

    def test_a_payload_that_cannot_be_rebuilt(self, one: LocalPool, jobs: Any) -> None:
        outcome = only(one.run([task("square", jobs.BreaksWhereItArrives(os.getpid()))]))
        assert outcome.failure is not None
        assert outcome.failure.reason == (
            "the payload for 'jobs:square' cannot be rebuilt in a worker: LookupError: far from home"
        )

    def test_a_value_that_cannot_be_sent_back(self, one: LocalPool) -> None:
        outcome = only(one.run([task("unsendable")]))
        assert outcome.failure is not None
        assert outcome.failure.kind == "error"
        assert outcome.failure.reason.startswith("the value that 'jobs:unsendable' returned cannot be sent back: ")

    def test_a_value_that_cannot_be_rebuilt(self, one: LocalPool, jobs: Any) -> None:
        outcome = only(one.run([task("homesick")]))
        assert outcome.failure is not None
        assert outcome.failure.reason == (
            "the value that 'jobs:homesick' returned cannot be rebuilt here: LookupError: far from home"
        )
        assert value(only(one.run([task("square", 3)]))) == 9

    @pytest.mark.parametrize("limit_s", [0, -1, math.nan])
    def test_a_task_needs_time(self, limit_s: float) -> None:
        with pytest.raises(ValueError, match="must be above 0 seconds"):
            task("square", 3, limit_s=limit_s)

    def test_a_pool_needs_a_worker(self) -> None:
        with pytest.raises(UsageError, match="workers is 0"):
            LocalPool(0)

    @pytest.fixture
    def jobs(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
        """The jobs' module in this process, under the name that it has in the workers."""
        monkeypatch.syspath_prepend(str(HERE))
        import jobs  # pyright: ignore[reportMissingImports]

        yield jobs
        del sys.modules["jobs"]


class TestDeath:
    @pytest.mark.parametrize(
        ("function", "payload", "how"),
        [
            (
                "die",
                signal.SIGKILL,
                "was killed by SIGKILL (as the system does when memory runs out), on both attempts",
            ),
            ("die", signal.SIGSEGV, "was killed by SIGSEGV, on both attempts"),
            ("vanish", 7, "ended with exit code 7, on both attempts"),
        ],
    )
    def test_a_task_that_kills_two_workers_is_put_in_quarantine(
        self, pool: LocalPool, function: str, payload: int, how: str
    ) -> None:
        tasks = [task("square", n, key=str(n)) for n in range(8)]
        tasks.insert(2, task(function, payload, key="bad"))
        outcomes = {outcome.key: outcome for outcome in pool.run(tasks)}
        bad = outcomes.pop("bad")
        assert bad.failure is not None
        assert (bad.failure.kind, bad.failure.reason) == ("worker-lost", f"its worker {how}")
        assert (bad.value, bad.attempts) == (None, 2)
        assert {key: (value(outcome), outcome.attempts) for key, outcome in outcomes.items()} == {
            str(n): (n * n, 1) for n in range(8)
        }

    def test_the_second_attempt_may_succeed_on_a_fresh_worker(
        self, pool: LocalPool, warm: set[int], tmp_path: Path
    ) -> None:
        outcome = only(pool.run([task("die_once", str(tmp_path / "marker"))]))
        assert outcome.attempts == 2
        assert int((tmp_path / "marker").read_text()) in warm
        assert value(outcome) not in warm

    def test_many_deaths_at_once(self, pool: LocalPool, tmp_path: Path) -> None:
        tasks = [task("die_once", str(tmp_path / str(n)), key=str(n)) for n in range(6)]
        outcomes = list(pool.run(tasks))
        assert sorted(outcome.key for outcome in outcomes) == [str(n) for n in range(6)]
        assert [(outcome.failure, outcome.attempts) for outcome in outcomes] == [(None, 2)] * 6

    def test_a_worker_that_dies_idle_is_replaced_and_nobody_blamed(self, pool: LocalPool) -> None:
        for pause_s in (0.0, 0.0, 0.1):  # with the death under way as the task is handed over, and long past
            before = value(only(pool.run([task("pid")])))
            os.kill(before, signal.SIGKILL)
            time.sleep(pause_s)
            outcome = only(pool.run([task("pid")]))
            assert value(outcome) != before
            assert outcome.attempts == 1

    def test_a_death_that_a_forked_process_hides(
        self, pool: LocalPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pool_module, "LOOK_S", 0.1)
        outcome = only(pool.run([task("orphan", str(tmp_path / "orphans"))]))
        assert outcome.failure is not None
        assert outcome.failure.reason == "its worker ended with exit code 4, on both attempts"
        orphans = [int(line) for line in (tmp_path / "orphans").read_text().split()]
        assert len(orphans) == 2
        until(lambda: all(map(gone, orphans)))

    def test_a_stopped_worker_does_not_hold_up_the_pool(self, pool: LocalPool, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(process_module, "STALL_LIMIT_S", 0.3)
        monkeypatch.setattr(process_module, "CLOSING_S", 0.2)
        stopped = value(only(pool.run([task("pid")])))
        os.kill(stopped, signal.SIGSTOP)
        outcome = only(pool.run([task("backwards", bytes(20_000_000))]))
        assert len(value(outcome)) == 20_000_000
        until(lambda: gone(stopped))


class TestTimeLimit:
    def test_the_task_is_stopped_and_the_rest_goes_on(self, pool: LocalPool, tmp_path: Path) -> None:
        tasks = [task("square", n, key=str(n)) for n in range(6)]
        tasks.insert(1, task("hang", str(tmp_path / "pid"), key="slow", limit_s=0.5))
        outcomes = {outcome.key: outcome for outcome in pool.run(tasks)}
        slow = outcomes.pop("slow")
        assert slow.failure is not None
        assert slow.failure.kind == "time-limit"
        assert slow.failure.reason == "it was stopped after the 0.5 s that it is allowed"
        assert slow.attempts == 1
        assert slow.seconds >= 0.5
        assert gone(pid_in(tmp_path / "pid"))
        assert {key: value(outcome) for key, outcome in outcomes.items()} == {str(n): n * n for n in range(6)}

    def test_native_code_is_stopped_too(self, pool: LocalPool, tmp_path: Path) -> None:
        outcome = only(pool.run([task("hang_in_native_code", str(tmp_path / "pid"), limit_s=0.5)]))
        assert outcome.failure is not None
        assert outcome.failure.kind == "time-limit"
        assert gone(pid_in(tmp_path / "pid"))

    def test_what_the_task_started_is_stopped_with_it(self, pool: LocalPool, tmp_path: Path) -> None:
        only(pool.run([task("hang_with_child", str(tmp_path / "pid"), limit_s=1.0)]))
        child = pid_in(tmp_path / "pid")
        until(lambda: gone(child))

    def test_on_the_second_attempt(self, pool: LocalPool, tmp_path: Path) -> None:
        outcome = only(pool.run([task("die_then_hang", str(tmp_path / "marker"), limit_s=0.5)]))
        assert outcome.failure is not None
        assert (outcome.failure.kind, outcome.attempts) == ("time-limit", 2)

    def test_a_value_that_came_while_the_caller_was_away_counts(self, pool: LocalPool, warm: set[int]) -> None:
        with closing(pool.run([task("square", 2), task("pid_after", 0.1, limit_s=0.6)])) as outcomes:
            next(outcomes)
            time.sleep(0.8)
            value(next(outcomes))


class TestStart:
    def test_workers_that_cannot_start_are_reported(self, tmp_path: Path) -> None:
        (tmp_path / "sitecustomize.py").write_text("import os\nos._exit(9)\n")
        with LocalPool(2, environment={"PYTHONPATH": str(tmp_path)}, import_paths=[HERE]) as pool:
            with pytest.raises(
                TriptychError, match=r"3 workers in a row could not be started: .* ended with exit code 9"
            ):
                list(pool.run(task("square", n) for n in range(10)))
            # It raises again, and has not become another pool.
            with pytest.raises(TriptychError, match="could not be started"):
                list(pool.run([task("square", 3)]))

    def test_an_interpreter_that_is_not_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "executable", "/nowhere/python")
        with LocalPool(1) as pool, pytest.raises(TriptychError, match=r"'/nowhere/python' .*FileNotFoundError"):
            list(pool.run([task("square", 3)]))

    def test_a_start_that_hangs(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pool_module, "START_LIMIT_S", 0.2)
        monkeypatch.setattr(process_module, "CLOSING_S", 0.1)
        (tmp_path / "sitecustomize.py").write_text("import time\ntime.sleep(600)\n")
        with (
            LocalPool(1, environment={"PYTHONPATH": str(tmp_path)}) as pool,
            pytest.raises(TriptychError, match="stopped answering"),
        ):
            list(pool.run([task("square", 3)]))

    def test_a_start_that_fails_now_and_then_is_no_ones_failure(self, tmp_path: Path) -> None:
        marker = tmp_path / "marker"
        (tmp_path / "sitecustomize.py").write_text(
            f"import os, pathlib\nmarker = pathlib.Path({str(marker)!r})\n"
            "if not marker.exists():\n    marker.touch()\n    os._exit(9)\n"
        )
        with LocalPool(1, environment={"PYTHONPATH": str(tmp_path)}, import_paths=[HERE]) as pool:
            outcome = only(pool.run([task("square", 3)]))
        assert (value(outcome), outcome.attempts) == (9, 1)


class TestEnd:
    def test_closing_ends_the_workers(self, tmp_path: Path) -> None:
        with LocalPool(2, import_paths=[HERE]) as pool:
            pids = {value(outcome) for outcome in pool.run([task("pid_after", 0.2)] * 2)}
            assert not any(map(gone, pids))
        assert all(map(gone, pids))
        pool.close()
        with pytest.raises(UsageError, match="is closed"):
            pool.run([])

    def test_idle_workers_end_in_good_order(self, tmp_path: Path) -> None:
        (tmp_path / "orderly.py").write_text(
            "import atexit, pathlib\ndef run(path):\n    atexit.register(pathlib.Path(path).touch)\n"
        )
        with LocalPool(1, import_paths=[tmp_path]) as pool:
            only(pool.run([Task(key="k", function="orderly:run", payload=str(tmp_path / "bye"), limit_s=60)]))
            assert not (tmp_path / "bye").exists()
        assert (tmp_path / "bye").exists()

    def test_closing_in_the_middle_of_a_run(self, pool: LocalPool, warm: set[int], tmp_path: Path) -> None:
        outcomes = pool.run([task("square", 3), task("hang", str(tmp_path / "pid")), task("square", 4)])
        next(outcomes)
        assert pid_in(tmp_path / "pid") in warm
        pool.close()
        assert all(map(gone, warm))
        with pytest.raises(UsageError, match="is closed"):
            list(outcomes)

    def test_an_iteration_that_is_broken_off_leaves_a_pool_that_works(
        self, pool: LocalPool, warm: set[int], tmp_path: Path
    ) -> None:
        for _ in pool.run([task("pid"), task("hang", str(tmp_path / "pid"))]):
            hanging = pid_in(tmp_path / "pid")
            break
        assert gone(hanging)
        after = {value(outcome) for outcome in pool.run([task("pid_after", 0.2)] * 2)}
        assert len(after) == 2
        assert after & warm == warm - {hanging}

    def test_one_run_at_a_time(self, pool: LocalPool) -> None:
        with closing(pool.run([task("square", 2), task("square", 3)])) as first:
            next(first)
            with pytest.raises(UsageError, match="in the middle of another run"):
                list(pool.run([task("square", 3)]))
        assert value(only(pool.run([task("square", 3)]))) == 9

    def test_a_pool_that_was_first_used_in_a_thread_now_ended(self, pool: LocalPool) -> None:
        before: list[int] = []
        thread = threading.Thread(target=lambda: before.append(value(only(pool.run([task("pid")])))))
        thread.start()
        thread.join()
        time.sleep(0.1)
        outcome = only(pool.run([task("pid")]))
        assert [value(outcome)] == before

    # Only Linux tells a process of its parent's death while it is in native code that holds the interpreter's lock.
    @pytest.mark.parametrize("job", ["hang", "hang_in_native_code"] if sys.platform == "linux" else ["hang"])
    def test_workers_end_when_their_parent_is_killed(self, tmp_path: Path, job: str) -> None:
        command = program(
            tmp_path,
            f"""
            from triptych.engine import LocalPool, Task
            def tasks():
                yield Task(key="idle", function="jobs:pid", payload=0, limit_s=600)
                yield Task(key="a", function="jobs:{job}", payload={str(tmp_path / "a")!r}, limit_s=600)
                yield Task(key="b", function="jobs:{job}", payload={str(tmp_path / "b")!r}, limit_s=600)
            with LocalPool(3) as pool:
                for outcome in pool.run(tasks()):
                    print(outcome.value, flush=True)
            """,
        )
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
            assert parent.stdout is not None
            workers = [int(parent.stdout.readline()), pid_in(tmp_path / "a"), pid_in(tmp_path / "b")]
            parent.kill()
        until(lambda: all(map(gone, workers)))

    def test_a_worker_ends_in_the_middle_of_a_task_when_the_connection_does(self, tmp_path: Path) -> None:
        """As it must where the kernel does not tell it of its parent's death: here the parent lives on."""
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-P", worker_program.__file__, str(theirs.fileno()), str(os.getpid())],
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        connection: Connection[Any, Any] = Connection(ours.detach())
        connection.send_bytes(json.dumps({"paths": [str(HERE), *sys.path]}).encode())
        assert json.loads(connection.recv_bytes()) == {"note": "ready"}
        connection.send_bytes(json.dumps({"function": "jobs:hang"}).encode())
        connection.send_bytes(worker_program.pack(str(tmp_path / "pid")))
        assert pid_in(tmp_path / "pid") == process.pid
        connection.close()
        assert process.wait(DEADLINE_S) == -signal.SIGKILL

    def test_a_worker_whose_parent_is_another_does_not_stay(self) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            command = [sys.executable, "-P", worker_program.__file__, str(theirs.fileno()), str(os.getppid())]
            assert subprocess.run(command, pass_fds=[theirs.fileno()], timeout=DEADLINE_S, check=False).returncode == 1


class TestInterrupt:
    def test_workers_do_not_hear_it(self, pool: LocalPool) -> None:
        assert value(only(pool.run([task("survive_interrupt")]))) == "still here"
        facts = value(only(pool.run([task("facts")])))
        assert facts["group"] != os.getpgrp()
        assert facts["session"] != os.getsid(0)

    def test_it_ends_the_run_and_the_workers(self, tmp_path: Path) -> None:
        command = program(
            tmp_path,
            f"""
            from triptych.engine import LocalPool, Task
            names = {[str(tmp_path / "a"), str(tmp_path / "b")]!r}
            with LocalPool(2) as pool:
                try:
                    list(pool.run(Task(key=name, function="jobs:hang", payload=name, limit_s=600) for name in names))
                except KeyboardInterrupt:
                    print("interrupted")
                task = Task(key="k", function="jobs:square", payload=3, limit_s=60)
                print([outcome.value for outcome in pool.run([task])])
            """,
        )
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as parent:
            workers = [pid_in(tmp_path / "a"), pid_in(tmp_path / "b")]
            os.killpg(parent.pid, signal.SIGINT)
            said, _ = parent.communicate(timeout=DEADLINE_S)
        assert said == "interrupted\n[9]\n"
        assert parent.returncode == 0
        until(lambda: all(map(gone, workers)))
