"""Network: operations of the catalog, composed by the chain rule.

Everyone walks a network in the same order: the NumPy reference with the implementations, the
symbolic oracle with the proved closed forms and their rounding bounds. What differs between them
is a `Calculus`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, partial
from typing import Any, Protocol, TypeVar

import numpy as np

from backproof.operation import Input, Operation

Value = TypeVar("Value")

Number = str | float
"""A number, or the name of the parameter that holds it."""

Pull = Callable[[Value], Mapping[str, Value]]
"""From the cotangent of a node's first output to those of the inputs that are wanted."""

Backward = Callable[[Value], dict[str, Value]]
"""From the cotangent of the first output to the gradients."""


@dataclass(frozen=True)
class Node:
    """One operation at its place.

    Attributes
    ----------
    operation
        Of the catalog.
    inputs
        By the operation's input, the array that it is given.
    outputs
        The arrays that it makes, in the order of the operation's outputs.
    convention
        The operation's conventions.
    parameters
        Its hyper-parameters.
    """

    operation: Operation
    inputs: Mapping[str, str]
    outputs: tuple[str, ...]
    convention: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, Number] = field(default_factory=dict)


class Calculus(Protocol[Value]):
    """What a composition is computed with."""

    def given(self, array: np.ndarray | Value) -> Value:
        """An input as a value of this calculus; such a value stays as it is."""

    def apply(
        self, node: Node, inputs: Mapping[str, Value], wanted: frozenset[str]
    ) -> tuple[Sequence[Value], Pull[Value]]:
        """A node's outputs, and its VJP at these inputs with respect to some of them."""

    def add(self, terms: Sequence[Value]) -> Value:
        """A sum, in any order."""

    def times(self, factors: Sequence[Number], value: Value) -> Value:
        """A value times numbers."""

    def part(self, value: Value, place: int) -> Value:
        """One of the arrays that are stacked along the first axis."""


