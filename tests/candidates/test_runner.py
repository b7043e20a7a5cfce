"""Whatever a submission does with what it is handed, the grader hears of it in one line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backproof
from backproof.candidates import wire
from backproof.candidates.candidate import CandidateError
from backproof.candidates.process import Runner
from backproof.candidates.script import Script
from backproof.candidates.wire import Handle, Initialiser, Value

X = np.arange(12.0).reshape(4, 3)

CODE = """
    import os

    import numpy as np

    class Everything:
        def __eq__(self, other):
            return True

    class NoWords(Exception):
        __str__ = None

    class Layer:
        pid = os.getpid()

        def types(self, *args, **kwargs):
            def kind(value):
                if isinstance(value, (tuple, list)):
                    return type(value)([type(value).__name__, *map(kind, value)])
                if isinstance(value, dict):
                    return {key: kind(item) for key, item in value.items()}
                if isinstance(value, np.ndarray):
                    return value.dtype.name
                return type(value).__name__
            return [kind(args), kind(kwargs)]

        def same(self, *args):
            return list(args)

        def layout(self, x):
            flags = x.flags
            return flags.writeable, flags.c_contiguous, flags.f_contiguous, list(x.strides)

        def made(self, initialise):
            first = initialise(4, 3)
            first += 1
            return initialise(shape=(4, 3))

        def project(self, x):
            return self.inner(x)

        def inner(self, x):
            return np.linalg.solve(x, x)

        def leaves(self):
            raise SystemExit(0)

        def interrupts(self):
            raise KeyboardInterrupt

        def recurses(self):
            return self.recurses()

        def misspells(self):
            return self.absent

        def imports(self):
            import torch_is_not_here

        def colours(self):
            raise ValueError('first\\nsecond \\x1b[31m')

        def is_silent(self):
            raise NoWords

        def babbles(self):
            raise ValueError('x' * 10**6)

        def waits(self):
            raise NotImplementedError('to do')

        def matrix(self):
            return np.matrix([1.0])

        def objects(self):
            return np.array([None])

        def half(self):
            return np.zeros(2, 'float16')

        def everything(self):
            return Everything()

        def iterator(self):
            return iter([1.0])

        def huge(self):
            return np.zeros(2**25 + 1)

        def narrowed(self, x):
            x.dtype = 'float16'
"""


@pytest.fixture(scope="module")
def runner(start_once: Callable[..., Runner]) -> Runner:
    """Run the code above."""
    return start_once(CODE)


def ask(runner: Runner, method: str, *args: Any, **kwargs: Any) -> Value:
    """Make a layer and call a method of it."""
    script = Script()
    result = script.call(script.create("layer", "Layer"), method, *args, **kwargs)
    return runner.run([(script, [result])])[0][0]


def get(runner: Runner, name: str) -> Value:
    """Make a layer and get an attribute of it."""
    script = Script()
    result = script.get(script.create("layer", "Layer"), name)
    return runner.run([(script, [result])])[0][0]


# --- what arrives --------------------------------------------------------------------------------


def test_every_kind_of_argument_arrives(runner: Runner) -> None:
    """Value and type, by place and by name."""
    values = [None, True, -3, 2**62, 0.1, "häufig", (1, (2.5,)), [None, []], {"pad": (0, 1)}]
    assert ask(runner, "same", *values) == values
    kinds = ask(runner, "types", *values, X, X.astype("float32"), mode="train", pad=(0, [X]))
    assert kinds == [
        (
            "tuple", "NoneType", "bool", "int", "int", "float", "str",
            ("tuple", "int", ("tuple", "float")), ["list", "NoneType", ["list"]],
            {"pad": ("tuple", "int", "int")}, "float64", "float32",
        ),
        {"mode": "str", "pad": ("tuple", "int", ["list", "float64"])},
    ]  # fmt: skip


def test_an_array_comes_back_to_the_bit(runner: Runner) -> None:
    """Alone, inside other values, and with numbers that are none."""
    odd = np.array([[np.nan, -0.0], [np.inf, 5e-324]])
    found = ask(runner, "same", odd, {"x": [odd.astype("float32")]})
    assert found[0].tobytes() == odd.tobytes()
    assert found[1]["x"][0].tobytes() == odd.astype("float32").tobytes()


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize(
    "array",
    [X.copy(), np.asfortranarray(X), np.repeat(X, 2, axis=1)[:, ::2], np.broadcast_to(X, X.shape)],
    ids=["C", "Fortran", "strided", "read-only"],
)
def test_memory_layouts_arrive(runner: Runner, array: np.ndarray, *, kept: bool) -> None:
    """The submission meets the array in the layout that was drawn, watched or not."""
    script = Script()
    if kept:
        script.watch()
    seen = script.call(script.create("layer", "Layer"), "layout", array)
    flags = array.flags
    expected = flags.writeable, flags.c_contiguous, flags.f_contiguous, list(array.strides)
    assert runner.run([(script, [seen])]) == [[expected]]


def test_an_initialiser_is_a_function_of_anything(runner: Runner) -> None:
    """It returns a fresh copy of its array each time."""
    assert np.array_equal(ask(runner, "made", Initialiser(X)), X)


def test_an_argument_that_the_wire_does_not_carry_is_the_grader_s_error(runner: Runner) -> None:
    """Not the submission's."""
    with pytest.raises(wire.WireError, match="object"):
        ask(runner, "same", object())


# --- what fails ----------------------------------------------------------------------------------


