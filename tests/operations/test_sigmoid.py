"""The logistic function: dy y (1 - y)."""

import numpy as np
from sympy import IndexedBase

from derivations.sigmoid import j, s
from implementations import sigmoid

x, y, dy = IndexedBase("x"), IndexedBase("y"), IndexedBase("dy")


def test_every_claim_is_proved_for_every_size(proofs):
    """Three values and four forms of the VJP are proved without naming a size."""
    assert [(p.status, p.scope) for p in proofs] == [("proved", "every size")] * 7


def test_rejects_the_input_in_the_place_of_the_output(status_of, failures_of):
    """x (1 - x) is the derivative's formula, given the wrong array."""

    def forward(x):
        return sigmoid.forward(x)[0], x

    def backward(cotangent, x):
        return sigmoid.Gradients(x=cotangent * x * (1 - x))

    assert status_of("x", dy[s, j] * x[s, j] * (1 - x[s, j])) == "refuted"
    assert failures_of(forward=forward, backward=backward) == {
        "sigmoid.gradient.x": "input for output"
    }


def test_rejects_a_forgotten_cotangent(status_of, failures_of):
    """y (1 - y) is not yet multiplied by the cotangent."""

    def backward(cotangent, cache):
        return sigmoid.Gradients(x=cache.y * cache.complement)

    assert status_of("x", y[s, j] * (1 - y[s, j])) == "refuted"
    assert failures_of(backward=backward) == {"sigmoid.gradient.x": "cotangent"}


def test_rejects_a_dropped_complement(status_of, failures_of):
    """dy y has lost the factor 1 - y."""

    def backward(cotangent, cache):
        return sigmoid.Gradients(x=cotangent * cache.y)

    assert status_of("x", dy[s, j] * y[s, j]) == "refuted"
    assert failures_of(backward=backward).keys() == {"sigmoid.gradient.x"}


def test_passes_a_complement_by_subtraction(failures_of):
    """dy y (1 - y) is a declared form: the digits that it loses are allowed for."""

    def backward(cotangent, cache):
        return sigmoid.Gradients(x=cotangent * cache.y * (1 - cache.y))

    assert failures_of(backward=backward) == {}


def test_rejects_a_forward_of_exp_without_its_sign(failures_of):
    """1 / (1 + e^x) is the complement of the function asked for."""

    def forward(x):
        return 1 / (1 + np.exp(x)), sigmoid.forward(x)[1]

    assert "sigmoid.forward" in failures_of(forward=forward)
