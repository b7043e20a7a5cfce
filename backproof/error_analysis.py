"""Values with a bound on the rounding error of computing them: where every tolerance comes from.

Running error analysis (Wilkinson; Higham, *Accuracy and Stability of Numerical Algorithms*, 2nd
ed., sections 2.2, 3.1 and 3.3) with the standard model: a rounded operation is exact up to a
relative unit round-off u and, where it can underflow, an absolute unit eta. The value is computed
in a wider format than the candidate's; the bound says how far a program that works in the
candidate's format and follows the same formula may stray from it, whatever the order of its sums.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

from backproof.error_function import erf, relative_error

_DIGITS = 40
"""Of a number such as pi: more than any long double holds."""

_MANY = 2**15
"""From so many products on, a sum of products is worth a plan."""

_PLAN = "greedy", 2**20
"""Two arrays at a time, by matrix products; what comes in between may have so many entries."""

LIBRARY_ROUNDINGS = 8
"""Roundings of exp, log, tanh, erf and non-integer powers: NumPy's vector loops promise 4 ulp."""


class Bounded:
    """A value and the error that a candidate may make in it.

    Attributes
    ----------
    value
        In the reference format.
    error
        Non-negative, in the units of the value; None where the value is exact.
    """

    __slots__ = ("_size", "error", "value")

    def __init__(
        self, value: np.ndarray, error: np.ndarray | None, size: np.ndarray | None = None
    ) -> None:
        self.value = value
        self.error = error
        self._size = size

    @property
    def size(self) -> np.ndarray:
        """The magnitude in double precision, computed once."""
        if self._size is None:
            self._size = abs(self.value.astype(np.float64, copy=False))
        return self._size

    @property
    def bound(self) -> np.ndarray:
        """The error as an array, zero where the value is exact."""
        return np.zeros(self.value.shape) if self.error is None else self.error

    def rearranged(self, rearrange: Any) -> Bounded:
        """The same values in another arrangement, such as a transposition."""
        error = None if self.error is None else rearrange(self.error)
        size = None if self._size is None else rearrange(self._size)
        return Bounded(rearrange(self.value), error, size)


def _plus(*errors: np.ndarray | None) -> np.ndarray | None:
    known = [e for e in errors if e is not None]
    total = known[0] if known else None
    for error in known[1:]:
        total = total + error
    return total


