"""Inverted dropout with the mask given (001 §2)."""

from derivations.notation import ClosedForm, Derivation, array, axes, let, parameter

batch, features = axes("batch features")
s = batch.index("s")
j = features.index("j")
rate = parameter("rate")


def derive() -> Derivation:
    """y = x m / (1 - p), and its VJP dy m / (1 - p)."""
    x = array("x", batch, features)
    mask = array("mask", batch, features, differentiable=False)
    dy = array("dy", batch, features)
    return Derivation(
        name="dropout",
        inputs=(x, mask),
        primal=(let("y", (s, j), x[s, j] * mask[s, j] / (1 - rate)),),
        gradients=(ClosedForm("x", (s, j), dy[s, j] * mask[s, j] / (1 - rate), "001 §2"),),
        sources=("001 §2",),
    )
