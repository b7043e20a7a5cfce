"""A candidate whose code runs in a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy

import numpy as np

from backproof.candidates import wire
from backproof.candidates.candidate import Answer, CandidateError, Change, Example, Round
from backproof.candidates.dialects.dialect import Component
from backproof.candidates.process import Runner
from backproof.candidates.script import Script
from backproof.candidates.wire import Handle

BATCHED_BYTES = 16 * 2**20
"""About how many bytes of input `IsolatedCandidate.values` sends in one request."""


class IsolatedCandidate:
    """One component of a submission.

    Parameters
    ----------
    runner
        Where the submission's code runs.
    component
        How the course's interface answers one operation.
    """

    stateful = True

    def __init__(self, runner: Runner, component: Component) -> None:
        self.runner = runner
        self.component = component

    def answer(self, example: Example) -> Answer:
        """Run forward, then backward, in one round trip.

        Raises
        ------
        CandidateError
            Where there is no answer.
        """
        script = Script()
        layer = self.component.build(script, example)
        asked = _Asked(self.component, script, layer, example)
        (results,) = self.runner.run([(script, asked.handles)])
        return asked.answer(results)

    def values(self, examples: Sequence[Example]) -> list[np.ndarray]:
        """Run the forward alone on each example, in as few round trips as memory allows.

        Raises
        ------
        CandidateError
            Where there is no answer.
        """
        return [value for batch in _batched(examples) for value in self._values(batch)]

    def _values(self, examples: Sequence[Example]) -> Iterator[np.ndarray]:
        asked = []
        for example in examples:
            script = Script()
            layer = self.component.build(script, example)
            asked.append(_Asked(self.component, script, layer, example, backward=False))
        results = self.runner.run([(a.script, a.handles[:1]) for a in asked])
        for one, result in zip(asked, results, strict=True):
            yield next(iter(one.answer(result).outputs.values()))

    def rounds(self, examples: Sequence[Example]) -> list[Round]:
        """Run forward and backward on one example after the other, all on the first's object.

        Raises
        ------
        CandidateError
            Where there is no answer.
        """
        script = Script()
        layer = self.component.build(script, examples[0])
        asked = [_Asked(self.component, script, layer, e, watch=True) for e in examples]
        handles = [h for a in asked for h in (*a.handles, *a.looks)]
        (results,) = self.runner.run([(script, handles)])
        found = dict(zip(handles, results, strict=True))
        return [one.round(found) for one in asked]

    def interleaved(self, example: Example, other: Example) -> Answer:
        """Answer, while another object runs forward between forward and backward.

        Raises
        ------
        CandidateError
            Where there is no answer.
        """
        beside = copy(self.component)  # as one may remember its latest forward

        def between(script: Script, _: Handle) -> None:
            beside.forward(script, beside.build(script, other), other)

        return self._answer_with(example, between)

    def again(self, example: Example) -> Answer:
        """Run forward, then backward twice; the answer has the second's gradients.

        Raises
        ------
        CandidateError
            Where there is no answer.
        """

        def between(script: Script, layer: Handle) -> None:
            if not self.component.accumulates:
                self.component.backward(script, layer, example)

        return self._answer_with(example, between)

    def _answer_with(self, example: Example, between: Callable[[Script, Handle], object]) -> Answer:
        script = Script()
        layer = self.component.build(script, example)
        asked = _Asked(
            self.component, script, layer, example, between=lambda: between(script, layer)
        )
        (results,) = self.runner.run([(script, asked.handles)])
        return asked.answer(results)


class _Asked:
    """One forward and backward, written into a script, and how to read what comes back."""

    def __init__(
        self,
        component: Component,
        script: Script,
        layer: Handle,
        example: Example,
        *,
        backward: bool = True,
        watch: bool = False,
        between: Callable[[], object] = lambda: None,
    ) -> None:
        self.component = component
        self.script = script
        self.example = example
        self.watched = script.watch() if watch else []
        self.outputs = component.forward(script, layer, example)
        between()
        self.gradients = component.backward(script, layer, example) if backward else {}
        self.handles = [*self.outputs.values(), *self.gradients.values()]
        self.looks = [w.after for w in self.watched]

    def answer(self, results: Sequence[wire.Value]) -> Answer:
        """Read the outputs and gradients among the results; there may be the first alone."""
        names = (*self.outputs, *self.gradients)
        named = zip(names, self.handles, results, strict=False)
        found = [(name, self._array(handle, value)) for name, handle, value in named]
        count = len(self.outputs)
        return self.component.read(self.example, dict(found[:count]), dict(found[count:]))

    def round(self, found: Mapping[Handle, wire.Value]) -> Round:
        """Read the answer, and what became of the arrays that were handed over."""
        if not all(isinstance(found[look], np.ndarray) for look in self.looks):
            raise CandidateError("error", "broke the protocol: an argument that is no array")
        changed = []
        for watched in self.watched:
            before, after = watched.before, found[watched.after]
            before = found[before] if isinstance(before, Handle) else before
            if not _same(before, after):
                changed.append(Change(self.script.spelled(watched.call), before, after))
        return Round(self.answer([found[h] for h in self.handles]), tuple(changed))

    def _array(self, handle: Handle, value: wire.Value) -> np.ndarray:
        """Take a result, which has to be an array or a number."""
        if isinstance(value, np.ndarray | float | int):
            return np.asarray(value)
        what = self.script.spelled(handle)
        verb = "returned" if self.script.is_call(handle) else "is"
        if value is None:
            raise CandidateError("not-implemented", f"{what} {verb} None: an array was expected")
        kind = type(value).__name__
        raise CandidateError("error", f"{what} {verb} a {kind}: an array was expected")


def _same(before: np.ndarray, after: np.ndarray) -> bool:
    """Whether an array is what it was, to the bit."""
    same_form = after.dtype == before.dtype and after.shape == before.shape
    return same_form and after.tobytes() == before.tobytes()


def _batched(examples: Iterable[Example]) -> Iterator[list[Example]]:
    """Divide the examples into runs that fit a frame."""
    batch: list[Example] = []
    size = 0
    for example in examples:
        more = sum(value.nbytes for value in example.inputs.values())
        if batch and size + more > BATCHED_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(example)
        size += more
    if batch:
        yield batch
