"""The leaky rectifier with slope a (001 a, b); the derivative at its kink is a."""

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
slope = parameter("slope")


def derive() -> Derivation:
    """y = max(0, x) + a min(0, x), and its VJP."""
    x = array("x", batch, features)
    dy = array("dy", batch, features)
    above = Positive(x[s, j])
    low = slope * Case(above, 0, x[s, j])
    return Derivation(
        name="leaky_relu",
        inputs=(x,),
        primal=(let("y", (s, j), Case(above, x[s, j], 0) + low),),
        values=(
            ClosedForm("y", (s, j), Case(above, x[s, j], slope * x[s, j]), "001 a"),
            ClosedForm(
                "y",
                (s, j),
                (1 + slope) / 2 * x[s, j] + (1 - slope) / 2 * Case(above, x[s, j], -x[s, j]),
                "001 a",
                "through |x|",
            ),
        ),
        gradients=(
            ClosedForm("x", (s, j), Case(above, dy[s, j], slope * dy[s, j]), "001 b"),
            ClosedForm("x", (s, j), dy[s, j] * Case(above, 1, slope), "002, Q1.1 b", "Hadamard"),
            ClosedForm(
                "x",
                (s, j),
                dy[s, j] * ((1 + slope) / 2 + (1 - slope) / 2 * Case(above, 1, -1)),
                "002, Q1.1 b",
                "through |x|",
            ),
        ),
        sources=("001 a, b", "002, Q1.1 b"),
    )