def failure(function: Callable[..., Any], *args: Any) -> CandidateError:
    """Return the error that asking ends in; it shows nothing of the grader or its Python."""
    with pytest.raises(CandidateError) as caught:
        function(*args)
    error = caught.value
    assert "\n" not in error.message
    for text in (error.message, error.traceback):
        assert str(Path(backproof.__file__).parent) not in text
        assert "runner.py" not in text
        assert sys.prefix not in text
    return error


def test_an_exception_shows_the_submissions_own_frames(runner: Runner) -> None:
    """Message and traceback name the student's file and line, and nothing of the grader."""
    error = failure(ask, runner, "project", X)
    assert error.status == "error"
    assert error.message.startswith("Layer.project raised LinAlgError: ")
    line = CODE.splitlines().index(12 * " " + "return np.linalg.solve(x, x)") + 1
    assert f'File "layer.py", line {line}, in inner' in error.traceback
    assert "return np.linalg.solve(x, x)" in error.traceback
    assert "_linalg.py" not in error.traceback
    assert error.traceback.endswith(f"{error.message.rpartition('LinAlgError: ')[2]}\n")


def test_a_syntax_error_on_import_is_the_students_alone(start: Callable[..., Runner]) -> None:
    """Nothing of the import machinery is shown."""
    error = failure(get, start("def forward(x:\n    return x\n"), "pid")
    assert error.status == "error"
    assert error.message.startswith("importing layer raised SyntaxError: ")
    assert error.traceback.splitlines()[0] == '  File "layer.py", line 1'
    assert "importlib" not in error.traceback


@pytest.mark.parametrize(
    ("method", "message"),
    [
        ("leaves", "Layer.leaves raised SystemExit: 0"),
        ("interrupts", "Layer.interrupts raised KeyboardInterrupt"),
        ("recurses", "RecursionError"),
        ("misspells", "AttributeError: 'Layer' object has no attribute 'absent'"),
        ("imports", "raised ModuleNotFoundError: No module named 'torch_is_not"),
        ("colours", "first second \N{REPLACEMENT CHARACTER}[31m"),
        ("is_silent", "NoWords: (it cannot be printed)"),
        ("babbles", "ValueError: xxx"),
    ],
)
def test_any_exception_is_an_error_and_not_the_runners_end(
    runner: Runner, method: str, message: str
) -> None:
    """The same process answers the next request."""
    before = get(runner, "pid")
    error = failure(ask, runner, method)
    assert error.status == "error"
    assert message in error.message
    assert len(error.message) <= wire.MAX_MESSAGE
    assert len(error.traceback) <= wire.MAX_TRACEBACK
    assert get(runner, "pid") == before


def test_code_that_is_not_there_is_not_implemented(runner: Runner) -> None:
    """A missing class, method or attribute is no error of what is there."""
    script = Script()
    asked = [(script, [script.create("layer", "Absent")])]
    for message, function, *args in (
        ("layer has no Absent", runner.run, asked),
        ("Layer has no forward", ask, runner, "forward", X),
        ("Layer has no __call__ or forward", ask, runner, ("__call__", "forward"), X),
        ("Layer has no dW", get, runner, "dW"),
        ("Layer.waits raised NotImplementedError: to do", ask, runner, "waits"),
    ):
        error = failure(function, *args)
        assert (error.status, error.message) == ("not-implemented", message)


@pytest.mark.parametrize("module", ["absent", "pytest", "json", "nn.absent"])
def test_a_module_that_is_not_there_is_not_implemented(runner: Runner, module: str) -> None:
    """An installed module of the same name does not stand in for the student's."""
    script = Script()
    error = failure(runner.run, [(script, [script.create(module, "Layer")])])
    assert (error.status, error.message) == ("not-implemented", f"there is no module {module}")


@pytest.mark.parametrize(
    ("method", "named"),
    [
        ("matrix", "matrix"),
        ("objects", "array of dtype object"),
        ("half", "array of dtype float16"),
        ("everything", "layer.Everything"),
        ("iterator", "list_iterator"),
        ("huge", "array of 268435464 bytes"),
    ],
)
def test_what_is_no_array_is_an_error(runner: Runner, method: str, named: str) -> None:
    """An object that claims to equal everything never reaches the comparison."""
    error = failure(ask, runner, method)
    assert error.status == "error"
    assert error.message.startswith(f"Layer.{method} is not an array or a number: ")
    assert named in error.message


def test_an_answer_that_fits_no_frame_is_an_error(start: Callable[..., Runner]) -> None:
    """Also where each of its arrays would; here the limit is lowered, to save the time."""
    runner = start("""
        import sys

        import numpy as np

        class Layer:
            def many(self):
                sys.modules["_backproof_wire"].MAX_BYTES = 100
                return [np.zeros(10), np.zeros(10)]
    """)
    error = failure(ask, runner, "many")
    assert error.status == "error"
    assert error.message.startswith("the answer takes 2")


def test_an_argument_that_was_turned_into_no_array_is_an_error(runner: Runner) -> None:
    """A look at it says what it was."""
    script = Script()
    watched = script.watch()
    script.call(script.create("layer", "Layer"), "narrowed", X)
    error = failure(runner.run, [(script, [w.after for w in watched])])
    assert error.message == "an argument is not an array or a number: array of dtype float16"


def test_one_failure_ends_a_request(runner: Runner) -> None:
    """The scripts after it are not run, and those before it are not answered."""
    scripts = [Script() for _ in range(3)]
    asked: list[tuple[Script, list[Handle]]] = []
    for script, method in zip(scripts, ("same", "leaves", "recurses"), strict=True):
        asked.append((script, [script.call(script.create("layer", "Layer"), method)]))
    assert failure(runner.run, asked).message == "Layer.leaves raised SystemExit: 0"
