"""A term, a factor or a power of a formula left out, or there twice; a wrong sign."""

from __future__ import annotations

from collections import Counter
from functools import partial

import sympy as sp

from backproof.diagnosis.formula import (
    EPS,
    Alteration,
    Alterations,
    Formula,
    alike,
    names,
    ordered,
)
from backproof.diagnosis.kinds import Kind
from derivations.wording import described, in_words

_FACTORS = (sp.Indexed, sp.Symbol, sp.Pow, sp.exp, sp.log)


def terms(formula: Formula) -> Alterations:
    """One term left out, or all that have a mean or a sum in them; the text points at it."""
    for part, expression in formula.parts.items():
        for sum_ in ordered(expression.atoms(sp.Add)):
            if not sum_.atoms(sp.Indexed, sp.Sum):
                continue
            scales = part in formula.backward and _is_proportional(expression, sum_)
            reduced = [term for term in sum_.args if _reductions(formula, term)]
            together = [sp.Add(*reduced)] if 1 < len(reduced) < len(sum_.args) else []
            for term in (*sum_.args, *together):
                if term != EPS:
                    yield Alteration(
                        Kind.MISSING_TERM,
                        partial(_pointed_at, formula, part, term),
                        formula.with_part(part, expression.xreplace({sum_: sum_ - term})),
                        (formula.form.form, part, alike(term)),
                        scales,
                    )


def _reductions(formula: Formula, term: sp.Expr) -> list[str]:
    """The sums and means in a term, in words."""
    inside = (formula.used[n] for n in sorted(names(term) & formula.used.keys()))
    return [text for text in map(described, inside) if text.startswith("the ")]


def _is_proportional(expression: sp.Expr, part: sp.Expr) -> bool:
    """Whether an expression reaches a part through sums and products alone."""
    if expression == part:
        return True
    inside = [a for a in expression.args if a.has(part)]
    return isinstance(expression, sp.Add | sp.Mul | sp.Sum) and all(
        _is_proportional(a, part) for a in inside
    )


def _pointed_at(formula: Formula, part: str, term: sp.Expr) -> str:
    """The term by the sums and means in it, else by its formula and what is named in that."""
    of, reductions = formula.called(part), _reductions(formula, term)
    if reductions:
        return f"The term of {of} with {' and '.join(reductions)}, {in_words(term)},"
    inside = [formula.used[n] for n in sorted(names(term) & formula.used.keys())]
    where = " and ".join(f"{in_words(d[d.indices])} = {in_words(d.body)}" for d in inside)
    return f"The term {in_words(term)} of {of}{f', where {where},' if where else ''}"


def factors(formula: Formula) -> Alterations:
    """One factor of a product left out, or there twice."""
    for part, expression in formula.parts.items():
        seen: Counter[sp.Expr] = Counter()
        for product in ordered(expression.atoms(sp.Mul)):
            for factor in filter(partial(_is_factor, formula, product), product.args):
                seen[factor] += 1
                for kind, changed, what in (
                    (Kind.MISSING_FACTOR, product / factor, "is missing"),
                    (Kind.ADDITIONAL_FACTOR, product * factor, "stands there twice"),
                ):
                    yield Alteration(
                        kind,
                        partial(_factor_in_words, formula, part, factor, what),
                        formula.with_part(part, expression.xreplace({product: changed})),
                        (part, alike(factor), seen[factor]),
                    )


def _is_factor(formula: Formula, product: sp.Expr, factor: sp.Expr) -> bool:
    """Whether a factor may be forgotten: a size, a number, the upstream gradient are others."""
    if not isinstance(factor, _FACTORS) or factor.is_integer or (product / factor).is_number:
        return False
    inside = names(factor)
    return not inside <= formula.sizes and formula.upstream not in inside


def _factor_in_words(formula: Formula, part: str, factor: sp.Expr, what: str) -> str:
    return f"The factor {in_words(factor)} of {formula.called(part)} {what}."


def exponents(formula: Formula) -> Alterations:
    """An exponent with the wrong sign."""
    for part, expression in formula.parts.items():
        for power in ordered(expression.atoms(sp.exp)):
            changed = formula.with_part(part, expression.xreplace({power: 1 / power}))
            text = partial(_exponent_in_words, formula, part, power.args[0])
            yield Alteration(Kind.TERM_SIGN, text, changed, (part, alike(power)))


def _exponent_in_words(formula: Formula, part: str, exponent: sp.Expr) -> str:
    return f"The exponent {in_words(exponent)} of {formula.called(part)} has the wrong sign."


def powers(formula: Formula) -> Alterations:
    """A square or a root left out."""
    for part, expression in formula.parts.items():
        for power in ordered(expression.atoms(sp.Pow)):
            if power.exp == sp.Rational(1, 2) or (power.exp.is_integer and power.exp > 1):
                changed = formula.with_part(part, expression.xreplace({power: power.base}))
                text = partial(_power_in_words, formula, part, power)
                yield Alteration(Kind.MISSING_FACTOR, text, changed, (part, alike(power)))


def _power_in_words(formula: Formula, part: str, power: sp.Expr) -> str:
    what = {2: "square", sp.Rational(1, 2): "root"}.get(power.exp, "power")
    return f"The {what} of {in_words(power.base)} in {formula.called(part)} is missing."
