"""Diagnosis through `examine`: what the report says, and what it does not."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from backproof import examine
from backproof.catalog import find
from backproof.diagnosis import diagnose
from backproof.examination import Terms
from backproof.inputs.examples import Course
from implementations import batchnorm, leaky_relu, linear, sigmoid, softmax


def check_of(name, prop, *, forward=None, backward=None, count=12, dtype="float64", **fixed):
    """The one failing check of a wrong program."""
    right = find(name).implementation
    candidate = SimpleNamespace(
        forward=forward or right.forward, backward=backward or right.backward
    )
    terms = Terms(Course({n: (v,) for n, v in fixed.items()}))
    suffix = "" if dtype == "float64" else f"[{dtype}]"
    only = f"{name}.{prop}{suffix}"
    verdict = examine(find(name), candidate, count=count, dtypes=(dtype,), terms=terms, only=only)
    (check,) = verdict.checks
    assert check.status == "fail"
    return check


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_report_names_the_cause_beside_the_counterexample(dtype):
    """In every format that is examined."""

    def backward(cotangent, cache):
        return linear.backward(cotangent, cache)._replace(bias=cotangent.mean(axis=0))

    check = check_of("linear", "gradient.bias", backward=backward, dtype=dtype, layout="x W + b")
    assert check.diagnosis.kind == "mean for sum"
    assert check.counterexample.expected != check.counterexample.actual


def test_at_kinks_the_convention_is_named():
    """The gradient is right elsewhere: only the check of the kink fails."""

    def forward(x, *, slope):
        return leaky_relu.forward(x, slope=slope)[0], (x, slope)

    def backward(cotangent, stored):
        x, slope = stored
        return cotangent * np.where(x >= 0, 1, slope)

    check = check_of("leaky_relu", "kink.x", forward=forward, backward=backward)
    assert check.diagnosis.kind == "kink"
    assert "the slope 1, that on the right" in check.diagnosis.text


def test_a_gradient_of_the_candidate_s_own_forward_is_named():
    """2 x^2 for a sigmoid, with the derivative of 2 x^2."""
    check = check_of(
        "sigmoid", "gradient.x",
        forward=lambda x: (2 * x * x, x), backward=lambda c, x: 4 * c * x,
    )  # fmt: skip
    assert check.diagnosis.kind == "consistent with your forward"


def test_a_missing_term_is_named_where_digits_are_lost_too():
    """A variance that cancels, and a gradient without its mean term."""

    def forward(x, gamma, beta, running_mean, running_var, *, mode, momentum, eps):
        outputs, cache = batchnorm.forward(
            x, gamma, beta, running_mean, running_var, mode=mode, momentum=momentum, eps=eps
        )
        middle = x.mean(axis=0)
        variance = np.maximum((x * x).mean(axis=0) - middle * middle, 0)
        deviation = np.sqrt(variance + x.dtype.type(eps))
        return outputs, cache._replace(normalized=(x - middle) / deviation, deviation=deviation)

    def backward(cotangent, cache):
        g, x_hat = cotangent * cache.gamma, cache.normalized
        wrong = (g - x_hat * np.mean(g * x_hat, axis=0)) / cache.deviation
        return batchnorm.backward(cotangent, cache)._replace(x=wrong)

    check = check_of(
        "batchnorm", "gradient.x", forward=forward, backward=backward, mode="training", eps=1e-8
    )
    assert check.diagnosis.kind == "missing term"


@pytest.mark.parametrize(
    "change",
    [
        lambda x: np.cumsum(x, axis=1),
        lambda x: x * (1 + 1e-6 * (np.arange(x.size).reshape(x.shape) == 0)),
        lambda x: x * (2 if len(x) > 1 else 3),
    ],
    ids=["a running sum", "a millionth in one entry", "two factors"],
)
def test_nothing_is_named_where_nothing_explains(change):
    """A wrong gradient of no known kind is wrong all the same, and no cause is made up."""

    def backward(cotangent, cache):
        return change(softmax.backward(cotangent, cache).x)

    assert check_of("softmax", "gradient.x", backward=backward).diagnosis is None


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x > 0,
        lambda x: np.round(x).astype(np.int64),
        lambda x: x[:0],
        np.ravel,
        lambda x: x[..., None, None],
        lambda x: np.full_like(x, np.inf),
        lambda x: np.float64(1.0),
    ],
    ids=["booleans", "integers", "nothing", "flat", "two axes more", "infinities", "a number"],
)
def test_an_odd_answer_is_diagnosed_without_stumbling(change):
    """Of whatever type and shape."""

    def backward(cotangent, cache):
        return change(softmax.backward(cotangent, cache).x)

    check = check_of("softmax", "gradient.x", backward=backward, count=5)
    assert check.diagnosis is None or check.diagnosis.kind in {"shape", "not finite"}


def test_a_program_that_raises_on_fresh_examples_is_diagnosed_all_the_same():
    """Once the examination is over, every fifth call raises."""
    calls = iter(range(10**6))

    def backward(cotangent, cache):
        if (number := next(calls)) > 60 and number % 5 == 0:
            raise ZeroDivisionError
        return 2 * sigmoid.backward(cotangent, cache).x

    check = check_of("sigmoid", "gradient.x", backward=backward)
    assert check.diagnosis.kind == "constant factor"


def test_the_work_is_bounded(monkeypatch):
    """However hard to explain, a failure costs so many calls of the candidate and no more."""
    calls, spent = [], []

    def backward(cotangent, cache):
        calls.append(cotangent)
        return np.cos(softmax.backward(cotangent, cache).x)

    def counted(*asked):
        before = len(calls)
        found = diagnose(*asked)
        spent.append(len(calls) - before)
        return found

    monkeypatch.setattr(sys.modules["backproof.examine"], "diagnose", counted)
    assert check_of("softmax", "gradient.x", backward=backward).diagnosis is None
    assert 24 <= spent[0] <= 120
