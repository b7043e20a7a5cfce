"""Partial derivatives in index notation, by a rule for each kind of node.

SymPy's own `diff` captures a bound index that is also differentiated by (sympy 21891).
"""

from __future__ import annotations

import sympy as sp
from sympy.core.function import AppliedUndef

from derivations.notation import Case, Derivation, Partial, Positive, delta, rename_bound

PRIME = "'"
"""What follows the name of an elementwise function in the name of its derivative."""


class NotDifferentiableError(TypeError):
    """The primal holds a function that has no differentiation rule here."""


def take(derivation: Derivation, expression: sp.Expr) -> sp.Expr:
    """Take every partial derivative that is written in an expression; what was held stays named."""
    if not expression.has(Partial):
        return expression
    if isinstance(expression, Partial):
        of, by, *held = expression.args
        of = derivation.expand(take(derivation, of), [h.name for h in held])
        return differentiate(rename_bound(of), by)
    return expression.func(*(take(derivation, a) for a in expression.args))


def differentiate(expression: sp.Expr, entry: sp.Expr) -> sp.Expr:
    """The partial derivative of an expression by one entry of an array.

    Parameters
    ----------
    expression
        Index notation without named intermediates, its bound indices distinct from `entry`'s.
    entry
        Such as ``x[r, i]``, with free indices; a symbol where an array has no axes.

    Raises
    ------
    NotDifferentiableError
        For a function without a rule, `Maximum` among them.
    """
    moving = entry.base if isinstance(entry, sp.Indexed) else entry
    match expression:
        case sp.Indexed():
            if expression.base != moving:
                return sp.S.Zero
            pairs = zip(expression.indices, entry.indices, strict=True)
            return sp.Mul(*(delta(i, j) for i, j in pairs))
        case _ if expression == entry:
            return sp.S.One
        case _ if not expression.has(moving):
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
        case AppliedUndef(args=(inside,)):
            slope = sp.Function(expression.func.__name__ + PRIME, real=True)
            return slope(inside) * differentiate(inside, entry)
        case Case(args=(indicator, a, b)):
            return Case(indicator, differentiate(a, entry), differentiate(b, entry))
        case Positive():
            return sp.S.Zero
        case sp.Sum(args=(body, *bounds)):
            return sp.Sum(differentiate(body, entry), *bounds)
    raise NotDifferentiableError(f"no differentiation rule for {expression.func.__name__}")
