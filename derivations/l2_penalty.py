"""The squared Frobenius norm of a weight (003 eq. 16)."""

import sympy as sp

from derivations.notation import ClosedForm, Derivation, array, axes, let, parameter, total

rows, columns = axes("rows columns")
i, k = rows.indices("i k")
j, l = columns.indices("j l")
strength = parameter("strength")


def derive() -> Derivation:
    """lambda ||W||^2, without a half, and its gradient 2 lambda W."""
    weight = array("weight", rows, columns)
    upstream = sp.Symbol("dloss", real=True)
    return Derivation(
        name="l2_penalty",
        inputs=(weight,),
        primal=(let("loss", (), strength * total(weight[k, l] ** 2, k, l)),),
        gradients=(
            ClosedForm("weight", (i, j), upstream * 2 * strength * weight[i, j], "003 eq. 16"),
        ),
        sources=("003 eq. 16",),
    )
