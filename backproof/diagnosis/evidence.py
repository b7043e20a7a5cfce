"""What a hypothesis is held against: failing examples, and fresh ones that it was not made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from backproof.candidates.candidate import CandidateError
from backproof.compare import Finding, within
from backproof.diagnosis.kinds import Kind
from backproof.diagnosis.words import Text, said
from backproof.error_analysis import Bounded
from backproof.inputs.examples import Course, Draw, examples
from backproof.inputs.search import explore
from backproof.precision import pick
from backproof.verdict import Diagnosis

if TYPE_CHECKING:
    from backproof.examination import Examination

Case = tuple[Draw, Finding]

_KNOWN = 12
"""So many of the examination's failures are explained, beside the smallest."""

_RUN, _RUNS, _ROUNDS = 4, 4, 3
PLENTY = 8
"""With so many failures among the fresh examples, no further round is drawn as a rule."""

ENOUGH = 3
"""A hypothesis predicts the answer to at least so many fresh examples on which the candidate fails.

Each prediction is of a whole array to its last digits: one that holds by chance is rare, three are
not to be expected. More are not asked for, since a failure may be rare itself.
"""

_ERRORS = 3


class Fresh:
    """Examples that the examination did not draw, and what is found on them.

    Parameters
    ----------
    examination
        Of the candidate.
    kinks
        Whether the examples lie on kinks and ties.
    """

    def __init__(self, examination: Examination, *, kinks: bool) -> None:
        self.examination = examination
        self.kinks = kinks
        self._rounds: dict[tuple[Any, ...], list[tuple[Draw, Mapping[str, Finding]]]] = {}

    def cases(
        self,
        prop: str,
        conventions: Mapping[str, tuple[Any, ...]],
        *,
        wanted: float = PLENTY,
        slopes: bool = False,
    ) -> list[Case]:
        """Draw examples under these conventions, in rounds while too few of them fail.

        Parameters
        ----------
        prop
            The property that is asked about.
        conventions
            By name, the values to draw from; all that the course allows where nothing is said.
        wanted
            So many failures are enough.
        slopes
            Measure the slopes of the candidate's own forward too.
        """
        found: list[Case] = []
        for number in range(_ROUNDS):
            found += [
                (draw, findings[prop])
                for draw, findings in self._round(number, conventions, slopes=slopes)
                if prop in findings and findings[prop].outcome in {"right", "wrong"}
            ]
            if sum(finding.outcome == "wrong" for _, finding in found) >= wanted:
                break
        return found

    def _round(
        self, number: int, conventions: Mapping[str, tuple[Any, ...]], *, slopes: bool
    ) -> list[tuple[Draw, Mapping[str, Finding]]]:
        course = self.examination.terms.course
        allowed = {**self.examination.operation.conventions, **course.parameters}
        kept = {
            n: tuple(v for v in values if v in conventions.get(n, values))
            for n, values in allowed.items()
        }
        key = number, slopes, repr(kept)
        if key not in self._rounds:
            drawn = self.draw(replace(course, parameters=kept), number)
            self._rounds[key] = self._judged(drawn, slopes=slopes)
        return self._rounds[key]

    def draw(self, course: Course, number: int) -> list[Draw]:
        """Draw one round of examples, always the same.

        Hypothesis varies what it has drawn, and begins with the simplest example, which an
        examination has drawn too. So a round is several short runs, each without its first.
        """
        operation = self.examination.operation
        strategy = examples(operation, course, kinks=self.kinks)
        round_: list[Draw] = []
        for run in range(_RUNS):
            drawn: list[Draw] = []
            name = f"{operation.name} diagnosis{' at kinks' * self.kinks}, run {number}.{run}"
            explore(strategy, drawn.append, name, 1 + _RUN)
            round_ += drawn[1:]
        return round_

    def _judged(
        self, drawn: Sequence[Draw], *, slopes: bool
    ) -> list[tuple[Draw, Mapping[str, Finding]]]:
        found: list[tuple[Draw, Mapping[str, Finding]]] = []
        errors = 0
        for draw in drawn:
            try:
                found.append((draw, self.examination.findings(draw, slopes=slopes)))
            except CandidateError:
                errors += 1
                if errors == _ERRORS:
                    break
        return found


@dataclass(frozen=True)
class Failure:
    """A failing check, as the examination leaves it.

    Attributes
    ----------
    prop
        The property that fails.
    smallest
        The counterexample that is printed.
    wrong
        The failing examples that the examination came across.
    right
        Those on which the candidate was right.
    fresh
        Draws further ones.
    """

    prop: str
    smallest: Case
    wrong: Sequence[Case]
    right: Sequence[Case]
    fresh: Fresh


