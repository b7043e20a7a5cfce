"""The Gaussian error linear unit: Phi(x) + x phi(x)."""

import math

import numpy as np
from sympy import IndexedBase, Rational, erf, exp, pi, sqrt, tanh

from derivations.gelu import j, s
from implementations import gelu

x, dy, y, cdf, pdf = map(IndexedBase, ("x", "dy", "y", "cdf", "pdf"))


def test_every_claim_is_proved_for_every_size(proofs):
    """The value and the VJP, by erf and by erfc, are proved without naming a size."""
    assert {(p.subject, p.form, p.status, p.scope) for p in proofs} == {
        (subject, form, "proved", "every size")
        for subject in ("value y", "gradient x")
        for form in ("compact", "through erfc")
    }


def test_rejects_the_tanh_in_its_place(status_of, failures_of):
    """The approximation by tanh is another function: its own gradient is of its own forward."""

    def forward(x):
        t = np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))
        return x * (1 + t) / 2, (x, t)

    def backward(cotangent, cache):
        x, t = cache
        steep = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x**2)
        return cotangent * ((1 + t) / 2 + x / 2 * (1 - t**2) * steep)

    z = sqrt(2 / pi) * (x[s, j] + Rational(44715, 10**6) * x[s, j] ** 3)
    assert status_of("x", dy[s, j] * ((1 + tanh(z)) / 2 + x[s, j] * pdf[s, j])) == "refuted"
    assert failures_of(forward=forward, backward=backward) == {
        "gelu.forward": "fail",
        "gelu.gradient.x": "consistent with your forward",
    }


def test_rejects_a_dropped_density(status_of, failures_of):
    """Phi alone is the product rule's first term."""

    def backward(cotangent, cache):
        return gelu.Gradients(x=cotangent * cache.distribution)

    assert status_of("x", dy[s, j] * cdf[s, j]) == "refuted"
    assert failures_of(backward=backward) == {"gelu.gradient.x": "missing term"}


def test_rejects_a_density_that_is_not_normalised(status_of, failures_of):
    """e^(-x^2/2) alone does not integrate to 1: sqrt(2 pi) is missing."""

    def backward(cotangent, cache):
        near = np.exp(-(cache.x**2) / 2)
        return gelu.Gradients(x=cotangent * (cache.distribution + cache.x * near))

    assert status_of("x", dy[s, j] * (cdf[s, j] + x[s, j] * exp(-(x[s, j] ** 2) / 2))) == "refuted"
    assert failures_of(backward=backward).keys() == {"gelu.gradient.x"}


def test_rejects_an_argument_without_its_root(status_of, failures_of):
    """erf(x) has the variance 1/2: the normal distribution has erf(x / sqrt 2)."""

    def forward(x):
        return x * (1 + np.vectorize(math.erf)(x)) / 2, gelu.forward(x)[1]

    wrong = dy[s, j] * ((1 + erf(x[s, j])) / 2 + x[s, j] * pdf[s, j])
    assert status_of("x", wrong) == "refuted"
    assert failures_of(forward=forward).keys() == {"gelu.forward"}


def test_passes_the_sum_that_cancels_far_below_zero(failures_of):
    """1 + erf has few digits at -8, erfc has all of them: both are right programs."""

    def forward(x):
        distribution = 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))
        return x * distribution, gelu.Cache(x, distribution)

    assert failures_of(forward=forward) == {}


def test_the_density_of_huge_inputs_neither_overflows_nor_warns():
    """The slope is 1 far above 0, and 0 far below, in every format."""
    for dtype in (np.float32, np.float64):
        huge = np.finfo(dtype).max
        value, cache = gelu.forward(np.array([[-huge, huge]]))
        assert value.tolist() == [[0, huge]]
        assert gelu.backward(np.ones((1, 2), dtype), cache).x.tolist() == [[0, 1]]
