"""An answer that belongs to an earlier question."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from backproof.compare import Finding, within
from backproof.diagnosis.kinds import Kind
from backproof.error_analysis import Bounded
from backproof.verdict import Diagnosis


def stale(finding: Finding, earlier: Sequence[Bounded]) -> Diagnosis | None:
    """Whether a wrong answer is what would have been right for an earlier example.

    Parameters
    ----------
    finding
        What one example says of the property.
    earlier
        The right answers to the examples that the same object was asked before, in that order.

    Returns
    -------
    Diagnosis
        None where no earlier example explains the answer, or one explains it by zeros alone.
    """
    expected = finding.expected
    for before, truth in enumerate(reversed(earlier), start=1):
        told_apart = truth.value.shape != expected.value.shape or not within(
            truth.value, expected.value, truth.bound + expected.bound
        )
        if told_apart and np.any(truth.value) and within(finding.actual, truth.value, truth.bound):
            which = "example before" if before == 1 else f"example {before} calls before"
            text = f"It is the answer to the {which}: what that call stored is used again."
            return Diagnosis(Kind.STALE, text)
    return None
