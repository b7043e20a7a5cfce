"""Identity: the cotangent passes as it is."""

import numpy as np
from sympy import IndexedBase

from derivations.identity import j, s
from implementations import identity

dy = IndexedBase("dy")


def test_every_claim_is_proved_for_every_size(proofs):
    """The one closed form is proved without naming a size."""
    assert [(p.subject, p.status, p.scope) for p in proofs] == [
        ("gradient x", "proved", "every size")
    ]


def test_rejects_the_wrong_sign(status_of, failures_of):
    """The negative of the cotangent is no VJP of the identity."""

    def backward(cotangent, cache):
        return identity.Gradients(x=-cotangent)

    assert status_of("x", -dy[s, j]) == "refuted"
    assert failures_of(backward=backward) == {"identity.gradient.x": "sign"}


def test_rejects_a_forgotten_cotangent(status_of, failures_of):
    """The derivative alone, 1, is not its product with the cotangent."""

    def backward(cotangent, cache):
        return identity.Gradients(x=np.ones_like(cotangent))

    assert status_of("x", 1) == "refuted"
    assert failures_of(backward=backward) == {"identity.gradient.x": "cotangent"}


def test_rejects_a_forward_that_scales(failures_of):
    """A right backward does not save a forward that is another function."""

    def forward(x):
        return x * 2, identity.Cache(x.shape)

    assert failures_of(forward=forward) == {"identity.forward": "constant factor"}