class Composition(Protocol):
    """What an operation may be composed as: a network, or its training."""

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The arrays it takes."""

    @property
    def nodes(self) -> tuple[Node, ...]:
        """What it is composed of."""

    @property
    def output_names(self) -> tuple[str, ...]:
        """Its outputs, the differentiated one first."""

    @property
    def output_axes(self) -> tuple[str, ...]:
        """The axes of the first output."""

    def run(
        self, calculus: Calculus[Value], arrays: Mapping[str, np.ndarray | Value]
    ) -> tuple[dict[str, Value], Backward[Value]]:
        """The outputs, and the VJP of the first of them."""


@dataclass(frozen=True)
class Network:
    """A directed acyclic graph of operations.

    Attributes
    ----------
    inputs
        The arrays it takes.
    nodes
        Each after those whose outputs it uses.
    outputs
        By name, the arrays whose sum each output is; the first one is differentiated.
    output_axes
        The axes of the first output.
    """

    inputs: tuple[Input, ...]
    nodes: tuple[Node, ...]
    outputs: Mapping[str, tuple[str, ...]]
    output_axes: tuple[str, ...]

    @property
    def output_names(self) -> tuple[str, ...]:
        """Its outputs, the differentiated one first."""
        return tuple(self.outputs)

    @cached_property
    def _wanted(self) -> tuple[frozenset[str], ...]:
        """For each node, the inputs that a differentiable input of the network leads to."""
        led = {i.name for i in self.inputs if i.differentiable}
        found = []
        for node in self.nodes:
            wanted = frozenset(n for n, array in node.inputs.items() if array in led)
            led |= {node.outputs[0]} if wanted else set()
            found.append(wanted)
        return tuple(found)

    def run(
        self, calculus: Calculus[Value], arrays: Mapping[str, np.ndarray | Value]
    ) -> tuple[dict[str, Value], Backward[Value]]:
        """The outputs, and the VJP of the first of them.

        Backward, the cotangents of an array that several nodes use are added up.
        """
        values = {name: calculus.given(array) for name, array in arrays.items()}
        pulls = []
        for node, wanted in zip(self.nodes, self._wanted, strict=True):
            given = {name: values[array] for name, array in node.inputs.items()}
            made, pull = calculus.apply(node, given, wanted)
            values.update(zip(node.outputs, made, strict=True))
            pulls.append(pull)

        def backward(cotangent: Value) -> dict[str, Value]:
            upstream: dict[str, list[Value]] = defaultdict(list)
            for array in next(iter(self.outputs.values())):
                upstream[array].append(cotangent)
            steps = zip(self.nodes, pulls, self._wanted, strict=True)
            for node, pull, wanted in reversed(tuple(steps)):
                if wanted and node.outputs[0] in upstream:
                    arriving = calculus.add(upstream[node.outputs[0]])
                    for name, slope in pull(arriving).items():
                        upstream[node.inputs[name]].append(slope)
            asked = (i.name for i in self.inputs if i.differentiable)
            return {name: calculus.add(upstream[name]) for name in asked if name in upstream}

        outputs = {
            name: calculus.add([values[array] for array in summed])
            for name, summed in self.outputs.items()
        }
        return outputs, backward


class Numeric:
    """The calculus of the NumPy implementations.

    Parameters
    ----------
    parameters
        The values of the parameters that nodes name.
    """

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self.parameters = parameters

    def given(self, array: np.ndarray) -> np.ndarray:
        """An input as it stands."""
        return array

    def number(self, number: Number) -> float:
        """The number that is meant."""
        return float(self.parameters[number] if isinstance(number, str) else number)

    def apply(
        self, node: Node, inputs: Mapping[str, np.ndarray], wanted: frozenset[str]
    ) -> tuple[Sequence[np.ndarray], Pull[np.ndarray]]:
        """The implementation's forward, and its backward."""
        implementation = node.operation.implementation
        assert implementation is not None
        numbers = {name: self.number(n) for name, n in node.parameters.items()}
        value, cache = implementation.forward(**inputs, **node.convention, **numbers)

        def pull(cotangent: np.ndarray) -> dict[str, np.ndarray]:
            found = implementation.backward(cotangent, cache)._asdict()
            return {name: found[name] for name in wanted}

        return value if isinstance(value, tuple) else (value,), pull

    def add(self, terms: Sequence[np.ndarray]) -> np.ndarray:
        """A sum from left to right."""
        total = terms[0]
        for term in terms[1:]:
            total = np.asarray(total + term)
        return total

    def times(self, factors: Sequence[Number], value: np.ndarray) -> np.ndarray:
        """A value times numbers, in its own format."""
        for factor in factors:
            value = value * value.dtype.type(self.number(factor))
        return value

    def part(self, value: np.ndarray, place: int) -> np.ndarray:
        """One of the stacked arrays."""
        return np.asarray(value[place])


class Reference:
    """The NumPy reference implementation of a composition: that of its operations, composed.

    Parameters
    ----------
    compose
        Makes the composition of one choice of conventions.
    conventions
        Their names.
    """

    def __init__(self, compose: Callable[..., Composition], conventions: Sequence[str]) -> None:
        self.compose = cache(compose)
        self.conventions = conventions

    def forward(self, **given: Any) -> tuple[tuple[np.ndarray, ...], Backward[np.ndarray]]:
        """Every output, and the VJP of the first as the cache."""
        arrays = {n: given.pop(n) for n, v in tuple(given.items()) if isinstance(v, np.ndarray)}
        composition = self.compose(**{name: given.pop(name) for name in self.conventions})
        outputs, backward = composition.run(Numeric(given), arrays)
        return tuple(outputs.values()), backward

    def backward(self, cotangent: np.ndarray, cache: Backward[np.ndarray]) -> dict[str, np.ndarray]:
        """The gradient of every differentiable input."""
        return cache(cotangent)


def varied(plain: Operation, **part: Operation) -> dict[str, Operation]:
    """The variations of a composition: those of an operation that is a part of it.

    Parameters
    ----------
    plain
        The composition.
    part
        The operation, by the keyword that `compose` and the torch reference take it by.
    """
    assert plain.compose is not None
    found = {}
    for name, operation in part.items():
        for words, other in operation.variations.items():
            compose = partial(plain.compose, **{name: other})
            found[words] = replace(
                plain,
                compose=compose,
                implementation=Reference(compose, tuple(plain.conventions)),
                torch=partial(plain.torch, **{name: other}),
                keeps_gradient=other.keeps_gradient,
            )
    return found
