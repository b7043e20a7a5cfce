"""Cross-entropy of the softmax of logits (003 eq. 1 to 8; 004 app. A, B)."""

from sympy import exp, log

from derivations.notation import ClosedForm, Derivation, array, axes, delta, let, maximum, total
from derivations.reduction import reduced

batch, classes = axes("batch classes")
s = batch.index("s")
j, k, l = classes.indices("j k l")


def derive(reduction: str = "mean", targets_as: str = "one-hot") -> Derivation:
    """-log softmax at the target for each sample, reduced, and its gradient (psi - Delta)/N.

    Parameters
    ----------
    reduction
        ``"sum"``, ``"mean"`` or ``"none"``.
    targets_as
        ``"one-hot"`` rows, or the class's ``"index"``.
    """
    x = array("logits", batch, classes)
    if targets_as == "one-hot":
        targets = array("targets", batch, classes, sums_to_one=True, differentiable=False)
        target = let("target", (s, j), targets[s, j])
    else:
        targets = array("targets", batch, index_into=classes, differentiable=False)
        target = let("target", (s, j), delta(targets[s], j))

    softmax = exp(x[s, k]) / total(exp(x[s, l]), l)
    per_sample = let("per_sample", (s,), -total(target[s, k] * log(softmax), k))
    loss, weight = reduced(per_sample, reduction)

    shift = let("shift", (s,), maximum(x[s, k], k))
    shifted = let("shifted", (s, j), exp(x[s, j] - shift[s]))
    mass = let("mass", (s,), total(shifted[s, k], k))
    p = let("p", (s, j), shifted[s, j] / mass[s])
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
