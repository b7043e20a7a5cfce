"""Runners on submissions that a test writes down, and what a dialect's claims are asked through."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from textwrap import dedent
from typing import Any

import numpy as np
import pytest

from backproof import catalog
from backproof.aspects import Gradients
from backproof.candidates.candidate import CandidateError
from backproof.candidates.dialects.dialect import Component, Edition, Submission
from backproof.candidates.isolated import IsolatedCandidate
from backproof.candidates.process import Runner
from backproof.contract import Contract
from backproof.examination import Examination, Terms
from backproof.inputs.examples import Course, Draw
from backproof.inputs.search import explore

Start = Callable[..., Runner]
Surveyed = Callable[[type[Component]], Component]
Held = Callable[[Component], Examination]
WrongIn = Callable[..., set[str]]
EDITION = Edition("only", folders=(".",), files=("layer.py",), components=())


def starting(folders: pytest.TempPathFactory) -> Iterator[Start]:
    """Give a function that writes layer.py and makes a runner for it; close what it made."""
    runners: list[Runner] = []

    def start(code: str, **options: Any) -> Runner:
        root = folders.mktemp("submission").resolve()
        (root / "layer.py").write_text(dedent(code), encoding="utf-8")
        runners.append(Runner(Submission(root, (root,), EDITION), **options))
        return runners[-1]

    yield start
    for runner in runners:
        runner.close()


@pytest.fixture
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """For a process of a test's own."""
    yield from starting(tmp_path_factory)


@pytest.fixture(scope="module")
def start_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """For a process that the tests of a module share."""
    yield from starting(tmp_path_factory)


@pytest.fixture(scope="module")
def runner(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Runner]:
    """Run the modules that are the test file's `SOURCES`."""
    folder = tmp_path_factory.mktemp("homework")
    for module, source in request.module.SOURCES.items():
        (folder / f"{module}.py").write_text(source, "utf-8")
    with Runner(Submission(folder, (folder,), EDITION)) as runner:
        yield runner


@pytest.fixture(scope="module")
def surveyed(runner: Runner) -> Surveyed:
    """Give a component that has looked at its submission."""

    def look(kind: type[Component]) -> Component:
        component = kind()
        with contextlib.suppress(CandidateError):
            component.survey(lambda script, handles: runner.run([(script, handles)])[0])
        return component

    return look


@pytest.fixture(scope="module")
def held(runner: Runner) -> Held:
    """Give a component under the terms that a homework is examined under."""

    def hold(component: Component) -> Examination:
        terms = Terms(
            Course(component.conventions, component.cotangent, component.fit, component.initial),
            variations=tuple(component.variations),
            fixes_kink=component.fixes_kink,
            accepts_variations=True,
            name=component.spelled(),
            hides=component.hides,
            draws=component.draws,
        )
        candidate = IsolatedCandidate(runner, component)
        operation = catalog.find(component.operation)
        return Examination(operation, candidate, np.dtype(np.float64), terms)

    return hold


@pytest.fixture(scope="module")
def wrong_in(surveyed: Surveyed, held: Held) -> WrongIn:
    """Give the properties that are wrong in some example, those of the contract included."""

    def ask(kind: type[Component], count: int = 6) -> set[str]:
        examination = held(surveyed(kind))
        wrong: set[str] = set()
        for aspect in (Gradients(examination), Contract(examination)):

            def visit(draw: Draw, aspect: Gradients | Contract = aspect) -> None:
                found = aspect.findings(examination.observed(draw), slopes=False)
                wrong.update(p for p, f in found.items() if f.outcome == "wrong")

            name = f"{examination.operation.name}{aspect.name}"
            explore(aspect.strategy(examination.terms.course), visit, name, count)
        return wrong - examination.terms.hides

    return ask
