"""The formulas that one slip of the pen is away from a formula, the likeliest slips first.

A change is made to the syntax tree, so that what comes out is written as the instructor wrote it.
Whether it is true is another's question: many of these formulas are wrong, and some mean nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from fractions import Fraction as Rational
from itertools import combinations
from typing import TypeAlias, TypeVar

from backproof.audit.latex.reader import read
from backproof.audit.latex.syntax import (
    Call,
    Case,
    Cases,
    Derivative,
    Fraction,
    Group,
    Node,
    Norm,
    Number,
    Placed,
    Product,
    Relation,
    Root,
    Script,
    Summation,
    Symbol,
    Terms,
    children,
)
from backproof.audit.latex.writer import Place, place_of

_Item = TypeVar("_Item")
_Placed = TypeVar("_Placed", bound=Placed)
Change: TypeAlias = Callable[[Node], Iterable[Node]]

_ONE, _TWO = Number("1"), Number("2")
_TRANSPOSES = (Symbol("T"), Symbol(r"\top"), Symbol(r"\intercal"))
_HADAMARD = {r"\circ", r"\odot"}
_MATRIX_PRODUCTS = {"", r"\cdot"}

_VALUES: dict[type[Placed], dict[str, Place]] = {
    Case: {"value": Place.SUM},
    Cases: {"rows": Place.ITEM},
    Call: {"argument": Place.LAST_FACTOR},
    Derivative: {"body": Place.PRODUCT},
    Fraction: {"numerator": Place.SUM, "denominator": Place.SUM},
    Group: {"items": Place.ITEM},
    Norm: {"inner": Place.SUM},
    Product: {"factors": Place.FACTOR},
    Root: {"inner": Place.SUM},
    Script: {"base": Place.ATOM, "sup": Place.ITEM},
    Summation: {"body": Place.PRODUCT},
    Terms: {"terms": Place.PRODUCT},
}
"""The parts that have a value of their own, and what may stand there without brackets."""


def changed_once(
    side: Node, sizes: Sequence[str] = (), indices: Iterable[str] = ()
) -> Iterator[Node]:
    """Every formula that one slip is away from one side of an equation; none comes twice.

    Parameters
    ----------
    side
        As it was read.
    sizes
        What a formula may be divided by, or multiplied with, by mistake, in LaTeX.
    indices
        Letters of the rest of the equation that its subscripts may be confused with.
    """
    found = {side}
    for changed in _changes(side, sizes, sorted({*letters_in(side), *indices})):
        if changed not in found:
            found.add(changed)
            yield changed


def _changes(side: Node, sizes: Sequence[str], letters: Sequence[str]) -> Iterator[Node]:
    lengths = [equation.sides[0] for size in sizes for equation in read(size)]
    scales = [_TWO, Fraction(_ONE, _TWO), *(Fraction(_ONE, n) for n in lengths), *lengths]
    bound = {letter for node in _walk(side) for letter in _bound(node)}
    unbound = [letter for letter in letters if letter not in bound]
    yield _negated(side)
    yield from _everywhere(side, _signs)
    yield from _transposed(side)
    yield from _everywhere(side, _swapped)
    yield from _everywhere(side, _without_a_sum)
    yield from _in_terms(side, lambda term: _summed(term, unbound))
    yield from _everywhere(side, _without_a_factor)
    yield from _in_terms(side, lambda term: (_scaled(term, scale) for scale in scales))
    yield from _everywhere(side, lambda node: _with_another_power(node, letters))
    yield from _everywhere(side, _with_another_operator)
    for one, other in combinations(unbound, 2):
        yield _renamed(side, {one: other, other: one})
    yield from _everywhere(side, lambda node: _with_other_indices(node, letters))
    yield from _everywhere(side, _primed)
    yield from _everywhere(side, _raised)


# Walking and rebuilding


def _walk(node: Placed) -> Iterator[Placed]:
    yield node
    for child in children(node):
        yield from _walk(child)


def _everywhere(node: Node, change: Change) -> Iterator[Node]:
    """A formula with a change at one of its nodes, the outer first."""
    yield from change(node)
    for part, place in _values(node):
        value = getattr(node, part)
        if not isinstance(value, tuple):
            for changed in _everywhere(value, change):
                yield _replaced(node, part, fitted(changed, place))
            continue
        for n, child in enumerate(value):
            for changed in _everywhere(child, change):
                if isinstance(node, Product):
                    yield _with_factor(node, n, changed)
                else:
                    yield _replaced(node, part, _with(value, n, fitted(changed, place)))


def _values(node: Node) -> Iterator[tuple[str, Place]]:
    """The parts of a node that are changed: a name is one thing, with its decorations."""
    for part, place in _VALUES.get(type(node), {}).items():
        value = getattr(node, part)
        name = isinstance(node, Script) and part == "base" and isinstance(value, Symbol)
        decoration = part == "sup" and value and isinstance(value[0], Symbol | Number | Group)
        if value is not None and not name and not decoration:
            yield part, place


def _replaced(node: Node, part: str, value: object) -> Node:
    return replace(node, **{part: value})  # type: ignore[arg-type]


def fitted(node: Node, place: Place) -> Node:
    """A node in the brackets that it needs in a place."""
    return node if isinstance(node, Case) or place_of(node) <= place else Group((node,))


def _bare(node: Node) -> Node:
    """What stands in parentheses."""
    match node:
        case Group(items=(inner,), bracket="(") if not isinstance(inner, Relation):
            return inner
    return node


def _in_terms(side: Node, change: Change) -> Iterator[Node]:
    """A formula with a change of the whole, or of one of its terms."""

    def of_terms(node: Node) -> Iterator[Node]:
        if isinstance(node, Terms):
            for n, term in enumerate(node.terms):
                for changed in change(term):
                    at = fitted(changed, Place.PRODUCT)
                    yield replace(node, terms=_with(node.terms, n, at))

    signed = isinstance(side, Terms) and len(side.terms) == 1
    if not signed:
        yield from change(side)
    yield from _everywhere(side, of_terms)


def _with(items: tuple[_Item, ...], place: int, *others: _Item) -> tuple[_Item, ...]:
    """Items with others in place of one."""
    return (*items[:place], *others, *items[place + 1 :])


def _product(factors: Sequence[Node], operators: Sequence[str]) -> Node:
    """A product, each factor in the brackets that it needs."""
    if len(factors) == 1:
        return factors[0]
    *others, last = factors
    fitting = [*(fitted(f, Place.FACTOR) for f in others), fitted(last, Place.LAST_FACTOR)]
    return Product(tuple(fitting), tuple(operators))


def _with_factor(node: Product, n: int, factor: Node) -> Node:
    """A product with another factor; those of a product among matrix products join the others."""
    before, after = node.operators[:n], node.operators[n:]
    factors: tuple[Node, ...] = (factor,)
    operators: tuple[str, ...] = ()
    if isinstance(factor, Product) and _MATRIX_PRODUCTS.issuperset(factor.operators + before[-1:]):
        factors, operators = factor.factors, factor.operators
    return _product(_with(node.factors, n, *factors), (*before, *operators, *after))


# Signs


def _negated(side: Node) -> Node:
    match side:
        case Terms(terms=(term,), signs=("-",)):
            return _bare(term)
        case _:
            return Terms((fitted(side, Place.PRODUCT),), ("-",))


def _signs(node: Node) -> Iterator[Node]:
    match node:
        case Terms(terms=(term,), signs=("-",)):
            yield term
        case Terms(signs=signs):
            for n, sign in enumerate(signs):
                other = "-" if sign != "-" else "+" if n else ""
                yield replace(node, signs=_with(signs, n, other))


# Matrices


def _is_transposed(node: Node) -> bool:
    return isinstance(node, Script) and node.sub is None and node.sup in _TRANSPOSED


_TRANSPOSED = [(sign,) for sign in _TRANSPOSES]


def _is_operand(node: Node) -> bool:
    """Whether a factor may be a matrix: no number, and no entry."""
    return isinstance(node, Symbol | Script | Group | Call | Derivative) and not letters_in(node)


def _turned(node: Node, sign: Node) -> Node:
    """The transpose."""
    if isinstance(node, Script) and _is_transposed(node):
        return _bare(node.base)
    return Script(node if isinstance(node, Symbol | Group) else Group((node,)), sup=(sign,))


def _transposed(side: Node) -> Iterator[Node]:
    used = [n for n in _TRANSPOSES if n in set(_walk(side))]
    sign = (used or _TRANSPOSES)[0]

    def undone(node: Node) -> Iterator[Node]:
        if _is_transposed(node):
            yield _turned(node, sign)

    def done(node: Node) -> Iterator[Node]:
        if isinstance(node, Product):
            for n, factor in enumerate(node.factors):
                if _is_operand(factor) and not _is_transposed(factor):
                    changed = _with(node.factors, n, _turned(factor, sign))
                    yield _product(changed, node.operators)

    def whole(node: Node) -> Iterator[Node]:
        if isinstance(node, Product) and _is_matrix_product(node):
            yield _product(*_reversed(node, sign))
        elif _is_operand(node):
            yield _turned(node, sign)

    yield from _everywhere(side, undone)
    yield from _everywhere(side, done)
    yield from _in_terms(side, whole)


def _reversed(node: Product, sign: Node) -> tuple[list[Node], list[str]]:
    """The factors of the transpose, and what stands between them."""
    scalars = [f for f in node.factors if not _is_operand(f)]
    turned = [_turned(f, sign) for f in reversed(node.factors) if _is_operand(f)]
    return [*scalars, *turned], [""] * len(node.operators)


def _is_matrix_product(node: Product) -> bool:
    return (
        _MATRIX_PRODUCTS.issuperset(node.operators)
        and sum(map(_is_operand, node.factors)) > 1
        and all(_is_operand(f) or isinstance(f, Number | Fraction) for f in node.factors)
    )


def _swapped(node: Node) -> Iterator[Node]:
    """Two operands of a matrix product in the other order."""
    if not isinstance(node, Product):
        return
    for n, operator in enumerate(node.operators):
        left, right = node.factors[n : n + 2]
        if operator in _MATRIX_PRODUCTS and _is_operand(left) and _is_operand(right):
            swapped = (*node.factors[:n], right, left, *node.factors[n + 2 :])
            yield _product(swapped, node.operators)


def _with_another_operator(node: Node) -> Iterator[Node]:
    """A matrix product for an elementwise one, and the other way round."""
    if isinstance(node, Product):
        for n, operator in enumerate(node.operators):
            matrices = all(map(_is_operand, node.factors[n : n + 2]))
            other = "" if operator in _HADAMARD else r"\circ"
            if operator in {*_HADAMARD, r"\oslash"} or (operator in _MATRIX_PRODUCTS and matrices):
                yield replace(node, operators=_with(node.operators, n, other))


# Sums


def _bound(node: Placed) -> list[str]:
    """The letters that a sum is over."""
    if not isinstance(node, Summation):
        return []
    named = [item.left if isinstance(item, Relation) else item for item in node.below]
    return [letter for item in named for letter in _symbols(item)]


def _without_a_sum(node: Node) -> Iterator[Node]:
    if not isinstance(node, Summation):
        return
    yield node.body
    letters = [Symbol(letter) for letter in _bound(node)]
    if len(letters) > 1 and not any(isinstance(item, Relation) for item in node.below):
        for kept in combinations(letters, len(letters) - 1):
            yield replace(node, below=kept)


def _summed(term: Node, letters: Sequence[str]) -> Iterator[Node]:
    for letter in letters:
        if letter in letters_in(term):
            yield Summation((Symbol(letter),), None, fitted(term, Place.PRODUCT))


# Factors


def _without_a_factor(node: Node) -> Iterator[Node]:
    match node:
        case Product(factors=factors, operators=operators):
            for n, _ in enumerate(factors):
                if n or operators[0] not in {"/", r"\oslash"}:
                    yield _bare(_product(_with(factors, n), _with(operators, max(n - 1, 0))))
        case Fraction(numerator=numerator, denominator=denominator) if numerator != _ONE:
            yield numerator
            yield Fraction(_ONE, denominator)


def _scaled(term: Node, scale: Node) -> Node:
    factors = term.factors if isinstance(term, Product) else (term,)
    operators = term.operators if isinstance(term, Product) else ()
    between = r"\cdot" if isinstance(factors[0], Number) else ""
    return _product((scale, *factors), (between, *operators))


# Exponents


def _with_another_power(node: Node, letters: Sequence[str]) -> Iterator[Node]:
    match node:
        case Root(inner=inner):
            yield inner
        case Script(sup=(power,)) if _is_power(power, letters):
            value = _value(power)
            if value is None:
                yield replace(node, sup=(_negated(power),))
                yield _to_the(node, Rational(1))
            else:
                for other in (1, -value, value + 1, value - 1, value / 2, 2 * value):
                    if other:
                        yield _to_the(node, Rational(other))


def _raised(node: Node) -> Iterator[Node]:
    """A lost exponent, put back."""
    match node:
        case Symbol() | Script(sup=None) | Group() | Norm():
            for power in (Rational(2), Rational(-1), Rational(1, 2)):
                yield _to_the(node, power)


def _is_power(node: Node, letters: Sequence[str]) -> bool:
    if node in _TRANSPOSES or (isinstance(node, Symbol) and node.name in letters):
        return False
    return not (isinstance(node, Group | Script | Relation))


def _value(power: Node) -> Rational | None:
    match power:
        case Number(text=text):
            return Rational(text)
        case Terms(terms=(term,), signs=("-",)):
            value = _value(term)
            return None if value is None else -value
        case Fraction(numerator=Number(text=above), denominator=Number(text=below)):
            return Rational(above) / Rational(below) if Rational(below) else None
    return None


def _to_the(node: Node, power: Rational) -> Node:
    base, sub = (node.base, node.sub) if isinstance(node, Script) else (node, None)
    if power == 1:
        return base if sub is None else Script(base, sub)
    above, below = (Number(str(part)) for part in abs(power).as_integer_ratio())
    written: Node = above if below == _ONE else Fraction(above, below)
    return Script(base, sub, (written if power > 0 else Terms((written,), ("-",)),))


# Indices


def _symbols(node: Placed) -> list[str]:
    """Small letters, in the order in which they stand."""
    found = (inner.name for inner in _walk(node) if isinstance(inner, Symbol))
    return [name for name in found if len(name) == 1 and name.islower()]


def letters_in(side: Node) -> list[str]:
    """The letters of the subscripts, and those that sums are over."""
    under = (item for n in _walk(side) if isinstance(n, Script) for item in n.sub or ())
    over = (letter for node in _walk(side) for letter in _bound(node))
    return sorted({*(letter for item in under for letter in _symbols(item)), *over})


def _renamed(node: _Placed, names: Mapping[str, str]) -> _Placed:
    """A formula with other letters."""
    if isinstance(node, Symbol):
        return replace(node, name=names.get(node.name, node.name))
    parts = {part.name: getattr(node, part.name) for part in fields(node)}
    for part, value in parts.items():
        if isinstance(value, tuple):
            items = (_renamed(v, names) if isinstance(v, Placed) else v for v in value)
            parts[part] = tuple(items)
        elif isinstance(value, Placed):
            parts[part] = _renamed(value, names)
    return type(node)(**parts)


def _with_other_indices(node: Node, letters: Sequence[str]) -> Iterator[Node]:
    match node:
        case Script(sub=sub, sup=sup):
            for below in _exchanged(sub or ()):
                yield replace(node, sub=below)
            for below in _with_another_letter(sub or (), letters):
                yield replace(node, sub=below)
            if sup and isinstance(sup[0], Symbol) and sup[0].name in letters:
                for above in _with_another_letter(sup, letters):
                    yield replace(node, sup=above)
        case Relation(left=left, right=right):
            for one, other in _with_another_letter((left, right), letters):
                yield replace(node, left=one, right=other)


def _exchanged(sub: tuple[Node, ...]) -> Iterator[tuple[Node, ...]]:
    """A subscript with two of its indices exchanged."""
    if len(sub) == 1 and isinstance(sub[0], Product):
        for factors in _exchanged(sub[0].factors):
            yield (replace(sub[0], factors=factors),)
        return
    for (m, one), (n, other) in combinations(enumerate(sub), 2):
        yield _with(_with(sub, m, other), n, one)


def _with_another_letter(
    items: tuple[Node, ...], letters: Sequence[str]
) -> Iterator[tuple[Node, ...]]:
    def others(node: Node) -> Iterator[Node]:
        if isinstance(node, Symbol) and node.name in letters:
            yield from (Symbol(letter) for letter in letters if letter != node.name)

    def changed(node: Node) -> Iterator[Node]:
        yield from others(node)
        if isinstance(node, Relation):
            for left, right in _with_another_letter((node.left, node.right), letters):
                yield replace(node, left=left, right=right)

    for n, item in enumerate(items):
        for other in _everywhere(item, changed):
            yield _with(items, n, other)


# Functions


def _primed(node: Node) -> Iterator[Node]:
    """A function for its derivative, and the other way round."""
    match node:
        case Call(function=Symbol(name=name) as function):
            yield replace(node, function=replace(function, name=_with_prime(name)))
        case Product(factors=factors, operators=operators):
            for n, operator in enumerate(operators):
                if not operator and isinstance(factors[n + 1], Group):
                    for other in _function_primed(factors[n]):
                        yield replace(node, factors=_with(factors, n, other))


def _function_primed(function: Node) -> Iterator[Node]:
    match function:
        case Symbol(name=name):
            yield replace(function, name=_with_prime(name))
        case Script(base=Symbol(name=name) as base, sup=None):
            yield replace(function, base=replace(base, name=_with_prime(name)))


def _with_prime(name: str) -> str:
    return name.removesuffix("'") if name.endswith("'") else name + "'"
