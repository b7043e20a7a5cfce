"""A mean for a sum, a sum for a mean, a sum along another axis, one sample for the sum."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial

import sympy as sp

from backproof.diagnosis.axes import Moved, along_both_axes, along_other_axis
from backproof.diagnosis.formula import ITSELF, Alteration, Alterations, Formula, alike, ordered
from backproof.diagnosis.kinds import Kind
from backproof.diagnosis.words import over
from derivations.notation import Definition


def sums(formula: Formula) -> Alterations:
    """A mean for a sum, a sum for a mean, n - 1 for n: one of them, then all of them."""
    for part, expression in formula.parts.items():
        for sum_ in ordered(expression.atoms(sp.Sum)):
            indices = [b[0] for b in sum_.args[1:]]
            for group in [[i] for i in indices] + [indices] * (len(indices) > 1):
                yield from _along(formula, part, sum_, group)
    forward = formula.parts.keys() - formula.backward
    for parts in (formula.backward, forward, formula.parts.keys()):
        yield from _all_sums(formula, parts)


def _along(formula: Formula, part: str, sum_: sp.Expr, indices: Sequence[sp.Idx]) -> Alterations:
    """One sum along some of its indices."""
    expression = formula.parts[part]
    is_mean, count = _is_mean(expression, sum_, indices), _count(indices)
    wrong = _scaled(expression, {sum_: count if is_mean else 1 / count})
    yield Alteration(
        Kind.SUM_FOR_MEAN if is_mean else Kind.MEAN_FOR_SUM,
        _reduction(part, indices, is_mean=is_mean),
        formula.with_part(part, wrong),
        (part, str(count), alike(sum_)),
    )
    if is_mean and isinstance(sum_.args[0], sp.Pow):
        text = f"The {part or 'mean'} is divided by n - 1, not by n."
        fewer = _scaled(expression, {sum_: count / (count - 1)})
        yield Alteration(Kind.DDOF, text, formula.with_part(part, fewer), (part, str(count)))


def _all_sums(formula: Formula, parts: Collection[str]) -> Alterations:
    """Every mean of some parts a sum, or every sum a mean."""
    for are_means, kind, text in (
        (True, Kind.SUM_FOR_MEAN, "Sums stand where the formula has means."),
        (False, Kind.MEAN_FOR_SUM, "Means stand where the formula has sums."),
    ):
        factors: dict[sp.Expr, sp.Expr] = {}
        for expression in (e for part, e in formula.parts.items() if part in parts):
            for sum_ in expression.atoms(sp.Sum):
                indices = [b[0] for b in sum_.args[1:]]
                if _is_mean(expression, sum_, indices) == are_means:
                    factors[sum_] = _count(indices) if are_means else 1 / _count(indices)
        if len(factors) > 1:
            changed = formula.changed(parts, partial(_scaled, factors=factors))
            yield Alteration(kind, text, changed, tuple(sorted(parts)))


def _scaled(expression: sp.Expr, factors: Mapping[sp.Expr, sp.Expr]) -> sp.Expr:
    """The sums of an expression, each times a factor."""
    return expression.xreplace({sum_: sum_ * factor for sum_, factor in factors.items()})


def _count(indices: Sequence[sp.Idx]) -> sp.Expr:
    """The number of terms along some indices."""
    return sp.Mul(*(i.upper + 1 for i in indices))


def _is_mean(expression: sp.Expr, sum_: sp.Expr, indices: Sequence[sp.Idx]) -> bool:
    """Whether a sum is divided by the number of its terms."""
    divisors = {1 / (i.upper + 1) for i in indices}
    products = [p.args for p in expression.atoms(sp.Mul) if sum_ in p.args]
    return any(divisors <= set(factors) for factors in products)


def _reduction(part: str, indices: Sequence[sp.Idx], *, is_mean: bool) -> str:
    it = f"The intermediate {part} is" if part else "It is"
    along = " and ".join(over(str(i.upper + 1)) for i in indices)
    if is_mean:
        return f"{it} summed over {along}; it must be averaged."
    return f"{it} averaged over {along}; it must be summed."


def other_axes(formula: Formula) -> Alterations:
    """A sum or a mean along another axis: all of them, the backward's, the forward's, or one."""
    form = formula.form
    parts = [*formula.used.values(), Definition(ITSELF, form.indices, form.expression)]
    for group in _groups(formula):
        for move, text in ((along_other_axis, _axes_in_words), (along_both_axes, _both_in_words)):
            moved = move(parts, group)
            if moved is not None:
                *definitions, own = moved.formulas
                changed = replace(form, indices=own.indices, expression=own.body)
                yield Alteration(
                    Kind.WRONG_AXIS,
                    partial(text, formula, moved),
                    formula.with_formulas(definitions, changed),
                    (move.__name__, *sorted(group)),
                )


def _groups(formula: Formula) -> list[set[str]]:
    """The parts with sums whose axes may be mistaken together."""
    with_sums = {part for part, expression in formula.parts.items() if expression.has(sp.Sum)}
    backward = with_sums & formula.backward
    groups = [with_sums, backward, with_sums - backward, *({n} for n in sorted(with_sums))]
    return list({tuple(sorted(g)): g for g in groups}.values())


def _axes_in_words(formula: Formula, moved: Moved) -> str:
    what = " and ".join(name or formula.title for name in moved.names)
    return (
        f"The wrong axis: in {what} the sum runs over {over(moved.wrong)}, "
        f"and it must run over {over(moved.right)}."
    )


def _both_in_words(formula: Formula, moved: Moved) -> str:
    what = " and ".join(name or formula.title for name in moved.names)
    return (
        f"The wrong axis: in {what} the sum runs over {over(moved.wrong)} too, "
        f"and it must run over {over(moved.right)} alone."
    )


def single_samples(formula: Formula) -> Alterations:
    """One sample in the place of their sum, as where a loop overwrites and does not add."""
    expression = formula.form.expression
    for sum_ in ordered(expression.atoms(sp.Sum)):
        body, *bounds = sum_.args
        for bound in (b for b in bounds if str(b[0].upper + 1) == "batch"):
            others = [b for b in bounds if b is not bound]
            for which, place in (("last", bound[0].upper), ("first", sp.S.Zero)):
                one = body.xreplace({bound[0]: place})
                single = sp.Sum(one, *others) if others else one
                yield Alteration(
                    Kind.NOT_SUMMED,
                    f"Only the {which} sample counts; the samples must be added up.",
                    formula.with_part(ITSELF, expression.xreplace({sum_: single})),
                    (which,),
                )
