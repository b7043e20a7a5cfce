"""The logistic function (004 §3.1.1, 3.1.2)."""

from sympy import exp

from derivations.notation import ClosedForm, Derivation, array, axes, let

batch, features = axes("batch features")
s = batch.index("s")
j = features.index("j")


def derive() -> Derivation:
    """y = 1 / (1 + e^-x), and its VJP dy y (1 - y)."""
    x = array("x", batch, features)
    dy = array("dy", batch, features)
    y = let("y", (s, j), 1 / (1 + exp(-x[s, j])))
    falling = exp(-x[s, j])
    rising = let("rising", (s, j), exp(x[s, j]) / (1 + exp(x[s, j])))
    return Derivation(
        name="sigmoid",
        inputs=(x,),
        primal=(y,),
        definitions=(rising,),
        values=(
            ClosedForm("y", (s, j), 1 / (1 + falling), "004 §3.1.1"),
            ClosedForm("y", (s, j), rising[s, j], "004 §3.1.1", "through e^x"),
        ),
        gradients=(
            ClosedForm("x", (s, j), dy[s, j] * y[s, j] * (1 - y[s, j]), "004 §3.1.2"),
            ClosedForm(
                "x", (s, j), dy[s, j] * falling / (1 + falling) ** 2, "004 §3.1.2", "quotient rule"
            ),
            ClosedForm(
                "x",
                (s, j),
                dy[s, j] * rising[s, j] * (1 - rising[s, j]),
                "004 §3.1.2",
                "through e^x",
            ),
        ),
        sources=("004 §3.1.1, 3.1.2",),
    )
