"""A formula given the wrong thing: input for output, a mask reversed, a hyper-parameter fixed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

import sympy as sp

from backproof.diagnosis.formula import (
    ITSELF,
    Alteration,
    Alterations,
    Formula,
    names,
    ordered,
)
from backproof.diagnosis.kinds import Kind
from backproof.diagnosis.words import capital, ignored
from derivations.notation import Positive


def arguments(formula: Formula, name: str) -> Alterations:
    """The input for the output, the output for the input.

    Parameters
    ----------
    formula
        Of the gradient.
    name
        The input.
    """
    derivation, form = formula.derivation, formula.form
    output = derivation.output
    if len(form.indices) != len(output.indices):
        return
    values = [v.expression for v in derivation.values if v.of == output.name]
    outputs = {output.name, *(v.base.name for v in values if isinstance(v, sp.Indexed))}
    read = set().union(*(names(formula.parts[part]) for part in formula.backward))
    if outputs & read:
        text = "The derivative's formula was given the input where it needs the output."
        changed = formula.changed(formula.backward, partial(_renamed, old=outputs, new=name))
        yield Alteration(Kind.INPUT_FOR_OUTPUT, text, changed, (form.form,))
    if name in read:
        text = "The derivative's formula was given the output where it needs the input."
        changed = formula.changed(formula.backward, partial(_renamed, old={name}, new=output.name))
        yield Alteration(Kind.OUTPUT_FOR_INPUT, text, changed, (form.form,))


def _renamed(expression: sp.Expr, old: Collection[str], new: str) -> sp.Expr:
    """The entries of some arrays replaced by those of another."""
    entries = [e for e in expression.atoms(sp.Indexed) if e.base.name in old]
    return expression.xreplace({e: sp.IndexedBase(new)[e.indices] for e in entries})


def conditions(formula: Formula, masks: Collection[str]) -> Alterations:
    """A case distinction or a mask reversed, or asked about the upstream gradient.

    Parameters
    ----------
    formula
        The formula.
    masks
        The inputs that hold zeros and ones.
    """
    expression = formula.form.expression

    def asking(new: Callable[[sp.Expr], sp.Expr]) -> Formula:
        return formula.changed(
            formula.parts, lambda e: e.replace(lambda e: isinstance(e, Positive), new)
        )

    if expression.has(Positive):
        text = "The case distinction is the wrong way round."
        reverse = asking(lambda e: Positive(-e.args[0]))
        yield Alteration(Kind.CONDITION, text, reverse, ("reversed",))
        upstream = sp.IndexedBase(formula.upstream)[formula.form.indices]
        if expression.has(upstream):
            text = "The case distinction asks about the upstream gradient, not about the input."
            of_upstream = asking(lambda _: Positive(upstream))
            yield Alteration(Kind.CONDITION, text, of_upstream, ("upstream",))
    for mask in sorted(set(masks) & names(expression)):
        entries = {e: 1 - e for e in expression.atoms(sp.Indexed) if e.base.name == mask}
        text = f"The {mask} is the wrong way round: 0 stands for 1, and 1 for 0."
        reverse = formula.with_part(ITSELF, expression.xreplace(entries))
        yield Alteration(Kind.CONDITION, text, reverse, (mask,))


Setting = tuple[str, Any, Mapping[sp.Symbol, Any]]
"""A hyper-parameter, a value of it, and the symbols that stand for it with their values."""


def parameters(formula: Formula, settings: Collection[Setting]) -> Alterations:
    """A hyper-parameter held at one value, p for 1 - p, eps left out or outside the root."""
    sizes = {i.upper + 1 for e in formula.parts.values() for i in e.atoms(sp.Idx)}
    free = set().union(*(e.free_symbols for e in formula.parts.values())) - sizes
    for name, value, symbols in settings:
        here = {s: sp.sympify(v) for s, v in symbols.items() if s in free}
        if here:
            held = formula.changed(formula.parts, partial(_with, values=here))
            yield Alteration(Kind.PARAMETER_IGNORED, ignored(name, value), held, (name, value))
    known = {s for _, _, symbols in settings for s in symbols if s in free and not s.is_integer}
    for symbol in ordered(known):
        name = symbol.name
        if name == "eps":
            yield from _eps(formula, symbol)
        swapped = formula.changed(formula.parts, partial(_with, values={symbol: 1 - symbol}))
        text = f"{capital(name)} and 1 - {name} have changed places."
        yield Alteration(Kind.PARAMETER_COMPLEMENT, text, swapped, (name,))


def _with(expression: sp.Expr, values: Mapping[sp.Symbol, sp.Expr]) -> sp.Expr:
    return expression.xreplace(values)


def _eps(formula: Formula, eps: sp.Symbol) -> Alterations:
    left_out = formula.changed(formula.parts, partial(_with, values={eps: sp.S.Zero}))
    yield Alteration(Kind.EPS, "Eps is left out.", left_out, ("left out",))

    def is_root(e: sp.Expr) -> bool:
        half = isinstance(e, sp.Pow) and abs(e.exp) == sp.Rational(1, 2)
        return half and eps in sp.Add.make_args(e.base)

    def outside(e: sp.Expr) -> sp.Expr:
        return (sp.sqrt(e.base - eps) + eps) ** (2 * e.exp)

    text = "Eps is added to the root; it belongs under it."
    moved = formula.changed(formula.parts, lambda e: e.replace(is_root, outside))
    yield Alteration(Kind.EPS, text, moved, ("outside the root",))
