"""Whatever a submission does in its process, the grader hears of it in one line and goes on."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

import backproof
from backproof.candidates.candidate import CandidateError, Example
from backproof.candidates.dialects.dialect import Component, Submission
from backproof.candidates.isolated import MAX_STDERR, IsolatedCandidate, Runner, RunnerError
from backproof.candidates.wire import Call, Command, Create, Get, Handle, Initialiser, Set, Value

LAYER = Handle(0)
X = np.arange(12.0).reshape(4, 3)

Start = Callable[..., Runner]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Give a function that writes layer.py and starts a runner on it."""
    runners: list[Runner] = []

    def start(code: str, **options: float | str) -> Runner:
        root = tmp_path.resolve()
        (root / "layer.py").write_text(dedent(code), encoding="utf-8")
        runners.append(Runner(Submission(root, (root,)), **options))  # type: ignore[arg-type]
        return runners[-1]

    yield start
    for runner in runners:
        runner.close()


def ask(runner: Runner, *commands: Command) -> list[Value]:
    """Make a Layer, perform the commands and return their results."""
    batch: list[Command] = [Create("layer", "Layer"), *commands]
    (results,) = runner.run([batch])
    return results[1:]


def forward(x: Value = X) -> Call:
    """Call the layer's forward."""
    return Call(LAYER, "forward", (x,))


DOUBLE = """
    class Layer:
        def forward(self, x):
            self.y = 2 * x
            return self.y
"""


def test_a_batch_makes_sets_calls_and_gets(start: Start) -> None:
    """A later command refers to the object that an earlier one made."""
    runner = start(DOUBLE)
    nothing, y, attribute, scale = ask(
        runner, Set(LAYER, "scale", 3), forward(), Get(LAYER, "y"), Get(LAYER, "scale")
    )
    assert nothing is None
    assert np.array_equal(y, 2 * X)
    assert np.array_equal(attribute, 2 * X)
    assert scale == 3


def test_many_batches_take_one_round_trip(start: Start) -> None:
    """Handles count within their own batch."""
    runner = start(DOUBLE)
    batches: list[list[Command]] = [[Create("layer", "Layer"), forward(X + k)] for k in range(20)]
    for k, (_, y) in enumerate(runner.run(batches)):
        assert np.array_equal(y, 2 * (X + k))


def test_of_two_method_names_the_first_that_exists_is_called(start: Start) -> None:
    """A class without __call__ is asked for its forward."""
    (y,) = ask(start(DOUBLE), Call(LAYER, ("__call__", "forward"), (X,)))
    assert np.array_equal(y, 2 * X)


def test_an_initialiser_is_a_function_of_anything(start: Start) -> None:
    """It returns a fresh copy of its array each time."""
    runner = start("""
        class Layer:
            def forward(self, initialise):
                first = initialise(4, 3)
                first += 1
                return initialise(shape=(4, 3)), type(first).__name__
    """)
    ((array, kind),) = ask(runner, forward(Initialiser(X)))
    assert np.array_equal(array, X)
    assert kind == "ndarray"


@pytest.mark.parametrize(
    "array",
    [X.copy(), np.asfortranarray(X), np.repeat(X, 2, axis=1)[:, ::2], np.broadcast_to(X, X.shape)],
    ids=["C", "Fortran", "strided", "read-only"],
)
def test_memory_layouts_arrive(start: Start, array: np.ndarray) -> None:
    """The submission meets the array in the layout that was drawn."""
    runner = start("""
        class Layer:
            def forward(self, x):
                flags = x.flags
                return flags.writeable, flags.c_contiguous, flags.f_contiguous, list(x.strides)
    """)
    flags = array.flags
    (seen,) = ask(runner, forward(array))
    expected = flags.writeable, flags.c_contiguous, flags.f_contiguous, list(array.strides)
    assert seen == expected


def fails(runner: Runner, *commands: Command) -> CandidateError:
    """Return the error that asking ends in; it shows nothing of the grader or its Python."""
    with pytest.raises(CandidateError) as caught:
        ask(runner, *(commands or [forward()]))
    error = caught.value
    assert "\n" not in error.message
    for text in (error.message, error.traceback):
        assert str(Path(backproof.__file__).parent) not in text
        assert "runner.py" not in text
        assert sys.prefix not in text
    return error


def test_an_exception_shows_the_submissions_own_frames(start: Start) -> None:
    """Message and traceback name the student's file and line, and nothing of the grader."""
    runner = start("""
        import numpy as np

        class Layer:
            def forward(self, x):
                return self.project(x)

            def project(self, x):
                return np.linalg.solve(x, x)
    """)
    error = fails(runner)
    assert error.status == "error"
    assert error.message.startswith("Layer.forward raised LinAlgError: ")
    assert 'File "layer.py", line 9, in project' in error.traceback
    assert "return np.linalg.solve(x, x)" in error.traceback
    assert "_linalg.py" not in error.traceback
    assert error.traceback.endswith(f"{error.message.rpartition('LinAlgError: ')[2]}\n")


