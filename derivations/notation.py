"""Index notation in SymPy: axes, indexed arrays, sums, Kronecker deltas.

Every formula of this folder is written with ``Indexed`` and ``Sum`` over symbolic sizes, never with
``MatrixSymbol``: SymPy's matrix calculus drops terms (docs/adr/0003). Indices count from 0.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count
from typing import Any, Self

import sympy as sp
from sympy.concrete.expr_with_limits import ExprWithLimits
from sympy.core.function import Function


@dataclass(frozen=True)
class Axis:
    """A named axis of symbolic size."""

    name: str

    @property
    def size(self) -> sp.Symbol:
        """The number of entries along the axis, a positive integer."""
        return sp.Symbol(self.name, integer=True, positive=True)

    def index(self, name: str) -> sp.Idx:
        """An index called `name` that runs along this axis."""
        return sp.Idx(name, self.size)

    def indices(self, names: str) -> tuple[sp.Idx, ...]:
        """Several indices, their names separated by blanks."""
        return tuple(self.index(name) for name in names.split())


def axes(names: str) -> tuple[Axis, ...]:
    """Make several axes, their names separated by blanks."""
    return tuple(Axis(name) for name in names.split())


def parameter(name: str, **assumptions: bool) -> sp.Symbol:
    """A real hyper-parameter."""
    return sp.Symbol(name, **(assumptions or {"real": True}))


def _indexed(name: str, indices: Any) -> sp.Expr:
    indices = indices if isinstance(indices, tuple) else (indices,)
    return sp.IndexedBase(name)[indices] if indices else sp.Symbol(name, real=True)


@dataclass(frozen=True)
class Array:
    """An input: its name and its axes; ``x[i, j]`` is an entry.

    Attributes
    ----------
    sums_to_one
        The last axis holds a probability distribution (or a one-hot row): a fact proofs may use.
    positive
        Every entry is above 0.
    index_into
        The entries are indices along that axis.
    whole
        Cross-checks take whole numbers for its entries, also where they take logarithms for others:
        it multiplies these, and the products shall be logarithms again.
    differentiable
        Whether the operation has a gradient with respect to it.
    """

    name: str
    axes: tuple[Axis, ...]
    sums_to_one: bool = False
    positive: bool = False
    index_into: Axis | None = None
    whole: bool = False
    differentiable: bool = True

    def __getitem__(self, indices: Any) -> sp.Expr:
        return _indexed(self.name, indices)


@dataclass(frozen=True)
class Definition:
    """A named intermediate: ``mean[s] := total(x[s, j], j) / features``."""

    name: str
    indices: tuple[sp.Idx, ...]
    body: sp.Expr

    def __getitem__(self, indices: Any) -> sp.Expr:
        return _indexed(self.name, indices)

    def at(self, indices: tuple[sp.Expr, ...]) -> sp.Expr:
        """The body with its own indices replaced."""
        return rename_bound(self.body).xreplace(dict(zip(self.indices, indices, strict=True)))


def array(name: str, *along: Axis, **facts: Any) -> Array:
    """An input called `name` along these axes."""
    return Array(name, along, **facts)


def let(name: str, indices: tuple[sp.Idx, ...], body: Any) -> Definition:
    """Name an intermediate result."""
    return Definition(name, indices, sp.sympify(body))


_fresh = count()


def fresh_index(size: sp.Expr) -> sp.Idx:
    """An index with a name that occurs nowhere else, to be bound."""
    return sp.Idx(f"_{next(_fresh)}", size)


def rename_bound(expression: sp.Expr) -> sp.Expr:
    """Give every bound index a name that occurs nowhere else."""
    return _renamed(expression, {})


def _renamed(expression: sp.Expr, names: Mapping[sp.Idx, sp.Idx]) -> sp.Expr:
    if isinstance(expression, ExprWithLimits):
        body, *bounds = expression.args
        fresh = {b[0]: fresh_index(b[0].upper + 1) for b in bounds}
        body = _renamed(body, {**names, **fresh})
        return expression.func(body, *(limits(f) for f in fresh.values()))
    if not expression.args or not expression.has(ExprWithLimits):
        return expression.xreplace(names) if names else expression
    return expression.func(*(_renamed(a, names) for a in expression.args))


def limits(index: sp.Idx) -> tuple[sp.Idx, sp.Expr, sp.Expr]:
    """The range of an index, as SymPy's sums want it."""
    return (index, index.lower, index.upper)


def total(body: sp.Expr, *indices: sp.Idx) -> sp.Expr:
    """The sum over these indices."""
    return sp.Sum(body, *map(limits, indices))


def delta(i: Any, j: Any) -> sp.Expr:
    """Kronecker's delta, 1[i = j]."""
    return sp.KroneckerDelta(i, j)


class Positive(Function):
    """1[u > 0]; its derivative is 0 wherever it has one."""

    nargs = 1
    is_real = True


class Case(Function):
    """``Case(c, a, b)`` is a where the indicator c is 1, b where it is 0.

    SymPy's own Piecewise is folded through sums and deltas, at great length and not always
    rightly (sympy 27359); a closed node keeps the branches apart, so that the branch not taken
    is never evaluated either.
    """

    nargs = 3


