"""Cross-entropy of the softmax of logits (003 eq. 1 to 8; 004 app. A, B)."""

from sympy import exp, log

from derivations.notation import (
    Array,
    ClosedForm,
    Definition,
    Derivation,
    array,
    axes,
    delta,
    let,
    maximum,
    parameter,
    total,
)
from derivations.reduction import reduced

batch, classes = axes("batch classes")
s = batch.index("s")
i, j, k, l = classes.indices("i j k l")
log_eps = parameter("log_eps")
x = array("logits", batch, classes)
softmax = exp(x[s, k]) / total(exp(x[s, l]), l)

# The softmax that does not overflow.
shift = let("shift", (s,), maximum(x[s, k], k))
shifted = let("shifted", (s, j), exp(x[s, j] - shift[s]))
mass = let("mass", (s,), total(shifted[s, k], k))
p = let("p", (s, j), shifted[s, j] / mass[s])


def _targets(targets_as: str) -> tuple[Array, Definition]:
    """The input, and what it says of each class."""
    if targets_as == "one-hot":
        targets = array("targets", batch, classes, sums_to_one=True, differentiable=False)
        return targets, let("target", (s, j), targets[s, j])
    targets = array("targets", batch, index_into=classes, differentiable=False)
    return targets, let("target", (s, j), delta(targets[s], j))


def derive(reduction: str = "mean", targets_as: str = "one-hot") -> Derivation:
    """-log softmax at the target for each sample, reduced, and its gradient (psi - Delta)/N.

    Parameters
    ----------
    reduction
        ``"sum"``, ``"mean"`` or ``"none"``.
    targets_as
        ``"one-hot"`` rows, or the class's ``"index"``.
    """
    targets, target = _targets(targets_as)
    per_sample = let("per_sample", (s,), -total(target[s, k] * log(softmax), k))
    loss, weight = reduced(per_sample, reduction)

    logsumexp = let("logsumexp", (s,), shift[s] + log(mass[s]))
    moved = let("moved", (s, j), x[s, j] - shift[s])
    # Named apart: SymPy turns exp(a - log(b)) into exp(a) / b, which rounds otherwise.
    log_mass = let("log_mass", (s,), log(mass[s]))
    log_softmax = let("log_softmax", (s, j), moved[s, j] - log_mass[s])
    normalised = let("normalised", (s, j), exp(log_softmax[s, j]))
    q = let("q", (s, j), exp(x[s, j] - logsumexp[s]))
    through_logsumexp = let(
        "through_logsumexp", (s,), total(target[s, k] * (logsumexp[s] - x[s, k]), k)
    )
    through_shift = let(
        "through_shift", (s,), total(target[s, k] * (log(mass[s]) - (x[s, k] - shift[s])), k)
    )
    through_difference = let(
        "through_difference", (s,), logsumexp[s] - total(target[s, k] * x[s, k], k)
    )
    index = loss.indices
    return Derivation(
        name="softmax_cross_entropy",
        inputs=(x, targets),
        primal=(loss,),
        definitions=(
            target,
            per_sample,
            shift,
            shifted,
            mass,
            p,
            logsumexp,
            q,
            moved,
            log_mass,
            log_softmax,
            normalised,
            through_logsumexp,
            through_shift,
            through_difference,
        ),
        values=tuple(
            ClosedForm("loss", index, reduced(stable, reduction)[0].body, source, name)
            for stable, source, name in (
                (through_logsumexp, "003 eq. 2", "log-sum-exp"),
                (through_shift, "004 app. B", "shifted log-softmax"),
                (through_difference, "004 app. A", "log-sum-exp minus the target's logit"),
            )
        ),
        gradients=(
            ClosedForm("logits", (s, j), weight * (p[s, j] - target[s, j]), "003 eq. 8"),
            ClosedForm(
                "logits",
                (s, j),
                weight * (q[s, j] - target[s, j]),
                "004 app. A, B",
                "through log-sum-exp",
            ),
            ClosedForm(
                "logits",
                (s, j),
                weight * (normalised[s, j] - target[s, j]),
                "004 app. A, B",
                "through log-softmax",
            ),
        ),
        sources=("003 eq. 1-8", "004 app. A, B"),
    )


def with_log_eps(reduction: str = "mean", targets_as: str = "one-hot") -> Derivation:
    """The variation -log(softmax + eps) at the target, and its gradient through the softmax."""
    targets, target = _targets(targets_as)
    per_sample = let("per_sample", (s,), -total(target[s, k] * log(softmax + log_eps), k))
    loss, weight = reduced(per_sample, reduction)
    offset = let("offset", (s, j), p[s, j] + log_eps)
    through_softmax = let("through_softmax", (s,), -total(target[s, k] * log(offset[s, k]), k))
    share = let("share", (s, j), target[s, j] * p[s, j] / offset[s, j])
    upward = let("upward", (s, j), -weight * target[s, j] / offset[s, j])
    jacobian = let("jacobian", (s, i, j), delta(i, j) * p[s, i] - p[s, i] * p[s, j])
    return Derivation(
        name="softmax_cross_entropy",
        inputs=(x, targets),
        primal=(loss,),
        definitions=(
            target,
            per_sample,
            shift,
            shifted,
            mass,
            p,
            offset,
            through_softmax,
            share,
            upward,
            jacobian,
        ),
        values=(
            ClosedForm(
                "loss", loss.indices, reduced(through_softmax, reduction)[0].body, "003 eq. 2"
            ),
        ),
        gradients=(
            ClosedForm(
                "logits",
                (s, j),
                weight * (p[s, j] * total(share[s, k], k) - share[s, j]),
                "003 eq. 8",
            ),
            ClosedForm(
                "logits",
                (s, j),
                total(upward[s, i] * jacobian[s, i, j], i),
                "001 a, b",
                "through the Jacobian",
            ),
        ),
        sources=("003 eq. 1-8", "001 a, b"),
    )
