"""Cross-entropy on probabilities (000 eq. 2, 3; 001 a; 002, Q1.1 c ii)."""

import sympy as sp
from sympy import log

from derivations.notation import ClosedForm, Derivation, array, axes, let, parameter, total
from derivations.reduction import reduced

batch, classes = axes("batch classes")
s = batch.index("s")
j, k = classes.indices("j k")
log_eps = parameter("log_eps")


def derive(reduction: str = "mean") -> Derivation:
    """-sum t log p for each sample, reduced, and its gradient -t/p."""
    return _derived(reduction, sp.S.Zero)


def with_log_eps(reduction: str = "mean") -> Derivation:
    """The variation -sum t log(p + eps), and its gradient -t/(p + eps)."""
    return _derived(reduction, log_eps)


def _derived(reduction: str, eps: sp.Expr) -> Derivation:
    p = array("probabilities", batch, classes, positive=True)
    t = array("targets", batch, classes, sums_to_one=True, differentiable=False)
    per_sample = let("per_sample", (s,), -total(t[s, k] * log(p[s, k] + eps), k))
    loss, weight = reduced(per_sample, reduction)
    return Derivation(
        name="cross_entropy",
        inputs=(p, t),
        primal=(loss,),
        definitions=(per_sample,),
        gradients=(
            ClosedForm(
                "probabilities", (s, j), -weight * t[s, j] / (p[s, j] + eps), "002, Q1.1 c ii"
            ),
        ),
        sources=("000 eq. 2, 3", "001 a", "002, Q1.1 c ii"),
    )
