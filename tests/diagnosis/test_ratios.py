"""The numbers that a factor may be, and the one that a person would have written."""

from fractions import Fraction

import numpy as np
import pytest

from backproof.diagnosis.ratios import ratio, simplest
from backproof.diagnosis.words import counted, spelled
from backproof.error_analysis import Bounded, Rounding

DOUBLE = Rounding.of(np.float64)
NONE = np.zeros(3)


def ratio_of(actual, base, bound=0.0):
    """The numbers c for which one array is c times another."""
    base = np.array(base, dtype=np.longdouble)
    return ratio(np.array(actual), Bounded(base, np.full(base.shape, bound)), NONE, DOUBLE)


def test_a_ratio_is_known_to_the_rounding_of_forming_it():
    """A third of numbers that float64 holds is not a third of them to the last bit."""
    base = [3.0, -7.0, 0.1]
    found = ratio_of([x / 3 for x in base], base)
    assert found.holds(1 / 3)
    assert not found.holds(1 / 3 + 1e-14)


@pytest.mark.parametrize(
    "actual",
    [[2.0, 4.0, 6.1], [2.0, 4.0, np.nan], [2.0, 4.0, np.inf], [-2.0, 4.0, 6.0]],
    ids=["another entry", "nan", "infinity", "another sign"],
)
def test_there_is_no_ratio_where_entries_differ_in_it(actual):
    """One factor has to do for every entry."""
    assert ratio_of(actual, [1.0, 2.0, 3.0]) is None


def test_an_entry_of_zero_stays_zero():
    """No factor makes anything of it; zeros alone may be any multiple of zeros."""
    assert ratio_of([2.0, 0.0, 6.0], [1.0, 0.0, 3.0]).holds(2.0)
    assert ratio_of([2.0, 1.0, 6.0], [1.0, 0.0, 3.0]) is None
    assert ratio_of([0.0, 0.0, 0.0], [0.0, 0.0, 0.0]).holds(17.0)


def test_a_wide_bound_leaves_many_ratios():
    """What rounding hides is not excluded."""
    found = ratio_of([2.0, 4.0, 6.0], [1.0, 2.0, 3.0], bound=0.5)
    assert found.holds(1.9)
    assert not found.holds(1.0)


def test_another_shape_has_no_ratio():
    """Nor has an array without entries."""
    assert ratio(np.ones(2), Bounded(np.ones(3), None), NONE, DOUBLE) is None
    assert ratio(np.ones(0), Bounded(np.ones(0), None), np.zeros(0), DOUBLE) is None


@pytest.mark.parametrize("number", [0, 1, -2, "1/3", "-17/12", "355/113", "1000001/1000000"])
def test_the_simplest_fraction_between_its_neighbours_is_itself(number):
    """Within a trillionth there is no simpler one."""
    number, near = Fraction(number), Fraction(1, 10**13)
    assert simplest(number - near, number + near) == number


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (2.0, "2"), (0.1, "0.1"), (1 / 3, "1/3"), (1.000001, "1.000001"),
        (np.pi, "about 3.14159"), (-0.5, "-0.5"), (1e-8, "1e-08"),
        (1 + 2.0**-30, "about 1 + 9.3e-10"),
    ],
)  # fmt: skip
def test_a_number_is_spelled_as_it_was_written(number, text):
    """A short decimal, a fraction, or an approximation that says so."""
    assert spelled(number) == text


def test_an_axis_is_counted_as_a_person_would():
    """What is many is counted; a height is no number of anything."""
    assert counted("batch") == "the batch size"
    assert counted("features") == "the number of features"
    assert counted("kernel_height") == "the kernel height"
