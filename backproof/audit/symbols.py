"""The letters that keys write for the arrays of an operation, where they do not say otherwise."""

from __future__ import annotations

from collections.abc import Mapping

from backproof.audit.latex.meaning import Name, Thing, name_of, relu, sigmoid, softmax
from derivations.notation import Derivation, parameter

_LETTERS: Mapping[str, tuple[str, ...]] = {
    "x": ("x", "X"),
    "y": ("y", "Y"),
    "weight": ("W", "w"),
    "bias": ("b",),
    "gamma": (r"\gamma",),
    "beta": (r"\beta",),
    "x_hat": (r"\hat{x}", r"\hat{X}"),
    "mean": (r"\mu",),
    "variance": (r"\sigma^2",),
    "logits": ("z", "Z", "x", "X"),
    "scores": ("s", "S", "z", "Z"),
    "probabilities": ("p", "P", "x", "X"),
    "targets": ("t", "T"),
    "target": ("t", "T"),
    "prediction": ("y", "Y", r"\hat{y}", r"\hat{Y}"),
    "mask": ("m", "M"),
}
"""Of arrays and named intermediates; the first operation that has a letter keeps it."""

_PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "eps": (r"\epsilon", r"\varepsilon"),
    "momentum": (r"\alpha",),
    "slope": (r"\alpha", "a"),
    "alpha": (r"\alpha",),
    "strength": (r"\lambda",),
}

_FUNCTIONS: Mapping[str, Mapping[str, Thing]] = {
    "sigmoid": {r"\sigma": sigmoid},
    "softmax": {r"\sigma": softmax},
    "softmax_cross_entropy": {r"\sigma": softmax},
    "relu": {r"\sigma": relu},
}
"""What the letter of an activation is, in keys about it."""


def things_of(within: Derivation) -> dict[str, Thing]:
    """Everything that a key can give a letter to, by its name in the operation."""
    things: dict[str, Thing] = {a.name: a for a in within.inputs}
    things |= {d.name: d for d in within.definitions}
    return things | {name: parameter(name) for name in _parameters(within)}


def _parameters(within: Derivation) -> set[str]:
    return {
        s.name for d in within.definitions for s in d.body.free_symbols if s.name in _PARAMETERS
    }


def usual(operation: str, within: Derivation) -> dict[Name, Thing]:
    """The usual letters of an operation's arrays, intermediates and parameters."""
    things = things_of(within)
    found: dict[Name, Thing] = {}
    for letters in (_LETTERS, _PARAMETERS):
        for name in letters.keys() & things.keys():
            for letter in letters[name]:
                found.setdefault(name_of(letter), things[name])
    for letter, function in _FUNCTIONS.get(operation, {}).items():
        found.setdefault(name_of(letter), function)
    return found
