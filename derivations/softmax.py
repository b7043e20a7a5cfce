"""Softmax over the classes of each row (000 eq. 5-10; 001 a, b; 002, Q1.1 c i; 004 app. A)."""

from sympy import exp, log

from derivations.notation import (
    ClosedForm,
    Derivation,
    Jacobian,
    array,
    axes,
    delta,
    let,
    maximum,
    total,
)

batch, classes = axes("batch classes")
s, r = batch.indices("s r")
i, j, k = classes.indices("i j k")


def derive() -> Derivation:
    """The primal, its Jacobian elementwise and as diag(y) - y y^T, and its VJP."""
    x = array("x", batch, classes)
    dy = array("dy", batch, classes)
    y = let("y", (s, j), exp(x[s, j]) / total(exp(x[s, k]), k))

    shifted = let("shifted", (s, j), exp(x[s, j] - maximum(x[s, k], k)))
    weight = let("weight", (s,), total(shifted[s, k], k))
    p = let("p", (s, j), shifted[s, j] / weight[s])
    logsumexp = let("logsumexp", (s,), maximum(x[s, k], k) + log(weight[s]))
    q = let("q", (s, j), exp(x[s, j] - logsumexp[s]))
    moved = let("moved", (s, j), x[s, j] - maximum(x[s, k], k))
    # Named apart: SymPy turns exp(a - log(b)) into exp(a) / b, which rounds otherwise.
    log_weight = let("log_weight", (s,), log(weight[s]))
    log_softmax = let("log_softmax", (s, j), moved[s, j] - log_weight[s])
    normalised = let("normalised", (s, j), exp(log_softmax[s, j]))
    along = let("along", (s,), total(dy[s, k] * p[s, k], k))
    jacobian = let("jacobian", (s, i, j), delta(i, j) * p[s, i] - p[s, i] * p[s, j])
    return Derivation(
        name="softmax",
        inputs=(x,),
        primal=(y,),
        definitions=(
            shifted,
            weight,
            p,
            logsumexp,
            q,
            moved,
            log_weight,
            log_softmax,
            normalised,
            along,
            jacobian,
        ),
        values=(
            ClosedForm("y", (s, j), p[s, j], "004 app. B", "shifted"),
            ClosedForm("y", (s, j), q[s, j], "004 app. B", "through log-sum-exp"),
            ClosedForm("y", (s, j), normalised[s, j], "004 app. B", "through log-softmax"),
        ),
        gradients=(
            ClosedForm("x", (s, j), p[s, j] * (dy[s, j] - along[s]), "001 b"),
            ClosedForm(
                "x", (s, j), total(dy[s, i] * jacobian[s, i, j], i), "001 b", "through the Jacobian"
            ),
            ClosedForm(
                "x",
                (s, j),
                q[s, j] * (dy[s, j] - total(dy[s, k] * q[s, k], k)),
                "004 app. B",
                "through log-sum-exp",
            ),
            ClosedForm(
                "x",
                (s, j),
                normalised[s, j] * (dy[s, j] - total(dy[s, k] * normalised[s, k], k)),
                "004 app. B",
                "through log-softmax",
            ),
        ),
        jacobians=(
            Jacobian(
                y[s, i], x[r, j], delta(s, r) * y[s, i] * (delta(i, j) - y[s, j]), "000 eq. 9"
            ),
            Jacobian(
                y[s, i],
                x[r, j],
                delta(s, r) * (delta(i, j) * y[s, i] - y[s, i] * y[s, j]),
                "001 a",
                "diag(y) - y y^T",
            ),
        ),
        sources=("000 eq. 5-10, 19", "001 a, b", "002, Q1.1 c i", "004 app. A, B"),
    )
