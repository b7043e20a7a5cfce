"""The right result times something: a sign, a number, the size of an axis."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from backproof.compare import Finding
from backproof.diagnosis.evidence import Evidence
from backproof.diagnosis.hypothesis import Case, Explains, Hypothesis
from backproof.diagnosis.kinds import Kind
from backproof.diagnosis.question import Question
from backproof.diagnosis.words import counted, over, spelled
from backproof.error_analysis import Bounded, Rounding
from backproof.inputs.examples import Draw

_ROUNDINGS = 3
"""To form a factor, to multiply by it, and to add the product."""


# --- the numbers that a factor may be ----------------------------------------------------------


class Interval(NamedTuple):
    """The numbers from `low` to `high`."""

    low: float
    high: float

    def holds(self, number: float) -> bool:
        """Whether a number is among them."""
        return self.low <= number <= self.high


_ANY = Interval(-math.inf, math.inf)


def ratio(
    actual: np.ndarray, base: Bounded, slack: np.ndarray, rounding: Rounding
) -> Interval | None:
    """The numbers c for which `actual` is c times `base`; None where there are none.

    Parameters
    ----------
    actual
        What the candidate answered, or its difference from what is right.
    base
        With the bound on its rounding.
    slack
        The error that `actual` may have of its own.
    rounding
        The candidate's arithmetic.
    """
    if actual.shape != base.value.shape or not actual.size:
        return None
    if not (np.all(np.isfinite(actual)) and np.all(np.isfinite(base.value))):
        return None
    value, size = base.value, np.abs(base.value)
    largest = np.unravel_index(int(np.argmax(size)), size.shape)
    guess = abs(float(actual[largest] / value[largest])) if size[largest] else 0.0
    if not math.isfinite(guess):
        return None
    own = _ROUNDINGS * rounding.unit * (np.abs(actual) + guess * size) + rounding.underflow
    error = base.bound * guess + slack + own
    there = size > 0
    if np.any(np.abs(actual[~there]) > error[~there]):
        return None
    if not np.any(there):
        return _ANY
    centre, half = actual[there] / value[there], error[there] / size[there]
    interval = Interval(float(np.max(centre - half)), float(np.min(centre + half)))
    return interval if interval.low <= interval.high else None


def added(finding: Finding, term: Bounded, rounding: Rounding) -> Interval | None:
    """How many times a term was added to the right result; None where it was not that."""
    expected = finding.expected
    if finding.actual.shape != expected.value.shape:
        return None
    return ratio(finding.actual - expected.value, term, expected.bound, rounding)


Ratio = Callable[[Case], Interval | None]


def scaled_by(factor: Callable[[Draw], float], ratio_of: Ratio, neutral: float) -> Explains:
    """The hypothesis that a ratio is this factor; where it may be the neutral one, none is said."""

    def explains(case: Case) -> bool | None:
        interval = ratio_of(case)
        if interval is None or not interval.holds(factor(case[0])):
            return False
        return None if interval.holds(neutral) else True

    return explains


def constant_of(evidence: Evidence, ratio_of: Ratio) -> float | None:
    """The one number that a ratio may be on every failing example, the shortest of them.

    None where there is none, or where nothing fixes it.
    """
    low, high = _ANY
    for case, _ in evidence.wrong:
        interval = ratio_of(case)
        if interval is None:
            return None
        low, high = max(low, interval.low), min(high, interval.high)
        if low > high:
            return None
    if not (math.isfinite(low) and math.isfinite(high)):
        return None
    return float(simplest(Fraction(low), Fraction(high)))


def simplest(low: Fraction, high: Fraction) -> Fraction:
    """The fraction between two numbers that has the smallest denominator.

    >>> simplest(Fraction("0.33"), Fraction("0.34")), simplest(Fraction("-2.5"), Fraction("-1.5"))
    (Fraction(1, 3), Fraction(-2, 1))
    """
    if high < 0:
        return -simplest(-high, -low)
    if low <= 0:
        return Fraction(0)
    whole = Fraction(math.ceil(low))
    if whole <= high:
        return whole
    below = whole - 1
    return below + 1 / simplest(1 / (high - below), 1 / (low - below))


# --- the whole result --------------------------------------------------------------------------


@dataclass(frozen=True)
class _Sizes:
    """The factor that multiplies by the sizes of some axes and divides by those of others."""

    above: tuple[str, ...]
    below: tuple[str, ...]

    def __call__(self, draw: Draw) -> float:
        above, below = (
            math.prod(draw.sizes.get(a, 1) for a in axes) for axes in (self.above, self.below)
        )
        return above / below


@dataclass(frozen=True)
class _Number:
    """A factor that is the same on every example."""

    number: float

    def __call__(self, _: Draw) -> float:
        return self.number


Factor = tuple[Kind, str, Callable[[Draw], float]]


def whole_result(question: Question, evidence: Evidence) -> Iterator[Hypothesis]:
    """The whole result off by a sign, by the size of an axis, by 2 or 1/2, by two axes."""
    of_right = _of_right(question)
    axes = _varying(evidence)
    negative = "It has the wrong sign: it is the negative of the right result."
    factors: Iterator[Factor] = itertools.chain(
        [(Kind.SIGN, negative, _Number(-1.0))],
        *(_by_axis(question, axis) for axis in axes),
        *(_by_number(number) for number in (2.0, 0.5)),
        *(_by_axes(a, b) for a, b in itertools.permutations(axes, 2)),
    )
    for kind, text, factor in factors:
        yield Hypothesis(kind, text, scaled_by(factor, of_right, 1.0))


def _by_axis(question: Question, axis: str) -> Iterator[Factor]:
    is_sum, is_mean = question.reduces(axis)
    number, along = counted(axis), over(axis)
    times, divided = _Sizes((axis,), ()), _Sizes((), (axis,))
    if is_mean:
        wanted = (
            f"this course divides it by {number}" if question.averaged else "it must be averaged"
        )
        yield Kind.SUM_FOR_MEAN, f"It is summed over {along}; {wanted}.", times
    elif is_sum:
        text = f"It is averaged over {along}; it must be summed."
        yield Kind.MEAN_FOR_SUM, text, divided
    yield Kind.CONSTANT_FACTOR, f"It is too large, by {number} as a factor.", times
    yield Kind.CONSTANT_FACTOR, f"It is too small: it was divided by {number}.", divided


def _by_number(number: float) -> Iterator[Factor]:
    text = f"It is {spelled(number)} times the right result."
    yield Kind.CONSTANT_FACTOR, text, _Number(number)


def _by_axes(a: str, b: str) -> Iterator[Factor]:
    text = f"It was divided by {counted(b)}, not by {counted(a)}."
    yield Kind.CONSTANT_FACTOR, text, _Sizes((a,), (b,))
    both = f"{counted(a)} times {counted(b)}"
    text = f"It is too large, by {both} as a factor."
    yield Kind.CONSTANT_FACTOR, text, _Sizes((a, b), ())
    text = f"It is too small: it was divided by {both}."
    yield Kind.CONSTANT_FACTOR, text, _Sizes((), (a, b))


def any_number(question: Question, evidence: Evidence) -> Iterator[Hypothesis]:
    """The whole result times one number, whichever it is."""
    of_right = _of_right(question)
    number = constant_of(evidence, of_right)
    if number is not None:
        text = f"On every example it is {spelled(number)} times the right result."
        explains = scaled_by(_Number(number), of_right, 1.0)
        yield Hypothesis(Kind.CONSTANT_FACTOR, text, explains)


def _of_right(question: Question) -> Ratio:
    def of_right(case: Case) -> Interval | None:
        expected, actual = case[1].expected, case[1].actual
        return ratio(actual, expected, expected.bound, question.rounding)

    return question.remembered(of_right)


def _varying(evidence: Evidence) -> Sequence[str]:
    """The axes that are not always of size 1, the batch first."""
    draws = [case[0] for case, _ in evidence.wrong]
    axes = sorted({axis for draw in draws for axis, size in draw.sizes.items() if size != 1})
    return sorted(axes, key=lambda axis: axis != "batch")
