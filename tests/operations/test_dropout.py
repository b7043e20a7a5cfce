"""Inverted dropout: the cotangent is dropped and scaled as the activations were."""

from sympy import IndexedBase

from derivations.dropout import j, rate, s
from implementations import dropout

mask, dy = IndexedBase("mask"), IndexedBase("dy")
CHECK = "dropout.gradient.x"


def test_every_claim_is_proved_for_every_size(proofs):
    """The gradient is proved in training and in evaluation without naming a size."""
    assert [(p.subject, p.status, p.scope) for p in proofs] == 2 * [
        ("gradient x", "proved", "every size")
    ]


def test_rejects_a_forgotten_scale(status_of, failures_of):
    """dy m is right only where nothing is dropped, rate 0."""

    def backward(cotangent, cache):
        return dropout.Gradients(x=cotangent * cache.mask)

    assert status_of("x", dy[s, j] * mask[s, j]) == "refuted"
    assert failures_of(backward=backward, mode="training").keys() == {CHECK}
    assert failures_of(backward=backward, mode="training", rate=0.0) == {}


def test_rejects_a_forgotten_mask(status_of, failures_of):
    """What was dropped has no gradient."""

    def backward(cotangent, cache):
        return dropout.Gradients(x=cotangent / (1 - cache.rate))

    assert status_of("x", dy[s, j] / (1 - rate)) == "refuted"
    assert failures_of(backward=backward, mode="training").keys() == {CHECK}


def test_rejects_a_division_by_the_rate(status_of, failures_of):
    """The scale is over what is kept, 1 - rate, and not over what is dropped."""

    def backward(cotangent, cache):
        return dropout.Gradients(x=cotangent * cache.mask / cache.rate)

    assert status_of("x", dy[s, j] * mask[s, j] / rate) == "refuted"
    assert failures_of(backward=backward, mode="training", rate=0.2).keys() == {CHECK}
    assert failures_of(backward=backward, mode="training", rate=0.5) == {}


def test_rejects_a_forgotten_cotangent(failures_of):
    """m / (1 - p) is the derivative, not its product with the cotangent."""

    def backward(cotangent, cache):
        return dropout.Gradients(x=cache.mask / (1 - cache.rate))

    assert failures_of(backward=backward, mode="training") == {CHECK: "cotangent"}


def test_rejects_a_mask_in_evaluation(status_of, failures_of):
    """In evaluation nothing is dropped and nothing is scaled: the mode reaches the backward too."""

    def backward(cotangent, cache):
        return dropout.backward(cotangent, cache._replace(mode="training"))

    assert status_of("x", dy[s, j] * mask[s, j] / (1 - rate), mode="evaluation") == "refuted"
    assert status_of("x", dy[s, j], mode="evaluation") == "proved"
    assert failures_of(backward=backward, mode="evaluation").keys() == {CHECK}
    assert failures_of(backward=backward, mode="training") == {}


def test_rejects_activations_scaled_in_evaluation(failures_of):
    """x (1 - p) belongs to dropout that scales nothing in training; this one does."""

    def forward(x, mask, *, rate, mode):
        y, cache = dropout.forward(x, mask, rate=rate, mode=mode)
        return (y * (1 - rate) if mode == "evaluation" else y), cache

    assert failures_of(forward=forward, mode="evaluation").keys() == {"dropout.forward"}
    assert failures_of(forward=forward, mode="training") == {}
