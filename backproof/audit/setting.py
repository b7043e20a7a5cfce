"""What the symbols of a key mean: an operation of the catalog, in the shapes of that key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import sympy as sp

from backproof.network import Network, Node
from backproof.operation import Operation
from derivations.claims import setting
from derivations.equality import collapsed
from derivations.notation import Array, Axis, Definition, Derivation, let, parameter, total

LOSS = "loss_of_all"
"""The number that every derivative without another numerator is of."""


class SettingError(ValueError):
    """Shapes, axes or conventions that an operation has not.

    Attributes
    ----------
    key
        Of the block that says so.
    """

    def __init__(self, message: str, *key: str) -> None:
        super().__init__(message)
        self.key = key


def of_operation(
    operation: Operation,
    convention: Mapping[str, str],
    single: Sequence[str] = (),
    layouts: Mapping[str, Sequence[str]] | None = None,
) -> Derivation:
    """The arrays and named intermediates of an operation, its cotangent and the loss.

    Parameters
    ----------
    operation
        Of the catalog: one with a derivation, or a network of such.
    convention
        Where it is not the first of each.
    single
        The axes that the key leaves out: one sample, one unit.
    layouts
        The axes of an array, in another order than the operation's.

    Raises
    ------
    SettingError
        Where the operation has no derivation, or not that convention, axis or array.
    """
    derivation = _derivation(operation, convention)
    output = derivation.output
    # What is a distribution in the catalog may be anything in a key, until it is needed.
    inputs = [replace(a, sums_to_one=False) for a in derivation.inputs]
    loss = output[()] if not output.indices else None
    if loss is None:
        axes = tuple(Axis(str(i.upper + 1)) for i in output.indices)
        inputs.append(Array(f"d{output.name}", axes))
        loss = total(inputs[-1][output.indices] * output[output.indices], *output.indices)
    named = (*derivation.definitions, *derivation.primal, let(LOSS, (), loss))
    found = setting(*inputs, definitions=named, sizes=derivation.sizes)
    for name in single:
        found = _without(found, _axis(found, name))
    for name, order in (layouts or {}).items():
        found = _relaid(found, name, order)
    return found


def _derivation(operation: Operation, convention: Mapping[str, str]) -> Derivation:
    chosen = dict(next(iter(operation.variants())))
    for name, value in convention.items():
        known = operation.conventions.get(name)
        if known is None:
            has = ", ".join(operation.conventions) or "none"
            raise SettingError(
                f"{operation.name} has no convention {name!r}; it has: {has}", "convention", name
            )
        if value not in map(str, known):
            said = f"{name} of {operation.name} is one of {', '.join(map(str, known))}"
            raise SettingError(said, "convention", name)
        chosen[name] = next(k for k in known if str(k) == value)
    composition = operation.composition(chosen)
    if isinstance(composition, Network):
        return _of_network(composition)
    derivation = operation.derivation(chosen)
    if derivation is None:
        raise SettingError(f"{operation.name} has no formula of its own", "operation")
    return derivation


def _of_network(network: Network) -> Derivation:
    """The operations of a network as definitions, each in terms of those before it.

    What an operation defines for itself is named behind its first output: ``data_loss.target``.
    """
    inputs = {i.name: Array(i.name, tuple(map(Axis, i.axes))) for i in network.inputs}
    axes = {name: array.axes for name, array in inputs.items()}
    definitions: list[Definition] = []
    for node in network.nodes:
        derivation = node.operation.derivation(node.convention)
        if derivation is None:
            raise SettingError(f"{node.operation.name} has no formula of its own", "operation")
        arrays = {a.name: a for a in derivation.inputs}
        for name, given in node.inputs.items():
            if given in inputs:
                whole = inputs[given].whole or (node.operation.name, name) == ("linear", "weight")
                inputs[given] = replace(arrays[name], name=given, axes=axes[given], whole=whole)
        renamed = _Renaming(derivation, node, axes)
        own = (*derivation.definitions, *derivation.primal)
        definitions += (renamed(d) for d in own if renamed.knows(d))  # without those of backward
        axes |= {d.name: tuple(Axis(str(i.upper + 1)) for i in d.indices) for d in definitions}
    named = {d.name: d for d in definitions}
    name, (first, *others) = next(iter(network.outputs.items()))
    at = named[first].indices
    output = let(name, at, sp.Add(*(named[n][at] for n in (first, *others))))
    return Derivation(
        network.output_names[0],
        tuple(replace(a, index_into=_into(network, a.name)) for a in inputs.values()),
        primal=(output,) if name not in named else (named[name],),
        gradients=(),
        definitions=tuple(d for d in definitions if d.name != name),
    )


def _into(network: Network, name: str) -> Axis | None:
    into = next(i.into for i in network.inputs if i.name == name)
    return Axis(into) if into else None


class _Renaming:
    """An operation's definitions in the letters of the network that it is a node of."""

    def __init__(self, within: Derivation, node: Node, axes: Mapping[str, Sequence[Axis]]) -> None:
        self.outputs = dict(zip((d.name for d in within.primal), node.outputs, strict=False))
        self.prefix = node.outputs[0]
        self.names = dict(node.inputs)
        self.symbols: dict[sp.Expr, sp.Expr] = {
            theirs.size: ours.size
            for array in within.inputs
            for theirs, ours in zip(array.axes, axes[node.inputs[array.name]], strict=True)
        }
        self.symbols |= {
            parameter(name): parameter(number) if isinstance(number, str) else sp.sympify(number)
            for name, number in node.parameters.items()
        }

    def knows(self, definition: Definition) -> bool:
        """Whether a definition is in terms of the inputs and of what has been renamed."""
        return {e.base.name for e in definition.body.atoms(sp.Indexed)} <= self.names.keys()

    def __call__(self, definition: Definition) -> Definition:
        own = f"{self.prefix}.{definition.name}"
        name = self.outputs.get(definition.name, own)
        indices = tuple(i.xreplace(self.symbols) for i in definition.indices)
        body = definition.body.replace(lambda e: isinstance(e, sp.Indexed), self._entry)
        self.names[definition.name] = name
        return let(name, indices, body.xreplace(self.symbols))

    def _entry(self, entry: sp.Indexed) -> sp.Expr:
        return sp.IndexedBase(self.names[entry.base.name])[entry.indices]