def test_a_syntax_error_on_import_is_the_students_alone(start: Start) -> None:
    """Nothing of the import machinery is shown."""
    error = fails(start("def forward(x:\n    return x\n"))
    assert error.status == "error"
    assert error.message.startswith("importing layer raised SyntaxError: ")
    assert error.traceback.splitlines()[0] == '  File "layer.py", line 1'
    assert "importlib" not in error.traceback


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("raise SystemExit(0)", "Layer.forward raised SystemExit: 0"),
        ("raise KeyboardInterrupt", "Layer.forward raised KeyboardInterrupt"),
        ("return self.forward(x)", "RecursionError"),
        ("return self.absent", "AttributeError: 'Layer' object has no attribute 'absent'"),
        ("import torch_is_not_here", "raised ModuleNotFoundError: No module named 'torch_is_not"),
        (
            "raise ValueError('first\\nsecond \\x1b[31m')",
            "first second \N{REPLACEMENT CHARACTER}[31m",
        ),
        ("class E(Exception): __str__ = None\n  raise E", "E: (it cannot be printed)"),
        ("raise ValueError('x' * 10**6)", "ValueError: xxx"),
    ],
)
def test_any_exception_is_an_error_and_not_the_runners_end(
    start: Start, code: str, message: str
) -> None:
    """The same process answers the next request."""
    runner = start(f"import os\nclass Layer:\n pid = os.getpid()\n def forward(self, x):\n  {code}")
    before = ask(runner, Get(LAYER, "pid"))
    error = fails(runner)
    assert error.status == "error"
    assert message in error.message
    assert len(error.message) <= 500
    assert len(error.traceback) <= 4000
    assert ask(runner, Get(LAYER, "pid")) == before


@pytest.mark.parametrize(
    ("code", "commands", "message"),
    [
        ("", [forward()], "layer has no Layer"),
        ("class Layer: pass", [forward()], "Layer has no forward"),
        ("class Layer: pass", [Get(LAYER, "dW")], "Layer has no dW"),
        (
            "class Layer:\n def forward(self, x): raise NotImplementedError('to do')",
            [forward()],
            "Layer.forward raised NotImplementedError: to do",
        ),
    ],
)
def test_code_that_is_not_there_is_not_implemented(
    start: Start, code: str, commands: list[Command], message: str
) -> None:
    """A missing class, method or attribute is no error of what is there."""
    error = fails(start(code), *commands)
    assert (error.status, error.message) == ("not-implemented", message)


@pytest.mark.parametrize("module", ["absent", "pytest", "json"])
def test_a_module_that_is_not_there_is_not_implemented(start: Start, module: str) -> None:
    """An installed module of the same name does not stand in for the student's."""
    with pytest.raises(CandidateError) as caught:
        start("").run([[Create(module, "Layer")]])
    assert caught.value.status == "not-implemented"
    assert caught.value.message == f"there is no module {module}"


@pytest.mark.parametrize(
    ("result", "named"),
    [
        ("np.matrix(x)", "matrix"),
        ("np.array([None])", "array of dtype object"),
        ("x.astype('float16')", "array of dtype float16"),
        ("Everything()", "layer.Everything"),
        ("iter([1.0])", "list_iterator"),
        ("np.zeros(2**25 + 1)", "array of 268435464 bytes"),
    ],
)
def test_what_is_no_array_is_an_error(start: Start, result: str, named: str) -> None:
    """An object that claims to equal everything never reaches the comparison."""
    error = fails(
        start(f"""
            import numpy as np

            class Everything:
                def __eq__(self, other):
                    return True

            class Layer:
                def forward(self, x):
                    return {result}
        """)
    )
    assert error.status == "error"
    assert error.message.startswith("Layer.forward is not an array or a number: ")
    assert named in error.message


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
    runner = start(f"import os\nclass Layer:\n answer = 42\n def forward(self, x):\n  {code}")
    error = fails(runner)
    assert (error.status, error.message) == ("error", message)
    assert ask(runner, Get(LAYER, "answer")) == [42]


@pytest.mark.parametrize(
    "forged", ["bytes(8)", "b'\\xff' * 8", "b'\\1' + bytes(7) + b'N', b'x' * 100"]
)
def test_forged_replies_are_an_error(start: Start, forged: str) -> None:
    """A submission that writes into the protocol gains no answer."""
    runner = start(f"""
        import os

        class Layer:
            def forward(self, x):
                for descriptor in range(3, 20):
                    try:
                        os.write(descriptor, b"".join([{forged}]))
                    except OSError:
                        pass
                os._exit(0)
    """)
    error = fails(runner)
    assert error.status == "error"
    assert error.message.startswith("broke the protocol: ")


@pytest.mark.parametrize(
    "loop",
    [
        "while True: pass",
        "while True:\n   try:\n    while True: pass\n   except BaseException: pass",
        pytest.param(
            "if not os.fork():\n   os.setsid()\n   time.sleep(4)\n   os._exit(0)\n  time.sleep(60)",
            marks=pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork"),
        ),
    ],
    ids=["plain", "catching", "escaping"],
)
def test_an_endless_loop_is_ended(start: Start, loop: str) -> None:
    """A child that escapes with the pipe open does not hold the grader up either."""
    code = f"import os, time\nclass Layer:\n answer = 42\n def forward(self, x):\n  {loop}"
    runner = start(code, budget=1.0)
    error = fails(runner)
    assert (error.status, error.message) == ("error", "took longer than 1 s")
    assert ask(runner, Get(LAYER, "answer")) == [42]


