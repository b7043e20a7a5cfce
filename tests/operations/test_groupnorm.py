"""Group normalisation: layernorm's three terms, over a group's channels and pixels."""

from collections import Counter

import numpy as np
from sympy import IndexedBase

from derivations.groupnorm import a, b, batch, g, height, i, j, k, m, members, n, size, width
from derivations.notation import total
from implementations import groupnorm

dy, gamma = IndexedBase("dy"), IndexedBase("gamma")
dx_hat, x_hat = IndexedBase("dx_hat"), IndexedBase("x_hat")
mean, projection = IndexedBase("mean_dx_hat"), IndexedBase("mean_dx_hat_x_hat")
deviation = IndexedBase("deviation")
here, there = (n, g, m, i, j), (n, g, k, a, b)

GROUP = (2, 3, 4)


def upstream(cotangent, cache):
    """Give the cotangent of x_hat, x_hat, and the deviation of each group."""
    gamma = cache.gamma[:, :, np.newaxis, np.newaxis]
    deviation = cache.rows.deviation.reshape(*cotangent.shape[:2], 1, 1, 1)
    return cotangent * gamma, cache.normalized, deviation


def average(array, axes=GROUP):
    return array.mean(axis=axes, keepdims=True)


def test_every_claim_is_proved_for_every_size(proofs):
    """Two forms of y and of dx, gamma and beta, for every size and number of groups."""
    assert Counter((p.subject, p.status, p.scope) for p in proofs) == {
        ("value y", "proved", "every size"): 2,
        ("gradient x", "proved", "every size"): 2,
        ("gradient gamma", "proved", "every size"): 1,
        ("gradient beta", "proved", "every size"): 1,
    }


def test_exact_arithmetic_checks_every_axis_longer_than_one(proofs):
    """No axis is 1 at all the explicit sizes: a formula that forgets one is seen there."""
    for axis in ("batch", "groups", "members", "height", "width"):
        assert all(any(f"{axis}={s}" in at for at in p.checked_at for s in (2, 3)) for p in proofs)


def test_rejects_a_dropped_mean_term(status_of, failures_of):
    """The mean depends on every entry of a group: its term does not vanish."""

    def backward(cotangent, cache):
        g, normalized, sigma = upstream(cotangent, cache)
        wrong = (g - normalized * average(g * normalized)) / sigma
        return groupnorm.backward(cotangent, cache)._replace(x=wrong)

    wrong = (dx_hat[here] - x_hat[here] * projection[n, g]) / deviation[n, g]
    assert status_of("x", wrong) == "refuted"
    assert failures_of(backward=backward) == {"groupnorm.gradient.x": "missing term"}


def test_rejects_a_constant_deviation(status_of, failures_of):
    """The variance depends on x too: its term does not vanish."""

    def backward(cotangent, cache):
        g, _, sigma = upstream(cotangent, cache)
        wrong = (g - average(g)) / sigma
        return groupnorm.backward(cotangent, cache)._replace(x=wrong)

    wrong = (dx_hat[here] - mean[n, g]) / deviation[n, g]
    assert status_of("x", wrong) == "refuted"
    assert failures_of(backward=backward) == {"groupnorm.gradient.x": "missing term"}


def test_rejects_means_over_each_channel(status_of, failures_of):
    """Every channel for itself is instance normalisation: the groups have one member each."""

    def backward(cotangent, cache):
        g, normalized, sigma = upstream(cotangent, cache)
        terms = average(g, axes=(3, 4)), average(g * normalized, axes=(3, 4))
        wrong = (g - terms[0] - normalized * terms[1]) / sigma
        return groupnorm.backward(cotangent, cache)._replace(x=wrong)

    area, in_channel = height.size * width.size, (n, g, m, a, b)
    first = total(dx_hat[in_channel], a, b) / area
    second = total(dx_hat[in_channel] * x_hat[in_channel], a, b) / area
    assert status_of("x", (dx_hat[here] - first - x_hat[here] * second) / deviation[n, g]) == (
        "refuted"
    )
    assert failures_of(backward=backward).keys() == {"groupnorm.gradient.x"}


def test_rejects_means_over_all_groups(failures_of):
    """All channels together are layer normalisation: one group only."""

    def backward(cotangent, cache):
        g, normalized, sigma = upstream(cotangent, cache)
        sample = (1, 2, 3, 4)
        terms = average(g, axes=sample), average(g * normalized, axes=sample)
        wrong = (g - terms[0] - normalized * terms[1]) / sigma
        return groupnorm.backward(cotangent, cache)._replace(x=wrong)

    assert failures_of(backward=backward).keys() == {"groupnorm.gradient.x"}


def test_rejects_gamma_after_the_means(status_of, failures_of):
    """gamma differs within a group, so that it does not leave the group's means."""

    def backward(cotangent, cache):
        _, normalized, sigma = upstream(cotangent, cache)
        gamma = cache.gamma[:, :, np.newaxis, np.newaxis]
        along = normalized * average(cotangent * normalized)
        wrong = gamma * (cotangent - average(cotangent) - along) / sigma
        return groupnorm.backward(cotangent, cache)._replace(x=wrong)

    first = total(dy[there], k, a, b) / size
    second = total(dy[there] * x_hat[there], k, a, b) / size
    wrong = gamma[g, m] * (dy[here] - first - x_hat[here] * second) / deviation[n, g]
    assert status_of("x", wrong) == "refuted"
    assert failures_of(backward=backward).keys() == {"groupnorm.gradient.x"}


def test_rejects_a_count_without_the_pixels(status_of, failures_of):
    """The sums are over members, height and width, and are divided by all three."""

    def backward(cotangent, cache):
        g, normalized, sigma = upstream(cotangent, cache)
        area = g.shape[3] * g.shape[4]
        terms = average(g) + normalized * average(g * normalized)
        return groupnorm.backward(cotangent, cache)._replace(x=(g - area * terms) / sigma)

    terms = mean[n, g] + x_hat[here] * projection[n, g]
    wrong = (dx_hat[here] - size / members.size * terms) / deviation[n, g]
    assert status_of("x", wrong) == "refuted"
    assert failures_of(backward=backward).keys() == {"groupnorm.gradient.x"}


def test_rejects_affine_gradients_that_do_not_fit(status_of, failures_of):
    """gamma's gradient needs the normalised input, beta's is not averaged over the batch."""

    def backward(cotangent, cache):
        sums = cotangent.sum(axis=(0, 3, 4))
        right = groupnorm.backward(cotangent, cache)
        return right._replace(gamma=sums, beta=sums / len(cotangent))

    sums = total(dy[here], n, i, j)
    assert status_of("gamma", sums) == "refuted"
    assert status_of("beta", sums / batch.size) == "refuted"
    failures = failures_of(backward=backward)
    assert failures.keys() == {"groupnorm.gradient.gamma", "groupnorm.gradient.beta"}
    assert failures["groupnorm.gradient.beta"] == "mean for sum"


def test_rejects_an_ignored_eps(failures_of):
    """The deviation is the root of variance + eps, in the backward too."""

    def forward(x, gamma, beta, *, eps):
        y, cache = groupnorm.forward(x, gamma, beta, eps=eps)
        bare = x.reshape(len(cache.rows.deviation), -1).std(axis=1, keepdims=True)
        return y, cache._replace(rows=cache.rows._replace(deviation=bare))

    def backward(cotangent, cache):
        with np.errstate(divide="ignore", invalid="ignore"):
            return groupnorm.backward(cotangent, cache)

    failures = failures_of(forward=forward, backward=backward, eps=1e-5)
    assert failures.keys() == {"groupnorm.gradient.x"}
