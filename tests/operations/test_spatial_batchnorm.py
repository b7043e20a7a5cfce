"""Spatial batch normalisation: batchnorm's three terms, over the pixels of the batch."""

from collections import Counter

import numpy as np
from sympy import IndexedBase

from derivations.notation import total
from derivations.spatial_batchnorm import batch, c, i, j, m, n, size
from implementations import batchnorm, spatial_batchnorm

x, dy = IndexedBase("x"), IndexedBase("dy")
dx_hat, x_hat = IndexedBase("dx_hat"), IndexedBase("x_hat")
mean, projection = IndexedBase("mean_dx_hat"), IndexedBase("mean_dx_hat_x_hat")
deviation = IndexedBase("deviation")

PIXELS = (0, 2, 3)


def per_channel(array):
    """Spread one number per channel over the images."""
    return array[:, np.newaxis, np.newaxis]


def upstream(cotangent, cache):
    """Give the cotangent of x_hat, x_hat, and the deviation, as images."""
    pixels = np.moveaxis(cotangent, 1, 3).shape
    normalized = np.moveaxis(cache.rows.normalized.reshape(pixels), 3, 1)
    gamma, deviation = per_channel(cache.rows.gamma), per_channel(cache.rows.deviation)
    return cotangent * gamma, normalized, deviation


def average(array, axes=PIXELS):
    return array.mean(axis=axes, keepdims=True)


def test_every_claim_is_proved_for_every_size(proofs):
    """Two forms of y; two of dx in training, one in evaluation; gamma and beta: for every size."""
    assert Counter((p.subject, p.status, p.scope) for p in proofs) == {
        ("value y", "proved", "every size"): 4,
        ("gradient x", "proved", "every size"): 3,
        ("gradient gamma", "proved", "every size"): 2,
        ("gradient beta", "proved", "every size"): 2,
    }


def test_exact_arithmetic_checks_every_axis_longer_than_one(proofs):
    """No axis is 1 at all the explicit sizes: a formula that forgets one is seen there."""
    for axis in ("batch", "channels", "height", "width"):
        assert all(any(f"{axis}={s}" in at for at in p.checked_at for s in (2, 3)) for p in proofs)


def test_rejects_a_dropped_mean_term(status_of, failures_of):
    """The mean depends on every pixel: its term does not vanish."""

    def backward(cotangent, cache):
        g, normalized, sigma = upstream(cotangent, cache)
        wrong = (g - normalized * average(g * normalized)) / sigma
        return spatial_batchnorm.backward(cotangent, cache)._replace(x=wrong)

    wrong = (dx_hat[n, c, i, j] - x_hat[n, c, i, j] * projection[c]) / deviation[c]
    assert status_of("x", wrong) == "refuted"
    failures = failures_of(backward=backward, mode="training")
    assert failures == {"spatial_batchnorm.gradient.x": "missing term"}


def test_rejects_means_over_the_batch_alone(status_of, failures_of):
    """What is fixed by every pixel of a channel is not fixed by those at one place."""

    def backward(cotangent, cache):
        g, normalized, sigma = upstream(cotangent, cache)
        over_batch = average(g, axes=0), average(g * normalized, axes=0)
        wrong = (g - over_batch[0] - normalized * over_batch[1]) / sigma
        return spatial_batchnorm.backward(cotangent, cache)._replace(x=wrong)

    at_this_place = dx_hat[m, c, i, j]
    first = total(at_this_place, m) / batch.size
    second = total(at_this_place * x_hat[m, c, i, j], m) / batch.size
    wrong = (dx_hat[n, c, i, j] - first - x_hat[n, c, i, j] * second) / deviation[c]
    assert status_of("x", wrong) == "refuted"
    failures = failures_of(backward=backward, mode="training")
    assert failures.keys() == {"spatial_batchnorm.gradient.x"}


