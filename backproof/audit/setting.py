"""What the symbols of a key mean: an operation of the catalog, in the shapes of that key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import sympy as sp

from backproof.operation import Operation
from derivations.claims import setting
from derivations.equality import collapsed
from derivations.notation import Array, Axis, Definition, Derivation, let, total

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
        Of the catalog, with a derivation.
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
    inputs, loss = list(derivation.inputs), output[()] if not output.indices else None
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
    derivation = operation.derivation(chosen)
    if derivation is None:
        raise SettingError(f"{operation.name} has no formula of its own", "operation")
    return derivation


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
