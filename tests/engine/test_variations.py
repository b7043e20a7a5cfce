"""Of several right conventions a candidate is held to the one that it follows, and it is named."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from backproof import examine
from backproof.catalog import find
from backproof.examination import Terms
from backproof.inputs.examples import Course
from implementations import max_pool2d, relu


def relu_with(at_zero):
    """A backward of relu with a slope of its own at zero."""

    def forward(x):
        return relu.forward(x)[0], x

    def backward(cotangent, x):
        return cotangent * np.where(x == 0, at_zero, x > 0)

    return SimpleNamespace(forward=forward, backward=backward)


@pytest.mark.parametrize(
    ("slope", "status", "variation"),
    [(0.0, "pass", ""), (1.0, "pass", "the right-hand derivative"), (2.0, "fail", "")],
)
def test_either_side_of_a_kink_is_right_unless_it_is_fixed(slope, status, variation):
    """0 and 1 for a relu; 2 is neither."""
    for fixed in (False, True):
        terms = Terms(fixes_kink=fixed)
        checks = examine(find("relu"), relu_with(slope), count=25, terms=terms).checks
        (found,) = (c for c in checks if c.id == "relu.kink.x")
        wanted = (status, variation) if not fixed or not variation else ("fail", "")
        assert (found.status, found.variation) == wanted
        assert all(not c.variation for c in checks if c.id == "relu.gradient.x")


def test_the_last_of_equal_entries_may_win_a_maximum():
    """Not the first alone."""

    def forward(x, **parameters):
        y, cache = max_pool2d.forward(x[:, :, ::-1, ::-1], **parameters)
        return y[:, :, ::-1, ::-1], cache

    # Flipped both ways, the first entry of a window is the last: for windows that tile the input.
    def backward(cotangent, cache):
        return max_pool2d.backward(cotangent[:, :, ::-1, ::-1], cache).x[:, :, ::-1, ::-1]

    candidate = SimpleNamespace(forward=forward, backward=backward)
    for fixed, expected in ((True, "fail"), (False, "pass")):
        course = Course({"window": ((1, 1), (1, 2)), "stride": ((1, 1),)})
        terms = Terms(course, fixes_kink=fixed)
        checks = examine(find("max_pool2d"), candidate, count=15, terms=terms).checks
        (found,) = (c for c in checks if c.id == "max_pool2d.kink.x")
        assert found.status == expected


EPS = 1e-8


def with_eps(eps, upward=None):
    """A cross-entropy of log(p + eps), with the gradient of log(p + upward) where it is another."""
    upward = eps if upward is None else upward

    def forward(probabilities, targets, *, reduction):
        loss = -(targets * np.log(probabilities + eps)).sum(axis=1)
        reduced = {"sum": loss.sum, "mean": loss.mean, "none": loss.copy}[reduction]()
        weight = 1 / len(loss) if reduction == "mean" else 1.0
        return np.asarray(reduced), (probabilities, targets, weight)

    def backward(cotangent, cache):
        probabilities, targets, weight = cache
        upstream = cotangent[:, None] if cotangent.ndim else cotangent
        return -weight * upstream * targets / (probabilities + upward)

    return SimpleNamespace(forward=forward, backward=backward)


def test_a_variation_that_the_candidate_follows_is_what_it_is_held_to():
    """A small eps in the logarithm is named where it is accepted, and wrong where it is not."""
    terms = Terms(accepts_variations=True)
    for eps in (0.0, EPS):
        verdict = examine(find("cross_entropy"), with_eps(eps), count=12, terms=terms)
        assert verdict.verdict == "pass"
        (variation,) = {c.variation for c in verdict.checks}
        assert variation == (f"{eps:g} is added inside the logarithm" if eps else "")
    assert examine(find("cross_entropy"), with_eps(EPS), count=12).verdict == "fail"
    assert examine(find("cross_entropy"), with_eps(0.5), count=12, terms=terms).verdict == "fail"


def test_on_probabilities_the_gradient_is_that_of_the_value():
    """-t/(p + eps) beside -log(p + eps): where p is small, -t/p is far from its derivative."""
    terms = Terms(accepts_variations=True)
    found = examine(find("cross_entropy"), with_eps(EPS, upward=0.0), count=12, terms=terms)
    assert {c.id for c in found.checks if c.status == "fail"} == {
        "cross_entropy.gradient.probabilities"
    }
