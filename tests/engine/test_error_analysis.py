"""Rounding bounds: never exceeded, seldom far off, and broken where they are made a hundredth."""

import math
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from backproof.error_analysis import Bounded, Rounding, WholeRounding

WIDER = np.finfo(np.longdouble).eps < np.finfo(np.float64).eps
DTYPES = (np.float32, np.float64) if WIDER else (np.float32,)
DRAWS = 400


def product_sum(a, b):
    return np.einsum("ij,ij->i", a, b)


# What a program computes in its own format, beside the bound on what it computes. a and b are
# positive and of any size, so that a - b cancels now and then; t is far below both.
COMPUTATIONS = {
    "a sum of two": (lambda a, b, t: a + b, lambda r, a, b, t: r.add([a, b])),
    "a sum of three": (lambda a, b, t: (a + b) + t, lambda r, a, b, t: r.add([a, b, t])),
    "a product": (lambda a, b, t: a * b, lambda r, a, b, t: r.multiply(a, b)),
    "a product of sums": (
        lambda a, b, t: (a - b) * (a + b),
        lambda r, a, b, t: r.multiply(r.add([a, negative(b)]), r.add([a, b])),
    ),
    "a product that underflows": (
        lambda a, b, t: (a * tiny(a)) * (b * tiny(b)),
        lambda r, a, b, t: r.multiply(scaled(a, r), scaled(b, r)),
    ),
    "a reciprocal": (lambda a, b, t: 1 / a, lambda r, a, b, t: r.power(a, -1)),
    "a root": (lambda a, b, t: np.sqrt(a), lambda r, a, b, t: r.power(a, 0.5)),
    "a square": (lambda a, b, t: a * a, lambda r, a, b, t: r.power(a, 2)),
    "a cube": (lambda a, b, t: a * a * a, lambda r, a, b, t: r.power(a, 3)),
    "a power": (lambda a, b, t: a**1.5, lambda r, a, b, t: r.power(a, 1.5)),
    "a reciprocal of a difference": (
        lambda a, b, t: 1 / (a + b - t),
        lambda r, a, b, t: r.power(r.add([r.add([a, b]), negative(t)]), -1),
    ),
    "a root of a sum": (
        lambda a, b, t: np.sqrt(a + b),
        lambda r, a, b, t: r.power(r.add([a, b]), 0.5),
    ),
    "an exponential": (lambda a, b, t: np.exp(a), lambda r, a, b, t: r.exp(a)),
    "an exponential of a sum": (
        lambda a, b, t: np.exp(a + b),
        lambda r, a, b, t: r.exp(r.add([a, b])),
    ),
    "a logarithm": (lambda a, b, t: np.log(a), lambda r, a, b, t: r.log(a)),
    "a logarithm of a sum": (
        lambda a, b, t: np.log(a + b),
        lambda r, a, b, t: r.log(r.add([a, b])),
    ),
    "a hyperbolic tangent": (lambda a, b, t: np.tanh(a), lambda r, a, b, t: r.tanh(a)),
    "a hyperbolic tangent of a difference": (
        lambda a, b, t: np.tanh(a - b),
        lambda r, a, b, t: r.tanh(r.add([a, negative(b)])),
    ),
    "an error function": (lambda a, b, t: applied(math.erf, a), lambda r, a, b, t: r.erf(a)),
    "an error function of a difference": (
        lambda a, b, t: applied(math.erf, a - b),
        lambda r, a, b, t: r.erf(r.add([a, negative(b)])),
    ),
    "a complementary error function": (
        lambda a, b, t: applied(math.erfc, a - b),
        lambda r, a, b, t: r.erfc(r.add([a, negative(b)])),
    ),
    "a total": (
        lambda a, b, t: a.sum(axis=1),
        lambda r, a, b, t: r.total(a, (1,), a.value.shape[1]),
    ),
    "a total of products": (
        lambda a, b, t: (a * b).sum(axis=1),
        lambda r, a, b, t: r.total(r.multiply(a, b), (1,), a.value.shape[1]),
    ),
    "a contraction": (
        lambda a, b, t: product_sum(a, b),
        lambda r, a, b, t: r.contract([a, b], [[0, 1], [0, 1]], [0], 3),
    ),
    "a contraction of sums": (
        lambda a, b, t: product_sum(a + b, a - b),
        lambda r, a, b, t: r.contract(
            [r.add([a, b]), r.add([a, negative(b)])], [[0, 1], [0, 1]], [0], 3
        ),
    ),
    "a maximum of sums": (
        lambda a, b, t: (a + b).max(axis=1),
        lambda r, a, b, t: r.maximum(r.add([a, b]), (1,)),
    ),
    "a selection of sums": (
        lambda a, b, t: np.where(a > b, a + b, a),
        lambda r, a, b, t: r.select(r.exact(a.value > b.value), r.add([a, b]), a),
    ),
}


