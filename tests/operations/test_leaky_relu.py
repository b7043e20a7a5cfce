"""The leaky rectifier: the cotangent is scaled by the slope where x <= 0."""

import numpy as np
from sympy import IndexedBase

from derivations.leaky_relu import j, s, slope
from derivations.notation import Case, Positive
from implementations import leaky_relu

x, dy = IndexedBase("x"), IndexedBase("dy")
above = Positive(x[s, j])


def test_every_claim_is_proved_for_every_size(proofs):
    """The value by branches and both forms of the VJP are proved without naming a size."""
    assert {(p.subject, p.status, p.scope) for p in proofs} == {
        ("value y", "proved", "every size"),
        ("gradient x", "proved", "every size"),
    }


def test_rejects_a_dead_left_side(status_of, failures_of):
    """The plain rectifier's backward forgets the slope, also at the kink."""

    def backward(cotangent, cache):
        return leaky_relu.Gradients(x=np.where(cache.derivative == 1, cotangent, 0))

    assert status_of("x", Case(above, dy[s, j], 0)) == "refuted"
    assert failures_of(backward=backward).keys() == {"leaky_relu.gradient.x", "leaky_relu.kink.x"}


def test_rejects_the_slope_on_the_wrong_side(status_of, failures_of):
    """The slope belongs to the left of the kink."""

    def backward(cotangent, cache):
        slope = cache.derivative.min()
        return leaky_relu.Gradients(x=cotangent * np.where(cache.derivative == 1, slope, 1))

    assert status_of("x", Case(above, slope * dy[s, j], dy[s, j])) == "refuted"
    assert "leaky_relu.gradient.x" in failures_of(backward=backward)


def test_rejects_a_fixed_slope(failures_of):
    """A backward with the usual 0.01 ignores the parameter it was given."""

    def backward(cotangent, cache):
        return leaky_relu.Gradients(x=cotangent * np.where(cache.derivative == 1, 1, 0.01))

    assert failures_of(backward=backward).keys() == {"leaky_relu.gradient.x", "leaky_relu.kink.x"}
    assert failures_of(backward=backward, slope=0.01) == {}


def test_rejects_a_derivative_of_one_at_the_kink(failures_of):
    """``x >= 0`` differs from the convention at 0 only, and only the kink check says so."""

    def forward(x, *, slope):
        return leaky_relu.forward(x, slope=slope)[0], np.where(x >= 0, 1, slope)

    def backward(cotangent, derivative):
        return leaky_relu.Gradients(x=cotangent * derivative)

    assert failures_of(forward=forward, backward=backward).keys() == {"leaky_relu.kink.x"}
