"""The symbolic oracle evaluates a formula as NumPy would, with a bound on every entry."""

import math
from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from backproof.catalog import OPERATIONS
from backproof.compare import within
from backproof.error_analysis import Bounded, Rounding
from backproof.operation import scalar_symbols
from backproof.oracles.program import Program
from backproof.oracles.symbolic import SymbolicOracle
from derivations import layernorm, linear
from derivations.notation import (
    Case,
    ClosedForm,
    Derivation,
    FirstMaximum,
    Positive,
    array,
    axes,
    delta,
    let,
    maximum,
    parameter,
    total,
)  # fmt: skip

rows, columns = axes("rows columns")
s, r = rows.indices("s r")
i, j, k = columns.indices("i j k")
x, y = array("x", rows, columns), array("y", columns)
at = array("at", rows, index_into=columns, differentiable=False)
gain = parameter("gain")
row_sum = let("row_sum", (s,), total(x[s, k], k))
shared = let("shared", (s, j), y[j])
DERIVATION = Derivation(
    "by hand", (x, y, at), (let("z", (s, j), x[s, j]),), (), definitions=(row_sum, shared)
)

X = np.array([[1.0, 3.0, 3.0, -2.0], [-5.0, 0.5, 0.25, 0.5], [2.0, 1.0, 7.0, 7.0]])
Y = np.array([2.0, -1.0, 0.5, 3.0])
AT = np.array([3, 0, 2])
SYMBOLS = {rows.size: 3, columns.size: 4, gain: 0.3}
ARRAYS = {"x": X, "y": Y, "at": AT}


def evaluated(expression, *indices):
    """Evaluate one formula at every place, in double precision."""
    form = ClosedForm("z", indices, sp.sympify(expression), "by hand")
    (result,) = Program(DERIVATION, [form]).run(Rounding.of(np.float64), ARRAYS, SYMBOLS)
    return result


FORMULAS = {
    "an entry": (x[s, j], (s, j), X),
    "transposed": (x[s, j], (j, s), X.T),
    "broadcast": (y[j], (s, j), np.broadcast_to(Y, X.shape)),
    "a scalar": (gain * 2, (), np.float64(0.6)),
    "a size": (rows.size * columns.size, (), np.float64(12)),
    "a sum along a row": (total(x[s, k], k), (s,), X.sum(axis=1)),
    "a sum of everything": (total(x[s, k], s, k), (), X.sum()),
    "a product of matrices": (total(x[s, k] * x[r, k], k), (s, r), X @ X.T),
    "a sum over an axis that nothing depends on": (total(y[j], s), (j,), 3 * Y),
    "a sum of a product with an outer factor": (
        total(y[j] * x[s, k], k), (s, j), X.sum(1)[:, None] * Y
    ),
    "exponentials": (
        sp.exp(-x[s, j]) / (1 + sp.exp(-x[s, j])), (s, j), np.exp(-X) / (1 + np.exp(-X))
    ),
    "a logarithm": (sp.log(y[j] ** 2), (j,), np.log(Y**2)),
    "a hyperbolic tangent": (sp.tanh(y[j]), (j,), np.tanh(Y)),
    "an error function": (sp.erf(y[j]), (j,), np.vectorize(math.erf)(Y)),
    "its complement": (sp.erfc(y[j]), (j,), np.vectorize(math.erfc)(Y)),
    "a number that is no fraction": (sp.pi * y[j], (j,), np.pi * Y),
    "a root of a variance": (
        sp.sqrt(total((x[s, k] - row_sum[s] / columns.size) ** 2, k) / columns.size),
        (s,),
        X.std(axis=1),
    ),
    "an intermediate": (row_sum[s] * y[j], (s, j), X.sum(1)[:, None] * Y),
    "an intermediate at another index": (row_sum[r], (r,), X.sum(1)),
    "an intermediate broadcast along one of its axes": (
        shared[s, j], (s, j), np.broadcast_to(Y, X.shape)
    ),
    "a gather": (x[s, at[s]], (s,), X[np.arange(3), AT]),
    "a gather at a formula of indices": (y[columns.size - 1 - j], (j,), Y[::-1]),
    "a one-hot row": (delta(at[s], j), (s, j), np.eye(4)[AT]),
    "a delta in a sum": (total(delta(i, k) * y[k], k), (i,), Y),
    "a shifted delta": (total(delta(i, k + 1) * y[k], k), (i,), np.array([0, *Y[:-1]])),
    "a step": (Positive(x[s, j]), (s, j), X > 0),
    "branches": (
        Case(Positive(x[s, j]), x[s, j], gain * x[s, j]), (s, j), np.where(X > 0, X, 0.3 * X)
    ),
    "a maximum": (maximum(x[s, k], k), (s,), X.max(axis=1)),
    "the first maximum": (FirstMaximum(x[s, j], j), (s, j), np.eye(4)[X.argmax(axis=1)]),
    "the first maximum of all": (
        FirstMaximum(x[s, j], s, j), (s, j), (np.arange(12) == X.argmax()).reshape(X.shape)
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMULAS)
def test_a_formula_evaluates_to_what_numpy_computes(name):
    """NumPy's own result lies within the bound, and a millionth off does not."""
    expression, indices, direct = FORMULAS[name]
    result = evaluated(expression, *indices)
    direct = np.asarray(direct, dtype=np.float64)
    assert within(direct, result.value, result.bound)
    assert not within(direct * (1 + 1e-6) + 1e-6, result.value, result.bound)
    assert np.all(np.isfinite(result.bound))


def test_a_diagonal_takes_one_index_twice():
    """``w[i, i]`` is the diagonal, along one axis."""
    square = array("w", columns, columns)
    derivation = Derivation("square", (square,), (let("z", (i,), square[i, i]),), ())
    form = ClosedForm("z", (i,), square[i, i], "by hand")
    matrix = np.arange(16.0).reshape(4, 4)
    (result,) = Program(derivation, [form]).run(Rounding.of(np.float64), {"w": matrix}, SYMBOLS)
    assert result.value.tolist() == [0, 5, 10, 15]


def test_a_branch_not_taken_does_no_harm():
    """An overflow on the other side of a kink leaves value and bound alone."""
    big = {**ARRAYS, "x": 1000 * X}
    taken = Case(Positive(x[s, j]), 0 * x[s, j] + 1, sp.exp(x[s, j]))
    form = ClosedForm("z", (s, j), taken, "by hand")
    (result,) = Program(DERIVATION, [form]).run(Rounding.of(np.float64), big, SYMBOLS)
    assert np.all(np.isfinite(result.value))
    assert np.all(np.isfinite(result.bound))


def test_a_number_has_every_digit_of_the_wider_format():
    """pi and 1/3 are not first rounded to double precision; their rounding is in the bound."""
    for number, digits in (
        (sp.pi, "3.14159265358979323846264338327950288"),
        (sp.S(1) / 3, "0." + 30 * "3"),
    ):
        result = evaluated(number)
        assert result.value == np.longdouble(digits)
        assert result.bound == abs(float(result.value - np.float64(digits)))


def test_equal_parts_are_computed_once():
    """A program with a formula twice has no more steps than with it once."""
    forms = [ClosedForm("z", (s, j), sp.exp(row_sum[s] * y[j]), "by hand")] * 2
    assert len(Program(DERIVATION, forms).steps) == len(Program(DERIVATION, forms[:1]).steps)


@pytest.mark.parametrize(
    "expression", [sp.sin(y[j]), sp.gamma(y[j]), y[sp.floor(j / 2)]], ids=["sin", "gamma", "place"]
)
def test_an_unknown_node_raises(expression):
    """What the oracle cannot bound it does not evaluate."""
    with pytest.raises(TypeError, match=r"no way to evaluate|no formula of indices"):
        evaluated(expression, j)


def test_the_bound_is_the_largest_over_the_declared_forms():
    """The value is the first form's; a worse second form widens the bound and moves nothing."""
    first = ClosedForm("x", (s, j), 2 * x[s, j], "by hand")
    cancelling = total(2 * x[s, j] + y[k] * 1024, k) / 4 - total(y[k] * 256, k)
    worse = ClosedForm("x", (s, j), cancelling, "by hand", "cancelling")
    alone, both = (
        SymbolicOracle(replace(DERIVATION, gradients=forms), ["y"]).opinion(
            Rounding.of(np.float64), ARRAYS, np.ones_like(X), SYMBOLS
        )
        for forms in ((first,), (first, worse))
    )
    assert np.array_equal(alone.gradients["x"].value, both.gradients["x"].value)
    assert np.all(both.gradients["x"].bound > 100 * alone.gradients["x"].bound)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.name)