def applied(function, a):
    """A function of Python's math, in the format of its argument."""
    return np.vectorize(function, otypes=[a.dtype])(a)


def negative(a):
    return Bounded(-a.value, a.error)


def tiny(a):
    """About the root of the smallest number: a product of two such underflows."""
    return a.dtype.type(2.0) ** (-72 if a.dtype == np.float32 else -534)


def scaled(a, rounding):
    return Bounded(a.value * rounding.reference(tiny(np.zeros(1, rounding.dtype))), None)


def worst_ratio(name, rounding):
    """The largest error in units of its bound, over many draws; any error exceeds a bound of 0."""
    compute, bound = COMPUTATIONS[name]
    numbers = np.random.RandomState(7)
    worst = 0.0
    for _ in range(DRAWS):
        a = np.exp(numbers.standard_normal((3, 3))).astype(rounding.dtype)
        b = np.exp(numbers.standard_normal((3, 3))).astype(rounding.dtype)
        t = (numbers.random_sample((3, 3)) / 64).astype(rounding.dtype)
        result = bound(rounding, *map(rounding.exact, (a, b, t)))
        error = np.abs(compute(a, b, t).astype(rounding.reference) - result.value)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = np.where(error == 0, 0, error / result.bound)
        worst = max(worst, float(ratios.max()))
    return worst


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: d.__name__)
@pytest.mark.parametrize("name", COMPUTATIONS)
def test_the_bound_holds_and_is_tight_and_a_hundredth_of_it_does_not_hold(name, dtype):
    """No error exceeds its bound, one comes within a tenth of it, and all notice a broken unit."""
    rounding = Rounding.of(dtype)
    assert 0.1 <= worst_ratio(name, rounding) <= 1
    broken = replace(rounding, unit=rounding.unit / 100, underflow=rounding.underflow / 100)
    assert worst_ratio(name, broken) > 1


def test_an_input_is_exact():
    """The candidate was given the very number: no error is granted for it."""
    assert Rounding.of(np.float32).exact(np.float32(0.1)).error is None


def test_a_parameter_is_off_by_what_its_format_makes_of_it():
    """0.5 is exact in every format, 0.1 in float32 is off by just the difference."""
    single = Rounding.of(np.float32)
    assert single.constant(0.5).error is None
    assert single.constant(0.1).error == abs(0.1 - np.float64(np.float32(0.1)))
    assert Rounding.of(np.float64).constant(0.1).error is None


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: d.__name__)
def test_the_reference_is_wider_and_its_own_rounding_is_in_the_unit(dtype):
    """The value is computed with more digits, and what these cost is added."""
    rounding = Rounding.of(dtype)
    assert np.finfo(rounding.reference).eps < np.finfo(dtype).eps
    assert rounding.unit > float(np.finfo(dtype).eps) / 2


def test_a_relative_bound_alone_is_exceeded_by_underflow():
    """Where a product underflows no relative bound holds: the absolute unit is needed."""
    without = replace(Rounding.of(np.float32), underflow=0.0)
    assert worst_ratio("a product that underflows", without) > 1


