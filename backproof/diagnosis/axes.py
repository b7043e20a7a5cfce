"""A sum along the wrong axis: in a formula, two indices trade places."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import sympy as sp

from derivations.notation import Definition, limits

Trade = tuple[sp.Idx, sp.Idx]
"""The index that stays, and the one that is summed over, before the trade."""


@dataclass(frozen=True)
class Moved:
    """Formulas of which some sums run along another axis.

    Attributes
    ----------
    names
        Of the formulas that sum along another axis now.
    right, wrong
        The axis to sum over, and the one that is summed over now.
    formulas
        All of them, changed as they need to be.
    """

    names: tuple[str, ...]
    right: str
    wrong: str
    formulas: tuple[Definition, ...]


def along_other_axis(formulas: Sequence[Definition], names: Collection[str]) -> Moved | None:
    """Sum over the index that stays in the place of the one that goes, and follow the result.

    ``mean[s] = total(x[s, k], k) / features`` becomes ``mean[k] = total(x[s, k], s) / batch``; what
    uses ``mean[s]`` beside an ``x[s, j]`` then uses ``mean[j]``.

    Parameters
    ----------
    formulas
        Each after those that it uses.
    names
        Those whose sums are to run along another axis, as far as they have any.

    Returns
    -------
    Moved
        None where nothing is changed, or where a result would no longer fit its uses.
    """
    moved: dict[str, Trade] = {}
    turned: list[str] = []
    changed: list[Definition] = []
    for formula in formulas:
        current = _followed(formula, moved) if moved else formula
        trade = _trade(current) if formula.name in names else None
        if trade is not None:
            moved[formula.name] = trade
            turned.append(formula.name)
            current = _turned(current, *trade)
        if current is not formula and not _free(current.body) <= set(current.indices):
            return None
        changed.append(current)
    if not turned:
        return None
    kept, summed = moved[turned[0]]
    return Moved(tuple(turned), _axis(summed), _axis(kept), tuple(changed))


def along_both_axes(formulas: Sequence[Definition], names: Collection[str]) -> Moved | None:
    """Sum over the index that stays too, as where no axis is given: the result is one number.

    Parameters
    ----------
    formulas
        Each after those that it uses.
    names
        Those whose sums are to run along both axes, as far as they have any.

    Returns
    -------
    Moved
        None where nothing is changed.
    """
    changed = []
    turned: dict[str, Trade] = {}
    for formula in formulas:
        trade = _trade(formula) if formula.name in names else None
        if trade is not None:
            turned[formula.name] = trade
        changed.append(_widened(formula, *trade) if trade else formula)
    if not turned:
        return None
    kept, summed = next(iter(turned.values()))
    return Moved(tuple(turned), _axis(summed), _axis(kept), tuple(changed))


def _free(expression: sp.Expr) -> set[sp.Idx]:
    return {s for s in expression.free_symbols if isinstance(s, sp.Idx)}


def _axis(index: sp.Idx) -> str:
    return str(index.upper + 1)


def _trade(formula: Definition) -> Trade | None:
    """The indices that can trade places in every sum of a formula with one index; the batch's."""
    if len(formula.indices) != 1:
        return None
    (kept,) = formula.indices
    found: set[sp.Idx] | None = None
    for sum_ in formula.body.atoms(sp.Sum):
        body, *bounds = sum_.args
        beside = {i for e in body.atoms(sp.Indexed) if kept in e.indices for i in _plain(e)}
        possible = {b[0] for b in bounds if b[0] in beside and b[0].upper != kept.upper}
        found = possible if found is None else found & possible
    by_axis = {_axis(i): i for i in sorted(found or (), key=str)}
    if len(by_axis) == 1:
        return kept, by_axis.popitem()[1]
    return (kept, by_axis["batch"]) if "batch" in by_axis else None


def _plain(entry: sp.Indexed) -> list[sp.Idx]:
    return [i for i in entry.indices if isinstance(i, sp.Idx)]


def _turned(formula: Definition, kept: sp.Idx, summed: sp.Idx) -> Definition:
    """Sum over the other index; a division by the number of terms follows."""

    def turned(sum_: sp.Expr) -> sp.Expr:
        body, *bounds = sum_.args
        return sp.Sum(body, *(limits(kept) if b[0] == summed else b for b in bounds))

    terms = (summed.upper + 1) / (kept.upper + 1)
    return replace(formula, indices=(summed,), body=_resummed(formula.body, summed, terms, turned))


def _widened(formula: Definition, kept: sp.Idx, summed: sp.Idx) -> Definition:
    """Sum over both indices; a division by the number of terms follows."""

    def widened(sum_: sp.Expr) -> sp.Expr:
        return sp.Sum(*sum_.args, limits(kept))

    return replace(formula, body=_resummed(formula.body, summed, 1 / (kept.upper + 1), widened))


def _resummed(
    body: sp.Expr, summed: sp.Idx, factor: sp.Expr, change: Callable[[sp.Expr], sp.Expr]
) -> sp.Expr:
    """Every sum changed, and every mean over an index multiplied by a factor."""

    def is_mean(e: sp.Expr) -> bool:
        return isinstance(e, sp.Mul) and 1 / (summed.upper + 1) in e.args and e.has(sp.Sum)

    body = body.replace(is_mean, lambda e: e * factor)
    return body.replace(lambda e: isinstance(e, sp.Sum), change)


def _followed(formula: Definition, moved: dict[str, Trade]) -> Definition:
    """Index what has moved by its new axis; a formula of moved things alone moves with them."""
    entries = sorted(formula.body.atoms(sp.Indexed), key=str)
    swaps = {
        e: e.base[_beside(e.indices[0], moved[e.base.name][1], entries)]
        for e in entries
        if e.base.name in moved
    }
    if not swaps:
        return formula
    body = formula.body.xreplace(swaps)
    if len(formula.indices) == 1 and all(e.base.name in moved for e in entries):
        new = next(iter(swaps.values())).indices[0]
        moved[formula.name] = formula.indices[0], new
        return replace(formula, indices=(new,), body=body)
    return replace(formula, body=body)


def _beside(old: sp.Idx, new: sp.Idx, entries: Collection[sp.Indexed]) -> sp.Idx:
    """The index along the new axis that occurs beside the old index."""
    beside = {i for e in entries if old in e.indices for i in _plain(e) if i.upper == new.upper}
    return beside.pop() if len(beside) == 1 else new
