"""The process that a submission's code runs in, as the grader sees it."""

from __future__ import annotations

import contextlib
import math
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from backproof import isolation
from backproof.candidates import bubblewrap, imports, wire
from backproof.candidates.candidate import CandidateError, TimeUpError, Unanswered
from backproof.candidates.dialects.dialect import Submission
from backproof.candidates.script import Script
from backproof.candidates.wire import Handle

RUNNER = Path(__file__).with_name("runner.py")
_WITH_RUNNER = [RUNNER.with_name(f"{name}.py") for name in ("imports", "sandbox", "wire")]

MAX_STDERR = 64 * 1024
"""How much of what a submission prints is kept, in bytes."""

START_BUDGET = 60.0
"""Seconds for Python and NumPy to start, before any of the submission's code runs."""

# What Python and NumPy need to be found and loaded. Everything else, tokens above all, stays here.
_INHERITED = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")

# No user packages, no bytecode left in the submission, and prints that a crash cannot swallow.
# -I would be stricter, but it ignores PYTHONHASHSEED, and then the order in which a submission
# walks through a set differs from run to run.
_OPTIONS = ("-s", "-B", "-u")

_SETTINGS = {
    "TZ": "UTC",
    "PYTHONHASHSEED": "0",
    "PYTHONUTF8": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
}


class RunnerError(RuntimeError):
    """The runner itself did not start: nothing of the submission ran, nor is to blame."""


class IsolationError(RunnerError):
    """The process cannot be confined as far as it has to be; nothing of the submission ran.

    Attributes
    ----------
    tier
        What was reached.
    missing
        What could not be done, each with its reason.
    """

    def __init__(self, tier: str, missing: Sequence[str]) -> None:
        super().__init__(tier, missing)  # as they are, or another process could not hand it on
        self.tier = tier
        self.missing = missing

    def __str__(self) -> str:
        reasons = f" ({'; '.join(self.missing)})" if self.missing else ""
        opened = " and ".join(isolation.left_open(self.tier))
        return (
            f"isolation is asked for, and this machine reaches {self.tier}{reasons}, "
            f"which leaves {opened} open: nothing is judged"
        )


@dataclass(frozen=True)
class Budget:
    """Seconds of wall-clock time that a submission may take.

    Attributes
    ----------
    request
        For the answer to one request, imports included.
    check
        For all answers to the checks of one component.
    deadline
        When the time for the whole submission is over, by `time.time`, which all processes share.
    """

    request: float = 10.0
    check: float = 120.0
    deadline: float = math.inf


USUAL = Budget()


