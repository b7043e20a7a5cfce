"""Trusted candidates in this process, and what they may answer."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest

from backproof.candidates.candidate import CandidateError, Example, Round
from backproof.candidates.in_process import InProcess
from backproof.operation import Input, Operation

DOUBLE = Operation(
    name="double",
    torch=lambda torch, x: 2 * x,
    inputs=(Input("x", ("n",)),),
    output_axes=("n",),
)
SCALE = Operation(
    name="scale",
    torch=lambda torch, x, by: x * by,
    inputs=(Input("x", ("n",)), Input("by", ("n",))),
    output_axes=("n",),
)
ONE = np.array([1.0])


class Slopes(NamedTuple):
    """Two gradients."""

    x: Any
    by: Any


def answer(operation: Operation, value: Any, slopes: Any) -> Any:
    """Ask a candidate that answers this, whatever it is asked."""
    example = Example({i.name: ONE for i in operation.inputs}, {}, ONE)
    candidate = SimpleNamespace(forward=lambda **_: value, backward=lambda *_: slopes)
    return InProcess(operation, candidate).answer(example)


@pytest.mark.parametrize("slopes", [Slopes(ONE, ONE), {"x": ONE, "by": ONE, "more": None}])
def test_gradients_come_by_name(slopes):
    """As a named tuple or as a mapping, which may hold more."""
    assert answer(SCALE, (ONE, None), slopes).gradients.keys() == {"x", "by"}


def test_one_gradient_may_come_as_it_is():
    """With one input there is nothing to name."""
    assert answer(DOUBLE, (ONE, None), [1.0]).gradients["x"].tolist() == [1]


@pytest.mark.parametrize(
    "slopes", [None, ONE, (ONE, ONE), {"x": ONE}, {"x": ONE, "by": None}, Slopes(None, ONE)]
)
def test_missing_gradients_are_an_error_that_names_them(slopes):
    """A tuple without names could be in any order."""
    with pytest.raises(CandidateError, match="a named tuple with x, by"):
        answer(SCALE, (ONE, None), slopes)


@pytest.mark.parametrize("value", [ONE, None, (ONE,), ((ONE, ONE), None), (ONE, None, None)])
def test_a_forward_without_a_cache_is_an_error_that_says_so(value):
    """The value and the cache are a pair."""
    with pytest.raises(CandidateError, match="forward must return y and a cache"):
        answer(DOUBLE, value, ONE)


def test_an_exception_keeps_its_frames():
    """The author sees where the code raised."""

    def forward(**_: Any) -> Any:
        return 1 / 0

    candidate = SimpleNamespace(forward=forward, backward=forward)
    with pytest.raises(CandidateError, match="ZeroDivisionError") as caught:
        InProcess(DOUBLE, candidate).answer(Example({"x": ONE}, {}, ONE))
    assert "test_in_process.py" in caught.value.traceback


# --- rounds --------------------------------------------------------------------------------------

X, DY = np.arange(4.0), np.arange(4.0) / 2


def rounds(forward: Any, backward: Any) -> list[Round]:
    """Put two examples to functions."""
    candidate = InProcess(DOUBLE, SimpleNamespace(forward=forward, backward=backward))
    return candidate.rounds([Example({"x": X}, {}, DY), Example({"x": 3 * X}, {}, 3 * DY)])


def test_rounds_put_one_example_after_the_other():
    """Each answer is that of its own example, and a function that writes nothing changes none."""
    found = rounds(lambda x: (2 * x, None), lambda dy, cache: 2 * dy)
    for k, one in zip((1, 3), found, strict=True):
        assert np.array_equal(one.answer.outputs["y"], 2 * k * X)
        assert np.array_equal(one.answer.gradients["x"], 2 * k * DY)
        assert one.changed == ()


def in_place(x: np.ndarray) -> Any:
    """Write to the input, and keep it."""
    x += 1
    return x, x


def through_the_cache(dy: np.ndarray, cache: np.ndarray) -> np.ndarray:
    """Write to what the forward was handed."""
    cache *= 2
    return dy


def to_the_cotangent(dy: np.ndarray, cache: None) -> np.ndarray:
    """Write to the cotangent."""
    dy *= 2
    return dy


@pytest.mark.parametrize(
    ("forward", "backward", "expected"),
    [
        (in_place, lambda dy, cache: dy, [("forward", X, X + 1)]),
        (lambda x: (x, x), through_the_cache, [("backward", X, 2 * X)]),
        (lambda x: (x, None), to_the_cotangent, [("backward", DY, 2 * DY)]),
        (
            in_place,
            through_the_cache,
            [("forward", X, X + 1), ("backward", X + 1, 2 * (X + 1))],
        ),
    ],
)
def test_a_change_names_the_call_that_wrote_to_an_argument(forward, backward, expected):
    """With the array before and after, while the caller's own arrays stay as they are."""
    kept = X.copy(), DY.copy()
    found = [
        (c.call, c.before.tolist(), c.after.tolist()) for c in rounds(forward, backward)[0].changed
    ]
    assert found == [(call, before.tolist(), after.tolist()) for call, before, after in expected]
    assert np.array_equal((X, DY), kept)


def test_a_round_that_raises_gives_no_answer():
    """The error is the function's."""
    with pytest.raises(CandidateError, match="ZeroDivisionError"):
        rounds(lambda x: (x, None), lambda dy, cache: 1 / 0)
