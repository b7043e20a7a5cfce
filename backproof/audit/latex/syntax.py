"""The syntax tree of an equation in LaTeX. Parentheses stay in it as they are written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import TypeAlias


class LatexError(ValueError):
    """LaTeX that is not read, or has no meaning here.

    Attributes
    ----------
    line, column
        Where, counted from 1.
    token
        What stands there.
    """

    def __init__(self, line: int, column: int, token: str, message: str) -> None:
        super().__init__(message)
        self.line, self.column, self.token = line, column, token


@dataclass(frozen=True)
class Placed:
    """Something with a place in the text, which does not count in comparisons."""

    line: int = field(default=0, compare=False, kw_only=True)
    column: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True)
class Number(Placed):
    """``2``, ``0.5``."""

    text: str


@dataclass(frozen=True)
class Symbol(Placed):
    r"""``X``, ``\gamma``, ``\hat{x}``, ``\exp``; styles such as ``\mathbf`` have been taken off."""

    name: str


@dataclass(frozen=True)
class Ones(Placed):
    r"""A bold or blackboard 1: ones everywhere, or an indicator where indices or a case follow."""


@dataclass(frozen=True)
class Group(Placed):
    """What stands in brackets, its items separated by commas."""

    items: tuple[Node, ...]
    bracket: str = "("


@dataclass(frozen=True)
class Norm(Placed):
    r"""``\|X\|``."""

    inner: Node


@dataclass(frozen=True)
class Script(Placed):
    """A subscript's items, or a superscript, or both."""

    base: Node
    sub: tuple[Node, ...] | None = None
    sup: tuple[Node, ...] | None = None


@dataclass(frozen=True)
class Product(Placed):
    r"""Factors from left to right; an operator stands before each but the first.

    ``""`` where they stand side by side, else ``\cdot``, ``\circ``, ``\oslash``, ``/`` ...
    """

    factors: tuple[Node, ...]
    operators: tuple[str, ...]


@dataclass(frozen=True)
class Terms(Placed):
    """Terms with their signs, ``"+"`` or ``"-"``; the first has ``""`` where none is written."""

    terms: tuple[Node, ...]
    signs: tuple[str, ...]


@dataclass(frozen=True)
class Fraction(Placed):
    r"""``\frac{a}{b}``."""

    numerator: Node
    denominator: Node


@dataclass(frozen=True)
class Derivative(Placed):
    r"""``\frac{\partial of}{\partial by}``; without `of`, of the product that follows."""

    of: Node | None
    by: Node
    body: Node | None = None


@dataclass(frozen=True)
class Summation(Placed):
    r"""``\sum_{below}^{above}`` of the product that follows."""

    below: tuple[Node, ...]
    above: Node | None
    body: Node


@dataclass(frozen=True)
class Root(Placed):
    r"""``\sqrt[degree]{inner}``."""

    inner: Node
    degree: Node | None = None


@dataclass(frozen=True)
class Call(Placed):
    """A named function and what it is applied to."""

    function: Node
    argument: Node


@dataclass(frozen=True)
class Relation(Placed):
    r"""``i = j``, ``x > 0``, ``k \neq i``."""

    left: Node
    operator: str
    right: Node


@dataclass(frozen=True)
class Case(Placed):
    """One row of cases; without conditions, what holds otherwise."""

    value: Node
    conditions: tuple[Node, ...]


@dataclass(frozen=True)
class Cases(Placed):
    """A formula for each case."""

    rows: tuple[Case, ...]


@dataclass(frozen=True)
class Equation(Placed):
    r"""Sides of which each is said to equal the next, and the shape that is stated of the last."""

    sides: tuple[Node, ...]
    shape: tuple[Node, ...] = ()


Node: TypeAlias = (
    Number
    | Symbol
    | Ones
    | Group
    | Norm
    | Script
    | Product
    | Terms
    | Fraction
    | Derivative
    | Summation
    | Root
    | Call
    | Relation
    | Cases
)


def children(node: Placed) -> Iterator[Placed]:
    """The nodes within a node, from left to right."""
    for part in fields(node):
        found = getattr(node, part.name)
        for child in found if isinstance(found, tuple) else (found,):
            if isinstance(child, Placed):
                yield child
