"""The identity (004 §3.1)."""

from derivations.notation import ClosedForm, Derivation, array, axes, let

batch, features = axes("batch features")
s = batch.index("s")
j = features.index("j")


def derive() -> Derivation:
    """y = x, and its VJP, the cotangent itself."""
    x = array("x", batch, features)
    dy = array("dy", batch, features)
    return Derivation(
        name="identity",
        inputs=(x,),
        primal=(let("y", (s, j), x[s, j]),),
        gradients=(ClosedForm("x", (s, j), dy[s, j], "004 §3.1"),),
        sources=("004 §3.1",),
    )
