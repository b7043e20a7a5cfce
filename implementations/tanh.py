"""Hyperbolic tangent: y = (exp(x) - exp(-x)) / (exp(x) + exp(-x)).

Hazards: the formula overflows far from 0 and cancels near it; np.tanh does neither. The derivative
1 - y**2 cancels where y is nearly 1 or -1. There it is taken as 4 d / (1 + d)**2 with
d = exp(-2 |x|), the same number; near 0 the subtraction is the more accurate of the two.

Source: 004, section 3.1.3 (value) and 3.1.4 (derivative); the gradient is 002, Q1.1 b.
"""

from typing import NamedTuple

import numpy as np

from implementations.array_types import Floating


class Cache(NamedTuple):
    """What ``backward`` needs of ``forward``."""

    x: Floating[np.ndarray, "batch features"]
    y: Floating[np.ndarray, "batch features"]


class Gradients(NamedTuple):
    """The cotangent, pulled back to each input."""

    x: Floating[np.ndarray, "batch features"]


def forward(
    x: Floating[np.ndarray, "batch features"],
) -> tuple[Floating[np.ndarray, "batch features"], Cache]:
    """Map each number into (-1, 1) (004, section 3.1.3).

    Parameters
    ----------
    x
        Pre-activations.

    Returns
    -------
    y
        Activations; rounded to -1 or 1 where x is far from 0.
    cache
        For ``backward``.
    """
    y = np.tanh(x)
    return y, Cache(x, y)


def backward(cotangent: Floating[np.ndarray, "batch features"], cache: Cache) -> Gradients:
    """Scale the cotangent by 1 - y**2 (004, section 3.1.4).

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
    x, y = cache
    if cotangent.shape != y.shape:
        raise ValueError(f"give the cotangent y's shape, {y.shape}; it has {cotangent.shape}")
    square = y * y
    decay = np.exp(-2 * np.abs(x))
    # Above 3/4 the subtraction would lose more than two bits.
    derivative = np.where(square < 0.75, 1 - square, 4 * decay / (1 + decay) ** 2)
    return Gradients(x=cotangent * derivative)