class Runner:
    """The process that a submission's code runs in. It starts at the first request.

    Not for use by two threads at once.

    Parameters
    ----------
    submission
        Where the code is.
    budget
        How long it may take.
    confined
        Whether nothing may run unless files, network and processes are closed to it.
    trusted
        Whether it runs without the sandbox.
    python
        The interpreter, whose NumPy is the one that the submission gets.
    """

    def __init__(
        self,
        submission: Submission,
        *,
        budget: Budget = USUAL,
        confined: bool = False,
        trusted: bool = False,
        python: str = sys.executable,
    ) -> None:
        self.budget = budget
        self.confined = confined
        self.trusted = trusted
        self._tiers: list[str] = []
        self._python = python
        self._submission = submission
        self._process: subprocess.Popen[bytes] | None = None
        self._stderr = bytearray()
        self._drain: threading.Thread | None = None
        self._taken = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process that this runner started, if it runs."""
        self._stop()

    @property
    def isolation(self) -> str:
        """The tier that every process of this runner reached; ``"none"`` before the first."""
        return isolation.weakest(self._tiers)

    @property
    def stderr(self) -> str:
        """What the submission printed, to either stream, up to `MAX_STDERR` bytes."""
        return bytes(self._stderr).decode("utf-8", "replace")

    def run(self, scripts: Sequence[tuple[Script, Sequence[Handle]]]) -> list[list[wire.Value]]:
        """Run scripts in one round trip.

        Parameters
        ----------
        scripts
            Each with the handles of the results that are wanted; the runner forgets its objects
            when the script ends.

        Returns
        -------
        list of list
            For each script, the results that are wanted.

        Raises
        ------
        CandidateError
            Where a command failed, the process ended, or a budget was used up.
        WireError
            Where the arguments are too large together.
        RunnerError
            Where Python or NumPy did not start.
        """
        asked = [(script.commands, [h.command for h in handles]) for script, handles in scripts]
        request = wire.encode_request(asked)
        process = self.start()
        start = time.monotonic()
        seconds = self._allowance()
        if seconds <= 0:
            raise self._spent(seconds)
        try:
            reply = _Exchange(process, start + seconds).ask(request)
            results, failure = wire.decode_reply(reply, [len(wanted) for _, wanted in asked])
        except _ExpiredError:
            self._stop()
            raise self._spent(seconds) from None
        except (OSError, wire.WireError) as error:
            # A submission can reach the runner's streams, so malformed bytes are its doing.
            raise CandidateError("error", self._epitaph(error)) from None
        except BaseException:  # at Ctrl-C, say: this reply must not become the next request's
            self._stop()
            raise
        finally:
            self._taken += time.monotonic() - start
        if failure is not None:
            status: Unanswered = "not-implemented" if failure.status == "missing" else "error"
            message = _printable(failure.message).replace("\n", " ")
            raise CandidateError(status, message, _printable(failure.traceback))
        return results

    def _allowance(self) -> float:
        """How long the next request may take."""
        budget = self.budget
        return min(budget.request, budget.check - self._taken, budget.deadline - time.time())

    def _spent(self, seconds: float) -> CandidateError:
        """What to say when a request did not end by then."""
        budget = self.budget
        if seconds == budget.request:
            return CandidateError("error", f"took longer than {budget.request:g} s")
        if seconds == budget.check - self._taken:
            return TimeUpError("error", f"took longer than {budget.check:g} s in all")
        return TimeUpError("not-judged", "the time for the whole submission was over")

    def start(self) -> subprocess.Popen[bytes]:
        """Start the process, unless it runs; nothing of the submission runs by that.

        Raises
        ------
        RunnerError
            Where Python or NumPy did not start, or cannot be confined.
        """
        return self._process or self._start()

    def _command(self) -> list[str]:
        submission = self._submission
        files = [RUNNER, *_WITH_RUNNER]
        wrapping = (
            []
            if self.trusted
            else bubblewrap.prefix(self._python, submission.root, files, imports.FORBIDDEN)
        )
        return [
            *wrapping,
            self._python,
            *_OPTIONS,
            str(RUNNER),
            "trusted" if self.trusted else "bubblewrapped" if wrapping else "plain",
            str(submission.root),
            *map(str, submission.import_dirs),
        ]

    def _start(self) -> subprocess.Popen[bytes]:
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        try:
            self._process = process = subprocess.Popen(
                self._command(),
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**inherited, **_SETTINGS, "HOME": str(self._submission.root)},
                cwd=self._submission.root,
                start_new_session=True,
            )
        except OSError as error:
            raise RunnerError(f"{self._python} did not start: {error.strerror}") from None
        self._drain = threading.Thread(target=self._collect, args=(process.stderr,), daemon=True)
        self._drain.start()
        if sys.platform != "win32":
            for stream in (process.stdin, process.stdout):
                assert stream is not None
                os.set_blocking(stream.fileno(), False)
        try:
            ready = _Exchange(process, time.monotonic() + START_BUDGET).read()
            tier, *missing = wire.decode(ready)
        except (OSError, wire.WireError, _ExpiredError):
            self._stop()
            said = self.stderr.strip().splitlines() or ["it said nothing"]
            what = f"{self._python} did not start as a runner: {said[-1]}"
            raise RunnerError(what) from None
        if self.confined and not isolation.confines(tier):
            self._stop()
            raise IsolationError(tier, missing)
        self._tiers.append(tier)
        return process

    def _collect(self, stream: IO[bytes]) -> None:
        """Read the stream to its end, so that no flood blocks, and keep its beginning."""
        with stream:
            while printed := stream.read(65536):
                self._stderr += printed[: MAX_STDERR - len(self._stderr)]

    def _epitaph(self, error: Exception) -> str:
        """End the process and say in one line why it is over."""
        code = self._stop()
        if isinstance(error, wire.WireError):
            return f"broke the protocol: {_printable(str(error))}"
        if code in {wire.CUT_OFF, -9}:  # which of the two is a race with `_stop`
            return "closed the runner's streams, or was killed"
        if code is not None and code < 0:
            with contextlib.suppress(ValueError):
                return f"ended the process by {signal.Signals(-code).name}"
        return f"ended the process with exit status {code}"

    def _stop(self) -> int | None:
        """End the process, and return its exit status."""
        process, self._process = self._process, None
        if process is None:
            return None
        # Before it is waited for, as until then nobody else can have its id.
        _kill(process)
        code = process.wait()
        for stream in (process.stdin, process.stdout):
            assert stream is not None
            stream.close()
        assert self._drain is not None
        self._drain.join(1.0)
        return code


class _ExpiredError(Exception):
    """The time for an answer is over."""


class _Exchange:
    """One question to a process and its answer, by a deadline on `time.monotonic`.

    A forked child in a session of its own outlives the process and can hold its streams open, so
    nothing here waits longer than the deadline for either of them.
    """

    def __init__(self, process: subprocess.Popen[bytes], deadline: float) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.process = process
        self.stdin = process.stdin.fileno()
        self.stdout = process.stdout.fileno()
        self.deadline = deadline

    def ask(self, request: bytes) -> bytes:
        """Write a frame and read one.

        Raises
        ------
        OSError, WireError
            Where the process is gone, or its answer is no frame.
        _ExpiredError
            Where the time is over first.
        """
        if sys.platform == "win32":
            return self._ask_and_be_ended(request)
        wire.write_frame(self._write, request)
        return self.read()

    def read(self) -> bytes:
        """Read one frame."""
        reply = wire.read_frame(self._read)
        if reply is None:
            raise BrokenPipeError
        return reply

    def _read(self, size: int) -> bytes:
        if sys.platform != "win32":
            self._wait(self.stdout, select.POLLIN)  # as a rule there is nothing yet
        return os.read(self.stdout, size)

    def _write(self, content: memoryview | bytes) -> int:
        try:
            return os.write(self.stdin, content)
        except BlockingIOError:
            self._wait(self.stdin, select.POLLOUT)
            return 0

    def _wait(self, descriptor: int, event: int) -> None:
        left = self.deadline - time.monotonic()
        ready = select.poll()
        ready.register(descriptor, event)
        if left <= 0 or not ready.poll(math.ceil(1000 * min(left, 86400.0))):
            raise _ExpiredError

    def _ask_and_be_ended(self, request: bytes) -> bytes:
        """Where pipes cannot be polled, a timer ends the process."""
        timer = threading.Timer(self.deadline - time.monotonic(), self.process.kill)
        timer.start()
        try:
            wire.write_frame(lambda content: os.write(self.stdin, content), request)
            return self.read()
        except (OSError, wire.WireError):
            if time.monotonic() >= self.deadline:
                raise _ExpiredError from None
            raise
        finally:
            timer.cancel()


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the process, and on POSIX what it started in its group."""
    if sys.platform == "win32":
        process.kill()
    else:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def _printable(text: str) -> str:
    """Replace control characters: a submission's words end up on an instructor's terminal."""
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)
