"""What a hypothesis is held against: failing examples, known and fresh, and those that pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

from backproof.candidates.candidate import CandidateError
from backproof.compare import within
from backproof.diagnosis.fresh import Failure
from backproof.diagnosis.hypothesis import ENOUGH, Case, Hypothesis
from backproof.error_analysis import Bounded
from backproof.examination import Examination
from backproof.precision import pick

_KNOWN = 12
"""So many of the examination's failures are explained, beside the smallest."""


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
        """Take the known failures, and draw fresh examples.

        With slopes, not the smallest: none were measured there.
        """
        names = failure.smallest[0].convention
        conventions = {
            n: tuple(dict.fromkeys(draw.convention[n] for draw, _ in failure.wrong)) for n in names
        }
        fresh = failure.fresh.cases(failure.prop, conventions, slopes=slopes)
        known = [] if slopes else [failure.smallest]
        return cls([*known, *failure.wrong[:_KNOWN]], fresh)

    def allowing_for_lost_digits(self, examination: Examination, prop: str) -> Evidence:
        """The same with wider bounds, where the candidate is inaccurate beside being wrong."""
        ask = partial(_allowing_for_lost_digits, examination, prop)
        return Evidence([ask(c) for c in self.known], [ask(c) for c in self.fresh])

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
        return confirmed >= ENOUGH and all(
            hypothesis.explains(case) is not False for case in self.right
        )


def _allowing_for_lost_digits(examination: Examination, prop: str, case: Case) -> Case:
    """Widen the bound by what the candidate's answer changes by in a more precise format.

    A candidate may be wrong and inaccurate: by so much its answer is no evidence against a
    hypothesis. Where it overflows in its own format alone, the other answer is judged.
    """
    draw, finding = case
    if finding.outcome == "right" or not examination.operation.proved:
        return case
    try:
        answer = examination.candidate.answer(examination.example(draw, np.dtype(np.longdouble)))
    except CandidateError:
        return case
    finer, expected = pick(answer, prop, examination.operation.outputs[0]), finding.expected
    if not finer.shape == finding.actual.shape == expected.value.shape:
        return case
    if np.all(np.isfinite(finer)) and not np.all(np.isfinite(finding.actual)):
        right = within(finer, expected.value, expected.bound)
        return draw, replace(finding, actual=finer, outcome="right" if right else "wrong")
    with np.errstate(all="ignore"):
        change = np.subtract(finer, finding.actual, dtype=np.longdouble)
        lost = np.abs(change).astype(np.float64)
        bound = np.where(lost > expected.bound, expected.bound + lost, expected.bound)
    return draw, replace(finding, expected=Bounded(expected.value, bound))
