"""The right numbers in another arrangement: transposed, reversed, or the samples not added up."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np

from backproof.compare import Finding, within
from backproof.diagnosis.evidence import Evidence
from backproof.diagnosis.hypothesis import Case, Explains, Hypothesis
from backproof.diagnosis.kinds import Kind
from backproof.diagnosis.words import over
from backproof.verdict import Diagnosis

Repair = Callable[[np.ndarray], np.ndarray]


def arrangements(evidence: Evidence) -> Iterator[Hypothesis]:
    """What a rearrangement of the candidate's answer puts right."""
    draw, finding = evidence.wrong[0][0]
    axes = finding.actual.ndim
    for kind, text, repair in _repairs(axes):
        yield Hypothesis(kind, text, _repaired_by(repair, axes))
    by_axis = sorted(draw.sizes, key=lambda axis: axis != "batch")
    for axis, place in itertools.product(by_axis, range(axes)):
        text = f"It was not summed over {over(axis)}: it has one result for each entry along it."
        yield Hypothesis(Kind.NOT_SUMMED, text, _summed_afterwards(axis, place))


def _repairs(axes: int) -> Iterator[tuple[Kind, str, Repair]]:
    for pair in itertools.combinations(range(axes), 2):
        text = "It is the transpose of the right result."
        if axes > 2:
            text = f"It is transposed: its {_numbered(pair)} are swapped (counted from 0)."
        yield Kind.TRANSPOSED, text, partial(np.swapaxes, axis1=pair[0], axis2=pair[1])
    if axes == 2:
        text = "Its entries are in the transpose's order: reshape does not transpose."
        yield Kind.TRANSPOSED, text, lambda array: array.reshape(array.shape[::-1]).T
    last = [(axes - 2, axes - 1)] * (axes > 1)
    for along in [*((a,) for a in range(axes)), *last]:
        text = f"Its entries are in reverse order along {_numbered(along)} (counted from 0)."
        yield Kind.REVERSED, text, partial(np.flip, axis=along)


def _numbered(axes: Sequence[int]) -> str:
    return f"{'axes' if len(axes) > 1 else 'axis'} {' and '.join(map(str, axes))}"


def _repaired_by(repair: Repair, axes: int) -> Explains:
    def explains(case: Case) -> bool | None:
        actual, expected = case[1].actual, case[1].expected
        if actual.ndim != axes or not within(repair(actual), expected.value, expected.bound):
            return False
        return None if within(actual, expected.value, expected.bound) else True

    return explains


def _summed_afterwards(axis: str, place: int) -> Explains:
    def explains(case: Case) -> bool:
        draw, finding = case
        actual, expected = finding.actual, finding.expected
        if place >= actual.ndim or actual.shape[place] != draw.sizes.get(axis):
            return False
        return within(actual.sum(axis=place), expected.value, expected.bound)

    return explains


def wrong_shape(finding: Finding) -> Diagnosis | None:
    """The shape it has and the one it must have, where they differ."""
    actual, expected = finding.actual.shape, finding.expected.value.shape
    if actual == expected:
        return None
    text = f"The result has the shape {actual}; it must have {expected}"
    if len(actual) > len(expected) and tuple(n for n in actual if n != 1) == expected:
        text += ", without the axis of size 1"
    return Diagnosis(Kind.SHAPE, f"{text}.")