class Partial(Function):
    """``Partial(f, u, *held)`` is the derivative of f by the entry u, not taken yet.

    A named intermediate in f counts as what it stands for, and its own dependence on u is followed,
    unless its name is among those held: it is a variable of its own then, as in a chain rule.
    """

    is_commutative = True


class Maximum(ExprWithLimits):
    """The largest value of an expression over its bound indices."""

    is_commutative = True

    def __new__(cls, body: sp.Expr, *bounds: Any, **assumptions: Any) -> Self:
        """Bind indices, as SymPy's sums do."""
        return ExprWithLimits.__new__(cls, body, *bounds, **assumptions)


class FirstMaximum(Function):
    """``FirstMaximum(body, u, v)`` is 1 where, along u and v, stands the first largest value.

    First in row-major order. The indices stay free: they say which place is asked about.
    """


def partial(of: sp.Expr, by: sp.Expr, *held: Definition) -> sp.Expr:
    """The partial derivative of an expression by one entry, as a formula writes it.

    Parameters
    ----------
    of
        What is differentiated.
    by
        An entry of an array, or of a named intermediate, which is then held as well.
    held
        The named intermediates that are variables of their own here.
    """
    names = dict.fromkeys([*(d.name for d in held), *_named_entry(by)])
    return Partial(of, by, *(sp.Symbol(name) for name in sorted(names)))


def _named_entry(entry: sp.Expr) -> tuple[str, ...]:
    return (entry.base.name if isinstance(entry, sp.Indexed) else entry.name,)


def maximum(body: sp.Expr, *indices: sp.Idx) -> sp.Expr:
    """The largest value over these indices."""
    return Maximum(body, *map(limits, indices))


@dataclass(frozen=True)
class ClosedForm:
    """One formula of the answer: what it is of, entry by entry, and where it stands.

    Attributes
    ----------
    of
        The name of the input it is the VJP with respect to, or of the output whose value it is.
    indices
        The free indices of `expression`, one for each axis of that array.
    expression
        The formula at those indices.
    source
        The documents and equations it is taken from.
    form
        A name that tells it from other forms of the same thing.
    """

    of: str
    indices: tuple[sp.Idx, ...]
    expression: sp.Expr
    source: str
    form: str = "compact"


@dataclass(frozen=True)
class Jacobian:
    """One entry of a Jacobian: the derivative of ``of`` by ``by``."""

    of: sp.Expr
    by: sp.Expr
    expression: sp.Expr
    source: str
    form: str = "elementwise"


@lru_cache
def _calculator(formula: sp.Expr) -> tuple[tuple[sp.Symbol, ...], Callable[..., float]]:
    needed = tuple(sorted(formula.free_symbols, key=str))
    return needed, sp.lambdify(needed, formula, "math")


@dataclass(frozen=True)
class Derivation:
    """A primal, what is claimed of its derivative, and the sources.

    Attributes
    ----------
    inputs
        The arrays it takes.
    primal
        The defining formula of each output, by name; the first one is differentiated.
    values
        Other right formulas of the outputs. The first form of each output is the one evaluated.
    gradients
        The closed forms of the VJP, at least one for each differentiable input; the first form is
        the one evaluated, the others widen the rounding bound to what they need.
    jacobians
        Claims about single entries of a Jacobian.
    definitions
        Named intermediates, each after those that it uses.
    sizes
        Sizes of axes that follow from others.
    sources
        Where the operation stands in the documents.
    check_sizes
        Explicit sizes (and integer parameters) for the cross-check; chosen where none are given.
    every_order
        The primal is a selection among its inputs: it is proved at `check_sizes`, over every strict
        order of the inputs, instead of in index notation.
    """

    name: str
    inputs: tuple[Array, ...]
    primal: tuple[Definition, ...]
    gradients: tuple[ClosedForm, ...]
    values: tuple[ClosedForm, ...] = ()
    jacobians: tuple[Jacobian, ...] = ()
    definitions: tuple[Definition, ...] = ()
    sizes: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    check_sizes: tuple[Mapping[str, int], ...] = ()
    every_order: bool = False

    @property
    def output(self) -> Definition:
        """The output that is differentiated."""
        return self.primal[0]

    def length(self, size: sp.Expr, symbols: Mapping[sp.Symbol, Any]) -> int:
        """The number that the size of an axis stands for."""
        if size in symbols:
            return int(symbols[size])
        needed, calculate = _calculator(self.sizes[size])
        return int(calculate(*(symbols[s] for s in needed)))

    def expand(self, expression: sp.Expr, held: Container[str] = ()) -> sp.Expr:
        """Replace every named intermediate, but those held, by what it stands for."""
        named = {d.name: d for d in (*self.definitions, *self.primal) if d.name not in held}
        scalars = {
            symbol: self.expand(named[symbol.name].body, held)
            for symbol in expression.atoms(sp.Symbol)
            if symbol.is_real and symbol.name in named and not named[symbol.name].indices
        }

        def body(entry: sp.Indexed) -> sp.Expr:
            definition = named.get(entry.base.name)
            return entry if definition is None else self.expand(definition.at(entry.indices), held)

        expression = expression.xreplace(scalars) if scalars else expression
        return expression.replace(lambda e: isinstance(e, sp.Indexed), body)
