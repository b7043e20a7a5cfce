"""Gaussian error linear unit: y = x Phi(x), Phi the distribution function of the standard normal.

Hazards: (1 + erf(x / sqrt 2)) / 2 cancels where x is far below 0; erfc(-x / sqrt 2) / 2 is the same
and does not. NumPy has neither: they are Python's, in double precision. The density's exponent
overflows for huge x, where the density is long 0, hence the clipping. The tanh of sqrt(2 / pi)
(x + 0.044715 x**3) in the place of erf makes another function, off by up to 5e-4.

Source: 11-785, homework 1, 2025 (value; gradient Phi(x) + x phi(x), with the density phi); the
product with the cotangent is 002, Q1.1 b.
"""

import math
from typing import NamedTuple

import numpy as np

from implementations.array_types import Floating

_erfc = np.vectorize(math.erfc, otypes=[np.float64])

BEYOND = 200
"""At this distance from 0 the normal density is 0 in every format."""


class Cache(NamedTuple):
    """What ``backward`` needs of ``forward``."""

    x: Floating[np.ndarray, "batch features"]
    distribution: Floating[np.ndarray, "batch features"]


class Gradients(NamedTuple):
    """The cotangent, pulled back to each input."""

    x: Floating[np.ndarray, "batch features"]


def forward(
    x: Floating[np.ndarray, "batch features"],
) -> tuple[Floating[np.ndarray, "batch features"], Cache]:
    """Weigh each input with the share of a standard normal that lies below it.

    Parameters
    ----------
    x
        Pre-activations.

    Returns
    -------
    y
        Activations.
    cache
        For ``backward``.
    """
    distribution = (_erfc(-x / math.sqrt(2)) / 2).astype(x.dtype)
    return x * distribution, Cache(x, distribution)


def backward(cotangent: Floating[np.ndarray, "batch features"], cache: Cache) -> Gradients:
    """Multiply the cotangent with Phi(x) + x phi(x), the product rule's two terms.

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
    x, distribution = cache
    if cotangent.shape != x.shape:
        raise ValueError(f"give the cotangent y's shape, {x.shape}; it has {cotangent.shape}")
    near = np.clip(x, -BEYOND, BEYOND)
    density = np.exp(-(near**2) / 2) / x.dtype.type(math.sqrt(2 * math.pi))
    return Gradients(x=cotangent * (distribution + x * density))
