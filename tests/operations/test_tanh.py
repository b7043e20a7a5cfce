"""The hyperbolic tangent: dy (1 - y^2)."""

import numpy as np
from sympy import IndexedBase
from sympy import tanh as tanh_of

from derivations.tanh import j, s
from implementations import tanh

x, dy = IndexedBase("x"), IndexedBase("dy")


def test_every_claim_is_proved_for_every_size(proofs):
    """tanh and its quotient of exponentials, in value and VJP, are proved without naming a size."""
    claimed = {
        (p.subject, p.form) for p in proofs if (p.status, p.scope) == ("proved", "every size")
    }
    assert len(claimed) == len(proofs)
    assert claimed == {
        ("value y", "compact"),
        ("value y", "exponentials"),
        ("gradient x", "compact"),
        ("gradient x", "exponentials"),
        ("gradient x", "hyperbolic cosine"),
    }


def test_rejects_the_input_in_the_place_of_the_output(status_of, failures_of):
    """1 - x^2 is the derivative's formula, given the wrong array."""

    def backward(cotangent, cache):
        return tanh.Gradients(x=cotangent * (1 - cache.x**2))

    assert status_of("x", dy[s, j] * (1 - x[s, j] ** 2)) == "refuted"
    assert failures_of(backward=backward) == {"tanh.gradient.x": "input for output"}


def test_rejects_a_forgotten_square(status_of, failures_of):
    """1 - y is not 1 - y^2."""

    def backward(cotangent, cache):
        return tanh.Gradients(x=cotangent * (1 - cache.y))

    assert status_of("x", dy[s, j] * (1 - tanh_of(x[s, j]))) == "refuted"
    assert failures_of(backward=backward).keys() == {"tanh.gradient.x"}


def test_rejects_a_dropped_one(status_of, failures_of):
    """-dy y^2 has lost the derivative's first term."""

    def backward(cotangent, cache):
        return tanh.Gradients(x=-cotangent * cache.y**2)

    assert status_of("x", -dy[s, j] * tanh_of(x[s, j]) ** 2) == "refuted"
    assert failures_of(backward=backward) == {"tanh.gradient.x": "missing term"}


def test_passes_the_quotient_of_exponentials(failures_of):
    """004's own formula is declared: what cancels near 0 is allowed for, an overflow is not."""

    def forward(x):
        with np.errstate(all="ignore"):
            up, down = np.exp(x), np.exp(-x)
            y = (up - down) / (up + down)
        return y, tanh.Cache(x, y)

    def backward(cotangent, cache):
        return tanh.Gradients(x=cotangent * (1 - cache.y**2))

    assert failures_of(forward=forward, backward=backward) == {"tanh.stability": "unstable"}
