"""The rectifier (000 eq. 11; 004 §3.1.5, 3.1.6); the derivative at its kink is 0."""

from derivations.notation import Case, ClosedForm, Derivation, Positive, array, axes, let

batch, features = axes("batch features")
s = batch.index("s")
j = features.index("j")


def derive() -> Derivation:
    """y = max(0, x), and its VJP dy 1[x > 0]."""
    x = array("x", batch, features)
    dy = array("dy", batch, features)
    above = Positive(x[s, j])
    return Derivation(
        name="relu",
        inputs=(x,),
        primal=(let("y", (s, j), Case(above, x[s, j], 0)),),
        gradients=(
            ClosedForm("x", (s, j), Case(above, dy[s, j], 0), "000 eq. 11, 20"),
            ClosedForm("x", (s, j), dy[s, j] * above, "002, Q1.1 b", "Hadamard"),
        ),
        sources=("000 eq. 11, 20", "002, Q1.1 b", "004 §3.1.5"),
    )
