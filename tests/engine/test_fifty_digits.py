"""Closed forms to fifty digits: as the float64 oracle has them, and as mpmath alone has them."""

import mpmath
import numpy as np
import pytest
import sympy as sp

from backproof.catalog import NETWORKS, OPERATIONS
from backproof.compare import within
from backproof.error_analysis import Rounding
from backproof.examination import Examination, Terms
from backproof.inputs.examples import examples
from backproof.inputs.search import explore
from backproof.oracles.fifty_digits import FiftyDigits
from backproof.oracles.program import Program
from derivations.notation import (
    Case,
    ClosedForm,
    Derivation,
    FirstMaximum,
    Positive,
    array,
    axes,
    let,
    maximum,
    parameter,
    total,
)

rows, columns = axes("rows columns")
s, r = rows.indices("s r")
i, j, k = columns.indices("i j k")
x = array("x", rows, columns)
gain = parameter("gain")
mean = let("mean", (s,), total(x[s, k], k) / columns.size)
DERIVATION = Derivation("by hand", (x,), (let("z", (s, j), x[s, j]),), (), definitions=(mean,))

X = np.array([[0.1, -3.0, 0.0, 2.0], [5.0, 0.7, -0.25, 0.0], [0.3, -1.0, 7.0, -0.3]])
SYMBOLS = {rows.size: 3, columns.size: 4, gain: 0.3}
AGREED = 45
FIFTY = FiftyDigits()


def evaluated(expression, *indices, arithmetic=FIFTY, values=X):
    """Evaluate one formula at every place."""
    form = ClosedForm("z", indices, sp.sympify(expression), "by hand")
    (result,) = Program(DERIVATION, [form]).run(arithmetic, {"x": values}, SYMBOLS)
    return result.value


def digits(found, right):
    """How many digits of every number are right, at the least."""
    with mpmath.workdps(100):
        pairs = zip(np.ravel(found), np.ravel(right), strict=True)
        off = max(abs(mpmath.mpf(a) - b) / abs(b) for a, b in pairs)
        return mpmath.inf if off == 0 else -mpmath.log10(off)


@pytest.mark.parametrize("operation", [*OPERATIONS, *NETWORKS], ids=lambda o: o.name)
def test_agrees_with_the_float64_oracle_within_its_bound(operation):
    """Of every output and gradient; a hundred times the bound away, it would not."""
    examination = Examination(operation, None, np.dtype(np.float64), Terms())
    draws = []
    explore(examples(operation), draws.append, f"{operation.name}, fifty digits", 4)
    for draw in [d for d in draws if examination.margin(d) > 0]:
        exact, bounded = examination.evaluated(draw, FIFTY), examination.symbolic(draw)
        for true, expected in (
            (exact.outputs, bounded.outputs),
            (exact.gradients, bounded.gradients),
        ):
            assert true.keys() == expected.keys()
            for name, bounds in expected.items():
                value = true[name].value.astype(np.float64)
                assert within(value, bounds.value, bounds.bound)
                moved = value + 100 * bounds.bound + np.spacing(np.abs(value) + 1)
                assert not within(moved, bounds.value, bounds.bound)


def by_mpmath(formula):
    """Every row of X by a formula in mpmath's own functions."""
    with mpmath.workdps(60):
        return [formula([mpmath.mpf(number) for number in row]) for row in X.tolist()]


def deviation(row):
    """The standard deviation of one row."""
    centre = mpmath.fsum(row) / len(row)
    return mpmath.sqrt(mpmath.fsum((n - centre) ** 2 for n in row) / len(row))


BY_HAND = {
    "a deviation": (
        sp.sqrt(total((x[s, k] - mean[s]) ** 2, k) / columns.size), (s,), deviation
    ),
    "numbers that no double holds": (
        x[s, 0] * sp.pi / 3 + sp.Rational(2, 7), (s,),
        lambda row: row[0] * mpmath.pi / 3 + mpmath.mpf(2) / 7,
    ),
    "a parameter, which a double holds": (
        gain * x[s, 0], (s,), lambda row: mpmath.mpf(0.3) * row[0]
    ),
    "functions": (
        sp.tanh(x[s, 0]) + sp.erf(x[s, 1]) * sp.log(x[s, 0]) - sp.erfc(x[s, 3]), (s,),
        lambda row: mpmath.tanh(row[0]) + mpmath.erf(row[1]) * mpmath.log(row[0])
        - mpmath.erfc(row[3]),
    ),
    "a share of exponentials": (
        sp.exp(x[s, 1]) / total(sp.exp(x[s, k]), k), (s,),
        lambda row: mpmath.exp(row[1]) / mpmath.fsum(map(mpmath.exp, row)),
    ),
    "a product of rows": (
        total(x[s, k] * x[1, k] * sp.exp(x[s, k]), k), (s,),
        lambda row: mpmath.fsum(
            a * mpmath.mpf(b) * mpmath.exp(a) for a, b in zip(row, X[1].tolist(), strict=True)
        ),
    ),
    "the largest": (
        maximum(x[s, k], k) + total(x[1, k] * FirstMaximum(x[s, k], k), k), (s,),
        lambda row: max(row) + mpmath.mpf(float(X[1, row.index(max(row))])),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BY_HAND)
def test_agrees_with_mpmath_alone(name):
    """To forty-five digits, where no long double has more than thirty-four."""
    expression, indices, formula = BY_HAND[name]
    right = by_mpmath(formula)
    assert digits(evaluated(expression, *indices), right) >= AGREED


def test_the_float64_oracle_does_not_agree_so_far():
    """So the comparison tells."""
    expression, indices, formula = BY_HAND["functions"]
    found = evaluated(expression, *indices, arithmetic=Rounding.of(np.float64))
    assert digits(list(map(str, found)), by_mpmath(formula)) < AGREED


def test_digits_that_cancel_were_not_needed():
    """Of 1 - sigmoid(700) three hundred digits are lost, and fifty are left."""
    values = np.full(X.shape, 700.0)
    share = 1 / (1 + sp.exp(-x[s, j]))
    cancelling = evaluated(share * (1 - share), s, j, values=values)
    with mpmath.workdps(60):
        right = mpmath.exp(-700) / (1 + mpmath.exp(-700)) ** 2
    assert digits(cancelling, np.full(X.shape, right)) >= AGREED


def test_a_branch_that_is_not_taken_may_have_no_value():
    """1 / 0 and the logarithm of a negative number stand for nothing there."""
    formula = 1 / x[s, j] + sp.log(x[s, j])
    found = evaluated(Case(Positive(x[s, j]), formula, 0), s, j)
    with mpmath.workdps(60):
        right = [1 / number + mpmath.log(number) for number in map(mpmath.mpf, X[X > 0].tolist())]
    assert digits(found[X > 0], right) >= AGREED
    assert np.all(found[X <= 0] == 0)
    assert all(map(mpmath.isnan, evaluated(formula, s, j)[X <= 0]))


@pytest.mark.parametrize(
    ("number", "ulp"),
    [
        ("1", 2.0**-52),
        ("-1.75", 2.0**-52),
        ("0.99999999999999999999", 2.0**-53),
        ("2.2250738585072015e-308", 2.0**-1074),
        ("1.79e308", 2.0**971),
        ("0", None),
        ("1e-308", None),
        ("1.8e308", None),
        ("inf", None),
        ("nan", None),
    ],
)
def test_a_ulp_is_the_distance_of_the_doubles_around_a_number(number, ulp):
    """Just below a power of two they lie closer; none is told beyond the normal ones."""
    assert FIFTY.ulp(FIFTY.numbers.mpf(number)) == ulp
