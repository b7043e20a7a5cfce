"""What no operation lets through: a gradient of zeros, and one entry off by a millionth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from backproof.catalog import NETWORKS, OPERATIONS, find
from backproof.examination import Terms
from backproof.inputs import values
from backproof.inputs.examples import Course
from backproof.inputs.sheets import Shared
from backproof.loop import examine
from backproof.operation import Operation
from backproof.verdict import Verdict
from benchmarks import power

NUMBERS = ("forward", "gradient", "kink")
"""The properties that are measured against an error bound."""

GRADIENTS = [
    pytest.param(operation, name, id=f"{operation.name}.{name}")
    for operation in OPERATIONS
    for name in dict.fromkeys(n for v in operation.variants() for n in operation.differentiable(v))
]


def judged(
    operation: Operation,
    name: str,
    change: Callable[[np.ndarray], np.ndarray],
    course: Mapping[str, tuple[Any, ...]],
) -> Verdict:
    """Examine the reference implementation with one gradient changed."""
    right = operation.implementation
    assert right is not None

    def backward(cotangent, cache):
        gradients = right.backward(cotangent, cache)
        found = getattr(gradients, name)
        return gradients if found is None else gradients._replace(**{name: change(found)})

    candidate = SimpleNamespace(forward=right.forward, backward=backward)
    terms = Terms(course=Course(course))
    return examine(
        operation, candidate, count=30, terms=terms, sheets=sheets(operation.name, **course)
    )


@cache
def sheets(_: str, **__: tuple[Any, ...]) -> Shared:
    """The examples of an operation in a course: the same for all changes."""
    return Shared()


def failing(verdict: Verdict) -> set[str]:
    return {c.id for c in verdict.checks if c.status == "fail"}


def off_by_a_millionth(gradient: np.ndarray) -> np.ndarray:
    """Plant a relative error of 1e-6 in the last entry."""
    planted = gradient.copy()
    planted[(-1,) * gradient.ndim] *= 1 + 1e-6
    return planted


@pytest.mark.system
@pytest.mark.parametrize(("operation", "name"), GRADIENTS)
def test_rejects_an_all_zero_gradient(operation, name):
    """Zeros are no gradient, even of functions whose slope is 0 along many directions."""
    verdict = judged(operation, name, np.zeros_like, {})
    check = f"{operation.name}.gradient.{name}"
    assert failing(verdict) - {f"{operation.name}.kink.{name}"} == {check}
    kinds = {c.diagnosis.kind for c in verdict.checks if c.status == "fail" and c.diagnosis}
    assert kinds == {"zero"}


def test_rejects_an_all_zero_layernorm_without_gamma_and_beta():
    """Alone, layer normalisation's gradient is orthogonal to ones and to its own output."""
    verdict = judged(find("layernorm"), "x", np.zeros_like, {"affine": ("none",)})
    assert failing(verdict) == {"layernorm.gradient.x"}


@pytest.mark.system
@pytest.mark.usefixtures("_undiagnosed")
@pytest.mark.parametrize(("operation", "name"), GRADIENTS)
def test_rejects_one_entry_off_by_a_millionth(operation, name):
    """A relative error of 1e-6 in the last entry alone fails its own check and no other."""
    verdict = judged(operation, name, off_by_a_millionth, {})
    check = f"{operation.name}.gradient.{name}"
    assert failing(verdict) - {f"{operation.name}.kink.{name}"} == {check}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.name)
def test_passes_the_reference_with_power_to_spare(operation):
    """Every check passes, and half of the examples would have shown an error of 1e-10."""
    verdict = examine(operation, count=30)
    assert verdict.verdict == "pass", [c for c in verdict.checks if c.status != "pass"]
    measured = [c for c in verdict.checks if c.property.startswith(NUMBERS)]
    assert all(c.detectable_error is not None for c in measured)
    assert max(c.detectable_error for c in measured) < 1e-10
    assert min(c.examples for c in verdict.checks) >= 30


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.name)
def test_passes_the_reference_in_single_precision(operation):
    """The bound is the format's own: float32 passes, with less power."""
    verdict = examine(operation, count=30, dtypes=("float32",))
    assert verdict.verdict == "pass", [c for c in verdict.checks if c.status != "pass"]
    assert all(c.id.endswith("[float32]") for c in verdict.checks)


SEEDS, EXAMPLES = 100, 12


def caught(operation: Operation, dtype: str, statement: power.Statement) -> dict[str, int]:
    """In how many seeds each check notices an error of twice the size that its pass states.

    The seed chooses the order of the examples, of which one is enough, the entry and the sign.
    """
    counts = dict.fromkeys(statement, 0)
    for planting in power.plantings(operation, dtype, statement):
        draws = planting.draws("for all seeds", EXAMPLES)
        for seed in range(SEEDS):
            order = values.shuffled(values.stream(seed), len(draws))
            for prop in planting.caught([draws[n] for n in order], seed):
                counts[prop] += 1
    return counts


@pytest.mark.system
@pytest.mark.parametrize("operation", [*OPERATIONS, *NETWORKS], ids=lambda o: o.name)
def test_twice_the_stated_error_is_caught_in_99_of_100_seeds(operation):
    """Every pass says what it would have noticed, and notices it."""
    statement = power.stated(operation, "float64", EXAMPLES)
    assert min(caught(operation, "float64", statement).values()) >= power.AT_LEAST * SEEDS


@pytest.mark.system
@pytest.mark.parametrize("name", ["relu", "layernorm"])
def test_twice_the_stated_error_is_caught_in_single_precision(name):
    """The statement is the format's own."""
    statement = power.stated(find(name), "float32", EXAMPLES)
    assert min(caught(find(name), "float32", statement).values()) >= power.AT_LEAST * SEEDS


@pytest.mark.system
def test_a_statement_that_is_ten_times_too_small_is_refuted():
    """The test of the statement can fail."""
    operation = find("cross_entropy")
    statement = {"forward": power.stated(operation, "float64", EXAMPLES)["forward"] / 10}
    assert caught(operation, "float64", statement)["forward"] < power.AT_LEAST * SEEDS


def test_the_planted_error_is_in_one_entry_and_of_its_size():
    """Relative to the largest entry, in either direction; at the least one in the last place."""
    array = np.array([[1.0, -4.0], [0.5, 2.0]])
    for seed in range(20):
        off = power.planted(array, 1e-6, seed) - array
        assert np.count_nonzero(off) == 1
        assert np.abs(off).sum() == pytest.approx(4e-6)
    ulp = power.planted(array.astype(np.float32), 0.0, 0) - array.astype(np.float32)
    assert np.abs(ulp).sum() == 4 * np.finfo(np.float32).eps
