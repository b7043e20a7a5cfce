"""Softmax over the classes: y_j = exp(x_j) / sum_k exp(x_k), row by row.

Hazards: exp overflows for large logits; subtracting the row's maximum changes nothing but that.
The Jacobian y_i (1[i = j] - y_j) is never built: times a cotangent g it is y (g - sum_k g_k y_k),
which costs batch x classes, not batch x classes x classes.

Source: 000, eq. 5 (value) and eq. 9 (Jacobian); 001, 1.1 b (gradient); 002, Q1.1 c i.
"""

from typing import NamedTuple

import numpy as np

from implementations.array_types import Floating


class Cache(NamedTuple):
    """What ``backward`` needs of ``forward``."""

    y: Floating[np.ndarray, "batch classes"]


class Gradients(NamedTuple):
    """The cotangent, pulled back to each input."""

    x: Floating[np.ndarray, "batch classes"]


def forward(
    x: Floating[np.ndarray, "batch classes"],
) -> tuple[Floating[np.ndarray, "batch classes"], Cache]:
    """Turn each row of logits into a probability distribution (000, eq. 5).

    Parameters
    ----------
    x
        Logits.

    Returns
    -------
    y
        Probabilities; each row sums to 1.
    cache
        For ``backward``.
    """
    weight = np.exp(x - x.max(axis=1, keepdims=True))
    y = weight / weight.sum(axis=1, keepdims=True)
    return y, Cache(y)


def backward(cotangent: Floating[np.ndarray, "batch classes"], cache: Cache) -> Gradients:
    """Multiply the cotangent by the Jacobian, row by row (000, eq. 9; 001, 1.1 b).

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
    y = cache.y
    if cotangent.shape != y.shape:
        raise ValueError(f"give the cotangent y's shape, {y.shape}; it has {cotangent.shape}")
    expectation = np.sum(cotangent * y, axis=1, keepdims=True)
    return Gradients(x=y * (cotangent - expectation))