def test_a_rearranged_value_takes_its_error_along():
    """Value and error are turned together; an exact value stays exact."""
    pair = Bounded(np.arange(6.0).reshape(2, 3), np.arange(6.0).reshape(2, 3) / 8)
    turned = pair.rearranged(np.transpose)
    assert turned.value.shape == turned.bound.shape == (3, 2)
    assert Bounded(np.ones(3), None).rearranged(np.flip).error is None
    assert Bounded(np.ones(3), None).bound.tolist() == [0, 0, 0]


def test_a_partial_product_may_underflow():
    """1e-40 * 1e-3 has few digits in float32, and 1e20 brings that to light: in any order."""
    factors = [np.float32(f) for f in (1e20, 1e-40, 1e-3)]
    rounding = Rounding.of(np.float32)
    bounded = rounding.product([rounding.exact(f) for f in factors])
    errors = [abs(float(a * b * c) - float(bounded.value)) for a, b, c in permutations(factors)]
    assert max(errors) <= bounded.bound
    assert max(errors) > rounding.unit * len(factors) * float(bounded.value)


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: d.__name__)
def test_a_sum_of_many_products_is_the_same_in_any_order(dtype):
    """A convolution's gradient, of 51,200 products: all indices at once, or two arrays."""
    numbers = np.random.RandomState(0)
    labels, kept = [[0, 1, 2, 3], [4, 1, 5, 6], [7, 2, 5], [8, 3, 6]], [0, 4, 7, 8]
    shapes = (2, 2, 5, 5), (8, 2, 2, 2), (4, 5, 2), (4, 5, 2)
    arrays = [numbers.standard_normal(shape).astype(dtype) for shape in shapes]
    operands = [o for pair in zip(arrays, labels, strict=True) for o in pair]
    rounding = Rounding.of(dtype)
    terms = 2 * 5 * 5 * 2 * 2
    bounded = rounding.contract([rounding.exact(a) for a in arrays], labels, kept, terms)
    for plan in (False, ("greedy", 2**20), ("optimal", 2**20)):
        found = np.einsum(*operands, kept, optimize=plan)
        error = np.abs(found - bounded.value)
        assert (error <= bounded.bound).all()
        assert (error > bounded.bound / 1000).any()


def test_a_sign_that_rounding_may_turn_is_either():
    """No further from 0 than its error, a number may come out on either side; beyond, on one."""
    rounding = Rounding.of(np.float64)
    sums = Bounded(np.array([0.0, -1.0, 1.0, np.nan]), np.array([0.25, 0.25, 0.25, np.nan]))
    above = rounding.positive(sums)
    assert above.value.tolist() == [0, 0, 1, 0]
    assert above.bound.tolist() == [1, 0, 0, 1]
    assert rounding.positive(rounding.exact(np.zeros(2))).error is None
    assert rounding.positive(Bounded(np.ones(2), np.full(2, 0.5))).error is None


def test_a_selection_by_an_unsure_sign_may_be_either_branch():
    """The bound reaches from the branch that was taken to the far end of the other."""
    rounding = Rounding.of(np.float64)
    unsure = Bounded(np.array([1.0, 1.0, 0.0]), np.array([1.0, 0.0, 1.0]))
    a = Bounded(np.full(3, 5.0), np.full(3, 0.25))
    b = Bounded(np.full(3, 2.0), np.full(3, 0.5))
    chosen = rounding.select(unsure, a, b)
    assert chosen.value.tolist() == [5, 5, 2]
    assert chosen.bound.tolist() == [3.5, 0.25, 3.25]
    exact = rounding.select(unsure, rounding.exact(a.value), rounding.exact(b.value))
    assert exact.bound.tolist() == [3, 0, 3]


