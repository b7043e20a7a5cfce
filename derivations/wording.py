"""Formulas in one line of plain text, for a person who is reading a report."""

from __future__ import annotations

import re

import sympy as sp
from sympy.printing.str import StrPrinter

from derivations.notation import Case, Definition, Maximum, Positive


class _Words(StrPrinter):
    """SymPy's text, with sums and indicators as a textbook writes them."""

    def _print_Sum(self, expression: sp.Sum) -> str:
        body, *bounds = expression.args
        over = ", ".join(f"{b[0]}" for b in bounds)
        return f"sum over {over} of ({self._print(body)})"

    def _print_Maximum(self, expression: Maximum) -> str:
        body, *bounds = expression.args
        return f"max over {', '.join(str(b[0]) for b in bounds)} of {self._print(body)}"

    def _print_KroneckerDelta(self, expression: sp.KroneckerDelta) -> str:
        i, j = expression.args
        return f"1[{self._print(i)} = {self._print(j)}]"

    def _print_Positive(self, expression: Positive) -> str:
        return f"1[{self._print(expression.args[0])} > 0]"

    def _print_Case(self, expression: Case) -> str:
        indicator, a, b = map(self._print, expression.args)
        return f"({a} where {indicator}, else {b})"

    def _print_Pow(self, expression: sp.Pow, rational: bool = False) -> str:
        base, power = expression.args
        if power == sp.Rational(1, 2):
            return f"sqrt({self._print(base)})"
        return str(super()._print_Pow(expression, rational=rational))


def in_words(expression: sp.Expr) -> str:
    """A formula in one line: ``-mean_dx_hat[j] / deviation[j]``."""
    return str(_Words({"order": "none"}).doprint(expression)).replace("**", "^")


def described(definition: Definition) -> str:
    """What a named intermediate is, in words where it is a sum or a mean along axes.

    ``the mean of dx_hat over the batch``, else its formula.
    """
    factors = sp.Mul.make_args(definition.body)
    sums = [f for f in factors if isinstance(f, sp.Sum)]
    if len(sums) != 1:
        return in_words(definition.body)
    body, *bounds = sums[0].args
    sizes = [b[0].upper + 1 for b in bounds]
    others = [f for f in factors if f is not sums[0]]
    if others and sorted(map(str, others)) != sorted(f"1/{size}" for size in sizes):
        return in_words(definition.body)
    inside = re.sub(r"\[[^\]]*\]", "", in_words(body)).replace("*", " ")
    axes = " and ".join(str(size).replace("_", " ") for size in sizes)
    return f"the {'mean' if others else 'sum'} of {inside} over the {axes}"
