"""Hypotheses that something was added to the right result."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from backproof.diagnosis.evidence import Evidence
from backproof.diagnosis.factors import Interval, Ratio, added, constant_of, scaled_by
from backproof.diagnosis.hypothesis import Case, Hypothesis
from backproof.diagnosis.kinds import Kind
from backproof.diagnosis.question import Question
from backproof.diagnosis.words import spelled
from backproof.error_analysis import Bounded

Summand = Callable[[Case], np.ndarray | None]


def additions(question: Question, evidence: Evidence) -> Iterator[Hypothesis]:
    """The same multiple of an input, of the upstream gradient or of 1, on every example."""
    for name, summand in _summands(question):
        of_summand = _of_summand(question, summand)
        times = constant_of(evidence, of_summand)
        if times is not None:
            what = f"{spelled(times)} times {name} is" if name else f"{spelled(times)} is"
            text = f"A term is too many: {what} added to the right result."
            explains = scaled_by(_always(times), of_summand, 0.0)
            yield Hypothesis(Kind.ADDITIONAL_TERM, text, explains)


def _summands(question: Question) -> Iterator[tuple[str, Summand]]:
    for given in question.operation.arrays(question.conventions[0]):
        yield given.name, _input(given.name)
    if question.is_gradient:
        yield "the upstream gradient", lambda case: case[0].example.cotangent
    yield "", lambda case: np.ones(case[1].expected.value.shape)


def _input(name: str) -> Summand:
    return lambda case: case[0].example.inputs.get(name)


def _always(number: float) -> Callable[[object], float]:
    return lambda _: number


def _of_summand(question: Question, summand: Summand) -> Ratio:
    """How many times it was added."""

    def of_summand(case: Case) -> Interval | None:
        array = summand(case)
        if array is None:
            return None
        exact = Bounded(array.astype(question.rounding.reference), None)
        return added(case[1], exact, question.rounding)

    return question.remembered(of_summand)
