"""Values: the same on every platform, exact in float32, and of the structure that they promise."""

import numpy as np
import pytest

from backproof.inputs import values

SHAPES = [(), (1,), (5,), (1, 1), (3, 4), (4, 4), (2, 3, 1, 4)]
SEEDS = range(8)


def drawn(make, shape, *more):
    """One array for each seed."""
    return [np.asarray(make(values.stream(seed), shape, *more)) for seed in SEEDS]


EVERYTHING = [
    *(
        pytest.param(make, shape, (1e4,), id=f"{name} {shape}")
        for name, make in {**values.REAL, "at kinks": values.at_kinks}.items()
        for shape in SHAPES
    ),
    *(
        pytest.param(make, shape, (), id=f"{make.__name__} {shape}")
        for make in (values.positive, values.mask)
        for shape in SHAPES
    ),
    *(
        pytest.param(make, shape, (), id=f"{make.__name__} {shape}")
        for make in (values.probability, values.one_hot)
        for shape in ((1, 1), (3, 4), (5, 1))
    ),
    *(
        pytest.param(make, shape, (), id=f"cotangent {name} {shape}")
        for name, make in values.COTANGENTS.items()
        for shape in SHAPES
    ),
]


@pytest.mark.parametrize(("make", "shape", "more"), EVERYTHING)
def test_every_number_is_exact_in_single_precision(make, shape, more):
    """One example can be asked in several formats without becoming another one."""
    for array in drawn(make, shape, *more):
        assert array.shape == shape
        assert array.dtype == np.float64
        assert np.array_equal(array.astype(np.float32).astype(np.float64), array)


@pytest.mark.parametrize(("make", "shape", "more"), EVERYTHING)
def test_a_seed_gives_one_array(make, shape, more):
    """Twice the same seed is twice the same array."""
    for first, second in zip(drawn(make, shape, *more), drawn(make, shape, *more), strict=True):
        assert np.array_equal(first, second)


@pytest.mark.parametrize("seed", [0, 1, 99_999_999, 2**32 - 1])
def test_a_stream_is_the_frozen_one(seed):
    """However it is made, it is NumPy's own of that seed (NEP 19)."""
    expected, found = np.random.RandomState(seed), values.stream(seed)
    assert np.array_equal(found.random_sample(700), expected.random_sample(700))


def test_short_decimals_are_distinct_and_never_zero():
    """No entry can stand in for another, none hides what it is multiplied with."""
    for array in drawn(values.short, (3, 4), 0):
        assert len(np.unique(array)) == array.size
        assert np.all(array != 0)
        assert np.array_equal(array * 8, np.round(array * 8))


def test_short_decimals_of_many_entries_stay_distinct():
    """Larger arrays widen the range instead of repeating numbers."""
    (array, *_) = drawn(values.short, (100,), 0)
    assert len(np.unique(array)) == 100


def test_full_values_use_their_last_bits_and_stay_away_from_zero():
    """Some entry has more digits than a short decimal could; none is within 1/16 of 0."""
    arrays = drawn(values.full, (4, 4), 0)
    assert all(np.abs(a).min() >= 1 / 16 for a in arrays)
    assert all(np.any(a * 2**16 != np.round(a * 2**16)) for a in arrays)


def test_nearly_constant_rows_have_a_variance_near_zero():
    """The spread is a small part of the mean, and is not 0."""
    for array in drawn(values.nearly_constant, (3, 4), 0):
        assert np.all(array.std(axis=1) < array.mean(axis=1) / 2)
        assert np.all(array.std(axis=1) > 0)


def test_extreme_values_reach_for_the_largest_magnitude():
    """Some entry is beyond half of it, none beyond it."""
    largest = [np.abs(a).max() for a in drawn(values.extreme, (3, 4), 1e4)]
    assert all(5e3 < size <= 1e4 for size in largest)


def test_values_at_kinks_are_zeros_and_ties():
    """Whole numbers from -1 to 1, with zeros and with repetitions."""
    arrays = drawn(values.at_kinks, (3, 4), 0)
    assert all(set(a.flat) <= {-1, 0, 1} for a in arrays)
    assert all(np.any(a == 0) for a in arrays)


def test_probabilities_are_positive_and_sum_to_one():
    """Exactly: they are multiples of a power of two."""
    for shape in ((3, 4), (5, 1), (2, 7)):
        for array in drawn(values.probability, shape):
            assert np.all(array > 0)
            assert array.sum(axis=1).tolist() == [1.0] * shape[0]


def test_one_hot_rows_have_a_single_one():
    """Every class has its turn."""
    arrays = drawn(values.one_hot, (4, 3))
    assert all(a.sum(axis=1).tolist() == [1.0] * 4 for a in arrays)
    assert np.all(sum(a.sum(axis=0) for a in arrays) > 0)


def test_class_indices_are_whole_and_reach_every_class():
    """From 0 up to, not including, the number of classes."""
    arrays = drawn(values.index, (6,), 3)
    assert {int(i) for a in arrays for i in a} == {0, 1, 2}
    assert all(a.dtype == np.int64 for a in arrays)


def test_masks_hold_both_values():
    """Some entries are kept, some are dropped."""
    assert {float(i) for a in drawn(values.mask, (3, 4)) for i in a.flat} == {0.0, 1.0}


@pytest.mark.parametrize("shape", [(3, 4), (4, 4), (2, 2), (5, 3)])
def test_balanced_cotangents_are_orthogonal_to_ones(shape):
    """Their sum along the last axis is exactly 0, and they are not."""
    for array in drawn(values.COTANGENTS["balanced"], shape):
        assert array.sum(axis=-1).tolist() == [0.0] * shape[0]
        assert np.all(np.abs(array).sum(axis=-1) > 0)


def test_alternating_cotangents_are_orthogonal_to_ones_along_an_even_axis():
    """A checkerboard sums to 0 where the axis is even, and not where it is odd."""
    (even, *_), (odd, *_) = (drawn(values.COTANGENTS["alternating"], (3, n)) for n in (4, 3))
    assert even.sum(axis=1).tolist() == [0, 0, 0]
    assert np.all(odd.sum(axis=1) != 0)


def test_a_single_cotangent_is_one_row_of_the_jacobian():
    """One 1 among zeros, at a place that moves."""
    arrays = drawn(values.COTANGENTS["single"], (3, 4))
    assert all(sorted(a.flat) == [0.0] * 11 + [1.0] for a in arrays)
    assert len({int(a.argmax()) for a in arrays}) > 1


@pytest.mark.parametrize("layout", values.LAYOUTS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_layout_keeps_the_values(layout, shape):
    """How an array lies in memory is no part of what it says."""
    (array, *_) = drawn(values.short, shape, 0)
    laid = values.LAYOUTS[layout](array)
    assert np.array_equal(laid, array)
    assert not np.shares_memory(laid, array) or layout in {"fortran", "strided"}


def test_each_layout_is_what_it_is_called():
    """Column-major, with gaps, not to be written to."""
    array = np.arange(12.0).reshape(3, 4)
    assert values.fortran(array).flags.f_contiguous
    assert not values.fortran(array).flags.c_contiguous
    strided = values.strided(array)
    assert not strided.flags.c_contiguous
    assert not strided.flags.f_contiguous
    with pytest.raises(ValueError, match="read-only"):
        values.read_only(array)[0, 0] = 1
    assert array.flags.writeable
