"""The exponential linear unit: alpha e^x on the left."""

import numpy as np
from sympy import IndexedBase, exp

from derivations.elu import alpha, j, s
from derivations.notation import Case, Positive
from implementations import elu

x, dy = IndexedBase("x"), IndexedBase("dy")
above = Positive(x[s, j])


def test_every_claim_is_proved_for_every_size(proofs):
    """The VJP from the input and the VJP from the output are proved without naming a size."""
    assert {(p.form, p.status, p.scope) for p in proofs} == {
        ("compact", "proved", "every size"),
        ("from the output", "proved", "every size"),
    }


def test_rejects_a_forgotten_alpha(status_of, failures_of):
    """e^x alone is right only where alpha is 1."""

    def backward(cotangent, cache):
        return elu.Gradients(x=cotangent * np.exp(np.minimum(cache.x, 0)))

    assert status_of("x", dy[s, j] * Case(above, 1, exp(x[s, j]))) == "refuted"
    assert failures_of(backward=backward).keys() == {"elu.gradient.x", "elu.kink.x"}
    assert failures_of(backward=backward, alpha=1.0) == {}


def test_rejects_the_value_for_the_derivative(status_of, failures_of):
    """The left side's value alpha (e^x - 1) is not its derivative: alpha is missing."""

    def backward(cotangent, cache):
        left = cache.alpha * np.expm1(np.minimum(cache.x, 0))
        return elu.Gradients(x=cotangent * np.where(cache.x > 0, 1, left))

    assert status_of("x", dy[s, j] * Case(above, 1, alpha * (exp(x[s, j]) - 1))) == "refuted"
    assert failures_of(backward=backward) == {
        "elu.gradient.x": "missing term",
        "elu.kink.x": "missing term",
    }


def test_rejects_a_derivative_of_one_at_the_kink(failures_of):
    """At 0 the declared derivative is alpha; 1 differs from it where alpha is not 1."""

    def backward(cotangent, cache):
        left = cache.alpha * np.exp(np.minimum(cache.x, 0))
        return elu.Gradients(x=cotangent * np.where(cache.x >= 0, 1, left))

    assert failures_of(backward=backward).keys() == {"elu.kink.x"}
    assert failures_of(backward=backward, alpha=1.0) == {}
