"""Equations judged as they are written: proved, held under a condition, or refuted with numbers.

A claim states that two formulas are the same wherever both have a value, or that something has a
certain shape. Nothing is decided by numbers where a proof exists: numbers only refute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import product
from typing import TypeAlias

import sympy as sp

from derivations import exact
from derivations.differentiation import NotDifferentiableError, take
from derivations.notation import Array, Axis, Definition, Derivation, delta
from derivations.proof import residue
from derivations.tensor import Shape, ShapeError, Tensor, free_indices, scalar, show_shape

Formula: TypeAlias = sp.Expr | Tensor | Callable[[], Tensor]
"""A side of a claim; where its shapes may not fit, a function that makes it."""
AXES = ("row", "column", "third", "fourth")
"""What the indices of a whole tensor are called."""
_LARGEST = 3
"""The most entries along an axis of a counterexample that is looked for."""
_MOST_PLACES = 64
"""The most combinations of sizes that are tried for one."""


def setting(
    *inputs: Array,
    definitions: Sequence[Definition] = (),
    sizes: Mapping[sp.Symbol, sp.Expr] | None = None,
) -> Derivation:
    """What the symbols of some claims stand for: arrays that may be anything, and what is named."""
    return Derivation(
        name="setting",
        inputs=inputs,
        primal=(),
        gradients=(),
        definitions=tuple(definitions),
        sizes=sizes or {},
    )


@dataclass(frozen=True)
class Condition:
    """What a claim holds under.

    Attributes
    ----------
    text
        In words, after "holds under".
    indicator
        A formula that is 1 where the condition holds, and 0 elsewhere.
    distribution
        The array whose last axis sums to one.
    single
        The axis that has one entry.
    """

    text: str
    indicator: sp.Expr = sp.S.One
    distribution: str = ""
    single: Axis | None = None

    def within(self, setting: Derivation) -> Derivation:
        """The setting in which it is taken for granted."""
        if not self.distribution:
            return setting
        found = (
            replace(a, sums_to_one=a.sums_to_one or a.name == self.distribution)
            for a in setting.inputs
        )
        return replace(setting, inputs=tuple(found))

    def applied(self, difference: sp.Expr) -> sp.Expr:
        """A difference of two formulas, 0 wherever the condition does not hold."""
        if isinstance(self.indicator, sp.KroneckerDelta):
            kept, replaced = sorted(self.indicator.args, key=str)
            return difference.xreplace({replaced: kept})
        if self.single is not None:
            difference = collapsed(difference, self.single)
        return self.indicator * difference


def equal(i: sp.Idx, j: sp.Idx) -> Condition:
    """Two indices are the same."""
    return Condition(f"{i} = {j}", delta(i, j))


def different(i: sp.Idx, j: sp.Idx) -> Condition:
    """Two indices are not the same."""
    return Condition(f"{i} != {j}", 1 - delta(i, j))


def distribution(array: Array) -> Condition:
    """The entries along the last axis of an array sum to one."""
    return Condition(f"the entries of {array.name} sum to 1", distribution=array.name)


def one_of(axis: Axis) -> Condition:
    """An axis has one entry: a batch of one."""
    return Condition(f"{axis.name} = 1", single=axis)


def provided(text: str, indicator: sp.Expr) -> Condition:
    """An indicator is 1."""
    return Condition(text, indicator)


def collapsed(expression: sp.Expr, axis: Axis) -> sp.Expr:
    """An expression where an axis has a single entry."""
    along = [i for i in expression.atoms(sp.Idx) if i.upper + 1 == axis.size]

    def unbound(sum_: sp.Sum) -> sp.Expr:
        body, *bounds = sum_.args
        kept = [b for b in bounds if b[0] not in along]
        return sp.Sum(body, *kept) if kept else body

    flat = expression.replace(lambda e: isinstance(e, sp.Sum), unbound)
    return flat.xreplace(dict.fromkeys(along, sp.S.Zero)).xreplace({axis.size: sp.S.One})


@dataclass(frozen=True)
class Claim:
    """One equation.

    Attributes
    ----------
    id
        Where it stands: ``"000 eq. 7, line 2"``.
    equation
        As it is written, in LaTeX.
    left, right
        Both sides: formulas at free indices, or whole tensors. The left one is what is true where
        it is a derivative.
    setting
        What the symbols stand for.
    operation
        The operation it is about.
    given
        What is stated beside it: the claim is of these cases alone.
    needs
        Conditions to try where it is not true without: a distribution, a batch of one.
    repaired
        What the right-hand side should be, and how that is written.
    why
        What went wrong, in one sentence.
    """

    id: str
    equation: str
    left: Formula
    right: Formula
    setting: Derivation
    operation: str = ""
    given: tuple[Condition, ...] = ()
    needs: tuple[Condition, ...] = ()
    repaired: Formula | None = None
    correction: str = ""
    why: str = ""


@dataclass(frozen=True)
class Line:
    """One line of a calculation: ``= latex``, and what is amiss with it."""

    latex: str
    formula: Formula
    repaired: Formula | None = None
    correction: str = ""
    why: str = ""
    given: tuple[Condition, ...] = ()
    needs: tuple[Condition, ...] = ()


def steps(
    id_: str,
    within: Derivation,
    begin: Line,
    *lines: Line,
    operation: str = "",
    given: tuple[Condition, ...] = (),
) -> tuple[Claim, ...]:
    """A calculation over several lines, each a claim of its own.

    A line is compared with the one before it, or with what that should have been: a wrong line is
    told once, and what is made of it is judged for itself. A condition holds from its line on.
    """
    claims = []
    before = begin.formula
    given += begin.given
    for number, line in enumerate(lines, start=1):
        given += line.given
        claims.append(
            Claim(
                id_ if len(lines) == 1 else f"{id_}, line {number}",
                f"{begin.latex} = {line.latex}",
                before,
                line.formula,
                within,
                operation,
                given,
                line.needs,
                line.repaired,
                line.correction and f"{begin.latex} = {line.correction}",
                line.why,
            )
        )
        before = line.formula if line.repaired is None else line.repaired
    return tuple(claims)


@dataclass(frozen=True)
class ShapeClaim:
    """A stated shape. `true` is what it is, `claimed` what is said of it."""

    id: str
    equation: str
    true: Shape
    claimed: Shape
    operation: str = ""
    correction: str = ""
    why: str = ""


@dataclass(frozen=True)
class Illegible:
    """A place at which an equation stands that cannot be read."""

    id: str
    equation: str
    why: str
    operation: str = ""


AnyClaim: TypeAlias = Claim | ShapeClaim | Illegible


@dataclass(frozen=True)
class Counterexample:
    """The smallest case in which the two sides differ.

    Attributes
    ----------
    sizes
        Of the axes.
    values
        Of the arrays that occur, nested lists of numbers.
    index
        The entry at which they differ.
    expected, claimed
        The two sides there; shapes where these differ already.
    """

    sizes: Mapping[str, int]
    values: Mapping[str, object]
    index: Mapping[str, int]
    expected: float | str
    claimed: float | str


@dataclass(frozen=True)
class Judgement:
    """What came of a claim.

    Attributes
    ----------
    status
        ``"proved"``, ``"holds-under"``, ``"refuted"``, ``"illegible"`` or ``"undecided"``.
    condition
        What it holds under.
    correction
        What would be right, where that has been proved.
    scope
        ``"every size"``, or that of the counterexample.
    document
        The course document in which it stands.
    """

    id: str
    equation: str
    operation: str
    status: str
    condition: str = ""
    counterexample: Counterexample | None = None
    correction: str = ""
    why: str = ""
    scope: str = ""
    document: str = ""


def judge(claim: AnyClaim) -> Judgement:
    """Decide a claim.

    Raises
    ------
    ValueError
        Where a repair that the claim brings is not right either.
    """
    said = Judgement(claim.id, claim.equation, claim.operation, "undecided", why=claim.why)
    if isinstance(claim, Illegible):
        return replace(said, status="illegible")
    if isinstance(claim, ShapeClaim):
        return _shape(claim, said)
    try:
        left, right = sides(claim.left, claim.right)
    except ShapeError as error:
        return _repaired(claim, _misfit(said, *error.shapes))
    for conditions in _cases(claim):
        if proved(left, right, claim.setting, conditions):
            status = "holds-under" if conditions else "proved"
            texts = ", ".join(c.text for c in conditions)
            return replace(said, status=status, condition=texts, scope="every size", why="")
    found = counterexample(left, right, claim.setting, claim.given, smallest=True)
    if found is None:
        return said
    scope = exact.show_sizes(found.sizes)
    return _repaired(claim, replace(said, status="refuted", counterexample=found, scope=scope))


def _cases(claim: Claim) -> Iterator[tuple[Condition, ...]]:
    """What to take for granted: nothing, what is stated, and one thing more."""
    yield ()
    if claim.given:
        yield claim.given
    for needed in claim.needs:
        yield (*claim.given, needed)


def _repaired(claim: Claim, refuted: Judgement) -> Judgement:
    if claim.repaired is None:
        return refuted
    left, right = sides(claim.left, claim.repaired)
    if not any(proved(left, right, claim.setting, c) for c in _cases(claim)):
        raise ValueError(f"{claim.id}: the correction is not right either")
    return replace(refuted, correction=claim.correction)


def _shape(claim: ShapeClaim, said: Judgement) -> Judgement:
    if tuple(claim.true) == tuple(claim.claimed):
        return replace(said, status="proved", scope="every size", why="")
    correction = claim.correction or show_shape(claim.true)
    return replace(_misfit(said, claim.true, claim.claimed), correction=correction)


def _misfit(said: Judgement, true: Shape, claimed: Shape, *inner: Shape) -> Judgement:
    """Refuted, at the smallest sizes at which two shapes differ; of a product, the inner sizes."""
    symbols = sorted(set().union(*(sp.sympify(s).free_symbols for s in (*true, *claimed))), key=str)
    for sizes in sorted(product(range(1, _LARGEST + 1), repeat=len(symbols)), key=sum):
        at = dict(zip(symbols, sizes, strict=True))
        left, right, *meeting = (
            tuple(sp.sympify(s).subs(at) for s in shape) for shape in (true, claimed, *inner)
        )
        one, other = meeting or (left, right)
        if one != other:
            break
    named = {str(symbol): size for symbol, size in at.items()}
    shown = Counterexample(named, {}, {}, show_shape(left), show_shape(right))
    scope = exact.show_sizes(named)
    return replace(said, status="refuted", counterexample=shown, scope=scope)


def sides(left: Formula, right: Formula) -> tuple[Tensor, Tensor]:
    """Both sides as tensors of one shape.

    Raises
    ------
    ShapeError
        Where they have different shapes, or a part of one does not fit another.
    """
    one, other = (_tensor(side) for side in (left, right))
    if one.shape != other.shape:
        raise ShapeError("the two sides differ in shape", one.shape, other.shape)
    return one, other


def _tensor(side: Formula) -> Tensor:
    side = side() if callable(side) and not isinstance(side, Tensor | sp.Basic) else side
    return side if isinstance(side, Tensor) else scalar(side)


def proved(
    left: Tensor, right: Tensor, within: Derivation, conditions: Sequence[Condition] = ()
) -> bool:
    """Whether two tensors are the same, for every size, under all of these conditions."""
    if counterexample(left, right, within, conditions) is not None:
        return False
    within = reduce(lambda found, c: c.within(found), conditions, within)
    at = tuple(free_indices(left.shape, AXES))
    try:
        one, other = (within.expand(take(within, side.entry(*at))) for side in (left, right))
    except NotDifferentiableError:
        return False
    difference = reduce(lambda d, c: c.applied(d), conditions, one - other)
    return residue(difference, sp.S.Zero, within) == 0


def counterexample(
    left: Tensor,
    right: Tensor,
    within: Derivation,
    conditions: Sequence[Condition] = (),
    *,
    smallest: bool = False,
) -> Counterexample | None:
    """A case in which two tensors differ; None where none is found.

    Parameters
    ----------
    smallest
        Look through all small sizes in their order, not only at a few that tell axes apart.
    """
    within = reduce(lambda found, c: c.within(found), conditions, within)
    at = tuple(free_indices(left.shape, AXES))
    one, other = left.entry(*at), right.entry(*at)
    holding = sp.Mul(*(c.indicator for c in conditions))
    single = {c.single.name for c in conditions if c.single is not None}
    free = _free(one, other, holding)
    formulas = one, other
    candidates = _small(within, formulas) if smallest else exact.sizes_to_check(within)
    for sizes in ({**c, **dict.fromkeys(single, 1)} for c in candidates):
        room = exact.Room(within, sizes)
        for values in exact.draws(within, sizes, formulas):
            room.put(values)
            for place in room.everywhere(free):
                found = _difference(room, place, one, other, holding)
                if found is not None:
                    index = {i.name: n for i, n in place.items()}
                    return Counterexample(sizes, _shown(within, room, formulas), index, *found)
    return None


def _free(*expressions: sp.Expr) -> tuple[sp.Idx, ...]:
    found = {i for e in expressions for i in e.free_symbols if isinstance(i, sp.Idx)}
    return tuple(sorted(found, key=str))


def _small(within: Derivation, formulas: Sequence[sp.Expr]) -> Iterator[exact.Sizes]:
    """Sizes in rising order, of the axes that occur; the others have one entry."""
    if within.check_sizes:
        yield from within.check_sizes
        return
    names = list(dict.fromkeys(a.name for array in within.inputs for a in array.axes))
    expanded = [within.expand(f) for f in formulas]
    sizes = {s for f in expanded for i in f.atoms(sp.Idx) for s in (i.upper + 1).free_symbols}
    sizes |= {s for f in expanded for s in f.free_symbols}
    moving = [n for n in names if Axis(n).size in sizes]
    rising = sorted(product(range(1, _LARGEST + 1), repeat=len(moving)), key=sum)
    for chosen in rising[:_MOST_PLACES]:
        yield {**dict.fromkeys(names, 1), **dict(zip(moving, chosen, strict=True))}


def _difference(
    room: exact.Room, place: exact.Environment, one: sp.Expr, other: sp.Expr, holding: sp.Expr
) -> tuple[float, float | str] | None:
    """Both sides at one place, where they differ there."""
    if room.walk(holding, place).value != 1:
        return None
    expected = room.walk(one, place).value
    try:
        claimed = room.walk(other, place).value
    except exact.NoEntryError as error:
        return float(expected), str(error)
    both = sp.Tuple(expected, claimed)
    if claimed is sp.oo and not both.has(sp.nan, sp.zoo, sp.I):
        return float(expected), "infinity"
    if both.has(sp.nan, sp.zoo, sp.oo, sp.I) or exact.same(expected, claimed):
        return None
    return float(expected), float(claimed)


def _shown(within: Derivation, room: exact.Room, formulas: Sequence[sp.Expr]) -> dict[str, object]:
    """The values of the arrays and parameters that occur in formulas."""
    expanded = [within.expand(f) for f in formulas]
    used = {e.base.name for f in expanded for e in f.atoms(sp.Indexed)}
    used |= {s.name for f in expanded for s in f.atoms(sp.Symbol)}
    shown = {a.name: _nested(room, a) for a in within.inputs if a.name in used}
    known = {*shown, *(a.name for array in within.inputs for a in array.axes)}
    known |= {d.name for d in (*within.definitions, *within.primal)}
    bases = {e.base.name for f in expanded for e in f.atoms(sp.Indexed)}
    for symbol in sorted({s for f in expanded for s in f.free_symbols}, key=str):
        plain = isinstance(symbol, sp.Symbol) and not isinstance(symbol, sp.Idx)
        if plain and symbol.name not in known | bases:
            shown[symbol.name] = float(room.symbol(symbol).value)
    return shown


def _nested(room: exact.Room, array: Array) -> object:
    shape = [len(room.size(a.index("_"))) for a in array.axes]

    def inside(at: tuple[int, ...]) -> object:
        if len(at) == len(shape):
            return float(room.values[array.name, at])
        return [inside((*at, n)) for n in range(shape[len(at)])]

    return inside(())
