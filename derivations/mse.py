"""The squared error (004, glossary: C_0 = (a - y)^2, averaged over the examples)."""

from derivations.notation import ClosedForm, Derivation, array, axes, let, total
from derivations.reduction import reduced

batch, features = axes("batch features")
s = batch.index("s")
j, k = features.indices("j k")


def derive(reduction: str = "mean") -> Derivation:
    """The sum over features of (a - y)^2 for each sample, reduced, and its gradient 2 (a - y)."""
    a = array("prediction", batch, features)
    y = array("target", batch, features, differentiable=False)
    per_sample = let("per_sample", (s,), total((a[s, k] - y[s, k]) ** 2, k))
    loss, weight = reduced(per_sample, reduction)
    return Derivation(
        name="mse",
        inputs=(a, y),
        primal=(loss,),
        definitions=(per_sample,),
        gradients=(
            ClosedForm("prediction", (s, j), 2 * weight * (a[s, j] - y[s, j]), "004, glossary"),
        ),
        sources=("004, glossary",),
    )
