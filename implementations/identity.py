"""Identity: y = x.

Hazards: none in the arithmetic. Value and gradient are copies, so that writing into one of them
does not reach the caller's arrays.

Source: 004, section 3.1 (Task 1) and appendix D ("consider the linear activation function
f(x) = x"); the gradient is 002, Q1.1 b with h' = 1.
"""

from typing import NamedTuple

import numpy as np

from implementations.array_types import Floating


class Cache(NamedTuple):
    """What ``backward`` needs of ``forward``: only the shape, to refuse a stray cotangent."""

    shape: tuple[int, ...]


class Gradients(NamedTuple):
    """The cotangent, pulled back to each input."""

    x: Floating[np.ndarray, "batch features"]


def forward(
    x: Floating[np.ndarray, "batch features"],
) -> tuple[Floating[np.ndarray, "batch features"], Cache]:
    """Return the input unchanged (004, section 3.1).

    Parameters
    ----------
    x
        Pre-activations.

    Returns
    -------
    y
        A copy of ``x``.
    cache
        For ``backward``.
    """
    return x.copy(), Cache(x.shape)


def backward(cotangent: Floating[np.ndarray, "batch features"], cache: Cache) -> Gradients:
    """Return the cotangent unchanged (002, Q1.1 b with h' = 1).

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
    if cotangent.shape != cache.shape:
        raise ValueError(f"give the cotangent y's shape, {cache.shape}; it has {cotangent.shape}")
    return Gradients(x=cotangent.copy())
