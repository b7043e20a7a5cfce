"""Exponential linear unit: y = x where x > 0, alpha (exp(x) - 1) elsewhere.

Hazards: exp(x) - 1 cancels near 0, expm1 does not; exp overflows on the branch that is not taken,
hence min(x, 0). The derivative on the left is alpha exp(x); y + alpha, which is the same, cancels
far from 0. Unless alpha = 1 there is a kink at x = 0; the point belongs to the left branch: alpha.

Source: 002, Q2.2 (names the unit); the gradient is 002, Q1.1 b with h' = 1 or alpha exp(x).
"""

from typing import NamedTuple

import numpy as np

from implementations.array_types import Floating


class Cache(NamedTuple):
    """What ``backward`` needs of ``forward``."""

    x: Floating[np.ndarray, "batch features"]
    alpha: float


class Gradients(NamedTuple):
    """The cotangent, pulled back to each input."""

    x: Floating[np.ndarray, "batch features"]


def forward(
    x: Floating[np.ndarray, "batch features"], *, alpha: float = 1.0
) -> tuple[Floating[np.ndarray, "batch features"], Cache]:
    """Bend what is not positive towards -alpha (002, Q2.2).

    Parameters
    ----------
    x
        Pre-activations.
    alpha
        The distance of the left asymptote below 0.

    Returns
    -------
    y
        Activations.
    cache
        For ``backward``.
    """
    left = x.dtype.type(alpha) * np.expm1(np.minimum(x, 0))
    return np.where(x > 0, x, left), Cache(x, alpha)


def backward(cotangent: Floating[np.ndarray, "batch features"], cache: Cache) -> Gradients:
    """Pass the cotangent on the right, scale it by alpha exp(x) on the left (002, Q1.1 b).

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
    x, alpha = cache
    if cotangent.shape != x.shape:
        raise ValueError(f"give the cotangent y's shape, {x.shape}; it has {cotangent.shape}")
    left = x.dtype.type(alpha) * np.exp(np.minimum(x, 0))
    return Gradients(x=cotangent * np.where(x > 0, x.dtype.type(1), left))