@dataclass(frozen=True)
class Rounding:
    """The arithmetic of a candidate's format.

    Attributes
    ----------
    unit
        The unit round-off, half the spacing of numbers at 1.
    underflow
        The absolute error of an operation that underflows.
    reference
        The wider format in which values are computed.
    """

    dtype: np.dtype[Any]
    unit: float
    underflow: float
    reference: type[np.floating[Any]]

    @classmethod
    def of(cls, dtype: Any, *, wider: bool = True) -> Rounding:
        """The arithmetic of a NumPy format; without a wider one, `unit` is larger.

        Parameters
        ----------
        dtype
            The candidate's format.
        wider
            Compute values in a format that has more digits than double precision, where one is
            needed; it is many times slower.
        """
        info = np.finfo(dtype)
        enough = info.bits == 32 or (info.bits == 64 and not wider)
        reference = np.float64 if enough else np.longdouble
        unit = float(info.eps) / 2 + float(np.finfo(reference).eps) / 2
        return cls(np.dtype(dtype), unit, float(info.smallest_subnormal), reference)

    # Each method mirrors one kind of node of a formula.

    def exact(self, value: Any) -> Bounded:
        """An input, which the candidate was given as it stands."""
        return Bounded(np.asarray(value, dtype=self.reference), None)

    def constant(self, value: float | Fraction | np.floating[Any]) -> Bounded:
        """A parameter, which the candidate rounds to its own format."""
        wide = np.asarray(value, dtype=self.reference)
        if self.dtype == self.reference:  # both round the number, and maybe not to the same side
            off = 2 * abs(float(np.asarray(value, dtype=np.longdouble) - wide))
        else:
            off = abs(float(wide - self.dtype.type(value)))
        return Bounded(wide, np.asarray(off) if off else None)

    def number(self, number: Any) -> Bounded:
        """A number of the formula, as SymPy has it, which the candidate rounds as well."""
        return self.constant(_long_double(number))

    def _rounded(self, value: np.ndarray, inherited: np.ndarray | None, roundings: int) -> Bounded:
        result = Bounded(value, None)
        error = result.size * (roundings * self.unit)
        error += self.underflow
        if inherited is not None:
            error += inherited
        result.error = error
        return result

    def add(self, terms: Sequence[Bounded], carried: Sequence[int] = ()) -> Bounded:
        """A sum of a few terms, in any order.

        Each term is carried through so many more additions where a running total of another
        may start with it.
        """
        value = terms[0].value
        for term in terms[1:]:
            value = value + term.value
        inherited = _plus(*(t.error for t in terms))
        result = Bounded(value, None)
        if len(terms) == 2:
            error = result.size * self.unit
        else:
            sizes = [t.size for t in terms]
            error = sum(sizes[1:], sizes[0]) * ((len(terms) - 1) * self.unit)
        for term, times in zip(terms, carried, strict=False):
            if times:
                error += term.size * (times * self.unit)
        if inherited is not None:
            error += inherited
        result.error = error
        return result

    def multiply(self, a: Bounded, b: Bounded) -> Bounded:
        """A product."""
        value = a.value * b.value
        inherited = None
        if a.error is not None:
            inherited = a.error * (b.size if b.error is None else b.size + b.error)
        if b.error is not None:
            other = b.error * a.size
            inherited = other if inherited is None else inherited + other
        return self._rounded(value, inherited, 1)

    def product(self, factors: Sequence[Bounded]) -> Bounded:
        """A product of several factors, in any order.

        A partial product may underflow before the large factors come.
        """
        result = factors[0]
        for factor in factors[1:]:
            result = self.multiply(result, factor)
        if len(factors) > 2 and result.error is not None:
            reach = np.asarray(self.underflow)
            for factor in factors:
                reach = reach * np.maximum(factor.size, 1.0)
            result = Bounded(result.value, result.error + (len(factors) - 2) * reach)
        return result

    def power(self, base: Bounded, exponent: float) -> Bounded:
        """A power; the base is positive where the exponent is not whole."""
        with np.errstate(all="ignore"):
            value = self._raised(base.value, exponent)
            inherited = None
            if base.error is not None:
                size = base.size
                nearest = np.where(size > base.error, size - base.error, 0.0)
                ends = nearest ** (exponent - 1), (size + base.error) ** (exponent - 1)
                inherited = base.error * abs(exponent) * np.maximum(*ends)
        return self._rounded(value, inherited, _roundings_of_power(exponent))

    def _raised(self, base: np.ndarray, exponent: float) -> np.ndarray:
        """A power; the usual ones without the general function, which is slow in long double."""
        usual = {2.0: np.square, 0.5: np.sqrt, -1.0: np.reciprocal}
        if exponent in usual:
            return np.asarray(usual[exponent](base))
        return np.asarray(base ** self.reference(exponent))

    def exp(self, power: Bounded) -> Bounded:
        """An exponential."""
        value = np.exp(power.value)
        inherited = None
        if power.error is not None:
            inherited = _size(value) * np.expm1(power.error)
        return self._rounded(value, inherited, LIBRARY_ROUNDINGS)

    def log(self, inside: Bounded) -> Bounded:
        """A natural logarithm."""
        value = np.log(inside.value)
        inherited = None
        if inside.error is not None:
            size = inside.value.astype(np.float64)
            inherited = inside.error / np.where(size > inside.error, size - inside.error, 0.0)
        return self._rounded(value, inherited, LIBRARY_ROUNDINGS)

    def tanh(self, inside: Bounded) -> Bounded:
        """A hyperbolic tangent, whose slope is at most 1."""
        return self._rounded(np.tanh(inside.value), inside.error, LIBRARY_ROUNDINGS)

    def erf(self, inside: Bounded) -> Bounded:
        """An error function."""
        value = erf(inside.value)
        return self._rounded(value, self._through_erf(inside, value), LIBRARY_ROUNDINGS)

    def erfc(self, inside: Bounded) -> Bounded:
        """A complementary error function, whose library's error is relative to its own value."""
        value = erf(inside.value)
        return self._rounded(1 - value, self._through_erf(inside, value), LIBRARY_ROUNDINGS)

    def _through_erf(self, inside: Bounded, value: np.ndarray) -> np.ndarray:
        """What the argument's error comes to, and the reference's own."""
        own = _size(value) * relative_error(self.reference)
        if inside.error is None:
            return own
        # The slope is largest where the argument may be nearest to 0.
        nearest = np.maximum(inside.size - inside.error, 0.0)
        slope = 2 / math.sqrt(math.pi) * np.exp(-np.square(nearest))
        return np.asarray(own + inside.error * slope)

    def total(self, terms: Bounded, axes: tuple[int, ...], count: int) -> Bounded:
        """A sum along axes, in any order; these may be some of the `count` terms of an entry."""
        value = terms.value.sum(axis=axes)
        own = terms.size.sum(axis=axes) * (max(count - 1, 0) * self.unit)
        return Bounded(value, own if terms.error is None else own + terms.error.sum(axis=axes))

    def contract(
        self,
        factors: Sequence[Bounded],
        labels: Sequence[Sequence[int]],
        kept: Sequence[int],
        count: int,
    ) -> Bounded:
        """A sum of products; these may be some of the `count` terms of an entry."""
        lengths = {
            label: length
            for factor, of in zip(factors, labels, strict=True)
            for label, length in zip(of, factor.value.shape, strict=True)
        }
        # Two arrays of long doubles have no matrix product.
        pays = len(factors) > 2 or self.reference is np.float64
        plan = _PLAN if pays and math.prod(lengths.values()) > _MANY else False

        def summed(arrays: Sequence[np.ndarray]) -> np.ndarray:
            operands = [o for pair in zip(arrays, labels, strict=True) for o in pair]
            return np.asarray(np.einsum(*operands, list(kept), optimize=plan))

        value = summed([f.value for f in factors])
        sizes = [f.size for f in factors]
        roundings = max(count - 1, 0) + len(factors) - 1
        error = summed(sizes) * (roundings * self.unit) + count * self.underflow
        for n, factor in enumerate(factors):
            if factor.error is not None:
                error = error + summed([*sizes[:n], factor.error, *sizes[n + 1 :]])
                sizes[n] = sizes[n] + factor.error
        return Bounded(value, error)

    def maximum(self, terms: Bounded, axes: tuple[int, ...]) -> Bounded:
        """The largest value along axes."""
        error = None if terms.error is None else terms.error.max(axis=axes)
        return Bounded(terms.value.max(axis=axes), error)

    def first_maximum(self, terms: Bounded, axes: tuple[int, ...]) -> Bounded:
        """1 at the first largest value along axes; where errors allow several, any of them."""
        shape = terms.value.shape
        value = in_rows(terms.value, axes)
        first = np.arange(value.shape[-1]) == value.argmax(axis=-1)[..., None]
        marks = out_of_rows(first, axes, shape).astype(self.reference)
        if terms.error is None:
            return Bounded(marks, None)
        error = in_rows(terms.error, axes)
        rivals = value + error >= (value - error).max(axis=-1, keepdims=True)
        unsure = rivals & (rivals.sum(axis=-1, keepdims=True) > 1)
        where = out_of_rows(unsure, axes, shape).astype(np.float64)
        return Bounded(marks, where if unsure.any() else None)

    def positive(self, inside: Bounded) -> Bounded:
        """1 above 0, else 0; where the error reaches across 0, a candidate may see the other."""
        indicator = (inside.value > 0).astype(self.reference)
        if inside.error is None:
            return Bounded(indicator, None)
        # Negated, so that an error that is no number leaves it unsure.
        unsure = ~((inside.value - inside.error > 0) | (inside.value + inside.error <= 0))
        return Bounded(indicator, unsure.astype(np.float64) if unsure.any() else None)

    def select(self, indicator: Bounded, a: Bounded, b: Bounded) -> Bounded:
        """The first where the indicator is 1, else the second; either where that is not sure."""
        first = indicator.value == 1
        value = np.where(first, a.value, b.value)
        if a.error is None and b.error is None and indicator.error is None:
            return Bounded(value, None)
        error = np.where(first, a.bound, b.bound)
        if indicator.error is not None:
            other = _size(a.value - b.value) + np.where(first, b.bound, a.bound)
            error = np.where(indicator.error > 0, np.maximum(error, other), error)
        return Bounded(value, error)


