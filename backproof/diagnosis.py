"""From a residual to a named cause.

A hypothesis predicts the wrong answer exactly. It is named only where its prediction lies within
the rounding bound on every failing example of the examination, of which the smallest is printed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp

from backproof.compare import Finding, within
from backproof.error_analysis import Bounded, Rounding
from backproof.network import Network
from backproof.operation import scalar_symbols
from backproof.oracles.composed import ComposedOracle
from backproof.oracles.program import Program
from backproof.precision import is_rounding
from backproof.verdict import Diagnosis
from derivations.notation import ClosedForm, Derivation
from derivations.wording import in_words

if TYPE_CHECKING:
    from backproof.examination import Examination
    from backproof.inputs.examples import Draw

Case = tuple["Draw", Finding]
_CASES = 12


def diagnose(
    examination: Examination, prop: str, smallest: Case, wrong: Sequence[Case]
) -> Diagnosis | None:
    """Name the cause of a failure; None where no hypothesis explains every failing example.

    Parameters
    ----------
    examination
        Of the candidate.
    prop
        The property that fails.
    smallest
        The counterexample that is printed.
    wrong
        The failing examples that the examination came across.
    """
    cases = [smallest, *wrong[:_CASES]]
    shapes = _shape(cases)
    if shapes is not None:
        return shapes
    cases = [c for c in cases if c[1].actual.shape == c[1].expected.value.shape]
    if all(is_rounding(examination, draw, prop) for draw, _ in cases):
        return Diagnosis(
            "unstable",
            "The formula is right, but this way of computing it loses its digits to rounding or "
            "overflow: in a more precise format, or on milder inputs, the error goes away.",
        )
    if all(finding.own_forward for _, finding in wrong):
        return Diagnosis(
            "consistent with your forward",
            "The backward is the derivative of your forward; it is the forward that is wrong.",
        )
    if all(not np.any(finding.actual) for _, finding in cases):
        return Diagnosis("zero", "Every entry is 0.")
    averaged = prop.partition(".")[2] in examination.terms.averaged
    hypotheses = [*_factors(cases, averaged=averaged), *_arrangements()]
    if prop.startswith("gradient."):
        hypotheses += _other_formulas(examination, prop.partition(".")[2])
    for diagnosis, predict in hypotheses:
        if all(_explains(predict, case) for case in cases):
            return diagnosis
    return None


Prediction = Callable[["Draw", Finding], Bounded | None]
Hypothesis = tuple[Diagnosis, Prediction]


def _explains(predict: Prediction, case: Case) -> bool:
    predicted = predict(*case)
    return predicted is not None and within(
        case[1].actual, predicted.value, predicted.bound + case[1].expected.bound
    )


def _shape(cases: Sequence[Case]) -> Diagnosis | None:
    draw, finding = cases[0]
    actual, expected = finding.actual.shape, finding.expected.value.shape
    if actual == expected:
        return None
    text = f"The result has the shape {actual}; it must have {expected}."
    if actual == expected[::-1]:
        text += " It is transposed."
    elif actual[1:] == expected and actual[0] == draw.sizes.get("batch"):
        text += " It was not summed over the batch."
    return Diagnosis("shape", text)


def _factors(cases: Sequence[Case], *, averaged: bool) -> Iterator[Hypothesis]:
    """Off by a sign, by a number, by the size of an axis."""

    def times(factor: Callable[[Draw], float]) -> Prediction:
        def predict(draw: Draw, finding: Finding) -> Bounded:
            by = factor(draw)
            return Bounded(finding.expected.value * by, finding.expected.bound * (abs(by) + 1))

        return predict

    def size(axis: str) -> Callable[[Draw], float]:
        return lambda draw: float(draw.sizes.get(axis, 1))

    def constant(text: str, factor: Callable[[Draw], float]) -> Hypothesis:
        return Diagnosis("constant factor", text), times(factor)

    yield (
        Diagnosis("sign", "It has the wrong sign: it is the negative of the right result."),
        times(_always(-1.0)),
    )
    if averaged:
        yield constant(
            "It was summed over the batch; this course divides it by the batch size.", size("batch")
        )
    axes = [
        axis
        for axis in sorted({a for draw, _ in cases for a in draw.sizes})
        if any(draw.sizes.get(axis, 1) != 1 for draw, _ in cases)
    ]
    for axis in axes:
        what, n = f"the number of {_plural(axis)}", size(axis)
        yield constant(f"It is too large, by {what} as a factor.", n)
        yield constant(f"It is too small: it was divided by {what}.", _over(_always(1.0), n))
    for axis in axes:
        if averaged and axis != "batch":
            what, n = f"the number of {_plural(axis)}", size(axis)
            yield constant(
                f"It was divided by {what}, not by the batch size.",
                _over(size("batch"), n),
            )
    for number in (2.0, 0.5):
        yield constant(f"It is {number:g} times the right result.", _always(number))


def _always(number: float) -> Callable[[Draw], float]:
    return lambda _: number


def _over(
    above: Callable[[Draw], float], below: Callable[[Draw], float]
) -> Callable[[Draw], float]:
    return lambda draw: above(draw) / below(draw)


def _plural(axis: str) -> str:
    """An axis as a person counts along it."""
    return "samples in the batch" if axis == "batch" else axis.replace("_", " ")


def _arrangements() -> Iterator[Hypothesis]:
    def transposed(_: Draw, finding: Finding) -> Bounded | None:
        expected = finding.expected
        if expected.value.ndim != 2 or expected.value.shape[0] != expected.value.shape[1]:
            return None
        return Bounded(expected.value.T, expected.bound.T)

    yield Diagnosis("transposed", "It is the transpose of the right result."), transposed


def _other_formulas(examination: Examination, name: str) -> Iterator[Hypothesis]:
    """The closed form with the cotangent left out, a term dropped, or the input for the output."""

    def without_cotangent(draw: Draw, _: Finding) -> Bounded | None:
        ones = np.ones_like(draw.example.cotangent)
        plain = replace(draw, example=replace(draw.example, cotangent=ones))
        truth = examination.symbolic(plain)
        return truth.gradients[name] if truth else None

    yield (
        Diagnosis("cotangent", "The upstream gradient was left out of the product."),
        without_cotangent,
    )
    yield from _shares(examination, name)
    convention = next(iter(examination.operation.variants()))
    derivation = examination.operation.derivation(convention)
    if derivation is None:
        return

    @cache
    def altered(convention: tuple[tuple[str, Any], ...]) -> list[tuple[str, str, ClosedForm]]:
        own = examination.operation.derivation(dict(convention))
        return _altered(own, name) if own else []

    for n, (kind, text, _) in enumerate(_altered(derivation, name)):

        def predict(draw: Draw, _: Finding, n: int = n) -> Bounded | None:
            own = examination.operation.derivation(draw.convention)
            forms = altered(tuple(draw.convention.items()))
            if n >= len(forms) or own is None:
                return None
            return _evaluate(examination, draw, own, name, forms[n][2])

        yield Diagnosis(kind, text), predict


def _shares(examination: Examination, name: str) -> Iterator[Hypothesis]:
    """One addend of a network's loss left out of the gradient, or with another factor."""
    convention = next(iter(examination.operation.variants()))
    network = examination.operation.composition(convention)
    if not isinstance(network, Network):
        return
    first, addends = next(iter(network.outputs.items()))
    for node in network.nodes:
        if node.outputs[0] not in addends or len(addends) == 1:
            continue
        oracle = ComposedOracle(replace(network, outputs={first: node.outputs[:1]}))
        what = f"{node.operation.name.replace('_', ' ')} of {', '.join(node.inputs.values())}"
        for factor, kind, text in (
            (0.0, "missing term", f"The gradient of the {what} is missing."),
            (0.5, "term's factor", f"The gradient of the {what} enters with half its size."),
            (2.0, "term's factor", f"The gradient of the {what} enters with twice its size."),
        ):

            def predict(
                draw: Draw,
                finding: Finding,
                oracle: ComposedOracle = oracle,
                factor: float = factor,
            ) -> Bounded | None:
                share = oracle.opinion(
                    Rounding.of(examination.dtype),
                    draw.example.inputs,
                    draw.example.cotangent,
                    scalar_symbols(draw.sizes, draw.example.parameters),
                ).gradients.get(name)
                if share is None:
                    return None
                by = (factor - 1) / examination.divisor(draw, name)
                expected = finding.expected
                return Bounded(expected.value + by * share.value, expected.bound + share.bound)

            yield Diagnosis(kind, text), predict


