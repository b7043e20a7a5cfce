r"""Writes a syntax tree as LaTeX: what `reader.read` reads as the same tree.

Where a node stands in a place that the grammar does not give to its kind, such as a sum of terms
among factors, it is put in braces, which the reader takes off again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import IntEnum
from functools import singledispatch

from backproof.audit.latex.syntax import (
    Call,
    Case,
    Cases,
    Derivative,
    Equation,
    Fraction,
    Group,
    Node,
    Norm,
    Number,
    Ones,
    Product,
    Relation,
    Root,
    Script,
    Summation,
    Symbol,
    Terms,
)


class Place(IntEnum):
    """A place in the grammar; a node may stand in its own and in every wider one."""

    ATOM = 0
    FACTOR = 1
    LAST_FACTOR = 2
    PRODUCT = 3
    SUM = 4
    ITEM = 5


_CLOSING = {"(": ")", "[": "]", r"\{": r"\}", r"\lVert ": r" \rVert"}
_SPACED = re.compile(" ?([-+=<>,]) ")
_TALL = (r"\frac", r"\sum", r"\begin")

_OWN_PLACE = {
    Relation: Place.ITEM,
    Terms: Place.SUM,
    Product: Place.PRODUCT,
    Summation: Place.LAST_FACTOR,
    Script: Place.FACTOR,
}


def write(node: Node | Equation) -> str:
    """The LaTeX of a node or of a whole equation."""
    return _write(node)


def _at(place: Place, node: Node) -> str:
    text = _write(node)
    return text if place_of(node) <= place else f"{{{text}}}"


def place_of(node: Node) -> Place:
    """The narrowest place in which a node may stand without braces."""
    match node:
        case Call(argument=argument):
            greedy = place_of(argument) == Place.LAST_FACTOR
            return Place.LAST_FACTOR if greedy else Place.FACTOR
        case Derivative(of=None):
            return Place.LAST_FACTOR
        case _:
            return _OWN_PLACE.get(type(node), Place.ATOM)


@singledispatch
def _write(node: Node | Equation) -> str:
    raise TypeError(f"no LaTeX for {type(node).__name__}")


@_write.register
def _equation(node: Equation) -> str:
    sides = " = ".join(_at(Place.SUM, side) for side in node.sides)
    if not node.shape:
        return sides
    return rf"{sides} \in \mathbb{{R}}^{{{_write(_crossed(node.shape))}}}"


def _crossed(shape: tuple[Node, ...]) -> Node:
    r"""The product that a shape is written as, a \times b."""
    if len(shape) == 1:
        return shape[0]
    factors: list[Node] = []
    operators: list[str] = []
    for size in shape:
        operators += [r"\times"] if factors else []
        if isinstance(size, Product):
            factors += size.factors
            operators += size.operators
        else:
            factors.append(size)
    return Product(tuple(factors), tuple(operators))


@_write.register
def _number(node: Number) -> str:
    return node.text


@_write.register
def _symbol(node: Symbol) -> str:
    bare = node.name.rstrip("'")
    word = len(bare) > 1 and not bare.startswith("\\")
    return rf"\operatorname{{{bare}}}{node.name[len(bare) :]}" if word else node.name


@_write.register
def _ones(_: Ones) -> str:
    return r"\mathbf{1}"


@_write.register
def _group(node: Group) -> str:
    return _bracketed(node.bracket, _items(node.items))


@_write.register
def _norm(node: Norm) -> str:
    return _bracketed(r"\lVert ", _at(Place.SUM, node.inner))


def _bracketed(bracket: str, inner: str) -> str:
    closing = _CLOSING[bracket]
    if any(tall in inner for tall in _TALL):
        return rf"\left{bracket}{inner}\right{closing.lstrip()}"
    return f"{bracket}{inner}{closing}"


def _items(items: Iterable[Node]) -> str:
    return ", ".join(map(_write, items))


@_write.register
def _script(node: Script) -> str:
    base = _at(Place.ATOM, node.base)
    below = "" if node.sub is None else _mark("_", node.sub)
    above = "" if node.sup is None else _mark("^", node.sup)
    # {x^2}_i is read as x_i^2: the mark that the base has already comes first.
    taken = isinstance(node.base, Script) and node.base.sub is None
    return base + (above + below if taken else below + above)


def _mark(sign: str, items: tuple[Node, ...]) -> str:
    match items:
        case (Symbol(name=name) | Number(text=name),) if len(name) == 1 or name == r"\top":
            return sign + name
        case (Product(factors=factors, operators=operators),) if _are_letters(factors, operators):
            return f"{sign}{{{''.join(map(_write, factors))}}}"
        case _:
            inner = _SPACED.sub(r"\1", _items(items))
            return f"{sign}{{{inner}}}"


def _are_letters(factors: tuple[Node, ...], operators: tuple[str, ...]) -> bool:
    """Whether factors are the letters of a subscript such as ij, which has no spaces."""
    letters = all(isinstance(f, Symbol) and len(f.name) == 1 for f in factors[1:])
    first = isinstance(factors[0], Number) or _write(factors[0]).isalpha()
    return letters and first and not any(operators)


@_write.register
def _terms(node: Terms) -> str:
    first, *others = (_at(Place.PRODUCT, term) for term in node.terms)
    rest = (f" {sign} {term}" for sign, term in zip(node.signs[1:], others, strict=True))
    return node.signs[0] + first + "".join(rest)


@_write.register
def _product(node: Product) -> str:
    *others, last = node.factors
    texts = [*(_at(Place.FACTOR, f) for f in others), _at(Place.LAST_FACTOR, last)]
    written = texts[0]
    for operator, text in zip(node.operators, texts[1:], strict=True):
        written = f"{written} {operator} {text}" if operator else _beside(written, text)
    return written


def _beside(left: str, right: str) -> str:
    """Two things side by side, without a space where the second opens a bracket."""
    return left + right if right.startswith(("(", "[", r"\{", r"\left")) else f"{left} {right}"


def _body(node: Node) -> str:
    """What a sum or a derivative is of: a product, which may have a sign."""
    signed = isinstance(node, Terms) and len(node.terms) == 1
    return _write(node) if signed else _at(Place.PRODUCT, node)


@_write.register
def _call(node: Call) -> str:
    return _beside(_write(node.function), _at(Place.LAST_FACTOR, node.argument))


@_write.register
def _fraction(node: Fraction) -> str:
    above, below = (_at(Place.SUM, part) for part in (node.numerator, node.denominator))
    return rf"\frac{{{above}}}{{{below}}}"


@_write.register
def _derivative(node: Derivative) -> str:
    of = "" if node.of is None else " " + _at(Place.PRODUCT, node.of)
    body = "" if node.body is None else " " + _body(node.body)
    return rf"\frac{{\partial{of}}}{{\partial {_at(Place.PRODUCT, node.by)}}}{body}"


@_write.register
def _summation(node: Summation) -> str:
    above = "" if node.above is None else _mark("^", (node.above,))
    return rf"\sum{_mark('_', node.below)}{above} {_body(node.body)}"


@_write.register
def _root(node: Root) -> str:
    degree = "" if node.degree is None else f"[{_at(Place.ATOM, node.degree)}]"
    return rf"\sqrt{degree}{{{_at(Place.SUM, node.inner)}}}"


@_write.register
def _relation(node: Relation) -> str:
    return f"{_at(Place.SUM, node.left)} {node.operator} {_at(Place.SUM, node.right)}"


@_write.register
def _cases(node: Cases) -> str:
    rows = r" \\ ".join(map(_row, node.rows))
    return rf"\begin{{cases}} {rows} \end{{cases}}"


def _row(row: Case) -> str:
    conditions = r" \text{ and } ".join(map(_write, row.conditions))
    value = _at(Place.SUM, row.value)
    return (
        rf"{value} & \text{{if }} {conditions}" if conditions else rf"{value} & \text{{otherwise}}"
    )