Explains = Callable[[Case], bool | None]
"""Whether a hypothesis accounts for the candidate's answer; None where it could be any."""


class Hypothesis(NamedTuple):
    """A cause, how to say it, and how to test it.

    Attributes
    ----------
    kind
        Of the diagnosis.
    text
        Its sentence.
    explains
        Its account of one example.
    enough
        So many fresh failures have to be explained.
    """

    kind: Kind
    text: Text
    explains: Explains
    enough: int = ENOUGH

    @property
    def diagnosis(self) -> Diagnosis:
        """What is printed where it is confirmed."""
        return Diagnosis(self.kind, said(self.text))


@dataclass(frozen=True)
class Evidence:
    """The examples that a hypothesis has to explain.

    Attributes
    ----------
    known
        Failing examples of the examination, the smallest first.
    fresh
        Further ones under the conventions under which it fails, whether the candidate fails there
        or not.
    """

    known: Sequence[Case]
    fresh: Sequence[Case]

    @classmethod
    def of(cls, failure: Failure, *, slopes: bool = False) -> Evidence:
        """Take the known failures, and draw fresh examples."""
        names = failure.smallest[0].convention
        conventions = {
            n: tuple(dict.fromkeys(draw.convention[n] for draw, _ in failure.wrong)) for n in names
        }
        known = [failure.smallest, *failure.wrong[:_KNOWN]]
        fresh = failure.fresh.cases(failure.prop, conventions, slopes=slopes)
        if slopes:
            return cls(known[1:], fresh)
        ask = partial(_allowing_for_lost_digits, failure.fresh.examination, failure.prop)
        return cls([ask(c) for c in known], [ask(c) for c in fresh])

    @cached_property
    def wrong(self) -> list[tuple[Case, bool]]:
        """The failing examples, each with whether it is fresh; the most telling ones first.

        Where sizes are distinct and above 1, few hypotheses predict the same.
        """
        cases = [(c, False) for c in self.known]
        cases += [(c, True) for c in self.fresh if c[1].outcome == "wrong"]
        return sorted(cases, key=lambda case: -len(set(case[0][0].sizes.values()) - {1}))

    @cached_property
    def right(self) -> list[Case]:
        """The fresh examples on which the candidate is right."""
        return [c for c in self.fresh if c[1].outcome == "right"]

    def confirms(self, hypothesis: Hypothesis) -> bool:
        """Whether a hypothesis accounts for every example, and for enough fresh failures."""
        confirmed = 0
        for case, is_fresh in self.wrong:
            explained = hypothesis.explains(case)
            if explained is False:
                return False
            confirmed += is_fresh and explained is True
        return confirmed >= hypothesis.enough and all(
            hypothesis.explains(case) is not False for case in self.right
        )


def _allowing_for_lost_digits(examination: Examination, prop: str, case: Case) -> Case:
    """Widen the bound by what the candidate's answer changes by in a more precise format.

    A candidate may be wrong and inaccurate: by so much its answer is no evidence against a
    hypothesis.
    """
    draw, finding = case
    if finding.outcome == "right" or examination.operation.derive is None:
        return case
    try:
        answer = examination.candidate.answer(examination.example(draw, np.dtype(np.longdouble)))
    except CandidateError:
        return case
    finer, expected = pick(answer, prop, examination.operation.outputs[0]), finding.expected
    if not finer.shape == finding.actual.shape == expected.value.shape:
        return case
    with np.errstate(all="ignore"):
        lost = np.abs(finer - finding.actual).astype(np.float64)
        bound = np.where(lost > expected.bound, expected.bound + lost, expected.bound)
    return draw, replace(finding, expected=Bounded(expected.value, bound))


Predict = Callable[[Draw, Finding], Bounded | None]


def predicting(predict: Predict) -> Explains:
    """A hypothesis that predicts the answer; None where it predicts nothing.

    It explains a failure only where it also excludes the right answer.
    """

    def explains(case: Case) -> bool | None:
        finding = case[1]
        predicted = predict(*case)
        if predicted is None:
            return False if finding.outcome == "wrong" else None
        bound, expected = predicted.bound, finding.expected
        alike = predicted.value.shape == expected.value.shape
        bound = bound + expected.bound if alike else bound
        if not agrees(finding.actual, predicted.value, bound):
            return False
        return None if alike and within(expected.value, predicted.value, bound) else True

    return explains


def agrees(actual: np.ndarray, predicted: np.ndarray, bound: np.ndarray) -> bool:
    """Whether every entry lies within its bound, and is infinite or NaN just where predicted."""
    if actual.shape != predicted.shape:
        return False
    finite = np.isfinite(predicted)
    return bool(np.array_equal(np.isfinite(actual), finite)) and within(
        actual[finite], predicted[finite], bound[finite]
    )
