"""A submission in a process of its own, and a candidate that is asked through it."""

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
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import numpy as np

from backproof.candidates import wire
from backproof.candidates.candidate import Answer, CandidateError, Example
from backproof.candidates.dialects.dialect import Component, Submission

RUNNER = Path(__file__).with_name("runner.py")

MAX_STDERR = 64 * 1024
"""How much of what a submission prints is kept, in bytes."""

START_BUDGET = 60.0
"""Seconds for Python and NumPy to start, before any of the submission's code runs."""

BATCHED_BYTES = 16 * 2**20
"""About how many bytes of input `IsolatedCandidate.values` sends in one request."""

# What Python and NumPy need to be found and loaded. Everything else, tokens above all, stays here.
_INHERITED = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")

# No user packages, no bytecode left in the submission, and prints that a crash cannot swallow.
# -I would be stricter, but it ignores PYTHONHASHSEED, and then the order in which a submission
# walks through a set differs from run to run.
_OPTIONS = ("-s", "-B", "-u")

_SETTINGS = {
    "PYTHONHASHSEED": "0",
    "PYTHONUTF8": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
}


class RunnerError(RuntimeError):
    """The runner itself did not start: nothing of the submission ran, nor is to blame."""


class Runner:
    """The process that a submission's code runs in. It starts at the first request.

    Not for use by two threads at once.

    Parameters
    ----------
    submission
        Where the code is.
    budget
        Seconds of wall-clock time that one request may take, imports included.
    python
        The interpreter, whose NumPy is the one that the submission gets.
    """

    def __init__(
        self, submission: Submission, *, budget: float = 10.0, python: str = sys.executable
    ) -> None:
        self.budget = budget
        self._command = [
            python,
            *_OPTIONS,
            str(RUNNER),
            str(submission.root),
            *map(str, submission.import_dirs),
        ]
        self._directory = submission.root
        self._process: subprocess.Popen[bytes] | None = None
        self._stderr = bytearray()
        self._drain: threading.Thread | None = None
        self._watchdog: threading.Thread | None = None
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._deadline = math.inf
        self._expired = False

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
        self._closed.set()
        if self._watchdog is not None:
            self._watchdog.join()
            self._watchdog = None
        self._closed.clear()

    @property
    def stderr(self) -> str:
        """What the submission printed, to either stream, up to `MAX_STDERR` bytes."""
        return bytes(self._stderr).decode("utf-8", "replace")

    def run(self, batches: Sequence[Sequence[wire.Command]]) -> list[list[wire.Value]]:
        """Run batches of commands in one round trip.

        Parameters
        ----------
        batches
            Each with its own handles; the runner forgets its objects when the batch ends.

        Returns
        -------
        list of list
            One result for each command. The object that a `wire.Create` makes stays in the
            runner, so its result is None.

        Raises
        ------
        CandidateError
            Where a command failed, the process ended, or the budget was used up.
        RunnerError
            Where Python or NumPy did not start.
        """
        request = wire.encode_request(batches)
        try:
            process = self._process or self._start()
            with self._limited(self.budget):
                wire.write_frame(_descriptor(process.stdin), request)
                reply = wire.read_frame(self._read)
            if reply is None:
                raise BrokenPipeError
            results, failure = wire.decode_reply(reply, batches)
        except (OSError, wire.WireError) as error:
            # A submission can reach the runner's streams, so malformed bytes are its doing.
            raise CandidateError("error", self._epitaph(error)) from None
        except BaseException:  # at Ctrl-C, say: this reply must not become the next request's
            self._stop()
            raise
        if failure is not None:
            status = "not-implemented" if failure.status == "missing" else "error"
            message = _printable(failure.message).replace("\n", " ")
            raise CandidateError(status, message, _printable(failure.traceback))
        return results

    def _start(self) -> subprocess.Popen[bytes]:
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        try:
            self._process = process = subprocess.Popen(
                self._command,
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=inherited | _SETTINGS,
                cwd=self._directory,
                start_new_session=True,
            )
        except OSError as error:
            raise RunnerError(f"{self._command[0]} did not start: {error.strerror}") from None
        self._drain = threading.Thread(target=self._collect, args=(process.stderr,), daemon=True)
        self._drain.start()
        if self._watchdog is None:
            self._watchdog = threading.Thread(target=self._watch, daemon=True)
            self._watchdog.start()
        try:
            with self._limited(START_BUDGET):
                ready = wire.read_frame(self._read)
        except (OSError, wire.WireError):
            ready = None
        if ready is None:
            self._stop()
            said = self.stderr.strip().splitlines() or ["it said nothing"]
            raise RunnerError(f"{self._command[0]} did not start as a runner: {said[-1]}")
        return process

    @contextlib.contextmanager
    def _limited(self, seconds: float) -> Iterator[None]:
        """Have the watchdog end the process when the time is over."""
        with self._lock:
            self._expired = False
            self._deadline = time.monotonic() + seconds
        try:
            yield
        finally:
            with self._lock:
                self._deadline = math.inf

    def _watch(self) -> None:
        # It never sleeps longer than a budget, so it is awake at any deadline that is set while
        # it sleeps: no request has to wake it, which would cost more than the request.
        while not self._closed.wait(
            min(max(self._deadline - time.monotonic(), 0.0), self.budget, START_BUDGET)
        ):
            with self._lock:
                if time.monotonic() >= self._deadline and self._process is not None:
                    self._expired = True
                    self._deadline = math.inf
                    _kill(self._process)

    def _read(self, size: int) -> bytes:
        assert self._process is not None
        descriptor = _descriptor(self._process.stdout)
        # A forked child in a session of its own outlives the process and can hold the pipe open,
        # so its end is not waited for. Windows has no poll on pipes, and no fork.
        deadline = self._deadline  # before `_expired`, as the watchdog sets them the other way
        if sys.platform != "win32" and not self._expired:
            ready = select.poll()
            ready.register(descriptor, select.POLLIN)
            if not ready.poll(1000 * (max(deadline - time.monotonic(), 0.0) + 0.5)):
                self._expired = True
        return b"" if self._expired else os.read(descriptor, size)

    def _collect(self, stream: IO[bytes]) -> None:
        """Read the stream to its end, so that no flood blocks, and keep its beginning."""
        with stream:
            while printed := stream.read(65536):
                self._stderr += printed[: MAX_STDERR - len(self._stderr)]

    def _epitaph(self, error: Exception) -> str:
        """End the process and say in one line why it is over."""
        code = self._stop()
        if self._expired:
            return f"took longer than {self.budget:g} s"
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
        with self._lock:
            self._deadline = math.inf
        # Before it is waited for, as until then nobody else can have its id.
        _kill(process)
        code = process.wait()
        for stream in (process.stdin, process.stdout):
            assert stream is not None
            stream.close()
        assert self._drain is not None
        self._drain.join(1.0)
        return code


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the process, and on POSIX what it started in its group."""
    if sys.platform == "win32":
        process.kill()
    else:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def _descriptor(stream: IO[bytes] | None) -> int:
    assert stream is not None
    return stream.fileno()


def _printable(text: str) -> str:
    """Replace control characters: a submission's words end up on an instructor's terminal."""
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)


class IsolatedCandidate:
    """One component of a submission.

    Parameters
    ----------
    runner
        Where the submission's code runs.
    component
        How the course's interface answers one operation.
    """

    def __init__(self, runner: Runner, component: Component) -> None:
        self.runner = runner
        self.component = component

    def answer(self, example: Example) -> Answer:
        """Run forward, then backward, in one round trip.

        Raises
        ------
        CandidateError
            Where there is no answer.
        """
        component = self.component
        setup = component.setup(example)
        outputs = component.outputs(example)
        gradients = component.gradients(example)
        (results,) = self.runner.run([[*setup, *outputs.values(), *gradients.values()]])
        asked = iter(results[len(setup) :])
        found = {name: self._array(command, asked) for name, command in outputs.items()}
        slopes = {name: self._array(command, asked) for name, command in gradients.items()}
        return component.read(example, found, slopes)

    def values(self, examples: Sequence[Example]) -> list[np.ndarray]:
        """Run the forward alone on each example, in as few round trips as memory allows.

        Raises
        ------
        CandidateError
            Where there is no answer.
        """
        return [value for batch in _batched(examples) for value in self._values(batch)]

    def _values(self, examples: Sequence[Example]) -> Iterator[np.ndarray]:
        asked = [next(iter(self.component.outputs(example).items())) for example in examples]
        batches = [
            [*self.component.setup(example), command]
            for example, (_, command) in zip(examples, asked, strict=True)
        ]
        results = self.runner.run(batches)
        for example, (name, command), result in zip(examples, asked, results, strict=True):
            found = {name: self._array(command, iter(result[-1:]))}
            yield self.component.read(example, found, {}).outputs[name]

    def _array(self, command: wire.Command, results: Iterator[wire.Value]) -> np.ndarray:
        """Take the next result, which has to be an array or a number."""
        value = next(results)
        if isinstance(value, np.ndarray | float | int):
            return np.asarray(value)
        what = f"{self.component.class_name}.{_spelled(command)}"
        verb = "returned" if isinstance(command, wire.Call) else "is"
        if value is None:
            raise CandidateError("not-implemented", f"{what} {verb} None: an array was expected")
        kind = type(value).__name__
        raise CandidateError("error", f"{what} {verb} a {kind}: an array was expected")


def _spelled(command: wire.Command) -> str:
    """Name the method or attribute that a command asks for."""
    if isinstance(command, wire.Create):
        return command.name
    if isinstance(command, wire.Call):
        return command.method if isinstance(command.method, str) else command.method[-1]
    return command.attribute


def _batched(examples: Iterable[Example]) -> Iterator[list[Example]]:
    """Divide the examples into runs that fit a frame."""
    batch: list[Example] = []
    size = 0
    for example in examples:
        more = sum(value.nbytes for value in example.inputs.values())
        if batch and size + more > BATCHED_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(example)
        size += more
    if batch:
        yield batch
