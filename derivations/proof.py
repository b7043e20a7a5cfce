"""Proves that a closed form is the derivative of its primal, for every size.

The primal is differentiated in index notation, what was claimed is subtracted, and the difference
is brought to normal form. Each proof is repeated by `derivations.exact`, which shares none of this,
in exact arithmetic.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sympy as sp

from derivations import exact
from derivations.differentiation import differentiate
from derivations.normal_form import canonical, clear_denominators
from derivations.notation import (
    ClosedForm,
    Definition,
    Derivation,
    Jacobian,
    limits,
    rename_bound,
)


@dataclass(frozen=True)
class Proof:
    """What came of one claim.

    Attributes
    ----------
    subject
        ``"gradient x"``, ``"value y"`` or ``"jacobian y / x"``.
    status
        ``"proved"``, ``"refuted"`` (a counterexample in exact arithmetic exists), ``"undecided"``.
    scope
        ``"every size"``, or ``"sizes …"`` with the sizes.
    checked_at
        The explicit sizes at which exact arithmetic agreed, or the first at which it did not.
    """

    operation: str
    subject: str
    input: str
    form: str
    status: str
    scope: str
    checked_at: tuple[str, ...]
    seconds: float
    sources: tuple[str, ...]
    residue: str = ""
    convention: Mapping[str, str] = field(default_factory=dict)


def residue(claimed: sp.Expr, true: sp.Expr, derivation: Derivation) -> sp.Expr:
    """What is left of ``claimed - true`` in normal form: 0 exactly where they are equal."""
    sizes = dict(derivation.sizes)
    claimed, true = (derivation.expand(e).xreplace(sizes) for e in (claimed, true))
    difference = canonical(claimed) - canonical(true)
    difference = clear_denominators(_normalised(difference, derivation))
    return _normalised(difference, derivation)


def _normalised(expression: sp.Expr, derivation: Derivation) -> sp.Expr:
    """Use that a distribution sums to one: its index leaves every sum in which it stands alone."""
    names = {a.name for a in derivation.inputs if a.sums_to_one}

    def summed_out(sum_: sp.Sum) -> sp.Expr:
        body, *bounds = sum_.args
        factors = list(sp.Mul.make_args(body))
        for entry in factors:
            if isinstance(entry, sp.Indexed) and entry.base.name in names:
                last = entry.indices[-1]
                rest = sp.Mul(*(f for f in factors if f is not entry))
                if last in {b[0] for b in bounds} and not rest.has(last):
                    kept = [b for b in bounds if b[0] != last]
                    return sp.Sum(rest, *kept) if kept else rest
        return sum_

    if not names:
        return expression
    return canonical(expression.replace(lambda e: isinstance(e, sp.Sum), summed_out))


def true_gradient(derivation: Derivation, form: ClosedForm) -> sp.Expr:
    """The VJP with respect to an input, from the primal by differentiation."""
    output = derivation.output
    array = next(a for a in derivation.inputs if a.name == form.of)
    upstream = (
        sp.IndexedBase(f"d{output.name}")[output.indices]
        if output.indices
        else sp.Symbol(f"d{output.name}", real=True)
    )
    weighted = upstream * rename_bound(derivation.expand(output.body))
    clash = {i: sp.Idx(f"_out_{i.name}", i.args[1]) for i in output.indices}
    slope = differentiate(weighted.xreplace(clash), array[form.indices])
    return sp.Sum(slope, *map(limits, clash.values())) if clash else slope


def true_jacobian(derivation: Derivation, claim: Jacobian) -> sp.Expr:
    """The partial derivative that a Jacobian's entry claims to be."""
    return differentiate(rename_bound(derivation.expand(claim.of)), claim.by)


def prove(derivation: Derivation) -> list[Proof]:
    """Prove every claim of a derivation."""
    known: dict[Any, sp.Expr] = {}
    return [_proof(derivation, claim, known) for claim in claims(derivation)]


def claims(derivation: Derivation) -> tuple[ClosedForm | Jacobian, ...]:
    """Every claim of a derivation: values, gradients, entries of Jacobians."""
    return (*derivation.values, *derivation.gradients, *derivation.jacobians)


def _proof(
    derivation: Derivation, claim: ClosedForm | Jacobian, known: dict[Any, sp.Expr]
) -> Proof:
    begin = time.perf_counter()
    scope, left = "every size", sp.S.Zero
    if isinstance(claim, Jacobian):
        kind, of = "jacobian", _name(claim.by)
    else:
        kind, of = "value" if _value(derivation, claim) else "gradient", claim.of
    if kind == "gradient" and derivation.every_order:
        scope = "sizes " + "; ".join(map(exact.show_sizes, exact.sizes_to_check(derivation)))
    else:
        # Forms of one thing are compared with one expression, whose normal form is then at hand.
        asked = (claim.of, claim.by if isinstance(claim, Jacobian) else claim.indices)
        if asked not in known:
            known[asked] = _true(derivation, claim)
        left = residue(claim.expression, known[asked], derivation)
    held, checked = exact.check(derivation, claim)
    status = "proved" if held and left == 0 else "undecided" if held else "refuted"
    return Proof(
        operation=derivation.name,
        subject=f"{kind} {_name(claim.of)}",
        input=of,
        form=claim.form,
        status=status,
        scope=scope,
        checked_at=checked,
        seconds=time.perf_counter() - begin,
        sources=(claim.source,),
        residue="" if left == 0 else str(left),
    )


def _true(derivation: Derivation, claim: ClosedForm | Jacobian) -> sp.Expr:
    """What a claim is compared with, as it follows from the primal."""
    if isinstance(claim, Jacobian):
        return true_jacobian(derivation, claim)
    output = _value(derivation, claim)
    return output.at(claim.indices) if output else true_gradient(derivation, claim)


def _value(derivation: Derivation, claim: ClosedForm) -> Definition | None:
    """The output that a form is a value of; None for that of a gradient."""
    return next((d for d in derivation.primal if d.name == claim.of), None)


def _name(entry: sp.Expr | str) -> str:
    return entry.base.name if isinstance(entry, sp.Indexed) else str(entry)
