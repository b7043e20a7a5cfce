"""A closed form together with the named intermediates that it uses, and a change of one of them.

The intermediates are what a program computes on the way, so that mistakes are made in them too.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import sympy as sp

from backproof.diagnosis.kinds import Kind
from backproof.diagnosis.words import Text
from derivations.notation import ClosedForm, Definition, Derivation

ITSELF = ""
"""The formula, among its parts; the others are called as the intermediates are."""


@dataclass(frozen=True)
class Formula:
    """A closed form together with the intermediates that it uses.

    Attributes
    ----------
    title
        What it is of, in words.
    """

    title: str
    derivation: Derivation
    form: ClosedForm

    @cached_property
    def used(self) -> dict[str, Definition]:
        """The intermediates that it uses, directly or not, each after those that it uses itself."""
        named = {d.name: d for d in (*self.derivation.definitions, *self.derivation.primal)}
        found: set[str] = set()
        open_ = [self.form.expression]
        while open_:
            new = (names(open_.pop()) & named.keys()) - found
            found |= new
            open_ += [named[name].body for name in new]
        return {name: d for name, d in named.items() if name in found}

    @cached_property
    def parts(self) -> dict[str, sp.Expr]:
        """The formula itself and the intermediates' own."""
        return {ITSELF: self.form.expression, **{n: d.body for n, d in self.used.items()}}

    @cached_property
    def sizes(self) -> set[str]:
        """The names of the axes that indices run along."""
        return {str(i.upper + 1) for e in self.parts.values() for i in e.atoms(sp.Idx)}

    @property
    def upstream(self) -> str:
        """The name of the upstream gradient."""
        return f"d{self.derivation.output.name}"

    @cached_property
    def backward(self) -> set[str]:
        """The parts that the upstream gradient goes into; the others are the forward's."""
        found = {self.upstream}
        for name, definition in self.used.items():
            if names(definition.body) & found:
                found.add(name)
        return (found - {self.upstream}) | {ITSELF}

    @property
    def stored(self) -> list[Definition]:
        """The intermediates that the forward makes, and its output."""
        used = [d for name, d in self.used.items() if name not in self.backward]
        output = self.derivation.output
        return used if output in used else [*used, output]

    def called(self, part: str) -> str:
        """A part in words."""
        return f"{part} (in {self.title})" if part else self.title

    def with_part(self, part: str, expression: sp.Expr) -> Formula:
        """The formula with one part replaced."""
        return self.changed({part}, lambda _: expression)

    def changed(self, parts: Collection[str], change: Callable[[sp.Expr], sp.Expr]) -> Formula:
        """The formula with some parts changed."""
        bodies = {n: change(e) if n in parts else e for n, e in self.parts.items()}
        form = replace(self.form, expression=bodies[ITSELF])
        return self.with_formulas([replace(d, body=bodies[n]) for n, d in self.used.items()], form)

    def with_formulas(self, definitions: Collection[Definition], form: ClosedForm) -> Formula:
        """Another formula, with these intermediates in the place of those of the same names."""
        own = {d.name: d for d in definitions}
        derivation = replace(
            self.derivation,
            definitions=tuple(own.get(d.name, d) for d in self.derivation.definitions),
            primal=tuple(own.get(d.name, d) for d in self.derivation.primal),
        )
        return Formula(self.title, derivation, form)


@dataclass(frozen=True)
class Alteration:
    """A changed formula.

    Attributes
    ----------
    kind
        What was changed.
    text
        Says so in words.
    formula
        The result.
    key
        The same for the same change under every convention.
    scales
        For a term that was left out: whether the formula would follow a multiple of it in
        proportion.
    """

    kind: Kind
    text: Text
    formula: Formula
    key: tuple[Any, ...]
    scales: bool = False


Alterations = Iterator[Alteration]

EPS = sp.Symbol("eps", real=True)
"""The small number under a root; how it is forgotten has a kind of its own."""


def names(expression: sp.Expr) -> set[str]:
    """The names of the arrays and symbols that an expression uses."""
    entries = {e.base.name for e in expression.atoms(sp.Indexed)}
    return entries | {s.name for s in expression.free_symbols if type(s) is sp.Symbol}


def ordered(nodes: Collection[sp.Expr]) -> list[sp.Expr]:
    """The parts of an expression in an order that does not depend on the run."""
    return sorted(nodes, key=sp.default_sort_key)


def alike(expression: sp.Expr) -> tuple[Any, ...]:
    """What an expression is made of, whatever its indices are called."""
    nodes = sorted(type(e).__name__ for e in sp.preorder_traversal(expression))
    return tuple(sorted(names(expression))), tuple(nodes)
