"""Leaky rectified linear unit: y = x where x > 0, slope x elsewhere.

Hazards: the kink. At x = 0 there is no derivative; 001 counts the point to the left branch, where
it is the slope. The factor is chosen before it multiplies: the branch not taken cannot overflow.

Source: 001, 1.1 a (derivative, "a if x <= 0") and 1.1 b (gradient).
"""

from typing import NamedTuple

import numpy as np

from implementations.array_types import Floating


class Cache(NamedTuple):
    """What ``backward`` needs of ``forward``: 1 or the slope, entry by entry."""

    derivative: Floating[np.ndarray, "batch features"]


class Gradients(NamedTuple):
    """The cotangent, pulled back to each input."""

    x: Floating[np.ndarray, "batch features"]


def forward(
    x: Floating[np.ndarray, "batch features"], *, slope: float = 0.01
) -> tuple[Floating[np.ndarray, "batch features"], Cache]:
    """Scale what is not positive by the slope (001, 1.1 a).

    Parameters
    ----------
    x
        Pre-activations.
    slope
        Factor left of the kink; 001 calls it a.

    Returns
    -------
    y
        Activations.
    cache
        For ``backward``.
    """
    number = x.dtype.type
    derivative = np.where(x > 0, number(1), number(slope))
    return x * derivative, Cache(derivative)


def backward(cotangent: Floating[np.ndarray, "batch features"], cache: Cache) -> Gradients:
    """Scale the cotangent as the forward scaled the input (001, 1.1 b).

    Parameters
    ----------
    cotangent
        Gradient of the loss in ``y``.
    cache
        From ``forward``.

    Raises
    ------
    ValueError
        If the cotangent does not have the shape of ``y``.
    """
    shape = cache.derivative.shape
    if cotangent.shape != shape:
        raise ValueError(f"give the cotangent y's shape, {shape}; it has {cotangent.shape}")
    return Gradients(x=cotangent * cache.derivative)
