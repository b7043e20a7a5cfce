"""However a submission's process ends or hangs, the grader says so in one line and goes on."""

from __future__ import annotations

import os
import pickle
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

if sys.platform != "win32":
    import fcntl

from backproof.candidates.candidate import CandidateError
from backproof.candidates.process import (
    MAX_STDERR,
    Budget,
    IsolationError,
    Runner,
    RunnerError,
)
from backproof.candidates.script import Script
from backproof.candidates.wire import Value

X = np.arange(12.0).reshape(4, 3)
LONG = Budget(request=60.0)

Start = Callable[..., Runner]


def call(runner: Runner, *args: Any) -> Value:
    """Make a Layer and call its forward."""
    script = Script()
    result = script.call(script.create("layer", "Layer"), "forward", *args)
    return runner.run([(script, [result])])[0][0]


def get(runner: Runner, *names: str) -> list[Value]:
    """Make a Layer and get attributes of it."""
    script = Script()
    layer = script.create("layer", "Layer")
    return runner.run([(script, [script.get(layer, name) for name in names])])[0]


def failure(runner: Runner, *args: Any) -> tuple[str, str]:
    """Give status and message of the error that calling forward ends in."""
    with pytest.raises(CandidateError) as caught:
        call(runner, *args)
    return caught.value.status, caught.value.message


DOUBLE = """
    class Layer:
        def forward(self, x):
            return 2 * x
"""

# --- the end of the process ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("os._exit(0)", "ended the process with exit status 0"),
        ("os._exit(7)", "ended the process with exit status 7"),
        ("os.closerange(3, 99)", "closed the runner's streams, or was killed"),
        pytest.param(
            "os.kill(os.getpid(), 11)",
            "ended the process by SIGSEGV",
            marks=pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX"),
        ),
    ],
)
def test_the_end_of_the_process_is_an_error(start: Start, code: str, message: str) -> None:
    """Also with exit status 0; and the next request has a new process."""
    runner = start(f"import os\nclass Layer:\n answer = 42\n def forward(self):\n  {code}")
    assert failure(runner) == ("error", message)
    assert get(runner, "answer") == [42]


@pytest.mark.parametrize(
    "forged",
    [
        "bytes(8)",
        "b'\\xff' * 8",
        "b'\\1' + bytes(7) + b'N'",
        "b'x' * 100",
        "b'\\5' + bytes(7) + b'L' + bytes(4)",
        "b'\\5' + bytes(7) + b'T' + bytes(4)",
    ],
    ids=["empty", "endless", "None", "noise", "no scripts", "no failure"],
)
def test_forged_replies_are_an_error(start: Start, forged: str) -> None:
    """A submission that writes into the protocol gains no answer."""
    runner = start(f"""
        import os

        class Layer:
            def forward(self):
                for descriptor in range(3, 20):
                    try:
                        os.write(descriptor, {forged})
                    except OSError:
                        pass
                os._exit(0)
    """)
    status, message = failure(runner)
    assert status == "error"
    assert message.startswith("broke the protocol: ")


def test_closing_ends_the_process_that_it_started(start: Start) -> None:
    """And a closed runner starts again when it is asked."""
    runner = start("import os\nclass Layer:\n pid = os.getpid()")
    (first,) = get(runner, "pid")
    runner.close()
    if sys.platform != "win32":
        with pytest.raises(ProcessLookupError):
            os.kill(first, 0)
    assert get(runner, "pid") != [first]
    runner.close()
    runner.close()


def test_an_interpreter_without_numpy_blames_nobody(start: Start, tmp_path: Path) -> None:
    """That the runner does not start is no verdict on the submission."""
    if sys.platform == "win32":
        pytest.skip("needs an executable script")
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho no NumPy here >&2\nexit 1\n", encoding="utf-8")
    broken.chmod(0o755)
    with pytest.raises(RunnerError, match="did not start as a runner: no NumPy here"):
        call(start(DOUBLE, python=str(broken)), X)
    with pytest.raises(RunnerError, match="absent did not start: No such file"):
        call(start(DOUBLE, python=str(tmp_path / "absent")), X)


