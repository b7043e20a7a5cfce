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

Repair = Callable[[np.ndarray], np.ndarray]


def arrangements(evidence: Evidence) -> Iterator[Hypothesis]:
    """What a rearrangement of the candidate's answer puts right."""
    draw, finding = evidence.wrong[0][0]
    axes = finding.actual.ndim
    misshapen = wrong_shape(evidence.known[0][1])
    if misshapen is not None:
        yield Hypothesis(Kind.SHAPE, misshapen, _explained_by_shape)
    for kind, text, repair in _repairs(axes):
        yield Hypothesis(kind, text, _repaired_by(repair, axes))
    by_axis = sorted(draw.sizes, key=lambda axis: axis != "batch")
    for axis, place in itertools.product(by_axis, range(axes)):
        text = f"It was not summed over {over(axis)}: it has one result for each entry along it."
        yield Hypothesis(Kind.NOT_SUMMED, text, _summed_afterwards(axis, place))


def _explained_by_shape(case: Case) -> bool | None:
    """Whether the entries are right, one after the other, and only the shape is not."""
    actual, expected = case[1].actual, case[1].expected
    if actual.size != expected.value.size:
        return False
    right = within(actual.reshape(expected.value.shape), expected.value, expected.bound)
    return None if right and actual.shape == expected.value.shape else right


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
    def explains(case: Case) -> bool | None:
        draw, finding = case
        actual, expected, size = finding.actual, finding.expected, draw.sizes.get(axis)
        if place >= actual.ndim or actual.shape[place] != size:
            return False
        summed = within(actual.sum(axis=place), expected.value, expected.bound)
        return None if summed and size == 1 else summed  # one entry: there is nothing to sum

    return explains


def wrong_shape(finding: Finding) -> str | None:
    """The shape it has and the one it must have, where they differ."""
    actual, expected = finding.actual.shape, finding.expected.value.shape
    if actual == expected:
        return None
    text = f"The result has the shape {actual}; it must have {expected}"
    if any(n == 1 and actual[:i] + actual[i + 1 :] == expected for i, n in enumerate(actual)):
        text += ", without the axis of size 1"
    return f"{text}."
