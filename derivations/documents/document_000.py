"""Document 000: an MLP's derivatives, one sample as a column."""

import sympy as sp

from derivations.claims import (
    Claim,
    Line,
    different,
    equal,
    setting,
    steps,
)
from derivations.notation import array, axes, delta, let, partial, total
from derivations.tensor import Tensor, tensor

(classes,) = axes("d_N")
i, j, k = classes.indices("i j k")

x_tilde = array("x_tilde", classes)
probabilities = array("x", classes, positive=True)
t = array("t", classes)

exponentials = total(sp.exp(x_tilde[k]), k)
softmax = let("x", (i,), sp.exp(x_tilde[i]) / exponentials)
loss = -total(t[i] * sp.log(probabilities[i]), i)

of_loss = setting(probabilities, t)
of_softmax = setting(x_tilde, definitions=(softmax,))

LOSS = r"\frac{\partial L}{\partial x^{(N)}}"
SOFTMAX = r"\frac{\partial x_i^{(N)}}{\partial \tilde{x}_j^{(N)}}"
softmax_slope = partial(softmax[i], x_tilde[j])


def exp(index: sp.Idx) -> sp.Expr:
    """One exponential of softmax."""
    return sp.exp(x_tilde[index])


_LOSS = (
    Claim(
        "000 eq. 2",
        r"\frac{\partial}{\partial x_j^{(N)}} \left(-\sum_i t_i \log x_i^{(N)}\right)"
        r" = -\frac{t_j}{x_j^{(N)}}",
        partial(loss, probabilities[j]),
        -t[j] / probabilities[j],
        of_loss,
        "cross_entropy",
    ),
    Claim(
        "000 eq. 3",
        LOSS + r" = \left[-\frac{t_i}{x_i^{(N)}}\right]_{i=1}^{d_N}",
        Tensor((classes.size,), lambda at: partial(loss, probabilities[at]), column=False),
        (-tensor(t) / tensor(probabilities)).T,
        of_loss,
        "cross_entropy",
    ),
)

_SOFTMAX = (
    *steps(
        "000 eq. 6 and 7",
        of_softmax,
        Line(SOFTMAX, softmax_slope, given=(equal(i, j),)),
        Line(
            r"\frac{\exp(\tilde{x}_i) \sum_k \exp(\tilde{x}_k) - \exp(\tilde{x}_i)"
            r" \frac{\partial}{\partial \tilde{x}_j} \sum_k \exp(\tilde{x}_k)}"
            r"{\left(\sum_k \exp(\tilde{x}_k)\right)^2}",
            (exp(i) * exponentials - exp(i) * partial(exponentials, x_tilde[j])) / exponentials**2,
        ),
        Line(
            r"\frac{\exp(\tilde{x}_i) \sum_k \exp(\tilde{x}_k) - \exp(\tilde{x}_i)"
            r" \exp(\tilde{x}_j)}{\left(\sum_k \exp(\tilde{x}_k)\right)^2}",
            (exp(i) * exponentials - exp(i) * exp(j)) / exponentials**2,
        ),
        operation="softmax",
    ),
    *steps(
        "000 eq. 9",
        of_softmax,
        Line(SOFTMAX, softmax_slope),
        Line(
            r"x_i^{(N)} \left(\mathbb{1}(i = j) - x_j^{(N)}\right)",
            softmax[i] * (delta(i, j) - softmax[j]),
        ),
        operation="softmax",
    ),
    *steps(
        "000 eq. 8, result",
        of_softmax,
        Line(SOFTMAX, softmax_slope, given=(different(i, j),)),
        Line(r"-x_i^{(N)} x_j^{(N)}", -softmax[i] * softmax[j]),
        operation="softmax",
    ),
)

CLAIMS = (*_LOSS, *_SOFTMAX)
