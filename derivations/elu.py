"""The exponential linear unit (002, Q1.1 b and Q2.2); the derivative at its kink is alpha."""

from sympy import exp

from derivations.notation import (
    Case,
    ClosedForm,
    Derivation,
    Positive,
    array,
    axes,
    let,
    parameter,
)

batch, features = axes("batch features")
s = batch.index("s")
j = features.index("j")
alpha = parameter("alpha")


def derive() -> Derivation:
    """y = x above 0, alpha (e^x - 1) elsewhere, and its VJP."""
    x = array("x", batch, features)
    dy = array("dy", batch, features)
    above = Positive(x[s, j])
    low = alpha * (exp(x[s, j]) - 1)
    y = let("y", (s, j), Case(above, x[s, j], low))
    return Derivation(
        name="elu",
        inputs=(x,),
        primal=(y,),
        gradients=(
            ClosedForm(
                "x", (s, j), Case(above, dy[s, j], dy[s, j] * alpha * exp(x[s, j])), "002, Q1.1 b"
            ),
            ClosedForm(
                "x",
                (s, j),
                dy[s, j] * Case(above, 1, low + alpha),
                "002, Q1.1 b",
                "from the output",
            ),
        ),
        sources=("002, Q1.1 b", "002, Q2.2"),
    )