_WHOLE = 2.0**10
"""A sum of thousands of whole numbers up to this is exact in every format, in any order."""


class WholeRounding(Rounding):
    """The same arithmetic, which knows that sums and products of small whole numbers are exact.

    So it is sure on which side of a kink a whole number lies, and whether two are equal.
    """

    def add(self, terms: Sequence[Bounded], carried: Sequence[int] = ()) -> Bounded:
        """A sum of a few terms, in any order."""
        return _exact_if_whole(super().add(terms, carried), terms)

    def multiply(self, a: Bounded, b: Bounded) -> Bounded:
        """A product."""
        return _exact_if_whole(super().multiply(a, b), (a, b))


def _exact_if_whole(result: Bounded, operands: Sequence[Bounded]) -> Bounded:
    return Bounded(result.value, None) if all(map(_is_whole, operands)) else result


def _is_whole(operand: Bounded) -> bool:
    value = operand.value
    return operand.error is None and bool(np.all((value == np.rint(value)) & (abs(value) < _WHOLE)))


def in_rows(array: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """The array with these axes as one, the last."""
    moved = np.moveaxis(array, axes, _last(axes))
    return moved.reshape(*moved.shape[: -len(axes)], -1)


def out_of_rows(rows: np.ndarray, axes: tuple[int, ...], shape: tuple[int, ...]) -> np.ndarray:
    """The array of that shape which `in_rows` makes the rows of."""
    moved = [n for at, n in enumerate(shape) if at not in axes] + [shape[at] for at in axes]
    return np.moveaxis(rows.reshape(moved), _last(axes), axes)


def _last(axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(range(-len(axes), 0))


@cache
def _long_double(number: Any) -> np.longdouble:
    return np.longdouble(str(number.evalf(_DIGITS)))


def _size(value: np.ndarray) -> np.ndarray:
    return abs(value.astype(np.float64, copy=False))


def _roundings_of_power(exponent: float) -> int:
    if exponent in {0.5, -1.0}:
        return 1
    if exponent == int(exponent):
        return int(abs(exponent)) + (exponent < 0)
    return LIBRARY_ROUNDINGS
