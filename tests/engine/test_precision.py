"""Wrong, or only inaccurate: rounding shrinks with the format, a wrong formula does not."""

from types import SimpleNamespace

import numpy as np
import pytest

from backproof.candidates.candidate import Example
from backproof.candidates.in_process import InProcess
from backproof.catalog import find
from backproof.examination import Examination, Terms
from backproof.inputs.examples import Draw
from backproof.operation import Input, Operation
from backproof.precision import is_rounding
from implementations import layernorm, sigmoid, softmax

ROW = np.array([[4097.0, 4098.0, 4099.5]])
COTANGENT = np.array([[1.0, -2.0, 0.5]])


def judged(name, x, prop, forward, backward, parameters=None):
    """Whether a candidate's error on one row is rounding."""
    operation = find(name)
    parameters = parameters or {}
    candidate = InProcess(operation, SimpleNamespace(forward=forward, backward=backward))
    examination = Examination(operation, candidate, np.dtype(np.float64), Terms())
    axes = operation.arrays(operation.convention_of(parameters))[0].axes
    draw = Draw(
        Example({"x": x}, parameters, COTANGENT),
        operation.convention_of(parameters),
        dict(zip(axes, x.shape, strict=True)),
        {"x": "short", "cotangent": "short"},
    )
    return is_rounding(examination, draw, prop)


def naive_variance(x, *, eps):
    """E[x^2] - E[x]^2, which cancels where the mean is large."""
    mean = x.mean(axis=1, keepdims=True)
    variance = np.maximum((x * x).mean(axis=1, keepdims=True) - mean * mean, 0)
    deviation = np.sqrt(variance + x.dtype.type(eps))
    normalized = (x - mean) / deviation
    return normalized, layernorm.Cache(normalized, deviation, None)


NONE = {"affine": "none", "eps": 1e-5}


@pytest.mark.parametrize("prop", ["forward", "gradient.x"])
def test_a_naive_variance_is_rounding(prop):
    """Its error falls by the digits that a finer format has."""
    assert judged("layernorm", ROW, prop, naive_variance, layernorm.backward, NONE)


@pytest.mark.parametrize("prop", ["forward", "gradient.x"])
def test_an_unbiased_variance_is_not_rounding(prop):
    """Division by n - 1 is as wrong in every format."""

    def unbiased(x, *, eps):
        deviation = np.sqrt(x.var(axis=1, ddof=1, keepdims=True) + x.dtype.type(eps))
        normalized = (x - x.mean(axis=1, keepdims=True)) / deviation
        return normalized, layernorm.Cache(normalized, deviation, None)

    assert not judged("layernorm", ROW, prop, unbiased, layernorm.backward, NONE)


def test_what_a_coarser_format_makes_0_is_not_rounding():
    """A gradient of 1e-188 is 0 in float32: that its error there is larger says nothing."""

    def backward(cotangent, cache):
        return softmax.Gradients(softmax.backward(cotangent, cache).x * (1 + 1e-6))

    row = np.array([[-9.0, -440.0, -441.0]])
    assert not judged("softmax", row, "gradient.x", softmax.forward, backward)


def without_shift(x):
    """e^x / sum e^x, which overflows."""
    with np.errstate(over="ignore", invalid="ignore"):
        weight = np.exp(x)
        y = weight / weight.sum(axis=1, keepdims=True)
    return y, softmax.Cache(y)


LOGITS = np.array([[9000.0, 0.0, 8999.0]])


@pytest.mark.parametrize("prop", ["forward", "gradient.x"])
def test_a_softmax_without_a_shift_is_rounding(prop):
    """On halved logits, where nothing overflows any more, it is right."""
    assert judged("softmax", LOGITS, prop, without_shift, softmax.backward)


def test_an_underflow_beside_an_overflow_is_rounding():
    """Halved once, e^-700 is finite and e^-1430 is 0: milder inputs still show it right."""
    x = np.array([[-1400.0, -2860.0, -2900.0]])
    assert judged("softmax", x, "forward", without_shift, softmax.backward)


def test_an_overflow_does_not_excuse_a_wrong_formula():
    """A softmax without a shift and without its mean term stays wrong where nothing overflows."""

    def diagonal(cotangent, cache):
        return cotangent * cache.y

    assert not judged("softmax", LOGITS, "gradient.x", without_shift, diagonal)


@pytest.mark.parametrize("factor", [2.0, -1.0, 1 + 1e-6])
def test_a_wrong_factor_is_not_rounding(factor):
    """Not even a small one: it stays the same in every format."""

    def backward(cotangent, cache):
        return sigmoid.backward(cotangent, cache).x * cotangent.dtype.type(factor)

    x = np.array([[0.5, -1.25, 2.0]])
    assert not judged("sigmoid", x, "gradient.x", sigmoid.forward, backward)


def test_a_small_entry_is_not_excused_by_the_rounding_of_a_large_one():
    """A millionth of 1e-7 is far below what single precision makes of 1/4: only it is looked at."""
    row = np.array([[-16.0, 0.3, 1.0]])

    def backward(cotangent, cache):
        factor = np.where(row < -10, 1 + 1e-6, 1).astype(cotangent.dtype)
        return sigmoid.backward(cotangent, cache).x * factor

    assert not judged("sigmoid", row, "gradient.x", sigmoid.forward, backward)


def test_a_wrong_shape_is_not_rounding():
    """No format makes a transposed array right."""

    def backward(cotangent, cache):
        return sigmoid.backward(cotangent, cache).x.T

    x = np.array([[0.5, -1.25, 2.0]])
    assert not judged("sigmoid", x, "gradient.x", sigmoid.forward, backward)


def test_without_a_derivation_nothing_is_said():
    """There is no bound in another format to compare with."""
    operation = Operation(
        name="by hand", inputs=(Input("x", ("n",)),), output_axes=("n",), torch=lambda torch, x: x
    )
    candidate = InProcess(operation, SimpleNamespace(forward=None, backward=None))
    examination = Examination(operation, candidate, np.dtype(np.float64), Terms())
    draw = Draw(Example({"x": ROW[0]}, {}, COTANGENT[0]), {}, {"n": 3}, {"x": "short"})
    assert not is_rounding(examination, draw, "gradient.x")
