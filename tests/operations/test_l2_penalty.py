"""The squared norm as a penalty: 2 lambda W."""

import numpy as np
from sympy import IndexedBase, Symbol

from derivations.l2_penalty import i, j, strength
from implementations import l2_penalty

weight, dloss = IndexedBase("weight"), Symbol("dloss", real=True)
CHECK = "l2_penalty.gradient.weight"


def test_every_claim_is_proved_for_every_size(proofs):
    """The one closed form is proved without naming a size."""
    assert [(p.subject, p.status, p.scope) for p in proofs] == [
        ("gradient weight", "proved", "every size")
    ]


def test_rejects_a_forgotten_two(status_of, failures_of):
    """lambda W is the gradient of half the penalty."""

    def backward(cotangent, cache):
        return cotangent * cache.strength * cache.weight

    assert status_of("weight", dloss * strength * weight[i, j]) == "refuted"
    assert failures_of(backward=backward) == {CHECK: "constant factor"}


def test_rejects_a_forgotten_strength(status_of, failures_of):
    """2 W is right only where the strength is 1."""

    def backward(cotangent, cache):
        return cotangent * 2 * cache.weight

    assert status_of("weight", dloss * 2 * weight[i, j]) == "refuted"
    assert failures_of(backward=backward).keys() == {CHECK}


def test_rejects_a_transposed_gradient(status_of, failures_of):
    """The gradient has the weight's arrangement: W^T even has another shape."""

    def backward(cotangent, cache):
        return cotangent * 2 * cache.strength * cache.weight.T

    assert failures_of(backward=backward) == {CHECK: "transposed"}


def test_rejects_a_forgotten_cotangent(status_of, failures_of):
    """A penalty that something multiplies has an upstream gradient other than 1."""

    def backward(cotangent, cache):
        return l2_penalty.backward(np.ones(()), cache)

    assert status_of("weight", 2 * strength * weight[i, j]) == "refuted"
    assert failures_of(backward=backward) == {CHECK: "cotangent"}


def test_rejects_a_norm_that_is_not_squared(failures_of):
    """lambda ||W|| is another penalty."""

    def forward(weight, *, strength):
        return np.asarray(strength * np.linalg.norm(weight)), l2_penalty.Cache(weight, strength)

    assert failures_of(forward=forward).keys() == {"l2_penalty.forward"}
