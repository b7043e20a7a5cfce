"""Formulas in index notation, compiled into steps on arrays whose axes are labelled by indices.

Equal parts are computed once. Each step carries value and rounding bound
(`backproof.error_analysis`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import sympy as sp

from backproof.error_analysis import Bounded
from backproof.oracles.arithmetic import Arithmetic
from derivations.notation import (
    Case,
    ClosedForm,
    Definition,
    Derivation,
    FirstMaximum,
    Maximum,
    Positive,
)

Labels = tuple[sp.Idx, ...]


@dataclass
class Frame:
    """One evaluation: the arrays given, the values of symbols, and the results of earlier steps."""

    rounding: Arithmetic
    arrays: Mapping[str, np.ndarray | Bounded]
    symbols: Mapping[sp.Symbol, Any]
    results: list[Any]

    def given(self, name: str) -> Bounded:
        """An array as the candidate has it: exact unless it comes with an error."""
        array = self.arrays[name]
        return array if isinstance(array, Bounded) else self.rounding.exact(array)

    def size(self, index: sp.Idx) -> int:
        """The length of an axis."""
        return int(self.symbols[_length(index)])


@cache
def _length(index: sp.Idx) -> sp.Expr:
    """The symbol of an index's range: SymPy's addition takes longer than an einsum."""
    return index.upper + 1


Step = Callable[[Frame], Any]


def _ordered(labels: set[sp.Idx]) -> Labels:
    return tuple(sorted(labels, key=lambda i: i.name))


class Program:
    """Formulas compiled for evaluation on labelled arrays."""

    def __init__(self, derivation: Derivation, formulas: Sequence[ClosedForm]) -> None:
        self.derivation = derivation
        self.named = {d.name: d for d in (*derivation.definitions, *derivation.primal)}
        self.steps: list[Step] = []
        self.slots: dict[Any, tuple[int, Labels]] = {}
        self.results: list[tuple[int, tuple[int, ...], Labels]] = []
        self.ends = [0]  # how many steps the formulas so far take
        for formula in formulas:
            self.results.append(self._result(formula))
            self.ends.append(len(self.steps))

    def run(
        self,
        rounding: Arithmetic,
        arrays: Mapping[str, np.ndarray | Bounded],
        symbols: Mapping[sp.Symbol, Any],
    ) -> list[Bounded]:
        """Evaluate every formula; see `begin`."""
        return self.evaluate(self.begin(rounding, arrays, symbols), 0, len(self.results))

    def begin(
        self,
        rounding: Arithmetic,
        arrays: Mapping[str, np.ndarray | Bounded],
        symbols: Mapping[sp.Symbol, Any],
    ) -> Frame:
        """Take in what formulas are to be evaluated at.

        Parameters
        ----------
        rounding
            The candidate's arithmetic.
        arrays
            The inputs and the cotangent, by their names in the derivation; each exact, or with the
            error that a candidate may have made before.
        symbols
            The value of every size and parameter.
        """
        symbols = dict(symbols)
        symbols |= {n: self.derivation.length(n, symbols) for n in self.derivation.sizes}
        return Frame(rounding, arrays, symbols, [])

    def evaluate(self, frame: Frame, first: int, stop: int) -> list[Bounded]:
        """Evaluate some of the formulas, with what those before them have computed."""
        with np.errstate(all="ignore"):
            for step in self.steps[len(frame.results) : self.ends[stop]]:
                frame.results.append(step(frame))
            return [self._finish(frame, *result) for result in self.results[first:stop]]

    @staticmethod
    def _finish(frame: Frame, slot: int, order: tuple[int, ...], missing: Labels) -> Bounded:
        result: Bounded = frame.results[slot]
        if missing:
            shape = tuple(frame.size(m) for m in missing)
            result = result.rearranged(lambda a: np.broadcast_to(a, shape + a.shape))
        return _transposed(result, order)

    def _result(self, formula: ClosedForm) -> tuple[int, tuple[int, ...], Labels]:
        slot, labels = self.compile(formula.expression)
        missing = tuple(i for i in formula.indices if i not in labels)
        found = (*missing, *labels)
        return slot, tuple(found.index(i) for i in formula.indices), missing

    # --- compilation: every method adds steps and returns the slot of the result with its labels

    def compile(self, expression: sp.Expr) -> tuple[int, Labels]:
        """Add the steps of a formula, unless they are there; where its result is, and its axes."""
        if expression not in self.slots:
            self.slots[expression] = self._compile(expression)
        return self.slots[expression]

    def _step(self, step: Step) -> int:
        self.steps.append(step)
        return len(self.steps) - 1

    def _compile(self, expression: sp.Expr) -> tuple[int, Labels]:
        match expression:
            case sp.Indexed():
                return self._entry(expression)
            case sp.Symbol() if expression.name in self.named:
                return self._definition(self.named[expression.name])
            case sp.Symbol():
                return self._symbol(expression), ()
            case sp.Number() | sp.NumberSymbol():
                return self._step(lambda f: f.rounding.number(expression)), ()
            case sp.Add():
                slots, labels = self._aligned(expression.args)
                sums = [a for a in expression.args if isinstance(a, sp.Sum)]
                if not sums:
                    return self._step(lambda f: f.rounding.add([s(f) for s in slots])), labels
                runs = [self._free(a) for a in sums]
                own = [not isinstance(a, sp.Sum) for a in expression.args]

                def add(f: Frame) -> Bounded:
                    count = sum(math.prod(f.size(i) for i in run) for run in runs) - 1
                    return f.rounding.add([s(f) for s in slots], [count * o for o in own])

                return self._step(add), labels
            case sp.Mul():
                slots, labels = self._aligned(expression.args)

                def product(f: Frame) -> Bounded:
                    return f.rounding.product([s(f) for s in slots])

                return self._step(product), labels
            case sp.Pow(args=(base, power)):
                slot, labels = self.compile(base)
                exponent = float(power)
                return self._step(lambda f: f.rounding.power(f.results[slot], exponent)), labels
            case sp.exp(args=(inside,)):
                slot, labels = self.compile(inside)
                return self._step(lambda f: f.rounding.exp(f.results[slot])), labels
            case sp.log(args=(inside,)):
                slot, labels = self.compile(inside)
                return self._step(lambda f: f.rounding.log(f.results[slot])), labels
            case sp.tanh(args=(inside,)):
                slot, labels = self.compile(inside)
                return self._step(lambda f: f.rounding.tanh(f.results[slot])), labels
            case sp.erf(args=(inside,)):
                slot, labels = self.compile(inside)
                return self._step(lambda f: f.rounding.erf(f.results[slot])), labels
            case sp.erfc(args=(inside,)):
                slot, labels = self.compile(inside)
                return self._step(lambda f: f.rounding.erfc(f.results[slot])), labels
            case sp.KroneckerDelta(args=(i, j)):
                return self._delta(i, j)
            case Positive(args=(inside,)):
                slot, labels = self.compile(inside)
                return self._step(lambda f: f.rounding.positive(f.results[slot])), labels
            case Case():
                (indicator, a, b), labels = self._aligned(expression.args)
                return self._step(lambda f: f.rounding.select(indicator(f), a(f), b(f))), labels
            case sp.Sum(args=(body, *bounds)):
                return self._total(body, {b[0] for b in bounds})
            case Maximum(args=(body, *bounds)):
                slot, labels = self.compile(body)
                bound = {b[0] for b in bounds}
                axes = tuple(n for n, i in enumerate(labels) if i in bound)
                kept = tuple(i for i in labels if i not in bound)
                return self._step(lambda f: f.rounding.maximum(f.results[slot], axes)), kept
            case FirstMaximum(args=(body, *places)):
                return self._first_maximum(body, places)
        raise TypeError(f"no way to evaluate {expression.func.__name__} in {expression}")

    def _symbol(self, symbol: sp.Symbol) -> int:
        name = symbol.name

        def load(frame: Frame) -> Bounded:
            if name in frame.arrays:  # the cotangent of a scalar
                return frame.given(name)
            return frame.rounding.constant(frame.symbols[symbol])

        return self._step(load)

    def _aligned(self, parts: Sequence[sp.Expr]) -> tuple[list[Callable[[Frame], Bounded]], Labels]:
        """Compile the parts, and give each the axes of all of them."""
        compiled = [self.compile(p) for p in parts]
        labels = _ordered({i for _, found in compiled for i in found})

        def view(slot: int, found: Labels) -> Callable[[Frame], Bounded]:
            if found == labels:
                return lambda f: f.results[slot]
            place = tuple(slice(None) if i in found else None for i in labels)
            return lambda f: f.results[slot].rearranged(lambda a: a[place])

        return [view(*c) for c in compiled], labels

    def _definition(self, definition: Definition) -> tuple[int, Labels]:
        key = ("definition", definition.name)
        if key not in self.slots:
            self.slots[key] = self.compile(definition.body)
        return self.slots[key]

    def _entry(self, entry: sp.Indexed) -> tuple[int, Labels]:
        """An entry of an input or of a named intermediate, at indices that may be formulas."""
        name, indices = entry.base.name, entry.indices
        plain = all(isinstance(i, sp.Idx) for i in indices) and len(set(indices)) == len(indices)
        if name in self.named:
            definition = self.named[name]
            slot, found = self._definition(definition)
            missing = tuple(i for i in definition.indices if i not in found)
            source = tuple((*missing, *found).index(i) for i in definition.indices)

            def load(f: Frame) -> Bounded:
                return self._finish(f, slot, source, missing)
        else:

            def load(f: Frame) -> Bounded:
                return f.given(name)

        if plain:
            labels = _ordered(set(indices))
            order = tuple(indices.index(i) for i in labels)
            return self._step(lambda f: _transposed(load(f), order)), labels
        places = [self._integers(i) for i in indices]
        labels = _ordered({i for _, found in places for i in found})

        def gather(f: Frame) -> Bounded:
            at = tuple(_spread(f.results[slot], found, labels) for slot, found in places)
            return load(f).rearranged(lambda a: a[at])

        return self._step(gather), labels

    def _integers(self, place: sp.Expr) -> tuple[int, Labels]:
        """A formula of indices, as whole numbers."""
        if ("integers", place) in self.slots:
            return self.slots["integers", place]
        compiled: tuple[int, Labels]
        match place:
            case sp.Idx():
                compiled = self._step(lambda f: np.arange(f.size(place))), (place,)
            case sp.Integer():
                compiled = self._step(lambda _: np.asarray(int(place))), ()
            case sp.Symbol():
                compiled = self._step(lambda f: np.asarray(int(f.symbols[place]))), ()
            case sp.Indexed():
                slot, labels = self._entry(place)
                compiled = self._step(lambda f: f.results[slot].value.astype(np.int64)), labels
            case sp.Add() | sp.Mul():
                combine = np.add if isinstance(place, sp.Add) else np.multiply
                parts = [self._integers(a) for a in place.args]
                labels = _ordered({i for _, found in parts for i in found})

                def fold(f: Frame) -> np.ndarray:
                    spread = [_spread(f.results[s], found, labels) for s, found in parts]
                    result = spread[0]
                    for part in spread[1:]:
                        result = combine(result, part)
                    return result

                compiled = self._step(fold), labels
            case _:
                raise TypeError(f"{place} is no formula of indices")
        self.slots["integers", place] = compiled
        return compiled

    def _delta(self, i: sp.Expr, j: sp.Expr) -> tuple[int, Labels]:
        (a, left), (b, right) = self._integers(i), self._integers(j)
        labels = _ordered({*left, *right})

        def compare(f: Frame) -> Bounded:
            same = _spread(f.results[a], left, labels) == _spread(f.results[b], right, labels)
            return f.rounding.exact(same)

        return self._step(compare), labels

    def _total(self, body: sp.Expr, bound: set[sp.Idx]) -> tuple[int, Labels]:
        factors = sp.Mul.make_args(body)
        compiled = [self.compile(f) for f in factors]
        present = _ordered({i for _, found in compiled for i in found})
        kept = tuple(i for i in present if i not in bound)
        absent = tuple(bound - set(present))
        if len(factors) == 1 and not absent:
            slot, labels = compiled[0]
            axes = tuple(n for n, i in enumerate(labels) if i in bound)
            return self._step(lambda f: f.rounding.total(f.results[slot], axes)), kept
        slots = [slot for slot, _ in compiled]
        numbers = [[present.index(i) for i in found] for _, found in compiled]
        places = [present.index(i) for i in kept]
        pinned = self._pinned(factors, bound)
        free = [i for i in bound if i not in pinned]

        def contract(f: Frame) -> Bounded:
            count = math.prod(f.size(i) for i in free)
            result = f.rounding.contract([f.results[s] for s in slots], numbers, places, count)
            if absent:
                times = f.rounding.constant(math.prod(f.size(i) for i in absent))
                result = f.rounding.multiply(result, times)
            return result

        return self._step(contract), kept

    def _free(self, sum_: sp.Sum) -> list[sp.Idx]:
        """The indices that number the terms of a sum."""
        body, *bounds = sum_.args
        bound = {b[0] for b in bounds}
        return [i for i in bound if i not in self._pinned(sp.Mul.make_args(body), bound)]

    @staticmethod
    def _pinned(factors: Sequence[sp.Expr], bound: set[sp.Idx]) -> set[sp.Idx]:
        """The indices that deltas leave no choice: they add no terms to a sum."""
        pinned: set[sp.Idx] = set()
        for factor in factors:
            if isinstance(factor, sp.KroneckerDelta):
                choices = sorted((factor.free_symbols & bound) - pinned, key=str)
                pinned |= set(choices[:1])
        return pinned

    def _first_maximum(self, body: sp.Expr, places: Sequence[sp.Idx]) -> tuple[int, Labels]:
        slot, labels = self.compile(body)
        axes = tuple(labels.index(p) for p in places)
        return self._step(lambda f: f.rounding.first_maximum(f.results[slot], axes)), labels


def _transposed(values: Bounded, order: tuple[int, ...]) -> Bounded:
    if order == tuple(range(len(order))):
        return values
    return values.rearranged(lambda a: a.transpose(order))


def _spread(numbers: np.ndarray, found: Labels, labels: Labels) -> np.ndarray:
    return numbers[tuple(slice(None) if i in found else None for i in labels)]
