"""The logistic function (004 §3.1.1, 3.1.2)."""

from sympy import exp
from sympy import tanh as tanh_of

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
    halved = let("halved", (s, j), (1 + tanh_of(x[s, j] / 2)) / 2)
    return Derivation(
        name="sigmoid",
        inputs=(x,),
        primal=(y,),
        definitions=(rising, halved),
        values=(
            ClosedForm("y", (s, j), 1 / (1 + falling), "004 §3.1.1"),
            ClosedForm("y", (s, j), rising[s, j], "004 §3.1.1", "through e^x"),
            ClosedForm("y", (s, j), halved[s, j], "004 §3.1.1", "through tanh"),
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
            ClosedForm(
                "x",
                (s, j),
                dy[s, j] * halved[s, j] * (1 - halved[s, j]),
                "004 §3.1.2",
                "through tanh",
            ),
        ),
        sources=("004 §3.1.1, 3.1.2",),
    )
