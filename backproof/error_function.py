"""The error function in the format of its argument, long double included; NumPy has none.

Near 0 it is 2/sqrt(pi) x e^-t S, with t = x^2 and the series of positive terms (DLMF 7.6.2)
S = sum_n t^n / (3/2 5/2 ... (n + 1/2)). Beyond, 1 - erf x is e^-t / sqrt(pi) over Laplace's
continued fraction x + (1/2)/(x + 1/(x + (3/2)/(x + ...))) (DLMF 7.9.1).

The error, in roundings. In Horner's rule the n-th term passes through five at each of n levels: the
level's factor, t's own, their product, the product with the rest, the sum. The average n, weighted
with the terms, is t S'/S = t - 1/2 + 1/(2 S) < t, since S + 2 t S' - 2 t S = 1. That makes 5 t + 1.
The exponential has t + 8, eight being what a library's function is granted in
`backproof.error_analysis`; the constant and the products have 4. At the split t is 25/4: 50.5.
The continued fraction has two at each level, 90, the exponential and the products again, but all of
them are worth 1 - erf(5/2) = 4e-4, and one subtraction is left.

Both are cut off where what is left out is below 2^-66 of the value.
"""

from typing import Any

import numpy as np

_SPLIT = 2.5
_LEVELS = 45
_ROUNDINGS = 52
_CUT_OFF = 2.0**-66
_DIGITS = "1.12837916709551257389615890312154517168810125865800"
"""2/sqrt(pi)."""


def relative_error(dtype: Any) -> float:
    """By how much `erf` may be off in a format, relative to its value."""
    return _ROUNDINGS * float(np.finfo(dtype).eps) / 2 + _CUT_OFF


def erf(x: np.ndarray) -> np.ndarray:
    """The error function, in the format of its argument."""
    size = np.asarray(np.abs(x))
    near = size < _SPLIT
    found = np.empty_like(size)
    found[near] = _series(size[near])
    found[~near] = 1 - _complement(size[~near])
    return np.asarray(np.copysign(found, x))


def _series(x: np.ndarray) -> np.ndarray:
    number = x.dtype.type
    square = np.square(x)
    series = np.ones_like(x)
    for n in range(_LEVELS, 0, -1):
        series = 1 + square * (2 / number(2 * n + 1)) * series
    return np.asarray(number(_DIGITS) * x * np.exp(-square) * series)


def _complement(x: np.ndarray) -> np.ndarray:
    number = x.dtype.type
    fraction = x
    for n in range(_LEVELS, 0, -1):
        fraction = x + number(n) / 2 / fraction
    return np.asarray(number(_DIGITS) / 2 * np.exp(-np.square(x)) / fraction)
