"""Maximum pooling: the winner takes all, windows may overlap, the first of equals wins."""

import numpy as np
from sympy import IndexedBase

from derivations.max_pool2d import a, b, c, i, j, n, stride_height, stride_width, u, v
from derivations.notation import FirstMaximum, delta, total
from implementations import max_pool2d

x, dy = IndexedBase("x"), IndexedBase("dy")
row, column = i * stride_height + u, j * stride_width + v
meets = delta(a, row) * delta(b, column)


def test_the_claim_is_proved_at_listed_sizes_and_says_so(proofs):
    """A selection is proved over every order of the inputs, at sizes that the scope names."""
    (proof,) = proofs
    assert (proof.subject, proof.status) == ("gradient x", "proved")
    assert proof.scope == "sizes " + "; ".join(proof.checked_at)
    assert "every size" not in proof.scope
    assert any(
        "window_height=2 window_width=2 stride_height=1 stride_width=1" in at
        for at in proof.checked_at
    )


def scattered(cotangent, cache, put):
    """Walk over the windows, and put each one's cotangent at its winner."""
    gradient = np.zeros(cache.shape)
    for place in np.ndindex(cotangent.shape):
        sample, channel, down, across = place
        inside = np.unravel_index(cache.winner[place], cache.window)
        pixel = (
            sample, channel,
            down * cache.stride[0] + inside[0], across * cache.stride[1] + inside[1],
        )  # fmt: skip
        put(gradient, pixel, place)
    return max_pool2d.Gradients(x=gradient)


def test_rejects_overlapping_windows_that_overwrite(failures_of):
    """A pixel that wins several windows takes the sum of their cotangents, not the last."""

    def backward(cotangent, cache):
        def overwrite(gradient, pixel, place):
            gradient[pixel] = cotangent[place]

        return scattered(cotangent, cache, overwrite)

    assert "max_pool2d.gradient.x" in failures_of(backward=backward)
    assert failures_of(backward=backward, window=(2, 2), stride=(2, 2)) == {}


def test_passes_windows_that_accumulate(failures_of):
    """The same walk with += is right, which is what the last test turns on."""

    def backward(cotangent, cache):
        def add(gradient, pixel, place):
            gradient[pixel] += cotangent[place]

        return scattered(cotangent, cache, add)

    assert failures_of(backward=backward) == {}


def test_rejects_a_forgotten_stride(status_of, failures_of):
    """A window's place is its number times the stride."""

    def backward(cotangent, cache):
        def unstrided(gradient, pixel, place):
            inside = np.unravel_index(cache.winner[place], cache.window)
            gradient[place[0], place[1], place[2] + inside[0], place[3] + inside[1]] += cotangent[
                place
            ]

        return scattered(cotangent, cache, unstrided)

    first = FirstMaximum(x[n, c, row, column], u, v)
    wrong = total(dy[n, c, i, j] * first * delta(a, i + u) * delta(b, j + v), i, j, u, v)
    assert status_of("x", wrong) == "refuted"
    assert "max_pool2d.gradient.x" in failures_of(backward=backward)
    assert failures_of(backward=backward, stride=(1, 1)) == {}


def test_rejects_a_cotangent_for_every_pixel(status_of, failures_of):
    """Only the winner has a gradient: a whole window's share is average pooling, unscaled."""

    def backward(cotangent, cache):
        gradient = np.zeros(cache.shape)
        (rows, columns), (down, across) = cache.window, cache.stride
        for s, k, m, w in np.ndindex(cotangent.shape):
            tops, lefts = m * down, w * across
            gradient[s, k, tops : tops + rows, lefts : lefts + columns] += cotangent[s, k, m, w]
        return max_pool2d.Gradients(x=gradient)

    assert status_of("x", total(dy[n, c, i, j] * meets, i, j, u, v)) == "refuted"
    assert failures_of(backward=backward).keys() == {"max_pool2d.gradient.x", "max_pool2d.kink.x"}


def test_rejects_a_tie_given_to_the_last_of_equals(failures_of):
    """The last of equal maxima is another convention; where nothing ties, the two are one."""

    def forward(x, *, window, stride):
        y, cache = max_pool2d.forward(x, window=window, stride=stride)
        last = np.zeros_like(cache.winner)
        for number, (r, k) in enumerate(np.ndindex(window)):
            pixel = x[:, :, r :: stride[0], k :: stride[1]][:, :, : y.shape[2], : y.shape[3]]
            last = np.where(pixel == y, number, last)
        return y, cache._replace(winner=last)

    assert failures_of(forward=forward).keys() == {"max_pool2d.kink.x"}