def test_an_interrupted_request_leaves_no_stale_reply(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After Ctrl-C during one request, the next gets its own answer."""
    runner = start(DOUBLE)
    call(runner, X)

    def interrupt(_: object) -> bytes:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("backproof.candidates.wire.read_frame", interrupt)
        with pytest.raises(KeyboardInterrupt):
            call(runner, X + 1)
    assert np.array_equal(call(runner, X + 2), 2 * (X + 2))


# --- isolation ------------------------------------------------------------------------------------


@pytest.mark.parametrize("tier", ["none", "rlimits", "seccomp", "landlock"])
def test_a_process_that_is_not_confined_enough_runs_nothing(
    start: Start, reaching: Callable[[str], None], tmp_path: Path, tier: str
) -> None:
    """Where it has to be; else it runs, and says what it reached."""
    reaching(tier)
    mark = tmp_path / "imported"
    code = f"open({str(mark)!r}, 'w')\nclass Layer:\n answer = 42"
    runner = start(code, confined=True)
    for _ in range(2):
        with pytest.raises(IsolationError, match=f"this machine reaches {tier} ") as caught:
            get(runner, "answer")
    assert caught.value.tier == tier
    assert not mark.exists()
    runner = start(code)
    assert get(runner, "answer") == [42]
    assert runner.isolation == tier
    assert mark.exists()


def test_a_confined_process_is_not_replaced_by_one_that_is_not(
    start: Start, reaching: Callable[[str], None]
) -> None:
    """Every process is asked, not the first alone; without that, the weakest tier is claimed."""
    strict, lax = (
        start("class Layer:\n answer = 42", confined=confined) for confined in (True, False)
    )
    reaching("landlock+seccomp")
    assert [get(runner, "answer") for runner in (strict, lax)] == [[42], [42]]
    strict.close()
    lax.close()
    reaching("seccomp")
    with pytest.raises(IsolationError):
        get(strict, "answer")
    assert get(lax, "answer") == [42]
    assert (strict.isolation, lax.isolation) == ("landlock+seccomp", "seccomp")


def test_a_worker_hands_on_what_isolation_it_missed() -> None:
    """An exception goes from one process to another as its arguments."""
    error = IsolationError("rlimits", ["seccomp: the system calls of riscv64 are not known"])
    handed = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert (str(handed), handed.tier) == (str(error), "rlimits")
    assert str(IsolationError("rlimits", [])) == (
        "isolation is asked for, and this machine reaches rlimits, "
        "which leaves files and the network and other processes open: nothing is judged"
    )


# --- budgets -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "loop",
    [
        "while True: pass",
        "while True:\n   try:\n    while True: pass\n   except BaseException: pass",
    ],
    ids=["plain", "catching"],
)
def test_an_endless_loop_is_ended(start: Start, loop: str) -> None:
    """Whatever it catches; the next request has a new process."""
    code = f"import os, time\nclass Layer:\n answer = 42\n def forward(self):\n  {loop}"
    runner = start(code, budget=Budget(request=0.25))
    assert failure(runner) == ("error", "took longer than 0.25 s")
    runner.budget = LONG
    assert get(runner, "answer") == [42]


SLEEP = """
    import os, time

    class Layer:
        pid = os.getpid()

        def forward(self, seconds):
            time.sleep(seconds)
"""


def test_a_request_that_is_in_time_for_itself_may_be_too_late_for_its_check(start: Start) -> None:
    """The time of all requests is counted together, and no more are answered once it is used."""
    spent = "took longer than 1 s in all"
    runner = start(SLEEP, budget=Budget(request=60.0, check=1.0))
    call(runner, 0.3)
    assert failure(runner, 0.8) == ("error", spent)
    assert failure(runner, 0) == ("error", spent)


def test_a_submission_whose_time_is_over_is_not_judged(start: Start) -> None:
    """That is no error of the component that it happens in, during a request or before it."""
    over = "not-judged", "the time for the whole submission was over"
    runner = start(SLEEP, budget=LONG)
    call(runner, 0)
    runner.budget = Budget(request=60.0, deadline=time.time() + 0.2)
    assert failure(runner, 60) == over
    assert failure(runner, 0) == over
    runner.budget = LONG
    assert call(runner, 0) is None


def test_a_request_without_any_time_left_is_not_put(start: Start) -> None:
    """The process is none the worse for it."""
    runner = start(SLEEP, budget=LONG)
    before = get(runner, "pid")
    runner.budget = Budget(deadline=time.time() - 1)
    assert failure(runner, 0)[0] == "not-judged"
    runner.budget = LONG
    assert get(runner, "pid") == before


def test_the_budget_that_is_used_up_first_is_the_one_that_is_named(start: Start) -> None:
    """A request's own is the smallest here."""
    budget = Budget(request=0.1, check=100.0, deadline=time.time() + 100.0)
    assert failure(start(SLEEP, budget=budget), 60) == ("error", "took longer than 0.1 s")


FORKING = """
    import fcntl, os, time

    class Layer:
        def forward(self, path, endless):
            held = os.open(path, os.O_CREAT | os.O_RDWR)
            fcntl.flock(held, fcntl.LOCK_EX)
            if not os.fork():  # the child holds the lock too
                time.sleep(3600)
            while endless:
                pass
"""


def is_locked(path: Path) -> bool:
    """Tell whether any process still holds the lock on a file."""
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@pytest.mark.skipif(sys.platform == "win32", reason="process groups are POSIX")
@pytest.mark.parametrize("endless", [True, False], ids=["at its budget", "when it is closed"])
def test_what_a_process_started_ends_with_it(
    start: Start, reaching: Callable[[str], None], tmp_path: Path, *, endless: bool
) -> None:
    """By SIGKILL to the group, where no filter forbids a child in the first place."""
    reaching("none")
    lock = tmp_path / "lock"
    runner = start(FORKING, budget=Budget(request=0.5 if endless else 60.0))
    if endless:
        assert failure(runner, str(lock), endless) == ("error", "took longer than 0.5 s")
    else:
        assert call(runner, str(lock), endless) is None
        assert is_locked(lock)
        runner.close()
    patience = time.monotonic() + 30.0  # a kill is sent, not waited for
    while is_locked(lock) and time.monotonic() < patience:
        time.sleep(0.01)
    assert not is_locked(lock)


def test_a_budget_may_be_longer_than_the_start_budget(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the request's own budget ends it."""
    runner = start(SLEEP, budget=LONG)
    call(runner, 0)
    monkeypatch.setattr("backproof.candidates.process.START_BUDGET", 0.05)
    assert call(runner, 0.2) is None


# --- what the process prints and sees ------------------------------------------------------------


def test_prints_do_not_disturb_the_protocol(start: Start) -> None:
    """Both streams are kept for the instructor, and standard input is empty."""
    runner = start("""
        import os, sys

        print("on import")

        class Layer:
            def forward(self):
                print("through Python", flush=True)
                os.write(1, b"through the descriptor")
                sys.stderr.write("to stderr")
                return len(sys.stdin.read())
    """)
    assert [call(runner), call(runner)] == [0, 0]
    runner.close()
    for text in ("on import", "through Python", "through the descriptor", "to stderr"):
        assert text in runner.stderr


def test_a_flood_of_prints_does_not_block(start: Start) -> None:
    """Only its beginning is kept."""
    runner = start("""
        class Layer:
            def forward(self, x):
                for _ in range(100):
                    print("flood" * 10_000)
                return x
    """)
    y = call(runner, X)
    runner.close()
    assert np.array_equal(y, X)
    assert len(runner.stderr) == MAX_STDERR


def test_the_environment_holds_no_secrets(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokens stay outside, BLAS gets one thread and sets have one order."""
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    runner = start("""
        import os, sys

        class Layer:
            seen = sorted(os.environ)
            threads = os.environ["OPENBLAS_NUM_THREADS"]
            randomized = bool(sys.flags.hash_randomization)
            importable = [os.path.exists(os.path.join(p, "candidate.py")) for p in sys.path]
    """)
    seen, threads, randomized, importable = get(
        runner, "seen", "threads", "randomized", "importable"
    )
    assert "GITHUB_TOKEN" not in seen
    assert threads == "1"
    assert not randomized
    assert not any(importable)
