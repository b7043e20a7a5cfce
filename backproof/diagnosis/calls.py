"""Why an answer depends on the calls that came before: experiments with a few calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from backproof.candidates.candidate import Answer, CandidateError, Example
from backproof.contract import Contract
from backproof.diagnosis.hypothesis import Case, Explains, Hypothesis
from backproof.diagnosis.kinds import Kind
from backproof.diagnosis.question import Question
from backproof.examination import Examination


class _Calls(NamedTuple):
    """What a candidate answers to two questions of the same shapes, in several orders.

    Attributes
    ----------
    first, second
        Each put to an object of its own.
    across
        The inputs of the first with the cotangent of the second, put to an object of their own.
    later
        The second question, put to an object after the first.
    interleaved
        The second question, where another object runs forward on the first one's inputs before
        its backward.
    """

    first: Answer
    second: Answer
    across: Answer
    later: Answer
    interleaved: Answer


Predict = Callable[[_Calls], tuple[Answer, Answer]]
"""From the experiment to the answer that was given and the one that a cause predicts."""


def order_of_calls(examination: Examination) -> Iterator[Hypothesis]:
    """What is stored too long, and at last that it is the order of the calls and no chance."""
    ask = Question.remembered(lambda case: _asked(examination, case))
    causes: tuple[tuple[str, Predict], ...] = (
        (
            "The backward uses what an earlier call's forward stored.",
            lambda calls: (calls.later, replace(calls.second, gradients=calls.across.gradients)),
        ),
        (
            "Forward and backward use what an earlier call's forward stored.",
            lambda calls: (calls.later, calls.across),
        ),
        ("It is the answer to an earlier call.", lambda calls: (calls.later, calls.first)),
        (
            "Objects share what they store: the backward uses what another one's forward stored.",
            lambda calls: (
                calls.interleaved,
                replace(calls.second, gradients=calls.across.gradients),
            ),
        ),
    )
    for text, predict in causes:
        yield Hypothesis(Kind.STALE, text, _predicted(ask, predict))
    text = "The same calls in the same order give it again: it is no chance."
    yield Hypothesis(Kind.ORDER_OF_CALLS, text, _replays(examination))


def _asked(examination: Examination, case: Case) -> _Calls | None:
    """The experiment on one example; None where there is no answer to a part of it."""
    contract, (draw, _) = Contract(examination), case
    second = examination.example(draw)
    first = contract.other_batch(draw, draw.sizes.get("batch", 0))
    across = replace(second, inputs=first.inputs)

    def last(*examples: Example) -> Answer:
        return contract.stateless(examination.rounds(examples)[-1].answer)

    try:
        return _Calls(
            first=last(first),
            second=last(second),
            across=last(across),
            later=last(first, second),
            interleaved=contract.stateless(examination.candidate.interleaved(second, first)),
        )
    except CandidateError:
        return None


def _predicted(ask: Callable[[Case], _Calls | None], predict: Predict) -> Explains:
    def explains(case: Case) -> bool | None:
        calls = ask(case)
        if calls is None:
            return False
        given, predicted = predict(calls)
        if not _same(given, predicted):
            return False
        return None if _same(predicted, calls.second) else True

    return explains


def _replays(examination: Examination) -> Explains:
    def explains(case: Case) -> bool | None:
        draw, finding = case
        if finding.outcome == "right":
            return None
        try:
            again = Contract(examination).findings(draw)["repeatability"]
        except CandidateError:
            return False
        same = np.array_equal(again.actual, finding.actual, equal_nan=True)
        return again.note == finding.note and same

    return explains


def _same(a: Answer, b: Answer) -> bool:
    """Whether two answers agree to the last bit, as the same calculation does."""
    return _equal(a.outputs, b.outputs) and _equal(a.gradients, b.gradients)


def _equal(a: Mapping[str, np.ndarray], b: Mapping[str, np.ndarray]) -> bool:
    return a.keys() == b.keys() and all(
        np.array_equal(a[name], b[name], equal_nan=True) for name in a
    )
