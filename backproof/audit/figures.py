"""The figures that document 003 reports of its network, recomputed.

On the toy network of the hand-out: five samples of four features, ten hidden units, three classes,
drawn by NumPy's legacy generator with the seeds 0 and 1, weights with deviation 0.1, biases 0,
samples with deviation 10, penalty 0.05. Its printed scores have eight digits after the point, its
loss twelve significant ones; what a right program differs from them by is their rounding.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from backproof.network import Network, Numeric
from backproof.networks import two_layer_net

STEP = 1e-5
"""Of the hand-out's central differences."""
_DIGITS = {"probabilities": 8, "loss": 11}
_REPORTED = {
    "difference of the scores": 2.9e-08,
    "difference of the loss": 1.7e-13,
    "maximal relative error of W1": 3.561318e-09,
    "maximal relative error of W2": 3.440708e-09,
    "maximal relative error of b1": 2.738422e-09,
    "maximal relative error of b2": 4.447667e-11,
}


@dataclass(frozen=True)
class Figure:
    """What a document reports, and what comes out here."""

    document: str
    name: str
    reported: float
    recomputed: float


def figures() -> list[Figure]:
    """Every figure of document 003 that can be recomputed."""
    network, numeric, arrays = two_layer_net.compose(), Numeric({"reg": 0.05}), _toy()
    outputs, backward = network.run(numeric, arrays)
    found = {
        "difference of the scores": _unprinted(outputs["probabilities"], "probabilities"),
        "difference of the loss": _unprinted(outputs["loss"], "loss"),
    }
    for name, slope in sorted(backward(np.ones(())).items()):
        numeric_slope = np.array(list(_central(network, numeric, arrays, name))).reshape(
            slope.shape
        )
        found[f"maximal relative error of {name}"] = _relative(slope, numeric_slope)
    return [Figure("003", name, value, found[name]) for name, value in _REPORTED.items()]


def _toy() -> dict[str, np.ndarray]:
    weights, samples = np.random.RandomState(0), np.random.RandomState(1)
    return {
        "x": 10 * samples.randn(5, 4),
        "W1": weights.randn(4, 10) / 10,
        "b1": np.zeros(10),
        "W2": weights.randn(10, 3) / 10,
        "b2": np.zeros(3),
        "targets": np.array([0, 1, 2, 2, 1]),
    }


def _unprinted(values: np.ndarray, name: str) -> float:
    """The sum of what is lost when values are printed."""
    return float(np.abs(values - np.round(values, _DIGITS[name])).sum())


def _central(
    network: Network, numeric: Numeric, arrays: dict[str, np.ndarray], name: str
) -> Iterator[float]:
    for place in np.ndindex(arrays[name].shape):
        sides = []
        for step in (STEP, -STEP):
            moved = arrays[name].copy()
            moved[place] += step
            outputs, _ = network.run(numeric, {**arrays, name: moved})
            sides.append(float(outputs["loss"]))
        yield (sides[0] - sides[1]) / (2 * STEP)


def _relative(a: np.ndarray, b: np.ndarray) -> float:
    """The hand-out's measure, with its floor under the denominator."""
    return float((np.abs(a - b) / np.maximum(1e-8, np.abs(a) + np.abs(b))).max())