def test_every_closed_form_can_be_evaluated(operation):
    """Each formula that is proved compiles: nothing is proved that could not be asked."""
    for convention in operation.variants():
        oracle = SymbolicOracle(operation.derivation(convention), operation.outputs)
        assert len(oracle.program.results) == len(oracle.outputs) + len(oracle.gradients)


def test_a_sum_beside_a_bias_is_bounded_from_either_end():
    """linear's bound is wide enough for a running total that starts at a large bias."""
    inputs = 5
    arrays = {
        "x": np.ones((1, inputs)), "weight": np.ones((1, inputs)), "bias": np.array([2.0**24]),
    }  # fmt: skip
    sizes = {"batch": 1, "inputs": inputs, "outputs": 1}
    oracle = SymbolicOracle(linear.derive(), ["y"])
    opinion = oracle.opinion(
        Rounding.of(np.float32), arrays, np.ones((1, 1)), scalar_symbols(sizes, {})
    )
    started = np.float32(2**24)
    for _ in range(inputs):
        started = started + np.float32(1)
    assert abs(float(started) - float(opinion.outputs["y"].value[0, 0])) == inputs
    assert within(np.array([[started]]), opinion.outputs["y"].value, opinion.outputs["y"].bound)


def test_a_bound_is_a_number_or_infinite():
    """Where a deviation may round to 0 the bound is infinite, not NaN, which would blame."""
    x, ones = np.full((2, 1), 1000.0), np.ones(1)
    symbols = scalar_symbols({"batch": 2, "features": 1}, {"eps": 1e-8})
    opinion = SymbolicOracle(layernorm.derive(), ["y"]).opinion(
        Rounding.of(np.float32), {"x": x, "gamma": ones, "beta": ones}, np.zeros_like(x), symbols
    )
    assert np.all(opinion.gradients["x"].bound == np.inf)


def test_an_error_that_an_input_comes_with_is_carried_through_a_formula():
    """A weighted sum inherits its input's error, weighted alike, and adds its own rounding."""
    form = ClosedForm("z", (s,), total(x[s, j] * y[j], j), "by hand")
    error = np.where(X > 2, 0.25, 0.0)
    exact, inherited = (
        Program(DERIVATION, [form]).run(Rounding.of(np.float64), {**ARRAYS, "x": given}, SYMBOLS)[0]
        for given in (X, Bounded(np.asarray(X, dtype=np.longdouble), error))
    )
    assert np.array_equal(inherited.value, exact.value)
    assert np.array_equal(inherited.bound, exact.bound + error @ np.abs(Y))
