"""Softmax: y (dy - sum dy y), its Jacobian, and logits of ten thousand."""

from dataclasses import replace

import numpy as np
from sympy import IndexedBase

from derivations.notation import delta, total
from derivations.proof import prove
from derivations.softmax import derive, i, j, r, s
from implementations import softmax

p, y, dy = IndexedBase("p"), IndexedBase("y"), IndexedBase("dy")


def test_every_claim_is_proved_for_every_size(proofs):
    """Three values, four forms of the VJP, two of the Jacobian are proved without naming a size."""
    assert [(q.status, q.scope) for q in proofs] == [("proved", "every size")] * 9
    assert [q.form for q in proofs if q.subject == "jacobian y"] == [
        "elementwise",
        "diag(y) - y y^T",
    ]


def test_rejects_a_dropped_mean_term(status_of, failures_of):
    """dy y is the Jacobian's diagonal, and forgets that the entries of a row share their sum."""

    def backward(cotangent, cache):
        return softmax.Gradients(x=cache.y * cotangent)

    assert status_of("x", p[s, j] * dy[s, j]) == "refuted"
    assert failures_of(backward=backward) == {"softmax.gradient.x": "missing term"}


def test_rejects_a_sum_over_the_batch(status_of, failures_of):
    """The sum belongs to a row: over the batch it mixes samples."""

    def backward(cotangent, cache):
        along = np.sum(cotangent * cache.y, axis=0, keepdims=True)
        return softmax.Gradients(x=cache.y * (cotangent - along))

    assert status_of("x", p[s, j] * (dy[s, j] - total(dy[r, j] * p[r, j], r))) == "refuted"
    assert failures_of(backward=backward).keys() == {"softmax.gradient.x"}


def test_rejects_the_diagonal_of_the_jacobian(status_of, failures_of):
    """dy y (1 - y) is the logistic function's VJP."""

    def backward(cotangent, cache):
        return softmax.Gradients(x=cotangent * cache.y * (1 - cache.y))

    assert status_of("x", dy[s, j] * p[s, j] * (1 - p[s, j])) == "refuted"
    assert failures_of(backward=backward).keys() == {"softmax.gradient.x"}


def test_refutes_a_jacobian_without_its_diagonal():
    """-y_i y_j alone, or a Jacobian that reaches across samples, is refuted."""
    right = derive()
    claim = right.jacobians[0]
    alone = replace(right, values=(), gradients=())
    for wrong in (
        -delta(s, r) * y[s, i] * y[s, j],
        y[s, i] * (delta(i, j) - y[s, j]),
        delta(s, r) * y[s, i] * (delta(i, j) - y[s, i]),
    ):
        (proof,) = prove(replace(alone, jacobians=(replace(claim, expression=wrong),)))
        assert (proof.subject, proof.status) == ("jacobian y", "refuted")


def test_passes_a_jacobian_that_is_built(failures_of):
    """Multiplying by the whole Jacobian is slow and right."""

    def backward(cotangent, cache):
        y = cache.y
        jacobian = y[:, :, None] * np.eye(y.shape[1]) - y[:, :, None] * y[:, None, :]
        return softmax.Gradients(x=np.einsum("si,sij->sj", cotangent, jacobian))

    assert failures_of(backward=backward) == {}


def test_names_exp_without_a_shift_unstable(failures_of):
    """e^x overflows for logits of ten thousand: not a wrong formula, an unstable one."""

    def forward(x):
        with np.errstate(over="ignore", invalid="ignore"):
            weight = np.exp(x)
            y = weight / weight.sum(axis=1, keepdims=True)
        return y, softmax.Cache(y)

    failures = failures_of(forward=forward)
    assert failures == {"softmax.stability": "unstable"}


def test_logits_of_ten_thousand_are_exact():
    """The shift leaves a distribution where e^10000 would overflow."""
    y, cache = softmax.forward(np.array([[1e4, 0.0, -1e4], [1e4, 1e4, -1e4]]))
    assert y.tolist() == [[1, 0, 0], [0.5, 0.5, 0]]
    assert softmax.backward(np.array([[1.0, 2, 3], [1, 3, 5]]), cache).x.tolist() == [
        [0, 0, 0],
        [-0.5, 0.5, 0],
    ]
