"""Matrix notation over index notation: products, transposes and elementwise operations.

A formula in matrices is a formula for each entry, and a shape. What does not fit has no entries:
it is wrong before anything is computed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import sympy as sp

from derivations.notation import Array, Axis, Definition, delta, fresh_index, total

Shape = tuple[sp.Expr, ...]


class ShapeError(ValueError):
    """Shapes that do not fit together.

    Attributes
    ----------
    shapes
        The two that met; of a product, then also what should have been the same of them.
    """

    def __init__(self, what: str, *shapes: Shape) -> None:
        super().__init__(f"{what}: " + " and ".join(map(show_shape, shapes[:2])))
        self.shapes = shapes


def show_shape(shape: Shape) -> str:
    """A shape as mathematics writes it: ``S x M``."""
    return " x ".join(map(str, shape)) if shape else "a number"


@dataclass(frozen=True)
class Tensor:
    """An array of formulas.

    Attributes
    ----------
    shape
        The size along each axis.
    entry
        The formula at given indices, counted from 0.
    column
        For a vector: whether it stands upright (True), lies (False), or has not been said to do
        either (None), and so fits on both sides of a matrix.
    """

    shape: Shape
    entry: Callable[..., sp.Expr]
    column: bool | None = None

    def __getitem__(self, indices: sp.Expr | tuple[sp.Expr, ...]) -> sp.Expr:
        return self.entry(*(indices if isinstance(indices, tuple) else (indices,)))

    @property
    def rank(self) -> int:
        """How many axes it has."""
        return len(self.shape)

    @property
    def T(self) -> Tensor:  # noqa: N802 - as NumPy and the documents call it
        """The transpose; a vector that has not been said to stand or lie then lies."""
        if self.rank == 1:
            return replace(self, column=self.column is False)
        if self.rank != 2:
            return self
        return Tensor(self.shape[::-1], lambda i, j: self.entry(j, i))

    def map(self, function: Callable[[sp.Expr], sp.Expr]) -> Tensor:
        """A function of every entry."""
        return replace(self, entry=lambda *at: function(self.entry(*at)))

    def _elementwise(
        self, other: Tensor | sp.Expr | int, function: Callable[[sp.Expr, sp.Expr], sp.Expr]
    ) -> Tensor:
        if not isinstance(other, Tensor):
            return self.map(lambda a: function(a, sp.sympify(other)))
        if not other.rank:
            return self.map(lambda a: function(a, other.entry()))
        if not self.rank:
            return other.map(lambda b: function(self.entry(), b))
        clash = None not in (self.column, other.column) and self.column != other.column
        if self.shape != other.shape or clash:
            raise ShapeError("not of one shape", self.shape, other.shape)
        column = self.column if self.column is not None else other.column
        return Tensor(self.shape, lambda *at: function(self.entry(*at), other.entry(*at)), column)

    def __add__(self, other: Tensor | sp.Expr | int) -> Tensor:
        return self._elementwise(other, lambda a, b: a + b)

    def __sub__(self, other: Tensor | sp.Expr | int) -> Tensor:
        return self._elementwise(other, lambda a, b: a - b)

    def __mul__(self, other: Tensor | sp.Expr | int) -> Tensor:
        return self._elementwise(other, lambda a, b: a * b)

    def __rmul__(self, other: sp.Expr | int) -> Tensor:
        return self * other

    def __truediv__(self, other: Tensor | sp.Expr | int) -> Tensor:
        return self._elementwise(other, lambda a, b: a / b)

    def __neg__(self) -> Tensor:
        return self.map(lambda a: -a)

    def __pow__(self, power: sp.Expr | int) -> Tensor:
        return self.map(lambda a: a**power)

    def __matmul__(self, other: Tensor) -> Tensor:
        if not (self.rank and other.rank):
            return self * other
        if self.rank == other.rank == 1:
            return self._vectors(other)
        if self.rank > 2 or other.rank > 2:
            raise ShapeError("no product of these", self.shape, other.shape)
        stands = self.rank == 1 and self.column is True
        lies = other.rank == 1 and other.column is False
        inner = self.shape[-1:], other.shape[:1]
        if inner[0] != inner[1]:
            raise ShapeError("no product of these", self.shape, other.shape, *inner)
        if stands or lies:
            raise ShapeError("no product of these", self.shape, other.shape)
        k = fresh_index(other.shape[0])
        if self.rank == 1:
            row = other.shape[1:]
            return Tensor(row, lambda j: total(self.entry(k) * other.entry(k, j), k), column=False)
        if other.rank == 1:
            column = self.shape[:1]
            return Tensor(
                column, lambda i: total(self.entry(i, k) * other.entry(k), k), column=True
            )
        return Tensor(
            (self.shape[0], other.shape[1]),
            lambda i, j: total(self.entry(i, k) * other.entry(k, j), k),
        )

    def _vectors(self, other: Tensor) -> Tensor:
        """An outer product where the first stands and the second lies, else an inner product."""
        if self.column is not False and other.column is False:
            return Tensor((*self.shape, *other.shape), lambda i, j: self.entry(i) * other.entry(j))
        if self.column is False and other.column is not False and self.shape == other.shape:
            k = fresh_index(self.shape[0])
            return scalar(total(self.entry(k) * other.entry(k), k))
        raise ShapeError("no product of two such vectors", self.shape, other.shape)


def scalar(expression: sp.Expr | int) -> Tensor:
    """A number as a tensor without axes."""
    return Tensor((), lambda: sp.sympify(expression))


def tensor(named: Array | Definition) -> Tensor:
    """An array, or a named intermediate, whole."""
    if isinstance(named, Array):
        return Tensor(tuple(a.size for a in named.axes), lambda *at: named[at])
    return Tensor(tuple(i.upper + 1 for i in named.indices), lambda *at: named[at])


def ones(*along: Axis) -> Tensor:
    """Ones everywhere."""
    return Tensor(tuple(a.size for a in along), lambda *_: sp.S.One)


def identity(along: Axis) -> Tensor:
    """The identity matrix."""
    return Tensor((along.size, along.size), delta)


def diag(vector: Tensor) -> Tensor:
    """The matrix with a vector on its diagonal; of a matrix, its diagonal."""
    if vector.rank == 2:
        if vector.shape[0] != vector.shape[1]:
            raise ShapeError(
                "only a square matrix has a diagonal", vector.shape, vector.shape[:1] * 2
            )
        return Tensor(vector.shape[:1], lambda i: vector.entry(i, i))
    if vector.rank != 1:
        raise ShapeError("diag is of a vector or a matrix", vector.shape, vector.shape[:1])
    return Tensor(vector.shape * 2, lambda i, j: delta(i, j) * vector.entry(i))


def trace(matrix: Tensor) -> Tensor:
    """The sum of a square matrix's diagonal."""
    diagonal = diag(matrix)
    k = fresh_index(diagonal.shape[0])
    return scalar(total(diagonal.entry(k), k))


def contracted(one: Tensor, other: Tensor, count: int) -> Tensor:
    """The sum over the last axes of the one and the first of the other, as many as these."""
    if one.rank < count or one.shape[-count:] != other.shape[:count]:
        raise ShapeError("no product of these", one.shape, other.shape)
    over = [fresh_index(size) for size in other.shape[:count]]
    kept = one.rank - count

    def entry(*at: sp.Expr) -> sp.Expr:
        return total(one.entry(*at[:kept], *over) * other.entry(*over, *at[kept:]), *over)

    return Tensor((*one.shape[:kept], *other.shape[count:]), entry)


def squared_norm(of: Tensor) -> Tensor:
    """The sum of the squares of all entries (Frobenius)."""
    at = [fresh_index(size) for size in of.shape]
    return scalar(total(of.entry(*at) ** 2, *at) if at else of.entry() ** 2)


def free_indices(shape: Shape, names: Sequence[str] = ("i", "j", "k", "l")) -> list[sp.Idx]:
    """An index for each axis, to ask for any entry."""
    return [sp.Idx(name, size) for name, size in zip(names, shape, strict=False)]