def _altered(derivation: Derivation, name: str) -> list[tuple[str, str, ClosedForm]]:
    """The closed forms of a gradient with one thing changed, and what to say of each."""
    found = []
    output = derivation.output
    for form in (g for g in derivation.gradients if g.of == name):
        opened = _opened(form.expression, derivation)
        for sum_ in sorted(opened.atoms(sp.Add), key=sp.default_sort_key):
            if sum_.atoms(sp.Indexed) or sum_.atoms(sp.Sum):
                for term in sum_.args:
                    text = f"A term is missing: {_spelled_out(term, derivation)}."
                    without = opened.xreplace({sum_: sum_ - term})
                    found.append(("missing term", text, replace(form, expression=without)))
        if len(form.indices) == len(output.indices) and opened.has(sp.IndexedBase(output.name)):
            confused = opened.replace(
                lambda e: isinstance(e, sp.Indexed) and e.base.name == output.name,
                lambda e: sp.IndexedBase(name)[e.indices],
            )
            text = "The derivative's formula was given the input where it needs the output."
            found.append(("input for output", text, replace(form, expression=confused)))
    return found


def _spelled_out(term: sp.Expr, derivation: Derivation) -> str:
    """A term in words, with what its named intermediates stand for."""
    named = {d.name: d for d in derivation.definitions}
    text, open_, told = in_words(term), [term], set()
    while open_:
        entries = sorted(open_.pop(0).atoms(sp.Indexed), key=str)
        for definition in (named[e.base.name] for e in entries if e.base.name in named):
            if definition.name not in told:
                told.add(definition.name)
                open_.append(definition.body)
                entry = in_words(definition[definition.indices])
                text += f"{', ' if len(told) > 1 else ', where '}{entry} = "
                text += in_words(definition.body)
    return text


def _opened(expression: sp.Expr, derivation: Derivation) -> sp.Expr:
    """The formula with its scalar and vector intermediates written out once, so that terms show."""
    named = {d.name: d for d in derivation.definitions}
    return expression.replace(
        lambda e: (
            isinstance(e, sp.Indexed) and e.base.name in named and _is_sum(named[e.base.name])
        ),
        lambda e: named[e.base.name].at(e.indices),
    )


def _is_sum(definition: object) -> bool:
    return isinstance(getattr(definition, "body", None), sp.Add)


def _evaluate(
    examination: Examination, draw: Draw, derivation: Derivation, name: str, form: ClosedForm
) -> Bounded:
    arrays = {
        **draw.example.inputs,
        f"d{derivation.output.name}": draw.example.cotangent,
    }
    rounding = Rounding.of(examination.dtype)
    symbols = scalar_symbols(draw.sizes, draw.example.parameters)
    (result,) = Program(derivation, [form]).run(rounding, arrays, symbols)
    divisor = examination.divisor(draw, name)
    return Bounded(result.value / divisor, result.bound / divisor)
