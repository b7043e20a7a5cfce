"""One candidate, one operation, one format: what each oracle says of an example."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from backproof.candidates.candidate import Answer, Candidate, CandidateError, Example, Round
from backproof.chunks import chunks, is_large, largest
from backproof.compare import Evidence, Finding, adjudicate, slopes_say
from backproof.error_analysis import Bounded, Rounding, WholeRounding
from backproof.inputs import values
from backproof.inputs.draw import AT_KINKS, FREE, Course, Draw
from backproof.inputs.sheets import Sheets
from backproof.inputs.values import seed_of
from backproof.operation import Input, Operation, Sizes, scalar_symbols
from backproof.oracles import autograd, finite_difference
from backproof.oracles.arithmetic import Arithmetic
from backproof.oracles.opinion import Opinion

if TYPE_CHECKING:
    from backproof.inputs.search import Strategy
    from backproof.oracles.composed import ComposedOracle
    from backproof.oracles.symbolic import SymbolicOracle

_IN_SINGLE = "float32 results"


@dataclass(frozen=True)
class Terms:
    """What an examination is held under, beside the operation.

    Attributes
    ----------
    course
        What a dialect narrows.
    averaged
        The inputs whose gradient the course divides by the batch size.
    scale
        By input, what else the course multiplies the true gradient by.
    replay
        How to examine a check again; ``{id}`` stands for its id.
    variations
        What the candidate is known to do its own way.
    fixes_kink
        Whether the derivative at a kink is fixed; else either side's is right.
    accepts_variations
        Whether an operation's variations are as right as itself, and results in single precision
        where double was given.
    name
        What checks are called by; the operation's where it is empty.
    hides
        The properties, as checks have them, that there is no check of.
    draws
        The inputs that the candidate draws itself, whatever the example has for them.
    """

    course: Course = FREE
    averaged: frozenset[str] = frozenset()
    scale: Mapping[str, Callable[[Sizes], float]] = field(default_factory=dict)
    replay: str = "examine(operation, candidate, only='{id}')"
    variations: tuple[str, ...] = ()
    fixes_kink: bool = True
    accepts_variations: bool = False
    name: str = ""
    hides: frozenset[str] = frozenset()
    draws: frozenset[str] = frozenset()

    def divisor(self, name: str, sizes: Sizes) -> Fraction:
        """What the course divides a gradient by."""
        scale = self.scale.get(name)
        divisor = Fraction(sizes["batch"] if name in self.averaged else 1)
        return divisor if scale is None else divisor / Fraction(scale(sizes))


def replay_command(command: str, count: int) -> str:
    """The command line that examines one check again, with as many examples: the same ones."""
    braces = command.replace("{", "{{").replace("}", "}}")
    return f"backproof {braces} --examples {count} --only '{{id}}'"


class Examination:
    """One candidate, one operation, one format.

    Attributes
    ----------
    variations
        What the candidate does its own way, in words; further ones are added as they show.
    side
        At a kink, what moves the inputs off it to the side whose derivative is right; None for the
        derivative that the closed form declares.
    plain
        The examination that has the right gradients; None where they are those of `operation`.
    called
        What tells its operation from others that the candidate may be held to.
    sheets
        What is known of examples before the candidate is asked.
    """

    def __init__(
        self,
        operation: Operation,
        candidate: Candidate,
        dtype: np.dtype[Any],
        terms: Terms,
        sheets: Sheets | None = None,
    ) -> None:
        self.operation = operation
        self.candidate = candidate
        self.dtype = dtype
        self.terms = terms
        self.variations = list(terms.variations)
        self.side: Callable[[np.ndarray], np.ndarray] | None = None
        self.plain: Examination | None = None
        self.called = operation.name
        self.sheets = sheets or Sheets()
        self._opinions: WeakKeyDictionary[Draw, dict[np.dtype[Any], Opinion | None]] = (
            WeakKeyDictionary()
        )
        self._answers: WeakKeyDictionary[Draw, Answer] = WeakKeyDictionary()
        self._inputs: dict[str, Sequence[Input]] = {}
        self._turns = itertools.count()
        self._oracles: dict[tuple[Any, ...], SymbolicOracle | ComposedOracle | None] = {}

    def of(self, operation: Operation, called: str = "") -> Examination:
        """The same candidate, held to an operation that a right program may take for this one."""
        other = Examination(operation, self.candidate, self.dtype, self.terms, self.sheets)
        other.variations = list(self.variations)
        other.plain = self.plain
        other.called = f"{self.called}, {called}" if called else self.called
        return other

    def known(self, draw: Draw, what: str, find: Callable[[], Any]) -> Any:
        """What is right of an example, whoever the candidate is; see `Sheets.known`."""
        return self.sheets.known(draw, f"{self.called}: {what}", find)

    # --- what is asked -------------------------------------------------------------------------

    def strategy(self, course: Course, *, kinks: bool = False) -> Strategy[Draw]:
        """Examples of the operation."""
        # Hypothesis is slow to import, and not needed for examples that are known.
        from backproof.inputs.examples import examples  # noqa: PLC0415

        return examples(self.operation, course, kinks=kinks)

    def draws(
        self,
        strategy: Callable[[Course], Strategy[Draw]],
        course: Course,
        stream: str,
        count: int,
    ) -> Sequence[Draw]:
        """Examples, always the same ones for the same course, name of the stream, and number."""

        def draw() -> list[Draw]:
            from backproof.inputs.search import explore  # noqa: PLC0415 - as above

            found: list[Draw] = []
            explore(strategy(course), found.append, stream, count)
            return found

        told = f"{self.called}, {stream}, {course.parameters!r}"
        return self.sheets.draws(self.operation, told, count, draw)

    def arrays(self, convention: Mapping[str, Any]) -> Sequence[Input]:
        """The operation's inputs under one choice of conventions; see `Operation.arrays`."""

        def find() -> list[tuple[Any, ...]]:
            return [astuple(given) for given in self.operation.arrays(convention)]

        asked = f"{self.called}: inputs under {dict(convention)!r}"
        if asked not in self._inputs:
            known = self.sheets.fact(self.operation, asked, find)
            self._inputs[asked] = [Input(*given) for given in known]
        return self._inputs[asked]

    def differentiable(self, convention: Mapping[str, Any]) -> tuple[str, ...]:
        """The inputs that have a gradient."""
        return tuple(given.name for given in self.arrays(convention) if given.differentiable)

    # --- what is right -------------------------------------------------------------------------

    def formats(self) -> list[str]:
        """The dtypes that results may have."""
        single = ["float32"] if self.terms.accepts_variations and self.dtype == np.float64 else []
        return [self.dtype.name, *single]

    def truth(self, draw: Draw, dtype: np.dtype[Any] | None = None) -> Opinion:
        """What is right: the closed forms' answer, or autograd's without a derivation."""
        symbolic = self.symbolic(draw, dtype)
        return self.autograd(draw, None) if symbolic is None else symbolic

    def example(self, draw: Draw, dtype: np.dtype[Any] | None = None) -> Example:
        """The drawn example in a format, in memory of its own."""
        dtype = self.dtype if dtype is None else dtype
        inputs = {n: _in_format(a, dtype) for n, a in draw.example.inputs.items()}
        return replace(
            draw.example, inputs=inputs, cotangent=_in_format(draw.example.cotangent, dtype)
        )

    def symbolic(self, draw: Draw, dtype: np.dtype[Any] | None = None) -> Opinion | None:
        """The closed forms' answer, with bounds for a format; None without a derivation."""
        dtype = self.dtype if dtype is None else dtype
        known = self._opinions.setdefault(draw, {})
        if dtype not in known:
            known[dtype] = self._closed(draw, dtype)
        return known[dtype]

    def _closed(self, draw: Draw, dtype: np.dtype[Any]) -> Opinion | None:
        """The closed forms' answer, evaluated where it is not known."""

        def find() -> list[dict[str, tuple[np.ndarray, np.ndarray]]] | None:
            is_at_kinks = draw.structure.get(self.operation.kinks or "") == AT_KINKS
            rounding = WholeRounding if is_at_kinks else Rounding
            small = not is_large([*draw.example.inputs.values(), draw.example.cotangent])
            opinion = self.evaluated(draw, rounding.of(dtype, wider=small))
            if opinion is None:
                return None
            return [
                # Plainly in memory, as they come back: the order of a sum depends on it.
                {n: (_plainly(v.value), _plainly(v.bound)) for n, v in values.items()}
                for values in (opinion.outputs, opinion.gradients)
            ]

        found = self.known(draw, f"closed forms in {dtype.name}", find)
        return found and Opinion(*({n: Bounded(*v) for n, v in values.items()} for values in found))

    def evaluated(self, draw: Draw, arithmetic: Arithmetic) -> Opinion | None:
        """The closed forms' answer in an arithmetic; None without a derivation."""
        found = self._evaluated(draw, arithmetic)
        plain = None if self.plain is None else self.plain.evaluated(draw, arithmetic)
        if found is not None and plain is not None:
            found = Opinion(found.outputs, plain.gradients)
        return found

    def _evaluated(self, draw: Draw, arithmetic: Arithmetic) -> Opinion | None:
        oracle = self._oracle(draw)
        if oracle is None:
            return None
        opinion = oracle.opinion(
            arithmetic,
            draw.example.inputs,
            draw.example.cotangent,
            scalar_symbols(draw.sizes, draw.example.parameters),
        )
        scaled = {
            name: _divided(value, self.terms.divisor(name, draw.sizes), arithmetic)
            for name, value in opinion.gradients.items()
        }
        return Opinion(opinion.outputs, scaled)

    def _oracle(self, draw: Draw) -> SymbolicOracle | ComposedOracle | None:
        # SymPy is slow to import, and not needed for opinions that are known.
        from backproof.oracles.composed import ComposedOracle  # noqa: PLC0415
        from backproof.oracles.symbolic import SymbolicOracle  # noqa: PLC0415

        key = tuple(draw.convention.items())
        if key not in self._oracles:
            derivation = self.operation.derivation(draw.convention)
            composition = self.operation.composition(draw.convention)
            self._oracles[key] = (
                ComposedOracle(composition)
                if composition
                else SymbolicOracle(derivation, self.operation.outputs)
                if derivation
                else None
            )
        return self._oracles[key]

    def margin(self, draw: Draw) -> float:
        """How far the inputs may move before a kink."""
        return float(self.known(draw, "margin", lambda: self._margin(draw)))

    def _margin(self, draw: Draw) -> float:
        example = draw.example
        if self.operation.compose is not None:
            from backproof.oracles.composed import ComposedOracle  # noqa: PLC0415 - as below

            oracle = self._oracle(draw)
            if isinstance(oracle, ComposedOracle):
                return oracle.margin(example.inputs, scalar_symbols(draw.sizes, example.parameters))
        return self.operation.margin(example.inputs, example.parameters)

    def divisor(self, draw: Draw, name: str) -> float:
        """What the course divides a gradient by."""
        return float(self.terms.divisor(name, draw.sizes))

    def autograd(self, draw: Draw, symbolic: Opinion | None) -> Opinion:
        """The torch reference's answer.

        Its bound is the closed form's, scaled to double precision; without a derivation it is
        measured, from what single precision changes.
        """
        found = self._differentiated(draw)
        if symbolic is None:
            coarse = self._differentiated(draw, single=True)
            parts = [
                {n: _measured(v, rough[n]) for n, v in fine.items()}
                for fine, rough in zip(found, coarse, strict=True)
            ]
            return Opinion(*parts)
        ratio = unit_roundoff(np.float64) / unit_roundoff(self.dtype)

        def scaled(array: np.ndarray) -> np.ndarray:
            return array if ratio == 1 else array * ratio

        def divided(array: np.ndarray, divisor: float) -> np.ndarray:
            return array if divisor == 1 else array / divisor

        outputs = {n: Bounded(v, scaled(symbolic.outputs[n].bound)) for n, v in found[0].items()}
        gradients = {
            n: Bounded(divided(v, self.divisor(draw, n)), scaled(symbolic.gradients[n].bound))
            for n, v in found[1].items()
        }
        if self.plain is not None:
            gradients = dict(self.plain.autograd(draw, symbolic).gradients)
        return Opinion(outputs, gradients)

    def _differentiated(
        self, draw: Draw, *, single: bool = False
    ) -> Sequence[dict[str, np.ndarray]]:
        """The outputs and gradients of the torch reference, asked where they are not known."""

        def find() -> list[dict[str, np.ndarray]]:
            found = autograd.differentiate(
                self.operation,
                draw.example.inputs,
                draw.example.parameters,
                draw.example.cotangent,
                self.operation.differentiable(draw.convention),
                single=single,
            )
            return [{n: _plainly(v) for n, v in values.items()} for values in found]

        precision = "single" if single else "double"
        answer: list[dict[str, np.ndarray]] = self.known(draw, f"torch in {precision}", find)
        return answer

    def probes(
        self, draw: Draw, truth: Opinion, *, forward_right: bool
    ) -> list[finite_difference.Probe]:
        """Slopes of the candidate's own forward; none at a kink, nor where others are right.

        With respect to one of its inputs, each in its turn, unless there is nothing else to judge
        its gradients by.
        """
        names = self.differentiable(draw.convention)
        if not self.margin(draw) > 0 or self.plain is not None:
            return []
        if forward_right:
            names = (names[next(self._turns) % len(names)],)
        return self._probes(draw, truth, names)

    def _probes(
        self, draw: Draw, truth: Opinion, names: Sequence[str]
    ) -> list[finite_difference.Probe]:
        example = _in_double(draw.example)  # every array that is moved is a new one
        output = truth.outputs[self.operation.outputs[0]]
        ratio = unit_roundoff(np.float64) / unit_roundoff(self.dtype)
        with np.errstate(invalid="ignore"):  # a bound may be infinite
            weighed = chunks(example.cotangent, output.bound)
            noise = sum(float(np.sum(np.abs(weight) * bound)) for weight, bound in weighed) * ratio
        half_the_digits = math.sqrt(unit_roundoff(np.float64))
        wanted = {
            n: half_the_digits * largest(truth.gradients[n].value) * self.divisor(draw, n)
            for n in names
        }
        return finite_difference.probe(
            self.candidate,
            example,
            names,
            margin=self.margin(draw),
            noise=noise,
            wanted=wanted,
            numbers=values.stream(seed_of(repr(sorted(draw.sizes.items())))),
        )

    def contradicted(self, draw: Draw, name: str) -> tuple[int, ...] | None:
        """The entry of a gradient that the candidate's own forward contradicts most.

        None where it contradicts none that finite differences tell of. It takes two forwards for
        each doubling of the gradient's size, and no other oracle has to be right.

        Raises
        ------
        CandidateError
            Where the candidate gave no answer.
        """
        answer = self.answer(self.example(draw))
        draw = self.understood(draw, answer)
        if not self.margin(draw) > 0:
            return None
        truth, gradient = self.truth(draw), answer.gradients[name]
        probe, *_ = self._probes(draw, truth, [name])
        divisor = self.divisor(draw, name)
        if slopes_say([probe], truth.gradients[name], gradient, 1 / divisor) != "disagree":
            return None
        return finite_difference.locate(
            self.candidate,
            _in_double(draw.example),
            probe,
            gradient * divisor,
            margin=self.margin(draw),
        )

    def observed(self, draw: Draw) -> Draw:
        """The draw with the inputs that the candidate draws itself, as it drew them.

        Raises
        ------
        CandidateError
            Where the candidate gave no answer.
        """
        return self._seen(draw, self.answer(self.example(draw))) if self.terms.draws else draw

    def _seen(self, draw: Draw, answer: Answer) -> Draw:
        if not answer.observed:
            return draw  # the same one, whose opinion is known to whoever asks next
        inputs = {**draw.example.inputs, **answer.observed}
        return replace(draw, example=replace(draw.example, inputs=inputs))

    def accepts(self, dtype: np.dtype[Any]) -> bool:
        """Whether results may have this dtype."""
        return dtype.name in self.formats()

    # --- one example ---------------------------------------------------------------------------

    def answer(self, example: Example) -> Answer:
        """The candidate's answer, of real numbers.

        Raises
        ------
        CandidateError
            Where there is none.
        """
        return _real(self.candidate.answer(example))

    def answer_to(self, draw: Draw) -> Answer:
        """The candidate's answer to a drawn example: it is asked once, for all aspects.

        Raises
        ------
        CandidateError
            Where there is none.
        """
        if draw not in self._answers:
            self._answers[draw] = self.answer(self.example(draw))
        return self._answers[draw]

    def rounds(self, examples: Sequence[Example]) -> list[Round]:
        """The candidate's answers to questions put to one object in turn.

        Raises
        ------
        CandidateError
            Where there is none.
        """
        rounds = self.candidate.rounds(examples)
        for one in rounds:
            _real(one.answer)
        return rounds

    def findings(self, draw: Draw, *, slopes: bool = True) -> dict[str, Finding]:
        """What one example says of each property.

        Raises
        ------
        CandidateError
            Where the candidate gave no answer.
        """
        answer = self.answer_to(draw)
        # Its own draws of this time: whether they repeat themselves is another question.
        asked = self.understood(draw, answer)
        single = self._single(answer)
        symbolic = self.symbolic(asked)
        torch = self.autograd(asked, symbolic)
        coarse = self.symbolic(asked, np.dtype(np.float32)) if single and symbolic else symbolic
        found = {}
        for name, actual in answer.outputs.items():
            closed = (coarse if name in single else symbolic) if symbolic else None
            shape = answer.misshapen.get(name)
            found[self.forward_of(name)] = adjudicate(
                Evidence(
                    actual,
                    shaped(closed.outputs[name], shape) if closed else None,
                    shaped(torch.outputs[name], shape),
                )
            )
        forward_right = "forward" not in found or found["forward"].outcome != "wrong"
        probed = slopes and answer.gradients
        truth = coarse or torch
        torch = Opinion({}, torch.gradients)  # makes room, before arrays are moved about
        probes = self.probes(draw, truth, forward_right=forward_right) if probed else []
        for name, actual in answer.gradients.items():
            closed = (coarse if name in single else symbolic) if symbolic else None
            shape = answer.misshapen.get(name)
            found[f"gradient.{name}"] = adjudicate(
                Evidence(
                    actual,
                    shaped(closed.gradients[name], shape) if closed else None,
                    shaped(torch.gradients[name], shape),
                    [p for p in probes if p.input == name],
                    1 / self.divisor(draw, name),
                    forward_right,
                )
            )
        return found

    def understood(self, draw: Draw, answer: Answer) -> Draw:
        """The draw as the candidate took it: with its own draws, beside its kinks."""
        return self._beside_kinks(self._seen(draw, answer))

    def _beside_kinks(self, draw: Draw) -> Draw:
        """The draw with its kinks moved to the side that a candidate follows."""
        name = self.operation.kinks
        if self.side is None or name is None:
            return draw
        inputs = {**draw.example.inputs, name: self.side(draw.example.inputs[name])}
        return replace(draw, example=replace(draw.example, inputs=inputs))

    def _single(self, answer: Answer) -> set[str]:
        """The results in single precision, where that is right."""
        if not self.terms.accepts_variations or self.dtype == np.float32:
            return set()
        found = (*answer.outputs.items(), *answer.gradients.items())
        single = {name for name, array in found if array.dtype == np.float32}
        if single and _IN_SINGLE not in self.variations:
            self.variations.append(_IN_SINGLE)
        return single

    def forward_of(self, output: str) -> str:
        """The property that an output tells of."""
        return "forward" if output == self.operation.outputs[0] else f"forward.{output}"

    def properties(self) -> list[str]:
        """The properties there are, in any convention that the course allows."""
        found = [self.forward_of(name) for name in self.operation.outputs]
        for convention in self.operation.variants():
            allowed = self.terms.course.parameters
            if all(v in allowed.get(n, (v,)) for n, v in convention.items()):
                found += [f"gradient.{n}" for n in self.differentiable(convention)]
        return list(dict.fromkeys(found))


