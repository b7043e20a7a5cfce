"""A formula given the wrong thing: input for output, a mask reversed, a hyper-parameter fixed."""

from __future__ import annotations

import itertools
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
    """One array in the place of another that has the same axes.

    In a gradient the parts that the upstream gradient goes into are given another array, be it an
    input or what the forward has stored; in a forward all parts are, and be it an input.

    Parameters
    ----------
    formula
        Of a gradient, or of an output.
    name
        What the gradient is of; empty for an output.
    """
    inputs = {a.name: tuple(axis.size for axis in a.axes) for a in formula.derivation.inputs}
    stored = {d.name: tuple(i.upper + 1 for i in d.indices) for d in formula.stored}
    parts = formula.backward if name else formula.parts.keys()
    known = {**inputs, **stored} if name else inputs
    read = set().union(*(names(formula.parts[part]) for part in parts))
    for old in sorted(read & (inputs.keys() | stored.keys())):
        axes = inputs.get(old) or stored[old]
        for new in (n for n in known if axes and n != old and known[n] == axes):
            kind, text = _confusion(formula, name, old, new)
            changed = formula.changed(parts, partial(_renamed, names={old: new}))
            yield Alteration(kind, text, changed, (formula.form.form, old, new))
    for a, b in itertools.combinations(sorted(read & inputs.keys()), 2):
        if inputs[a] == inputs[b]:
            text = f"{capital(a)} and {b} have changed places."
            changed = formula.changed(formula.parts, partial(_renamed, names={a: b, b: a}))
            yield Alteration(Kind.WRONG_ARRAY, text, changed, (a, b))


def _confusion(formula: Formula, name: str, old: str, new: str) -> tuple[Kind, str]:
    """What it is to take one array for another."""
    derivation = formula.derivation
    values = [v.expression for v in derivation.values if v.of == derivation.output.name]
    named = {v.base.name for v in values if isinstance(v, sp.Indexed)}
    outputs = {derivation.output.name} | named
    if old in outputs and new == name:
        text = "The derivative's formula was given the input where it needs the output."
        return Kind.INPUT_FOR_OUTPUT, text
    if old == name and new in outputs:
        text = "The derivative's formula was given the output where it needs the input."
        return Kind.OUTPUT_FOR_INPUT, text
    return Kind.WRONG_ARRAY, f"In {formula.title}, {new} stands where {old} belongs."


def _renamed(expression: sp.Expr, names: Mapping[str, str]) -> sp.Expr:
    """The entries of some arrays replaced by those of others."""
    entries = [e for e in expression.atoms(sp.Indexed) if e.base.name in names]
    return expression.xreplace({e: sp.IndexedBase(names[e.base.name])[e.indices] for e in entries})


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