def test_rejects_a_count_of_images_in_the_place_of_pixels(status_of, failures_of):
    """The sums are over batch, height and width, and are divided by all three."""

    def backward(cotangent, cache):
        g, normalized, sigma = upstream(cotangent, cache)
        area = g.shape[2] * g.shape[3]
        terms = average(g) + normalized * average(g * normalized)
        return spatial_batchnorm.backward(cotangent, cache)._replace(x=(g - area * terms) / sigma)

    terms = mean[c] + x_hat[n, c, i, j] * projection[c]
    wrong = (dx_hat[n, c, i, j] - size / batch.size * terms) / deviation[c]
    assert status_of("x", wrong) == "refuted"
    failures = failures_of(backward=backward, mode="training")
    assert failures.keys() == {"spatial_batchnorm.gradient.x"}


def test_rejects_a_reshape_that_mixes_channels_with_pixels(failures_of):
    """The channels are moved last before the other axes are put together."""

    def forward(x, gamma, beta, running_mean, running_var, **parameters):
        rows = x.reshape(-1, x.shape[1])
        running = running_mean, running_var
        (y, *running), cache = batchnorm.forward(rows, gamma, beta, *running, **parameters)
        cached = spatial_batchnorm.Cache(x.shape, cache)
        return spatial_batchnorm.Outputs(y.reshape(x.shape), *running), cached

    def backward(cotangent, cache):
        rows = cotangent.reshape(-1, cotangent.shape[1])
        dx, dgamma, dbeta = batchnorm.backward(rows, cache.rows)
        return spatial_batchnorm.Gradients(dx.reshape(cache.shape), dgamma, dbeta)

    wrong = failures_of(forward=forward, backward=backward, mode="training")
    names = {"gradient.x", "gradient.gamma", "gradient.beta", "forward", "forward.running_mean"}
    names |= {"forward.running_var"}
    assert wrong.keys() == {f"spatial_batchnorm.{name}" for name in names}
    assert wrong["spatial_batchnorm.gradient.x"] == "consistent with your forward"


def test_rejects_the_evaluation_gradient_in_training(status_of, failures_of):
    """Statistics of the batch depend on x; only the running ones are constants."""

    def backward(cotangent, cache):
        constant = cache._replace(rows=cache.rows._replace(mode="evaluation"))
        return spatial_batchnorm.backward(cotangent, constant)

    wrong = dx_hat[n, c, i, j] / deviation[c]
    assert status_of("x", wrong, mode="training") == "refuted"
    assert status_of("x", wrong, mode="evaluation") == "proved"
    failures = failures_of(backward=backward, mode="training")
    assert failures.keys() == {"spatial_batchnorm.gradient.x"}
    assert failures_of(backward=backward, mode="evaluation") == {}


def test_rejects_affine_gradients_that_are_averaged(status_of, failures_of):
    """gamma's and beta's gradients are sums over the pixels of the batch."""

    def backward(cotangent, cache):
        right = spatial_batchnorm.backward(cotangent, cache)
        pixels = cotangent[:, 0].size
        return right._replace(gamma=right.gamma / pixels, beta=right.beta / len(cotangent))

    summed = total(dy[n, c, i, j] * x_hat[n, c, i, j], n, i, j)
    assert status_of("gamma", summed / size) == "refuted"
    assert status_of("beta", total(dy[n, c, i, j], n, i, j) / batch.size) == "refuted"
    failures = failures_of(backward=backward)
    gamma, beta = "spatial_batchnorm.gradient.gamma", "spatial_batchnorm.gradient.beta"
    assert failures.keys() == {gamma, beta}
    assert failures[beta] == "mean for sum"


def test_rejects_a_variance_around_each_places_mean(failures_of):
    """One mean for a channel, not one for each place of it."""

    def forward(x, gamma, beta, running_mean, running_var, *, mode, momentum, eps):
        outputs, cache = spatial_batchnorm.forward(
            x, gamma, beta, running_mean, running_var, mode=mode, momentum=momentum, eps=eps
        )
        variance = x.var(axis=0).mean(axis=(1, 2))
        moved = momentum * running_var + (1 - momentum) * variance
        return outputs._replace(running_var=moved), cache

    failures = failures_of(forward=forward, mode="training")
    assert failures.keys() == {"spatial_batchnorm.forward.running_var"}
