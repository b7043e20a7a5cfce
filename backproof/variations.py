"""Finds out which of several right conventions a candidate follows, before it is held to one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from backproof.aspects import Aspect, Gradients, Kinks
from backproof.candidates.candidate import CandidateError
from backproof.examination import Examination
from backproof.inputs.search import explore

_EXAMPLES = 12
"""So many have to agree, out of so many."""


def settled(examination: Examination) -> Examination:
    """The examination with the alternatives fixed that a course leaves open."""
    for name, choices in examination.terms.alternatives.items():
        for choice in choices:
            course = examination.terms.course
            fixed = replace(course, parameters={**course.parameters, name: (choice,)})
            held = examination.under(replace(examination.terms, course=fixed))
            if choice == choices[-1] or _agrees(Gradients(held), lambda p: p == "forward"):
                if choice != choices[0]:
                    held.variations.append(f"{name} = {choice:g}")
                examination = held
                break
    return examination


def at_kinks(examination: Examination) -> Examination:
    """The examination on that side of its kinks which the candidate takes the derivative of."""
    sides: dict[str, Any] = {"": None}
    if not examination.terms.fixes_kink:
        sides |= examination.operation.sides
    for name, side in sides.items():
        held = examination.under(examination.terms)
        held.side = side
        if _agrees(Kinks(held), lambda _: True):
            if name:
                held.variations.append(name)
            return held
    return examination


def _agrees(aspect: Aspect, counts: Callable[[str], bool]) -> bool:
    """Whether the candidate is right in some examples of an aspect."""
    wrong = 0

    def visit(draw: Any) -> None:
        nonlocal wrong
        try:
            found = aspect.findings(draw, slopes=False)
        except CandidateError:
            wrong += 1
            return
        wrong += any(f.outcome == "wrong" for p, f in found.items() if counts(p))

    examination = aspect.examination
    strategy = aspect.strategy(examination.terms.course)
    explore(strategy, visit, f"{examination.operation.name}{aspect.name}, settling", _EXAMPLES)
    return not wrong
