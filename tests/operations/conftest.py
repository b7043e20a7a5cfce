"""What an operation's claims are asked through: test_softmax.py asks about `find("softmax")`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest
import sympy as sp

from backproof.catalog import find
from backproof.contract import PROPERTIES
from backproof.examination import Terms
from backproof.inputs.examples import Course
from backproof.inputs.sheets import Shared
from backproof.loop import examine
from backproof.operation import Operation
from derivations.proof import Proof, prove

StatusOf = Callable[..., str]
FailuresOf = Callable[..., dict[str, str]]


@pytest.fixture(scope="module")
def operation(request: pytest.FixtureRequest) -> Operation:
    """Give the operation that the test module is named after."""
    return find(request.path.stem.removeprefix("test_"))


@pytest.fixture(scope="module")
def proofs(operation: Operation) -> list[Proof]:
    """Prove every claim of every variant, once for the module."""
    derivations = (operation.derivation(v) for v in operation.variants())
    return [proof for d in derivations if d is not None for proof in prove(d)]


@pytest.fixture
def status_of(operation: Operation) -> StatusOf:
    """Give the status of another formula in the place of one gradient's closed form."""

    def ask(of: str, expression: sp.Expr, **convention: str) -> str:
        derivation = operation.derivation({**next(operation.variants()), **convention})
        assert derivation is not None
        form = next(g for g in derivation.gradients if g.of == of)
        other = replace(form, expression=sp.sympify(expression))
        alone = replace(derivation, values=(), jacobians=(), gradients=(other,))
        (proof,) = prove(alone)
        return proof.status

    return ask


@pytest.fixture(scope="module")
def sheets() -> Callable[..., Shared]:
    """Give the examples of an operation under what is fixed, the same for all candidates."""
    return cache(lambda **_: Shared())


@pytest.fixture
def failures_of(operation: Operation, sheets: Callable[..., Shared]) -> FailuresOf:
    """Give the checks that an implementation with other functions in it does not pass.

    Of its values and gradients: the contract has tests of its own, and knows no formula.
    Each with the kind of its diagnosis, or with its status where there is none. Keywords other than
    the functions fix a convention or a parameter.
    """

    def ask(*, forward: Any = None, backward: Any = None, **fixed: Any) -> dict[str, str]:
        right = operation.implementation
        assert right is not None
        candidate = SimpleNamespace(
            forward=forward or right.forward, backward=backward or right.backward
        )
        terms = Terms(course=Course({name: (value,) for name, value in fixed.items()}))
        verdict = examine(operation, candidate, count=30, terms=terms, sheets=sheets(**fixed))
        return {
            c.id: c.diagnosis.kind if c.diagnosis else c.status
            for c in verdict.checks
            if c.status != "pass" and c.property not in PROPERTIES
        }

    return ask
