"""From a residual to a named cause.

A hypothesis predicts the wrong answer exactly. It is named only where its prediction lies within
the rounding bound on every failing example, fresh ones among them that were drawn to test it, and
where it predicts no failure on those on which the candidate is right. docs/diagnosis.md lists the
kinds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from backproof.compare import SLOPES, Finding, within
from backproof.diagnosis.additions import additions
from backproof.diagnosis.arrangements import arrangements, wrong_shape
from backproof.diagnosis.circumstances import circumstance
from backproof.diagnosis.evidence import Evidence
from backproof.diagnosis.factors import any_number, whole_result
from backproof.diagnosis.formulas import altered_formulas, without_cotangent
from backproof.diagnosis.fresh import Failure, Fresh
from backproof.diagnosis.hypothesis import Case, Hypothesis, predicting
from backproof.diagnosis.kinds import Kind
from backproof.diagnosis.kinks import kink_conventions
from backproof.diagnosis.question import Question
from backproof.diagnosis.relatives import (
    other_conventions,
    other_formulas,
    other_operations,
    other_settings,
    transposed_operation,
)
from backproof.diagnosis.stale import stale
from backproof.error_analysis import Bounded
from backproof.inputs.examples import Draw
from backproof.precision import is_rounding, pick
from backproof.verdict import Diagnosis

if TYPE_CHECKING:
    from backproof.examination import Examination

_MEASURED = 1
"""What is measured on each example by itself could not be told from one by chance."""

__all__ = ["Failure", "Fresh", "Kind", "diagnose", "hypotheses", "stale"]


def diagnose(examination: Examination, failure: Failure) -> Diagnosis | None:
    """Name the cause of a failure; None where no hypothesis explains every example.

    Parameters
    ----------
    examination
        Of the candidate.
    failure
        The failing check, and the means to draw fresh examples of it.
    """
    with np.errstate(all="ignore"):  # a candidate, and a formula that is changed, may overflow
        return _explained(examination, failure)


def _explained(examination: Examination, failure: Failure) -> Diagnosis | None:
    if all(finding.own_forward for _, finding in failure.wrong):
        hypothesis = _own_forward()
        if Evidence.of(failure, slopes=True).confirms(hypothesis):
            return hypothesis.diagnosis
    evidence = Evidence.of(failure)
    for hypothesis in hypotheses(examination, failure, evidence):
        if evidence.confirms(hypothesis):
            return hypothesis.diagnosis
    found = circumstance(examination.operation, failure)
    return found or _plain_fact([finding for (_, finding), _ in evidence.wrong])


def hypotheses(
    examination: Examination, failure: Failure, evidence: Evidence
) -> Iterator[Hypothesis]:
    """Every hypothesis that predicts answers, the simpler before those that explain as much."""
    conventions = []
    for draw, _ in evidence.known:
        if draw.convention not in conventions:
            conventions.append(draw.convention)
    question = Question(examination, failure.prop, conventions)
    yield _unstable(examination, failure.prop)
    yield _zero()
    yield _single_precision(examination, failure.prop)
    if failure.fresh.kinks:
        yield from kink_conventions(question)
    yield from whole_result(question, evidence)
    yield from arrangements(evidence)
    yield from without_cotangent(question)
    yield from other_conventions(question)
    yield from other_formulas(question)
    yield from transposed_operation(question)
    yield from altered_formulas(question, evidence)
    yield from other_settings(question)
    yield from other_operations(question)
    yield from any_number(question, evidence)
    yield from additions(question, evidence)


def _own_forward() -> Hypothesis:
    def explains(case: Case) -> bool | None:
        _, finding = case
        heard = finding.says.get(SLOPES, "unreliable") != "unreliable"
        return finding.own_forward if heard and finding.outcome == "wrong" else None

    text = "The backward is the derivative of your forward; it is the forward that is wrong."
    return Hypothesis(Kind.OWN_FORWARD, text, explains, _MEASURED)


def _unstable(examination: Examination, prop: str) -> Hypothesis:
    def explains(case: Case) -> bool | None:
        draw, finding = case
        if finding.outcome == "right":
            return None
        alike = finding.actual.shape == finding.expected.value.shape
        return alike and is_rounding(examination, draw, prop)

    text = (
        "The formula is right, but this way of computing it loses its digits to rounding or "
        "overflow: in a more precise format, or on milder inputs, the error goes away."
    )
    return Hypothesis(Kind.UNSTABLE, text, explains, _MEASURED)


def _single_precision(examination: Examination, prop: str) -> Hypothesis:
    """Right to float32's rounding, and every entry is one that float32 holds."""

    def explains(case: Case) -> bool | None:
        draw, finding = case
        if finding.outcome == "right":
            return None
        truth = examination.symbolic(draw, np.dtype(np.float32))
        if truth is None or examination.dtype == np.float32:
            return False
        coarse = pick(truth, prop, examination.operation.outputs[0])
        with np.errstate(over="ignore"):
            is_single = np.array_equal(finding.actual, finding.actual.astype(np.float32))
        return is_single and within(finding.actual, coarse.value, coarse.bound)

    text = f"It was computed in float32; it is asked for in {examination.dtype.name}."
    return Hypothesis(Kind.SINGLE_PRECISION, text, explains)


def _zero() -> Hypothesis:
    def predict(_: Draw, finding: Finding) -> Bounded:
        return Bounded(np.zeros(finding.expected.value.shape), None)

    return Hypothesis(Kind.ZERO, "Every entry is 0.", predicting(predict))


def _plain_fact(findings: list[Finding]) -> Diagnosis | None:
    """What every failing example shows without a hypothesis: a wrong shape, infinities."""
    shapes = [wrong_shape(finding) for finding in findings]
    if all(shapes):
        return shapes[0]
    if any(np.all(np.isfinite(f.actual)) for f in findings):
        return None
    if not all(np.all(np.isfinite(f.expected.value)) for f in findings):
        return None
    return Diagnosis(Kind.NOT_FINITE, "It holds infinities or NaN where every entry is finite.")
