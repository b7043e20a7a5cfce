"""Batch normalisation: three terms over the batch, the running update, and evaluation mode."""

from collections import Counter

import numpy as np
from sympy import IndexedBase, sqrt

from derivations.batchnorm import batch, j, s
from derivations.notation import total
from implementations import batchnorm

dy, dx_hat, x_hat = IndexedBase("dy"), IndexedBase("dx_hat"), IndexedBase("x_hat")
mean, projection = IndexedBase("mean_dx_hat"), IndexedBase("mean_dx_hat_x_hat")
deviation, variance = IndexedBase("deviation"), IndexedBase("variance")


def test_every_claim_is_proved_for_every_size(proofs):
    """Two forms of y; two of dx in training, one in evaluation; gamma and beta: for every size."""
    assert Counter((p.subject, p.status, p.scope) for p in proofs) == {
        ("value y", "proved", "every size"): 4,
        ("gradient x", "proved", "every size"): 3,
        ("gradient gamma", "proved", "every size"): 2,
        ("gradient beta", "proved", "every size"): 2,
    }


def test_rejects_a_dropped_mean_term(status_of, failures_of):
    """The mean depends on every sample: its term does not vanish."""

    def backward(cotangent, cache):
        g, x_hat = cotangent * cache.gamma, cache.normalized
        wrong = (g - x_hat * np.mean(g * x_hat, axis=0)) / cache.deviation
        return batchnorm.backward(cotangent, cache)._replace(x=wrong)

    assert status_of("x", (dx_hat[s, j] - x_hat[s, j] * projection[j]) / deviation[j]) == "refuted"
    failures = failures_of(backward=backward, mode="training")
    assert failures == {"batchnorm.gradient.x": "missing term"}


def test_rejects_the_evaluation_gradient_in_training(status_of, failures_of):
    """Statistics of the batch depend on x; only the running ones are constants."""

    def backward(cotangent, cache):
        return batchnorm.backward(cotangent, cache._replace(mode="evaluation"))

    wrong = dx_hat[s, j] / deviation[j]
    assert status_of("x", wrong, mode="training") == "refuted"
    assert status_of("x", wrong, mode="evaluation") == "proved"
    assert failures_of(backward=backward, mode="training").keys() == {"batchnorm.gradient.x"}
    assert failures_of(backward=backward, mode="evaluation") == {}


def test_rejects_the_training_gradient_in_evaluation(failures_of):
    """In evaluation mode nothing is subtracted from the cotangent."""

    def backward(cotangent, cache):
        return batchnorm.backward(cotangent, cache._replace(mode="training"))

    assert failures_of(backward=backward, mode="evaluation").keys() == {"batchnorm.gradient.x"}


def test_rejects_sums_in_the_place_of_means(status_of, failures_of):
    """Both terms are divided by the number of samples."""

    def backward(cotangent, cache):
        g, x_hat = cotangent * cache.gamma, cache.normalized
        wrong = (g - g.sum(axis=0) - x_hat * np.sum(g * x_hat, axis=0)) / cache.deviation
        return batchnorm.backward(cotangent, cache)._replace(x=wrong)

    size = batch.size
    wrong = (dx_hat[s, j] - size * mean[j] - x_hat[s, j] * size * projection[j]) / deviation[j]
    assert status_of("x", wrong) == "refuted"
    assert failures_of(backward=backward, mode="training").keys() == {"batchnorm.gradient.x"}


def test_rejects_an_ignored_eps(status_of, failures_of):
    """The deviation is the root of variance + eps, in the backward too."""

    def forward(x, gamma, beta, running_mean, running_var, *, mode, momentum, eps):
        outputs, cache = batchnorm.forward(
            x, gamma, beta, running_mean, running_var, mode=mode, momentum=momentum, eps=eps
        )
        return outputs, cache._replace(deviation=np.sqrt(running_var))

    wrong = (dx_hat[s, j] - mean[j] - x_hat[s, j] * projection[j]) / sqrt(variance[j])
    assert status_of("x", wrong) == "refuted"
    assert failures_of(forward=forward, mode="evaluation").keys() == {"batchnorm.gradient.x"}


def test_rejects_an_averaged_beta(status_of, failures_of):
    """beta's gradient is a sum over the batch."""

    def backward(cotangent, cache):
        return batchnorm.backward(cotangent, cache)._replace(beta=cotangent.mean(axis=0))

    assert status_of("beta", total(dy[s, j], s) / batch.size) == "refuted"
    assert failures_of(backward=backward) == {"batchnorm.gradient.beta": "mean for sum"}


def test_rejects_a_swapped_momentum(failures_of):
    """Momentum is the share that the running statistics keep, and not what they take in."""

    def forward(x, gamma, beta, running_mean, running_var, *, mode, momentum, eps):
        return batchnorm.forward(
            x, gamma, beta, running_mean, running_var, mode=mode, momentum=1 - momentum, eps=eps
        )

    running = {"batchnorm.forward.running_mean", "batchnorm.forward.running_var"}
    assert failures_of(forward=forward, mode="training", momentum=0.9).keys() == running
    assert failures_of(forward=forward, mode="training", momentum=0.5) == {}


def test_rejects_an_unbiased_running_variance(failures_of):
    """The variance is divided by the batch, not by one less, for the running statistics too."""

    def forward(x, gamma, beta, running_mean, running_var, *, mode, momentum, eps):
        outputs, cache = batchnorm.forward(
            x, gamma, beta, running_mean, running_var, mode=mode, momentum=momentum, eps=eps
        )
        unbiased = np.sum((x - x.mean(axis=0)) ** 2, axis=0) / max(len(x) - 1, 1)
        moved = momentum * running_var + (1 - momentum) * unbiased
        return outputs._replace(running_var=moved), cache

    failures = failures_of(forward=forward, mode="training")
    assert failures.keys() == {"batchnorm.forward.running_var"}


def test_rejects_running_statistics_that_move_in_evaluation(failures_of):
    """Evaluation reads the running statistics and leaves them."""

    def forward(x, gamma, beta, running_mean, running_var, *, mode, momentum, eps):
        outputs, cache = batchnorm.forward(
            x, gamma, beta, running_mean, running_var, mode=mode, momentum=momentum, eps=eps
        )
        moved = momentum * running_mean + (1 - momentum) * x.mean(axis=0)
        return outputs._replace(running_mean=moved), cache

    assert failures_of(forward=forward, mode="training") == {}
    failures = failures_of(forward=forward, mode="evaluation")
    assert failures.keys() == {"batchnorm.forward.running_mean"}
