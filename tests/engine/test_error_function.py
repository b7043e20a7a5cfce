"""The error function in three formats, held against fifty digits."""

import mpmath
import numpy as np
import pytest

from backproof import error_function
from backproof.error_function import erf, relative_error

FORMATS = (np.float32, np.float64, np.longdouble)
EDGES = (1e-30, 1e-9, 0.5, np.nextafter(2.5, 0), 2.5, 3.0, 4.0, 5.5, 7.0, 30.0, 1e6)


def exactly(number):
    """A number as one of fifty digits, without a detour through double precision."""
    mantissa, exponent = np.frexp(number)
    digits = np.finfo(number.dtype).nmant + 1
    whole = int(mantissa * number.dtype.type(2) ** digits)
    return mpmath.ldexp(mpmath.mpf(whole), int(exponent) - digits)


def arguments(dtype):
    """Numbers with every bit in use, on both sides of the split, and its edges."""
    numbers = np.random.RandomState(11)
    drawn = numbers.random_sample(150).astype(dtype) * 5
    fine = 1 + numbers.random_sample(150).astype(dtype) * dtype(2) ** -40
    return np.concatenate([drawn * fine, np.array(EDGES).astype(dtype)])


def worst(dtype):
    """The largest relative error in units of what is granted."""
    x = arguments(dtype)
    with mpmath.workdps(50), np.errstate(under="ignore"):
        true = [mpmath.erf(exactly(a)) for a in x]
        errors = [abs(exactly(y) - t) / t for y, t in zip(erf(x), true, strict=True)]
    return max(map(float, errors)) / relative_error(dtype)


@pytest.mark.parametrize("dtype", FORMATS, ids=lambda d: d.__name__)
def test_lies_within_its_bound_of_fifty_digits(dtype):
    """The bound that the docstring derives holds, and a hundredth of it does not."""
    assert erf(arguments(dtype)).dtype == dtype
    assert 0.01 < worst(dtype) <= 1


@pytest.mark.parametrize("levels", [25, 30])
def test_fewer_levels_leave_the_bound(levels, monkeypatch):
    """A series or a fraction that is cut off early is seen in long double."""
    monkeypatch.setattr(error_function, "_LEVELS", levels)
    assert worst(np.longdouble) > 1


def test_is_odd_and_ends_at_one():
    """Signs, zeros, infinities, what is no number, and scalars, as any function of NumPy."""
    x = np.array([-np.inf, -1.5, -0.0, 0.0, 1.5, np.inf])
    assert np.array_equal(erf(-x), -erf(x))
    assert erf(x)[[0, 5]].tolist() == [-1, 1]
    assert np.signbit(erf(x)).tolist() == [True, True, True, False, False, False]
    assert np.isnan(erf(np.array([np.nan]))).all()
    assert erf(np.asarray(3.0)) == erf(np.array([3.0]))[0]
    assert erf(np.zeros((2, 0))).shape == (2, 0)
