"""Inverted dropout: the cotangent is dropped and scaled as the activations were."""

from sympy import IndexedBase

from derivations.dropout import j, rate, s
from implementations import dropout

mask, dy = IndexedBase("mask"), IndexedBase("dy")
CHECK = "dropout.gradient.x"


def test_every_claim_is_proved_for_every_size(proofs):
    """The one closed form is proved without naming a size."""
    assert [(p.subject, p.status, p.scope) for p in proofs] == [
        ("gradient x", "proved", "every size")
    ]


def test_rejects_a_forgotten_scale(status_of, failures_of):
    """dy m is right only where nothing is dropped, rate 0."""

    def backward(cotangent, cache):
        return dropout.Gradients(x=cotangent * cache.mask)

    assert status_of("x", dy[s, j] * mask[s, j]) == "refuted"
    assert failures_of(backward=backward).keys() == {CHECK}
    assert failures_of(backward=backward, rate=0.0) == {}


def test_rejects_a_forgotten_mask(status_of, failures_of):
    """What was dropped has no gradient."""

    def backward(cotangent, cache):
        return dropout.Gradients(x=cotangent / (1 - cache.rate))

    assert status_of("x", dy[s, j] / (1 - rate)) == "refuted"
    assert failures_of(backward=backward).keys() == {CHECK}


def test_rejects_a_division_by_the_rate(status_of, failures_of):
    """The scale is over what is kept, 1 - rate, and not over what is dropped."""

    def backward(cotangent, cache):
        return dropout.Gradients(x=cotangent * cache.mask / cache.rate)

    assert status_of("x", dy[s, j] * mask[s, j] / rate) == "refuted"
    assert failures_of(backward=backward, rate=0.2).keys() == {CHECK}
    assert failures_of(backward=backward, rate=0.5) == {}


def test_rejects_a_forgotten_cotangent(failures_of):
    """m / (1 - p) is the derivative, not its product with the cotangent."""

    def backward(cotangent, cache):
        return dropout.Gradients(x=cache.mask / (1 - cache.rate))

    assert failures_of(backward=backward) == {CHECK: "cotangent"}
