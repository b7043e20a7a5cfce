"""Layer normalisation: three terms, over the features, with eps under the root."""

from collections import Counter

import numpy as np
from sympy import IndexedBase, sqrt

from derivations.layernorm import batch, features, j, s
from derivations.notation import total
from implementations import layernorm

dy, dx_hat, x_hat = IndexedBase("dy"), IndexedBase("dx_hat"), IndexedBase("x_hat")
mean, deviation, variance = (
    IndexedBase("mean_dx_hat"),
    IndexedBase("deviation"),
    IndexedBase("variance"),
)
projection = IndexedBase("mean_dx_hat_x_hat")


def test_every_claim_is_proved_for_every_size(proofs):
    """Both forms of dx and the Jacobian, with gamma and beta and without, for every size."""
    assert Counter((p.subject, p.status, p.scope) for p in proofs) == {
        ("gradient x", "proved", "every size"): 4,
        ("gradient gamma", "proved", "every size"): 1,
        ("gradient beta", "proved", "every size"): 1,
        ("jacobian x_hat", "proved", "every size"): 2,
    }


def upstream(cotangent, cache):
    """Multiply the cotangent by gamma, where there is one."""
    return cotangent if cache.gamma is None else cotangent * cache.gamma


def test_rejects_a_dropped_mean_term(status_of, failures_of):
    """The mean depends on every feature of a row: its term does not vanish."""

    def backward(cotangent, cache):
        g, x_hat, deviation = upstream(cotangent, cache), cache.normalized, cache.deviation
        wrong = (g - x_hat * np.mean(g * x_hat, axis=1, keepdims=True)) / deviation
        return layernorm.backward(cotangent, cache)._replace(x=wrong)

    assert status_of("x", (dx_hat[s, j] - x_hat[s, j] * projection[s]) / deviation[s]) == "refuted"
    assert failures_of(backward=backward) == {"layernorm.gradient.x": "missing term"}


def test_rejects_a_constant_deviation(status_of, failures_of):
    """The variance depends on x too: its term does not vanish."""

    def backward(cotangent, cache):
        g = upstream(cotangent, cache)
        wrong = (g - g.mean(axis=1, keepdims=True)) / cache.deviation
        return layernorm.backward(cotangent, cache)._replace(x=wrong)

    assert status_of("x", (dx_hat[s, j] - mean[s]) / deviation[s]) == "refuted"
    assert failures_of(backward=backward) == {"layernorm.gradient.x": "missing term"}


def test_rejects_sums_in_the_place_of_means(status_of, failures_of):
    """The two terms are divided by the number of features."""

    def backward(cotangent, cache):
        g, x_hat = upstream(cotangent, cache), cache.normalized
        sums = g.sum(axis=1, keepdims=True) + x_hat * np.sum(g * x_hat, axis=1, keepdims=True)
        return layernorm.backward(cotangent, cache)._replace(x=(g - sums) / cache.deviation)

    size = features.size
    wrong = (dx_hat[s, j] - size * mean[s] - x_hat[s, j] * size * projection[s]) / deviation[s]
    assert status_of("x", wrong) == "refuted"
    assert failures_of(backward=backward).keys() == {"layernorm.gradient.x"}


def test_rejects_means_over_the_batch(failures_of):
    """Batch normalisation's axis is not layer normalisation's."""

    def backward(cotangent, cache):
        g, x_hat = upstream(cotangent, cache), cache.normalized
        wrong = (g - g.mean(axis=0) - x_hat * np.mean(g * x_hat, axis=0)) / cache.deviation
        return layernorm.backward(cotangent, cache)._replace(x=wrong)

    assert failures_of(backward=backward).keys() == {"layernorm.gradient.x"}


def test_rejects_an_ignored_eps(status_of, failures_of):
    """The deviation is the root of variance + eps, in the backward too."""

    def forward(x, gamma=None, beta=None, *, eps):
        y, cache = layernorm.forward(x, gamma, beta, eps=eps)
        with np.errstate(divide="ignore", invalid="ignore"):
            return y, cache._replace(deviation=np.sqrt(x.var(axis=1, keepdims=True)))

    def backward(cotangent, cache):
        with np.errstate(divide="ignore", invalid="ignore"):
            return layernorm.backward(cotangent, cache)

    wrong = (dx_hat[s, j] - mean[s] - x_hat[s, j] * projection[s]) / sqrt(variance[s])
    assert status_of("x", wrong) == "refuted"
    assert failures_of(forward=forward, backward=backward).keys() == {"layernorm.gradient.x"}


def test_rejects_affine_gradients_that_do_not_fit(status_of, failures_of):
    """gamma's gradient needs the normalised input, beta's is not averaged."""

    def backward(cotangent, cache):
        right = layernorm.backward(cotangent, cache)
        if right.gamma is None:
            return right
        return right._replace(gamma=cotangent.sum(axis=0), beta=cotangent.mean(axis=0))

    assert status_of("gamma", total(dy[s, j], s)) == "refuted"
    assert status_of("beta", total(dy[s, j], s) / batch.size) == "refuted"
    failures = failures_of(backward=backward)
    assert failures.keys() == {"layernorm.gradient.gamma", "layernorm.gradient.beta"}
    assert failures["layernorm.gradient.beta"] == "mean for sum"
    assert failures_of(backward=backward, affine="none") == {}
