"""Layer normalisation: y = gamma x^ + beta, x^ = (x - mean) / sqrt(variance + eps), per sample.

Hazards: E[x**2] - E[x]**2 cancels; the variance is taken in two passes, around the mean. It is the
biased one (1/M). Mean and variance run over the features, gamma and beta over the batch: swapping
the axes goes unnoticed on square inputs.

Source: 002, Q3.2 a (gamma, beta, and x in the compact form
1 / sqrt(variance + eps) (g gamma - mean(g gamma) - x^ mean(g gamma x^))) and its eq. 1 to 6.
"""

from typing import NamedTuple

import numpy as np

from implementations.array_types import Floating


class Cache(NamedTuple):
    """What ``backward`` needs of ``forward``."""

    normalized: Floating[np.ndarray, "batch features"]
    deviation: Floating[np.ndarray, "batch 1"]
    gamma: Floating[np.ndarray, "features"] | None


class Gradients(NamedTuple):
    """The cotangent, pulled back to each input; None for an affine part that is not there."""

    x: Floating[np.ndarray, "batch features"]
    gamma: Floating[np.ndarray, "features"] | None
    beta: Floating[np.ndarray, "features"] | None


def forward(
    x: Floating[np.ndarray, "batch features"],
    gamma: Floating[np.ndarray, "features"] | None = None,
    beta: Floating[np.ndarray, "features"] | None = None,
    *,
    eps: float = 1e-5,
) -> tuple[Floating[np.ndarray, "batch features"], Cache]:
    """Give every sample mean 0 and variance 1, then scale and shift its features (002, Q3.2 a).

    Parameters
    ----------
    x
        Pre-activations.
    gamma, beta
        Scale and shift of the normalised features; both or neither.
    eps
        Added to the variance before the square root.

    Returns
    -------
    y
        Normalised pre-activations.
    cache
        For ``backward``.

    Raises
    ------
    ValueError
        If only one of gamma and beta is given, or one has not one number per feature.
    """
    if (gamma is None) != (beta is None):
        raise ValueError("give both gamma and beta, or neither")
    for name, parameter in (("gamma", gamma), ("beta", beta)):
        if parameter is not None and parameter.shape != x.shape[1:]:
            raise ValueError(f"give {name} the shape {x.shape[1:]}; it has {parameter.shape}")
    centered = x - x.mean(axis=1, keepdims=True)
    variance = np.mean(centered**2, axis=1, keepdims=True)
    deviation = np.sqrt(variance + x.dtype.type(eps))
    normalized = centered / deviation
    y = normalized.copy() if gamma is None or beta is None else gamma * normalized + beta
    return y, Cache(normalized, deviation, gamma)


def backward(cotangent: Floating[np.ndarray, "batch features"], cache: Cache) -> Gradients:
    """Send the cotangent through x, the mean and the variance at once (002, Q3.2 a).

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
    normalized, deviation, gamma = cache
    shape = normalized.shape
    if cotangent.shape != shape:
        raise ValueError(f"give the cotangent y's shape, {shape}; it has {cotangent.shape}")
    upstream = cotangent if gamma is None else cotangent * gamma
    projection = normalized * np.mean(upstream * normalized, axis=1, keepdims=True)
    x = (upstream - upstream.mean(axis=1, keepdims=True) - projection) / deviation
    if gamma is None:
        return Gradients(x, gamma=None, beta=None)
    return Gradients(x, np.sum(cotangent * normalized, axis=0), cotangent.sum(axis=0))
