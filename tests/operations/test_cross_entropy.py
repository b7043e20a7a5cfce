"""Cross-entropy on probabilities: -t/p, reduced."""

from collections import Counter

import numpy as np
import pytest
from sympy import IndexedBase, Symbol

from derivations.cross_entropy import batch, j, s
from derivations.reduction import REDUCTIONS
from implementations import cross_entropy

p, t = IndexedBase("probabilities"), IndexedBase("targets")
dloss = Symbol("dloss", real=True)


def test_every_claim_is_proved_for_every_size(proofs):
    """The gradient is proved under each of the three reductions without naming a size."""
    assert Counter((q.status, q.scope) for q in proofs) == {("proved", "every size"): 3}


def test_rejects_a_forgotten_batch_size(status_of, failures_of):
    """The mean's gradient is divided by the batch; the sum's is not."""

    def backward(cotangent, cache):
        return cross_entropy.backward(cotangent, cache._replace(reduction="sum"))

    wrong = -dloss * t[s, j] / p[s, j]
    assert status_of("probabilities", wrong, reduction="mean") == "refuted"
    assert status_of("probabilities", wrong, reduction="sum") == "proved"
    failures = failures_of(backward=backward, reduction="mean")
    assert failures == {"cross_entropy.gradient.probabilities": "sum for mean"}


def test_rejects_a_mean_in_the_place_of_a_sum(status_of, failures_of):
    """The sum's gradient divided by the batch is the mean's."""

    def backward(cotangent, cache):
        return cross_entropy.backward(cotangent, cache._replace(reduction="mean"))

    wrong = -dloss * t[s, j] / p[s, j] / batch.size
    assert status_of("probabilities", wrong, reduction="sum") == "refuted"
    failures = failures_of(backward=backward, reduction="sum")
    assert failures == {"cross_entropy.gradient.probabilities": "constant factor"}


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_rejects_the_wrong_sign_under_each_reduction(reduction, failures_of):
    """t/p would climb the loss."""

    def backward(cotangent, cache):
        right = cross_entropy.backward(cotangent, cache)
        return cross_entropy.Gradients(probabilities=-right.probabilities)

    failures = failures_of(backward=backward, reduction=reduction)
    assert failures == {"cross_entropy.gradient.probabilities": "sign"}


def test_rejects_the_combined_gradient_with_softmax(status_of, failures_of):
    """p - t is the gradient by the logits, not by the probabilities."""

    def forward(probabilities, targets, *, reduction):
        loss, _ = cross_entropy.forward(probabilities, targets, reduction=reduction)
        return loss, probabilities - targets

    def backward(cotangent, difference):
        return cross_entropy.Gradients(probabilities=cotangent * difference)

    wrong = dloss * (p[s, j] - t[s, j])
    assert status_of("probabilities", wrong, reduction="sum") == "refuted"
    failures = failures_of(forward=forward, backward=backward, reduction="sum")
    assert failures.keys() == {"cross_entropy.gradient.probabilities"}


def test_rejects_a_mean_over_every_entry(failures_of):
    """The loss is averaged over samples, not over samples and classes."""

    def forward(probabilities, targets, *, reduction):
        loss, cache = cross_entropy.forward(probabilities, targets, reduction=reduction)
        return np.asarray(loss / probabilities.shape[1]), cache

    failures = failures_of(forward=forward, reduction="mean")
    assert failures == {"cross_entropy.forward": "constant factor"}
