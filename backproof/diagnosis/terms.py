"""A term, a factor or a power of a formula left out, or there twice."""

from __future__ import annotations

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
    """One term left out; the text points at the term."""
    for part, expression in formula.parts.items():
        for sum_ in ordered(expression.atoms(sp.Add)):
            if not sum_.atoms(sp.Indexed, sp.Sum):
                continue
            scales = part in formula.backward and _is_proportional(expression, sum_)
            for term in sum_.args:
                if term != EPS:
                    yield Alteration(
                        Kind.MISSING_TERM,
                        partial(_pointed_at, formula, part, term),
                        formula.with_part(part, expression.xreplace({sum_: sum_ - term})),
                        (formula.form.form, part, alike(term)),
                        scales,
                    )


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
    inside = [formula.used[n] for n in sorted(names(term) & formula.used.keys())]
    reductions = [text for text in map(described, inside) if text.startswith("the ")]
    of = formula.called(part)
    if reductions:
        return f"The term of {of} with {' and '.join(reductions)}, {in_words(term)},"
    where = " and ".join(f"{in_words(d[d.indices])} = {in_words(d.body)}" for d in inside)
    return f"The term {in_words(term)} of {of}{f', where {where},' if where else ''}"


def factors(formula: Formula) -> Alterations:
    """One factor left out, or there twice."""
    sizes = {str(i.upper + 1) for e in formula.parts.values() for i in e.atoms(sp.Idx)}
    for part, expression in formula.parts.items():
        found = {f for p in expression.atoms(sp.Mul) for f in p.args if isinstance(f, _FACTORS)}
        for factor in ordered(found):
            inside = names(factor)
            if factor.is_integer or inside <= sizes or formula.upstream in inside:
                continue
            for kind, new, what in (
                (Kind.MISSING_FACTOR, sp.S.One, "is missing"),
                (Kind.ADDITIONAL_FACTOR, factor**2, "stands there twice"),
            ):
                changed = formula.with_part(part, _with_factor(expression, factor, new))
                text = partial(_factor_in_words, formula, part, factor, what)
                yield Alteration(kind, text, changed, (part, alike(factor)))


def _with_factor(expression: sp.Expr, old: sp.Expr, new: sp.Expr) -> sp.Expr:
    """Every product with one factor replaced."""
    return expression.replace(
        lambda e: isinstance(e, sp.Mul) and old in e.args,
        lambda e: sp.Mul(*(new if f == old else f for f in e.args)),
    )


def _factor_in_words(formula: Formula, part: str, factor: sp.Expr, what: str) -> str:
    return f"The factor {in_words(factor)} of {formula.called(part)} {what}."


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