def _real(answer: Answer) -> Answer:
    for name, array in (*answer.outputs.items(), *answer.gradients.items()):
        if array.dtype.kind not in "fiub":
            message = f"{name} must hold real numbers; it holds {array.dtype.name}"
            raise CandidateError("error", message)
    return answer


def _plainly(array: np.ndarray) -> np.ndarray:
    """The array in memory of its own, row after row; a large one, which nobody draws, as it is."""
    return array if is_large([array]) else np.array(array, order="C")


def _in_format(array: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
    """A copy of the array in another format; whole numbers stay."""
    return array.astype(dtype if array.dtype.kind == "f" else array.dtype, order="C")


def _in_double(example: Example) -> Example:
    """The example in double precision, in memory of its own only as far as it has to be."""
    double = np.dtype(np.float64)

    def converted(array: np.ndarray) -> np.ndarray:
        return array if array.dtype == double else _in_format(array, double)

    inputs = {n: converted(a) for n, a in example.inputs.items()}
    return replace(example, inputs=inputs, cotangent=converted(example.cotangent))


def shaped(value: Bounded, shape: tuple[int, ...] | None) -> Bounded:
    """What is right in the shape that a course asks for; as it is without one."""
    if shape is None:
        return value
    return Bounded(value.value.reshape(shape), value.bound.reshape(shape))


def unit_roundoff(dtype: Any) -> float:
    """Half the spacing of numbers at 1."""
    return float(np.finfo(dtype).eps) / 2


def _divided(value: Bounded, divisor: Fraction, arithmetic: Arithmetic) -> Bounded:
    """A gradient as a course averages it: one more division, and the rounding that it costs."""
    if divisor == 1:
        return value
    times = arithmetic.power(arithmetic.constant(divisor), -1.0)
    return arithmetic.multiply(value, times)


def _measured(fine: np.ndarray, coarse: np.ndarray) -> Bounded:
    """Without a derivation: a right program may lose half of the digits that doubling gains.

    What single precision changes, at the least one rounding of the largest entry, is scaled by the
    square root of the ratio of the unit round-offs. An error that does not shrink with the
    round-off is far above that; rounding is far below.
    """
    single, double = unit_roundoff(np.float32), unit_roundoff(np.float64)
    largest = float(np.abs(fine).max(initial=0))
    spread = max(float(np.abs(fine - coarse).max(initial=0)), single * largest)
    return Bounded(fine, np.full(fine.shape, spread * math.sqrt(double / single)))
