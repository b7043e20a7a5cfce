"""The rectifier: the cotangent passes where x > 0, and not at 0."""

import numpy as np
from sympy import IndexedBase

from derivations.notation import Positive
from derivations.relu import j, s
from implementations import relu

x, dy = IndexedBase("x"), IndexedBase("dy")


def test_every_claim_is_proved_for_every_size(proofs):
    """The branch form and the Hadamard form are both proved without naming a size."""
    assert {(p.form, p.status, p.scope) for p in proofs} == {
        ("compact", "proved", "every size"),
        ("Hadamard", "proved", "every size"),
    }


def test_rejects_the_wrong_side_of_the_kink(status_of, failures_of):
    """Letting the cotangent pass where x <= 0 is wrong at kinks and away from them."""

    def backward(cotangent, cache):
        return relu.Gradients(x=np.where(cache.x > 0, 0, cotangent))

    assert status_of("x", dy[s, j] * (1 - Positive(x[s, j]))) == "refuted"
    assert failures_of(backward=backward).keys() == {"relu.gradient.x", "relu.kink.x"}


def test_rejects_a_forgotten_cotangent(status_of, failures_of):
    """The indicator alone is not its product with the cotangent."""

    def backward(cotangent, cache):
        return relu.Gradients(x=np.where(cache.x > 0, 1.0, 0.0))

    assert status_of("x", Positive(x[s, j])) == "refuted"
    assert failures_of(backward=backward) == {
        "relu.gradient.x": "cotangent",
        "relu.kink.x": "cotangent",
    }


def test_rejects_the_mask_of_the_cotangent(status_of, failures_of):
    """The cotangent's own sign does not decide where it passes."""

    def backward(cotangent, cache):
        return relu.Gradients(x=np.maximum(cotangent, 0))

    assert status_of("x", dy[s, j] * Positive(dy[s, j])) == "refuted"
    assert failures_of(backward=backward).keys() == {"relu.gradient.x", "relu.kink.x"}


def test_rejects_a_derivative_of_one_at_the_kink(failures_of):
    """``x >= 0`` differs from the convention at 0 only, and only the kink check says so."""

    def backward(cotangent, cache):
        return relu.Gradients(x=np.where(cache.x >= 0, cotangent, 0))

    assert failures_of(backward=backward).keys() == {"relu.kink.x"}