def test_a_running_total_may_start_at_another_addend():
    """2^24 + 1 is 2^24 in float32, however often: five terms of 1 lose five."""
    rounding = Rounding.of(np.float32)
    bias, ones = np.float32(2**24), np.ones(5, np.float32)
    started = bias
    for one in ones:
        started = started + one
    total = rounding.total(rounding.exact(ones), (0,), ones.size)
    plain = rounding.add([total, rounding.exact(bias)])
    carried = rounding.add([total, rounding.exact(bias)], [0, len(ones) - 1])
    error = abs(float(started) - float(carried.value))
    assert error == len(ones)
    assert plain.bound < error <= carried.bound


def uncertain(value, error):
    return Bounded(np.asarray(value, dtype=np.float64), np.asarray(error, dtype=np.float64))


def test_a_sign_is_unsure_where_the_error_reaches_across_0():
    """What cannot be told from 0 may be seen on either side; an exact 0 may not."""
    rounding = Rounding.of(np.float32)
    found = rounding.positive(uncertain([2, -2, 0.5, -0.5, 0], [1, 1, 1, 1, 0]))
    assert found.value.tolist() == [1, 0, 1, 0, 0]
    assert found.bound.tolist() == [0, 0, 1, 1, 0]
    assert rounding.positive(uncertain([2, -2], [1, 1])).error is None
    assert rounding.positive(rounding.exact([0.0, 0.125])).error is None
    assert rounding.positive(uncertain([3], [np.nan])).bound.tolist() == [1]


def test_a_selection_that_is_unsure_may_come_out_either_way():
    """The bound then covers the branch not taken, its own error included."""
    rounding = Rounding.of(np.float32)
    a, b = uncertain([5, 5, 5], [0.25, 0.25, 0.25]), uncertain([3, 3, 5], [0.5, 0.5, 0])
    found = rounding.select(uncertain([1, 0, 1], [1, 0, 1]), a, b)
    assert found.value.tolist() == [5, 3, 5]
    assert found.bound.tolist() == [2.5, 0.5, 0.25]


@pytest.mark.parametrize("side", [-1, 1])
def test_a_rectifier_of_an_inexact_input_stays_within_its_bound(side):
    """Whichever side of the kink a program comes out on, value and mask are within bounds."""
    rounding = Rounding.of(np.float32)
    z, dy = uncertain([0.25], [0.5]), rounding.exact([3.0])
    seen = z.value + side * z.bound
    above = rounding.positive(z)
    value = rounding.select(above, z, rounding.exact([0.0]))
    slope = rounding.multiply(above, dy)
    assert abs(max(seen[0], 0) - value.value[0]) <= value.bound[0]
    assert abs((seen[0] > 0) * 3 - slope.value[0]) <= slope.bound[0]


def test_a_largest_value_is_unsure_among_those_that_errors_let_be_it():
    """Rivals are marked, and what lies clearly below is not."""
    rounding = Rounding.of(np.float32)
    found = rounding.first_maximum(uncertain([[3, 2.75, 1], [9, 1, 1]], [[0.25] * 3] * 2), (1,))
    assert found.value.tolist() == [[1, 0, 0], [1, 0, 0]]
    assert found.bound.tolist() == [[1, 1, 0], [0, 0, 0]]
    tied = rounding.first_maximum(rounding.exact([[2.0, 2.0]]), (1,))
    assert (tied.value.tolist(), tied.error) == ([[1, 0]], None)


def test_sums_and_products_of_small_whole_numbers_are_exact():
    """What is no whole number, large, or inexact itself keeps its error."""
    rounding = WholeRounding.of(np.float64)
    whole, half, large = (rounding.exact(np.array([x, 3.0])) for x in (-1.0, 0.5, 2.0**60))
    inexact = Bounded(whole.value, np.ones(2))
    for other, is_exact in ((whole, True), (half, False), (large, False), (inexact, False)):
        found = rounding.add([whole, other, whole]), rounding.multiply(whole, other)
        assert {result.error is None for result in found} == {is_exact}
        usual = Rounding.of(np.float64).add([whole, other, whole])
        assert np.array_equal(found[0].value, usual.value)
