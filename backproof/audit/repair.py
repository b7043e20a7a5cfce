"""One simple change that makes a refuted equation true, proved: a slip of the pen, undone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from string import ascii_lowercase
from typing import NamedTuple

import sympy as sp
from sympy.concrete.expr_with_limits import ExprWithLimits

from derivations.claims import Claim, Formula, cases, sides
from derivations.equality import AXES, proved
from derivations.notation import Partial, total
from derivations.tensor import ShapeError, Tensor, free_indices
from derivations.wording import in_words

MOST = 400
"""Changes that are tried."""


class Repair(NamedTuple):
    """A right-hand side in place of the claimed one, and how it is written."""

    formula: Formula
    text: str


def repair(claim: Claim, candidates: Iterable[Repair]) -> str:
    """The text of the first candidate with which the claim is proved; empty where none is."""
    for _, candidate in zip(range(MOST), candidates, strict=False):
        try:
            left, right = sides(claim.left, candidate.formula)
        except ShapeError:
            continue
        if any(proved(left, right, claim.setting, given) for given in cases(claim)):
            return candidate.text
    return ""


def slips(claim: Claim) -> Iterator[Repair]:
    """The right-hand side of a claim with one slip undone, entry by entry, the likeliest first."""
    try:
        left, right = sides(claim.left, claim.right)
    except ShapeError:
        return
    at = tuple(free_indices(left.shape, AXES))
    truth, formula = left.entry(*at), right.entry(*at)
    sizes = dict.fromkeys(a.size for array in claim.setting.inputs for a in array.axes)
    for changed in changed_once(formula, [sp.Integer(2), *sizes], _indices(truth)):
        yield Repair(_tensor(left, at, changed), in_words(_readable(changed)))


def _tensor(like: Tensor, at: tuple[sp.Idx, ...], entry: sp.Expr) -> Tensor:
    """The tensor with this entry at these indices."""
    return replace(like, entry=lambda *to: entry.xreplace(dict(zip(at, to, strict=True))))


def _readable(formula: sp.Expr) -> sp.Expr:
    """A formula whose bound indices are letters."""
    used = {i.name for i in formula.atoms(sp.Idx)}
    letters = (letter for letter in ascii_lowercase[10:] if letter not in used)
    made = sorted((i for i in formula.atoms(sp.Idx) if i.name.startswith("_")), key=str)
    return formula.xreplace({i: sp.Idx(next(letters), i.upper + 1) for i in made})


def _indices(expression: sp.Expr) -> set[sp.Idx]:
    return {i for i in expression.free_symbols if isinstance(i, sp.Idx)}


def changed_once(
    formula: sp.Expr, factors: Sequence[sp.Expr], indices: set[sp.Idx]
) -> Iterator[sp.Expr]:
    """A formula with one change: a sign, a factor, an exponent, an index, a sum.

    Parameters
    ----------
    factors
        What a term may be wrongly scaled by.
    indices
        Those that the left-hand side depends on: any other of the formula has lost its sum.
    """
    yield -formula
    lost = sorted(_indices(formula) - indices, key=str)
    yield from (total(formula, index) for index in lost)
    for factor in factors:
        yield formula * factor
        yield formula / factor
    yield from _everywhere(formula, lambda node: _at_node(node, factors))


def _everywhere(
    expression: sp.Expr, change: Callable[[sp.Expr], Iterator[sp.Expr]]
) -> Iterator[sp.Expr]:
    """An expression with a change at one of its nodes, the outer first."""
    yield from change(expression)
    if isinstance(expression, sp.Indexed | Partial):
        return
    inner = 1 if isinstance(expression, ExprWithLimits) else len(expression.args)
    for n, argument in enumerate(expression.args[:inner]):
        for changed in _everywhere(argument, change):
            yield expression.func(*expression.args[:n], changed, *expression.args[n + 1 :])


def _at_node(node: sp.Expr, factors: Sequence[sp.Expr]) -> Iterator[sp.Expr]:
    match node:
        case sp.Add(args=terms):
            for term in terms:
                yield node - 2 * term
                for factor in factors:
                    yield node + term * (factor - 1)
                    yield node + term * (1 / factor - 1)
        case sp.Pow(args=(base, power)) if power.is_number:
            for other in (power + 1, power - 1, -power, 2 * power, power / 2):
                yield base**other
        case sp.Sum(args=(body, *bounds)):
            for n, _ in enumerate(bounds):
                rest = bounds[:n] + bounds[n + 1 :]
                yield sp.Sum(body, *rest) if rest else body
        case sp.Indexed(indices=(i, j)):
            yield sp.Indexed(node.base, j, i)
