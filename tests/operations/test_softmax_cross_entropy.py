"""Cross-entropy of softmax: (p - t)/N, with targets one-hot or as class indices."""

from collections import Counter

import numpy as np
import pytest
from sympy import IndexedBase, Symbol

from derivations.softmax_cross_entropy import j, s
from implementations import softmax_cross_entropy

p, target = IndexedBase("p"), IndexedBase("target")
dloss = Symbol("dloss", real=True)
CHECK = "softmax_cross_entropy.gradient.logits"


def test_every_claim_is_proved_for_every_size(proofs):
    """Values and gradients are proved under three reductions and both kinds of target."""
    assert Counter((q.subject, q.status, q.scope) for q in proofs) == {
        ("value loss", "proved", "every size"): 18,
        ("gradient logits", "proved", "every size"): 18,
    }


@pytest.mark.parametrize("targets_as", ["one-hot", "index"])
def test_rejects_a_forgotten_batch_size(targets_as, status_of, failures_of):
    """p - t is the sum's gradient; the mean's is divided by the batch."""

    def backward(cotangent, cache):
        return softmax_cross_entropy.backward(cotangent, cache._replace(reduction="sum"))

    wrong = dloss * (p[s, j] - target[s, j])
    fixed = {"reduction": "mean", "targets_as": targets_as}
    assert status_of("logits", wrong, **fixed) == "refuted"
    assert failures_of(backward=backward, **fixed) == {CHECK: "sum for mean"}


def test_rejects_the_wrong_sign(status_of, failures_of):
    """t - p would climb the loss."""

    def backward(cotangent, cache):
        return -softmax_cross_entropy.backward(cotangent, cache).logits

    assert status_of("logits", dloss * (target[s, j] - p[s, j]), reduction="sum") == "refuted"
    assert failures_of(backward=backward) == {CHECK: "sign"}


def test_rejects_a_dropped_target(status_of, failures_of):
    """The softmax alone is the gradient of the log-sum-exp, without the target's logit."""

    def backward(cotangent, cache):
        return cotangent * cache.probabilities

    assert status_of("logits", dloss * p[s, j], reduction="sum") == "refuted"
    assert failures_of(backward=backward, reduction="sum") == {CHECK: "missing term"}


def test_rejects_a_forgotten_cotangent(failures_of):
    """A loss is not always the end of the network: its own upstream gradient counts."""

    def backward(cotangent, cache):
        return softmax_cross_entropy.backward(np.ones_like(cotangent), cache)

    assert failures_of(backward=backward) == {CHECK: "cotangent"}


def test_rejects_class_indices_off_by_one(failures_of):
    """Classes count from 0."""

    def forward(logits, targets, *, reduction, targets_as):
        moved = (targets + 1) % logits.shape[1]
        return softmax_cross_entropy.forward(
            logits, moved, reduction=reduction, targets_as=targets_as
        )

    failures = failures_of(forward=forward, targets_as="index")
    assert failures.keys() == {"softmax_cross_entropy.forward", CHECK}
    assert failures[CHECK] == "consistent with your forward"


def test_names_the_log_of_a_softmax_without_a_shift_unstable(failures_of):
    """log(e^x / sum e^x) overflows for logits of ten thousand; the formula is right."""

    def forward(logits, targets, *, reduction, targets_as):
        with np.errstate(all="ignore"):
            weight = np.exp(logits)
            softmax = weight / weight.sum(axis=1, keepdims=True)
            counted = np.sum(np.where(targets == 1, softmax, 0), axis=1)
            loss = {"sum": np.sum, "mean": np.mean, "none": np.array}[reduction](-np.log(counted))
        cache = softmax_cross_entropy.forward(logits, targets, reduction=reduction)[1]
        return loss, cache

    failures = failures_of(forward=forward, targets_as="one-hot")
    assert failures == {"softmax_cross_entropy.forward": "unstable"}
