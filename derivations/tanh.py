"""The hyperbolic tangent (004 §3.1.3, 3.1.4; 002, Q2.2)."""

from sympy import exp
from sympy import tanh as tanh_of

from derivations.notation import ClosedForm, Derivation, array, axes, let

batch, features = axes("batch features")
s = batch.index("s")
j = features.index("j")


def derive() -> Derivation:
    """y = (e^x - e^-x) / (e^x + e^-x), and its VJP dy (1 - y^2).

    The quotient of exponentials, 004's own formula, cancels near 0: it is declared as a form, so
    that a program that computes it is not blamed for it.
    """
    x = array("x", batch, features)
    dy = array("dy", batch, features)
    up, down = exp(x[s, j]), exp(-x[s, j])
    y = let("y", (s, j), (up - down) / (up + down))
    return Derivation(
        name="tanh",
        inputs=(x,),
        primal=(y,),
        values=(
            ClosedForm("y", (s, j), tanh_of(x[s, j]), "004 §3.1.3"),
            ClosedForm("y", (s, j), y.body, "004 §3.1.3", "exponentials"),
        ),
        gradients=(
            ClosedForm("x", (s, j), dy[s, j] * (1 - tanh_of(x[s, j]) ** 2), "004 §3.1.4"),
            ClosedForm("x", (s, j), dy[s, j] * (1 - y[s, j] ** 2), "004 §3.1.4", "exponentials"),
            ClosedForm(
                "x", (s, j), dy[s, j] * 4 / (up + down) ** 2, "004 §3.1.4", "hyperbolic cosine"
            ),
        ),
        sources=("004 §3.1.3, 3.1.4", "002, Q2.2"),
    )
