"""Formulas in one line of plain text, for a person who is reading a report."""

from __future__ import annotations

import sympy as sp
from sympy.printing.str import StrPrinter

from derivations.notation import Case, Maximum, Positive


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
