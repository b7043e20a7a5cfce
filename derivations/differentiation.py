"""Partial derivatives in index notation, by a rule for each kind of node.

SymPy's own `diff` captures a bound index that is also differentiated by (sympy 21891).
"""

from __future__ import annotations

import sympy as sp

from derivations.notation import Case, Positive, delta


class NotDifferentiableError(TypeError):
    """The primal holds a function that has no differentiation rule here."""


def differentiate(expression: sp.Expr, entry: sp.Indexed) -> sp.Expr:
    """The partial derivative of an expression by one entry of an array.

    Parameters
    ----------
    expression
        Index notation without named intermediates, its bound indices distinct from `entry`'s.
    entry
        Such as ``x[r, i]``, with free indices.

    Raises
    ------
    NotDifferentiableError
        For a function without a rule, `Maximum` among them.
    """
    match expression:
        case sp.Indexed():
            if expression.base != entry.base:
                return sp.S.Zero
            pairs = zip(expression.indices, entry.indices, strict=True)
            return sp.Mul(*(delta(i, j) for i, j in pairs))
        case _ if not expression.has(entry.base):
            return sp.S.Zero
        case sp.Add():
            return sp.Add(*(differentiate(a, entry) for a in expression.args))
        case sp.Mul():
            factors = expression.args
            return sp.Add(
                *(
                    sp.Mul(*factors[:n], differentiate(f, entry), *factors[n + 1 :])
                    for n, f in enumerate(factors)
                )
            )
        case sp.exp(args=(power,)):
            return expression * differentiate(power, entry)
        case sp.Pow(args=(base, power)) if power.is_number:
            return power * base ** (power - 1) * differentiate(base, entry)
        case sp.log(args=(inside,)):
            return differentiate(inside, entry) / inside
        case sp.tanh(args=(inside,)):
            return (1 - expression**2) * differentiate(inside, entry)
        case sp.erf(args=(inside,)):
            slope = 2 / sp.sqrt(sp.pi) * sp.exp(-(inside**2))
            return slope * differentiate(inside, entry)
        case Case(args=(indicator, a, b)):
            return Case(indicator, differentiate(a, entry), differentiate(b, entry))
        case Positive():
            return sp.S.Zero
        case sp.Sum(args=(body, *bounds)):
            return sp.Sum(differentiate(body, entry), *bounds)
    raise NotDifferentiableError(f"no differentiation rule for {expression.func.__name__}")
