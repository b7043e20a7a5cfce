"""Equations judged as they are written: proved, held under a condition, or refuted with numbers.

A claim states that two formulas are the same wherever both have a value, or that something has a
certain shape. Nothing is decided by numbers where a proof exists: numbers only refute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TypeAlias

import sympy as sp

from derivations import exact
from derivations.equality import LARGEST, Condition, Counterexample, counterexample, proved
from derivations.notation import Array, Definition, Derivation
from derivations.tensor import Shape, ShapeError, Tensor, scalar, show_shape

Formula: TypeAlias = sp.Expr | Tensor | Callable[[], Tensor]
"""A side of a claim; where its shapes may not fit, a function that makes it."""


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
    begin
        What a calculation began with, where that equals the right-hand side only in the case given.
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
    begin: Formula | None = None


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
                begin.formula if given else None,
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
        said = replace(said, why=said.why or str(error))
        return _repaired(claim, _misfit(said, *error.shapes))
    for conditions in cases(claim):
        if proved(left, right, claim.setting, conditions) and (
            conditions or claim.begin is None or _begins(claim, right)
        ):
            status = "holds-under" if conditions else "proved"
            texts = ", ".join(c.text for c in conditions)
            scope = _scope(claim.setting)
            return replace(said, status=status, condition=texts, scope=scope, why="")
    found = None
    for conditions in ((*claim.given, *claim.needs), claim.given):
        found = found or counterexample(left, right, claim.setting, conditions, smallest=True)
    if found is None:
        return said
    scope = exact.show_sizes(found.sizes)
    return _repaired(claim, replace(said, status="refuted", counterexample=found, scope=scope))


def _scope(within: Derivation) -> str:
    """Every size, unless the document itself is about one."""
    if len(within.check_sizes) == 1:
        return f"sizes {exact.show_sizes(within.check_sizes[0])}"
    return "every size"


def _begins(claim: Claim, right: Tensor) -> bool:
    """Whether a line equals what its calculation began with, in every case."""
    begin, _ = sides(claim.begin or claim.left, claim.right)
    return proved(begin, right, claim.setting)


def cases(claim: Claim) -> Iterator[tuple[Condition, ...]]:
    """What a claim may take for granted: nothing, what is stated, and one thing more."""
    yield ()
    if claim.given:
        yield claim.given
    for needed in claim.needs:
        yield (*claim.given, needed)


def _repaired(claim: Claim, refuted: Judgement) -> Judgement:
    if claim.repaired is None:
        return refuted
    left, right = sides(claim.left, claim.repaired)
    if not any(proved(left, right, claim.setting, c) for c in cases(claim)):
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
    for sizes in sorted(product(range(1, LARGEST + 1), repeat=len(symbols)), key=sum):
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