def test_prints_do_not_disturb_the_protocol(start: Start) -> None:
    """Both streams are kept for the instructor, and standard input is empty."""
    runner = start("""
        import os, sys

        print("on import")

        class Layer:
            def forward(self, x):
                print("through Python", flush=True)
                os.write(1, b"through the descriptor")
                sys.stderr.write("to stderr")
                return len(sys.stdin.read())
    """)
    assert ask(runner, forward(), forward()) == [0, 0]
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
    (y,) = ask(runner, forward())
    runner.close()
    assert np.array_equal(y, X)
    assert len(runner.stderr) == MAX_STDERR


def test_a_budget_may_be_longer_than_the_start_budget(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the request's own budget ends it."""
    runner = start("import time\nclass Layer:\n def forward(self, x): time.sleep(x)", budget=30.0)
    ask(runner)
    monkeypatch.setattr("backproof.candidates.isolated.START_BUDGET", 0.1)
    assert ask(runner, forward(1.0)) == [None]


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
    names = ("seen", "threads", "randomized", "importable")
    seen, threads, randomized, importable = ask(runner, *(Get(LAYER, name) for name in names))
    assert "GITHUB_TOKEN" not in seen
    assert threads == "1"
    assert not randomized
    assert not any(importable)


def test_an_interpreter_without_numpy_blames_nobody(start: Start, tmp_path: Path) -> None:
    """That the runner does not start is no verdict on the submission."""
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho no NumPy here >&2\nexit 1\n", encoding="utf-8")
    broken.chmod(0o755)
    if sys.platform == "win32":
        pytest.skip("needs an executable script")
    with pytest.raises(RunnerError, match="did not start as a runner: no NumPy here"):
        ask(start(DOUBLE, python=str(broken)))
    with pytest.raises(RunnerError, match="absent did not start: No such file"):
        ask(start(DOUBLE, python=str(tmp_path / "absent")))


def test_an_interrupted_request_leaves_no_stale_reply(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After Ctrl-C during one request, the next gets its own answer."""
    runner = start(DOUBLE)
    ask(runner, forward())

    def interrupt(_: object) -> bytes:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("backproof.candidates.wire.read_frame", interrupt)
        with pytest.raises(KeyboardInterrupt):
            ask(runner, forward(X + 1))
    (y,) = ask(runner, forward(X + 2))
    assert np.array_equal(y, 2 * (X + 2))


def test_closing_ends_the_process_that_it_started(start: Start) -> None:
    """And a closed runner starts again when it is asked."""
    runner = start("import os\nclass Layer:\n pid = os.getpid()")
    (first,) = ask(runner, Get(LAYER, "pid"))
    runner.close()
    if sys.platform != "win32":
        with pytest.raises(ProcessLookupError):
            os.kill(first, 0)
    assert ask(runner, Get(LAYER, "pid")) != [first]
    runner.close()
    runner.close()


COMPONENT = Component(
    "double",
    module="layer",
    class_name="Layer",
    setup=lambda _: [Create("layer", "Layer")],
    outputs=lambda example: {"y": forward(example.inputs["x"])},
    gradients=lambda _: {"x": Get(LAYER, "dx")},
)


def example(x: np.ndarray) -> Example:
    """Ask about this input, with ones for a cotangent."""
    return Example({"x": x}, {}, np.ones_like(x))


@pytest.mark.parametrize(
    ("y", "dx", "status", "message"),
    [
        ("x", "None", "not-implemented", "Layer.dx is None: an array was expected"),
        ("x", "[1.0]", "error", "Layer.dx is a list: an array was expected"),
        ("None", "x", "not-implemented", "Layer.forward returned None: an array was expected"),
        ("(x, x)", "x", "error", "Layer.forward returned a tuple: an array was expected"),
        ("'x'", "x", "error", "Layer.forward returned a str: an array was expected"),
    ],
)
def test_an_answer_that_is_no_array_is_named(
    start: Start, y: str, dx: str, status: str, message: str
) -> None:
    """The error says which method or attribute, what it was, and what was expected."""
    runner = start(f"class Layer:\n def forward(self, x):\n  self.dx = {dx}\n  return {y}")
    with pytest.raises(CandidateError) as caught:
        IsolatedCandidate(runner, COMPONENT).answer(example(X))
    assert (caught.value.status, caught.value.message) == (status, message)


def test_values_are_the_forward_of_each_example(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In their order, also where they do not fit one frame."""
    monkeypatch.setattr("backproof.candidates.isolated.BATCHED_BYTES", 3 * X.nbytes)
    candidate = IsolatedCandidate(start(DOUBLE), COMPONENT)
    values = candidate.values([example(X + k) for k in range(10)])
    assert len(values) == 10
    for k, value in enumerate(values):
        assert np.array_equal(value, 2 * (X + k))
