"""Logistic sigmoid: y = 1 / (1 + exp(-x)).

Hazards: exp(-x) overflows for large negative x, so only exp(-|x|) is taken. In y (1 - y), 1 - y
cancels where y is nearly 1; the complement sigmoid(-x) comes from the same exponential without.

Source: 004, section 3.1.1 (value) and 3.1.2 (derivative); the gradient is 002, Q1.1 b.
"""

from typing import NamedTuple

import numpy as np

from implementations.array_types import Floating


class Cache(NamedTuple):
    """What ``backward`` needs of ``forward``: y and 1 - y, each to full relative accuracy."""

    y: Floating[np.ndarray, "batch features"]
    complement: Floating[np.ndarray, "batch features"]


class Gradients(NamedTuple):
    """The cotangent, pulled back to each input."""

    x: Floating[np.ndarray, "batch features"]


def forward(
    x: Floating[np.ndarray, "batch features"],
) -> tuple[Floating[np.ndarray, "batch features"], Cache]:
    """Map each number into (0, 1) (004, section 3.1.1).

    Parameters
    ----------
    x
        Pre-activations.

    Returns
    -------
    y
        Activations; rounded to 0 or 1 where x is far from 0.
    cache
        For ``backward``.
    """
    decay = np.exp(-np.abs(x))
    larger, smaller = 1 / (1 + decay), decay / (1 + decay)
    y = np.where(x >= 0, larger, smaller)
    complement = np.where(x >= 0, smaller, larger)
    return y, Cache(y, complement)


def backward(cotangent: Floating[np.ndarray, "batch features"], cache: Cache) -> Gradients:
    """Scale the cotangent by y (1 - y) (004, section 3.1.2).

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
    y, complement = cache
    if cotangent.shape != y.shape:
        raise ValueError(f"give the cotangent y's shape, {y.shape}; it has {cotangent.shape}")
    return Gradients(x=cotangent * (y * complement))
