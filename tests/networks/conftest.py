"""What a network's claims are asked through: test_mlp.py asks about `find("mlp")`."""

from __future__ import annotations

import importlib.util
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from backproof.candidates.in_process import InProcess
from backproof.catalog import find
from backproof.examination import Examination, Terms
from backproof.inputs.examples import Course, Draw, examples
from backproof.inputs.search import explore
from backproof.operation import Operation

OutcomesOf = Callable[..., dict[str, set[str]]]


@pytest.fixture(scope="module")
def operation(request: pytest.FixtureRequest) -> Operation:
    """Give the network that the test module is named after."""
    return find(request.path.stem.removeprefix("test_"))


@pytest.fixture(scope="module")
def outcomes_of(operation: Operation) -> OutcomesOf:
    """Give what examples say of each property of a program, without finite differences.

    Keywords fix conventions and parameters.
    """

    def ask(
        program: Any, *, count: int = 12, dtype: str = "float64", **fixed: Any
    ) -> dict[str, set[str]]:
        course = Course({name: (value,) for name, value in fixed.items()})
        candidate = InProcess(operation, program)
        examination = Examination(operation, candidate, np.dtype(dtype), Terms(course))
        found = defaultdict(set)

        def visit(draw: Draw) -> None:
            for prop, finding in examination.findings(draw, slopes=False).items():
                found[prop].add(finding.outcome)

        explore(examples(operation, course), visit, f"{operation.name} {dtype}", count)
        return found

    return ask


@pytest.fixture(scope="module")
def wrong_in(outcomes_of: OutcomesOf) -> Callable[..., set[str]]:
    """Give the properties in which a program is wrong on some example."""

    def ask(program: Any, **more: Any) -> set[str]:
        outcomes = outcomes_of(program, **more)
        assert "undecided" not in set().union(*outcomes.values())
        return {prop for prop, seen in outcomes.items() if "wrong" in seen}

    return ask


@pytest.fixture(scope="session")
def hw1() -> ModuleType:
    """Give the programs that two of the networks are asked with."""
    spec = importlib.util.spec_from_file_location("hw1", Path(__file__).with_name("hw1.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
