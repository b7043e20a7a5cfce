"""The Gaussian error linear unit (11-785, homework 1, 2025): by erf, not by tanh in its place."""

from sympy import Rational, erf, erfc, exp, pi, sqrt

from derivations.notation import ClosedForm, Derivation, array, axes, let

batch, features = axes("batch features")
s = batch.index("s")
j = features.index("j")

SOURCE = "11-785, homework 1, 2025"


def derive() -> Derivation:
    """y = x Phi(x), and its VJP dy (Phi(x) + x phi(x)), with the normal distribution's functions.

    1 + erf loses its digits far below 0, erfc loses those of the argument near 0: programs have the
    one or the other.
    """
    x = array("x", batch, features)
    dy = array("dy", batch, features)
    cdf = let("cdf", (s, j), Rational(1, 2) * (1 + erf(x[s, j] / sqrt(2))))
    # Named: SymPy turns erfc(-z) into 2 - erfc(z), which rounds otherwise.
    below = let("below", (s, j), -x[s, j] / sqrt(2))
    tail = let("tail", (s, j), erfc(below[s, j]) / 2)
    pdf = let("pdf", (s, j), exp(-(x[s, j] ** 2) / 2) / sqrt(2 * pi))
    return Derivation(
        name="gelu",
        inputs=(x,),
        primal=(let("y", (s, j), x[s, j] * cdf[s, j]),),
        definitions=(cdf, pdf, below, tail),
        values=tuple(
            ClosedForm("y", (s, j), x[s, j] * share[s, j], SOURCE, form)
            for form, share in (("compact", cdf), ("through erfc", tail))
        ),
        gradients=tuple(
            ClosedForm("x", (s, j), dy[s, j] * (share[s, j] + x[s, j] * pdf[s, j]), SOURCE, form)
            for form, share in (("compact", cdf), ("through erfc", tail))
        ),
        sources=(SOURCE,),
    )