def _axis(within: Derivation, name: str) -> Axis:
    known = dict.fromkeys(a.name for array in within.inputs for a in array.axes)
    if name not in known:
        raise SettingError(f"no axis {name!r}; there are: {', '.join(known)}", "axes", name)
    return Axis(name)


@dataclass(frozen=True)
class _Reindexing:
    """For each array, which of its indices are kept, and in what order."""

    kept: Mapping[str, Sequence[int]]

    def __call__(self, expression: sp.Expr) -> sp.Expr:
        def moved(entry: sp.Indexed) -> sp.Expr:
            places = self.kept.get(entry.base.name)
            if places is None:
                return entry
            indices = tuple(entry.indices[n] for n in places)
            return Array(entry.base.name, ())[indices]

        return expression.replace(lambda e: isinstance(e, sp.Indexed), moved)


def _without(within: Derivation, axis: Axis) -> Derivation:
    """The same with one entry along an axis, which then is no axis any more."""

    def kept(sizes: Sequence[sp.Expr]) -> list[int]:
        return [n for n, size in enumerate(sizes) if size != axis.size]

    of_inputs = {a.name: kept([x.size for x in a.axes]) for a in within.inputs}
    of_named = {d.name: kept([i.upper + 1 for i in d.indices]) for d in within.definitions}
    reindexed = _Reindexing({**of_inputs, **of_named})

    def shorter(definition: Definition) -> Definition:
        indices = tuple(definition.indices[n] for n in of_named[definition.name])
        return Definition(definition.name, indices, reindexed(collapsed(definition.body, axis)))

    arrays = (replace(a, axes=tuple(a.axes[n] for n in of_inputs[a.name])) for a in within.inputs)
    return replace(
        within,
        inputs=tuple(arrays),
        definitions=tuple(map(shorter, within.definitions)),
        sizes={s: f for s, f in within.sizes.items() if s != axis.size},
    )


def _relaid(within: Derivation, name: str, order: Sequence[str]) -> Derivation:
    """The same with the axes of one array in another order."""
    array = next((a for a in within.inputs if a.name == name), None)
    if array is None:
        known = ", ".join(a.name for a in within.inputs)
        raise SettingError(f"no array {name!r}; there are: {known}", "shapes", name)
    names = [a.name for a in array.axes]
    if sorted(order) != sorted(names):
        raise SettingError(f"{name} has the axes {', '.join(names)}, each once", "shapes", name)
    places = [names.index(n) for n in order]
    reindexed = _Reindexing({name: places})
    turned = replace(array, axes=tuple(array.axes[n] for n in places))
    return replace(
        within,
        inputs=tuple(turned if a is array else a for a in within.inputs),
        definitions=tuple(replace(d, body=reindexed(d.body)) for d in within.definitions),
    )
