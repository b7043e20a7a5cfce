"""Components that are tried out before the first example, to see what a course leaves open."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np

from backproof.candidates.candidate import CandidateError, Example
from backproof.candidates.dialects.dialect import Ask, Component
from backproof.candidates.script import Script
from backproof.candidates.wire import Handle

# Every size differs from the others and from 1, so that a shape can be told by them.
BATCH, INPUTS, OUTPUTS = 4, 2, 3

Shape = tuple[int, ...]
RAISES_NOT_IMPLEMENTED = (
    re.compile(r"(.*) raised TypeError: exceptions must derive from BaseException"),
    r"\1 is not written",
)
"""``raise NotImplemented``, as some hand-outs say: it is no exception, and Python says that."""

Unanswered = Literal["error", "not-implemented"]


class Tried(Component):
    """A component that is tried out, and remembers why there is nothing to ask.

    Attributes
    ----------
    trial
        What `survey` asks.
    unwritten
        What a method that is still the hand-out's fails with, as a pattern, and how to say it.
    refusal
        The status and message that answer every example, where there is nothing to ask.
    """

    trial: Example = Example({"x": np.ones((BATCH, INPUTS))}, {}, np.ones((BATCH, INPUTS)))
    unwritten: ClassVar[tuple[re.Pattern[str], str]]

    def __init__(self) -> None:
        super().__init__()
        self.refusal: tuple[Unanswered, str] | None = None

    def survey(self, ask: Ask) -> None:
        """See whether the methods are written."""
        self.try_out(ask)

    def try_out(self, ask: Ask) -> tuple[dict[str, Any], dict[str, Any]]:
        """The outputs and gradients that a new object answers the trial with."""
        script = Script()
        layer = self.create(script, self.trial)
        outputs = self.forward(script, layer, self.trial)
        gradients = self.backward(script, layer, self.trial)
        found = self.asked(ask, script, [*outputs.values(), *gradients.values()])
        count = len(outputs)
        return (
            dict(zip(outputs, found[:count], strict=True)),
            dict(zip(gradients, found[count:], strict=True)),
        )

    def see_averaged(self, gradients: Mapping[str, Any], called: Mapping[str, str]) -> None:
        """Name the gradients that are averaged over the batch, as the hand-out prescribes.

        Of a linear layer that is given ones, they are 1, and the sums are the batch size.
        """
        averaged = [name for name in called if name in self.averaged]
        if averaged and all(_is_one(gradients[name]) for name in averaged):
            names = " and ".join(called[name] for name in averaged)
            self.variations.append(f"{names} averaged over the batch")

    def asked(self, ask: Ask, script: Script, handles: Sequence[Handle]) -> list[Any]:
        """Run a script; a method that is still to be written is remembered as that."""
        pattern, called = self.unwritten
        try:
            return ask(script, handles)
        except CandidateError as error:
            if found := pattern.match(error.message):
                raise self.refused("not-implemented", found.expand(called)) from None
            raise

    def refused(self, status: Unanswered, message: str) -> CandidateError:
        """The answer from now on."""
        self.refusal = status, message
        return CandidateError(status, message)

    def shape_of(self, what: str, value: Any, known: Mapping[Shape, str]) -> str:
        """What the shape of a parameter is called.

        Raises
        ------
        CandidateError
            Where it is none of the known ones; from now on, that is the answer.
        """
        shape: Shape | None = (
            () if isinstance(value, float | int) else getattr(value, "shape", None)
        )
        if shape is not None and shape in known:
            return known[shape]
        status: Unanswered = "not-implemented" if value is None else "error"
        kind = f"of shape {shape}" if shape is not None else "None" if value is None else "no array"
        allowed = " or ".join(str(s) for s in known if s)
        message = f"{what} is {kind}: an array of shape {allowed} was expected"
        raise self.refused(status, message)

    def create(self, script: Script, example: Example) -> Handle:
        """Make the object."""
        return script.create(self.module, self.name)

    def build(self, script: Script, example: Example) -> Handle:
        """Make the object, unless it was found wanting."""
        if self.refusal is not None:
            raise CandidateError(*self.refusal)
        return self.create(script, example)


class Accumulating(Tried):
    """A layer whose gradients may add up by design, where a method of its own ends it.

    Attributes
    ----------
    clearing
        The method.
    clears
        Whether it is called before each forward.
    """

    clearing: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.clears = False

    def clear(self, script: Script, layer: Handle) -> None:
        """Begin anew, where gradients add up."""
        if self.clears:
            script.call_if_there(layer, self.clearing)

    def see_whether_cleared(self, ask: Ask) -> None:
        """See whether gradients add up, and whether by design."""
        with contextlib.suppress(CandidateError):  # there may be none to add to yet
            if not any(map(_doubled, *self._twice(ask))):
                return
        self.clears = True
        with contextlib.suppress(CandidateError):
            if all(map(np.array_equal, *self._twice(ask))):
                self.variations.append(f"gradients add up until {self.clearing}()")
                self.accumulates = True
        self.clears = self.accumulates

    def _twice(self, ask: Ask) -> tuple[list[Any], list[Any]]:
        """The gradients after a forward and backward of a new layer, and after a second alike."""
        script = Script()
        layer = self.create(script, self.trial)
        once, twice = (self._slopes(script, layer) for _ in range(2))
        found = self.asked(ask, script, [*once, *twice])
        return found[: len(once)], found[len(once) :]

    def _slopes(self, script: Script, layer: Handle) -> list[Handle]:
        self.forward(script, layer, self.trial)
        return [*self.backward(script, layer, self.trial).values()]


def _is_one(gradient: Any) -> bool:
    """Whether it is a number or an array, and 1 everywhere."""
    return isinstance(gradient, np.ndarray | float | int) and bool(np.all(np.equal(gradient, 1)))


def _doubled(once: Any, twice: Any) -> bool:
    """Whether the second backward added what the first had left."""
    if not isinstance(once, np.ndarray) or not np.any(once):
        return False
    with np.errstate(all="ignore"):  # a gradient may hold anything
        return np.array_equal(2 * once, twice)


def flat_gradient(gradient: np.ndarray, *, column: bool) -> np.ndarray:
    """A vector's gradient as (n,), if the vector stays of its size when it is subtracted.

    Parameters
    ----------
    gradient
        As the submission has it. What does not fit keeps its shape.
    column
        Whether the vector is (n, 1); else it is (n,) or (1, n).
    """
    if column:
        return gradient.reshape(-1) if fits_column(gradient.shape) else gradient
    return gradient[0] if gradient.ndim == 2 and len(gradient) == 1 else gradient


def fits_column(shape: Shape) -> bool:
    """Whether a column stays one when an array of this shape is subtracted from it."""
    return shape in {(), (1,)} or (len(shape) == 2 and shape[1] == 1)


def misshapen_columns(
    example: Example, gradients: Mapping[str, np.ndarray], columns: Collection[str]
) -> dict[str, Shape]:
    """The shapes that the gradients of columns must have, of those that do not fit."""
    came = {name: gradients[name].shape for name in columns if name in gradients}
    unfit = [name for name, shape in came.items() if not fits_column(shape)]
    return {name: (example.inputs[name].size, 1) for name in unfit}
